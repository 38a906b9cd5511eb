/* SPDX-License-Identifier: Apache-2.0 */
#include <tayra/pace.h>

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define MS TAYRA_NS_PER_MS

/* One caller of enter_start: its ticket and what it was told. */
struct guest {
	struct tayra_ticket ticket;
	struct tayra_pace *pace;
	int status;
	int told;
	uint64_t leave_ns; /* leave at once when let in, at that time; 0: do not */
};

static void
on_decided(struct tayra_ticket *ticket, int status, void *arg)
{
	struct guest *guest = arg;
	static int depth;

	assert_int_equal(depth++, 0); /* never one inside the other */
	assert_ptr_equal(ticket, &guest->ticket);
	guest->status = status;
	guest->told++;
	if (status == TAYRA_OK && guest->leave_ns)
		tayra_pace_leave(guest->pace, ticket, TAYRA_OUTCOME_OK, guest->leave_ns);
	depth--;
}

static struct tayra_pace *
pace_of(const struct tayra_pace_options *options)
{
	struct tayra_pace *pace;

	assert_int_equal(tayra_pace_create(options, &pace), TAYRA_OK);
	return pace;
}

static struct tayra_pace *
fixed(double limit, uint32_t queue_max)
{
	struct tayra_pace_options options = TAYRA_PACE_OPTIONS_INIT;

	options.limiter = TAYRA_LIMITER_FIXED;
	options.limit = limit;
	options.queue_max = queue_max;
	return pace_of(&options);
}

static int
start(struct tayra_pace *pace, struct guest *guest, enum tayra_class cls, uint64_t deadline_ns,
      uint64_t now_ns)
{
	struct tayra_pace_request request = { cls, deadline_ns, on_decided, guest };

	*guest = (struct guest){ .pace = pace, .status = TAYRA_PENDING };
	return tayra_pace_enter_start(pace, &request, now_ns, &guest->ticket);
}

static int
try_enter(struct tayra_pace *pace, struct tayra_ticket *ticket, uint64_t deadline_ns,
	  uint64_t now_ns)
{
	struct tayra_pace_request request = { .deadline_ns = deadline_ns };

	return tayra_pace_try_enter(pace, &request, now_ns, ticket);
}

static struct tayra_pace_stats
stats_of(struct tayra_pace *pace)
{
	struct tayra_pace_stats stats = TAYRA_PACE_STATS_INIT;

	tayra_pace_stats(pace, &stats);
	return stats;
}

/* n answers of that kind and latency, one after the other, all beginning at now_ns. */
static void
answers(struct tayra_pace *pace, int n, enum tayra_outcome outcome, uint64_t latency_ns,
	uint64_t now_ns)
{
	struct tayra_ticket ticket = { 0 };

	for (int i = 0; i < n; i++) {
		assert_int_equal(try_enter(pace, &ticket, 0, now_ns), TAYRA_OK);
		tayra_pace_leave(pace, &ticket, outcome, now_ns + latency_ns);
	}
}

static void
no_options_mean_the_documented_defaults(void **state)
{
	struct tayra_pace *pace = pace_of(NULL);
	struct tayra_pace_stats stats = stats_of(pace);

	assert_true(stats.limit == 8);
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
a_window_raises_the_limit_when_it_was_reached(void **state)
{
	struct tayra_pace_options options = TAYRA_PACE_OPTIONS_INIT;
	struct tayra_pace *pace;

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
enter_and_leave_close_a_window_too(void **state)
{
	struct tayra_pace *pace = pace_of(NULL);

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
	struct tayra_pace *pace = pace_of(NULL);

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
		cmocka_unit_test(waiting_too_long_in_an_overloaded_class_is_codel),
		cmocka_unit_test(the_retry_hint_is_the_time_the_queue_takes),
		cmocka_unit_test(raising_the_limit_lets_in_who_waits),
		cmocka_unit_test(a_window_raises_the_limit_when_it_was_reached),
		cmocka_unit_test(enter_and_leave_close_a_window_too),
		cmocka_unit_test(ignored_and_cancelled_answers_teach_nothing),
		cmocka_unit_test(the_sensor_has_a_say_unless_it_fails),
		cmocka_unit_test(monitor_lets_all_in_and_counts_what_it_would_have_shed),
		cmocka_unit_test(off_lets_all_in_and_learns_nothing),
		cmocka_unit_test(switching_the_mode_keeps_the_count_of_what_is_held),
		cmocka_unit_test(requests_that_make_no_sense_are_refused),
		cmocka_unit_test(an_older_caller_gets_the_stats_it_knows),
		cmocka_unit_test(a_blocked_thread_is_woken_by_a_leave),
		cmocka_unit_test(a_blocked_thread_is_woken_by_a_cancel),
		cmocka_unit_test(a_blocked_thread_gives_up_at_its_deadline),
		cmocka_unit_test(misuse_of_a_ticket_aborts_with_one_line),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
