/* SPDX-License-Identifier: Apache-2.0
 *
 * tayra.c: evict what is worth least of a sample, by what was learned of its uses (learn/keeper.h);
 * where the guard finds that this misses more, the least recently used of the sample, or S3-FIFO.
 * The queues and ghosts are S3-FIFO's at all times (s3fifo.c does them), so that it can change
 * over.
 *
 * A newcomer that is worth less than the whole sample is let in all the same: whoever has just
 * stored a value expects to find it.  It is then the next to go, unless it is used before, so that
 * all such newcomers together take the room of one.
 *
 * Time is the number of uses: hits, and arrivals of keys that were not resident.  Replacing a value
 * is no use.  The keeper lies between the shard's state and its blocks.
 */
#include "cache/policy.h"

#include "cache/index.h"
#include "learn/keeper.h"

#include <string.h>

#define OWN_MIN       (4ull << 20) /* a smaller shard has no room for tables */
#define GUARD_SHARE   32           /* of the shard, for the guard's stores */
#define GUARD_LEAST   512          /* objects; with 188 the guard was wrong for long */
#define GUARD_MOST    2048
#define HISTORY_SHARE 32                         /* of the shard, at most */
#define LOOK_MAX      (4 * TAYRA__WORTH_SAMPLES) /* buckets */
#define DRAWN_MAX     (TAYRA__WORTH_SAMPLES + TAYRA__INDEX_CHAIN_MAX)

/* => it learns. */
static struct tayra__keeper *
keeper_of(const struct tayra__policy_state *state, struct tayra__pool *pool)
{
	return (struct tayra__keeper *)(void *)((char *)pool + state->learned.keeper_at);
}

static const struct tayra__index *
index_of(const struct tayra__policy_state *state, struct tayra__pool *pool)
{
	return (const struct tayra__index *)(const void *)((const char *)pool +
							   state->learned.index_at);
}

/* Is anything to be told to the keeper? */
static bool
learns(const struct tayra__policy_state *state)
{
	return state->learned.keeper_at != 0 && state->learned.learning != TAYRA_LEARNING_OFF;
}

static struct tayra__keeper_options
options_for(uint64_t shard_bytes)
{
	uint64_t guard = shard_bytes / GUARD_SHARE * 1024 / tayra__guard_bytes(1024);
	uint64_t most = shard_bytes / HISTORY_SHARE / sizeof(struct tayra__past);
	uint32_t history = TAYRA__HISTORY_WAYS;

	while (2ull * history <= most && history < 1u << 28)
		history *= 2;
	return (struct tayra__keeper_options){
		.history = history,
		.guard = (uint32_t)(guard < GUARD_LEAST  ? GUARD_LEAST
				    : guard < GUARD_MOST ? guard
							 : GUARD_MOST),
	};
}

static uint64_t
own_bytes(uint64_t shard_bytes)
{
	const struct tayra__keeper_options options = options_for(shard_bytes);

	return shard_bytes < OWN_MIN ? 0 : tayra__keeper_bytes(&options);
}

static void
init(struct tayra__policy_state *state, struct tayra__pool *pool,
     const struct tayra__policy_plan *plan)
{
	struct tayra__learned *learned = &state->learned;
	struct tayra__keeper_options options = options_for(plan->bytes);

	tayra__policy_s3fifo.init(state, pool, plan);
	learned->index_at = plan->index_at;
	learned->learning = plan->learning;
	tayra__rng_init(&learned->rng, plan->seed);
	if (own_bytes(plan->bytes) == 0)
		return;
	learned->keeper_at = plan->own_at;
	options.capacity = state->capacity;
	options.objective = (enum tayra__objective)plan->objective;
	options.seed = plan->seed;
	tayra__keeper_init(keeper_of(state, pool), &options);
}

/*
 * All residents of as many buckets as hold `want`: an entry's bucket is its hash's, so this is as
 * good as drawing each.  The step is random too: neighbours that were always drawn together made
 * small caches of a few buckets, each evicting its own least, and missed 1.5 points more.  Returns
 * how many.
 */
static uint32_t
draw(struct tayra__policy_state *state, struct tayra__pool *pool, uint32_t want, uint32_t *out)
{
	const struct tayra__index *index = index_of(state, pool);
	uint32_t bucket = (uint32_t)tayra__rng_below(&state->learned.rng, index->buckets);
	uint32_t step = 1 + (uint32_t)tayra__rng_below(&state->learned.rng, index->buckets - 1);
	uint32_t heads[TAYRA__WORTH_SAMPLES], count = 0;

	for (uint32_t looked = 0; looked < LOOK_MAX && count < want; looked += want) {
		/* All of them first, so that the items are on their way while others are read. */
		for (uint32_t i = 0; i < want; i++) {
			heads[i] = tayra__index_bucket(index, pool, bucket);
			__builtin_prefetch(tayra__pool_at(pool, heads[i]));
			__builtin_prefetch((char *)tayra__pool_at(pool, heads[i]) + 64);
			bucket = bucket < index->buckets - step ? bucket + step
								: bucket - (index->buckets - step);
		}
		for (uint32_t i = 0; i < want && count < want; i++)
			for (uint32_t ref = heads[i]; ref;
			     ref = tayra__entry_at(pool, ref)->node.chain)
				out[count++] = ref;
	}
	return count;
}

static struct tayra__worth
worth_of(const struct tayra__keeper *keeper, const struct tayra__item *item)
{
	struct tayra__worth worth = {
		.reuse = tayra__item_reuse(item),
		.charge = tayra__item_charge(item),
	};

	if (keeper->options.objective == TAYRA__OBJECTIVE_COST)
		worth.cost = tayra__keeper_cost(keeper, (float)tayra__item_cost_unpack(item->cost));
	return worth;
}

struct tayra__keeper *
tayra__policy_tayra_keeper(const struct tayra__policy_state *state, struct tayra__pool *pool)
{
	return state->learned.keeper_at ? keeper_of(state, pool) : NULL;
}

static enum tayra__behaviour
behaviour(const struct tayra__policy_state *state, struct tayra__pool *pool)
{
	if (state->learned.keeper_at == 0 || state->learned.learning != TAYRA_LEARNING_ON)
		return TAYRA__BEHAVE_S3FIFO;
	return tayra__keeper_behaviour(keeper_of(state, pool));
}

/* Room will be made for this one; a newcomer is compared with what would go. */
static void
expect(struct tayra__policy_state *state, const struct tayra__arrival *arrival,
       const struct tayra__reuse *reuse)
{
	state->learned.arrival = *arrival;
	state->learned.reuse = *reuse;
	if (arrival->resident)
		state->learned.arrival.charge = 0;
	state->least = false;
}

static enum tayra__place
admit(struct tayra__policy_state *state, struct tayra__pool *pool,
      const struct tayra__arrival *arrival)
{
	struct tayra__reuse reuse = { 0 };

	if (learns(state) && !arrival->resident)
		reuse = tayra__keeper_foresee(keeper_of(state, pool), (uint32_t)arrival->hash,
					      arrival->charge);
	expect(state, arrival, &reuse);
	return tayra__policy_s3fifo.admit(state, pool, arrival);
}

/* Show the keeper a resident. */
static void
show(struct tayra__policy_state *state, struct tayra__pool *pool)
{
	uint32_t drawn[DRAWN_MAX], count = draw(state, pool, 1, drawn);
	struct tayra__reuse reuse;

	if (count == 0)
		return;
	reuse = tayra__item_reuse(
		tayra__item_at(pool, drawn[tayra__rng_below(&state->learned.rng, count)]));
	if (reuse.freq)
		tayra__keeper_met(keeper_of(state, pool), &reuse);
}

/* A use of a key that was not resident. */
static void
count_miss(struct tayra__policy_state *state, struct tayra__pool *pool, struct tayra__item *item,
	   const struct tayra__arrival *arrival)
{
	struct tayra__worth worth = {
		.charge = arrival->charge,
		.cost = (float)arrival->cost_ns,
	};

	show(state, pool);
	tayra__keeper_miss(keeper_of(state, pool), (uint32_t)arrival->hash, &worth,
			   index_of(state, pool)->count);
	tayra__item_set_reuse(item, &worth.reuse);
}

static void
arrive(struct tayra__policy_state *state, struct tayra__pool *pool, uint32_t ref,
       const struct tayra__arrival *arrival)
{
	struct tayra__item *item = tayra__item_at(pool, ref);
	struct tayra__reuse reuse = { 0 };

	if (learns(state) && !arrival->resident) {
		count_miss(state, pool, item, arrival);
		reuse = tayra__item_reuse(item);
	}
	expect(state, arrival, &reuse);
	state->least = item->traits & TAYRA__ITEM_LEAST;
}

static void
insert(struct tayra__policy_state *state, struct tayra__pool *pool, uint32_t ref)
{
	tayra__policy_s3fifo.insert(state, pool, ref);
	if (state->least)
		state->learned.next = ref;
	state->least = false;
}

static void
hit(struct tayra__policy_state *state, struct tayra__pool *pool, uint32_t ref)
{
	struct tayra__item *item = tayra__item_at(pool, ref);
	struct tayra__worth worth;

	tayra__policy_s3fifo.hit(state, pool, ref);
	if (state->learned.next == ref)
		state->learned.next = 0;
	if (!learns(state))
		return;
	worth = worth_of(keeper_of(state, pool), item);
	tayra__keeper_hit(keeper_of(state, pool), item->entry.node.hash, &worth,
			  index_of(state, pool)->count);
	tayra__item_set_reuse(item, &worth.reuse);
}

static void
replace(struct tayra__policy_state *state, struct tayra__pool *pool, uint32_t old, uint32_t fresh)
{
	const struct tayra__reuse reuse = tayra__item_reuse(tayra__item_at(pool, old));

	tayra__policy_s3fifo.replace(state, pool, old, fresh);
	tayra__item_set_reuse(tayra__item_at(pool, fresh), &reuse);
	if (state->learned.next == old)
		state->learned.next = fresh;
}

static void
take_out(struct tayra__policy_state *state, struct tayra__pool *pool, uint32_t ref)
{
	tayra__policy_s3fifo.remove(state, pool, ref);
	if (state->learned.next == ref)
		state->learned.next = 0;
}

static void
lost(struct tayra__policy_state *state, struct tayra__pool *pool, uint32_t ref,
     enum tayra__loss why)
{
	const struct tayra__item *item = tayra__item_at(pool, ref);
	const struct tayra__reuse reuse = tayra__item_reuse(item);

	if (!learns(state) || reuse.freq == 0)
		return;
	if (why == TAYRA__LOSS_OVER)
		tayra__keeper_removed(keeper_of(state, pool), &reuse);
	else
		tayra__keeper_gone(keeper_of(state, pool), item->entry.node.hash, &reuse);
}

/* What the newcomer is worth; infinite when there is none or it need not be compared. */
static float
rank_arrival(const struct tayra__policy_state *state, const struct tayra__keeper *keeper)
{
	const struct tayra__arrival *arrival = &state->learned.arrival;
	const struct tayra__worth worth = {
		.reuse = state->learned.reuse,
		.charge = arrival->charge,
		.cost = tayra__keeper_cost(keeper, (float)arrival->cost_ns),
	};

	if (arrival->charge == 0)
		return __builtin_inff();
	return tayra__worth_of(&keeper->values, keeper->options.objective, &worth, keeper->now);
}

/* The least of a sample that nobody holds; 0 when there is none.  *worth is then its rank. */
static uint32_t
least_of_sample(struct tayra__policy_state *state, struct tayra__pool *pool,
		enum tayra__behaviour how, float *worth)
{
	const struct tayra__keeper *keeper = keeper_of(state, pool);
	uint32_t drawn[DRAWN_MAX], count = draw(state, pool, TAYRA__WORTH_SAMPLES, drawn);
	uint32_t least = 0;

	*worth = __builtin_inff();
	for (uint32_t i = 0; i < count; i++) {
		struct tayra__item *item = tayra__item_at(pool, drawn[i]);
		const struct tayra__worth its = worth_of(keeper, item);
		float rank = how == TAYRA__BEHAVE_LRU
				     ? -(float)(keeper->now - its.reuse.last)
				     : tayra__worth_of(&keeper->values, keeper->options.objective,
						       &its, keeper->now);

		if (rank < *worth && tayra__item_pins(item) == 0) {
			*worth = rank;
			least = drawn[i];
		}
	}
	return least;
}

/* A newcomer that lost before goes first, but the one that comes now is compared all the same. */
static uint32_t
by_sample(struct tayra__policy_state *state, struct tayra__pool *pool, enum tayra__behaviour how)
{
	uint32_t next = state->learned.next;
	float worth;
	uint32_t ref = least_of_sample(state, pool, how, &worth);

	if (how == TAYRA__BEHAVE_LEARNED && !state->least && ref)
		state->least = rank_arrival(state, keeper_of(state, pool)) < worth;
	if (next && tayra__item_pins(tayra__item_at(pool, next)) == 0)
		return next;
	return ref;
}

static uint32_t
victim(struct tayra__policy_state *state, struct tayra__pool *pool)
{
	enum tayra__behaviour how = behaviour(state, pool);
	uint32_t ref = 0;

	tayra__policy_s3fifo_fit(state, pool);
	if (learns(state))
		keeper_of(state, pool)->options.capacity = state->capacity ? state->capacity : 1;
	if (how != TAYRA__BEHAVE_S3FIFO && index_of(state, pool)->count)
		ref = by_sample(state, pool, how);
	if (ref) {
		take_out(state, pool, ref);
		return ref;
	}
	ref = tayra__policy_s3fifo.victim(state, pool);
	if (ref == state->learned.next)
		state->learned.next = 0;
	return ref;
}

static void
evicted(struct tayra__policy_state *state, struct tayra__pool *pool,
	const struct tayra__victim *gone)
{
	tayra__policy_s3fifo.evicted(state, pool, gone);
	if (learns(state) && gone->reuse.freq)
		tayra__keeper_gone(keeper_of(state, pool), (uint32_t)gone->hash, &gone->reuse);
}

const struct tayra__policy tayra__policy_tayra = {
	.name = "tayra",
	.init = init,
	.admit = admit,
	.insert = insert,
	.hit = hit,
	.replace = replace,
	.remove = take_out,
	.victim = victim,
	.evicted = evicted,
	.own_bytes = own_bytes,
	.arrive = arrive,
	.lost = lost,
};
