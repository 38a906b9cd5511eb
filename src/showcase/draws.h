/* SPDX-License-Identifier: Apache-2.0
 *
 * draws.h: intervals for figures that are computed from several measured ones.  Each draw picks a
 * stage's rounds anew, with replacement, the same for every arm and metric of that stage, and
 * everything is computed again from the picked rounds; the middle 95% of what comes out is the
 * interval.  So a round's figures keep together, and what depends on the same round moves alike.
 *
 * With few rounds that interval is too narrow, so each draw is set further from the whole by
 * t(.975, n - 1) / z(.975) * sqrt(n / (n - 1)).
 * Source: Hesterberg, "What teachers should know about the bootstrap", The American Statistician
 * 69, 2015 (section 4.4, the expanded percentile interval).
 * Not for: verdicts; those come from the sign-flip test.
 */
#ifndef TAYRA_SHOWCASE_DRAWS_H
#define TAYRA_SHOWCASE_DRAWS_H

#include <stdint.h>

#define TAYRA__DRAWS            2000
#define TAYRA__DRAWS_ROUNDS_MAX 16
#define TAYRA__DRAWS_WHOLE      TAYRA__DRAWS /* as a draw's number: all rounds as they are */

struct tayra__draws {
	uint32_t rounds;
	double widen;
	uint8_t pick[TAYRA__DRAWS][TAYRA__DRAWS_ROUNDS_MAX];
};

/* What was computed, with its interval; all NaN: not known. */
struct tayra__estimate {
	double value, lo, hi;
};

/* The same seed and rounds, the same draws.  rounds of at most TAYRA__DRAWS_ROUNDS_MAX. */
void tayra__draws_init(struct tayra__draws *draws, uint32_t rounds, uint64_t seed);
/* The mean of a figure over the rounds of a draw; a round that is NaN is left out, and a mean of
 * none is NaN.  A figure that is nowhere below zero keeps that. */
double tayra__draws_mean(const struct tayra__draws *draws, const double *by_round, uint32_t draw);
/* Around `value`, out of what TAYRA__DRAWS draws gave, which is sorted; with fewer than 6 rounds
 * the ends are NaN. */
struct tayra__estimate tayra__draws_estimate(const struct tayra__draws *draws, double value,
					     double *drawn);

#endif
