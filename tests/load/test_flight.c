/* SPDX-License-Identifier: Apache-2.0 */
#include "stage.h"

#define WAITERS 20

static void
many_requests_for_one_key_make_one_load_and_share_its_bytes(void **state)
{
	struct stage s;
	struct tayra_completion c[WAITERS];

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", park);

	for (uintptr_t i = 0; i < WAITERS; i++)
		assert_int_equal(start(&s, &r, (void *)i), TAYRA_PENDING);
	assert_int_equal(s.calls, 1);
	got_none(&s);
	finish(s.parked[0], "shared");
	assert_int_equal(tayra_cq_drain(s.cq, c, WAITERS), WAITERS);
	for (uintptr_t i = 0; i < WAITERS; i++) {
		assert_int_equal(c[i].status, TAYRA_OK);
		assert_ptr_equal(c[i].cookie, (void *)i);
		assert_ptr_equal(c[i].ref.value, c[0].ref.value);
		holds(&c[i].ref, "shared");
	}
	for (int i = 0; i < WAITERS; i++)
		tayra_release(&c[i].ref);
	assert_int_equal(stats_of(&s).joined, WAITERS - 1);
	assert_int_equal(stats_of(&s).loads, 1);
	assert_int_equal(stats_of(&s).cache.pinned_bytes, 0);
	stage_close(&s);
}

static void
what_was_loaded_lies_in_the_cache_once_and_is_not_copied(void **state)
{
	struct stage s;
	struct tayra_completion c;
	struct tayra_ref hit;

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", park);

	start(&s, &r, NULL);
	finish(s.parked[0], "v");
	c = one(&s);
	assert_int_equal(tayra_get(s.t, "k", 1, &hit), TAYRA_OK);
	assert_ptr_equal(c.ref.value, hit.value);
	tayra_release(&c.ref);
	tayra_release(&hit);
	stage_close(&s);
}

static void
an_error_goes_to_everyone_with_the_time_to_try_again(void **state)
{
	struct stage s;
	struct tayra_completion c[3];

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", park);

	for (int i = 0; i < 3; i++)
		start(&s, &r, NULL);
	tayra_load_fail(s.parked[0], TAYRA_E_ORIGIN, 77);
	assert_int_equal(tayra_cq_drain(s.cq, c, 3), 3);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(c[i].status, TAYRA_E_ORIGIN);
		assert_int_equal(c[i].ref.retry_after_ns, 77);
		assert_null(c[i].ref.value);
	}
	assert_int_equal(stats_of(&s).load_errors, 1);
	/* And the next one asks again. */
	start(&s, &r, NULL);
	assert_int_equal(s.calls, 2);
	finish(s.parked[1], "v");
	got_value(&s, "v");
	stage_close(&s);
}

static void
different_keys_load_side_by_side(void **state)
{
	struct stage s;

	stage_open(&s, NULL);
	struct tayra_request a = ask(&s, "a", park), b = ask(&s, "b", park);

	start(&s, &a, NULL);
	start(&s, &b, NULL);
	assert_int_equal(s.calls, 2);
	assert_int_equal(stats_of(&s).inflight, 2);
	finish(s.parked[1], "B");
	got_value(&s, "B");
	finish(s.parked[0], "A");
	got_value(&s, "A");
	stage_close(&s);
}

static void
without_single_flight_every_miss_loads_for_itself(void **state)
{
	struct stage s;
	struct tayra_options o = TAYRA_OPTIONS_INIT;
	struct tayra_ref ref;

	o.no_single_flight = true;
	stage_open(&s, &o);
	struct tayra_request r = ask(&s, "k", park);

	start(&s, &r, NULL);
	start(&s, &r, NULL);
	assert_int_equal(s.calls, 2);
	finish(s.parked[1], "later");
	got_value(&s, "later");
	/* What began to be read earlier does not replace it. */
	finish(s.parked[0], "earlier");
	got_value(&s, "earlier");
	assert_int_equal(tayra_get(s.t, "k", 1, &ref), TAYRA_OK);
	holds(&ref, "later");
	tayra_release(&ref);
	stage_close(&s);
}

static void
without_single_flight_no_answer_comes_after_a_newer_one(void **state)
{
	static char large[2u << 20]; /* more than the cache takes */
	struct stage s;
	struct tayra_options o = TAYRA_OPTIONS_INIT;
	struct tayra_completion c[2];

	o.no_single_flight = true;
	for (int i = 0; i < 2; i++) {
		stage_open(&s, &o);
		struct tayra_request r = ask(&s, "k", park);

		start(&s, &r, NULL);
		start(&s, &r, NULL);
		if (i == 0)
			tayra_load_fail(s.parked[1], TAYRA_E_NOT_FOUND, 0);
		else
			tayra_load_done(s.parked[1], large, sizeof(large), NULL);
		finish(s.parked[0], "from before");
		assert_int_equal(tayra_cq_drain(s.cq, c, 2), 2);
		assert_int_equal(stats_of(&s).cache.items, 0);
		tayra_release(&c[0].ref);
		tayra_release(&c[1].ref);
		stage_close(&s);
	}
}

static void
a_delete_during_a_load_keeps_its_value_out_of_the_cache(void **state)
{
	struct stage s;
	struct tayra_ref ref;

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", park);

	start(&s, &r, NULL);
	tayra_delete(s.t, "k", 1);
	finish(s.parked[0], "before");
	got_value(&s, "before");
	assert_int_equal(tayra_get(s.t, "k", 1, &ref), TAYRA_E_NOT_FOUND);
	stage_close(&s);
}

static void
a_request_after_a_delete_does_not_join_the_load_from_before(void **state)
{
	struct stage s;
	struct tayra_ref ref;

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", park);

	start(&s, &r, NULL);
	tayra_delete(s.t, "k", 1);
	start(&s, &r, NULL);
	assert_int_equal(s.calls, 2);
	finish(s.parked[1], "after");
	got_value(&s, "after");
	finish(s.parked[0], "before");
	got_value(&s, "before");
	assert_int_equal(tayra_get(s.t, "k", 1, &ref), TAYRA_OK);
	holds(&ref, "after");
	tayra_release(&ref);
	stage_close(&s);
}

static void
a_put_during_a_load_is_not_overwritten_by_it(void **state)
{
	struct stage s;
	struct tayra_ref ref;

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", park);

	start(&s, &r, NULL);
	put_perishable(&s, "k", "put");
	finish(s.parked[0], "loaded");
	got_value(&s, "loaded");
	assert_int_equal(tayra_get(s.t, "k", 1, &ref), TAYRA_OK);
	holds(&ref, "put");
	tayra_release(&ref);
	stage_close(&s);
}

static void
a_load_overtaken_by_a_put_does_not_mark_or_remove_the_new_value(void **state)
{
	static const int ends[] = { TAYRA_E_ORIGIN, TAYRA_E_NOT_FOUND };
	struct tayra_ref ref;

	for (int i = 0; i < 2; i++) {
		struct stage s;

		stage_open(&s, NULL);
		struct tayra_request r = ask(&s, "k", park);

		start(&s, &r, NULL);
		put_perishable(&s, "k", "put");
		tayra_load_fail(s.parked[0], ends[i], 0);
		got_status(&s, ends[i]);
		assert_int_equal(tayra_get(s.t, "k", 1, &ref), TAYRA_OK);
		assert_false(ref.stale);
		tayra_release(&ref);
		stage_close(&s);
	}
}

static void
not_found_removes_what_was_cached_and_serves_nothing_stale(void **state)
{
	struct stage s;

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", park);

	r.stale_ms = 9000;
	put_perishable(&s, "k", "old");
	stage_pass_ms(&s, 2000);
	start(&s, &r, NULL);
	tayra_load_fail(s.parked[0], TAYRA_E_NOT_FOUND, 0);
	got_status(&s, TAYRA_E_NOT_FOUND);
	assert_int_equal(stats_of(&s).cache.items, 0);
	assert_int_equal(stats_of(&s).load_errors, 0);
	stage_close(&s);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(many_requests_for_one_key_make_one_load_and_share_its_bytes),
	cmocka_unit_test(what_was_loaded_lies_in_the_cache_once_and_is_not_copied),
	cmocka_unit_test(an_error_goes_to_everyone_with_the_time_to_try_again),
	cmocka_unit_test(different_keys_load_side_by_side),
	cmocka_unit_test(without_single_flight_every_miss_loads_for_itself),
	cmocka_unit_test(without_single_flight_no_answer_comes_after_a_newer_one),
	cmocka_unit_test(a_delete_during_a_load_keeps_its_value_out_of_the_cache),
	cmocka_unit_test(a_request_after_a_delete_does_not_join_the_load_from_before),
	cmocka_unit_test(a_put_during_a_load_is_not_overwritten_by_it),
	cmocka_unit_test(a_load_overtaken_by_a_put_does_not_mark_or_remove_the_new_value),
	cmocka_unit_test(not_found_removes_what_was_cached_and_serves_nothing_stale),
};

RUN_TESTS(tests)
