/* SPDX-License-Identifier: Apache-2.0 */
#include "house.h"

static void
open_with(struct stage *s, uint64_t absent_ttl_ms, uint64_t error_ttl_ms)
{
	struct tayra_options o = TAYRA_OPTIONS_INIT;

	o.absent_ttl_ms = absent_ttl_ms;
	o.error_ttl_ms = error_ttl_ms;
	stage_open(s, &o);
}

static int
ask_status(struct stage *s, const struct tayra_request *r, struct tayra_ref *ref)
{
	int status = tayra_get_or_load(s->t, r, ref);

	tayra_release(ref);
	return status;
}

static int
ask_key(struct stage *s, const char *key)
{
	struct tayra_request r = ask(s, key, answer);
	struct tayra_ref ref;

	return ask_status(s, &r, &ref);
}

static void
that_there_is_no_such_key_is_believed_for_its_time(void **state)
{
	struct stage s;

	open_with(&s, 100, 0);
	s.status = TAYRA_E_NOT_FOUND;
	for (int i = 0; i < 10; i++) {
		assert_int_equal(ask_key(&s, "k"), TAYRA_E_NOT_FOUND);
		stage_pass_ms(&s, 9);
	}
	assert_int_equal(s.calls, 1);
	assert_int_equal(stats_of(&s).absent, 9);
	assert_int_equal(stats_of(&s).requests, 10);
	stage_pass_ms(&s, 10);
	s.status = 0;
	assert_int_equal(ask_key(&s, "k"), TAYRA_OK);
	/* And that it is there now is not forgotten for it. */
	assert_int_equal(ask_key(&s, "k"), TAYRA_OK);
	assert_int_equal(s.calls, 2);
	stage_close(&s);
}

static void
without_a_time_for_it_every_request_asks(void **state)
{
	struct stage s;

	stage_open(&s, NULL);
	s.status = TAYRA_E_NOT_FOUND;
	ask_key(&s, "k");
	ask_key(&s, "k");
	assert_int_equal(s.calls, 2);
	stage_close(&s);
}

static void
an_error_has_a_time_of_its_own_and_says_how_long(void **state)
{
	struct stage s;
	struct tayra_ref ref;

	open_with(&s, 0, 100);
	struct tayra_request r = ask(&s, "k", answer);

	s.status = TAYRA_E_CORRUPT;
	assert_int_equal(ask_key(&s, "k"), TAYRA_E_CORRUPT);
	stage_pass_ms(&s, 40);
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_E_CORRUPT);
	assert_int_equal(ref.retry_after_ns, 60 * TAYRA_NS_PER_MS);
	assert_int_equal(s.calls, 1);
	stage_pass_ms(&s, 60);
	s.status = TAYRA_E_NOT_FOUND;
	assert_int_equal(ask_key(&s, "k"), TAYRA_E_NOT_FOUND);
	assert_int_equal(ask_key(&s, "k"), TAYRA_E_NOT_FOUND);
	assert_int_equal(s.calls, 3);
	stage_close(&s);
}

static void
our_own_trouble_is_no_error_of_the_origin(void **state)
{
	struct stage s;

	open_with(&s, 100, 100);
	s.status = TAYRA_E_NOMEM;
	assert_int_equal(ask_key(&s, "k"), TAYRA_E_NOMEM);
	s.status = 0;
	assert_int_equal(ask_key(&s, "k"), TAYRA_OK);
	stage_close(&s);
}

static void
an_error_does_not_hide_what_is_stale(void **state)
{
	struct tayra_options o = TAYRA_OPTIONS_INIT;
	struct stage s;
	struct tayra_ref ref;

	o.error_ttl_ms = 5000;
	o.throttle_ms = 500;
	stage_open(&s, &o);
	put_perishable(&s, "k", "old");
	stage_pass_ms(&s, 2000);
	struct tayra_request r = ask(&s, "k", answer);

	r.stale_ms = 9000;
	s.status = TAYRA_E_ORIGIN;
	for (int i = 0; i < 4; i++) {
		assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_OK);
		holds(&ref, "old");
		tayra_release(&ref);
		stage_pass_ms(&s, 500);
	}
	assert_int_equal(s.calls, 4);
	stage_close(&s);
}

static void
a_put_a_delete_and_a_clear_end_it(void **state)
{
	struct stage s;
	struct tayra_ref ref;

	open_with(&s, 60000, 60000);
	s.status = TAYRA_E_NOT_FOUND;
	ask_key(&s, "put");
	ask_key(&s, "deleted");
	ask_key(&s, "cleared");
	assert_int_equal(s.calls, 3);
	s.status = 0;
	assert_int_equal(tayra_put(s.t, "put", 3, "v", 1, 10, 0), TAYRA_OK);
	assert_int_equal(tayra_get(s.t, "put", 3, &ref), TAYRA_OK);
	tayra_release(&ref);
	stage_pass_ms(&s, 10);
	assert_int_equal(ask_key(&s, "put"), TAYRA_OK);
	tayra_delete(s.t, "deleted", 7);
	assert_int_equal(ask_key(&s, "deleted"), TAYRA_OK);
	assert_int_equal(tayra_delete_prefix(s.t, "clear", 5), TAYRA_OK);
	assert_int_equal(ask_key(&s, "cleared"), TAYRA_OK);
	assert_int_equal(s.calls, 6);
	stage_close(&s);
}

static void
a_load_that_was_overtaken_leaves_nothing(void **state)
{
	struct stage s;

	open_with(&s, 60000, 60000);
	struct tayra_request r = ask(&s, "k", park);

	start(&s, &r, NULL);
	tayra_delete(s.t, "k", 1);
	tayra_load_fail(s.parked[0], TAYRA_E_NOT_FOUND, 0);
	got_status(&s, TAYRA_E_NOT_FOUND);
	assert_int_equal(ask_key(&s, "k"), TAYRA_OK);
	stage_close(&s);
}

static void
a_refresh_asks_all_the_same(void **state)
{
	struct stage s;
	struct tayra_ref ref;

	open_with(&s, 60000, 60000);
	struct tayra_request r = ask(&s, "k", answer);

	s.status = TAYRA_E_NOT_FOUND;
	ask_key(&s, "k");
	s.status = 0;
	r.flags = TAYRA_REQUEST_REFRESH;
	assert_int_equal(ask_status(&s, &r, &ref), TAYRA_OK);
	assert_int_equal(ask_key(&s, "k"), TAYRA_OK);
	assert_int_equal(s.calls, 2);
	stage_close(&s);
}

static void
a_request_knows_better_than_the_handle(void **state)
{
	struct stage s;
	struct tayra_ref ref;

	open_with(&s, 60000, 0);
	s.status = TAYRA_E_NOT_FOUND;
	struct tayra_request r = ask(&s, "k", answer);

	r.absent_ttl_ms = TAYRA_OFF;
	ask_status(&s, &r, &ref);
	ask_status(&s, &r, &ref);
	assert_int_equal(s.calls, 2);
	r.absent_ttl_ms = 10;
	ask_status(&s, &r, &ref);
	ask_status(&s, &r, &ref);
	assert_int_equal(s.calls, 3);
	stage_pass_ms(&s, 10);
	ask_status(&s, &r, &ref);
	assert_int_equal(s.calls, 4);
	stage_close(&s);
}

static void
what_others_put_into_the_remote_tier_is_found_again(void **state)
{
	struct house h;
	struct tayra_ref ref;

	move_in(&h, ROOM_REMOTE);
	struct tayra_request r = ask(&h.s, "k", answer);

	r.absent_ttl_ms = 60000;
	h.s.status = TAYRA_E_NOT_FOUND;
	assert_int_equal(ask_status(&h.s, &r, &ref), TAYRA_E_NOT_FOUND);
	put_in(&h.remote, "k", "theirs");
	assert_int_equal(ask_status(&h.s, &r, &ref), TAYRA_E_NOT_FOUND);
	tayra__tier_changed(&h.remote.tier, "k", 1);
	assert_int_equal(tayra_get_or_load(h.s.t, &r, &ref), TAYRA_OK);
	holds(&ref, "theirs");
	tayra_release(&ref);
	move_out(&h);
}

/* What lies in the remote tier says that there is none. */
static bool
says_there_is_none(struct ram_tier *tier, const char *key, uint64_t for_ms)
{
	struct ram_tier_item *item;
	bool says;

	pthread_mutex_lock(&tier->lock);
	item = ram_tier_find(tier, key, strlen(key));
	says = item && item->meta.absent && item->len == 0 &&
	       item->meta.expire_ms == item->meta.born_ms + for_ms;
	pthread_mutex_unlock(&tier->lock);
	return says;
}

/* Somebody else has found out. */
static void
say_there_is_none(struct house *h, const char *key, uint64_t for_ms)
{
	const uint64_t now_ms = h->s.now_ns / TAYRA_NS_PER_MS;
	const struct tayra__tier_meta meta = {
		.born_ms = now_ms,
		.fresh_ms = now_ms + for_ms,
		.expire_ms = now_ms + for_ms,
		.absent = true,
	};

	assert_int_equal(
		h->remote.tier.ops->put(&h->remote.tier, key, strlen(key), NULL, 0, &meta, now_ms),
		TAYRA_OK);
}

static void
whoever_shares_a_remote_tier_is_told_that_there_is_none(void **state)
{
	for (unsigned threads = 0; threads < 2; threads++) {
		struct tayra_request r;
		struct tayra_ref ref;
		struct house h;

		move_in(&h, ROOM_BOTH | (threads ? ROOM_TICKER : 0));
		r = ask(&h.s, "k", answer);
		r.absent_ttl_ms = 60000;
		h.s.status = TAYRA_E_NOT_FOUND;
		assert_int_equal(ask_status(&h.s, &r, &ref), TAYRA_E_NOT_FOUND);
		while (threads && !says_there_is_none(&h.remote, "k", 60000))
			sched_yield();
		assert_true(says_there_is_none(&h.remote, "k", 60000));
		assert_true(is_in(&h.file, "k", NULL));
		/* Who does not remember it, or stores nothing, says nothing there. */
		r = ask(&h.s, "other", answer);
		assert_int_equal(ask_status(&h.s, &r, &ref), TAYRA_E_NOT_FOUND);
		r.absent_ttl_ms = 60000;
		r.flags = TAYRA_REQUEST_NO_STORE;
		assert_int_equal(ask_status(&h.s, &r, &ref), TAYRA_E_NOT_FOUND);
		assert_true(is_in(&h.remote, "other", NULL));
		assert_int_equal(tayra_put(h.s.t, "k", 1, "there", 5, 0, 0), TAYRA_OK);
		while (threads && !is_in(&h.remote, "k", "there"))
			sched_yield();
		assert_true(is_in(&h.remote, "k", "there"));
		move_out(&h);
	}
}

static void
what_another_has_found_out_is_believed_for_its_time(void **state)
{
	struct tayra_request r;
	struct tayra_ref ref;
	struct house h;

	move_in(&h, ROOM_REMOTE);
	stage_pass_ms(&h.s, 5000);
	r = ask(&h.s, "k", answer);
	r.absent_ttl_ms = 60000;
	say_there_is_none(&h, "k", 100);
	assert_int_equal(tayra_get(h.s.t, "k", 1, &ref), TAYRA_E_NOT_FOUND);
	finds_at(&h, "k", NULL, TAYRA_TIER_NONE);
	for (int i = 0; i < 3; i++)
		assert_int_equal(ask_status(&h.s, &r, &ref), TAYRA_E_NOT_FOUND);
	assert_int_equal(h.s.calls, 0);
	assert_int_equal(stats_of(&h.s).absent, 2); /* the first looked */
	stage_pass_ms(&h.s, 100);
	assert_int_equal(ask_status(&h.s, &r, &ref), TAYRA_OK);
	assert_int_equal(h.s.calls, 1);
	move_out(&h);
}

static void
whoever_wants_to_know_it_anew_asks_all_the_same(void **state)
{
	struct tayra_request r;
	struct tayra_ref ref;
	struct house h;

	move_in(&h, ROOM_REMOTE);
	stage_pass_ms(&h.s, 5000);
	say_there_is_none(&h, "forgetful", 60000);
	r = ask(&h.s, "forgetful", answer);
	assert_int_equal(ask_status(&h.s, &r, &ref), TAYRA_OK);
	assert_true(is_in(&h.remote, "forgetful", "value"));
	say_there_is_none(&h, "refresh", 60000);
	r = ask(&h.s, "refresh", answer);
	r.absent_ttl_ms = 60000;
	r.flags = TAYRA_REQUEST_REFRESH;
	assert_int_equal(ask_status(&h.s, &r, &ref), TAYRA_OK);
	assert_int_equal(h.s.calls, 2);
	move_out(&h);
}

static void
what_was_there_before_goes_where_another_found_none(void **state)
{
	struct tayra_request r;
	struct tayra_ref ref;
	struct house h;

	move_in(&h, ROOM_BOTH);
	r = ask(&h.s, "k", answer);
	r.absent_ttl_ms = 60000;
	r.stale_ms = 600000;
	assert_int_equal(ask_status(&h.s, &r, &ref), TAYRA_OK);
	assert_true(is_in(&h.file, "k", "value"));
	stage_pass_ms(&h.s, 5000); /* stale */
	say_there_is_none(&h, "k", 100);
	assert_int_equal(ask_status(&h.s, &r, &ref), TAYRA_E_NOT_FOUND);
	assert_true(is_in(&h.file, "k", NULL));
	stage_pass_ms(&h.s, 100);
	h.s.status = TAYRA_E_ORIGIN; /* nor does it come back for an error */
	assert_int_equal(ask_status(&h.s, &r, &ref), TAYRA_E_ORIGIN);
	move_out(&h);
}

static struct house *house_of_hook;

static void
put_meanwhile(void *arg)
{
	(void)arg;
	house_of_hook->remote.in_get = NULL;
	assert_int_equal(tayra_put(house_of_hook->s.t, "k", 1, "mine", 4, 0, 0), TAYRA_OK);
}

static void
what_is_put_while_it_is_looked_for_stays(void **state)
{
	struct tayra_request r;
	struct tayra_ref ref;
	struct house h;

	move_in(&h, ROOM_REMOTE);
	stage_pass_ms(&h.s, 5000);
	say_there_is_none(&h, "k", 60000);
	house_of_hook = &h;
	h.remote.in_get = put_meanwhile;
	r = ask(&h.s, "k", answer);
	r.absent_ttl_ms = 60000;
	assert_int_equal(ask_status(&h.s, &r, &ref), TAYRA_E_NOT_FOUND); /* it asked before */
	assert_int_equal(tayra_get_or_load(h.s.t, &r, &ref), TAYRA_OK);
	holds(&ref, "mine");
	tayra_release(&ref);
	assert_true(is_in(&h.remote, "k", "mine"));
	move_out(&h);
}

static void
of_too_many_the_oldest_are_forgotten_and_memory_is_bounded(void **state)
{
	struct stage s;
	char key[40];

	open_with(&s, 60000, 0);
	s.status = TAYRA_E_NOT_FOUND;
	for (int i = 0; i < 50000; i++) {
		snprintf(key, sizeof(key), "nothing-of-that-name-%d", i);
		assert_int_equal(ask_key(&s, key), TAYRA_E_NOT_FOUND);
	}
	assert_int_equal(ask_key(&s, key), TAYRA_E_NOT_FOUND);
	assert_int_equal(s.calls, 50000);
	stage_close(&s);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(that_there_is_no_such_key_is_believed_for_its_time),
	cmocka_unit_test(without_a_time_for_it_every_request_asks),
	cmocka_unit_test(an_error_has_a_time_of_its_own_and_says_how_long),
	cmocka_unit_test(our_own_trouble_is_no_error_of_the_origin),
	cmocka_unit_test(an_error_does_not_hide_what_is_stale),
	cmocka_unit_test(a_put_a_delete_and_a_clear_end_it),
	cmocka_unit_test(a_load_that_was_overtaken_leaves_nothing),
	cmocka_unit_test(a_refresh_asks_all_the_same),
	cmocka_unit_test(a_request_knows_better_than_the_handle),
	cmocka_unit_test(what_others_put_into_the_remote_tier_is_found_again),
	cmocka_unit_test(whoever_shares_a_remote_tier_is_told_that_there_is_none),
	cmocka_unit_test(what_another_has_found_out_is_believed_for_its_time),
	cmocka_unit_test(whoever_wants_to_know_it_anew_asks_all_the_same),
	cmocka_unit_test(what_was_there_before_goes_where_another_found_none),
	cmocka_unit_test(what_is_put_while_it_is_looked_for_stays),
	cmocka_unit_test(of_too_many_the_oldest_are_forgotten_and_memory_is_bounded),
};

RUN_TESTS(tests)
