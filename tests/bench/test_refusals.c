/* SPDX-License-Identifier: Apache-2.0
 *
 * What a bench of functions is given that it cannot use: a status and a line, and nothing is lost.
 */
#include <tayra/bench.h>

#include "base/mem.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define MS TAYRA_NS_PER_MS

static void
work(void *arg, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		for (unsigned step = 0; step < 100; step++)
			TAYRA_BENCH_KEEP(step);
}

static void
nothing(void *arg, uint64_t n)
{
}

static struct tayra_bench_options
brief(void)
{
	struct tayra_bench_options options = TAYRA_BENCH_OPTIONS_INIT;

	options.pairs = 6;
	options.slice_ns = MS;
	return options;
}

static int
add(struct tayra_bench *bench, const char *name, tayra_bench_fn fn, void *arg)
{
	struct tayra_bench_arm arm = TAYRA_BENCH_ARM_INIT;

	arm.name = name;
	arm.fn = fn;
	arm.arg = arg;
	return tayra_bench_add(bench, &arm);
}

static void
expect_bad_options(const struct tayra_bench_options *options)
{
	struct tayra_bench_result r = TAYRA_BENCH_RESULT_INIT;
	struct tayra_bench *bench;

	assert_int_equal(tayra_bench_create(options, &bench), TAYRA_E_INVAL);
	assert_null(bench);
	assert_int_equal(tayra_bench_compare("a", work, "b", work, NULL, options, &r),
			 TAYRA_E_INVAL);
	assert_ptr_equal(strstr(r.why, "options: "), r.why);
	assert_null(strchr(r.why, '\n'));
}

#define EXPECT_BAD(field, value)                                                                   \
	do {                                                                                       \
		struct tayra_bench_options options = brief();                                      \
                                                                                                   \
		options.field = (value);                                                           \
		expect_bad_options(&options);                                                      \
	} while (0)

static void
options_out_of_range_are_refused(void **state)
{
	(void)state;
	EXPECT_BAD(size, 0);
	EXPECT_BAD(metric, (enum tayra_bench_metric)2);
	EXPECT_BAD(margin, -0.1);
	EXPECT_BAD(margin, 1);
	EXPECT_BAD(margin, nan(""));
	EXPECT_BAD(alpha, HUGE_VAL);
	EXPECT_BAD(alpha, nan(""));
	EXPECT_BAD(budget_ns, UINT64_MAX);
	EXPECT_BAD(slice_ns, MS - 1);
	EXPECT_BAD(slice_ns, UINT64_MAX);
	EXPECT_BAD(pairs, 5);
	EXPECT_BAD(pairs, 1001);
}

static void
null_and_names_that_are_taken_are_refused(void **state)
{
	struct tayra_bench_result r = TAYRA_BENCH_RESULT_INIT, unsized = { 0 };
	struct tayra_bench_arm arm = TAYRA_BENCH_ARM_INIT;
	struct tayra_bench *bench;
	char name[] = "f0";

	(void)state;
	assert_int_equal(tayra_bench_create(NULL, NULL), TAYRA_E_INVAL);
	assert_int_equal(tayra_bench_create(NULL, &bench), TAYRA_OK);
	assert_int_equal(tayra_bench_add(NULL, &arm), TAYRA_E_INVAL);
	assert_int_equal(tayra_bench_add(bench, NULL), TAYRA_E_INVAL);
	assert_int_equal(tayra_bench_add(bench, &arm), TAYRA_E_INVAL);
	assert_int_equal(add(bench, NULL, work, NULL), TAYRA_E_INVAL);
	assert_int_equal(add(bench, "a", NULL, NULL), TAYRA_E_INVAL);
	assert_int_equal(add(bench, "", work, NULL), TAYRA_E_INVAL);
	assert_int_equal(add(bench, "a\nb", work, NULL), TAYRA_E_INVAL);
	assert_int_equal(add(bench, "a|b", work, NULL), TAYRA_E_INVAL);
	assert_int_equal(add(bench, "a name of thirty-two characters!", work, NULL), TAYRA_E_INVAL);
	assert_int_equal(add(bench, "a name of thirty-one characters", work, NULL), TAYRA_OK);
	assert_int_equal(add(bench, "a name of thirty-one characters", work, NULL), TAYRA_E_INVAL);
	assert_int_equal(tayra_bench_run(NULL, &r), TAYRA_E_INVAL);
	assert_int_equal(tayra_bench_run(bench, NULL), TAYRA_E_INVAL);
	assert_int_equal(tayra_bench_run(bench, &unsized), TAYRA_E_INVAL);
	assert_int_equal(tayra_bench_report(bench, stdout, TAYRA_BENCH_TEXT), TAYRA_E_INVAL);
	assert_int_equal(tayra_bench_report(NULL, stdout, TAYRA_BENCH_TEXT), TAYRA_E_INVAL);
	for (int i = 1; i < TAYRA_BENCH_ARMS_MAX; i++, name[1]++)
		assert_int_equal(add(bench, name, work, NULL), TAYRA_OK);
	assert_int_equal(add(bench, "one more", work, NULL), TAYRA_E_FULL);
	tayra_bench_stop(NULL);
	tayra_bench_destroy(NULL);
	tayra_bench_destroy(bench);
	assert_int_equal(tayra_bench_compare("a", work, "a", work, NULL, NULL, &r), TAYRA_E_INVAL);
	assert_non_null(strstr(r.why, "two names"));
	assert_int_equal(tayra_bench_compare("a", work, "b", NULL, NULL, NULL, &r), TAYRA_E_INVAL);
	assert_int_equal(tayra_bench_compare("a", work, "b", work, NULL, NULL, NULL),
			 TAYRA_E_INVAL);
}

static void
one_function_is_no_comparison(void **state)
{
	struct tayra_bench_result r = TAYRA_BENCH_RESULT_INIT;
	struct tayra_bench *bench;

	(void)state;
	assert_int_equal(tayra_bench_create(NULL, &bench), TAYRA_OK);
	assert_int_equal(tayra_bench_run(bench, &r), TAYRA_E_INVAL);
	assert_string_equal(r.why, "there is nothing to compare");
	assert_int_equal(add(bench, "alone", work, NULL), TAYRA_OK);
	assert_int_equal(tayra_bench_run(bench, &r), TAYRA_E_INVAL);
	assert_string_equal(r.why, "there is nothing to compare alone with");
	tayra_bench_destroy(bench);
}

static void
an_empty_function_is_not_believed(void **state)
{
	const struct tayra_bench_options options = brief();
	struct tayra_bench_result r = TAYRA_BENCH_RESULT_INIT;

	(void)state;
	/* Where it is interrupted for as long as a slice, even nothing takes time: asked again. */
	for (int i = 0; i < 20 && (i == 0 || r.valid); i++)
		assert_int_equal(
			tayra_bench_compare("full", work, "empty", nothing, NULL, &options, &r),
			TAYRA_OK);
	assert_false(r.valid);
	assert_int_equal(r.verdict, TAYRA_INVALID);
	assert_int_equal(r.arm[0].rel.verdict, TAYRA_INVALID);
	assert_ptr_equal(strstr(r.why, "empty: 2^34 calls take no time"), r.why);
	assert_true(isnan(r.ratio) && isnan(r.arm[1].ns));
}

static unsigned long_calls;

static void
long_call(void *arg, uint64_t n)
{
	const struct timespec t = { .tv_nsec = (long)(60 * MS) };

	long_calls += (unsigned)n;
	while (n--)
		nanosleep(&t, NULL);
}

static void
a_call_too_long_for_the_budget_is_not_made_again(void **state)
{
	struct tayra_bench_options options = TAYRA_BENCH_OPTIONS_INIT;
	struct tayra_bench_result r = TAYRA_BENCH_RESULT_INIT;
	struct tayra_bench *bench;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	options.budget_ns = 100 * MS;
	assert_int_equal(tayra_bench_create(&options, &bench), TAYRA_OK);
	assert_int_equal(add(bench, "long", long_call, NULL), TAYRA_OK);
	assert_int_equal(add(bench, "b", work, NULL), TAYRA_OK);
	assert_int_equal(tayra_bench_run(bench, &r), TAYRA_OK);
	assert_int_equal(tayra_bench_report(bench, out, TAYRA_BENCH_JSON), TAYRA_OK);
	tayra_bench_destroy(bench);
	fclose(out);
	assert_ptr_equal(strstr(text, "{\"verdict\":\"UNDECIDED\""), text);
	assert_non_null(strstr(text, "\"partial\":true,\"why\":\"long takes 0."));
	free(text);
	assert_true(long_calls <= 2);
	assert_true(r.valid);
	assert_int_equal(r.verdict, TAYRA_UNDECIDED);
	assert_int_equal(r.pairs, 0);
	assert_ptr_equal(strstr(r.why, "long takes 0."), r.why);
	assert_non_null(strstr(r.why, " s for a slice of 1 call, so "));
	assert_non_null(strstr(r.why, "budget_ns is 0.1 s"));
	/* No budget is the default one, not none. */
	options.budget_ns = 0;
	assert_int_equal(tayra_bench_compare("a", work, "b", nothing, NULL, &options, &r),
			 TAYRA_OK);
}

/* What a function of a bench tries, and what came of it. */
struct intruder {
	struct tayra_bench *bench, *other;
	int run, run_other, compare, add;
	bool tried;
};

static void
intrude(void *arg, uint64_t n)
{
	struct intruder *i = arg;

	if (!i->tried) {
		struct tayra_bench_result r = TAYRA_BENCH_RESULT_INIT;

		i->tried = true;
		i->run = tayra_bench_run(i->bench, &r);
		i->run_other = tayra_bench_run(i->other, &r);
		i->compare = tayra_bench_compare("a", work, "b", work, NULL, NULL, &r);
		i->add = add(i->bench, "late", work, NULL);
		tayra_bench_destroy(i->bench);
	}
	work(NULL, n);
}

static void
a_function_may_not_use_the_bench_that_calls_it(void **state)
{
	const struct tayra_bench_options options = brief();
	struct tayra_bench_result r = TAYRA_BENCH_RESULT_INIT;
	struct intruder i = { 0 };

	(void)state;
	assert_int_equal(tayra_bench_create(&options, &i.bench), TAYRA_OK);
	assert_int_equal(add(i.bench, "quiet", work, &i), TAYRA_OK);
	assert_int_equal(tayra_bench_create(&options, &i.other), TAYRA_OK);
	assert_int_equal(add(i.other, "a", work, &i), TAYRA_OK);
	assert_int_equal(add(i.other, "b", work, &i), TAYRA_OK);
	assert_int_equal(add(i.bench, "intruder", intrude, &i), TAYRA_OK);
	assert_int_equal(tayra_bench_run(i.bench, &r), TAYRA_OK);
	assert_true(i.tried);
	assert_int_equal(i.run, TAYRA_E_WOULD_DEADLOCK);
	assert_int_equal(i.run_other, TAYRA_E_WOULD_DEADLOCK);
	assert_int_equal(i.compare, TAYRA_E_WOULD_DEADLOCK);
	assert_int_equal(i.add, TAYRA_E_WOULD_DEADLOCK);
	assert_int_equal(r.pairs, 6);
	assert_int_equal(r.arms, 2);
	tayra_bench_destroy(i.other);
	tayra_bench_destroy(i.bench);
}

/* Runs the bench from another thread, while it is running, and in a child of that thread. */
struct rival {
	struct tayra_bench *bench;
	int run, run_in_child;
	bool tried;
};

static void *
run_beside(void *arg)
{
	struct tayra_bench_result r = TAYRA_BENCH_RESULT_INIT;
	struct rival *rival = arg;
	pid_t pid;
	int code;

	rival->run = tayra_bench_run(rival->bench, &r);
	pid = fork();
	if (pid == 0)
		_exit(-tayra_bench_run(rival->bench, &r));
	assert_int_equal(waitpid(pid, &code, 0), pid);
	rival->run_in_child = -WEXITSTATUS(code);
	return NULL;
}

static void
call_rival(void *arg, uint64_t n)
{
	struct rival *rival = arg;
	pthread_t thread;

	if (!rival->tried) {
		rival->tried = true;
		assert_int_equal(pthread_create(&thread, NULL, run_beside, rival), 0);
		pthread_join(thread, NULL);
	}
	work(NULL, n);
}

static void
a_bench_runs_once_at_a_time_and_in_one_process(void **state)
{
	const struct tayra_bench_options options = brief();
	struct tayra_bench_result r = TAYRA_BENCH_RESULT_INIT;
	struct rival rival = { 0 };

	(void)state;
	assert_int_equal(tayra_bench_create(&options, &rival.bench), TAYRA_OK);
	assert_int_equal(add(rival.bench, "a", call_rival, &rival), TAYRA_OK);
	assert_int_equal(add(rival.bench, "b", work, NULL), TAYRA_OK);
	assert_int_equal(tayra_bench_run(rival.bench, &r), TAYRA_OK);
	assert_int_equal(rival.run, TAYRA_E_WOULD_DEADLOCK);
	assert_int_equal(rival.run_in_child, TAYRA_E_FORKED);
	assert_int_equal(r.pairs, 6);
	tayra_bench_destroy(rival.bench);
}

static pid_t parent, child;

static void
forking(void *arg, uint64_t n)
{
	if (!child && getpid() == parent)
		child = fork();
	work(NULL, n);
}

static void
a_child_that_returns_from_a_function_does_not_go_on(void **state)
{
	const struct tayra_bench_options options = brief();
	struct tayra_bench_result r = TAYRA_BENCH_RESULT_INIT;
	struct tayra_bench *bench;
	int status, code;

	(void)state;
	parent = getpid();
	assert_int_equal(tayra_bench_create(&options, &bench), TAYRA_OK);
	assert_int_equal(add(bench, "forking", forking, NULL), TAYRA_OK);
	assert_int_equal(add(bench, "b", work, NULL), TAYRA_OK);
	status = tayra_bench_run(bench, &r);
	if (getpid() != parent) {
		/* And may use its copy now. */
		bool fine = status == TAYRA_E_FORKED && r.why[0] &&
			    tayra_bench_run(bench, &r) == TAYRA_OK && r.pairs == 6;

		_exit(fine ? 0 : 1);
	}
	assert_int_equal(status, TAYRA_OK);
	assert_int_equal(r.pairs, 6);
	assert_int_equal(waitpid(child, &code, 0), child);
	assert_true(WIFEXITED(code) && WEXITSTATUS(code) == 0);
	tayra_bench_destroy(bench);
}

static void
an_older_result_gets_the_part_it_knows(void **state)
{
	const struct tayra_bench_options options = brief();
	struct tayra_bench_result r, untouched;

	(void)state;
	memset(&r, 0x5a, sizeof(r));
	memset(&untouched, 0x5a, sizeof(untouched));
	r.size = offsetof(struct tayra_bench_result, ratio);
	assert_int_equal(tayra_bench_compare("a", work, "b", work, NULL, &options, &r), TAYRA_OK);
	assert_true(r.valid);
	assert_int_equal(r.size, offsetof(struct tayra_bench_result, ratio));
	assert_memory_equal(&r.ratio, &untouched.ratio,
			    sizeof(r) - offsetof(struct tayra_bench_result, ratio));
}

static void
without_memory_there_is_a_status_and_the_bench_is_as_before(void **state)
{
	const struct tayra_bench_options options = brief();
	struct tayra_bench_result r = TAYRA_BENCH_RESULT_INIT;
	struct tayra_bench *bench;
	int status = TAYRA_E_NOMEM;
	uint64_t n;

	(void)state;
	tayra__mem_fail_after(1);
	assert_int_equal(tayra_bench_create(&options, &bench), TAYRA_E_NOMEM);
	assert_null(bench);
	assert_int_equal(tayra_bench_compare("a", work, "b", work, NULL, NULL, &r), TAYRA_E_NOMEM);
	tayra__mem_fail_after(0);
	assert_int_equal(tayra_bench_create(&options, &bench), TAYRA_OK);
	assert_int_equal(add(bench, "a", work, NULL), TAYRA_OK);
	assert_int_equal(add(bench, "b", work, NULL), TAYRA_OK);
	for (n = 1; n < 100 && status == TAYRA_E_NOMEM; n++) {
		tayra__mem_fail_after(n);
		status = tayra_bench_run(bench, &r);
		tayra__mem_fail_after(0);
		if (status != TAYRA_E_NOMEM)
			break;
		assert_string_equal(r.why, tayra_status_text(TAYRA_E_NOMEM));
		assert_int_equal(r.arms, 0);
		assert_int_equal(tayra_bench_report(bench, stdout, TAYRA_BENCH_TEXT),
				 TAYRA_E_INVAL);
	}
	assert_int_equal(status, TAYRA_OK);
	assert_int_equal(r.pairs, 6);
	assert_true(n > 5);
	tayra_bench_destroy(bench);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_out_of_range_are_refused),
		cmocka_unit_test(null_and_names_that_are_taken_are_refused),
		cmocka_unit_test(one_function_is_no_comparison),
		cmocka_unit_test(an_empty_function_is_not_believed),
		cmocka_unit_test(a_call_too_long_for_the_budget_is_not_made_again),
		cmocka_unit_test(a_function_may_not_use_the_bench_that_calls_it),
		cmocka_unit_test(a_bench_runs_once_at_a_time_and_in_one_process),
		cmocka_unit_test(a_child_that_returns_from_a_function_does_not_go_on),
		cmocka_unit_test(an_older_result_gets_the_part_it_knows),
		cmocka_unit_test(without_memory_there_is_a_status_and_the_bench_is_as_before),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
