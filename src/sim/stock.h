/* SPDX-License-Identifier: Apache-2.0
 *
 * stock.h: objects of one size, taken and given back often, with a bound on how many there are at
 * once.  Not thread-safe.
 */
#ifndef TAYRA_SIM_STOCK_H
#define TAYRA_SIM_STOCK_H

#include <stddef.h>

struct tayra__stock {
	size_t bytes_each, most;
	size_t used; /* now */
	struct tayra__stock_chunk *chunks;
	struct tayra__stock_free *spare;
};

/* => bytes_each at least that of a pointer. */
void tayra__stock_init(struct tayra__stock *stock, size_t bytes_each, size_t most);
/* Frees all, also what was not given back. */
void tayra__stock_fini(struct tayra__stock *stock);
/* Zeroed.  NULL: no memory, or `most` are out. */
void *tayra__stock_take(struct tayra__stock *stock);
void tayra__stock_give(struct tayra__stock *stock, void *object);

#endif
