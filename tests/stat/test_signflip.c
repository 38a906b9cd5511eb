/* SPDX-License-Identifier: Apache-2.0 */
#include "stat/signflip.h"

#include "base/clock.h"
#include "base/rng.h"

#include <math.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "near.h"

#define ALPHA 0.05

static struct tayra__signflip
run(const double *d, const double *weight, size_t n)
{
	struct tayra__signflip test;

	assert_int_equal(tayra__signflip_test(d, weight, n, ALPHA, 7, &test), 0);
	return test;
}

/* The definition: every one of the 2^n signings, summed the slow way. */
static double
brute_p(const double *d, const double *weight, size_t n, double shift)
{
	uint64_t extreme = 0;
	double seen = 0, size = 0;

	for (size_t i = 0; i < n; i++) {
		double x = d[i] - shift * (weight ? weight[i] : 1);

		seen += x;
		size += fabs(x);
	}
	for (uint64_t signs = 0; signs < 1ull << n; signs++) {
		double sum = 0;

		for (size_t i = 0; i < n; i++) {
			double x = d[i] - shift * (weight ? weight[i] : 1);

			sum += signs >> i & 1 ? -x : x;
		}
		extreme += fabs(sum) >= fabs(seen) - 2e-12 * size ? 1 : 0;
	}
	return (double)extreme / (double)(1ull << n);
}

static void
draw(struct tayra__rng *rng, double *d, double *weight, size_t n, double shift)
{
	for (size_t i = 0; i < n; i++) {
		d[i] = tayra__rng_normal(rng) + shift;
		weight[i] = 0.5 + tayra__rng_unit(rng);
	}
}

static void
p_equals_a_count_by_hand(void **state)
{
	/* 1 2 3: only +++ and --- reach 6. */
	const double up[] = { 1, 2, 3 };
	/* 1 2 -3 sums to 0, which every signing reaches. */
	const double zero[] = { 1, 2, -3 };
	/* 1 1 1 1 -1 -1 sums to 2: all but the C(6,3) = 20 signings that sum to 0. */
	const double ones[] = { 1, 1, 1, 1, -1, -1 };
	/* 1 2 4 -1 sums to 6: subsets with sum <= 0 are {} and {-1} and {1,-1}. */
	const double mixed[] = { 1, 2, 4, -1 };

	(void)state;
	assert_near(run(up, NULL, 3).p, 2.0 / 8, 1e-15);
	assert_near(run(zero, NULL, 3).p, 1, 1e-15);
	assert_near(run(ones, NULL, 6).p, 44.0 / 64, 1e-15);
	assert_near(run(mixed, NULL, 4).p, 6.0 / 16, 1e-15);
}

static void
p_equals_the_full_enumeration(void **state)
{
	struct tayra__rng rng;
	double d[12], weight[12];

	(void)state;
	tayra__rng_init(&rng, 1);
	for (size_t n = 1; n <= 12; n++) {
		for (int i = 0; i < 10; i++) {
			draw(&rng, d, weight, n, 0.3);
			assert_near(run(d, NULL, n).p, brute_p(d, NULL, n, 0), 1e-12);
			assert_near(run(d, weight, n).p, brute_p(d, weight, n, 0), 1e-12);
		}
	}
}

/* Whole numbers: many signings give the same sum, in different orders of adding. */
static void
equal_sums_count_whatever_their_rounding(void **state)
{
	struct tayra__rng rng;
	double d[10];

	(void)state;
	tayra__rng_init(&rng, 2);
	for (int i = 0; i < 50; i++) {
		for (size_t k = 0; k < 10; k++)
			d[k] = 0.1 * ((double)tayra__rng_below(&rng, 7) - 2);
		assert_near(run(d, NULL, 10).p, brute_p(d, NULL, 10, 0), 1e-12);
	}
}

static void
the_interval_ends_where_the_test_begins_to_refuse(void **state)
{
	struct tayra__rng rng;
	double d[10], weight[10];

	(void)state;
	tayra__rng_init(&rng, 3);
	for (int i = 0; i < 20; i++) {
		struct tayra__signflip test;

		draw(&rng, d, weight, 10, 0.5);
		test = run(d, weight, 10);
		assert_true(brute_p(d, weight, 10, test.lo + 1e-9) >= ALPHA);
		assert_true(brute_p(d, weight, 10, test.lo - 1e-9) < ALPHA);
		assert_true(brute_p(d, weight, 10, test.hi - 1e-9) >= ALPHA);
		assert_true(brute_p(d, weight, 10, test.hi + 1e-9) < ALPHA);
	}
}

static void
the_interval_excludes_zero_exactly_when_p_says_so(void **state)
{
	struct tayra__rng rng;
	double d[30], weight[30];
	int excluded = 0, runs = 0;

	(void)state;
	tayra__rng_init(&rng, 4);
	for (size_t n = 3; n <= 30; n++) {
		for (int i = 0; i < (n > TAYRA__SIGNFLIP_EXACT_MAX ? 8 : 40); i++) {
			struct tayra__signflip test;

			/* An effect at the edge of being found, either way. */
			draw(&rng, d, weight, n, (i & 1 ? 2.0 : -2.0) / sqrt((double)n));
			test = run(d, i & 2 ? weight : NULL, n);
			assert_int_equal(test.lo > 0 || test.hi < 0, test.p < ALPHA);
			assert_true(test.lo <= test.hi);
			excluded += test.p < ALPHA;
			runs++;
		}
	}
	assert_in_range(excluded, runs / 5, runs * 4 / 5);
}

static void
identical_differences_give_a_point(void **state)
{
	const double d[] = { 0.1, 0.1, 0.1, 0.1, 0.1, 0.1 };
	const double zero[8] = { 0 };
	struct tayra__signflip test = run(d, NULL, 6);

	(void)state;
	assert_near(test.p, 2.0 / 64, 1e-15);
	assert_near(test.lo, 0.1, 1e-12);
	assert_near(test.hi, 0.1, 1e-12);
	test = run(zero, NULL, 8);
	assert_near(test.p, 1, 0);
	assert_near(test.lo, 0, 0);
	assert_near(test.hi, 0, 0);
}

static void
five_pairs_exclude_nothing(void **state)
{
	const double d[] = { 1, 2, 3, 4, 5 };
	struct tayra__signflip test = run(d, NULL, 5);

	(void)state;
	assert_near(test.p, 2.0 / 32, 1e-15);
	assert_true(isinf(test.lo) && test.lo < 0);
	assert_true(isinf(test.hi) && test.hi > 0);
	test = run(d, NULL, 0);
	assert_near(test.p, 1, 0);
	assert_true(isinf(test.lo) && isinf(test.hi));
}

static void
twenty_pairs_take_less_than_50_ms(void **state)
{
	struct tayra__rng rng;
	double d[20], weight[20];
	uint64_t spent = tayra__clock_thread_cpu_ns();

	(void)state;
	tayra__rng_init(&rng, 5);
	draw(&rng, d, weight, 20, 0.4);
	run(d, weight, 20);
	spent = tayra__clock_thread_cpu_ns() - spent;
	print_message("# 20 pairs, p and interval: %.2f ms of CPU\n", (double)spent / 1e6);
	assert_true(spent < 50 * TAYRA_NS_PER_MS);
}

static void
random_flips_agree_with_the_exact_answer(void **state)
{
	struct tayra__rng rng;
	double d[21], weight[21], longer[40];
	struct tayra__signflip exact, sampled;

	(void)state;
	tayra__rng_init(&rng, 6);
	draw(&rng, d, weight, 20, 0.35);
	exact = run(d, NULL, 20);
	/* Padding with zeros changes no sum, so p stays, but goes the random way. */
	for (size_t i = 0; i < 40; i++)
		longer[i] = i < 20 ? d[i] : 0;
	sampled = run(longer, NULL, 40);
	print_message("# exact p %.4f, of 9,999 flips %.4f\n", exact.p, sampled.p);
	assert_near(sampled.p, exact.p,
		    4 * sqrt(exact.p * (1 - exact.p) / TAYRA__SIGNFLIP_FLIPS) + 1e-4);
}

static void
random_flips_repeat_with_their_seed(void **state)
{
	struct tayra__rng rng;
	double d[25], weight[25];
	struct tayra__signflip one, two, other;

	(void)state;
	tayra__rng_init(&rng, 8);
	draw(&rng, d, weight, 25, 0.2);
	assert_int_equal(tayra__signflip_test(d, NULL, 25, ALPHA, 1, &one), 0);
	assert_int_equal(tayra__signflip_test(d, NULL, 25, ALPHA, 1, &two), 0);
	assert_int_equal(tayra__signflip_test(d, NULL, 25, ALPHA, 2, &other), 0);
	assert_memory_equal(&one, &two, sizeof(one));
	assert_true(one.p != other.p || one.lo != other.lo);
	assert_near(one.p, other.p, 0.03);
}

/* The flips come from the seed alone, so the test can be repeated on either side of an end. */
static void
random_flips_end_their_interval_where_they_begin_to_refuse(void **state)
{
	struct tayra__rng rng;
	double d[25], weight[25], moved[25];
	struct tayra__signflip test;

	(void)state;
	tayra__rng_init(&rng, 9);
	draw(&rng, d, weight, 25, 0.2);
	test = run(d, weight, 25);
	for (int i = 0; i < 4; i++) {
		double end = i & 1 ? test.hi : test.lo;
		double shift = end + (i < 2 ? 1e-9 : -1e-9);

		for (size_t k = 0; k < 25; k++)
			moved[k] = d[k] - shift * weight[k];
		/* Just inside: above lo, below hi. */
		assert_int_equal(run(moved, weight, 25).p >= ALPHA, i == 0 || i == 3);
	}
}

static void
no_p_of_random_flips_is_smaller_than_one_in_ten_thousand(void **state)
{
	double d[30];

	(void)state;
	for (size_t i = 0; i < 30; i++)
		d[i] = 1 + 0.01 * (double)i;
	assert_near(run(d, NULL, 30).p, 1e-4, 1e-15);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p_equals_a_count_by_hand),
		cmocka_unit_test(p_equals_the_full_enumeration),
		cmocka_unit_test(equal_sums_count_whatever_their_rounding),
		cmocka_unit_test(the_interval_ends_where_the_test_begins_to_refuse),
		cmocka_unit_test(the_interval_excludes_zero_exactly_when_p_says_so),
		cmocka_unit_test(identical_differences_give_a_point),
		cmocka_unit_test(five_pairs_exclude_nothing),
		cmocka_unit_test(twenty_pairs_take_less_than_50_ms),
		cmocka_unit_test(random_flips_agree_with_the_exact_answer),
		cmocka_unit_test(random_flips_repeat_with_their_seed),
		cmocka_unit_test(random_flips_end_their_interval_where_they_begin_to_refuse),
		cmocka_unit_test(no_p_of_random_flips_is_smaller_than_one_in_ten_thousand),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
