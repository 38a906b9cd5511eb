/* SPDX-License-Identifier: Apache-2.0
 *
 * What goes wrong in its own way, a named scenario each (contrib/scenarios), and the default
 * limiter in it.  Bars are what holds for these seeds, in virtual time: a figure that changes has
 * been changed.  Where the scenario's own goal asks for more, that is said.
 */
#include "sim/goal.h"

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>
#include <string.h>

/* Where it costs four times as much it is the memory that is judged. */
static uint64_t
seeds(void)
{
	return getenv("TAYRA_INSTRUMENTED") ? 1 : 5;
}

static struct tayra__overload_result result;

static void
run(const struct tayra__scenario *scenario, const char *limiter, uint64_t seed)
{
	struct tayra__contender contender;
	char error[300];

	assert_int_equal(tayra__contender_read(limiter, &contender, error, sizeof(error)),
			 TAYRA_OK);
	assert_int_equal(tayra__overload_run(scenario, &contender, seed, NULL, &result), TAYRA_OK);
}

struct span {
	double mean, least, second, most; /* second: least of all but one */
};

/* The scenario's goal of that number, where it compares with the best fixed limit with that one. */
static struct span
judge(const char *name, size_t goal, const char *best, uint64_t n)
{
	struct span span = { .least = (double)INFINITY,
			     .most = (double)-INFINITY,
			     .second = (double)INFINITY };
	struct tayra__scenario scenario = { 0 };
	char error[300];

	if (tayra__scenario_open(&scenario, name, error, sizeof(error)) != TAYRA_OK)
		fail_msg("%s", error);
	assert_true(goal < scenario.goal_count);
	for (uint64_t seed = 1; seed <= n; seed++) {
		const struct tayra__goal_setting *setting = &scenario.goals[goal];
		struct tayra__goal_beside beside = { 0 };
		double figure;

		if (tayra__goal_needs_oracle(setting)) {
			run(&scenario, best, seed);
			beside.oracle_per_s = tayra__goal_goodput(setting, &scenario, &result);
		}
		run(&scenario, "elasticity", seed);
		figure = tayra__goal_figure(setting, &scenario, &result, &beside);
		span.mean += figure / (double)n;
		span.second = fmin(span.second, fmax(span.least, figure));
		span.least = fmin(span.least, figure);
		span.most = fmax(span.most, figure);
	}
	print_message("# %s %s: mean %.3f, %.3f to %.3f\n", name,
		      tayra__goal_figures[scenario.goals[goal].figure], span.mean, span.least,
		      span.most);
	tayra__scenario_fini(&scenario);
	return span;
}

static void
expect_share(const char *name, const char *best, double mean, double worst)
{
	const struct span span = judge(name, 0, best, seeds());

	assert_true(span.mean >= mean);
	assert_true(span.least >= worst);
}

/* A scenario that has no name: goodput to what is possible. */
static struct span
share_of_possible(const char *text)
{
	struct tayra__goal_setting goal = { .figure = TAYRA__GOAL_GOODPUT_OF_POSSIBLE };
	struct span span = { .least = (double)INFINITY };
	struct tayra__scenario scenario = { 0 };
	char error[300];

	if (tayra__scenario_read(&scenario, "s.yaml", text, strlen(text), error, sizeof(error)) !=
	    TAYRA_OK)
		fail_msg("%s", error);
	goal.from_ns = scenario.warmup_ns;
	goal.to_ns = scenario.length_ns;
	for (uint64_t seed = 1; seed <= seeds(); seed++) {
		double figure;

		run(&scenario, "elasticity", seed);
		figure = tayra__goal_figure(&goal, &scenario, &result,
					    &(struct tayra__goal_beside){ 0 });
		span.mean += figure / (double)seeds();
		span.least = fmin(span.least, figure);
	}
	print_message("# mean %.3f, least %.3f\n", span.mean, span.least);
	tayra__scenario_fini(&scenario);
	return span;
}

static void
a_backend_that_pauses_is_not_taken_for_a_slower_one(void **state)
{
	expect_share("gc_pauses", "fixed:24", 0.97, 0.95);
}

static void
spells_in_which_all_is_slower_leave_no_trace(void **state)
{
	expect_share("slow_spells", "fixed:24", 0.96, 0.94);
}

/* The scenario's goal is .9 on average over ten seeds, of which one stays at .34. */
static void
a_few_large_requests_do_not_hide_what_the_many_get_done(void **state)
{
	const struct span span = judge("bimodal", 0, "fixed:24", seeds() > 1 ? 10 : 1);

	assert_true(span.second >= 0.75);
	assert_true(span.mean >= 0.85 || isinf(span.second)); /* of one seed alone */
}

static void
a_convoy_is_left_for_good(void **state)
{
	expect_share("lock_convoy", "fixed:12", 0.95, 0.93);
}

static void
a_cliff_is_kept_away_from(void **state)
{
	expect_share("pool_thrash", "fixed:4", 0.97, 0.95);
}

static void
a_rate_limit_of_the_backend_is_used_up(void **state)
{
	expect_share("server_side_rate_limit", "fixed:6", 0.97, 0.95);
}

static void
a_network_that_jitters_hides_no_knee(void **state)
{
	expect_share("latency_jitter", "fixed:32", 0.96, 0.94);
}

static void
constant_timeouts_lead_to_the_floor_and_back(void **state)
{
	assert_true(judge("constant_timeouts", 0, NULL, seeds()).most <= 5);
	assert_true(judge("constant_timeouts", 1, "fixed:24", seeds()).most <= 10);
}

static void
refusals_that_end_and_a_black_hole_are_forgotten(void **state)
{
	assert_true(judge("fast_503s_then_revert", 0, "fixed:24", seeds()).most <= 5);
	assert_true(judge("black_hole", 0, "fixed:24", seeds()).most <= 10);
	assert_true(judge("black_hole", 1, "fixed:24", seeds()).most <= 1);
}

/* The scenario's goal is 1.2, dithering included. */
static void
quick_errors_are_no_speed(void **state)
{
	assert_true(judge("quick_errors", 0, NULL, seeds()).most <= 1.4);
}

/* The scenario's goal is 1.2 of all seeds. */
static void
a_quiet_minute_is_no_drift_and_the_burst_after_it_is_served(void **state)
{
	assert_true(judge("quiet_then_burst", 0, NULL, seeds()).mean <= 1.3);
	assert_true(judge("quiet_then_burst", 1, NULL, seeds()).most == 0);
	assert_true(judge("quiet_then_burst", 2, NULL, seeds()).least >= 0.999);
}

/* While it starts nothing is shed but what is too late, so all are served so late that half of them
 * miss it, and that is no reason to stay at 1. */
static void
a_start_whose_queue_is_at_the_brink_gets_away_from_it(void **state)
{
	assert_true(share_of_possible("length: 40s\n"
				      "warmup: 25s\n"
				      "backend: {kind: servers, rate: 18.7, servers: 30}\n"
				      "loads: [{kind: poisson, load: 1.47, deadline: 780ms}]\n")
			    .least >= 0.95);
}

/* Four times the mean, three times as many as can be served. */
static void
deadlines_of_a_few_times_the_service_are_kept(void **state)
{
	assert_true(share_of_possible("length: 16s\n"
				      "warmup: 10s\n"
				      "backend: {kind: thrash, rate: 282, servers: 31, knee: 44, "
				      "penalty: 1.53}\n"
				      "loads: [{kind: poisson, load: 3.1, deadline: 15.5ms}]\n")
			    .least >= 0.85);
}

/* 11 clients before a knee at 5: 16 slots are not full with them, and they are too many. */
static void
a_limit_over_the_number_of_clients_is_no_light_load(void **state)
{
	assert_true(share_of_possible("length: 20s\n"
				      "warmup: 10s\n"
				      "backend: {kind: contention, rate: 675, contention: 0.02, "
				      "coherence: 0.033}\n"
				      "loads: [{clients: 11}]\n"
				      "pace: {codel_target: 1h}\n")
			    .least >= 0.93);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_backend_that_pauses_is_not_taken_for_a_slower_one),
		cmocka_unit_test(spells_in_which_all_is_slower_leave_no_trace),
		cmocka_unit_test(a_few_large_requests_do_not_hide_what_the_many_get_done),
		cmocka_unit_test(a_convoy_is_left_for_good),
		cmocka_unit_test(a_cliff_is_kept_away_from),
		cmocka_unit_test(a_rate_limit_of_the_backend_is_used_up),
		cmocka_unit_test(a_network_that_jitters_hides_no_knee),
		cmocka_unit_test(constant_timeouts_lead_to_the_floor_and_back),
		cmocka_unit_test(refusals_that_end_and_a_black_hole_are_forgotten),
		cmocka_unit_test(quick_errors_are_no_speed),
		cmocka_unit_test(a_quiet_minute_is_no_drift_and_the_burst_after_it_is_served),
		cmocka_unit_test(a_start_whose_queue_is_at_the_brink_gets_away_from_it),
		cmocka_unit_test(deadlines_of_a_few_times_the_service_are_kept),
		cmocka_unit_test(a_limit_over_the_number_of_clients_is_no_light_load),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
