/* SPDX-License-Identifier: Apache-2.0
 *
 * cache.c: the public calls.  Each finds its shard by the high bits of the key's hash, takes that
 * one lock, and does its work there.  The handle on the heap holds the locks and what pins need:
 *
 *   pinned_bytes  bytes of items with a pin, counted when pins go 0 -> 1 and 1 -> 0
 *   lives         1 for the handle and 1 for each pinned item: at 0 everything is freed
 */
#include "cache/handle.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/option.h"
#include "cache/arena.h"

#include <string.h>
#include <unistd.h>

#define MEMORY_DEFAULT  (64ull << 20)
#define SHARD_AUTO_MIN  (4ull << 20) /* bytes; a larger shard takes larger values */
#define CHARGE_AUTO_MIN 4096u        /* of a shard; less makes the shares uneven */
#define SHARDS_PER_CORE 4
#define COPY_UNDER_LOCK (32u << 10) /* bytes; about the time of two lock hand-overs */
#define TICK_BUDGET     1024
#define TICK_SLICE      128 /* items looked at while a lock is held */

static uint32_t
shards_auto(uint64_t memory_bytes, uint64_t charge_max)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t want = (uint64_t)(cores > 0 ? cores : 1) * SHARDS_PER_CORE;
	uint32_t shards = 1;

	while (shards < want && shards < TAYRA__ARENA_SHARDS_MAX &&
	       memory_bytes / (2 * shards) >= SHARD_AUTO_MIN &&
	       (charge_max == 0 || charge_max / (2 * shards) >= CHARGE_AUTO_MIN))
		shards *= 2;
	while (memory_bytes / shards > TAYRA__POOL_MAX && shards < TAYRA__ARENA_SHARDS_MAX)
		shards *= 2;
	return shards;
}

/* Fill in the defaults.  => TAYRA_E_INVAL. */
static int
settle(struct tayra_cache_options *o)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	if (o->memory_bytes == 0)
		o->memory_bytes = MEMORY_DEFAULT;
	o->memory_bytes -= o->memory_bytes % page;
	if (o->memory_bytes < TAYRA_CACHE_MEMORY_MIN)
		return TAYRA_E_INVAL;
	if (o->shards == 0)
		o->shards = shards_auto(o->memory_bytes, o->charge_max);
	if (o->shards > TAYRA__ARENA_SHARDS_MAX || (o->shards & (o->shards - 1)) != 0)
		return TAYRA_E_INVAL;
	if (o->memory_bytes / o->shards < TAYRA__ARENA_SHARD_MIN ||
	    o->memory_bytes / o->shards > TAYRA__POOL_MAX)
		return TAYRA_E_INVAL;
	if (o->charge_max && o->charge_max < o->shards)
		return TAYRA_E_INVAL;
	if (!tayra__policy_find(o->policy))
		return TAYRA_E_INVAL;
	if (o->pinned_max_bytes == 0)
		o->pinned_max_bytes = o->memory_bytes / 4;
	if (o->seed == 0)
		o->seed = tayra__hash_random_seed();
	return TAYRA_OK;
}

/* What is over after sharing evenly goes to the first shards. */
static uint64_t
charge_share(const struct tayra_cache_options *o, uint32_t number)
{
	return o->charge_max / o->shards + (number < o->charge_max % o->shards);
}

static void
destroy_locks(struct tayra_cache *cache, uint32_t count)
{
	while (count > 0)
		pthread_mutex_destroy(&cache->shard[--count].lock);
}

static int
init_shards(struct tayra_cache *cache, const struct tayra_cache_options *o)
{
	const struct tayra__arena_header *header = cache->arena;

	for (uint32_t i = 0; i < o->shards; i++) {
		struct tayra__shard *shard = &cache->shard[i];

		if (pthread_mutex_init(&shard->lock, NULL) != 0) {
			destroy_locks(cache, i);
			return TAYRA_E_NOMEM;
		}
		shard->state = tayra__arena_shard(cache->arena, i);
		shard->policy = tayra__policy_find(o->policy);
		shard->seed = o->seed;
		tayra__shard_format(shard, header->shard_bytes, charge_share(o, i));
	}
	return TAYRA_OK;
}

int
tayra_cache_create(const struct tayra_cache_options *options, struct tayra_cache **out)
{
	struct tayra_cache_options o;
	int status = tayra__option_struct(options, &o, sizeof(o));

	*out = NULL;
	if (status == TAYRA_OK)
		status = settle(&o);
	if (status != TAYRA_OK)
		return status;
	struct tayra_cache *cache = tayra__mem_alloc(sizeof(*cache) +
						     o.shards * sizeof(cache->shard[0]));

	if (!cache)
		return TAYRA_E_NOMEM;
	cache->arena = tayra__arena_map(o.memory_bytes);
	if (!cache->arena)
		goto free_handle;
	const struct tayra__arena_plan plan = {
		.bytes = o.memory_bytes,
		.seed = o.seed,
		.charge_max = o.charge_max,
		.shards = o.shards,
		.policy = o.policy,
	};

	tayra__arena_format(cache->arena, &plan);
	cache->memory_bytes = o.memory_bytes;
	cache->pinned_max_bytes = o.pinned_max_bytes;
	cache->seed = o.seed;
	cache->shards = o.shards;
	atomic_init(&cache->lives, 1);
	if (init_shards(cache, &o) != TAYRA_OK)
		goto unmap;
	*out = cache;
	return TAYRA_OK;
unmap:
	tayra__arena_unmap(cache->arena, o.memory_bytes);
free_handle:
	tayra__mem_free(cache);
	return TAYRA_E_NOMEM;
}

/* One life less; the last frees everything. */
static void
end_life(struct tayra_cache *cache)
{
	/* acq_rel: everybody's last use of the cache comes before it is freed. */
	if (atomic_fetch_sub_explicit(&cache->lives, 1, memory_order_acq_rel) != 1)
		return;
	destroy_locks(cache, cache->shards);
	tayra__arena_unmap(cache->arena, cache->memory_bytes);
	tayra__mem_free(cache);
}

void
tayra_cache_destroy(struct tayra_cache *cache)
{
	if (cache)
		end_life(cache);
}

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

static struct tayra__shard *
shard_of_item(struct tayra_cache *cache, const struct tayra__item *item)
{
	const struct tayra__arena_header *header = cache->arena;
	uint64_t offset = (uint64_t)((const char *)item - (const char *)cache->arena);

	return &cache->shard[(offset - header->first_shard) / header->shard_bytes];
}

/*
 * Account for an item that now has its first pin.  Under the shard's lock.
 * => TAYRA_E_FULL: pinned_max_bytes is reached; nothing was counted.
 */
static int
count_pin(struct tayra_cache *cache, const struct tayra__item *item)
{
	uint64_t bytes = tayra__item_occupied(item);
	/* relaxed: a bound on a sum; orders nothing else. */
	uint64_t before = atomic_fetch_add_explicit(&cache->pinned_bytes, bytes,
						    memory_order_relaxed);

	if (before + bytes > cache->pinned_max_bytes) {
		atomic_fetch_sub_explicit(&cache->pinned_bytes, bytes, memory_order_relaxed);
		return TAYRA_E_FULL;
	}
	/* relaxed: the caller holds a life already. */
	atomic_fetch_add_explicit(&cache->lives, 1, memory_order_relaxed);
	return TAYRA_OK;
}

/* One more pin on a resident item, under the shard's lock.  => TAYRA_E_FULL. */
static int
pin_item(struct tayra_cache *cache, struct tayra__item *item)
{
	/* acquire: so that bytes counted by the last pin before are counted anew by this one. */
	uint32_t before = atomic_fetch_add_explicit(&item->pins, 1, memory_order_acquire);
	int status = TAYRA_OK;

	if ((before & TAYRA__ITEM_PINS) == 0)
		status = count_pin(cache, item);
	else if ((before & TAYRA__ITEM_PINS) >= TAYRA__ITEM_PINS_MAX)
		status = TAYRA_E_FULL;
	if (status != TAYRA_OK)
		/* relaxed: nothing was read under this pin. */
		atomic_fetch_sub_explicit(&item->pins, 1, memory_order_relaxed);
	return status;
}

/* Give one pin back: without a lock, but for the last pin of a dead item. */
static void
unpin_item(struct tayra_cache *cache, struct tayra__item *item)
{
	/* Read first: after the decrement the item may be freed by another thread. */
	uint64_t bytes = tayra__item_occupied(item);
	/* acq_rel: release what was read under the pin, before the memory is used again; acquire
	 * the dead bit and what other pins released, before freeing it here.  Pairs with kill(). */
	uint32_t before = atomic_fetch_sub_explicit(&item->pins, 1, memory_order_acq_rel);

	if ((before & TAYRA__ITEM_PINS) != 1)
		return;
	if (before & TAYRA__ITEM_DEAD) {
		struct tayra__shard *shard = shard_of_item(cache, item);

		pthread_mutex_lock(&shard->lock);
		tayra__shard_bury(shard, tayra__pool_ref(&shard->state->pool, item));
		unlock(shard);
	}
	atomic_fetch_sub_explicit(&cache->pinned_bytes, bytes, memory_order_relaxed);
	end_life(cache);
}

static void
fill_value(struct tayra__item *item, struct tayra_value *out)
{
	out->data = item->value_len ? tayra__item_value(item) : NULL;
	out->len = item->value_len;
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

		status = pin_item(cache, item);
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

		status = count_pin(cache, item);
		if (status == TAYRA_OK) {
			out->data = value_len ? tayra__item_value(item) : NULL;
			out->len = value_len;
			out->pin = item;
		} else {
			tayra__shard_reject(shard, &k, ref);
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
	shard = shard_of_item(cache, item);
	pthread_mutex_lock(&shard->lock);
	status = tayra__shard_commit(shard, tayra__pool_ref(&shard->state->pool, item), &m);
	if (status == TAYRA_OK && out)
		fill_value(item, out);
	unlock(shard);
	if (status != TAYRA_OK || !out)
		unpin_item(cache, item);
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
	shard = shard_of_item(cache, item);
	pthread_mutex_lock(&shard->lock);
	tayra__shard_remove(shard, tayra__pool_ref(&shard->state->pool, item));
	unlock(shard);
	unpin_item(cache, item);
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
			item->flags = (uint16_t)flags;
			status = TAYRA_OK;
		}
	}
	unlock(shard);
	return status;
}

void
tayra_cache_unpin(struct tayra_cache *cache, struct tayra_value *value)
{
	struct tayra__item *item = value->pin;

	memset(value, 0, sizeof(*value));
	if (item)
		unpin_item(cache, item);
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
