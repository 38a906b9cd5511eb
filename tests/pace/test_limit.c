/* SPDX-License-Identifier: Apache-2.0 */
#include "pace/limit.h"

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

static const struct tayra__limit_rule rule = {
	.min = 2,
	.max = 100,
	.increase = 1.1,
	.decrease = 0.9,
	.cpu_max = 0.8,
	.memory_max = 0.85,
	.memory_stall_max = 0.1,
	.io_stall_max = 0.2,
	.error_max = 0.05,
	.p90_target_ns = 1000,
	.window_min = 10,
};
static const struct tayra__limit_window well = {
	.answers = 100,
	.errors = 4,
	.p90_ns = 1000,
	.reached = true,
	.pressure = { .cpu = 0.79, .memory = 0.84 },
};

static struct tayra__limit
aimd_at(double now)
{
	return (struct tayra__limit){ .ops = &tayra__limit_aimd, .now = now, .rule = rule };
}

static void
expect(struct tayra__limit *limit, const struct tayra__limit_window *window,
       enum tayra__limit_move move, double now, const char *reason)
{
	assert_int_equal(tayra__limit_learn(limit, window), move);
	assert_true(fabs(limit->now - now) < 1e-9);
	assert_string_equal(limit->reason, reason);
}

static void
all_bounds_kept_raises_by_a_tenth(void **state)
{
	struct tayra__limit limit = aimd_at(10);

	expect(&limit, &well, TAYRA__LIMIT_RAISED, 11, "all within bounds");
}

static void
each_bound_broken_alone_lowers_by_a_tenth(void **state)
{
	struct tayra__limit_window cpu = well, memory = well, errors = well, p90 = well;
	const struct {
		const struct tayra__limit_window *window;
		const char *reason;
	} rows[] = {
		{ &cpu, "cpu over maximum" },
		{ &memory, "memory over maximum" },
		{ &errors, "errors over maximum" },
		{ &p90, "p90 over target" },
	};

	cpu.pressure.cpu = 0.8;
	memory.pressure.memory = 0.85;
	errors.errors = 5;
	p90.p90_ns = 1001;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct tayra__limit limit = aimd_at(10);

		expect(&limit, rows[i].window, TAYRA__LIMIT_LOWERED, 9, rows[i].reason);
	}
}

static void
a_limit_that_was_not_reached_does_not_grow(void **state)
{
	struct tayra__limit limit = aimd_at(10);
	struct tayra__limit_window window = well;

	window.reached = false;
	expect(&limit, &window, TAYRA__LIMIT_HELD, 10, "limit not reached");
}

static void
a_limit_that_was_not_reached_still_shrinks(void **state)
{
	struct tayra__limit limit = aimd_at(10);
	struct tayra__limit_window window = well;

	window.reached = false;
	window.p90_ns = 2000;
	expect(&limit, &window, TAYRA__LIMIT_LOWERED, 9, "p90 over target");
}

static void
too_few_answers_hold_whatever_they_say(void **state)
{
	struct tayra__limit limit = aimd_at(10);
	struct tayra__limit_window window = well;

	window.answers = 9;
	window.errors = 9;
	expect(&limit, &window, TAYRA__LIMIT_HELD, 10, "too few answers");
	window.answers = window.errors = 0;
	limit.rule.window_min = 0;
	expect(&limit, &window, TAYRA__LIMIT_HELD, 10, "too few answers");
}

static void
just_enough_answers_decide(void **state)
{
	struct tayra__limit limit = aimd_at(10);
	struct tayra__limit_window window = well;

	window.answers = 10;
	window.errors = 0;
	expect(&limit, &window, TAYRA__LIMIT_RAISED, 11, "all within bounds");
}

static void
unknown_pressure_is_not_looked_at(void **state)
{
	struct tayra__limit limit = aimd_at(10);
	struct tayra__limit_window window = well;

	window.pressure = (struct tayra_pressure){ (double)NAN, (double)NAN };
	expect(&limit, &window, TAYRA__LIMIT_RAISED, 11, "all within bounds");
}

static void
a_bound_of_one_is_not_looked_at(void **state)
{
	struct tayra__limit limit = aimd_at(10);
	struct tayra__limit_window window = well;

	limit.rule.cpu_max = limit.rule.memory_max = limit.rule.error_max = 1;
	window.pressure = (struct tayra_pressure){ 1, 1 };
	window.errors = window.answers;
	expect(&limit, &window, TAYRA__LIMIT_RAISED, 11, "all within bounds");
}

static void
floor_and_ceiling_are_kept(void **state)
{
	struct tayra__limit limit = aimd_at(2.1);
	struct tayra__limit_window bad = well;

	bad.errors = 50;
	expect(&limit, &bad, TAYRA__LIMIT_LOWERED, 2, "errors over maximum");
	expect(&limit, &bad, TAYRA__LIMIT_HELD, 2, "errors over maximum");
	limit.now = 95;
	expect(&limit, &well, TAYRA__LIMIT_RAISED, 100, "all within bounds");
	expect(&limit, &well, TAYRA__LIMIT_HELD, 100, "at the ceiling");
}

static void
fixed_learns_nothing(void **state)
{
	struct tayra__limit limit = { .ops = &tayra__limit_fixed, .now = 10, .rule = rule };
	struct tayra__limit_window bad = well;

	bad.errors = 100;
	expect(&limit, &well, TAYRA__LIMIT_HELD, 10, "fixed");
	expect(&limit, &bad, TAYRA__LIMIT_HELD, 10, "fixed");
}

static void
setting_outside_the_bounds_is_refused(void **state)
{
	struct tayra__limit limit = aimd_at(10);
	const double wrong[] = { 1.9, 100.1, 0, -1, (double)NAN, (double)INFINITY };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		assert_int_equal(tayra__limit_set(&limit, wrong[i]), TAYRA_E_INVAL);
		assert_true(limit.now == 10);
	}
	assert_int_equal(tayra__limit_set(&limit, 2), TAYRA_OK);
	assert_true(limit.now == 2);
}

static void
limiters_have_names(void **state)
{
	assert_string_equal(tayra_limiter_name(TAYRA_LIMITER_AIMD), "aimd");
	assert_string_equal(tayra_limiter_name(TAYRA_LIMITER_FIXED), "fixed");
	assert_string_equal(tayra_limiter_name(TAYRA_LIMITER_VEGAS), "vegas");
	assert_string_equal(tayra_limiter_name(TAYRA_LIMITER_GRADIENT2), "gradient2");
	assert_string_equal(tayra_limiter_name(TAYRA_LIMITER_BDP), "bdp");
	assert_string_equal(tayra_limiter_name(TAYRA_LIMITER_ELASTICITY), "elasticity");
	assert_string_equal(tayra_limiter_name(TAYRA_LIMITER_LATENCY), "latency");
	assert_null(tayra_limiter_name((enum tayra_limiter)100));
	assert_null(tayra_limiter_name((enum tayra_limiter) - 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_bounds_kept_raises_by_a_tenth),
		cmocka_unit_test(each_bound_broken_alone_lowers_by_a_tenth),
		cmocka_unit_test(a_limit_that_was_not_reached_does_not_grow),
		cmocka_unit_test(a_limit_that_was_not_reached_still_shrinks),
		cmocka_unit_test(too_few_answers_hold_whatever_they_say),
		cmocka_unit_test(just_enough_answers_decide),
		cmocka_unit_test(unknown_pressure_is_not_looked_at),
		cmocka_unit_test(a_bound_of_one_is_not_looked_at),
		cmocka_unit_test(floor_and_ceiling_are_kept),
		cmocka_unit_test(fixed_learns_nothing),
		cmocka_unit_test(setting_outside_the_bounds_is_refused),
		cmocka_unit_test(limiters_have_names),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
