/* SPDX-License-Identifier: Apache-2.0
 *
 * Threads on one handle: a hot key that expires under everyone, writers against loaders, queues
 * drained from several sides, and a handle destroyed while loads are out.
 */
#include "../load/stage.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/rng.h"

#define THREADS 64

struct world {
	struct tayra *t;
	struct tayra_cq *cq;
	struct tayra_origin *origin;
	_Atomic uint64_t truth; /* the backend's version of the key */
	_Atomic uint64_t loads, running, overlaps, wrong, answered;
	_Atomic int stop;
};

static void
spawn(struct world *w, void *(*run)(void *), unsigned n, pthread_t *threads)
{
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run, w), 0);
}

static void
join_all(unsigned n, pthread_t *threads)
{
	for (unsigned i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
}

/* The value carries its own version, twice. */
struct stamped {
	uint64_t version, again;
};

static void
load_truth(struct tayra_load *load, void *arg)
{
	struct world *w = arg;
	uint64_t version = atomic_load(&w->truth);
	struct stamped value = { version, ~version };
	struct tayra_ref cached;
	bool same;

	if (atomic_fetch_add(&w->running, 1) != 0)
		atomic_fetch_add(&w->overlaps, 1);
	atomic_fetch_add(&w->loads, 1);
	same = tayra_load_cached(load, &cached) == TAYRA_OK && cached.value_len == sizeof(value) &&
	       memcmp(cached.value, &value, sizeof(value)) == 0;
	sched_yield();
	atomic_fetch_sub(&w->running, 1);
	if (same)
		tayra_load_unchanged(load, NULL);
	else
		tayra_load_done(load, &value, sizeof(value), NULL);
}

static struct tayra_request
hot(struct world *w, uint64_t ttl_ms)
{
	struct tayra_request r = TAYRA_REQUEST_INIT;

	r.key = "hot", r.key_len = 3;
	r.load = load_truth;
	r.load_arg = w;
	r.ttl_ms = ttl_ms;
	return r;
}

static uint64_t
version_of(struct world *w, const struct tayra_ref *ref)
{
	struct stamped value;

	if (ref->value_len != sizeof(value)) {
		atomic_fetch_add(&w->wrong, 1);
		return 0;
	}
	memcpy(&value, ref->value, sizeof(value));
	if (value.again != ~value.version)
		atomic_fetch_add(&w->wrong, 1);
	return value.version;
}

static void *
stampede(void *arg)
{
	struct world *w = arg;
	struct tayra_request r = hot(w, 1);
	struct tayra_ref ref;

	for (int i = 0; i < 200; i++) {
		if (tayra_get_or_load(w->t, &r, &ref) != TAYRA_OK)
			atomic_fetch_add(&w->wrong, 1);
		else
			version_of(w, &ref);
		tayra_release(&ref);
	}
	return NULL;
}

static void
a_hot_key_that_expires_under_many_threads_is_loaded_by_one_at_a_time(void **state)
{
	struct world w = { 0 };
	pthread_t threads[THREADS];
	struct tayra_stats stats = TAYRA_STATS_INIT;

	assert_int_equal(tayra_create(NULL, &w.t), TAYRA_OK);
	spawn(&w, stampede, THREADS, threads);
	join_all(THREADS, threads);
	assert_int_equal(atomic_load(&w.wrong), 0);
	assert_int_equal(atomic_load(&w.overlaps), 0);
	tayra_stats(w.t, &stats);
	assert_int_equal(stats.requests, THREADS * 200);
	assert_int_equal(stats.loads, atomic_load(&w.loads));
	assert_int_equal(stats.inflight, 0);
	assert_int_equal(stats.cache.pinned_bytes, 0);
	tayra_destroy(w.t);
}

/*
 * A writer changes the truth, then forgets the key: whoever asks after that must never see what was
 * true before.  `floor` is the version of the last write that is complete.
 */
static _Atomic uint64_t floor_version;

static void *
write_and_forget(void *arg)
{
	struct world *w = arg;

	for (int i = 0; i < 3000; i++) {
		uint64_t version = atomic_fetch_add(&w->truth, 1) + 1;

		if (i % 2) {
			tayra_delete(w->t, "hot", 3);
		} else {
			struct stamped value = { version, ~version };

			tayra_put(w->t, "hot", 3, &value, sizeof(value), 1000, 0);
		}
		atomic_store(&floor_version, version);
		if (i % 16 == 0)
			sched_yield();
	}
	atomic_store(&w->stop, 1);
	return NULL;
}

static void *
read_against(void *arg)
{
	struct world *w = arg;
	struct tayra_request r = hot(w, 1000);
	struct tayra_ref ref;

	while (!atomic_load(&w->stop)) {
		uint64_t least = atomic_load(&floor_version);
		int status;

		r.flags = atomic_load(&w->answered) % 4 == 0 ? TAYRA_REQUEST_REFRESH : 0;
		status = tayra_get_or_load(w->t, &r, &ref);
		if (status != TAYRA_OK || version_of(w, &ref) < least)
			atomic_fetch_add(&w->wrong, 1);
		tayra_release(&ref);
		atomic_fetch_add(&w->answered, 1);
	}
	return NULL;
}

static void
nothing_from_before_a_delete_or_a_put_comes_back_after_it(void **state)
{
	struct tayra_stats stats = TAYRA_STATS_INIT;
	struct world w = { 0 };
	pthread_t writer, readers[6];

	atomic_store(&floor_version, 0);
	assert_int_equal(tayra_create(NULL, &w.t), TAYRA_OK);
	spawn(&w, read_against, 6, readers);
	spawn(&w, write_and_forget, 1, &writer);
	join_all(1, &writer);
	join_all(6, readers);
	assert_int_equal(atomic_load(&w.wrong), 0);
	tayra_stats(w.t, &stats);
	assert_int_not_equal(stats.unchanged, 0);
	assert_int_equal(stats.cache.pinned_bytes, 0);
	tayra_destroy(w.t);
}

#define STARTERS  4
#define PER_START 400

static void *
start_many(void *arg)
{
	struct world *w = arg;
	struct tayra__rng rng;
	struct tayra_ref ref;

	tayra__rng_init(&rng, (uint64_t)(uintptr_t)&rng);
	for (int i = 0; i < PER_START; i++) {
		struct tayra_request r = TAYRA_REQUEST_INIT;
		uint64_t key = tayra__rng_below(&rng, 40);
		int status;

		r.key = &key, r.key_len = sizeof(key);
		r.origin = w->origin;
		r.ttl_ms = 1;
		r.cls = (enum tayra_class)(1 + tayra__rng_below(&rng, TAYRA_CLASSES));
		r.timeout_ns = tayra__rng_below(&rng, 3) ? 0 : 200 * TAYRA_NS_PER_US;
		status = tayra_get_or_load_start(w->t, &r, w->cq, NULL, &ref);
		tayra_release(&ref);
		if (status != TAYRA_PENDING)
			atomic_fetch_add(&w->answered, 1);
	}
	return NULL;
}

static void *
drain_many(void *arg)
{
	struct world *w = arg;
	struct tayra_completion c[8];

	while (atomic_load(&w->answered) < STARTERS * PER_START) {
		size_t n = tayra_cq_wait(w->cq, c, 8, TAYRA_NS_PER_MS);

		for (size_t i = 0; i < n; i++) {
			if (c[i].status == TAYRA_OK && c[i].ref.value_len != sizeof(uint64_t))
				atomic_fetch_add(&w->wrong, 1);
			tayra_release(&c[i].ref);
		}
		atomic_fetch_add(&w->answered, n);
	}
	return NULL;
}

static int
echo(void *arg, const void *key, size_t key_len, void **value, size_t *len)
{
	*value = malloc(key_len);
	memcpy(*value, key, key_len);
	*len = key_len;
	return TAYRA_OK;
}

static void
every_request_on_a_shared_queue_gets_exactly_one_completion(void **state)
{
	struct world w = { 0 };
	struct tayra_options o = TAYRA_OPTIONS_INIT;
	struct tayra_pace_options po = TAYRA_PACE_OPTIONS_INIT;
	struct tayra_completion c;
	pthread_t starters[STARTERS], drainers[3];

	po.limiter = TAYRA_LIMITER_FIXED;
	po.limit = 2;
	po.queue_max = 8;
	assert_int_equal(tayra_pace_create(&po, &o.pace), TAYRA_OK);
	assert_int_equal(tayra_create(&o, &w.t), TAYRA_OK);
	assert_int_equal(tayra_cq_create(w.t, &w.cq), TAYRA_OK);
	assert_int_equal(tayra_origin_function(NULL, echo, NULL, &w.origin), TAYRA_OK);
	spawn(&w, drain_many, 3, drainers);
	spawn(&w, start_many, STARTERS, starters);
	join_all(STARTERS, starters);
	join_all(3, drainers);
	assert_int_equal(tayra_cq_drain(w.cq, &c, 1), 0);
	assert_int_equal(atomic_load(&w.answered), STARTERS * PER_START);
	assert_int_equal(atomic_load(&w.wrong), 0);
	tayra_destroy(w.t);
	tayra_cq_destroy(w.cq);
	tayra_origin_close(w.origin);
	tayra_pace_destroy(o.pace);
}

static int
echo_slowly(void *arg, const void *key, size_t key_len, void **value, size_t *len)
{
	tayra__clock_sleep_until_ns(tayra__clock_mono_ns(tayra_clock_real()) + TAYRA_NS_PER_MS);
	return echo(arg, key, key_len, value, len);
}

static void *
wait_to_be_closed(void *arg)
{
	struct world *w = arg;
	uint64_t key = atomic_fetch_add(&w->truth, 1);
	struct tayra_request r = TAYRA_REQUEST_INIT;
	struct tayra_ref ref;
	int status;

	r.key = &key, r.key_len = sizeof(key);
	r.origin = w->origin;
	status = tayra_get_or_load(w->t, &r, &ref);
	tayra_release(&ref);
	if (status != TAYRA_OK && status != TAYRA_E_CLOSED)
		atomic_fetch_add(&w->wrong, 1);
	return NULL;
}

/* All of them are inside their calls when the handle goes: some loading, most queued in pace. */
static void
destroy_ends_blocked_callers_and_waits_for_them(void **state)
{
	for (int round = 0; round < 10; round++) {
		struct world w = { 0 };
		struct tayra_options o = TAYRA_OPTIONS_INIT;
		struct tayra_pace_options po = TAYRA_PACE_OPTIONS_INIT;
		struct tayra_stats stats = TAYRA_STATS_INIT;
		pthread_t threads[12];

		po.limiter = TAYRA_LIMITER_FIXED;
		po.limit = 2;
		assert_int_equal(tayra_pace_create(&po, &o.pace), TAYRA_OK);
		o.ticker = round % 2;
		assert_int_equal(tayra_create(&o, &w.t), TAYRA_OK);
		assert_int_equal(tayra_origin_function(NULL, echo_slowly, NULL, &w.origin),
				 TAYRA_OK);
		spawn(&w, wait_to_be_closed, 12, threads);
		do
			tayra_stats(w.t, &stats);
		while (stats.requests < 12);
		tayra_destroy(w.t);
		join_all(12, threads);
		assert_int_equal(atomic_load(&w.wrong), 0);
		tayra_origin_close(w.origin);
		tayra_pace_destroy(o.pace);
	}
}

static void *
release_from_elsewhere(void *arg)
{
	struct tayra_ref *refs = arg;

	for (int i = 0; i < 100; i++)
		tayra_release(&refs[i]);
	return NULL;
}

static void
refs_are_released_on_other_threads_while_the_handle_goes(void **state)
{
	struct world w = { 0 };
	struct tayra_ref refs[2][100];
	struct tayra_request r = hot(&w, 1000);
	pthread_t threads[2];

	assert_int_equal(tayra_create(NULL, &w.t), TAYRA_OK);
	for (int i = 0; i < 200; i++) {
		r.flags = i % 3 ? 0 : TAYRA_REQUEST_REFRESH | TAYRA_REQUEST_NO_STORE;
		assert_int_equal(tayra_get_or_load(w.t, &r, &refs[i % 2][i / 2]), TAYRA_OK);
	}
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, release_from_elsewhere, refs[i]);
	tayra_destroy(w.t);
	join_all(2, threads);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_hot_key_that_expires_under_many_threads_is_loaded_by_one_at_a_time),
	cmocka_unit_test(nothing_from_before_a_delete_or_a_put_comes_back_after_it),
	cmocka_unit_test(every_request_on_a_shared_queue_gets_exactly_one_completion),
	cmocka_unit_test(destroy_ends_blocked_callers_and_waits_for_them),
	cmocka_unit_test(refs_are_released_on_other_threads_while_the_handle_goes),
};

RUN_TESTS(tests)
