/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/ghost.h"

static struct tayra__ghost *
ghost_at(struct tayra__pool *pool, uint32_t ref)
{
	return tayra__pool_at(pool, ref);
}

static void
unlink_ghost(struct tayra__ghosts *ghosts, struct tayra__pool *pool, uint32_t ref)
{
	tayra__index_remove(&ghosts->index, pool, ref);
	tayra__fifo_remove(&ghosts->queue, pool, ref, ghost_at(pool, ref)->charge);
}

void
tayra__ghosts_drop(struct tayra__ghosts *ghosts, struct tayra__pool *pool, uint32_t ref)
{
	unlink_ghost(ghosts, pool, ref);
	tayra__pool_free(pool, ref);
}

/*
 * Forget the oldest until one of `charge` fits, and return a block for it, 0 when there is none.
 * The block of the last one forgotten is used again: freeing it would merge it with a neighbour and
 * the next ghost would split a larger block.
 */
static uint32_t
block_for(struct tayra__ghosts *ghosts, struct tayra__pool *pool, uint32_t charge)
{
	const struct tayra__fifo *queue = &ghosts->queue;
	uint32_t spare = 0;

	while (queue->oldest &&
	       (queue->charge + charge > ghosts->charge_max || queue->count >= ghosts->count_max)) {
		if (spare)
			tayra__pool_free(pool, spare);
		spare = queue->oldest;
		unlink_ghost(ghosts, pool, spare);
	}
	if (spare)
		return spare;
	return tayra__pool_alloc(pool, sizeof(struct tayra__ghost) / TAYRA__UNIT_BYTES,
				 TAYRA__BLOCK_GHOST);
}

void
tayra__ghosts_add(struct tayra__ghosts *ghosts, struct tayra__pool *pool, uint64_t hash,
		  uint64_t charge)
{
	uint32_t kept = charge < UINT32_MAX ? (uint32_t)charge : UINT32_MAX;
	uint32_t ref, surplus;
	struct tayra__ghost *ghost;

	if (kept > ghosts->charge_max || ghosts->count_max == 0 || ghosts->index.room == 0)
		return;
	ref = block_for(ghosts, pool, kept);
	if (ref == 0)
		return;
	ghost = ghost_at(pool, ref);
	ghost->entry.node.hash = (uint32_t)hash;
	ghost->hash_high = (uint32_t)(hash >> 32);
	ghost->charge = kept;
	tayra__fifo_push(&ghosts->queue, pool, ref, kept);
	surplus = tayra__index_insert(&ghosts->index, pool, ref);
	if (surplus)
		tayra__ghosts_drop(ghosts, pool, surplus);
}

bool
tayra__ghosts_take(struct tayra__ghosts *ghosts, struct tayra__pool *pool, uint64_t hash)
{
	uint32_t ref = tayra__index_first(&ghosts->index, pool, (uint32_t)hash);

	while (ref) {
		const struct tayra__ghost *ghost = ghost_at(pool, ref);

		if (ghost->entry.node.hash == (uint32_t)hash &&
		    ghost->hash_high == (uint32_t)(hash >> 32)) {
			tayra__ghosts_drop(ghosts, pool, ref);
			return true;
		}
		ref = ghost->entry.node.chain;
	}
	return false;
}
