/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/index.h"

#include <assert.h>
#include <string.h>

#define SPLITS_PER_INSERT 2

uint32_t
tayra__index_number(const struct tayra__index *index, uint32_t hash)
{
	uint32_t half = tayra__index_power(index->buckets);
	uint32_t number = hash & (2 * half - 1);

	return number < index->buckets ? number : number - half;
}

static uint32_t
next_segment(const struct tayra__index *index)
{
	return index->room == 0 ? 0 : (uint32_t)__builtin_ctz(index->room / TAYRA__INDEX_BASE) + 1;
}

uint32_t
tayra__index_wants(const struct tayra__index *index)
{
	uint32_t more = index->room ? index->room : TAYRA__INDEX_BASE;

	if (index->count < index->room || index->count < index->retry ||
	    next_segment(index) >= TAYRA__INDEX_SEGMENTS)
		return 0;
	return (uint32_t)((sizeof(struct tayra__block) + (uint64_t)more * sizeof(uint32_t) +
			   TAYRA__UNIT_BYTES - 1) /
			  TAYRA__UNIT_BYTES);
}

void
tayra__index_extend(struct tayra__index *index, struct tayra__pool *pool, uint32_t ref)
{
	index->segments[next_segment(index)] = ref;
	if (index->room) {
		index->room *= 2;
		return;
	}
	/* Later segments need no clearing: a split writes each bucket before its first use. */
	memset((struct tayra__block *)tayra__pool_at(pool, ref) + 1, 0,
	       TAYRA__INDEX_BASE * sizeof(uint32_t));
	index->room = index->buckets = TAYRA__INDEX_BASE;
}

void
tayra__index_refuse(struct tayra__index *index)
{
	index->retry = index->count + index->count / 8 + 1;
}

uint32_t
tayra__index_first(const struct tayra__index *index, struct tayra__pool *pool, uint32_t hash)
{
	if (index->buckets == 0)
		return 0;
	return *tayra__index_slot(index, pool, tayra__index_number(index, hash));
}

/* Bring one more bucket into use, and move to it what belongs there. */
static void
split(struct tayra__index *index, struct tayra__pool *pool)
{
	uint32_t fresh = index->buckets;
	uint32_t *from = tayra__index_slot(index, pool, fresh - tayra__index_power(fresh));
	uint32_t *to = tayra__index_slot(index, pool, fresh);

	index->buckets++;
	while (*from) {
		uint32_t ref = *from;
		struct tayra__node *node = &tayra__entry_at(pool, ref)->node;

		if (tayra__index_number(index, node->hash) == fresh) {
			*from = node->chain;
			*to = ref;
			to = &node->chain;
		} else {
			from = &node->chain;
		}
	}
	*to = 0;
}

static uint32_t
chain_surplus(const struct tayra__index *index, struct tayra__pool *pool, uint32_t hash)
{
	uint32_t ref = tayra__index_first(index, pool, hash);
	uint32_t length = 0, last = 0;

	for (; ref; ref = tayra__entry_at(pool, ref)->node.chain) {
		last = ref;
		length++;
	}
	return length > TAYRA__INDEX_CHAIN_MAX ? last : 0;
}

uint32_t
tayra__index_insert(struct tayra__index *index, struct tayra__pool *pool, uint32_t ref)
{
	struct tayra__node *node = &tayra__entry_at(pool, ref)->node;
	uint32_t *bucket = tayra__index_slot(index, pool, tayra__index_number(index, node->hash));

	node->chain = *bucket;
	*bucket = ref;
	index->count++;
	for (int i = 0; i < SPLITS_PER_INSERT; i++)
		if (index->buckets < index->room && index->buckets < index->count)
			split(index, pool);
	return chain_surplus(index, pool, node->hash);
}

void
tayra__index_remove(struct tayra__index *index, struct tayra__pool *pool, uint32_t ref)
{
	const struct tayra__node *node = &tayra__entry_at(pool, ref)->node;
	uint32_t *at = tayra__index_slot(index, pool, tayra__index_number(index, node->hash));

	while (*at != ref) {
		assert(*at);
		at = &tayra__entry_at(pool, *at)->node.chain;
	}
	*at = node->chain;
	index->count--;
}
