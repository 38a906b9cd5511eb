/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/graph.h"

#include <stdlib.h>

#include "base/mem.h"

#include <tayra/base.h>

static int
by_from_then_to(const void *a, const void *b)
{
	const struct tayra__edge *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return (x->to > y->to) - (x->to < y->to);
}

static int
reserve(struct tayra__graph *graph, uint32_t nodes, uint64_t edges)
{
	*graph = (struct tayra__graph){ .nodes = nodes };
	graph->first = tayra__mem_array(nodes + 1ul, sizeof(uint32_t));
	graph->to = tayra__mem_array(edges + 1, sizeof(uint32_t));
	if (graph->first && graph->to)
		return TAYRA_OK;
	tayra__graph_fini(graph);
	return TAYRA_E_NOMEM;
}

int
tayra__graph_create(struct tayra__graph *graph, uint32_t nodes, struct tayra__edge *edges,
		    uint64_t count)
{
	uint32_t kept = 0;

	if (reserve(graph, nodes, count) < 0)
		return TAYRA_E_NOMEM;
	if (count)
		qsort(edges, count, sizeof(*edges), by_from_then_to);
	for (uint64_t i = 0; i < count; i++) {
		bool repeated = i > 0 && by_from_then_to(&edges[i], &edges[i - 1]) == 0;

		if (repeated || edges[i].from == edges[i].to)
			continue;
		graph->to[kept++] = edges[i].to;
		graph->first[edges[i].from + 1]++;
	}
	for (uint32_t i = 0; i < nodes; i++)
		graph->first[i + 1] += graph->first[i];
	return TAYRA_OK;
}

int
tayra__graph_turn(const struct tayra__graph *graph, struct tayra__graph *out)
{
	uint32_t edges = graph->first[graph->nodes];
	uint32_t *next;

	if (reserve(out, graph->nodes, edges) < 0)
		return TAYRA_E_NOMEM;
	next = tayra__mem_array(graph->nodes + 1ul, sizeof(*next));
	if (!next) {
		tayra__graph_fini(out);
		return TAYRA_E_NOMEM;
	}
	for (uint32_t i = 0; i < edges; i++)
		out->first[graph->to[i] + 1]++;
	for (uint32_t i = 0; i < graph->nodes; i++)
		next[i + 1] = out->first[i + 1] += out->first[i];
	for (uint32_t node = 0; node < graph->nodes; node++)
		for (uint32_t i = graph->first[node]; i < graph->first[node + 1]; i++)
			out->to[next[graph->to[i]]++] = node;
	tayra__mem_free(next);
	return TAYRA_OK;
}

void
tayra__graph_fini(struct tayra__graph *graph)
{
	tayra__mem_free(graph->first);
	tayra__mem_free(graph->to);
	*graph = (struct tayra__graph){ 0 };
}

uint32_t
tayra__graph_reach(const struct tayra__graph *graph, uint32_t start, uint32_t bound)
{
	uint8_t *seen = tayra__mem_alloc(graph->nodes);
	uint32_t *queue = tayra__mem_array(graph->nodes, sizeof(*queue));
	uint32_t head = 0, tail = 0;

	if (seen && queue) {
		seen[start] = 1;
		queue[tail++] = start;
	}
	while (head < tail && tail <= bound) {
		uint32_t node = queue[head++];

		for (uint32_t i = graph->first[node]; i < graph->first[node + 1]; i++)
			if (!seen[graph->to[i]]) {
				seen[graph->to[i]] = 1;
				queue[tail++] = graph->to[i];
			}
	}
	tayra__mem_free(seen);
	tayra__mem_free(queue);
	return tail;
}
