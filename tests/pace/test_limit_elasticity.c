/* SPDX-License-Identifier: Apache-2.0
 *
 * What elasticity does window by window; how well it does is in tests/scene/test_limiters.c.
 */
#include "pace/limit.h"

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#define MS TAYRA_NS_PER_MS

static struct tayra__limit
limit_at(double now, bool warm)
{
	return (struct tayra__limit){
		.ops = &tayra__limit_elasticity,
		.now = now,
		.learned = now,
		.warm = warm,
		.starting = !warm,
		.rule = { .min = 1,
			  .max = 1000,
			  .error_max = 0.05,
			  .memory_max = 0.85,
			  .dither = 0.15,
			  .price = 0.1 },
	};
}

/* 50 ms that were full, with so many answers. */
static struct tayra__limit_window
window_of(const struct tayra__limit *limit, uint32_t answers)
{
	const double slots = floor(limit->now);

	return (struct tayra__limit_window){
		.length_ns = 50 * MS,
		.answers = answers,
		.own = answers,
		.own_mean_ns = 10 * MS,
		.own_p90_ns = 20 * MS,
		.inflight = slots,
		.inflight_now = (uint32_t)slots,
		.inflight_max = (uint32_t)slots,
		.reached = true,
	};
}

/* A backend that answers 5 a window for each slot, up to `best` of them. */
static void
serve(struct tayra__limit *limit, double best, int windows, double memory)
{
	while (windows--) {
		struct tayra__limit_window window = window_of(
			limit, (uint32_t)(5 * fmin(floor(limit->now), best)));

		window.pressure.memory = memory;
		tayra__limit_learn(limit, &window);
	}
}

static void
it_doubles_until_nothing_more_is_gained(void **state)
{
	struct tayra__limit limit = limit_at(2, false);
	double largest = 0;

	for (int i = 0; i < 40; i++) {
		serve(&limit, 16, 1, 0);
		largest = fmax(largest, limit.now);
	}
	assert_true(largest == 32);
	assert_true(limit.learned > 13 && limit.learned < 22);
	assert_false(limit.starting);
}

static void
without_data_it_holds(void **state)
{
	struct tayra__limit limit = limit_at(2, false);
	struct tayra__limit_window window = window_of(&limit, 0);

	for (int i = 0; i < 1000; i++)
		assert_int_equal(tayra__limit_learn(&limit, &window), TAYRA__LIMIT_HELD);
	assert_true(limit.now == 2);
}

static void
what_is_not_full_changes_nothing(void **state)
{
	struct tayra__limit limit = limit_at(20, true);

	for (int i = 0; i < 1000; i++) {
		struct tayra__limit_window window = window_of(&limit, 100);

		window.inflight = 10;
		window.inflight_now = 10;
		assert_int_equal(tayra__limit_learn(&limit, &window), TAYRA__LIMIT_HELD);
	}
	assert_true(limit.now == 20);
	assert_string_equal(limit.reason, "application-limited");
}

static void
answers_from_before_a_change_do_not_count(void **state)
{
	struct tayra__limit limit = limit_at(2, false);

	for (int i = 0; i < 1000; i++) {
		struct tayra__limit_window window = window_of(&limit, 100);

		window.own = 0;
		tayra__limit_learn(&limit, &window);
	}
	assert_true(limit.now == 2);
}

static void
a_saved_limit_is_where_it_begins(void **state)
{
	struct tayra__limit limit = limit_at(20, true);

	for (int i = 0; i < 40; i++) {
		serve(&limit, 20, 1, 0);
		assert_true(limit.now >= 12 && limit.now <= 31);
	}
}

static void
drops_cut_it_once_for_each_generation(void **state)
{
	struct tayra__limit limit = limit_at(20, true);
	struct tayra__limit_window window = window_of(&limit, 20);

	window.own = 0;
	window.drops = window.errors = 20;
	assert_int_equal(tayra__limit_learn(&limit, &window), TAYRA__LIMIT_LOWERED);
	assert_string_equal(limit.reason, "drops over maximum");
	assert_true(limit.now == 10);
	window.old = 10; /* begun before the cut */
	assert_int_equal(tayra__limit_learn(&limit, &window), TAYRA__LIMIT_HELD);
	window.old = 0;
	assert_int_equal(tayra__limit_learn(&limit, &window), TAYRA__LIMIT_LOWERED);
	for (int i = 0; i < 20; i++)
		tayra__limit_learn(&limit, &window);
	assert_true(limit.now == 1);
}

static void
a_p90_over_its_maximum_cuts_it(void **state)
{
	struct tayra__limit limit = limit_at(20, true);
	double before;

	limit.rule.p90_max_ns = 25 * MS;
	serve(&limit, 20, 4, 0);
	before = limit.learned;
	assert_true(before >= 20);
	limit.rule.p90_max_ns = 18 * MS;
	serve(&limit, 20, 12, 0);
	assert_true(limit.learned < 0.95 * before && limit.learned > 0.5 * before);
}

static void
memory_over_its_maximum_keeps_it_from_growing(void **state)
{
	struct tayra__limit limit = limit_at(2, false);

	serve(&limit, 100, 100, 0.9);
	assert_true(limit.learned <= 2);
	serve(&limit, 100, 100, 0.5);
	assert_true(limit.learned > 50);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_doubles_until_nothing_more_is_gained),
		cmocka_unit_test(without_data_it_holds),
		cmocka_unit_test(what_is_not_full_changes_nothing),
		cmocka_unit_test(answers_from_before_a_change_do_not_count),
		cmocka_unit_test(a_saved_limit_is_where_it_begins),
		cmocka_unit_test(drops_cut_it_once_for_each_generation),
		cmocka_unit_test(a_p90_over_its_maximum_cuts_it),
		cmocka_unit_test(memory_over_its_maximum_keeps_it_from_growing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
