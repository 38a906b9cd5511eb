/* SPDX-License-Identifier: Apache-2.0
 *
 * queue.h: a doubly linked list of entries by ref, with the sum of what they are charged.
 * Not thread-safe: the caller holds the shard's lock.
 */
#ifndef TAYRA_CACHE_QUEUE_H
#define TAYRA_CACHE_QUEUE_H

#include "cache/entry.h"

#include <stdint.h>

struct tayra__queue {
	uint32_t newest, oldest;
	uint32_t count;
	uint64_t charge;
};

void tayra__queue_push(struct tayra__queue *queue, struct tayra__pool *pool, uint32_t ref,
		       uint64_t charge);
void tayra__queue_remove(struct tayra__queue *queue, struct tayra__pool *pool, uint32_t ref,
			 uint64_t charge);
/* Give the place of `old` to `fresh`. */
void tayra__queue_replace(struct tayra__queue *queue, struct tayra__pool *pool, uint32_t old,
			  uint64_t old_charge, uint32_t fresh, uint64_t fresh_charge);

#endif
