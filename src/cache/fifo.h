/* SPDX-License-Identifier: Apache-2.0
 *
 * fifo.h: a queue as a doubly linked list of entries by ref, with the sum of what they are charged.
 * Not thread-safe: the caller holds the shard's lock.
 */
#ifndef TAYRA_CACHE_FIFO_H
#define TAYRA_CACHE_FIFO_H

#include "cache/entry.h"

#include <stdint.h>

struct tayra__fifo {
	uint32_t newest, oldest;
	uint32_t count;
	uint64_t charge;
};

void tayra__fifo_push(struct tayra__fifo *queue, struct tayra__pool *pool, uint32_t ref,
		      uint64_t charge);
void tayra__fifo_remove(struct tayra__fifo *queue, struct tayra__pool *pool, uint32_t ref,
			uint64_t charge);
/* Give the place of `old` to `fresh`. */
void tayra__fifo_replace(struct tayra__fifo *queue, struct tayra__pool *pool, uint32_t old,
			 uint64_t old_charge, uint32_t fresh, uint64_t fresh_charge);

#endif
