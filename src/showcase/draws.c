/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/draws.h"

#include <math.h>

#include "base/rng.h"
#include "stat/quantile.h"

#define LEAST_ROUNDS 6

/* Student's t at .975 by degrees of freedom; beyond the table it is close enough to the last. */
static const double t_975[] = { 0,     12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365,
				2.306, 2.262,  2.228, 2.201, 2.179, 2.160, 2.145, 2.131 };
#define Z_975 1.960

void
tayra__draws_init(struct tayra__draws *draws, uint32_t rounds, uint64_t seed)
{
	struct tayra__rng rng;

	tayra__rng_init(&rng, seed);
	draws->rounds = rounds;
	draws->widen = rounds < 2 ? 1 : t_975[rounds - 1] / Z_975 * sqrt(rounds / (rounds - 1.0));
	for (uint32_t i = 0; i < TAYRA__DRAWS; i++)
		for (uint32_t j = 0; j < rounds; j++)
			draws->pick[i][j] = (uint8_t)tayra__rng_below(&rng, rounds);
}

static double
mean(const struct tayra__draws *draws, const double *by_round, const uint8_t *pick)
{
	double sum = 0;
	uint32_t n = 0;

	for (uint32_t i = 0; i < draws->rounds; i++) {
		double value = by_round[pick ? pick[i] : i];

		if (isnan(value))
			continue;
		sum += value;
		n++;
	}
	return n ? sum / n : (double)NAN;
}

double
tayra__draws_mean(const struct tayra__draws *draws, const double *by_round, uint32_t draw)
{
	double whole = mean(draws, by_round, NULL), drawn;

	if (draw == TAYRA__DRAWS_WHOLE)
		return whole;
	drawn = mean(draws, by_round, draws->pick[draw]);
	if (whole > 0 && drawn > 0)
		return whole * exp(draws->widen * log(drawn / whole));
	drawn = whole + draws->widen * (drawn - whole);
	return whole >= 0 ? fmax(drawn, 0) : drawn;
}

struct tayra__estimate
tayra__draws_estimate(const struct tayra__draws *draws, double value, double *drawn)
{
	struct tayra__estimate e = { value, (double)NAN, (double)NAN };
	uint32_t known = 0;

	for (uint32_t i = 0; i < TAYRA__DRAWS; i++)
		if (!isnan(drawn[i]))
			drawn[known++] = drawn[i];
	if (isnan(value) || known < TAYRA__DRAWS / 2 || draws->rounds < LEAST_ROUNDS)
		return e;
	tayra__quantile_sort(drawn, known);
	e.lo = fmin(tayra__quantile_sorted(drawn, known, 0.025), value);
	e.hi = fmax(tayra__quantile_sorted(drawn, known, 0.975), value);
	return e;
}
