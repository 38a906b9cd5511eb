/* SPDX-License-Identifier: Apache-2.0
 *
 * graph.h: edges between numbered nodes, in compressed rows.  Not thread-safe; reading alone is.
 */
#ifndef TAYRA_SHOWCASE_GRAPH_H
#define TAYRA_SHOWCASE_GRAPH_H

#include <stdint.h>

/* Node i leads to to[first[i]] .. to[first[i + 1] - 1], ascending, each once. */
struct tayra__graph {
	uint32_t nodes;
	uint32_t *first, *to;
};

struct tayra__edge {
	uint32_t from, to;
};

/* Edges may repeat; loops are dropped.  Sorts `edges`.  => TAYRA_OK, TAYRA_E_NOMEM. */
int tayra__graph_create(struct tayra__graph *graph, uint32_t nodes, struct tayra__edge *edges,
			uint64_t count);
/* The same edges turned round.  => TAYRA_OK, TAYRA_E_NOMEM. */
int tayra__graph_turn(const struct tayra__graph *graph, struct tayra__graph *out);
void tayra__graph_fini(struct tayra__graph *graph);

static inline uint32_t
tayra__graph_degree(const struct tayra__graph *graph, uint32_t node)
{
	return graph->first[node + 1] - graph->first[node];
}

/* Nodes reached from `start`, itself included; counting ends beyond `bound`.  0 without memory. */
uint32_t tayra__graph_reach(const struct tayra__graph *graph, uint32_t start, uint32_t bound);

#endif
