/* SPDX-License-Identifier: Apache-2.0 */
#include "prove/past.h"

#include <tayra/base.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static const double pairs[2] = { 3, 4 };

static void
keep(struct tayra__past *past, const char *bench, const char *metric, const char *b,
     const char *time, double value)
{
	struct tayra__history_row row = {
		.b_value = value, .a_pairs = pairs, .b_pairs = pairs + 1, .pairs_kept = 1
	};

	snprintf(row.bench, sizeof(row.bench), "%s", bench);
	snprintf(row.metric, sizeof(row.metric), "%s", metric);
	snprintf(row.b, sizeof(row.b), "%s", b);
	snprintf(row.time, sizeof(row.time), "%s", time);
	snprintf(row.run, sizeof(row.run), "run of %s", time);
	assert_true(tayra__past_keep(past, &row));
}

static void
series_stand_together_in_order_of_time_and_doubles_count_once(void **state)
{
	struct tayra__past past;

	(void)state;
	assert_int_equal(tayra__past_init(&past, NULL, NULL), TAYRA_OK);
	keep(&past, "two", "cpu", "b", "2026-02", 1);
	keep(&past, "one", "cpu", "b", "2026-03", 3);
	keep(&past, "one", "cpu", "b", "2026-01", 2);
	keep(&past, "one", "cpu", "b", "2026-03", 3);
	keep(&past, "one", "cpu", "c", "2026-01", 9);
	keep(&past, "one", "wall", "b", "2026-01", 9);
	tayra__past_sort(&past);
	assert_int_equal(past.count, 5);
	assert_true(past.rows[0].b_value == 2 && past.rows[1].b_value == 3);
	assert_int_equal(tayra__past_series(&past, 0), 2);
	assert_int_equal(tayra__past_series(&past, 2), 3);
	assert_string_equal(past.rows[2].b, "c");
	assert_int_equal(tayra__past_series(&past, 4), 5);
	assert_string_equal(past.rows[4].bench, "two");
	/* The newest has its pairs. */
	assert_string_equal(past.last.time, "2026-03");
	assert_true(past.pairs[0] == 3 && past.pairs[TAYRA__HISTORY_PAIRS] == 4);
	tayra__past_fini(&past);
}

static void
only_what_is_wanted_is_kept(void **state)
{
	struct tayra__past past;

	(void)state;
	assert_int_equal(tayra__past_init(&past, "one", "cpu"), TAYRA_OK);
	keep(&past, "two", "cpu", "b", "2026-02", 1);
	keep(&past, "one", "wall", "b", "2026-02", 1);
	assert_int_equal(past.count, 0);
	tayra__past_sort(&past);
	for (int i = 0; i < 200; i++)
		keep(&past, "one", "cpu", "b", "2026-02", 1);
	assert_int_equal(past.count, 200);
	tayra__past_fini(&past);
}

static void
a_trend_is_a_relative_change_a_run(void **state)
{
	struct tayra__history_row rows[12];
	struct tayra__trend trend;

	(void)state;
	memset(rows, 0, sizeof(rows));
	for (int i = 0; i < 12; i++)
		rows[i].b_value = 10 * pow(1.02, i);
	assert_int_equal(tayra__past_trend(rows, 12, &trend), TAYRA_OK);
	assert_true(fabs(trend.slope - 0.02) < 1e-9 && trend.p < 0.01);
	assert_int_equal(tayra__past_trend(rows, 3, &trend), TAYRA_OK);
	assert_true(isnan(trend.slope));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(series_stand_together_in_order_of_time_and_doubles_count_once),
		cmocka_unit_test(only_what_is_wanted_is_kept),
		cmocka_unit_test(a_trend_is_a_relative_change_a_run),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
