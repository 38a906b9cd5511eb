/* SPDX-License-Identifier: Apache-2.0 */
#include "house.h"

#include <sys/wait.h>
#include <unistd.h>

static struct tayra_feed *
open_feed(struct stage *s, const char *prefix, enum tayra_feed_forget forget)
{
	struct tayra_feed_options o = TAYRA_FEED_OPTIONS_INIT;
	struct tayra_feed *feed;

	o.prefix = prefix;
	o.forget = forget;
	assert_int_equal(tayra_feed_open(s->t, &o, &feed), TAYRA_OK);
	return feed;
}

/* One that hears, and a moment in which nothing is doubted. */
static struct tayra_feed *
open_sound(struct stage *s, const char *prefix, enum tayra_feed_forget forget)
{
	struct tayra_feed *feed = open_feed(s, prefix, forget);

	tayra_feed_sound(feed);
	stage_pass_ms(s, 1);
	return feed;
}

static void
tell(struct tayra_feed *feed, const char *key)
{
	assert_int_equal(tayra_feed_changed(feed, key, strlen(key)), TAYRA_OK);
}

static struct tayra_feed_stats
feed_stats(struct tayra_feed *feed)
{
	struct tayra_feed_stats stats = TAYRA_FEED_STATS_INIT;

	tayra_feed_stats(feed, &stats);
	return stats;
}

static void
put_long(struct stage *s, const char *key)
{
	assert_int_equal(tayra_put(s->t, key, strlen(key), "old", 3, 60000, 60000), TAYRA_OK);
}

static void
what_has_changed_is_loaded_anew_and_the_rest_is_not(void **state)
{
	struct stage s;
	struct tayra_ref ref;

	stage_open(&s, NULL);
	struct tayra_feed *feed = open_sound(&s, NULL, TAYRA_FEED_STALE);
	struct tayra_request r = ask(&s, "k", answer);

	put_long(&s, "k");
	put_long(&s, "other");
	tell(feed, "k");
	tell(feed, "nothing is known of it");
	assert_int_equal(stats_of(&s).cache.hits, 0); /* being told of is no use */
	assert_true(is_fresh(s.t, "other"));
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_OK);
	holds(&ref, "value");
	assert_false(ref.stale);
	tayra_release(&ref);
	assert_true(is_fresh(s.t, "k"));
	assert_int_equal(s.calls, 1);
	assert_int_equal(feed_stats(feed).keys, 2);
	tayra_feed_close(feed);
	stage_close(&s);
}

static void
a_load_that_began_before_the_change_is_not_kept_and_nobody_joins_it(void **state)
{
	struct stage s;

	stage_open(&s, NULL);
	struct tayra_feed *feed = open_sound(&s, NULL, TAYRA_FEED_STALE);
	struct tayra_request r = ask(&s, "k", park);

	assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
	tell(feed, "k");
	assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
	assert_int_equal(s.calls, 2);
	finish(s.parked[1], "new");
	got_value(&s, "new");
	finish(s.parked[0], "old");
	got_value(&s, "old");
	r.load = answer;
	assert_int_equal(start(&s, &r, NULL), TAYRA_OK); /* "new" is still there */
	assert_int_equal(s.calls, 2);

	r = ask(&s, "lost", park);
	assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
	tayra_feed_lost(feed);
	tayra_feed_sound(feed);
	stage_pass_ms(&s, 1);
	assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
	assert_int_equal(s.calls, 4);
	finish(s.parked[3], "new");
	got_value(&s, "new");
	finish(s.parked[2], "old");
	got_value(&s, "old");
	assert_true(is_fresh(s.t, "lost"));
	tayra_feed_close(feed);
	stage_close(&s);
}

static void
while_the_origin_fails_what_changed_is_served_marked_or_deleted_not_at_all(void **state)
{
	for (int forget = TAYRA_FEED_STALE; forget <= TAYRA_FEED_DELETE; forget++) {
		for (int gap = 0; gap < 2; gap++) {
			struct tayra_ref ref;
			struct stage s;

			stage_open(&s, NULL);
			struct tayra_feed *feed = open_sound(&s, NULL, forget);
			struct tayra_request r = ask(&s, "k", answer);
			int status;

			put_long(&s, "k");
			s.status = TAYRA_E_ORIGIN;
			r.stale_ms = 1000;
			if (gap)
				tayra_feed_lost(feed);
			else
				tell(feed, "k");
			status = tayra_get_or_load(s.t, &r, &ref);
			if (forget == TAYRA_FEED_STALE) {
				assert_int_equal(status, TAYRA_OK);
				assert_true(ref.stale);
				holds(&ref, "old");
				tayra_release(&ref);
				/* And the origin is asked at most once a throttle. */
				for (int i = 0; i < 10; i++) {
					assert_int_equal(tayra_get_or_load(s.t, &r, &ref),
							 TAYRA_OK);
					assert_true(ref.stale);
					tayra_release(&ref);
				}
				assert_int_equal(s.calls, 1);
				stage_pass_ms(&s, 1000);
				s.status = TAYRA_OK;
				assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_OK);
				holds(&ref, "value");
				tayra_release(&ref);
			} else {
				assert_int_equal(status, TAYRA_E_ORIGIN);
			}
			r.stale_ms = TAYRA_OFF;
			tayra_feed_close(feed);
			stage_close(&s);
		}
	}
}

static void
a_gap_distrusts_all_that_the_feed_covered_and_nothing_else(void **state)
{
	struct stage s;

	stage_open(&s, NULL);
	struct tayra_feed *feed = open_sound(&s, "item:", TAYRA_FEED_STALE);

	put_long(&s, "item:1");
	put_long(&s, "item:2");
	put_long(&s, "item");
	put_long(&s, "user:1");
	tayra_feed_lost(feed);
	assert_false(is_fresh(s.t, "item:1"));
	assert_false(is_fresh(s.t, "item:2"));
	assert_true(is_fresh(s.t, "item"));
	assert_true(is_fresh(s.t, "user:1"));
	/* What comes after it is believed again, when it hears. */
	tayra_feed_sound(feed);
	assert_false(is_fresh(s.t, "item:1"));
	stage_pass_ms(&s, 1);
	put_long(&s, "item:1");
	stage_pass_ms(&s, 50000);
	assert_true(is_fresh(s.t, "item:1"));
	assert_false(is_fresh(s.t, "item:2"));
	assert_int_equal(feed_stats(feed).gaps, 1);
	assert_true(feed_stats(feed).sound);
	tayra_feed_close(feed);
	stage_close(&s);
}

static void
of_several_prefixes_each_is_covered_and_a_gap_is_of_all(void **state)
{
	static const char *const prefixes[] = { "item:", "user:", "it" }, *const none[] = { NULL };
	struct tayra_feed_options o = TAYRA_FEED_OPTIONS_INIT;
	struct tayra_feed *feed;
	struct stage s;

	stage_open(&s, NULL);
	o.prefixes = prefixes;
	o.prefix_count = 3;
	assert_int_equal(tayra_feed_open(s.t, &o, &feed), TAYRA_E_INVAL); /* it, item: */
	o.prefix_count = 2;
	o.prefix = "item:";
	assert_int_equal(tayra_feed_open(s.t, &o, &feed), TAYRA_E_INVAL); /* one or the other */
	o.prefix = NULL;
	o.prefixes = none;
	assert_int_equal(tayra_feed_open(s.t, &o, &feed), TAYRA_E_INVAL);
	o.prefixes = prefixes;
	assert_int_equal(tayra_feed_open(s.t, &o, &feed), TAYRA_OK);
	tayra_feed_sound(feed);
	stage_pass_ms(&s, 1);
	put_long(&s, "item:1");
	put_long(&s, "user:1");
	put_long(&s, "user:2");
	put_long(&s, "other");
	assert_int_equal(tayra_feed_changed(feed, "user:1", 6), TAYRA_OK);
	assert_int_equal(tayra_feed_changed(feed, "other", 5), TAYRA_E_NOT_FOUND);
	assert_false(is_fresh(s.t, "user:1"));
	assert_true(is_fresh(s.t, "user:2"));
	/* All with one of them, and what lies in front of both. */
	assert_int_equal(tayra_feed_changed_prefix(feed, "user:", 5), TAYRA_OK);
	assert_false(is_fresh(s.t, "user:2"));
	assert_true(is_fresh(s.t, "item:1"));
	assert_int_equal(tayra_feed_changed_prefix(feed, "", 0), TAYRA_OK);
	assert_false(is_fresh(s.t, "item:1"));
	assert_true(is_fresh(s.t, "other"));
	assert_int_equal(feed_stats(feed).prefixes, 2);
	stage_pass_ms(&s, 1);
	put_long(&s, "item:1");
	put_long(&s, "user:1");
	tayra_feed_lost(feed);
	assert_false(is_fresh(s.t, "item:1"));
	assert_false(is_fresh(s.t, "user:1"));
	assert_true(is_fresh(s.t, "other"));
	assert_int_equal(feed_stats(feed).gaps, 1);
	tayra_feed_close(feed);
	stage_close(&s);
}

static void
while_it_is_blind_nothing_is_fresh_for_long(void **state)
{
	struct tayra_feed_options o = TAYRA_FEED_OPTIONS_INIT;
	struct tayra_feed *feed;
	struct stage s;

	stage_open(&s, NULL);
	put_long(&s, "before");
	o.blind_ttl_ms = 200;
	assert_int_equal(tayra_feed_open(s.t, &o, &feed), TAYRA_OK);
	assert_false(is_fresh(s.t, "before"));
	for (int i = 0; i < 2; i++) {
		stage_pass_ms(&s, 1);
		put_long(&s, "k");
		stage_pass_ms(&s, 199);
		assert_true(is_fresh(s.t, "k"));
		stage_pass_ms(&s, 1);
		assert_false(is_fresh(s.t, "k"));
		tayra_feed_sound(feed);
		stage_pass_ms(&s, 1);
		put_long(&s, "k");
		stage_pass_ms(&s, 200);
		assert_true(is_fresh(s.t, "k"));
		tayra_feed_lost(feed);
		assert_false(is_fresh(s.t, "k"));
	}
	tayra_feed_close(feed);
	o.blind_ttl_ms = TAYRA_OFF; /* then as long as its ttl */
	assert_int_equal(tayra_feed_open(s.t, &o, &feed), TAYRA_OK);
	stage_pass_ms(&s, 1);
	put_long(&s, "k");
	stage_pass_ms(&s, 59999);
	assert_true(is_fresh(s.t, "k"));
	tayra_feed_close(feed);
	stage_close(&s);
}

static void
what_was_not_to_be_had_is_asked_for_again(void **state)
{
	struct stage s;
	struct tayra_ref ref;

	stage_open(&s, NULL);
	struct tayra_feed *feed = open_sound(&s, NULL, TAYRA_FEED_STALE);
	struct tayra_request r = ask(&s, "k", answer);
	unsigned calls = 1;

	r.absent_ttl_ms = 60000;
	s.status = TAYRA_E_NOT_FOUND;
	for (int i = 0; i < 2; i++) /* it is remembered */
		assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_E_NOT_FOUND);
	assert_int_equal(s.calls, calls);
	tell(feed, "k");
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_E_NOT_FOUND);
	assert_int_equal(s.calls, ++calls);
	tayra_feed_lost(feed);
	stage_pass_ms(&s, 1);
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_E_NOT_FOUND);
	assert_int_equal(s.calls, ++calls);
	/* And while nobody would say that it is there, not for long. */
	stage_pass_ms(&s, 999);
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_E_NOT_FOUND);
	assert_int_equal(s.calls, calls);
	stage_pass_ms(&s, 1);
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_E_NOT_FOUND);
	assert_int_equal(s.calls, ++calls);
	tayra_feed_close(feed);
	stage_close(&s);
}

static void
when_it_is_closed_all_is_distrusted_once_more_and_then_lives_as_its_ttl_says(void **state)
{
	struct stage s;

	stage_open(&s, NULL);
	for (int i = 0; i < 3; i++) { /* the second and third take the place of the first */
		struct tayra_feed *feed = open_sound(&s, "k", TAYRA_FEED_STALE);

		put_long(&s, "k");
		assert_true(is_fresh(s.t, "k"));
		tayra_feed_close(feed);
		assert_false(is_fresh(s.t, "k"));
		stage_pass_ms(&s, 1);
		put_long(&s, "k");
		stage_pass_ms(&s, 59000);
		assert_true(is_fresh(s.t, "k"));
	}
	stage_close(&s);
}

static void
a_prefix_takes_those_that_begin_so(void **state)
{
	struct stage s;

	stage_open(&s, NULL);
	struct tayra_feed *feed = open_sound(&s, "item:", TAYRA_FEED_STALE);

	put_long(&s, "item:a1");
	put_long(&s, "item:b1");
	put_long(&s, "user");
	assert_int_equal(tayra_feed_changed_prefix(feed, "item:a", 6), TAYRA_OK);
	assert_false(is_fresh(s.t, "item:a1"));
	assert_true(is_fresh(s.t, "item:b1"));
	assert_int_equal(tayra_feed_changed_prefix(feed, "i", 1), TAYRA_OK); /* and all below it */
	assert_false(is_fresh(s.t, "item:b1"));
	assert_true(is_fresh(s.t, "user"));
	stage_pass_ms(&s, 1);
	put_long(&s, "item:b1");
	assert_int_equal(tayra_feed_changed_prefix(feed, NULL, 0), TAYRA_OK);
	assert_false(is_fresh(s.t, "item:b1"));
	assert_true(feed_stats(feed).sound);
	assert_int_equal(feed_stats(feed).prefixes, 3);
	tayra_feed_close(feed);
	stage_close(&s);
}

static bool
is_fresh_bytes(struct tayra *t, const void *key, size_t len)
{
	struct tayra_ref ref;
	int status = tayra_get(t, key, len, &ref);

	tayra_release(&ref);
	return status == TAYRA_OK;
}

static void
what_is_told_is_the_rest_of_a_key_behind_the_namespace(void **state)
{
	static const char front[] = { '\0', 'n' };
	char name[1000], whole[1000], others[1000];
	struct tayra_feed_options o = TAYRA_FEED_OPTIONS_INIT;
	struct tayra_feed *feed;
	struct stage s;

	stage_open(&s, NULL);
	o.prefix = "user:";
	o.key_prefix = front;
	o.key_prefix_len = sizeof(front);
	assert_int_equal(tayra_feed_open(s.t, &o, &feed), TAYRA_OK);
	for (size_t len = 6; len <= 700; len += 694) { /* on the stack, and on the heap */
		memset(name, 'x', len);
		memcpy(name, "user:", 5);
		memcpy(whole, front, sizeof(front));
		memcpy(whole + sizeof(front), name, len);
		memcpy(others, whole, len + sizeof(front));
		others[1] = 'm'; /* another namespace's */
		tayra_feed_sound(feed);
		stage_pass_ms(&s, 1);
		assert_int_equal(tayra_put(s.t, whole, len + sizeof(front), "old", 3, 60000, 60000),
				 TAYRA_OK);
		assert_int_equal(
			tayra_put(s.t, others, len + sizeof(front), "old", 3, 60000, 60000),
			TAYRA_OK);
		assert_true(is_fresh_bytes(s.t, whole, len + sizeof(front)));
		assert_int_equal(tayra_feed_changed(feed, name, len), TAYRA_OK);
		assert_false(is_fresh_bytes(s.t, whole, len + sizeof(front)));
		assert_true(is_fresh_bytes(s.t, others, len + sizeof(front)));
	}
	assert_int_equal(tayra_feed_changed(feed, "item:1", 6), TAYRA_E_NOT_FOUND);
	assert_int_equal(tayra_feed_changed_prefix(feed, NULL, 0), TAYRA_OK);
	assert_int_equal(feed_stats(feed).keys, 2);
	assert_int_equal(feed_stats(feed).prefixes, 1);
	tayra_feed_close(feed);
	o.key_prefix = NULL;
	assert_int_equal(tayra_feed_open(s.t, &o, &feed), TAYRA_E_INVAL);
	o.key_prefix = name;
	o.key_prefix_len = TAYRA_KEY_MAX;
	assert_int_equal(tayra_feed_open(s.t, &o, &feed), TAYRA_E_TOO_LARGE);
	stage_close(&s);
}

static void
what_it_does_not_cover_is_refused_and_counted(void **state)
{
	struct tayra_feed_options o = TAYRA_FEED_OPTIONS_INIT;
	static const char long_key[TAYRA_KEY_MAX + 1];
	struct tayra_feed *none = (struct tayra_feed *)&o;
	struct stage s;

	stage_open(&s, NULL);
	struct tayra_feed *feed = open_sound(&s, "item:", TAYRA_FEED_STALE);

	put_long(&s, "user");
	assert_int_equal(tayra_feed_changed(feed, "user", 4), TAYRA_E_NOT_FOUND);
	assert_int_equal(tayra_feed_changed(feed, "item", 4), TAYRA_E_NOT_FOUND);
	assert_int_equal(tayra_feed_changed_prefix(feed, "u", 1), TAYRA_E_NOT_FOUND);
	assert_true(is_fresh(s.t, "user"));
	assert_int_equal(feed_stats(feed).ignored, 3);
	assert_int_equal(tayra_feed_changed(feed, NULL, 1), TAYRA_E_INVAL);
	assert_int_equal(tayra_feed_changed(NULL, "k", 1), TAYRA_E_INVAL);
	assert_int_equal(tayra_feed_changed(feed, long_key, sizeof(long_key)), TAYRA_E_TOO_LARGE);
	assert_int_equal(tayra_feed_changed_prefix(NULL, "k", 1), TAYRA_E_INVAL);
	tayra_feed_close(feed);
	tayra_feed_close(NULL);

	assert_int_equal(tayra_feed_open(NULL, &o, &none), TAYRA_E_INVAL);
	assert_null(none);
	assert_int_equal(tayra_feed_open(s.t, &o, NULL), TAYRA_E_INVAL);
	o.forget = 2;
	assert_int_equal(tayra_feed_open(s.t, &o, &none), TAYRA_E_INVAL);
	o.forget = 0;
	o.size = 1;
	assert_int_equal(tayra_feed_open(s.t, &o, &none), TAYRA_E_INVAL);
	stage_close(&s);
}

static void
the_tiers_below_forget_what_changed_and_what_is_distrusted_there_is_stale(void **state)
{
	static const int rooms[] = { ROOM_FILE, ROOM_REMOTE };

	for (unsigned i = 0; i < 2; i++) {
		struct house h;

		move_in(&h, rooms[i]);
		struct tayra_feed *feed = open_sound(&h.s, NULL, TAYRA_FEED_STALE);
		struct ram_tier *tier = i == 0 ? &h.file : &h.remote;

		stage_pass_ms(&h.s, 5000);
		put_in_at(tier, "changed", "below", 5001);
		put_in_at(tier, "kept", "below", 5001);
		tell(feed, "changed");
		assert_false(is_fresh(h.s.t, "changed"));
		assert_true(is_fresh(h.s.t, "kept"));
		assert_int_equal(tier->stats.deletes, 1);
		put_in_at(tier, "doubted", "below", 5001);
		tayra_feed_changed_prefix(feed, NULL, 0);
		assert_false(is_fresh(h.s.t, "doubted"));
		stage_pass_ms(&h.s, 1000);
		/* The wall's clock is believed to a second. */
		put_in_at(tier, "soon", "below", 6001);
		assert_false(is_fresh(h.s.t, "soon"));
		stage_pass_ms(&h.s, 1);
		put_in_at(tier, "later", "below", 6002);
		assert_true(is_fresh(h.s.t, "later"));
		tayra_feed_close(feed);
		move_out(&h);
	}
}

static void
with_the_ticker_it_does_not_wait_for_the_remote_tier(void **state)
{
	struct house h;

	move_in(&h, ROOM_REMOTE | ROOM_TICKER);
	struct tayra_feed *feed = open_sound(&h.s, NULL, TAYRA_FEED_STALE);

	stage_pass_ms(&h.s, 5000);
	put_in_at(&h.remote, "k", "below", 5001);
	h.remote.in_remove = stand_at_gate;
	atomic_store(&gate, GATE_CLOSED);
	tell(feed, "k"); /* returns, though the tier does not */
	wait_until_held();
	assert_false(is_fresh(h.s.t, "k")); /* due there, and so not asked for */
	atomic_store(&gate, GATE_OPEN);
	tayra_feed_close(feed);
	move_out(&h);
}

static int
use_in_child(struct tayra_feed *feed)
{
	int how = 0;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		bool refused = tayra_feed_changed(feed, "k", 1) == TAYRA_E_FORKED;

		tayra_feed_sound(feed);
		tayra_feed_lost(feed);
		tayra_feed_close(feed);
		_exit(refused ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &how, 0), child);
	return WIFEXITED(how) ? WEXITSTATUS(how) : -1;
}

static void
a_forked_child_tells_nothing(void **state)
{
	const char *tool = getenv("TAYRA_INSTRUMENTED");
	struct stage s;

	if (tool && strcmp(tool, "valgrind") == 0)
		skip();
	stage_open(&s, NULL);
	struct tayra_feed *feed = open_sound(&s, NULL, TAYRA_FEED_STALE);

	put_long(&s, "k");
	assert_int_equal(use_in_child(feed), 0);
	assert_true(is_fresh(s.t, "k"));
	assert_true(feed_stats(feed).sound);
	tayra_feed_close(feed);
	stage_close(&s);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(what_has_changed_is_loaded_anew_and_the_rest_is_not),
	cmocka_unit_test(a_load_that_began_before_the_change_is_not_kept_and_nobody_joins_it),
	cmocka_unit_test(
		while_the_origin_fails_what_changed_is_served_marked_or_deleted_not_at_all),
	cmocka_unit_test(a_gap_distrusts_all_that_the_feed_covered_and_nothing_else),
	cmocka_unit_test(of_several_prefixes_each_is_covered_and_a_gap_is_of_all),
	cmocka_unit_test(while_it_is_blind_nothing_is_fresh_for_long),
	cmocka_unit_test(what_was_not_to_be_had_is_asked_for_again),
	cmocka_unit_test(
		when_it_is_closed_all_is_distrusted_once_more_and_then_lives_as_its_ttl_says),
	cmocka_unit_test(a_prefix_takes_those_that_begin_so),
	cmocka_unit_test(what_is_told_is_the_rest_of_a_key_behind_the_namespace),
	cmocka_unit_test(what_it_does_not_cover_is_refused_and_counted),
	cmocka_unit_test(the_tiers_below_forget_what_changed_and_what_is_distrusted_there_is_stale),
	cmocka_unit_test(with_the_ticker_it_does_not_wait_for_the_remote_tier),
	cmocka_unit_test(a_forked_child_tells_nothing),
};

RUN_TESTS(tests)
