/* SPDX-License-Identifier: Apache-2.0 */
#include "stat/quantile_interval.h"

#include <math.h>

#include "stat/quantile.h"

#define LEAST_BEYOND 3

bool
tayra__quantile_is_held(double q, double n)
{
	return n * fmin(q, 1 - q) >= LEAST_BEYOND * (1 - 1e-12);
}

/* P(exactly k of n lie below the quantile). */
static double
chance(double k, double n, double q)
{
	return exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) + k * log(q) +
		   (n - k) * log1p(-q));
}

void
tayra__quantile_interval(const double *sorted, size_t n, double q, double alpha,
			 struct tayra__quantile_interval *out)
{
	double below = 0, above = 0;
	size_t first = 0, last = n;

	*out = (struct tayra__quantile_interval){ nan(""), nan(""), nan(""), nan("") };
	if (!(q >= 0 && q <= 1))
		return;
	out->value = tayra__quantile_sorted(sorted, n, q);
	if (q == 0 || q == 1)
		return;
	/* Leave out from each end what half of alpha pays for. */
	while (first < n && below + chance((double)first, (double)n, q) <= alpha / 2)
		below += chance((double)first++, (double)n, q);
	while (last > 0 && above + chance((double)last, (double)n, q) <= alpha / 2)
		above += chance((double)last--, (double)n, q);
	/* The quantile lies above the first-th and not above the (last + 1)-th value, from 1. */
	if (first == 0 || last >= n)
		return;
	out->lo = sorted[first - 1];
	out->hi = sorted[last];
	out->coverage = 1 - below - above;
}
