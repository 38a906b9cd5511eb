/* SPDX-License-Identifier: Apache-2.0
 *
 * Every option by name, while requests are under way.
 */
#include "guest.h"

#include "pace/knobs.h"

#include <stdio.h>
#include <string.h>

static char why[200];

static int
set_at(struct tayra_pace *pace, const char *name, const char *value, uint64_t now_ns)
{
	return tayra_pace_set(pace, name, value, now_ns, why, sizeof(why));
}

static int
set(struct tayra_pace *pace, const char *name, const char *value)
{
	return set_at(pace, name, value, 1);
}

static const char *
get(struct tayra_pace *pace, const char *name)
{
	static char text[32];

	assert_int_equal(tayra_pace_get(pace, name, text, sizeof(text)), TAYRA_OK);
	return text;
}

static void
every_knob_can_be_read_and_set_to_what_was_read(void **state)
{
	struct tayra_pace *pace = pace_of(NULL);
	size_t count = 0;

	for (const char *name; (name = tayra_pace_knob(count)); count++) {
		char before[32];

		snprintf(before, sizeof(before), "%s", get(pace, name));
		if (set(pace, name, before) != TAYRA_OK)
			fail_msg("%s", why);
		assert_string_equal(get(pace, name), before);
	}
	assert_int_equal(count, 26);
	tayra_pace_destroy(pace);
}

static void
what_is_set_is_what_is_read(void **state)
{
	static const char *const rows[][2] = {
		{ "mode", "monitor" },         { "limiter", "vegas" },
		{ "limit_max", "64" },         { "limit_min", "1.5" },
		{ "limit", "12.5" },           { "increase", "1.2" },
		{ "decrease", "0.5" },         { "cpu_max", "0.6" },
		{ "memory_max", "0.7" },       { "error_max", "0.1" },
		{ "p90_target", "20ms" },      { "p90_max", "1500us" },
		{ "dither", "0.2" },           { "price", "0.05" },
		{ "window", "40ms" },          { "window_min", "5" },
		{ "queue", "none" },           { "codel_target", "2s" },
		{ "codel_interval", "50ms" },  { "deadline_deviations", "off" },
		{ "share_critical", "0.5" },   { "share_min", "0.01" },
		{ "memory_stall_max", "0.3" }, { "io_stall_max", "0.4" },
		{ "barge", "200us" },          { "hedge_after", "5ms" },
	};
	struct tayra_pace *pace = pace_of(NULL);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_string_not_equal(get(pace, rows[i][0]), rows[i][1]);
		if (set(pace, rows[i][0], rows[i][1]) != TAYRA_OK)
			fail_msg("%s", why);
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(get(pace, rows[i][0]), rows[i][1]);
	assert_int_equal(set(pace, "p90_max", "off"), TAYRA_OK);
	assert_string_equal(get(pace, "p90_max"), "off");
	tayra_pace_destroy(pace);
}

static void
what_is_wrong_is_said_and_changes_nothing(void **state)
{
	static const struct {
		const char *name, *value, *why;
		int status;
	} rows[] = {
		{ "limti", "8", "there is no knob 'limti'; did you mean 'limit'?",
		  TAYRA_E_NOT_FOUND },
		{ "", "8", "there is no knob ''", TAYRA_E_NOT_FOUND },
		{ "limit", "0", "limit '0' is not a number from 1 to 1e+06", TAYRA_E_INVAL },
		{ "limit", "-1", "limit '-1' is not a number", TAYRA_E_INVAL },
		{ "limit", "nan", "limit 'nan' is not a number", TAYRA_E_INVAL },
		{ "limit", "", "limit '' is not a number", TAYRA_E_INVAL },
		{ "limit", "33", "limit 33 is not from limit_min 2 to limit_max 32",
		  TAYRA_E_INVAL },
		{ "limit_min", "40", "limit_min 40 is over limit_max 32", TAYRA_E_INVAL },
		{ "limit_max", "1", "limit_min 2 is over limit_max 1", TAYRA_E_INVAL },
		{ "price", "2", "price '2' is not a number from 0.001 to 1", TAYRA_E_INVAL },
		{ "window", "5", "window '5' is no duration of at least 1ms", TAYRA_E_INVAL },
		{ "window", "9999h", "window '9999h' is longer than 2501h", TAYRA_E_INVAL },
		{ "hedge_after", "0s", "is no duration of at least 1ns", TAYRA_E_INVAL },
		{ "mode", "enforced", "did you mean 'enforce'?", TAYRA_E_INVAL },
		{ "limiter", "bbr", "limiter 'bbr' does not exist", TAYRA_E_INVAL },
		{ "queue", "0", "queue '0' is not a number from 1", TAYRA_E_INVAL },
		{ "share_min", "0.3", "share_min '0.3' is not", TAYRA_E_INVAL },
	};
	struct tayra_pace_options options = TAYRA_PACE_OPTIONS_INIT;
	struct tayra_pace *pace;
	char before[26][32];

	options.limit = options.limit_min = 2;
	options.limit_max = 32;
	pace = pace_of(&options);
	for (size_t n = 0; n < 26; n++)
		snprintf(before[n], sizeof(before[n]), "%s", get(pace, tayra_pace_knob(n)));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(set(pace, rows[i].name, rows[i].value), rows[i].status);
		if (!strstr(why, rows[i].why))
			fail_msg("'%s' instead of '%s'", why, rows[i].why);
		assert_int_equal(tayra_pace_set(pace, rows[i].name, rows[i].value, 1, NULL, 0),
				 rows[i].status);
	}
	for (size_t n = 0; n < 26; n++)
		assert_string_equal(get(pace, tayra_pace_knob(n)), before[n]);
	assert_int_equal(tayra_pace_get(pace, "nothing", why, sizeof(why)), TAYRA_E_NOT_FOUND);
	assert_int_equal(tayra_pace_get(pace, "mode", why, 3), TAYRA_E_TOO_LARGE);
	tayra_pace_destroy(pace);
}

static void
raising_the_limit_lets_in_who_waits_and_lowering_drains(void **state)
{
	struct tayra_pace *pace = fixed(1, 0);
	struct guest a, b, c, d;

	start(pace, &a, 0, 0, 1);
	start(pace, &b, 0, 0, 1);
	start(pace, &c, 0, 0, 1);
	assert_int_equal(set(pace, "limit", "3"), TAYRA_OK);
	assert_int_equal(b.status, TAYRA_OK);
	assert_int_equal(c.status, TAYRA_OK);
	assert_int_equal(set(pace, "limit", "1"), TAYRA_OK);
	assert_int_equal(stats_of(pace).inflight, 3);
	assert_int_equal(start(pace, &d, 0, 0, 1), TAYRA_PENDING);
	tayra_pace_leave(pace, &a.ticket, TAYRA_OUTCOME_OK, 2);
	tayra_pace_leave(pace, &b.ticket, TAYRA_OUTCOME_OK, 2);
	assert_int_equal(d.status, TAYRA_PENDING);
	tayra_pace_leave(pace, &c.ticket, TAYRA_OUTCOME_OK, 2);
	assert_int_equal(d.status, TAYRA_OK);
	tayra_pace_leave(pace, &d.ticket, TAYRA_OUTCOME_OK, 3);
	assert_int_equal(stats_of(pace).inflight, 0);
	tayra_pace_destroy(pace);
}

static void
bounds_move_the_limit_into_them(void **state)
{
	struct tayra_pace *pace = fixed(8, 0);
	struct guest guests[8], late;

	for (int i = 0; i < 8; i++)
		start(pace, &guests[i], 0, 0, 1);
	assert_int_equal(start(pace, &late, 0, 0, 1), TAYRA_PENDING);
	assert_int_equal(set(pace, "limit_max", "4"), TAYRA_OK);
	assert_string_equal(get(pace, "limit"), "4");
	assert_string_equal(stats_of(pace).reason, "bounds set by hand");
	assert_int_equal(set(pace, "limit_max", "64"), TAYRA_OK);
	assert_int_equal(late.status, TAYRA_PENDING);
	assert_int_equal(set(pace, "limit_min", "9"), TAYRA_OK);
	assert_int_equal(late.status, TAYRA_OK);
	assert_string_equal(get(pace, "limit"), "9");
	for (int i = 0; i < 8; i++)
		tayra_pace_leave(pace, &guests[i].ticket, TAYRA_OUTCOME_OK, 2);
	tayra_pace_leave(pace, &late.ticket, TAYRA_OUTCOME_OK, 2);
	tayra_pace_destroy(pace);
}

static void
any_mode_but_enforce_lets_in_who_waits(void **state)
{
	struct tayra_pace *pace = fixed(1, 0);
	struct guest a, b;

	start(pace, &a, 0, 0, 1);
	start(pace, &b, 0, 0, 1);
	assert_int_equal(set(pace, "mode", "monitor"), TAYRA_OK);
	assert_int_equal(b.status, TAYRA_OK);
	assert_int_equal(set(pace, "price", "0.2"), TAYRA_OK); /* and that leaves the mode alone */
	assert_string_equal(get(pace, "mode"), "monitor");
	tayra_pace_leave(pace, &a.ticket, TAYRA_OUTCOME_OK, 2);
	tayra_pace_leave(pace, &b.ticket, TAYRA_OUTCOME_OK, 2);
	tayra_pace_destroy(pace);
}

static void
another_limiter_goes_on_from_the_limit_there_is(void **state)
{
	struct tayra_pace *pace = fixed(20, 0);

	assert_int_equal(set(pace, "limiter", "aimd"), TAYRA_OK);
	assert_string_equal(get(pace, "limit"), "20");
	assert_string_equal(stats_of(pace).reason, "another limiter");
	answers(pace, 40, TAYRA_OUTCOME_ERROR, 5 * MS, 1);
	tayra_pace_tick(pace, 300 * MS);
	tayra_pace_tick(pace, 600 * MS);
	assert_string_equal(get(pace, "limit"), "18");
	assert_string_equal(get(pace, "window"), "250ms");
	assert_int_equal(set(pace, "limiter", "elasticity"), TAYRA_OK);
	assert_string_equal(get(pace, "window"), "50ms"); /* nobody gave one, so it is its own */
	assert_string_equal(get(pace, "limit"), "18");
	answers(pace, 40, TAYRA_OUTCOME_OK, 5 * MS, 601 * MS);
	tayra_pace_tick(pace, 700 * MS);
	tayra_pace_tick(pace, 800 * MS);
	assert_string_equal(get(pace, "limit"), "18"); /* taken as learned: it does not double */
	assert_int_equal(set(pace, "window", "70ms"), TAYRA_OK);
	assert_int_equal(set(pace, "limiter", "vegas"), TAYRA_OK);
	assert_string_equal(get(pace, "window"), "70ms");
	tayra_pace_destroy(pace);
}

static void
a_shorter_window_ends_the_one_that_is_open_sooner(void **state)
{
	struct tayra_pace *pace = fixed(8, 0);

	assert_int_equal(tayra_pace_tick(pace, 1), 1 + 250 * MS);
	assert_int_equal(set_at(pace, "window", "10ms", 2), TAYRA_OK);
	assert_int_equal(tayra_pace_tick(pace, 3), 2 + 10 * MS);
	assert_int_equal(set_at(pace, "window", "1s", 4), TAYRA_OK);
	assert_int_equal(tayra_pace_tick(pace, 5), 2 + 10 * MS);
	assert_int_equal(tayra_pace_tick(pace, 10 * MS + 2), 10 * MS + 2 + 1000 * MS);
	tayra_pace_destroy(pace);
}

static void
a_smaller_queue_keeps_who_is_in_it(void **state)
{
	struct tayra_pace *pace = fixed(1, 10);
	struct guest a, b, c;

	start(pace, &a, 0, 0, 1);
	start(pace, &b, 0, 0, 1);
	assert_int_equal(set(pace, "queue", "none"), TAYRA_OK);
	assert_int_equal(start(pace, &c, 0, 0, 1), TAYRA_E_OVERLOAD);
	tayra_pace_leave(pace, &a.ticket, TAYRA_OUTCOME_OK, 2);
	assert_int_equal(b.status, TAYRA_OK);
	tayra_pace_leave(pace, &b.ticket, TAYRA_OUTCOME_OK, 3);
	tayra_pace_destroy(pace);
}

static void
deadlines_are_judged_by_the_new_deviations(void **state)
{
	struct tayra_pace *pace = fixed(4, 0);
	struct tayra_ticket held = { 0 }, ticket = { 0 };

	answers(pace, 50, TAYRA_OUTCOME_OK, 10 * MS, 1);
	assert_int_equal(try_enter(pace, &held, 0, 12 * MS), TAYRA_OK);
	assert_int_equal(try_enter(pace, &ticket, 17 * MS, 12 * MS), TAYRA_E_OVERLOAD);
	assert_int_equal(set(pace, "deadline_deviations", "off"), TAYRA_OK);
	assert_int_equal(try_enter(pace, &ticket, 17 * MS, 12 * MS), TAYRA_OK);
	tayra_pace_leave(pace, &ticket, TAYRA_OUTCOME_OK, 13 * MS);
	tayra_pace_leave(pace, &held, TAYRA_OUTCOME_OK, 13 * MS);
	tayra_pace_destroy(pace);
}

struct setter {
	struct guest guest;
	struct tayra_pace *pace;
	int status;
};

static void
set_when_let_in(struct tayra_ticket *ticket, int status, void *arg)
{
	struct setter *setter = arg;

	assert_int_equal(status, TAYRA_OK);
	setter->status = set(setter->pace, "limit", "2");
	tayra_pace_leave(setter->pace, ticket, TAYRA_OUTCOME_OK, 3);
}

static void
a_callback_may_set_too(void **state)
{
	struct tayra_pace *pace = fixed(1, 0);
	struct setter setter = { .pace = pace, .status = TAYRA_PENDING };
	struct tayra_pace_request request = { .decided = set_when_let_in, .arg = &setter };
	struct guest a, b, c;

	start(pace, &a, 0, 0, 1);
	assert_int_equal(tayra_pace_enter_start(pace, &request, 1, &setter.guest.ticket),
			 TAYRA_PENDING);
	start(pace, &b, 0, 0, 1);
	start(pace, &c, 0, 0, 1);
	tayra_pace_leave(pace, &a.ticket, TAYRA_OUTCOME_OK, 2);
	assert_int_equal(setter.status, TAYRA_OK);
	assert_int_equal(b.status, TAYRA_OK);
	assert_int_equal(c.status, TAYRA_OK);
	tayra_pace_leave(pace, &b.ticket, TAYRA_OUTCOME_OK, 4);
	tayra_pace_leave(pace, &c.ticket, TAYRA_OUTCOME_OK, 4);
	assert_int_equal(stats_of(pace).inflight, 0);
	tayra_pace_destroy(pace);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_knob_can_be_read_and_set_to_what_was_read),
		cmocka_unit_test(what_is_set_is_what_is_read),
		cmocka_unit_test(what_is_wrong_is_said_and_changes_nothing),
		cmocka_unit_test(raising_the_limit_lets_in_who_waits_and_lowering_drains),
		cmocka_unit_test(bounds_move_the_limit_into_them),
		cmocka_unit_test(any_mode_but_enforce_lets_in_who_waits),
		cmocka_unit_test(another_limiter_goes_on_from_the_limit_there_is),
		cmocka_unit_test(a_shorter_window_ends_the_one_that_is_open_sooner),
		cmocka_unit_test(a_smaller_queue_keeps_who_is_in_it),
		cmocka_unit_test(deadlines_are_judged_by_the_new_deviations),
		cmocka_unit_test(a_callback_may_set_too),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
