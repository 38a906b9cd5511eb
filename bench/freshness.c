/* SPDX-License-Identifier: Apache-2.0 */
#include "freshness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/rng.h"
#include "sim/trace.h"

#define START_MS 1000ull
#define GRID     72 /* half octaves of ms */
#define HALVINGS 60

struct update {
	uint64_t at_ms, key;
};

struct updates {
	struct update *items;
	uint32_t count, room;
};

static int
push(struct updates *updates, uint64_t at_ms, uint64_t key)
{
	if (updates->count == updates->room) {
		uint32_t room = updates->room ? updates->room * 2 : 4096;
		void *more = tayra__mem_resize(updates->items, room * sizeof(*updates->items));

		if (!more)
			return TAYRA_E_NOMEM;
		updates->items = more;
		updates->room = room;
	}
	updates->items[updates->count++] = (struct update){ at_ms, key };
	return TAYRA_OK;
}

static int
by_key(const void *a, const void *b)
{
	const struct update *x = a, *y = b;

	return (x->key > y->key) - (x->key < y->key);
}

static int
by_time(const void *a, const void *b)
{
	const struct update *x = a, *y = b;

	return (x->at_ms > y->at_ms) - (x->at_ms < y->at_ms);
}

/* Keys become 0 .. n-1.  => n. */
static uint32_t
number(struct updates *updates)
{
	uint32_t n = 0;
	uint64_t last = 0;

	qsort(updates->items, updates->count, sizeof(*updates->items), by_key);
	for (uint32_t i = 0; i < updates->count; i++) {
		if (i > 0 && updates->items[i].key != last)
			n++;
		last = updates->items[i].key;
		updates->items[i].key = n;
	}
	qsort(updates->items, updates->count, sizeof(*updates->items), by_time);
	return updates->count ? n + 1 : 0;
}

static int
read_it(struct freshness *f, struct updates *updates, const struct freshness_options *options)
{
	uint32_t *holder, *version, next = 0;
	struct tayra__zipf zipf;
	struct tayra__rng rng;
	double at_ms = START_MS, step;

	f->keys = number(updates);
	f->count = options->reads;
	f->reads = tayra__mem_array(f->count, sizeof(*f->reads));
	holder = tayra__mem_array(f->keys, sizeof(*holder));
	version = tayra__mem_array(f->keys, sizeof(*version));
	if (!f->reads || !holder || !version)
		return TAYRA_E_NOMEM;
	f->span_ms = updates->items[updates->count - 1].at_ms;
	step = (double)f->span_ms / f->count;
	tayra__rng_init(&rng, options->seed);
	tayra__zipf_init(&zipf, f->keys, options->zipf);
	for (uint32_t i = 0; i < f->keys; i++)
		holder[i] = i;
	tayra__rng_shuffle(&rng, holder, f->keys);
	for (uint32_t i = 0; i < f->count; i++) {
		struct freshness_read *read = &f->reads[i];

		at_ms += step * tayra__rng_exponential(&rng);
		while (next < updates->count && (double)updates->items[next].at_ms <= at_ms)
			version[updates->items[next++].key]++;
		read->at_ms = (uint64_t)at_ms;
		read->key = holder[tayra__zipf_next(&zipf, &rng)];
		read->version = version[read->key];
	}
	tayra__mem_free(holder);
	tayra__mem_free(version);
	return TAYRA_OK;
}

int
freshness_open_trace(struct freshness *f, const char *path, const struct freshness_options *options,
		     char *error, size_t error_len)
{
	struct tayra__trace_error trouble = { "" };
	struct tayra__trace_request row;
	struct updates updates = { 0 };
	struct tayra__trace *trace;
	int status = tayra__trace_open(path, TAYRA__TRACE_AUTO, &trace, &trouble);

	memset(f, 0, sizeof(*f));
	if (status == TAYRA_OK) {
		while ((status = tayra__trace_next(trace, &row, &trouble)) == TAYRA_OK)
			if (push(&updates, START_MS + (uint64_t)(row.time_s * 1000), row.key) !=
			    TAYRA_OK)
				break;
		tayra__trace_close(trace);
		status = status == TAYRA_E_NOT_FOUND && updates.count ? TAYRA_OK : TAYRA_E_CORRUPT;
	}
	if (status == TAYRA_OK)
		status = read_it(f, &updates, options);
	snprintf(error, error_len, "%s", trouble.text);
	tayra__mem_free(updates.items);
	return status;
}

int
freshness_open_poisson(struct freshness *f, uint32_t keys, uint32_t updates_wanted,
		       uint64_t span_ms, const struct freshness_options *options)
{
	struct updates updates = { 0 };
	struct tayra__rng rng;
	int status = TAYRA_OK;

	memset(f, 0, sizeof(*f));
	tayra__rng_init(&rng, options->seed + 1);
	for (uint32_t key = 0; key < keys && status == TAYRA_OK; key++) {
		/* 10^0 .. 10^3, of mean 999 / ln 1000 = 144.6 */
		double weight = pow(10, 3 * tayra__rng_unit(&rng)) / 144.6;
		double gap = (double)span_ms * keys / updates_wanted / weight;
		double at = gap * tayra__rng_exponential(&rng);

		for (; at < (double)span_ms && status == TAYRA_OK;
		     at += gap * tayra__rng_exponential(&rng))
			status = push(&updates, START_MS + (uint64_t)at, key);
	}
	if (status == TAYRA_OK)
		status = read_it(f, &updates, options);
	tayra__mem_free(updates.items);
	return status;
}

void
freshness_close(struct freshness *f)
{
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
	uint64_t low = 0, high = f->span_ms;

	while (high - low > 1 + low / 1000) {
		uint64_t middle = low + (high - low) / 2;
		struct freshness_result r = freshness_fixed(f, middle);

		if ((double)r.stale <= budget * (double)r.answers)
			low = middle;
		else
			high = middle;
	}
	return freshness_fixed(f, low);
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
	uint64_t now_ms;
	uint32_t version; /* of the key that is asked for now */
	uint64_t loads;
};

static uint64_t
world_ns(void *ctx)
{
	return ((struct world *)ctx)->now_ms * TAYRA_NS_PER_MS;
}

static void
world_load(struct tayra_load *load, void *arg)
{
	struct world *world = arg;

	world->loads++;
	tayra_load_done(load, &world->version, sizeof(world->version), NULL);
}

static void
ask(struct tayra *t, struct world *world, const struct freshness_read *read,
    struct freshness_result *result)
{
	struct tayra_request request = TAYRA_REQUEST_INIT;
	struct tayra_ref ref;
	uint32_t version;
	char key[32];

	world->now_ms = read->at_ms;
	world->version = read->version;
	request.key = key;
	request.key_len = (size_t)snprintf(key, sizeof(key), "file:%u", read->key);
	request.load = world_load;
	request.load_arg = world;
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
	struct world world = { 0 };
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
		ask(t, &world, &f->reads[i], &result);
	result.loads = world.loads;
	if (stats)
		tayra_strategy_stats(t, stats);
	tayra_destroy(t);
	return result;
}
