/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "base/rng.h"
#include "cache/pool.h"

#include <stdlib.h>

#define BYTES    (1u << 20)
#define RESERVED 4096u
#define MARKS    4000

static struct tayra__pool *
make_pool(void)
{
	struct tayra__pool *pool = aligned_alloc(64, BYTES);

	assert_non_null(pool);
	tayra__pool_init(pool, BYTES, RESERVED);
	return pool;
}

static void
check_pool(struct tayra__pool *pool)
{
	char text[200] = "";

	if (!tayra__pool_audit(pool, text, sizeof(text)))
		fail_msg("audit: %s", text);
}

/* One free block from end to end. */
static void
check_whole(struct tayra__pool *pool)
{
	const struct tayra__block *block = tayra__pool_at(pool, pool->first);

	check_pool(pool);
	assert_int_equal(pool->free_units, pool->end - pool->first);
	assert_int_equal(tayra__block_kind(block), TAYRA__BLOCK_FREE);
	assert_int_equal(tayra__block_units(block), pool->free_units);
}

static void
a_new_pool_is_one_free_block(void **state)
{
	struct tayra__pool *pool = make_pool();

	(void)state;
	assert_int_equal(pool->first, RESERVED / TAYRA__UNIT_BYTES);
	assert_int_equal(pool->end, BYTES / TAYRA__UNIT_BYTES - 1);
	check_whole(pool);
	free(pool);
}

struct mark {
	uint32_t ref, units;
	unsigned char byte;
};

static void
fill(struct tayra__pool *pool, const struct mark *mark)
{
	char *block = tayra__pool_at(pool, mark->ref);

	memset(block + sizeof(struct tayra__block), mark->byte,
	       mark->units * TAYRA__UNIT_BYTES - sizeof(struct tayra__block));
}

/* Whoever wrote into a block of another would be found here. */
static void
check_filled(struct tayra__pool *pool, const struct mark *mark)
{
	const unsigned char *block = tayra__pool_at(pool, mark->ref);

	for (size_t i = sizeof(struct tayra__block); i < mark->units * TAYRA__UNIT_BYTES; i++)
		if (block[i] != mark->byte)
			fail_msg("block %u was overwritten at %zu", mark->ref, i);
}

static void
random_blocks_never_overlap_and_all_merge_again(void **state)
{
	static struct mark marks[MARKS];
	struct tayra__pool *pool = make_pool();
	struct tayra__rng rng;
	uint32_t held = 0, refused = 0;

	(void)state;
	memset(marks, 0, sizeof(marks));
	tayra__rng_init(&rng, 1);
	for (int i = 0; i < 60000; i++) {
		struct mark *mark = &marks[tayra__rng_below(&rng, MARKS)];

		if (mark->ref) {
			check_filled(pool, mark);
			tayra__pool_free(pool, mark->ref);
			held -= mark->units;
			mark->ref = 0;
		} else {
			mark->units = 1 + (uint32_t)tayra__rng_below(
						  &rng, 1 + tayra__rng_below(&rng, 1000));
			mark->byte = (unsigned char)i;
			mark->ref = tayra__pool_alloc(pool, mark->units, TAYRA__BLOCK_TABLE);
			if (mark->ref) {
				held += mark->units;
				fill(pool, mark);
			}
			refused += mark->ref == 0;
		}
		assert_int_equal(pool->free_units, pool->end - pool->first - held);
		if (i % 1000 == 0)
			check_pool(pool);
	}
	assert_true(refused > 0);
	for (int i = 0; i < MARKS; i++) {
		if (!marks[i].ref)
			continue;
		check_filled(pool, &marks[i]);
		tayra__pool_free(pool, marks[i].ref);
	}
	check_whole(pool);
	free(pool);
}

static void
a_free_block_of_the_fit_size_is_always_found(void **state)
{
	struct tayra__pool *pool = make_pool();

	(void)state;
	for (uint32_t units = 1; units < 5000; units += 1 + units / 40) {
		uint32_t rest = pool->free_units - tayra__pool_fit_units(units);
		uint32_t hole, wall = tayra__pool_alloc(pool, 1, TAYRA__BLOCK_TABLE);

		/* All memory but a hole of exactly the fit size. */
		hole = tayra__pool_alloc(pool, pool->free_units - rest + 1, TAYRA__BLOCK_TABLE);
		assert_true(hole);
		tayra__pool_free(pool, wall);
		tayra__pool_free(pool, hole);
		assert_true(tayra__pool_fit_units(units) >= units);
		assert_in_range(tayra__pool_fit_units(units), units, units + units / 32 + 1);

		struct tayra__pool *small = aligned_alloc(64, BYTES);

		tayra__pool_init(small,
				 RESERVED + (tayra__pool_fit_units(units) + 1) * TAYRA__UNIT_BYTES,
				 RESERVED);
		assert_int_equal(small->free_units, tayra__pool_fit_units(units));
		assert_int_equal(tayra__pool_alloc(small, units, TAYRA__BLOCK_TABLE), small->first);
		check_pool(small);
		free(small);
	}
	check_whole(pool);
	free(pool);
}

static void
what_does_not_fit_is_refused_and_changes_nothing(void **state)
{
	struct tayra__pool *pool = make_pool();

	(void)state;
	assert_int_equal(tayra__pool_alloc(pool, pool->end, TAYRA__BLOCK_TABLE), 0);
	assert_int_equal(tayra__pool_alloc(pool, 1u << 28, TAYRA__BLOCK_TABLE), 0);
	assert_int_equal(tayra__pool_alloc(pool, UINT32_MAX >> 3, TAYRA__BLOCK_TABLE), 0);
	check_whole(pool);
	free(pool);
}

static void
neighbours_merge_on_both_sides(void **state)
{
	struct tayra__pool *pool = make_pool();
	uint32_t a, b, c, d;

	(void)state;
	a = tayra__pool_alloc(pool, 3, TAYRA__BLOCK_TABLE);
	b = tayra__pool_alloc(pool, 4, TAYRA__BLOCK_TABLE);
	c = tayra__pool_alloc(pool, 5, TAYRA__BLOCK_TABLE);
	d = tayra__pool_alloc(pool, 6, TAYRA__BLOCK_TABLE);
	tayra__pool_free(pool, a);
	tayra__pool_free(pool, c);
	tayra__pool_free(pool, b);
	check_pool(pool);
	assert_int_equal(tayra__block_units(tayra__pool_at(pool, a)), 12);
	assert_int_equal(tayra__pool_alloc(pool, 12, TAYRA__BLOCK_TABLE), a);
	tayra__pool_free(pool, d);
	tayra__pool_free(pool, a);
	check_whole(pool);
	free(pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_pool_is_one_free_block),
		cmocka_unit_test(random_blocks_never_overlap_and_all_merge_again),
		cmocka_unit_test(a_free_block_of_the_fit_size_is_always_found),
		cmocka_unit_test(what_does_not_fit_is_refused_and_changes_nothing),
		cmocka_unit_test(neighbours_merge_on_both_sides),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
