/* SPDX-License-Identifier: Apache-2.0
 *
 * request.c: the calls that ask for a key.
 *
 * A hit looks the key up in the cache and is done: no lock of the handle, no allocation, and no
 * clock read while the ticker runs.  A miss takes handle.lock, looks again (the load it missed may
 * have landed in between), and joins or makes the key's flight.
 */
#include "load/request.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/option.h"
#include "load/absent.h"
#include "load/below.h"
#include "load/cq.h"
#include "load/eager.h"
#include "load/flight.h"
#include "load/handle.h"
#include "load/inside.h"
#include "load/learner.h"
#include "load/lease.h"
#include "load/prefetch.h"
#include "load/ref.h"
#include "load/stale.h"
#include "load/turn.h"
#include "load/waiter.h"

#define REQUEST_FLAGS (TAYRA_REQUEST_REFRESH | TAYRA_REQUEST_NO_STORE | TAYRA_REQUEST_NO_LOAD)

int
tayra__key_check(const struct tayra *t, const void *key, size_t key_len)
{
	if (!t || (!key && key_len > 0))
		return TAYRA_E_INVAL;
	if (tayra__handle_forked(t))
		return TAYRA_E_FORKED;
	return key_len > TAYRA_KEY_MAX ? TAYRA_E_TOO_LARGE : TAYRA_OK;
}

/* It says what it wants, and who brings it. */
static bool
makes_sense(const struct tayra_request *r)
{
	if ((r->flags & ~REQUEST_FLAGS) || (unsigned)r->cls > TAYRA_BACKGROUND ||
	    r->key_prefix_len > r->key_len || r->cost > TAYRA_COST_MAX || !(r->refresh_at < 1))
		return false;
	if (r->flags & TAYRA_REQUEST_NO_LOAD)
		return !(r->flags & TAYRA_REQUEST_REFRESH);
	return r->origin || r->load;
}

int
tayra__request_check(const struct tayra *t, const struct tayra_request **request,
		     struct tayra_request *copy)
{
	const struct tayra_request *r = *request;

	if (!r)
		return TAYRA_E_INVAL;
	if (r->size != sizeof(*r)) {
		if (tayra__option_struct(r, copy, sizeof(*copy)) != TAYRA_OK)
			return TAYRA_E_INVAL;
		*request = r = copy;
	}
	if (!makes_sense(r))
		return TAYRA_E_INVAL;
	if (r->tag_count) {
		int status = tayra__tags_check(r->tags, r->tag_count);

		if (status != TAYRA_OK)
			return status;
	}
	return tayra__key_check(t, r->key, r->key_len);
}

/* 0: not at all. */
static uint64_t
or_setting(uint64_t given, const _Atomic uint64_t *setting)
{
	if (given == TAYRA_OFF)
		return 0;
	return given ? given : tayra__setting(setting);
}

/* How long past its ttl this request takes a value; 0: not at all. */
static uint64_t
stale_ms_of(const struct tayra *t, uint64_t given)
{
	return or_setting(given, &t->settings.stale_ms);
}

static uint64_t
soft_ns_of(const struct tayra *t, uint64_t given, uint64_t now_ns)
{
	return tayra__add_sat(now_ns, given ? given : tayra__setting(&t->settings.soft_timeout_ns));
}

static bool
is_at_once(const struct tayra *t, uint64_t given)
{
	return (given ? given : tayra__setting(&t->settings.soft_timeout_ns)) == TAYRA_AT_ONCE;
}

static uint64_t
deadline_ns_of(const struct tayra *t, const struct tayra_request *r, uint64_t now_ns)
{
	uint64_t deadline = tayra__add_sat(
		now_ns, r->timeout_ns ? r->timeout_ns : tayra__setting(&t->settings.timeout_ns));

	return r->deadline_ns && r->deadline_ns < deadline ? r->deadline_ns : deadline;
}

struct tayra__want
tayra__want_of(const struct tayra *t, const struct tayra_request *r, uint64_t now_ns)
{
	const bool loads = !(r->flags & TAYRA_REQUEST_NO_LOAD);

	return (struct tayra__want){
		.key = r->key,
		.key_len = r->key_len,
		.key_prefix_len = r->key_prefix_len,
		.loads = loads,
		.origin = loads ? r->origin : NULL,
		.load = loads ? r->load : NULL,
		.load_arg = loads ? r->load_arg : NULL,
		.ttl_ms = r->ttl_ms ? r->ttl_ms : tayra__setting(&t->settings.ttl_ms),
		.stale_ms = stale_ms_of(t, r->stale_ms),
		.absent_ttl_ms = or_setting(r->absent_ttl_ms, &t->settings.absent_ttl_ms),
		.error_ttl_ms = or_setting(r->error_ttl_ms, &t->settings.error_ttl_ms),
		.soft_ns = soft_ns_of(t, r->soft_timeout_ns, now_ns),
		.deadline_ns = deadline_ns_of(t, r, now_ns),
		.cls = r->cls ? r->cls : TAYRA_NORMAL,
		.cost = r->cost,
		.tags = r->tags,
		.tag_count = r->tag_count,
		.store = !(r->flags & TAYRA_REQUEST_NO_STORE),
		.refresh = r->flags & TAYRA_REQUEST_REFRESH,
		.at_once = is_at_once(t, r->soft_timeout_ns),
	};
}

/* Would who asks take this item, which is kept past its time?  want, or request, or nobody. */
static bool
takes(const struct tayra *t, const struct tayra_request *request, const struct tayra__want *want,
      uint32_t flags)
{
	uint64_t stale_ms = 0;

	if (want)
		stale_ms = want->stale_ms;
	else if (request)
		stale_ms = stale_ms_of(t, request->stale_ms);
	if (!stale_ms)
		return false;
	if (flags & TAYRA_ITEM_FAILED)
		return true;
	return want ? want->at_once : is_at_once(t, request->soft_timeout_ns);
}

static void
count_stale(struct tayra *t, uint32_t flags)
{
	tayra__counters_add(
		&t->counters,
		flags & TAYRA_ITEM_FAILED ? TAYRA__COUNT_THROTTLED : TAYRA__COUNT_AT_ONCE, 1);
	tayra__counters_add(&t->counters, TAYRA__COUNT_STALE, 1);
}

/*
 * Answer from the cache: the request itself, which is then learned from, or the want made of it.
 * => TAYRA_OK, TAYRA_E_NOT_FOUND: it has to be loaded, TAYRA_E_FULL: too much is pinned.
 */
static int
look_up(struct tayra *t, const void *key, size_t key_len, uint64_t now_ms,
	const struct tayra_request *request, const struct tayra__want *want, struct tayra_ref *ref)
{
	struct tayra__learner *learner;
	struct tayra_value value;
	int status = tayra__ram_get(t, key, key_len, now_ms, &value);
	uint32_t past;

	if (status != TAYRA_OK)
		return status;
	past = value.meta.flags & TAYRA_ITEM_STALE;
	if (now_ms >= value.meta.fresh_ms || (past && !takes(t, request, want, past))) {
		tayra_cache_unpin(t->cache, &value);
		return TAYRA_E_NOT_FOUND;
	}
	learner = tayra__learner_of(t);
	if (learner)
		tayra__learner_hit(t, learner,
				   &(struct tayra__learner_use){
					   .key = key,
					   .key_len = key_len,
					   .prefix_len = request ? request->key_prefix_len : 0,
					   .request = request,
					   .meta = &value.meta,
					   .now_ms = now_ms });
	if (request && !past && tayra__eager_asks(t, request, &value.meta, now_ms))
		tayra__eager_begin(t, request, &value.meta, now_ms);
	tayra__ref_take(ref, t->cache, t->token, &value, now_ms);
	if (!past)
		tayra__counters_add(&t->counters, TAYRA__COUNT_HITS, 1);
	else
		count_stale(t, past);
	return TAYRA_OK;
}

static int
look_up_for(struct tayra *t, const struct tayra_request *r, struct tayra_ref *ref)
{
	if (r->flags & TAYRA_REQUEST_REFRESH)
		return TAYRA_E_NOT_FOUND;
	return look_up(t, r->key, r->key_len, tayra__handle_coarse_ns(t) / TAYRA_NS_PER_MS, r, NULL,
		       ref);
}

/* It is not in RAM.  => TAYRA_E_NOT_FOUND: it is to be asked for; TAYRA_OK: it need not be, and
 * *status is the answer. */
static int
look_up_absent(struct tayra *t, const struct tayra__want *want, uint64_t now_ns, int *status,
	       struct tayra_ref *ref)
{
	uint64_t left_ms;

	if (!want->loads || want->refresh)
		return TAYRA_E_NOT_FOUND;
	*status = tayra__absent_get(t, want->key, want->key_len, now_ns / TAYRA_NS_PER_MS,
				    &left_ms);
	if (*status == TAYRA_OK)
		return TAYRA_E_NOT_FOUND;
	if (*status != TAYRA_E_NOT_FOUND)
		ref->retry_after_ns = left_ms * TAYRA_NS_PER_MS;
	tayra__counters_add(&t->counters, TAYRA__COUNT_ABSENT, 1);
	return TAYRA_OK;
}

/* What is stale, for one who does not wait; others get it without the lock for a moment.  Lock
 * held. */
static bool
serve_at_once(struct tayra *t, const struct tayra__want *want, uint64_t now_ms,
	      struct tayra_ref *ref)
{
	if (!want->at_once || !want->loads || !want->stale_ms || want->refresh ||
	    !tayra__stale_take(t, want->key, want->key_len, now_ms, ref))
		return false;
	tayra__stale_mark(t, want->key, want->key_len, TAYRA_ITEM_LOADING, now_ms,
			  tayra__add_sat(now_ms, TAYRA__STALE_MARK_MS));
	if (ref->stale)
		count_stale(t, TAYRA_ITEM_LOADING);
	else /* it was put a moment ago */
		tayra__counters_add(&t->counters, TAYRA__COUNT_HITS, 1);
	return true;
}

/* Join a flight.  => as join(). */
static int
join_flight(struct tayra *t, const struct tayra__want *want, struct tayra__waiter *w,
	    struct tayra_load *flight, uint64_t now_ns, struct tayra_ref *ref)
{
	bool at_once = serve_at_once(t, want, now_ns / TAYRA_NS_PER_MS, ref);
	int status = at_once ? TAYRA_OK : tayra__waiter_join(w, flight, want);

	if (status != TAYRA_OK)
		return status;
	if (want->loads && !flight->loads)
		tayra__flight_equip(flight, want);
	if (at_once) {
		tayra__flight_count_on(flight, want);
		return TAYRA_OK;
	}
	flight->renew |= want->refresh;
	tayra__counters_add(&t->counters, TAYRA__COUNT_JOINED, 1);
	return TAYRA_PENDING;
}

/* The new flight's maker does not wait for it, if somebody else can run its loader or it is called
 * right now.  => as join(). */
static int
leave_behind(struct tayra *t, const struct tayra__want *want, struct tayra__waiter *w,
	     struct tayra_load *flight, uint64_t now_ns, struct tayra_ref *ref)
{
	if (!want->at_once || !(want->origin || t->ticker || w->cq) ||
	    !serve_at_once(t, want, now_ns / TAYRA_NS_PER_MS, ref))
		return tayra__waiter_join(w, flight, want) == TAYRA_OK ? TAYRA_PENDING
								       : TAYRA_E_NOMEM;
	flight->cq = w->cq;
	if (flight->cls < t->strategy.refresh_class)
		flight->cls = t->strategy.refresh_class;
	tayra__flight_count_on(flight, want);
	return TAYRA_OK;
}

/*
 * Join the key's flight, or make one.  Lock held.
 * => TAYRA_PENDING: w waits.  TAYRA_OK: *ref is filled after all.  TAYRA_E_NOMEM, TAYRA_E_FULL.
 *    *made is the new flight, with a reference for the caller who has to enter it, or NULL.
 */
static int
join(struct tayra *t, const struct tayra__want *want, struct tayra__waiter *w,
     struct tayra_ref *ref, uint64_t now_ns, struct tayra_load **made)
{
	struct tayra_load *flight = t->single_flight
					    ? tayra__flight_find(t, want->key, want->key_len)
					    : NULL;
	int status = TAYRA_E_NOT_FOUND;

	*made = NULL;
	if (flight)
		return join_flight(t, want, w, flight, now_ns, ref);
	if (!want->refresh)
		status = look_up(t, want->key, want->key_len, now_ns / TAYRA_NS_PER_MS, NULL, want,
				 ref);
	if (status != TAYRA_E_NOT_FOUND || (!want->loads && !tayra__below_is(t)))
		return status;
	flight = tayra__flight_create(t, want);
	if (!flight)
		return serve_at_once(t, want, now_ns / TAYRA_NS_PER_MS, ref) ? TAYRA_OK
									     : TAYRA_E_NOMEM;
	status = leave_behind(t, want, w, flight, now_ns, ref);
	if (status < 0) {
		tayra__flight_end(flight, TAYRA__FLIGHT_DONE);
		tayra__flight_unref(flight);
		return status;
	}
	tayra__flight_ref(flight);
	*made = flight;
	return status;
}

/* It was too late when it came. */
static int
too_late(struct tayra *t, const struct tayra__want *want, uint64_t now_ns, struct tayra_ref *ref)
{
	uint64_t now_ms = now_ns / TAYRA_NS_PER_MS;
	struct tayra_value value;

	tayra__counters_add(&t->counters, TAYRA__COUNT_MISSES, 1);
	if (want->stale_ms &&
	    tayra__ram_get(t, want->key, want->key_len, now_ms, &value) == TAYRA_OK) {
		tayra__ref_take(ref, t->cache, t->token, &value, now_ms);
		if (ref->stale)
			tayra__counters_add(&t->counters, TAYRA__COUNT_STALE, 1);
		return TAYRA_OK;
	}
	tayra__counters_add(&t->counters, TAYRA__COUNT_TIMEOUTS, 1);
	return TAYRA_E_TIMEOUT;
}

static void
sleep_until_next(struct tayra *t, struct tayra__waiter *w, uint64_t now_ns)
{
	uint64_t next_ns = w->soft_ns < w->deadline_ns ? w->soft_ns : w->deadline_ns;
	uint64_t look_ns = tayra__lease_due_ns_for(w);
	struct timespec until;
	uint64_t until_ns;

	next_ns = look_ns < next_ns ? look_ns : next_ns;

	if (next_ns == UINT64_MAX) {
		pthread_cond_wait(w->wake, &t->lock);
		return;
	}
	/* The handle's clock says how long, the real one when that will be: with a clock turned by
	 * hand this wakes too early or too late, and looks again. */
	until_ns = tayra__add_sat(tayra__clock_mono_ns(tayra_clock_real()),
				  next_ns > now_ns ? next_ns - now_ns : 0);
	until.tv_sec = (time_t)(until_ns / TAYRA_NS_PER_S);
	until.tv_nsec = (long)(until_ns % TAYRA_NS_PER_S);
	pthread_cond_timedwait(w->wake, &t->lock, &until);
}

static void
relock(struct tayra *t)
{
	tayra__turn_unlock(t);
	pthread_mutex_lock(&t->lock);
}

int
tayra__request_wait(struct tayra *t, struct tayra__waiter *w, struct tayra_load *made,
		    struct tayra_ref *ref)
{
	uint64_t now_ns;

	if (!made)
		relock(t); /* joining may have left something to do */
	else if (!w->flight)
		tayra__turn_left(made); /* answered meanwhile; somebody else may wait for it */
	while (w->flight) {
		if (w->flight->state == TAYRA__FLIGHT_READY && !w->flight->origin) {
			tayra__turn_run(w->flight);
			continue;
		}
		now_ns = tayra__handle_now_ns(t);
		tayra__waiter_due(w, now_ns);
		if (!w->flight)
			break;
		if (tayra__lease_due_ns_for(w) <= now_ns) {
			tayra__lease_look(w->flight);
			relock(t);
			continue;
		}
		sleep_until_next(t, w, now_ns);
	}
	*ref = w->ref;
	return w->status;
}

/* From inside a loader it is left to the queue: loads would nest without end.  So it is by who came
 * for no load, and to whose flight somebody else brought a loader meanwhile; and to the ticker by
 * who was served at once and would block. */
static void
run_or_leave(struct tayra *t, struct tayra_load *ready, const struct tayra__want *want, bool blocks)
{
	if (blocks || !want->loads || tayra__inside_is(t, TAYRA__INSIDE_LOADER))
		tayra__turn_left(ready);
	else
		tayra__turn_run(ready);
}

/* After it has asked for its own place with the origin: what follows it comes behind it. */
static void
tell_of_miss(struct tayra *t, const struct tayra__want *want, uint64_t now_ns)
{
	if (!tayra__learner_of(t))
		return;
	pthread_mutex_unlock(&t->lock);
	tayra__prefetch_missed(t, want, now_ns);
	pthread_mutex_lock(&t->lock);
}

/* Bring it: one who blocks is answered when this returns, of a queue's `w` nothing is known once it
 * has joined. */
static int
load(struct tayra *t, const struct tayra__want *want, uint64_t now_ns, struct tayra__waiter *w,
     struct tayra_ref *ref)
{
	const bool blocks = !w->cq;
	struct tayra_load *made;
	int status;

	pthread_mutex_lock(&t->lock);
	status = tayra__handle_enter(t);
	if (status != TAYRA_OK) {
		pthread_mutex_unlock(&t->lock);
		return status;
	}
	status = join(t, want, w, ref, now_ns, &made);
	if (status != TAYRA_OK) /* else it was counted as a hit */
		tayra__counters_add(&t->counters, TAYRA__COUNT_MISSES, 1);
	if (made && ((blocks && status == TAYRA_PENDING) || !tayra__below_look_aside(made)))
		tayra__turn_lead(made);
	if (made)
		tell_of_miss(t, want, now_ns);
	if (status == TAYRA_PENDING && blocks)
		status = tayra__request_wait(t, w, made, ref);
	else if (made && made->state == TAYRA__FLIGHT_READY && !made->origin)
		run_or_leave(t, made, want, blocks);
	if (made)
		tayra__flight_unref(made);
	tayra__handle_leave(t);
	tayra__turn_unlock(t);
	return status;
}

/* What is fresh is not in RAM.  Apart, so that a hit does not pay for its frame. */
__attribute__((noinline)) static int
wait_for(struct tayra *t, const struct tayra_request *request, struct tayra_ref *ref)
{
	struct tayra__waiter w = { 0 };
	uint64_t now_ns = tayra__handle_now_ns(t);
	struct tayra__want want = tayra__want_of(t, request, now_ns);
	pthread_cond_t wake;
	int status;

	if (look_up_absent(t, &want, now_ns, &status, ref) == TAYRA_OK)
		return status;
	if (now_ns >= want.deadline_ns)
		return too_late(t, &want, now_ns, ref);
	tayra__wake_init(&wake);
	w.wake = &wake;
	status = load(t, &want, now_ns, &w, ref);
	pthread_cond_destroy(&wake);
	return status;
}

int
tayra_get_or_load(struct tayra *t, const struct tayra_request *request, struct tayra_ref *ref)
{
	struct tayra_request copy;
	int status;

	if (!ref)
		return TAYRA_E_INVAL;
	*ref = (struct tayra_ref){ 0 };
	status = tayra__request_check(t, &request, &copy);
	if (status != TAYRA_OK)
		return status;
	if (tayra__inside_is(t, TAYRA__INSIDE_LOADER))
		return TAYRA_E_WOULD_DEADLOCK;
	status = look_up_for(t, request, ref);
	return status == TAYRA_E_NOT_FOUND ? wait_for(t, request, ref) : status;
}

int
tayra_get_or_load_start(struct tayra *t, const struct tayra_request *request, struct tayra_cq *cq,
			void *cookie, struct tayra_ref *ref)
{
	struct tayra_request copy;
	struct tayra__waiter *w;
	struct tayra__want want;
	uint64_t now_ns;
	int status;

	if (!ref)
		return TAYRA_E_INVAL;
	*ref = (struct tayra_ref){ 0 };
	status = tayra__request_check(t, &request, &copy);
	if (status != TAYRA_OK)
		return status;
	if (!cq || !tayra__cq_is_of(cq, t))
		return TAYRA_E_INVAL;
	status = look_up_for(t, request, ref);
	if (status != TAYRA_E_NOT_FOUND)
		return status;

	now_ns = tayra__handle_now_ns(t);
	want = tayra__want_of(t, request, now_ns);
	if (look_up_absent(t, &want, now_ns, &status, ref) == TAYRA_OK)
		return status;
	if (now_ns >= want.deadline_ns)
		return too_late(t, &want, now_ns, ref);
	w = tayra__mem_alloc(sizeof(*w));
	if (!w)
		return TAYRA_E_NOMEM;
	w->cq = cq;
	w->cookie = cookie;
	status = load(t, &want, now_ns, w, ref);
	if (status != TAYRA_PENDING)
		tayra__mem_free(w);
	return status;
}

int
tayra_get(struct tayra *t, const void *key, size_t key_len, struct tayra_ref *ref)
{
	int status;

	if (!ref)
		return TAYRA_E_INVAL;
	*ref = (struct tayra_ref){ 0 };
	status = tayra__key_check(t, key, key_len);
	if (status != TAYRA_OK)
		return status;
	status = look_up(t, key, key_len, tayra__handle_coarse_ns(t) / TAYRA_NS_PER_MS, NULL, NULL,
			 ref);
	if (status != TAYRA_E_NOT_FOUND)
		return status;
	tayra__counters_add(&t->counters, TAYRA__COUNT_MISSES, 1);
	return tayra__below_fetch(t, key, key_len, ref);
}
