/* SPDX-License-Identifier: Apache-2.0 */
#include "freshness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "load/origin.h"

#define GRID     72 /* half octaves of ms */
#define HALVINGS 60

void
freshness_close(struct freshness *f)
{
	for (uint32_t i = 0; f->names && i < f->keys; i++)
		tayra__mem_free(f->names[i]);
	tayra__mem_free(f->names);
	tayra__mem_free(f->reads);
	memset(f, 0, sizeof(*f));
}

struct copy {
	uint64_t until_ms; /* 0: none */
	uint32_t version;
};

struct freshness_result
freshness_fixed(const struct freshness *f, uint64_t ttl_ms)
{
	struct copy *copies = tayra__mem_array(f->keys, sizeof(*copies));
	struct freshness_result result = { .answers = f->count, .ttl_ms = ttl_ms };

	if (!copies)
		abort();
	for (uint32_t i = 0; i < f->count; i++) {
		const struct freshness_read *read = &f->reads[i];
		struct copy *copy = &copies[read->key];

		if (read->at_ms < copy->until_ms) {
			result.stale += copy->version != read->version;
			continue;
		}
		*copy = (struct copy){ read->at_ms + ttl_ms, read->version };
		result.loads++;
	}
	tayra__mem_free(copies);
	return result;
}

struct freshness_result
freshness_best_fixed(const struct freshness *f, double budget)
{
	struct freshness_result best = freshness_fixed(f, 0);
	double low = 1, high = (double)f->span_ms;

	while (high > low * 1.002) {
		double middle = sqrt(low * high);
		struct freshness_result r = freshness_fixed(f, (uint64_t)middle);

		if ((double)r.stale <= budget * (double)r.answers) {
			low = middle;
			best = r;
		} else {
			high = middle;
		}
	}
	return best;
}

static uint64_t
grid_ms(int i)
{
	return (uint64_t)pow(2, i / 2.0);
}

struct tally {
	uint32_t loads, stale;
};

static void
fill_column(const struct freshness *f, int i, struct tally *tallies, struct copy *copies)
{
	memset(copies, 0, f->keys * sizeof(*copies));
	for (uint32_t n = 0; n < f->count; n++) {
		const struct freshness_read *read = &f->reads[n];
		struct copy *copy = &copies[read->key];
		struct tally *tally = &tallies[(size_t)read->key * GRID + (size_t)i];

		if (read->at_ms < copy->until_ms) {
			tally->stale += copy->version != read->version;
			continue;
		}
		*copy = (struct copy){ read->at_ms + grid_ms(i), read->version };
		tally->loads++;
	}
}

static struct freshness_result
at_price(const struct freshness *f, const struct tally *tallies, double price)
{
	struct freshness_result result = { .answers = f->count };

	for (uint32_t key = 0; key < f->keys; key++) {
		const struct tally *row = &tallies[(size_t)key * GRID], *best = row;

		for (int i = 1; i < GRID; i++)
			if (row[i].loads + price * row[i].stale < best->loads + price * best->stale)
				best = &row[i];
		result.loads += best->loads;
		result.stale += best->stale;
	}
	return result;
}

struct freshness_result
freshness_best_each(const struct freshness *f, double budget)
{
	struct tally *tallies = tayra__mem_array((size_t)f->keys * GRID, sizeof(*tallies));
	struct copy *copies = tayra__mem_array(f->keys, sizeof(*copies));
	double low = 1e-6, high = 1e9;
	struct freshness_result result;

	if (!tallies || !copies)
		abort();
	for (int i = 0; i < GRID; i++)
		fill_column(f, i, tallies, copies);
	for (int i = 0; i < HALVINGS; i++) {
		double price = sqrt(low * high);

		result = at_price(f, tallies, price);
		if ((double)result.stale <= budget * (double)result.answers)
			high = price;
		else
			low = price;
	}
	result = at_price(f, tallies, high);
	tayra__mem_free(tallies);
	tayra__mem_free(copies);
	return result;
}

struct world {
	struct tayra_origin origin; /* first */
	uint64_t now_ms;
	uint32_t version; /* of the key that is asked for now */
	uint64_t loads;
};

static uint64_t
world_ns(void *ctx)
{
	return ((struct world *)ctx)->now_ms * TAYRA_NS_PER_MS;
}

/* An origin, so that there is somebody to run what nobody waits for. */
static void
world_load(struct tayra_origin *origin, struct tayra_load *load)
{
	struct world *world = (struct world *)(void *)origin;

	world->loads++;
	tayra_load_done(load, &world->version, sizeof(world->version), NULL);
}

static void
ask(struct tayra *t, struct world *world, const char *name, const struct freshness_read *read,
    struct freshness_result *result)
{
	struct tayra_request request = TAYRA_REQUEST_INIT;
	struct tayra_ref ref;
	uint32_t version;
	char key[32];

	world->now_ms = read->at_ms;
	world->version = read->version;
	request.key = name ? name : key;
	request.key_len = name ? strlen(name)
			       : (size_t)snprintf(key, sizeof(key), "file:%u", read->key);
	request.origin = &world->origin;
	if (tayra_get_or_load(t, &request, &ref) != TAYRA_OK)
		abort();
	memcpy(&version, ref.value, sizeof(version));
	result->answers++;
	result->stale += version != read->version;
	tayra_release(&ref);
}

void
freshness_ttl_strategy(const struct freshness *f, double budget, struct tayra_strategy *out)
{
	*out = (struct tayra_strategy)TAYRA_STRATEGY_INIT;
	out->ttl_learning = TAYRA_FEATURE_ON;
	out->staleness_budget = budget;
	out->prefetch_refresh = TAYRA_FEATURE_OFF;
	out->prefetch_successors = TAYRA_FEATURE_OFF;
	out->prefetch_changed = out->prefetch_periodic = TAYRA_FEATURE_OFF;
	out->predictor = TAYRA_FEATURE_OFF;
	out->ttl_ms = 3600000;
	out->ttl_min_ms = 1;
	out->ttl_max_ms = f->span_ms;
}

struct freshness_result
freshness_run(const struct freshness *f, const struct tayra_strategy *strategy,
	      struct tayra_strategy_stats *stats)
{
	struct tayra_cache_options cache = TAYRA_CACHE_OPTIONS_INIT;
	struct tayra_options options = TAYRA_OPTIONS_INIT;
	struct freshness_result result = { 0 };
	struct world world = { .origin = { .name = "world", .load = world_load } };
	struct tayra_clock clock = { world_ns, NULL, &world };
	struct tayra *t;

	cache.memory_bytes = 16u << 20;
	cache.seed = 1;
	options.cache = &cache;
	options.clock = &clock;
	options.strategy = strategy;
	if (tayra_create(&options, &t) != TAYRA_OK)
		abort();
	for (uint32_t i = 0; i < f->count; i++)
		ask(t, &world, f->names ? f->names[f->reads[i].key] : NULL, &f->reads[i], &result);
	result.loads = world.loads;
	if (stats)
		tayra_strategy_stats(t, stats);
	tayra_destroy(t);
	return result;
}
