/* SPDX-License-Identifier: Apache-2.0 */
#include "base/heap.h"

#include "base/mem.h"

#include <tayra/base.h>

static int
before(const struct tayra__heap_node *a, const struct tayra__heap_node *b)
{
	return a->key != b->key ? a->key < b->key : a->sequence < b->sequence;
}

static void
place(struct tayra__heap *heap, size_t at, struct tayra__heap_node *node)
{
	heap->nodes[at - 1] = node;
	node->place = at;
}

static void
sift_up(struct tayra__heap *heap, size_t at, struct tayra__heap_node *node)
{
	while (at > 1 && before(node, heap->nodes[at / 2 - 1])) {
		place(heap, at, heap->nodes[at / 2 - 1]);
		at /= 2;
	}
	place(heap, at, node);
}

static void
sift_down(struct tayra__heap *heap, size_t at, struct tayra__heap_node *node)
{
	for (size_t child; (child = at * 2) <= heap->count; at = child) {
		if (child < heap->count && before(heap->nodes[child], heap->nodes[child - 1]))
			child++;
		if (!before(heap->nodes[child - 1], node))
			break;
		place(heap, at, heap->nodes[child - 1]);
	}
	place(heap, at, node);
}

void
tayra__heap_init(struct tayra__heap *heap)
{
	*heap = (struct tayra__heap){ 0 };
}

void
tayra__heap_fini(struct tayra__heap *heap)
{
	tayra__mem_free(heap->nodes);
	*heap = (struct tayra__heap){ 0 };
}

int
tayra__heap_push(struct tayra__heap *heap, struct tayra__heap_node *node)
{
	if (heap->count == heap->capacity) {
		size_t capacity = heap->capacity ? heap->capacity * 2 : 16;
		void *nodes = tayra__mem_resize(heap->nodes, capacity * sizeof(*heap->nodes));

		if (!nodes)
			return TAYRA_E_NOMEM;
		heap->nodes = nodes;
		heap->capacity = capacity;
	}
	node->sequence = heap->next_sequence++;
	sift_up(heap, ++heap->count, node);
	return TAYRA_OK;
}

struct tayra__heap_node *
tayra__heap_peek(const struct tayra__heap *heap)
{
	return heap->count ? heap->nodes[0] : NULL;
}

struct tayra__heap_node *
tayra__heap_pop(struct tayra__heap *heap)
{
	struct tayra__heap_node *top = tayra__heap_peek(heap);

	if (top)
		tayra__heap_remove(heap, top);
	return top;
}

void
tayra__heap_remove(struct tayra__heap *heap, struct tayra__heap_node *node)
{
	size_t at = node->place;
	struct tayra__heap_node *last;

	if (at == 0)
		return;
	node->place = 0;
	last = heap->nodes[--heap->count];
	if (last == node)
		return;
	if (at > 1 && before(last, heap->nodes[at / 2 - 1]))
		sift_up(heap, at, last);
	else
		sift_down(heap, at, last);
}
