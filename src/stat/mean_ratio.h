/* SPDX-License-Identifier: Apache-2.0
 *
 * mean_ratio.h: one figure over many metrics: the geometric mean of their ratios, with interval.
 */
#ifndef TAYRA_STAT_MEAN_RATIO_H
#define TAYRA_STAT_MEAN_RATIO_H

#include <stddef.h>
#include <stdint.h>

/* One metric that was registered before the run. */
struct tayra__mean_ratio_row {
	const double *log_ratio; /* by round; > 0 is better; NaN: no pair in that round */
	size_t rounds;
	uint32_t group; /* metrics of one group were measured in the same rounds */
};

struct tayra__mean_ratio {
	double ratio;           /* > 1: better; NaN: nothing to average */
	double lo, hi;          /* 1 - alpha; NaN: fewer than 6 rounds */
	double p;               /* two-sided sign-flip */
	size_t metrics, rounds; /* that had something to say */
};

/*
 * Each metric weighs the same, and within it each of its pairs.
 * Source: geometric means for ratios: Fleming and Wallace, CACM 29, 1986.  Test and interval: the
 *    sign-flip test with a round of a group as the unit, because its coin is what was random: all
 *    metrics of a round turn together, however much they depend on each other, and groups may have
 *    different numbers of rounds.  (A bootstrap over so few rounds would call 7-13% of nothing an
 *    effect.)
 * Assumes: the order of arms was random in every round; metrics chosen before looking.
 * Not for: metrics of different worth; ratios with zeros (their pairs are NaN and left out).
 * => TAYRA_OK, TAYRA_E_NOMEM.
 */
int tayra__mean_ratio(const struct tayra__mean_ratio_row *rows, size_t n, double alpha,
		      uint64_t seed, struct tayra__mean_ratio *out);

#endif
