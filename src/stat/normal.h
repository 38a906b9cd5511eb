/* SPDX-License-Identifier: Apache-2.0
 *
 * normal.h: the standard normal distribution.  Pure; any thread.
 */
#ifndef TAYRA_STAT_NORMAL_H
#define TAYRA_STAT_NORMAL_H

/* P(Z <= z), from erfc: keeps its relative precision in the lower tail. */
double tayra__normal_cdf(double z);
/* P(|Z| >= |z|): what a two-sided test needs, right to the last digits however small. */
double tayra__normal_two_sided(double z);
/* The z with P(Z <= z) = p, by bisection to the last bit; -+infinity for p <= 0 and p >= 1. */
double tayra__normal_quantile(double p);

#endif
