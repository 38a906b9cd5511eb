/* SPDX-License-Identifier: Apache-2.0
 *
 * The k-th Walsh average is found by bisection on its value, counting in O(n) how many are not
 * above a guess: so a sample of 10,000 needs no table of 50,000,000.
 */
#include "stat/hodges_lehmann.h"

#include "stat/quantile.h"

#include <math.h>
#include <stdint.h>

/* How many averages of two are <= x; `sorted` ascends. */
static uint64_t
count_not_above(const double *sorted, size_t n, double x)
{
	uint64_t count = 0;
	size_t end = n; /* one past the last partner */

	for (size_t i = 0; i < n; i++) {
		while (end > i && 0.5 * (sorted[i] + sorted[end - 1]) > x)
			end--;
		if (end <= i)
			break;
		count += end - i;
	}
	return count;
}

/* The k-th smallest average, k from 1. */
static double
kth_average(const double *sorted, size_t n, uint64_t k)
{
	double below = sorted[0], at = sorted[n - 1];

	if (count_not_above(sorted, n, below) >= k)
		return below;
	/* 200 halvings reach neighbouring doubles except about 0, where the rest is nothing. */
	for (int i = 0; i < 200; i++) {
		double middle = below + (at - below) / 2;

		if (middle <= below || middle >= at)
			break;
		if (count_not_above(sorted, n, middle) >= k)
			at = middle;
		else
			below = middle;
	}
	return at;
}

double
tayra__hodges_lehmann(double *d, size_t n)
{
	uint64_t averages = (uint64_t)n * (n + 1) / 2;
	double upper;

	if (!n)
		return nan("");
	tayra__quantile_sort(d, n);
	upper = kth_average(d, n, averages / 2 + 1);
	if (averages % 2)
		return upper;
	return 0.5 * (kth_average(d, n, averages / 2) + upper);
}
