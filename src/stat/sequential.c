/* SPDX-License-Identifier: Apache-2.0 */
#include "stat/sequential.h"

#include <math.h>

void
tayra__sequential_init(struct tayra__sequential *test, double scale, double pairs)
{
	*test = (struct tayra__sequential){ .scale2 = scale * scale * pairs, .e = 1, .e_max = 1 };
}

/* The mean of exp(bet sum - bet^2 squares / 2) over bets that are normal with variance 1 / scale2.
 */
static double
wealth(const struct tayra__sequential *test)
{
	double all = test->scale2 + test->squares;

	return sqrt(test->scale2 / all) * exp(test->sum * test->sum / (2 * all));
}

double
tayra__sequential_add(struct tayra__sequential *test, double d)
{
	if (!isnan(d)) {
		test->sum += d;
		test->squares += d * d;
		test->pairs++;
		test->e = wealth(test);
		/* Infinite differences bet nothing that could be counted. */
		if (isnan(test->e))
			test->e = 0;
		test->e_max = fmax(test->e_max, test->e);
	}
	return fmin(1, 1 / test->e_max);
}
