/* SPDX-License-Identifier: Apache-2.0 */
#include "stat/proportion.h"

#include <math.h>

#define NORMAL_975 1.959963984540054

void
tayra__proportion_wilson(double k, double n, double *lo, double *hi)
{
	double z2 = NORMAL_975 * NORMAL_975, p = k / n, half;

	if (!(n > 0)) {
		*lo = *hi = (double)NAN;
		return;
	}
	half = NORMAL_975 * sqrt(p * (1 - p) / n + z2 / (4 * n * n));
	*lo = fmax(0, (p + z2 / (2 * n) - half) / (1 + z2 / n));
	*hi = fmin(1, (p + z2 / (2 * n) + half) / (1 + z2 / n));
}
