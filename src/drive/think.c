/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/think.h"

#include <tayra/base.h>

#include "base/mem.h"

/* All go through the heap once, so that it has room for them afterwards. */
int
tayra__thinkers_init(struct tayra__thinkers *t, uint32_t clients)
{
	int status = TAYRA_E_NOMEM;

	*t = (struct tayra__thinkers){ .clients = clients };
	tayra__heap_init(&t->heap);
	t->nodes = tayra__mem_array(clients, sizeof(*t->nodes));
	t->free = tayra__mem_array(clients, sizeof(*t->free));
	if (t->nodes && t->free)
		status = TAYRA_OK;
	for (uint32_t i = 0; i < clients && status == TAYRA_OK; i++)
		status = tayra__heap_push(&t->heap, &t->nodes[i]);
	if (status != TAYRA_OK) {
		tayra__thinkers_fini(t);
		return status;
	}
	while (tayra__thinkers_take(t, UINT64_MAX)) {
	}
	return TAYRA_OK;
}

void
tayra__thinkers_fini(struct tayra__thinkers *t)
{
	tayra__heap_fini(&t->heap);
	tayra__mem_free(t->nodes);
	tayra__mem_free(t->free);
	t->nodes = NULL;
	t->free = NULL;
	t->clients = t->free_count = 0;
}

void
tayra__thinkers_add(struct tayra__thinkers *t, uint64_t until_ns)
{
	struct tayra__heap_node *node = &t->nodes[t->free[--t->free_count]];

	node->key = until_ns;
	(void)tayra__heap_push(&t->heap, node);
}

bool
tayra__thinkers_take(struct tayra__thinkers *t, uint64_t now_ns)
{
	const struct tayra__heap_node *node;

	if (tayra__thinkers_next(t) > now_ns || !t->heap.count)
		return false;
	node = tayra__heap_pop(&t->heap);
	t->free[t->free_count++] = (uint32_t)(node - t->nodes);
	return true;
}

uint64_t
tayra__thinkers_next(const struct tayra__thinkers *t)
{
	const struct tayra__heap_node *node = tayra__heap_peek(&t->heap);

	return node ? node->key : UINT64_MAX;
}
