/* SPDX-License-Identifier: Apache-2.0
 *
 * The production S3-FIFO against the rules as the paper states them, written down once more here
 * with arrays of unit-sized objects.
 */
#include "check.h"

#include "base/rng.h"
#include "cache/handle.h"

#include <stdlib.h>

#define KEYS 20000

enum queue { NOWHERE, SMALL, MAIN, GHOST };

struct fifo {
	uint32_t keys[1 << 21]; /* every push ever made: long enough for a test */
	uint32_t from, to;
	uint32_t size;
};

/* A key is in a queue when `where` says so and the queue's entry is its latest: `stamp`. */
struct model {
	uint32_t capacity;
	enum queue where[KEYS];
	uint32_t stamp[KEYS];
	uint8_t freq[KEYS];
	struct fifo fifo[GHOST + 1];
};

static void
push(struct model *m, enum queue q, uint32_t key)
{
	struct fifo *f = &m->fifo[q];

	assert_true(f->to < sizeof(f->keys) / sizeof(f->keys[0]));
	m->where[key] = q;
	m->stamp[key] = f->to;
	f->keys[f->to++] = key;
	f->size++;
}

static uint32_t
pop(struct model *m, enum queue q)
{
	struct fifo *f = &m->fifo[q];

	for (;;) {
		uint32_t at = f->from++;
		uint32_t key = f->keys[at];

		if (m->where[key] == q && m->stamp[key] == at) {
			f->size--;
			m->where[key] = NOWHERE;
			return key;
		}
	}
}

static void
evict_main(struct model *m)
{
	for (;;) {
		uint32_t key = pop(m, MAIN);

		if (m->freq[key] == 0)
			return;
		m->freq[key] = (uint8_t)((m->freq[key] < 3 ? m->freq[key] : 3) - 1);
		push(m, MAIN, key);
	}
}

static void
evict_small(struct model *m)
{
	while (m->fifo[SMALL].size) {
		uint32_t key = pop(m, SMALL);

		if (m->freq[key] >= 2) {
			m->freq[key] = 0;
			push(m, MAIN, key);
			continue;
		}
		if (m->capacity * 9 / 10 == 0)
			return;
		while (m->fifo[GHOST].size + 1 > m->capacity * 9 / 10)
			pop(m, GHOST);
		push(m, GHOST, key);
		return;
	}
}

static bool
model_request(struct model *m, uint32_t key)
{
	enum queue into = SMALL;

	if (m->where[key] == SMALL || m->where[key] == MAIN) {
		m->freq[key] += m->freq[key] < 255;
		return true;
	}
	if (m->where[key] == GHOST) {
		m->fifo[GHOST].size--;
		m->where[key] = NOWHERE;
		into = MAIN;
	}
	while (m->fifo[SMALL].size + m->fifo[MAIN].size + 1 > m->capacity) {
		if (m->fifo[MAIN].size > m->capacity - m->capacity / 10 || !m->fifo[SMALL].size)
			evict_main(m);
		else
			evict_small(m);
	}
	m->freq[key] = 0;
	push(m, into, key);
	return false;
}

static bool
cache_request(struct tayra_cache *cache, uint32_t key)
{
	const struct tayra_item_meta meta = { .charge = 1, .expire_ms = UINT64_MAX };
	struct tayra_value got;

	if (tayra_cache_get(cache, &key, sizeof(key), 0, &got) == TAYRA_OK) {
		tayra_cache_unpin(cache, &got);
		return true;
	}
	assert_int_equal(tayra_cache_put(cache, &key, sizeof(key), NULL, 0, &meta, 0), TAYRA_OK);
	return false;
}

static void
same_hits(uint32_t capacity, double skew, uint32_t requests)
{
	const struct tayra_cache_options o = {
		.size = sizeof(o),
		.memory_bytes = 8u << 20,
		.charge_max = capacity,
		.shards = 1,
	};
	struct tayra_cache *cache = check_create(&o);
	struct model *m = calloc(1, sizeof(*m));
	struct tayra__rng rng;
	struct tayra__zipf zipf;
	uint64_t hits = 0;

	assert_non_null(m);
	m->capacity = capacity;
	tayra__rng_init(&rng, capacity);
	tayra__zipf_init(&zipf, KEYS, skew);
	for (uint32_t i = 0; i < requests; i++) {
		/* Popularity drifts, so that ghosts are hit and main turns over. */
		uint32_t key = (uint32_t)((tayra__zipf_next(&zipf, &rng) + i / 100) % KEYS);
		bool expected = model_request(m, key);

		if (cache_request(cache, key) != expected)
			fail_msg("request %u: the rules say %s", i, expected ? "hit" : "miss");
		hits += expected;
	}
	assert_int_equal(check_stats(cache).hits, hits);
	assert_in_range(hits, requests / 10, requests);
	assert_int_equal(check_stats(cache).ghosts, m->fifo[GHOST].size);
	check_audit(cache);
	tayra_cache_destroy(cache);
	free(m);
}

static void
hits_are_those_of_the_paper_to_the_last_request(void **state)
{
	(void)state;
	same_hits(1000, 0.9, 200000);
}

static void
small_capacities_follow_the_rules_too(void **state)
{
	(void)state;
	same_hits(1, 1.5, 20000);
	same_hits(9, 1.2, 20000);
	same_hits(11, 1.2, 20000);
	same_hits(107, 1.0, 50000);
}

static void
a_replaced_key_keeps_its_place(void **state)
{
	const struct tayra_cache_options o = {
		.size = sizeof(o), .memory_bytes = 1u << 20, .charge_max = 4, .shards = 1
	};
	const struct tayra_item_meta unit = { .charge = 1, .expire_ms = UINT64_MAX };
	struct tayra_cache *cache = check_create(&o);

	(void)state;
	for (uint32_t key = 0; key < 4; key++)
		tayra_cache_put(cache, &key, sizeof(key), NULL, 0, &unit, 0);
	uint32_t oldest = 0, fresh = 99;
	struct tayra_value got;

	tayra_cache_put(cache, &oldest, sizeof(oldest), "refreshed", 9, &unit, 0);
	tayra_cache_put(cache, &fresh, sizeof(fresh), NULL, 0, &unit, 0);
	assert_int_equal(tayra_cache_get(cache, &oldest, sizeof(oldest), 0, &got),
			 TAYRA_E_NOT_FOUND);
	check_audit(cache);
	tayra_cache_destroy(cache);
}

static void
a_replaced_key_keeps_its_count(void **state)
{
	const struct tayra_cache_options o = {
		.size = sizeof(o), .memory_bytes = 1u << 20, .charge_max = 4, .shards = 1
	};
	const struct tayra_item_meta unit = { .charge = 1, .expire_ms = UINT64_MAX };
	struct tayra_cache *cache = check_create(&o);
	uint32_t wanted = 0;

	(void)state;
	cache_request(cache, wanted);
	cache_request(cache, wanted);
	cache_request(cache, wanted);
	tayra_cache_put(cache, &wanted, sizeof(wanted), "refreshed", 9, &unit, 0);
	for (uint32_t key = 1; key < 50; key++)
		cache_request(cache, key);
	/* Used twice before it was replaced: it went to main. */
	assert_true(cache_request(cache, wanted));
	check_audit(cache);
	tayra_cache_destroy(cache);
}

/* Ghosts, index and holes take a part of memory, so that main must not wait for nine tenths of it.
 */
static void
where_memory_bounds_main_has_nine_tenths_of_what_is_resident(void **state)
{
	const struct tayra_cache_options o = {
		.size = sizeof(o), .memory_bytes = 2u << 20, .shards = 1, .seed = 3
	};
	struct tayra_cache *cache = check_create(&o);
	const struct tayra__fifo *queues = cache->shard[0].state->policy.queues;
	struct tayra__rng rng;

	(void)state;
	tayra__rng_init(&rng, 5);
	for (int i = 0; i < 300000; i++) {
		uint64_t key = tayra__rng_below(&rng, 1 + tayra__rng_below(&rng, 30000));
		struct tayra_value got;

		if (tayra_cache_get(cache, &key, sizeof(key), 0, &got) == TAYRA_OK)
			tayra_cache_unpin(cache, &got);
		else
			assert_int_equal(tayra_cache_put(cache, &key, sizeof(key), &key,
							 sizeof(key), NULL, 0),
					 TAYRA_OK);
	}
	uint64_t all = queues[TAYRA__PLACE_MAIN].charge + queues[TAYRA__PLACE_SMALL].charge;

	assert_in_range(queues[TAYRA__PLACE_MAIN].charge, all * 85 / 100, all * 91 / 100);
	check_audit(cache);
	tayra_cache_destroy(cache);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(where_memory_bounds_main_has_nine_tenths_of_what_is_resident),
		cmocka_unit_test(hits_are_those_of_the_paper_to_the_last_request),
		cmocka_unit_test(small_capacities_follow_the_rules_too),
		cmocka_unit_test(a_replaced_key_keeps_its_place),
		cmocka_unit_test(a_replaced_key_keeps_its_count),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
