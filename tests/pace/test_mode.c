/* SPDX-License-Identifier: Apache-2.0
 *
 * What windows and modes do to the limit and to who gets in.
 */
#include "guest.h"

#include "pace/word.h"

#include <math.h>
#include <string.h>

static struct tayra_pace *
aimd(void)
{
	struct tayra_pace_options options = TAYRA_PACE_OPTIONS_INIT;

	options.limiter = TAYRA_LIMITER_AIMD;
	return pace_of(&options);
}

static void
a_window_raises_the_limit_when_it_was_reached(void **state)
{
	struct tayra_pace_options options = TAYRA_PACE_OPTIONS_INIT;
	struct tayra_pace *pace;

	options.limiter = TAYRA_LIMITER_AIMD;
	options.limit = 1;
	pace = pace_of(&options);
	answers(pace, 20, TAYRA_OUTCOME_OK, 5 * MS, 1);
	assert_int_equal(tayra_pace_tick(pace, 1), 1 + 250 * MS);
	assert_int_equal(stats_of(pace).raised, 0);
	tayra_pace_tick(pace, 1 + 250 * MS);
	assert_true(fabs(stats_of(pace).limit - 1.1) < 1e-9);
	assert_int_equal(stats_of(pace).raised, 1);
	assert_string_equal(stats_of(pace).reason, "all within bounds");
	assert_in_range(stats_of(pace).window_p90_ns, 4800000, 5200000);
	assert_true(fabs(stats_of(pace).window_per_s - 80) < 1e-6);
	tayra_pace_destroy(pace);
}

static void
each_change_of_the_limit_is_kept_with_its_reason(void **state)
{
	struct tayra_pace_change changes[TAYRA_PACE_CHANGES];
	struct tayra_pace *pace = aimd();
	uint64_t seen = 0, late = 0;

	assert_int_equal(tayra_pace_changes(pace, &seen, changes, TAYRA_PACE_CHANGES), 0);
	answers(pace, 20, TAYRA_OUTCOME_ERROR, 5 * MS, 1);
	tayra_pace_tick(pace, 1);
	tayra_pace_tick(pace, 300 * MS);
	tayra_pace_set_limit(pace, 20, 301 * MS);
	tayra_pace_set_limit(pace, 20, 302 * MS); /* no change */
	tayra_pace_set(pace, "limit_max", "10", 303 * MS, NULL, 0);
	assert_int_equal(tayra_pace_changes(pace, &seen, changes, 2), 2);
	assert_true(changes[0].from == 8 && fabs(changes[0].to - 7.2) < 1e-9);
	assert_int_equal(changes[0].at_ns, 300 * MS);
	assert_string_equal(changes[0].reason, "errors over maximum");
	assert_string_equal(changes[1].reason, "set by hand");
	assert_int_equal(tayra_pace_changes(pace, &seen, changes, 2), 1);
	assert_true(changes[0].from == 20 && changes[0].to == 10);
	assert_string_equal(changes[0].reason, "bounds set by hand");
	for (int i = 0; i < 100; i++)
		tayra_pace_set_limit(pace, 1 + i % 2, 400 * MS);
	assert_int_equal(tayra_pace_changes(pace, &late, changes, TAYRA_PACE_CHANGES),
			 TAYRA_PACE_CHANGES);
	assert_int_equal(late, 103);
	assert_true(changes[TAYRA_PACE_CHANGES - 1].to == 2);
	tayra_pace_destroy(pace);
}

static void
each_limiter_tells_what_it_goes_by(void **state)
{
	for (int l = 0; tayra_limiter_name((enum tayra_limiter)l); l++) {
		struct tayra_pace_options options = TAYRA_PACE_OPTIONS_INIT;
		struct tayra_pace_stats stats;
		struct tayra_pace *pace;

		options.limiter = (enum tayra_limiter)l;
		options.limit = 4;
		options.window_ns = 250 * MS;
		pace = pace_of(&options);
		tayra_pace_tick(pace, 1);
		for (uint64_t w = 1; w < 20; w++) {
			answers(pace, 50, TAYRA_OUTCOME_OK, 5 * MS, w * 250 * MS);
			tayra_pace_tick(pace, (w + 1) * 250 * MS);
		}
		stats = stats_of(pace);
		assert_int_equal(stats.window_answers, 50);
		assert_in_range(stats.window_mean_ns, 4800000, 5200000);
		assert_in_range(stats.window_p90_ns, 4800000, 5200000);
		assert_true(fabs(stats.window_per_s - 200) < 1e-6);
		assert_true(fabs(stats.window_inflight - 1) < 0.05);
		assert_true(isnan(stats.knee_spread) == (l != TAYRA_LIMITER_ELASTICITY));
		if (l == TAYRA_LIMITER_VEGAS || l == TAYRA_LIMITER_GRADIENT2 ||
		    l == TAYRA_LIMITER_BDP)
			assert_in_range(stats.base_ns, 4800000, 5200000);
		else
			assert_int_equal(stats.base_ns, 0);
		assert_true((stats.peak_per_s > 0) == (l == TAYRA_LIMITER_BDP));
		tayra_pace_destroy(pace);
	}
}

static void
enter_and_leave_close_a_window_too(void **state)
{
	struct tayra_pace *pace = aimd();

	answers(pace, 20, TAYRA_OUTCOME_ERROR, 5 * MS, 1);
	answers(pace, 1, TAYRA_OUTCOME_OK, 0, 300 * MS);
	assert_int_equal(stats_of(pace).lowered, 1);
	assert_true(fabs(stats_of(pace).window_error_ratio - 1) < 1e-9);
	assert_string_equal(stats_of(pace).reason, "errors over maximum");
	tayra_pace_destroy(pace);
}

static void
ignored_and_cancelled_answers_teach_nothing(void **state)
{
	struct tayra_pace *pace = aimd();

	answers(pace, 20, TAYRA_OUTCOME_IGNORE, 900 * MS, 1);
	answers(pace, 20, TAYRA_OUTCOME_CANCELLED, 900 * MS, 1);
	tayra_pace_tick(pace, 2000 * MS);
	assert_true(stats_of(pace).limit == 8);
	assert_int_equal(stats_of(pace).service_mean_ns, 0);
	assert_string_equal(stats_of(pace).reason, "too few answers");
	assert_int_equal(stats_of(pace).outcomes[TAYRA_OUTCOME_IGNORE], 20);
	tayra_pace_destroy(pace);
}

static int
read_pressure(void *ctx, uint64_t now_ns, struct tayra_pressure *out)
{
	const struct tayra_pressure *pressure = ctx;

	*out = *pressure;
	return isnan(pressure->cpu) ? TAYRA_E_IO : TAYRA_OK;
}

static void
the_sensor_has_a_say_unless_it_fails(void **state)
{
	struct tayra_pressure pressure = { 0.95, 0.5 };
	struct tayra_sensor sensor = { read_pressure, &pressure };
	struct tayra_pace_options options = TAYRA_PACE_OPTIONS_INIT;
	struct tayra_pace *pace;

	options.limiter = TAYRA_LIMITER_AIMD;
	options.sensor = &sensor;
	options.limit = 1;
	options.limit_min = 0.5;
	pace = pace_of(&options);
	answers(pace, 20, TAYRA_OUTCOME_OK, 1 * MS, 1);
	tayra_pace_tick(pace, 300 * MS);
	assert_int_equal(stats_of(pace).lowered, 1);
	assert_string_equal(stats_of(pace).reason, "cpu over maximum");
	assert_true(stats_of(pace).pressure.cpu == 0.95);
	pressure.cpu = (double)NAN;
	pressure.memory = 0.99;
	answers(pace, 20, TAYRA_OUTCOME_OK, 1 * MS, 301 * MS);
	tayra_pace_tick(pace, 600 * MS);
	assert_int_equal(stats_of(pace).raised, 1);
	assert_true(isnan(stats_of(pace).pressure.memory));
	tayra_pace_destroy(pace);
}

static void
monitor_lets_all_in_and_counts_what_it_would_have_shed(void **state)
{
	static struct tayra_ticket tickets[6];
	struct tayra_pace_options options = TAYRA_PACE_OPTIONS_INIT;
	struct tayra_pace *pace;
	struct tayra_ticket late = { 0 };

	options.limiter = TAYRA_LIMITER_AIMD;
	options.limit = 2;
	options.queue_max = 3;
	options.mode = TAYRA_MODE_MONITOR;
	pace = pace_of(&options);
	memset(tickets, 0, sizeof(tickets));
	for (int i = 0; i < 6; i++)
		assert_int_equal(try_enter(pace, &tickets[i], 0, 1), TAYRA_OK);
	/* Two would run, three would wait, the sixth would find the queue full. */
	assert_int_equal(stats_of(pace).shed[TAYRA_NORMAL - 1][TAYRA_SHED_FULL], 1);
	assert_int_equal(try_enter(pace, &late, 5, 10), TAYRA_OK);
	assert_int_equal(stats_of(pace).shed[TAYRA_NORMAL - 1][TAYRA_SHED_HOPELESS], 1);
	assert_int_equal(stats_of(pace).inflight, 7);
	tayra_pace_leave(pace, &late, TAYRA_OUTCOME_OK, 20);
	for (int i = 0; i < 6; i++)
		tayra_pace_leave(pace, &tickets[i], TAYRA_OUTCOME_OK, 20);
	answers(pace, 10, TAYRA_OUTCOME_OK, 1, 20);
	tayra_pace_tick(pace, 300 * MS);
	assert_int_equal(stats_of(pace).raised, 1);
	tayra_pace_destroy(pace);
}

static void
off_lets_all_in_and_learns_nothing(void **state)
{
	struct tayra_pace_options options = TAYRA_PACE_OPTIONS_INIT;
	struct tayra_pace *pace;

	options.limiter = TAYRA_LIMITER_AIMD;
	options.limit = 1;
	options.mode = TAYRA_MODE_OFF;
	pace = pace_of(&options);
	answers(pace, 50, TAYRA_OUTCOME_ERROR, 1 * MS, 1);
	tayra_pace_tick(pace, 300 * MS);
	assert_int_equal(stats_of(pace).lowered, 0);
	assert_int_equal(stats_of(pace).held, 0);
	assert_int_equal(stats_of(pace).outcomes[TAYRA_OUTCOME_ERROR], 50);
	tayra_pace_destroy(pace);
}

static void
switching_the_mode_keeps_the_count_of_what_is_held(void **state)
{
	struct tayra_pace *pace = fixed(1, 0);
	struct tayra_ticket extra = { 0 };
	struct guest a, b, c;

	start(pace, &a, 0, 0, 1);
	start(pace, &b, 0, 0, 1);
	assert_int_equal(tayra_pace_set_mode(pace, (enum tayra_mode)3, 2), TAYRA_E_INVAL);
	assert_int_equal(tayra_pace_set_mode(pace, TAYRA_MODE_OFF, 2), TAYRA_OK);
	assert_int_equal(b.status, TAYRA_OK); /* who waited is let in */
	assert_int_equal(try_enter(pace, &extra, 0, 2), TAYRA_OK);
	assert_int_equal(stats_of(pace).inflight, 3);
	assert_int_equal(tayra_pace_set_mode(pace, TAYRA_MODE_ENFORCE, 3), TAYRA_OK);
	assert_int_equal(start(pace, &c, 0, 0, 3), TAYRA_PENDING);
	tayra_pace_leave(pace, &a.ticket, TAYRA_OUTCOME_OK, 4);
	tayra_pace_leave(pace, &b.ticket, TAYRA_OUTCOME_OK, 4);
	assert_int_equal(c.status, TAYRA_PENDING);
	tayra_pace_leave(pace, &extra, TAYRA_OUTCOME_OK, 4);
	assert_int_equal(c.status, TAYRA_OK);
	tayra_pace_leave(pace, &c.ticket, TAYRA_OUTCOME_OK, 5);
	assert_int_equal(stats_of(pace).inflight, 0);
	tayra_pace_destroy(pace);
}

static void
a_ticket_let_in_while_off_teaches_nothing_later(void **state)
{
	struct tayra_pace *pace = fixed(8, 0);
	struct tayra_ticket ticket = { 0 };

	tayra_pace_set_mode(pace, TAYRA_MODE_OFF, 1);
	assert_int_equal(try_enter(pace, &ticket, 0, 1), TAYRA_OK);
	tayra_pace_set_mode(pace, TAYRA_MODE_ENFORCE, 2);
	tayra_pace_leave(pace, &ticket, TAYRA_OUTCOME_OK, 900 * MS);
	assert_int_equal(stats_of(pace).service_mean_ns, 0);
	assert_int_equal(stats_of(pace).window_p90_ns, 0);
	assert_int_equal(stats_of(pace).outcomes[TAYRA_OUTCOME_OK], 1);
	tayra_pace_destroy(pace);
}

/* Two million requests of 1024 would run over into the limit. */
static void
where_all_are_let_in_the_count_has_an_end(void **state)
{
	const uint64_t off = tayra__word_with_mode(tayra__word_with_limit(0, 8), TAYRA_MODE_OFF);
	const uint64_t last = off + TAYRA__WORD_SLOTS - TAYRA_COST_MAX;

	assert_true(tayra__word_open(off + 9, TAYRA_COST_MAX));
	assert_true(tayra__word_open(last, TAYRA_COST_MAX));
	assert_false(tayra__word_open(last + 1, TAYRA_COST_MAX));
	assert_false(tayra__word_open(last + TAYRA_COST_MAX, 1));
	assert_int_equal(tayra__word_limit(last + TAYRA_COST_MAX), 8);
}

static void
a_change_of_mode_begins_a_new_window(void **state)
{
	struct tayra_pace *pace = aimd();

	answers(pace, 20, TAYRA_OUTCOME_ERROR, 5 * MS, 1);
	assert_int_equal(tayra_pace_set_mode(pace, TAYRA_MODE_MONITOR, 100 * MS), TAYRA_OK);
	tayra_pace_tick(pace, 349 * MS);
	assert_string_equal(stats_of(pace).reason, "no window closed yet");
	tayra_pace_tick(pace, 350 * MS);
	assert_string_equal(stats_of(pace).reason, "too few answers");
	assert_int_equal(stats_of(pace).lowered, 0);
	tayra_pace_destroy(pace);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_window_raises_the_limit_when_it_was_reached),
		cmocka_unit_test(each_change_of_the_limit_is_kept_with_its_reason),
		cmocka_unit_test(each_limiter_tells_what_it_goes_by),
		cmocka_unit_test(enter_and_leave_close_a_window_too),
		cmocka_unit_test(ignored_and_cancelled_answers_teach_nothing),
		cmocka_unit_test(the_sensor_has_a_say_unless_it_fails),
		cmocka_unit_test(monitor_lets_all_in_and_counts_what_it_would_have_shed),
		cmocka_unit_test(off_lets_all_in_and_learns_nothing),
		cmocka_unit_test(a_ticket_let_in_while_off_teaches_nothing_later),
		cmocka_unit_test(switching_the_mode_keeps_the_count_of_what_is_held),
		cmocka_unit_test(where_all_are_let_in_the_count_has_an_end),
		cmocka_unit_test(a_change_of_mode_begins_a_new_window),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
