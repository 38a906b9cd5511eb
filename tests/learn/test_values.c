/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/values.h"

#include <math.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct tayra__values values;

static int
set_up(void **state)
{
	tayra__values_init(&values);
	return 0;
}

static float
value_at(const struct tayra__reuse *reuse, uint32_t age)
{
	return tayra__values_of(&values, reuse, reuse->last + age);
}

static void
ages_grow_by_half_octaves(void **state)
{
	assert_int_equal(tayra__value_age(0), 0);
	assert_int_equal(tayra__value_age(1), 0);
	assert_int_equal(tayra__value_age(2), 2);
	assert_int_equal(tayra__value_age(3), 3);
	assert_int_equal(tayra__value_age(5), 4);
	assert_int_equal(tayra__value_age(6), 5);
	assert_int_equal(tayra__value_age(UINT32_MAX), TAYRA__VALUE_AGES - 1);
}

/* The index of a memoryless object is its rate, at any age. */
static void
a_constant_hazard_is_worth_its_rate(void **state)
{
	const struct tayra__reuse reuse = { .freq = 2, .distance = 5 };
	const double mean = 1000;

	/* 200,000 exponential distances by quantile: no noise. */
	for (int i = 0; i < 200000; i++)
		tayra__values_used(&values, &reuse,
				   (uint32_t)(1 - mean * log1p(-(i + 0.5) / 200000)));
	tayra__values_rebuild(&values, 0, 0);
	for (uint32_t age = 50; age < 4000; age *= 2)
		assert_in_range((unsigned)(value_at(&reuse, age) * 1e6f), 800, 1250);
}

static void
an_object_used_at_a_fixed_distance_is_worth_more_as_it_comes_near(void **state)
{
	const struct tayra__reuse reuse = { .freq = 3, .distance = 8 };
	float last = 0;

	for (int i = 0; i < 10000; i++)
		tayra__values_used(&values, &reuse, 5000);
	tayra__values_rebuild(&values, 0, 0);
	for (uint32_t age = 100; age <= 3200; age *= 2) {
		assert_true(value_at(&reuse, age) > last);
		last = value_at(&reuse, age);
	}
	assert_true(value_at(&reuse, 10000) < last);
}

static void
what_is_lost_unused_makes_its_class_worth_less(void **state)
{
	const struct tayra__reuse good = { .freq = 8, .distance = 3 };
	const struct tayra__reuse bad = { .freq = 1, .distance = 0 };

	for (int i = 0; i < 1000; i++) {
		tayra__values_used(&values, &good, 100);
		tayra__values_used(&values, &bad, 100);
		for (int j = 0; j < 9; j++)
			tayra__values_censored(&values, &bad, 1000);
	}
	tayra__values_rebuild(&values, 0, 0);
	assert_true(value_at(&good, 64) > 5 * value_at(&bad, 64));
}

/* Without this, what has not been lost yet would count as nothing, and a class that is never used
 * again would look as good as its few that are. */
static void
what_is_still_there_counts_as_not_used_so_far(void **state)
{
	const struct tayra__reuse reuse = { .freq = 1, .distance = 0 };
	float without;

	for (int i = 0; i < 1000; i++)
		tayra__values_used(&values, &reuse, 100);
	tayra__values_rebuild(&values, 0, 0);
	without = value_at(&reuse, 64);
	for (int i = 0; i < 10; i++)
		tayra__values_alive(&values, TAYRA__ALIVE_RESIDENT, &reuse, 4000);
	tayra__values_rebuild(&values, 9000, 0);
	assert_true(value_at(&reuse, 64) < without / 5);
	/* Those alive are for one rebuild. */
	tayra__values_rebuild(&values, 9000, 0);
	assert_true(value_at(&reuse, 64) > without / 2);
}

static void
a_class_never_seen_is_worth_what_its_frequency_is(void **state)
{
	const struct tayra__reuse seen = { .freq = 4, .distance = 6 };
	const struct tayra__reuse unseen = { .freq = 5, .distance = 9 };
	const struct tayra__reuse once = { .freq = 1, .distance = 0 };

	for (int i = 0; i < 10000; i++) {
		tayra__values_used(&values, &seen, 200);
		tayra__values_censored(&values, &once, 300);
	}
	tayra__values_rebuild(&values, 0, 0);
	assert_true(value_at(&unseen, 128) > value_at(&seen, 128) * 0.7f);
	assert_true(value_at(&unseen, 128) > 10 * value_at(&once, 128));
}

static void
what_was_seen_fades(void **state)
{
	const struct tayra__reuse reuse = { .freq = 1, .distance = 0 };

	tayra__values_used(&values, &reuse, 100);
	for (int i = 0; i < 10; i++)
		tayra__values_rebuild(&values, 0, 0);
	assert_true(values.used[tayra__reuse_class(&reuse)][tayra__value_age(100)] < 0.36f);
}

static void
no_event_makes_no_value(void **state)
{
	tayra__values_rebuild(&values, 1000, 1000);
	for (unsigned row = 0; row < TAYRA__REUSE_CLASSES; row++)
		for (unsigned bin = 0; bin < TAYRA__VALUE_AGES; bin++)
			assert_true(values.value[row][bin] == 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(ages_grow_by_half_octaves, set_up),
		cmocka_unit_test_setup(a_constant_hazard_is_worth_its_rate, set_up),
		cmocka_unit_test_setup(
			an_object_used_at_a_fixed_distance_is_worth_more_as_it_comes_near, set_up),
		cmocka_unit_test_setup(what_is_lost_unused_makes_its_class_worth_less, set_up),
		cmocka_unit_test_setup(what_is_still_there_counts_as_not_used_so_far, set_up),
		cmocka_unit_test_setup(a_class_never_seen_is_worth_what_its_frequency_is, set_up),
		cmocka_unit_test_setup(what_was_seen_fades, set_up),
		cmocka_unit_test_setup(no_event_makes_no_value, set_up),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
