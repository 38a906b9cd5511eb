/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/keeper.h"

#include <string.h>

#define REBUILD_RESIDENTS 2 /* requests between rebuilds, in residents */
#define REBUILD_LEAST     2048
#define READY_EVENTS      4096 /* uses and losses before the tables say anything */
#define READY_RESIDENTS   3    /* and requests, in residents */
#define COST_STEP         0.01f
#define COST_LEAST        0.01f /* of the mean: what is free to load is still not worth nothing */

static struct tayra__history *
history(const struct tayra__keeper *keeper)
{
	return (struct tayra__history *)((uintptr_t)keeper + keeper->history_at);
}

static struct tayra__guard *
guard(const struct tayra__keeper *keeper)
{
	return (struct tayra__guard *)((uintptr_t)keeper + keeper->guard_at);
}

static size_t
rounded(size_t bytes)
{
	return (bytes + 15) & ~(size_t)15;
}

size_t
tayra__keeper_bytes(const struct tayra__keeper_options *options)
{
	size_t history_bytes = tayra__history_bytes(options->history);

	if (history_bytes == 0 || options->guard > 1u << 24)
		return 0;
	return rounded(sizeof(struct tayra__keeper)) + rounded(history_bytes) +
	       rounded(tayra__guard_bytes(options->guard));
}

void
tayra__keeper_init(struct tayra__keeper *keeper, const struct tayra__keeper_options *options)
{
	memset(keeper, 0, sizeof(*keeper));
	keeper->options = *options;
	keeper->history_at = rounded(sizeof(*keeper));
	keeper->guard_at = keeper->history_at + rounded(tayra__history_bytes(options->history));
	keeper->rebuild_at = REBUILD_LEAST;
	tayra__values_init(&keeper->values);
	tayra__history_init(history(keeper), options->history);
	tayra__guard_init(guard(keeper), options->guard, options->seed);
}

static bool
ready(const struct tayra__keeper *keeper)
{
	return keeper->rebuilds > 0 && keeper->values.events >= READY_EVENTS &&
	       keeper->now >= READY_RESIDENTS * keeper->residents;
}

static void
rebuild(struct tayra__keeper *keeper)
{
	uint32_t wait = keeper->residents * REBUILD_RESIDENTS;

	tayra__values_rebuild(&keeper->values, keeper->residents, history(keeper)->count);
	keeper->rebuilds++;
	keeper->rebuild_at = keeper->now + (wait > REBUILD_LEAST ? wait : REBUILD_LEAST);
}

/* What hits and misses have in common, after the reuse is up to date. */
static void
count(struct tayra__keeper *keeper, uint32_t key, const struct tayra__worth *worth,
      uint32_t residents)
{
	struct tayra__guard_request request = {
		.key = key,
		.worth = *worth,
		.now = keeper->now,
		.capacity = keeper->options.capacity,
		.residents = residents,
		.objective = keeper->options.objective,
		.values = ready(keeper) ? &keeper->values : NULL,
	};

	keeper->residents = residents;
	tayra__guard_request(guard(keeper), &request);
	if ((int32_t)(keeper->now - keeper->rebuild_at) >= 0)
		rebuild(keeper);
}

void
tayra__keeper_hit(struct tayra__keeper *keeper, uint32_t key, struct tayra__worth *worth,
		  uint32_t residents)
{
	keeper->now++;
	if (worth->reuse.freq)
		tayra__values_used(&keeper->values, &worth->reuse, keeper->now - worth->reuse.last);
	tayra__reuse_again(&worth->reuse, keeper->now);
	count(keeper, key, worth, residents);
}

static void
learn_cost(struct tayra__keeper *keeper, float cost)
{
	float mean = keeper->cost_mean;

	if (cost > 0)
		keeper->cost_mean = mean > 0 ? mean + COST_STEP * (cost - mean) : cost;
}

float
tayra__keeper_cost(const struct tayra__keeper *keeper, float cost)
{
	float mean = keeper->cost_mean;

	if (!(cost > 0))
		return mean > 0 ? mean : 1;
	return cost > COST_LEAST * mean ? cost : COST_LEAST * mean;
}

struct tayra__reuse
tayra__keeper_foresee(const struct tayra__keeper *keeper, uint32_t key, uint64_t charge)
{
	struct tayra__reuse reuse = { 0 };

	tayra__history_find(history(keeper), key, &reuse);
	tayra__reuse_again(&reuse, keeper->now + 1);
	reuse.last = keeper->now; /* an age of -1 would be the oldest there is */
	reuse.size = tayra__reuse_size(charge);
	return reuse;
}

void
tayra__keeper_miss(struct tayra__keeper *keeper, uint32_t key, struct tayra__worth *worth,
		   uint32_t residents)
{
	uint32_t now = ++keeper->now;
	struct tayra__reuse past;

	worth->reuse = (struct tayra__reuse){
		.size = tayra__reuse_size(worth->charge),
		.spare = worth->reuse.spare,
	};
	if (tayra__history_take(history(keeper), key, &past)) {
		tayra__values_used(&keeper->values, &past, now - past.last);
		worth->reuse.freq = past.freq;
		worth->reuse.distance = past.distance;
		worth->reuse.last = past.last;
	}
	tayra__reuse_again(&worth->reuse, now);
	learn_cost(keeper, worth->cost);
	worth->cost = tayra__keeper_cost(keeper, worth->cost);
	count(keeper, key, worth, residents);
}

void
tayra__keeper_gone(struct tayra__keeper *keeper, uint32_t key, const struct tayra__reuse *reuse)
{
	tayra__history_add(history(keeper), key, reuse, keeper->now, &keeper->values);
}

void
tayra__keeper_removed(struct tayra__keeper *keeper, const struct tayra__reuse *reuse)
{
	tayra__values_censored(&keeper->values, reuse, keeper->now - reuse->last);
}

void
tayra__keeper_met(struct tayra__keeper *keeper, const struct tayra__reuse *reuse)
{
	tayra__values_alive(&keeper->values, TAYRA__ALIVE_RESIDENT, reuse,
			    keeper->now - reuse->last);
}

enum tayra__behaviour
tayra__keeper_behaviour(const struct tayra__keeper *keeper)
{
	return guard(keeper)->behaviour;
}

uint32_t
tayra__keeper_remembered(const struct tayra__keeper *keeper)
{
	return history(keeper)->count;
}

void
tayra__keeper_prefer(struct tayra__keeper *keeper, enum tayra__behaviour behaviour)
{
	guard(keeper)->behaviour = behaviour;
}

bool
tayra__keeper_sound(const struct tayra__keeper *keeper)
{
	return tayra__history_sound(history(keeper)) && tayra__guard_sound(guard(keeper));
}
