/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/command_arm.h"

#include <tayra/base.h>

#include "base/option.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct tayra__command_run
run_limited(const char *line, const struct tayra__command_limits *limits)
{
	static struct tayra__command command;
	struct tayra__command_run run;
	char why[100];

	assert_int_equal(tayra__command_parse(line, &command, why, sizeof(why)), TAYRA_OK);
	assert_int_equal(tayra__command_run(&command, limits, &run), TAYRA_OK);
	return run;
}

static struct tayra__command_run
run(const char *line)
{
	const struct tayra__command_limits limits = { .timeout_ns = 20 * TAYRA_NS_PER_S };

	return run_limited(line, &limits);
}

static void
a_line_is_split_as_a_shell_splits_it(void **state)
{
	static struct tayra__command c;
	char why[100];
	const char *wanted[] = { "a", "b c", "d\"e\\", "$HOME", "f g", "", "h*" };

	(void)state;
	assert_int_equal(tayra__command_parse(" a  'b c' \"d\\\"e\\\\\" $HOME\tf\\ g '' h*\n", &c,
					      why, sizeof(why)),
			 TAYRA_OK);
	for (size_t i = 0; i < 7; i++)
		assert_string_equal(c.argv[i], wanted[i]);
	assert_null(c.argv[7]);
}

static void
a_line_that_is_none_is_refused_with_a_reason(void **state)
{
	static struct tayra__command c;
	static char words[2 * 300 + 1], bytes[TAYRA__COMMAND_TEXT_MAX + 2];
	char why[100];

	(void)state;
	for (size_t i = 0; i < 300; i++)
		memcpy(words + 2 * i, "x ", 2);
	memset(bytes, 'x', sizeof(bytes) - 1);
	const struct {
		const char *line, *why;
	} cases[] = {
		{ "", "it names no program" },           { " \t", "it names no program" },
		{ "'' x", "it names no program" },       { "a 'b", "a ' is not closed" },
		{ "a \"b\\\"", "a \" is not closed" },   { "a\\", "a \\ stands at the end" },
		{ words, "it has more than 256 words" }, { bytes, "it is longer than 4096 bytes" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(tayra__command_parse(cases[i].line, &c, why, sizeof(why)),
				 TAYRA_E_INVAL);
		assert_string_equal(why, cases[i].why);
	}
}

static void
the_end_of_a_command_is_told(void **state)
{
	struct tayra__command_run r = run("true");
	char text[300];

	(void)state;
	assert_int_equal(r.exit_code, 0);
	assert_string_equal(tayra__command_ending(&r, text), "");
	r = run("sh -c 'echo one >&2; echo two words >&2; exit 7'");
	assert_int_equal(r.exit_code, 7);
	assert_string_equal(tayra__command_ending(&r, text), "exited with 7: two words");
	r = run("sh -c 'kill -9 $$'");
	assert_int_equal(r.signal, 9);
	assert_string_equal(tayra__command_ending(&r, text), "was killed by signal 9");
}

static void
nothing_is_expanded_and_stdin_is_empty(void **state)
{
	(void)state;
	assert_int_equal(run("test $HOME = '$HOME'").exit_code, 0);
	assert_int_equal(run("sh -c '! read line'").exit_code, 0);
}

static void
a_program_that_is_not_there_is_not_found(void **state)
{
	const struct tayra__command_limits limits = { 0 }, elsewhere = { .folder = "/absent" };
	static struct tayra__command command;
	struct tayra__command_run r;
	char why[100];

	(void)state;
	tayra__command_parse("/absent/program", &command, why, sizeof(why));
	assert_int_equal(tayra__command_run(&command, &limits, &r), TAYRA_E_NOT_FOUND);
	tayra__command_parse("/etc/passwd", &command, why, sizeof(why));
	assert_int_equal(tayra__command_run(&command, &limits, &r), TAYRA_E_INVAL);
	tayra__command_parse("true", &command, why, sizeof(why));
	assert_int_equal(tayra__command_run(&command, &elsewhere, &r), TAYRA_E_NOT_FOUND);
}

static void
wall_time_and_processor_time_are_its_own(void **state)
{
	struct tayra__command_run sleeps = run("sleep .2");
	struct tayra__command_run works = run(
		"sh -c 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done'");

	(void)state;
	assert_true(sleeps.wall_ns >= 200 * TAYRA_NS_PER_MS);
	assert_true(sleeps.cpu_ns < 50 * TAYRA_NS_PER_MS);
	assert_true(works.cpu_ns > 10 * TAYRA_NS_PER_MS);
	assert_true(works.cpu_ns < works.wall_ns + works.wall_ns / 4);
	assert_true(works.rss_max_bytes > 100000);
}

/* A loop in the background, which its parent does not wait for, works on until the parent ends. */
static void
processor_time_of_orphans_is_counted_and_they_are_killed(void **state)
{
	struct tayra__command_run r = run(
		"sh -c '(while :; do :; done) & (sleep 1000) & echo $! >&2; exec sleep .3'");
	uint64_t orphan = 0;

	(void)state;
	assert_int_equal(r.exit_code, 0);
	assert_true(r.cpu_ns > 30 * TAYRA_NS_PER_MS);
	assert_true(r.wall_ns < 10 * TAYRA_NS_PER_S);
	assert_int_equal(tayra__option_u64(r.complaint, 2, INT32_MAX, &orphan), TAYRA_OK);
	assert_int_equal(kill((pid_t)orphan, 0), -1);
	assert_int_equal(errno, ESRCH);
}

static void
a_limit_and_a_stop_end_it(void **state)
{
	_Atomic bool stop = true;
	const struct tayra__command_limits brief = { .timeout_ns = 100 * TAYRA_NS_PER_MS };
	const struct tayra__command_limits stopped = { .stop = &stop };
	struct tayra__command_run r = run_limited("sh -c 'sleep 100; true'", &brief);
	char text[300];

	(void)state;
	assert_true(r.timed_out);
	assert_string_equal(tayra__command_ending(&r, text), "took longer than its limit of time");
	assert_true(r.wall_ns >= 100 * TAYRA_NS_PER_MS && r.wall_ns < 10 * TAYRA_NS_PER_S);
	r = run_limited("sleep 100", &stopped);
	assert_true(r.stopped);
}

static void
one_that_talks_without_end_is_cut_off_and_kept_to_a_line(void **state)
{
	const struct tayra__command_limits brief = { .timeout_ns = 200 * TAYRA_NS_PER_MS };
	struct tayra__command_run r = run_limited("sh -c 'yes >&2'", &brief);

	(void)state;
	assert_true(r.timed_out);
	assert_string_equal(r.complaint, "y");
	r = run("sh -c 'printf \"a\\\\tb\\\\033c\" >&2; exit 1'");
	assert_string_equal(r.complaint, "a?b?c");
}

static void
the_last_line_of_its_output_is_kept_if_asked_for(void **state)
{
	const struct tayra__command_limits hears = { .output = true };
	struct tayra__command_run r = run_limited("sh -c 'echo 1; echo no >&2; printf \"t 2\"'",
						  &hears);

	(void)state;
	assert_int_equal(r.exit_code, 0);
	assert_string_equal(r.output, "t 2");
	assert_string_equal(r.complaint, "no");
	r = run_limited("sh -c 'seq 100000; exit 3'", &hears);
	assert_string_equal(r.output, "100000");
	assert_int_equal(r.exit_code, 3);
	r = run("echo 1");
	assert_string_equal(r.output, "");
}

static void
it_runs_in_the_folder_given(void **state)
{
	const struct tayra__command_limits limits = { .folder = "/" };

	(void)state;
	assert_int_equal(run_limited("sh -c 'test \"$(pwd)\" = /'", &limits).exit_code, 0);
}

/* What one slice of that command yields. */
static int
slice_of(struct tayra__command_arm *arm, const char *line, uint64_t length_ns,
	 struct tayra__measure *out)
{
	const struct tayra__slice slice = { .length_ns = length_ns };
	char why[100];

	*arm = (struct tayra__command_arm){ .limits.timeout_ns = 20 * TAYRA_NS_PER_S };
	*out = (struct tayra__measure){ 0 };
	assert_int_equal(tayra__command_parse(line, &arm->command, why, sizeof(why)), TAYRA_OK);
	return tayra__command_arm_run(arm, &slice, out);
}

static void
a_slice_holds_as_many_runs_as_fit_and_one_at_least(void **state)
{
	static struct tayra__command_arm arm;
	struct tayra__measure out;

	(void)state;
	assert_int_equal(slice_of(&arm, "sleep .05", 1, &out), TAYRA_OK);
	assert_int_equal(out.requests, 1);
	assert_true(out.value[TAYRA__MEAN_MS] >= 50);
	assert_true(out.value[TAYRA__CPU_MS_PER_REQUEST] < 20);
	assert_int_equal(slice_of(&arm, "true", 100 * TAYRA_NS_PER_MS, &out), TAYRA_OK);
	assert_true(out.requests > 3);
	assert_int_equal(out.requests, arm.runs);
	assert_true(out.value[TAYRA__MEAN_MS] > 0 && out.value[TAYRA__MEAN_MS] < 50);
}

static void
a_run_that_fails_ends_the_slice_with_a_reason(void **state)
{
	const struct tayra__slice brief = { .length_ns = 1 };
	static struct tayra__command_arm arm;
	struct tayra__measure out;

	(void)state;
	assert_int_equal(slice_of(&arm, "sh -c 'echo no table >&2; exit 3'", 1, &out),
			 TAYRA_PENDING);
	assert_string_equal(arm.why, "'sh' exited with 3: no table");
	assert_true(out.invalid);
	assert_int_equal(slice_of(&arm, "/absent/x", 1, &out), TAYRA_PENDING);
	assert_string_equal(arm.why, "'/absent/x' cannot be run: No such file or directory");
	assert_int_equal(slice_of(&arm, "false", 1, &out), TAYRA_PENDING);
	arm.may_fail = true;
	assert_int_equal(tayra__command_arm_run(&arm, &brief, &out), TAYRA_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_split_as_a_shell_splits_it),
		cmocka_unit_test(a_line_that_is_none_is_refused_with_a_reason),
		cmocka_unit_test(the_end_of_a_command_is_told),
		cmocka_unit_test(nothing_is_expanded_and_stdin_is_empty),
		cmocka_unit_test(a_program_that_is_not_there_is_not_found),
		cmocka_unit_test(wall_time_and_processor_time_are_its_own),
		cmocka_unit_test(processor_time_of_orphans_is_counted_and_they_are_killed),
		cmocka_unit_test(a_limit_and_a_stop_end_it),
		cmocka_unit_test(one_that_talks_without_end_is_cut_off_and_kept_to_a_line),
		cmocka_unit_test(the_last_line_of_its_output_is_kept_if_asked_for),
		cmocka_unit_test(it_runs_in_the_folder_given),
		cmocka_unit_test(a_slice_holds_as_many_runs_as_fit_and_one_at_least),
		cmocka_unit_test(a_run_that_fails_ends_the_slice_with_a_reason),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
