/* SPDX-License-Identifier: Apache-2.0 */
#include "house.h"

#define VERSION 7

/* A value of the version, stale and kept, whose load took 3 ms; and its key asked for again. */
static struct tayra_request
open_with_stale(struct stage *s)
{
	struct tayra_options o = TAYRA_OPTIONS_INIT;

	o.ttl_ms = 1000;
	o.stale_ms = 9000;
	o.soft_timeout_ns = TAYRA_OFF;
	stage_open(s, &o);
	struct tayra_request r = ask(s, "k", park);

	assert_int_equal(start(s, &r, NULL), TAYRA_PENDING);
	stage_pass_ms(s, 3);
	s->result.version = VERSION;
	tayra_load_done(s->parked[0], "value", 5, &s->result);
	got_value(s, "value");
	stage_pass_ms(s, 2000);
	assert_int_equal(start(s, &r, NULL), TAYRA_PENDING);
	return r;
}

static struct tayra_ref
cached_of(struct tayra_load *load)
{
	struct tayra_ref ref;

	assert_int_equal(tayra_load_cached(load, &ref), TAYRA_OK);
	holds(&ref, "value");
	return ref;
}

static void
closed_with_no_pin_out(struct stage *s)
{
	assert_int_equal(stats_of(s).cache.pinned_bytes, 0);
	stage_close(s);
}

static void
a_loader_sees_what_is_stale_and_of_which_version(void **state)
{
	struct stage s;

	open_with_stale(&s);
	struct tayra_ref ref = cached_of(s.parked[1]), again = cached_of(s.parked[1]);

	assert_ptr_equal(ref.value, again.value);
	assert_int_equal(ref.version, VERSION);
	assert_int_equal(ref.age_ms, 2003);
	assert_true(ref.stale);
	tayra_release(&ref); /* borrowed: nothing happens */
	assert_int_not_equal(stats_of(&s).cache.pinned_bytes, 0);
	finish(s.parked[1], "newer");
	got_value(&s, "newer");
	closed_with_no_pin_out(&s);
}

static void
what_has_not_changed_is_fresh_again_without_being_copied(void **state)
{
	struct tayra_completion c[2];
	struct tayra_ref ref;
	struct stage s;
	struct tayra_request r = open_with_stale(&s);
	const void *bytes = cached_of(s.parked[1]).value;
	const uint64_t puts = stats_of(&s).cache.puts;

	assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
	stage_pass_ms(&s, 1);
	tayra_load_unchanged(s.parked[1], NULL);
	assert_int_equal(tayra_cq_drain(s.cq, c, 2), 2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(c[i].status, TAYRA_OK);
		assert_ptr_equal(c[i].ref.value, bytes);
		assert_int_equal(c[i].ref.version, VERSION);
		assert_int_equal(c[i].ref.age_ms, 1);
		assert_false(c[i].ref.stale);
		tayra_release(&c[i].ref);
	}
	stage_pass_ms(&s, 999);
	assert_int_equal(tayra_get(s.t, "k", 1, &ref), TAYRA_OK);
	assert_ptr_equal(ref.value, bytes);
	assert_int_equal(ref.age_ms, 1000);
	/* What loading it whole took, not what asking took. */
	assert_in_range(ref.load_cost_ns, 2900000, 3100000);
	tayra_release(&ref);
	stage_pass_ms(&s, 1);
	assert_false(is_fresh(s.t, "k"));
	assert_int_equal(stats_of(&s).cache.puts, puts);
	assert_int_equal(stats_of(&s).unchanged, 1);
	assert_int_equal(stats_of(&s).loads, 2);
	closed_with_no_pin_out(&s);
}

static void
the_result_of_it_says_how_long(void **state)
{
	struct stage s;

	open_with_stale(&s);
	cached_of(s.parked[1]);
	s.result.version = 0;
	s.result.ttl_ms = 5000;
	tayra_load_unchanged(s.parked[1], &s.result);
	got_value(&s, "value");
	stage_pass_ms(&s, 4999);
	assert_true(is_fresh(s.t, "k"));
	stage_pass_ms(&s, 1);
	assert_false(is_fresh(s.t, "k"));
	closed_with_no_pin_out(&s);
}

static void
it_is_kept_though_its_time_ended_while_it_was_asked_for(void **state)
{
	struct stage s;

	open_with_stale(&s);
	cached_of(s.parked[1]);
	stage_pass_ms(&s, 60000);
	tayra_load_unchanged(s.parked[1], NULL);
	got_value(&s, "value");
	assert_true(is_fresh(s.t, "k"));
	closed_with_no_pin_out(&s);
}

static void
what_was_evicted_meanwhile_is_answered_and_kept(void **state)
{
	struct stage s;

	open_with_stale(&s);
	cached_of(s.parked[1]);
	assert_int_equal(tayra_cache_delete(tayra__handle_cache(s.t), "k", 1), TAYRA_OK);
	tayra_load_unchanged(s.parked[1], NULL);
	got_value(&s, "value");
	assert_true(is_fresh(s.t, "k"));
	closed_with_no_pin_out(&s);
}

static void
what_was_deleted_meanwhile_is_answered_and_not_kept(void **state)
{
	struct stage s;

	open_with_stale(&s);
	cached_of(s.parked[1]);
	assert_int_equal(tayra_delete(s.t, "k", 1), TAYRA_OK);
	tayra_load_unchanged(s.parked[1], NULL);
	got_value(&s, "value");
	assert_false(is_fresh(s.t, "k"));
	closed_with_no_pin_out(&s);
}

static void
what_was_put_meanwhile_stays(void **state)
{
	struct tayra_ref ref;
	struct stage s;

	open_with_stale(&s);
	cached_of(s.parked[1]);
	put_perishable(&s, "k", "put");
	tayra_load_unchanged(s.parked[1], NULL);
	got_value(&s, "value");
	assert_int_equal(tayra_get(s.t, "k", 1, &ref), TAYRA_OK);
	holds(&ref, "put");
	tayra_release(&ref);
	closed_with_no_pin_out(&s);
}

static void
a_load_that_was_overtaken_is_shown_nothing(void **state)
{
	struct tayra_ref ref;
	struct stage s;

	open_with_stale(&s);
	put_perishable(&s, "k", "put");
	assert_int_equal(tayra_load_cached(s.parked[1], &ref), TAYRA_E_NOT_FOUND);
	assert_null(ref.value);
	finish(s.parked[1], "loaded");
	got_value(&s, "loaded");
	closed_with_no_pin_out(&s);
}

static void
where_there_was_nothing_unchanged_is_refused(void **state)
{
	struct tayra_ref ref;
	struct stage s;

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", park);

	assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
	assert_int_equal(tayra_load_cached(s.parked[0], &ref), TAYRA_E_NOT_FOUND);
	tayra_load_unchanged(s.parked[0], NULL);
	got_status(&s, TAYRA_E_INVAL);
	assert_int_equal(stats_of(&s).unchanged, 0);
	stage_close(&s);
	open_with_stale(&s);
	cached_of(s.parked[1]);
	s.result.version = VERSION + 1; /* then it has changed */
	tayra_load_unchanged(s.parked[1], &s.result);
	got_value(&s, "value"); /* as when it failed: what is stale */
	assert_false(is_fresh(s.t, "k"));
	assert_int_equal(stats_of(&s).load_errors, 1);
	closed_with_no_pin_out(&s);
}

static void
one_that_fails_after_it_looked_leaves_what_is_stale(void **state)
{
	struct stage s;

	open_with_stale(&s);
	cached_of(s.parked[1]);
	tayra_load_fail(s.parked[1], TAYRA_E_ORIGIN, 0);
	struct tayra_completion c = one(&s);

	assert_int_equal(c.status, TAYRA_OK);
	assert_true(c.ref.stale);
	tayra_release(&c.ref);
	closed_with_no_pin_out(&s);
}

static void
room_it_had_taken_is_given_back(void **state)
{
	struct stage s;

	open_with_stale(&s);
	cached_of(s.parked[1]);
	assert_non_null(tayra_load_alloc(s.parked[1], 1000));
	tayra_load_unchanged(s.parked[1], NULL);
	got_value(&s, "value");
	closed_with_no_pin_out(&s);
}

static void
the_tiers_below_hear_of_the_new_times(void **state)
{
	struct ram_tier *tiers[2];
	struct house h;

	move_in(&h, ROOM_BOTH);
	tiers[0] = &h.file;
	tiers[1] = &h.remote;
	struct tayra_request r = ask(&h.s, "k", park);

	assert_int_equal(start(&h.s, &r, NULL), TAYRA_PENDING);
	finish(h.s.parked[0], "value");
	got_value(&h.s, "value");
	stage_pass_ms(&h.s, 2000);
	assert_int_equal(start(&h.s, &r, NULL), TAYRA_PENDING);
	cached_of(h.s.parked[1]);
	tayra_load_unchanged(h.s.parked[1], NULL);
	got_value(&h.s, "value");
	for (int i = 0; i < 2; i++) {
		const struct ram_tier_item *item = ram_tier_find(tiers[i], "k", 1);

		assert_true(is_in(tiers[i], "k", "value"));
		assert_true(item && item->meta.fresh_ms == STAGE_START_NS / TAYRA_NS_PER_MS + 3000);
	}
	move_out(&h);
}

static void
what_came_up_from_below_stale_can_be_unchanged(void **state)
{
	struct house h;

	move_in(&h, ROOM_FILE);
	put_in(&h.file, "k", "value");
	stage_pass_ms(&h.s, 1500);
	struct tayra_request r = ask(&h.s, "k", park);

	assert_int_equal(start(&h.s, &r, NULL), TAYRA_PENDING);
	assert_int_equal(cached_of(h.s.parked[0]).version, 3);
	tayra_load_unchanged(h.s.parked[0], NULL);
	got_value(&h.s, "value");
	assert_true(is_fresh(h.s.t, "k"));
	move_out(&h);
}

static void
the_ttl_learner_hears_that_it_is_the_same(void **state)
{
	struct tayra_strategy strategy = TAYRA_STRATEGY_INIT;
	struct tayra_strategy_stats learned = TAYRA_STRATEGY_STATS_INIT;
	struct stage s;

	open_with_stale(&s);
	tayra_load_fail(s.parked[1], TAYRA_E_NOT_FOUND, 0);
	got_status(&s, TAYRA_E_NOT_FOUND);
	strategy.ttl_learning = TAYRA_FEATURE_MONITOR;
	strategy.ttl_ms = 1000;
	strategy.stale_ms = 9000;
	assert_int_equal(tayra_strategy_set(s.t, &strategy), TAYRA_OK);
	struct tayra_request r = ask(&s, "k", park);

	for (int i = 0; i < 3; i++) { /* loaded, then twice the same; of bytes without a version */
		assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
		if (i == 0) {
			finish(s.parked[2], "value");
		} else {
			cached_of(s.parked[2 + i]);
			tayra_load_unchanged(s.parked[2 + i], NULL);
		}
		got_value(&s, "value");
		stage_pass_ms(&s, 2000);
	}
	tayra_strategy_stats(s.t, &learned);
	assert_int_equal(learned.checks, 2);
	assert_int_equal(learned.changed, 0);
	closed_with_no_pin_out(&s);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_loader_sees_what_is_stale_and_of_which_version),
	cmocka_unit_test(what_has_not_changed_is_fresh_again_without_being_copied),
	cmocka_unit_test(the_result_of_it_says_how_long),
	cmocka_unit_test(it_is_kept_though_its_time_ended_while_it_was_asked_for),
	cmocka_unit_test(what_was_evicted_meanwhile_is_answered_and_kept),
	cmocka_unit_test(what_was_deleted_meanwhile_is_answered_and_not_kept),
	cmocka_unit_test(what_was_put_meanwhile_stays),
	cmocka_unit_test(a_load_that_was_overtaken_is_shown_nothing),
	cmocka_unit_test(where_there_was_nothing_unchanged_is_refused),
	cmocka_unit_test(one_that_fails_after_it_looked_leaves_what_is_stale),
	cmocka_unit_test(room_it_had_taken_is_given_back),
	cmocka_unit_test(the_tiers_below_hear_of_the_new_times),
	cmocka_unit_test(what_came_up_from_below_stale_can_be_unchanged),
	cmocka_unit_test(the_ttl_learner_hears_that_it_is_the_same),
};

RUN_TESTS(tests)
