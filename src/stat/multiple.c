/* SPDX-License-Identifier: Apache-2.0 */
#include "stat/multiple.h"

#include <math.h>
#include <stdlib.h>

static int
by_p(const void *left, const void *right, void *ctx)
{
	const double *p = ctx;
	double a = p[*(const size_t *)left], b = p[*(const size_t *)right];

	return (a > b) - (a < b);
}

static void
rank(double *p, size_t n, size_t *order)
{
	for (size_t i = 0; i < n; i++)
		order[i] = i;
	qsort_r(order, n, sizeof(*order), by_p, p);
}

void
tayra__multiple_holm(double *p, size_t n, size_t *order)
{
	double least = 0;

	rank(p, n, order);
	for (size_t i = 0; i < n; i++) {
		least = fmax(least, fmin(1, (double)(n - i) * p[order[i]]));
		p[order[i]] = least;
	}
}

void
tayra__multiple_benjamini_hochberg(double *p, size_t n, size_t *order)
{
	double most = 1;

	rank(p, n, order);
	for (size_t i = n; i-- > 0;) {
		most = fmin(most, (double)n / (double)(i + 1) * p[order[i]]);
		p[order[i]] = most;
	}
}
