/* SPDX-License-Identifier: Apache-2.0 */
#include "load/eager.h"

#include "load/below.h"
#include "load/flight.h"
#include "load/request.h"
#include "load/turn.h"

/* => whether it is still the value that was hit, and nobody was faster.  Lock held. */
static bool
mark(struct tayra *t, const struct tayra__want *want, const struct tayra_item_meta *meta,
     uint64_t now_ms)
{
	struct tayra_value value;
	bool same;

	if (tayra_cache_get(t->cache, want->key, want->key_len, now_ms, &value) != TAYRA_OK)
		return false;
	same = value.meta.flags == meta->flags && value.meta.born_ms == meta->born_ms &&
	       value.meta.fresh_ms == meta->fresh_ms;
	if (same)
		tayra_cache_touch(t->cache, want->key, want->key_len, value.meta.version,
				  value.meta.fresh_ms, value.meta.expire_ms,
				  value.meta.flags | TAYRA__ITEM_EAGER);
	tayra_cache_unpin(t->cache, &value);
	return same;
}

/* Lock held.  => NULL: it is loaded already, or there is no memory. */
static struct tayra_load *
make(struct tayra *t, struct tayra__want *want, const struct tayra_item_meta *meta, uint64_t now_ms)
{
	if (tayra__flight_find(t, want->key, want->key_len) || !mark(t, want, meta, now_ms))
		return NULL;
	if (want->cls < t->strategy.refresh_class)
		want->cls = t->strategy.refresh_class;
	return tayra__flight_create(t, want);
}

void
tayra__eager_begin(struct tayra *t, const struct tayra_request *request,
		   const struct tayra_item_meta *meta, uint64_t now_ms)
{
	struct tayra__want want = tayra__want_of(t, request, now_ms * TAYRA_NS_PER_MS);
	struct tayra_load *flight = NULL;

	if (!want.loads || !want.store || !(want.origin || t->ticker))
		return;
	want.refresh = true;
	pthread_mutex_lock(&t->lock);
	if (tayra__handle_enter(t) == TAYRA_OK) {
		flight = make(t, &want, meta, now_ms);
		tayra__handle_leave(t);
	}
	if (flight) {
		flight->behind = true;
		tayra__turn_enter_later(flight);
	}
	tayra__turn_unlock(t);
}
