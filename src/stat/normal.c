/* SPDX-License-Identifier: Apache-2.0 */
#include "stat/normal.h"

#include <math.h>

double
tayra__normal_cdf(double z)
{
	return 0.5 * erfc(-z * M_SQRT1_2);
}

double
tayra__normal_two_sided(double z)
{
	return erfc(fabs(z) * M_SQRT1_2);
}

double
tayra__normal_quantile(double p)
{
	double below = -40, above = 0;

	if (isnan(p))
		return p;
	if (p <= 0 || p >= 1)
		return p <= 0 ? -HUGE_VAL : HUGE_VAL;
	if (p == 0.5)
		return 0;
	if (p > 0.5)
		return -tayra__normal_quantile(1 - p);
	for (int i = 0; i < 100; i++) {
		double middle = below + (above - below) / 2;

		if (tayra__normal_cdf(middle) < p)
			below = middle;
		else
			above = middle;
	}
	return above;
}
