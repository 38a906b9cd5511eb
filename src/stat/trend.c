/* SPDX-License-Identifier: Apache-2.0 */
#include "stat/trend.h"

#include <tayra/base.h>

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "stat/normal.h"
#include "stat/quantile.h"

#define LEAST  4
#define N_MOST 3000

/* The variance of the sum of signs when there is no trend.  `sorted` ascends. */
static double
variance_of_signs(const double *sorted, size_t n, double *tied_pairs)
{
	double m = (double)n, variance = m * (m - 1) * (2 * m + 5);

	*tied_pairs = 0;
	for (size_t i = 0, end; i < n; i = end) {
		double t;

		for (end = i; end < n && sorted[end] == sorted[i]; end++)
			continue;
		t = (double)(end - i);
		variance -= t * (t - 1) * (2 * t + 5);
		*tied_pairs += t * (t - 1) / 2;
	}
	return variance / 18;
}

static double
sum_of_signs(const double *values, size_t n, double *slopes)
{
	double sum = 0;
	size_t pairs = 0;

	for (size_t i = 0; i < n; i++) {
		for (size_t j = i + 1; j < n; j++) {
			sum += (values[j] > values[i]) - (values[j] < values[i]);
			slopes[pairs++] = (values[j] - values[i]) / (double)(j - i);
		}
	}
	return sum;
}

static void
judge(double sum, double variance, double tied, size_t n, double alpha, double *slopes,
      struct tayra__trend *out)
{
	double pairs = (double)n * (double)(n - 1) / 2;
	double reach = tayra__normal_quantile(1 - alpha / 2) * sqrt(variance);
	double low = (pairs - reach) / 2, high = (pairs + reach) / 2;
	size_t count = n * (n - 1) / 2;

	tayra__quantile_sort(slopes, count);
	out->slope = tayra__quantile_sorted(slopes, count, 0.5);
	if (variance > 0) {
		out->tau = sum / sqrt((pairs - tied) * pairs);
		out->p = tayra__normal_two_sided(fmax(0, fabs(sum) - 1) / sqrt(variance));
	}
	/* Sen's ranks, from 1, between the slopes they fall between; beyond the ends they are
	 * those. */
	out->lo = tayra__quantile_sorted(slopes, count, fmax(0, (low - 1) / (pairs - 1)));
	out->hi = tayra__quantile_sorted(slopes, count, fmin(1, high / (pairs - 1)));
}

int
tayra__trend(const double *values, size_t n, double alpha, struct tayra__trend *out)
{
	double *slopes, *sorted, variance, tied, sum;

	*out = (struct tayra__trend){ nan(""), nan(""), nan(""), nan(""), nan("") };
	if (n > N_MOST)
		return TAYRA_E_TOO_LARGE;
	if (n < LEAST)
		return TAYRA_OK;
	slopes = tayra__mem_array(n * (n - 1) / 2, sizeof(*slopes));
	sorted = tayra__mem_array(n, sizeof(*sorted));
	if (slopes && sorted) {
		memcpy(sorted, values, n * sizeof(*values));
		tayra__quantile_sort(sorted, n);
		variance = variance_of_signs(sorted, n, &tied);
		sum = sum_of_signs(values, n, slopes);
		judge(sum, variance, tied, n, alpha, slopes, out);
	}
	tayra__mem_free(sorted);
	tayra__mem_free(slopes);
	return slopes && sorted ? TAYRA_OK : TAYRA_E_NOMEM;
}
