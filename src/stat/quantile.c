/* SPDX-License-Identifier: Apache-2.0 */
#include "stat/quantile.h"

#include <math.h>
#include <stdlib.h>

static int
compare_doubles(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

void
tayra__quantile_sort(double *values, size_t n)
{
	if (n > 1)
		qsort(values, n, sizeof(*values), compare_doubles);
}

double
tayra__quantile_sorted(const double *sorted, size_t n, double q)
{
	double place, below;
	size_t i;

	if (!n)
		return nan("");
	place = q * (double)(n - 1);
	below = floor(place);
	i = (size_t)below;
	if (i + 1 >= n)
		return sorted[n - 1];
	return sorted[i] + (place - below) * (sorted[i + 1] - sorted[i]);
}

double
tayra__quantile_median(double *values, size_t n)
{
	tayra__quantile_sort(values, n);
	return tayra__quantile_sorted(values, n, 0.5);
}

double
tayra__quantile_mean(const double *values, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += values[i];
	return n ? sum / (double)n : nan("");
}

double
tayra__quantile_stdev(const double *values, size_t n)
{
	double mean = tayra__quantile_mean(values, n), squares = 0;

	if (n < 2)
		return nan("");
	for (size_t i = 0; i < n; i++)
		squares += (values[i] - mean) * (values[i] - mean);
	return sqrt(squares / (double)(n - 1));
}
