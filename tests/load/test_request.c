/* SPDX-License-Identifier: Apache-2.0 */
#include "stage.h"

static void
a_miss_calls_the_loader_and_a_hit_does_not(void **state)
{
	struct stage s;
	struct tayra_ref ref;

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", answer);

	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_OK);
	holds(&ref, "value");
	assert_int_equal(ref.tier, TAYRA_TIER_ORIGIN);
	tayra_release(&ref);
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_OK);
	holds(&ref, "value");
	assert_int_equal(ref.tier, TAYRA_TIER_RAM);
	assert_false(ref.stale);
	tayra_release(&ref);
	assert_int_equal(s.calls, 1);
	assert_int_equal(stats_of(&s).requests, 2);
	assert_int_equal(stats_of(&s).hits, 1);
	assert_int_equal(stats_of(&s).loads, 1);
	assert_int_equal(stats_of(&s).inflight, 0);
	stage_close(&s);
}

static void
an_empty_key_and_an_empty_value_are_a_key_and_a_value(void **state)
{
	struct stage s;
	struct tayra_ref ref;

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "", answer);

	s.value = "";
	r.key = NULL;
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_OK);
	assert_int_equal(ref.value_len, 0);
	tayra_release(&ref);
	assert_int_equal(tayra_get(s.t, NULL, 0, &ref), TAYRA_OK);
	assert_int_equal(ref.value_len, 0);
	tayra_release(&ref);
	assert_int_equal(s.calls, 1);
	stage_close(&s);
}

static void
a_request_that_makes_no_sense_is_refused_and_gives_nothing(void **state)
{
	static char huge[TAYRA_KEY_MAX + 1];
	struct stage s;
	struct tayra_ref ref;

	stage_open(&s, NULL);
	struct tayra_request good = ask(&s, "k", answer), r;

	assert_int_equal(tayra_get_or_load(s.t, NULL, &ref), TAYRA_E_INVAL);
	assert_int_equal(tayra_get_or_load(s.t, &good, NULL), TAYRA_E_INVAL);
	r = good, r.load = NULL;
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_E_INVAL);
	r = good, r.key = NULL;
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_E_INVAL);
	r = good, r.key = huge, r.key_len = sizeof(huge);
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_E_TOO_LARGE);
	r = good, r.flags = 1u << 30;
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_E_INVAL);
	r = good, r.cls = (enum tayra_class)6;
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_E_INVAL);
	r = good, r.size = 0;
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_E_INVAL);
	assert_int_equal(tayra_get_or_load_start(s.t, &good, NULL, NULL, &ref), TAYRA_E_INVAL);
	assert_null(ref.value);
	assert_int_equal(s.calls, 0);
	stage_close(&s);
}

static void
a_request_of_a_later_version_is_taken_while_its_tail_is_zero(void **state)
{
	struct stage s;
	struct tayra_ref ref;
	struct {
		struct tayra_request r;
		uint64_t later;
	} longer = { 0 };

	stage_open(&s, NULL);
	longer.r = ask(&s, "k", answer);
	longer.r.size = sizeof(longer);
	assert_int_equal(tayra_get_or_load(s.t, &longer.r, &ref), TAYRA_OK);
	tayra_release(&ref);
	longer.later = 1;
	assert_int_equal(tayra_get_or_load(s.t, &longer.r, &ref), TAYRA_E_INVAL);
	stage_close(&s);
}

static void
a_value_is_fresh_to_the_last_millisecond_of_its_ttl(void **state)
{
	struct stage s;
	struct tayra_ref ref;

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", answer);

	r.ttl_ms = 100;
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_OK);
	tayra_release(&ref);
	stage_pass_ms(&s, 99);
	assert_int_equal(tayra_get(s.t, "k", 1, &ref), TAYRA_OK);
	assert_int_equal(ref.age_ms, 99);
	tayra_release(&ref);
	stage_pass_ms(&s, 1);
	assert_int_equal(tayra_get(s.t, "k", 1, &ref), TAYRA_E_NOT_FOUND);
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_OK);
	tayra_release(&ref);
	assert_int_equal(s.calls, 2);
	stage_close(&s);
}

static void
a_loader_may_set_another_ttl_and_a_version(void **state)
{
	struct stage s;
	struct tayra_ref ref;

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", answer);

	s.result.ttl_ms = 7;
	s.result.version = 42;
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_OK);
	assert_int_equal(ref.version, 42);
	tayra_release(&ref);
	stage_pass_ms(&s, 6);
	assert_int_equal(tayra_get(s.t, "k", 1, &ref), TAYRA_OK);
	assert_int_equal(ref.version, 42);
	tayra_release(&ref);
	stage_pass_ms(&s, 1);
	assert_int_equal(tayra_get(s.t, "k", 1, &ref), TAYRA_E_NOT_FOUND);
	stage_close(&s);
}

static void
a_ttl_of_off_serves_the_value_once_and_then_as_stale_only(void **state)
{
	struct stage s;
	struct tayra_ref ref;

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", answer);

	r.ttl_ms = TAYRA_OFF;
	r.stale_ms = 1000;
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_OK);
	assert_false(ref.stale);
	tayra_release(&ref);
	assert_int_equal(tayra_get(s.t, "k", 1, &ref), TAYRA_E_NOT_FOUND);
	s.status = TAYRA_E_ORIGIN;
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_OK);
	assert_true(ref.stale);
	tayra_release(&ref);
	stage_close(&s);
}

static void
what_cannot_be_kept_does_not_leave_something_older_in_its_place(void **state)
{
	struct stage s;
	struct tayra_ref ref;

	stage_open(&s, NULL);
	put_perishable(&s, "k", "older");
	struct tayra_request r = ask(&s, "k", answer);

	r.flags = TAYRA_REQUEST_REFRESH;
	r.ttl_ms = TAYRA_OFF; /* and no stale: over as soon as it is there */
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_OK);
	tayra_release(&ref);
	assert_int_equal(tayra_get(s.t, "k", 1, &ref), TAYRA_E_NOT_FOUND);
	stage_close(&s);
}

/* A clock during whose second reading the key arrives: after the first look, before the lock. */
struct late {
	struct stage *s;
	unsigned readings;
};

static uint64_t
late_ns(void *ctx)
{
	struct late *late = ctx;

	if (late->readings && --late->readings == 0)
		put_perishable(late->s, "k", "meanwhile");
	return STAGE_START_NS;
}

static void
a_key_that_arrives_between_the_look_and_the_lock_is_not_loaded_again(void **state)
{
	struct stage s;
	struct late late = { .s = &s };
	struct tayra_clock clock = { late_ns, stage_wall_ms, &late };
	struct tayra_options o = TAYRA_OPTIONS_INIT;
	struct tayra_ref ref;

	o.clock = &clock;
	stage_open(&s, &o);
	struct tayra_request r = ask(&s, "k", answer);

	late.readings = 2;
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_OK);
	holds(&ref, "meanwhile");
	tayra_release(&ref);
	assert_int_equal(s.calls, 0);
	assert_int_equal(stats_of(&s).requests, 1);
	assert_int_equal(stats_of(&s).hits, 1);
	stage_close(&s);
}

static void
refresh_loads_what_is_still_fresh(void **state)
{
	struct stage s;
	struct tayra_ref ref;

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", answer);

	put_perishable(&s, "k", "old");
	r.flags = TAYRA_REQUEST_REFRESH;
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_OK);
	holds(&ref, "value");
	tayra_release(&ref);
	assert_int_equal(tayra_get(s.t, "k", 1, &ref), TAYRA_OK);
	holds(&ref, "value");
	tayra_release(&ref);
	stage_close(&s);
}

static void
no_store_keeps_nothing_unless_somebody_who_joined_wants_it_kept(void **state)
{
	struct stage s;
	struct tayra_ref ref;

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", park), keeper = r;

	r.flags = TAYRA_REQUEST_NO_STORE;
	assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
	finish(s.parked[0], "one");
	got_value(&s, "one");
	assert_int_equal(tayra_get(s.t, "k", 1, &ref), TAYRA_E_NOT_FOUND);

	assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
	assert_int_equal(start(&s, &keeper, NULL), TAYRA_PENDING);
	finish(s.parked[1], "two");
	assert_int_equal(tayra_get(s.t, "k", 1, &ref), TAYRA_OK);
	tayra_release(&ref);
	stage_close(&s);
}

static void
put_and_delete_say_what_they_did(void **state)
{
	struct stage s;
	struct tayra_ref ref;

	stage_open(&s, NULL);
	assert_int_equal(tayra_put(s.t, "k", 1, "v", 1, 0, 0), TAYRA_OK);
	assert_int_equal(tayra_get(s.t, "k", 1, &ref), TAYRA_OK);
	holds(&ref, "v");
	tayra_release(&ref);
	assert_int_equal(tayra_put(s.t, "k", 1, NULL, 1, 0, 0), TAYRA_E_INVAL);
	assert_int_equal(tayra_put(s.t, NULL, 1, "v", 1, 0, 0), TAYRA_E_INVAL);
	assert_int_equal(tayra_delete(s.t, "k", 1), TAYRA_OK);
	assert_int_equal(tayra_delete(s.t, "k", 1), TAYRA_E_NOT_FOUND);
	assert_int_equal(tayra_get(s.t, "k", 1, &ref), TAYRA_E_NOT_FOUND);
	stage_close(&s);
}

static void
a_put_that_does_not_fit_removes_what_was_there(void **state)
{
	static char large[3u << 20];
	struct stage s;
	struct tayra_ref ref;

	stage_open(&s, NULL);
	put_perishable(&s, "k", "old");
	assert_int_equal(tayra_put(s.t, "k", 1, large, sizeof(large), 0, 0), TAYRA_E_TOO_LARGE);
	assert_int_equal(tayra_get(s.t, "k", 1, &ref), TAYRA_E_NOT_FOUND);
	stage_close(&s);
}

static void
without_a_load_and_without_tiers_ram_is_all_that_is_asked(void **state)
{
	struct tayra_request r = TAYRA_REQUEST_INIT;
	struct tayra_ref ref;
	struct stage s;

	stage_open(&s, NULL);
	r.key = "k";
	r.key_len = 1;
	r.flags = TAYRA_REQUEST_NO_LOAD;
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_E_NOT_FOUND);
	assert_int_equal(start(&s, &r, NULL), TAYRA_E_NOT_FOUND);
	got_none(&s);
	assert_int_equal(stats_of(&s).requests, 2);
	assert_int_equal(stats_of(&s).inflight, 0);
	assert_int_equal(tayra_put(s.t, "k", 1, "v", 1, 0, 0), TAYRA_OK);
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_OK);
	holds(&ref, "v");
	tayra_release(&ref);
	r.load = answer; /* is not used */
	r.load_arg = &s;
	r.key = "other";
	r.key_len = 5;
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_E_NOT_FOUND);
	assert_int_equal(s.calls, 0);
	r.flags |= TAYRA_REQUEST_REFRESH;
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_E_INVAL);
	stage_close(&s);
}

static char seen[8];
static size_t seen_len;

static void
answer_what_it_sees(struct tayra_load *load, void *arg)
{
	const void *key = tayra_load_key(load, &seen_len);

	assert_true(seen_len < sizeof(seen));
	memcpy(seen, key, seen_len);
	answer(load, arg);
}

static void
a_key_s_namespace_is_not_for_its_loader(void **state)
{
	struct tayra_request r;
	struct tayra_ref ref;
	struct stage s;

	stage_open(&s, NULL);
	r = ask(&s, "0key", answer_what_it_sees);
	r.key_prefix_len = 1;
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_OK);
	tayra_release(&ref);
	assert_int_equal(seen_len, 3);
	assert_memory_equal(seen, "key", 3);
	assert_int_equal(tayra_get(s.t, "0key", 4, &ref), TAYRA_OK);
	tayra_release(&ref);
	assert_int_equal(tayra_get(s.t, "key", 3, &ref), TAYRA_E_NOT_FOUND);
	r.key = "all";
	r.key_len = r.key_prefix_len = 3;
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_OK);
	tayra_release(&ref);
	assert_int_equal(seen_len, 0);
	r.key_prefix_len = 4;
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_E_INVAL);
	stage_close(&s);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(without_a_load_and_without_tiers_ram_is_all_that_is_asked),
	cmocka_unit_test(a_key_s_namespace_is_not_for_its_loader),
	cmocka_unit_test(a_miss_calls_the_loader_and_a_hit_does_not),
	cmocka_unit_test(an_empty_key_and_an_empty_value_are_a_key_and_a_value),
	cmocka_unit_test(a_request_that_makes_no_sense_is_refused_and_gives_nothing),
	cmocka_unit_test(a_request_of_a_later_version_is_taken_while_its_tail_is_zero),
	cmocka_unit_test(a_value_is_fresh_to_the_last_millisecond_of_its_ttl),
	cmocka_unit_test(a_loader_may_set_another_ttl_and_a_version),
	cmocka_unit_test(a_ttl_of_off_serves_the_value_once_and_then_as_stale_only),
	cmocka_unit_test(what_cannot_be_kept_does_not_leave_something_older_in_its_place),
	cmocka_unit_test(a_key_that_arrives_between_the_look_and_the_lock_is_not_loaded_again),
	cmocka_unit_test(refresh_loads_what_is_still_fresh),
	cmocka_unit_test(no_store_keeps_nothing_unless_somebody_who_joined_wants_it_kept),
	cmocka_unit_test(put_and_delete_say_what_they_did),
	cmocka_unit_test(a_put_that_does_not_fit_removes_what_was_there),
};

RUN_TESTS(tests)
