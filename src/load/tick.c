/* SPDX-License-Identifier: Apache-2.0
 *
 * tick.c: time moves on, by the caller's hand or the ticker's.
 *
 * Only the ticker publishes the coarse clock: calls believe it because its thread is ours and
 * publishes again in half a millisecond.  A caller that ticked once and never again would make
 * time stand still, and expired values fresh for ever.
 *
 * When nobody calls, the ticker dozes: it publishes nothing, so that a hit reads the clock, and
 * looks after expired items and the pace a hundred times a second.  A call that may need it sooner
 * wakes it.
 */
#include <pthread.h>
#include <time.h>

#include <tayra/tayra.h>

#include "base/clock.h"
#include "load/handle.h"
#include "load/learner.h"
#include "load/lease.h"
#include "load/pool.h"
#include "load/prefetch.h"
#include "load/turn.h"
#include "load/waiter.h"

#define PERIOD_NS      (TAYRA_NS_PER_MS / 2)
#define SWEEP_NS       (10 * TAYRA_NS_PER_MS) /* between looks for expired items */
#define DEFAULT_BUDGET 256
#define QUIET_PERIODS  100 /* without a call, then the ticker dozes */

/* True once a period, for one of the threads that ask. */
static bool
is_due(_Atomic uint64_t *next_ns, uint64_t now_ns, uint64_t period_ns)
{
	uint64_t next = atomic_load_explicit(next_ns, memory_order_relaxed);

	return now_ns >= next && atomic_compare_exchange_strong_explicit(
					 next_ns, &next, tayra__add_sat(now_ns, period_ns),
					 memory_order_relaxed, memory_order_relaxed);
}

static void
tick(struct tayra *t, uint64_t now_ns, uint64_t budget)
{
	pthread_mutex_lock(&t->lock);
	tayra__waiters_due(t, now_ns, budget);
	tayra__lease_due(t, now_ns, budget);
	tayra__lease_tick(t, now_ns);
	if (!tayra__list_empty(&t->ready)) {
		/* A loader may take its time; meanwhile nobody may believe the coarse clock. */
		atomic_store_explicit(&t->root->coarse_ns, 0, memory_order_relaxed);
		tayra__turn_run_ready(t, budget);
	}
	tayra__turn_unlock(t);
	if (t->pace && t->root == t && is_due(&t->next_pace_ns, now_ns, SWEEP_NS))
		tayra_pace_tick(t->pace, now_ns);
	tayra__below_tick(t, now_ns);
	tayra__learner_tick(t, now_ns / TAYRA_NS_PER_MS);
	tayra__prefetch_tick(t, now_ns / TAYRA_NS_PER_MS);
	if (is_due(&t->next_sweep_ns, now_ns, SWEEP_NS))
		tayra_cache_tick(t->cache, now_ns / TAYRA_NS_PER_MS, budget);
}

static void
tick_all(struct tayra *t, uint64_t now_ns, uint64_t budget)
{
	tick(t, now_ns, budget);
	for (struct tayra *pool = NULL; (pool = tayra__pool_next(t, pool));)
		tick(pool, now_ns, budget);
}

void
tayra_tick(struct tayra *t, uint64_t budget)
{
	if (tayra__handle_forked(t))
		return;
	tick_all(t, tayra__handle_now_ns(t), budget ? budget : DEFAULT_BUDGET);
}

/* Hits of RAM alone (store.h) are no calls, but there is something to be taken from them. */
static uint64_t
calls_of(struct tayra *t)
{
	return tayra__counters_sum(&t->counters, TAYRA__COUNT_HITS) +
	       tayra__counters_sum(&t->counters, TAYRA__COUNT_MISSES) +
	       tayra__counters_sum(&t->counters, TAYRA__COUNT_THROTTLED) +
	       tayra__counters_sum(&t->counters, TAYRA__COUNT_AT_ONCE) +
	       tayra__counters_sum(&t->counters, TAYRA__COUNT_ABSENT) + tayra__learner_taken(t);
}

static uint64_t
calls_of_all(struct tayra *t)
{
	uint64_t calls = calls_of(t);

	for (struct tayra *pool = NULL; (pool = tayra__pool_next(t, pool));)
		calls += calls_of(pool);
	return calls;
}

/* No call is under way, and nothing that one has left. */
static bool
at_rest(struct tayra *t)
{
	bool rest;

	pthread_mutex_lock(&t->lock);
	rest = t->flight_count == 0 && atomic_load_explicit(&t->calls, memory_order_relaxed) == 0;
	pthread_mutex_unlock(&t->lock);
	return rest;
}

static bool
all_at_rest(struct tayra *t)
{
	bool rest = at_rest(t);

	for (struct tayra *pool = NULL; rest && (pool = tayra__pool_next(t, pool));)
		rest = at_rest(pool);
	return rest;
}

/* => false: there is something to do, and it did not. */
static bool
doze(struct tayra *t)
{
	uint64_t until_ns = tayra__clock_real_ns() + SWEEP_NS;
	const struct timespec until = { .tv_sec = (time_t)(until_ns / TAYRA_NS_PER_S),
					.tv_nsec = (long)(until_ns % TAYRA_NS_PER_S) };
	bool rest;
	int code = 0;

	atomic_store_explicit(&t->dozing, true, memory_order_relaxed);
	rest = all_at_rest(t);
	if (rest) {
		atomic_store_explicit(&t->coarse_ns, 0, memory_order_relaxed);
		pthread_mutex_lock(&t->doze_lock);
		while (code == 0 && atomic_load_explicit(&t->dozing, memory_order_relaxed))
			code = pthread_cond_timedwait(&t->doze_end, &t->doze_lock, &until);
		pthread_mutex_unlock(&t->doze_lock);
	}
	atomic_store_explicit(&t->dozing, false, memory_order_relaxed);
	return rest;
}

void
tayra__ticker_rouse(struct tayra *t)
{
	struct tayra *root = t->root;

	if (!atomic_load_explicit(&root->dozing, memory_order_relaxed))
		return;
	pthread_mutex_lock(&root->doze_lock);
	atomic_store_explicit(&root->dozing, false, memory_order_relaxed);
	pthread_cond_signal(&root->doze_end);
	pthread_mutex_unlock(&root->doze_lock);
}

static void *
run_ticker(void *arg)
{
	struct tayra *t = arg;
	const struct timespec period = { .tv_nsec = (long)PERIOD_NS };
	uint64_t calls = calls_of_all(t);

	for (unsigned quiet = 0; !atomic_load_explicit(&t->ticker_stop, memory_order_relaxed);) {
		uint64_t now_ns = tayra__handle_now_ns(t), calls_now;

		atomic_store_explicit(&t->coarse_ns, now_ns, memory_order_relaxed);
		tick_all(t, now_ns, DEFAULT_BUDGET);
		if (++quiet >= QUIET_PERIODS) {
			calls_now = calls_of_all(t);
			quiet = calls_now == calls ? QUIET_PERIODS : 0;
			calls = calls_now;
		}
		if (quiet < QUIET_PERIODS || !doze(t))
			nanosleep(&period, NULL);
	}
	return NULL;
}

int
tayra__ticker_start(struct tayra *t)
{
	switch (pthread_create(&t->ticker_thread, NULL, run_ticker, t)) {
	case 0: return TAYRA_OK;
	default: return TAYRA_E_NOMEM;
	}
}

void
tayra__ticker_stop(struct tayra *t)
{
	atomic_store_explicit(&t->ticker_stop, true, memory_order_relaxed);
	pthread_mutex_lock(&t->lock);
	tayra__ticker_rouse(t);
	pthread_mutex_unlock(&t->lock);
	pthread_join(t->ticker_thread, NULL);
	atomic_store_explicit(&t->coarse_ns, 0, memory_order_relaxed);
}
