/* SPDX-License-Identifier: Apache-2.0
 *
 * quantile.h: quantiles and spread of a small array.  Pure; any thread.
 */
#ifndef TAYRA_STAT_QUANTILE_H
#define TAYRA_STAT_QUANTILE_H

#include <stddef.h>

/*
 * Ascending, in place.  No NaN.
 */
void tayra__quantile_sort(double *values, size_t n);
/*
 * Linear between order statistics (type 7 of Hyndman and Fan, 1996, as R's default).
 * => `sorted` ascends; q in [0, 1]; NaN when empty.
 */
double tayra__quantile_sorted(const double *sorted, size_t n, double q);
/* Sorts in place.  NaN when empty. */
double tayra__quantile_median(double *values, size_t n);

double tayra__quantile_mean(const double *values, size_t n);
/* The n - 1 kind, about the mean.  NaN for n < 2. */
double tayra__quantile_stdev(const double *values, size_t n);

#endif
