/* SPDX-License-Identifier: Apache-2.0
 *
 * The same question on real work on this machine, whatever else it is doing: sessions of three
 * arms, two of them identical and one that really does a twentieth more.  TAYRA_LONG=1: 1,000
 * sessions.
 */
#include "prove/session.h"

#include "base/clock.h"
#include "base/hash.h"
#include "stat/quantile.h"

#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define ROUNDS 12
#define PARTS  7 /* of a slice, whose figure is their median: one interruption does not move it */

struct worker {
	uint64_t steps;
	volatile uint64_t sink;
};

/* Some tenths of a millisecond of arithmetic that cannot be skipped; returns ms of CPU. */
static double
part(struct worker *w, uint64_t x)
{
	uint64_t begin = tayra__clock_thread_cpu_ns();

	for (uint64_t i = 0; i < w->steps; i++)
		x = tayra__hash_mix64(x);
	w->sink = x;
	return (double)(tayra__clock_thread_cpu_ns() - begin) / 1e6;
}

static int
work(void *ctx, const struct tayra__slice *slice, struct tayra__measure *out)
{
	double parts[PARTS];

	for (int i = 0; i < PARTS; i++)
		parts[i] = part(ctx, slice->seed);
	out->value[TAYRA__CPU_MS_PER_REQUEST] = tayra__quantile_median(parts, PARTS);
	out->requests = PARTS;
	return TAYRA_OK;
}

static struct tayra__session_comparison
session_of(struct worker workers[3], uint64_t seed)
{
	const struct tayra__arm arms[] = { { "a", work, &workers[0] },
					   { "b", work, &workers[1] },
					   { "a2", work, &workers[2] } };
	const struct tayra__session_plan plan = {
		.scene = "calibration", .phase = "load", .rounds = ROUNDS, .seed = seed
	};
	const struct tayra_prove_rule rule = { .size = sizeof(rule), .seed = seed };
	struct tayra__session_comparison comparison;
	struct tayra__session session;

	assert_int_equal(tayra__session_run(arms, 3, &plan, &session), TAYRA_OK);
	assert_int_equal(tayra__session_compare(&session, TAYRA__CPU_MS_PER_REQUEST, 0, 1, 2, &rule,
						&comparison),
			 TAYRA_OK);
	tayra__session_fini(&session);
	return comparison;
}

static void
equal_work_is_equal_and_a_twentieth_more_is_found(void **state)
{
	struct worker workers[3] = { { .steps = 20000 }, { .steps = 21000 }, { .steps = 20000 } };
	const char *text = getenv("TAYRA_LONG");
	int sessions = text && *text == '1' ? 1000 : 200;
	int alarms = 0, caught = 0, praised = 0;

	(void)state;
	for (int i = 0; i < sessions; i++) {
		struct tayra__session_comparison c = session_of(workers, (uint64_t)i + 1);

		alarms += c.aa.p < 0.05;
		caught += c.ab.verdict == TAYRA_WORSE;
		praised += c.ab.verdict == TAYRA_BETTER;
	}
	print_message("# of %d sessions of %d pairs: %d A/A alarms, +5%% found %d times\n",
		      sessions, ROUNDS, alarms, caught);
	/* Binomial at 5%: 99.9% of the counts are at most 21 of 200 and 73 of 1,000. */
	assert_in_range(alarms, 0, sessions == 200 ? 21 : 73);
	/* The power that is promised for 12 pairs. */
	assert_true(caught >= sessions * 80 / 100);
	assert_in_range(praised, 0, sessions / 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_work_is_equal_and_a_twentieth_more_is_found),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
