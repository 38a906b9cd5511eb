/* SPDX-License-Identifier: Apache-2.0
 *
 * The limiters published elsewhere: their arithmetic, and the bugs that are mended here.
 */
#include "pace/limit.h"

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#define MS TAYRA_NS_PER_MS

static struct tayra__limit
limit_at(enum tayra_limiter limiter, double now)
{
	return (struct tayra__limit){
		.ops = tayra__limit_find(limiter),
		.now = now,
		.rule = { .min = 1, .max = 1000, .error_max = 0.05, .window_min = 10 },
	};
}

/* A quarter of a second that was full. */
static struct tayra__limit_window
window_of(const struct tayra__limit *limit, uint32_t answers, uint64_t latency_ns)
{
	return (struct tayra__limit_window){
		.length_ns = 250 * MS,
		.answers = answers,
		.own = answers,
		.own_mean_ns = latency_ns,
		.inflight = limit->now,
		.inflight_max = (uint32_t)limit->now,
		.reached = true,
	};
}

static enum tayra__limit_move
learn(struct tayra__limit *limit, uint32_t answers, uint64_t latency_ns)
{
	const struct tayra__limit_window window = window_of(limit, answers, latency_ns);

	return tayra__limit_learn(limit, &window);
}

static void
learn_drops(struct tayra__limit *limit, uint32_t answers)
{
	struct tayra__limit_window window = window_of(limit, answers, 0);

	window.own = 0;
	window.errors = window.drops = answers;
	tayra__limit_learn(limit, &window);
}

static void
vegas_keeps_three_to_six_waiting(void **state)
{
	struct tayra__limit limit = limit_at(TAYRA_LIMITER_VEGAS, 50);

	learn(&limit, 100, 10 * MS);
	assert_string_equal(limit.reason, "lower base latency");
	learn(&limit, 100, 10 * MS); /* nothing waits */
	assert_true(limit.now == 56);
	learn(&limit, 100, 10300000); /* 56 x .0291: 2 wait */
	assert_true(limit.now == 57);
	learn(&limit, 100, 10800000); /* 57 x .074: 5 wait */
	assert_true(limit.now == 57);
	learn(&limit, 100, 20 * MS); /* 29 wait */
	assert_true(limit.now == 56);
}

static void
vegas_holds_while_less_than_half_is_used(void **state)
{
	struct tayra__limit limit = limit_at(TAYRA_LIMITER_VEGAS, 50);
	struct tayra__limit_window window;

	learn(&limit, 100, 10 * MS);
	window = window_of(&limit, 100, 10 * MS);
	window.inflight_max = 24;
	assert_int_equal(tayra__limit_learn(&limit, &window), TAYRA__LIMIT_HELD);
	assert_string_equal(limit.reason, "limit not reached");
}

static void
vegas_takes_its_base_anew_in_time(void **state)
{
	struct tayra__limit limit = limit_at(TAYRA_LIMITER_VEGAS, 2);
	int windows = 0;

	learn(&limit, 100, 10 * MS);
	limit.rule.max = 2;
	do
		learn(&limit, 100, 50 * MS);
	while (++windows < 200 && limit.state.vegas.base_ns < 50 * MS);
	assert_in_range(windows, 14, 60);
}

static void
gradient2_adds_its_queue_only_at_gradient_one(void **state)
{
	struct tayra__limit limit = limit_at(TAYRA_LIMITER_GRADIENT2, 20);

	learn(&limit, 100, 10 * MS);
	assert_true(fabs(limit.now - 20.8) < 1e-9);
	limit.now = 20;
	limit.state.gradient2.long_ns = 10 * MS;
	limit.state.gradient2.windows = 10;
	learn(&limit, 100, 18750000); /* gradient .8; published: 20 */
	assert_true(limit.now < 19.3 && limit.now > 19.1);
	for (int i = 0; i < 100; i++)
		learn(&limit, 100, 18750000);
	assert_true(limit.now < 10);
}

static void
gradient2_falls_under_constant_timeouts(void **state)
{
	struct tayra__limit limit = limit_at(TAYRA_LIMITER_GRADIENT2, 100);

	for (int i = 0; i < 50; i++)
		learn_drops(&limit, 100);
	assert_true(limit.now == 1);
}

static void
gradient2_does_not_learn_that_congestion_is_normal(void **state)
{
	struct tayra__limit limit = limit_at(TAYRA_LIMITER_GRADIENT2, 100);

	for (int i = 0; i < 20; i++)
		learn(&limit, 100, 10 * MS);
	for (int i = 0; i < 600; i++)
		learn(&limit, 100, 40 * MS);
	assert_true(limit.state.gradient2.long_ns < 20 * MS); /* published: 36 ms */
	assert_true(limit.now == 1);
}

static void
bdp_is_rate_times_latency_and_some_more(void **state)
{
	struct tayra__limit limit = limit_at(TAYRA_LIMITER_BDP, 20);

	learn(&limit, 250, 10 * MS); /* 1,000 a second, 10 ms: 10, and .3 of it */
	assert_true(fabs(limit.now - 13) < 1e-9);
	learn(&limit, 250, 20 * MS); /* no faster, slower: explore less */
	assert_true(fabs(limit.now - 12.8) < 1e-9);
}

static void
bdp_grows_from_one(void **state)
{
	struct tayra__limit limit = limit_at(TAYRA_LIMITER_BDP, 1);

	learn(&limit, 2500, 25000); /* 10,000 a second, 25 us: a product of .25 */
	assert_true(limit.now >= 1);
	limit = limit_at(TAYRA_LIMITER_BDP, 1);
	for (int i = 0; i < 10; i++) /* with room for 4 the backend is as quick as ever */
		learn(&limit, (uint32_t)(fmin(floor(limit.now), 4) * 250), 1 * MS);
	assert_true(limit.now >= 4);
}

static void
bdp_measures_its_base_anew(void **state)
{
	struct tayra__limit limit = limit_at(TAYRA_LIMITER_BDP, 20);
	int windows = 0;

	learn(&limit, 250, 10 * MS);
	do
		learn(&limit, 250, 20 * MS);
	while (++windows < 400 && limit.state.bdp.base_ns < 15 * MS);
	assert_in_range(windows, 98, 205); /* 25 to 50 s */
}

static void
too_few_and_foreign_answers_hold(void **state)
{
	const enum tayra_limiter all[] = { TAYRA_LIMITER_VEGAS, TAYRA_LIMITER_GRADIENT2,
					   TAYRA_LIMITER_BDP };

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct tayra__limit limit = limit_at(all[i], 20);
		struct tayra__limit_window window;

		assert_int_equal(learn(&limit, 9, 10 * MS), TAYRA__LIMIT_HELD);
		assert_string_equal(limit.reason, "too few answers");
		window = window_of(&limit, 100, 0);
		window.own = 0; /* all began under another limit */
		assert_int_equal(tayra__limit_learn(&limit, &window), TAYRA__LIMIT_HELD);
		assert_string_equal(limit.reason, "no answer of its own");
		learn_drops(&limit, 100);
		assert_true(limit.now < 20);
		assert_string_equal(limit.reason, "drops over maximum");
	}
}

/* A backend of latency 10 ms with up to 5 at once, and of 2 ms more for each beyond. */
static uint64_t
latency_at(double slots)
{
	return (uint64_t)(10 + 2 * fmax(0, floor(slots) - 5)) * MS;
}

static void
vegas_begun_high_measures_its_base_with_few_inside(void **state)
{
	struct tayra__limit limit = limit_at(TAYRA_LIMITER_VEGAS, 20);
	double least = 20;

	limit.warm = true;
	for (int i = 0; i < 9; i++)
		learn(&limit, 100, latency_at(limit.now));
	assert_true(limit.state.vegas.base_ns >= 30 * MS); /* what its own queue made of it */
	for (int i = 0; i < 60; i++) {
		learn(&limit, 100, latency_at(limit.now));
		least = fmin(least, limit.now);
	}
	assert_true(least >= 5); /* a quarter */
	assert_true(limit.state.vegas.base_ns <= 12 * MS);
	assert_true(limit.now < 15);
}

static void
a_probe_nobody_comes_to_is_given_up(void **state)
{
	struct tayra__limit limit = limit_at(TAYRA_LIMITER_VEGAS, 20);
	const double base = 40 * MS;

	limit.warm = true;
	limit.state.vegas.base_ns = base;
	while (limit.state.vegas.back <= 0)
		learn(&limit, 100, 50 * MS);
	for (int i = 0; i < 10; i++)
		learn(&limit, 1, 40 * MS);
	assert_true(limit.state.vegas.base_ns == base);
	assert_true(limit.now >= 16);
}

/* A fifth fail at once, and the others find a backend that has less to do. */
static void
quick_errors_teach_no_base(void **state)
{
	struct tayra__limit vegas = limit_at(TAYRA_LIMITER_VEGAS, 20);
	struct tayra__limit gradient2 = limit_at(TAYRA_LIMITER_GRADIENT2, 20);
	double usual;

	for (int i = 0; i < 5; i++) {
		learn(&vegas, 100, 10 * MS);
		learn(&gradient2, 100, 10 * MS);
	}
	usual = gradient2.state.gradient2.long_ns;
	for (int i = 0; i < 50; i++) {
		struct tayra__limit_window window = window_of(&vegas, 100, 2 * MS);

		window.errors = 20;
		tayra__limit_learn(&vegas, &window);
		tayra__limit_learn(&gradient2, &window);
	}
	assert_true(vegas.state.vegas.base_ns == 10 * MS);
	assert_true(gradient2.state.gradient2.long_ns == usual);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vegas_keeps_three_to_six_waiting),
		cmocka_unit_test(vegas_holds_while_less_than_half_is_used),
		cmocka_unit_test(vegas_takes_its_base_anew_in_time),
		cmocka_unit_test(vegas_begun_high_measures_its_base_with_few_inside),
		cmocka_unit_test(a_probe_nobody_comes_to_is_given_up),
		cmocka_unit_test(quick_errors_teach_no_base),
		cmocka_unit_test(gradient2_adds_its_queue_only_at_gradient_one),
		cmocka_unit_test(gradient2_falls_under_constant_timeouts),
		cmocka_unit_test(gradient2_does_not_learn_that_congestion_is_normal),
		cmocka_unit_test(bdp_is_rate_times_latency_and_some_more),
		cmocka_unit_test(bdp_grows_from_one),
		cmocka_unit_test(bdp_measures_its_base_anew),
		cmocka_unit_test(too_few_and_foreign_answers_hold),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
