/* SPDX-License-Identifier: Apache-2.0
 *
 * Functions compared in this process: what comes out, in figures and in words.
 */
#include <tayra/bench.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "../report/page.h"

#define MS TAYRA_NS_PER_MS

static uint64_t
chain(uint64_t x, unsigned steps)
{
	for (unsigned i = 0; i < steps; i++)
		x = (x ^ (x >> 31)) * 0x7fb5d329728ea185u;
	return x;
}

static void
work(void *arg, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		TAYRA_BENCH_KEEP(chain(i, *(unsigned *)arg));
}

static void
nap(void *arg, uint64_t n)
{
	const struct timespec t = { .tv_nsec = (long)*(unsigned *)arg };

	while (n--)
		nanosleep(&t, NULL);
}

static struct tayra_bench *
bench_of(const struct tayra_bench_options *options, unsigned n, tayra_bench_fn fn, unsigned *args)
{
	static const char *const names[] = { "one", "two", "three" };
	struct tayra_bench *bench;

	assert_int_equal(tayra_bench_create(options, &bench), TAYRA_OK);
	for (unsigned i = 0; i < n; i++) {
		struct tayra_bench_arm arm = TAYRA_BENCH_ARM_INIT;

		arm.name = names[i];
		arm.fn = fn;
		arm.arg = &args[i];
		assert_int_equal(tayra_bench_add(bench, &arm), TAYRA_OK);
	}
	return bench;
}

static char *
report_of(const struct tayra_bench *bench, enum tayra_bench_form form)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(tayra_bench_report(bench, out, form), TAYRA_OK);
	fclose(out);
	return text;
}

static void
three_functions_are_each_judged_against_the_first(void **state)
{
	static const char *const page[] = { "<h1>two is SLOWER",
					    "<h1>three is FASTER",
					    "<h2>cpu: processor time of a call",
					    "one again",
					    "<h2>Is it to be believed?</h2>",
					    "<h2>Round by round</h2>",
					    "<h2>How it was measured</h2>",
					    "two: <code>a function, ",
					    " calls a part, 2 parts a slice",
					    "processor time of the thread",
					    NULL };
	struct tayra_bench_options options = TAYRA_BENCH_OPTIONS_INIT;
	struct tayra_bench_result r = TAYRA_BENCH_RESULT_INIT;
	unsigned steps[] = { 1000, 3000, 300 };
	struct tayra_bench *bench;
	char *text;

	(void)state;
	options.pairs = 12;
	options.slice_ns = 2 * MS;
	bench = bench_of(&options, 3, work, steps);
	assert_int_equal(tayra_bench_run(bench, &r), TAYRA_OK);
	assert_true(r.valid && !r.stopped);
	assert_string_equal(r.why, "");
	assert_int_equal(r.arms, 3);
	assert_int_equal(r.pairs, 12);
	assert_string_equal(r.arm[1].name, "two");
	assert_int_equal(r.arm[1].rel.verdict, TAYRA_WORSE);
	assert_int_equal(r.arm[2].rel.verdict, TAYRA_BETTER);
	assert_int_equal(r.verdict, TAYRA_BETTER);
	assert_true(r.ratio == r.arm[2].rel.ratio && r.lo < r.ratio && r.ratio < r.hi);
	assert_true(r.arm[1].rel.ratio > 2.5 && r.arm[1].rel.ratio < 3.5);
	assert_true(r.aa_ratio > 0.8 && r.aa_ratio < 1.25);
	for (int i = 0; i < 3; i++) {
		assert_true(r.arm[i].q1_ns <= r.arm[i].ns && r.arm[i].ns <= r.arm[i].q3_ns);
		assert_true(fabs(r.arm[i].ns / r.arm[i].cpu_ns - 1) < 1e-9);
		assert_true(r.arm[i].wall_ns >= r.arm[i].cpu_ns);
		assert_true(r.arm[i].calls > 1 && r.arm[i].parts == 2);
	}
	/* A step is a multiplication of some cycles: the figure is of one call. */
	assert_true(r.arm[0].ns > 300 && r.arm[0].ns < 1e6);

	text = report_of(bench, TAYRA_BENCH_TEXT);
	assert_non_null(strstr(text, "cpu: processor time of a call, lower is better"));
	assert_non_null(strstr(text, "one again"));
	assert_non_null(strstr(text, "two is SLOWER: "));
	assert_non_null(strstr(text, " us "));
	free(text);
	text = report_of(bench, TAYRA_BENCH_MARKDOWN);
	assert_non_null(strstr(text, "| three |"));
	free(text);
	text = report_of(bench, TAYRA_BENCH_HTML);
	must_be_whole(text);
	must_follow(text, page);
	free(text);
	text = report_of(bench, TAYRA_BENCH_JSON);
	assert_ptr_equal(strstr(text, "{\"verdict\":\"FASTER\",\"metric\":\"cpu\",\"ratio\":0."),
			 text);
	assert_non_null(strstr(text, "\n{\"verdict\":\"SLOWER\""));
	assert_non_null(strstr(text, "\"unit\":\"ns\""));
	free(text);

	/* And again: nothing of the first run is left. */
	assert_int_equal(tayra_bench_run(bench, &r), TAYRA_OK);
	assert_int_equal(r.pairs, 12);
	tayra_bench_destroy(bench);
}

static void
waiting_is_seen_on_the_clock_and_told_of_where_it_is_not(void **state)
{
	struct tayra_bench_options options = TAYRA_BENCH_OPTIONS_INIT;
	struct tayra_bench_result r = TAYRA_BENCH_RESULT_INIT;
	unsigned naps[] = { 2000000, 6000000 };
	struct tayra_bench *bench;
	char *text;

	(void)state;
	options.pairs = 8;
	options.slice_ns = 4 * MS;
	bench = bench_of(&options, 2, nap, naps);
	assert_int_equal(tayra_bench_run(bench, &r), TAYRA_OK);
	assert_non_null(strstr(r.why, "TAYRA_BENCH_WALL"));
	assert_true(r.arm[0].wall_ns > 2e6 && r.arm[0].cpu_ns < 2e5);
	text = report_of(bench, TAYRA_BENCH_TEXT);
	assert_non_null(strstr(text, "which processor time does not see: TAYRA_BENCH_WALL does."));
	free(text);
	tayra_bench_destroy(bench);

	/* Where others keep the sleeper from waking, eight pairs may say nothing. */
	options.metric = TAYRA_BENCH_WALL;
	for (options.seed = 1, r.verdict = TAYRA_INVALID;
	     options.seed <= 5 && r.verdict != TAYRA_WORSE; options.seed++) {
		bench = bench_of(&options, 2, nap, naps);
		assert_int_equal(tayra_bench_run(bench, &r), TAYRA_OK);
		assert_string_equal(r.why, "");
		assert_true(r.arm[1].ns > 6e6);
		tayra_bench_destroy(bench);
	}
	assert_int_equal(r.verdict, TAYRA_WORSE);
}

/* Counts what is around a part. */
struct around {
	unsigned before, during, after;
};

static void
around_before(void *arg, uint64_t n)
{
	struct around *a = arg;

	assert_int_equal(a->before, a->after);
	a->before++;
	chain(1, 1000000); /* not timed */
}

static void
around_during(void *arg, uint64_t n)
{
	struct around *a = arg;
	unsigned steps = 1000;

	a->during++;
	assert_int_equal(a->before, a->during);
	work(&steps, n);
}

static void
around_after(void *arg, uint64_t n)
{
	((struct around *)arg)->after++;
}

static void
what_goes_before_and_after_is_called_for_each_part(void **state)
{
	struct tayra_bench_options options = TAYRA_BENCH_OPTIONS_INIT;
	struct tayra_bench_result r = TAYRA_BENCH_RESULT_INIT;
	struct tayra_bench_arm arm = TAYRA_BENCH_ARM_INIT;
	struct around a = { 0 };
	unsigned steps = 1000;
	struct tayra_bench *bench;

	(void)state;
	options.pairs = 6;
	options.slice_ns = MS;
	bench = bench_of(&options, 1, work, &steps);
	arm.name = "around";
	arm.fn = around_during;
	arm.arg = &a;
	arm.setup = around_before;
	arm.teardown = around_after;
	assert_int_equal(tayra_bench_add(bench, &arm), TAYRA_OK);
	assert_int_equal(tayra_bench_run(bench, &r), TAYRA_OK);
	assert_int_equal(a.during, a.after);
	assert_true(a.during >= 6);
	tayra_bench_destroy(bench);
}

static struct tayra_bench *to_stop;

static void
stopping(void *arg, uint64_t n)
{
	unsigned *left = arg, steps = 1000;

	if (*left && --*left == 0)
		tayra_bench_stop(to_stop);
	work(&steps, n);
}

static void
a_stop_keeps_what_there_is(void **state)
{
	struct tayra_bench_options options = TAYRA_BENCH_OPTIONS_INIT;
	struct tayra_bench_result r = TAYRA_BENCH_RESULT_INIT;
	unsigned left[] = { 300, 0 };
	char *text;

	(void)state;
	options.pairs = 1000;
	options.slice_ns = MS;
	to_stop = bench_of(&options, 2, stopping, left);
	assert_int_equal(tayra_bench_run(to_stop, &r), TAYRA_OK);
	assert_true(r.stopped && r.valid);
	assert_true(r.pairs > 20 && r.pairs < 300);
	assert_non_null(strstr(r.why, "stopped after "));
	text = report_of(to_stop, TAYRA_BENCH_JSON);
	assert_non_null(strstr(text, "\"partial\":true"));
	free(text);
	/* The next run is not stopped by it, and one that is while it calibrates has no pairs. */
	left[0] = 300;
	assert_int_equal(tayra_bench_run(to_stop, &r), TAYRA_OK);
	assert_true(r.pairs > 20);
	left[0] = 2;
	assert_int_equal(tayra_bench_run(to_stop, &r), TAYRA_OK);
	assert_true(r.stopped);
	assert_int_equal(r.pairs, 0);
	assert_int_equal(r.verdict, TAYRA_UNDECIDED);
	tayra_bench_destroy(to_stop);
}

static void
the_budget_is_kept_and_progress_told(void **state)
{
	struct tayra_bench_options options = TAYRA_BENCH_OPTIONS_INIT;
	struct tayra_bench_result r = TAYRA_BENCH_RESULT_INIT;
	unsigned steps[] = { 1000, 1001 };
	struct tayra_bench *bench;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	options.budget_ns = 2500 * MS;
	options.margin = 0.0001; /* so fine that all of the budget is used */
	options.progress = out;
	bench = bench_of(&options, 2, work, steps);
	assert_int_equal(tayra_bench_run(bench, &r), TAYRA_OK);
	assert_true(r.pairs >= 6);
	assert_true(r.took_s < 5);
	tayra_bench_destroy(bench);
	fclose(out);
	assert_non_null(strstr(text, "pair "));
	assert_non_null(strstr(text, "%\n"));
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_functions_are_each_judged_against_the_first),
		cmocka_unit_test(waiting_is_seen_on_the_clock_and_told_of_where_it_is_not),
		cmocka_unit_test(what_goes_before_and_after_is_called_for_each_part),
		cmocka_unit_test(a_stop_keeps_what_there_is),
		cmocka_unit_test(the_budget_is_kept_and_progress_told),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
