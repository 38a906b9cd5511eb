/* SPDX-License-Identifier: Apache-2.0 */
#include "pace/knee.h"

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#define PRICE 0.1

/* Exact throughput of a contention curve with its maximum at 22. */
static double
rate(double n)
{
	return n * 100 / (1 + 0.02 * (n - 1) + 0.002 * n * (n - 1));
}

/* A pair measured without noise, as if so many answers a level had been counted. */
static double
look(struct tayra__knee *knee, double answers, double (*curve)(double))
{
	struct tayra__knee_level low, high;
	uint32_t lo, hi;

	tayra__knee_levels(knee, 0.15, 1, 1000, &lo, &hi);
	if (lo == hi)
		return 0;
	low = (struct tayra__knee_level){ lo, answers, curve(lo) };
	high = (struct tayra__knee_level){ hi, answers, curve(hi) };
	tayra__knee_age(knee, 0.5);
	return tayra__knee_learn(knee, &low, &high, PRICE);
}

static struct tayra__knee
knee_at(double limit, double spread)
{
	struct tayra__knee knee = { 0 };

	tayra__knee_place(&knee, limit, spread);
	return knee;
}

static void
it_goes_to_where_the_price_is_paid(void **state)
{
	const double starts[] = { 10, 20, 40 };

	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++) {
		struct tayra__knee knee = knee_at(starts[i], 0.35);

		for (int n = 0; n < 100; n++)
			look(&knee, 200, rate);
		assert_true(exp(knee.at) > 17 && exp(knee.at) < 22);
	}
}

static void
few_answers_move_it_little_and_many_at_once(void **state)
{
	struct tayra__knee few = knee_at(12, 0.2), many = knee_at(12, 0.2);

	look(&few, 10, rate);
	look(&many, 10000, rate);
	assert_true(exp(few.at) > 12 && exp(few.at) < 12.5);
	assert_true(exp(many.at) > 14);
	assert_true(many.variance < few.variance / 10);
}

static double
flat(double n)
{
	return n < 2 ? 100 : 200;
}

static void
where_nothing_is_gained_it_goes_down(void **state)
{
	struct tayra__knee knee = knee_at(20, 0.35);

	for (int n = 0; n < 400; n++)
		look(&knee, 500, flat);
	assert_true(exp(knee.at) < 4);
}

static double
cliff(double n)
{
	return n > 5 ? 20 : n * 25;
}

static void
below_a_cliff_it_looks_again_more_and_more_rarely(void **state)
{
	struct tayra__knee knee = knee_at(5, 0.35);
	int looks[2] = { 0 };
	uint32_t lo, hi;

	for (int n = 0; n < 400; n++) { /* half a second each */
		tayra__knee_levels(&knee, 0.15, 1, 1000, &lo, &hi);
		looks[n / 200] += hi > 5;
		look(&knee, 100, cliff);
		assert_true(exp(knee.at) < 6);
	}
	print_message("# looks over the cliff: %d, then %d\n", looks[0], looks[1]);
	assert_true(looks[0] >= 2 && looks[0] <= 10);
	assert_true(looks[1] >= 1 && looks[1] <= 3);
}

static double
linear(double n)
{
	return n * 25;
}

static void
what_is_believed_beyond_a_wall_outweighs_one_unlucky_look(void **state)
{
	struct tayra__knee knee = knee_at(12, 0.3);
	const struct tayra__knee_level low = { 11, 110, 110 }, high = { 12, 110, 105 };

	knee.high = (struct tayra__knee_wall){ .slots = 13, .where = 13, .left_s = 60 };
	for (int n = 0; n < 20; n++)
		look(&knee, 2000, linear);
	assert_true(tayra__knee_pinned(&knee));
	tayra__knee_learn(&knee, &low, &high, PRICE);
	assert_true(tayra__knee_pinned(&knee));
}

/* Where the same level gets 30% more or less from look to look, levels are further apart, and one
 * pair moves it less. */
static void
what_is_rough_is_looked_at_from_further_apart(void **state)
{
	struct tayra__knee even = knee_at(20, 0.2), rough = knee_at(20, 0.2);
	uint32_t even_lo, even_hi, rough_lo, rough_hi;

	for (int n = 0; n < 40; n++) {
		const struct tayra__knee_level one = { 20, 200, rate(20) },
					       two = { 20, 200, one.per_s * (n & 1 ? 1.5 : 0.6) };

		tayra__knee_repeat(&rough, &one, &two);
		look(&rough, 200, rate);
		look(&even, 200, rate);
	}
	assert_true(tayra__knee_rough(&even) == 1);
	assert_true(tayra__knee_rough(&rough) > 5);
	tayra__knee_levels(&even, 0.15, 1, 1000, &even_lo, &even_hi);
	tayra__knee_levels(&rough, 0.15, 1, 1000, &rough_lo, &rough_hi);
	assert_true((double)rough_hi / rough_lo > 1.2 * even_hi / even_lo);
	assert_true(rough.variance > even.variance);
}

static void
one_strange_pair_is_no_jump_and_two_are(void **state)
{
	struct tayra__knee knee = knee_at(20, 0.1);
	const struct tayra__knee_level low = { 17, 200, 1000 }, high = { 23, 200, 300 };
	double once;

	tayra__knee_learn(&knee, &low, &high, PRICE);
	once = exp(knee.at);
	assert_true(once > 17);
	assert_true(knee.variance < 0.02);
	tayra__knee_learn(&knee, &low, &high, PRICE);
	assert_true(exp(knee.at) < 0.9 * once);
}

static double
proportional(double n)
{
	return n * 10;
}

static void
far_below_is_told_after_two_pairs(void **state)
{
	struct tayra__knee knee = knee_at(20, 0.35);

	for (int n = 0; n < 2; n++) {
		assert_false(knee.far);
		look(&knee, 1000, proportional);
	}
	assert_true(knee.far);
}

static void
levels_are_apart_and_within_bounds(void **state)
{
	for (double limit = 1; limit < 500; limit *= 1.1) {
		struct tayra__knee knee = knee_at(limit, 0.35);
		uint32_t lo, hi;

		tayra__knee_levels(&knee, 0.15, 1, 1000, &lo, &hi);
		assert_true(lo >= 1 && lo < hi);
		assert_true(lo <= limit + 0.5 && hi >= limit);
		assert_true(limit < 8 || (hi < 1.2 * limit && lo > 0.8 * limit));
		tayra__knee_levels(&knee, 0.15, 10, 10, &lo, &hi);
		assert_int_equal(lo, 10);
		assert_int_equal(hi, 10);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_goes_to_where_the_price_is_paid),
		cmocka_unit_test(few_answers_move_it_little_and_many_at_once),
		cmocka_unit_test(where_nothing_is_gained_it_goes_down),
		cmocka_unit_test(below_a_cliff_it_looks_again_more_and_more_rarely),
		cmocka_unit_test(what_is_believed_beyond_a_wall_outweighs_one_unlucky_look),
		cmocka_unit_test(what_is_rough_is_looked_at_from_further_apart),
		cmocka_unit_test(one_strange_pair_is_no_jump_and_two_are),
		cmocka_unit_test(far_below_is_told_after_two_pairs),
		cmocka_unit_test(levels_are_apart_and_within_bounds),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
