/* SPDX-License-Identifier: Apache-2.0
 *
 * entry.h: what an item and a ghost have in common, at the same offsets: the block they occupy,
 * their place in an index chain, and their place in a queue.  A ref names an entry: its offset from
 * the shard's start in units of 16 bytes; 0 is no entry.
 */
#ifndef TAYRA_CACHE_ENTRY_H
#define TAYRA_CACHE_ENTRY_H

#include "cache/pool.h"

#include <stdint.h>

struct tayra__node {
	uint32_t chain; /* the next entry in the bucket */
	uint32_t hash;  /* the low half of the key's hash: picks the bucket */
};

struct tayra__link {
	uint32_t newer, older;
};

struct tayra__entry {
	struct tayra__block block;
	struct tayra__node node;
	struct tayra__link link;
};

static inline struct tayra__entry *
tayra__entry_at(struct tayra__pool *pool, uint32_t ref)
{
	return tayra__pool_at(pool, ref);
}

#endif
