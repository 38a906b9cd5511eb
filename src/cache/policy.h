/* SPDX-License-Identifier: Apache-2.0
 *
 * policy.h: which item goes next.  A policy keeps queues of resident items and knows nothing of
 * keys, values, pins or memory.  Its state lives in the shard.  Not thread-safe: the caller holds
 * the shard's lock.
 */
#ifndef TAYRA_CACHE_POLICY_H
#define TAYRA_CACHE_POLICY_H

#include "cache/ghost.h"
#include "cache/item.h"

#include <tayra/cache.h>

#include <stdint.h>

enum tayra__place {
	TAYRA__PLACE_MAIN = 0,
	TAYRA__PLACE_SMALL = 1,
};
#define TAYRA__PLACES 2

struct tayra__policy_state {
	uint64_t capacity; /* in charges */
	struct tayra__fifo queues[TAYRA__PLACES];
	struct tayra__ghosts ghosts;
};

/* All refs are items of this pool. */
struct tayra__policy {
	const char *name;
	/* Set up `state`, zeroed but for capacity; ghosts may take up to `ghosts_max` of them. */
	void (*init)(struct tayra__policy_state *state, uint32_t ghosts_max);
	/* A key that is not resident is about to come in: to which queue?  Before room is made. */
	enum tayra__place (*admit)(struct tayra__policy_state *state, struct tayra__pool *pool,
				   uint64_t hash);
	/* Add an item to the queue its `place` names. */
	void (*insert)(struct tayra__policy_state *state, struct tayra__pool *pool, uint32_t ref);
	void (*hit)(struct tayra__policy_state *state, struct tayra__pool *pool, uint32_t ref);
	/* `fresh` has the same key as `old` and takes its place. */
	void (*replace)(struct tayra__policy_state *state, struct tayra__pool *pool, uint32_t old,
			uint32_t fresh);
	void (*remove)(struct tayra__policy_state *state, struct tayra__pool *pool, uint32_t ref);
	/* Choose an item to evict and take it out of its queue; 0 when there is none. */
	uint32_t (*victim)(struct tayra__policy_state *state, struct tayra__pool *pool);
	/* An item was evicted from `place` and its memory freed. */
	void (*evicted)(struct tayra__policy_state *state, struct tayra__pool *pool, uint64_t hash,
			uint64_t charge, enum tayra__place place);
};

extern const struct tayra__policy tayra__policy_lru;
extern const struct tayra__policy tayra__policy_s3fifo;

/* NULL for a number that is no policy. */
const struct tayra__policy *tayra__policy_find(enum tayra_policy policy);

#endif
