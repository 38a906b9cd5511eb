/* SPDX-License-Identifier: Apache-2.0
 *
 * scenario.h: requests of several kinds: how often each, with which row of the data, and how long a
 * client thinks after the answer.  Pure: request `number` of a slice is the same for everybody who
 * has its seed, so the arms of a comparison are asked the same.
 */
#ifndef TAYRA_DRIVE_SCENARIO_H
#define TAYRA_DRIVE_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>

#include "base/rng.h"
#include "drive/rows.h"

#define TAYRA__SCENARIO_KINDS_MAX   32
#define TAYRA__SCENARIO_HEADERS_MAX 32
#define TAYRA__SCENARIO_WORDS_MAX   64
#define TAYRA__SCENARIO_REQUEST_MAX (1u << 20) /* bytes of a request */

/* All texts are the caller's, and have {column} where a value goes (template.h). */
struct tayra__scenario_kind {
	const char *name;
	const char *where; /* in front of complaints: "plan.yaml:7:5" */
	double weight;     /* above 0 */
	uint64_t think_ns;
	bool think_varies;  /* exponential, with that mean */
	const char *method; /* HTTP; NULL: GET, or POST with a body */
	const char *path;   /* HTTP: behind the path of the URL; NULL: nothing */
	const char *headers[TAYRA__SCENARIO_HEADERS_MAX]; /* HTTP: "Name: value" */
	size_t header_count;
	const char *body;                             /* HTTP; NULL: none */
	const char *words[TAYRA__SCENARIO_WORDS_MAX]; /* Redis */
	size_t word_count;
};

enum tayra__scenario_order {
	TAYRA__SCENARIO_RANDOM,   /* any row as likely as another */
	TAYRA__SCENARIO_SEQUENCE, /* one after the other, and again from the first */
	TAYRA__SCENARIO_ZIPF,     /* the first row most often */
};

struct tayra__scenario {
	struct tayra__scenario_kind kind[TAYRA__SCENARIO_KINDS_MAX];
	size_t kinds;
	const struct tayra__rows *rows; /* NULL: no data */
	enum tayra__scenario_order order;
	struct tayra__zipf zipf;
};

/* What a slice is drawn from. */
struct tayra__scenario_seed {
	uint64_t random;
	uint64_t row; /* of a sequence: that of its request 0, modulo the rows */
};
struct tayra__scenario_draw {
	uint32_t kind, row;
};
struct tayra__scenario_draw tayra__scenario_draw(const struct tayra__scenario *s,
						 const struct tayra__scenario_seed *seed,
						 uint64_t number);
/* How long whoever asked that request thinks after its answer. */
uint64_t tayra__scenario_think_ns(const struct tayra__scenario *s, uint32_t kind,
				  const struct tayra__scenario_seed *seed, uint64_t number);
/* How long a client still thinks that is looked at at any moment: what one begins a slice with, so
 * that it is as if it had gone on for ever.  (Feller, "An Introduction to Probability Theory", II,
 * 1971, XI.4: the residual waiting time.)  => somebody thinks. */
uint64_t tayra__scenario_thinks_still_ns(const struct tayra__scenario *s, struct tayra__rng *rng);
/* The mean over all requests; 0: nobody thinks. */
uint64_t tayra__scenario_think_mean_ns(const struct tayra__scenario *s);

#endif
