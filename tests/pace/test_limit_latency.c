/* SPDX-License-Identifier: Apache-2.0 */
#include "pace/limit.h"

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#define MS TAYRA_NS_PER_MS

static struct tayra__limit
limit_at(double now)
{
	return (struct tayra__limit){
		.ops = &tayra__limit_latency,
		.now = now,
		.rule = { .min = 1,
			  .max = 1000,
			  .error_max = 0.05,
			  .window_min = 10,
			  .p90_target_ns = 100 * MS },
	};
}

static struct tayra__limit_window
window_of(uint64_t p90_ns)
{
	return (struct tayra__limit_window){
		.length_ns = 250 * MS,
		.answers = 100,
		.own = 100,
		.own_mean_ns = p90_ns / 2,
		.own_p90_ns = p90_ns,
		.reached = true,
	};
}

/* 4 ms for each at once. */
static void
serve(struct tayra__limit *limit, int windows)
{
	while (windows--) {
		const struct tayra__limit_window window = window_of((uint64_t)(limit->now * 4e6));

		tayra__limit_learn(limit, &window);
	}
}

static void
it_settles_a_little_below_the_target_from_both_sides(void **state)
{
	struct tayra__limit up = limit_at(2), down = limit_at(200);

	serve(&up, 100);
	serve(&down, 100);
	assert_true(up.now > 22.5 && up.now < 25);
	assert_true(down.now > 22.5 && down.now < 25);
}

static void
a_limit_that_was_not_reached_does_not_grow_but_shrinks(void **state)
{
	struct tayra__limit limit = limit_at(10);
	struct tayra__limit_window window = window_of(40 * MS);

	window.reached = false;
	assert_int_equal(tayra__limit_learn(&limit, &window), TAYRA__LIMIT_HELD);
	window = window_of(200 * MS);
	window.reached = false;
	assert_int_equal(tayra__limit_learn(&limit, &window), TAYRA__LIMIT_LOWERED);
	assert_string_equal(limit.reason, "p90 over target");
}

static void
it_moves_by_a_fifth_at_most(void **state)
{
	struct tayra__limit limit = limit_at(10);
	struct tayra__limit_window window = window_of(10 * TAYRA_NS_PER_S);

	tayra__limit_learn(&limit, &window);
	assert_true(fabs(limit.now - 10 * exp(-0.2)) < 1e-9);
}

static void
without_answers_of_its_own_it_holds_and_drops_lower_it(void **state)
{
	struct tayra__limit limit = limit_at(10);
	struct tayra__limit_window window = window_of(0);

	window.own = 0;
	assert_int_equal(tayra__limit_learn(&limit, &window), TAYRA__LIMIT_HELD);
	window.errors = window.drops = 100;
	assert_int_equal(tayra__limit_learn(&limit, &window), TAYRA__LIMIT_LOWERED);
	assert_true(limit.now == 7);
	window.answers = 9;
	assert_int_equal(tayra__limit_learn(&limit, &window), TAYRA__LIMIT_HELD);
	assert_string_equal(limit.reason, "too few answers");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_settles_a_little_below_the_target_from_both_sides),
		cmocka_unit_test(a_limit_that_was_not_reached_does_not_grow_but_shrinks),
		cmocka_unit_test(it_moves_by_a_fifth_at_most),
		cmocka_unit_test(without_answers_of_its_own_it_holds_and_drops_lower_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
