/* SPDX-License-Identifier: Apache-2.0 */
#include "tier/index.h"

#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/hash.h"
#include "base/rng.h"

static struct tayra__place
place_of(uint64_t n)
{
	return (struct tayra__place){
		.segment = (uint32_t)(n % 50),
		.offset = (uint32_t)(n % 1000) * 8,
		.size = 80 + (uint32_t)(n % 77) * 8,
	};
}

static void
assert_place(const struct tayra__tier_index *index, uint64_t hash, uint64_t n)
{
	struct tayra__place expected = place_of(n), got;

	assert_true(tayra__tier_index_find(index, hash, &got));
	assert_int_equal(got.segment, expected.segment);
	assert_int_equal(got.offset, expected.offset);
	assert_int_equal(got.size, expected.size);
}

static void
put(struct tayra__tier_index *index, uint64_t hash, uint64_t n)
{
	struct tayra__place place = place_of(n);

	assert_int_equal(tayra__tier_index_reserve(index, hash), 0);
	tayra__tier_index_set(index, hash, &place);
}

static void
the_largest_of_everything_comes_back(void **state)
{
	struct tayra__place most = {
		.segment = (1u << TAYRA__TIER_INDEX_SEGMENT_BITS) - 1,
		.offset = TAYRA__TIER_INDEX_SEGMENT_BYTES - 8,
		.size = TAYRA__TIER_INDEX_SEGMENT_BYTES - 8,
	};
	struct tayra__place got;
	struct tayra__tier_index index;

	tayra__tier_index_init(&index);
	assert_int_equal(tayra__tier_index_reserve(&index, UINT64_MAX), 0);
	tayra__tier_index_set(&index, UINT64_MAX, &most);
	assert_true(tayra__tier_index_find(&index, UINT64_MAX, &got));
	assert_int_equal(got.segment, most.segment);
	assert_int_equal(got.offset, most.offset);
	assert_int_equal(got.size, most.size);
	tayra__tier_index_fini(&index);
}

#define KEYS 3000

static void
it_does_what_an_array_does(void **state)
{
	struct tayra__tier_index index;
	struct tayra__rng rng;
	static uint64_t model[KEYS]; /* 0: not in */
	uint64_t count = 0;
	struct tayra__place got;

	memset(model, 0, sizeof(model));
	tayra__tier_index_init(&index);
	tayra__rng_init(&rng, 7);
	for (uint64_t op = 1; op < 200000; op++) {
		uint64_t key = tayra__rng_below(&rng, KEYS);
		/* Few of the high bits: crowded runs that wrap around. */
		uint64_t hash = (key & 3) << 56 | tayra__hash_mix64(key) >> 8;

		if (op % 50000 == 0) {
			tayra__tier_index_drop(&index, 10, 20);
			for (unsigned k = 0; k < KEYS; k++)
				if (model[k] && model[k] % 50 >= 10 && model[k] % 50 < 30) {
					model[k] = 0;
					count--;
				}
		} else if (tayra__rng_below(&rng, 3)) {
			put(&index, hash, op);
			count += !model[key];
			model[key] = op;
		} else {
			assert_int_equal(tayra__tier_index_remove(&index, hash), model[key] != 0);
			count -= model[key] != 0;
			model[key] = 0;
		}
		assert_int_equal(index.count, count);
	}
	for (uint64_t key = 0; key < KEYS; key++) {
		uint64_t hash = (key & 3) << 56 | tayra__hash_mix64(key) >> 8;

		if (model[key])
			assert_place(&index, hash, model[key]);
		else
			assert_false(tayra__tier_index_find(&index, hash, &got));
	}
	tayra__tier_index_fini(&index);
}

static void
dropping_segments_wraps_with_their_numbers(void **state)
{
	struct tayra__place place = { .offset = 40, .size = 80 }, got;
	struct tayra__tier_index index;
	uint32_t last = (1u << TAYRA__TIER_INDEX_SEGMENT_BITS) - 1;

	tayra__tier_index_init(&index);
	for (uint64_t i = 0; i < 4; i++) {
		place.segment = last - 1 + (uint32_t)i; /* the last two, then 0 and 1 */
		assert_int_equal(tayra__tier_index_reserve(&index, i << 30), 0);
		tayra__tier_index_set(&index, i << 30, &place);
	}
	tayra__tier_index_drop(&index, last, 2);
	assert_int_equal(index.count, 2);
	assert_true(tayra__tier_index_find(&index, 0, &got));
	assert_false(tayra__tier_index_find(&index, 1ull << 30, &got));
	assert_false(tayra__tier_index_find(&index, 2ull << 30, &got));
	assert_true(tayra__tier_index_find(&index, 3ull << 30, &got));
	tayra__tier_index_fini(&index);
}

static void
an_item_costs_at_most_16_bytes(void **state)
{
	struct tayra__tier_index index;

	tayra__tier_index_init(&index);
	for (uint64_t i = 1; i <= 300000; i++) {
		put(&index, tayra__hash_mix64(i), i);
		if (i >= 50000 && i % 1000 == 0)
			assert_true(index.bytes <= 16 * index.count);
	}
	assert_int_equal(index.count, 300000);
	tayra__tier_index_fini(&index);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_largest_of_everything_comes_back),
		cmocka_unit_test(it_does_what_an_array_does),
		cmocka_unit_test(dropping_segments_wraps_with_their_numbers),
		cmocka_unit_test(an_item_costs_at_most_16_bytes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
