/* SPDX-License-Identifier: Apache-2.0
 *
 * popular.h: keys by how much they are wanted, out of a list or a recorded trace, to load them
 * before somebody asks.
 *
 *   list       a key a line, and behind a tab, if there is one, its priority: a number of at least
 *              0, default 1.  Empty lines are skipped.
 *   csv        as trace.h has it: keys are numbers, and as often as they are read, so wanted.
 *   twitter    the same; keys are text.
 *
 * Of a key that stands there more than once priorities are added.  Each may be compressed with
 * zstd.  Nothing in the file is trusted; memory grows with the keys that differ.
 */
#ifndef TAYRA_SIM_POPULAR_H
#define TAYRA_SIM_POPULAR_H

#include "sim/trace.h"

enum tayra__popular_format {
	TAYRA__POPULAR_AUTO, /* by what the first bytes look like; what looks like no trace: list */
	TAYRA__POPULAR_LIST,
	TAYRA__POPULAR_CSV,
	TAYRA__POPULAR_TWITTER,
};
/* "auto", "list", "csv", "twitter", NULL: in the order of the enum. */
extern const char *const tayra__popular_format_names[];

struct tayra__popular_key {
	const char *bytes;
	size_t len; /* > 0 */
	double weight;
};

/* The most wanted first; of equals the one that stood first. */
struct tayra__popular {
	struct tayra__popular_key *keys;
	size_t count;
	size_t distinct; /* there were so many, of which `count` were kept */
};

/* "-" is standard input.  keep 0: all.  => as tayra__trace_open(); TAYRA_E_CORRUPT also for a trace
 * of hashes, and for one without a key. */
int tayra__popular_read(const char *path, enum tayra__popular_format format, size_t keep,
			struct tayra__popular **out, struct tayra__trace_error *error);
int tayra__popular_read_memory(const void *bytes, size_t len, const char *name,
			       enum tayra__popular_format format, size_t keep,
			       struct tayra__popular **out, struct tayra__trace_error *error);
void tayra__popular_destroy(struct tayra__popular *popular);

#endif
