/* SPDX-License-Identifier: Apache-2.0
 *
 * cache.c: the calls on one cache.  Each finds its shard by the high bits of the key's hash, takes
 * that one lock, and does its work there.
 */
#include "cache/handle.h"

#include "base/hash.h"
#include "cache/pin.h"
#include "learn/keeper.h"

#include <string.h>

#define COPY_UNDER_LOCK (32u << 10) /* bytes; beyond, others should not wait for the copy */
#define TICK_BUDGET     1024
#define TICK_SLICE      128 /* items looked at while a lock is held */

static struct tayra__key
make_key(const struct tayra_cache *cache, const void *bytes, size_t len)
{
	return (struct tayra__key){
		.bytes = bytes,
		.len = len,
		.hash = tayra__hash_bytes(bytes, len, cache->seed),
	};
}

static struct tayra__shard *
lock_shard(struct tayra_cache *cache, const struct tayra__key *key)
{
	/* Shifted twice: with one shard the shift would be by 64. */
	uint32_t log = (uint32_t)__builtin_ctz(cache->shards);
	struct tayra__shard *shard = &cache->shard[key->hash >> 1 >> (63 - log)];

	pthread_mutex_lock(&shard->lock);
	return shard;
}

static void
unlock(struct tayra__shard *shard)
{
	pthread_mutex_unlock(&shard->lock);
}

static void
fill_value(struct tayra__item *item, struct tayra_value *out)
{
	out->data = item->value_len ? tayra__item_value(item) : NULL;
	out->len = item->value_len - tayra__item_tag_bytes(item->flags);
	out->pin = item;
	tayra__item_get_meta(item, &out->meta);
}

int
tayra_cache_get(struct tayra_cache *cache, const void *key, size_t key_len, uint64_t now_ms,
		struct tayra_value *out)
{
	struct tayra__key k;
	struct tayra__shard *shard;
	int status = TAYRA_E_NOT_FOUND;
	uint32_t ref;

	memset(out, 0, sizeof(*out));
	if (key_len > TAYRA_KEY_MAX)
		return TAYRA_E_TOO_LARGE;
	k = make_key(cache, key, key_len);
	shard = lock_shard(cache, &k);
	ref = tayra__shard_find_live(shard, &k, now_ms);
	if (ref) {
		struct tayra__item *item = tayra__item_at(&shard->state->pool, ref);

		status = tayra__pin_take(cache, item);
		if (status == TAYRA_OK) {
			fill_value(item, out);
			shard->policy->hit(&shard->state->policy, &shard->state->pool, ref);
		}
	}
	if (status == TAYRA_OK)
		shard->state->counters.hits++;
	else
		shard->state->counters.misses++;
	unlock(shard);
	return status;
}

static struct tayra_item_meta
meta_or_default(const struct tayra_item_meta *meta, uint64_t now_ms)
{
	if (meta)
		return *meta;
	return (struct tayra_item_meta){
		.born_ms = now_ms,
		.fresh_ms = UINT64_MAX,
		.expire_ms = UINT64_MAX,
	};
}

bool
tayra__cache_has(struct tayra_cache *cache, const void *key, size_t key_len, uint64_t now_ms)
{
	struct tayra__key k;
	struct tayra__shard *shard;
	bool has = false;
	uint32_t ref;

	if (key_len > TAYRA_KEY_MAX)
		return false;
	k = make_key(cache, key, key_len);
	shard = lock_shard(cache, &k);
	ref = tayra__shard_find(shard, &k);
	if (ref) {
		const struct tayra__item *item = tayra__item_at(&shard->state->pool, ref);

		has = now_ms < item->fresh_ms && now_ms < item->expire_ms;
	}
	unlock(shard);
	return has;
}

int
tayra_cache_put(struct tayra_cache *cache, const void *key, size_t key_len, const void *value,
		size_t value_len, const struct tayra_item_meta *meta, uint64_t now_ms)
{
	const struct tayra_item_meta m = meta_or_default(meta, now_ms);
	struct tayra__key k;
	struct tayra__shard *shard;
	struct tayra__item *item;
	uint32_t ref;
	int status;

	if (key_len > TAYRA_KEY_MAX)
		return TAYRA_E_TOO_LARGE;
	k = make_key(cache, key, key_len);
	shard = lock_shard(cache, &k);
	status = tayra__shard_reserve(shard, &k, value_len, &m, &ref);
	if (status != TAYRA_OK) {
		tayra__shard_forget(shard, &k);
		unlock(shard);
		return status;
	}
	item = tayra__item_at(&shard->state->pool, ref);
	if (value_len > COPY_UNDER_LOCK) {
		unlock(shard);
		memcpy(tayra__item_value(item), value, value_len);
		pthread_mutex_lock(&shard->lock);
	} else if (value_len) {
		memcpy(tayra__item_value(item), value, value_len);
	}
	/* Not counted as pinned: this pin is ours alone and ends before the call does. */
	status = tayra__shard_commit(shard, ref, &m);
	tayra__shard_unpin(shard, ref);
	unlock(shard);
	return status;
}

int
tayra_cache_reserve(struct tayra_cache *cache, const void *key, size_t key_len, size_t value_len,
		    uint64_t now_ms, struct tayra_reservation *out)
{
	struct tayra__key k;
	struct tayra__shard *shard;
	uint32_t ref;
	int status;

	(void)now_ms;
	memset(out, 0, sizeof(*out));
	if (key_len > TAYRA_KEY_MAX)
		return TAYRA_E_TOO_LARGE;
	k = make_key(cache, key, key_len);
	shard = lock_shard(cache, &k);
	status = tayra__shard_reserve(shard, &k, value_len, NULL, &ref);
	if (status == TAYRA_OK) {
		struct tayra__item *item = tayra__item_at(&shard->state->pool, ref);

		status = tayra__pin_count(cache, item);
		if (status == TAYRA_OK) {
			out->data = value_len ? tayra__item_value(item) : NULL;
			out->len = value_len;
			out->pin = item;
		} else {
			tayra__shard_reject(shard, ref);
		}
	}
	unlock(shard);
	return status;
}

int
tayra_cache_commit(struct tayra_cache *cache, struct tayra_reservation *reservation,
		   const struct tayra_item_meta *meta, uint64_t now_ms, struct tayra_value *out)
{
	const struct tayra_item_meta m = meta_or_default(meta, now_ms);
	struct tayra__item *item = reservation->pin;
	struct tayra__shard *shard;
	int status;

	if (out)
		memset(out, 0, sizeof(*out));
	if (!item)
		return TAYRA_E_INVAL;
	memset(reservation, 0, sizeof(*reservation));
	shard = tayra__cache_shard_of(cache, item);
	pthread_mutex_lock(&shard->lock);
	status = tayra__shard_commit(shard, tayra__pool_ref(&shard->state->pool, item), &m);
	if (status == TAYRA_OK && out)
		fill_value(item, out);
	unlock(shard);
	if (status != TAYRA_OK || !out)
		tayra__pin_give_back(cache, item);
	return status == TAYRA_E_TOO_LARGE ? TAYRA_E_FULL : status;
}

void
tayra_cache_abandon(struct tayra_cache *cache, struct tayra_reservation *reservation)
{
	struct tayra__item *item = reservation->pin;
	struct tayra__shard *shard;

	memset(reservation, 0, sizeof(*reservation));
	if (!item)
		return;
	shard = tayra__cache_shard_of(cache, item);
	pthread_mutex_lock(&shard->lock);
	tayra__shard_remove(shard, tayra__pool_ref(&shard->state->pool, item));
	unlock(shard);
	tayra__pin_give_back(cache, item);
}

int
tayra_cache_delete(struct tayra_cache *cache, const void *key, size_t key_len)
{
	struct tayra__key k;
	struct tayra__shard *shard;
	uint32_t ref;

	if (key_len > TAYRA_KEY_MAX)
		return TAYRA_E_NOT_FOUND;
	k = make_key(cache, key, key_len);
	shard = lock_shard(cache, &k);
	ref = tayra__shard_find(shard, &k);
	if (ref) {
		tayra__shard_remove(shard, ref);
		shard->state->counters.deletes++;
	}
	unlock(shard);
	return ref ? TAYRA_OK : TAYRA_E_NOT_FOUND;
}

int
tayra_cache_touch(struct tayra_cache *cache, const void *key, size_t key_len, uint64_t version,
		  uint64_t fresh_ms, uint64_t expire_ms, uint32_t flags)
{
	struct tayra__key k;
	struct tayra__shard *shard;
	int status = TAYRA_E_NOT_FOUND;
	uint32_t ref;

	if (key_len > TAYRA_KEY_MAX)
		return TAYRA_E_NOT_FOUND;
	k = make_key(cache, key, key_len);
	shard = lock_shard(cache, &k);
	ref = tayra__shard_find(shard, &k);
	if (ref) {
		struct tayra__item *item = tayra__item_at(&shard->state->pool, ref);

		if (tayra__item_version(item) == version) {
			item->fresh_ms = fresh_ms;
			item->expire_ms = expire_ms;
			tayra__item_set_flags(item, flags);
			status = TAYRA_OK;
		}
	}
	unlock(shard);
	return status;
}

void
tayra__cache_age(struct tayra_cache *cache, const void *key, size_t key_len)
{
	struct tayra__key k = make_key(cache, key, key_len);
	struct tayra__shard *shard = lock_shard(cache, &k);
	uint32_t ref = tayra__shard_find(shard, &k);

	if (ref) {
		struct tayra__item *item = tayra__item_at(&shard->state->pool, ref);

		if (!(item->flags & TAYRA_ITEM_FAILED)) {
			item->fresh_ms = 0;
			item->flags &= (uint16_t)~TAYRA_ITEM_LOADING;
		}
	}
	unlock(shard);
}

int
tayra__cache_renew(struct tayra_cache *cache, const void *key, size_t key_len,
		   const struct tayra_value *value, const struct tayra_item_meta *meta)
{
	struct tayra__key k = make_key(cache, key, key_len);
	struct tayra__shard *shard = lock_shard(cache, &k);
	uint32_t ref = tayra__shard_find(shard, &k);
	struct tayra__item *item = ref ? tayra__item_at(&shard->state->pool, ref) : NULL;
	bool same = item && item == value->pin;

	if (same) {
		item->born_ms = meta->born_ms;
		item->fresh_ms = meta->fresh_ms;
		item->expire_ms = meta->expire_ms;
		tayra__item_set_flags(item, meta->flags);
	}
	unlock(shard);
	return same ? TAYRA_OK : TAYRA_E_NOT_FOUND;
}

/* Look at up to `budget` items of one shard, at most once at each, letting the lock go in between.
 */
static uint64_t
sweep(struct tayra__shard *shard, uint64_t now_ms, uint64_t budget)
{
	uint64_t removed = 0, left = budget, slice;

	do {
		pthread_mutex_lock(&shard->lock);
		uint64_t round = (uint64_t)shard->state->index.buckets + shard->state->index.count;

		left = left < round ? left : round;
		slice = left < TICK_SLICE ? left : TICK_SLICE;
		removed += tayra__shard_sweep(shard, now_ms, slice);
		unlock(shard);
		left -= slice;
	} while (left > 0);
	return removed;
}

uint64_t
tayra_cache_tick(struct tayra_cache *cache, uint64_t now_ms, uint64_t budget)
{
	uint64_t removed = 0;
	uint64_t left = budget ? budget : TICK_BUDGET;
	uint64_t share = left / cache->shards + 1;

	for (uint32_t i = 0; i < cache->shards && left > 0; i++) {
		/* relaxed: which shard comes next is nobody's business but this call's. */
		uint32_t turn = atomic_fetch_add_explicit(&cache->tick_turn, 1,
							  memory_order_relaxed);
		uint64_t part = share < left ? share : left;

		removed += sweep(&cache->shard[turn % cache->shards], now_ms, part);
		left -= part;
	}
	return removed;
}

void
tayra_cache_clear(struct tayra_cache *cache)
{
	for (uint32_t i = 0; i < cache->shards; i++) {
		pthread_mutex_lock(&cache->shard[i].lock);
		tayra__shard_clear(&cache->shard[i]);
		unlock(&cache->shard[i]);
	}
}

int
tayra_cache_set_learning(struct tayra_cache *cache, enum tayra_learning learning)
{
	if (learning > TAYRA_LEARNING_OFF)
		return TAYRA_E_INVAL;
	if (cache->shard[0].policy != &tayra__policy_tayra)
		return TAYRA_E_UNSUPPORTED;
	for (uint32_t i = 0; i < cache->shards; i++) {
		pthread_mutex_lock(&cache->shard[i].lock);
		cache->shard[i].state->policy.learned.learning = learning;
		unlock(&cache->shard[i]);
	}
	return TAYRA_OK;
}

static void
add_learning(struct tayra_cache_stats *sum, struct tayra__shard_state *state)
{
	const struct tayra__keeper *keeper = tayra__policy_tayra_keeper(&state->policy,
									&state->pool);

	if (!keeper || state->policy.learned.learning == TAYRA_LEARNING_OFF)
		return;
	switch (tayra__keeper_behaviour(keeper)) {
	case TAYRA__BEHAVE_LEARNED: sum->learned_shards++; break;
	case TAYRA__BEHAVE_LRU: sum->lru_shards++; break;
	case TAYRA__BEHAVE_S3FIFO: break;
	}
	sum->learning_shards++;
}

static void
add_stats(struct tayra_cache_stats *sum, struct tayra__shard_state *state)
{
	const struct tayra__shard_counters *c = &state->counters;

	sum->hits += c->hits;
	sum->misses += c->misses;
	sum->puts += c->puts;
	sum->deletes += c->deletes;
	sum->evictions += c->evictions;
	sum->expirations += c->expirations;
	sum->rejections += c->rejections;
	sum->items += state->index.count;
	sum->ghosts += state->policy.ghosts.queue.count;
	sum->charge += state->charge;
	sum->used_bytes -= (uint64_t)state->pool.free_units * TAYRA__UNIT_BYTES;
	sum->item_bytes += state->item_bytes;
	add_learning(sum, state);
}

void
tayra_cache_stats(struct tayra_cache *cache, struct tayra_cache_stats *out)
{
	struct tayra_cache_stats sum = {
		.size = out->size,
		.used_bytes = cache->memory_bytes,
		.memory_bytes = cache->memory_bytes,
	};

	for (uint32_t i = 0; i < cache->shards; i++) {
		pthread_mutex_lock(&cache->shard[i].lock);
		add_stats(&sum, cache->shard[i].state);
		unlock(&cache->shard[i]);
	}
	sum.pinned_bytes = atomic_load_explicit(&cache->pinned_bytes, memory_order_relaxed);
	/* A caller built against an older header has room for the first fields only. */
	memcpy(out, &sum, out->size < sizeof(sum) ? out->size : sizeof(sum));
}
