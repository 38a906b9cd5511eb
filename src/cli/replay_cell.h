/* SPDX-License-Identifier: Apache-2.0
 *
 * replay_cell.h: one line of results, and the ways to show them.
 */
#ifndef TAYRA_CLI_REPLAY_CELL_H
#define TAYRA_CLI_REPLAY_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "sim/replay.h"

/* A replayed trace; outlives its requests. */
struct tayra__replay_trace {
	const char *name; /* as on the command line */
	uint64_t requests, keys;
	uint64_t footprint_bytes, get_bytes;
	double get_cost_ms;
	enum tayra__sizes sizes; /* UNIT or REAL */
	int sized, costed;       /* what ratios apply */
};

struct tayra__replay_cell {
	const struct tayra__replay_trace *trace;
	const char *policy;
	const char *capacity_text; /* as on the command line */
	uint64_t capacity;
	bool exact; /* the engine */
	struct tayra__replay_result result;
};

/* NAN where it does not apply. */
double tayra__replay_miss_ratio(const struct tayra__replay_cell *cell);
double tayra__replay_byte_miss_ratio(const struct tayra__replay_cell *cell);
double tayra__replay_cost_miss_ratio(const struct tayra__replay_cell *cell);
double tayra__replay_ns_per_request(const struct tayra__replay_cell *cell);

/* One object, one line, flushed.  => TAYRA_OK, TAYRA_E_IO. */
int tayra__replay_print_json(FILE *out, const struct tayra__replay_cell *cell);
/* All cells, those of a trace under its name.  => TAYRA_OK, TAYRA_E_IO. */
int tayra__replay_print_table(FILE *out, const struct tayra__replay_cell *cells, size_t count);
/* A self-contained page.  => TAYRA_OK, TAYRA_E_IO. */
int tayra__replay_print_report(FILE *out, const struct tayra__replay_cell *cells, size_t count);

/* Misses saved against lru in the same trace at the same capacity: (lru - x) / lru, and
 * -(x - lru) / x where worse.  NAN when lru is not among the cells. */
double tayra__replay_reduction(const struct tayra__replay_cell *cells, size_t count,
			       const struct tayra__replay_cell *cell);

#endif
