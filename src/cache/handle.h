/* SPDX-License-Identifier: Apache-2.0
 *
 * handle.h: the few bytes of a cache that are not in its arena.  Private to cache.c and audit.c.
 */
#ifndef TAYRA_CACHE_HANDLE_H
#define TAYRA_CACHE_HANDLE_H

#include "cache/shard.h"

#include <stdatomic.h>
#include <stdint.h>

struct tayra_cache {
	void *arena;
	uint64_t memory_bytes, pinned_max_bytes, seed;
	uint32_t shards;
	_Atomic uint32_t tick_turn; /* which shard the next sweep begins with */
	_Atomic uint64_t pinned_bytes;
	_Atomic uint64_t lives;
	struct tayra__shard shard[];
};

#endif
