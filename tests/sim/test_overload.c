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

#include <string.h>

static struct tayra__overload_result result;

static int
run_text(const char *text, const char *limiter, uint64_t seed)
{
	struct tayra__scenario scenario = { 0 };
	struct tayra__contender contender;
	char error[400];
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

static void
without_memory_a_run_fails_and_leaves_nothing(void **state)
{
	for (uint64_t n = 1; n < 40; n++) {
		tayra__mem_fail_after(0);
		/* The scenario is read first, so that the run's own allocations are hit. */
		{
			const char *text = "length: 1s\nloads: [{clients: 20}]\n";
			struct tayra__scenario scenario = { 0 };
			struct tayra__contender contender;
			char error[400];
			int status;

			tayra__contender_read("fixed:4", &contender, error, sizeof(error));
			assert_int_equal(tayra__scenario_read(&scenario, "s.yaml", text,
							      strlen(text), error, sizeof(error)),
					 TAYRA_OK);
			tayra__mem_fail_after(n);
			status = tayra__overload_run(&scenario, &contender, 1, NULL, &result);
			tayra__mem_fail_after(0);
			tayra__scenario_fini(&scenario);
			if (status == TAYRA_OK) {
				assert_true(n > 3);
				return;
			}
			assert_int_equal(status, TAYRA_E_NOMEM);
		}
	}
	fail();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_seed_gives_the_same_trace),
		cmocka_unit_test(a_fixed_limit_gets_what_the_law_says),
		cmocka_unit_test(limiters_are_asked_the_same),
		cmocka_unit_test(nothing_is_lost),
		cmocka_unit_test(without_memory_a_run_fails_and_leaves_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
