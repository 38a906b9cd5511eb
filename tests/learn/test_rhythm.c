/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>

#include "base/rng.h"
#include "learn/rhythm.h"

#define HOUR 3600000ull
#define DAY  (24 * HOUR)

static void
pieces_cover_the_whole_time(void **state)
{
	struct tayra__rhythm rhythm = { 0 };
	struct tayra__rhythm_walk walk;
	static const double lengths[] = { 1, 999.5, 5e6, 1e9, 0x1p47 };

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++)
		for (uint64_t changed = 0; changed < 2 * DAY; changed += 7 * HOUR + 13) {
			double sum = 0;

			tayra__rhythm_walk(&rhythm, changed, DAY + 12345, lengths[i], &walk);
			for (int n = 0; n < walk.count; n++)
				sum += walk.pieces[n].length_ms;
			assert_true(fabs(sum - lengths[i]) <= 1);
		}
}

static void
without_factors_it_is_the_exponential_law(void **state)
{
	struct tayra__rhythm rhythm = { 0 };
	struct tayra__rhythm_walk walk;
	struct tayra__rhythm_fate fate;
	double rate = 2.0 / (double)DAY, length = (double)DAY;

	(void)state;
	tayra__rhythm_walk(&rhythm, 0, HOUR, length, &walk);
	fate = tayra__rhythm_fate(&walk, rate, length);
	assert_true(fabs(fate.hazard - 2) < 1e-6);
	assert_true(fabs(fate.stale_ms / length - (1 - (1 - exp(-2)) / 2)) < 1e-6);
}

static void
the_best_time_is_a_minimum_of_loads_and_priced_stale_answers(void **state)
{
	struct tayra__rhythm rhythm = { 0 };
	struct tayra__rhythm_walk walk;
	double rate = 1.0 / (double)DAY, reads = 50.0 / (double)HOUR, price = 20, best, least;

	(void)state;
	for (int hour = 8; hour < 20; hour++) /* by day */
		rhythm.hour[hour] = (struct tayra__rhythm_tally){ 400, 100 };
	for (uint64_t from = 0; from < DAY; from += HOUR) {
		tayra__rhythm_walk(&rhythm, TAYRA__RHYTHM_NEVER, 7 * DAY + from, 0x1p47, &walk);
		best = tayra__rhythm_best(&walk, rate, reads, price);
		least = (1 + price * reads * tayra__rhythm_fate(&walk, rate, best).stale_ms) /
			(1 + reads * best);
		for (double factor = 0.25; factor < 5; factor *= 1.3) {
			double ttl = factor * best;
			double stale = reads * tayra__rhythm_fate(&walk, rate, ttl).stale_ms;

			assert_true(least <= 1.0001 * (1 + price * stale) / (1 + reads * ttl));
		}
	}
}

static void
hours_in_which_more_changes_are_found(void **state)
{
	struct tayra__rhythm rhythm = { 0 };
	struct tayra__rhythm_walk walk;
	struct tayra__rng rng;
	double rate = 1.0 / (double)DAY;

	(void)state;
	tayra__rng_init(&rng, 5);
	/* Looked at every half an hour; changes by day alone, at twice the rate. */
	for (uint64_t at = 0; at < 2000 * DAY; at += HOUR / 2) {
		bool day = at % DAY < DAY / 2;
		bool changed = day && tayra__rng_unit(&rng) < 2 * rate * (double)HOUR / 2;

		tayra__rhythm_walk(&rhythm, TAYRA__RHYTHM_NEVER, at, (double)HOUR / 2, &walk);
		tayra__rhythm_learn(&rhythm, &walk, rate, changed);
	}
	tayra__rhythm_walk(&rhythm, TAYRA__RHYTHM_NEVER, 3000 * DAY, (double)DAY, &walk);
	assert_true(walk.pieces[6].by_hour > 1.5 && walk.pieces[6].by_hour < 2.5);
	assert_true(walk.pieces[18].by_hour < 0.2);
}

static void
a_change_somewhere_in_a_long_time_is_shared_out(void **state)
{
	struct tayra__rhythm rhythm = { 0 };
	struct tayra__rhythm_walk walk;
	double seen = 0, exposed, rate = 0.5 / (double)DAY;

	(void)state;
	tayra__rhythm_walk(&rhythm, TAYRA__RHYTHM_NEVER, 0, (double)DAY, &walk);
	exposed = tayra__rhythm_learn(&rhythm, &walk, rate, true);
	for (int hour = 0; hour < 24; hour++)
		seen += rhythm.hour[hour].seen;
	assert_true(fabs(seen - 1) < 0.01);
	/* E[first change | it is before the end] */
	assert_true(fabs(exposed - (1 / rate - (double)DAY / expm1(0.5))) < 0.001 * exposed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_cover_the_whole_time),
		cmocka_unit_test(without_factors_it_is_the_exponential_law),
		cmocka_unit_test(the_best_time_is_a_minimum_of_loads_and_priced_stale_answers),
		cmocka_unit_test(hours_in_which_more_changes_are_found),
		cmocka_unit_test(a_change_somewhere_in_a_long_time_is_shared_out),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
