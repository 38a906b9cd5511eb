/* SPDX-License-Identifier: Apache-2.0
 *
 * worth.h: in which order residents go: the three behaviours an engine can have, and what is saved
 * by keeping an object under an objective.  Pure.
 */
#ifndef TAYRA_LEARN_WORTH_H
#define TAYRA_LEARN_WORTH_H

#include "learn/values.h"

#include <stdint.h>

enum tayra__behaviour {
	TAYRA__BEHAVE_S3FIFO,  /* by its queues */
	TAYRA__BEHAVE_LRU,     /* the least recently used of a sample */
	TAYRA__BEHAVE_LEARNED, /* the least valuable of a sample and the newcomer */
};
#define TAYRA__BEHAVIOURS 3

/* What a miss saved counts: one, its bytes, its cost. */
enum tayra__objective {
	TAYRA__OBJECTIVE_REQUESTS,
	TAYRA__OBJECTIVE_BYTES,
	TAYRA__OBJECTIVE_COST,
};

/* Residents looked at for one eviction. */
#define TAYRA__WORTH_SAMPLES 32

struct tayra__worth {
	struct tayra__reuse reuse;
	uint64_t charge; /* >= 1 */
	float cost;      /* of loading it; in any unit, the same for all */
};

/* What one miss of it counts. */
static inline double
tayra__worth_weight(enum tayra__objective objective, uint64_t charge, float cost)
{
	switch (objective) {
	case TAYRA__OBJECTIVE_REQUESTS: return 1;
	case TAYRA__OBJECTIVE_BYTES: return (double)charge;
	case TAYRA__OBJECTIVE_COST: return (double)cost;
	}
	return 1;
}

/*
 * What is saved per request and unit of room by keeping it: the least goes first.  With bytes as
 * the objective the charge is on both sides and cancels.
 */
static inline float
tayra__worth_of(const struct tayra__values *values, enum tayra__objective objective,
		const struct tayra__worth *worth, uint32_t now)
{
	float value = tayra__values_of(values, &worth->reuse, now);

	switch (objective) {
	case TAYRA__OBJECTIVE_REQUESTS: return value / (float)worth->charge;
	case TAYRA__OBJECTIVE_BYTES: return value;
	case TAYRA__OBJECTIVE_COST: return value * worth->cost / (float)worth->charge;
	}
	return value;
}

#endif
