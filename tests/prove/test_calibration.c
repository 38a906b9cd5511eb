/* SPDX-License-Identifier: Apache-2.0
 *
 * The same question on real work on this machine, whatever else it is doing: sessions of four
 * arms, two of them identical, one that really does a twentieth more and one that does a fifth
 * more.  TAYRA_LONG=1: 1,000 sessions.
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

enum { A, TWENTIETH, FIFTH, A2, ARMS };

/* How often each was seen. */
struct counts {
	int alarms;        /* equal work, called different */
	int caught[ARMS];  /* more work, called worse */
	int praised[ARMS]; /* more work, called better */
};

static void
judge(const struct tayra__session *session, size_t arm, uint64_t seed, struct counts *counts)
{
	const struct tayra_prove_rule rule = { .size = sizeof(rule), .seed = seed };
	struct tayra__session_comparison c;

	assert_int_equal(
		tayra__session_compare(session, TAYRA__CPU_MS_PER_REQUEST, A, arm, A2, &rule, &c),
		TAYRA_OK);
	counts->caught[arm] += c.ab.verdict == TAYRA_WORSE;
	counts->praised[arm] += c.ab.verdict == TAYRA_BETTER;
	/* Both verdicts share the A/A: it counts once. */
	counts->alarms += arm == TWENTIETH && c.aa.p < 0.05;
}

static void
run_session(struct worker workers[ARMS], uint64_t seed, struct counts *counts)
{
	const struct tayra__arm arms[ARMS] = { [A] = { "a", work, &workers[A] },
					       [TWENTIETH] = { "+5%", work, &workers[TWENTIETH] },
					       [FIFTH] = { "+20%", work, &workers[FIFTH] },
					       [A2] = { "a2", work, &workers[A2] } };
	const struct tayra__session_plan plan = {
		.scene = "calibration", .phase = "load", .rounds = ROUNDS, .seed = seed
	};
	struct tayra__session session;

	assert_int_equal(tayra__session_run(arms, ARMS, &plan, &session), TAYRA_OK);
	judge(&session, TWENTIETH, seed, counts);
	judge(&session, FIFTH, seed, counts);
	tayra__session_fini(&session);
}

static void
equal_work_is_equal_and_more_of_it_is_found_and_never_praised(void **state)
{
	struct worker workers[ARMS] = { [A] = { .steps = 20000 },
					[TWENTIETH] = { .steps = 21000 },
					[FIFTH] = { .steps = 24000 },
					[A2] = { .steps = 20000 } };
	const char *text = getenv("TAYRA_LONG");
	int sessions = text && *text == '1' ? 1000 : 150;
	struct counts counts = { 0 };

	(void)state;
	for (int i = 0; i < sessions; i++)
		run_session(workers, (uint64_t)i + 1, &counts);
	print_message("# of %d sessions of %d pairs: %d A/A alarms, +5%% found %d times, +20%% %d "
		      "times\n",
		      sessions, ROUNDS, counts.alarms, counts.caught[TWENTIETH],
		      counts.caught[FIFTH]);
	/* Binomial at 5%: 99.9% of the counts are at most 17 of 150 and 73 of 1,000. */
	assert_in_range(counts.alarms, 0, sessions == 150 ? 17 : 73);
	/* The power that is promised for 12 pairs; a fifth is too much to miss. */
	assert_true(counts.caught[TWENTIETH] >= sessions * 80 / 100);
	assert_true(counts.caught[FIFTH] >= sessions * 95 / 100);
	assert_int_equal(counts.praised[TWENTIETH], 0);
	assert_int_equal(counts.praised[FIFTH], 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_work_is_equal_and_more_of_it_is_found_and_never_praised),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
