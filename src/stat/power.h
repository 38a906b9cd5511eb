/* SPDX-License-Identifier: Apache-2.0
 *
 * power.h: what a number of pairs can find, and how many an effect needs.  Pure; any thread.
 *
 * Both use the normal approximation of a paired test with the correction for small samples of
 * Guenther, "Sample size formulas for normal theory t tests", The American Statistician 35, 1981:
 *     n = ((z_alpha/2 + z_power) sd / effect)^2 + z_alpha/2^2 / 2
 * Assumes: differences independent between pairs, the mean near normal.  `sd` is the ordinary
 * standard deviation: the sign-flip test is one on the mean, so a spike that a robust spread
 * would overlook costs it power all the same.
 * Not for: choosing after the fact what effect was "really" there; use the interval.
 */
#ifndef TAYRA_STAT_POWER_H
#define TAYRA_STAT_POWER_H

#include <stddef.h>

/* The smallest effect found with probability `power`, in the unit of sd.  NaN: too few pairs. */
double tayra__power_effect(double sd, size_t pairs, double alpha, double power);
/* How many pairs an effect needs, a whole number; infinite for effect 0, NaN for sd NaN. */
double tayra__power_pairs(double sd, double effect, double alpha, double power);

#endif
