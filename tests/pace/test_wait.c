/* SPDX-License-Identifier: Apache-2.0
 *
 * Threads that sleep in tayra_pace_enter().
 */
#include "guest.h"

#include <pthread.h>
#include <unistd.h>

static void *
enter_blocking(void *arg)
{
	struct guest *guest = arg;
	struct tayra_pace_request request = { .deadline_ns = guest->leave_ns };

	guest->status = tayra_pace_enter(guest->pace, &request, &guest->ticket);
	return NULL;
}

static uint64_t
real_now(void)
{
	return tayra_clock_real()->mono_ns(NULL);
}

static void
await_queued(struct tayra_pace *pace)
{
	while (stats_of(pace).queued[TAYRA_NORMAL - 1] == 0)
		usleep(100);
}

static void
a_blocked_thread_is_woken_by_a_leave(void **state)
{
	struct tayra_pace *pace = fixed(1, 0);
	struct tayra_ticket held = { 0 };
	struct guest guest = { .pace = pace };
	pthread_t thread;

	try_enter(pace, &held, 0, real_now());
	pthread_create(&thread, NULL, enter_blocking, &guest);
	await_queued(pace);
	tayra_pace_leave(pace, &held, TAYRA_OUTCOME_OK, real_now());
	pthread_join(thread, NULL);
	assert_int_equal(guest.status, TAYRA_OK);
	tayra_pace_leave(pace, &guest.ticket, TAYRA_OUTCOME_OK, real_now());
	tayra_pace_destroy(pace);
}

static void
a_blocked_thread_is_woken_by_a_cancel(void **state)
{
	struct tayra_pace *pace = fixed(1, 0);
	struct tayra_ticket held = { 0 };
	struct guest guest = { .pace = pace };
	pthread_t thread;

	try_enter(pace, &held, 0, real_now());
	pthread_create(&thread, NULL, enter_blocking, &guest);
	await_queued(pace);
	assert_int_equal(tayra_pace_cancel(pace, &guest.ticket, real_now()), TAYRA_OK);
	pthread_join(thread, NULL);
	assert_int_equal(guest.status, TAYRA_E_CANCELLED);
	tayra_pace_leave(pace, &held, TAYRA_OUTCOME_OK, real_now());
	tayra_pace_destroy(pace);
}

/* One waits; the slot is given back and taken again at once until the other has it.  => how often.
 */
static int
pass(struct tayra_pace *pace)
{
	struct tayra_ticket held = { 0 };
	struct guest guest = { .pace = pace };
	pthread_t thread;
	int passed = -1;

	assert_int_equal(try_enter(pace, &held, 0, real_now()), TAYRA_OK);
	pthread_create(&thread, NULL, enter_blocking, &guest);
	await_queued(pace);
	do {
		tayra_pace_leave(pace, &held, TAYRA_OUTCOME_OK, real_now());
		passed++;
	} while (try_enter(pace, &held, 0, real_now()) == TAYRA_OK);
	pthread_join(thread, NULL);
	assert_int_equal(guest.status, TAYRA_OK);
	tayra_pace_leave(pace, &guest.ticket, TAYRA_OUTCOME_OK, real_now());
	assert_int_equal(stats_of(pace).inflight, 0);
	return passed;
}

static void
who_waits_is_passed_while_it_wakes_and_then_let_in(void **state)
{
	struct tayra_pace_options options = TAYRA_PACE_OPTIONS_INIT;
	struct tayra_pace *pace;
	int passed = 0;

	options.limiter = TAYRA_LIMITER_FIXED;
	options.limit = 1;
	options.barge_ns = 200 * TAYRA_NS_PER_US;
	pace = pace_of(&options);
	for (int i = 0; i < 1000 && passed == 0; i++) /* it may wake in no time */
		passed = pass(pace);
	assert_true(passed > 0);
	tayra_pace_destroy(pace);
}

static void
without_barging_nobody_is_passed(void **state)
{
	struct tayra_pace *pace = fixed(1, 10);

	for (int i = 0; i < 20; i++)
		assert_int_equal(pass(pace), 0);
	tayra_pace_destroy(pace);
}

static void
a_blocked_thread_gives_up_at_its_deadline(void **state)
{
	struct tayra_pace *pace = fixed(1, 0);
	struct tayra_ticket held = { 0 };
	struct guest guest = { .pace = pace, .leave_ns = real_now() + 20 * MS };

	try_enter(pace, &held, 0, real_now());
	enter_blocking(&guest);
	assert_true(real_now() >= guest.leave_ns);
	assert_int_equal(guest.status, TAYRA_E_TIMEOUT);
	assert_int_equal(stats_of(pace).queued[TAYRA_NORMAL - 1], 0);
	assert_int_equal(stats_of(pace).shed[TAYRA_NORMAL - 1][TAYRA_SHED_EXPIRED], 1);
	tayra_pace_leave(pace, &held, TAYRA_OUTCOME_OK, real_now());
	tayra_pace_destroy(pace);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_blocked_thread_is_woken_by_a_leave),
		cmocka_unit_test(a_blocked_thread_is_woken_by_a_cancel),
		cmocka_unit_test(who_waits_is_passed_while_it_wakes_and_then_let_in),
		cmocka_unit_test(without_barging_nobody_is_passed),
		cmocka_unit_test(a_blocked_thread_gives_up_at_its_deadline),
	};

	alarm(60); /* a lost wakeup ends here */
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
