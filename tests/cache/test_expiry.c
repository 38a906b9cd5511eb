/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

static int
setup(void **state)
{
	const struct tayra_cache_options o = { .size = sizeof(o),
					       .memory_bytes = 4u << 20,
					       .shards = 4 };

	*state = check_create(&o);
	return 0;
}

static int
teardown(void **state)
{
	check_audit(*state);
	tayra_cache_destroy(*state);
	return 0;
}

static void
put_until(struct tayra_cache *cache, uint32_t key, uint64_t expire_ms)
{
	const struct tayra_item_meta meta = { .expire_ms = expire_ms, .version = 3 };

	assert_int_equal(tayra_cache_put(cache, &key, sizeof(key), "v", 1, &meta, 0), TAYRA_OK);
}

static bool
served_at(struct tayra_cache *cache, uint32_t key, uint64_t now_ms)
{
	struct tayra_value got;
	bool served = tayra_cache_get(cache, &key, sizeof(key), now_ms, &got) == TAYRA_OK;

	tayra_cache_unpin(cache, &got);
	return served;
}

static void
served_until_the_millisecond_before_and_no_later(void **state)
{
	put_until(*state, 1, 1000);
	assert_true(served_at(*state, 1, 999));
	assert_false(served_at(*state, 1, 1000));
	/* Gone for good: an earlier now does not bring it back. */
	assert_false(served_at(*state, 1, 999));
	assert_int_equal(check_stats(*state).expirations, 1);
	assert_int_equal(check_stats(*state).items, 0);
}

static void
the_largest_time_is_never(void **state)
{
	put_until(*state, 1, UINT64_MAX);
	assert_true(served_at(*state, 1, UINT64_MAX - 1));
	assert_int_equal(tayra_cache_tick(*state, UINT64_MAX - 1, 100000), 0);
	assert_true(served_at(*state, 1, UINT64_MAX - 1));
}

static void
born_expired_is_never_served(void **state)
{
	put_until(*state, 1, 1000);
	put_until(*state, 1, 0);
	assert_false(served_at(*state, 1, 0));
}

static void
touch_moves_the_end_both_ways(void **state)
{
	uint32_t key = 1;
	struct tayra_value got;

	put_until(*state, key, 1000);
	assert_int_equal(
		tayra_cache_touch(*state, &key, sizeof(key), 3, 1500, 2000, TAYRA_ITEM_FAILED),
		TAYRA_OK);
	assert_int_equal(tayra_cache_get(*state, &key, sizeof(key), 1999, &got), TAYRA_OK);
	assert_int_equal(got.meta.fresh_ms, 1500);
	assert_int_equal(got.meta.expire_ms, 2000);
	assert_int_equal(got.meta.flags, TAYRA_ITEM_FAILED);
	tayra_cache_unpin(*state, &got);
	tayra_cache_touch(*state, &key, sizeof(key), 3, 0, 500, 0);
	assert_false(served_at(*state, key, 500));
}

static void
touch_of_another_version_changes_nothing(void **state)
{
	uint32_t key = 1;

	put_until(*state, key, 1000);
	assert_int_equal(tayra_cache_touch(*state, &key, sizeof(key), 4, 0, 2000, 0),
			 TAYRA_E_NOT_FOUND);
	assert_int_equal(tayra_cache_touch(*state, "?", 1, 0, 0, 2000, 0), TAYRA_E_NOT_FOUND);
	assert_false(served_at(*state, key, 1000));
}

static void
ticks_remove_all_that_expired_and_nothing_else(void **state)
{
	uint64_t removed = 0;

	for (uint32_t key = 0; key < 1000; key++)
		put_until(*state, key, key % 2 ? 100 : 200);
	for (int i = 0; i < 100; i++)
		removed += tayra_cache_tick(*state, 100, 64);
	assert_int_equal(removed, 500);
	assert_int_equal(check_stats(*state).items, 500);
	assert_int_equal(check_stats(*state).expirations, 500);
	for (uint32_t key = 0; key < 1000; key++)
		assert_int_equal(served_at(*state, key, 100), key % 2 == 0);
}

static void
a_tick_looks_at_no_more_than_its_budget(void **state)
{
	for (uint32_t key = 0; key < 1000; key++)
		put_until(*state, key, 100);
	for (uint64_t budget = 1; budget < 50; budget++)
		assert_in_range(tayra_cache_tick(*state, 100, budget), 0, budget);
	/* One look at a time still gets everywhere. */
	for (int i = 0; i < 10000; i++)
		tayra_cache_tick(*state, 100, 1);
	assert_int_equal(check_stats(*state).items, 0);
}

static void
a_large_budget_clears_all_at_once(void **state)
{
	for (uint32_t key = 0; key < 1000; key++)
		put_until(*state, key, 100);
	assert_int_equal(tayra_cache_tick(*state, 99, UINT64_MAX), 0);
	assert_int_equal(tayra_cache_tick(*state, 100, UINT64_MAX), 1000);
}

static void
default_budgets_suffice_for_a_tick(void **state)
{
	for (uint32_t key = 0; key < 100; key++)
		put_until(*state, key, 100);
	assert_int_equal(tayra_cache_tick(*state, 100, 0), 100);
}

int
main(void)
{
#define CLAIM(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CLAIM(served_until_the_millisecond_before_and_no_later),
		CLAIM(the_largest_time_is_never),
		CLAIM(born_expired_is_never_served),
		CLAIM(touch_moves_the_end_both_ways),
		CLAIM(touch_of_another_version_changes_nothing),
		CLAIM(ticks_remove_all_that_expired_and_nothing_else),
		CLAIM(a_tick_looks_at_no_more_than_its_budget),
		CLAIM(a_large_budget_clears_all_at_once),
		CLAIM(default_budgets_suffice_for_a_tick),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
