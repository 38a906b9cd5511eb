/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "base/hash.h"
#include "cache/index.h"

#include <stdlib.h>

#define BYTES   (8u << 20)
#define ENTRIES 20000u

struct world {
	struct tayra__pool *pool;
	struct tayra__index index;
};

static struct world
make_world(void)
{
	struct world w = { .pool = aligned_alloc(64, BYTES) };

	assert_non_null(w.pool);
	tayra__pool_init(w.pool, BYTES, sizeof(struct tayra__pool));
	return w;
}

static bool
give(struct world *w)
{
	uint32_t units = tayra__index_wants(&w->index);

	if (units == 0)
		return false;
	tayra__index_extend(&w->index, w->pool,
			    tayra__pool_alloc(w->pool, units, TAYRA__BLOCK_TABLE));
	return true;
}

static uint32_t
add(struct world *w, uint32_t hash, uint32_t *surplus)
{
	uint32_t ref = tayra__pool_alloc(w->pool, 2, TAYRA__BLOCK_ITEM);

	assert_true(ref);
	tayra__entry_at(w->pool, ref)->node.hash = hash;
	*surplus = tayra__index_insert(&w->index, w->pool, ref);
	return ref;
}

static bool
has(struct world *w, uint32_t hash, uint32_t ref)
{
	uint32_t at = tayra__index_first(&w->index, w->pool, hash);

	while (at && at != ref)
		at = tayra__entry_at(w->pool, at)->node.chain;
	return at != 0;
}

static uint32_t
hash_of(uint32_t i)
{
	return (uint32_t)tayra__hash_mix64(i);
}

static void
an_index_without_memory_finds_nothing(void **state)
{
	struct world w = make_world();

	(void)state;
	assert_int_equal(tayra__index_first(&w.index, w.pool, 5), 0);
	assert_int_equal(tayra__index_wants(&w.index), 17);
	free(w.pool);
}

static void
everything_is_found_at_every_step_of_growing(void **state)
{
	static uint32_t refs[ENTRIES];
	struct world w = make_world();
	uint32_t surplus;

	(void)state;
	for (uint32_t i = 0; i < ENTRIES; i++) {
		uint32_t before = w.index.buckets;

		give(&w);
		before = w.index.buckets > before ? w.index.buckets : before;
		refs[i] = add(&w, hash_of(i), &surplus);
		assert_int_equal(surplus, 0);
		/* No insert does more than two splits. */
		assert_in_range(w.index.buckets, before, before + 2);
		for (uint32_t j = 0; j < 4; j++) {
			uint32_t one = hash_of(i * 7 + j) % (i + 1);

			assert_true(has(&w, hash_of(one), refs[one]));
		}
	}
	assert_true(w.index.buckets > ENTRIES / 2);
	for (uint32_t i = 0; i < ENTRIES; i++)
		assert_true(has(&w, hash_of(i), refs[i]));
	for (uint32_t i = 0; i < ENTRIES; i++) {
		tayra__index_remove(&w.index, w.pool, refs[i]);
		assert_false(has(&w, hash_of(i), refs[i]));
	}
	assert_int_equal(w.index.count, 0);
	for (uint32_t i = 0; i < w.index.buckets; i++)
		assert_int_equal(tayra__index_bucket(&w.index, w.pool, i), 0);
	free(w.pool);
}

static void
equal_hashes_name_the_oldest_beyond_the_chain_limit(void **state)
{
	struct world w = make_world();
	uint32_t surplus, first;

	(void)state;
	give(&w);
	first = add(&w, 42, &surplus);
	for (uint32_t i = 1; i < TAYRA__INDEX_CHAIN_MAX; i++) {
		add(&w, 42, &surplus);
		assert_int_equal(surplus, 0);
	}
	add(&w, 42, &surplus);
	assert_int_equal(surplus, first);
	free(w.pool);
}

static void
a_refused_index_asks_again_only_with_more_entries(void **state)
{
	struct world w = make_world();
	uint32_t surplus, asked = 0;

	(void)state;
	give(&w);
	for (uint32_t i = 0; i < 640; i++) {
		if (tayra__index_wants(&w.index)) {
			tayra__index_refuse(&w.index);
			asked++;
		}
		surplus = 0;
		add(&w, hash_of(i), &surplus);
	}
	assert_in_range(asked, 5, 25);
	assert_int_equal(w.index.buckets, 64);
	free(w.pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_index_without_memory_finds_nothing),
		cmocka_unit_test(everything_is_found_at_every_step_of_growing),
		cmocka_unit_test(equal_hashes_name_the_oldest_beyond_the_chain_limit),
		cmocka_unit_test(a_refused_index_asks_again_only_with_more_entries),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
