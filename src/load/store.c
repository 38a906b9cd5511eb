/* SPDX-License-Identifier: Apache-2.0
 *
 * store.c: the calls that change a key.  Both detach the key's flight and change the cache in one
 * hold of handle.lock, so that what a load began to read before can never come back after.
 */
#include <string.h>

#include <tayra/tayra.h>

#include "load/below.h"
#include "load/flight.h"
#include "load/handle.h"
#include "load/land.h"
#include "load/request.h"

/* The bytes are copied into the cache before the lock is taken. */
static int
reserve_copy(struct tayra *t, const void *key, size_t key_len, const void *value, size_t value_len,
	     uint64_t now_ms, struct tayra_reservation *reservation)
{
	int status = tayra_cache_reserve(t->cache, key, key_len, value_len, now_ms, reservation);

	if (status == TAYRA_OK && value_len > 0)
		memcpy(reservation->data, value, value_len);
	return status;
}

int
tayra_put(struct tayra *t, const void *key, size_t key_len, const void *value, size_t value_len,
	  uint64_t ttl_ms, uint64_t stale_ms)
{
	struct tayra_reservation reservation = { 0 };
	struct tayra_item_meta meta;
	uint64_t now_ns, now_ms;
	int status = tayra__key_check(t, key, key_len);

	if (status == TAYRA_OK && !value && value_len > 0)
		status = TAYRA_E_INVAL;
	if (status != TAYRA_OK)
		return status;
	now_ns = tayra__handle_now_ns(t);
	now_ms = now_ns / TAYRA_NS_PER_MS;
	meta = tayra__meta_for(now_ms, ttl_ms ? ttl_ms : t->ttl_ms,
			       stale_ms ? stale_ms : t->stale_ms);
	status = reserve_copy(t, key, key_len, value, value_len, now_ms, &reservation);
	tayra__below_enter(t, key, key_len);
	pthread_mutex_lock(&t->lock);
	tayra__flight_forget(t, key, key_len);
	if (status == TAYRA_OK)
		status = tayra_cache_commit(t->cache, &reservation, &meta, now_ms, NULL);
	if (status != TAYRA_OK)
		tayra_cache_delete(t->cache, key, key_len);
	pthread_mutex_unlock(&t->lock);
	if (status == TAYRA_OK)
		tayra__below_put(t, key, key_len, value, value_len, &meta, now_ns);
	else
		tayra__below_remove(t, key, key_len);
	tayra__below_leave(t, key, key_len);
	return status;
}

int
tayra_delete(struct tayra *t, const void *key, size_t key_len)
{
	int status = tayra__key_check(t, key, key_len), below;

	if (status != TAYRA_OK)
		return status;
	tayra__below_enter(t, key, key_len);
	pthread_mutex_lock(&t->lock);
	tayra__flight_forget(t, key, key_len);
	status = tayra_cache_delete(t->cache, key, key_len);
	pthread_mutex_unlock(&t->lock);
	below = tayra__below_remove(t, key, key_len);
	tayra__below_leave(t, key, key_len);
	return below == TAYRA_E_NOT_FOUND ? status : below;
}
