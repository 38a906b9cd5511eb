/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/arrivals.h"

#include <math.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "../stat/near.h"

#define RATE 2000.0

static void
poisson_gaps_have_the_mean_and_variance_of_an_exponential(void **state)
{
	struct tayra__arrival_stream s;
	double last = 0, sum = 0, squares = 0;
	int n = 100000, above_mean = 0;

	(void)state;
	tayra__arrivals_init(&s, TAYRA__ARRIVALS_POISSON, RATE, 0, 1);
	for (int i = 0; i < n; i++) {
		double now = (double)tayra__arrivals_peek(&s);
		double gap = (now - last) * RATE / 1e9;

		assert_true(now >= last);
		assert_int_equal(tayra__arrivals_take(&s), i);
		sum += gap;
		squares += gap * gap;
		above_mean += gap > 1;
		last = now;
	}
	/* 5 standard errors: mean 1/sqrt(n), variance sqrt(8/n), share sqrt(e^-1 (1 - e^-1) / n) */
	assert_near(sum / n, 1, 5 / sqrt(n));
	assert_near(squares / n - (sum / n) * (sum / n), 1, 5 * sqrt(8.0 / n));
	assert_near((double)above_mean / n, exp(-1), 5 * 0.482 / sqrt(n));
}

/* Counts of a window: mean and variance are equal, which even spacing would not give. */
static void
poisson_counts_vary_as_much_as_their_mean(void **state)
{
	struct tayra__arrival_stream s;
	double sum = 0, squares = 0;
	int windows = 5000;

	(void)state;
	tayra__arrivals_init(&s, TAYRA__ARRIVALS_POISSON, RATE, 0, 2);
	for (int w = 0; w < windows; w++) {
		int count = 0;

		/* 5 ms: 10 on average */
		while (tayra__arrivals_peek(&s) < (uint64_t)(w + 1) * 5000000) {
			tayra__arrivals_take(&s);
			count++;
		}
		sum += count;
		squares += (double)count * count;
	}
	assert_near(sum / windows, 10, 5 * sqrt(10.0 / windows));
	assert_near(squares / windows - (sum / windows) * (sum / windows), 10, 1.1);
}

static void
uniform_arrivals_do_not_drift(void **state)
{
	struct tayra__arrival_stream s;

	(void)state;
	tayra__arrivals_init(&s, TAYRA__ARRIVALS_UNIFORM, 3, 0, 1);
	for (int i = 0; i < 3000; i++)
		tayra__arrivals_take(&s);
	assert_in_range(tayra__arrivals_peek(&s), 1000000000000 - 100, 1000000000000 + 100);
}

static void
a_burst_comes_first_and_besides(void **state)
{
	struct tayra__arrival_stream s;

	(void)state;
	tayra__arrivals_init(&s, TAYRA__ARRIVALS_UNIFORM, 1000, 3, 1);
	for (uint64_t i = 0; i < 4; i++) {
		assert_int_equal(tayra__arrivals_peek(&s), 0);
		assert_int_equal(tayra__arrivals_take(&s), i);
	}
	assert_int_equal(tayra__arrivals_peek(&s), 1000000);
	tayra__arrivals_init(&s, TAYRA__ARRIVALS_POISSON, 0, 1, 1);
	tayra__arrivals_take(&s);
	assert_true(tayra__arrivals_peek(&s) == UINT64_MAX);
}

static void
two_streams_made_alike_agree(void **state)
{
	struct tayra__arrival_stream one, two, other;
	bool differ = false;

	(void)state;
	tayra__arrivals_init(&one, TAYRA__ARRIVALS_POISSON, RATE, 2, 9);
	tayra__arrivals_init(&two, TAYRA__ARRIVALS_POISSON, RATE, 2, 9);
	tayra__arrivals_init(&other, TAYRA__ARRIVALS_POISSON, RATE, 2, 10);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(tayra__arrivals_peek(&one), tayra__arrivals_peek(&two));
		differ |= tayra__arrivals_peek(&one) != tayra__arrivals_peek(&other);
		tayra__arrivals_take(&one);
		tayra__arrivals_take(&two);
		tayra__arrivals_take(&other);
	}
	assert_true(differ);
}

static uint64_t
count_before(const struct tayra__open_plan *plan, uint64_t until_ns)
{
	struct tayra__arrival_stream s;

	tayra__arrivals_plan(&s, plan);
	while (tayra__arrivals_peek(&s) < until_ns)
		tayra__arrivals_take(&s);
	return s.number;
}

static void
a_ramp_is_the_integral_of_its_rate_to_within_one(void **state)
{
	static const double ramps[][2] = { { 100, 2000 }, { 2000, 0 }, { 0, 500 }, { 300, 300 } };

	(void)state;
	for (size_t r = 0; r < sizeof(ramps) / sizeof(ramps[0]); r++) {
		struct tayra__open_plan plan = { .rate_per_s = ramps[r][0],
						 .arrivals = TAYRA__ARRIVALS_UNIFORM,
						 .length_ns = 5 * TAYRA_NS_PER_S,
						 .ramp = true,
						 .end_rate_per_s = ramps[r][1] };

		for (int tenth = 1; tenth <= 10; tenth++) {
			double t = 0.5 * tenth, rise = (ramps[r][1] - ramps[r][0]) / 5;

			assert_near((double)count_before(&plan, (uint64_t)(t * 1e9)),
				    ramps[r][0] * t + rise * t * t / 2, 1);
		}
		assert_int_equal(count_before(&plan, UINT64_MAX),
				 count_before(&plan, plan.length_ns));
	}
}

/* Over 200 seeds: 1,000 expected a slice, 250 of them in its first half; 5 standard errors. */
static void
a_poisson_ramp_has_the_integral_as_its_mean(void **state)
{
	struct tayra__open_plan plan = { .length_ns = TAYRA_NS_PER_S,
					 .ramp = true,
					 .end_rate_per_s = 2000 };
	double all = 0, half = 0, squares = 0;
	int seeds = 200;

	(void)state;
	for (plan.seed = 0; plan.seed < (uint64_t)seeds; plan.seed++) {
		double n = (double)count_before(&plan, UINT64_MAX);

		all += n;
		squares += (n - 1000) * (n - 1000);
		half += (double)count_before(&plan, TAYRA_NS_PER_S / 2);
	}
	assert_near(all / seeds, 1000, 5 * sqrt(1000.0 / seeds));
	assert_near(half / seeds, 250, 5 * sqrt(250.0 / seeds));
	assert_near(squares / seeds, 1000, 5 * 1000 * sqrt(2.0 / seeds));
}

static void
bursts_come_at_their_intervals_and_besides(void **state)
{
	struct tayra__open_plan plan = { .rate_per_s = 10,
					 .arrivals = TAYRA__ARRIVALS_UNIFORM,
					 .length_ns = TAYRA_NS_PER_S,
					 .burst_again = 7,
					 .burst_every_ns = 250 * TAYRA_NS_PER_MS };
	struct tayra__arrival_stream s;
	uint64_t last = 0;

	(void)state;
	assert_int_equal(count_before(&plan, 250 * TAYRA_NS_PER_MS), 3);
	assert_int_equal(count_before(&plan, 250 * TAYRA_NS_PER_MS + 1), 10);
	assert_int_equal(count_before(&plan, TAYRA_NS_PER_S), 10 + 3 * 7);
	plan.burst = 2;
	assert_int_equal(count_before(&plan, 1), 3);
	assert_int_equal(count_before(&plan, TAYRA_NS_PER_S), 10 + 2 + 3 * 7);
	/* A slice in the middle of a period: at 100, 350, 600 and 850 ms. */
	plan.burst_first_ns = 100 * TAYRA_NS_PER_MS;
	assert_int_equal(count_before(&plan, 100 * TAYRA_NS_PER_MS), 1 + 2);
	assert_int_equal(count_before(&plan, 100 * TAYRA_NS_PER_MS + 1), 2 + 2 + 7);
	assert_int_equal(count_before(&plan, TAYRA_NS_PER_S), 10 + 2 + 4 * 7);
	plan.burst = 0;
	assert_int_equal(count_before(&plan, TAYRA_NS_PER_S), 10 + 4 * 7);
	assert_near(tayra__arrivals_expected(&plan), 10 + 4 * 7, 1e-9);
	plan.burst_first_ns = TAYRA_NS_PER_S;
	assert_near(tayra__arrivals_expected(&plan), 10, 1e-9);
	plan.burst_first_ns = 0;
	plan.burst = 2;
	tayra__arrivals_plan(&s, &plan);
	for (int i = 0; i < 1000; i++) {
		assert_true(tayra__arrivals_peek(&s) >= last);
		last = tayra__arrivals_peek(&s);
		assert_int_equal(tayra__arrivals_take(&s), i);
	}
}

static void
a_trace_gives_its_moments_and_ends(void **state)
{
	static const uint64_t moments[] = { 0, 5, 5, 70, UINT64_MAX - 1 };
	struct tayra__open_plan plan = { .arrivals = TAYRA__ARRIVALS_TRACE,
					 .length_ns = 100,
					 .moments = moments,
					 .moment_count = 5 };
	struct tayra__arrival_stream s;

	(void)state;
	assert_true(tayra__arrivals_plausible(&plan));
	tayra__arrivals_plan(&s, &plan);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(tayra__arrivals_peek(&s), moments[i]);
		assert_int_equal(tayra__arrivals_take(&s), i);
	}
	assert_true(tayra__arrivals_peek(&s) == UINT64_MAX);
	plan.moment_count = 0;
	assert_int_equal(count_before(&plan, UINT64_MAX), 0);
}

static void
two_streams_of_any_plan_agree(void **state)
{
	static const uint64_t moments[] = { 1, 2, 3, 400000000 };
	struct tayra__open_plan plans[] = {
		{ .ramp = true, .end_rate_per_s = 3000 },
		{ .arrivals = TAYRA__ARRIVALS_UNIFORM, .ramp = true, .rate_per_s = 900 },
		{ .rate_per_s = 500, .burst_again = 5, .burst_every_ns = 100000000 },
		{ .arrivals = TAYRA__ARRIVALS_TRACE, .moments = moments, .moment_count = 4 },
	};

	(void)state;
	for (size_t p = 0; p < 4; p++) {
		struct tayra__arrival_stream one, two;

		plans[p].seed = 7;
		plans[p].length_ns = TAYRA_NS_PER_S;
		tayra__arrivals_plan(&one, &plans[p]);
		tayra__arrivals_plan(&two, &plans[p]);
		while (tayra__arrivals_peek(&one) < TAYRA_NS_PER_S) {
			assert_int_equal(tayra__arrivals_peek(&one), tayra__arrivals_peek(&two));
			tayra__arrivals_take(&one);
			tayra__arrivals_take(&two);
		}
		assert_int_equal(tayra__arrivals_peek(&one), tayra__arrivals_peek(&two));
		assert_true(one.number >= 4);
	}
}

static void
what_cannot_be_run_is_not_plausible(void **state)
{
	static const uint64_t falls[] = { 5, 4 };
	const struct tayra__open_plan bad[] = {
		{ .rate_per_s = 1 },
		{ .rate_per_s = 1, .length_ns = UINT64_MAX },
		{ .rate_per_s = -1, .length_ns = 1 },
		{ .rate_per_s = 1.1e8, .length_ns = 1 },
		{ .rate_per_s = (double)NAN, .length_ns = 1 },
		{ .rate_per_s = 1, .length_ns = 1, .arrivals = (enum tayra__arrivals)9 },
		{ .rate_per_s = 1, .length_ns = 1, .ramp = true, .end_rate_per_s = (double)NAN },
		{ .rate_per_s = 1, .length_ns = 1, .ramp = true, .end_rate_per_s = -1 },
		{ .rate_per_s = 1, .length_ns = 1, .burst_again = 1 },
		{ .length_ns = 1,
		  .arrivals = TAYRA__ARRIVALS_TRACE,
		  .moments = falls,
		  .moment_count = 2 },
		{ .length_ns = 1, .arrivals = TAYRA__ARRIVALS_TRACE, .ramp = true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(tayra__arrivals_plausible(&bad[i]));
}

static uint64_t
count_due(const struct tayra__open_plan *plan)
{
	struct tayra__arrival_stream s;

	tayra__arrivals_plan(&s, plan);
	while (tayra__arrivals_peek(&s) < plan->length_ns)
		tayra__arrivals_take(&s);
	return s.number;
}

static void
as_many_become_due_as_are_expected(void **state)
{
	static const uint64_t moments[] = { 0, 5, 5, 400000000, 999999999, 1000000000 };
	const struct tayra__open_plan plans[] = {
		{ .length_ns = 1000000000, .arrivals = TAYRA__ARRIVALS_UNIFORM, .rate_per_s = 50 },
		{ .length_ns = 1000000000,
		  .arrivals = TAYRA__ARRIVALS_UNIFORM,
		  .ramp = true,
		  .end_rate_per_s = 100 },
		{ .length_ns = 1000000000,
		  .burst = 7,
		  .burst_again = 7,
		  .burst_every_ns = 250000000 },
		{ .length_ns = 1000000001,
		  .burst = 7,
		  .burst_again = 7,
		  .burst_every_ns = 250000000 },
		{ .length_ns = 1000000000,
		  .arrivals = TAYRA__ARRIVALS_UNIFORM,
		  .rate_per_s = 50,
		  .burst_again = 3,
		  .burst_every_ns = 300000000 },
		{ .length_ns = 1000000000,
		  .arrivals = TAYRA__ARRIVALS_TRACE,
		  .moments = moments,
		  .moment_count = 6 },
		{ .length_ns = 999999995,
		  .arrivals = TAYRA__ARRIVALS_TRACE,
		  .moments = moments,
		  .moment_count = 6,
		  .moments_from_ns = 5 },
		{ .length_ns = 10,
		  .arrivals = TAYRA__ARRIVALS_TRACE,
		  .moments = moments,
		  .moment_count = 6,
		  .moments_from_ns = 2000000000 },
	};
	static const unsigned expected[] = { 50, 50, 28, 35, 59, 5, 4, 0 };

	for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
		assert_near(tayra__arrivals_expected(&plans[i]), expected[i], 1e-9);
		assert_int_equal(count_due(&plans[i]), expected[i]);
	}
}

static void
a_stretch_of_a_trace_begins_at_its_own_zero(void **state)
{
	static const uint64_t moments[] = { 10, 20, 30 };
	const struct tayra__open_plan plan = { .length_ns = 100,
					       .arrivals = TAYRA__ARRIVALS_TRACE,
					       .moments = moments,
					       .moment_count = 3,
					       .moments_from_ns = 15 };
	struct tayra__arrival_stream s;

	tayra__arrivals_plan(&s, &plan);
	assert_int_equal(tayra__arrivals_peek(&s), 5);
	tayra__arrivals_take(&s);
	assert_int_equal(tayra__arrivals_peek(&s), 15);
	tayra__arrivals_take(&s);
	assert_int_equal(tayra__arrivals_peek(&s), UINT64_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(poisson_gaps_have_the_mean_and_variance_of_an_exponential),
		cmocka_unit_test(poisson_counts_vary_as_much_as_their_mean),
		cmocka_unit_test(uniform_arrivals_do_not_drift),
		cmocka_unit_test(a_burst_comes_first_and_besides),
		cmocka_unit_test(two_streams_made_alike_agree),
		cmocka_unit_test(a_ramp_is_the_integral_of_its_rate_to_within_one),
		cmocka_unit_test(a_poisson_ramp_has_the_integral_as_its_mean),
		cmocka_unit_test(bursts_come_at_their_intervals_and_besides),
		cmocka_unit_test(a_trace_gives_its_moments_and_ends),
		cmocka_unit_test(as_many_become_due_as_are_expected),
		cmocka_unit_test(a_stretch_of_a_trace_begins_at_its_own_zero),
		cmocka_unit_test(two_streams_of_any_plan_agree),
		cmocka_unit_test(what_cannot_be_run_is_not_plausible),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
