/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/pin.h"

#include "cache/handle.h"

#include <string.h>

int
tayra__pin_count(struct tayra_cache *cache, const struct tayra__item *item)
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

int
tayra__pin_take(struct tayra_cache *cache, struct tayra__item *item)
{
	/* relaxed: under the lock, and so was everything written that this pin lets one read. */
	uint32_t before = atomic_fetch_add_explicit(&item->pins, 1, memory_order_relaxed);
	int status = TAYRA_OK;

	if ((before & TAYRA__ITEM_PINS) == 0)
		status = tayra__pin_count(cache, item);
	else if ((before & TAYRA__ITEM_PINS) >= TAYRA__ITEM_PINS_MAX)
		status = TAYRA_E_FULL;
	if (status != TAYRA_OK)
		/* relaxed: nothing was read under this pin. */
		atomic_fetch_sub_explicit(&item->pins, 1, memory_order_relaxed);
	return status;
}

void
tayra__pin_give_back(struct tayra_cache *cache, struct tayra__item *item)
{
	/* Read first: after the decrement the item may be freed by another thread. */
	uint64_t bytes = tayra__item_occupied(item);
	/* acq_rel: release what was read under the pin, before the memory is used again; acquire
	 * the dead bit and what other pins released, before freeing it here.  Pairs with kill(). */
	uint32_t before = atomic_fetch_sub_explicit(&item->pins, 1, memory_order_acq_rel);

	if ((before & TAYRA__ITEM_PINS) != 1)
		return;
	if (before & TAYRA__ITEM_DEAD) {
		struct tayra__shard *shard = tayra__cache_shard_of(cache, item);

		pthread_mutex_lock(&shard->lock);
		tayra__shard_bury(shard, tayra__pool_ref(&shard->state->pool, item));
		pthread_mutex_unlock(&shard->lock);
	}
	atomic_fetch_sub_explicit(&cache->pinned_bytes, bytes, memory_order_relaxed);
	tayra__cache_end_life(cache);
}

void
tayra_cache_unpin(struct tayra_cache *cache, struct tayra_value *value)
{
	struct tayra__item *item = value->pin;

	memset(value, 0, sizeof(*value));
	if (item)
		tayra__pin_give_back(cache, item);
}
