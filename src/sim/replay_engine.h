/* SPDX-License-Identifier: Apache-2.0
 *
 * replay_engine.h: what replay.c asks of an engine, and its loop in pieces.
 */
#ifndef TAYRA_SIM_REPLAY_ENGINE_H
#define TAYRA_SIM_REPLAY_ENGINE_H

#include "sim/replay.h"

struct tayra__replay_engine {
	void *state;
	/* Replay rows [from, to), adding to the result.  => TAYRA_OK or the engine's failure. */
	int (*rows)(void *state, uint32_t from, uint32_t to, struct tayra__replay_result *result);
	double (*metadata_bytes)(const void *state);
	uint64_t
		empty_bytes; /* what it takes before the first row, where that counts as metadata */
	void (*destroy)(void *state);
};

/* => TAYRA_OK, TAYRA_E_INVAL, TAYRA_E_NOMEM. */
int tayra__replay_exact_create(const struct tayra__requests *requests,
			       const struct tayra__replay_options *options,
			       struct tayra__replay_engine *out);
int tayra__replay_cache_create(const struct tayra__requests *requests,
			       const struct tayra__replay_options *options,
			       struct tayra__replay_engine *out);

/* The production cache's policy of that name, -1 when it has none. */
int tayra__replay_cache_policy(const char *name);

/* Count a miss of that row. */
void tayra__replay_count_miss(const struct tayra__requests *requests, uint32_t row,
			      struct tayra__replay_result *result);

#endif
