/* SPDX-License-Identifier: Apache-2.0
 *
 * Goals: what each figure says of a run where it is known, and what passes.
 */
#include "sim/judge.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

static struct tayra__verdict verdicts[TAYRA__SCENARIO_GOALS];

/* Judge a scenario whose goals stand in its text. */
static void
judge(const char *text, const char *limiter, uint32_t seeds)
{
	struct tayra__scenario scenario = { 0 };
	struct tayra__contender contender;
	struct tayra__judge judge;
	char error[500];

	assert_int_equal(tayra__contender_read(limiter, &contender, error, sizeof(error)),
			 TAYRA_OK);
	if (tayra__scenario_read(&scenario, "s.yaml", text, strlen(text), error, sizeof(error)) !=
	    TAYRA_OK)
		fail_msg("%s", error);
	assert_int_equal(tayra__judge_init(&judge, &scenario, 1, seeds, NULL), TAYRA_OK);
	assert_int_equal(tayra__judge_run(&judge, &contender, verdicts), TAYRA_OK);
	tayra__judge_fini(&judge);
	tayra__scenario_fini(&scenario);
}

static void
assert_about(double value, double expected, double within)
{
	if (!(fabs(value - expected) <= within))
		print_message("# %g, not %g\n", value, expected);
	assert_true(fabs(value - expected) <= within);
}

#define CLOSED                                                                                     \
	"backend: {rate: 100, contention: 0.05, coherence: 0.025}\n"                               \
	"loads: [{clients: 64}]\npace: {codel_target: 1h}\nlength: 30s\nwarmup: 10s\n"

/* It once asked for limits that the pacer refused, and nothing could be judged. */
static void
bounds_do_not_bind_the_oracle(void **state)
{
	judge("length: 10s\nloads: [{clients: 8}]\npace: {limit_min: 3, limit_max: 20}\n"
	      "goals: [{goal: A, least: 0.1}]\n",
	      "elasticity", 1);
	assert_true(verdicts[0].oracle > 0);
	assert_true(verdicts[0].pass);
}

static void
the_oracle_is_the_best_fixed_limit(void **state)
{
	const char *text = CLOSED
		"goals:\n"
		"- {goal: A, figure: goodput_of_oracle, least: 0.95, worst: 0.9}\n"
		"- {goal: B, figure: limit_of_knee, most: 1}\n"
		"- {goal: C, figure: limit_cv, most: 0}\n";

	judge(text, "fixed:6", 3);
	assert_about(verdicts[0].oracle, 302, 8);
	assert_about(verdicts[0].figure, 1, 0.02);
	assert_true(verdicts[0].hi <= 1 && verdicts[0].lo <= verdicts[0].figure);
	assert_true(verdicts[0].pass && verdicts[1].pass && verdicts[2].pass);
	assert_about(verdicts[1].figure, 1, 1e-9);
	assert_true(isnan(verdicts[1].oracle));
	judge(text, "fixed:32", 3);
	assert_about(verdicts[0].figure, 117.4 / 300, 0.02);
	assert_false(verdicts[0].pass);
	assert_about(verdicts[1].figure, 32.0 / 6, 1e-9);
	assert_false(verdicts[1].pass);
}

/* One seed below `worst` is enough; so is one below `least` where there is no worst. */
static void
no_seed_may_be_worse_than_the_worst(void **state)
{
	judge(CLOSED "goals:\n"
		     "- {goal: A, figure: backend_time, least: 1, worst: 1}\n"
		     "- {goal: B, figure: backend_time, least: 1, worst: 100}\n"
		     "- {goal: C, figure: backend_time, most: 3, worst: 1}\n"
		     "- {goal: D, figure: backend_time, most: 3}\n",
	      "fixed:6", 2);
	assert_about(verdicts[0].figure, 2, 0.1); /* six share what three would get */
	assert_true(verdicts[0].pass);
	assert_false(verdicts[1].pass);
	assert_false(verdicts[2].pass);
	assert_true(verdicts[3].pass);
}

static void
settling_is_from_when_on_every_stretch_is_good(void **state)
{
	/* Nothing for five seconds, then all; and again nothing at the very end. */
	const char *text =
		"backend: {kind: shared, servers: 4}\nloads: [{clients: 20}]\nlength: 60s\n"
		"warmup: 1s\npace: {codel_target: 1h}\n"
		"changes: [{at: 10s, state: hung}, {at: 15s, state: well}, {at: 56s, state: "
		"hung}]\n"
		"goals:\n- {goal: A, figure: settle_s, from: 10s, to: 50s, most: 6}\n"
		"- {goal: B, figure: settle_s, from: 10s, to: 60s, most: 6}\n"
		"- {goal: C, figure: settle_s, from: 20s, to: 50s, most: 0.1}\n"
		"- {goal: D, figure: settle_s, from: 10s, to: 50s, most: 1, completions: 4000}\n";

	judge(text, "fixed:8", 1);
	assert_about(verdicts[0].figure, 4.5, 0.7);
	assert_about(verdicts[1].figure, 50, 0.01);
	assert_false(verdicts[1].pass);
	assert_about(verdicts[2].figure, 0, 0.01);
	assert_about(verdicts[3].bar, 4000 / verdicts[3].oracle, 0.01);
	assert_true(verdicts[3].pass);
}

static void
a_load_can_be_judged_beside_itself_alone(void **state)
{
	judge("backend: {kind: servers, servers: 4}\nlength: 40s\nwarmup: 10s\nloads:\n"
	      "- {name: few, kind: poisson, load: 0.3, class: high, deadline: 500ms}\n"
	      "- {name: many, kind: poisson, load: 3, class: low, deadline: 500ms}\n"
	      "goals:\n- {goal: A, figure: goodput_of_alone, load: few, least: 0.9}\n"
	      "- {goal: B, figure: goodput_of_alone, load: many, least: 0.9}\n"
	      "- {goal: C, figure: p99_of_alone, load: few, most: 4}\n"
	      "- {goal: D, figure: success, load: few, least: 0.99}\n"
	      "- {goal: E, figure: success, load: many, least: 0.99}\n"
	      "- {goal: F, figure: goodput_of_possible, least: 0.95}\n"
	      "- {goal: G, figure: rejects, least: 1000}\n"
	      "- {goal: H, figure: same_trace, least: 1}\n"
	      "- {goal: I, figure: class_share, least: 0.9}\n"
	      "- {goal: J, figure: wait_of_deadline, most: 1}\n"
	      "- {goal: K, figure: p99_of_deadline, most: 1}\n"
	      "- {goal: L, figure: p99_of_unloaded, load: few, most: 4}\n",
	      "fixed:4", 1);
	assert_about(verdicts[0].figure, 1, 0.03);
	assert_about(verdicts[1].figure, 0.7, 0.05);
	assert_true(verdicts[2].figure > 1 && verdicts[2].figure < 4);
	assert_true(verdicts[3].pass);
	assert_about(verdicts[4].figure, 0.7 / 3, 0.05);
	assert_about(verdicts[5].figure, 1, 0.03);
	assert_true(verdicts[6].pass && verdicts[7].pass && verdicts[8].pass && verdicts[9].pass);
	assert_true(verdicts[10].pass);
	assert_about(verdicts[11].figure, verdicts[2].figure, 0.3); /* it never waits at 4 */
}

static void
a_falling_limit_is_seen_to_reach_its_floor(void **state)
{
	judge("length: 60s\nwarmup: 5s\n"
	      "loads: [{kind: poisson, load: 1.5, deadline: 1s}]\n"
	      "changes: [{at: 20s, errors: 1}]\ngoals:\n"
	      "- {goal: A, figure: floor_s, from: 20s, to: 60s, level: 2, most: 10}\n"
	      "- {goal: B, figure: floor_s, from: 5s, to: 20s, level: 2, most: 10}\n"
	      "- {goal: C, figure: limit_drift, from: 20s, most: 1}\n"
	      "- {goal: D, figure: late_s, from: 20s, most: 1}\n",
	      "aimd", 1);
	assert_true(verdicts[0].figure > 1 && verdicts[0].figure < 10);
	assert_about(verdicts[1].figure, 15, 0.2);
	assert_true(verdicts[2].pass);
	assert_true(verdicts[3].pass);
}

static void
a_run_is_judged_beside_one_without_a_limit(void **state)
{
	judge(CLOSED "goals:\n"
		     "- {goal: A, figure: goodput_of_none, least: 4}\n"
		     "- {goal: B, figure: p99_of_none, most: 0.3}\n"
		     "- {goal: C, figure: spread_of_none, most: 0.2}\n",
	      "fixed:6", 1);
	/* X(64) is 60/s, X(6) is 300/s. */
	assert_about(verdicts[0].figure, 5, 0.5);
	assert_true(verdicts[0].pass && verdicts[1].pass && verdicts[2].pass);
	judge(CLOSED "goals: [{goal: A, figure: goodput_of_none, least: 1}]\n", "none", 1);
	assert_about(verdicts[0].figure, 1, 1e-12);
}

static void
a_law_that_changes_has_another_oracle(void **state)
{
	judge("backend: {rate: 100, contention: 0.05, coherence: 0.025}\nlength: 40s\n"
	      "warmup: 5s\nloads: [{clients: 64}]\npace: {codel_target: 1h}\n"
	      "changes: [{at: 20s, contention: 0.02, coherence: 0.002}]\ngoals:\n"
	      "- {goal: A, figure: goodput_of_oracle, from: 5s, to: 20s, least: 0.9}\n"
	      "- {goal: B, figure: goodput_of_oracle, from: 21s, to: 40s, least: 0.9}\n",
	      "fixed:6", 1);
	assert_true(verdicts[0].pass);
	assert_about(verdicts[0].oracle, 302, 15);
	assert_about(verdicts[1].oracle, 939, 40);
	assert_about(verdicts[1].figure, 516.0 / 939, 0.05);
}

static void
threads_change_nothing(void **state)
{
	const char *text = CLOSED "goals: [{goal: A, figure: backend_time, most: 3}]\n";
	double alone[4];

	judge(text, "aimd", 4);
	alone[0] = verdicts[0].figure;
	for (int i = 1; i < 4; i++) {
		judge(text, "aimd", 4);
		alone[i] = verdicts[0].figure;
		assert_true(alone[i] == alone[0]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounds_do_not_bind_the_oracle),
		cmocka_unit_test(the_oracle_is_the_best_fixed_limit),
		cmocka_unit_test(no_seed_may_be_worse_than_the_worst),
		cmocka_unit_test(settling_is_from_when_on_every_stretch_is_good),
		cmocka_unit_test(a_load_can_be_judged_beside_itself_alone),
		cmocka_unit_test(a_falling_limit_is_seen_to_reach_its_floor),
		cmocka_unit_test(a_run_is_judged_beside_one_without_a_limit),
		cmocka_unit_test(a_law_that_changes_has_another_oracle),
		cmocka_unit_test(threads_change_nothing),
	};

	if (getenv("TAYRA_INSTRUMENTED")) {
		puts("1..0 # SKIP under instruments: the same code runs in sim-overload, and for "
		     "half a minute here");
		return 0;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
