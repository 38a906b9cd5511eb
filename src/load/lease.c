/* SPDX-License-Identifier: Apache-2.0
 *
 * lease.c: a parked flight holds nothing that a change could outdate: it has looked, found nothing,
 * and looks again before it loads.
 */
#include "load/lease.h"

#include <time.h>

#include "base/clock.h"
#include "base/hash.h"
#include "load/below.h"
#include "load/cq.h"
#include "load/flight.h"
#include "load/handle.h"
#include "load/level.h"
#include "load/ref.h"
#include "load/turn.h"
#include "load/waiter.h"

#define LOOK_MIN_NS   (10 * TAYRA_NS_PER_MS) /* before looking again; doubling */
#define LOOK_MAX_NS   (100 * TAYRA_NS_PER_MS)
#define LOOK_APART_NS (TAYRA_NS_PER_MS / 2) /* of all that are parked, on average at least */
#define MISSES_MAX    8u
#define RENEWALS      3u /* in the time of a lease */
#define LEASES_MAX    4u /* that one waits for: it may be no lease of ours that lies there */

static struct tayra__leases *
leases_of(struct tayra *t)
{
	return &t->below.leases;
}

uint64_t
tayra__lease_wanted(const struct tayra_load *flight)
{
	const struct tayra *t = flight->t;

	/* What nobody will find there is nothing to wait for. */
	if (!t->below.remote.tier || !t->below.remote.tier->ops->lease || !t->single_flight ||
	    !flight->loads || flight->writes || !flight->store || flight->ttl_ms == TAYRA_OFF)
		return 0;
	return t->below.leases.ns;
}

static bool
renews(const struct tayra *t)
{
	const struct tayra__below *below = &t->below;

	return below->remote.tier && below->remote.tier->ops->renew && below->leases.ns;
}

static void
note_look(struct tayra__leases *leases, bool hit)
{
	uint32_t misses = atomic_load_explicit(&leases->misses, memory_order_relaxed);

	if (hit ? misses > 0 : misses < MISSES_MAX)
		atomic_store_explicit(&leases->misses, hit ? misses - 1 : misses + 1,
				      memory_order_relaxed);
}

static bool
expects_miss(struct tayra__leases *leases)
{
	return atomic_load_explicit(&leases->misses, memory_order_relaxed) > MISSES_MAX / 2;
}

static bool
is_fresh(const struct tayra *t, int status, const struct tayra__found *found)
{
	return status == TAYRA_OK &&
	       tayra__handle_now_ns(t) / TAYRA_NS_PER_MS < found->meta.fresh_ms;
}

int
tayra__lease_get(struct tayra *t, const void *key, size_t key_len, struct tayra__tier_lease *lease,
		 struct tayra__found *out)
{
	struct tayra__leases *leases = leases_of(t);
	const bool at_once = lease && expects_miss(leases);
	int status;
	bool fresh;

	if (!at_once) {
		status = tayra__level_get(t, &t->below.remote, key, key_len, out);
		fresh = is_fresh(t, status, out);
		note_look(leases, fresh);
		if (!lease || fresh || (status != TAYRA_OK && status != TAYRA_E_NOT_FOUND))
			return status;
		if (status == TAYRA_OK)
			tayra__tier_value_free(&out->value);
	}
	/* It also looks again: who had the lease may have ended in between. */
	status = tayra__level_lease(t, &t->below.remote, key, key_len, lease, out);
	if (at_once)
		note_look(leases, is_fresh(t, status, out));
	return status;
}

/* Old enough to be renewed by then. */
static bool
was_due(const struct tayra_load *flight, uint64_t now_ns)
{
	return now_ns > flight->started_ns &&
	       now_ns - flight->started_ns > flight->t->below.leases.ns / RENEWALS;
}

/* It has run out: somebody else's may lie there by now. */
static bool
is_over(const struct tayra_load *flight)
{
	const struct tayra__leases *leases = &flight->t->below.leases;
	uint64_t from_ns = was_due(flight, leases->renewed_ns) ? leases->renewed_ns
							       : flight->started_ns;

	return tayra__handle_now_ns(flight->t) - from_ns > leases->ns;
}

/* All of one handle. */
static void
release(struct tayra *t, struct tayra_load *const *flights, size_t count)
{
	struct tayra__tier_leased leases[TAYRA__TIER_LEASES];
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		if (!is_over(flights[i]))
			leases[n++] = (struct tayra__tier_leased){ flights[i]->key,
								   flights[i]->key_len,
								   flights[i]->lease };
	if (n > 0)
		tayra__level_release(&t->below.remote, leases, n);
}

void
tayra__lease_release(struct tayra_load *flight)
{
	release(flight->t, &flight, 1);
}

static bool
is_renewable(const struct tayra_load *flight, uint64_t now_ns)
{
	/* While it enters, its lease is of who enters it. */
	return flight->state >= TAYRA__FLIGHT_QUEUED && flight->state <= TAYRA__FLIGHT_RUNNING &&
	       flight->lease && was_due(flight, now_ns) &&
	       atomic_load_explicit(&flight->deadline_ns, memory_order_relaxed) > now_ns;
}

/* Some of those from there on, referenced, so that they stay in the list too. */
static size_t
gather(struct tayra *t, struct tayra__list *at, uint64_t now_ns,
       struct tayra_load *out[TAYRA__TIER_LEASES])
{
	size_t n = 0;

	for (; at != &t->flights && n < TAYRA__TIER_LEASES; at = at->next) {
		struct tayra_load *flight = TAYRA__LIST_ENTRY(at, struct tayra_load, in_flights);

		if (!is_renewable(flight, now_ns))
			continue;
		tayra__flight_ref(flight);
		out[n++] = flight;
	}
	return n;
}

/* Lock held, let go of meanwhile. */
static void
renew(struct tayra *t, struct tayra_load *const *flights, size_t n)
{
	struct tayra__tier_leased of[TAYRA__TIER_LEASES];

	for (size_t i = 0; i < n; i++)
		of[i] = (struct tayra__tier_leased){ flights[i]->key, flights[i]->key_len,
						     flights[i]->lease };
	pthread_mutex_unlock(&t->lock);
	tayra__level_renew(&t->below.remote, of, n, leases_of(t)->ns);
	pthread_mutex_lock(&t->lock);
}

void
tayra__lease_renew(struct tayra *t)
{
	const uint64_t now_ns = tayra__handle_now_ns(t);
	struct tayra_load *flights[TAYRA__TIER_LEASES];
	struct tayra__list *at = t->flights.next;
	size_t n;

	leases_of(t)->renew = false;
	leases_of(t)->renewed_ns = now_ns;
	while ((n = gather(t, at, now_ns, flights)) > 0) {
		renew(t, flights, n);
		at = flights[n - 1]->in_flights.next;
		while (n > 0)
			tayra__flight_unref(flights[--n]);
	}
}

/* => it is time, and the next is set. */
static bool
is_time(struct tayra *t, uint64_t now_ns)
{
	struct tayra__leases *leases = leases_of(t);

	if (now_ns < leases->renew_ns)
		return false;
	leases->renew_ns = tayra__add_sat(now_ns, leases->ns / RENEWALS);
	return true;
}

void
tayra__lease_tick(struct tayra *t, uint64_t now_ns)
{
	if (!t->below.writer && renews(t) && t->flight_count > 0 && is_time(t, now_ns))
		tayra__lease_renew(t);
}

void
tayra__lease_await(struct tayra *t, pthread_cond_t *wake)
{
	struct tayra__leases *leases = leases_of(t);
	uint64_t now_ns, until_ns;
	struct timespec until;

	leases->watching &= t->flight_count > 0;
	if (!leases->watching) {
		pthread_cond_wait(wake, &t->lock);
		return;
	}
	/* The handle's clock says how long, the real one when that will be. */
	now_ns = tayra__handle_now_ns(t);
	until_ns = tayra__add_sat(tayra__clock_mono_ns(tayra_clock_real()),
				  leases->renew_ns > now_ns ? leases->renew_ns - now_ns : 0);
	until.tv_sec = (time_t)(until_ns / TAYRA_NS_PER_S);
	until.tv_nsec = (long)(until_ns % TAYRA_NS_PER_S);
	pthread_cond_timedwait(wake, &t->lock, &until);
	leases->renew |= is_time(t, tayra__handle_now_ns(t));
}

/* Whoever sleeps until something is due has to know of it. */
static void
rouse(const struct tayra_load *flight)
{
	const struct tayra__waiter *w;

	if (flight->t->below.lookers || tayra__list_empty(&flight->waiters))
		return;
	w = TAYRA__LIST_ENTRY(flight->waiters.next, struct tayra__waiter, in_flight);
	if (w->cq)
		tayra__cq_nudge(w->cq);
	else
		pthread_cond_signal(w->wake);
}

/* Not all at the same moment; and where many are parked, not so often that nobody else gets to
 * look. */
static uint64_t
pause_ns_of(const struct tayra_load *flight, uint64_t now_ns)
{
	const struct tayra__leases *leases = &flight->t->below.leases;
	uint64_t ns = LOOK_MIN_NS << (flight->looks < 4 ? flight->looks : 4);
	uint64_t many_ns = leases->parked.count * LOOK_APART_NS;

	ns = ns < LOOK_MAX_NS ? ns : LOOK_MAX_NS;
	many_ns = many_ns < leases->ns / 2 ? many_ns : leases->ns / 2;
	ns = ns > many_ns ? ns : many_ns;
	return ns / 2 + tayra__hash_mix64(flight->t->bucket_seed ^ now_ns) % (ns / 2);
}

static int
park_until(struct tayra_load *flight, uint64_t ns)
{
	flight->nap.key = ns;
	return tayra__heap_push(&leases_of(flight->t)->parked, &flight->nap);
}

bool
tayra__lease_park(struct tayra_load *flight)
{
	struct tayra *t = flight->t;
	uint64_t now_ns = tayra__handle_now_ns(t);

	/* Changed while it looked, and nobody will tell it again. */
	bool at_once = !flight->attached && !flight->missed_news;

	if (flight->looks && now_ns - flight->started_ns > LEASES_MAX * leases_of(t)->ns)
		return false;
	flight->missed_news |= at_once;
	flight->nap = (struct tayra__heap_node){ 0 };
	if (park_until(flight,
		       at_once ? now_ns : tayra__add_sat(now_ns, pause_ns_of(flight, now_ns))) !=
	    TAYRA_OK)
		return false;
	if (flight->looks == 0) {
		flight->started_ns = now_ns;
		tayra__counters_add(&t->counters, TAYRA__COUNT_LEASE_WAITS, 1);
	}
	if (flight->looks < UINT8_MAX)
		flight->looks++;
	flight->state = TAYRA__FLIGHT_PARKED;
	rouse(flight);
	return true;
}

void
tayra__lease_unpark(struct tayra_load *flight)
{
	if (flight->state == TAYRA__FLIGHT_PARKED)
		tayra__heap_remove(&leases_of(flight->t)->parked, &flight->nap);
}

/* The writer sleeps until somebody has work for it. */
static void
begin_watching(struct tayra *t)
{
	struct tayra__leases *leases = leases_of(t);

	if (!t->below.writer || leases->watching || !renews(t))
		return;
	leases->watching = true;
	leases->renew_ns = tayra__add_sat(tayra__handle_now_ns(t), leases->ns / RENEWALS);
	pthread_cond_broadcast(&t->below.due.settled);
}

void
tayra__lease_settled(struct tayra_load *flight)
{
	struct tayra *t = flight->t;

	if (flight->lease) {
		tayra__counters_add(&t->counters, TAYRA__COUNT_LEASES, 1);
		begin_watching(t);
	}
	if (flight->looks)
		tayra__counters_add(&t->counters, TAYRA__COUNT_LEASE_TAKEOVERS, 1);
	flight->looks = 0;
}

void
tayra__lease_end(struct tayra_load *flight)
{
	struct tayra__below *below = &flight->t->below;

	if (!flight->lease)
		return;
	if (!below->writer) {
		tayra__turn_release_later(flight);
		return;
	}
	tayra__flight_ref(flight);
	tayra__list_push_back(&below->leases.ended, &flight->in_line);
	/* It may be a while, and what is told the remote is held by who tells it. */
	tayra__hold_put(flight->hold);
	flight->hold = NULL;
	pthread_cond_broadcast(&below->due.settled);
}

void
tayra__lease_give_back(struct tayra *t)
{
	struct tayra_load *flights[TAYRA__TIER_LEASES];
	struct tayra__list *node;
	size_t n = 0;

	while (n < TAYRA__TIER_LEASES && (node = tayra__list_pop_front(&leases_of(t)->ended)))
		flights[n++] = TAYRA__LIST_ENTRY(node, struct tayra_load, in_line);
	if (n == 0)
		return;
	pthread_mutex_unlock(&t->lock);
	release(t, flights, n);
	pthread_mutex_lock(&t->lock);
	while (n > 0)
		tayra__flight_unref(flights[--n]);
}

void
tayra__lease_look(struct tayra_load *flight)
{
	tayra__lease_unpark(flight);
	tayra__flight_reenter(flight);
	flight->look = true;
	if (!tayra__below_look_aside(flight))
		tayra__turn_enter_later(flight);
}

void
tayra__lease_wake(struct tayra_load *flight)
{
	struct tayra *t = flight->t;

	if (flight->state != TAYRA__FLIGHT_PARKED)
		return;
	if (t->below.lookers) {
		tayra__lease_look(flight);
		return;
	}
	/* Not on this thread, which may be the tier's own.  There was room for it a moment ago. */
	tayra__heap_remove(&leases_of(t)->parked, &flight->nap);
	park_until(flight, 0);
	tayra__turn_announce(flight);
}

void
tayra__lease_due(struct tayra *t, uint64_t now_ns, uint64_t budget)
{
	struct tayra__heap_node *node;

	while ((node = tayra__heap_peek(&leases_of(t)->parked)) && node->key <= now_ns) {
		tayra__lease_look(TAYRA__LIST_ENTRY(node, struct tayra_load, nap));
		if (budget && --budget == 0)
			return;
	}
}

uint64_t
tayra__lease_due_ns_for(const struct tayra__waiter *w)
{
	const struct tayra_load *flight = w->flight;
	const struct tayra__list *head = &flight->waiters;

	if (flight->state != TAYRA__FLIGHT_PARKED || flight->t->below.lookers)
		return UINT64_MAX;
	for (const struct tayra__list *node = head->next; node != head; node = node->next) {
		const struct tayra__waiter *at = TAYRA__LIST_ENTRY(node, struct tayra__waiter,
								   in_flight);

		if (!at->cq)
			return at == w ? flight->nap.key : UINT64_MAX;
	}
	return UINT64_MAX;
}

uint64_t
tayra__lease_next_ns(const struct tayra *t)
{
	const struct tayra__heap_node *node = tayra__heap_peek(&t->below.leases.parked);

	return node && !t->below.lookers ? node->key : UINT64_MAX;
}
