/* SPDX-License-Identifier: Apache-2.0
 *
 * Several threads on one small cache.  A value says which key and version it is and carries a hash
 * over all of itself, so that a torn, mixed-up or reused one is found by whoever reads it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/rng.h"
#include "cache/audit.h"

#include <tayra/cache.h>

#define THREADS 4
#define KEYS    300
#define STEPS   15000
#define HELD    8
#define LEN_MAX 70000

struct head {
	uint64_t key, version, len, sum;
};

struct shared {
	struct tayra_cache *cache;
	_Atomic uint64_t version; /* the next one */
	_Atomic uint64_t broken, hits;
	_Atomic uint32_t running;
	pthread_mutex_t swap_lock;
	struct tayra_value swap; /* a pin on its way from one thread to another */
};

struct worker {
	struct shared *shared;
	struct tayra__rng rng;
	struct tayra_value held[HELD];
	unsigned char *bytes;
	pthread_t thread;
};

static uint64_t
sum_of(const unsigned char *value, size_t len, uint64_t version)
{
	return tayra__hash_bytes(value + sizeof(struct head), len - sizeof(struct head), version);
}

static void
write_value(unsigned char *out, uint64_t key, uint64_t version, size_t len)
{
	struct head head = { .key = key, .version = version, .len = len };

	memset(out + sizeof(head), (int)version, len - sizeof(head));
	head.sum = sum_of(out, len, version);
	memcpy(out, &head, sizeof(head));
}

static void
verify(struct shared *shared, const struct tayra_value *value, uint64_t key)
{
	struct head head;

	memcpy(&head, value->data, sizeof(head));
	if (head.key != key || head.len != value->len || head.version != value->meta.version ||
	    head.sum != sum_of(value->data, value->len, head.version))
		atomic_fetch_add(&shared->broken, 1);
}

static size_t
next_len(struct worker *w)
{
	uint64_t most = tayra__rng_below(&w->rng, 50) == 0 ? LEN_MAX : 600;

	return sizeof(struct head) + tayra__rng_below(&w->rng, most - sizeof(struct head));
}

static void
do_put(struct worker *w, uint32_t key)
{
	struct tayra_item_meta meta = { .expire_ms = UINT64_MAX };
	size_t len = next_len(w);

	meta.version = atomic_fetch_add(&w->shared->version, 1);
	write_value(w->bytes, key, meta.version, len);
	tayra_cache_put(w->shared->cache, &key, sizeof(key), w->bytes, len, &meta, 0);
}

static void
do_reserve(struct worker *w, uint32_t key)
{
	struct tayra_item_meta meta = { .expire_ms = UINT64_MAX };
	struct tayra_value *slot = &w->held[0];
	struct tayra_reservation r;
	size_t len = next_len(w);

	if (tayra_cache_reserve(w->shared->cache, &key, sizeof(key), len, 0, &r) != TAYRA_OK)
		return;
	meta.version = atomic_fetch_add(&w->shared->version, 1);
	write_value(r.data, key, meta.version, len);
	if (tayra__rng_below(&w->rng, 4) == 0) {
		tayra_cache_abandon(w->shared->cache, &r);
		return;
	}
	tayra_cache_unpin(w->shared->cache, slot);
	if (tayra_cache_commit(w->shared->cache, &r, &meta, 0, slot) == TAYRA_OK)
		verify(w->shared, slot, key);
}

/* Pins are held for a while, verified again, and sometimes given back by another thread. */
static void
do_get(struct worker *w, uint32_t key)
{
	struct tayra_value *slot = &w->held[1 + tayra__rng_below(&w->rng, HELD - 1)];
	struct head head;

	if (slot->pin) {
		memcpy(&head, slot->data, sizeof(head));
		verify(w->shared, slot, head.key);
	}
	tayra_cache_unpin(w->shared->cache, slot);
	if (tayra_cache_get(w->shared->cache, &key, sizeof(key), 0, slot) != TAYRA_OK)
		return;
	atomic_fetch_add(&w->shared->hits, 1);
	verify(w->shared, slot, key);
	if (tayra__rng_below(&w->rng, 8) == 0) {
		struct tayra_value other;

		pthread_mutex_lock(&w->shared->swap_lock);
		other = w->shared->swap;
		w->shared->swap = *slot;
		pthread_mutex_unlock(&w->shared->swap_lock);
		*slot = other;
	}
}

static void
do_rarely(struct worker *w, uint32_t key)
{
	struct tayra_cache_stats stats = TAYRA_CACHE_STATS_INIT;

	switch (tayra__rng_below(&w->rng, 40)) {
	case 0: tayra_cache_clear(w->shared->cache); break;
	case 1: tayra_cache_tick(w->shared->cache, 0, 100); break;
	case 2:
		tayra_cache_stats(w->shared->cache, &stats);
		if (stats.used_bytes > stats.memory_bytes)
			atomic_fetch_add(&w->shared->broken, 1);
		break;
	case 4:
		tayra_cache_set_learning(w->shared->cache,
					 (enum tayra_learning)tayra__rng_below(&w->rng, 3));
		break;
	case 3: tayra_cache_touch(w->shared->cache, &key, sizeof(key), 5, 0, 0, 0); break;
	default: tayra_cache_delete(w->shared->cache, &key, sizeof(key)); break;
	}
}

static void *
work(void *arg)
{
	struct worker *w = arg;

	for (int i = 0; i < STEPS; i++) {
		uint32_t key = (uint32_t)tayra__rng_below(&w->rng, KEYS);
		uint64_t action = tayra__rng_below(&w->rng, 100);

		if (action < 50)
			do_get(w, key);
		else if (action < 80)
			do_put(w, key);
		else if (action < 92)
			do_reserve(w, key);
		else
			do_rarely(w, key);
	}
	atomic_fetch_sub(&w->shared->running, 1);
	return NULL;
}

static void
check_audit(struct tayra_cache *cache, enum tayra__audit_mode mode)
{
	char text[200] = "";

	if (!tayra__cache_audit(cache, mode, text, sizeof(text)))
		fail_msg("audit: %s", text);
}

static void
let_go(struct worker *w)
{
	for (int i = 0; i < HELD; i++)
		tayra_cache_unpin(w->shared->cache, &w->held[i]);
	free(w->bytes);
}

static void
run(const struct tayra_cache_options *options)
{
	struct shared shared = { .version = 10, .running = THREADS };
	static struct worker workers[THREADS];
	struct tayra_cache_stats stats = TAYRA_CACHE_STATS_INIT;

	memset(workers, 0, sizeof(workers));
	pthread_mutex_init(&shared.swap_lock, NULL);
	assert_int_equal(tayra_cache_create(options, &shared.cache), TAYRA_OK);
	for (size_t i = 0; i < THREADS; i++) {
		workers[i].shared = &shared;
		workers[i].bytes = malloc(LEN_MAX);
		assert_non_null(workers[i].bytes);
		tayra__rng_init(&workers[i].rng, i + 1);
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (int i = 0; i < 20 && atomic_load(&shared.running) > 0; i++)
		check_audit(shared.cache, TAYRA__AUDIT_BUSY);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	assert_int_equal(atomic_load(&shared.broken), 0);
	assert_true(atomic_load(&shared.hits) > 1000);
	check_audit(shared.cache, TAYRA__AUDIT_QUIET);
	for (size_t i = 0; i < THREADS; i++)
		let_go(&workers[i]);
	tayra_cache_unpin(shared.cache, &shared.swap);
	tayra_cache_stats(shared.cache, &stats);
	assert_int_equal(stats.pinned_bytes, 0);
	check_audit(shared.cache, TAYRA__AUDIT_QUIET);
	tayra_cache_destroy(shared.cache);
	pthread_mutex_destroy(&shared.swap_lock);
}

static void
values_are_whole_when_memory_is_short(void **state)
{
	const struct tayra_cache_options lru = { .size = sizeof(lru),
						 .memory_bytes = 1u << 20,
						 .shards = 2,
						 .policy = TAYRA_POLICY_LRU };
	const struct tayra_cache_options s3fifo = { .size = sizeof(s3fifo),
						    .memory_bytes = 1u << 20,
						    .shards = 1 };
	const struct tayra_cache_options tayra = { .size = sizeof(tayra),
						   .memory_bytes = 8u << 20,
						   .charge_max = 60000,
						   .shards = 1,
						   .policy = TAYRA_POLICY_TAYRA };

	(void)state;
	run(&lru);
	run(&s3fifo);
	run(&tayra);
}

struct parting {
	struct tayra_cache *cache;
	struct tayra_value value;
};

static void *
unpin_late(void *arg)
{
	struct parting *p = arg;

	tayra_cache_unpin(p->cache, &p->value);
	return NULL;
}

static void
the_last_of_many_unpins_after_destroy_frees_once(void **state)
{
	(void)state;
	for (int round = 0; round < 100; round++) {
		const struct tayra_cache_options o = { .size = sizeof(o),
						       .memory_bytes = 1u << 20 };
		struct parting parts[THREADS];
		pthread_t threads[THREADS];
		struct tayra_cache *cache;

		assert_int_equal(tayra_cache_create(&o, &cache), TAYRA_OK);
		for (uint32_t i = 0; i < THREADS; i++) {
			uint32_t key = i / 2;

			parts[i].cache = cache;
			tayra_cache_put(cache, &key, sizeof(key), "v", 1, NULL, 0);
			tayra_cache_get(cache, &key, sizeof(key), 0, &parts[i].value);
		}
		for (int i = 0; i < THREADS; i++)
			pthread_create(&threads[i], NULL, unpin_late, &parts[i]);
		tayra_cache_destroy(cache);
		for (int i = 0; i < THREADS; i++)
			pthread_join(threads[i], NULL);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_whole_when_memory_is_short),
		cmocka_unit_test(the_last_of_many_unpins_after_destroy_frees_once),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
