/* SPDX-License-Identifier: Apache-2.0 */
#include "load/observe.h"

#include <tayra/base.h>

#include "base/mem.h"

#define COUNTERS_A_KEY 4

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

void
tayra__observe_answer(struct tayra__observe *observe, uint64_t hash)
{
	_Atomic uint32_t *count = &observe->counts[(hash >> 32) & observe->mask];
	uint32_t n = atomic_load_explicit(count, memory_order_relaxed);

	/* Not one step: a lost count is cheaper than a locked instruction on every hit. */
	atomic_store_explicit(count, n + 1, memory_order_relaxed);
}

uint32_t
tayra__observe_take(struct tayra__observe *observe, uint64_t hash)
{
	return atomic_exchange_explicit(&observe->counts[(hash >> 32) & observe->mask], 0,
					memory_order_relaxed);
}
