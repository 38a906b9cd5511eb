/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <tayra/cache.h>

#include <string.h>

#define KEYS 3000u

struct census {
	unsigned seen[2 * KEYS];
	unsigned visits, strange;
};

static struct tayra_cache *
make_cache(uint32_t shards)
{
	struct tayra_cache_options options = TAYRA_CACHE_OPTIONS_INIT;
	struct tayra_cache *cache;

	options.memory_bytes = 8u << 20;
	options.shards = shards;
	options.seed = 7;
	assert_int_equal(tayra_cache_create(&options, &cache), TAYRA_OK);
	return cache;
}

static void
put(struct tayra_cache *cache, uint32_t key, uint64_t expire_ms)
{
	const struct tayra_item_meta meta = { .fresh_ms = UINT64_MAX, .expire_ms = expire_ms };

	assert_int_equal(tayra_cache_put(cache, &key, sizeof(key), "v", 1, &meta, 0), TAYRA_OK);
}

static void
count(void *arg, const void *key, size_t key_len, const struct tayra_item_meta *meta)
{
	struct census *census = arg;
	uint32_t number;

	census->visits++;
	if (key_len != sizeof(number) || meta->expire_ms == 0) {
		census->strange++;
		return;
	}
	memcpy(&number, key, sizeof(number));
	if (number < 2 * KEYS)
		census->seen[number]++;
	else
		census->strange++;
}

static void
assert_each_seen(const struct census *census)
{
	assert_int_equal(census->strange, 0);
	for (uint32_t i = 0; i < KEYS; i++)
		assert_true(census->seen[i] > 0);
}

static void
scan_visits_each_key_once_when_nothing_changes(void **state)
{
	for (uint32_t shards = 1; shards <= 4; shards *= 4) {
		struct tayra_cache *cache = make_cache(shards);
		struct census census = { 0 };
		uint64_t cursor = 0;
		unsigned calls = 0;

		for (uint32_t i = 0; i < KEYS; i++)
			put(cache, i, UINT64_MAX);
		do {
			unsigned before = census.visits;

			cursor = tayra_cache_scan(cache, cursor, 10, 0, count, &census);
			assert_in_range(census.visits - before, 0, 10 * 32);
			calls++;
		} while (cursor);
		assert_int_equal(census.visits, KEYS);
		assert_in_range(calls, KEYS / 10 / 2, KEYS);
		assert_each_seen(&census);
		tayra_cache_destroy(cache);
	}
}

static void
scan_misses_no_key_while_the_index_grows(void **state)
{
	struct tayra_cache *cache = make_cache(2);
	struct census census = { 0 };
	uint64_t cursor = 0;
	uint32_t next = KEYS;

	for (uint32_t i = 0; i < KEYS; i++)
		put(cache, i, UINT64_MAX);
	do {
		cursor = tayra_cache_scan(cache, cursor, 16, 0, count, &census);
		for (int i = 0; i < 8 && next < 2 * KEYS; i++)
			put(cache, next++, UINT64_MAX);
		put(cache, next % KEYS, UINT64_MAX);
	} while (cursor);
	assert_true(next > KEYS + KEYS / 4);
	assert_each_seen(&census);
	tayra_cache_destroy(cache);
}

static void
scan_passes_over_what_expired(void **state)
{
	struct tayra_cache *cache = make_cache(1);
	struct census census = { 0 };

	put(cache, 1, 100);
	put(cache, 2, 101);
	while (tayra_cache_scan(cache, 0, UINT64_MAX, 100, count, &census))
		fail();
	assert_int_equal(census.visits, 1);
	assert_int_equal(census.seen[2], 1);
	tayra_cache_destroy(cache);
}

static void
scan_takes_any_cursor_and_ends(void **state)
{
	static const uint64_t cursors[] = { UINT64_MAX, 1ull << 63, 0xffffffffull, 12345678901ull };
	struct tayra_cache *cache = make_cache(4);
	struct census census = { 0 };

	for (uint32_t i = 0; i < KEYS; i++)
		put(cache, i, UINT64_MAX);
	for (size_t i = 0; i < sizeof(cursors) / sizeof(cursors[0]); i++)
		for (uint64_t cursor = cursors[i], calls = 0; cursor; calls++) {
			assert_true(calls < KEYS);
			cursor = tayra_cache_scan(cache, cursor, 0, 0, count, &census);
		}
	assert_int_equal(census.strange, 0);
	tayra_cache_destroy(cache);
}

static void
scan_of_an_empty_cache_visits_nothing(void **state)
{
	struct tayra_cache *cache = make_cache(4);
	struct census census = { 0 };

	assert_int_equal(tayra_cache_scan(cache, 0, UINT64_MAX, 0, count, &census), 0);
	assert_int_equal(census.visits, 0);
	tayra_cache_destroy(cache);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scan_visits_each_key_once_when_nothing_changes),
		cmocka_unit_test(scan_misses_no_key_while_the_index_grows),
		cmocka_unit_test(scan_passes_over_what_expired),
		cmocka_unit_test(scan_takes_any_cursor_and_ends),
		cmocka_unit_test(scan_of_an_empty_cache_visits_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
