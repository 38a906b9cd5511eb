/* SPDX-License-Identifier: Apache-2.0
 *
 * policy.h: which item goes next.  A policy keeps queues of resident items and knows nothing of
 * keys, values, pins or memory, but that it may take a part of the shard for itself, between the
 * shard's state and its blocks.  Its state lives in the shard.  Not thread-safe: the caller holds
 * the shard's lock.
 */
#ifndef TAYRA_CACHE_POLICY_H
#define TAYRA_CACHE_POLICY_H

#include "base/rng.h"
#include "cache/ghost.h"
#include "cache/item.h"

#include <tayra/cache.h>

#include <stdbool.h>
#include <stdint.h>

enum tayra__place {
	TAYRA__PLACE_MAIN = 0,
	TAYRA__PLACE_SMALL = 1,
};
#define TAYRA__PLACES 2

/* A key that may be about to come in. */
struct tayra__arrival {
	uint64_t hash, charge;
	uint64_t cost_ns; /* 0: not known yet */
	bool resident;    /* it replaces what the key has; told only to policies that learn */
};

struct tayra__keeper;

/* What `tayra` alone has; zero for the others. */
struct tayra__learned {
	uint64_t keeper_at; /* offsets from the pool; 0: it learns nothing and is S3-FIFO */
	uint64_t index_at;
	enum tayra_learning learning;
	uint32_t next; /* a newcomer that was worth less than all it was compared with; 0: none */
	struct tayra__rng rng;
	struct tayra__arrival arrival; /* room is being made for it; charge 0: for none */
	struct tayra__reuse reuse;     /* of that key, with this use */
};

struct tayra__policy_state {
	uint64_t capacity; /* in charges; see by_charge */
	bool by_charge;    /* it is a bound; else memory bounds, and it is what fitted last time */
	bool least;        /* the arrival turned out to be worth least: mark the item */
	struct tayra__fifo queues[TAYRA__PLACES];
	struct tayra__ghosts ghosts;
	struct tayra__learned learned;
};

struct tayra__policy_plan {
	uint32_t ghosts_max;
	uint64_t bytes;    /* of the shard */
	uint64_t own_at;   /* where the policy's own part of the shard begins */
	uint64_t index_at; /* where the index of resident items is */
	uint64_t seed;
	enum tayra_objective objective;
	enum tayra_learning learning;
};

/* An item that was evicted; its memory is gone. */
struct tayra__victim {
	uint64_t hash, charge;
	enum tayra__place place;
	struct tayra__reuse reuse;
};

enum tayra__loss {
	TAYRA__LOSS_OVER,   /* deleted, or expired */
	TAYRA__LOSS_IN_WAY, /* where another needs room */
};

/* All refs are items of this pool.  The last three are NULL for policies that do not learn. */
struct tayra__policy {
	const char *name;
	/* Set up `state`, zeroed but for capacity and by_charge. */
	void (*init)(struct tayra__policy_state *state, struct tayra__pool *pool,
		     const struct tayra__policy_plan *plan);
	/* A key is about to come in: if it is not resident, to which queue?  Before room is made.
	 */
	enum tayra__place (*admit)(struct tayra__policy_state *state, struct tayra__pool *pool,
				   const struct tayra__arrival *arrival);
	/* Add an item to the queue its `place` names. */
	void (*insert)(struct tayra__policy_state *state, struct tayra__pool *pool, uint32_t ref);
	void (*hit)(struct tayra__policy_state *state, struct tayra__pool *pool, uint32_t ref);
	/* `fresh` has the same key as `old` and takes its place. */
	void (*replace)(struct tayra__policy_state *state, struct tayra__pool *pool, uint32_t old,
			uint32_t fresh);
	/* Take an item out of its queue. */
	void (*remove)(struct tayra__policy_state *state, struct tayra__pool *pool, uint32_t ref);
	/* Choose an item to evict and take it out of its queue; 0 when there is none. */
	uint32_t (*victim)(struct tayra__policy_state *state, struct tayra__pool *pool);
	void (*evicted)(struct tayra__policy_state *state, struct tayra__pool *pool,
			const struct tayra__victim *victim);
	/* Bytes it wants of a shard of so many. */
	uint64_t (*own_bytes)(uint64_t shard_bytes);
	/* A reserved item, all of it known now, is about to become resident.  Before room is made
	 * for its charge; insert or replace follows. */
	void (*arrive)(struct tayra__policy_state *state, struct tayra__pool *pool, uint32_t ref,
		       const struct tayra__arrival *arrival);
	/* A resident item goes though nobody chose it; remove follows. */
	void (*lost)(struct tayra__policy_state *state, struct tayra__pool *pool, uint32_t ref,
		     enum tayra__loss why);
};

extern const struct tayra__policy tayra__policy_lru, tayra__policy_s3fifo, tayra__policy_tayra;

/* Where memory bounds: what is resident when room is short is the capacity.  Ghosts that are now
 * too many are dropped. */
void tayra__policy_s3fifo_fit(struct tayra__policy_state *state, struct tayra__pool *pool);

/* What `tayra` learns with, NULL where it does not. */
struct tayra__keeper *tayra__policy_tayra_keeper(const struct tayra__policy_state *state,
						 struct tayra__pool *pool);

/* NULL for a number that is no policy. */
const struct tayra__policy *tayra__policy_find(enum tayra_policy policy);

#endif
