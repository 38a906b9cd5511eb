/* SPDX-License-Identifier: Apache-2.0 */
#include "house.h"

static void
without_a_load_it_is_answered_from_ram_or_below_or_not_found(void **state)
{
	struct tayra_request r = ask_below("k");
	struct tayra_ref ref;
	struct house h;

	move_in(&h, ROOM_FILE);
	assert_int_equal(tayra_get_or_load(h.s.t, &r, &ref), TAYRA_E_NOT_FOUND);
	assert_int_equal(start(&h.s, &r, NULL), TAYRA_PENDING);
	got_status(&h.s, TAYRA_E_NOT_FOUND);
	/* Nothing was learned from that: no tombstone. */
	assert_int_equal(h.file.stats.deletes, 0);
	assert_int_equal(h.file.stats.misses, 2);
	put_in(&h.file, "k", "below");
	assert_int_equal(tayra_get_or_load(h.s.t, &r, &ref), TAYRA_OK);
	holds(&ref, "below");
	assert_int_equal(ref.tier, TAYRA_TIER_FILE);
	tayra_release(&ref);
	assert_int_equal(tayra_get_or_load_start(h.s.t, &r, h.s.cq, NULL, &ref), TAYRA_OK);
	assert_int_equal(ref.tier, TAYRA_TIER_RAM); /* it came up */
	tayra_release(&ref);
	assert_int_equal(stats_of(&h.s).loads, 0);
	assert_int_equal(stats_of(&h.s).inflight, 0);
	move_out(&h);
}

static void
with_the_ticker_a_start_without_a_load_does_not_wait_for_a_slow_tier(void **state)
{
	struct tayra_request r = ask_below("k"), none = ask_below("none");
	struct tayra_completion c[2];
	size_t n = 0;
	struct house h;

	move_in(&h, ROOM_FILE | ROOM_TICKER);
	put_in(&h.file, "k", "below");
	h.file.in_get = stand_at_gate;
	atomic_store(&gate, GATE_CLOSED);
	assert_int_equal(start(&h.s, &r, (void *)1), TAYRA_PENDING);
	wait_until_held(); /* by another thread */
	assert_int_equal(start(&h.s, &none, (void *)2), TAYRA_PENDING);
	got_none(&h.s);
	atomic_store(&gate, GATE_OPEN);
	while (n < 2)
		n += tayra_cq_wait(h.s.cq, c + n, 2 - n, 10 * TAYRA_NS_PER_S);
	for (n = 0; n < 2; n++) {
		assert_int_equal(c[n].status,
				 c[n].cookie == (void *)1 ? TAYRA_OK : TAYRA_E_NOT_FOUND);
		tayra_release(&c[n].ref);
	}
	move_out(&h);
}

/* From the middle of a look. */
static void
start_a_load(void *arg)
{
	struct house *h = arg;
	struct tayra_request r = ask(&h->s, "k", answer);

	h->file.in_get = NULL;
	assert_int_equal(start(&h->s, &r, (void *)7), TAYRA_PENDING);
}

static void
who_wants_a_load_and_joins_a_look_gets_it(void **state)
{
	struct tayra_request r = ask_below("k");
	struct tayra_completion c[2];
	struct tayra_ref ref;
	struct house h;

	move_in(&h, ROOM_FILE);
	h.file.in_get = start_a_load;
	h.file.arg = &h;
	/* Blocking: who looked waits for the load it now shares. */
	assert_int_equal(tayra_get_or_load(h.s.t, &r, &ref), TAYRA_OK);
	holds(&ref, "value");
	assert_int_equal(ref.tier, TAYRA_TIER_ORIGIN);
	tayra_release(&ref);
	got_value(&h.s, "value");
	assert_int_equal(h.s.calls, 1);
	assert_int_equal(stats_of(&h.s).joined, 1);
	/* Through queues: the loader is not called by who came for no load, but by the drain. */
	assert_int_equal(tayra_delete(h.s.t, "k", 1), TAYRA_OK);
	h.file.in_get = start_a_load;
	assert_int_equal(start(&h.s, &r, (void *)1), TAYRA_PENDING);
	assert_int_equal(h.s.calls, 1);
	assert_int_equal(tayra_cq_drain(h.s.cq, c, 2), 2);
	assert_int_equal(h.s.calls, 2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(c[i].status, TAYRA_OK);
		tayra_release(&c[i].ref);
	}
	move_out(&h);
}

static void
who_wants_no_load_joins_the_one_in_progress(void **state)
{
	struct house h;
	struct tayra_request load, look = ask_below("k");

	move_in(&h, ROOM_FILE);
	load = ask(&h.s, "k", park);
	assert_int_equal(start(&h.s, &load, NULL), TAYRA_PENDING);
	assert_int_equal(start(&h.s, &look, NULL), TAYRA_PENDING);
	assert_int_equal(h.s.calls, 1);
	finish(h.s.parked[0], "loaded");
	for (int i = 0; i < 2; i++) {
		struct tayra_completion c;

		assert_int_equal(tayra_cq_drain(h.s.cq, &c, 1), 1);
		assert_int_equal(c.status, TAYRA_OK);
		holds(&c.ref, "loaded");
		tayra_release(&c.ref);
	}
	move_out(&h);
}

static void
start_a_refresh(void *arg)
{
	struct house *h = arg;
	struct tayra_request r = ask(&h->s, "k", answer);

	h->file.in_get = NULL;
	r.flags = TAYRA_REQUEST_REFRESH;
	assert_int_equal(start(&h->s, &r, (void *)7), TAYRA_PENDING);
}

static void
what_is_found_below_is_no_answer_to_who_joined_for_something_new(void **state)
{
	struct tayra_request r = ask_below("k");
	struct tayra_ref ref;
	struct house h;

	move_in(&h, ROOM_FILE);
	put_in(&h.file, "k", "below");
	h.file.arg = &h;
	h.file.in_get = start_a_load;
	assert_int_equal(tayra_get_or_load(h.s.t, &r, &ref), TAYRA_OK);
	holds(&ref, "below");
	tayra_release(&ref);
	got_value(&h.s, "below");
	assert_int_equal(h.s.calls, 0);
	tayra_cache_delete(tayra__handle_cache(h.s.t), "k", 1);
	h.file.in_get = start_a_refresh;
	assert_int_equal(tayra_get_or_load(h.s.t, &r, &ref), TAYRA_OK);
	holds(&ref, "value");
	tayra_release(&ref);
	got_value(&h.s, "value");
	assert_int_equal(h.s.calls, 1);
	move_out(&h);
}

static void
a_value_put_with_all_that_is_known_keeps_it_in_ram_and_below(void **state)
{
	struct tayra_item_meta meta = {
		.born_ms = STAGE_START_NS / TAYRA_NS_PER_MS - 50,
		.fresh_ms = STAGE_START_NS / TAYRA_NS_PER_MS + 100,
		.expire_ms = STAGE_START_NS / TAYRA_NS_PER_MS + 200,
		.cost_ns = 5 * TAYRA_NS_PER_MS,
		.version = 9,
	};
	struct tayra_request r = ask_below("k");
	struct tayra_ref ref;
	struct house h;

	move_in(&h, ROOM_FILE);
	assert_int_equal(tayra__store_put(h.s.t, "k", 1, NULL, 3, &meta), TAYRA_E_INVAL);
	assert_int_equal(tayra__store_put(h.s.t, "k", 1, "abc", 3, &meta), TAYRA_OK);
	for (int below = 0; below < 2; below++) {
		assert_int_equal(tayra_get_or_load(h.s.t, &r, &ref), TAYRA_OK);
		holds(&ref, "abc");
		assert_int_equal(ref.tier, below ? TAYRA_TIER_FILE : TAYRA_TIER_RAM);
		assert_int_equal(ref.age_ms, 50);
		assert_int_equal(ref.version, 9);
		assert_true(ref.load_cost_ns > 4900000 && ref.load_cost_ns < 5100000);
		tayra_release(&ref);
		assert_int_equal(tayra_cache_delete(tayra__handle_cache(h.s.t), "k", 1), TAYRA_OK);
	}
	stage_pass_ms(&h.s, 200);
	assert_int_equal(tayra_get_or_load(h.s.t, &r, &ref), TAYRA_E_NOT_FOUND);
	move_out(&h);
}

static bool
is_there(struct house *h, const char *key)
{
	struct tayra_ref ref;
	int status = tayra_get(h->s.t, key, strlen(key), &ref);

	tayra_release(&ref);
	return status == TAYRA_OK;
}

static void
a_clear_forgets_what_begins_so_in_ram_and_below_and_nothing_else(void **state)
{
	char key[16];
	struct house h;

	move_in(&h, ROOM_FILE);
	for (int i = 0; i < 200; i++) {
		snprintf(key, sizeof(key), "%c%d", i & 1 ? 'a' : 'b', i);
		assert_int_equal(tayra_put(h.s.t, key, strlen(key), "v", 1, 0, 0), TAYRA_OK);
	}
	tayra_cache_delete(tayra__handle_cache(h.s.t), "a1", 2); /* below alone */
	assert_int_equal(tayra__store_clear(h.s.t, "a", 1), TAYRA_OK);
	for (int i = 0; i < 200; i++) {
		snprintf(key, sizeof(key), "%c%d", i & 1 ? 'a' : 'b', i);
		assert_int_equal(is_there(&h, key), !(i & 1));
		tayra_cache_delete(tayra__handle_cache(h.s.t), key, strlen(key));
		assert_int_equal(is_there(&h, key), !(i & 1)); /* from below */
	}
	assert_int_equal(tayra__store_clear(h.s.t, NULL, 0), TAYRA_OK);
	for (int i = 0; i < 200; i++) {
		snprintf(key, sizeof(key), "%c%d", i & 1 ? 'a' : 'b', i);
		assert_false(is_there(&h, key));
	}
	ram_tier_fail(&h.file, true);
	assert_int_equal(tayra__store_clear(h.s.t, NULL, 0), TAYRA_E_IO);
	move_out(&h);
}

static void
a_clear_finds_keys_that_do_not_fit_into_one_look(void **state)
{
	static char key[TAYRA_KEY_MAX];
	struct tayra_cache_options cache = TAYRA_CACHE_OPTIONS_INIT;
	struct tayra_options o = TAYRA_OPTIONS_INIT;
	struct tayra_ref ref;
	struct stage s;

	cache.memory_bytes = 16u << 20;
	cache.shards = 1;
	o.cache = &cache;
	stage_open(&s, &o);
	memset(key, 'x', sizeof(key));
	for (char c = 'a'; c <= 'z'; c++) {
		key[1] = c;
		assert_int_equal(tayra_put(s.t, key, sizeof(key), "v", 1, 0, 0), TAYRA_OK);
	}
	assert_int_equal(tayra__store_clear(s.t, "x", 1), TAYRA_OK);
	for (char c = 'a'; c <= 'z'; c++) {
		key[1] = c;
		assert_int_equal(tayra_get(s.t, key, sizeof(key), &ref), TAYRA_E_NOT_FOUND);
	}
	stage_close(&s);
}

static void
a_load_begun_before_a_clear_is_not_kept(void **state)
{
	struct tayra_request r, other;
	struct tayra_completion c;
	struct house h;

	move_in(&h, ROOM_FILE);
	r = ask(&h.s, "ab", park);
	other = ask(&h.s, "b", park);
	assert_int_equal(start(&h.s, &r, NULL), TAYRA_PENDING);
	assert_int_equal(start(&h.s, &other, NULL), TAYRA_PENDING);
	assert_int_equal(tayra__store_clear(h.s.t, "a", 1), TAYRA_OK);
	finish(h.s.parked[0], "old");
	finish(h.s.parked[1], "other");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(tayra_cq_drain(h.s.cq, &c, 1), 1);
		assert_int_equal(c.status, TAYRA_OK);
		tayra_release(&c.ref);
	}
	assert_false(is_there(&h, "ab"));
	assert_true(is_there(&h, "b"));
	move_out(&h);
}

static void
what_the_remote_has_comes_up_and_is_kept_in_the_file_with_what_is_known_of_it(void **state)
{
	struct tayra_ref ref;
	struct house h;

	move_in(&h, ROOM_BOTH);
	put_in(&h.remote, "k", "far");
	stage_pass_ms(&h.s, 70);
	finds_at(&h, "k", "far", TAYRA_TIER_REMOTE);
	finds_at(&h, "k", "far", TAYRA_TIER_RAM);
	assert_true(is_in(&h.file, "k", "far"));
	lose_from_ram(&h, "k");
	assert_int_equal(tayra_get(h.s.t, "k", 1, &ref), TAYRA_OK);
	assert_int_equal(ref.tier, TAYRA_TIER_FILE);
	assert_int_equal(ref.age_ms, 70);
	assert_int_equal(ref.version, 3);
	tayra_release(&ref);
	lose_from_ram(&h, "k");
	ram_tier_remove(&h.file.tier, "k", 1, 0);
	assert_int_equal(tayra_get(h.s.t, "k", 1, &ref), TAYRA_OK);
	assert_int_equal(ref.tier, TAYRA_TIER_REMOTE);
	tayra_release(&ref);
	assert_true(is_in(&h.file, "k", "far"));
	assert_int_equal(stats_of(&h.s).remote.hits, 2);
	assert_int_equal(stats_of(&h.s).remote.misses, 0);
	assert_int_equal(stats_of(&h.s).remote.read_bytes, 6);
	assert_int_equal(stats_of(&h.s).file.hits, 1);
	assert_int_equal(stats_of(&h.s).file.misses, 2);
	move_out(&h);
}

static void
pass_5_ms(void *arg)
{
	stage_pass_ms(arg, 5);
}

static void
each_tier_s_time_is_its_own(void **state)
{
	struct house h;

	move_in(&h, ROOM_BOTH);
	h.remote.arg = &h.s;
	h.remote.in_get = h.remote.in_put = pass_5_ms;
	finds_at(&h, "k", NULL, TAYRA_TIER_NONE);
	assert_int_equal(tayra_put(h.s.t, "k", 1, "v", 1, 0, 0), TAYRA_OK);
	assert_int_equal(stats_of(&h.s).remote.read_ns, 5 * TAYRA_NS_PER_MS);
	assert_int_equal(stats_of(&h.s).remote.write_ns, 5 * TAYRA_NS_PER_MS);
	assert_int_equal(stats_of(&h.s).file.read_ns, 0);
	assert_int_equal(stats_of(&h.s).file.write_ns, 0);
	move_out(&h);
}

static void
what_is_stale_here_is_looked_for_in_the_remote_and_taken_if_it_is_newer(void **state)
{
	struct tayra_request r;
	struct tayra_ref ref;
	struct house h;

	move_in(&h, ROOM_BOTH);
	assert_int_equal(tayra_put(h.s.t, "k", 1, "old", 3, 0, 0), TAYRA_OK);
	stage_pass_ms(&h.s, 1500);
	finds_at(&h, "k", NULL, TAYRA_TIER_NONE); /* stale, and so it is in the remote */
	put_in_at(&h.remote, "k", "new", 1400);
	finds_at(&h, "k", "new", TAYRA_TIER_REMOTE);
	finds_at(&h, "k", "new", TAYRA_TIER_RAM);
	stage_pass_ms(&h.s, 1500);
	/* Stale in the file alone. */
	lose_from_ram(&h, "k");
	put_in_at(&h.remote, "k", "newest", 2900);
	finds_at(&h, "k", "newest", TAYRA_TIER_REMOTE);
	stage_pass_ms(&h.s, 1500);
	/* Nowhere newer: then it is loaded, and what is stale is there if that fails. */
	lose_from_ram(&h, "k");
	put_in_at(&h.remote, "k", "older", 0);
	h.s.status = TAYRA_E_ORIGIN;
	r = ask(&h.s, "k", answer);
	assert_int_equal(tayra_get_or_load(h.s.t, &r, &ref), TAYRA_OK);
	holds(&ref, "newest");
	assert_true(ref.stale);
	assert_int_equal(h.s.calls, 1);
	tayra_release(&ref);
	move_out(&h);
}

static void
a_remote_that_fails_is_a_miss_and_nothing_else(void **state)
{
	struct tayra_request r;
	struct tayra_ref ref;
	struct house h;

	move_in(&h, ROOM_BOTH);
	put_in(&h.remote, "k", "far");
	ram_tier_fail(&h.remote, true);
	finds_at(&h, "k", NULL, TAYRA_TIER_NONE);
	r = ask(&h.s, "k", answer);
	assert_int_equal(tayra_get_or_load(h.s.t, &r, &ref), TAYRA_OK);
	holds(&ref, "value");
	tayra_release(&ref);
	lose_from_ram(&h, "k");
	finds_at(&h, "k", "value", TAYRA_TIER_FILE);
	assert_true(stats_of(&h.s).remote.out);
	assert_int_equal(stats_of(&h.s).remote.refused, 1);
	move_out(&h);
}

static void
a_file_from_before_the_handle_is_not_believed_beside_a_remote(void **state)
{
	struct tayra_options o = TAYRA_OPTIONS_INIT;
	struct house h;

	ram_tier_open(&h.file);
	ram_tier_open(&h.remote);
	put_in(&h.file, "k", "before"); /* who knows what others did since */
	o.file_tier = (struct tayra_tier_file *)&h.file;
	o.remote_tier = (struct tayra_tier_remote *)&h.remote;
	stage_open(&h.s, &o);
	finds_at(&h, "k", NULL, TAYRA_TIER_NONE);
	assert_true(is_in(&h.file, "k", NULL));
	move_out(&h);
}

static void
what_others_changed_is_forgotten_here_and_not_there(void **state)
{
	struct house h;

	move_in(&h, ROOM_BOTH);
	assert_int_equal(tayra_put(h.s.t, "k", 1, "mine", 4, 0, 0), TAYRA_OK);
	assert_int_equal(tayra_put(h.s.t, "other", 5, "kept", 4, 0, 0), TAYRA_OK);
	put_in(&h.remote, "k", "theirs");
	tayra__tier_changed(&h.remote.tier, "k", 1);
	assert_true(is_in(&h.file, "k", NULL));
	assert_true(is_in(&h.remote, "k", "theirs"));
	finds_at(&h, "k", "theirs", TAYRA_TIER_REMOTE);
	finds_at(&h, "other", "kept", TAYRA_TIER_RAM);
	assert_int_equal(h.remote.stats.deletes, 0);
	move_out(&h);
}

/* From the middle of a get, which has read the old value. */
static void
somebody_changes_it(void *arg)
{
	struct house *h = arg;

	h->remote.in_get = NULL;
	put_in(&h->remote, "k", "new");
	tayra__tier_changed(&h->remote.tier, "k", 1);
}

static void
what_changed_while_it_was_looked_for_is_not_kept(void **state)
{
	struct tayra_ref ref;
	struct house h;

	move_in(&h, ROOM_BOTH);
	h.remote.arg = &h;
	put_in(&h.remote, "k", "old");
	h.remote.in_get = somebody_changes_it;
	finds_at(&h, "k", "old", TAYRA_TIER_REMOTE); /* it was asked for before the change */
	assert_true(is_in(&h.file, "k", NULL));
	finds_at(&h, "k", "new", TAYRA_TIER_REMOTE);
	/* And so for tayra_get(). */
	tayra__tier_changed(&h.remote.tier, "k", 1);
	put_in(&h.remote, "k", "old");
	h.remote.in_get = somebody_changes_it;
	assert_int_equal(tayra_get(h.s.t, "k", 1, &ref), TAYRA_OK);
	holds(&ref, "old");
	tayra_release(&ref);
	assert_true(is_in(&h.file, "k", NULL));
	finds_at(&h, "k", "new", TAYRA_TIER_REMOTE);
	move_out(&h);
}

/* From the middle of a get. */
static void
nobody_knows_any_more(void *arg)
{
	struct house *h = arg;

	h->remote.in_get = NULL;
	tayra__tier_changed(&h->remote.tier, NULL, 0);
}

static void
what_was_being_looked_for_when_nobody_knew_any_more_is_not_kept(void **state)
{
	struct tayra_ref ref;
	struct house h;

	move_in(&h, ROOM_BOTH);
	h.remote.arg = &h;
	put_in(&h.remote, "k", "old");
	for (int get = 0; get < 2; get++) {
		h.remote.in_get = nobody_knows_any_more;
		if (get) {
			assert_int_equal(tayra_get(h.s.t, "k", 1, &ref), TAYRA_OK);
			tayra_release(&ref);
		} else {
			finds_at(&h, "k", "old", TAYRA_TIER_REMOTE);
		}
		assert_true(is_in(&h.file, "k", NULL));
		assert_int_equal(tayra_cache_delete(tayra__handle_cache(h.s.t), "k", 1),
				 TAYRA_E_NOT_FOUND);
	}
	move_out(&h);
}

static void
a_load_during_which_others_changed_the_key_is_not_kept(void **state)
{
	struct tayra_request r;
	struct house h;

	move_in(&h, ROOM_BOTH);
	r = ask(&h.s, "k", park);
	assert_int_equal(start(&h.s, &r, NULL), TAYRA_PENDING);
	put_in(&h.remote, "k", "theirs");
	tayra__tier_changed(&h.remote.tier, "k", 1);
	finish(h.s.parked[0], "loaded before");
	got_value(&h.s, "loaded before");
	finds_at(&h, "k", "theirs", TAYRA_TIER_REMOTE);
	move_out(&h);
}

static void
when_it_cannot_be_known_what_changed_all_is_forgotten_here(void **state)
{
	struct tayra_request r;
	struct house h;

	move_in(&h, ROOM_BOTH);
	assert_int_equal(tayra_put(h.s.t, "a", 1, "1", 1, 0, 0), TAYRA_OK);
	r = ask(&h.s, "b", park);
	assert_int_equal(start(&h.s, &r, NULL), TAYRA_PENDING);
	put_in(&h.remote, "a", "2");
	tayra__tier_changed(&h.remote.tier, NULL, 0);
	finds_at(&h, "a", "2", TAYRA_TIER_REMOTE);
	assert_int_equal(ram_tier_clears(&h.file), 2);
	assert_int_equal(ram_tier_clears(&h.remote), 0);
	finish(h.s.parked[0], "before");
	got_value(&h.s, "before");
	finds_at(&h, "b", NULL, TAYRA_TIER_NONE);
	move_out(&h);
}

static void
with_the_ticker_the_file_is_emptied_by_a_thread_and_not_asked_before(void **state)
{
	struct house h;

	move_in(&h, ROOM_BOTH | ROOM_TICKER);
	assert_int_equal(tayra_put(h.s.t, "a", 1, "1", 1, 0, 0), TAYRA_OK);
	put_in(&h.remote, "a", "2");
	tayra__tier_changed(&h.remote.tier, NULL, 0);
	finds_at(&h, "a", "2", TAYRA_TIER_REMOTE);
	while (ram_tier_clears(&h.file) < 2)
		sched_yield();
	move_out(&h);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(without_a_load_it_is_answered_from_ram_or_below_or_not_found),
	cmocka_unit_test(with_the_ticker_a_start_without_a_load_does_not_wait_for_a_slow_tier),
	cmocka_unit_test(who_wants_a_load_and_joins_a_look_gets_it),
	cmocka_unit_test(who_wants_no_load_joins_the_one_in_progress),
	cmocka_unit_test(what_is_found_below_is_no_answer_to_who_joined_for_something_new),
	cmocka_unit_test(a_value_put_with_all_that_is_known_keeps_it_in_ram_and_below),
	cmocka_unit_test(a_clear_forgets_what_begins_so_in_ram_and_below_and_nothing_else),
	cmocka_unit_test(a_clear_finds_keys_that_do_not_fit_into_one_look),
	cmocka_unit_test(a_load_begun_before_a_clear_is_not_kept),
	cmocka_unit_test(
		what_the_remote_has_comes_up_and_is_kept_in_the_file_with_what_is_known_of_it),
	cmocka_unit_test(each_tier_s_time_is_its_own),
	cmocka_unit_test(what_is_stale_here_is_looked_for_in_the_remote_and_taken_if_it_is_newer),
	cmocka_unit_test(a_remote_that_fails_is_a_miss_and_nothing_else),
	cmocka_unit_test(a_file_from_before_the_handle_is_not_believed_beside_a_remote),
	cmocka_unit_test(what_others_changed_is_forgotten_here_and_not_there),
	cmocka_unit_test(what_changed_while_it_was_looked_for_is_not_kept),
	cmocka_unit_test(what_was_being_looked_for_when_nobody_knew_any_more_is_not_kept),
	cmocka_unit_test(a_load_during_which_others_changed_the_key_is_not_kept),
	cmocka_unit_test(when_it_cannot_be_known_what_changed_all_is_forgotten_here),
	cmocka_unit_test(with_the_ticker_the_file_is_emptied_by_a_thread_and_not_asked_before),
};

RUN_TESTS(tests)
