/* SPDX-License-Identifier: Apache-2.0 */
#include "guest.h"

#include "pace/ceiling.h"

#include <math.h>
#include <string.h>

#define SECOND TAYRA_NS_PER_S

static const struct tayra__limit_rule rule = {
	.min = 1,
	.max = 1024,
	.cpu_max = 0.8,
	.memory_max = 0.85,
	.memory_stall_max = 0.1,
	.io_stall_max = 0.2,
};

static struct tayra__ceiling ceiling;

/* So many quarters of a second like that.  => where it is then. */
static double
after(unsigned windows, struct tayra_pressure pressure, double limit)
{
	while (windows--)
		tayra__ceiling_update(&ceiling, &rule, &pressure, limit, 250 * MS);
	return ceiling.most;
}

static int
setup(void **state)
{
	ceiling = (struct tayra__ceiling){ 0 };
	return 0;
}

static const struct tayra_pressure calm = { 0.5, 0.5, 0.9, 0.01, 0.01 };

static void
what_is_well_or_not_known_sets_no_ceiling(void **state)
{
	assert_true(after(100, calm, 20) == 0);
	assert_true(after(100, tayra__limit_no_pressure(), 20) == 0);
}

static void
over_a_bound_the_limit_stands(void **state)
{
	static const struct {
		struct tayra_pressure pressure;
		const char *reason;
	} rows[] = {
		{ { 0.8, 0.5, 0, 0, 0 }, "cpu over maximum" },
		{ { 0.5, 0.85, 0, 0, 0 }, "memory over maximum" },
		{ { 0.5, 0.5, 0, 0.1, 0 }, "memory stalls over maximum" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		setup(NULL);
		assert_true(after(40, rows[i].pressure, 20) == 20);
		assert_string_equal(ceiling.reason, rows[i].reason);
		assert_true(after(1, rows[i].pressure, 15) == 15); /* it follows down, */
		assert_true(after(1, rows[i].pressure, 18) == 15); /* and not up */
	}
}

static void
memory_that_runs_out_and_io_that_stalls_cut_it_once_a_second(void **state)
{
	const struct tayra_pressure hard = { 0.5, 0.95, 0, 0, 0 }, io = { 0.5, 0.5, 0, 0, 0.2 };

	assert_true(after(1, hard, 100) == 70);
	assert_true(after(3, hard, 100) == 70);
	assert_true(after(1, hard, 70) > 48.9 && ceiling.most < 49.1);
	assert_true(after(4000, hard, 1) == 1); /* never below the least */
	setup(NULL);
	assert_true(after(1, io, 100) == 90);
	assert_string_equal(ceiling.reason, "I/O stalls over maximum");
	assert_true(after(4, io, 90) == 81);
}

static void
it_is_lifted_after_five_calm_seconds_and_not_in_the_band(void **state)
{
	const struct tayra_pressure over = { 0.9, 0.5, 0, 0, 0 }, band = { 0.78, 0.5, 0, 0, 0 };

	after(1, over, 20);
	assert_true(after(100, band, 20) == 20);
	assert_true(after(19, calm, 20) == 20);
	after(1, band, 20); /* all five of them */
	assert_true(after(19, calm, 20) == 20);
	assert_true(after(1, calm, 20) == 0);
	/* A sensor that has failed for five seconds holds nobody back. */
	after(1, over, 20);
	assert_true(after(20, tayra__limit_no_pressure(), 20) == 0);
}

static void
a_bound_of_one_is_not_looked_at(void **state)
{
	struct tayra__limit_rule none = rule;
	const struct tayra_pressure full = { 1, 1, 1, 1, 1 };

	none.cpu_max = none.memory_max = none.memory_stall_max = none.io_stall_max = 1;
	tayra__ceiling_update(&ceiling, &none, &full, 20, SECOND);
	assert_true(ceiling.most == 0);
}

static void
memory_is_scarce_where_it_cuts_until_five_seconds_well_below(void **state)
{
	static const struct {
		double memory;
		unsigned windows; /* of a quarter of a second */
		bool scarce;
	} rows[] = {
		{ 0.94, 100, false }, { 0.95, 1, true },    { 0.91, 100, true }, /* in the band */
		{ 0.90, 19, true },   { 0.91, 1, true },    { 0.90, 19, true },  /* from anew */
		{ 0.90, 1, false },   { 0.94, 100, false }, { 0.99, 1, true },
	};
	struct tayra__scarcity scarcity = { 0 };
	struct tayra__limit_rule none = rule;
	struct tayra_pressure p = tayra__limit_no_pressure();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		p.memory = rows[i].memory;
		for (unsigned w = 0; w < rows[i].windows; w++)
			tayra__scarcity_update(&scarcity, &rule, &p, 250 * MS);
		assert_int_equal(scarcity.now, rows[i].scarce);
	}
	/* It is scarce now.  A sensor that fails is believed for five seconds, */
	p = tayra__limit_no_pressure();
	for (unsigned w = 0; w < 20; w++) {
		assert_true(scarcity.now);
		tayra__scarcity_update(&scarcity, &rule, &p, 250 * MS);
	}
	assert_false(scarcity.now);
	/* and a bound that is switched off is not looked at. */
	p.memory = 1;
	tayra__scarcity_update(&scarcity, &rule, &p, 250 * MS);
	assert_true(scarcity.now);
	none.memory_max = 1;
	tayra__scarcity_update(&scarcity, &none, &p, 250 * MS);
	assert_false(scarcity.now);
}

/* From here on the whole pace. */

static struct tayra_pressure now;

static int
read_now(void *ctx, uint64_t now_ns, struct tayra_pressure *out)
{
	*out = now;
	return TAYRA_OK;
}

static const struct tayra_sensor sensor = { read_now, NULL };

static struct tayra_pace *
sensing(enum tayra_limiter limiter)
{
	struct tayra_pace_options options = TAYRA_PACE_OPTIONS_INIT;

	options.limiter = limiter;
	options.limit = 8;
	options.sensor = &sensor;
	options.window_ns = 250 * MS;
	options.codel_target_ns = 60 * SECOND;
	return pace_of(&options);
}

static void
windows(struct tayra_pace *pace, unsigned n, uint64_t from)
{
	for (unsigned i = 0; i < n; i++) {
		struct tayra_ticket tickets[2000];
		uint64_t at = (from + i) * 250 * MS;
		unsigned held = 0;

		memset(tickets, 0, sizeof(tickets));
		while (try_enter(pace, &tickets[held], 0, at + 1) == TAYRA_OK)
			held++;
		for (unsigned t = 0; t < held; t++)
			tayra_pace_leave(pace, &tickets[t], TAYRA_OUTCOME_OK, at + 10 * MS);
		answers(pace, 20, TAYRA_OUTCOME_OK, 10 * MS, at + 11 * MS);
		tayra_pace_tick(pace, at + 250 * MS);
	}
}

static void
pressure_holds_a_limiter_that_would_go_on(void **state)
{
	struct tayra_pace *pace = sensing(TAYRA_LIMITER_LATENCY);
	double before;

	now = (struct tayra_pressure){ 0.9, 0.5, 0, 0, 0 };
	windows(pace, 3, 1);
	before = stats_of(pace).limit;
	windows(pace, 10, 4);
	assert_true(stats_of(pace).limit == before);
	assert_true(stats_of(pace).ceiling == before);
	assert_string_equal(stats_of(pace).reason, "cpu over maximum");
	now.io_stall = 0.5;
	windows(pace, 1, 14);
	assert_true(stats_of(pace).limit < before);
	assert_string_equal(stats_of(pace).reason, "I/O stalls over maximum");
	assert_int_equal(stats_of(pace).lowered, 1);
	now = calm;
	windows(pace, 25, 15);
	assert_true(stats_of(pace).limit > before);
	assert_true(stats_of(pace).ceiling == 0);
	tayra_pace_destroy(pace);
}

static void
a_limit_set_by_hand_lifts_the_ceiling(void **state)
{
	struct tayra_pace *pace = sensing(TAYRA_LIMITER_LATENCY);

	now = (struct tayra_pressure){ 0.9, 0.5, 0, 0, 0 };
	windows(pace, 2, 1);
	assert_true(stats_of(pace).ceiling > 0);
	assert_int_equal(tayra_pace_set_limit(pace, 0.5, 4 * SECOND), TAYRA_E_INVAL);
	assert_int_equal(tayra_pace_set_limit(pace, (double)NAN, 4 * SECOND), TAYRA_E_INVAL);
	assert_int_equal(tayra_pace_set(pace, "limit", "1e9", 4 * SECOND, NULL, 0), TAYRA_E_INVAL);
	assert_true(stats_of(pace).ceiling > 0); /* who is refused lifts nothing */
	assert_int_equal(tayra_pace_set_limit(pace, 50, 4 * SECOND), TAYRA_OK);
	assert_true(stats_of(pace).ceiling == 0);
	windows(pace, 2, 17);
	assert_int_equal(tayra_pace_set(pace, "limit", "80", 5 * SECOND, NULL, 0), TAYRA_OK);
	assert_true(stats_of(pace).limit == 80);
	tayra_pace_destroy(pace);
}

static void
elasticity_looks_at_cpu_and_io_only_if_told(void **state)
{
	struct tayra_pace *pace = sensing(TAYRA_LIMITER_ELASTICITY);

	now = (struct tayra_pressure){ 1, 0.5, 1, 0, 1 };
	windows(pace, 4, 1);
	assert_true(stats_of(pace).ceiling == 0);
	assert_int_equal(tayra_pace_set(pace, "cpu_max", "0.8", 2 * SECOND, NULL, 0), TAYRA_OK);
	windows(pace, 1, 9);
	assert_true(stats_of(pace).ceiling > 0);
	tayra_pace_destroy(pace);
}

static void
a_fixed_limit_stays(void **state)
{
	struct tayra_pace *pace = sensing(TAYRA_LIMITER_FIXED);

	now = (struct tayra_pressure){ 1, 1, 1, 1, 1 };
	windows(pace, 20, 1);
	assert_true(stats_of(pace).limit == 8);
	assert_string_equal(stats_of(pace).reason, "fixed");
	tayra_pace_destroy(pace);
}

static int
come(struct tayra_pace *pace, enum tayra_class cls, uint64_t at, struct tayra_ticket *ticket)
{
	*ticket = (struct tayra_ticket){ 0 };
	return tayra_pace_try_enter(pace, &(struct tayra_pace_request){ .cls = cls }, at, ticket);
}

static void
background_goes_first_where_memory_runs_out(void **state)
{
	static const enum tayra_limiter limiters[] = { TAYRA_LIMITER_ELASTICITY, TAYRA_LIMITER_AIMD,
						       TAYRA_LIMITER_FIXED };

	for (size_t i = 0; i < sizeof(limiters) / sizeof(limiters[0]); i++) {
		struct tayra_pace *pace = sensing(limiters[i]);
		struct tayra_ticket held[8] = { 0 }, ticket;
		struct guest guests[TAYRA_CLASSES][2];

		now = calm;
		tayra_pace_tick(pace, 1 * SECOND);
		for (int t = 0; t < 8; t++)
			assert_int_equal(try_enter(pace, &held[t], 0, SECOND + MS), TAYRA_OK);
		for (int c = 0; c < TAYRA_CLASSES; c++)
			for (int k = 0; k < 2; k++)
				assert_int_equal(start(pace, &guests[c][k],
						       (enum tayra_class)(c + 1), 0, SECOND + MS),
						 TAYRA_PENDING);
		tayra_pace_tick(pace, SECOND + 300 * MS);
		assert_int_equal(guests[TAYRA_BACKGROUND - 1][0].told, 0);
		now.memory = 0.95;
		tayra_pace_tick(pace, SECOND + 600 * MS);
		for (int c = 0; c < TAYRA_CLASSES; c++)
			for (int k = 0; k < 2; k++) {
				bool last = c == TAYRA_BACKGROUND - 1;

				assert_int_equal(guests[c][k].told, last);
				assert_int_equal(guests[c][k].status,
						 last ? TAYRA_E_OVERLOAD : TAYRA_PENDING);
				if (last)
					assert_int_equal(guests[c][k].ticket.retry_after_ns,
							 5 * SECOND);
			}
		for (int t = 0; t < 8; t++)
			tayra_pace_leave(pace, &held[t], TAYRA_OUTCOME_OK, SECOND + 610 * MS);
		for (int c = 0; c < TAYRA_BACKGROUND - 1; c++)
			for (int k = 0; k < 2; k++) {
				tayra_pace_tick(pace, SECOND + 620 * MS);
				assert_int_equal(guests[c][k].status, TAYRA_OK);
				tayra_pace_leave(pace, &guests[c][k].ticket, TAYRA_OUTCOME_OK,
						 SECOND + 620 * MS);
			}
		/* There is room, but not for them. */
		assert_int_equal(come(pace, TAYRA_BACKGROUND, SECOND + 630 * MS, &ticket),
				 TAYRA_E_OVERLOAD);
		assert_int_equal(start(pace, &guests[0][0], TAYRA_BACKGROUND, 0, SECOND + 630 * MS),
				 TAYRA_E_OVERLOAD);
		assert_int_equal(stats_of(pace).shed_memory, 4);
		assert_int_equal(come(pace, TAYRA_LOW, SECOND + 640 * MS, &ticket), TAYRA_OK);
		tayra_pace_leave(pace, &ticket, TAYRA_OUTCOME_OK, SECOND + 641 * MS);
		now = calm;
		windows(pace, 19, 7);
		assert_int_equal(come(pace, TAYRA_BACKGROUND, 6600 * MS, &ticket),
				 TAYRA_E_OVERLOAD);
		windows(pace, 2, 27);
		assert_int_equal(come(pace, TAYRA_BACKGROUND, 7400 * MS, &ticket), TAYRA_OK);
		tayra_pace_leave(pace, &ticket, TAYRA_OUTCOME_OK, 7401 * MS);
		assert_int_equal(stats_of(pace).shed_memory, 5);
		tayra_pace_destroy(pace);
	}
}

static void
where_nothing_is_enforced_background_is_let_in_and_counted(void **state)
{
	static const enum tayra_mode modes[] = { TAYRA_MODE_MONITOR, TAYRA_MODE_OFF };

	for (int i = 0; i < 2; i++) {
		struct tayra_pace *pace = sensing(TAYRA_LIMITER_FIXED);
		struct tayra_ticket ticket;

		now = (struct tayra_pressure){ 0.5, 1, 0, 0, 0 };
		windows(pace, 2, 1);
		assert_int_equal(come(pace, TAYRA_BACKGROUND, 751 * MS, &ticket), TAYRA_E_OVERLOAD);
		assert_int_equal(tayra_pace_set_mode(pace, modes[i], 752 * MS), TAYRA_OK);
		assert_int_equal(come(pace, TAYRA_BACKGROUND, 753 * MS, &ticket), TAYRA_OK);
		tayra_pace_leave(pace, &ticket, TAYRA_OUTCOME_OK, 754 * MS);
		assert_int_equal(stats_of(pace).shed_memory,
				 modes[i] == TAYRA_MODE_MONITOR ? 2 : 1);
		tayra_pace_destroy(pace);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_is_well_or_not_known_sets_no_ceiling, setup),
		cmocka_unit_test_setup(over_a_bound_the_limit_stands, setup),
		cmocka_unit_test_setup(memory_that_runs_out_and_io_that_stalls_cut_it_once_a_second,
				       setup),
		cmocka_unit_test_setup(it_is_lifted_after_five_calm_seconds_and_not_in_the_band,
				       setup),
		cmocka_unit_test_setup(a_bound_of_one_is_not_looked_at, setup),
		cmocka_unit_test(pressure_holds_a_limiter_that_would_go_on),
		cmocka_unit_test(a_limit_set_by_hand_lifts_the_ceiling),
		cmocka_unit_test(elasticity_looks_at_cpu_and_io_only_if_told),
		cmocka_unit_test(a_fixed_limit_stays),
		cmocka_unit_test(memory_is_scarce_where_it_cuts_until_five_seconds_well_below),
		cmocka_unit_test(background_goes_first_where_memory_runs_out),
		cmocka_unit_test(where_nothing_is_enforced_background_is_let_in_and_counted),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
