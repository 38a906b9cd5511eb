/* SPDX-License-Identifier: Apache-2.0
 *
 * land.c: all that a flight changes in the cache, it changes with handle.lock held, and so do put
 * and delete.  A flight that was overtaken by one of them is detached by then and changes nothing.
 */
#include "load/land.h"

#include "base/hash.h"
#include "cache/handle.h"
#include "load/absent.h"
#include "load/below.h"
#include "load/flight.h"
#include "load/handle.h"
#include "load/learner.h"
#include "load/lease.h"
#include "load/level.h"
#include "load/prefetch.h"
#include "load/ref.h"
#include "load/stale.h"
#include "load/store.h"
#include "load/through.h"
#include "load/turn.h"
#include "load/waiter.h"

struct tayra_item_meta
tayra__meta_for(uint64_t now_ms, uint64_t ttl_ms, uint64_t stale_ms)
{
	uint64_t fresh_ms = ttl_ms == TAYRA_OFF ? now_ms : tayra__add_sat(now_ms, ttl_ms);

	return (struct tayra_item_meta){
		.born_ms = now_ms,
		.fresh_ms = fresh_ms,
		.expire_ms = stale_ms == TAYRA_OFF ? fresh_ms : tayra__add_sat(fresh_ms, stale_ms),
	};
}

uint64_t
tayra__ttl_shortened(const struct tayra *t, const void *key, size_t key_len, uint64_t ttl_ms,
		     uint64_t now_ms)
{
	uint64_t jitter = tayra__setting(&t->settings.ttl_jitter), draw;
	double part;

	if (!jitter || ttl_ms == TAYRA_OFF)
		return ttl_ms;
	draw = tayra__hash_mix64(tayra__hash_bytes(key, key_len, t->bucket_seed) ^ now_ms);
	part = (double)jitter / UINT32_MAX * ((double)(draw >> 32) / UINT32_MAX);
	return ttl_ms - (uint64_t)((double)ttl_ms * part);
}

/* Its age counts from when the loader was called, for that is how old it may be; its ttl counts
 * from now, or what takes longer to load than its ttl would never be fresh for anyone. */
static struct tayra_item_meta
meta_of(const struct tayra_load *flight, const struct tayra_load_result *result,
	const struct tayra__lesson *lesson, uint64_t cost_ns, bool outdated, uint64_t now_ns)
{
	uint64_t began_ms = flight->started_ns / TAYRA_NS_PER_MS;
	uint64_t ttl_ms = result->ttl_ms ? result->ttl_ms : flight->ttl_ms;
	struct tayra_item_meta meta;

	if (flight->attached && flight->store && !outdated)
		ttl_ms = tayra__learner_landed(lesson, began_ms, ttl_ms, cost_ns);
	ttl_ms = tayra__ttl_shortened(flight->t, flight->key, flight->key_len, ttl_ms,
				      now_ns / TAYRA_NS_PER_MS);
	meta = tayra__meta_for(now_ns / TAYRA_NS_PER_MS, ttl_ms,
			       result->stale_ms ? result->stale_ms : flight->stale_ms);
	meta.born_ms = began_ms;
	meta.flags = tayra__tags_flags(&flight->hold->tags);
	if (meta.flags && !outdated)
		meta.born_ms = tayra__tag_birth(&flight->t->doubts.tags, &flight->hold->tags,
						began_ms);
	if (flight->ahead)
		meta.flags |= TAYRA__ITEM_AHEAD;
	meta.cost_ns = cost_ns;
	meta.version = result->version;
	return meta;
}

/* Without single flight: what others began to read earlier must not come after it. */
static void
overtake(struct tayra_load *flight)
{
	tayra__flight_forget(flight->t, flight->key, flight->key_len);
}

/* What is cached is as true as if it had been loaded now, and is not copied for that. */
static int
renew(struct tayra_load *flight, const struct tayra_item_meta *meta, uint64_t now_ms)
{
	struct tayra *t = flight->t;
	const struct tayra_value *value = &flight->hold->value;

	/* Where it was evicted meanwhile its bytes are still there: we have pinned them. */
	if (tayra__cache_renew(t->cache, flight->key, flight->key_len, value, meta) != TAYRA_OK)
		tayra_cache_put(t->cache, flight->key, flight->key_len, value->data,
				value->len + tayra__tags_bytes(&flight->hold->tags), meta, now_ms);
	return TAYRA_OK;
}

/* => TAYRA_OK, whether or not it was kept; TAYRA_E_FULL: the bytes are gone. */
static int
keep(struct tayra_load *flight, const struct tayra_item_meta *meta, uint64_t now_ms)
{
	struct tayra *t = flight->t;

	if (!flight->attached || !flight->store)
		return TAYRA_OK;
	overtake(flight);
	if (flight->hold->kind == TAYRA__HOLD_PINNED && meta->expire_ms > now_ms)
		return renew(flight, meta, now_ms);
	if (flight->hold->kind == TAYRA__HOLD_RESERVED && meta->expire_ms > now_ms)
		return tayra__hold_commit(flight->hold, meta, now_ms);
	/* It cannot be kept, and what is there is older than it. */
	tayra_cache_delete(t->cache, flight->key, flight->key_len);
	return TAYRA_OK;
}

/* Do not ask for it again for a while, as long as something stale can be served. */
static void
throttle(struct tayra_load *flight, uint64_t now_ms)
{
	struct tayra *t = flight->t;
	uint64_t throttle_ms = tayra__setting(&t->settings.throttle_ms);

	if (throttle_ms)
		tayra__stale_mark(t, flight->key, flight->key_len, TAYRA_ITEM_FAILED, now_ms,
				  tayra__add_sat(now_ms, throttle_ms));
}

/* That it is not to be had, unless there is something stale for some who ask. */
static void
remember(struct tayra_load *flight, int status, uint64_t ttl_ms, uint64_t now_ms)
{
	struct tayra *t = flight->t;
	struct tayra_value value;

	if (!ttl_ms || !flight->store || status == TAYRA_E_NOMEM || status == TAYRA_E_FULL)
		return;
	if (tayra__ram_get(t, flight->key, flight->key_len, now_ms, &value) == TAYRA_OK)
		tayra_cache_unpin(t->cache, &value);
	else
		tayra__absent_put(t, flight->key, flight->key_len, status, ttl_ms, now_ms);
}

/* What the cache learns from it.  Returns the status the waiters get. */
static int
settle(struct tayra_load *flight, int status, const struct tayra_item_meta *meta, uint64_t now_ms)
{
	if (status == TAYRA_OK)
		return keep(flight, meta, now_ms);
	if (!flight->attached || status == TAYRA_E_CANCELLED)
		return status;
	if (status != TAYRA_E_NOT_FOUND) {
		throttle(flight, now_ms);
		remember(flight, status, flight->error_ttl_ms, now_ms);
		return status;
	}
	overtake(flight);
	tayra_cache_delete(flight->t->cache, flight->key, flight->key_len);
	remember(flight, status, flight->absent_ttl_ms, now_ms);
	return status;
}

static struct tayra__waiter *
first_waiter(const struct tayra_load *flight)
{
	return TAYRA__LIST_ENTRY(flight->waiters.next, struct tayra__waiter, in_flight);
}

static void
give_value(struct tayra_load *flight, const struct tayra_item_meta *meta, enum tayra_tier tier,
	   uint64_t now_ms)
{
	while (!tayra__list_empty(&flight->waiters)) {
		struct tayra__waiter *w = first_waiter(flight);

		tayra__ref_share(&w->ref, flight->hold, meta, tier, now_ms);
		tayra__waiter_answer(w, TAYRA_OK);
	}
}

static void
give_error(struct tayra_load *flight, int status, uint64_t retry_after_ns, uint64_t now_ns)
{
	while (!tayra__list_empty(&flight->waiters))
		tayra__waiter_fail(first_waiter(flight), status, retry_after_ns, now_ns);
}

static void
count(struct tayra *t, const struct tayra_load *flight, const struct tayra__landing *landing,
      uint64_t cost_ns)
{
	if (flight->writes) {
		tayra__counters_add(&t->counters, TAYRA__COUNT_WRITE_ERRORS,
				    landing->status != TAYRA_OK);
		return;
	}
	tayra__counters_add(&t->counters, TAYRA__COUNT_LOAD_NS, cost_ns);
	if (landing->status != TAYRA_OK && landing->status != TAYRA_E_NOT_FOUND)
		tayra__counters_add(&t->counters, TAYRA__COUNT_LOAD_ERRORS, 1);
	if (landing->unchanged)
		tayra__counters_add(&t->counters, TAYRA__COUNT_UNCHANGED, 1);
}

static void
learn_outcome(const struct tayra_load *flight, enum tayra_outcome outcome, uint64_t now_ns)
{
	struct tayra *t = flight->t;
	struct tayra__breaker_rest rest = tayra__handle_rest(t);

	if (rest.least_ns && (outcome != TAYRA_OUTCOME_OK || t->breaker.used))
		tayra__breaker_learn(&t->breaker, tayra__flight_group(flight), outcome, rest,
				     now_ns);
}

/* What the tiers below have to be told of it. */
enum change { NO_CHANGE, CHANGE_PUT, CHANGE_REMOVE, CHANGE_ABSENT };

/* Whoever shares the remote may be told that there is none, for as long as it is remembered. */
static enum change
change_by_absence(const struct tayra_load *flight)
{
	return flight->absent_ttl_ms && flight->store && !flight->writes ? CHANGE_ABSENT
									 : CHANGE_REMOVE;
}

static enum change
change_by(const struct tayra_load *flight, int status, const struct tayra_item_meta *meta,
	  uint64_t now_ms)
{
	if (!flight->attached)
		return NO_CHANGE;
	if (status == TAYRA_E_NOT_FOUND)
		return change_by_absence(flight);
	if (status != TAYRA_OK || !flight->store)
		return NO_CHANGE;
	return meta->expire_ms > now_ms ? CHANGE_PUT : CHANGE_REMOVE;
}

static void
change_below(struct tayra_load *flight, enum change change, const struct tayra_item_meta *meta)
{
	const struct tayra_value *value = &flight->hold->value;

	if (change == CHANGE_PUT)
		tayra__below_put(flight->t, flight->key, flight->key_len, value->data, value->len,
				 meta);
	else if (change != NO_CHANGE)
		tayra__below_remove(flight->t, flight->key, flight->key_len);
}

/* The remote is told later: by the thread for it, or when all else is done.  Lock held.  => the
 * number of the change. */
static uint64_t
note_change(struct tayra_load *flight, enum change change, const struct tayra_item_meta *meta)
{
	struct tayra *t = flight->t;
	uint64_t number;

	if (change == NO_CHANGE)
		return 0;
	number = tayra__due_note(t, flight->key, flight->key_len);
	if (tayra__below_posts(t))
		tayra__due_post(t, flight->key, flight->key_len, number,
				change == CHANGE_PUT ? flight->hold : NULL, meta);
	return number;
}

static void
tell_remote(struct tayra_load *flight, enum change change, uint64_t number,
	    const struct tayra_item_meta *meta)
{
	struct tayra__news news = {
		.meta = change == CHANGE_REMOVE ? NULL : meta,
		.loaded = true,
	};

	if (change == CHANGE_PUT) {
		news.value = flight->hold->value.data;
		news.len = flight->hold->value.len;
	}
	if (change != NO_CHANGE && !tayra__below_posts(flight->t))
		tayra__due_deliver(flight->t, flight->key, flight->key_len, number, &news);
}

/* => what is to be told below. */
static enum change
answer_all(struct tayra_load *flight, const struct tayra__landing *landing,
	   const struct tayra_item_meta *meta, uint64_t now_ns)
{
	const uint64_t now_ms = now_ns / TAYRA_NS_PER_MS;
	enum change change = change_by(flight, landing->status, meta, now_ms);
	int status = settle(flight, landing->status, meta, now_ms);

	tayra__flight_end(flight, TAYRA__FLIGHT_DONE);
	if (status == TAYRA_OK)
		give_value(flight, meta, TAYRA_TIER_ORIGIN, now_ms);
	else
		give_error(flight, status, landing->retry_after_ns, now_ns);
	return change == CHANGE_PUT && status != TAYRA_OK ? CHANGE_REMOVE : change;
}

/* As the remote is told that there is none; meta_below() says since when. */
static struct tayra_item_meta
meta_of_absence(const struct tayra_load *flight, uint64_t now_ns)
{
	struct tayra_item_meta meta = tayra__meta_for(now_ns / TAYRA_NS_PER_MS,
						      flight->absent_ttl_ms, TAYRA_OFF);

	meta.flags = TAYRA__ITEM_ABSENT;
	return meta;
}

/* For the tiers, where a birth that was moved ahead of the clock would be none, or that of a load
 * which began after what others changed: they take it for a second earlier than that anyway. */
static struct tayra_item_meta
meta_below(const struct tayra_load *flight, const struct tayra_item_meta *meta)
{
	struct tayra_item_meta below = *meta;

	below.born_ms = flight->started_ns / TAYRA_NS_PER_MS;
	return below;
}

static uint64_t
evictions_of(const struct tayra_load *flight)
{
	struct tayra_cache_stats stats = TAYRA_CACHE_STATS_INIT;

	tayra_cache_stats(flight->t->cache, &stats);
	return stats.evictions;
}

/* The same; and if nobody had asked for it, what it cost is counted. */
static enum change
answer_and_account(struct tayra_load *flight, const struct tayra__landing *landing,
		   const struct tayra_item_meta *meta, uint64_t now_ns)
{
	uint64_t bytes = flight->hold->value.len, before;
	enum change change;

	if (!flight->ahead)
		return answer_all(flight, landing, meta, now_ns);
	before = evictions_of(flight);
	change = answer_all(flight, landing, meta, now_ns);
	if (change == CHANGE_PUT)
		tayra__prefetch_landed(flight, meta, bytes, evictions_of(flight) - before);
	return change;
}

/* The loader saw that nobody waited and gave up, but by now somebody does: it must start over. */
static bool
wanted_again(const struct tayra_load *flight, int status)
{
	return status == TAYRA_E_CANCELLED && flight->given_up &&
	       !tayra__list_empty(&flight->waiters);
}

static void
start_over(struct tayra_load *flight)
{
	tayra__hold_empty(flight->hold);
	flight->roomed = false;
	flight->given_up = false;
	flight->held = false;
	tayra__flight_reenter(flight);
	atomic_store_explicit(&flight->finished, false, memory_order_relaxed);
}

/* What it brought is from before something was said of its tags. */
static bool
is_outdated(const struct tayra_load *flight, int status)
{
	const struct tayra__tags *tags = status == TAYRA_OK ? &flight->hold->tags
							    : tayra__flight_tags(flight);
	uint64_t number = 0;

	if (!flight->writes && (status == TAYRA_OK || status == TAYRA_E_NOT_FOUND))
		number = tayra__tag_number(&flight->t->doubts.tags, tags);
	return number > flight->tag_number;
}

/*
 * It is kept nowhere, and goes to those who asked before anything was said of any tag since it
 * began: of what was said of its own only the last is known.  => TAYRA_PENDING: there are others,
 * for whom it has to be loaded anew.  TAYRA_OK; TAYRA_E_NOMEM: there were, and they were told so.
 */
static int
answer_early(struct tayra_load *flight, const struct tayra__landing *landing,
	     const struct tayra_item_meta *meta, uint64_t now_ns)
{
	struct tayra *t = flight->t;
	const struct tayra__waiter *last;
	struct tayra__hold *hold;

	if (tayra__list_empty(&flight->waiters))
		return TAYRA_OK;
	last = TAYRA__LIST_ENTRY(flight->waiters.prev, struct tayra__waiter, in_flight);
	if (last->tag_number <= flight->tag_number)
		return TAYRA_OK;
	while (first_waiter(flight)->tag_number <= flight->tag_number) {
		struct tayra__waiter *w = first_waiter(flight);

		if (landing->status != TAYRA_OK) {
			tayra__waiter_fail(w, landing->status, 0, now_ns);
			continue;
		}
		tayra__ref_share(&w->ref, flight->hold, meta, TAYRA_TIER_ORIGIN,
				 now_ns / TAYRA_NS_PER_MS);
		tayra__waiter_answer(w, TAYRA_OK);
	}
	hold = tayra__hold_create(t->cache, t->budget, t->token);
	if (!hold) {
		give_error(flight, TAYRA_E_NOMEM, 0, now_ns);
		return TAYRA_E_NOMEM;
	}
	tayra__hold_put(flight->hold);
	flight->hold = hold;
	return TAYRA_PENDING;
}

static struct tayra__lesson
lesson_of(const struct tayra_load *flight, const struct tayra__landing *landing)
{
	struct tayra__lesson lesson = tayra__learner_lesson(flight, landing->status,
							    landing->result.version);

	lesson.fixed = landing->result.ttl_ms != 0;
	lesson.sampled = flight->sampled;
	return lesson;
}

void
tayra__land(struct tayra_load *flight, const struct tayra__landing *landing)
{
	struct tayra *t = flight->t;
	uint64_t landed_ns = tayra__handle_now_ns(t);
	uint64_t cost_ns = landed_ns - flight->started_ns;
	struct tayra__lesson lesson = lesson_of(flight, landing);
	struct tayra_item_meta meta = { 0 };
	enum change change = NO_CHANGE;
	uint64_t number = 0;
	bool held = flight->held;
	bool again, late;

	if (flight->follows)
		tayra__through_landed(flight, landing->status);
	tayra__below_enter(t, flight->key, flight->key_len);
	pthread_mutex_lock(&t->lock);
	count(t, flight, landing, cost_ns);
	/* Who wrote has left: what was loaded since may be from before. */
	late = flight->writes && tayra__list_empty(&flight->waiters);
	learn_outcome(flight, landing->outcome, landed_ns);
	again = wanted_again(flight, landing->status);
	if (again) {
		start_over(flight);
	} else {
		/* The time again: requests joined for as long as the lock was waited for, and how
		 * old the value is when they get it must not come out younger than it is. */
		uint64_t now_ns = tayra__handle_now_ns(t);

		bool outdated = is_outdated(flight, landing->status);

		meta = meta_of(flight, &landing->result, &lesson, cost_ns, outdated, now_ns);
		/* To bring it again whole would cost what it did. */
		if (landing->unchanged && landing->unchanged->cost_ns)
			meta.cost_ns = landing->unchanged->cost_ns;
		again = outdated && answer_early(flight, landing, &meta, now_ns) == TAYRA_PENDING;
		if (outdated && !again && flight->attached)
			tayra__flight_detach(flight);
		if (again)
			start_over(flight);
		else
			change = answer_and_account(flight, landing, &meta, now_ns);
		if (change == CHANGE_ABSENT)
			meta = meta_of_absence(flight, now_ns);
		meta = meta_below(flight, &meta);
		number = note_change(flight, change, &meta);
	}
	pthread_mutex_unlock(&t->lock);
	change_below(flight, change, &meta);
	tayra__below_leave(t, flight->key, flight->key_len);

	if (held)
		tayra__turn_leave_pace(flight, landing->outcome, landed_ns);

	pthread_mutex_lock(&t->lock);
	if (again)
		tayra__turn_enter_later(flight);
	tayra__turn_unlock(t);
	if (again)
		return;
	tell_remote(flight, change, number, &meta);
	if (late)
		tayra__store_outdate(t, flight->key, flight->key_len, TAYRA__STORE_ERASE);
	pthread_mutex_lock(&t->lock);
	tayra__lease_end(flight);
	tayra__flight_unref(flight);
	tayra__turn_unlock(t);
}

static bool
is_doubted(const struct tayra_load *flight, const struct tayra_item_meta *found)
{
	const struct tayra_value *value = &flight->hold->value;
	const struct tayra__suspect suspect = { flight->key, flight->key_len, value->data,
						value->len };
	struct tayra_item_meta meta = *found;

	return !tayra__doubts_judge_found(&flight->t->doubts, &suspect, &meta) ||
	       meta.fresh_ms != found->fresh_ms;
}

bool
tayra__land_found(struct tayra_load *flight, const struct tayra_item_meta *meta,
		  enum tayra_tier tier)
{
	struct tayra *t = flight->t;
	uint64_t now_ms;
	bool ends;

	pthread_mutex_lock(&t->lock);
	now_ms = tayra__handle_now_ns(t) / TAYRA_NS_PER_MS;
	if (is_doubted(flight, meta)) /* since it was looked for */
		tayra__hold_empty(flight->hold);
	if (flight->attached && flight->store && flight->hold->kind == TAYRA__HOLD_RESERVED)
		tayra__hold_commit(flight->hold, meta, now_ms);
	tayra__absent_forget(t, flight->key, flight->key_len);
	ends = now_ms < meta->fresh_ms && !flight->renew && flight->hold->kind != TAYRA__HOLD_EMPTY;
	if (ends) {
		tayra__flight_end(flight, TAYRA__FLIGHT_DONE);
		give_value(flight, meta, tier, now_ms);
		tayra__flight_unref(flight);
	} else {
		tayra__hold_empty(flight->hold);
	}
	tayra__turn_unlock(t);
	return ends;
}

bool
tayra__land_absent(struct tayra_load *flight, const struct tayra_item_meta *meta)
{
	struct tayra *t = flight->t;
	uint64_t now_ns, now_ms, left_ms;
	bool ends;

	pthread_mutex_lock(&t->lock);
	now_ns = tayra__handle_now_ns(t);
	now_ms = now_ns / TAYRA_NS_PER_MS;
	/* Who does not remember such things wants to know it anew. */
	ends = now_ms < meta->fresh_ms && !flight->renew && flight->absent_ttl_ms &&
	       !is_doubted(flight, meta);
	if (ends) {
		left_ms = meta->fresh_ms - now_ms;
		if (flight->attached && flight->store) {
			tayra_cache_delete(t->cache, flight->key, flight->key_len);
			remember(flight, TAYRA_E_NOT_FOUND,
				 left_ms < flight->absent_ttl_ms ? left_ms : flight->absent_ttl_ms,
				 now_ms);
		}
		tayra__flight_end(flight, TAYRA__FLIGHT_DONE);
		give_error(flight, TAYRA_E_NOT_FOUND, 0, now_ns);
		tayra__flight_unref(flight);
	}
	tayra__turn_unlock(t);
	return ends;
}

void
tayra__land_shed(struct tayra_load *flight, int status, uint64_t retry_after_ns)
{
	tayra__flight_end(flight, TAYRA__FLIGHT_DONE);
	give_error(flight, status, retry_after_ns, tayra__handle_now_ns(flight->t));
	tayra__lease_end(flight);
	tayra__flight_unref(flight);
}
