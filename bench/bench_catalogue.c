/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_catalogue.c: what misses cost by policy, on the showcase's catalogue (the machine's package
 * index) with the costs of its real database (miss_cost.h).  Each stream of requests, of users with
 * another seed, runs through the production cache from empty with each policy: a pair for each two
 * of them.  The cache has one shard.  At 5% and 20% its limit is that share of the bytes of the
 * stream's keys and values, and memory is ample, so that only the policy decides; at 5 MiB its
 * limit is memory, and what a policy needs for itself counts.  Ratios with sign-flip intervals over
 * the streams.
 */
#include "bench.h"

#include <math.h>
#include <stdio.h>

#include "miss_cost.h"

#include <tayra/base.h>
#include <tayra/prove.h>

#define STREAMS  12
#define REQUESTS 200000u

enum rival { LRU, LRU_AGAIN, S3FIFO, FOR_REQUESTS, FOR_COST, FOR_COST_AGAIN, RIVALS };

/* The seed is the hash's, another one for each stream: it decides which keys the guard's sample
 * holds, which moves policy tayra by half a percent. */
static const struct {
	enum tayra_policy policy;
	enum tayra_objective objective;
	uint64_t seed;
} rivals[RIVALS] = {
	[LRU] = { TAYRA_POLICY_LRU, TAYRA_OBJECTIVE_REQUESTS, 1 },
	[LRU_AGAIN] = { TAYRA_POLICY_LRU, TAYRA_OBJECTIVE_REQUESTS, 2 },
	[S3FIFO] = { TAYRA_POLICY_S3FIFO, TAYRA_OBJECTIVE_REQUESTS, 1 },
	[FOR_REQUESTS] = { TAYRA_POLICY_TAYRA, TAYRA_OBJECTIVE_REQUESTS, 1 },
	[FOR_COST] = { TAYRA_POLICY_TAYRA, TAYRA_OBJECTIVE_COST, 1 },
	[FOR_COST_AGAIN] = { TAYRA_POLICY_TAYRA, TAYRA_OBJECTIVE_COST, 2 },
};

static const struct {
	const char *name;
	enum rival from, to;
} pairs[] = {
	{ "tayra_to_lru", LRU, FOR_COST },
	{ "tayra_to_s3fifo", S3FIFO, FOR_COST },
	{ "tayra_for_requests_to_lru", LRU, FOR_REQUESTS },
	{ "tayra_for_requests_to_s3fifo", S3FIFO, FOR_REQUESTS },
	{ "s3fifo_to_lru", LRU, S3FIFO },
	{ "aa_lru", LRU, LRU_AGAIN },
	{ "aa_tayra", FOR_COST, FOR_COST_AGAIN },
};

#define AMPLE_BYTES     (64ull << 20)
#define UNLIMITED_BYTES (512ull << 20)

static const struct {
	const char *name;
	double share; /* 0: memory bounds */
	uint64_t memory_bytes;
} limits[] = {
	{ "5%", 0.05, AMPLE_BYTES },
	{ "20%", 0.2, AMPLE_BYTES },
	{ "5MiB", 0, 5ull << 20 },
};
#define LIMITS (sizeof(limits) / sizeof(*limits))

static struct figures {
	double cost[LIMITS][RIVALS][STREAMS], misses[LIMITS][RIVALS][STREAMS];
	double footprint_bytes[STREAMS];
	double unavoidable[LIMITS][STREAMS]; /* the cost with room for all, of lru's */
} figures;

static void
line(const char *metric, const char *unit, const struct tayra_comparison *c)
{
	struct tayra__json json;

	tayra__json_init(&json, stdout, TAYRA__JSON_LINE);
	tayra__json_object(&json, NULL);
	tayra__json_string(&json, "bench", "catalogue");
	tayra__json_string(&json, "metric", metric);
	tayra__json_double(&json, "value", c->ratio, 4);
	tayra__json_string(&json, "unit", unit);
	tayra__json_double(&json, "lo", c->lo, 4);
	tayra__json_double(&json, "hi", c->hi, 4);
	tayra__json_u64(&json, "n", STREAMS);
	if (c->pairs)
		tayra__json_string(&json, "verdict", tayra_verdict_name(c->verdict));
	tayra__json_string(&json, "repeat", "make bench BENCH=catalogue");
	tayra__json_end(&json);
	tayra__json_finish(&json);
	fflush(stdout);
}

/* Median, least and most. */
static void
print_spread(const char *metric, const char *unit, double *values, size_t n)
{
	qsort(values, n, sizeof(*values), bench_by_value);
	line(metric, unit,
	     &(struct tayra_comparison){ .ratio = (values[(n - 1) / 2] + values[n / 2]) / 2,
					 .lo = values[0],
					 .hi = values[n - 1] });
}

static void
print_pair(size_t limit, size_t pair, const char *what, double of[RIVALS][STREAMS])
{
	struct tayra_comparison comparison;
	char metric[96];

	if (tayra_prove_compare(of[pairs[pair].from], of[pairs[pair].to], STREAMS, NULL,
				&comparison) < 0)
		abort();
	snprintf(metric, sizeof(metric), "%s_%s_at_%s", what, pairs[pair].name, limits[limit].name);
	line(metric, "ratio", &comparison);
}

static void
print_limit(size_t limit)
{
	char metric[96];

	snprintf(metric, sizeof(metric), "cost_unavoidable_to_lru_at_%s", limits[limit].name);
	print_spread(metric, "ratio", figures.unavoidable[limit], STREAMS);
	for (size_t pair = 0; pair < sizeof(pairs) / sizeof(*pairs); pair++) {
		print_pair(limit, pair, "cost", figures.cost[limit]);
		print_pair(limit, pair, "misses", figures.misses[limit]);
	}
	for (int r = 0; r < RIVALS; r++) {
		static const char *const name[RIVALS] = { [LRU] = "lru",
							  [S3FIFO] = "s3fifo",
							  [FOR_REQUESTS] = "tayra_for_requests",
							  [FOR_COST] = "tayra" };

		if (!name[r])
			continue;
		snprintf(metric, sizeof(metric), "miss_ratio_%s_at_%s", name[r],
			 limits[limit].name);
		print_spread(metric, "share of reads", figures.misses[limit][r], STREAMS);
	}
}

/* How much keys differ: quantiles of what loading costs, over keys. */
static int
print_costs(const struct miss_cost *m)
{
	static const double at[] = { 0.1, 0.5, 0.9, 0.99, 1 };
	uint32_t n = m->keys.count;
	double *us = malloc(n * sizeof(*us));
	char metric[96];

	if (!us)
		return TAYRA_E_NOMEM;
	for (uint32_t i = 0; i < n; i++)
		us[i] = (double)m->cost_ns[i] / 1e3;
	qsort(us, n, sizeof(*us), bench_by_value);
	for (size_t i = 0; i < sizeof(at) / sizeof(*at); i++) {
		double value = us[(size_t)(at[i] * (n - 1))];

		snprintf(metric, sizeof(metric), "load_cost_p%.0f", 100 * at[i]);
		line(metric, "us",
		     &(struct tayra_comparison){
			     .ratio = value, .lo = (double)NAN, .hi = (double)NAN });
	}
	free(us);
	return TAYRA_OK;
}

static int
run_stream(const struct miss_cost *m, const struct miss_stream *stream, int number)
{
	struct tayra_cache_options options = TAYRA_CACHE_OPTIONS_INIT;
	struct miss_result result;
	int status = TAYRA_OK;

	options.shards = 1;
	for (size_t l = 0; l < LIMITS; l++)
		for (int r = 0; r < RIVALS && status == TAYRA_OK; r++) {
			options.memory_bytes = limits[l].memory_bytes;
			options.charge_max = (uint64_t)(limits[l].share *
							(double)stream->footprint_bytes);
			options.policy = rivals[r].policy;
			options.objective = rivals[r].objective;
			options.seed = 2 * (uint64_t)number + rivals[r].seed;
			status = miss_cost_run(m, stream, &options, &result);
			figures.cost[l][r][number] = result.cost_ns;
			figures.misses[l][r][number] = (double)result.misses / (double)result.reads;
		}
	figures.footprint_bytes[number] = (double)stream->footprint_bytes;
	return status;
}

/* What is new, or was updated, has to be loaded whatever the policy. */
static int
run_unlimited(const struct miss_cost *m, const struct miss_stream *stream, int number)
{
	struct tayra_cache_options options = TAYRA_CACHE_OPTIONS_INIT;
	struct miss_result result;
	int status;

	options.memory_bytes = UNLIMITED_BYTES;
	options.policy = TAYRA_POLICY_LRU;
	status = miss_cost_run(m, stream, &options, &result);
	for (size_t l = 0; l < LIMITS; l++)
		figures.unavoidable[l][number] = result.cost_ns / figures.cost[l][LRU][number];
	return status;
}

static int
run_streams(struct miss_cost *m)
{
	int status = TAYRA_OK;

	for (int i = 0; i < STREAMS && status == TAYRA_OK; i++) {
		struct miss_stream stream;

		status = miss_cost_stream(m, (uint64_t)i + 1, REQUESTS, &stream);
		if (status < 0)
			break;
		status = run_stream(m, &stream, i);
		if (status == TAYRA_OK)
			status = run_unlimited(m, &stream, i);
		fprintf(stderr, "bench_catalogue: stream %d of %d: %u keys, %.1f MiB\n", i + 1,
			STREAMS, stream.keys, (double)stream.footprint_bytes / (1 << 20));
		miss_cost_stream_fini(&stream);
	}
	return status;
}

int
main(void)
{
	struct miss_cost m;
	char error[400];
	int status = miss_cost_open(&m, NULL, error, sizeof(error));

	if (status < 0) {
		fprintf(stderr, "bench_catalogue: %s\n", error);
		return 1;
	}
	status = run_streams(&m);
	if (status == TAYRA_OK)
		status = print_costs(&m);
	miss_cost_close(&m);
	if (status < 0) {
		fprintf(stderr, "bench_catalogue: %s\n", tayra_status_text(status));
		return 1;
	}
	print_spread("keys_and_values", "bytes", figures.footprint_bytes, STREAMS);
	for (size_t limit = 0; limit < LIMITS; limit++)
		print_limit(limit);
	return 0;
}
