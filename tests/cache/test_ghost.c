/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "cache/ghost.h"

#include <stdlib.h>

#define BYTES (256u << 10)

struct world {
	struct tayra__pool *pool;
	struct tayra__ghosts ghosts;
};

static struct world
make_world(uint64_t charge_max, uint32_t count_max)
{
	struct world w = {
		.pool = aligned_alloc(64, BYTES),
		.ghosts = { .charge_max = charge_max, .count_max = count_max },
	};

	assert_non_null(w.pool);
	tayra__pool_init(w.pool, BYTES, sizeof(struct tayra__pool));
	tayra__index_extend(
		&w.ghosts.index, w.pool,
		tayra__pool_alloc(w.pool, tayra__index_wants(&w.ghosts.index), TAYRA__BLOCK_TABLE));
	return w;
}

static void
a_ghost_is_taken_once(void **state)
{
	struct world w = make_world(10, 10);

	(void)state;
	tayra__ghosts_add(&w.ghosts, w.pool, 77, 1);
	assert_true(tayra__ghosts_take(&w.ghosts, w.pool, 77));
	assert_false(tayra__ghosts_take(&w.ghosts, w.pool, 77));
	assert_int_equal(w.ghosts.queue.charge, 0);
	free(w.pool);
}

static void
both_halves_of_the_hash_count(void **state)
{
	struct world w = make_world(10, 10);

	(void)state;
	tayra__ghosts_add(&w.ghosts, w.pool, 0x100000001ull, 1);
	assert_false(tayra__ghosts_take(&w.ghosts, w.pool, 0x200000001ull));
	assert_false(tayra__ghosts_take(&w.ghosts, w.pool, 0x100000041ull));
	assert_true(tayra__ghosts_take(&w.ghosts, w.pool, 0x100000001ull));
	free(w.pool);
}

static void
the_oldest_make_room_by_charge(void **state)
{
	struct world w = make_world(10, 100);

	(void)state;
	for (uint64_t hash = 1; hash <= 5; hash++)
		tayra__ghosts_add(&w.ghosts, w.pool, hash, 2);
	tayra__ghosts_add(&w.ghosts, w.pool, 6, 3);
	assert_int_equal(w.ghosts.queue.charge, 9);
	assert_false(tayra__ghosts_take(&w.ghosts, w.pool, 1));
	assert_false(tayra__ghosts_take(&w.ghosts, w.pool, 2));
	assert_true(tayra__ghosts_take(&w.ghosts, w.pool, 3));
	tayra__ghosts_add(&w.ghosts, w.pool, 7, 11);
	assert_false(tayra__ghosts_take(&w.ghosts, w.pool, 7));
	assert_true(tayra__ghosts_take(&w.ghosts, w.pool, 4));
	free(w.pool);
}

static void
the_oldest_make_room_by_number_and_use_no_more_memory(void **state)
{
	struct world w = make_world(UINT64_MAX, 8);
	uint32_t free_units = 0;

	(void)state;
	for (uint64_t hash = 0; hash < 100; hash++) {
		tayra__ghosts_add(&w.ghosts, w.pool, hash, UINT64_MAX);
		if (hash == 7)
			free_units = w.pool->free_units;
	}
	assert_int_equal(w.ghosts.queue.count, 8);
	assert_int_equal(w.pool->free_units, free_units);
	assert_false(tayra__ghosts_take(&w.ghosts, w.pool, 91));
	assert_true(tayra__ghosts_take(&w.ghosts, w.pool, 92));
	free(w.pool);
}

static void
without_memory_a_ghost_is_forgotten(void **state)
{
	struct world w = make_world(UINT64_MAX, 1000);

	(void)state;
	while (tayra__pool_alloc(w.pool, 2, TAYRA__BLOCK_TABLE))
		;
	tayra__ghosts_add(&w.ghosts, w.pool, 5, 1);
	assert_false(tayra__ghosts_take(&w.ghosts, w.pool, 5));
	assert_int_equal(w.ghosts.queue.count, 0);
	free(w.pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ghost_is_taken_once),
		cmocka_unit_test(both_halves_of_the_hash_count),
		cmocka_unit_test(the_oldest_make_room_by_charge),
		cmocka_unit_test(the_oldest_make_room_by_number_and_use_no_more_memory),
		cmocka_unit_test(without_memory_a_ghost_is_forgotten),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
