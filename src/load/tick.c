/* SPDX-License-Identifier: Apache-2.0
 *
 * tick.c: time moves on, by the caller's hand or the ticker's.
 *
 * Only the ticker publishes the coarse clock: calls believe it because its thread is ours and
 * publishes again in half a millisecond.  A caller that ticked once and never again would make
 * time stand still, and expired values fresh for ever.
 */
#include <pthread.h>
#include <time.h>

#include <tayra/tayra.h>

#include "load/handle.h"
#include "load/learner.h"
#include "load/pool.h"
#include "load/turn.h"
#include "load/waiter.h"

#define PERIOD_NS      (TAYRA_NS_PER_MS / 2)
#define SWEEP_NS       (10 * TAYRA_NS_PER_MS) /* between looks for expired items */
#define DEFAULT_BUDGET 256

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

static void *
run_ticker(void *arg)
{
	struct tayra *t = arg;
	const struct timespec period = { .tv_nsec = (long)PERIOD_NS };

	while (!atomic_load_explicit(&t->ticker_stop, memory_order_relaxed)) {
		uint64_t now_ns = tayra__handle_now_ns(t);

		atomic_store_explicit(&t->coarse_ns, now_ns, memory_order_relaxed);
		tick_all(t, now_ns, DEFAULT_BUDGET);
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
	pthread_join(t->ticker_thread, NULL);
	atomic_store_explicit(&t->coarse_ns, 0, memory_order_relaxed);
}
