/* SPDX-License-Identifier: Apache-2.0
 *
 * hist.h: a log-linear histogram of 64-bit values.  Every power of two is cut into 128 equal bins,
 * so a quantile is off by less than 0.4% of itself (half a bin); below 128 it is exact.  Bounded
 * memory (58 KiB), exact merging.  Not thread-safe: one a thread, merged on reading.
 * The layout is that of Gil Tene's HdrHistogram; the code is ours.
 */
#ifndef TAYRA_BASE_HIST_H
#define TAYRA_BASE_HIST_H

#include <stdint.h>

#define TAYRA__HIST_SUB_BITS 7
#define TAYRA__HIST_BINS     ((64 - TAYRA__HIST_SUB_BITS + 1) << TAYRA__HIST_SUB_BITS)

struct tayra__hist {
	uint64_t count;
	uint64_t min, max; /* exact; min is UINT64_MAX when empty */
	double sum, sum_squares;
	uint64_t bins[TAYRA__HIST_BINS];
};

void tayra__hist_init(struct tayra__hist *hist);
void tayra__hist_add(struct tayra__hist *hist, uint64_t value);
void tayra__hist_merge(struct tayra__hist *into, const struct tayra__hist *from);
/* The smallest value such that a share q of all is not above it: the middle of its bin, within
 * [min, max]; exactly min for q <= 0 (and NaN) and exactly max for q >= 1.  0 when empty. */
uint64_t tayra__hist_quantile(const struct tayra__hist *hist, double q);
/* How many values lie in bins that end at or below `value`: exactly those that are not above it,
 * when value + 1 begins a bin, as every power of two does. */
uint64_t tayra__hist_at_most(const struct tayra__hist *hist, uint64_t value);
/* The bin of a value, and the value in the middle of a bin. */
uint32_t tayra__hist_bin(uint64_t value);
uint64_t tayra__hist_bin_middle(uint32_t bin);
/* 0 when empty. */
double tayra__hist_mean(const struct tayra__hist *hist);
double tayra__hist_stdev(const struct tayra__hist *hist);

#endif
