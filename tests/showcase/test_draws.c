/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/rng.h"
#include "showcase/draws.h"

static struct tayra__estimate
estimate_of(const struct tayra__draws *draws, const double *by_round)
{
	static double drawn[TAYRA__DRAWS];

	for (uint32_t i = 0; i < TAYRA__DRAWS; i++)
		drawn[i] = tayra__draws_mean(draws, by_round, i);
	return tayra__draws_estimate(draws, tayra__draws_mean(draws, by_round, TAYRA__DRAWS_WHOLE),
				     drawn);
}

static void
equal_rounds_leave_no_doubt(void **state)
{
	static struct tayra__draws draws;
	const double same[] = { 5, 5, 5, 5, 5, 5 };
	struct tayra__estimate e;

	tayra__draws_init(&draws, 6, 1);
	e = estimate_of(&draws, same);
	assert_true(e.value == 5 && fabs(e.lo - 5) < 1e-9 && fabs(e.hi - 5) < 1e-9);
}

static void
too_few_rounds_have_no_interval(void **state)
{
	static struct tayra__draws draws;
	const double five[] = { 1, 2, 3, 4, 5 };
	struct tayra__estimate e;

	tayra__draws_init(&draws, 5, 1);
	e = estimate_of(&draws, five);
	assert_true(e.value == 3 && isnan(e.lo) && isnan(e.hi));
}

static void
a_missing_round_is_left_out(void **state)
{
	static struct tayra__draws draws;
	const double holey[] = { 2, (double)NAN, 4, 2, 4, 2, 4 };
	const double none[] = { (double)NAN, (double)NAN };

	tayra__draws_init(&draws, 7, 1);
	assert_true(fabs(tayra__draws_mean(&draws, holey, TAYRA__DRAWS_WHOLE) - 3) < 1e-9);
	tayra__draws_init(&draws, 2, 1);
	assert_true(isnan(tayra__draws_mean(&draws, none, 0)));
}

static void
what_is_not_negative_stays_so(void **state)
{
	static struct tayra__draws draws;
	const double mostly_zero[] = { 0, 0, 0, 0, 0, 0, 0, 1 };

	tayra__draws_init(&draws, 8, 3);
	for (uint32_t i = 0; i < TAYRA__DRAWS; i++)
		assert_true(tayra__draws_mean(&draws, mostly_zero, i) >= 0);
}

/* A ratio of two means over shared rounds, as a saving is: the truth is 1.5. */
static bool
covers(struct tayra__rng *rng, struct tayra__draws *draws, uint32_t rounds, uint64_t seed)
{
	static double drawn[TAYRA__DRAWS];
	double a[TAYRA__DRAWS_ROUNDS_MAX], b[TAYRA__DRAWS_ROUNDS_MAX];
	struct tayra__estimate e;

	for (uint32_t i = 0; i < rounds; i++) {
		double shared = exp(0.5 * tayra__rng_normal(rng));

		a[i] = 1.5 * shared * exp(0.2 * tayra__rng_normal(rng));
		b[i] = shared * exp(0.2 * tayra__rng_normal(rng));
	}
	tayra__draws_init(draws, rounds, seed);
	for (uint32_t i = 0; i < TAYRA__DRAWS; i++)
		drawn[i] = tayra__draws_mean(draws, a, i) / tayra__draws_mean(draws, b, i);
	e = tayra__draws_estimate(draws,
				  tayra__draws_mean(draws, a, TAYRA__DRAWS_WHOLE) /
					  tayra__draws_mean(draws, b, TAYRA__DRAWS_WHOLE),
				  drawn);
	return e.lo <= 1.5 && 1.5 <= e.hi;
}

static void
intervals_hold_the_truth_as_often_as_they_say(void **state)
{
	static struct tayra__draws draws;
	struct tayra__rng rng;
	int trials = getenv("TAYRA_LONG") ? 2000 : 200, held = 0;

	for (uint32_t rounds = 6; rounds <= 12; rounds += 6) {
		held = 0;
		tayra__rng_init(&rng, 5);
		for (int i = 0; i < trials; i++)
			held += covers(&rng, &draws, rounds, (uint64_t)i + 1);
		/* 95%, and three deviations of so few trials below it. */
		print_message("# %u rounds: %d of %d\n", rounds, held, trials);
		assert_true(held >= trials * 0.95 - 3 * sqrt(trials * 0.95 * 0.05));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_rounds_leave_no_doubt),
		cmocka_unit_test(too_few_rounds_have_no_interval),
		cmocka_unit_test(a_missing_round_is_left_out),
		cmocka_unit_test(what_is_not_negative_stays_so),
		cmocka_unit_test(intervals_hold_the_truth_as_often_as_they_say),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
