/* SPDX-License-Identifier: Apache-2.0
 *
 * replay.h: one cell: one trace through one policy at one capacity, with either engine.
 *
 * A row is a get, then a put on a miss, whatever its operation was, except a delete, which removes
 * and counts as no request.  An expired hit is a miss; the row that put an object sets its time to
 * live; an object larger than the capacity is not cached; cold misses count.
 *
 * Same requests, same options, same result, but for cpu_ns.
 */
#ifndef TAYRA_SIM_REPLAY_H
#define TAYRA_SIM_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "learn/worth.h"
#include "sim/capacity.h"

struct tayra__requests;

enum tayra__engine {
	TAYRA__ENGINE_EXACT, /* textbook policies of exact.h */
	TAYRA__ENGINE_CACHE, /* the production cache, its limit in charges */
};

/* Told now and then; false stops the replay.  `rows` of the trace are done. */
typedef bool tayra__replay_watch_fn(void *ctx, uint64_t rows);

struct tayra__replay_options {
	const char *policy;
	enum tayra__engine engine;
	enum tayra__sizes sizes; /* UNIT or REAL */
	uint64_t capacity;
	const uint32_t *next_use;        /* for policies that look ahead; see requests.h */
	enum tayra__objective objective; /* of policies that have one */
	bool costless;                   /* disregard the trace's costs */
	uint64_t seed;                   /* of whatever the engine does at random */
	tayra__replay_watch_fn *watch;   /* may be NULL */
	void *watch_ctx;
};

struct tayra__replay_result {
	uint64_t requests, misses;
	uint64_t missed_bytes; /* in real sizes, also when replayed at unit sizes */
	double missed_cost_ms;
	uint64_t cpu_ns; /* of this thread in the policy loop, bookkeeping included */
	double metadata_bytes_per_object;
	uint64_t empty_bytes; /* of these, whatever the objects: what an empty engine takes */
};

/* Does the engine know that policy?  *looks_ahead says if it needs next_use. */
bool tayra__replay_knows(enum tayra__engine engine, const char *policy, bool *looks_ahead);

/*
 * => TAYRA_OK; TAYRA_E_INVAL for an unknown policy or a missing next_use, TAYRA_E_NOMEM,
 *    TAYRA_E_CANCELLED when watch said so; a failure of the engine as it reports it.
 */
int tayra__replay_run(const struct tayra__requests *requests,
		      const struct tayra__replay_options *options,
		      struct tayra__replay_result *result);

#endif
