/* SPDX-License-Identifier: Apache-2.0
 *
 * shard.h: one independent part of the cache: a pool, an index over it, a policy, and a lock.
 * Every call is made with the lock held, but init and the lock itself.  An item is in one of three
 * states:
 *
 *   reserved  pins >= 1, not RESIDENT, not dead: its owner is writing the value
 *   resident  RESIDENT: in the index and in one queue, counted in `charge` and `item_bytes`
 *   dead      DEAD: unlinked while pinned; freed with its last pin
 *
 * Reserved and dead items do not move and cannot be evicted: they are memory in use.
 */
#ifndef TAYRA_CACHE_SHARD_H
#define TAYRA_CACHE_SHARD_H

#include "cache/policy.h"

#include <pthread.h>
#include <stdint.h>

struct tayra__shard_counters {
	uint64_t hits, misses, puts, deletes, evictions, expirations, rejections;
};

/* In the arena, at the start of the shard's part of it. */
struct tayra__shard_state {
	struct tayra__pool pool; /* first: refs count from here */
	struct tayra__index index;
	struct tayra__policy_state policy;
	uint64_t charge; /* of resident items: the sum over the queues */
	uint64_t charge_max;
	uint64_t item_bytes;                /* keys and values of resident items */
	uint32_t item_units_max;            /* of one item */
	uint32_t sweep_bucket, sweep_depth; /* where the expiry sweep goes on */
	struct tayra__shard_counters counters;
};

/* On the heap. */
struct tayra__shard {
	pthread_mutex_t lock;
	struct tayra__shard_state *state;
	const struct tayra__policy *policy;
	uint64_t seed;
	enum tayra_objective objective; /* of a policy that has one */
	enum tayra_learning learning;   /* to begin with */
	uint64_t by_charge; /* 1: charge_max bounds; 0: memory alone, items are charged their bytes
			     */
};

/* A key with its hash: borrowed for one call. */
struct tayra__key {
	const void *bytes;
	size_t len;
	uint64_t hash;
};

/* Lay out the shard in zeroed memory.  charge_max 0: only memory bounds; draws: the seed of what
 * the policy draws at random.  => bytes is within TAYRA__ARENA_SHARD_MIN / 2 and TAYRA__POOL_MAX.
 */
void tayra__shard_format(struct tayra__shard *shard, uint64_t bytes, uint64_t charge_max,
			 uint64_t draws);

/* The resident item of a key, 0 when there is none. */
uint32_t tayra__shard_find(struct tayra__shard *shard, const struct tayra__key *key);
/* As find, but what has expired at now_ms is removed and not found. */
uint32_t tayra__shard_find_live(struct tayra__shard *shard, const struct tayra__key *key,
				uint64_t now_ms);

/*
 * A new reserved item with one pin and its key written.  `meta` NULL: not known yet.  What the key
 * has stays.
 * => TAYRA_OK, TAYRA_E_TOO_LARGE, TAYRA_E_FULL.
 */
int tayra__shard_reserve(struct tayra__shard *shard, const struct tayra__key *key, size_t value_len,
			 const struct tayra_item_meta *meta, uint32_t *out);
/*
 * Make a reserved item resident in place of what the key had; it keeps its pin.  On failure it is
 * dead and the key has nothing.
 * => TAYRA_OK, TAYRA_E_TOO_LARGE when its charge is over charge_max.
 */
int tayra__shard_commit(struct tayra__shard *shard, uint32_t ref,
			const struct tayra_item_meta *meta);

/* Unlink an item in whatever state; free it when nobody holds it.  Not counted. */
void tayra__shard_remove(struct tayra__shard *shard, uint32_t ref);
/* A reservation that cannot be kept goes.  Counted as rejected. */
void tayra__shard_reject(struct tayra__shard *shard, uint32_t ref);
/* Remove what a key has: it is older than what could not be stored.  Not counted. */
void tayra__shard_forget(struct tayra__shard *shard, const struct tayra__key *key);
/* Give back a pin that pinned_bytes does not count: that of a put. */
void tayra__shard_unpin(struct tayra__shard *shard, uint32_t ref);
/* Give the memory of a dead item back after its last pin. */
void tayra__shard_bury(struct tayra__shard *shard, uint32_t ref);
/* Remove every resident item and every ghost. */
void tayra__shard_clear(struct tayra__shard *shard);

/* Look at up to `budget` items (an empty bucket counts as one) and remove the expired.  Returns how
 * many were removed. */
uint64_t tayra__shard_sweep(struct tayra__shard *shard, uint64_t now_ms, uint64_t budget);

/* Take a resident item that has left its queue out of the index and the sums.  Returns the units
 * that became free: 0 when it is pinned. */
uint32_t tayra__shard_unlink(struct tayra__shard *shard, uint32_t ref);

#endif
