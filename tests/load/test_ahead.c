/* SPDX-License-Identifier: Apache-2.0 */
#include "stage.h"

#include "base/mem.h"
#include "load/ahead.h"

#define COST   1000
#define BUDGET 0.1

static struct tayra__ahead *
make(double price)
{
	struct tayra__ahead *ahead = tayra__mem_alloc(sizeof(*ahead));

	assert_non_null(ahead);
	tayra__ahead_set(ahead, price, BUDGET);
	return ahead;
}

static bool
note(struct tayra__ahead *ahead, uint64_t hash, enum tayra__ahead_kind kind, uint64_t now_ms)
{
	struct tayra__ahead_place place = {
		.hash = hash,
		.from_ms = now_ms + 10,
		.until_ms = now_ms + 110,
		.cost_ns = COST,
		.source = TAYRA__AHEAD_REFRESH,
		.kind = (uint8_t)kind,
	};

	return tayra__ahead_note(ahead, &place, now_ms);
}

static void
keep(struct tayra__ahead *ahead, uint64_t hash, uint64_t now_ms)
{
	struct tayra__ahead_kept kept = { .until_ms = now_ms + 110, .cost_ns = COST, .bytes = 5 };

	assert_true(note(ahead, hash, TAYRA__AHEAD_BEGUN, now_ms));
	tayra__ahead_landed(ahead, hash, &kept);
}

static struct tayra_prefetch_account
account(const struct tayra__ahead *ahead)
{
	return ahead->accounts[TAYRA__AHEAD_REFRESH].sums;
}

static void
what_is_asked_for_in_time_is_used(void **state)
{
	struct tayra__ahead *ahead = make(1);

	(void)state;
	keep(ahead, 1, 0);
	assert_false(tayra__ahead_hit(ahead, 1, 9));
	assert_true(tayra__ahead_hit(ahead, 1, 10));
	assert_false(tayra__ahead_hit(ahead, 1, 11));
	assert_int_equal(account(ahead).used, 1);
	assert_int_equal(account(ahead).saved_ns, COST);
	assert_int_equal(account(ahead).origin_ns, COST);
	assert_int_equal(account(ahead).bytes, 5);
	tayra__mem_free(ahead);
}

static void
what_is_not_asked_for_in_time_is_wasted(void **state)
{
	struct tayra__ahead *ahead = make(1);

	(void)state;
	keep(ahead, 1, 0);
	assert_false(tayra__ahead_sweep(ahead, 109, TAYRA__AHEAD_PLACES));
	assert_true(tayra__ahead_sweep(ahead, 110, TAYRA__AHEAD_PLACES));
	assert_int_equal(account(ahead).used, 0);
	assert_int_equal(account(ahead).wasted, 1);
	assert_int_equal(account(ahead).wasted_ns, COST);
	tayra__mem_free(ahead);
}

static void
what_would_have_been_is_used_when_it_is_missed_in_time(void **state)
{
	struct tayra__ahead *ahead = make(1);

	(void)state;
	assert_true(note(ahead, 1, TAYRA__AHEAD_WOULD, 0));
	tayra__ahead_missed(ahead, 1, 50);
	assert_int_equal(account(ahead).used, 1);
	assert_true(note(ahead, 1, TAYRA__AHEAD_WOULD, 100));
	tayra__ahead_missed(ahead, 1, 300);
	assert_int_equal(account(ahead).used, 1);
	assert_int_equal(account(ahead).would, 2);
	assert_int_equal(account(ahead).issued, 0);
	tayra__mem_free(ahead);
}

static void
what_was_kept_and_is_missed_was_lost(void **state)
{
	struct tayra__ahead *ahead = make(1);

	(void)state;
	keep(ahead, 1, 0);
	tayra__ahead_missed(ahead, 1, 50);
	assert_int_equal(account(ahead).used, 0);
	assert_int_equal(account(ahead).wasted, 1);
	tayra__mem_free(ahead);
}

static void
a_key_waits_in_one_place(void **state)
{
	struct tayra__ahead *ahead = make(1);

	(void)state;
	assert_true(note(ahead, 1, TAYRA__AHEAD_BEGUN, 0));
	/* under way it is never pushed out; dropped it is free */
	assert_false(note(ahead, 1, TAYRA__AHEAD_BEGUN, 1000));
	tayra__ahead_dropped(ahead, 1);
	assert_true(note(ahead, 1, TAYRA__AHEAD_BEGUN, 1000));
	assert_int_equal(account(ahead).dropped, 1);
	assert_int_equal(account(ahead).issued, 2);
	tayra__mem_free(ahead);
}

static void
when_its_places_are_taken_a_key_is_not_fetched(void **state)
{
	struct tayra__ahead *ahead = make(1);
	uint64_t key = 1;

	(void)state;
	/* Small numbers share their places. */
	while (key < 100 && note(ahead, key, TAYRA__AHEAD_WOULD, 0))
		key++;
	assert_in_range(key, 3, 20);
	assert_false(note(ahead, key, TAYRA__AHEAD_WOULD, 109));
	/* What waits no longer makes room, and is judged by that. */
	assert_true(note(ahead, key, TAYRA__AHEAD_WOULD, 110));
	assert_int_equal(account(ahead).wasted, 1);
	tayra__mem_free(ahead);
}

static void
what_follows_is_wasted_when_it_is_not_used_soon_however_long_it_lives(void **state)
{
	struct tayra__ahead_kept kept = { .until_ms = 1000000, .cost_ns = COST };
	struct tayra__ahead_place place = { .hash = 1,
					    .until_ms = 110,
					    .source = TAYRA__AHEAD_SUCCESSOR,
					    .kind = TAYRA__AHEAD_BEGUN };
	struct tayra__ahead *ahead = make(1);

	(void)state;
	assert_true(tayra__ahead_note(ahead, &place, 0));
	tayra__ahead_landed(ahead, 1, &kept);
	assert_true(tayra__ahead_sweep(ahead, 110, TAYRA__AHEAD_PLACES));
	assert_int_equal(ahead->accounts[TAYRA__AHEAD_SUCCESSOR].sums.wasted, 1);
	tayra__mem_free(ahead);
}

/* So many loads are asked for, and of every `of` that are fetched ahead besides `used` are used.
 * => what share of the origin's work was for nothing in the second half. */
static double
play(struct tayra__ahead *ahead, unsigned loads, unsigned used, unsigned of)
{
	unsigned n = 0, wasted = 0;

	for (unsigned i = 0; i < loads; i++) {
		uint64_t now_ms = i * 1000;

		tayra__ahead_asked(ahead, COST);
		/* As a rule that is right so often would be asked. */
		if ((double)used / of < tayra__ahead_least(ahead, TAYRA__AHEAD_REFRESH))
			continue;
		keep(ahead, 1, now_ms);
		if (n++ % of < used) {
			tayra__ahead_hit(ahead, 1, now_ms + 50);
		} else {
			tayra__ahead_sweep(ahead, now_ms + 500, TAYRA__AHEAD_PLACES);
			wasted += i >= loads / 2;
		}
	}
	return wasted / (loads / 2.0);
}

static void
what_is_wasted_is_held_to_the_budget(void **state)
{
	struct tayra__ahead *ahead = make(0.5);
	double share = play(ahead, 100000, 70, 100);

	(void)state;
	/* Unbounded it would be 0.3. */
	assert_true(share < 1.1 * BUDGET);
	assert_true(share > 0.5 * BUDGET);
	tayra__mem_free(ahead);
}

static void
what_is_wasted_for_little_is_held_to_a_small_part_of_it(void **state)
{
	struct tayra__ahead *ahead = make(0.5);
	double share = play(ahead, 100000, 40, 100);

	(void)state;
	assert_true(share < 0.2 * BUDGET);
	assert_true(share > 0);
	tayra__mem_free(ahead);
}

static void
what_pays_is_fetched_down_to_what_is_worth_its_price(void **state)
{
	struct tayra__ahead *ahead = make(0.5);

	(void)state;
	play(ahead, 10000, 100, 100);
	assert_true(tayra__ahead_least(ahead, TAYRA__AHEAD_REFRESH) < 0.334);
	assert_true(tayra__ahead_least(ahead, TAYRA__AHEAD_REFRESH) > 0.332);
	tayra__mem_free(ahead);
}

static void
who_came_to_wait_for_it_used_it_and_saved_nothing(void **state)
{
	struct tayra__ahead_kept kept = { .until_ms = 110, .cost_ns = COST, .joined = true };
	struct tayra__ahead *ahead = make(1);

	(void)state;
	assert_true(note(ahead, 1, TAYRA__AHEAD_BEGUN, 0));
	tayra__ahead_landed(ahead, 1, &kept);
	assert_int_equal(account(ahead).used, 1);
	assert_int_equal(account(ahead).saved_ns, 0);
	tayra__mem_free(ahead);
}

static void
judge(struct tayra__ahead *ahead, unsigned used, unsigned wasted, enum tayra__ahead_kind kind)
{
	for (unsigned i = 0; i < used + wasted; i++) {
		uint64_t now_ms = i * 1000;

		if (kind == TAYRA__AHEAD_BEGUN)
			keep(ahead, 1, now_ms);
		else
			assert_true(note(ahead, 1, kind, now_ms));
		if (i >= used)
			tayra__ahead_sweep(ahead, now_ms + 500, TAYRA__AHEAD_PLACES);
		else if (kind == TAYRA__AHEAD_BEGUN)
			tayra__ahead_hit(ahead, 1, now_ms + 50);
		else
			tayra__ahead_missed(ahead, 1, now_ms + 50);
	}
}

static void
a_source_that_costs_more_than_it_saves_is_gated_until_it_would_pay(void **state)
{
	struct tayra__ahead *ahead = make(1);

	(void)state;
	judge(ahead, 40, 10, TAYRA__AHEAD_BEGUN);
	assert_false(tayra__ahead_gated(ahead, TAYRA__AHEAD_REFRESH));
	judge(ahead, 0, 60, TAYRA__AHEAD_BEGUN);
	assert_true(tayra__ahead_gated(ahead, TAYRA__AHEAD_REFRESH));
	assert_int_equal(account(ahead).gatings, 1);
	judge(ahead, 100, 0, TAYRA__AHEAD_WOULD);
	assert_false(tayra__ahead_gated(ahead, TAYRA__AHEAD_REFRESH));
	tayra__mem_free(ahead);
}

static void
a_few_judgements_do_not_close_the_gate(void **state)
{
	struct tayra__ahead *ahead = make(1);

	(void)state;
	judge(ahead, 0, 29, TAYRA__AHEAD_BEGUN);
	assert_false(tayra__ahead_gated(ahead, TAYRA__AHEAD_REFRESH));
	judge(ahead, 0, 1, TAYRA__AHEAD_BEGUN);
	assert_true(tayra__ahead_gated(ahead, TAYRA__AHEAD_REFRESH));
	tayra__mem_free(ahead);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_asked_for_in_time_is_used),
		cmocka_unit_test(what_is_not_asked_for_in_time_is_wasted),
		cmocka_unit_test(what_would_have_been_is_used_when_it_is_missed_in_time),
		cmocka_unit_test(what_was_kept_and_is_missed_was_lost),
		cmocka_unit_test(a_key_waits_in_one_place),
		cmocka_unit_test(when_its_places_are_taken_a_key_is_not_fetched),
		cmocka_unit_test(
			what_follows_is_wasted_when_it_is_not_used_soon_however_long_it_lives),
		cmocka_unit_test(what_is_wasted_is_held_to_the_budget),
		cmocka_unit_test(what_is_wasted_for_little_is_held_to_a_small_part_of_it),
		cmocka_unit_test(what_pays_is_fetched_down_to_what_is_worth_its_price),
		cmocka_unit_test(who_came_to_wait_for_it_used_it_and_saved_nothing),
		cmocka_unit_test(
			a_source_that_costs_more_than_it_saves_is_gated_until_it_would_pay),
		cmocka_unit_test(a_few_judgements_do_not_close_the_gate),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
