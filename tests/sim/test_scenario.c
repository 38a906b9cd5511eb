/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/scenario.h"

#include "sim/named_scenarios.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

static struct tayra__scenario scenario;
static char error[500];

static int
read_text(const char *text)
{
	scenario = (struct tayra__scenario){ 0 };
	error[0] = '\0';
	return tayra__scenario_read(&scenario, "dir/s.yaml", text, strlen(text), error,
				    sizeof(error));
}

/* Refused in one line that begins and goes on like that. */
static void
assert_refused(const char *text, const char *where, const char *what)
{
	assert_int_equal(read_text(text), TAYRA_E_INVAL);
	if (strncmp(error, where, strlen(where)) != 0 || !strstr(error, what))
		print_message("# %s\n", error);
	assert_memory_equal(error, where, strlen(where));
	assert_non_null(strstr(error, what));
	assert_null(strchr(error, '\n'));
	tayra__scenario_fini(&scenario);
}

static void
what_is_left_out_has_its_default(void **state)
{
	assert_int_equal(read_text("loads: [{kind: poisson}]"), TAYRA_OK);
	assert_string_equal(scenario.name, "s");
	assert_int_equal(scenario.length_ns, 60 * TAYRA_NS_PER_S);
	assert_int_equal(scenario.warmup_ns, 20 * TAYRA_NS_PER_S);
	assert_true(scenario.backend.rate_per_s == 100);
	assert_true(scenario.loads[0].load == 1);
	assert_int_equal(scenario.loads[0].cls, TAYRA_NORMAL);
	assert_string_equal(scenario.loads[0].name, "normal");
	tayra__scenario_fini(&scenario);
}

static void
mistakes_are_told_with_their_place(void **state)
{
	assert_refused("loads: [{clientz: 3}]", "dir/s.yaml:1:10: ", "did you mean 'clients'?");
	assert_refused("backnd:\n  rate: 1\nloads: [{}]\n", "dir/s.yaml:1:1: ", "'backend'?");
	assert_refused("backend:\n  rate: -5\nloads: [{}]\n", "dir/s.yaml:2:9: ", "rate '-5'");
	assert_refused("backend:\n  rate: 0\nloads: [{}]\n", "dir/s.yaml:2:9: ", "rate '0'");
	assert_refused("backend: {rate: nan}\nloads: [{}]\n", "dir/s.yaml:1:17: ", "'nan'");
	assert_refused("backend: {kind: convoi}\nloads: [{}]\n",
		       "dir/s.yaml:1:17: ", "did you mean 'convoy'?");
	assert_refused("backend: {kind: convoy, knee: 4, release: 9}\nloads: [{}]",
		       "dir/s.yaml:1:1: ", "release");
	assert_refused("loads: [{clients: 0}]", "dir/s.yaml:1:19: ", "clients '0'");
	assert_refused("loads: [{kind: poisson, rate: 5, load: 2}]",
		       "dir/s.yaml:1:9: ", "one of them");
	assert_refused("loads: [{rate: 5}]", "dir/s.yaml:1:10: ", "kind is poisson");
	assert_refused("loads: []", "dir/s.yaml:1:1: ", "nobody asks");
	assert_refused("about: x", "dir/s.yaml: ", "nobody asks");
	assert_refused("length: 2h\nloads: [{}]", "dir/s.yaml:1:1: ", "an hour");
	assert_refused("length: 2s\nwarmup: 2s\nloads: [{}]", "dir/s.yaml:2:1: ", "warmup");
	assert_refused("loads: [{}]\npace: {limit_min: 100, limit_max: 2}",
		       "dir/s.yaml:2:1: ", "limit_min 100 is over limit_max 2");
	assert_refused("pace: {limit_min: 0}\nloads: [{}]", "dir/s.yaml:1:19: ", "limit_min '0'");
	assert_refused("", "dir/s.yaml: ", "nobody asks");
	assert_refused("loads: [{kind: poisson, load: 1, clients: 4}]",
		       "dir/s.yaml:1:34: ", "closed or spike");
	assert_refused("loads: [{kind: replay}]", "dir/s.yaml:1:9: ", "needs its trace");
	assert_refused("loads: [{kind: replay, trace: nothing.csv}]",
		       "dir/s.yaml:1:24: ", "nothing.csv");
	assert_refused("loads: [{from: 5s, until: 5s}]", "dir/s.yaml:1:20: ", "not after from");
	assert_refused("loads: [{timeout: 25h}]", "dir/s.yaml:1:10: ", "more than a day");
	assert_refused("loads: [{}]\nchanges: [{at: 5s, speed: -1}]",
		       "dir/s.yaml:2:27: ", "speed '-1'");
	assert_refused("loads: [{}]\nchanges: [{at: 5s}, {at: 4s}]",
		       "dir/s.yaml:2:21: ", "in order of time");
	assert_refused("loads: [{}]\nweather: {swing_dept: 1}",
		       "dir/s.yaml:2:11: ", "'swing_depth'");
	assert_refused("loads: [{}]\ngoals: [{goal: A}]", "dir/s.yaml:2:9: ", "least or most");
	assert_refused("loads: [{}]\ngoals: [{least: 1}]", "dir/s.yaml:2:9: ", "has a name");
	assert_refused("loads: [{}]\ngoals: [{goal: A, least: 1, figure: goodput}]",
		       "dir/s.yaml:2:37: ", "there are: ");
	assert_refused("loads: [{}]\ngoals: [{goal: A, least: 1, to: 61s}]",
		       "dir/s.yaml:2:9: ", "within the length");
	assert_refused("loads: [{}]\ngoals: [{goal: A, least: 1, limiter: vega}]",
		       "dir/s.yaml:2:29: ", "did you mean 'vegas'");
	assert_refused("loads: [{}]\ngoals: [{goal: A, least: 1, load: b}]",
		       "dir/s.yaml:2:29: ", "no load 'b'");
}

static void
loops_and_floods_are_refused(void **state)
{
	assert_refused("a: &a [*a]", "dir/s.yaml:1:4: ", "anchors");
	assert_refused("loads: *x", "dir/s.yaml:1:8", "");
	assert_refused("loads: [{},{},{},{},{},{},{},{},{}]", "dir/s.yaml:1:33: ", "more than 8");
	assert_refused("loads: [{tenants: 1000},{tenants: 1000}]",
		       "dir/s.yaml:1:25: ", "more than 1024 tenants");
	assert_refused("length: 1h\nloads: [{kind: poisson, rate: 1e6}]",
		       "dir/s.yaml:2:1: ", "requests in 3600 s");
}

/* Who fails at once asks again after 1 to 64 ns, however long he would think after an answer. */
static void
a_flood_of_retries_is_refused(void **state)
{
	assert_refused("length: 10s\nloads: [{clients: 200, think: 1h, backoff: 1ns}]",
		       "dir/s.yaml:2:1: ", "requests in 10 s");
	assert_int_equal(read_text("length: 10s\nloads: [{clients: 200, think: 1h}]"), TAYRA_OK);
	tayra__scenario_fini(&scenario);
	assert_int_equal(read_text("loads: [{kind: spike, clients: 100000, retries: 100}]"),
			 TAYRA_OK);
	tayra__scenario_fini(&scenario);
}

#define A_LITTLE "length: 1h\nloads: [{clients: 1000, work: constant}]\n"

/* A backend that becomes fast does as many as one that always was. */
static void
a_flood_that_a_change_would_let_in_is_refused(void **state)
{
	static const char *const changed[] = {
		"backend: {kind: servers, servers: 1, rate: 5000}\nchanges: [{servers: 10000}]",
		"backend: {kind: servers, rate: 1e6, rate_limit: 1}\nchanges: [{rate_limit: 0}]",
		"backend: {rate: 5e4, contention: 1}\nchanges: [{contention: 0, coherence: 0}]",
		"backend: {kind: shared, rate: 12e3}\nweather: {swing: 1s, swing_depth: 1}",
	};
	char text[300];

	for (size_t i = 0; i < sizeof(changed) / sizeof(changed[0]); i++) {
		snprintf(text, sizeof(text), "%s%s\n", A_LITTLE, changed[i]);
		assert_refused(text, "dir/s.yaml:2:1: ", "requests in 3600 s");
	}
	assert_int_equal(read_text(A_LITTLE "backend: {kind: servers, servers: 1, rate: 5000}\n"
					    "changes: [{servers: 2}]"),
			 TAYRA_OK);
	tayra__scenario_fini(&scenario);
}

static void
a_name_that_is_near_is_offered(void **state)
{
	scenario = (struct tayra__scenario){ 0 };
	assert_int_equal(tayra__scenario_open(&scenario, "low_kne", error, sizeof(error)),
			 TAYRA_E_INVAL);
	assert_non_null(strstr(error, "did you mean 'low_knee'?"));
	tayra__scenario_fini(&scenario);
	assert_int_equal(tayra__scenario_open(&scenario, "/nowhere/x.yaml", error, sizeof(error)),
			 TAYRA_E_IO);
	assert_non_null(strstr(error, "/nowhere/x.yaml: "));
	tayra__scenario_fini(&scenario);
}

static void
every_named_scenario_can_be_read_and_says_what_it_shows(void **state)
{
	size_t n = 0;

	for (; tayra__named_scenarios[n].name; n++) {
		scenario = (struct tayra__scenario){ 0 };
		if (tayra__scenario_open(&scenario, tayra__named_scenarios[n].name, error,
					 sizeof(error)) != TAYRA_OK)
			print_message("# %s\n", error);
		assert_non_null(scenario.sentence);
		assert_string_equal(scenario.name, tayra__named_scenarios[n].name);
		tayra__scenario_fini(&scenario);
	}
	assert_true(n > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_left_out_has_its_default),
		cmocka_unit_test(mistakes_are_told_with_their_place),
		cmocka_unit_test(loops_and_floods_are_refused),
		cmocka_unit_test(a_flood_of_retries_is_refused),
		cmocka_unit_test(a_flood_that_a_change_would_let_in_is_refused),
		cmocka_unit_test(a_name_that_is_near_is_offered),
		cmocka_unit_test(every_named_scenario_can_be_read_and_says_what_it_shows),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
