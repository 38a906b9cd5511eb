/* SPDX-License-Identifier: Apache-2.0
 *
 * figures.h: what a server counts, taken at one moment as one struct without pointers, and the rows
 * that name it (watch/row.h).
 */
#ifndef TAYRA_SERVE_FIGURES_H
#define TAYRA_SERVE_FIGURES_H

#include <tayra/tayra.h>

#include "serve/command.h"
#include "serve/feeds.h"
#include "serve/forward.h"
#include "watch/row.h"

#include <stddef.h>
#include <stdint.h>

struct tayra__server;

#define TAYRA__FIGURES_PARTS 5 /* of memory */
#define TAYRA__FIGURE_ROWS   96

struct tayra__figures {
	uint64_t taken_ns; /* the loop's clock */
	uint64_t up_ns, clients, clients_max, connections, refused, closed_for_buffers;
	uint64_t commands[TAYRA__COMMAND_GROUPS]; /* by group */
	uint64_t errors, input_bytes, output_bytes;
	uint64_t lookups, hits;
	uint64_t memory[TAYRA__FIGURES_PARTS], memory_used, memory_max;
	uint64_t costs_learned;
	struct tayra__forward_stats forward;
	struct tayra__feeds_figures feeds;
	struct tayra_cache_stats cache;
	struct tayra_stats loads; /* of the handle */
	struct tayra_strategy_stats learned;
	double staleness_budget;
	double limit;                      /* of all origins together */
	uint64_t limit_held, limit_queued; /* loads at them now, and waiting for their turn */
};

extern const struct tayra__watch_row tayra__figure_rows[];
extern const size_t tayra__figure_row_count; /* at most TAYRA__FIGURE_ROWS */

/* All rows into `out`, which has room for them, those of what the server does not use absent. */
void tayra__figures_rows(const struct tayra__server *server, struct tayra__watch_row *out);
/* The loop's thread. */
void tayra__figures_take(const struct tayra__server *server, struct tayra__figures *out);

#endif
