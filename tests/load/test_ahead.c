/* SPDX-License-Identifier: Apache-2.0 */
#include "stage.h"

#include "base/mem.h"
#include "load/ahead.h"

#define COST 1000

static struct tayra__ahead *
make(double price)
{
	struct tayra__ahead *ahead = tayra__mem_alloc(sizeof(*ahead));

	assert_non_null(ahead);
	ahead->price = price;
	return ahead;
}

static bool
note(struct tayra__ahead *ahead, uint64_t hash, enum tayra__ahead_kind kind, uint64_t now_ms)
{
	struct tayra__ahead_place place = {
		.hash = hash,
		.from = 7,
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
	assert_false(tayra__ahead_hit(ahead, 1, 9).judged);
	assert_true(tayra__ahead_hit(ahead, 1, 10).used);
	assert_false(tayra__ahead_hit(ahead, 1, 11).judged);
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
	struct tayra__ahead_verdict verdict;

	(void)state;
	keep(ahead, 1, 0);
	assert_false(tayra__ahead_sweep(ahead, 109, TAYRA__AHEAD_PLACES).judged);
	verdict = tayra__ahead_sweep(ahead, 110, TAYRA__AHEAD_PLACES);
	assert_true(verdict.judged);
	assert_false(verdict.used);
	assert_int_equal(verdict.place.from, 7);
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
	assert_true(tayra__ahead_missed(ahead, 1, 50).used);
	assert_true(note(ahead, 1, TAYRA__AHEAD_WOULD, 100));
	assert_false(tayra__ahead_missed(ahead, 1, 300).used);
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
	assert_false(tayra__ahead_missed(ahead, 1, 50).used);
	assert_int_equal(account(ahead).wasted, 1);
	tayra__mem_free(ahead);
}

static void
a_taken_place_is_not_given_twice(void **state)
{
	struct tayra__ahead *ahead = make(1);

	(void)state;
	assert_true(note(ahead, 1, TAYRA__AHEAD_BEGUN, 0));
	assert_false(note(ahead, 1, TAYRA__AHEAD_BEGUN, 1));
	/* under way it is never pushed out; dropped it is free */
	assert_false(note(ahead, 2, TAYRA__AHEAD_BEGUN, 1000));
	tayra__ahead_dropped(ahead, 1);
	assert_true(note(ahead, 2, TAYRA__AHEAD_BEGUN, 1000));
	assert_int_equal(account(ahead).dropped, 1);
	assert_int_equal(account(ahead).issued, 2);
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
		cmocka_unit_test(a_taken_place_is_not_given_twice),
		cmocka_unit_test(who_came_to_wait_for_it_used_it_and_saved_nothing),
		cmocka_unit_test(
			a_source_that_costs_more_than_it_saves_is_gated_until_it_would_pay),
		cmocka_unit_test(a_few_judgements_do_not_close_the_gate),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
