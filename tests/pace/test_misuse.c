/* SPDX-License-Identifier: Apache-2.0
 *
 * What only a bug of the caller does: it is told, and the books stay right.
 */
#include "guest.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void
leaving_twice_gives_back_one_slot(void **state)
{
	struct tayra_pace *pace = fixed(2, 0);
	struct tayra_ticket first = { 0 }, other = { 0 };

	try_enter(pace, &first, 0, 1);
	try_enter(pace, &other, 0, 1);
	assert_int_equal(tayra_pace_leave(pace, &first, TAYRA_OUTCOME_OK, 2), TAYRA_OK);
	assert_int_equal(tayra_pace_leave(pace, &first, TAYRA_OUTCOME_OK, 2), TAYRA_E_INVAL);
	assert_int_equal(stats_of(pace).inflight, 1);
	assert_int_equal(stats_of(pace).outcomes[TAYRA_OUTCOME_OK], 1);
	assert_int_equal(tayra_pace_leave(pace, &other, TAYRA_OUTCOME_OK, 2), TAYRA_OK);
	assert_int_equal(stats_of(pace).inflight, 0);
	tayra_pace_destroy(pace);
}

static void
leaving_elsewhere_or_with_no_outcome_changes_nothing(void **state)
{
	struct tayra_pace *pace = fixed(2, 0), *other = fixed(2, 0);
	struct tayra_ticket ticket = { 0 }, never = { 0 };

	try_enter(pace, &ticket, 0, 1);
	assert_int_equal(tayra_pace_leave(other, &ticket, TAYRA_OUTCOME_OK, 2), TAYRA_E_INVAL);
	assert_int_equal(tayra_pace_leave(pace, &never, TAYRA_OUTCOME_OK, 2), TAYRA_E_INVAL);
	assert_int_equal(tayra_pace_leave(pace, &ticket, (enum tayra_outcome)TAYRA_OUTCOMES, 2),
			 TAYRA_E_INVAL);
	assert_int_equal(tayra_pace_leave(pace, &ticket, (enum tayra_outcome) - 1, 2),
			 TAYRA_E_INVAL);
	assert_int_equal(stats_of(pace).inflight, 1);
	assert_int_equal(stats_of(other).inflight, 0);
	assert_int_equal(tayra_pace_leave(pace, &ticket, TAYRA_OUTCOME_OK, 2), TAYRA_OK);
	tayra_pace_destroy(pace);
	tayra_pace_destroy(other);
}

static void
a_ticket_in_use_enters_no_second_time(void **state)
{
	struct tayra_pace *pace = fixed(1, 0);
	struct tayra_pace_request request = { .cls = TAYRA_NORMAL };
	struct tayra_ticket held = { 0 }, garbage;
	struct guest queued;

	memset(&garbage, 0xa5, sizeof(garbage));
	try_enter(pace, &held, 0, 1);
	assert_int_equal(start(pace, &queued, 0, 0, 1), TAYRA_PENDING);
	assert_int_equal(tayra_pace_try_enter(pace, &request, 1, &held), TAYRA_E_INVAL);
	assert_int_equal(tayra_pace_enter(pace, &request, &queued.ticket), TAYRA_E_INVAL);
	assert_int_equal(tayra_pace_try_enter(pace, &request, 1, &garbage), TAYRA_E_INVAL);
	assert_int_equal(tayra_pace_leave(pace, &queued.ticket, TAYRA_OUTCOME_OK, 2),
			 TAYRA_E_INVAL);
	assert_int_equal(stats_of(pace).inflight, 1);
	assert_int_equal(stats_of(pace).queued[TAYRA_NORMAL - 1], 1);
	assert_int_equal(tayra_pace_leave(pace, &held, TAYRA_OUTCOME_OK, 2), TAYRA_OK);
	assert_int_equal(queued.status, TAYRA_OK); /* it was still in the line, once */
	assert_int_equal(queued.told, 1);
	assert_int_equal(tayra_pace_leave(pace, &queued.ticket, TAYRA_OUTCOME_OK, 3), TAYRA_OK);
	assert_int_equal(stats_of(pace).inflight, 0);
	tayra_pace_destroy(pace);
}

static void
limits_of_zero_and_classes_out_of_range_are_refused(void **state)
{
	static const int classes[] = { -1, TAYRA_CLASSES + 1, 1 << 20 };
	struct tayra_pace_options options = TAYRA_PACE_OPTIONS_INIT;
	struct tayra_pace *pace = fixed(2, 0), *none;
	struct tayra_ticket ticket = { 0 };

	assert_int_equal(tayra_pace_set_limit(pace, 0, 1), TAYRA_E_INVAL);
	assert_int_equal(tayra_pace_set_limit(pace, -1, 1), TAYRA_E_INVAL);
	options.limit_max = -1;
	assert_int_equal(tayra_pace_create(&options, &none), TAYRA_E_INVAL);
	assert_null(none);
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		struct tayra_pace_request request = { .cls = (enum tayra_class)classes[i] };
		struct guest guest;

		assert_int_equal(tayra_pace_try_enter(pace, &request, 1, &ticket), TAYRA_E_INVAL);
		assert_int_equal(tayra_pace_enter(pace, &request, &ticket), TAYRA_E_INVAL);
		assert_int_equal(start(pace, &guest, request.cls, 0, 1), TAYRA_E_INVAL);
		assert_int_equal(guest.told, 0);
	}
	assert_true(stats_of(pace).limit == 2);
	assert_int_equal(stats_of(pace).inflight, 0);
	tayra_pace_destroy(pace);
}

/* A callback that makes every call there is, with its own ticket too. */
struct busy {
	struct tayra_ticket ticket, more;
	struct tayra_pace *pace;
	struct guest *other;
	int told;
};

static void
do_everything(struct tayra_ticket *ticket, int status, void *arg)
{
	struct busy *busy = arg;
	struct tayra_pace *pace = busy->pace;
	struct tayra_pace_request request = { .cls = TAYRA_HIGH };

	busy->told++;
	assert_int_equal(status, TAYRA_OK);
	assert_int_equal(tayra_pace_cancel(pace, ticket, 3), TAYRA_E_NOT_FOUND);
	assert_int_equal(tayra_pace_cancel(pace, &busy->other->ticket, 3), TAYRA_OK);
	assert_int_equal(tayra_pace_try_enter(pace, &request, 3, ticket), TAYRA_E_INVAL);
	tayra_pace_tick(pace, 3);
	assert_int_equal(tayra_pace_set_mode(pace, TAYRA_MODE_MONITOR, 3), TAYRA_OK);
	assert_int_equal(tayra_pace_try_enter(pace, &request, 3, &busy->more), TAYRA_OK);
	assert_int_equal(tayra_pace_set_mode(pace, TAYRA_MODE_ENFORCE, 3), TAYRA_OK);
	assert_int_equal(tayra_pace_set_limit(pace, 3, 3), TAYRA_OK);
	assert_int_equal(tayra_pace_leave(pace, ticket, TAYRA_OUTCOME_OK, 4), TAYRA_OK);
	assert_int_equal(tayra_pace_leave(pace, ticket, TAYRA_OUTCOME_OK, 4), TAYRA_E_INVAL);
	assert_int_equal(tayra_pace_try_enter(pace, &request, 4, ticket), TAYRA_OK);
	assert_int_equal(tayra_pace_leave(pace, ticket, TAYRA_OUTCOME_ERROR, 5), TAYRA_OK);
	assert_int_equal(tayra_pace_leave(pace, &busy->more, TAYRA_OUTCOME_OK, 5), TAYRA_OK);
}

static void
a_callback_may_call_back_in(void **state)
{
	struct tayra_pace *pace = fixed(1, 0);
	struct guest first, last;
	struct busy busy = { .pace = pace, .other = &last };
	struct tayra_pace_request request = { .decided = do_everything, .arg = &busy };

	start(pace, &first, 0, 0, 1);
	assert_int_equal(tayra_pace_enter_start(pace, &request, 1, &busy.ticket), TAYRA_PENDING);
	assert_int_equal(start(pace, &last, TAYRA_LOW, 0, 1), TAYRA_PENDING);
	assert_int_equal(tayra_pace_leave(pace, &first.ticket, TAYRA_OUTCOME_OK, 2), TAYRA_OK);
	assert_int_equal(busy.told, 1);
	assert_int_equal(last.told, 0);
	assert_int_equal(stats_of(pace).inflight, 0);
	assert_int_equal(stats_of(pace).queued[TAYRA_LOW - 1], 0);
	assert_int_equal(stats_of(pace).outcomes[TAYRA_OUTCOME_OK], 3);
	tayra_pace_destroy(pace);
}

struct shop {
	struct tayra_pace *pace;
	struct tayra_ticket held, waiting;
};

/* Who is the last to leave may switch the light off. */
static void
close_shop(struct tayra_ticket *ticket, int status, void *arg)
{
	struct shop *shop = arg;
	struct tayra_ticket *inside = status == TAYRA_OK ? ticket : &shop->held;

	assert_int_equal(tayra_pace_leave(shop->pace, inside, TAYRA_OUTCOME_OK, 10), TAYRA_OK);
	tayra_pace_destroy(shop->pace);
}

/* Nothing looks at it afterwards: AddressSanitizer would tell. */
static void
the_last_callback_may_destroy(void **state)
{
	enum { LEAVE, TICK, WAYS };
	struct tayra_pace_options options = TAYRA_PACE_OPTIONS_INIT;

	options.limit = 1;
	options.window_ns = 1; /* each call comes across the end of one */
	for (int way = 0; way < WAYS; way++) {
		struct shop shop = { .pace = pace_of(&options) };
		struct tayra_pace_request request = { .deadline_ns = way == TICK ? 10 : 0,
						      .decided = close_shop,
						      .arg = &shop };

		assert_int_equal(try_enter(shop.pace, &shop.held, 0, 1), TAYRA_OK);
		assert_int_equal(tayra_pace_enter_start(shop.pace, &request, 1, &shop.waiting),
				 TAYRA_PENDING);
		if (way == LEAVE)
			tayra_pace_leave(shop.pace, &shop.held, TAYRA_OUTCOME_OK, 5);
		else
			assert_int_equal(tayra_pace_tick(shop.pace, 10), 11);
	}
}

/* In a child with stderr in a pipe. */
static void
destroying_what_is_in_use_aborts_with_one_line(void **state)
{
	char text[200] = "";
	int fds[2], status;
	pid_t child;

	assert_int_equal(pipe(fds), 0);
	child = fork();
	if (child == 0) {
		struct tayra_pace *pace = fixed(2, 0);
		struct tayra_ticket ticket = { 0 };

		signal(SIGABRT, SIG_DFL);
		dup2(fds[1], STDERR_FILENO);
		try_enter(pace, &ticket, 0, 1);
		tayra_pace_destroy(pace);
		_exit(0);
	}
	close(fds[1]);
	assert_true(read(fds[0], text, sizeof(text) - 1) >= 0);
	close(fds[0]);
	waitpid(child, &status, 0);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	assert_string_equal(text, "tayra: pace: destroyed while tickets are queued or held\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaving_twice_gives_back_one_slot),
		cmocka_unit_test(leaving_elsewhere_or_with_no_outcome_changes_nothing),
		cmocka_unit_test(a_ticket_in_use_enters_no_second_time),
		cmocka_unit_test(limits_of_zero_and_classes_out_of_range_are_refused),
		cmocka_unit_test(a_callback_may_call_back_in),
		cmocka_unit_test(the_last_callback_may_destroy),
		cmocka_unit_test(destroying_what_is_in_use_aborts_with_one_line),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
