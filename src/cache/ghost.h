/* SPDX-License-Identifier: Apache-2.0
 *
 * ghost.h: a FIFO of keys that were evicted, known by 64 bits of hash, each with the charge it had.
 * Bounded by the sum of charges and by number; a ghost is one block of 32 bytes.
 * Not thread-safe: the caller holds the shard's lock.
 */
#ifndef TAYRA_CACHE_GHOST_H
#define TAYRA_CACHE_GHOST_H

#include "cache/index.h"
#include "cache/fifo.h"

#include <stdbool.h>
#include <stdint.h>

struct tayra__ghosts {
	struct tayra__fifo queue;
	struct tayra__index index;
	uint64_t charge_max;
	uint32_t count_max;
};

struct tayra__ghost {
	struct tayra__entry entry;
	uint32_t hash_high; /* the half that entry.node does not hold */
	uint32_t charge;    /* saturating: a charge of 2^32 or more counts as 2^32 - 1 here */
};
_Static_assert(sizeof(struct tayra__ghost) == 32, "a ghost is two units");

/* Remember a key; the oldest make room.  Without room in the pool, or over charge_max: forgotten.
 */
void tayra__ghosts_add(struct tayra__ghosts *ghosts, struct tayra__pool *pool, uint64_t hash,
		       uint64_t charge);
/* Was the key remembered?  If so it no longer is. */
bool tayra__ghosts_take(struct tayra__ghosts *ghosts, struct tayra__pool *pool, uint64_t hash);
void tayra__ghosts_drop(struct tayra__ghosts *ghosts, struct tayra__pool *pool, uint32_t ref);

#endif
