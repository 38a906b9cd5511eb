/* SPDX-License-Identifier: Apache-2.0
 *
 * quantile_interval.h: between which order statistics a quantile lies.  Pure; any thread.
 */
#ifndef TAYRA_STAT_QUANTILE_INTERVAL_H
#define TAYRA_STAT_QUANTILE_INTERVAL_H

#include <stdbool.h>
#include <stddef.h>

struct tayra__quantile_interval {
	double value, lo, hi; /* lo, hi: NaN when so few values cannot say */
	double coverage;      /* what lo .. hi really has, at least 1 - alpha */
};

/*
 * Of the q-quantile, from values that ascend.
 * Source: Wilks, Annals of Mathematical Statistics 19, 1948: how many of n lie below the quantile
 * is binomial; Hahn and Meeker, "Statistical Intervals", 1991, section 5.2. Assumes: independent
 * values: one figure a slice, not the requests of a slice, which share their weather and would give
 * an interval much too narrow. Not for: two arms: judge the pairs of per-slice quantiles by the
 * sign-flip test, which is tayra_prove_compare().
 */
void tayra__quantile_interval(const double *sorted, size_t n, double q, double alpha,
			      struct tayra__quantile_interval *out);

/* Whether so many values hold a q-quantile at all: three or more are to lie beyond it (3,000 for
 * p99.9). */
bool tayra__quantile_is_held(double q, double n);

#endif
