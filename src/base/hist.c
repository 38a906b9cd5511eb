/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hist.h"

#include <math.h>
#include <string.h>

#define SUB_COUNT (1u << TAYRA__HIST_SUB_BITS)

/* Values under SUB_COUNT have a bin each; above, the top bit picks the group and the next 7 the
 * bin. */
uint32_t
tayra__hist_bin(uint64_t value)
{
	uint32_t shift;

	if (value < SUB_COUNT)
		return (uint32_t)value;
	shift = 63 - (uint32_t)__builtin_clzll(value) - TAYRA__HIST_SUB_BITS;
	return ((shift + 1) << TAYRA__HIST_SUB_BITS) + (uint32_t)(value >> shift) - SUB_COUNT;
}

uint64_t
tayra__hist_bin_middle(uint32_t bin)
{
	uint32_t group = bin >> TAYRA__HIST_SUB_BITS;
	uint64_t low = bin & (SUB_COUNT - 1);

	if (group == 0)
		return low;
	low = (low + SUB_COUNT) << (group - 1);
	return low + ((1ull << (group - 1)) >> 1);
}

void
tayra__hist_init(struct tayra__hist *hist)
{
	memset(hist, 0, sizeof(*hist));
	hist->min = UINT64_MAX;
}

void
tayra__hist_add(struct tayra__hist *hist, uint64_t value)
{
	hist->count++;
	hist->sum += (double)value;
	hist->sum_squares += (double)value * (double)value;
	if (value < hist->min)
		hist->min = value;
	if (value > hist->max)
		hist->max = value;
	hist->bins[tayra__hist_bin(value)]++;
}

void
tayra__hist_merge(struct tayra__hist *into, const struct tayra__hist *from)
{
	into->count += from->count;
	into->sum += from->sum;
	into->sum_squares += from->sum_squares;
	if (from->min < into->min)
		into->min = from->min;
	if (from->max > into->max)
		into->max = from->max;
	for (uint32_t i = 0; i < TAYRA__HIST_BINS; i++)
		into->bins[i] += from->bins[i];
}

uint64_t
tayra__hist_quantile(const struct tayra__hist *hist, double q)
{
	uint64_t rank, seen = 0;

	if (hist->count == 0)
		return 0;
	if (!(q > 0))
		return hist->min;
	if (q >= 1)
		return hist->max;
	/* 0.07 * 100 is a little over 7: without the slack the 8th of 100 would be taken. */
	rank = (uint64_t)ceil(q * (double)hist->count * (1 - 1e-15));
	for (uint32_t i = 0; i < TAYRA__HIST_BINS; i++) {
		seen += hist->bins[i];
		if (seen >= rank) {
			uint64_t value = tayra__hist_bin_middle(i);

			if (value < hist->min)
				return hist->min;
			return value > hist->max ? hist->max : value;
		}
	}
	return hist->max;
}

uint64_t
tayra__hist_at_most(const struct tayra__hist *hist, uint64_t value)
{
	uint32_t end = value == UINT64_MAX ? TAYRA__HIST_BINS : tayra__hist_bin(value + 1);
	uint64_t seen = 0;

	for (uint32_t i = 0; i < end; i++)
		seen += hist->bins[i];
	return seen;
}

double
tayra__hist_mean(const struct tayra__hist *hist)
{
	return hist->count ? hist->sum / (double)hist->count : 0;
}

double
tayra__hist_stdev(const struct tayra__hist *hist)
{
	double n = (double)hist->count, mean, variance;

	if (hist->count < 2)
		return 0;
	mean = hist->sum / n;
	variance = (hist->sum_squares - n * mean * mean) / (n - 1);
	return variance > 0 ? sqrt(variance) : 0;
}
