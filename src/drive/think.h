/* SPDX-License-Identifier: Apache-2.0
 *
 * think.h: clients of a closed loop that have been answered and will ask again, by when.  Pure; no
 * memory is taken after init.
 */
#ifndef TAYRA_DRIVE_THINK_H
#define TAYRA_DRIVE_THINK_H

#include <stdbool.h>

#include "base/heap.h"

struct tayra__thinkers {
	struct tayra__heap heap;
	struct tayra__heap_node *nodes; /* [clients] */
	uint32_t clients;
	uint32_t *free; /* [clients]: a stack of nodes that are not in the heap */
	uint32_t free_count;
};

/* => TAYRA_OK, TAYRA_E_NOMEM: nothing to fini. */
int tayra__thinkers_init(struct tayra__thinkers *thinkers, uint32_t clients);
void tayra__thinkers_fini(struct tayra__thinkers *thinkers);
/* One more, until then.  => never more than there are clients. */
void tayra__thinkers_add(struct tayra__thinkers *thinkers, uint64_t until_ns);
/* Let one go that has thought until now_ns; false: there is none. */
bool tayra__thinkers_take(struct tayra__thinkers *thinkers, uint64_t now_ns);
/* When the next has; UINT64_MAX: nobody thinks. */
uint64_t tayra__thinkers_next(const struct tayra__thinkers *thinkers);

#endif
