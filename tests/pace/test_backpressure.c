/* SPDX-License-Identifier: Apache-2.0 */
#include "guest.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

static uint64_t
told(int fd)
{
	uint64_t n = 0;

	return read(fd, &n, sizeof(n)) == (ssize_t)sizeof(n) ? n : 0;
}

static void
it_says_when_some_wait_and_when_a_class_is_overloaded(void **state)
{
	struct tayra_pace *pace = fixed(1, 10);
	struct tayra_ticket held = { 0 };
	struct guest first, second;

	assert_int_equal(try_enter(pace, &held, 0, 0), TAYRA_OK);
	assert_int_equal(tayra_pace_backpressure(pace), TAYRA_BACKPRESSURE_NONE);
	assert_int_equal(start(pace, &first, TAYRA_LOW, 0, 0), TAYRA_PENDING);
	assert_int_equal(tayra_pace_backpressure(pace), TAYRA_BACKPRESSURE_WAITING);
	for (uint64_t now = 0; now <= 210 * MS; now += 10 * MS)
		tayra_pace_tick(pace, now);
	assert_int_equal(first.status, TAYRA_E_OVERLOAD);
	assert_int_equal(tayra_pace_backpressure(pace), TAYRA_BACKPRESSURE_NONE);
	assert_int_equal(start(pace, &second, TAYRA_LOW, 0, 215 * MS), TAYRA_PENDING);
	assert_int_equal(tayra_pace_backpressure(pace), TAYRA_BACKPRESSURE_SHEDDING);
	tayra_pace_leave(pace, &held, TAYRA_OUTCOME_OK, 216 * MS);
	assert_int_equal(tayra_pace_backpressure(pace), TAYRA_BACKPRESSURE_NONE);
	tayra_pace_leave(pace, &second.ticket, TAYRA_OUTCOME_OK, 216 * MS);
	tayra_pace_destroy(pace);
}

static void
a_watcher_is_told_of_a_change_by_the_next_tick_and_once(void **state)
{
	struct tayra_pace *pace = fixed(1, 10);
	struct tayra_ticket held = { 0 };
	struct guest guest;
	int fd = eventfd(0, EFD_NONBLOCK);

	assert_int_equal(tayra_pace_watch(pace, fd), TAYRA_OK);
	assert_int_equal(try_enter(pace, &held, 0, 0), TAYRA_OK);
	tayra_pace_tick(pace, 1);
	assert_int_equal(told(fd), 0);
	assert_int_equal(start(pace, &guest, TAYRA_LOW, 0, 1), TAYRA_PENDING);
	assert_int_equal(told(fd), 0);
	tayra_pace_tick(pace, 2);
	tayra_pace_tick(pace, 3);
	assert_int_equal(told(fd), 1);
	assert_int_equal(tayra_pace_cancel(pace, &guest.ticket, 4), TAYRA_OK);
	assert_int_equal(tayra_pace_unwatch(pace, fd), TAYRA_OK);
	tayra_pace_tick(pace, 5);
	assert_int_equal(told(fd), 0);
	assert_int_equal(tayra_pace_unwatch(pace, fd), TAYRA_E_NOT_FOUND);
	/* Watched twice, it is not watched any more. */
	assert_int_equal(tayra_pace_watch(pace, fd), TAYRA_OK);
	assert_int_equal(tayra_pace_watch(pace, fd), TAYRA_OK);
	assert_int_equal(tayra_pace_unwatch(pace, fd), TAYRA_OK);
	assert_int_equal(start(pace, &guest, TAYRA_LOW, 0, 5), TAYRA_PENDING);
	tayra_pace_tick(pace, 6);
	assert_int_equal(told(fd), 0);
	assert_int_equal(tayra_pace_cancel(pace, &guest.ticket, 6), TAYRA_OK);
	tayra_pace_leave(pace, &held, TAYRA_OUTCOME_OK, 6);
	tayra_pace_destroy(pace);
	close(fd);
}

static void
there_are_eight_watchers_at_most(void **state)
{
	struct tayra_pace *pace = fixed(1, 10);

	assert_int_equal(tayra_pace_watch(pace, -1), TAYRA_E_INVAL);
	for (int i = 0; i < 8; i++)
		assert_int_equal(tayra_pace_watch(pace, i), TAYRA_OK);
	assert_int_equal(tayra_pace_watch(pace, 8), TAYRA_E_FULL);
	tayra_pace_destroy(pace);
}

/* Which would end a process that has not said otherwise. */
static void
nobody_is_killed_by_a_watcher_that_is_gone(void **state)
{
	struct tayra_pace *pace = fixed(1, 10);
	struct tayra_ticket held = { 0 };
	struct guest guest;
	sigset_t pending;
	int fds[2];

	signal(SIGPIPE, SIG_DFL);
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	assert_int_equal(tayra_pace_watch(pace, fds[1]), TAYRA_OK);
	assert_int_equal(try_enter(pace, &held, 0, 0), TAYRA_OK);
	assert_int_equal(start(pace, &guest, TAYRA_LOW, 0, 1), TAYRA_PENDING);
	tayra_pace_tick(pace, 2);
	sigpending(&pending);
	assert_false(sigismember(&pending, SIGPIPE));
	assert_int_equal(tayra_pace_cancel(pace, &guest.ticket, 4), TAYRA_OK);
	tayra_pace_leave(pace, &held, TAYRA_OUTCOME_OK, 6);
	tayra_pace_destroy(pace);
	close(fds[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_says_when_some_wait_and_when_a_class_is_overloaded),
		cmocka_unit_test(a_watcher_is_told_of_a_change_by_the_next_tick_and_once),
		cmocka_unit_test(there_are_eight_watchers_at_most),
		cmocka_unit_test(nobody_is_killed_by_a_watcher_that_is_gone),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
