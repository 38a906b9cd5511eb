/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs of a scenario: repeatable, honest about fixed limits, and whole.
 */
#include "sim/overload.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

static struct tayra__overload_result result;

static int
run_text(const char *text, const char *limiter, uint64_t seed)
{
	struct tayra__scenario scenario = { 0 };
	struct tayra__contender contender;
	char error[500];
	int status;

	assert_int_equal(tayra__contender_read(limiter, &contender, error, sizeof(error)),
			 TAYRA_OK);
	status = tayra__scenario_read(&scenario, "s.yaml", text, strlen(text), error,
				      sizeof(error));
	if (status != TAYRA_OK)
		print_message("# %s\n", error);
	assert_int_equal(status, TAYRA_OK);
	status = tayra__overload_run(&scenario, &contender, seed, NULL, &result);
	tayra__scenario_fini(&scenario);
	return status;
}

static double
goodput(void)
{
	return (double)tayra__meter_sum(&result.meter, result.meter.warmup_ns, UINT64_MAX / 2)
		       .good /
	       tayra__meter_sum(&result.meter, result.meter.warmup_ns, UINT64_MAX / 2).seconds;
}

#define LOW_KNEE                                                                                   \
	"length: 15s\nwarmup: 5s\nbackend: {rate: 100, contention: 0.05, coherence: 0.025}\n"      \
	"loads: [{clients: 200}]\npace: {codel_target: 1h}\n"

static void
the_same_seed_gives_the_same_trace(void **state)
{
	uint64_t first;

	assert_int_equal(run_text(LOW_KNEE, "aimd", 7), TAYRA_OK);
	first = result.trace;
	assert_int_equal(run_text(LOW_KNEE, "aimd", 7), TAYRA_OK);
	assert_int_equal(result.trace, first);
	assert_int_equal(run_text(LOW_KNEE, "aimd", 8), TAYRA_OK);
	assert_int_not_equal(result.trace, first);
	assert_int_equal(run_text(LOW_KNEE, "fixed:8", 7), TAYRA_OK);
	assert_int_not_equal(result.trace, first);
}

/* X(n) of the law is what comes out. */
static void
a_fixed_limit_gets_what_the_law_says(void **state)
{
	const struct {
		const char *limiter;
		double per_s;
	} rows[] = { { "fixed:1", 100 }, { "fixed:6", 300 }, { "fixed:32", 117.4 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(run_text(LOW_KNEE, rows[i].limiter, 1), TAYRA_OK);
		print_message("# %s: %.1f/s\n", rows[i].limiter, goodput());
		assert_true(goodput() > 0.95 * rows[i].per_s && goodput() < 1.05 * rows[i].per_s);
	}
}

static void
limiters_are_asked_the_same(void **state)
{
	const char *text = "length: 5s\nloads: [{kind: poisson, load: 3, deadline: 500ms}]\n";
	uint64_t arrived;

	assert_int_equal(run_text(text, "aimd", 3), TAYRA_OK);
	arrived = result.requests;
	assert_int_equal(run_text(text, "fixed:2", 3), TAYRA_OK);
	assert_int_equal(result.requests, arrived);
}

static void
nothing_is_lost(void **state)
{
	struct tayra__meter_sum sum;
	uint64_t ended = 0;

	assert_int_equal(run_text("length: 10s\nloads: [{kind: poisson, load: 4, deadline: 1s}]\n",
				  "aimd", 3),
			 TAYRA_OK);
	sum = tayra__meter_sum(&result.meter, 0, 10 * TAYRA_NS_PER_S);
	for (int f = 0; f < TAYRA__FATES; f++)
		ended += sum.fates[f];
	assert_int_equal(sum.arrived, result.requests);
	/* What was under way at the end. */
	assert_in_range(sum.arrived - ended, 0, 1500);
}

/* Sums over the whole run, the warm-up included. */
static struct tayra__meter_sum
whole(void)
{
	return tayra__meter_sum(&result.meter, 0, UINT64_MAX / 2);
}

static void
who_gives_up_leaves_the_pacer_and_the_backend_works_on(void **state)
{
	/* One at a time, 100 ms each; the client waits 30 ms, so it asks three times as often. */
	assert_int_equal(run_text("length: 10s\nbackend: {kind: servers, servers: 1, rate: 10}\n"
				  "loads: [{clients: 1, work: constant, timeout: 30ms, "
				  "backoff: 1us}]\n",
				  "fixed:1", 1),
			 TAYRA_OK);
	assert_int_equal(whole().good, 0);
	assert_in_range(whole().fates[TAYRA__FATE_TIMEOUT], 300, 334);
	assert_in_range(result.pace.outcomes[TAYRA_OUTCOME_TIMEOUT], 300, 334);
}

static void
refused_requests_are_tried_again_as_often_as_said(void **state)
{
	assert_int_equal(run_text("length: 10s\nbackend: {errors: 1}\n"
				  "loads: [{kind: spike, clients: 10, retries: 3}]\n",
				  "fixed:64", 1),
			 TAYRA_OK);
	assert_int_equal(result.requests, 40);
	assert_int_equal(result.retries, 30);
	assert_int_equal(whole().fates[TAYRA__FATE_ERROR], 40);
}

static void
bursts_have_the_rates_they_should(void **state)
{
	uint32_t most = 0;

	assert_int_equal(run_text("length: 600s\nbackend: {kind: shared, servers: 1000}\n"
				  "loads: [{kind: bursts, rate: 100, burst: 5, burst_every: 3s, "
				  "burst_for: 1s}]\n",
				  "fixed:1000", 1),
			 TAYRA_OK);
	/* A quarter of the time at 500/s, the rest at 100/s. */
	assert_in_range(result.requests / 600, 170, 230);
	for (size_t i = 0; i < TAYRA__METER_BUCKETS; i++)
		if (result.meter.buckets[i].arrived > most)
			most = result.meter.buckets[i].arrived;
	assert_in_range(most, 450, 620);
}

static void
groups_come_together_at_the_same_rate(void **state)
{
	assert_int_equal(run_text("length: 100s\nbackend: {kind: shared, servers: 1000}\n"
				  "loads: [{kind: poisson, rate: 100, group: 20}]\n",
				  "fixed:1000", 1),
			 TAYRA_OK);
	assert_in_range(result.requests, 8000, 12000);
	assert_int_equal(result.requests % 20, 0);
}

static void
a_trace_is_replayed_with_its_times_and_costs(void **state)
{
	FILE *file = fopen("overload-trace.csv", "we");

	assert_non_null(file);
	fputs("time_s,key,size_bytes,cost_ms\n100,1,1,50\n100.5,2,1,50\n102,1,1,200\n", file);
	fclose(file);
	assert_int_equal(run_text("length: 10s\nwarmup: 1ms\nbackend: {kind: servers, rate: 100}\n"
				  "loads: [{kind: replay, trace: overload-trace.csv, faster: 2}]\n",
				  "fixed:4", 1),
			 TAYRA_OK);
	remove("overload-trace.csv");
	assert_int_equal(result.requests, 3);
	/* Twice as fast: at 0, 250 ms and 1 s; buckets are of 16.7 ms. */
	assert_int_equal(result.meter.buckets[0].arrived, 1);
	assert_int_equal(tayra__meter_sum(&result.meter, 0, 300 * TAYRA_NS_PER_MS).arrived, 2);
	assert_int_equal(tayra__meter_sum(&result.meter, 0, 900 * TAYRA_NS_PER_MS).arrived, 2);
	assert_int_equal(tayra__meter_sum(&result.meter, 0, 1100 * TAYRA_NS_PER_MS).arrived, 3);
	assert_true(result.meter.backend.min > 49900000 && result.meter.backend.max < 201000000);
}

/* Its work once went over what the backend counts in, and it was answered at once. */
static void
what_a_trace_asks_for_beyond_all_bounds_is_not_answered(void **state)
{
	FILE *file = fopen("overload-trace.csv", "we");

	assert_non_null(file);
	fputs("time_s,key,size_bytes,cost_ms\n0,1,1,1e9\n1,2,1,1\n", file);
	fclose(file);
	assert_int_equal(run_text("length: 4s\nwarmup: 1ms\nbackend: {kind: servers, rate: 1e7}\n"
				  "loads: [{kind: replay, trace: overload-trace.csv}]\n",
				  "fixed:4", 1),
			 TAYRA_OK);
	remove("overload-trace.csv");
	assert_int_equal(result.requests, 2);
	assert_int_equal(whole().fates[TAYRA__FATE_GOOD], 1);
}

static void
changes_and_weather_change_what_is_done(void **state)
{
	const char *head = "length: 60s\nwarmup: 20s\nbackend: {kind: shared, servers: 4}\n"
			   "loads: [{clients: 50}]\npace: {codel_target: 1h}\n";
	const struct {
		const char *tail;
		double per_s;
	} rows[] = {
		{ "", 400 },
		{ "changes: [{at: 20s, speed: 0.5}]\n", 200 },
		{ "changes: [{at: 10s, speed: 0}, {at: 20s, speed: 2}]\n", 800 },
		{ "changes: [{at: 20s, speed: 0, over: 40s}]\n", 200 },
		{ "changes: [{at: 20s, state: hung}, {at: 40s, state: well}]\n", 200 },
		{ "weather: {pause_every: 300ms, pause_for: 100ms}\n", 300 },
		{ "weather: {slow_every: 1s, slow_for: 1s, slow_to: 0.5}\n", 300 },
		{ "weather: {swing: 2s, swing_depth: 0.9}\n", 400 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char text[500];

		snprintf(text, sizeof(text), "%s%s", head, rows[i].tail);
		assert_int_equal(run_text(text, "fixed:8", 1), TAYRA_OK);
		print_message("# %s# %.0f/s\n", rows[i].tail, goodput());
		assert_true(goodput() > 0.9 * rows[i].per_s && goodput() < 1.1 * rows[i].per_s);
	}
}

static void
sizes_are_1_on_average_whatever_their_spread(void **state)
{
	const char *works[] = { "constant", "exponential", "lognormal", "bimodal" };

	for (size_t i = 0; i < 4; i++) {
		char text[300];

		snprintf(text, sizeof(text),
			 "length: 300s\nbackend: {kind: shared, servers: 4}\n"
			 "loads: [{clients: 20, work: %s}]\npace: {codel_target: 1h}\n",
			 works[i]);
		assert_int_equal(run_text(text, "fixed:8", 1), TAYRA_OK);
		print_message("# %s: %.1f/s\n", works[i], goodput());
		assert_true(goodput() > 385 && goodput() < 415);
	}
}

static void
tenants_are_counted_apart(void **state)
{
	assert_int_equal(run_text("length: 30s\nloads:\n- {kind: poisson, load: 0.2, tenants: 4}\n"
				  "- {kind: poisson, load: 0.2}\n",
				  "fixed:20", 1),
			 TAYRA_OK);
	assert_int_equal(result.tenants, 5);
	/* 1, 1, 1, 1 and 4: 8^2 / (5 x 20). */
	assert_true(tayra__meter_jain(&result.meter, 5) > 0.6 &&
		    tayra__meter_jain(&result.meter, 5) < 0.68);
	assert_true(tayra__meter_jain(&result.meter, 4) > 0.99);
}

/* Three ask for what four can do: the greedy one of them alone must wait. */
static void
the_pacer_is_told_tenants_levels_and_costs(void **state)
{
	struct tayra__meter_sum sum;

	assert_int_equal(run_text("length: 30s\nbackend: {kind: shared}\nloads:\n"
				  "- {kind: poisson, load: 0.4, tenants: 4, deadline: 500ms}\n"
				  "- {kind: poisson, load: 4, tenants: 1, deadline: 500ms}\n",
				  "fixed:4", 1),
			 TAYRA_OK);
	sum = whole();
	assert_true(sum.by_load[0] > 0.9 * 0.4 * 400 * 30);
	/* Of two levels the higher is turned away first. */
	assert_int_equal(run_text("length: 30s\nbackend: {kind: shared}\nloads:\n"
				  "- {kind: poisson, load: 0.6, deadline: 500ms}\n"
				  "- {kind: poisson, load: 4, level: 100, deadline: 500ms}\n",
				  "fixed:4", 1),
			 TAYRA_OK);
	sum = whole();
	assert_true(sum.by_load[0] > 0.8 * 0.6 * 400 * 30);
	assert_true(result.shed[TAYRA_SHED_LEVEL] > 0);
	/* Who takes two slots is half as many. */
	assert_int_equal(run_text("length: 30s\nbackend: {kind: shared, servers: 100}\n"
				  "loads: [{clients: 50, cost: 2}]\npace: {codel_target: 1h}\n",
				  "fixed:4", 1),
			 TAYRA_OK);
	assert_true(goodput() > 180 && goodput() < 220);
}

static void
without_a_limit_all_are_let_in(void **state)
{
	assert_int_equal(run_text("length: 10s\nloads: [{kind: poisson, load: 4, deadline: 500ms}]",
				  "none", 1),
			 TAYRA_OK);
	assert_int_equal(whole().fates[TAYRA__FATE_SHED], 0);
	assert_true(goodput() < 10);
}

static void
too_many_at_once_are_an_error_of_the_scenario(void **state)
{
	assert_int_equal(run_text("length: 100s\nbackend: {rate: 1}\n"
				  "loads: [{kind: poisson, rate: 30000}]\n"
				  "changes: [{state: hung}]\n"
				  "pace: {queue: 100000, limit_max: 1024}\n",
				  "fixed:1024", 1),
			 TAYRA_OK); /* the pacer keeps them down */
	assert_int_equal(
		run_text("length: 100s\nloads: [{kind: spike, clients: 100000, retries: 1, "
			 "backoff: 1h}, {kind: poisson, rate: 20000, retries: 1, backoff: "
			 "1h}]\nbackend: {errors: 1}\n",
			 "fixed:1024", 1),
		TAYRA_E_TOO_LARGE);
}

/* Bounds are for what learns: a limit that is put somewhere stays there. */
static void
a_fixed_limit_is_not_bound(void **state)
{
	assert_int_equal(run_text("length: 2s\nloads: [{}]\npace: {limit_max: 4}\n", "fixed:8", 1),
			 TAYRA_OK);
	assert_true(result.pace.limit == 8);
	assert_int_equal(run_text("length: 2s\nloads: [{}]\npace: {limit_min: 4}\n", "fixed:1", 1),
			 TAYRA_OK);
	assert_true(result.pace.limit == 1);
}

static void
a_limiter_says_where_it_cannot_begin(void **state)
{
	struct tayra_pace_options bounds = TAYRA_PACE_OPTIONS_INIT;
	struct tayra__contender contender;
	char why[200];

	bounds.limit_max = 4;
	assert_int_equal(tayra__contender_read("none:3", &contender, why, sizeof(why)),
			 TAYRA_E_INVAL);
	assert_string_equal(why, "has no limit to begin with");
	assert_int_equal(tayra__contender_read("aimd:8", &contender, why, sizeof(why)), TAYRA_OK);
	assert_int_equal(tayra__contender_check(&contender, &bounds, why, sizeof(why)),
			 TAYRA_E_INVAL);
	assert_string_equal(why, "does not begin from limit_min 1 to limit_max 4");
	bounds.limit_max = 8;
	assert_int_equal(tayra__contender_check(&contender, &bounds, why, sizeof(why)), TAYRA_OK);
	bounds.limit_min = 2;
	assert_int_equal(tayra__contender_read("vegas", &contender, why, sizeof(why)), TAYRA_OK);
	assert_int_equal(tayra__contender_check(&contender, &bounds, why, sizeof(why)), TAYRA_OK);
	assert_int_equal(tayra__contender_read("fixed:1", &contender, why, sizeof(why)), TAYRA_OK);
	assert_int_equal(tayra__contender_check(&contender, &bounds, why, sizeof(why)), TAYRA_OK);
}

static void
it_stops_when_it_is_told_to(void **state)
{
	struct tayra__scenario scenario = { 0 };
	const struct tayra__contender fixed = { .limiter = TAYRA_LIMITER_FIXED, .limit = 4 };
	const char *busy = "length: 1s\nloads: [{kind: poisson, rate: 1e7}]\n";
	const _Atomic bool stop = true;
	char error[500];

	assert_int_equal(tayra__scenario_open(&scenario, "low_knee", error, sizeof(error)),
			 TAYRA_OK);
	assert_int_equal(tayra__overload_run(&scenario, &fixed, 1, &stop, &result),
			 TAYRA_E_CANCELLED);
	tayra__scenario_fini(&scenario);
	/* Also where much happens in no time. */
	scenario = (struct tayra__scenario){ 0 };
	assert_int_equal(
		tayra__scenario_read(&scenario, "s.yaml", busy, strlen(busy), error, sizeof(error)),
		TAYRA_OK);
	assert_int_equal(tayra__overload_run(&scenario, &fixed, 1, &stop, &result),
			 TAYRA_E_CANCELLED);
	assert_true(result.requests < 100000);
	tayra__scenario_fini(&scenario);
}

static void
without_memory_a_run_fails_and_leaves_nothing(void **state)
{
	const char *text = "length: 1s\nloads: [{clients: 20}]\n";
	const struct tayra__contender fixed = { .limiter = TAYRA_LIMITER_FIXED, .limit = 4 };
	struct tayra__scenario scenario = { 0 };
	char error[500];
	int status = TAYRA_E_NOMEM;

	assert_int_equal(
		tayra__scenario_read(&scenario, "s.yaml", text, strlen(text), error, sizeof(error)),
		TAYRA_OK);
	for (uint64_t n = 1; n < 40 && status == TAYRA_E_NOMEM; n++) {
		tayra__mem_fail_after(n);
		status = tayra__overload_run(&scenario, &fixed, 1, NULL, &result);
		tayra__mem_fail_after(0);
		assert_true(status == TAYRA_OK ? n > 5 : status == TAYRA_E_NOMEM);
	}
	assert_int_equal(status, TAYRA_OK);
	tayra__scenario_fini(&scenario);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_seed_gives_the_same_trace),
		cmocka_unit_test(a_fixed_limit_gets_what_the_law_says),
		cmocka_unit_test(limiters_are_asked_the_same),
		cmocka_unit_test(nothing_is_lost),
		cmocka_unit_test(who_gives_up_leaves_the_pacer_and_the_backend_works_on),
		cmocka_unit_test(refused_requests_are_tried_again_as_often_as_said),
		cmocka_unit_test(bursts_have_the_rates_they_should),
		cmocka_unit_test(groups_come_together_at_the_same_rate),
		cmocka_unit_test(a_trace_is_replayed_with_its_times_and_costs),
		cmocka_unit_test(what_a_trace_asks_for_beyond_all_bounds_is_not_answered),
		cmocka_unit_test(changes_and_weather_change_what_is_done),
		cmocka_unit_test(sizes_are_1_on_average_whatever_their_spread),
		cmocka_unit_test(tenants_are_counted_apart),
		cmocka_unit_test(the_pacer_is_told_tenants_levels_and_costs),
		cmocka_unit_test(without_a_limit_all_are_let_in),
		cmocka_unit_test(too_many_at_once_are_an_error_of_the_scenario),
		cmocka_unit_test(a_fixed_limit_is_not_bound),
		cmocka_unit_test(a_limiter_says_where_it_cannot_begin),
		cmocka_unit_test(it_stops_when_it_is_told_to),
		cmocka_unit_test(without_memory_a_run_fails_and_leaves_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
