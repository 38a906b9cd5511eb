/* SPDX-License-Identifier: Apache-2.0 */
#include "house.h"

#include "load/due.h"
#include "load/handle.h"

static void
a_put_and_a_delete_have_reached_the_remote_when_they_return(void **state)
{
	struct house h;

	for (unsigned rooms = ROOM_REMOTE; rooms <= ROOM_BOTH; rooms++) {
		move_in(&h, rooms);
		assert_int_equal(tayra_put(h.s.t, "k", 1, "v", 1, 0, 0), TAYRA_OK);
		assert_true(is_in(&h.remote, "k", "v"));
		assert_int_equal(tayra_delete(h.s.t, "k", 1), TAYRA_OK);
		assert_true(is_in(&h.remote, "k", NULL));
		assert_int_equal(tayra_delete(h.s.t, "k", 1), TAYRA_E_NOT_FOUND);
		put_in(&h.remote, "k", "theirs");
		assert_int_equal(tayra_delete(h.s.t, "k", 1), TAYRA_OK); /* there alone */
		move_out(&h);
	}
}

static void
what_is_loaded_reaches_the_remote_and_what_the_origin_denies_leaves_it(void **state)
{
	struct tayra_request r;
	struct tayra_ref ref;
	struct house h;

	move_in(&h, ROOM_BOTH);
	r = ask(&h.s, "k", answer);
	assert_int_equal(tayra_get_or_load(h.s.t, &r, &ref), TAYRA_OK);
	tayra_release(&ref);
	assert_true(is_in(&h.remote, "k", "value"));
	h.s.status = TAYRA_E_NOT_FOUND;
	stage_pass_ms(&h.s, 1000);
	assert_int_equal(tayra_get_or_load(h.s.t, &r, &ref), TAYRA_E_NOT_FOUND);
	assert_true(is_in(&h.remote, "k", NULL));
	assert_true(is_in(&h.file, "k", NULL));
	move_out(&h);
}

static void
what_is_loaded_not_to_be_kept_removes_what_was_below(void **state)
{
	struct tayra_request r;
	struct tayra_ref ref;
	struct house h;

	move_in(&h, ROOM_BOTH);
	assert_int_equal(tayra_put(h.s.t, "k", 1, "old", 3, 0, 0), TAYRA_OK);
	r = ask(&h.s, "k", answer);
	r.flags = TAYRA_REQUEST_REFRESH;
	r.ttl_ms = r.stale_ms = TAYRA_OFF; /* it has run out when it comes */
	assert_int_equal(tayra_get_or_load(h.s.t, &r, &ref), TAYRA_OK);
	tayra_release(&ref);
	assert_true(is_in(&h.file, "k", NULL));
	assert_true(is_in(&h.remote, "k", NULL));
	move_out(&h);
}

static void
what_the_cache_refuses_in_the_end_removes_what_was_below(void **state)
{
	struct tayra_cache_options cache = TAYRA_CACHE_OPTIONS_INIT;
	struct tayra_options o = TAYRA_OPTIONS_INIT;
	struct tayra_request r;
	struct tayra_ref ref;
	struct house h;

	ram_tier_open(&h.file);
	ram_tier_open(&h.remote);
	cache.memory_bytes = 4u << 20;
	cache.shards = 1;
	cache.charge_max = 1; /* no value is as small */
	o.cache = &cache;
	o.file_tier = (struct tayra_tier_file *)&h.file;
	o.remote_tier = (struct tayra_tier_remote *)&h.remote;
	stage_open(&h.s, &o);
	tayra_tick(h.s.t, 0);
	put_in(&h.file, "k", "old");
	put_in(&h.remote, "k", "old");
	r = ask(&h.s, "k", answer);
	r.flags = TAYRA_REQUEST_REFRESH;
	assert_int_equal(tayra_get_or_load(h.s.t, &r, &ref), TAYRA_E_FULL);
	assert_true(is_in(&h.file, "k", NULL));
	assert_true(is_in(&h.remote, "k", NULL));
	move_out(&h);
}

static void
a_delete_the_remote_did_not_take_says_so_and_what_is_there_is_not_served(void **state)
{
	struct house h;

	move_in(&h, ROOM_BOTH);
	assert_int_equal(tayra_put(h.s.t, "k", 1, "old", 3, 0, 0), TAYRA_OK);
	ram_tier_fail(&h.remote, true);
	assert_int_equal(tayra_delete(h.s.t, "k", 1), TAYRA_E_IO);
	ram_tier_fail(&h.remote, false);
	assert_true(is_in(&h.remote, "k", "old"));
	finds_at(&h, "k", NULL, TAYRA_TIER_NONE);
	/* It is removed there as soon as that works, and then asked for again. */
	stage_pass_ms(&h.s, 1000);
	tayra_tick(h.s.t, 0);
	assert_true(is_in(&h.remote, "k", NULL));
	put_in_at(&h.remote, "k", "theirs", 1000);
	finds_at(&h, "k", "theirs", TAYRA_TIER_REMOTE);
	move_out(&h);
}

static void
a_put_the_remote_did_not_take_is_kept_here_and_nothing_older_comes_from_there(void **state)
{
	struct house h;

	move_in(&h, ROOM_BOTH);
	assert_int_equal(tayra_put(h.s.t, "k", 1, "old", 3, 0, 0), TAYRA_OK);
	ram_tier_fail(&h.remote, true);
	assert_int_equal(tayra_put(h.s.t, "k", 1, "new", 3, 0, 0), TAYRA_OK);
	ram_tier_fail(&h.remote, false);
	finds_at(&h, "k", "new", TAYRA_TIER_RAM);
	lose_from_ram(&h, "k");
	finds_at(&h, "k", "new", TAYRA_TIER_FILE);
	lose_from_ram(&h, "k");
	ram_tier_remove(&h.file.tier, "k", 1, 0);
	finds_at(&h, "k", NULL, TAYRA_TIER_NONE);
	/* The next put that goes well ends it. */
	assert_int_equal(tayra_put(h.s.t, "k", 1, "newer", 5, 0, 0), TAYRA_OK);
	lose_from_ram(&h, "k");
	ram_tier_remove(&h.file.tier, "k", 1, 0);
	finds_at(&h, "k", "newer", TAYRA_TIER_REMOTE);
	move_out(&h);
}

static void *
delete_k(void *arg)
{
	struct house *h = arg;

	return (void *)(intptr_t)tayra_delete(h->s.t, "k", 1);
}

static void
who_waits_for_a_load_does_not_wait_for_a_slow_remote(void **state)
{
	struct tayra_request r;
	struct tayra_ref ref;
	pthread_t other;
	struct house h;
	void *status;

	move_in(&h, ROOM_BOTH | ROOM_TICKER);
	h.remote.in_put = stand_at_gate;
	atomic_store(&gate, GATE_CLOSED);
	r = ask(&h.s, "k", answer);
	assert_int_equal(tayra_get_or_load(h.s.t, &r, &ref), TAYRA_OK);
	tayra_release(&ref);
	wait_until_held();
	/* Nor do others, and the key is not asked for there. */
	assert_int_equal(tayra_get(h.s.t, "other", 5, &ref), TAYRA_E_NOT_FOUND);
	assert_int_equal(pthread_create(&other, NULL, delete_k, &h), 0);
	while (tayra_get(h.s.t, "k", 1, &ref) == TAYRA_OK)
		tayra_release(&ref);
	assert_int_equal(h.remote.stats.misses, 2); /* by the load's look, and "other" */
	atomic_store(&gate, GATE_OPEN);
	pthread_join(other, &status);
	/* The delete came after the put. */
	assert_int_equal((int)(intptr_t)status, TAYRA_OK);
	assert_true(is_in(&h.remote, "k", NULL));
	assert_int_equal(h.remote.stats.puts, 1);
	move_out(&h);
}

static void
what_waits_for_a_slow_remote_is_bounded_and_the_rest_is_removed_there(void **state)
{
	static char large[64 << 10];
	struct tayra_request r;
	unsigned there = 0;
	char key[16];
	struct house h;

	memset(large, 'x', sizeof(large) - 1);
	move_in(&h, ROOM_REMOTE | ROOM_TICKER);
	for (int i = 0; i < 8; i++) {
		snprintf(key, sizeof(key), "%d", i);
		put_in(&h.remote, key, "old");
	}
	h.s.value = large;
	h.remote.in_put = stand_at_gate;
	atomic_store(&gate, GATE_CLOSED);
	for (int i = 0; i < 8; i++) {
		struct tayra_ref ref;

		snprintf(key, sizeof(key), "%d", i);
		r = ask(&h.s, key, answer);
		r.flags = TAYRA_REQUEST_REFRESH;
		assert_int_equal(tayra_get_or_load(h.s.t, &r, &ref), TAYRA_OK);
		tayra_release(&ref);
		if (i == 0)
			wait_until_held();
	}
	atomic_store(&gate, GATE_OPEN);
	stage_close(&h.s); /* tells it all first */
	for (int i = 0; i < 8; i++) {
		snprintf(key, sizeof(key), "%d", i);
		there += is_in(&h.remote, key, large);
		assert_true(is_in(&h.remote, key, large) || is_in(&h.remote, key, NULL));
	}
	/* A 32nd of 4 MiB is two of them, one of which was on its way. */
	assert_int_equal(there, 2);
	h.file.tier.ops->close(&h.file.tier);
	h.remote.tier.ops->close(&h.remote.tier);
}

static void
when_too_much_is_owed_nothing_comes_from_the_remote_until_all_of_it_is_gone(void **state)
{
	char key[16];
	struct house h;

	move_in(&h, ROOM_REMOTE);
	put_in(&h.remote, "k", "far");
	ram_tier_fail(&h.remote, true);
	for (unsigned i = 0; i <= TAYRA__DUE_MAX; i++) {
		snprintf(key, sizeof(key), "%u", i);
		assert_int_equal(tayra_delete(h.s.t, key, strlen(key)), TAYRA_E_IO);
	}
	finds_at(&h, "k", NULL, TAYRA_TIER_NONE);
	assert_int_equal(h.remote.stats.misses, 0); /* it was not asked */
	ram_tier_fail(&h.remote, false);
	finds_at(&h, "k", NULL, TAYRA_TIER_NONE);
	for (unsigned i = 0; i < TAYRA__DUE_MAX / 16 + 2; i++) {
		stage_pass_ms(&h.s, 1000);
		tayra_tick(h.s.t, 0);
	}
	assert_int_equal(ram_tier_clears(&h.remote), 1);
	assert_true(is_in(&h.remote, "k", NULL));
	put_in_at(&h.remote, "k", "again", 2000);
	finds_at(&h, "k", NULL, TAYRA_TIER_NONE); /* stale */
	assert_int_equal(h.remote.stats.hits, 1);
	move_out(&h);
}

static void
a_clear_reaches_the_remote_or_says_that_it_did_not(void **state)
{
	struct house h;

	move_in(&h, ROOM_BOTH);
	assert_int_equal(tayra_put(h.s.t, "ab", 2, "v", 1, 0, 0), TAYRA_OK);
	assert_int_equal(tayra_put(h.s.t, "b", 1, "v", 1, 0, 0), TAYRA_OK);
	assert_int_equal(tayra__store_clear(h.s.t, "a", 1), TAYRA_OK);
	assert_true(is_in(&h.remote, "ab", NULL));
	assert_true(is_in(&h.remote, "b", "v"));
	finds_at(&h, "ab", NULL, TAYRA_TIER_NONE);
	ram_tier_fail(&h.remote, true);
	assert_int_equal(tayra__store_clear(h.s.t, "b", 1), TAYRA_E_IO);
	ram_tier_fail(&h.remote, false);
	finds_at(&h, "b", NULL, TAYRA_TIER_NONE);
	stage_pass_ms(&h.s, 1000);
	tayra_tick(h.s.t, 0);
	assert_true(is_in(&h.remote, "b", NULL));
	move_out(&h);
}

/* From the middle of a clear. */
static void
look_for_k(void *arg)
{
	finds_at(arg, "k", NULL, TAYRA_TIER_NONE);
}

static void
what_is_about_to_be_cleared_in_the_remote_is_not_read_from_there(void **state)
{
	struct house h;

	move_in(&h, ROOM_BOTH);
	h.remote.arg = &h;
	h.remote.in_clear = look_for_k;
	put_in(&h.remote, "k", "old");
	assert_int_equal(tayra__store_clear(h.s.t, "k", 1), TAYRA_OK);
	finds_at(&h, "k", NULL, TAYRA_TIER_NONE);
	move_out(&h);
}

static void
what_others_changed_since_is_not_owed_any_more(void **state)
{
	struct house h;

	move_in(&h, ROOM_BOTH);
	put_in(&h.remote, "k", "old");
	ram_tier_fail(&h.remote, true);
	assert_int_equal(tayra_delete(h.s.t, "k", 1), TAYRA_E_IO);
	ram_tier_fail(&h.remote, false);
	put_in(&h.remote, "k", "theirs");
	tayra__tier_changed(&h.remote.tier, "k", 1);
	finds_at(&h, "k", "theirs", TAYRA_TIER_REMOTE);
	stage_pass_ms(&h.s, 1000);
	tayra_tick(h.s.t, 0);
	assert_true(is_in(&h.remote, "k", "theirs"));
	move_out(&h);
}

static void
that_there_is_none_is_only_a_removal_when_it_is_told_late(void **state)
{
	for (unsigned threads = 0; threads < 2; threads++) {
		struct tayra_request r;
		struct tayra_ref ref;
		struct house h;

		move_in(&h, ROOM_REMOTE | (threads ? ROOM_TICKER : 0));
		r = ask(&h.s, "k", answer);
		r.absent_ttl_ms = 60000;
		put_in(&h.remote, "k", "old");
		stage_pass_ms(&h.s, 5000);
		ram_tier_fail(&h.remote, true);
		h.s.status = TAYRA_E_NOT_FOUND;
		assert_int_equal(tayra_get_or_load(h.s.t, &r, &ref), TAYRA_E_NOT_FOUND);
		while (threads && ram_tier_puts(&h.remote) < 2)
			sched_yield();
		ram_tier_fail(&h.remote, false);
		for (int i = 0; i < 100000 && !is_in(&h.remote, "k", NULL); i++) {
			stage_pass_ms(&h.s, 1000);
			tayra_tick(h.s.t, 0);
			sched_yield();
		}
		assert_true(is_in(&h.remote, "k", NULL));
		move_out(&h);
	}
}

static int
refuse_offer(struct tayra__tier *tier, const void *key, size_t key_len, const void *value,
	     size_t value_len, const struct tayra__tier_meta *meta, uint64_t wall_ms)
{
	return TAYRA_E_NOT_FOUND;
}

/* A delete has yet to tell the remote when a load that began after it offers what it brought, which
 * the remote takes for older than what the delete was of. */
static void
an_offer_that_overtakes_a_delete_and_is_refused_removes_what_that_was_of(void **state)
{
	struct tayra__tier_ops ops = ram_tier_ops;
	struct tayra_item_meta meta = { 0 };
	struct tayra__news offer = { .value = "new", .len = 3, .meta = &meta, .loaded = true };
	const struct tayra__news removal = { 0 };
	uint64_t first, second;
	struct house h;

	move_in(&h, ROOM_REMOTE);
	ops.offer = refuse_offer;
	h.remote.tier.ops = &ops;
	put_in(&h.remote, "k", "old");
	pthread_mutex_lock(&h.s.t->lock);
	first = tayra__due_note(h.s.t, "k", 1);
	second = tayra__due_note(h.s.t, "k", 1);
	pthread_mutex_unlock(&h.s.t->lock);
	assert_int_equal(tayra__due_deliver(h.s.t, "k", 1, second, &offer), TAYRA_OK);
	assert_false(is_in(&h.remote, "k", "old"));
	assert_int_equal(tayra__due_deliver(h.s.t, "k", 1, first, &removal), TAYRA_E_NOT_FOUND);
	/* Where nothing was overtaken, what others have there stays. */
	put_in(&h.remote, "k", "theirs");
	pthread_mutex_lock(&h.s.t->lock);
	second = tayra__due_note(h.s.t, "k", 1);
	pthread_mutex_unlock(&h.s.t->lock);
	assert_int_equal(tayra__due_deliver(h.s.t, "k", 1, second, &offer), TAYRA_E_NOT_FOUND);
	assert_true(is_in(&h.remote, "k", "theirs"));
	move_out(&h);
}

/* What is noted while a put is on its way. */
struct meanwhile {
	struct tayra *t;
	unsigned changes;
	uint64_t last;
};

static void
note_meanwhile(void *arg)
{
	struct meanwhile *m = arg;

	pthread_mutex_lock(&m->t->lock);
	for (; m->changes > 0; m->changes--)
		m->last = tayra__due_note(m->t, "k", 1);
	pthread_mutex_unlock(&m->t->lock);
}

/* The delete came while a put was on its way, which does not make up for it. */
static void
so_does_one_that_overtakes_a_delete_behind_a_put_on_its_way(void **state)
{
	struct tayra__tier_ops ops = ram_tier_ops;
	struct tayra_item_meta meta = { .expire_ms = UINT64_MAX };
	const struct tayra__news put = { .value = "old", .len = 3, .meta = &meta };
	const struct tayra__news offer = {
		.value = "new", .len = 3, .meta = &meta, .loaded = true
	};

	for (unsigned changes = 1; changes <= 2; changes++) {
		struct meanwhile m = { .changes = changes };
		uint64_t first;
		struct house h;

		move_in(&h, ROOM_REMOTE);
		ops.offer = refuse_offer;
		h.remote.tier.ops = &ops;
		h.remote.in_put = note_meanwhile;
		h.remote.arg = &m;
		m.t = h.s.t;
		pthread_mutex_lock(&h.s.t->lock);
		first = tayra__due_note(h.s.t, "k", 1);
		pthread_mutex_unlock(&h.s.t->lock);
		assert_int_equal(tayra__due_deliver(h.s.t, "k", 1, first, &put), TAYRA_OK);
		assert_true(is_in(&h.remote, "k", "old"));
		tayra__due_deliver(h.s.t, "k", 1, m.last, &offer);
		/* The first of two was the delete. */
		assert_int_equal(is_in(&h.remote, "k", "old"), changes == 1);
		move_out(&h);
	}
}

static void
a_put_on_its_way_when_all_is_cleared_does_not_come_after(void **state)
{
	struct tayra_request r;
	struct tayra_ref ref;
	struct house h;

	move_in(&h, ROOM_REMOTE | ROOM_TICKER);
	h.remote.in_put = stand_at_gate;
	atomic_store(&gate, GATE_CLOSED);
	for (int i = 0; i < 2; i++) { /* one on its way, one behind it */
		r = ask(&h.s, i ? "b" : "a", answer);
		assert_int_equal(tayra_get_or_load(h.s.t, &r, &ref), TAYRA_OK);
		tayra_release(&ref);
		if (!i)
			wait_until_held();
	}
	assert_int_equal(tayra__store_clear(h.s.t, NULL, 0), TAYRA_OK);
	atomic_store(&gate, GATE_OPEN);
	finds_at(&h, "a", NULL, TAYRA_TIER_NONE); /* be it there by now or not */
	stage_pass_ms(&h.s, 2000);
	while (!ram_tier_puts(&h.remote) || !is_in(&h.remote, "a", NULL))
		sched_yield(); /* it was too late to stop, and is removed again */
	assert_true(is_in(&h.remote, "b", NULL));
	assert_int_equal(ram_tier_puts(&h.remote), 1);
	move_out(&h);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_put_and_a_delete_have_reached_the_remote_when_they_return),
	cmocka_unit_test(what_is_loaded_reaches_the_remote_and_what_the_origin_denies_leaves_it),
	cmocka_unit_test(what_is_loaded_not_to_be_kept_removes_what_was_below),
	cmocka_unit_test(what_the_cache_refuses_in_the_end_removes_what_was_below),
	cmocka_unit_test(a_delete_the_remote_did_not_take_says_so_and_what_is_there_is_not_served),
	cmocka_unit_test(
		a_put_the_remote_did_not_take_is_kept_here_and_nothing_older_comes_from_there),
	cmocka_unit_test(who_waits_for_a_load_does_not_wait_for_a_slow_remote),
	cmocka_unit_test(what_waits_for_a_slow_remote_is_bounded_and_the_rest_is_removed_there),
	cmocka_unit_test(
		when_too_much_is_owed_nothing_comes_from_the_remote_until_all_of_it_is_gone),
	cmocka_unit_test(a_clear_reaches_the_remote_or_says_that_it_did_not),
	cmocka_unit_test(what_is_about_to_be_cleared_in_the_remote_is_not_read_from_there),
	cmocka_unit_test(what_others_changed_since_is_not_owed_any_more),
	cmocka_unit_test(that_there_is_none_is_only_a_removal_when_it_is_told_late),
	cmocka_unit_test(an_offer_that_overtakes_a_delete_and_is_refused_removes_what_that_was_of),
	cmocka_unit_test(so_does_one_that_overtakes_a_delete_behind_a_put_on_its_way),
	cmocka_unit_test(a_put_on_its_way_when_all_is_cleared_does_not_come_after),
};

RUN_TESTS(tests)
