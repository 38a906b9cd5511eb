/* SPDX-License-Identifier: Apache-2.0
 *
 * effect.h: how large a difference is, apart from how sure it is.
 *
 * d and g are in standard deviations OF THE UNIT THAT WAS GIVEN: over slice means they grow with
 * the length of a slice, because means of longer slices vary less while the difference stays.  So
 * show them with their unit ("per request", "per slice of 0.5 s") and judge by Cliff's delta or by
 * the ratio.
 */
#ifndef TAYRA_STAT_EFFECT_H
#define TAYRA_STAT_EFFECT_H

#include <stddef.h>

struct tayra__effect {
	double value;
	double lo, hi; /* at 1 - alpha; NaN: cannot be said */
};

/*
 * (mean(b) - mean(a)) / pooled standard deviation, and the same without the bias of small samples.
 * Source: Cohen, "Statistical Power Analysis", 1969; Hedges, Journal of Educational Statistics 6,
 * 1981, with his exact correction; the interval by Hedges and Olkin, 1985, chapter 5, formula 15.
 * Assumes: near normal values of equal variance.
 * Not for: latencies, which have long tails; comparing figures of slices of different length.
 * => NaN for fewer than two values on a side, or no variance.
 */
double tayra__effect_cohen(const double *a, size_t na, const double *b, size_t nb);
void tayra__effect_hedges(const double *a, size_t na, const double *b, size_t nb, double alpha,
			  struct tayra__effect *out);

/*
 * P(b > a) - P(b < a) of two values drawn at random: -1 .. 1, 0 for no difference.
 * Source: Cliff, Psychological Bulletin 114, 1993: consistent variance, asymmetric interval.
 * Assumes: independent values; nothing about shapes.
 * Not for: how many milliseconds (it knows order only); fewer than two values on a side (NaN).
 * => No interval when one side lies wholly above the other: its variance is not known then.
 * => Sorts both in place.  O(n log n), no allocation.
 */
void tayra__effect_cliff(double *a, size_t na, double *b, size_t nb, double alpha,
			 struct tayra__effect *out);

/*
 * The same of two histograms: values of one bin are ties, which a bin's width (0.8%) makes of a few
 * that are none.  No interval: what is in a histogram mostly is not independent (the requests of a
 * slice).  NaN when one is empty.
 */
struct tayra__hist;
double tayra__effect_cliff_hist(const struct tayra__hist *a, const struct tayra__hist *b);
/* (mean(b) - mean(a)) / pooled standard deviation of what is in them. */
double tayra__effect_cohen_hist(const struct tayra__hist *a, const struct tayra__hist *b);

#endif
