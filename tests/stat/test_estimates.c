/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"
#include "stat/hodges_lehmann.h"
#include "stat/mean_ratio.h"
#include "stat/normal.h"
#include "stat/power.h"
#include "stat/quantile.h"
#include "stat/signflip.h"

#include <math.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "near.h"

static void
quantiles_are_those_of_r_type_7(void **state)
{
	double values[] = { 9, 1, 4, 2, 7 };

	(void)state;
	assert_near(tayra__quantile_median(values, 5), 4, 0);
	/* R: quantile(c(1,2,4,7,9), c(.1, .25, .9)) */
	assert_near(tayra__quantile_sorted(values, 5, 0.1), 1.4, 1e-12);
	assert_near(tayra__quantile_sorted(values, 5, 0.25), 2, 1e-12);
	assert_near(tayra__quantile_sorted(values, 5, 0.9), 8.2, 1e-12);
	assert_near(tayra__quantile_sorted(values, 5, 1), 9, 0);
	assert_near(tayra__quantile_median(values, 4), 3, 1e-12);
	assert_true(isnan(tayra__quantile_median(values, 0)));
	assert_near(tayra__quantile_mean(values, 5), 4.6, 1e-12);
	assert_near(tayra__quantile_stdev(values, 5), sqrt(11.3), 1e-12);
	assert_true(isnan(tayra__quantile_stdev(values, 1)));
}

static double
slow_hodges_lehmann(const double *d, size_t n)
{
	double averages[30 * 31 / 2];
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t j = i; j < n; j++)
			averages[count++] = 0.5 * (d[i] + d[j]);
	return tayra__quantile_median(averages, count);
}

static void
hodges_lehmann_is_the_median_of_all_walsh_averages(void **state)
{
	double by_hand[] = { 1, 2, 10 }; /* 1 1.5 2 5.5 6 10 */
	struct tayra__rng rng;
	double d[30];

	(void)state;
	assert_near(tayra__hodges_lehmann(by_hand, 3), 3.75, 1e-12);
	tayra__rng_init(&rng, 1);
	for (size_t n = 1; n <= 30; n++) {
		double slow;

		for (size_t i = 0; i < n; i++)
			d[i] = tayra__rng_normal(&rng) * exp(tayra__rng_normal(&rng));
		slow = slow_hodges_lehmann(d, n);
		assert_near(tayra__hodges_lehmann(d, n), slow, 1e-12);
	}
	assert_true(isnan(tayra__hodges_lehmann(d, 0)));
}

static void
one_wild_value_does_not_move_hodges_lehmann(void **state)
{
	double d[] = { 1, 1.1, 0.9, 1.05, 0.95, 1e9 };

	(void)state;
	assert_in_range((int)(tayra__hodges_lehmann(d, 6) * 100), 95, 110);
}

static void
normal_quantiles_are_the_tables(void **state)
{
	(void)state;
	assert_near(tayra__normal_quantile(0.975), 1.959963984540054, 1e-12);
	assert_near(tayra__normal_quantile(0.8), 0.8416212335729143, 1e-12);
	assert_near(tayra__normal_quantile(0.5), 0, 1e-12);
	assert_near(tayra__normal_quantile(1e-300) / -37.0471, 1, 1e-5);
	assert_near(tayra__normal_cdf(1.959963984540054), 0.975, 1e-14);
	assert_true(isinf(tayra__normal_quantile(0)));
}

static void
power_and_pairs_are_each_others_inverse(void **state)
{
	(void)state;
	/* ((1.95996 + 0.84162) / 0.5)^2 + 1.92 = 33.3 */
	assert_near(tayra__power_pairs(1, 0.5, 0.05, 0.8), 34, 0);
	for (size_t n = 6; n < 100; n++) {
		double effect = tayra__power_effect(2, n, 0.05, 0.8);

		assert_near(tayra__power_pairs(2, effect * 1.000001, 0.05, 0.8), n, 0);
	}
	assert_true(isnan(tayra__power_effect(1, 1, 0.05, 0.8)));
	assert_true(isinf(tayra__power_pairs(1, 0, 0.05, 0.8)));
}

/* How often an effect of the size announced is found. */
static double
power_found(size_t n, uint64_t seed)
{
	struct tayra__rng rng;
	double d[64];
	int found = 0;

	tayra__rng_init(&rng, seed);
	for (int i = 0; i < 300; i++) {
		struct tayra__signflip test;

		for (size_t k = 0; k < n; k++)
			d[k] = tayra__rng_normal(&rng) + tayra__power_effect(1, n, 0.05, 0.8);
		assert_int_equal(tayra__signflip_test(d, NULL, n, 0.05, 1, &test), 0);
		found += test.p < 0.05;
	}
	return found / 300.0;
}

static void
the_effect_announced_is_found_four_times_in_five(void **state)
{
	(void)state;
	/* 300 runs: 80% +- 3.3 standard deviations */
	assert_in_range((int)(100 * power_found(10, 1)), 72, 88);
	assert_in_range((int)(100 * power_found(18, 2)), 72, 88);
}

static void
the_mean_ratio_of_one_group_is_the_geometric_mean(void **state)
{
	double twice[8], half[8], plus[8];
	struct tayra__mean_ratio_row rows[] = { { twice, 8, 0 }, { half, 8, 0 }, { plus, 8, 0 } };
	struct tayra__mean_ratio mean;

	(void)state;
	for (int i = 0; i < 8; i++) {
		twice[i] = log(2);
		half[i] = log(0.5);
		plus[i] = log(1.331);
	}
	assert_int_equal(tayra__mean_ratio(rows, 3, 0.05, 1, &mean), 0);
	assert_near(mean.ratio, 1.1, 1e-9);
	assert_near(mean.lo, 1.1, 1e-9);
	assert_near(mean.hi, 1.1, 1e-9);
	assert_near(mean.p, 2.0 / 256, 1e-12);
	assert_int_equal(mean.metrics, 3);
	assert_int_equal(mean.rounds, 8);
}

static void
groups_may_differ_in_rounds_and_rounds_may_be_missing(void **state)
{
	double many[10], few[3] = { 1, 3, 2 }, none[2];
	struct tayra__mean_ratio_row rows[] = { { few, 3, 4 }, { many, 10, 9 }, { none, 2, 4 } };
	struct tayra__mean_ratio mean;

	(void)state;
	for (int i = 0; i < 10; i++)
		many[i] = i < 5 ? 4 : 6;
	many[9] = nan("");
	none[0] = none[1] = nan("");
	assert_int_equal(tayra__mean_ratio(rows, 3, 0.05, 1, &mean), 0);
	/* (2 + 44/9) / 2, each metric with the same weight */
	assert_near(log(mean.ratio), (2 + 44.0 / 9) / 2, 1e-9);
	assert_true(mean.lo < mean.ratio && mean.ratio < mean.hi && mean.lo > 1);
	assert_int_equal(mean.metrics, 2);
	assert_int_equal(mean.rounds, 12);
}

static void
too_little_gives_no_interval_and_nothing_no_ratio(void **state)
{
	double few[3] = { 1, 3, 2 }, none[3] = { nan(""), nan(""), nan("") };
	struct tayra__mean_ratio_row row = { few, 3, 0 }, empty = { none, 3, 0 };
	struct tayra__mean_ratio mean;

	(void)state;
	assert_int_equal(tayra__mean_ratio(&row, 1, 0.05, 1, &mean), 0);
	assert_near(log(mean.ratio), 2, 1e-9);
	assert_true(isnan(mean.lo) && isnan(mean.hi));
	assert_int_equal(tayra__mean_ratio(&empty, 1, 0.05, 1, &mean), 0);
	assert_true(isnan(mean.ratio) && isnan(mean.p));
	assert_int_equal(tayra__mean_ratio(NULL, 0, 0.05, 1, &mean), 0);
	assert_true(isnan(mean.ratio));
}

/* Metrics of a round share its noise: treating them as independent would claim too much. */
static void
metrics_that_depend_on_each_other_raise_no_false_alarm(void **state)
{
	struct tayra__rng rng;
	double values[5][12];
	struct tayra__mean_ratio_row rows[5];
	int alarms = 0;

	(void)state;
	tayra__rng_init(&rng, 11);
	for (int run = 0; run < 400; run++) {
		struct tayra__mean_ratio mean;

		for (int i = 0; i < 12; i++) {
			double shared = tayra__rng_normal(&rng);

			for (int m = 0; m < 5; m++)
				values[m][i] = shared + 0.1 * tayra__rng_normal(&rng);
		}
		for (int m = 0; m < 5; m++)
			rows[m] = (struct tayra__mean_ratio_row){ values[m], 12, 0 };
		assert_int_equal(tayra__mean_ratio(rows, 5, 0.05, 1, &mean), 0);
		alarms += mean.p < 0.05;
	}
	print_message("# %d of 400\n", alarms);
	/* Binomial(400, 0.05): 99.8% within 20 +- 13.5 */
	assert_in_range(alarms, 7, 34);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quantiles_are_those_of_r_type_7),
		cmocka_unit_test(hodges_lehmann_is_the_median_of_all_walsh_averages),
		cmocka_unit_test(one_wild_value_does_not_move_hodges_lehmann),
		cmocka_unit_test(normal_quantiles_are_the_tables),
		cmocka_unit_test(power_and_pairs_are_each_others_inverse),
		cmocka_unit_test(the_effect_announced_is_found_four_times_in_five),
		cmocka_unit_test(the_mean_ratio_of_one_group_is_the_geometric_mean),
		cmocka_unit_test(groups_may_differ_in_rounds_and_rounds_may_be_missing),
		cmocka_unit_test(too_little_gives_no_interval_and_nothing_no_ratio),
		cmocka_unit_test(metrics_that_depend_on_each_other_raise_no_false_alarm),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
