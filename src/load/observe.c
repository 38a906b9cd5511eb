/* SPDX-License-Identifier: Apache-2.0 */
#include "load/observe.h"

#include <tayra/base.h>

#include "base/mem.h"
#include "load/counter.h"

#define COUNTERS_A_KEY 4
#define SKIPPED_MAX    0xffffu
#define IDLE_DRAINS    2048u /* nearly empty ones, before more keys are told of */

static uint32_t
counters_for(uint32_t keys)
{
	uint32_t counters = 64;

	while (counters / COUNTERS_A_KEY < keys)
		counters *= 2;
	return counters;
}

size_t
tayra__observe_bytes(uint32_t keys)
{
	return counters_for(keys) * sizeof(uint32_t);
}

int
tayra__observe_init(struct tayra__observe *observe, uint32_t keys)
{
	uint32_t counters = counters_for(keys);

	observe->counts = tayra__mem_array(counters, sizeof(*observe->counts));
	observe->mask = counters - 1;
	return observe->counts ? TAYRA_OK : TAYRA_E_NOMEM;
}

void
tayra__observe_fini(struct tayra__observe *observe)
{
	tayra__mem_free((void *)observe->counts);
}

uint32_t
tayra__observe_answer(struct tayra__observe *observe, uint64_t hash)
{
	_Atomic uint32_t *count = &observe->counts[(hash >> 32) & observe->mask];
	uint32_t n = atomic_load_explicit(count, memory_order_relaxed);

	/* Not one step: a lost count is cheaper than a locked instruction on every hit. */
	atomic_store_explicit(count, n + 1, memory_order_relaxed);
	return n;
}

uint32_t
tayra__observe_take(struct tayra__observe *observe, uint64_t hash)
{
	return atomic_exchange_explicit(&observe->counts[(hash >> 32) & observe->mask], 0,
					memory_order_relaxed);
}

uint32_t
tayra__observe_count(const struct tayra__observe *observe, uint64_t hash)
{
	return atomic_load_explicit(&observe->counts[(hash >> 32) & observe->mask],
				    memory_order_relaxed);
}

void
tayra__observe_use(struct tayra__observe *observe, uint64_t hash, uint64_t now_ms)
{
	struct tayra__observe_stripe *stripe;
	uint32_t head;

	if (hash & atomic_load_explicit(&observe->skipped, memory_order_relaxed))
		return;
	stripe = &observe->stripes[tayra__counters_stripe() % TAYRA__OBSERVE_STRIPES];
	head = atomic_load_explicit(&stripe->head, memory_order_relaxed);
	atomic_store_explicit(&stripe->events[head % TAYRA__OBSERVE_RING].hash, hash,
			      memory_order_relaxed);
	atomic_store_explicit(&stripe->events[head % TAYRA__OBSERVE_RING].at_ms, now_ms,
			      memory_order_relaxed);
	atomic_store_explicit(&stripe->head, head + 1, memory_order_release);
}

/* => how many of the budget are left; *lost counts those that were written over. */
static uint32_t
drain_one(struct tayra__observe_stripe *stripe, uint32_t budget, uint64_t *lost,
	  void (*use)(void *ctx, uint64_t hash, uint64_t at_ms), void *ctx)
{
	uint32_t head = atomic_load_explicit(&stripe->head, memory_order_acquire);
	uint32_t waiting = head - stripe->tail;

	if (waiting > TAYRA__OBSERVE_RING) {
		*lost += waiting - TAYRA__OBSERVE_RING;
		stripe->tail = head - TAYRA__OBSERVE_RING;
	}
	for (; stripe->tail != head && budget > 0; budget--, stripe->tail++) {
		uint32_t at = stripe->tail % TAYRA__OBSERVE_RING;

		use(ctx, atomic_load_explicit(&stripe->events[at].hash, memory_order_relaxed),
		    atomic_load_explicit(&stripe->events[at].at_ms, memory_order_relaxed));
	}
	return budget;
}

static void
adapt(struct tayra__observe *observe, uint64_t lost, uint32_t left, uint32_t budget)
{
	uint32_t skipped = atomic_load_explicit(&observe->skipped, memory_order_relaxed);

	if (lost && skipped < SKIPPED_MAX) {
		skipped = skipped * 2 + 1;
		observe->idle = 0;
	} else if (left > budget - budget / 8 && ++observe->idle >= IDLE_DRAINS) {
		skipped /= 2;
		observe->idle = 0;
	} else {
		return;
	}
	atomic_store_explicit(&observe->skipped, skipped, memory_order_relaxed);
}

void
tayra__observe_drain(struct tayra__observe *observe, uint32_t budget,
		     void (*use)(void *ctx, uint64_t hash, uint64_t at_ms), void *ctx)
{
	uint32_t left = budget;
	uint64_t lost = 0;

	/* Beginning with another each time, so that the last is not always left out. */
	for (uint32_t i = 0; i < TAYRA__OBSERVE_STRIPES; i++)
		left = drain_one(&observe->stripes[(observe->turn + i) % TAYRA__OBSERVE_STRIPES],
				 left, &lost, use, ctx);
	observe->turn++;
	observe->told += budget - left;
	observe->lost += lost;
	adapt(observe, lost, left, budget);
}
