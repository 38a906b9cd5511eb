/* SPDX-License-Identifier: Apache-2.0
 *
 * handle.h: the few bytes of a cache that are not in its arena.
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
	_Atomic uint32_t tick_turn;    /* which shard the next sweep begins with */
	_Atomic uint64_t pinned_bytes; /* occupied by items that have a pin */
	_Atomic uint64_t lives;        /* one for the handle, one for each pinned item */
	struct tayra__shard shard[];
};

/* One life less; the last frees everything.  Any thread. */
void tayra__cache_end_life(struct tayra_cache *cache);

/* The shard an item lies in. */
struct tayra__shard *tayra__cache_shard_of(struct tayra_cache *cache,
					   const struct tayra__item *item);

/* Something of that key is cached that is not stale yet.  Asking is not a use, and is not counted.
 */
bool tayra__cache_has(struct tayra_cache *cache, const void *key, size_t key_len, uint64_t now_ms);

/* Whatever is cached of that key is stale at once, at any moment anybody may ask for; when its load
 * failed it is already, and stays as it is; one that is being loaded is no longer.  No use, and not
 * counted. */
void tayra__cache_age(struct tayra_cache *cache, const void *key, size_t key_len);

/* The caller's pinned value is true again: its birth, its times and its flags are meta's from now
 * on, if it is still what is cached of that key.  No use, and not counted.  => TAYRA_OK,
 * TAYRA_E_NOT_FOUND. */
int tayra__cache_renew(struct tayra_cache *cache, const void *key, size_t key_len,
		       const struct tayra_value *value, const struct tayra_item_meta *meta);

#endif
