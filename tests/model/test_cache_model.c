/* SPDX-License-Identifier: Apache-2.0
 *
 * The cache against a table that forgets nothing: random operations, many seeds.  A cache may
 * forget when it must make room, so a miss is always allowed; a wrong, expired, deleted or replaced
 * value never is.
 */
#include "tap.h"

#include "base/hash.h"
#include "base/rng.h"
#include "cache/audit.h"
#include "cache/handle.h"
#include "learn/keeper.h"

#include <tayra/cache.h>

#include <stdlib.h>
#include <string.h>

#define KEYS      2500
#define HELD      24
#define VALUE_MAX 9000

/* What a key must have, if it has anything. */
struct truth {
	bool present;
	uint64_t version, expire_ms;
	size_t len;
};

/* A pinned value and what it must stay. */
struct held {
	struct tayra_value value;
	uint64_t seed;
};

struct run {
	struct tayra_cache *cache;
	struct tayra__rng rng;
	struct truth truth[KEYS];
	struct held held[HELD];
	unsigned char bytes[VALUE_MAX];
	uint64_t now_ms, next_version, hits;
	const char *wrong; /* the first claim that did not hold */
};

static void
claim(struct run *run, bool good, const char *text)
{
	if (!good && !run->wrong)
		run->wrong = text;
}

/* Every value is a function of key and version, so that a mix-up shows. */
static void
write_bytes(void *out, size_t len, uint64_t seed)
{
	unsigned char *bytes = out;

	for (size_t i = 0; i < len; i++)
		bytes[i] = (unsigned char)(tayra__hash_mix64(seed + i / 8) >> i % 8 * 8);
}

static bool
has_bytes(const void *in, size_t len, uint64_t seed)
{
	const unsigned char *bytes = in;

	for (size_t i = 0; i < len; i++)
		if (bytes[i] != (unsigned char)(tayra__hash_mix64(seed + i / 8) >> i % 8 * 8))
			return false;
	return true;
}

static uint64_t
seed_of(uint32_t key, uint64_t version)
{
	return tayra__hash_mix64(key) ^ version << 20;
}

/* Keys of different lengths, some of them prefixes of others. */
static size_t
write_key(char *out, uint32_t key)
{
	size_t len = key % 7 == 0 ? 200 : 4 + key % 5;

	memset(out, 'k', len);
	memcpy(out, &key, sizeof(key));
	return len;
}

static struct tayra_item_meta
next_meta(struct run *run)
{
	uint64_t life = tayra__rng_below(&run->rng, 200);

	return (struct tayra_item_meta){
		.born_ms = run->now_ms,
		.fresh_ms = run->now_ms,
		.expire_ms = life < 50 ? UINT64_MAX : run->now_ms + life,
		.version = run->next_version++,
		.cost_ns = tayra__rng_below(&run->rng, 1000),
		.charge = tayra__rng_below(&run->rng, 3),
	};
}

static void
note(struct run *run, uint32_t key, int status, const struct tayra_item_meta *meta, size_t len)
{
	run->truth[key] = (struct truth){
		.present = status == TAYRA_OK,
		.version = meta->version,
		.expire_ms = meta->expire_ms,
		.len = len,
	};
}

static size_t
next_len(struct run *run)
{
	return (size_t)tayra__rng_below(&run->rng, 1 + tayra__rng_below(&run->rng, VALUE_MAX));
}

static void
do_put(struct run *run, uint32_t key)
{
	const struct tayra_item_meta meta = next_meta(run);
	size_t len = next_len(run);
	char name[256];
	size_t name_len = write_key(name, key);

	write_bytes(run->bytes, len, seed_of(key, meta.version));
	note(run, key,
	     tayra_cache_put(run->cache, name, name_len, run->bytes, len, &meta, run->now_ms),
	     &meta, len);
}

static void
do_reserve(struct run *run, uint32_t key)
{
	const struct tayra_item_meta meta = next_meta(run);
	struct tayra_reservation r;
	size_t len = next_len(run);
	char name[256];
	size_t name_len = write_key(name, key);
	int status = tayra_cache_reserve(run->cache, name, name_len, len, run->now_ms, &r);

	if (status != TAYRA_OK) /* there is nothing newer than what the key had */
		return;
	write_bytes(r.data, len, seed_of(key, meta.version));
	if (tayra__rng_below(&run->rng, 4) == 0) {
		tayra_cache_abandon(run->cache, &r);
		return;
	}
	note(run, key, tayra_cache_commit(run->cache, &r, &meta, run->now_ms, NULL), &meta, len);
}

static void
check_hit(struct run *run, uint32_t key, const struct tayra_value *got)
{
	const struct truth *truth = &run->truth[key];

	claim(run, truth->present, "what was deleted or failed is not served");
	claim(run, run->now_ms < truth->expire_ms, "what expired is not served");
	claim(run, got->meta.version == truth->version, "the version is that of the last put");
	claim(run, got->meta.expire_ms == truth->expire_ms, "the expiry is that of the last put");
	claim(run, got->len == truth->len, "the length is that of the last put");
	if (!run->wrong)
		claim(run, has_bytes(got->data, got->len, seed_of(key, truth->version)),
		      "the bytes are those of the last put");
}

static void
release(struct run *run, struct held *held)
{
	if (!held->value.pin)
		return;
	claim(run, has_bytes(held->value.data, held->value.len, held->seed),
	      "pinned bytes do not change");
	tayra_cache_unpin(run->cache, &held->value);
}

static void
do_get(struct run *run, uint32_t key)
{
	struct held *held = &run->held[tayra__rng_below(&run->rng, HELD)];
	char name[256];
	size_t name_len = write_key(name, key);
	int status;

	release(run, held);
	status = tayra_cache_get(run->cache, name, name_len, run->now_ms, &held->value);
	if (status == TAYRA_OK) {
		run->hits++;
		check_hit(run, key, &held->value);
		held->seed = seed_of(key, held->value.meta.version);
	} else {
		claim(run, status == TAYRA_E_NOT_FOUND || status == TAYRA_E_FULL,
		      "a get finds, does not find, or may not pin");
	}
}

static void
do_delete(struct run *run, uint32_t key)
{
	char name[256];
	size_t name_len = write_key(name, key);
	int status = tayra_cache_delete(run->cache, name, name_len);

	claim(run, status == TAYRA_E_NOT_FOUND || run->truth[key].present,
	      "only what is there is deleted");
	run->truth[key].present = false;
}

static void
do_touch(struct run *run, uint32_t key)
{
	struct truth *truth = &run->truth[key];
	uint64_t version = truth->version + (tayra__rng_below(&run->rng, 4) == 0);
	uint64_t expire_ms = run->now_ms + tayra__rng_below(&run->rng, 100);
	char name[256];
	size_t name_len = write_key(name, key);

	if (tayra_cache_touch(run->cache, name, name_len, version, 0, expire_ms, 0) != TAYRA_OK)
		return;
	claim(run, truth->present && version == truth->version,
	      "only the version that is there is touched");
	truth->expire_ms = expire_ms;
}

static void
step(struct run *run)
{
	uint32_t key = (uint32_t)tayra__rng_below(&run->rng, KEYS);
	uint64_t action = tayra__rng_below(&run->rng, 100);

	if (action < 45)
		do_get(run, key);
	else if (action < 75)
		do_put(run, key);
	else if (action < 83)
		do_reserve(run, key);
	else if (action < 88)
		do_delete(run, key);
	else if (action < 93)
		do_touch(run, key);
	else if (action < 99)
		run->now_ms += tayra__rng_below(&run->rng, 4);
	else
		tayra_cache_tick(run->cache, run->now_ms, tayra__rng_below(&run->rng, 300));
	if (tayra__rng_below(&run->rng, 20000) == 0) {
		tayra_cache_clear(run->cache);
		memset(run->truth, 0, sizeof(run->truth));
	}
}

static void
audit(struct run *run)
{
	static char text[200];

	if (!tayra__cache_audit(run->cache, TAYRA__AUDIT_QUIET, text, sizeof(text)))
		claim(run, false, text);
}

/* Whatever the guard would say of keys drawn evenly, evict by the learned order. */
static void
prefer_learned(struct tayra_cache *cache)
{
	for (uint32_t i = 0; i < cache->shards; i++) {
		struct tayra__shard_state *state = cache->shard[i].state;
		struct tayra__keeper *keeper = tayra__policy_tayra_keeper(&state->policy,
									  &state->pool);

		if (keeper)
			tayra__keeper_prefer(keeper, TAYRA__BEHAVE_LEARNED);
	}
}

static void
run_seed(uint64_t seed, const struct tayra_cache_options *options, const char *name)
{
	static struct run run;

	memset(&run, 0, sizeof(run));
	run.next_version = 1;
	tayra__rng_init(&run.rng, seed);
	if (!tap_ok(tayra_cache_create(options, &run.cache) == TAYRA_OK, "a cache is created"))
		return;
	for (int i = 0; i < 40000 && !run.wrong; i++) {
		step(&run);
		if (i % 2000 == 0)
			audit(&run);
		if (i % 10000 == 5000)
			prefer_learned(run.cache);
	}
	for (int i = 0; i < HELD; i++)
		release(&run, &run.held[i]);
	audit(&run);
	claim(&run, run.hits > 2000, "there are hits at all");
	tayra_cache_destroy(run.cache);
	if (run.wrong)
		printf("# seed %llu: broken: %s\n", (unsigned long long)seed, run.wrong);
	tap_ok(!run.wrong, name);
}

int
main(void)
{
	static const struct {
		const char *name;
		struct tayra_cache_options options;
	} worlds[] = {
		{ "lru, short of memory",
		  { .size = sizeof(worlds[0].options),
		    .memory_bytes = 1u << 20,
		    .policy = TAYRA_POLICY_LRU } },
		{ "s3fifo, short of memory",
		  { .size = sizeof(worlds[0].options), .memory_bytes = 1u << 20 } },
		{ "s3fifo, bounded by charge",
		  { .size = sizeof(worlds[0].options),
		    .memory_bytes = 8u << 20,
		    .charge_max = 600000,
		    .shards = 4 } },
		{ "lru, bounded by charge, few pins",
		  { .size = sizeof(worlds[0].options),
		    .memory_bytes = 8u << 20,
		    .charge_max = 600000,
		    .pinned_max_bytes = 30000,
		    .shards = 2,
		    .policy = TAYRA_POLICY_LRU } },
		{ "tayra, short of memory",
		  { .size = sizeof(worlds[0].options),
		    .memory_bytes = (4u << 20) + 65536,
		    .shards = 1,
		    .policy = TAYRA_POLICY_TAYRA } },
		{ "tayra, bounded by charge, few pins",
		  { .size = sizeof(worlds[0].options),
		    .memory_bytes = 16u << 20,
		    .charge_max = 800000,
		    .pinned_max_bytes = 30000,
		    .shards = 2,
		    .seed = 5,
		    .policy = TAYRA_POLICY_TAYRA,
		    .objective = TAYRA_OBJECTIVE_COST } },
	};

	for (uint64_t seed = 1; seed <= 3; seed++)
		for (size_t i = 0; i < sizeof(worlds) / sizeof(worlds[0]); i++)
			run_seed(seed, &worlds[i].options, worlds[i].name);
	return tap_done();
}
