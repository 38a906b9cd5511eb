/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#define LEN 5000

static struct tayra_cache *
make(uint64_t pinned_max_bytes)
{
	const struct tayra_cache_options o = {
		.size = sizeof(o),
		.memory_bytes = 1u << 20,
		.pinned_max_bytes = pinned_max_bytes,
		.shards = 1,
	};

	return check_create(&o);
}

static void
put_letter(struct tayra_cache *cache, uint32_t key, char letter)
{
	char value[LEN];

	memset(value, letter, sizeof(value));
	assert_int_equal(tayra_cache_put(cache, &key, sizeof(key), value, LEN, NULL, 0), TAYRA_OK);
}

static struct tayra_value
get_pinned(struct tayra_cache *cache, uint32_t key)
{
	struct tayra_value got;

	assert_int_equal(tayra_cache_get(cache, &key, sizeof(key), 0, &got), TAYRA_OK);
	return got;
}

static void
expect_letter(const struct tayra_value *value, char letter)
{
	assert_int_equal(value->len, LEN);
	for (size_t i = 0; i < value->len; i++)
		assert_int_equal(((const char *)value->data)[i], letter);
}

static void
churn(struct tayra_cache *cache)
{
	for (uint32_t key = 1000; key < 1600; key++)
		put_letter(cache, key, 'x');
}

static void
a_pin_survives_delete(void **state)
{
	struct tayra_cache *cache = make(0);
	uint32_t key = 1;

	(void)state;
	put_letter(cache, key, 'a');
	struct tayra_value got = get_pinned(cache, key);

	assert_int_equal(tayra_cache_delete(cache, &key, sizeof(key)), TAYRA_OK);
	churn(cache);
	expect_letter(&got, 'a');
	check_audit(cache);
	tayra_cache_unpin(cache, &got);
	assert_null(got.pin);
	tayra_cache_unpin(cache, &got);
	assert_int_equal(check_stats(cache).pinned_bytes, 0);
	check_audit(cache);
	tayra_cache_destroy(cache);
}

static void
a_pin_survives_replacement_and_sees_the_old_bytes(void **state)
{
	struct tayra_cache *cache = make(0);

	(void)state;
	put_letter(cache, 1, 'a');
	struct tayra_value old = get_pinned(cache, 1);

	put_letter(cache, 1, 'b');
	struct tayra_value fresh = get_pinned(cache, 1);

	expect_letter(&old, 'a');
	expect_letter(&fresh, 'b');
	tayra_cache_unpin(cache, &old);
	churn(cache);
	expect_letter(&fresh, 'b');
	tayra_cache_unpin(cache, &fresh);
	check_audit(cache);
	tayra_cache_destroy(cache);
}

static void
a_pin_survives_eviction_expiry_and_clear(void **state)
{
	struct tayra_cache *cache = make(0);
	const struct tayra_item_meta meta = { .expire_ms = 10 };
	struct tayra_value evicted, expired, cleared;

	(void)state;
	put_letter(cache, 1, 'a');
	evicted = get_pinned(cache, 1);
	churn(cache);
	assert_int_equal(tayra_cache_get(cache, "\1\0\0", 4, 0, &expired), TAYRA_E_NOT_FOUND);
	tayra_cache_put(cache, "e", 1, "eee", 3, &meta, 0);
	assert_int_equal(tayra_cache_get(cache, "e", 1, 9, &expired), TAYRA_OK);
	tayra_cache_tick(cache, 10, UINT64_MAX);
	put_letter(cache, 2, 'c');
	cleared = get_pinned(cache, 2);
	tayra_cache_clear(cache);
	churn(cache);
	expect_letter(&evicted, 'a');
	assert_memory_equal(expired.data, "eee", 3);
	expect_letter(&cleared, 'c');
	check_audit(cache);
	tayra_cache_unpin(cache, &evicted);
	tayra_cache_unpin(cache, &expired);
	tayra_cache_unpin(cache, &cleared);
	assert_int_equal(check_stats(cache).pinned_bytes, 0);
	check_audit(cache);
	tayra_cache_destroy(cache);
}

static void
pins_and_reservations_survive_destroy(void **state)
{
	struct tayra_cache *cache = make(0);
	struct tayra_reservation r;

	(void)state;
	put_letter(cache, 1, 'a');
	struct tayra_value first = get_pinned(cache, 1);
	struct tayra_value second = get_pinned(cache, 1);

	assert_int_equal(tayra_cache_reserve(cache, "r", 1, 10, 0, &r), TAYRA_OK);
	tayra_cache_destroy(cache);
	memset(r.data, 1, r.len);
	tayra_cache_unpin(cache, &first);
	expect_letter(&second, 'a');
	tayra_cache_unpin(cache, &second);
	/* The last one takes everything with it; a leak or a use after free shows under ASan. */
	tayra_cache_abandon(cache, &r);
}

static void
two_pins_on_an_item_count_its_bytes_once(void **state)
{
	struct tayra_cache *cache = make(0);

	(void)state;
	put_letter(cache, 1, 'a');
	struct tayra_value first = get_pinned(cache, 1);
	uint64_t pinned = check_stats(cache).pinned_bytes;
	struct tayra_value second = get_pinned(cache, 1);

	assert_in_range(pinned, LEN, LEN + 200);
	assert_int_equal(check_stats(cache).pinned_bytes, pinned);
	tayra_cache_unpin(cache, &first);
	assert_int_equal(check_stats(cache).pinned_bytes, pinned);
	tayra_cache_unpin(cache, &second);
	assert_int_equal(check_stats(cache).pinned_bytes, 0);
	tayra_cache_destroy(cache);
}

static void
pinned_bytes_are_bounded(void **state)
{
	struct tayra_cache *cache = make(3 * (LEN + 200));
	struct tayra_value held[3], more;
	struct tayra_reservation r;
	uint32_t key = 3;

	(void)state;
	for (uint32_t i = 0; i < 4; i++)
		put_letter(cache, i, 'a');
	for (uint32_t i = 0; i < 3; i++)
		held[i] = get_pinned(cache, i);
	assert_int_equal(tayra_cache_get(cache, &key, sizeof(key), 0, &more), TAYRA_E_FULL);
	assert_null(more.pin);
	assert_int_equal(tayra_cache_reserve(cache, "r", 1, LEN, 0, &r), TAYRA_E_FULL);
	assert_null(r.pin);
	check_audit(cache);
	/* A second pin on what is pinned costs nothing. */
	more = get_pinned(cache, 0);
	tayra_cache_unpin(cache, &more);
	tayra_cache_unpin(cache, &held[0]);
	more = get_pinned(cache, key);
	tayra_cache_unpin(cache, &more);
	tayra_cache_unpin(cache, &held[1]);
	tayra_cache_unpin(cache, &held[2]);
	assert_int_equal(check_stats(cache).pinned_bytes, 0);
	check_audit(cache);
	tayra_cache_destroy(cache);
}

static void
a_cache_full_of_pins_says_full_and_recovers(void **state)
{
	struct tayra_cache *cache = make(UINT64_MAX);
	struct tayra_value held[300];
	char value[LEN] = { 0 };
	uint32_t count = 0, key;
	int status = TAYRA_OK;

	(void)state;
	for (key = 0; key < 300 && status == TAYRA_OK; key++) {
		status = tayra_cache_put(cache, &key, sizeof(key), value, LEN, NULL, 0);
		if (status == TAYRA_OK)
			held[count++] = get_pinned(cache, key);
	}
	assert_int_equal(status, TAYRA_E_FULL);
	assert_in_range(count, 180, 210);
	check_audit(cache);
	while (count > 0)
		tayra_cache_unpin(cache, &held[--count]);
	put_letter(cache, 1, 'z');
	check_audit(cache);
	tayra_cache_destroy(cache);
}

static void
pins_that_are_next_to_go_cost_a_put_only_a_few_of_them(void **state)
{
	const struct tayra_cache_options o = { .size = sizeof(o),
					       .memory_bytes = 1u << 20,
					       .pinned_max_bytes = UINT64_MAX,
					       .shards = 1,
					       .policy = TAYRA_POLICY_LRU };
	struct tayra_cache *cache = check_create(&o);
	struct tayra_value held[100], used;

	(void)state;
	for (uint32_t key = 0; key < 150; key++)
		put_letter(cache, key, 'a');
	for (uint32_t key = 0; key < 100; key++)
		held[key] = get_pinned(cache, key);
	for (uint32_t key = 100; key < 150; key++) {
		used = get_pinned(cache, key);
		tayra_cache_unpin(cache, &used);
	}
	for (uint32_t key = 1000; check_stats(cache).evictions == 0; key++)
		put_letter(cache, key, 'b');
	assert_in_range(check_stats(cache).evictions, 1, 20);
	check_audit(cache);
	for (uint32_t key = 0; key < 100; key++)
		tayra_cache_unpin(cache, &held[key]);
	tayra_cache_destroy(cache);
}

static void
a_failed_put_removes_the_old_value(void **state)
{
	static char large[TAYRA_CACHE_MEMORY_MIN];
	struct tayra_cache *cache = make(LEN);

	(void)state;
	put_text(cache, "k", "old");
	assert_int_equal(tayra_cache_put(cache, "k", 1, large, sizeof(large) / 4, NULL, 0),
			 TAYRA_E_TOO_LARGE);
	expect_gone(cache, "k");
	put_text(cache, "k", "old");
	assert_int_equal(
		tayra_cache_put(cache, "k", 1, large, (size_t)TAYRA_VALUE_MAX + 1, NULL, 0),
		TAYRA_E_TOO_LARGE);
	expect_gone(cache, "k");
	assert_int_equal(check_stats(cache).rejections, 2);
	check_audit(cache);
	tayra_cache_destroy(cache);
}

static void
a_refused_reservation_leaves_the_old_value(void **state)
{
	struct tayra_cache *cache = make(LEN);
	struct tayra_reservation r;

	(void)state;
	put_text(cache, "k", "old");
	assert_int_equal(tayra_cache_reserve(cache, "k", 1, 2 * LEN, 0, &r), TAYRA_E_FULL);
	expect_text(cache, "k", "old");
	assert_int_equal(tayra_cache_reserve(cache, "k", 1, (size_t)TAYRA_VALUE_MAX + 1, 0, &r),
			 TAYRA_E_TOO_LARGE);
	expect_text(cache, "k", "old");
	assert_int_equal(tayra_cache_reserve(cache, "k", 1, TAYRA_CACHE_MEMORY_MIN / 4, 0, &r),
			 TAYRA_E_TOO_LARGE);
	expect_text(cache, "k", "old");
	assert_int_equal(check_stats(cache).rejections, 3);
	check_audit(cache);
	tayra_cache_destroy(cache);
}

static void
a_failed_commit_removes_the_old_value(void **state)
{
	const struct tayra_cache_options o = {
		.size = sizeof(o), .memory_bytes = 1u << 20, .charge_max = 10, .shards = 1
	};
	const struct tayra_item_meta heavy = { .charge = 11, .expire_ms = UINT64_MAX };
	const struct tayra_item_meta light = { .charge = 10, .expire_ms = UINT64_MAX };
	struct tayra_cache *cache = check_create(&o);
	struct tayra_reservation r;
	struct tayra_value got;

	(void)state;
	assert_int_equal(tayra_cache_put(cache, "k", 1, "v", 1, &light, 0), TAYRA_OK);
	assert_int_equal(tayra_cache_reserve(cache, "k", 1, 100, 0, &r), TAYRA_OK);
	assert_int_equal(tayra_cache_commit(cache, &r, &heavy, 0, &got), TAYRA_E_FULL);
	assert_null(got.pin);
	expect_gone(cache, "k");
	assert_int_equal(tayra_cache_put(cache, "k", 1, "v", 1, &light, 0), TAYRA_OK);
	assert_int_equal(tayra_cache_put(cache, "k", 1, "v", 1, &heavy, 0), TAYRA_E_TOO_LARGE);
	expect_gone(cache, "k");
	assert_int_equal(check_stats(cache).charge, 0);
	assert_int_equal(check_stats(cache).pinned_bytes, 0);
	check_audit(cache);
	tayra_cache_destroy(cache);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pin_survives_delete),
		cmocka_unit_test(a_pin_survives_replacement_and_sees_the_old_bytes),
		cmocka_unit_test(a_pin_survives_eviction_expiry_and_clear),
		cmocka_unit_test(pins_and_reservations_survive_destroy),
		cmocka_unit_test(two_pins_on_an_item_count_its_bytes_once),
		cmocka_unit_test(pinned_bytes_are_bounded),
		cmocka_unit_test(a_cache_full_of_pins_says_full_and_recovers),
		cmocka_unit_test(pins_that_are_next_to_go_cost_a_put_only_a_few_of_them),
		cmocka_unit_test(a_failed_put_removes_the_old_value),
		cmocka_unit_test(a_refused_reservation_leaves_the_old_value),
		cmocka_unit_test(a_failed_commit_removes_the_old_value),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
