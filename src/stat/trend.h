/* SPDX-License-Identifier: Apache-2.0
 *
 * trend.h: does a series rise or fall, and how fast?
 */
#ifndef TAYRA_STAT_TREND_H
#define TAYRA_STAT_TREND_H

#include <stddef.h>

struct tayra__trend {
	double slope, lo, hi; /* per step of the series, at 1 - alpha; NaN: too few */
	double tau;           /* Kendall's: -1 .. 1 */
	double p;             /* two-sided: no trend */
};

/*
 * Source: Mann, Econometrica 13, 1945, and Kendall, 1955, with corrections for ties and continuity
 * (as R's cor.test(method = "kendall", exact = FALSE, continuity = TRUE)); slope and interval:
 * Theil, 1950, Sen, JASA 63, 1968.
 * Assumes: values independent of each other but for the trend.
 * Not for: series whose neighbours resemble each other (p is much too small there); a step, which
 *    it calls a trend; fewer than four values (NaN).
 * => O(n^2) time and room; n up to 3,000, TAYRA_E_TOO_LARGE beyond.  TAYRA_OK, TAYRA_E_NOMEM.
 */
int tayra__trend(const double *values, size_t n, double alpha, struct tayra__trend *out);

#endif
