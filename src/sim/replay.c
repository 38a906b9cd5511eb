/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/replay.h"

#include <tayra/base.h>
#include <tayra/cache.h>

#include <string.h>

#include "base/clock.h"
#include "sim/exact.h"
#include "sim/replay_engine.h"
#include "sim/requests.h"

#define WATCH_ROWS 65536u

void
tayra__replay_count_miss(const struct tayra__requests *requests, uint32_t row,
			 struct tayra__replay_result *result)
{
	result->misses++;
	result->missed_bytes += requests->size_bytes[requests->id[row]];
	if (requests->cost_ms)
		result->missed_cost_ms += requests->cost_ms[row];
}

bool
tayra__replay_knows(enum tayra__engine engine, const char *policy, bool *looks_ahead)
{
	const struct tayra__exact_policy *exact = tayra__exact_find(policy);

	*looks_ahead = false;
	if (engine == TAYRA__ENGINE_CACHE)
		return tayra__replay_cache_policy(policy) >= 0;
	if (exact)
		*looks_ahead = exact->looks_ahead;
	return exact != NULL;
}

static int
run(const struct tayra__requests *requests, const struct tayra__replay_options *options,
    struct tayra__replay_engine *engine, struct tayra__replay_result *result)
{
	for (uint32_t row = 0; row < requests->count;) {
		uint32_t left = requests->count - row;
		uint32_t to = row + (left < WATCH_ROWS ? left : WATCH_ROWS);
		uint64_t start = tayra__clock_thread_cpu_ns();
		int status = engine->rows(engine->state, row, to, result);

		result->cpu_ns += tayra__clock_thread_cpu_ns() - start;
		if (status)
			return status;
		row = to;
		if (options->watch && !options->watch(options->watch_ctx, row))
			return TAYRA_E_CANCELLED;
	}
	return TAYRA_OK;
}

int
tayra__replay_run(const struct tayra__requests *requests,
		  const struct tayra__replay_options *options, struct tayra__replay_result *result)
{
	struct tayra__replay_engine engine;
	int status = options->engine == TAYRA__ENGINE_CACHE
			     ? tayra__replay_cache_create(requests, options, &engine)
			     : tayra__replay_exact_create(requests, options, &engine);

	*result = (struct tayra__replay_result){ .requests = requests->gets };
	if (status)
		return status;
	status = run(requests, options, &engine, result);
	result->metadata_bytes_per_object = engine.metadata_bytes(engine.state);
	result->empty_bytes = engine.empty_bytes;
	engine.destroy(engine.state);
	if (status)
		*result = (struct tayra__replay_result){ 0 };
	return status;
}
