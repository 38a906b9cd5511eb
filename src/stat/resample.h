/* SPDX-License-Identifier: Apache-2.0
 *
 * resample.h: a test by shuffling labels, an interval by drawing again.
 */
#ifndef TAYRA_STAT_RESAMPLE_H
#define TAYRA_STAT_RESAMPLE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Two-sided p that mean(b) - mean(a) is as far from 0 as seen, when the labels mean nothing.
 * Exact while there are at most 20,000 ways to choose, else 9,999 random ones, p = (k + 1) /
 * 10,000. Source: Fisher, 1935; Pitman, Supplement to the JRSS 4, 1937; the + 1: Phipson and Smyth,
 * 2010. Assumes: under the null all values are exchangeable, so equal spreads too. Not for: runs in
 * blocks, a then b (time is not exchangeable); pairs (take the sign-flip test).
 * => NaN in *p for an empty side.  TAYRA_OK, TAYRA_E_NOMEM.
 */
int tayra__resample_permutation(const double *a, size_t na, const double *b, size_t nb,
				uint64_t seed, double *p);

struct tayra__bootstrap {
	double estimate, lo, hi; /* lo, hi: NaN when they cannot be said */
};

/*
 * The bias-corrected and accelerated interval of a statistic.
 * Source: Efron, JASA 82, 1987; acceleration by the jackknife: Efron and Tibshirani, "An
 * Introduction to the Bootstrap", 1993, section 14.3.
 * Assumes: independent values; a statistic that is smooth in them (not the maximum, nor a far
 *    quantile of few).
 * Not for: fewer than ten values (it is too narrow), and slices where a paired test will do.
 * => statistic(values, n, ctx) may reorder `values`, which is a copy.  draws: 2,000 is usual.
 * => No interval for n < 2, or a statistic that is not finite or never varies.
 * => TAYRA_OK, TAYRA_E_NOMEM.
 */
int tayra__resample_bca(const double *values, size_t n,
			double (*statistic)(double *values, size_t n, void *ctx), void *ctx,
			size_t draws, double alpha, uint64_t seed, struct tayra__bootstrap *out);

#endif
