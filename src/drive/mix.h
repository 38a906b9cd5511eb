/* SPDX-License-Identifier: Apache-2.0
 *
 * mix.h: several kinds of requests to one server, as a scenario describes them: how often each is
 * asked, what it is filled in with, and how long a client thinks before it asks again.  Which kind
 * and row a request has follows from a seed and its number alone, so that every arm of a round is
 * asked the same.
 */
#ifndef TAYRA_DRIVE_MIX_H
#define TAYRA_DRIVE_MIX_H

#include "base/rng.h"
#include "drive/rows.h"

#include <stdbool.h>

#define TAYRA__MIX_KINDS_MAX 16
#define TAYRA__MIX_PARTS_MAX 64 /* headers of a kind, words of a command */

/* NULL or 0 is the default.  Texts may have holes for columns of the rows (template.h). */
struct tayra__mix_kind {
	const char *name;
	double weight;
	const char *method, *path; /* HTTP; the path is that of the URL without one */
	const char *headers[TAYRA__MIX_PARTS_MAX]; /* "Name: value" */
	size_t header_count;
	const char *body;
	const char *words[TAYRA__MIX_PARTS_MAX]; /* of a Redis command */
	size_t word_count;
	uint64_t think_ns;    /* closed loop: before a client asks again */
	bool think_at_random; /* exponential with that mean */
};

enum tayra__mix_order { TAYRA__MIX_RANDOM, TAYRA__MIX_SEQUENCE, TAYRA__MIX_ZIPF };

struct tayra__mix {
	struct tayra__mix_kind kind[TAYRA__MIX_KINDS_MAX];
	size_t kinds;
	const struct tayra__rows *rows; /* NULL: none */
	enum tayra__mix_order order;
	double skew;                        /* of Zipf's law */
	struct tayra__zipf zipf;            /* set by tayra__mix_ready() */
	double up_to[TAYRA__MIX_KINDS_MAX]; /* the same: shares, added up */
};

/* After the rest was filled in.  => TAYRA_OK; TAYRA_E_INVAL: no kinds, or no weight above 0. */
int tayra__mix_ready(struct tayra__mix *mix);

struct tayra__mix_pick {
	uint32_t kind;
	size_t row;
	uint64_t think_ns;
};
struct tayra__mix_pick tayra__mix_pick(const struct tayra__mix *mix, uint64_t seed,
				       uint64_t number);

#endif
