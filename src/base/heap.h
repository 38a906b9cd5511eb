/* SPDX-License-Identifier: Apache-2.0
 *
 * heap.h: a binary min-heap of (key, sequence, item), growing, that can remove from the middle.
 * Equal keys come out in the order they went in, so that simulations repeat.  Not thread-safe.
 */
#ifndef TAYRA_BASE_HEAP_H
#define TAYRA_BASE_HEAP_H

#include <stddef.h>
#include <stdint.h>

/* Embedded in what is queued. */
struct tayra__heap_node {
	uint64_t key;
	uint64_t sequence; /* set by push */
	size_t place;      /* 1-based index in the heap; 0: not in it */
};

struct tayra__heap {
	struct tayra__heap_node **nodes;
	size_t count, capacity;
	uint64_t next_sequence;
};

void tayra__heap_init(struct tayra__heap *heap);
/* Frees the array, not the nodes. */
void tayra__heap_fini(struct tayra__heap *heap);
/* node->key is set by the caller.  => TAYRA_OK, TAYRA_E_NOMEM. */
int tayra__heap_push(struct tayra__heap *heap, struct tayra__heap_node *node);
/* NULL when empty. */
struct tayra__heap_node *tayra__heap_peek(const struct tayra__heap *heap);
struct tayra__heap_node *tayra__heap_pop(struct tayra__heap *heap);
/* Does nothing for a node that is not in. */
void tayra__heap_remove(struct tayra__heap *heap, struct tayra__heap_node *node);

#endif
