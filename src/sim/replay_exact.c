/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/replay_engine.h"

#include <tayra/base.h>

#include "base/mem.h"
#include "sim/exact.h"
#include "sim/requests.h"
#include "sim/trace.h"

struct exact_replay {
	const struct tayra__requests *requests;
	struct tayra__exact *exact;
	double *expire_s; /* by id; NULL where nothing expires */
};

static bool
expired(const struct exact_replay *replay, uint32_t id, uint32_t row)
{
	return replay->expire_s && replay->requests->time_s[row] >= replay->expire_s[id];
}

static void
set_expiry(struct exact_replay *replay, uint32_t id, uint32_t row)
{
	double ttl_s = replay->requests->ttl_s[row];

	replay->expire_s[id] = ttl_s > 0 ? replay->requests->time_s[row] + ttl_s : __builtin_inf();
}

/* Returns whether it hit. */
static bool
get(struct exact_replay *replay, uint32_t id, uint32_t row)
{
	struct tayra__exact *exact = replay->exact;
	const struct tayra__exact_policy *policy = exact->policy;

	if (policy->resident(exact, id)) {
		if (!expired(replay, id, row)) {
			policy->hit(exact, id, row);
			return true;
		}
		policy->remove(exact, id);
	}
	if (tayra__exact_size(exact, id) > exact->options.capacity)
		return false;
	policy->miss(exact, id, row);
	if (replay->expire_s)
		set_expiry(replay, id, row);
	return false;
}

static int
rows(void *state, uint32_t from, uint32_t to, struct tayra__replay_result *result)
{
	struct exact_replay *replay = state;
	const struct tayra__requests *requests = replay->requests;
	struct tayra__exact *exact = replay->exact;

	for (uint32_t row = from; row < to; row++) {
		uint32_t id = requests->id[row];

		if (requests->op && requests->op[row] == TAYRA__TRACE_DELETE) {
			if (exact->policy->resident(exact, id))
				exact->policy->remove(exact, id);
		} else if (!get(replay, id, row)) {
			tayra__replay_count_miss(requests, row, result);
		}
	}
	return TAYRA_OK;
}

static double
metadata_bytes(const void *state)
{
	const struct exact_replay *replay = state;

	return tayra__exact_metadata_bytes(replay->exact, tayra__requests_index_bytes());
}

static void
destroy(void *state)
{
	struct exact_replay *replay = state;

	if (replay->exact)
		replay->exact->policy->destroy(replay->exact);
	tayra__mem_free(replay->expire_s);
	tayra__mem_free(replay);
}

static int
build(struct exact_replay *replay, const struct tayra__exact_policy *policy,
      const struct tayra__replay_options *options)
{
	const struct tayra__requests *requests = replay->requests;

	if (requests->ttl_s) {
		replay->expire_s = tayra__mem_array(requests->keys, sizeof(double));
		if (!replay->expire_s)
			return TAYRA_E_NOMEM;
	}
	return policy->create(
		&(struct tayra__exact_options){
			.capacity = options->capacity,
			.keys = requests->keys,
			.size = options->sizes == TAYRA__SIZES_REAL ? requests->size_bytes : NULL,
			.next_use = options->next_use,
			.cost_ms = options->costless ? NULL : requests->cost_ms,
			.objective = (int)options->objective,
			.seed = options->seed,
		},
		&replay->exact);
}

int
tayra__replay_exact_create(const struct tayra__requests *requests,
			   const struct tayra__replay_options *options,
			   struct tayra__replay_engine *out)
{
	const struct tayra__exact_policy *policy = tayra__exact_find(options->policy);
	struct exact_replay *replay;
	int status;

	if (!policy || (policy->looks_ahead && !options->next_use) || options->capacity == 0)
		return TAYRA_E_INVAL;
	replay = tayra__mem_alloc(sizeof(*replay));
	if (!replay)
		return TAYRA_E_NOMEM;
	replay->requests = requests;
	status = build(replay, policy, options);
	if (status) {
		destroy(replay);
		return status;
	}
	*out = (struct tayra__replay_engine){ replay, rows, metadata_bytes, 0, destroy };
	return TAYRA_OK;
}
