/* SPDX-License-Identifier: Apache-2.0
 *
 * keeper.h: everything policy `tayra` learns, for one engine (a shard of the cache, or the exact
 * replay): the value tables, the history of what left, and the guard.  The engine keeps a struct
 * tayra__reuse with each resident, tells of every use, and asks how to behave and what is worth
 * least.  Time is the number of uses.
 *
 * One block of memory, no pointers inside.  Not thread-safe.
 */
#ifndef TAYRA_LEARN_KEEPER_H
#define TAYRA_LEARN_KEEPER_H

#include "learn/guard.h"
#include "learn/history.h"

struct tayra__keeper_options {
	uint64_t capacity; /* of the engine, in charges */
	uint32_t history;  /* objects remembered after they left; >= 1 */
	uint32_t guard;    /* objects in each of the guard's stores; >= 16 */
	enum tayra__objective objective;
	uint64_t seed;
};

struct tayra__keeper {
	struct tayra__keeper_options options;
	struct tayra__values values;
	float cost_mean; /* of misses with a cost, fading */
	uint32_t now;
	uint32_t residents;  /* of the engine, as last told */
	uint32_t rebuild_at; /* request number */
	uint32_t rebuilds;
	size_t history_at, guard_at; /* in this block */
};

/* 0 when the numbers are too large. */
size_t tayra__keeper_bytes(const struct tayra__keeper_options *options);
/* In memory of that many bytes, aligned to 8. */
void tayra__keeper_init(struct tayra__keeper *keeper, const struct tayra__keeper_options *options);

/* A use of a resident.  worth: its own, whose reuse is brought up to date (freq 0: nothing is known
 * of it); key: 32 good bits of
 * hash; residents: how many the engine has. */
void tayra__keeper_hit(struct tayra__keeper *keeper, uint32_t key, struct tayra__worth *worth,
		       uint32_t residents);
/* A use of what is not resident: fills in worth->reuse from the history; charge and cost are
 * given, cost 0 for not known. */
void tayra__keeper_miss(struct tayra__keeper *keeper, uint32_t key, struct tayra__worth *worth,
			uint32_t residents);
/* The reuse that a miss of it now would give, counting nothing. */
struct tayra__reuse tayra__keeper_foresee(const struct tayra__keeper *keeper, uint32_t key,
					  uint64_t charge);
/* A cost that is not known is taken for the mean, one near nothing for a part of it. */
float tayra__keeper_cost(const struct tayra__keeper *keeper, float cost);
/* A resident was evicted, or a newcomer not let in. */
void tayra__keeper_gone(struct tayra__keeper *keeper, uint32_t key,
			const struct tayra__reuse *reuse);
/* A resident went for another reason: deleted, expired. */
void tayra__keeper_removed(struct tayra__keeper *keeper, const struct tayra__reuse *reuse);

/* A resident drawn at random: one for every miss. */
void tayra__keeper_met(struct tayra__keeper *keeper, const struct tayra__reuse *reuse);

/* How the engine should make room now. */
enum tayra__behaviour tayra__keeper_behaviour(const struct tayra__keeper *keeper);
/* Behave so from now on; the guard goes on from there. */
void tayra__keeper_prefer(struct tayra__keeper *keeper, enum tayra__behaviour behaviour);
/* Objects in the history. */
uint32_t tayra__keeper_remembered(const struct tayra__keeper *keeper);
/* For tests; walks everything. */
bool tayra__keeper_sound(const struct tayra__keeper *keeper);

#endif
