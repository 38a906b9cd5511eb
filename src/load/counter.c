/* SPDX-License-Identifier: Apache-2.0 */
#include "load/counter.h"

/* Numbers the threads of the process; says nothing about any handle. */
static _Atomic unsigned threads;
static _Thread_local unsigned stripe; /* 1-based; 0: not numbered yet */

unsigned
tayra__counters_stripe(void)
{
	if (stripe == 0)
		stripe = atomic_fetch_add_explicit(&threads, 1, memory_order_relaxed) %
				 TAYRA__COUNTER_STRIPES +
			 1;
	return stripe - 1;
}

void
tayra__counters_add(struct tayra__counters *counters, enum tayra__count which, uint64_t n)
{
	atomic_fetch_add_explicit(&counters->stripes[tayra__counters_stripe()].count[which], n,
				  memory_order_relaxed);
}

uint64_t
tayra__counters_sum(const struct tayra__counters *counters, enum tayra__count which)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < TAYRA__COUNTER_STRIPES; i++)
		sum += atomic_load_explicit(&counters->stripes[i].count[which],
					    memory_order_relaxed);
	return sum;
}
