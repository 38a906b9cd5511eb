/* SPDX-License-Identifier: Apache-2.0
 *
 * room.c: making room in a shard.  First evict what the policy chooses, until as many bytes as are
 * needed were freed.  Scattered holes may still not hold a large value, and going on would empty
 * the shard; so then clear one run of neighbouring blocks, wherever it costs least search: from the
 * oldest item on.  Together at most about twice the bytes needed are evicted, five times for small
 * values.  Pinned items are unlinked when chosen, but free nothing now; after a few of them, give
 * up on the policy's choice.
 */
#include "cache/room.h"

#include "base/hash.h"

#define PINNED_VICTIMS_MAX 16
/* For a small value a little more may go: the holes are used by the next ones. */
#define SMALL_SHARE 256 /* of the largest there may be */
#define SMALL_TIMES 4

/* What the policy wants to know of an item after its memory is gone. */
static struct tayra__victim
describe(const struct tayra__shard *shard, uint32_t ref)
{
	const struct tayra__item *item = tayra__item_at(&shard->state->pool, ref);

	return (struct tayra__victim){
		.hash = tayra__hash_bytes(tayra__item_key(item), item->key_len, shard->seed),
		.charge = tayra__item_charge(item),
		.place = (enum tayra__place)item->place,
		.reuse = tayra__item_reuse(item),
	};
}

/* The item has left its queue.  Returns the units freed. */
static uint32_t
evict_taken(struct tayra__shard *shard, uint32_t ref)
{
	struct tayra__shard_state *state = shard->state;
	struct tayra__victim victim = describe(shard, ref);
	uint32_t freed = tayra__shard_unlink(shard, ref);

	state->counters.evictions++;
	shard->policy->evicted(&state->policy, &state->pool, &victim);
	return freed;
}

void
tayra__room_evict(struct tayra__shard *shard, uint32_t ref)
{
	shard->policy->remove(&shard->state->policy, &shard->state->pool, ref);
	evict_taken(shard, ref);
}

void
tayra__room_make_charge(struct tayra__shard *shard, const struct tayra__key *key, uint64_t charge)
{
	struct tayra__shard_state *state = shard->state;

	for (;;) {
		/* Looked up each time: the value to be replaced may itself be evicted. */
		uint32_t old = tayra__shard_find(shard, key);
		uint64_t gone = old ? tayra__item_charge(tayra__item_at(&state->pool, old)) : 0;

		if (charge <= state->charge_max - (state->charge - gone))
			return;
		evict_taken(shard, shard->policy->victim(&state->policy, &state->pool));
	}
}

static bool
clearable(struct tayra__pool *pool, uint32_t ref)
{
	struct tayra__item *item = tayra__item_at(pool, ref);

	switch (tayra__block_kind(&item->entry.block)) {
	case TAYRA__BLOCK_FREE:
	case TAYRA__BLOCK_GHOST: return true;
	case TAYRA__BLOCK_ITEM:
		return (item->traits & TAYRA__ITEM_RESIDENT) && tayra__item_pins(item) == 0;
	case TAYRA__BLOCK_TABLE:
	case TAYRA__BLOCK_END: break;
	}
	return false;
}

/* The first run of clearable neighbours of `units` or more that begins at `from` or after. */
static uint32_t
find_run(struct tayra__pool *pool, uint32_t from, uint32_t units)
{
	uint32_t start = from;

	for (uint32_t at = from; at != pool->end;) {
		uint32_t next = at + tayra__block_units(tayra__pool_at(pool, at));

		if (!clearable(pool, at))
			start = next;
		else if (next - start >= units)
			return start;
		at = next;
	}
	return 0;
}

/* Empty the first `units` of the run at `start`, or a little more. */
static void
clear_run(struct tayra__shard *shard, uint32_t start, uint32_t units)
{
	struct tayra__shard_state *state = shard->state;
	struct tayra__ghosts *ghosts = &state->policy.ghosts;

	for (uint32_t at = start; at - start < units;) {
		const struct tayra__block *block = tayra__pool_at(&state->pool, at);
		uint32_t next = at + tayra__block_units(block);

		if (tayra__block_kind(block) == TAYRA__BLOCK_GHOST) {
			tayra__ghosts_drop(ghosts, &state->pool, at);
		} else if (tayra__block_kind(block) == TAYRA__BLOCK_ITEM) {
			/* No ghost: it would be put into the room being made. */
			if (shard->policy->lost)
				shard->policy->lost(&state->policy, &state->pool, at,
						    TAYRA__LOSS_IN_WAY);
			shard->policy->remove(&state->policy, &state->pool, at);
			tayra__shard_unlink(shard, at);
			state->counters.evictions++;
		}
		at = next;
	}
}

/* Evict by policy.  Returns the block, 0 when that did not help. */
static uint32_t
make_by_policy(struct tayra__shard *shard, uint32_t units, enum tayra__block_kind kind)
{
	struct tayra__shard_state *state = shard->state;
	uint32_t freed = 0, pinned = 0;
	uint32_t enough = units <= state->item_units_max / SMALL_SHARE ? SMALL_TIMES * units
								       : units;

	while (freed < enough && pinned < PINNED_VICTIMS_MAX) {
		uint32_t ref = shard->policy->victim(&state->policy, &state->pool);

		if (ref == 0)
			return 0;
		uint32_t more = evict_taken(shard, ref);

		freed += more;
		pinned += more == 0;
		ref = tayra__pool_alloc(&state->pool, units, kind);
		if (ref)
			return ref;
	}
	return 0;
}

static uint32_t
make_by_address(struct tayra__shard *shard, uint32_t units, enum tayra__block_kind kind)
{
	struct tayra__shard_state *state = shard->state;
	struct tayra__pool *pool = &state->pool;
	uint32_t run_units = tayra__pool_fit_units(units);
	uint32_t from = state->policy.queues[TAYRA__PLACE_SMALL].oldest;
	uint32_t start;

	if (from == 0)
		from = state->policy.queues[TAYRA__PLACE_MAIN].oldest;
	start = from ? find_run(pool, from, run_units) : 0;
	if (start == 0)
		start = find_run(pool, pool->first, run_units);
	if (start == 0)
		return 0;
	clear_run(shard, start, run_units);
	return tayra__pool_alloc(pool, units, kind);
}

uint32_t
tayra__room_make(struct tayra__shard *shard, uint32_t units, enum tayra__block_kind kind)
{
	uint32_t ref = tayra__pool_alloc(&shard->state->pool, units, kind);

	if (ref == 0)
		ref = make_by_policy(shard, units, kind);
	if (ref == 0)
		ref = make_by_address(shard, units, kind);
	return ref;
}

static void
grow(struct tayra__shard *shard, struct tayra__index *index)
{
	uint32_t units = tayra__index_wants(index);

	if (units == 0)
		return;
	uint32_t ref = tayra__room_make(shard, units, TAYRA__BLOCK_TABLE);

	if (ref)
		tayra__index_extend(index, &shard->state->pool, ref);
	else
		tayra__index_refuse(index);
}

void
tayra__room_grow(struct tayra__shard *shard)
{
	grow(shard, &shard->state->index);
	grow(shard, &shard->state->policy.ghosts.index);
}
