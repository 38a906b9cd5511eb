/* SPDX-License-Identifier: Apache-2.0 */
#include "load/prefetch.h"

#include <string.h>

#include "base/hash.h"
#include "cache/handle.h"
#include "load/absent.h"
#include "load/ahead.h"
#include "load/below.h"
#include "load/flight.h"
#include "load/handle.h"
#include "load/learner.h"
#include "load/request.h"
#include "load/turn.h"

#define GUESSES_MAX 2 /* followed at a time */
#define QUIET_MS    (10 * 60000ull)
#define DUE_BUDGET  64 /* places looked at, a tick */

enum begin_if { ALWAYS, IF_NOT_CACHED };

/* => NULL: it is not needed, or cannot be had.  handle.lock is held. */
static struct tayra_load *
make(struct tayra *t, const struct tayra__want *want, enum begin_if when, uint64_t now_ms)
{
	uint64_t left_ms;

	if (tayra__flight_find(t, want->key, want->key_len) ||
	    tayra__absent_get(t, want->key, want->key_len, now_ms, &left_ms) != TAYRA_OK ||
	    (when == IF_NOT_CACHED && tayra__cache_has(t->cache, want->key, want->key_len, now_ms)))
		return NULL;
	return tayra__flight_create(t, want);
}

static void
give_up(struct tayra__learner *learner, uint64_t hash)
{
	pthread_mutex_lock(&learner->lock);
	tayra__ahead_dropped(learner->ahead, hash);
	pthread_mutex_unlock(&learner->lock);
}

static void
begin(struct tayra *t, const struct tayra__want *want, uint64_t hash, enum begin_if when,
      uint64_t now_ms)
{
	struct tayra__learner *learner = tayra__learner_of(t);
	struct tayra_load *flight = NULL;

	pthread_mutex_lock(&t->lock);
	if (tayra__handle_enter(t) == TAYRA_OK) {
		flight = make(t, want, when, now_ms);
		tayra__handle_leave(t);
	}
	if (!flight) {
		give_up(learner, hash);
		tayra__turn_unlock(t);
		return;
	}
	/* Nobody waits for it, and it is wanted all the same. */
	flight->behind = true;
	flight->ahead = hash;
	if (!tayra__below_look_aside(flight))
		tayra__turn_enter_later(flight);
	tayra__turn_unlock(t);
}

static bool
acts(const struct tayra *t, const struct tayra__learner *learner, enum tayra_feature_mode mode,
     enum tayra__ahead_source source, const struct tayra__want *want)
{
	return mode == TAYRA_FEATURE_ON && !tayra__ahead_gated(learner->ahead, source) &&
	       (want->origin || t->ticker);
}

static struct tayra__want
want_ahead(const struct tayra *t, const struct tayra__learner *learner,
	   const struct tayra__want *want)
{
	struct tayra__want ahead = *want;

	ahead.cls = learner->strategy.refresh_class;
	ahead.soft_ns = UINT64_MAX;
	ahead.deadline_ns = tayra__add_sat(tayra__handle_coarse_ns(t),
					   tayra__setting(&t->settings.timeout_ns));
	return ahead;
}

/* learner.lock is held.  => whether to begin. */
static bool
refresh_is_worth_it(struct tayra *t, struct tayra__learner *learner, uint64_t hash,
		    const struct tayra__want *want, const struct tayra_item_meta *meta,
		    uint64_t now_ms)
{
	bool act = acts(t, learner, learner->strategy.prefetch_refresh, TAYRA__AHEAD_REFRESH, want);
	struct tayra__prediction p = tayra__learner_predict(learner, hash, now_ms);
	struct tayra__ahead_place place = {
		.hash = hash,
		.from_ms = meta->fresh_ms,
		.until_ms = tayra__add_sat(meta->fresh_ms, meta->fresh_ms - meta->born_ms),
		.cost_ns = meta->cost_ns,
		.source = TAYRA__AHEAD_REFRESH,
		.kind = act ? TAYRA__AHEAD_BEGUN : TAYRA__AHEAD_WOULD,
	};

	/* A prediction is believed as far as such have been right. */
	if (p.probability * p.confidence < tayra__ahead_least(learner->ahead, TAYRA__AHEAD_REFRESH))
		return false;
	return tayra__ahead_note(learner->ahead, &place, now_ms) && act;
}

static void
near_end(struct tayra *t, struct tayra__learner *learner, uint64_t hash,
	 const struct tayra_request *request, const struct tayra_item_meta *meta, uint64_t now_ms)
{
	struct tayra__want want = tayra__want_of(t, request, now_ms * TAYRA_NS_PER_MS);
	bool act;

	if (!want.loads || !want.store)
		return;
	if (tayra__learner_settled(learner, hash, meta->fresh_ms))
		return;
	if (pthread_mutex_trylock(&learner->lock) != 0)
		return; /* there will be another hit */
	tayra__learner_settle(learner, hash, meta->fresh_ms);
	want.refresh = true;
	want = want_ahead(t, learner, &want);
	act = refresh_is_worth_it(t, learner, hash, &want, meta, now_ms);
	pthread_mutex_unlock(&learner->lock);
	if (act)
		begin(t, &want, hash, ALWAYS, now_ms);
}

/* learner.lock is held.  => whether to begin. */
static bool
guess_is_worth_it(struct tayra *t, struct tayra__learner *learner,
		  const struct tayra__successor_guess *guess, const struct tayra__want *want,
		  uint64_t now_ms)
{
	bool act = acts(t, learner, learner->strategy.prefetch_successors, TAYRA__AHEAD_SUCCESSOR,
			want);
	struct tayra__ahead_place place = {
		.hash = guess->hash,
		.from_ms = now_ms,
		.until_ms = tayra__add_sat(now_ms, learner->successor->options.window),
		.cost_ns = (uint64_t)learner->mean_cost_ns,
		.source = TAYRA__AHEAD_SUCCESSOR,
		.kind = act ? TAYRA__AHEAD_BEGUN : TAYRA__AHEAD_WOULD,
	};

	if (tayra__cache_has(t->cache, guess->key, guess->key_len, now_ms)) {
		tayra__successor_present(learner->successor, guess);
		return false;
	}
	return tayra__ahead_note(learner->ahead, &place, now_ms) && act;
}

/* What follows this key, learning that it was asked for.  learner.lock is held.  => how many of
 * guesses[] are to be begun. */
static unsigned
follow(struct tayra *t, struct tayra__learner *learner, uint64_t hash,
       const struct tayra__want *want, uint64_t now_ms, struct tayra__successor_guess *guesses)
{
	struct tayra__successor_miss miss = {
		.hash = hash,
		.loader = tayra__lender_mark(want), /* only what the same would load */
		.key = want->key,
		.key_len = want->key_len,
		.now = now_ms,
	};
	double least;
	unsigned n, begun = 0;

	/* Tags are of one key, and nobody would know those of another. */
	if (learner->strategy.prefetch_successors == TAYRA_FEATURE_OFF || want->tag_count)
		return 0;
	least = tayra__ahead_least(learner->ahead, TAYRA__AHEAD_SUCCESSOR);
	n = tayra__successor_missed(learner->successor, &miss, least, GUESSES_MAX, guesses);
	for (unsigned i = 0; i < n; i++)
		if (guess_is_worth_it(t, learner, &guesses[i], want, now_ms))
			guesses[begun++] = guesses[i];
	return begun;
}

static void
begin_guesses(struct tayra *t, const struct tayra__want *want,
	      const struct tayra__successor_guess *guesses, unsigned n, uint64_t now_ms)
{
	for (unsigned i = 0; i < n; i++) {
		struct tayra__want next = *want;

		next.key = guesses[i].key;
		next.key_len = guesses[i].key_len;
		next.refresh = false;
		begin(t, &next, guesses[i].hash, IF_NOT_CACHED, now_ms);
	}
}

/* When it began to be asked for after a quiet time: one that is read is missed when its ttl is
 * over. learner.lock is held. */
static void
note_time(struct tayra__learner *learner, uint64_t hash, const struct tayra__want *want,
	  uint64_t now_ms)
{
	uint64_t quiet_ms = want->ttl_ms < QUIET_MS / 3 ? 3 * want->ttl_ms : QUIET_MS;

	if (learner->strategy.prefetch_periodic != TAYRA_FEATURE_OFF)
		tayra__periodic_missed(learner->periodic, hash, want->key, want->key_len, now_ms,
				       quiet_ms);
}

static void
used_ahead(struct tayra *t, struct tayra__learner *learner, uint64_t hash,
	   const struct tayra_request *request, const struct tayra_item_meta *meta, uint64_t now_ms)
{
	struct tayra__successor_guess guesses[GUESSES_MAX];
	struct tayra__want want;
	unsigned n = 0;

	if (tayra__learner_settled(learner, hash, meta->expire_ms + 1))
		return;
	want = tayra__want_of(t, request, now_ms * TAYRA_NS_PER_MS);
	if (pthread_mutex_trylock(&learner->lock) != 0)
		return;
	if (tayra__ahead_hit(learner->ahead, hash, now_ms)) {
		tayra__learner_settle(learner, hash, meta->expire_ms + 1);
		want = want_ahead(t, learner, &want);
		/* Without the prefetch it would have been a miss. */
		tayra__ahead_asked(learner->ahead, learner->mean_cost_ns);
		note_time(learner, hash, &want, now_ms);
		if (want.loads && want.store)
			n = follow(t, learner, hash, &want, now_ms, guesses);
	}
	pthread_mutex_unlock(&learner->lock);
	begin_guesses(t, &want, guesses, n, now_ms);
}

void
tayra__prefetch_hit(struct tayra *t, struct tayra__learner *learner, uint64_t hash,
		    const struct tayra_request *request, const struct tayra_item_meta *meta,
		    uint64_t now_ms)
{
	if (meta->flags & TAYRA__ITEM_AHEAD)
		used_ahead(t, learner, hash, request, meta, now_ms);
	if (tayra__learner_watches(learner, TAYRA__WATCH_ENDS) &&
	    tayra__learner_near_end(meta, now_ms))
		near_end(t, learner, hash, request, meta, now_ms);
}

void
tayra__prefetch_missed(struct tayra *t, const struct tayra__want *want, uint64_t now_ns)
{
	struct tayra__learner *learner = tayra__learner_of(t);
	uint64_t now_ms = now_ns / TAYRA_NS_PER_MS, hash;
	struct tayra__successor_guess guesses[GUESSES_MAX];
	struct tayra__want ahead;
	unsigned n = 0;

	if (!learner)
		return;
	hash = tayra__hash_bytes(want->key, want->key_len, learner->seed);
	pthread_mutex_lock(&learner->lock);
	tayra__ahead_missed(learner->ahead, hash, now_ms);
	tayra__learner_missed(learner, want->key, want->key_len, want->key_prefix_len, hash,
			      now_ns);
	tayra__ahead_asked(learner->ahead, learner->mean_cost_ns);
	if (want->loads && want->store) {
		tayra__lender_note(learner->lender, hash, want);
		note_time(learner, hash, want, now_ms);
	}
	ahead = want_ahead(t, learner, want);
	if (want->loads && want->store && !want->refresh)
		n = follow(t, learner, hash, &ahead, now_ms, guesses);
	pthread_mutex_unlock(&learner->lock);
	begin_guesses(t, &ahead, guesses, n, now_ms);
}

/* learner.lock is held.  => whether to begin. */
static bool
reload_is_worth_it(struct tayra *t, struct tayra__learner *learner, uint64_t hash,
		   const struct tayra__want *want, uint64_t now_ms)
{
	bool act = acts(t, learner, learner->strategy.prefetch_changed, TAYRA__AHEAD_CHANGED, want);
	struct tayra__prediction p = tayra__learner_predict(learner, hash, now_ms);
	struct tayra__ahead_place place = {
		.hash = hash,
		.from_ms = now_ms,
		.until_ms = tayra__add_sat(now_ms, learner->predictor->options.horizon),
		.cost_ns = (uint64_t)learner->mean_cost_ns,
		.source = TAYRA__AHEAD_CHANGED,
		.kind = act ? TAYRA__AHEAD_BEGUN : TAYRA__AHEAD_WOULD,
	};

	if (p.probability * p.confidence < tayra__ahead_least(learner->ahead, TAYRA__AHEAD_CHANGED))
		return false;
	return tayra__ahead_note(learner->ahead, &place, now_ms) && act;
}

void
tayra__prefetch_changed(struct tayra *t, const void *key, size_t key_len)
{
	struct tayra__learner *learner = tayra__learner_of(t);
	struct tayra__want want;
	uint64_t hash, now_ms;
	bool act;

	if (!learner || !tayra__learner_watches(learner, TAYRA__WATCH_CHANGES))
		return;
	now_ms = tayra__handle_coarse_ns(t) / TAYRA_NS_PER_MS;
	hash = tayra__hash_bytes(key, key_len, learner->seed);
	pthread_mutex_lock(&learner->lock);
	act = tayra__lender_find(learner->lender, hash, &want);
	if (act) {
		want = want_ahead(t, learner, &want);
		want.key = key;
		want.key_len = key_len;
		act = reload_is_worth_it(t, learner, hash, &want, now_ms);
	}
	pthread_mutex_unlock(&learner->lock);
	if (act)
		begin(t, &want, hash, ALWAYS, now_ms);
}

/* learner.lock is held.  => whether to begin. */
static bool
time_is_worth_it(struct tayra *t, struct tayra__learner *learner,
		 const struct tayra__periodic_place *due, const struct tayra__want *want,
		 uint64_t now_ms)
{
	bool act = acts(t, learner, learner->strategy.prefetch_periodic, TAYRA__AHEAD_PERIODIC,
			want);
	uint64_t end_ms = tayra__add_sat(due->at_ms, due->off_ms);
	struct tayra__ahead_place place = {
		.hash = due->hash,
		.from_ms = now_ms,
		.until_ms = end_ms,
		.cost_ns = (uint64_t)learner->mean_cost_ns,
		.source = TAYRA__AHEAD_PERIODIC,
		.kind = act ? TAYRA__AHEAD_BEGUN : TAYRA__AHEAD_WOULD,
	};

	/* It must still be fresh when it is wanted. */
	if (tayra__add_sat(now_ms, want->ttl_ms) < end_ms ||
	    tayra__cache_has(t->cache, want->key, want->key_len, now_ms) ||
	    tayra__periodic_probability(due) <
		    tayra__ahead_least(learner->ahead, TAYRA__AHEAD_PERIODIC))
		return false;
	return tayra__ahead_note(learner->ahead, &place, now_ms) && act;
}

void
tayra__prefetch_tick(struct tayra *t, uint64_t now_ms)
{
	struct tayra__learner *learner = tayra__learner_of(t);
	const struct tayra__periodic_place *due;
	struct tayra__periodic_place place;
	struct tayra__want want;
	bool act;

	if (!learner || !tayra__learner_watches(learner, TAYRA__WATCH_TIMES) ||
	    pthread_mutex_trylock(&learner->lock) != 0)
		return;
	due = tayra__periodic_due(learner->periodic, now_ms, DUE_BUDGET);
	act = due && tayra__lender_find(learner->lender, due->hash, &want);
	if (act) {
		place = *due;
		want = want_ahead(t, learner, &want);
		want.key = place.key;
		want.key_len = place.key_len;
		act = time_is_worth_it(t, learner, &place, &want, now_ms);
	}
	pthread_mutex_unlock(&learner->lock);
	if (act)
		begin(t, &want, place.hash, IF_NOT_CACHED, now_ms);
}

void
tayra__prefetch_landed(struct tayra_load *flight, const struct tayra_item_meta *meta,
		       uint64_t bytes, uint64_t evictions)
{
	struct tayra__learner *learner = tayra__learner_of(flight->t);

	pthread_mutex_lock(&learner->lock);
	tayra__ahead_landed(learner->ahead, flight->ahead,
			    &(struct tayra__ahead_kept){ .until_ms = meta->fresh_ms,
							 .cost_ns = meta->cost_ns,
							 .bytes = bytes,
							 .evictions = evictions,
							 .joined = flight->joined });
	pthread_mutex_unlock(&learner->lock);
	flight->ahead = 0;
}

void
tayra__prefetch_dropped(struct tayra_load *flight)
{
	give_up(tayra__learner_of(flight->t), flight->ahead);
	flight->ahead = 0;
}
