/* SPDX-License-Identifier: Apache-2.0
 *
 * handle.c: a cache's beginning and end: options, the arena, the locks, and who frees it all.
 */
#include "cache/handle.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/option.h"
#include "cache/arena.h"

#include <unistd.h>

#define MEMORY_DEFAULT  (64ull << 20)
#define SHARD_AUTO_MIN  (4ull << 20) /* bytes; a larger shard takes larger values */
#define CHARGE_AUTO_MIN 4096u        /* of a shard; less makes the shares uneven */
#define LEARN_AUTO      4            /* times both where each shard has to learn by itself */
#define SHARDS_PER_CORE 4

static uint32_t
shards_auto(const struct tayra_cache_options *o)
{
	uint64_t least = o->policy == TAYRA_POLICY_TAYRA ? LEARN_AUTO : 1;
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t want = (uint64_t)(cores > 0 ? cores : 1) * SHARDS_PER_CORE;
	uint32_t shards = 1;

	while (shards < want && shards < TAYRA__ARENA_SHARDS_MAX &&
	       o->memory_bytes / (2 * shards) >= SHARD_AUTO_MIN * least &&
	       (o->charge_max == 0 || o->charge_max / (2 * shards) >= CHARGE_AUTO_MIN * least))
		shards *= 2;
	while (o->memory_bytes / shards > TAYRA__POOL_MAX && shards < TAYRA__ARENA_SHARDS_MAX)
		shards *= 2;
	return shards;
}

/* Fill in the defaults.  => TAYRA_E_INVAL. */
static int
settle(struct tayra_cache_options *o)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	if (o->memory_bytes == 0)
		o->memory_bytes = MEMORY_DEFAULT;
	o->memory_bytes -= o->memory_bytes % page;
	if (o->memory_bytes < TAYRA_CACHE_MEMORY_MIN)
		return TAYRA_E_INVAL;
	if (o->shards == 0)
		o->shards = shards_auto(o);
	if (o->shards > TAYRA__ARENA_SHARDS_MAX || (o->shards & (o->shards - 1)) != 0)
		return TAYRA_E_INVAL;
	if (o->memory_bytes / o->shards < TAYRA__ARENA_SHARD_MIN ||
	    o->memory_bytes / o->shards > TAYRA__POOL_MAX)
		return TAYRA_E_INVAL;
	if (o->charge_max && o->charge_max < o->shards)
		return TAYRA_E_INVAL;
	if (!tayra__policy_find(o->policy) || o->objective > TAYRA_OBJECTIVE_COST ||
	    o->learning > TAYRA_LEARNING_OFF)
		return TAYRA_E_INVAL;
	if (o->pinned_max_bytes == 0)
		o->pinned_max_bytes = o->memory_bytes / 4;
	if (o->seed == 0)
		o->seed = tayra__hash_random_seed();
	return TAYRA_OK;
}

/* What is over after sharing evenly goes to the first shards. */
static uint64_t
charge_share(const struct tayra_cache_options *o, uint32_t number)
{
	return o->charge_max / o->shards + (number < o->charge_max % o->shards);
}

static void
destroy_locks(struct tayra_cache *cache, uint32_t count)
{
	while (count > 0)
		pthread_mutex_destroy(&cache->shard[--count].lock);
}

static int
init_shards(struct tayra_cache *cache, const struct tayra_cache_options *o)
{
	const struct tayra__arena_header *header = cache->arena;

	for (uint32_t i = 0; i < o->shards; i++) {
		struct tayra__shard *shard = &cache->shard[i];

		if (pthread_mutex_init(&shard->lock, NULL) != 0) {
			destroy_locks(cache, i);
			return TAYRA_E_NOMEM;
		}
		shard->state = tayra__arena_shard(cache->arena, i);
		shard->policy = tayra__policy_find(o->policy);
		shard->seed = o->seed;
		shard->objective = o->objective;
		shard->learning = o->learning;
		tayra__shard_format(shard, header->shard_bytes, charge_share(o, i),
				    tayra__hash_mix64(o->seed + i));
	}
	return TAYRA_OK;
}

int
tayra_cache_create(const struct tayra_cache_options *options, struct tayra_cache **out)
{
	struct tayra_cache_options o;
	int status = tayra__option_struct(options, &o, sizeof(o));

	*out = NULL;
	if (status == TAYRA_OK)
		status = settle(&o);
	if (status != TAYRA_OK)
		return status;
	struct tayra_cache *cache = tayra__mem_alloc(sizeof(*cache) +
						     o.shards * sizeof(cache->shard[0]));

	if (!cache)
		return TAYRA_E_NOMEM;
	cache->arena = tayra__arena_map(o.memory_bytes);
	if (!cache->arena)
		goto free_handle;
	const struct tayra__arena_plan plan = {
		.bytes = o.memory_bytes,
		.seed = o.seed,
		.charge_max = o.charge_max,
		.shards = o.shards,
		.policy = o.policy,
	};

	tayra__arena_format(cache->arena, &plan);
	cache->memory_bytes = o.memory_bytes;
	cache->pinned_max_bytes = o.pinned_max_bytes;
	cache->seed = o.seed;
	cache->shards = o.shards;
	atomic_init(&cache->lives, 1);
	if (init_shards(cache, &o) != TAYRA_OK)
		goto unmap;
	*out = cache;
	return TAYRA_OK;
unmap:
	tayra__arena_unmap(cache->arena, o.memory_bytes);
free_handle:
	tayra__mem_free(cache);
	return TAYRA_E_NOMEM;
}

void
tayra__cache_end_life(struct tayra_cache *cache)
{
	/* acq_rel: everybody's last use of the cache comes before it is freed. */
	if (atomic_fetch_sub_explicit(&cache->lives, 1, memory_order_acq_rel) != 1)
		return;
	destroy_locks(cache, cache->shards);
	tayra__arena_unmap(cache->arena, cache->memory_bytes);
	tayra__mem_free(cache);
}

void
tayra_cache_destroy(struct tayra_cache *cache)
{
	if (cache)
		tayra__cache_end_life(cache);
}

struct tayra__shard *
tayra__cache_shard_of(struct tayra_cache *cache, const struct tayra__item *item)
{
	const struct tayra__arena_header *header = cache->arena;
	uint64_t offset = (uint64_t)((const char *)item - (const char *)cache->arena);

	return &cache->shard[(offset - header->first_shard) / header->shard_bytes];
}
