/* SPDX-License-Identifier: Apache-2.0
 *
 * index.h: a chained hash table that grows one bucket at a time: linear hashing, Litwin, VLDB 1980.
 * Buckets live in segments that double in size and never move, so growing copies nothing, needs no
 * second table and takes at most two bucket splits an insert.  The index never allocates: its owner
 * asks what it wants and gives it a block.  While it gets none, chains grow, up to
 * TAYRA__INDEX_CHAIN_MAX; insert names what is beyond.  Keys are compared by the owner.
 * Not thread-safe: the caller holds the shard's lock.
 */
#ifndef TAYRA_CACHE_INDEX_H
#define TAYRA_CACHE_INDEX_H

#include "cache/entry.h"

#include <stdint.h>

#define TAYRA__INDEX_BASE      64u /* buckets of the first two segments */
#define TAYRA__INDEX_SEGMENTS  24u
#define TAYRA__INDEX_CHAIN_MAX 32u

struct tayra__index {
	uint32_t count;   /* entries */
	uint32_t buckets; /* in use */
	uint32_t room;    /* buckets the segments have */
	uint32_t retry;   /* ask for no block below that many entries: the last wish was refused */
	uint32_t segments[TAYRA__INDEX_SEGMENTS];
};

/* Units of the block the index could use now, 0 when it needs none. */
uint32_t tayra__index_wants(const struct tayra__index *index);
/* Give a block of kind TABLE and of at least that many units; an empty index needs a first one. */
void tayra__index_extend(struct tayra__index *index, struct tayra__pool *pool, uint32_t ref);

/* There is no such block: ask again when there are an eighth more entries. */
void tayra__index_refuse(struct tayra__index *index);

/* The first entry that may have this hash; follow node.chain. */
uint32_t tayra__index_first(const struct tayra__index *index, struct tayra__pool *pool,
			    uint32_t hash);
/* The largest power of two that is <= x; x > 0. */
static inline uint32_t
tayra__index_power(uint32_t x)
{
	return 1u << (31 - __builtin_clz(x));
}

/* Where bucket `number` lies.  Segment 0 holds buckets 0..63; segment k > 0 the 64 << (k - 1)
 * buckets from that number on. */
static inline uint32_t *
tayra__index_slot(const struct tayra__index *index, struct tayra__pool *pool, uint32_t number)
{
	uint32_t segment = 0, offset = number;

	if (number >= TAYRA__INDEX_BASE) {
		uint32_t start = tayra__index_power(number);

		segment = (uint32_t)__builtin_ctz(start / TAYRA__INDEX_BASE) + 1;
		offset = number - start;
	}
	struct tayra__block *table = tayra__pool_at(pool, index->segments[segment]);

	return (uint32_t *)(void *)(table + 1) + offset;
}

/* The first entry of bucket `number` < buckets. */
static inline uint32_t
tayra__index_bucket(const struct tayra__index *index, struct tayra__pool *pool, uint32_t number)
{
	return *tayra__index_slot(index, pool, number);
}
/* Which bucket a hash belongs to. */
uint32_t tayra__index_number(const struct tayra__index *index, uint32_t hash);

/*
 * Put an entry (its node.hash set) at the front of its chain.  Returns the chain's last entry when
 * the chain is now too long: the caller must remove it.  Else 0.
 */
uint32_t tayra__index_insert(struct tayra__index *index, struct tayra__pool *pool, uint32_t ref);
void tayra__index_remove(struct tayra__index *index, struct tayra__pool *pool, uint32_t ref);

#endif
