/* SPDX-License-Identifier: Apache-2.0
 *
 * s3fifo.c: Yang, Zhang, Qiu, Yue and Rashmi, "FIFO queues are all you need for cache eviction",
 * SOSP'23.  A small FIFO for newcomers (10% of the capacity), a main FIFO with second chances for
 * what was used again, and a ghost FIFO (90% of the capacity in charges) of what left the small
 * one: a key found there goes straight to main.
 *
 * Replacing a value keeps the key's place and its count: a refresh says nothing about demand.
 */
#include "cache/policy.h"

#define FREQ_MAX     3
#define FREQ_PROMOTE 2 /* uses in small that earn a place in main */

static uint32_t
freq(const struct tayra__item *item)
{
	return item->traits & TAYRA__ITEM_FREQ;
}

static void
set_freq(struct tayra__item *item, uint32_t value)
{
	item->traits = (uint8_t)((item->traits & ~TAYRA__ITEM_FREQ) | value);
}

static uint64_t
tenth(uint64_t capacity)
{
	return capacity / 10;
}

/* floor(0.9 c) without passing 2^64. */
static uint64_t
nine_tenths(uint64_t capacity)
{
	return capacity - tenth(capacity) - (capacity % 10 ? 1 : 0);
}

/*
 * With the bytes that items and ghosts share as the capacity instead, what is resident would never
 * be nine tenths of it: main would never be over its share and give nothing back.
 */
void
tayra__policy_s3fifo_fit(struct tayra__policy_state *state, struct tayra__pool *pool)
{
	struct tayra__ghosts *ghosts = &state->ghosts;

	if (state->by_charge)
		return;
	state->capacity = state->queues[TAYRA__PLACE_MAIN].charge +
			  state->queues[TAYRA__PLACE_SMALL].charge;
	ghosts->charge_max = nine_tenths(state->capacity);
	while (ghosts->queue.charge > ghosts->charge_max)
		tayra__ghosts_drop(ghosts, pool, ghosts->queue.oldest);
}

static void
init(struct tayra__policy_state *state, struct tayra__pool *pool,
     const struct tayra__policy_plan *plan)
{
	(void)pool;
	state->ghosts.charge_max = nine_tenths(state->capacity);
	state->ghosts.count_max = plan->ghosts_max;
}

static enum tayra__place
admit(struct tayra__policy_state *state, struct tayra__pool *pool,
      const struct tayra__arrival *arrival)
{
	return tayra__ghosts_take(&state->ghosts, pool, arrival->hash) ? TAYRA__PLACE_MAIN
								       : TAYRA__PLACE_SMALL;
}

static void
insert(struct tayra__policy_state *state, struct tayra__pool *pool, uint32_t ref)
{
	const struct tayra__item *item = tayra__item_at(pool, ref);

	tayra__fifo_push(&state->queues[item->place], pool, ref, tayra__item_charge(item));
}

static void
take_out(struct tayra__policy_state *state, struct tayra__pool *pool, uint32_t ref)
{
	const struct tayra__item *item = tayra__item_at(pool, ref);

	tayra__fifo_remove(&state->queues[item->place], pool, ref, tayra__item_charge(item));
}

static void
hit(struct tayra__policy_state *state, struct tayra__pool *pool, uint32_t ref)
{
	struct tayra__item *item = tayra__item_at(pool, ref);

	(void)state;
	if (freq(item) < FREQ_MAX)
		set_freq(item, freq(item) + 1);
}

static void
replace(struct tayra__policy_state *state, struct tayra__pool *pool, uint32_t old, uint32_t fresh)
{
	const struct tayra__item *before = tayra__item_at(pool, old);
	struct tayra__item *after = tayra__item_at(pool, fresh);

	after->place = before->place;
	set_freq(after, freq(before));
	tayra__fifo_replace(&state->queues[after->place], pool, old, tayra__item_charge(before),
			    fresh, tayra__item_charge(after));
}

/* The oldest of main that was not used since it was last here. */
static uint32_t
victim_main(struct tayra__policy_state *state, struct tayra__pool *pool)
{
	uint32_t ref;

	while ((ref = state->queues[TAYRA__PLACE_MAIN].oldest)) {
		struct tayra__item *item = tayra__item_at(pool, ref);

		take_out(state, pool, ref);
		if (freq(item) == 0)
			return ref;
		set_freq(item, freq(item) - 1);
		insert(state, pool, ref);
	}
	return 0;
}

/* The oldest of small that was not used enough; what was moves to main. */
static uint32_t
victim_small(struct tayra__policy_state *state, struct tayra__pool *pool)
{
	uint32_t ref;

	while ((ref = state->queues[TAYRA__PLACE_SMALL].oldest)) {
		struct tayra__item *item = tayra__item_at(pool, ref);

		take_out(state, pool, ref);
		if (freq(item) < FREQ_PROMOTE)
			return ref;
		set_freq(item, 0);
		item->place = TAYRA__PLACE_MAIN;
		insert(state, pool, ref);
	}
	return 0;
}

static uint32_t
victim(struct tayra__policy_state *state, struct tayra__pool *pool)
{
	uint64_t main_max;
	uint32_t ref = 0;

	tayra__policy_s3fifo_fit(state, pool);
	main_max = state->capacity - tenth(state->capacity);

	if (state->queues[TAYRA__PLACE_MAIN].charge <= main_max)
		ref = victim_small(state, pool);
	return ref ? ref : victim_main(state, pool);
}

static void
evicted(struct tayra__policy_state *state, struct tayra__pool *pool,
	const struct tayra__victim *gone)
{
	if (gone->place == TAYRA__PLACE_SMALL)
		tayra__ghosts_add(&state->ghosts, pool, gone->hash, gone->charge);
}

const struct tayra__policy tayra__policy_s3fifo = {
	.name = "s3fifo",
	.init = init,
	.admit = admit,
	.insert = insert,
	.hit = hit,
	.replace = replace,
	.remove = take_out,
	.victim = victim,
	.evicted = evicted,
};
