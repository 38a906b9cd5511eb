/* SPDX-License-Identifier: Apache-2.0
 *
 * store.h: a cache of sizes without values, for finding out what misses.  It has the queues of
 * S3-FIFO (Yang et al., SOSP'23), and can evict by them or by sample, changing over at any time.
 * The guard runs small ones beside an engine; the simulator runs one as the engine.
 *
 * Invariants, after every call: used = the sum of charges of residents <= capacity; a resident is
 * in the table, in one of small and main, and once in `dense`; a ghost in the table and in ghost.
 *
 * One block of memory, no pointers inside.  Not thread-safe.
 */
#ifndef TAYRA_LEARN_STORE_H
#define TAYRA_LEARN_STORE_H

#include "base/rng.h"
#include "learn/worth.h"

#include <stdbool.h>
#include <stddef.h>

#define TAYRA__STORE_NONE UINT32_MAX

enum tayra__store_place {
	TAYRA__STORE_SMALL,
	TAYRA__STORE_MAIN,
	TAYRA__STORE_GHOST,
	TAYRA__STORE_FREE,
};

struct tayra__store_slot {
	struct tayra__worth worth;
	uint32_t key, chain;
	uint32_t newer, older; /* in its queue */
	uint32_t dense;        /* its place among the residents */
	uint8_t place;         /* enum tayra__store_place */
	uint8_t hits;          /* in its queue, up to 3 */
};

struct tayra__store_queue {
	uint32_t newest, oldest;
	uint64_t charge;
};

/* Told of what leaves, or is not let in; not of what is removed. */
typedef void tayra__store_gone_fn(void *ctx, uint32_t key, const struct tayra__reuse *reuse);

struct tayra__store {
	uint64_t capacity, used;
	uint32_t slots, heads; /* heads: a power of two */
	uint32_t residents, ghosts, ghosts_peak;
	uint32_t free; /* slots not used, chained */
	struct tayra__store_queue queues[3];
	struct tayra__rng rng;
};

/* How to make room. */
struct tayra__store_rule {
	enum tayra__behaviour behaviour;
	enum tayra__objective objective;
	const struct tayra__values *values;
	uint32_t now;
	tayra__store_gone_fn *gone; /* may be NULL */
	void *gone_ctx;
};

/* Bytes for so many residents and ghosts; 0 when that is too many. */
size_t tayra__store_bytes(uint32_t slots);
/* In memory of that many bytes, aligned to 8.  => capacity >= 1, slots >= 2. */
void tayra__store_init(struct tayra__store *store, uint32_t slots, uint64_t capacity,
		       uint64_t seed);

struct tayra__store_slot *tayra__store_slot(const struct tayra__store *store, uint32_t slot);
/* The slot of a resident, or TAYRA__STORE_NONE. */
uint32_t tayra__store_find(const struct tayra__store *store, uint32_t key);
/* A resident was used; its reuse is the caller's to change. */
void tayra__store_hit(struct tayra__store *store, uint32_t slot);
/*
 * One that is not resident was used: make room and let it in, or leave it out.
 * => worth->charge >= 1; what is larger than the capacity is left out.
 * Returns whether it is resident now.
 */
bool tayra__store_admit(struct tayra__store *store, uint32_t key, const struct tayra__worth *worth,
			const struct tayra__store_rule *rule);
/* A resident at random, TAYRA__STORE_NONE when there is none. */
uint32_t tayra__store_draw(struct tayra__store *store);
/* Take a resident out, leaving no ghost. */
void tayra__store_remove(struct tayra__store *store, uint32_t slot);

/* Keep only the keys that `keep` says, resident or ghost, in a capacity that may be smaller.
 * => capacity >= 1.  Nothing is told gone. */
typedef bool tayra__store_keep_fn(const void *ctx, uint32_t key);
void tayra__store_thin(struct tayra__store *store, uint64_t capacity, tayra__store_keep_fn *keep,
		       const void *ctx);

/* Do the invariants hold?  For tests; walks everything. */
bool tayra__store_sound(const struct tayra__store *store);

#endif
