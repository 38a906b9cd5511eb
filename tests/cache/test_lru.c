/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "base/rng.h"

#define CAPACITY 64

static struct tayra_cache *
make(uint64_t charge_max)
{
	const struct tayra_cache_options o = {
		.size = sizeof(o),
		.memory_bytes = 1u << 20,
		.charge_max = charge_max,
		.shards = 1,
		.policy = TAYRA_POLICY_LRU,
	};

	return check_create(&o);
}

static void
put_charged(struct tayra_cache *cache, uint32_t key, uint64_t charge)
{
	const struct tayra_item_meta meta = { .charge = charge, .expire_ms = UINT64_MAX };

	assert_int_equal(tayra_cache_put(cache, &key, sizeof(key), NULL, 0, &meta, 0), TAYRA_OK);
}

static bool
hit(struct tayra_cache *cache, uint32_t key)
{
	struct tayra_value got;
	bool found = tayra_cache_get(cache, &key, sizeof(key), 0, &got) == TAYRA_OK;

	tayra_cache_unpin(cache, &got);
	return found;
}

static void
the_least_recently_got_goes_first(void **state)
{
	struct tayra_cache *cache = make(3);

	(void)state;
	for (uint32_t key = 0; key < 3; key++)
		put_charged(cache, key, 1);
	assert_true(hit(cache, 0));
	put_charged(cache, 3, 1);
	assert_false(hit(cache, 1));
	assert_true(hit(cache, 0));
	assert_true(hit(cache, 2));
	assert_true(hit(cache, 3));
	tayra_cache_destroy(cache);
}

static void
a_put_of_a_known_key_is_a_use(void **state)
{
	struct tayra_cache *cache = make(2);

	(void)state;
	put_charged(cache, 0, 1);
	put_charged(cache, 1, 1);
	put_charged(cache, 0, 1);
	put_charged(cache, 2, 1);
	assert_true(hit(cache, 0));
	assert_false(hit(cache, 1));
	tayra_cache_destroy(cache);
}

static void
touching_is_no_use(void **state)
{
	struct tayra_cache *cache = make(2);
	uint32_t oldest = 0;

	(void)state;
	put_charged(cache, 0, 1);
	put_charged(cache, 1, 1);
	assert_int_equal(tayra_cache_touch(cache, &oldest, sizeof(oldest), 0, 5, UINT64_MAX, 0),
			 TAYRA_OK);
	put_charged(cache, 2, 1);
	assert_false(hit(cache, 0));
	tayra_cache_destroy(cache);
}

static void
a_heavy_item_makes_room_for_itself_alone(void **state)
{
	struct tayra_cache *cache = make(10);

	(void)state;
	for (uint32_t key = 0; key < 10; key++)
		put_charged(cache, key, 1);
	put_charged(cache, 100, 4);
	assert_int_equal(check_stats(cache).charge, 10);
	assert_int_equal(check_stats(cache).items, 7);
	assert_int_equal(check_stats(cache).evictions, 4);
	put_charged(cache, 100, 1);
	assert_int_equal(check_stats(cache).charge, 7);
	put_charged(cache, 9, 10);
	assert_int_equal(check_stats(cache).items, 1);
	check_audit(cache);
	tayra_cache_destroy(cache);
}

/* order[0] is the most recent. */
struct model {
	uint32_t order[CAPACITY];
	size_t count;
};

static bool
model_request(struct model *m, uint32_t key)
{
	size_t at = 0;

	while (at < m->count && m->order[at] != key)
		at++;
	bool found = at < m->count;

	if (!found) {
		m->count += m->count < CAPACITY;
		at = m->count - 1;
	}
	memmove(m->order + 1, m->order, at * sizeof(m->order[0]));
	m->order[0] = key;
	return found;
}

static void
hits_are_those_of_a_list_to_the_last_request(void **state)
{
	struct tayra_cache *cache = make(CAPACITY);
	struct model m = { .count = 0 };
	struct tayra__rng rng;
	struct tayra__zipf zipf;

	(void)state;
	tayra__rng_init(&rng, 3);
	tayra__zipf_init(&zipf, 500, 0.9);
	for (int i = 0; i < 50000; i++) {
		uint32_t key = (uint32_t)tayra__zipf_next(&zipf, &rng);
		bool found = hit(cache, key);

		assert_int_equal(found, model_request(&m, key));
		if (!found)
			put_charged(cache, key, 1);
	}
	assert_int_equal(check_stats(cache).items, CAPACITY);
	assert_int_equal(check_stats(cache).ghosts, 0);
	check_audit(cache);
	tayra_cache_destroy(cache);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_least_recently_got_goes_first),
		cmocka_unit_test(a_put_of_a_known_key_is_a_use),
		cmocka_unit_test(touching_is_no_use),
		cmocka_unit_test(a_heavy_item_makes_room_for_itself_alone),
		cmocka_unit_test(hits_are_those_of_a_list_to_the_last_request),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
