/* SPDX-License-Identifier: Apache-2.0
 *
 * pool.h: an allocator over one fixed region, O(1) for both calls: two-level segregated fit,
 * Masmano, Ripoll, Crespo and Real, "TLSF: a new dynamic memory allocator for real-time systems",
 * ECRTS'04.
 *
 * The region begins with struct tayra__pool (as the first member of whatever the owner keeps
 * there); blocks follow, each beginning with struct tayra__block, up to an end mark.  Nothing in
 * the region is a pointer: a ref is an offset from the region's start in units of 16 bytes, 0 is
 * none.  Blocks never move.  Two free blocks never touch.  Not thread-safe: the caller holds the
 * shard's lock.
 */
#ifndef TAYRA_CACHE_POOL_H
#define TAYRA_CACHE_POOL_H

#include <stddef.h>
#include <stdint.h>

#define TAYRA__UNIT_BYTES 16u
#define TAYRA__POOL_MAX   (8ull << 30) /* bytes: units fit 29 bits, the kind takes 3 */

enum tayra__block_kind {
	TAYRA__BLOCK_FREE = 0,
	TAYRA__BLOCK_ITEM = 1,
	TAYRA__BLOCK_GHOST = 2,
	TAYRA__BLOCK_TABLE = 3, /* a segment of an index */
	TAYRA__BLOCK_END = 4,
};

/*
 * `head` of a block in use changes with that block only, never with its neighbours, so that whoever
 * holds a pin may read it without the lock.
 */
struct tayra__block {
	uint32_t head;       /* units << 3 | kind */
	uint32_t prev_units; /* of the block before; 0 for the first: the boundary tag */
};

#define TAYRA__POOL_SL 32u /* size classes a power of two: a search overshoots by 1/32 at most */
#define TAYRA__POOL_FL 25u

struct tayra__pool {
	uint32_t first, end; /* refs of the first block and of the end mark */
	uint32_t free_units;
	uint32_t fl_map;                 /* which rows have a free block */
	uint32_t sl_map[TAYRA__POOL_FL]; /* which classes of a row have one */
	uint32_t heads[TAYRA__POOL_FL][TAYRA__POOL_SL];
};

static inline void *
tayra__pool_at(struct tayra__pool *pool, uint32_t ref)
{
	return (char *)pool + (size_t)ref * TAYRA__UNIT_BYTES;
}

static inline uint32_t
tayra__pool_ref(const struct tayra__pool *pool, const void *block)
{
	return (uint32_t)((size_t)((const char *)block - (const char *)pool) / TAYRA__UNIT_BYTES);
}

static inline uint32_t
tayra__block_units(const struct tayra__block *block)
{
	return block->head >> 3;
}

static inline enum tayra__block_kind
tayra__block_kind(const struct tayra__block *block)
{
	return (enum tayra__block_kind)(block->head & 7);
}

/*
 * Take the region [pool, pool + bytes): blocks fill [reserved, bytes), the owner's part is before.
 * => pool is 16-byte aligned; reserved >= sizeof(struct tayra__pool); bytes <= TAYRA__POOL_MAX.
 */
void tayra__pool_init(struct tayra__pool *pool, uint64_t bytes, uint64_t reserved);

/* A block of at least `units` (its header included), or 0 when no free block is surely large
 * enough. */
uint32_t tayra__pool_alloc(struct tayra__pool *pool, uint32_t units, enum tayra__block_kind kind);
void tayra__pool_free(struct tayra__pool *pool, uint32_t ref);

/* The size from which on a free block is surely found for `units`. */
uint32_t tayra__pool_fit_units(uint32_t units);
/* The size class a free block of `units` is listed in. */
void tayra__pool_class(uint32_t units, uint32_t *fl, uint32_t *sl);

#endif
