/* SPDX-License-Identifier: Apache-2.0 */
#include "stat/outlier.h"

#include <math.h>

#include "stat/quantile.h"

void
tayra__outliers(const double *sorted, size_t n, struct tayra__outliers *out)
{
	double low = tayra__quantile_sorted(sorted, n, 0.25);
	double high = tayra__quantile_sorted(sorted, n, 0.75), range = high - low;
	double mean = tayra__quantile_mean(sorted, n), all = 0, theirs = 0;

	*out = (struct tayra__outliers){ .share_of_variance = nan("") };
	for (size_t i = 0; i < n; i++) {
		double x = sorted[i], square = (x - mean) * (x - mean);

		all += square;
		if (x >= low - 1.5 * range && x <= high + 1.5 * range)
			continue;
		theirs += square;
		if (x < low)
			x < low - 3 * range ? out->severe_low++ : out->mild_low++;
		else
			x > high + 3 * range ? out->severe_high++ : out->mild_high++;
	}
	if (all > 0)
		out->share_of_variance = theirs / all;
}
