/* SPDX-License-Identifier: Apache-2.0 */
#include "stat/power.h"

#include "stat/normal.h"

#include <math.h>

double
tayra__power_effect(double sd, size_t pairs, double alpha, double power)
{
	double z_alpha = tayra__normal_quantile(1 - alpha / 2);
	double z_power = tayra__normal_quantile(power);
	double worth = (double)pairs - z_alpha * z_alpha / 2;

	return worth > 0 ? (z_alpha + z_power) * sd / sqrt(worth) : nan("");
}

double
tayra__power_pairs(double sd, double effect, double alpha, double power)
{
	double z_alpha = tayra__normal_quantile(1 - alpha / 2);
	double z_power = tayra__normal_quantile(power);
	double ratio = (z_alpha + z_power) * sd / fabs(effect);

	return ceil(ratio * ratio + z_alpha * z_alpha / 2);
}
