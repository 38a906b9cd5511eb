/* SPDX-License-Identifier: Apache-2.0 */
#include "stage.h"

#include "load/store.h"
#include "ram_tier.h"

/* A stage above a tier in memory. */
struct house {
	struct stage s;
	struct ram_tier file;
};

static void
move_in(struct house *h, bool ticker)
{
	struct tayra_options o = TAYRA_OPTIONS_INIT;

	ram_tier_open(&h->file);
	o.file_tier = (struct tayra_tier_file *)&h->file;
	o.ttl_ms = 1000;
	o.stale_ms = 9000;
	o.ticker = ticker;
	stage_open(&h->s, &o);
}

static void
move_out(struct house *h)
{
	stage_close(&h->s);
	h->file.tier.ops->close(&h->file.tier);
}

static struct tayra_request
ask_below(const char *key)
{
	struct tayra_request r = TAYRA_REQUEST_INIT;

	r.key = key;
	r.key_len = strlen(key);
	r.flags = TAYRA_REQUEST_NO_LOAD;
	return r;
}

static void
put_in(struct ram_tier *tier, const char *key, const char *value)
{
	struct tayra__tier_meta meta = {
		.born_ms = STAGE_START_NS / TAYRA_NS_PER_MS,
		.fresh_ms = UINT64_MAX,
		.expire_ms = UINT64_MAX,
	};

	assert_int_equal(
		ram_tier_put(&tier->tier, key, strlen(key), value, strlen(value), &meta, 0),
		TAYRA_OK);
}

static void
without_a_load_it_is_answered_from_ram_or_below_or_not_found(void **state)
{
	struct tayra_request r = ask_below("k");
	struct tayra_ref ref;
	struct house h;

	move_in(&h, false);
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

static _Atomic int gate; /* 1: closed; 2: somebody stands before it; 0: open */

static void
stand_at_gate(void *arg)
{
	int closed = 1;

	(void)arg;
	if (atomic_compare_exchange_strong(&gate, &closed, 2))
		while (atomic_load(&gate))
			sched_yield();
}

static void
with_the_ticker_a_start_without_a_load_does_not_wait_for_a_slow_tier(void **state)
{
	struct tayra_request r = ask_below("k"), none = ask_below("none");
	struct tayra_completion c[2];
	size_t n = 0;
	struct house h;

	move_in(&h, true);
	put_in(&h.file, "k", "below");
	h.file.in_get = stand_at_gate;
	atomic_store(&gate, 1);
	assert_int_equal(start(&h.s, &r, (void *)1), TAYRA_PENDING);
	while (atomic_load(&gate) != 2) /* another thread stands there */
		sched_yield();
	assert_int_equal(start(&h.s, &none, (void *)2), TAYRA_PENDING);
	got_none(&h.s);
	atomic_store(&gate, 0);
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

	move_in(&h, false);
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

	move_in(&h, false);
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

	move_in(&h, false);
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

	move_in(&h, false);
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

	move_in(&h, false);
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

	move_in(&h, false);
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
};

RUN_TESTS(tests)
