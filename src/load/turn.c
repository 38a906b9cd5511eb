/* SPDX-License-Identifier: Apache-2.0 */
#include "load/turn.h"

#include "base/mem.h"
#include "load/below.h"
#include "load/cq.h"
#include "load/flight.h"
#include "load/handle.h"
#include "load/inside.h"
#include "load/land.h"
#include "load/lease.h"
#include "load/origin.h"
#include "load/stale.h"
#include "load/waiter.h"

static void
note(struct tayra_load *flight, enum tayra__chore chore)
{
	if (flight->chore == TAYRA__CHORE_NONE) {
		tayra__flight_ref(flight);
		flight->next_chore = NULL;
		*flight->t->chores_end = flight;
		flight->t->chores_end = &flight->next_chore;
	}
	flight->chore = chore;
}

void
tayra__turn_enter_later(struct tayra_load *flight)
{
	note(flight, TAYRA__CHORE_ENTER);
}

void
tayra__turn_release_later(struct tayra_load *flight)
{
	note(flight, TAYRA__CHORE_RELEASE);
}

static void
drop(struct tayra_load *flight)
{
	enum tayra__chore chore = flight->state == TAYRA__FLIGHT_QUEUED ? TAYRA__CHORE_RECALL
									: TAYRA__CHORE_DROP;

	tayra__flight_end(flight, TAYRA__FLIGHT_DROPPED);
	note(flight, chore);
}

static bool
drop_unwanted(struct tayra_load *flight)
{
	if (tayra__flight_wanted(flight) &&
	    !atomic_load_explicit(&flight->t->closing, memory_order_relaxed))
		return false;
	drop(flight);
	return true;
}

/* Tell one thread that can run it: a blocked one if there is any, for it has nothing else to do;
 * else whose completion it will be; else, if all were served stale, who first waited for it. */
void
tayra__turn_announce(const struct tayra_load *flight)
{
	const struct tayra__list *head = &flight->waiters;
	struct tayra_cq *cq = NULL;

	for (const struct tayra__list *node = head->next; node != head; node = node->next) {
		const struct tayra__waiter *w = TAYRA__LIST_ENTRY(node, struct tayra__waiter,
								  in_flight);

		if (!w->cq) {
			pthread_cond_signal(w->wake);
			return;
		}
		if (!cq)
			cq = w->cq;
	}
	if (!cq)
		cq = flight->cq;
	if (cq)
		tayra__cq_poke(cq);
}

void
tayra__turn_left(struct tayra_load *flight)
{
	bool wanted = tayra__flight_wanted(flight);

	switch (flight->state) {
	case TAYRA__FLIGHT_QUEUED:
		if (!wanted)
			drop(flight);
		return;
	case TAYRA__FLIGHT_READY:
		if (!wanted)
			drop(flight);
		else if (!flight->origin)
			tayra__turn_announce(flight);
		return;
	case TAYRA__FLIGHT_PARKED:
		if (!wanted)
			drop(flight);
		else if (!flight->t->below.lookers)
			tayra__turn_announce(flight); /* who left may have seen to it */
		return;
	case TAYRA__FLIGHT_RUNNING:
		if (!wanted) {
			flight->given_up = true;
			atomic_store_explicit(&flight->cancelled, true, memory_order_relaxed);
		}
		return;
	case TAYRA__FLIGHT_ENTERING: /* whoever is entering it looks again */
	case TAYRA__FLIGHT_DONE:
	case TAYRA__FLIGHT_DROPPED: return;
	}
}

static void
let_in(struct tayra_load *flight)
{
	flight->held = flight->pace != NULL;
	flight->state = TAYRA__FLIGHT_READY;
	if (drop_unwanted(flight))
		return;
	if (flight->origin) {
		note(flight, TAYRA__CHORE_START);
		return;
	}
	tayra__list_push_back(&flight->t->ready, &flight->in_line);
	if (!flight->led)
		tayra__turn_announce(flight);
}

static void
turn_away(struct tayra_load *flight, int status, uint64_t retry_after_ns)
{
	uint64_t latest = atomic_load_explicit(&flight->deadline_ns, memory_order_relaxed);

	/* It was queued with the deadline of who came first; somebody with more time joined. */
	if (status == TAYRA_E_TIMEOUT && latest > flight->ticket_deadline_ns) {
		tayra__flight_reenter(flight);
		note(flight, TAYRA__CHORE_ENTER);
		return;
	}
	tayra__land_shed(flight, status, retry_after_ns);
}

static void
decide(struct tayra_load *flight, int status, uint64_t retry_after_ns)
{
	if (status == TAYRA_OK)
		let_in(flight);
	else
		turn_away(flight, status, retry_after_ns);
}

/* Called by pace on the thread of whoever left, ticked or changed the limit. */
static void
decided(struct tayra_ticket *ticket, int status, void *arg)
{
	struct tayra_load *flight = arg;
	struct tayra *t = flight->t;

	pthread_mutex_lock(&t->lock);
	if (flight->state != TAYRA__FLIGHT_DROPPED) {
		decide(flight, status, ticket->retry_after_ns);
		tayra__turn_unlock(t);
		return;
	}
	/* Dropped, and the recall finds or found that it came too late. */
	pthread_mutex_unlock(&t->lock);
	if (status == TAYRA_OK)
		tayra_pace_leave(flight->pace, ticket, TAYRA_OUTCOME_CANCELLED,
				 tayra__handle_now_ns(t));
	pthread_mutex_lock(&t->lock);
	tayra__lease_end(flight);
	tayra__flight_unref(flight);
	tayra__turn_unlock(t);
}

/* One that is clean.  => false: no memory. */
static bool
take_ticket(struct tayra_load *flight)
{
	struct tayra_ticket *ticket = flight->ticket;

	if (flight->ticketed) {
		*ticket = (struct tayra_ticket){ 0 };
		return true;
	}
	ticket = tayra__mem_alloc(sizeof(*ticket));
	if (!ticket)
		return false;
	flight->ticket = ticket;
	flight->ticketed = true;
	return true;
}

/* => as tayra_pace_enter_start(); TAYRA_E_NOMEM. */
static int
ask_pace(struct tayra_load *flight, enum tayra_class cls, uint64_t *retry_after_ns)
{
	const uint64_t now_ns = tayra__handle_now_ns(flight->t);
	uint64_t deadline_ns = flight->ticket_deadline_ns;
	struct tayra_pace_request request = {
		.cls = cls,
		.deadline_ns = deadline_ns == UINT64_MAX ? 0 : deadline_ns,
		.cost = flight->cost,
		.decided = decided,
		.arg = flight,
	};

	int status = TAYRA_PENDING;

	*retry_after_ns = 0;
	if (!flight->pace)
		return TAYRA_OK;
	if (!flight->ticketed)
		status = tayra__pass_enter(flight->pace, &request, now_ns, &flight->pass,
					   retry_after_ns);
	if (status != TAYRA_PENDING)
		return status;
	if (!take_ticket(flight))
		return TAYRA_E_NOMEM;
	status = tayra_pace_enter_start(flight->pace, &request, now_ns, flight->ticket);
	if (status != TAYRA_PENDING && status != TAYRA_OK)
		*retry_after_ns = flight->ticket->retry_after_ns;
	return status;
}

/* Ask the tiers below, once.  The lock is held, and let go of meanwhile.  => whether there is
 * nothing more to do for it. */
static bool
looked(struct tayra_load *flight)
{
	struct tayra *t = flight->t;
	uint64_t lease_ns;
	int status;

	if (!flight->look)
		return false;
	flight->look = false;
	lease_ns = tayra__lease_wanted(flight);
	pthread_mutex_unlock(&t->lock);
	status = tayra__below_look(flight, lease_ns);
	pthread_mutex_lock(&t->lock);
	if (status == TAYRA_OK) {
		tayra__lease_end(flight);
		return true;
	}
	flight->missed = status == TAYRA_PENDING ? TAYRA_E_NOT_FOUND : status;
	if (drop_unwanted(flight) || (status == TAYRA_PENDING && tayra__lease_park(flight)))
		return true;
	tayra__lease_settled(flight);
	return false;
}

/* Nobody who waits for it has brought a loader: that it was not found is the answer. */
static bool
ended_here(struct tayra_load *flight)
{
	if (flight->loads)
		return false;
	tayra__land_shed(flight, flight->missed, 0);
	return true;
}

/* Its group rests: it is not begun. */
static bool
rests(struct tayra_load *flight)
{
	struct tayra *t = flight->t;
	uint64_t now_ns, left_ns, mark_ms;
	bool probing;

	if (flight->allowed || !t->breaker.used)
		return false;
	now_ns = tayra__handle_now_ns(t);
	left_ns = tayra__breaker_ask(&t->breaker, tayra__flight_group(flight),
				     tayra__handle_rest(t), now_ns, &probing);
	flight->allowed = left_ns == 0;
	if (flight->allowed)
		return false;
	/* Others need not ask before the next probe; but one that is out may bring an end. */
	mark_ms = probing ? TAYRA__STALE_MARK_MS : left_ns / TAYRA_NS_PER_MS;
	if (flight->attached)
		tayra__stale_mark(t, flight->key, flight->key_len, TAYRA_ITEM_FAILED,
				  now_ns / TAYRA_NS_PER_MS,
				  tayra__add_sat(now_ns / TAYRA_NS_PER_MS, mark_ms));
	tayra__counters_add(&t->counters, TAYRA__COUNT_RESTED, 1);
	tayra__land_shed(flight, TAYRA_E_ORIGIN, left_ns);
	return true;
}

void
tayra__turn_enter(struct tayra_load *flight)
{
	struct tayra *t = flight->t;
	enum tayra_class cls;
	uint64_t retry_after_ns;
	uint32_t entry;
	int status;

	pthread_mutex_lock(&t->lock);
	if (drop_unwanted(flight) || looked(flight) || ended_here(flight) || rests(flight)) {
		tayra__turn_unlock(t);
		return;
	}
	cls = flight->cls;
	entry = flight->entries;
	flight->ticket_deadline_ns = atomic_load_explicit(&flight->deadline_ns,
							  memory_order_relaxed);
	pthread_mutex_unlock(&t->lock);

	status = ask_pace(flight, cls, &retry_after_ns);

	pthread_mutex_lock(&t->lock);
	if (status != TAYRA_PENDING) {
		decide(flight, status, retry_after_ns);
	} else if (flight->state == TAYRA__FLIGHT_ENTERING && flight->entries == entry) {
		/* Otherwise decided() was faster. */
		flight->state = TAYRA__FLIGHT_QUEUED;
		if (!drop_unwanted(flight) && flight->cls < cls)
			note(flight, TAYRA__CHORE_RAISE);
	}
	tayra__turn_unlock(t);
}

void
tayra__turn_lead(struct tayra_load *flight)
{
	struct tayra *t = flight->t;

	flight->led = true;
	pthread_mutex_unlock(&t->lock);
	tayra__turn_enter(flight);
	pthread_mutex_lock(&t->lock);
	flight->led = false;
}

static void
begin(struct tayra_load *flight)
{
	tayra__list_remove(&flight->in_line);
	flight->state = TAYRA__FLIGHT_RUNNING;
	flight->started_ns = tayra__handle_now_ns(flight->t);
	flight->tag_number = flight->t->doubts.tags.number;
	flight->cached = NULL;
	tayra__counters_add(&flight->t->counters,
			    flight->writes ? TAYRA__COUNT_WRITES : TAYRA__COUNT_LOADS, 1);
}

void
tayra__turn_raise(struct tayra_load *flight, enum tayra_class cls)
{
	if (cls >= flight->cls)
		return;
	if (flight->state == TAYRA__FLIGHT_QUEUED)
		note(flight, TAYRA__CHORE_RAISE);
	else if (flight->state != TAYRA__FLIGHT_ENTERING && flight->state != TAYRA__FLIGHT_PARKED)
		return; /* it does not wait, and its loader may be reading the class */
	flight->cls = cls;
}

static void
enter_anew(struct tayra_load *flight)
{
	struct tayra *t = flight->t;
	bool queued;

	pthread_mutex_lock(&t->lock);
	queued = flight->state == TAYRA__FLIGHT_QUEUED;
	if (queued)
		tayra__flight_reenter(flight);
	pthread_mutex_unlock(&t->lock);
	/* If it cannot be taken back, decided() was called or is about to be, and goes on. */
	if (queued &&
	    tayra_pace_cancel(flight->pace, flight->ticket, tayra__handle_now_ns(t)) == TAYRA_OK)
		tayra__turn_enter(flight);
}

static void
start_at_origin(struct tayra_load *flight)
{
	struct tayra *t = flight->t;

	pthread_mutex_lock(&t->lock);
	if (flight->state != TAYRA__FLIGHT_READY || drop_unwanted(flight)) {
		pthread_mutex_unlock(&t->lock);
		return;
	}
	begin(flight);
	pthread_mutex_unlock(&t->lock);
	if (flight->writes)
		flight->origin->write(flight->origin, flight);
	else
		flight->origin->load(flight->origin, flight);
}

void
tayra__turn_leave_pace(struct tayra_load *flight, enum tayra_outcome outcome, uint64_t now_ns)
{
	if (flight->ticketed)
		tayra_pace_leave(flight->pace, flight->ticket, outcome, now_ns);
	else
		tayra__pass_leave(flight->pace, &flight->pass, outcome, now_ns);
}

/* Give up the first reference of a dropped flight, and its place in pace. */
static void
let_go(struct tayra_load *flight, enum tayra__chore chore)
{
	struct tayra *t = flight->t;
	uint64_t now_ns = tayra__handle_now_ns(t);

	if (chore == TAYRA__CHORE_RECALL) {
		/* Otherwise it was decided already, and decided() lets go of it. */
		if (tayra_pace_cancel(flight->pace, flight->ticket, now_ns) != TAYRA_OK)
			return;
	} else if (flight->held) {
		tayra__turn_leave_pace(flight, TAYRA_OUTCOME_CANCELLED, now_ns);
	}
	pthread_mutex_lock(&t->lock);
	tayra__lease_end(flight);
	tayra__flight_unref(flight);
	pthread_mutex_unlock(&t->lock);
}

static void
do_chore(struct tayra_load *flight, enum tayra__chore chore)
{
	switch (chore) {
	case TAYRA__CHORE_NONE: return;
	case TAYRA__CHORE_ENTER: tayra__turn_enter(flight); return;
	case TAYRA__CHORE_RAISE: enter_anew(flight); return;
	case TAYRA__CHORE_START: start_at_origin(flight); return;
	case TAYRA__CHORE_RECALL:
	case TAYRA__CHORE_DROP: let_go(flight, chore); return;
	case TAYRA__CHORE_RELEASE: tayra__lease_release(flight); return;
	}
}

void
tayra__turn_unlock(struct tayra *t)
{
	struct tayra__inside frame;
	struct tayra_load *flight;

	if (!t->chores || tayra__inside_is(t, TAYRA__INSIDE_CHORES)) {
		pthread_mutex_unlock(&t->lock);
		return;
	}
	tayra__inside_enter(&frame, t, TAYRA__INSIDE_CHORES);
	while ((flight = t->chores)) {
		enum tayra__chore chore = flight->chore;

		t->chores = flight->next_chore;
		if (!t->chores)
			t->chores_end = &t->chores;
		flight->chore = TAYRA__CHORE_NONE;
		pthread_mutex_unlock(&t->lock);
		do_chore(flight, chore);
		pthread_mutex_lock(&t->lock);
		tayra__flight_unref(flight);
	}
	tayra__inside_leave(&frame);
	pthread_mutex_unlock(&t->lock);
}

void
tayra__turn_run(struct tayra_load *flight)
{
	struct tayra *t = flight->t;
	struct tayra__inside frame;

	begin(flight);
	tayra__flight_ref(flight);
	pthread_mutex_unlock(&t->lock);

	tayra__inside_enter(&frame, t, TAYRA__INSIDE_LOADER);
	flight->load(flight, flight->load_arg);
	tayra__inside_leave(&frame);

	pthread_mutex_lock(&t->lock);
	tayra__flight_unref(flight);
}

uint64_t
tayra__turn_run_ready(struct tayra *t, uint64_t budget)
{
	uint64_t done = 0;

	if (tayra__inside_is(t, TAYRA__INSIDE_LOADER))
		return 0;
	if (budget == 0)
		for (struct tayra__list *node = t->ready.next; node != &t->ready; node = node->next)
			budget++;
	while (done < budget && !tayra__list_empty(&t->ready)) {
		tayra__turn_run(TAYRA__LIST_ENTRY(t->ready.next, struct tayra_load, in_line));
		done++;
	}
	return done;
}
