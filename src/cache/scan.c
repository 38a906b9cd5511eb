/* SPDX-License-Identifier: Apache-2.0
 *
 * scan.c: walking over everything in slices.  A cursor is a shard and a bucket in it, and the walk
 * goes from low buckets to high.  That is enough: the index never shrinks, and growing moves an
 * entry only to a bucket with a higher number (index.h), so an entry in a bucket still to come
 * stays among those to come.
 */
#include "cache/handle.h"

#define SCAN_BUDGET 64 /* buckets; about one item each */

static void
visit_bucket(struct tayra__shard *shard, uint32_t number, uint64_t now_ms, tayra_scan_fn visit,
	     void *arg)
{
	struct tayra__shard_state *state = shard->state;
	uint32_t ref = tayra__index_bucket(&state->index, &state->pool, number);

	for (; ref; ref = tayra__entry_at(&state->pool, ref)->node.chain) {
		const struct tayra__item *item = tayra__item_at(&state->pool, ref);
		struct tayra_item_meta meta;

		if (now_ms >= item->expire_ms)
			continue;
		tayra__item_get_meta(item, &meta);
		visit(arg, tayra__item_key(item), item->key_len, &meta);
	}
}

/* Up to `budget` buckets from *bucket on.  Returns how many; *bucket is 0 after the last. */
static uint64_t
scan_shard(struct tayra__shard *shard, uint32_t *bucket, uint64_t budget, uint64_t now_ms,
	   tayra_scan_fn visit, void *arg)
{
	uint64_t seen = 0;
	uint32_t buckets;

	pthread_mutex_lock(&shard->lock);
	buckets = shard->state->index.buckets;
	*bucket %= buckets;
	do {
		visit_bucket(shard, *bucket, now_ms, visit, arg);
		*bucket = (*bucket + 1) % buckets;
	} while (++seen < budget && *bucket != 0);
	pthread_mutex_unlock(&shard->lock);
	return seen;
}

uint64_t
tayra_cache_scan(struct tayra_cache *cache, uint64_t cursor, uint64_t budget, uint64_t now_ms,
		 tayra_scan_fn visit, void *arg)
{
	uint32_t number = (uint32_t)(cursor >> 32) % cache->shards;
	uint32_t bucket = (uint32_t)cursor;
	uint64_t left = budget ? budget : SCAN_BUDGET;

	while (left > 0) {
		left -= scan_shard(&cache->shard[number], &bucket, left, now_ms, visit, arg);
		if (bucket == 0 && ++number == cache->shards)
			return 0;
	}
	return (uint64_t)number << 32 | bucket;
}
