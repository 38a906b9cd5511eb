/* SPDX-License-Identifier: Apache-2.0 */
#include "load/waiter.h"

#include <time.h>

#include "load/cq.h"
#include "load/flight.h"
#include "load/handle.h"
#include "load/ref.h"
#include "load/request.h"
#include "load/through.h"
#include "load/turn.h"

void
tayra__wake_init(pthread_cond_t *wake)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(wake, &attr);
	pthread_condattr_destroy(&attr);
}

static uint64_t
next_ns(const struct tayra__waiter *w)
{
	return w->soft_ns < w->deadline_ns ? w->soft_ns : w->deadline_ns;
}

static int
arm(struct tayra *t, struct tayra__waiter *w)
{
	int status;

	w->timer.key = next_ns(w);
	if (w->timer.key == UINT64_MAX)
		return TAYRA_OK;
	status = tayra__heap_push(&t->timers, &w->timer);
	/* Whoever sleeps on that queue chose the moment to wake up before it knew of this one. */
	if (status == TAYRA_OK && w->cq && tayra__heap_peek(&t->timers) == &w->timer)
		tayra__cq_nudge(w->cq);
	return status;
}

int
tayra__waiter_join(struct tayra__waiter *w, struct tayra_load *flight,
		   const struct tayra__want *want)
{
	int status;

	w->soft_ns = want->soft_ns;
	w->deadline_ns = want->deadline_ns;
	w->stale_ok = want->stale_ms != 0;
	status = arm(flight->t, w);
	if (status != TAYRA_OK)
		return status;
	w->flight = flight;
	w->tag_number = flight->t->doubts.tags.number;
	flight->joined = true;
	tayra__list_push_back(&flight->waiters, &w->in_flight);
	if (!flight->cq)
		flight->cq = w->cq;
	flight->store |= want->store;
	tayra__turn_raise(flight, want->cls);
	if (want->deadline_ns > atomic_load_explicit(&flight->deadline_ns, memory_order_relaxed))
		atomic_store_explicit(&flight->deadline_ns, want->deadline_ns,
				      memory_order_relaxed);
	atomic_store_explicit(&flight->cancelled, false, memory_order_relaxed);
	return TAYRA_OK;
}

static void
leave(struct tayra__waiter *w)
{
	struct tayra_load *flight = w->flight;

	w->flight = NULL;
	tayra__list_remove(&w->in_flight);
	tayra__heap_remove(&flight->t->timers, &w->timer);
	tayra__turn_left(flight);
}

static void
count(struct tayra *t, const struct tayra__waiter *w, int status)
{
	if (status == TAYRA_OK && w->ref.stale)
		tayra__counters_add(&t->counters, TAYRA__COUNT_STALE, 1);
	else if (status == TAYRA_E_OVERLOAD)
		tayra__counters_add(&t->counters, TAYRA__COUNT_SHED, 1);
	else if (status == TAYRA_E_TIMEOUT)
		tayra__counters_add(&t->counters, TAYRA__COUNT_TIMEOUTS, 1);
}

void
tayra__waiter_answer(struct tayra__waiter *w, int status)
{
	struct tayra_cq *cq = w->cq;

	count(w->flight->t, w, status);
	w->status = status;
	if (w->written)
		w->written->asked = w->flight->started_ns != 0;
	leave(w);
	if (cq)
		tayra__cq_push(cq, w);
	else
		pthread_cond_signal(w->wake);
}

/* What is cached may be stale, or fresh by now because somebody put it. */
static bool
find_fallback(struct tayra__waiter *w, uint64_t now_ns)
{
	struct tayra *t = w->flight->t;
	uint64_t now_ms = now_ns / TAYRA_NS_PER_MS;
	struct tayra_value value;

	if (!w->stale_ok)
		return false;
	if (tayra__ram_get(t, w->flight->key, w->flight->key_len, now_ms, &value) != TAYRA_OK)
		return false;
	tayra__ref_take(&w->ref, t->cache, t->token, &value, now_ms);
	return true;
}

void
tayra__waiter_fail(struct tayra__waiter *w, int status, uint64_t retry_after_ns, uint64_t now_ns)
{
	if (status != TAYRA_E_NOT_FOUND && status != TAYRA_E_CLOSED && find_fallback(w, now_ns)) {
		tayra__waiter_answer(w, TAYRA_OK);
		return;
	}
	if (status == TAYRA_E_OVERLOAD || status == TAYRA_E_ORIGIN)
		w->ref.retry_after_ns = retry_after_ns;
	tayra__waiter_answer(w, status);
}

void
tayra__waiter_due(struct tayra__waiter *w, uint64_t now_ns)
{
	if (now_ns >= w->deadline_ns) {
		tayra__waiter_fail(w, TAYRA_E_TIMEOUT, 0, now_ns);
		return;
	}
	if (now_ns < w->soft_ns)
		return;
	if (find_fallback(w, now_ns)) {
		w->flight->behind = true;
		tayra__waiter_answer(w, TAYRA_OK);
		return;
	}
	w->soft_ns = UINT64_MAX;
	tayra__heap_remove(&w->flight->t->timers, &w->timer);
	/* Cannot fail: the heap's array has just had room for it, and never shrinks. */
	arm(w->flight->t, w);
}

uint64_t
tayra__waiters_due(struct tayra *t, uint64_t now_ns, uint64_t budget)
{
	uint64_t done = 0;
	struct tayra__heap_node *node;

	while ((node = tayra__heap_peek(&t->timers)) && node->key <= now_ns) {
		tayra__waiter_due(TAYRA__LIST_ENTRY(node, struct tayra__waiter, timer), now_ns);
		if (++done == budget)
			break;
	}
	return done;
}

uint64_t
tayra__waiters_next_ns(const struct tayra *t)
{
	const struct tayra__heap_node *node = tayra__heap_peek(&t->timers);

	return node ? node->key : UINT64_MAX;
}
