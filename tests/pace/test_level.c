/* SPDX-License-Identifier: Apache-2.0
 *
 * What counts towards a level of concurrency, and what does not.
 */
#include "pace/level.h"

#include "pace/limit.h"

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#define MS TAYRA_NS_PER_MS

/* 50 ms with so many answers, each of which took as long. */
static struct tayra__limit_window
window_of(uint32_t ok, double latency_ms)
{
	const double ns = latency_ms * MS;

	return (struct tayra__limit_window){
		.length_ns = 50 * MS,
		.answers = ok,
		.own = ok,
		.ok_ns = ok * ns,
		.ok_ns2 = ok * ns * ns,
	};
}

static void
add(struct tayra__level *level, uint32_t ok, int windows)
{
	while (windows--) {
		struct tayra__limit_window window = window_of(ok, 10);

		tayra__level_add(level, &window, 10, 1000);
	}
}

static void
every_answer_counts_once_others_have_left(void **state)
{
	struct tayra__limit_window window = window_of(50, 100);
	struct tayra__level level = { 0 };

	tayra__level_add(&level, &window, 10, 0); /* to know the latency */
	tayra__level_begin(&level, true);
	window.old = 6;
	assert_false(tayra__level_add(&level, &window, 10, 0));
	window.old = 1;
	assert_false(tayra__level_add(&level, &window, 10, 0)); /* it still saw them */
	window.own = 0;
	assert_true(tayra__level_add(&level, &window, 10, 0));
	assert_true(level.sum.ok == 50);
	assert_true(tayra__level_per_s(&level) == 1000);
}

/* Clients that wait for their answers, and arrivals of the same mean. */
static void
a_crowd_is_told_from_arrivals_by_how_it_varies(void **state)
{
	const uint32_t clients[] = { 11, 11, 11, 11 }, arrivals[] = { 8, 14, 11, 11 };

	for (int of_arrivals = 0; of_arrivals < 2; of_arrivals++) {
		struct tayra__level level = { 0 };

		for (int i = 0; i < 4; i++) {
			struct tayra__limit_window window = window_of(50, 10);

			window.inflight_now = of_arrivals ? arrivals[i] : clients[i];
			window.inflight_max = window.inflight_now;
			window.inflight = 10.8;
			tayra__level_add(&level, &window, 16, 1000);
		}
		assert_true(of_arrivals ? tayra__level_crowd(&level) == 0
					: fabs(tayra__level_crowd(&level) - 10.8) < 1e-6);
	}
}

static void
errors_are_no_throughput_and_drops_cost_some(void **state)
{
	struct tayra__limit_window window = window_of(50, 10);
	struct tayra__level level = { 0 };

	window.answers = 100;
	window.errors = 50;
	tayra__level_add(&level, &window, 10, 0);
	assert_true(tayra__level_per_s(&level) == 1000);
	tayra__level_begin(&level, false);
	window.drops = 50;
	tayra__level_add(&level, &window, 10, 0);
	assert_true(tayra__level_per_s(&level) < 900);
}

static void
a_stall_is_left_out_with_the_windows_beside_it(void **state)
{
	struct tayra__level level = { 0 };

	add(&level, 50, 3);
	add(&level, 20, 1); /* it begins in this one, */
	add(&level, 0, 3);
	add(&level, 30, 1); /* and ends in this */
	add(&level, 50, 2);
	assert_true(level.sum.ns == 250 * MS);
	assert_true(tayra__level_per_s(&level) == 1000);
}

static void
what_stands_still_for_long_counts(void **state)
{
	struct tayra__level level = { 0 };

	add(&level, 50, 4);
	add(&level, 0, 40);
	assert_true(level.sum.ns > 1000 * MS);
	assert_true(tayra__level_per_s(&level) < 300);
}

/* 19 of 1 ms and one of 100: at any moment a slot is busy with the latter, most likely. */
static void
few_large_ones_are_what_slots_are_busy_with(void **state)
{
	struct tayra__limit_window window = window_of(19, 1);
	struct tayra__level level = { 0 };

	window.answers++;
	window.ok_ns += 100.0 * MS;
	window.ok_ns2 += 10000.0 * MS * MS;
	tayra__level_add(&level, &window, 10, 0);
	assert_true(tayra__level_mean_ns(&level) > 5.9 * MS &&
		    tayra__level_mean_ns(&level) < 6 * MS);
	assert_true(tayra__level_busy_ns(&level) > 80 * MS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_answer_counts_once_others_have_left),
		cmocka_unit_test(a_crowd_is_told_from_arrivals_by_how_it_varies),
		cmocka_unit_test(errors_are_no_throughput_and_drops_cost_some),
		cmocka_unit_test(a_stall_is_left_out_with_the_windows_beside_it),
		cmocka_unit_test(what_stands_still_for_long_counts),
		cmocka_unit_test(few_large_ones_are_what_slots_are_busy_with),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
