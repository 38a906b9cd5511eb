/* SPDX-License-Identifier: Apache-2.0 */
#include "load/absent.h"

#include "load/handle.h"

static struct tayra_cache *
cache_of(struct tayra *t)
{
	/* acquire: pairs with the release in make(). */
	return atomic_load_explicit(&t->absent, memory_order_acquire);
}

static struct tayra_cache *
make(struct tayra *t)
{
	struct tayra_cache_options options = TAYRA_CACHE_OPTIONS_INIT;
	struct tayra_cache *cache = NULL;

	options.memory_bytes = TAYRA_CACHE_MEMORY_MIN;
	options.shards = 1;
	if (tayra_cache_create(&options, &cache) == TAYRA_OK)
		atomic_store_explicit(&t->absent, cache, memory_order_release);
	return cache;
}

int
tayra__absent_get(struct tayra *t, const void *key, size_t key_len, uint64_t now_ms,
		  uint64_t *left_ms)
{
	struct tayra_cache *cache = cache_of(t);
	struct tayra_value value;
	int status;

	if (!cache || tayra_cache_get(cache, key, key_len, now_ms, &value) != TAYRA_OK)
		return TAYRA_OK;
	status = -(int)value.meta.version;
	*left_ms = value.meta.expire_ms - now_ms;
	/* It may be there by now, and nobody would say so. */
	if (status == TAYRA_E_NOT_FOUND &&
	    (!tayra__doubts_judge(&t->doubts, key, key_len, &value) ||
	     now_ms >= value.meta.fresh_ms))
		status = TAYRA_OK;
	tayra_cache_unpin(cache, &value);
	return status;
}

void
tayra__absent_put(struct tayra *t, const void *key, size_t key_len, int status, uint64_t ttl_ms,
		  uint64_t now_ms)
{
	struct tayra_item_meta meta = { .born_ms = now_ms, .version = (uint64_t)-status };
	struct tayra_cache *cache = cache_of(t);

	if (!cache)
		cache = make(t);
	if (!cache)
		return;
	meta.fresh_ms = meta.expire_ms = tayra__add_sat(now_ms, ttl_ms);
	tayra_cache_put(cache, key, key_len, NULL, 0, &meta, now_ms);
}

void
tayra__absent_forget(struct tayra *t, const void *key, size_t key_len)
{
	struct tayra_cache *cache = cache_of(t);

	if (cache)
		tayra_cache_delete(cache, key, key_len);
}

void
tayra__absent_forget_all(struct tayra *t)
{
	struct tayra_cache *cache = cache_of(t);

	if (cache)
		tayra_cache_clear(cache);
}
