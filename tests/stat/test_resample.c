/* SPDX-License-Identifier: Apache-2.0 */
#include "stat/resample.h"

#include <tayra/base.h>

#include <math.h>

#include "base/rng.h"
#include "stat/quantile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "near.h"

static void
few_values_are_shuffled_in_every_way(void **state)
{
	const double a[] = { 1, 2, 3 }, b[] = { 10, 11, 12 }, one[] = { 5 };
	double p;

	(void)state;
	/* Of 20 ways two are as far as this: the one seen and its mirror. */
	assert_int_equal(tayra__resample_permutation(a, 3, b, 3, 1, &p), TAYRA_OK);
	assert_near(p, 0.1, 1e-12);
	assert_int_equal(tayra__resample_permutation(a, 3, a, 3, 1, &p), TAYRA_OK);
	assert_near(p, 1, 1e-12);
	assert_int_equal(tayra__resample_permutation(a, 3, one, 1, 1, &p), TAYRA_OK);
	assert_near(p, 0.25, 1e-12);
	assert_int_equal(tayra__resample_permutation(a, 0, b, 3, 1, &p), TAYRA_OK);
	assert_true(isnan(p));
}

/* 0.1 cannot be written in binary: sums in another order differ in the last digit. */
static void
rounding_makes_no_two_equal_sums_different(void **state)
{
	const double a[] = { 0.1, 0.2, 0.3 }, b[] = { 0.3, 0.2, 0.1 };
	double p;

	(void)state;
	assert_int_equal(tayra__resample_permutation(a, 3, b, 3, 1, &p), TAYRA_OK);
	assert_near(p, 1, 1e-12);
}

static void
many_values_are_called_different_at_the_level_and_no_more(void **state)
{
	struct tayra__rng rng;
	int called = 0, found = 0;

	(void)state;
	tayra__rng_init(&rng, 7);
	for (int i = 0; i < 200; i++) {
		double a[30], b[25], c[25], p;

		for (int j = 0; j < 30; j++)
			a[j] = tayra__rng_exponential(&rng);
		for (int j = 0; j < 25; j++) {
			b[j] = tayra__rng_exponential(&rng);
			c[j] = 2.5 + tayra__rng_exponential(&rng);
		}
		assert_int_equal(tayra__resample_permutation(a, 30, b, 25, (uint64_t)i, &p), 0);
		called += p < 0.05;
		assert_int_equal(tayra__resample_permutation(a, 30, c, 25, (uint64_t)i, &p), 0);
		found += p < 0.05;
	}
	assert_in_range(called, 2, 20);
	assert_int_equal(found, 200);
}

static double
mean_of(double *values, size_t n, void *ctx)
{
	(void)ctx;
	return tayra__quantile_mean(values, n);
}

static double
constant(double *values, size_t n, void *ctx)
{
	(void)values;
	(void)n;
	(void)ctx;
	return 1;
}

static void
the_bca_interval_holds_the_mean_of_a_skewed_law_as_often_as_it_says(void **state)
{
	struct tayra__rng rng;
	int held = 0;

	(void)state;
	tayra__rng_init(&rng, 3);
	for (int i = 0; i < 300; i++) {
		struct tayra__bootstrap out;
		double x[60];

		for (int j = 0; j < 60; j++)
			x[j] = tayra__rng_exponential(&rng);
		assert_int_equal(
			tayra__resample_bca(x, 60, mean_of, NULL, 600, 0.05, (uint64_t)i, &out), 0);
		held += out.lo <= 1 && 1 <= out.hi;
		assert_true(out.lo < out.estimate && out.estimate < out.hi);
	}
	/* 94% is what its source finds for such samples; three deviations of 300 are 4%. */
	assert_in_range(held, 270, 296);
}

static void
what_cannot_be_said_has_no_interval(void **state)
{
	const double x[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }, equal[] = { 4, 4, 4, 4 };
	struct tayra__bootstrap out;

	(void)state;
	assert_int_equal(tayra__resample_bca(x, 0, mean_of, NULL, 100, 0.05, 1, &out), TAYRA_OK);
	assert_true(isnan(out.estimate) && isnan(out.lo));
	assert_int_equal(tayra__resample_bca(x, 1, mean_of, NULL, 100, 0.05, 1, &out), TAYRA_OK);
	assert_near(out.estimate, 1, 0);
	assert_true(isnan(out.lo) && isnan(out.hi));
	assert_int_equal(tayra__resample_bca(equal, 4, mean_of, NULL, 100, 0.05, 1, &out), 0);
	assert_true(isnan(out.lo));
	assert_int_equal(tayra__resample_bca(x, 10, constant, NULL, 100, 0.05, 1, &out), 0);
	assert_true(isnan(out.lo) && isnan(out.hi));
}

static void
the_same_seed_gives_the_same_interval(void **state)
{
	const double x[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 30 };
	struct tayra__bootstrap first, again, other;

	(void)state;
	tayra__resample_bca(x, 10, mean_of, NULL, 500, 0.05, 1, &first);
	tayra__resample_bca(x, 10, mean_of, NULL, 500, 0.05, 1, &again);
	tayra__resample_bca(x, 10, mean_of, NULL, 500, 0.05, 2, &other);
	assert_near(first.lo, again.lo, 0);
	assert_near(first.hi, again.hi, 0);
	assert_true(first.lo != other.lo || first.hi != other.hi);
	/* Skewed to the right: it reaches farther there. */
	assert_true(first.hi - first.estimate > first.estimate - first.lo);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_values_are_shuffled_in_every_way),
		cmocka_unit_test(rounding_makes_no_two_equal_sums_different),
		cmocka_unit_test(many_values_are_called_different_at_the_level_and_no_more),
		cmocka_unit_test(
			the_bca_interval_holds_the_mean_of_a_skewed_law_as_often_as_it_says),
		cmocka_unit_test(what_cannot_be_said_has_no_interval),
		cmocka_unit_test(the_same_seed_gives_the_same_interval),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
