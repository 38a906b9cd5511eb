/* SPDX-License-Identifier: Apache-2.0 */
#include "guest.h"

#include <math.h>
#include <string.h>

static void
no_options_mean_the_documented_defaults(void **state)
{
	struct tayra_pace *pace = pace_of(NULL);
	struct tayra_pace_stats stats = stats_of(pace);

	assert_true(stats.limit == 2); /* elasticity begins there */
	assert_int_equal(stats.inflight, 0);
	assert_true(isnan(stats.pressure.cpu));
	assert_string_equal(stats.reason, "no window closed yet");
	tayra_pace_destroy(pace);
	tayra_pace_destroy(NULL);
}

static void
options_out_of_range_are_refused(void **state)
{
	struct tayra_pace_options rows[] = {
		{ .size = 1 },
		{ .limiter = (enum tayra_limiter)9 },
		{ .mode = (enum tayra_mode)3 },
		{ .limit = -1 },
		{ .limit = (double)NAN },
		{ .limit = 2000 },
		{ .limit_min = 5, .limit_max = 4 },
		{ .limit_max = 1e10 },
		{ .increase = 0.9 },
		{ .decrease = 1.1 },
		{ .cpu_max = -0.1 },
		{ .error_max = (double)NAN },
		{ .window_ns = UINT64_MAX },
	};
	struct tayra_pace *pace = (void *)1;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (rows[i].size == 0)
			rows[i].size = sizeof(rows[i]);
		assert_int_equal(tayra_pace_create(&rows[i], &pace), TAYRA_E_INVAL);
		assert_null(pace);
	}
}

static void
the_default_limit_keeps_to_given_bounds(void **state)
{
	struct tayra_pace_options options = TAYRA_PACE_OPTIONS_INIT;
	struct tayra_pace *pace;

	options.limit_max = 1;
	pace = pace_of(&options);
	assert_true(stats_of(pace).limit == 1);
	tayra_pace_destroy(pace);
	options.limiter = TAYRA_LIMITER_AIMD;
	options.limit_max = 3;
	pace = pace_of(&options);
	assert_true(stats_of(pace).limit == 3);
	tayra_pace_destroy(pace);
}

static void
no_more_than_the_limit_get_in(void **state)
{
	struct tayra_pace *pace = fixed(2.9, 0);
	struct tayra_ticket a = { 0 }, b = { 0 }, c = { 0 };

	assert_int_equal(try_enter(pace, &a, 0, 1), TAYRA_OK);
	assert_int_equal(try_enter(pace, &b, 0, 1), TAYRA_OK);
	assert_int_equal(try_enter(pace, &c, 0, 1), TAYRA_E_OVERLOAD);
	assert_int_equal(c.retry_after_ns, 1 * MS);
	assert_int_equal(stats_of(pace).inflight, 2);
	tayra_pace_leave(pace, &a, TAYRA_OUTCOME_OK, 2);
	assert_int_equal(try_enter(pace, &c, 0, 2), TAYRA_OK);
	assert_int_equal(c.retry_after_ns, 0);
	tayra_pace_leave(pace, &b, TAYRA_OUTCOME_OK, 3);
	tayra_pace_leave(pace, &c, TAYRA_OUTCOME_CANCELLED, 3);
	assert_int_equal(stats_of(pace).inflight, 0);
	tayra_pace_destroy(pace);
}

static void
a_limit_below_one_lets_one_in(void **state)
{
	struct tayra_pace_options options = TAYRA_PACE_OPTIONS_INIT;
	struct tayra_pace *pace;
	struct tayra_ticket a = { 0 }, b = { 0 };

	options.limit_min = 0.1;
	options.limit = 0.5;
	pace = pace_of(&options);
	assert_int_equal(try_enter(pace, &a, 0, 1), TAYRA_OK);
	assert_int_equal(try_enter(pace, &b, 0, 1), TAYRA_E_OVERLOAD);
	tayra_pace_leave(pace, &a, TAYRA_OUTCOME_OK, 2);
	tayra_pace_destroy(pace);
}

static void
leaving_hands_the_slot_to_the_next_in_line(void **state)
{
	struct tayra_pace *pace = fixed(1, 0);
	struct guest a, b, c;
	struct tayra_ticket barger = { 0 };

	assert_int_equal(start(pace, &a, 0, 0, 1), TAYRA_OK);
	assert_int_equal(start(pace, &b, 0, 0, 1), TAYRA_PENDING);
	assert_int_equal(start(pace, &c, 0, 0, 1), TAYRA_PENDING);
	assert_int_equal(stats_of(pace).queued[TAYRA_NORMAL - 1], 2);
	tayra_pace_leave(pace, &a.ticket, TAYRA_OUTCOME_OK, 2);
	assert_int_equal(a.told, 0);
	assert_int_equal(b.told, 1);
	assert_int_equal(b.status, TAYRA_OK);
	assert_int_equal(c.told, 0);
	assert_int_equal(try_enter(pace, &barger, 0, 2), TAYRA_E_OVERLOAD);
	tayra_pace_leave(pace, &b.ticket, TAYRA_OUTCOME_OK, 3);
	assert_int_equal(c.status, TAYRA_OK);
	tayra_pace_leave(pace, &c.ticket, TAYRA_OUTCOME_OK, 4);
	assert_int_equal(stats_of(pace).inflight, 0);
	tayra_pace_destroy(pace);
}

static void
a_thousand_callbacks_that_leave_at_once_do_not_nest(void **state)
{
	static struct guest guests[1000];
	struct tayra_pace *pace = fixed(1, 1000);
	struct guest first;

	start(pace, &first, 0, 0, 1);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(start(pace, &guests[i], 0, 0, 1), TAYRA_PENDING);
		guests[i].leave_ns = 2;
	}
	tayra_pace_leave(pace, &first.ticket, TAYRA_OUTCOME_OK, 2);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(guests[i].told, 1);
	assert_int_equal(stats_of(pace).inflight, 0);
	assert_int_equal(stats_of(pace).outcomes[TAYRA_OUTCOME_OK], 1001);
	tayra_pace_destroy(pace);
}

static void
cancelling_takes_a_queued_ticket_back_and_only_that(void **state)
{
	struct tayra_pace *pace = fixed(1, 0);
	struct guest a, b, c;

	start(pace, &a, 0, 0, 1);
	start(pace, &b, 0, 0, 1);
	start(pace, &c, 0, 0, 1);
	assert_int_equal(tayra_pace_cancel(pace, &a.ticket, 2), TAYRA_E_NOT_FOUND);
	assert_int_equal(tayra_pace_cancel(pace, &b.ticket, 2), TAYRA_OK);
	assert_int_equal(tayra_pace_cancel(pace, &b.ticket, 2), TAYRA_E_NOT_FOUND);
	tayra_pace_leave(pace, &a.ticket, TAYRA_OUTCOME_OK, 3);
	assert_int_equal(b.told, 0);
	assert_int_equal(c.status, TAYRA_OK);
	tayra_pace_leave(pace, &c.ticket, TAYRA_OUTCOME_OK, 4);
	tayra_pace_destroy(pace);
}

static void
cancelling_the_last_one_opens_the_door_again(void **state)
{
	struct tayra_pace *pace = fixed(1, 0);
	struct tayra_ticket ticket = { 0 };
	struct guest a, b;

	start(pace, &a, 0, 0, 1);
	start(pace, &b, 0, 0, 1);
	tayra_pace_cancel(pace, &b.ticket, 2);
	tayra_pace_leave(pace, &a.ticket, TAYRA_OUTCOME_OK, 3);
	assert_int_equal(try_enter(pace, &ticket, 0, 3), TAYRA_OK);
	tayra_pace_leave(pace, &ticket, TAYRA_OUTCOME_OK, 4);
	tayra_pace_destroy(pace);
}

static void
a_full_queue_or_none_sheds_as_full(void **state)
{
	struct tayra_pace *pace = fixed(1, 1), *none = fixed(1, TAYRA_QUEUE_NONE);
	struct guest a, b, c;

	start(pace, &a, TAYRA_HIGH, 0, 1);
	start(pace, &b, TAYRA_HIGH, 0, 1);
	assert_int_equal(start(pace, &c, TAYRA_HIGH, 0, 1), TAYRA_E_OVERLOAD);
	assert_int_equal(c.told, 0);
	assert_int_equal(stats_of(pace).shed[TAYRA_HIGH - 1][TAYRA_SHED_FULL], 1);
	tayra_pace_leave(pace, &a.ticket, TAYRA_OUTCOME_OK, 2);
	tayra_pace_leave(pace, &b.ticket, TAYRA_OUTCOME_OK, 2);
	tayra_pace_destroy(pace);

	start(none, &a, 0, 0, 1);
	assert_int_equal(start(none, &b, 0, 0, 1), TAYRA_E_OVERLOAD);
	tayra_pace_leave(none, &a.ticket, TAYRA_OUTCOME_OK, 2);
	tayra_pace_destroy(none);
}

/* mean 1000, deviation 500: needs 2000. */
static void
a_request_that_cannot_be_done_in_time_is_turned_away_at_the_door(void **state)
{
	struct tayra_pace *pace = fixed(8, 0);
	struct tayra_ticket held = { 0 }, ticket = { 0 };

	answers(pace, 1, TAYRA_OUTCOME_OK, 1000, 10);
	assert_int_equal(stats_of(pace).service_mean_ns, 1000);
	assert_int_equal(stats_of(pace).service_dev_ns, 500);
	try_enter(pace, &held, 0, 5000);
	assert_int_equal(try_enter(pace, &ticket, 5000 + 1999, 5000), TAYRA_E_OVERLOAD);
	assert_true(ticket.retry_after_ns >= 1 * MS);
	assert_int_equal(try_enter(pace, &ticket, 5000, 5000), TAYRA_E_TIMEOUT);
	assert_int_equal(ticket.retry_after_ns, 0);
	assert_int_equal(stats_of(pace).shed[TAYRA_NORMAL - 1][TAYRA_SHED_HOPELESS], 2);
	assert_int_equal(try_enter(pace, &ticket, 5000 + 2000, 5000), TAYRA_OK);
	tayra_pace_leave(pace, &ticket, TAYRA_OUTCOME_OK, 5001);
	tayra_pace_leave(pace, &held, TAYRA_OUTCOME_OK, 5001);
	tayra_pace_destroy(pace);
}

static void
an_estimate_that_is_too_high_is_corrected_by_trying(void **state)
{
	struct tayra_pace *pace = fixed(8, 0);
	struct tayra_ticket ticket = { 0 };
	int tries = 0;

	answers(pace, 1, TAYRA_OUTCOME_OK, 1000 * MS, 1);
	/* Alone, so it is let in although 2 s are expected and 10 ms are left. */
	while (stats_of(pace).service_mean_ns + 2 * stats_of(pace).service_dev_ns > 10 * MS) {
		assert_int_equal(try_enter(pace, &ticket, 2010 * MS, 2000 * MS), TAYRA_OK);
		tayra_pace_leave(pace, &ticket, TAYRA_OUTCOME_OK, 2001 * MS);
		assert_true(++tries < 100);
	}
	tayra_pace_destroy(pace);
}

static void
a_deadline_that_passes_in_the_queue_is_a_timeout(void **state)
{
	struct tayra_pace *pace = fixed(1, 0);
	struct guest a, b;

	start(pace, &a, 0, 0, 1);
	start(pace, &b, 0, 100, 1);
	assert_int_equal(tayra_pace_tick(pace, 99), 100);
	assert_int_equal(b.told, 0);
	tayra_pace_tick(pace, 100);
	assert_int_equal(b.told, 1);
	assert_int_equal(b.status, TAYRA_E_TIMEOUT);
	assert_int_equal(stats_of(pace).shed[TAYRA_NORMAL - 1][TAYRA_SHED_EXPIRED], 1);
	tayra_pace_leave(pace, &a.ticket, TAYRA_OUTCOME_OK, 101);
	tayra_pace_destroy(pace);
}

static void
a_request_that_becomes_hopeless_in_the_queue_is_shed(void **state)
{
	struct tayra_pace *pace = fixed(1, 0);
	struct guest a, b;

	answers(pace, 1, TAYRA_OUTCOME_OK, 1000, 10);
	start(pace, &a, 0, 0, 2000);
	assert_int_equal(start(pace, &b, 0, 10000, 2000), TAYRA_PENDING);
	assert_int_equal(tayra_pace_tick(pace, 8000), 8001);
	assert_int_equal(b.told, 0);
	tayra_pace_tick(pace, 8001);
	assert_int_equal(b.status, TAYRA_E_OVERLOAD);
	assert_int_equal(stats_of(pace).shed[TAYRA_NORMAL - 1][TAYRA_SHED_HOPELESS], 1);
	tayra_pace_leave(pace, &a.ticket, TAYRA_OUTCOME_OK, 9000);
	tayra_pace_destroy(pace);
}

static void
a_slow_class_makes_no_quick_one_hopeless(void **state)
{
	struct tayra_pace *pace = fixed(4, 0);
	struct guest slow, late, quick;

	/* LOW takes 100 ms, HIGH 1 ms, and one of LOW is in flight. */
	for (int i = 0; i < 20; i++) {
		start(pace, &slow, TAYRA_LOW, 0, 1);
		tayra_pace_leave(pace, &slow.ticket, TAYRA_OUTCOME_OK, 1 + 100 * MS);
		start(pace, &quick, TAYRA_HIGH, 0, 1);
		tayra_pace_leave(pace, &quick.ticket, TAYRA_OUTCOME_OK, 1 + MS);
	}
	start(pace, &slow, TAYRA_LOW, 0, 101 * MS);
	assert_int_equal(start(pace, &late, TAYRA_LOW, 150 * MS, 101 * MS), TAYRA_E_OVERLOAD);
	assert_int_equal(start(pace, &quick, TAYRA_HIGH, 150 * MS, 101 * MS), TAYRA_OK);
	tayra_pace_leave(pace, &quick.ticket, TAYRA_OUTCOME_OK, 102 * MS);
	tayra_pace_leave(pace, &slow.ticket, TAYRA_OUTCOME_OK, 201 * MS);
	tayra_pace_destroy(pace);
}

static void
below_zero_deviations_nothing_is_hopeless_before_it_expires(void **state)
{
	struct tayra_pace_options options = TAYRA_PACE_OPTIONS_INIT;
	struct tayra_pace *pace;
	struct guest other, late;

	options.deadline_deviations = -1;
	pace = pace_of(&options);
	answers(pace, 20, TAYRA_OUTCOME_OK, 100 * MS, 1);
	start(pace, &other, 0, 0, 101 * MS);
	assert_int_equal(start(pace, &late, 0, 103 * MS, 102 * MS), TAYRA_OK);
	tayra_pace_leave(pace, &late.ticket, TAYRA_OUTCOME_OK, 103 * MS);
	assert_int_equal(start(pace, &late, 0, 103 * MS, 103 * MS), TAYRA_E_TIMEOUT);
	tayra_pace_leave(pace, &other.ticket, TAYRA_OUTCOME_OK, 103 * MS);
	tayra_pace_destroy(pace);
}

static void
an_estimate_nobody_confirms_is_forgotten_after_a_second(void **state)
{
	struct tayra_pace *pace = fixed(4, 0);
	struct guest other, late;

	answers(pace, 20, TAYRA_OUTCOME_OK, 100 * MS, 1);
	start(pace, &other, TAYRA_HIGH, 0, 101 * MS); /* something stays in flight */
	assert_int_equal(start(pace, &late, 0, 1100 * MS, 1050 * MS), TAYRA_E_OVERLOAD);
	assert_int_equal(start(pace, &late, 0, 1250 * MS, 1200 * MS), TAYRA_OK);
	tayra_pace_leave(pace, &late.ticket, TAYRA_OUTCOME_OK, 1201 * MS);
	/* And what is learned then stands alone. */
	assert_int_equal(start(pace, &late, 0, 1204 * MS, 1201 * MS), TAYRA_OK);
	tayra_pace_leave(pace, &late.ticket, TAYRA_OUTCOME_OK, 1202 * MS);
	tayra_pace_leave(pace, &other.ticket, TAYRA_OUTCOME_OK, 1202 * MS);
	tayra_pace_destroy(pace);
}

static void
waiting_too_long_in_an_overloaded_class_is_codel(void **state)
{
	struct tayra_pace *pace = fixed(1, 0);
	struct guest a, b;

	start(pace, &a, 0, 0, 1);
	start(pace, &b, TAYRA_LOW, 0, 1);
	for (uint64_t now = 10 * MS; now <= 210 * MS; now += 10 * MS)
		tayra_pace_tick(pace, now);
	assert_int_equal(b.status, TAYRA_E_OVERLOAD);
	assert_int_equal(stats_of(pace).shed[TAYRA_LOW - 1][TAYRA_SHED_CODEL], 1);
	tayra_pace_leave(pace, &a.ticket, TAYRA_OUTCOME_OK, 211 * MS);
	tayra_pace_destroy(pace);
}

static void
the_retry_hint_is_the_time_the_queue_takes(void **state)
{
	struct tayra_pace *pace = fixed(2, 0);
	struct guest held[2], queued[5];
	struct tayra_ticket ticket = { 0 };

	answers(pace, 1, TAYRA_OUTCOME_OK, 10 * MS, 1);
	for (int i = 0; i < 2; i++)
		start(pace, &held[i], 0, 0, 20 * MS);
	for (int i = 0; i < 5; i++)
		start(pace, &queued[i], 0, 0, 20 * MS);
	assert_int_equal(try_enter(pace, &ticket, 0, 20 * MS), TAYRA_E_OVERLOAD);
	assert_int_equal(ticket.retry_after_ns, (5 + 1) * 10 * MS / 2);
	for (int i = 0; i < 5; i++)
		assert_int_equal(tayra_pace_cancel(pace, &queued[i].ticket, 20 * MS), TAYRA_OK);
	for (int i = 0; i < 2; i++)
		tayra_pace_leave(pace, &held[i].ticket, TAYRA_OUTCOME_OK, 21 * MS);
	tayra_pace_destroy(pace);
}

static void
raising_the_limit_lets_in_who_waits(void **state)
{
	struct tayra_pace *pace = fixed(1, 0);
	struct guest guests[4];

	for (int i = 0; i < 4; i++)
		start(pace, &guests[i], 0, 0, 1);
	assert_int_equal(tayra_pace_set_limit(pace, 3, 2), TAYRA_OK);
	assert_int_equal(guests[1].status, TAYRA_OK);
	assert_int_equal(guests[2].status, TAYRA_OK);
	assert_int_equal(guests[3].status, TAYRA_PENDING);
	assert_string_equal(stats_of(pace).reason, "set by hand");
	assert_int_equal(tayra_pace_set_limit(pace, 0.5, 2), TAYRA_E_INVAL);
	assert_true(stats_of(pace).limit == 3);
	/* Lowering takes nothing away: it waits until enough have left. */
	assert_int_equal(tayra_pace_set_limit(pace, 1, 2), TAYRA_OK);
	for (int i = 0; i < 2; i++) {
		tayra_pace_leave(pace, &guests[i].ticket, TAYRA_OUTCOME_OK, 3);
		assert_int_equal(guests[3].status, TAYRA_PENDING);
	}
	tayra_pace_leave(pace, &guests[2].ticket, TAYRA_OUTCOME_OK, 3);
	assert_int_equal(guests[3].status, TAYRA_OK);
	tayra_pace_leave(pace, &guests[3].ticket, TAYRA_OUTCOME_OK, 3);
	tayra_pace_destroy(pace);
}

static void
requests_that_make_no_sense_are_refused(void **state)
{
	struct tayra_pace *pace = fixed(1, 0);
	struct tayra_pace_request request = { .cls = (enum tayra_class)6 };
	struct tayra_ticket ticket = { 0 };

	assert_int_equal(tayra_pace_try_enter(pace, &request, 1, &ticket), TAYRA_E_INVAL);
	request.cls = TAYRA_LOW;
	assert_int_equal(tayra_pace_enter_start(pace, &request, 1, &ticket), TAYRA_E_INVAL);
	tayra_pace_destroy(pace);
}

static void
an_older_caller_gets_the_stats_it_knows(void **state)
{
	struct tayra_pace *pace = fixed(4, 0);
	struct tayra_pace_stats stats;

	memset(&stats, 0x55, sizeof(stats));
	stats.size = offsetof(struct tayra_pace_stats, inflight);
	tayra_pace_stats(pace, &stats);
	assert_true(stats.limit == 4);
	assert_int_equal(stats.inflight, 0x55555555);
	assert_int_equal(stats.size, offsetof(struct tayra_pace_stats, inflight));
	tayra_pace_destroy(pace);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_options_mean_the_documented_defaults),
		cmocka_unit_test(options_out_of_range_are_refused),
		cmocka_unit_test(the_default_limit_keeps_to_given_bounds),
		cmocka_unit_test(no_more_than_the_limit_get_in),
		cmocka_unit_test(a_limit_below_one_lets_one_in),
		cmocka_unit_test(leaving_hands_the_slot_to_the_next_in_line),
		cmocka_unit_test(a_thousand_callbacks_that_leave_at_once_do_not_nest),
		cmocka_unit_test(cancelling_takes_a_queued_ticket_back_and_only_that),
		cmocka_unit_test(cancelling_the_last_one_opens_the_door_again),
		cmocka_unit_test(a_full_queue_or_none_sheds_as_full),
		cmocka_unit_test(a_request_that_cannot_be_done_in_time_is_turned_away_at_the_door),
		cmocka_unit_test(an_estimate_that_is_too_high_is_corrected_by_trying),
		cmocka_unit_test(a_deadline_that_passes_in_the_queue_is_a_timeout),
		cmocka_unit_test(a_request_that_becomes_hopeless_in_the_queue_is_shed),
		cmocka_unit_test(a_slow_class_makes_no_quick_one_hopeless),
		cmocka_unit_test(below_zero_deviations_nothing_is_hopeless_before_it_expires),
		cmocka_unit_test(an_estimate_nobody_confirms_is_forgotten_after_a_second),
		cmocka_unit_test(waiting_too_long_in_an_overloaded_class_is_codel),
		cmocka_unit_test(the_retry_hint_is_the_time_the_queue_takes),
		cmocka_unit_test(raising_the_limit_lets_in_who_waits),
		cmocka_unit_test(requests_that_make_no_sense_are_refused),
		cmocka_unit_test(an_older_caller_gets_the_stats_it_knows),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
