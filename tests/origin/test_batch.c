/* SPDX-License-Identifier: Apache-2.0 */
#include "../load/stage.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "base/clock.h"

#define LONG_NS (9 * TAYRA_NS_PER_S)
#define CALLS   64

/* A backend that gives back each key's own name; "none.." is not there, "bad.." fails alone. */
struct backend {
	_Atomic unsigned calls;
	size_t sizes[CALLS];
	int status;
	_Atomic bool shut;
	struct tayra *t; /* not NULL: it asks it for a key meanwhile */
	int nested;
};

static int
fetch_many(void *arg, struct tayra_fetch *fetches, size_t n)
{
	struct backend *b = arg;

	b->sizes[atomic_fetch_add(&b->calls, 1) % CALLS] = n;
	while (atomic_load(&b->shut))
		sched_yield();
	if (b->t) {
		struct tayra_request r = TAYRA_REQUEST_INIT;
		struct tayra_ref ref;

		r.key = "x", r.key_len = 1, r.load = answer;
		b->nested = tayra_get_or_load(b->t, &r, &ref);
	}
	for (size_t i = 0; i < n; i++) {
		const char *key = fetches[i].key;

		if (key[0] == 'n')
			continue;
		fetches[i].status = key[0] == 'b' ? TAYRA_E_CORRUPT : TAYRA_OK;
		if (key[0] == 'b')
			continue;
		fetches[i].value = malloc(fetches[i].key_len);
		fetches[i].len = fetches[i].key_len;
		memcpy(fetches[i].value, key, fetches[i].len);
		fetches[i].version = 7;
	}
	return b->status;
}

static struct tayra_origin *
open_batch(struct backend *b, uint32_t threads, uint32_t keys_max, uint64_t window_ns)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;
	struct tayra_batch_options batch = TAYRA_BATCH_OPTIONS_INIT;
	struct tayra_origin *origin;

	o.threads = threads;
	batch.keys_max = keys_max;
	batch.window_ns = window_ns;
	assert_int_equal(tayra_origin_batch(&o, &batch, fetch_many, b, &origin), TAYRA_OK);
	return origin;
}

static void
start_keys(struct stage *s, struct tayra_origin *origin, const char *kind, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		char key[16];

		snprintf(key, sizeof(key), "%s%u", kind, i);
		struct tayra_request r = ask(s, key, NULL);

		r.origin = origin;
		assert_int_equal(start(s, &r, (void *)(uintptr_t)i), TAYRA_PENDING);
	}
}

/* All of them come, each with its own value, or with that status. */
static void
await_keys(struct stage *s, const char *kind, unsigned n, int status)
{
	while (n--) {
		struct tayra_completion c;
		char key[16];

		assert_int_equal(tayra_cq_wait(s->cq, &c, 1, LONG_NS), 1);
		assert_int_equal(c.status, status);
		if (status != TAYRA_OK)
			continue;
		snprintf(key, sizeof(key), "%s%u", kind, (unsigned)(uintptr_t)c.cookie);
		holds(&c.ref, key);
		assert_int_equal(c.ref.version, 7);
		tayra_release(&c.ref);
	}
}

static void
what_comes_within_the_window_is_one_call(void **state)
{
	struct backend b = { 0 };
	struct stage s;

	stage_open(&s, NULL);
	struct tayra_origin *origin = open_batch(&b, 2, 64, TAYRA_NS_PER_S / 2);

	start_keys(&s, origin, "k", 1);
	/* Without a window a thread would have it by then. */
	tayra__clock_sleep_until_ns(tayra__clock_real_ns() + 50 * TAYRA_NS_PER_MS);
	start_keys(&s, origin, "k", 10);
	await_keys(&s, "k", 11, TAYRA_OK);
	assert_int_equal(b.calls, 1);
	assert_int_equal(b.sizes[0], 10);
	stage_close(&s);
	tayra_origin_close(origin);
}

static void
a_full_batch_does_not_wait_for_its_window(void **state)
{
	struct backend b = { 0 };
	struct stage s;

	stage_open(&s, NULL);
	struct tayra_origin *origin = open_batch(&b, 1, 4, 10 * TAYRA_NS_PER_S);

	start_keys(&s, origin, "k", 8);
	await_keys(&s, "k", 8, TAYRA_OK);
	assert_int_equal(b.calls, 2);
	assert_int_equal(b.sizes[0], 4);
	assert_int_equal(b.sizes[1], 4);
	stage_close(&s);
	tayra_origin_close(origin);
}

static void
while_all_threads_are_busy_loads_collect_without_a_window(void **state)
{
	struct backend b = { .shut = true };
	struct stage s;

	stage_open(&s, NULL);
	struct tayra_origin *origin = open_batch(&b, 1, 64, TAYRA_OFF);

	start_keys(&s, origin, "a", 1);
	while (atomic_load(&b.calls) == 0)
		sched_yield();
	start_keys(&s, origin, "k", 30);
	atomic_store(&b.shut, false);
	await_keys(&s, "a", 1, TAYRA_OK);
	await_keys(&s, "k", 30, TAYRA_OK);
	assert_int_equal(b.calls, 2);
	assert_int_equal(b.sizes[1], 30);
	stage_close(&s);
	tayra_origin_close(origin);
}

static void
each_key_has_its_own_ending(void **state)
{
	struct backend b = { 0 };
	struct stage s;

	stage_open(&s, NULL);
	struct tayra_origin *origin = open_batch(&b, 1, 2, 10 * TAYRA_NS_PER_S);

	start_keys(&s, origin, "none", 2);
	await_keys(&s, "none", 2, TAYRA_E_NOT_FOUND);
	start_keys(&s, origin, "bad", 2);
	await_keys(&s, "bad", 2, TAYRA_E_CORRUPT);
	/* What the whole call ended with is for those it has nothing of. */
	b.status = TAYRA_E_OVERLOAD;
	start_keys(&s, origin, "none", 2);
	await_keys(&s, "none", 2, TAYRA_E_OVERLOAD);
	start_keys(&s, origin, "k", 2);
	await_keys(&s, "k", 2, TAYRA_OK);
	stage_close(&s);
	tayra_origin_close(origin);
}

static void
what_nobody_waits_for_any_more_is_left_out(void **state)
{
	struct backend b = { 0 };
	struct stage s;
	struct tayra_ref ref;

	stage_open(&s, NULL);
	struct tayra_origin *origin = open_batch(&b, 1, 3, 10 * TAYRA_NS_PER_S);

	start_keys(&s, origin, "k", 2);
	stage_pass_ms(&s, 5000); /* their deadline */
	tayra_tick(s.t, 0);
	await_keys(&s, "k", 2, TAYRA_E_TIMEOUT);
	struct tayra_request r = ask(&s, "late", NULL);

	r.origin = origin;
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_OK);
	tayra_release(&ref);
	assert_int_equal(b.calls, 1);
	assert_int_equal(b.sizes[0], 1);
	stage_close(&s);
	tayra_origin_close(origin);
}

static void
the_function_may_not_wait_for_its_own_handle(void **state)
{
	struct backend b = { 0 };
	struct stage s;

	stage_open(&s, NULL);
	b.t = s.t;
	struct tayra_origin *origin = open_batch(&b, 1, 2, 10 * TAYRA_NS_PER_S);

	start_keys(&s, origin, "k", 2);
	await_keys(&s, "k", 2, TAYRA_OK);
	assert_int_equal(b.nested, TAYRA_E_WOULD_DEADLOCK);
	stage_close(&s);
	tayra_origin_close(origin);
}

static void
many_threads_lose_no_load(void **state)
{
	struct backend b = { 0 };
	struct stage s;

	stage_open(&s, NULL);
	struct tayra_origin *origin = open_batch(&b, 4, 7, 100 * TAYRA_NS_PER_US);

	for (int round = 0; round < 10; round++) {
		char kind[16];

		snprintf(kind, sizeof(kind), "r%d-", round);
		start_keys(&s, origin, kind, 500);
		await_keys(&s, kind, 500, TAYRA_OK);
	}
	assert_in_range(b.calls, 5000 / 7, 4999);
	stage_close(&s);
	tayra_origin_close(origin);
}

static void
bad_options_are_refused(void **state)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;
	struct tayra_batch_options batch = TAYRA_BATCH_OPTIONS_INIT;
	struct tayra_origin *origin;

	assert_int_equal(tayra_origin_batch(NULL, NULL, NULL, NULL, &origin), TAYRA_E_INVAL);
	assert_int_equal(tayra_origin_batch(NULL, NULL, fetch_many, NULL, NULL), TAYRA_E_INVAL);
	batch.keys_max = 1025;
	assert_int_equal(tayra_origin_batch(NULL, &batch, fetch_many, NULL, &origin),
			 TAYRA_E_INVAL);
	batch.keys_max = 0;
	batch.window_ns = 11 * TAYRA_NS_PER_S;
	assert_int_equal(tayra_origin_batch(NULL, &batch, fetch_many, NULL, &origin),
			 TAYRA_E_INVAL);
	o.pattern = "k{n}";
	assert_int_equal(tayra_origin_batch(&o, NULL, fetch_many, NULL, &origin), TAYRA_E_INVAL);
	assert_null(origin);
	assert_int_equal(tayra_origin_batch(NULL, NULL, fetch_many, NULL, &origin), TAYRA_OK);
	tayra_origin_close(origin);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(what_comes_within_the_window_is_one_call),
	cmocka_unit_test(a_full_batch_does_not_wait_for_its_window),
	cmocka_unit_test(while_all_threads_are_busy_loads_collect_without_a_window),
	cmocka_unit_test(each_key_has_its_own_ending),
	cmocka_unit_test(what_nobody_waits_for_any_more_is_left_out),
	cmocka_unit_test(the_function_may_not_wait_for_its_own_handle),
	cmocka_unit_test(many_threads_lose_no_load),
	cmocka_unit_test(bad_options_are_refused),
};

RUN_TESTS(tests)
