/* SPDX-License-Identifier: Apache-2.0
 *
 * replay_cache.c: the production cache under a trace.  Its limit is the sum of charges; memory is
 * given amply, so that only the policy decides.
 */
#include "sim/replay_engine.h"

#include <tayra/base.h>
#include <tayra/cache.h>

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "sim/requests.h"
#include "sim/trace.h"

/* Item, index and ghosts of one 8-byte key with a 1-byte value, several times over. */
#define AMPLE_BYTES_PER_OBJECT 512u
#define AMPLE_BYTES_BASE       (64u << 20)

#define OBJECTS_PER_SHARD 16384u
#define SHARDS_MOST       8u

struct cache_replay {
	const struct tayra__requests *requests;
	struct tayra_cache *cache;
	bool sized, costless;
	uint64_t capacity;
	uint64_t now_ms; /* never goes back, as the cache requires, though the trace's time may */
};

static uint64_t
to_ms(double seconds)
{
	return seconds < 0x1p50 ? (uint64_t)(seconds * 1e3) : UINT64_C(1) << 60;
}

static struct tayra_item_meta
meta(const struct cache_replay *replay, uint32_t row, uint64_t charge)
{
	double ttl_s = replay->requests->ttl_s ? replay->requests->ttl_s[row] : 0;
	const double *cost_ms = replay->costless ? NULL : replay->requests->cost_ms;

	return (struct tayra_item_meta){
		.born_ms = replay->now_ms,
		.fresh_ms = UINT64_MAX,
		.expire_ms = ttl_s > 0 ? replay->now_ms + to_ms(ttl_s) : UINT64_MAX,
		.cost_ns = cost_ms ? (uint64_t)fmin(cost_ms[row] * 1e6, 0x1p62) : 0,
		.charge = charge,
	};
}

/* => TAYRA_OK for a hit, TAYRA_E_NOT_FOUND for a miss, else the cache's failure. */
static int
get(struct cache_replay *replay, uint32_t id, uint32_t row)
{
	const uint64_t *key = &replay->requests->key[id];
	uint64_t size = replay->sized ? replay->requests->size_bytes[id] : 1;
	struct tayra_item_meta put_meta;
	struct tayra_value value;
	int status = tayra_cache_get(replay->cache, key, sizeof(*key), replay->now_ms, &value);

	if (status == TAYRA_OK)
		tayra_cache_unpin(replay->cache, &value);
	if (status != TAYRA_E_NOT_FOUND || size > replay->capacity)
		return status;
	/* A charge of 0 would mean the bytes occupied. */
	put_meta = meta(replay, row, size ? size : 1);
	status = tayra_cache_put(replay->cache, key, sizeof(*key), "", 1, &put_meta,
				 replay->now_ms);
	/* Refused for its size, by a shard that is smaller than the whole: not cached. */
	return status == TAYRA_OK || status == TAYRA_E_TOO_LARGE || status == TAYRA_E_FULL
		       ? TAYRA_E_NOT_FOUND
		       : status;
}

static int
rows(void *state, uint32_t from, uint32_t to, struct tayra__replay_result *result)
{
	struct cache_replay *replay = state;
	const struct tayra__requests *requests = replay->requests;

	for (uint32_t row = from; row < to; row++) {
		uint32_t id = requests->id[row];
		int status;

		if (requests->time_s && to_ms(requests->time_s[row]) > replay->now_ms)
			replay->now_ms = to_ms(requests->time_s[row]);
		if (requests->op && requests->op[row] == TAYRA__TRACE_DELETE) {
			tayra_cache_delete(replay->cache, &requests->key[id],
					   sizeof(requests->key[id]));
			continue;
		}
		status = get(replay, id, row);
		if (status == TAYRA_E_NOT_FOUND)
			tayra__replay_count_miss(requests, row, result);
		else if (status)
			return status;
	}
	return TAYRA_OK;
}

/* What the cache uses beyond keys and values, spread over what is resident at the end. */
static double
metadata_bytes(const void *state)
{
	const struct cache_replay *replay = state;
	struct tayra_cache_stats stats = TAYRA_CACHE_STATS_INIT;

	tayra_cache_stats(replay->cache, &stats);
	return stats.items ? (double)(stats.used_bytes - stats.item_bytes) / (double)stats.items
			   : 0;
}

static void
destroy(void *state)
{
	struct cache_replay *replay = state;

	tayra_cache_destroy(replay->cache);
	tayra__mem_free(replay);
}

int
tayra__replay_cache_policy(const char *name)
{
	const char *known;

	for (int policy = 0; (known = tayra_policy_name((enum tayra_policy)policy)); policy++)
		if (strcmp(known, name) == 0)
			return policy;
	return -1;
}

/* The cache cannot know how many objects a limit in bytes is, and would make shards of a few. */
static uint32_t
shards_for(const struct tayra__requests *requests, uint64_t capacity)
{
	double objects = (double)capacity * requests->keys /
			 fmax(1, (double)requests->footprint_bytes);
	uint32_t shards = 1;

	while (shards < SHARDS_MOST && objects / (2 * shards) >= OBJECTS_PER_SHARD)
		shards *= 2;
	return shards;
}

int
tayra__replay_cache_create(const struct tayra__requests *requests,
			   const struct tayra__replay_options *options,
			   struct tayra__replay_engine *out)
{
	struct tayra_cache_options cache_options = TAYRA_CACHE_OPTIONS_INIT;
	struct tayra_cache_stats stats = TAYRA_CACHE_STATS_INIT;
	struct cache_replay *replay;
	uint64_t objects = requests->keys;
	bool looks_ahead;
	int status;

	if (!tayra__replay_knows(TAYRA__ENGINE_CACHE, options->policy, &looks_ahead))
		return TAYRA_E_INVAL;
	if (options->sizes == TAYRA__SIZES_UNIT && options->capacity < objects)
		objects = options->capacity;
	if (options->sizes == TAYRA__SIZES_REAL)
		cache_options.shards = shards_for(requests, options->capacity);
	replay = tayra__mem_alloc(sizeof(*replay));
	if (!replay)
		return TAYRA_E_NOMEM;
	replay->requests = requests;
	replay->costless = options->costless;
	replay->sized = options->sizes == TAYRA__SIZES_REAL;
	replay->capacity = options->capacity;
	cache_options.memory_bytes = AMPLE_BYTES_BASE + objects * AMPLE_BYTES_PER_OBJECT;
	cache_options.charge_max = options->capacity;
	cache_options.policy = (enum tayra_policy)tayra__replay_cache_policy(options->policy);
	cache_options.objective = (enum tayra_objective)options->objective;
	cache_options.seed = options->seed ? options->seed : 1;
	status = tayra_cache_create(&cache_options, &replay->cache);
	if (status) {
		tayra__mem_free(replay);
		return status;
	}
	tayra_cache_stats(replay->cache, &stats);
	*out = (struct tayra__replay_engine){ replay, rows, metadata_bytes, stats.used_bytes,
					      destroy };
	return TAYRA_OK;
}
