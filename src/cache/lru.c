/* SPDX-License-Identifier: Apache-2.0
 *
 * lru.c: least recently used.  One queue; a get and a put both are uses.
 */
#include "cache/policy.h"

static void
init(struct tayra__policy_state *state, struct tayra__pool *pool,
     const struct tayra__policy_plan *plan)
{
	(void)state;
	(void)pool;
	(void)plan;
}

static enum tayra__place
admit(struct tayra__policy_state *state, struct tayra__pool *pool,
      const struct tayra__arrival *arrival)
{
	(void)state;
	(void)pool;
	(void)arrival;
	return TAYRA__PLACE_MAIN;
}

static void
insert(struct tayra__policy_state *state, struct tayra__pool *pool, uint32_t ref)
{
	tayra__fifo_push(&state->queues[TAYRA__PLACE_MAIN], pool, ref,
			 tayra__item_charge(tayra__item_at(pool, ref)));
}

static void
take_out(struct tayra__policy_state *state, struct tayra__pool *pool, uint32_t ref)
{
	tayra__fifo_remove(&state->queues[TAYRA__PLACE_MAIN], pool, ref,
			   tayra__item_charge(tayra__item_at(pool, ref)));
}

static void
hit(struct tayra__policy_state *state, struct tayra__pool *pool, uint32_t ref)
{
	take_out(state, pool, ref);
	insert(state, pool, ref);
}

static void
replace(struct tayra__policy_state *state, struct tayra__pool *pool, uint32_t old, uint32_t fresh)
{
	take_out(state, pool, old);
	tayra__item_at(pool, fresh)->place = TAYRA__PLACE_MAIN;
	insert(state, pool, fresh);
}

static uint32_t
victim(struct tayra__policy_state *state, struct tayra__pool *pool)
{
	uint32_t ref = state->queues[TAYRA__PLACE_MAIN].oldest;

	if (ref)
		take_out(state, pool, ref);
	return ref;
}

static void
evicted(struct tayra__policy_state *state, struct tayra__pool *pool,
	const struct tayra__victim *gone)
{
	(void)state;
	(void)pool;
	(void)gone;
}

const struct tayra__policy tayra__policy_lru = {
	.name = "lru",
	.init = init,
	.admit = admit,
	.insert = insert,
	.hit = hit,
	.replace = replace,
	.remove = take_out,
	.victim = victim,
	.evicted = evicted,
};
