/* SPDX-License-Identifier: Apache-2.0 */
#include "../load/house.h"

#include "base/mem.h"

/* More than any operation here allocates. */
#define ENOUGH 64

static void
a_handle_is_made_whole_or_not_at_all(void **state)
{
	struct tayra *t = NULL;
	uint64_t n = 0;
	int status;

	do {
		tayra__mem_fail_after(++n);
		status = tayra_create(NULL, &t);
		tayra__mem_fail_after(0);
		if (status != TAYRA_OK) {
			assert_int_equal(status, TAYRA_E_NOMEM);
			assert_null(t);
		}
	} while (status != TAYRA_OK && n < ENOUGH);
	assert_int_equal(status, TAYRA_OK);
	assert_in_range(n, 4, ENOUGH);
	tayra_destroy(t);
}

static void
a_queue_is_made_whole_or_not_at_all(void **state)
{
	struct stage s;
	struct tayra_cq *cq;

	stage_open(&s, NULL);
	tayra__mem_fail_after(1);
	assert_int_equal(tayra_cq_create(s.t, &cq), TAYRA_E_NOMEM);
	tayra__mem_fail_after(0);
	assert_null(cq);
	stage_close(&s);
}

/* Nothing is left behind: no flight, no pin, and the key can be loaded. */
static void
is_as_before(struct stage *s)
{
	struct tayra_request r = ask(s, "k", answer);
	struct tayra_ref ref;

	assert_int_equal(stats_of(s).inflight, 0);
	assert_int_equal(stats_of(s).cache.pinned_bytes, 0);
	assert_int_equal(tayra_get(s->t, "k", 1, &ref), TAYRA_E_NOT_FOUND);
	assert_int_equal(tayra_get_or_load(s->t, &r, &ref), TAYRA_OK);
	tayra_release(&ref);
	got_none(s);
}

static void
a_blocking_request_fails_at_each_allocation_and_leaves_no_trace(void **state)
{
	uint64_t n = 0;
	int status;

	do {
		struct stage s;
		struct tayra_ref ref;

		stage_open(&s, NULL);
		struct tayra_request r = ask(&s, "k", answer);

		tayra__mem_fail_after(++n);
		status = tayra_get_or_load(s.t, &r, &ref);
		tayra__mem_fail_after(0);
		if (status != TAYRA_OK) {
			assert_int_equal(status, TAYRA_E_NOMEM);
			assert_null(ref.value);
			assert_int_equal(s.calls, 0);
			is_as_before(&s);
		}
		tayra_release(&ref);
		stage_close(&s);
	} while (status != TAYRA_OK && n < ENOUGH);
	assert_int_equal(status, TAYRA_OK);
	assert_in_range(n, 4, ENOUGH); /* flight, hold, timer, and then none */
}

static void
a_started_request_fails_at_each_allocation_and_sends_no_completion(void **state)
{
	uint64_t n = 0;
	int status;

	do {
		struct stage s;

		stage_open(&s, NULL);
		struct tayra_request r = ask(&s, "k", answer);

		tayra__mem_fail_after(++n);
		status = start(&s, &r, NULL);
		tayra__mem_fail_after(0);
		if (status != TAYRA_PENDING) {
			assert_int_equal(status, TAYRA_E_NOMEM);
			is_as_before(&s);
		} else {
			got_value(&s, "value");
		}
		stage_close(&s);
	} while (status != TAYRA_PENDING && n < ENOUGH);
	assert_int_equal(status, TAYRA_PENDING);
	assert_in_range(n, 5, ENOUGH);
}

static void
who_cannot_join_for_want_of_memory_does_not_disturb_who_waits(void **state)
{
	uint64_t n = 0;
	int status;

	do {
		struct stage s;
		struct tayra_completion c[3];

		stage_open(&s, NULL);
		struct tayra_request r = ask(&s, "k", park);

		assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
		tayra__mem_fail_after(++n);
		status = start(&s, &r, NULL);
		tayra__mem_fail_after(0);
		finish(s.parked[0], "v");
		if (status != TAYRA_PENDING)
			assert_int_equal(status, TAYRA_E_NOMEM);
		assert_int_equal(tayra_cq_drain(s.cq, c, 3), status == TAYRA_PENDING ? 2 : 1);
		for (int i = 0; i < (status == TAYRA_PENDING ? 2 : 1); i++) {
			assert_int_equal(c[i].status, TAYRA_OK);
			tayra_release(&c[i].ref);
		}
		stage_close(&s);
	} while (status != TAYRA_PENDING && n < ENOUGH);
	assert_int_equal(status, TAYRA_PENDING);
}

static void
who_is_served_at_once_does_not_need_memory_for_the_load_behind(void **state)
{
	uint64_t n = 0;
	unsigned calls;

	do {
		struct stage s;
		struct tayra_ref ref;
		int status;

		stage_open(&s, NULL);
		put_perishable(&s, "k", "old");
		stage_pass_ms(&s, 2000);
		struct tayra_request r = ask(&s, "k", park);

		r.stale_ms = 9000;
		r.soft_timeout_ns = TAYRA_AT_ONCE;
		tayra__mem_fail_after(++n);
		status = tayra_get_or_load_start(s.t, &r, s.cq, NULL, &ref);
		tayra__mem_fail_after(0);
		/* Only the waiter itself, before it is known what there is. */
		assert_int_equal(status, n == 1 ? TAYRA_E_NOMEM : TAYRA_OK);
		assert_int_equal(ref.stale, n > 1);
		tayra_release(&ref);
		assert_int_equal(stats_of(&s).inflight, s.calls);
		assert_int_equal(stats_of(&s).cache.pinned_bytes, 0);
		calls = s.calls;
		if (calls)
			finish(s.parked[0], "new");
		stage_close(&s);
	} while (!calls && n < ENOUGH);
	assert_int_equal(calls, 1);
	assert_int_equal(n, 4); /* waiter, flight, hold, and then none */
}

static void
that_a_key_is_absent_is_answered_with_or_without_memory_to_keep_it(void **state)
{
	for (uint64_t n = 1; n < 6; n++) {
		struct stage s;

		stage_open(&s, NULL);
		struct tayra_request r = ask(&s, "k", park);

		r.absent_ttl_ms = 1000;
		start(&s, &r, NULL);
		tayra__mem_fail_after(n);
		tayra_load_fail(s.parked[0], TAYRA_E_NOT_FOUND, 0);
		got_status(&s, TAYRA_E_NOT_FOUND);
		tayra__mem_fail_after(0);
		assert_int_equal(start(&s, &r, NULL), n == 1 ? TAYRA_PENDING : TAYRA_E_NOT_FOUND);
		if (n == 1)
			finish(s.parked[1], "v");
		stage_close(&s);
	}
}

static void
a_warm_up_fails_at_each_allocation_and_leaves_no_trace(void **state)
{
	uint64_t n = 0;
	int status;
	size_t loaded;

	do {
		struct stage s;
		struct tayra_warm_key key = { .key = "k", .key_len = 1 };
		struct tayra_warm_options o = TAYRA_WARM_OPTIONS_INIT;
		struct tayra_warm_progress p;

		stage_open(&s, NULL);
		struct tayra_request r = ask(&s, "", answer);

		o.keys = &key;
		o.count = 1;
		o.request = &r;
		tayra__mem_fail_after(++n);
		status = tayra_warm(s.t, &o, &p);
		tayra__mem_fail_after(0);
		loaded = p.loaded;
		if (status != TAYRA_OK)
			assert_int_equal(status, TAYRA_E_NOMEM);
		else
			assert_int_equal(p.loaded + p.failed, 1);
		if (!loaded)
			is_as_before(&s);
		stage_close(&s);
	} while (!loaded && n < ENOUGH);
	assert_int_equal(loaded, 1);
	assert_in_range(n, 6, ENOUGH);
}

static void
a_hit_is_a_hit_without_memory_for_the_load_it_begins(void **state)
{
	for (uint64_t n = 1; n < 4; n++) {
		struct tayra_options options = TAYRA_OPTIONS_INIT;
		struct stage s;
		struct tayra_ref ref;

		options.refresh_at = 0.5;
		options.ticker = true;
		stage_open(&s, &options);
		put_perishable(&s, "k", "v");
		stage_pass_ms(&s, 900);
		tayra_tick(s.t, 0);
		struct tayra_request r = ask(&s, "k", answer);

		tayra__mem_fail_after(n);
		assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_OK);
		tayra__mem_fail_after(0);
		tayra_release(&ref);
		stage_close(&s);
	}
}

/* The cache takes the value without the heap; one too large for it needs a block. */
static void
every_waiter_hears_that_there_was_no_memory_for_the_value(void **state)
{
	static char large[2u << 20];
	struct stage s;
	struct tayra_completion c[3];

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", park);

	for (int i = 0; i < 3; i++)
		assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
	tayra__mem_fail_after(1);
	tayra_load_done(s.parked[0], large, sizeof(large), NULL);
	tayra__mem_fail_after(0);
	assert_int_equal(tayra_cq_drain(s.cq, c, 3), 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(c[i].status, TAYRA_E_NOMEM);
	is_as_before(&s);
	stage_close(&s);
}

static void
a_small_value_is_loaded_and_answered_without_the_heap(void **state)
{
	struct stage s;
	struct tayra_completion c[3];

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", park);

	for (int i = 0; i < 3; i++)
		start(&s, &r, NULL);
	tayra__mem_fail_after(1);
	finish(s.parked[0], "v");
	assert_int_equal(tayra_cq_drain(s.cq, c, 3), 3);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(c[i].status, TAYRA_OK);
		tayra_release(&c[i].ref);
	}
	tayra__mem_fail_after(0);
	stage_close(&s);
}

static void
a_hit_a_put_and_a_delete_do_not_allocate(void **state)
{
	struct stage s;
	struct tayra_ref ref;

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", park);

	tayra__mem_fail_after(1);
	put_perishable(&s, "k", "v");
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_OK);
	tayra_release(&ref);
	assert_int_equal(tayra_delete(s.t, "k", 1), TAYRA_OK);
	assert_int_equal(tayra__mem_count(), 0);
	tayra__mem_fail_after(0);
	stage_close(&s);
}

static int
fetch_nothing(void *arg, const void *key, size_t key_len, void **value, size_t *len)
{
	return TAYRA_E_NOT_FOUND;
}

static void
an_origin_is_made_whole_or_not_at_all(void **state)
{
	struct tayra_origin *origin = NULL;
	uint64_t n = 0;
	int status;

	do {
		tayra__mem_fail_after(++n);
		status = tayra_origin_function(NULL, fetch_nothing, NULL, &origin);
		tayra__mem_fail_after(0);
		if (status != TAYRA_OK) {
			assert_int_equal(status, TAYRA_E_NOMEM);
			assert_null(origin);
		}
	} while (status != TAYRA_OK && n < ENOUGH);
	assert_int_equal(status, TAYRA_OK);
	tayra_origin_close(origin);
}

static void
a_loader_that_is_not_shown_what_is_cached_loads_it_whole(void **state)
{
	struct tayra_options o = TAYRA_OPTIONS_INIT;
	struct tayra_request r;
	struct tayra_ref ref;
	struct stage s;

	o.stale_ms = 9000;
	stage_open(&s, &o);
	put_perishable(&s, "k", "old");
	stage_pass_ms(&s, 1000);
	r = ask(&s, "k", park);
	assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
	tayra__mem_fail_after(1);
	assert_int_equal(tayra_load_cached(s.parked[0], &ref), TAYRA_E_NOMEM);
	tayra__mem_fail_after(0);
	assert_null(ref.value);
	finish(s.parked[0], "new");
	got_value(&s, "new");
	assert_int_equal(stats_of(&s).cache.pinned_bytes, 0);
	stage_close(&s);
}

/* Somebody else has the lease, and gives no value: who cannot wait for that loads for itself. */
static void
waiting_for_another_node_fails_at_each_allocation_and_is_answered_all_the_same(void **state)
{
	unsigned by_itself = 0;
	uint64_t n = 0;
	bool refused;

	do {
		struct tayra_request r;
		struct house h;
		int status;

		move_in(&h, ROOM_REMOTE | ROOM_LEASES);
		h.remote.lease = UINT64_MAX;
		h.remote.lease_until_ms = stage_wall_ms(&h.s) + 1000;
		r = ask(&h.s, "k", answer);
		tayra__mem_fail_after(++n);
		status = start(&h.s, &r, NULL);
		stage_pass_ms(&h.s, 100);
		tayra_tick(h.s.t, 0);
		refused = tayra__mem_count() >= n;
		tayra__mem_fail_after(0);
		by_itself += status == TAYRA_PENDING && h.s.calls == 1;
		if (status == TAYRA_PENDING) {
			stage_pass_ms(&h.s, 1000);
			got_value(&h.s, "value");
		} else {
			assert_int_equal(status, TAYRA_E_NOMEM);
			got_none(&h.s);
		}
		assert_int_equal(stats_of(&h.s).inflight, 0);
		move_out(&h);
	} while (refused && n < ENOUGH);
	assert_in_range(n, 4, ENOUGH);
	assert_int_equal(by_itself, 1); /* no place among those that wait */
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_handle_is_made_whole_or_not_at_all),
	cmocka_unit_test(a_queue_is_made_whole_or_not_at_all),
	cmocka_unit_test(a_blocking_request_fails_at_each_allocation_and_leaves_no_trace),
	cmocka_unit_test(a_started_request_fails_at_each_allocation_and_sends_no_completion),
	cmocka_unit_test(who_cannot_join_for_want_of_memory_does_not_disturb_who_waits),
	cmocka_unit_test(who_is_served_at_once_does_not_need_memory_for_the_load_behind),
	cmocka_unit_test(that_a_key_is_absent_is_answered_with_or_without_memory_to_keep_it),
	cmocka_unit_test(a_warm_up_fails_at_each_allocation_and_leaves_no_trace),
	cmocka_unit_test(a_hit_is_a_hit_without_memory_for_the_load_it_begins),
	cmocka_unit_test(every_waiter_hears_that_there_was_no_memory_for_the_value),
	cmocka_unit_test(a_small_value_is_loaded_and_answered_without_the_heap),
	cmocka_unit_test(a_loader_that_is_not_shown_what_is_cached_loads_it_whole),
	cmocka_unit_test(
		waiting_for_another_node_fails_at_each_allocation_and_is_answered_all_the_same),
	cmocka_unit_test(a_hit_a_put_and_a_delete_do_not_allocate),
	cmocka_unit_test(an_origin_is_made_whole_or_not_at_all),
};

RUN_TESTS(tests)
