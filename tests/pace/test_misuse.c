/* SPDX-License-Identifier: Apache-2.0
 *
 * What only a bug of the caller does.
 */
#include "guest.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs `misuse` in a child with stderr in a pipe.  => whether it aborted with that one line. */
static bool
aborts_with(void (*misuse)(void), const char *line)
{
	char text[200] = "";
	int fds[2], status;
	pid_t child;

	assert_int_equal(pipe(fds), 0);
	child = fork();
	if (child == 0) {
		signal(SIGABRT, SIG_DFL);
		dup2(fds[1], STDERR_FILENO);
		misuse();
		_exit(0);
	}
	close(fds[1]);
	assert_true(read(fds[0], text, sizeof(text) - 1) >= 0);
	close(fds[0]);
	waitpid(child, &status, 0);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && strcmp(text, line) == 0;
}

static void
leave_twice(void)
{
	struct tayra_pace *pace = fixed(1, 0);
	struct tayra_ticket ticket = { 0 };

	try_enter(pace, &ticket, 0, 1);
	tayra_pace_leave(pace, &ticket, TAYRA_OUTCOME_OK, 2);
	tayra_pace_leave(pace, &ticket, TAYRA_OUTCOME_OK, 2);
}

static void
leave_elsewhere(void)
{
	struct tayra_ticket ticket = { 0 };

	try_enter(fixed(1, 0), &ticket, 0, 1);
	tayra_pace_leave(fixed(1, 0), &ticket, TAYRA_OUTCOME_OK, 2);
}

static void
enter_twice(void)
{
	struct tayra_pace *pace = fixed(2, 0);
	struct tayra_ticket ticket = { 0 };

	try_enter(pace, &ticket, 0, 1);
	try_enter(pace, &ticket, 0, 1);
}

static void
destroy_held(void)
{
	struct tayra_pace *pace = fixed(2, 0);
	struct tayra_ticket ticket = { 0 };

	try_enter(pace, &ticket, 0, 1);
	tayra_pace_destroy(pace);
}

static void
misuse_of_a_ticket_aborts_with_one_line(void **state)
{
	assert_true(
		aborts_with(leave_twice, "tayra: pace: leaving with a ticket that is not held\n"));
	assert_true(aborts_with(leave_elsewhere,
				"tayra: pace: leaving with a ticket that is not held\n"));
	assert_true(aborts_with(enter_twice, "tayra: pace: entering with a ticket that is queued "
					     "or held, or was never zeroed\n"));
	assert_true(aborts_with(destroy_held,
				"tayra: pace: destroyed while tickets are queued or held\n"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(misuse_of_a_ticket_aborts_with_one_line),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
