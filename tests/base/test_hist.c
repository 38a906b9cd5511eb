/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hist.h"
#include "base/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct tayra__hist hist, other, both; /* 58 KiB each */

/* A value of any magnitude: as many of 3 bits as of 60. */
static uint64_t
any_value(struct tayra__rng *rng)
{
	uint64_t shift = tayra__rng_below(rng, 64);

	return tayra__rng_next(rng) >> shift;
}

static int
by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void
a_single_value_is_off_by_at_most_0_4_percent_at_every_magnitude(void **state)
{
	struct tayra__rng rng;

	tayra__rng_init(&rng, 1);
	for (int i = 0; i < 3000; i++) {
		uint64_t value = any_value(&rng);
		double off;

		/* min and max would clamp the answer to the exact value */
		tayra__hist_init(&hist);
		tayra__hist_add(&hist, 0);
		tayra__hist_add(&hist, value);
		tayra__hist_add(&hist, UINT64_MAX);
		off = fabs((double)tayra__hist_quantile(&hist, 0.5) - (double)value);
		assert_true(off <= (double)value * 0.004);
		if (value < 256)
			assert_true(off == 0);
	}
}

static void
quantiles_of_many_values_are_within_0_8_percent_of_the_sorted_ones(void **state)
{
	static const double shares[] = { 0.01, 0.07, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999 };
	enum { N = 2000 };
	static uint64_t values[N];
	struct tayra__rng rng;

	tayra__rng_init(&rng, 2);
	for (int round = 0; round < 20; round++) {
		tayra__hist_init(&hist);
		for (int i = 0; i < N; i++) {
			values[i] = any_value(&rng);
			tayra__hist_add(&hist, values[i]);
		}
		qsort(values, N, sizeof(*values), by_value);
		for (size_t s = 0; s < sizeof(shares) / sizeof(*shares); s++) {
			double exact = (double)values[(size_t)ceil(shares[s] * N - 1e-9) - 1];
			double got = (double)tayra__hist_quantile(&hist, shares[s]);

			assert_true(fabs(got - exact) <= exact * 0.008);
		}
	}
}

static void
the_rank_of_a_quantile_is_not_moved_by_rounding(void **state)
{
	tayra__hist_init(&hist);
	for (uint64_t i = 1; i <= 100; i++)
		tayra__hist_add(&hist, i);
	for (int percent = 1; percent <= 100; percent++)
		assert_int_equal(tayra__hist_quantile(&hist, percent / 100.0), percent);
}

static void
the_ends_are_exact_and_shares_outside_are_clamped(void **state)
{
	tayra__hist_init(&hist);
	tayra__hist_add(&hist, 1000003);
	tayra__hist_add(&hist, 7000009);
	assert_int_equal(tayra__hist_quantile(&hist, 0), 1000003);
	assert_int_equal(tayra__hist_quantile(&hist, -1), 1000003);
	assert_int_equal(tayra__hist_quantile(&hist, (double)NAN), 1000003);
	assert_int_equal(tayra__hist_quantile(&hist, 1), 7000009);
	assert_int_equal(tayra__hist_quantile(&hist, 2), 7000009);
}

static void
merging_is_the_same_as_adding_everything_to_one(void **state)
{
	struct tayra__rng rng;

	tayra__rng_init(&rng, 4);
	tayra__hist_init(&hist);
	tayra__hist_init(&other);
	tayra__hist_init(&both);
	for (int i = 0; i < 5000; i++) {
		uint64_t value = any_value(&rng) >> 12; /* sums of these are exact in a double */

		tayra__hist_add(i % 3 ? &hist : &other, value);
		tayra__hist_add(&both, value);
	}
	tayra__hist_merge(&hist, &other);
	assert_int_equal(hist.count, both.count);
	assert_int_equal(hist.min, both.min);
	assert_int_equal(hist.max, both.max);
	assert_memory_equal(hist.bins, both.bins, sizeof(hist.bins));
	assert_true(fabs(hist.sum - both.sum) <= both.sum * 1e-12);
	assert_true(fabs(tayra__hist_stdev(&hist) - tayra__hist_stdev(&both)) <=
		    tayra__hist_stdev(&both) * 1e-9);
}

static void
merging_an_empty_one_changes_nothing_either_way(void **state)
{
	tayra__hist_init(&hist);
	tayra__hist_init(&other);
	tayra__hist_add(&hist, 5);
	tayra__hist_merge(&hist, &other);
	assert_int_equal(hist.min, 5);
	assert_int_equal(hist.max, 5);
	tayra__hist_merge(&other, &hist);
	assert_memory_equal(&hist, &other, sizeof(hist));
}

static void
an_empty_histogram_answers_zero(void **state)
{
	tayra__hist_init(&hist);
	assert_int_equal(tayra__hist_quantile(&hist, 0.5), 0);
	assert_true(tayra__hist_mean(&hist) == 0);
	assert_true(tayra__hist_stdev(&hist) == 0);
	tayra__hist_add(&hist, 9);
	assert_true(tayra__hist_stdev(&hist) == 0);
}

static void
mean_and_deviation_are_those_of_the_values(void **state)
{
	static const uint64_t values[] = { 2, 4, 4, 4, 5, 5, 7, 9 };

	tayra__hist_init(&hist);
	for (size_t i = 0; i < 8; i++)
		tayra__hist_add(&hist, 1000000 + values[i]);
	assert_true(fabs(tayra__hist_mean(&hist) - 1000005) < 1e-6);
	assert_true(fabs(tayra__hist_stdev(&hist) - sqrt(32.0 / 7)) < 1e-3);
}

static void
what_is_at_most_a_power_of_two_less_one_is_counted_exactly(void **state)
{
	struct tayra__rng rng;
	uint64_t values[500];

	tayra__rng_init(&rng, 7);
	tayra__hist_init(&hist);
	for (int i = 0; i < 500; i++)
		tayra__hist_add(&hist, values[i] = any_value(&rng));
	for (int bit = 0; bit < 64; bit++) {
		uint64_t bound = (1ull << bit) - 1, want = 0;

		for (int i = 0; i < 500; i++)
			want += values[i] <= bound;
		assert_int_equal(tayra__hist_at_most(&hist, bound), want);
	}
	assert_int_equal(tayra__hist_at_most(&hist, UINT64_MAX), 500);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_at_most_a_power_of_two_less_one_is_counted_exactly),
		cmocka_unit_test(a_single_value_is_off_by_at_most_0_4_percent_at_every_magnitude),
		cmocka_unit_test(
			quantiles_of_many_values_are_within_0_8_percent_of_the_sorted_ones),
		cmocka_unit_test(the_rank_of_a_quantile_is_not_moved_by_rounding),
		cmocka_unit_test(the_ends_are_exact_and_shares_outside_are_clamped),
		cmocka_unit_test(merging_is_the_same_as_adding_everything_to_one),
		cmocka_unit_test(merging_an_empty_one_changes_nothing_either_way),
		cmocka_unit_test(an_empty_histogram_answers_zero),
		cmocka_unit_test(mean_and_deviation_are_those_of_the_values),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
