/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/shard.h"

#include "base/hash.h"
#include "cache/room.h"

#include <assert.h>
#include <stddef.h>

/* Ghosts take at most an eighth of a shard: 32 bytes each, and up to 8 of index. */
#define GHOST_SHARE 8
#define GHOST_BYTES 40
#define ITEM_SHARE  4 /* one item takes at most a quarter of a shard */
#define OWN_ALIGN   64

void
tayra__shard_format(struct tayra__shard *shard, uint64_t bytes, uint64_t charge_max, uint64_t draws)
{
	struct tayra__shard_state *state = shard->state;
	const struct tayra__policy_plan plan = {
		.ghosts_max = (uint32_t)(bytes / GHOST_SHARE / GHOST_BYTES),
		.bytes = bytes,
		.own_at = (sizeof(*state) + OWN_ALIGN - 1) / OWN_ALIGN * OWN_ALIGN,
		.index_at = offsetof(struct tayra__shard_state, index),
		.seed = draws,
		.objective = shard->objective,
		.learning = shard->learning,
	};
	uint64_t own = shard->policy->own_bytes ? shard->policy->own_bytes(bytes) : 0;
	uint64_t reserved = own ? plan.own_at + own : sizeof(*state);
	uint64_t usable = bytes - reserved;

	tayra__pool_init(&state->pool, bytes, reserved);
	state->charge_max = charge_max ? charge_max : UINT64_MAX;
	state->item_units_max = (uint32_t)(bytes / ITEM_SHARE / TAYRA__UNIT_BYTES);
	state->policy.capacity = charge_max ? charge_max : usable;
	state->policy.by_charge = charge_max != 0;
	shard->by_charge = charge_max != 0;
	shard->policy->init(&state->policy, &state->pool, &plan);
	tayra__room_grow(shard);
}

uint32_t
tayra__shard_find(struct tayra__shard *shard, const struct tayra__key *key)
{
	struct tayra__pool *pool = &shard->state->pool;
	uint32_t ref = tayra__index_first(&shard->state->index, pool, (uint32_t)key->hash);

	while (ref) {
		const struct tayra__item *item = tayra__item_at(pool, ref);

		if (item->entry.node.hash == (uint32_t)key->hash &&
		    tayra__item_has_key(item, key->bytes, key->len))
			return ref;
		ref = item->entry.node.chain;
	}
	return 0;
}

/* Mark dead; free now when nobody holds it.  Returns the units freed. */
static uint32_t
kill(struct tayra__shard *shard, uint32_t ref)
{
	struct tayra__item *item = tayra__item_at(&shard->state->pool, ref);
	/* acq_rel: pairs with the decrement in tayra_cache_unpin.  Either that sees the dead bit
	 * and frees the item, or this sees no pins, and all reads made under them. */
	uint32_t before = atomic_fetch_or_explicit(&item->pins, TAYRA__ITEM_DEAD,
						   memory_order_acq_rel);
	uint32_t units = tayra__block_units(&item->entry.block);

	if (before & TAYRA__ITEM_PINS)
		return 0;
	tayra__pool_free(&shard->state->pool, ref);
	return units;
}

uint32_t
tayra__shard_unlink(struct tayra__shard *shard, uint32_t ref)
{
	struct tayra__shard_state *state = shard->state;
	struct tayra__item *item = tayra__item_at(&state->pool, ref);

	tayra__index_remove(&state->index, &state->pool, ref);
	item->traits &= (uint8_t)~TAYRA__ITEM_RESIDENT;
	state->charge -= tayra__item_charge(item);
	state->item_bytes -= (uint64_t)item->key_len + item->value_len;
	return kill(shard, ref);
}

void
tayra__shard_remove(struct tayra__shard *shard, uint32_t ref)
{
	struct tayra__shard_state *state = shard->state;

	if (!(tayra__item_at(&state->pool, ref)->traits & TAYRA__ITEM_RESIDENT)) {
		kill(shard, ref);
		return;
	}
	if (shard->policy->lost)
		shard->policy->lost(&state->policy, &state->pool, ref, TAYRA__LOSS_OVER);
	shard->policy->remove(&state->policy, &state->pool, ref);
	tayra__shard_unlink(shard, ref);
}

void
tayra__shard_bury(struct tayra__shard *shard, uint32_t ref)
{
	tayra__pool_free(&shard->state->pool, ref);
}

uint32_t
tayra__shard_find_live(struct tayra__shard *shard, const struct tayra__key *key, uint64_t now_ms)
{
	uint32_t ref = tayra__shard_find(shard, key);

	if (ref == 0 || now_ms < tayra__item_at(&shard->state->pool, ref)->expire_ms)
		return ref;
	tayra__shard_remove(shard, ref);
	shard->state->counters.expirations++;
	return 0;
}

static int
reject(struct tayra__shard *shard, int status)
{
	shard->state->counters.rejections++;
	return status;
}

void
tayra__shard_forget(struct tayra__shard *shard, const struct tayra__key *key)
{
	uint32_t old = tayra__shard_find(shard, key);

	if (old)
		tayra__shard_remove(shard, old);
}

void
tayra__shard_unpin(struct tayra__shard *shard, uint32_t ref)
{
	struct tayra__item *item = tayra__item_at(&shard->state->pool, ref);
	/* acq_rel: as in tayra_cache_unpin; others may hold pins by now. */
	uint32_t before = atomic_fetch_sub_explicit(&item->pins, 1, memory_order_acq_rel);

	if (before == (TAYRA__ITEM_DEAD | 1))
		tayra__pool_free(&shard->state->pool, ref);
}

void
tayra__shard_reject(struct tayra__shard *shard, uint32_t ref)
{
	kill(shard, ref);
	tayra__shard_unpin(shard, ref);
	reject(shard, TAYRA_E_FULL);
}

static uint32_t
traits_for(const struct tayra__shard *shard, const struct tayra_item_meta *meta)
{
	uint32_t traits = 0;

	if (!meta || meta->version)
		traits |= TAYRA__ITEM_VERSION;
	if (shard->by_charge && (!meta || meta->charge))
		traits |= TAYRA__ITEM_CHARGE;
	if (shard->policy->arrive)
		traits |= TAYRA__ITEM_REUSE;
	return traits;
}

int
tayra__shard_reserve(struct tayra__shard *shard, const struct tayra__key *key, size_t value_len,
		     const struct tayra_item_meta *meta, uint32_t *out)
{
	struct tayra__shard_state *state = shard->state;
	uint32_t traits = traits_for(shard, meta);
	struct tayra__arrival arrival = { .hash = key->hash };
	uint64_t units;
	enum tayra__place place;

	*out = 0;
	if (value_len > TAYRA_VALUE_MAX)
		return reject(shard, TAYRA_E_TOO_LARGE);
	units = (tayra__item_bytes(traits, key->len, value_len) + TAYRA__UNIT_BYTES - 1) /
		TAYRA__UNIT_BYTES;
	if (units > state->item_units_max || (meta && meta->charge > state->charge_max))
		return reject(shard, TAYRA_E_TOO_LARGE);
	tayra__room_grow(shard);
	arrival.charge = meta && meta->charge && shard->by_charge ? meta->charge
								  : units * TAYRA__UNIT_BYTES;
	arrival.cost_ns = meta ? meta->cost_ns : 0;
	if (shard->policy->arrive)
		arrival.resident = tayra__shard_find(shard, key) != 0;
	place = shard->policy->admit(&state->policy, &state->pool, &arrival);
	uint32_t ref = tayra__room_make(shard, (uint32_t)units, TAYRA__BLOCK_ITEM);

	if (ref == 0)
		return reject(shard, TAYRA_E_FULL);
	struct tayra__item *item = tayra__item_at(&state->pool, ref);

	tayra__item_init(item, traits, (uint32_t)key->hash, key->bytes, key->len, value_len);
	item->place = (uint8_t)place;
	if (state->policy.least)
		item->traits |= TAYRA__ITEM_LEAST;
	/* relaxed: published by the lock, or by whoever hands the reservation to another thread. */
	atomic_store_explicit(&item->pins, 1, memory_order_relaxed);
	*out = ref;
	return TAYRA_OK;
}

/* The key as the item holds it. */
static struct tayra__key
key_of(const struct tayra__shard *shard, const struct tayra__item *item)
{
	const void *bytes = tayra__item_key(item);

	return (struct tayra__key){
		.bytes = bytes,
		.len = item->key_len,
		.hash = tayra__hash_bytes(bytes, item->key_len, shard->seed),
	};
}

/* Put a reserved item into queue and index. */
static void
link_item(struct tayra__shard *shard, uint32_t ref, uint32_t old)
{
	struct tayra__shard_state *state = shard->state;
	struct tayra__item *item = tayra__item_at(&state->pool, ref);
	uint32_t surplus;

	if (old) {
		shard->policy->replace(&state->policy, &state->pool, old, ref);
		tayra__shard_unlink(shard, old);
	} else {
		shard->policy->insert(&state->policy, &state->pool, ref);
	}
	item->traits |= TAYRA__ITEM_RESIDENT;
	state->charge += tayra__item_charge(item);
	state->item_bytes += (uint64_t)item->key_len + item->value_len;
	surplus = tayra__index_insert(&state->index, &state->pool, ref);
	if (surplus)
		tayra__room_evict(shard, surplus);
}

/* Tell a policy that learns what is about to become resident. */
static void
announce(struct tayra__shard *shard, uint32_t ref, const struct tayra__key *key)
{
	struct tayra__shard_state *state = shard->state;
	const struct tayra__item *item = tayra__item_at(&state->pool, ref);
	const struct tayra__arrival arrival = {
		.hash = key->hash,
		.charge = tayra__item_charge(item),
		.cost_ns = tayra__item_cost_unpack(item->cost),
		.resident = tayra__shard_find(shard, key) != 0,
	};

	shard->policy->arrive(&state->policy, &state->pool, ref, &arrival);
}

int
tayra__shard_commit(struct tayra__shard *shard, uint32_t ref, const struct tayra_item_meta *meta)
{
	struct tayra__shard_state *state = shard->state;
	struct tayra__item *item = tayra__item_at(&state->pool, ref);
	struct tayra__key key = key_of(shard, item);
	uint64_t charge;

	assert(!(item->traits & TAYRA__ITEM_RESIDENT));
	tayra__item_set_meta(item, meta);
	charge = tayra__item_charge(item);
	if (charge > state->charge_max) {
		kill(shard, ref);
		tayra__shard_forget(shard, &key);
		return reject(shard, TAYRA_E_TOO_LARGE);
	}
	if (shard->policy->arrive)
		announce(shard, ref, &key);
	tayra__room_make_charge(shard, &key, charge);
	link_item(shard, ref, tayra__shard_find(shard, &key));
	state->counters.puts++;
	return TAYRA_OK;
}

void
tayra__shard_clear(struct tayra__shard *shard)
{
	struct tayra__shard_state *state = shard->state;
	struct tayra__ghosts *ghosts = &state->policy.ghosts;

	for (int i = 0; i < TAYRA__PLACES; i++)
		while (state->policy.queues[i].oldest)
			tayra__shard_remove(shard, state->policy.queues[i].oldest);
	while (ghosts->queue.oldest)
		tayra__ghosts_drop(ghosts, &state->pool, ghosts->queue.oldest);
}

/* The bucket under the sweep, from where the last look left it. */
static uint32_t
sweep_start(struct tayra__shard_state *state)
{
	uint32_t ref = tayra__index_bucket(&state->index, &state->pool, state->sweep_bucket);

	for (uint32_t i = 0; ref && i < state->sweep_depth; i++)
		ref = tayra__entry_at(&state->pool, ref)->node.chain;
	return ref;
}

uint64_t
tayra__shard_sweep(struct tayra__shard *shard, uint64_t now_ms, uint64_t budget)
{
	struct tayra__shard_state *state = shard->state;
	uint64_t removed = 0;
	uint32_t ref = sweep_start(state);

	for (; budget > 0; budget--) {
		if (ref) {
			const struct tayra__item *item = tayra__item_at(&state->pool, ref);
			uint32_t next = item->entry.node.chain;

			if (now_ms >= item->expire_ms) {
				tayra__shard_remove(shard, ref);
				removed++;
			} else {
				state->sweep_depth++;
			}
			ref = next;
		}
		if (ref == 0) {
			state->sweep_depth = 0;
			state->sweep_bucket = (state->sweep_bucket + 1) % state->index.buckets;
			ref = sweep_start(state);
		}
	}
	state->counters.expirations += removed;
	return removed;
}
