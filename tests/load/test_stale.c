/* SPDX-License-Identifier: Apache-2.0 */
#include "stage.h"

/* A key with a value that went stale a second ago and goes in eight. */
static void
open_with_stale(struct stage *s, struct tayra_request *r)
{
	struct tayra_options o = TAYRA_OPTIONS_INIT;

	o.throttle_ms = 500;
	stage_open(s, &o);
	put_perishable(s, "k", "old");
	stage_pass_ms(s, 2000);
	*r = ask(s, "k", park);
	r->stale_ms = 9000;
}

static void
got_stale(struct stage *s)
{
	struct tayra_completion c = one(s);

	assert_int_equal(c.status, TAYRA_OK);
	holds(&c.ref, "old");
	assert_true(c.ref.stale);
	assert_int_equal(c.ref.tier, TAYRA_TIER_RAM);
	tayra_release(&c.ref);
}

static void
a_failed_load_serves_what_is_stale_and_says_its_age(void **state)
{
	struct stage s;
	struct tayra_request r;
	struct tayra_completion c;

	open_with_stale(&s, &r);
	start(&s, &r, NULL);
	tayra_load_fail(s.parked[0], TAYRA_E_ORIGIN, 0);
	c = one(&s);
	assert_int_equal(c.status, TAYRA_OK);
	holds(&c.ref, "old");
	assert_true(c.ref.stale);
	assert_int_equal(c.ref.age_ms, 2000);
	tayra_release(&c.ref);
	assert_int_equal(stats_of(&s).stale_hits, 1);
	stage_close(&s);
}

static void
a_load_that_finds_no_room_leaves_what_is_stale(void **state)
{
	static const size_t lens[] = { 2u << 20, 64u << 20 }; /* on the heap, nowhere */
	struct stage s;
	struct tayra_request r;

	for (int i = 0; i < 2; i++) {
		open_with_stale(&s, &r);
		start(&s, &r, NULL);
		assert_int_equal(tayra_load_alloc(s.parked[0], lens[i]) == NULL, i);
		tayra_load_fail(s.parked[0], i ? TAYRA_E_FULL : TAYRA_E_ORIGIN, 0);
		got_stale(&s);
		stage_close(&s);
	}
}

static void
a_stale_value_is_not_served_while_the_origin_answers(void **state)
{
	struct stage s;
	struct tayra_request r;

	open_with_stale(&s, &r);
	start(&s, &r, NULL);
	got_none(&s);
	finish(s.parked[0], "new");
	got_value(&s, "new");
	stage_close(&s);
}

static void
after_a_failure_the_key_is_not_loaded_again_for_the_throttle_time(void **state)
{
	struct stage s;
	struct tayra_request r;
	struct tayra_ref ref;

	open_with_stale(&s, &r);
	start(&s, &r, NULL);
	tayra_load_fail(s.parked[0], TAYRA_E_ORIGIN, 0);
	got_stale(&s);
	stage_pass_ms(&s, 499);
	assert_int_equal(tayra_get_or_load_start(s.t, &r, s.cq, NULL, &ref), TAYRA_OK);
	assert_true(ref.stale);
	assert_int_equal(ref.age_ms, 2499);
	tayra_release(&ref);
	assert_int_equal(s.calls, 1);
	assert_int_equal(stats_of(&s).throttled, 1);
	stage_pass_ms(&s, 1);
	assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
	assert_int_equal(s.calls, 2);
	finish(s.parked[1], "new");
	got_value(&s, "new");
	assert_int_equal(tayra_get_or_load_start(s.t, &r, s.cq, NULL, &ref), TAYRA_OK);
	assert_false(ref.stale);
	tayra_release(&ref);
	stage_close(&s);
}

static void
a_throttled_value_is_never_given_as_fresh(void **state)
{
	struct stage s;
	struct tayra_request r;
	struct tayra_ref ref;

	open_with_stale(&s, &r);
	start(&s, &r, NULL);
	tayra_load_fail(s.parked[0], TAYRA_E_ORIGIN, 0);
	got_stale(&s);
	assert_int_equal(tayra_get(s.t, "k", 1, &ref), TAYRA_E_NOT_FOUND);
	/* Who wants nothing stale has it loaded in spite of the throttle. */
	r.stale_ms = TAYRA_OFF;
	assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
	assert_int_equal(s.calls, 2);
	tayra_load_fail(s.parked[1], TAYRA_E_ORIGIN, 0);
	got_status(&s, TAYRA_E_ORIGIN);
	stage_close(&s);
}

static void
a_throttle_does_not_make_a_value_live_longer(void **state)
{
	struct stage s;
	struct tayra_request r;

	open_with_stale(&s, &r);
	stage_pass_ms(&s, 7900);
	start(&s, &r, NULL);
	tayra_load_fail(s.parked[0], TAYRA_E_ORIGIN, 0);
	got_stale(&s);
	stage_pass_ms(&s, 100); /* 10 s: ttl and stale are over, the throttle is not */
	assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
	tayra_load_fail(s.parked[1], TAYRA_E_ORIGIN, 0);
	got_status(&s, TAYRA_E_ORIGIN);
	stage_close(&s);
}

static void
a_throttle_of_off_asks_again_at_once(void **state)
{
	struct stage s;
	struct tayra_options o = TAYRA_OPTIONS_INIT;

	o.throttle_ms = TAYRA_OFF;
	stage_open(&s, &o);
	put_perishable(&s, "k", "old");
	stage_pass_ms(&s, 2000);
	struct tayra_request r = ask(&s, "k", park);

	r.stale_ms = 9000;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
		tayra_load_fail(s.parked[i], TAYRA_E_ORIGIN, 0);
		got_stale(&s);
	}
	stage_close(&s);
}

static void
a_failed_refresh_leaves_a_fresh_value_fresh(void **state)
{
	struct stage s;
	struct tayra_ref ref;

	stage_open(&s, NULL);
	put_perishable(&s, "k", "old");
	struct tayra_request r = ask(&s, "k", park);

	r.stale_ms = 9000;
	r.flags = TAYRA_REQUEST_REFRESH;
	start(&s, &r, NULL);
	tayra_load_fail(s.parked[0], TAYRA_E_ORIGIN, 0);
	got_value(&s, "old");
	assert_int_equal(tayra_get(s.t, "k", 1, &ref), TAYRA_OK);
	assert_false(ref.stale);
	tayra_release(&ref);
	stage_close(&s);
}

static void
after_the_soft_timeout_a_waiter_gets_the_stale_value_and_the_load_goes_on(void **state)
{
	struct stage s;
	struct tayra_request r;
	struct tayra_ref ref;

	open_with_stale(&s, &r);
	r.soft_timeout_ns = 20 * TAYRA_NS_PER_MS;
	start(&s, &r, NULL);
	stage_pass_ms(&s, 19);
	tayra_tick(s.t, 0);
	got_none(&s);
	stage_pass_ms(&s, 1);
	tayra_tick(s.t, 0);
	got_stale(&s);
	assert_false(tayra_load_cancelled(s.parked[0]));
	finish(s.parked[0], "new");
	got_none(&s);
	assert_int_equal(tayra_get(s.t, "k", 1, &ref), TAYRA_OK);
	holds(&ref, "new");
	tayra_release(&ref);
	stage_close(&s);
}

static void
the_soft_timeout_means_nothing_when_there_is_nothing_stale(void **state)
{
	struct stage s;

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", park);

	r.stale_ms = 9000;
	r.soft_timeout_ns = 20 * TAYRA_NS_PER_MS;
	r.timeout_ns = 50 * TAYRA_NS_PER_MS;
	start(&s, &r, NULL);
	stage_pass_ms(&s, 30);
	got_none(&s);
	/* But the deadline still does. */
	stage_pass_ms(&s, 20);
	got_status(&s, TAYRA_E_TIMEOUT);
	finish(s.parked[0], "late");
	stage_close(&s);
}

static void
a_deleted_value_is_not_served_as_stale(void **state)
{
	struct stage s;
	struct tayra_request r;

	open_with_stale(&s, &r);
	start(&s, &r, NULL);
	tayra_delete(s.t, "k", 1);
	tayra_load_fail(s.parked[0], TAYRA_E_ORIGIN, 0);
	got_status(&s, TAYRA_E_ORIGIN);
	stage_close(&s);
}

static void
who_allows_nothing_stale_gets_the_error(void **state)
{
	struct stage s;
	struct tayra_request r;
	struct tayra_completion c[2];

	open_with_stale(&s, &r);
	start(&s, &r, NULL);
	r.stale_ms = TAYRA_OFF;
	start(&s, &r, NULL);
	tayra_load_fail(s.parked[0], TAYRA_E_ORIGIN, 0);
	assert_int_equal(tayra_cq_drain(s.cq, c, 2), 2);
	assert_int_equal(c[0].status, TAYRA_OK);
	assert_int_equal(c[1].status, TAYRA_E_ORIGIN);
	tayra_release(&c[0].ref);
	stage_close(&s);
}

static void
a_deadline_that_passes_serves_the_stale_value(void **state)
{
	struct stage s;
	struct tayra_request r;

	open_with_stale(&s, &r);
	r.timeout_ns = 10 * TAYRA_NS_PER_MS;
	start(&s, &r, NULL);
	stage_pass_ms(&s, 10);
	got_stale(&s);
	assert_int_equal(stats_of(&s).timeouts, 0);
	finish(s.parked[0], "late");
	stage_close(&s);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_failed_load_serves_what_is_stale_and_says_its_age),
	cmocka_unit_test(a_load_that_finds_no_room_leaves_what_is_stale),
	cmocka_unit_test(a_stale_value_is_not_served_while_the_origin_answers),
	cmocka_unit_test(after_a_failure_the_key_is_not_loaded_again_for_the_throttle_time),
	cmocka_unit_test(a_throttled_value_is_never_given_as_fresh),
	cmocka_unit_test(a_throttle_does_not_make_a_value_live_longer),
	cmocka_unit_test(a_throttle_of_off_asks_again_at_once),
	cmocka_unit_test(a_failed_refresh_leaves_a_fresh_value_fresh),
	cmocka_unit_test(after_the_soft_timeout_a_waiter_gets_the_stale_value_and_the_load_goes_on),
	cmocka_unit_test(the_soft_timeout_means_nothing_when_there_is_nothing_stale),
	cmocka_unit_test(a_deleted_value_is_not_served_as_stale),
	cmocka_unit_test(who_allows_nothing_stale_gets_the_error),
	cmocka_unit_test(a_deadline_that_passes_serves_the_stale_value),
};

RUN_TESTS(tests)
