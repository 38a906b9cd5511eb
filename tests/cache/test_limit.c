/* SPDX-License-Identifier: Apache-2.0
 *
 * What is configured bounds everything, whatever the sizes.
 */
#include "check.h"

#include "base/rng.h"

#include <stdlib.h>
#include <unistd.h>

#define VALUE_MAX (200u << 10)
#define HELD      8

static uint64_t
resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long long pages = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%*s %llu", &pages) != 1)
		pages = 0;
	fclose(file);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Small ones most often, all the way up to VALUE_MAX. */
static size_t
random_size(struct tayra__rng *rng)
{
	uint64_t bits = tayra__rng_below(rng, 19);
	uint64_t size = tayra__rng_below(rng, 1ull << bits);

	return size < VALUE_MAX ? size : VALUE_MAX;
}

struct mix {
	struct tayra_cache *cache;
	struct tayra__rng rng;
	struct tayra_value held[HELD];
	unsigned char *bytes;
	uint64_t memory_bytes, charge_max;
	uint64_t now_ms;
};

static void
mix_put(struct mix *mix, uint32_t key)
{
	const struct tayra_item_meta meta = {
		.expire_ms = mix->now_ms + 1 + tayra__rng_below(&mix->rng, 3000),
		.version = tayra__rng_below(&mix->rng, 2),
		.charge = mix->charge_max ? 1 + tayra__rng_below(&mix->rng, 9) : 0,
	};
	size_t len = random_size(&mix->rng);
	int status;

	memset(mix->bytes, (int)key, len);
	status = tayra_cache_put(mix->cache, &key, sizeof(key), mix->bytes, len, &meta,
				 mix->now_ms);
	assert_true(status == TAYRA_OK || status == TAYRA_E_FULL || status == TAYRA_E_TOO_LARGE);
}

static void
mix_get(struct mix *mix, uint32_t key)
{
	struct tayra_value *slot = &mix->held[tayra__rng_below(&mix->rng, HELD)];

	if (slot->len)
		assert_int_equal(((const unsigned char *)slot->data)[slot->len - 1],
				 ((const unsigned char *)slot->data)[0]);
	tayra_cache_unpin(mix->cache, slot);
	tayra_cache_get(mix->cache, &key, sizeof(key), mix->now_ms, slot);
}

static void
mix_reserve(struct mix *mix, uint32_t key)
{
	struct tayra_reservation r;

	if (tayra_cache_reserve(mix->cache, &key, sizeof(key), random_size(&mix->rng), mix->now_ms,
				&r) != TAYRA_OK)
		return;
	if (r.len)
		memset(r.data, (int)key, r.len);
	if (tayra__rng_below(&mix->rng, 2))
		tayra_cache_commit(mix->cache, &r, NULL, mix->now_ms, NULL);
	else
		tayra_cache_abandon(mix->cache, &r);
}

static void
mix_step(struct mix *mix)
{
	uint32_t key = (uint32_t)tayra__rng_below(&mix->rng, 3000);
	uint64_t action = tayra__rng_below(&mix->rng, 100);

	if (action < 50)
		mix_put(mix, key);
	else if (action < 80)
		mix_get(mix, key);
	else if (action < 90)
		mix_reserve(mix, key);
	else if (action < 95)
		tayra_cache_delete(mix->cache, &key, sizeof(key));
	else if (action < 99)
		tayra_cache_tick(mix->cache, ++mix->now_ms, 20);
	else if (tayra__rng_below(&mix->rng, 40) == 0)
		tayra_cache_clear(mix->cache);
}

static void
mix_check(struct mix *mix)
{
	const struct tayra_cache_stats s = check_stats(mix->cache);

	assert_true(s.used_bytes <= mix->memory_bytes);
	assert_true(s.item_bytes <= s.used_bytes);
	assert_true(s.pinned_bytes <= mix->memory_bytes / 4);
	if (mix->charge_max)
		assert_true(s.charge <= mix->charge_max);
	assert_int_equal(s.memory_bytes, mix->memory_bytes);
}

static void
run_mix(const struct tayra_cache_options *o, uint64_t seed, int steps)
{
	struct mix mix = {
		.cache = check_create(o),
		.bytes = malloc(VALUE_MAX),
		.memory_bytes = o->memory_bytes,
		.charge_max = o->charge_max,
	};

	assert_non_null(mix.bytes);
	tayra__rng_init(&mix.rng, seed);
	for (int i = 0; i < steps; i++) {
		mix_step(&mix);
		mix_check(&mix);
		if (i % 200 == 0)
			check_audit(mix.cache);
	}
	assert_true(check_stats(mix.cache).evictions > 0);
	for (int i = 0; i < HELD; i++)
		tayra_cache_unpin(mix.cache, &mix.held[i]);
	check_audit(mix.cache);
	assert_int_equal(check_stats(mix.cache).pinned_bytes, 0);
	tayra_cache_destroy(mix.cache);
	free(mix.bytes);
}

static void
any_mix_of_sizes_stays_within_memory(void **state)
{
	static const enum tayra_policy policies[] = { TAYRA_POLICY_LRU, TAYRA_POLICY_S3FIFO };

	(void)state;
	for (uint64_t i = 0; i < 6; i++) {
		const struct tayra_cache_options o = {
			.size = sizeof(o),
			.memory_bytes = (i < 2 ? 1u : 4u) << 20,
			.charge_max = i < 4 ? 0 : 300,
			.policy = policies[i % 2],
			.seed = 5,
			.shards = i < 2 ? 1 : 4,
		};

		run_mix(&o, i, 6000);
	}
}

static void
resident_memory_is_what_was_configured(void **state)
{
	const struct tayra_cache_options o = { .size = sizeof(o), .memory_bytes = 32u << 20 };
	struct tayra__rng rng;
	uint64_t before, after;
	unsigned char *bytes = malloc(VALUE_MAX);

	(void)state;
	assert_non_null(bytes);
	memset(bytes, 7, VALUE_MAX);
	tayra__rng_init(&rng, 9);
	before = resident_bytes();
	if (before == 0 || getenv("TAYRA_INSTRUMENTED")) {
		free(bytes);
		skip();
	}
	struct tayra_cache *cache = check_create(&o);

	for (uint32_t i = 0; i < 60000; i++)
		tayra_cache_put(cache, &i, sizeof(i), bytes, random_size(&rng), NULL, 0);
	after = resident_bytes();
	assert_true(check_stats(cache).evictions > 0);
	assert_true(after - before <= o.memory_bytes + o.memory_bytes / 10 + (1u << 20));
	tayra_cache_destroy(cache);
	free(bytes);
}

static void
a_full_cache_is_well_filled(void **state)
{
	const struct tayra_cache_options o = { .size = sizeof(o), .memory_bytes = 8u << 20 };
	struct tayra_cache *cache = check_create(&o);
	unsigned char value[1000] = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 30000; i++)
		tayra_cache_put(cache, &i, sizeof(i), value, 900 + i % 100, NULL, 0);
	assert_true(check_stats(cache).used_bytes > o.memory_bytes * 88 / 100);
	assert_true(check_stats(cache).item_bytes > o.memory_bytes * 76 / 100);
	check_audit(cache);
	tayra_cache_destroy(cache);
}

static void
room_for_a_large_value_costs_about_its_size(void **state)
{
	const struct tayra_cache_options o = { .size = sizeof(o),
					       .memory_bytes = 8u << 20,
					       .shards = 1 };
	struct tayra_cache *cache = check_create(&o);
	unsigned char *large = calloc(1, VALUE_MAX);
	struct tayra__rng rng;
	uint64_t before;

	(void)state;
	assert_non_null(large);
	tayra__rng_init(&rng, 4);
	/* Fill with small values, in an order that scatters what is oldest. */
	for (uint32_t i = 0; i < 100000; i++) {
		uint32_t key = (uint32_t)tayra__rng_below(&rng, 60000);

		tayra_cache_put(cache, &key, sizeof(key), large, 10 + key % 300, NULL, 0);
	}
	before = check_stats(cache).item_bytes;
	assert_int_equal(tayra_cache_put(cache, "large", 5, large, VALUE_MAX, NULL, 0), TAYRA_OK);
	assert_true(before + VALUE_MAX - check_stats(cache).item_bytes < 3 * VALUE_MAX);
	check_audit(cache);
	tayra_cache_destroy(cache);
	free(large);
}

static void
a_large_value_fits_between_scattered_pins(void **state)
{
	const struct tayra_cache_options o = { .size = sizeof(o),
					       .memory_bytes = 2u << 20,
					       .shards = 1 };
	static struct tayra_value held[4];
	struct tayra_cache *cache = check_create(&o);
	unsigned char *large = calloc(1, VALUE_MAX);
	uint32_t pins = 0;

	(void)state;
	assert_non_null(large);
	for (uint32_t i = 0; i < 10000; i++) {
		tayra_cache_put(cache, &i, sizeof(i), large, 500, NULL, 0);
		/* The four lie early in memory, where a search for a run comes first. */
		if (i % 200 == 0 && pins < 4)
			tayra_cache_get(cache, &i, sizeof(i), 0, &held[pins++]);
	}
	for (uint32_t i = 0; i < 20; i++)
		assert_int_equal(tayra_cache_put(cache, &i, sizeof(i), large, VALUE_MAX, NULL, 0),
				 TAYRA_OK);
	check_audit(cache);
	while (pins > 0)
		tayra_cache_unpin(cache, &held[--pins]);
	tayra_cache_destroy(cache);
	free(large);
}

static void
pinned_residents_are_not_cleared_for_a_run(void **state)
{
	const struct tayra_cache_options o = { .size = sizeof(o),
					       .memory_bytes = 1u << 20,
					       .shards = 1,
					       .pinned_max_bytes = UINT64_MAX,
					       .policy = TAYRA_POLICY_LRU };
	static struct tayra_value held[2000];
	struct tayra_cache *cache = check_create(&o);
	unsigned char *large = calloc(1, VALUE_MAX);
	uint32_t count;

	(void)state;
	assert_non_null(large);
	/* Full to the brim, every third one pinned: no run is long enough. */
	for (count = 0; check_stats(cache).evictions == 0; count++)
		tayra_cache_put(cache, &count, sizeof(count), large, 1000, NULL, 0);
	for (uint32_t i = 0; i < count; i += 3)
		tayra_cache_get(cache, &i, sizeof(i), 0, &held[i]);
	uint64_t before = check_stats(cache).items;

	assert_int_equal(tayra_cache_put(cache, "large", 5, large, VALUE_MAX, NULL, 0),
			 TAYRA_E_FULL);
	/* By policy about the bytes needed went, and nothing beyond for a run that cannot be. */
	assert_in_range(check_stats(cache).items, before - VALUE_MAX / 1000 - 20, before);
	check_audit(cache);
	for (uint32_t i = 0; i < count; i++)
		tayra_cache_unpin(cache, &held[i]);
	check_audit(cache);
	tayra_cache_destroy(cache);
	free(large);
}

static void
charges_bound_what_is_resident(void **state)
{
	const struct tayra_cache_options o = {
		.size = sizeof(o), .memory_bytes = 4u << 20, .charge_max = 1003, .shards = 4
	};
	struct tayra_cache *cache = check_create(&o);

	(void)state;
	for (uint32_t i = 0; i < 20000; i++) {
		const struct tayra_item_meta meta = { .charge = 1, .expire_ms = UINT64_MAX };

		tayra_cache_put(cache, &i, sizeof(i), "v", 1, &meta, 0);
		assert_in_range(check_stats(cache).charge, 0, 1003);
	}
	/* The remainder of the division is not lost: every shard is full. */
	assert_int_equal(check_stats(cache).charge, 1003);
	assert_int_equal(check_stats(cache).items, 1003);
	check_audit(cache);
	tayra_cache_destroy(cache);
}

static void
ghosts_take_no_more_than_their_share(void **state)
{
	const struct tayra_cache_options o = { .size = sizeof(o),
					       .memory_bytes = 1u << 20,
					       .shards = 1 };
	struct tayra_cache *cache = check_create(&o);

	(void)state;
	for (uint32_t i = 0; i < 60000; i++)
		tayra_cache_put(cache, &i, sizeof(i), NULL, 0, NULL, 0);
	assert_in_range(check_stats(cache).ghosts, 2500, (1u << 20) / 8 / 40);
	check_audit(cache);
	tayra_cache_destroy(cache);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_mix_of_sizes_stays_within_memory),
		cmocka_unit_test(resident_memory_is_what_was_configured),
		cmocka_unit_test(a_full_cache_is_well_filled),
		cmocka_unit_test(room_for_a_large_value_costs_about_its_size),
		cmocka_unit_test(a_large_value_fits_between_scattered_pins),
		cmocka_unit_test(pinned_residents_are_not_cleared_for_a_run),
		cmocka_unit_test(charges_bound_what_is_resident),
		cmocka_unit_test(ghosts_take_no_more_than_their_share),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
