/* SPDX-License-Identifier: Apache-2.0
 *
 * The learning policy in the cache: what it may not change, what it must save, and that it is
 * S3-FIFO where it does not learn.  Objects of charge 1 in ample memory unless said otherwise.
 */
#include "check.h"

#include "base/hash.h"
#include "base/rng.h"
#include "cache/handle.h"
#include "learn/keeper.h"

#define CAPACITY 1000u

static struct tayra_cache_options
bounded(enum tayra_policy policy)
{
	return (struct tayra_cache_options){
		.size = sizeof(struct tayra_cache_options),
		.memory_bytes = 8u << 20,
		.charge_max = CAPACITY,
		.shards = 1,
		.seed = 7,
		.policy = policy,
	};
}

static struct tayra__keeper *
keeper_of(struct tayra_cache *cache)
{
	struct tayra__shard_state *state = cache->shard[0].state;

	return tayra__policy_tayra_keeper(&state->policy, &state->pool);
}

/* A get, and a put on a miss.  Returns what the miss cost, 0 for a hit. */
static uint64_t
use(struct tayra_cache *cache, uint64_t key, uint64_t cost_ns)
{
	const struct tayra_item_meta meta = { .expire_ms = UINT64_MAX,
					      .cost_ns = cost_ns,
					      .charge = 1 };
	struct tayra_value got;

	if (tayra_cache_get(cache, &key, sizeof(key), 0, &got) == TAYRA_OK) {
		tayra_cache_unpin(cache, &got);
		return 0;
	}
	assert_int_equal(tayra_cache_put(cache, &key, sizeof(key), "v", 1, &meta, 0), TAYRA_OK);
	return cost_ns;
}

typedef uint64_t key_fn(struct tayra__rng *rng, uint32_t step);

static uint64_t
skewed(struct tayra__rng *rng, uint32_t step)
{
	(void)step;
	return tayra__rng_below(rng, 1 + tayra__rng_below(rng, 10 * CAPACITY));
}

/* Over and over, of half as much again as fits. */
static uint64_t
loop(struct tayra__rng *rng, uint32_t step)
{
	(void)rng;
	return step % (CAPACITY + CAPACITY / 2);
}

/* One key in eight costs a hundred times as much as the others. */
static uint64_t
cost_of(uint64_t key)
{
	return tayra__hash_mix64(key) % 8 == 0 ? 1000000 : 10000;
}

static uint64_t
total_cost(struct tayra_cache *cache, key_fn *next, uint32_t steps)
{
	struct tayra__rng rng;
	uint64_t cost = 0;

	tayra__rng_init(&rng, 3);
	for (uint32_t step = 0; step < steps; step++) {
		uint64_t key = next(&rng, step);

		cost += use(cache, key, cost_of(key));
	}
	check_audit(cache);
	return cost;
}

static struct tayra_cache_stats
outcome(const struct tayra_cache_options *options, key_fn *next, uint32_t steps)
{
	struct tayra_cache *cache = check_create(options);
	struct tayra_cache_stats stats;

	total_cost(cache, next, steps);
	stats = check_stats(cache);
	tayra_cache_destroy(cache);
	return stats;
}

static void
off_or_only_watching_it_is_s3fifo_to_the_last_request(void **state)
{
	const struct tayra_cache_options s3fifo = bounded(TAYRA_POLICY_S3FIFO);
	struct tayra_cache_options tayra = bounded(TAYRA_POLICY_TAYRA);
	const uint64_t misses = outcome(&s3fifo, loop, 60000).misses;

	(void)state;
	for (int learning = TAYRA_LEARNING_MONITOR; learning <= TAYRA_LEARNING_OFF; learning++) {
		tayra.learning = (enum tayra_learning)learning;
		assert_int_equal(outcome(&tayra, loop, 60000).misses, misses);
	}
}

static void
a_loop_larger_than_the_cache_hits_once_it_is_learned(void **state)
{
	const struct tayra_cache_options s3fifo = bounded(TAYRA_POLICY_S3FIFO);
	const struct tayra_cache_options tayra = bounded(TAYRA_POLICY_TAYRA);
	struct tayra_cache_stats learned = outcome(&tayra, loop, 60000);

	(void)state;
	assert_true(learned.misses < outcome(&s3fifo, loop, 60000).misses * 9 / 10);
	assert_int_equal(learned.learning_shards, 1);
	assert_int_equal(learned.learned_shards, 1);
}

static void
watching_says_what_it_would_do(void **state)
{
	struct tayra_cache_options tayra = bounded(TAYRA_POLICY_TAYRA);
	struct tayra_cache_stats stats;

	(void)state;
	tayra.learning = TAYRA_LEARNING_MONITOR;
	stats = outcome(&tayra, loop, 60000);
	assert_int_equal(stats.learning_shards, 1);
	assert_int_equal(stats.learned_shards, 1);
	tayra.learning = TAYRA_LEARNING_OFF;
	stats = outcome(&tayra, loop, 60000);
	assert_int_equal(stats.learning_shards, 0);
	assert_int_equal(stats.learned_shards, 0);
}

static void
what_is_dear_to_load_stays_when_cost_is_the_objective(void **state)
{
	struct tayra_cache_options options = bounded(TAYRA_POLICY_TAYRA);
	const struct tayra_cache_options lru = bounded(TAYRA_POLICY_LRU);
	const struct tayra_cache_options s3fifo = bounded(TAYRA_POLICY_S3FIFO);
	const struct tayra_cache_options *each[] = { &options, &s3fifo, &lru };
	uint64_t cost[3];

	(void)state;
	options.objective = TAYRA_OBJECTIVE_COST;
	for (int i = 0; i < 3; i++) {
		struct tayra_cache *cache = check_create(each[i]);

		total_cost(cache, skewed, 50000);
		cost[i] = total_cost(cache, skewed, 150000);
		tayra_cache_destroy(cache);
	}
	assert_true(cost[0] < cost[1] * 9 / 10);
	assert_true(cost[0] < cost[2] * 9 / 10);
}

static void
one_seed_has_one_outcome(void **state)
{
	struct tayra_cache_options options = bounded(TAYRA_POLICY_TAYRA);
	struct tayra_cache_stats once = outcome(&options, loop, 60000);
	struct tayra_cache_stats again = outcome(&options, loop, 60000);

	(void)state;
	assert_int_equal(once.misses, again.misses);
	assert_int_equal(once.used_bytes, again.used_bytes);
	options.seed = 8;
	assert_int_not_equal(once.misses, outcome(&options, loop, 60000).misses);
}

static struct tayra__reuse
reuse_of(struct tayra_cache *cache, uint64_t key)
{
	struct tayra__shard *shard = &cache->shard[0];
	const struct tayra__key k = {
		.bytes = &key,
		.len = sizeof(key),
		.hash = tayra__hash_bytes(&key, sizeof(key), cache->seed),
	};
	uint32_t ref = tayra__shard_find(shard, &k);

	assert_int_not_equal(ref, 0);
	return tayra__item_reuse(tayra__item_at(&shard->state->pool, ref));
}

static void
a_value_just_stored_is_found_whatever_it_is_worth(void **state)
{
	const struct tayra_cache_options options = bounded(TAYRA_POLICY_TAYRA);
	struct tayra_cache *cache = check_create(&options);
	struct tayra_cache_stats stats;
	uint32_t marked = 0;

	(void)state;
	total_cost(cache, loop, 60000);
	for (uint64_t key = 1000000; key < 1001000; key++) {
		assert_int_equal(use(cache, key, 1), 1);
		assert_int_equal(reuse_of(cache, key).freq, 1);
		marked += cache->shard[0].state->policy.learned.next != 0;
	}
	/* A use takes the mark away. */
	uint64_t last = 1001000;

	while (cache->shard[0].state->policy.learned.next == 0 && last < 1002000)
		use(cache, ++last, 1);
	assert_int_not_equal(cache->shard[0].state->policy.learned.next, 0);
	assert_int_equal(use(cache, last == 1001000 ? 1000999 : last, 1), 0);
	assert_int_equal(cache->shard[0].state->policy.learned.next, 0);
	assert_true(marked > 100); /* worth less than all, most of them */
	stats = check_stats(cache);
	assert_true(stats.charge <= CAPACITY);
	check_audit(cache);
	tayra_cache_destroy(cache);
}

static void
a_sample_never_takes_what_is_pinned(void **state)
{
	struct tayra_cache_options options = bounded(TAYRA_POLICY_TAYRA);
	struct tayra_value held[200];
	struct tayra_cache *cache;

	(void)state;
	options.pinned_max_bytes = 1u << 20;
	cache = check_create(&options);
	total_cost(cache, loop, 60000);
	for (uint64_t key = 0; key < 200; key++) {
		use(cache, key, 1);
		assert_int_equal(tayra_cache_get(cache, &key, sizeof(key), 0, &held[key]),
				 TAYRA_OK);
	}
	tayra__keeper_prefer(keeper_of(cache), TAYRA__BEHAVE_LEARNED);
	for (uint64_t key = 5000; key < 5400; key++)
		use(cache, key, 1);
	assert_int_equal(tayra__keeper_behaviour(keeper_of(cache)), TAYRA__BEHAVE_LEARNED);
	for (uint64_t key = 0; key < 200; key++) {
		assert_int_equal(use(cache, key, 1), 0);
		tayra_cache_unpin(cache, &held[key]);
	}
	check_audit(cache);
	tayra_cache_destroy(cache);
}

static void
a_refresh_is_no_use_and_what_returns_is_remembered(void **state)
{
	const struct tayra_cache_options options = bounded(TAYRA_POLICY_TAYRA);
	struct tayra_cache *cache = check_create(&options);
	uint64_t key = 77;

	(void)state;
	use(cache, key, 1);
	use(cache, key, 1);
	assert_int_equal(reuse_of(cache, key).freq, 2);
	assert_int_equal(tayra_cache_put(cache, &key, sizeof(key), "w", 1, NULL, 0), TAYRA_OK);
	assert_int_equal(reuse_of(cache, key).freq, 2);
	for (uint64_t other = 1000; other < 1000 + 2 * CAPACITY; other++)
		use(cache, other, 1);
	assert_int_equal(use(cache, key, 1), 1); /* it had gone */
	assert_int_equal(reuse_of(cache, key).freq, 3);
	tayra_cache_destroy(cache);
}

static void
deleted_and_expired_items_count_as_not_used_again(void **state)
{
	const struct tayra_cache_options options = bounded(TAYRA_POLICY_TAYRA);
	struct tayra_cache *cache = check_create(&options);
	const struct tayra_item_meta soon = { .expire_ms = 5, .charge = 1 };
	uint64_t key = 1;
	double before;

	(void)state;
	use(cache, key, 1);
	before = keeper_of(cache)->values.events;
	assert_int_equal(tayra_cache_delete(cache, &key, sizeof(key)), TAYRA_OK);
	assert_true(keeper_of(cache)->values.events == before + 1);
	assert_int_equal(tayra_cache_put(cache, &key, sizeof(key), "v", 1, &soon, 0), TAYRA_OK);
	assert_int_equal(tayra_cache_tick(cache, 5, 10000), 1);
	assert_true(keeper_of(cache)->values.events == before + 2);
	tayra_cache_destroy(cache);
}

static void
its_own_memory_is_a_few_percent_of_memory_bytes(void **state)
{
	(void)state;
	for (uint64_t bytes = 4u << 20; bytes <= 256u << 20; bytes *= 2) {
		struct tayra_cache_options options = bounded(TAYRA_POLICY_S3FIFO);
		uint64_t used;

		options.memory_bytes = bytes + (64u << 10);
		options.charge_max = 0;
		struct tayra_cache *without = check_create(&options);

		options.policy = TAYRA_POLICY_TAYRA;
		struct tayra_cache *with = check_create(&options);

		used = check_stats(with).used_bytes - check_stats(without).used_bytes;
		assert_int_equal(check_stats(with).learning_shards, 1);
		assert_in_range(used, 1, options.memory_bytes * (bytes < 8u << 20 ? 10 : 8) / 100);
		tayra_cache_destroy(without);
		tayra_cache_destroy(with);
	}
}

static void
a_shard_too_small_for_tables_is_s3fifo(void **state)
{
	struct tayra_cache_options options = bounded(TAYRA_POLICY_TAYRA);
	struct tayra_cache_stats stats;

	(void)state;
	options.memory_bytes = 1u << 20;
	stats = outcome(&options, loop, 20000);
	assert_int_equal(stats.learning_shards, 0);
	options.policy = TAYRA_POLICY_S3FIFO;
	assert_int_equal(outcome(&options, loop, 20000).misses, stats.misses);
}

static void
learning_is_switched_at_run_time_for_this_policy_alone(void **state)
{
	struct tayra_cache_options options = bounded(TAYRA_POLICY_TAYRA);
	struct tayra_cache *cache = check_create(&options);

	(void)state;
	assert_int_equal(tayra_cache_set_learning(cache, TAYRA_LEARNING_OFF), TAYRA_OK);
	total_cost(cache, skewed, 5000);
	assert_int_equal(keeper_of(cache)->now, 0);
	assert_int_equal(tayra_cache_set_learning(cache, TAYRA_LEARNING_ON), TAYRA_OK);
	total_cost(cache, skewed, 5000);
	assert_int_equal(keeper_of(cache)->now, 5000);
	assert_int_equal(tayra_cache_set_learning(cache, (enum tayra_learning)3), TAYRA_E_INVAL);
	tayra_cache_destroy(cache);
	options.policy = TAYRA_POLICY_LRU;
	cache = check_create(&options);
	assert_int_equal(tayra_cache_set_learning(cache, TAYRA_LEARNING_ON), TAYRA_E_UNSUPPORTED);
	tayra_cache_destroy(cache);
	options.learning = (enum tayra_learning)3;
	assert_int_equal(tayra_cache_create(&options, &cache), TAYRA_E_INVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(off_or_only_watching_it_is_s3fifo_to_the_last_request),
		cmocka_unit_test(a_loop_larger_than_the_cache_hits_once_it_is_learned),
		cmocka_unit_test(watching_says_what_it_would_do),
		cmocka_unit_test(what_is_dear_to_load_stays_when_cost_is_the_objective),
		cmocka_unit_test(one_seed_has_one_outcome),
		cmocka_unit_test(a_value_just_stored_is_found_whatever_it_is_worth),
		cmocka_unit_test(a_sample_never_takes_what_is_pinned),
		cmocka_unit_test(a_refresh_is_no_use_and_what_returns_is_remembered),
		cmocka_unit_test(deleted_and_expired_items_count_as_not_used_again),
		cmocka_unit_test(its_own_memory_is_a_few_percent_of_memory_bytes),
		cmocka_unit_test(a_shard_too_small_for_tables_is_s3fifo),
		cmocka_unit_test(learning_is_switched_at_run_time_for_this_policy_alone),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
