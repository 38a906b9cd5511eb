/* SPDX-License-Identifier: Apache-2.0 */
#include "load/eager.h"

#include <math.h>

#include "base/hash.h"
#include "load/below.h"
#include "load/flight.h"
#include "load/learner.h"
#include "load/request.h"
#include "load/turn.h"

#define READS_MIN 4  /* to know how often it is read */
#define PART      16 /* of a value's time: wider apart refreshes would cost too many loads */

/*
 * With a chance of e^-((left - took) / scale) at each read, and 1 below: reads that come `apart` ms
 * are then expected to draw scale / apart refreshes before the moment from which a load would be
 * late.  Told of a millisecond, not of a read: those in one draw alike.
 */
static double
scale_ms(double wanted, double took_ms, double age_ms, double whole_ms, uint32_t reads)
{
	double scale = reads >= READS_MIN ? wanted * fmax(age_ms / reads, 1) : took_ms;

	return fmin(scale, whole_ms / PART);
}

bool
tayra__eager_is_drawn(struct tayra *t, const void *key, size_t key_len,
		      const struct tayra_item_meta *meta, uint64_t now_ms)
{
	double whole_ms = (double)(meta->fresh_ms - meta->born_ms);
	double left_ms = (double)(meta->fresh_ms - now_ms), took_ms = (double)meta->cost_ns / 1e6;
	double wanted = (double)tayra__setting(&t->settings.xfetch) / 4294967296.0, scale;
	const struct tayra__learner *learner = tayra__learner_of(t);
	uint32_t reads = 0;
	uint64_t hash;

	if (meta->fresh_ms == UINT64_MAX || left_ms > whole_ms / 2 || now_ms <= meta->born_ms ||
	    (meta->flags & TAYRA__ITEM_EAGER))
		return false;
	hash = tayra__hash_bytes(key, key_len, learner ? learner->seed : t->bucket_seed);
	if (learner)
		reads = tayra__observe_count(&learner->observe, hash);
	scale = scale_ms(wanted, took_ms, (double)(now_ms - meta->born_ms), whole_ms, reads);
	hash = tayra__hash_mix64(hash ^ tayra__hash_mix64(now_ms));
	return left_ms <= took_ms - scale * log(((double)(hash >> 32) + 1) / 4294967296.0);
}

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
