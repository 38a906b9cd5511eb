/* SPDX-License-Identifier: Apache-2.0
 *
 * What elasticity does window by window; how well it does is in tests/scene/test_limiters.c.
 */
#include "pace/limit.h"

#include <math.h>
#include <string.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#define MS TAYRA_NS_PER_MS

static struct tayra__limit
limit_at(double now, bool warm)
{
	return (struct tayra__limit){
		.ops = &tayra__limit_elasticity,
		.now = now,
		.learned = now,
		.warm = warm,
		.starting = !warm,
		.rule = { .min = 1,
			  .max = 1000,
			  .error_max = 0.05,
			  .memory_max = 0.85,
			  .dither = 0.15,
			  .price = 0.1 },
	};
}

/* 50 ms that were full, with so many answers. */
static struct tayra__limit_window
window_of(const struct tayra__limit *limit, uint32_t answers)
{
	const double slots = floor(limit->now);

	return (struct tayra__limit_window){
		.length_ns = 50 * MS,
		.answers = answers,
		.own = answers,
		.own_mean_ns = 10 * MS,
		.own_p90_ns = 20 * MS,
		.ok_ns = answers * 10.0 * MS,
		.ok_ns2 = answers * 200.0 * MS * MS,
		.inflight = slots,
		.inflight_now = (uint32_t)slots,
		.inflight_max = (uint32_t)slots,
		.reached = true,
	};
}

/* A backend that answers 5 a window for each slot, up to `best` of them. */
static void
serve(struct tayra__limit *limit, double best, int windows, double memory)
{
	while (windows--) {
		struct tayra__limit_window window = window_of(
			limit, (uint32_t)(5 * fmin(floor(limit->now), best)));

		window.pressure.memory = memory;
		tayra__limit_learn(limit, &window);
	}
}

static void
a_start_waits_for_what_takes_longer_than_a_level(void **state)
{
	/* quick ones leave; the other slot is held all the time, or not */
	for (int held = 0; held < 2; held++) {
		struct tayra__limit limit = limit_at(2, false);

		for (int i = 0; i < 10; i++) {
			struct tayra__limit_window window = window_of(&limit, 40);

			window.inflight -= held;
			tayra__limit_learn(&limit, &window);
		}
		assert_true(held ? limit.now == 2 : limit.now > 2);
	}
}

static void
it_doubles_until_nothing_more_is_gained(void **state)
{
	struct tayra__limit limit = limit_at(2, false);
	double largest = 0;

	for (int i = 0; i < 40; i++) {
		serve(&limit, 16, 1, 0);
		largest = fmax(largest, limit.now);
	}
	assert_true(largest == 32);
	assert_true(limit.learned > 13 && limit.learned < 22);
	assert_false(limit.starting);
}

static void
without_data_it_holds(void **state)
{
	struct tayra__limit limit = limit_at(2, false);
	struct tayra__limit_window window = window_of(&limit, 0);

	for (int i = 0; i < 1000; i++)
		assert_int_equal(tayra__limit_learn(&limit, &window), TAYRA__LIMIT_HELD);
	assert_true(limit.now == 2);
}

static void
what_is_not_full_changes_nothing(void **state)
{
	struct tayra__limit limit = limit_at(20, true);

	for (int i = 0; i < 1000; i++) {
		struct tayra__limit_window window = window_of(&limit, 100);

		window.inflight = 10;
		window.inflight_now = 10;
		assert_int_equal(tayra__limit_learn(&limit, &window), TAYRA__LIMIT_HELD);
	}
	assert_true(limit.now == 20);
	assert_string_equal(limit.reason, "application-limited");
}

/* A third of the slots are in use since the others are turned away: they would be late, because
 * there are too many at once.  Few who ask for what cannot be are no reason to look. */
static void
who_is_turned_away_as_too_late_was_there(void **state)
{
	const uint32_t turned_away[] = { 3, 200 };

	for (int many = 0; many < 2; many++) {
		struct tayra__limit limit = limit_at(30, true);

		for (int i = 0; i < 200; i++) {
			struct tayra__limit_window window = window_of(&limit, 100);

			window.inflight = window.inflight_now = 10;
			window.hopeless = turned_away[many];
			tayra__limit_learn(&limit, &window);
		}
		assert_true(many ? limit.learned < 25 : limit.learned == 30);
	}
}

/* So many clients, each with one request at a time, before a backend that does less with more than
 * `knee` of them: after the knee has moved below their number, and at a start that doubled over it.
 */
static void
a_crowd_that_is_too_large_is_seen_below_the_limit(void **state)
{
	for (int warm = 0; warm < 2; warm++) {
		struct tayra__limit limit = limit_at(warm ? 22 : 2, warm);

		for (int i = 0; i < 400; i++) {
			const double knee = warm && i < 40 ? 22 : 5;
			const double n = fmin(floor(limit.now), warm && i < 40 ? 30 : 11);
			struct tayra__limit_window window = window_of(
				&limit,
				(uint32_t)(20 * knee * (n < knee ? n : knee * knee / n) / knee));

			window.inflight = window.inflight_now = window.inflight_max = (uint32_t)n;
			tayra__limit_learn(&limit, &window);
		}
		assert_true(limit.learned < 8);
	}
}

static void
while_those_from_before_a_change_are_there_nothing_counts(void **state)
{
	struct tayra__limit limit = limit_at(2, false);
	struct tayra__limit_window window;

	serve(&limit, 16, 12, 0);
	for (int i = 0; i < 2; i++) {
		double before = limit.now;

		window = window_of(&limit, 1);
		window.old = (uint32_t)before / 2;
		tayra__limit_learn(&limit, &window);
		assert_true(limit.now == before);
	}
}

/* More than 12 at once make a convoy of a third of the speed, that ends when 4 are left. */
static void
a_convoy_is_emptied_and_its_place_remembered(void **state)
{
	struct tayra__limit limit = limit_at(2, false);
	bool stuck = false;
	int emptied = 0;

	for (int i = 0; i < 400; i++) {
		const double slots = floor(limit.now);
		struct tayra__limit_window window;
		bool was = strcmp(limit.reason ? limit.reason : "", "emptied") == 0;

		stuck = slots > (stuck ? 4 : 12);
		window = window_of(&limit, (uint32_t)(5 * fmin(slots, 12) * (stuck ? 0.3 : 1)));
		tayra__limit_learn(&limit, &window);
		emptied += !was && limit.reason && strcmp(limit.reason, "emptied") == 0;
	}
	assert_true(emptied > 0 && emptied < 12);
	assert_false(stuck);
	assert_true(limit.now >= 10 && limit.now <= 12);
}

/* A backend that has become slower stays slow when it is emptied: its limit is what it was. */
static void
what_is_merely_slower_is_not_emptied_again_soon(void **state)
{
	struct tayra__limit limit = limit_at(2, false);
	int emptied = 0;

	serve(&limit, 16, 200, 0);
	for (int i = 0; i < 100; i++) {
		struct tayra__limit_window window = window_of(
			&limit, (uint32_t)(1.5 * fmin(floor(limit.now), 16)));

		tayra__limit_learn(&limit, &window);
		emptied += strcmp(limit.reason, "emptied") == 0 && limit.now > 1 ? 1 : 0;
		emptied += strcmp(limit.reason, "emptying it: it may be stuck") == 0 ? 100 : 0;
	}
	assert_true(emptied >= 100 && emptied < 1000);
	assert_true(limit.learned > 9 && limit.learned < 24);
}

static void
a_pause_is_no_reason_to_go_down(void **state)
{
	struct tayra__limit limit = limit_at(2, false);
	double before;

	serve(&limit, 16, 200, 0);
	before = limit.learned;
	for (int i = 0; i < 40; i++) {
		struct tayra__limit_window window = window_of(&limit, 0);

		window.own_mean_ns = 0;
		for (int w = 0; w < 4; w++)
			tayra__limit_learn(&limit, &window);
		serve(&limit, 16, 16, 0);
		assert_true(limit.learned > 0.7 * before && limit.learned < 1.4 * before);
	}
}

/* A third of all is refused at once, at any limit: fewer would only get less done. */
static void
drops_that_fewer_do_not_lessen_are_borne(void **state)
{
	struct tayra__limit limit = limit_at(16, true);

	for (int i = 0; i < 400; i++) {
		const uint32_t ok = (uint32_t)(5 * fmin(floor(limit.now), 16));
		struct tayra__limit_window window = window_of(&limit, ok);

		window.answers = ok + ok / 2;
		window.errors = window.drops = ok / 2;
		tayra__limit_learn(&limit, &window);
	}
	assert_true(limit.learned > 11);
}

/* One answer a window, and of 14 two in a row are dropped: a seventh, of which two say little.  All
 * that is dropped says enough soon. */
static void
drops_are_counted_by_answers_however_slowly_they_come(void **state)
{
	struct tayra__limit limit = limit_at(3, true);
	int windows = 0;

	for (int i = 0; i < 700; i++) {
		struct tayra__limit_window window = window_of(&limit, 1);

		window.drops = window.errors = i % 14 < 2;
		tayra__limit_learn(&limit, &window);
		assert_true(!limit.reason || strcmp(limit.reason, "drops over maximum") != 0);
	}
	limit = limit_at(3, true);
	while (limit.now > 1 && windows++ < 20) {
		struct tayra__limit_window window = window_of(&limit, 1);

		window.drops = window.errors = 1;
		tayra__limit_learn(&limit, &window);
	}
	assert_true(windows < 10);
}

static void
a_saved_limit_is_where_it_begins(void **state)
{
	struct tayra__limit limit = limit_at(20, true);

	for (int i = 0; i < 40; i++) {
		serve(&limit, 20, 1, 0);
		assert_true(limit.now >= 12 && limit.now <= 31);
	}
}

static void
drops_cut_it_once_for_each_generation(void **state)
{
	struct tayra__limit limit = limit_at(20, true);
	struct tayra__limit_window window = window_of(&limit, 20);

	window.own = 0;
	window.drops = window.errors = 20;
	assert_int_equal(tayra__limit_learn(&limit, &window), TAYRA__LIMIT_LOWERED);
	assert_string_equal(limit.reason, "drops over maximum");
	assert_true(limit.now == 8);
	window.old = 10; /* begun before the cut */
	assert_int_equal(tayra__limit_learn(&limit, &window), TAYRA__LIMIT_HELD);
	window.old = 0;
	assert_int_equal(tayra__limit_learn(&limit, &window), TAYRA__LIMIT_LOWERED);
	for (int i = 0; i < 20; i++)
		tayra__limit_learn(&limit, &window);
	assert_true(limit.now == 1);
}

/* Or else all are served so late, behind the others, that too few of them are in time ever to
 * begin again.  What the backend itself refused is no matter of the queue. */
static void
while_it_starts_drops_end_its_patience_before_they_cut(void **state)
{
	for (int refused = 0; refused < 2; refused++) {
		struct tayra__limit limit = limit_at(4, false);
		struct tayra__limit_window window = window_of(&limit, 20);

		assert_true(limit.starting);
		window.own = 0;
		window.drops = window.errors = 20;
		window.refused = refused ? 20 : 0;
		assert_int_equal(tayra__limit_learn(&limit, &window),
				 refused ? TAYRA__LIMIT_LOWERED : TAYRA__LIMIT_HELD);
		assert_false(limit.starting);
		if (!refused)
			assert_int_equal(tayra__limit_learn(&limit, &window), TAYRA__LIMIT_LOWERED);
	}
}

static void
a_p90_over_its_maximum_cuts_it(void **state)
{
	struct tayra__limit limit = limit_at(20, true);
	double before;

	limit.rule.p90_max_ns = 25 * MS;
	serve(&limit, 20, 4, 0);
	before = limit.learned;
	assert_true(before >= 20);
	limit.rule.p90_max_ns = 18 * MS;
	serve(&limit, 20, 12, 0);
	assert_true(limit.learned < 0.95 * before && limit.learned > 0.5 * before);
}

static void
memory_over_its_maximum_keeps_it_from_growing(void **state)
{
	struct tayra__limit limit = limit_at(2, false);

	serve(&limit, 100, 100, 0.9);
	assert_true(limit.learned <= 2);
	serve(&limit, 100, 100, 0.5);
	assert_true(limit.learned > 50);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_doubles_until_nothing_more_is_gained),
		cmocka_unit_test(a_start_waits_for_what_takes_longer_than_a_level),
		cmocka_unit_test(without_data_it_holds),
		cmocka_unit_test(what_is_not_full_changes_nothing),
		cmocka_unit_test(who_is_turned_away_as_too_late_was_there),
		cmocka_unit_test(a_crowd_that_is_too_large_is_seen_below_the_limit),
		cmocka_unit_test(while_those_from_before_a_change_are_there_nothing_counts),
		cmocka_unit_test(a_convoy_is_emptied_and_its_place_remembered),
		cmocka_unit_test(what_is_merely_slower_is_not_emptied_again_soon),
		cmocka_unit_test(a_pause_is_no_reason_to_go_down),
		cmocka_unit_test(drops_that_fewer_do_not_lessen_are_borne),
		cmocka_unit_test(drops_are_counted_by_answers_however_slowly_they_come),
		cmocka_unit_test(a_saved_limit_is_where_it_begins),
		cmocka_unit_test(drops_cut_it_once_for_each_generation),
		cmocka_unit_test(while_it_starts_drops_end_its_patience_before_they_cut),
		cmocka_unit_test(a_p90_over_its_maximum_cuts_it),
		cmocka_unit_test(memory_over_its_maximum_keeps_it_from_growing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
