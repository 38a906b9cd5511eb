/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hist_live.h"

#include <math.h>

/* There is one writer, so nothing is lost between the load and the store. */
static void
grow(_Atomic uint64_t *bin, uint64_t by)
{
	atomic_store_explicit(bin, atomic_load_explicit(bin, memory_order_relaxed) + by,
			      memory_order_relaxed);
}

static void
grow_sum(struct tayra__hist_live *live, double by)
{
	double sum = atomic_load_explicit(&live->sum, memory_order_relaxed);

	atomic_store_explicit(&live->sum, sum + by, memory_order_relaxed);
}

void
tayra__hist_live_add(struct tayra__hist_live *live, uint64_t value)
{
	grow(&live->bins[tayra__hist_bin(value)], 1);
	grow_sum(live, (double)value);
}

void
tayra__hist_live_merge(struct tayra__hist_live *live, const struct tayra__hist *from)
{
	if (!from->count)
		return;
	for (uint32_t i = 0; i < TAYRA__HIST_BINS; i++)
		if (from->bins[i])
			grow(&live->bins[i], from->bins[i]);
	grow_sum(live, from->sum);
}

void
tayra__hist_live_read(const struct tayra__hist_live *live, struct tayra__hist *out)
{
	for (uint32_t i = 0; i < TAYRA__HIST_BINS; i++) {
		uint64_t n = atomic_load_explicit(&live->bins[i], memory_order_relaxed), middle;

		if (!n)
			continue;
		middle = tayra__hist_bin_middle(i);
		out->bins[i] += n;
		out->count += n;
		out->min = middle < out->min ? middle : out->min;
		out->max = middle > out->max ? middle : out->max;
	}
	out->sum += atomic_load_explicit(&live->sum, memory_order_relaxed);
	out->sum_squares = nan("");
}
