/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/audit.h"

#include "base/hash.h"
#include "cache/arena.h"
#include "cache/handle.h"
#include "learn/keeper.h"

#include <stdarg.h>
#include <stdio.h>

struct finding {
	char *text;
	size_t size;
};

/* What a walk over the blocks of a shard has seen. */
struct census {
	uint64_t free_units, free_blocks, resident, ghosts, tables, pinned_bytes;
};

__attribute__((format(printf, 2, 3))) static bool
wrong(const struct finding *finding, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(finding->text, finding->size, format, args);
	va_end(args);
	return false;
}

static bool
listed(struct tayra__pool *pool, uint32_t ref)
{
	uint32_t fl, sl;

	tayra__pool_class(tayra__block_units(tayra__pool_at(pool, ref)), &fl, &sl);
	if (!(pool->fl_map >> fl & 1) || !(pool->sl_map[fl] >> sl & 1))
		return false;
	/* Free blocks keep their list neighbours where an entry keeps chain and hash. */
	for (uint32_t at = pool->heads[fl][sl]; at; at = tayra__entry_at(pool, at)->node.chain)
		if (at == ref)
			return true;
	return false;
}

static bool
count_item(struct tayra__item *item, enum tayra__audit_mode mode, struct census *census,
	   const struct finding *finding)
{
	/* relaxed: the number is compared only when nobody changes it. */
	uint32_t pins = atomic_load_explicit(&item->pins, memory_order_relaxed);
	bool resident = item->traits & TAYRA__ITEM_RESIDENT;

	census->resident += resident;
	if (pins & TAYRA__ITEM_PINS)
		census->pinned_bytes += tayra__item_occupied(item);
	else if (!resident && mode == TAYRA__AUDIT_QUIET)
		return wrong(finding, "an item is neither resident nor pinned");
	if (resident && (pins & TAYRA__ITEM_DEAD))
		return wrong(finding, "a dead item is resident");
	if (tayra__item_bytes(item->traits & TAYRA__ITEM_EXTRAS, item->key_len, item->value_len) >
	    tayra__item_occupied(item))
		return wrong(finding, "an item is larger than its block");
	return true;
}

static bool
count_block(struct tayra__pool *pool, uint32_t ref, enum tayra__audit_mode mode,
	    struct census *census, const struct finding *finding)
{
	const struct tayra__block *block = tayra__pool_at(pool, ref);

	switch (tayra__block_kind(block)) {
	case TAYRA__BLOCK_FREE:
		census->free_units += tayra__block_units(block);
		census->free_blocks++;
		return listed(pool, ref) || wrong(finding, "free block %u is in no list", ref);
	case TAYRA__BLOCK_ITEM: return count_item(tayra__item_at(pool, ref), mode, census, finding);
	case TAYRA__BLOCK_GHOST: census->ghosts++; return true;
	case TAYRA__BLOCK_TABLE: census->tables++; return true;
	case TAYRA__BLOCK_END: break;
	}
	return wrong(finding, "block %u has an unknown kind", ref);
}

static uint64_t
listed_blocks(struct tayra__pool *pool)
{
	uint64_t count = 0;

	for (uint32_t fl = 0; fl < TAYRA__POOL_FL; fl++)
		for (uint32_t sl = 0; sl < TAYRA__POOL_SL; sl++)
			for (uint32_t at = pool->heads[fl][sl]; at;
			     at = tayra__entry_at(pool, at)->node.chain)
				count++;
	return count;
}

static bool
audit_pool(struct tayra__pool *pool, enum tayra__audit_mode mode, struct census *census,
	   const struct finding *finding)
{
	uint32_t before = 0;
	bool after_free = false;

	for (uint32_t at = pool->first; at != pool->end;) {
		const struct tayra__block *block = tayra__pool_at(pool, at);
		uint32_t units = tayra__block_units(block);
		bool is_free = tayra__block_kind(block) == TAYRA__BLOCK_FREE;

		if (block->prev_units != before)
			return wrong(finding, "block %u does not know its neighbour's size", at);
		if (units == 0 || units > pool->end - at)
			return wrong(finding, "block %u passes the end", at);
		if (is_free && after_free)
			return wrong(finding, "free blocks touch at %u", at);
		if (!count_block(pool, at, mode, census, finding))
			return false;
		before = units;
		after_free = is_free;
		at += units;
	}
	if (census->free_units != pool->free_units)
		return wrong(finding, "free_units is %u, the blocks have %llu", pool->free_units,
			     (unsigned long long)census->free_units);
	if (listed_blocks(pool) != census->free_blocks)
		return wrong(finding, "a free list holds what is not free");
	return true;
}

bool
tayra__pool_audit(struct tayra__pool *pool, char *text, size_t text_size)
{
	const struct finding finding = { text, text_size };
	struct census census = { 0 };

	return audit_pool(pool, TAYRA__AUDIT_BUSY, &census, &finding);
}

static bool
audit_index(const struct tayra__index *index, struct tayra__pool *pool, enum tayra__block_kind kind,
	    const struct finding *finding)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < index->buckets; i++) {
		uint32_t length = 0;

		for (uint32_t at = tayra__index_bucket(index, pool, i); at; count++) {
			const struct tayra__entry *entry = tayra__entry_at(pool, at);

			if (tayra__block_kind(&entry->block) != kind)
				return wrong(finding, "an index names block %u of a wrong kind",
					     at);
			if (tayra__index_number(index, entry->node.hash) != i)
				return wrong(finding, "entry %u is in a wrong bucket", at);
			if (++length > TAYRA__INDEX_CHAIN_MAX)
				return wrong(finding, "chain %u is too long", i);
			at = entry->node.chain;
		}
	}
	return count == index->count ||
	       wrong(finding, "an index counts %u and holds %u", index->count, count);
}

static bool
audit_item_queue(struct tayra__shard *shard, enum tayra__place place, uint64_t *item_bytes,
		 const struct finding *finding)
{
	struct tayra__pool *pool = &shard->state->pool;
	const struct tayra__fifo *queue = &shard->state->policy.queues[place];
	uint64_t charge = 0;
	uint32_t count = 0, newer = 0;

	for (uint32_t at = queue->newest; at; at = tayra__entry_at(pool, at)->link.older) {
		const struct tayra__item *item = tayra__item_at(pool, at);
		uint64_t hash = tayra__hash_bytes(tayra__item_key(item), item->key_len,
						  shard->seed);
		const struct tayra__key key = { tayra__item_key(item), item->key_len, hash };

		if (item->entry.link.newer != newer)
			return wrong(finding, "queue %d is broken at %u", place, at);
		if (shard->policy->arrive && !(item->traits & TAYRA__ITEM_REUSE))
			return wrong(finding, "item %u has no room for its reuse", at);
		if (!(item->traits & TAYRA__ITEM_RESIDENT) || item->place != place)
			return wrong(finding, "item %u is in a queue it does not know", at);
		if (tayra__shard_find(shard, &key) != at)
			return wrong(finding, "item %u is queued and not found by its key", at);
		charge += tayra__item_charge(item);
		*item_bytes += (uint64_t)item->key_len + item->value_len;
		count++;
		newer = at;
	}
	if (queue->oldest != newer || queue->count != count || queue->charge != charge)
		return wrong(finding, "queue %d sums up wrongly", place);
	return true;
}

static bool
audit_ghosts(struct tayra__ghosts *ghosts, struct tayra__pool *pool, const struct census *census,
	     const struct finding *finding)
{
	uint64_t charge = 0;
	uint32_t count = 0;

	for (uint32_t at = ghosts->queue.newest; at;) {
		const struct tayra__ghost *ghost = tayra__pool_at(pool, at);

		charge += ghost->charge;
		count++;
		at = ghost->entry.link.older;
	}
	if (count != ghosts->queue.count || charge != ghosts->queue.charge ||
	    count != ghosts->index.count || count != census->ghosts)
		return wrong(finding, "ghosts: queue, index and blocks differ");
	if (charge > ghosts->charge_max || count > ghosts->count_max)
		return wrong(finding, "more ghosts than allowed");
	return audit_index(&ghosts->index, pool, TAYRA__BLOCK_GHOST, finding);
}

static uint64_t
segments(const struct tayra__index *index)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < TAYRA__INDEX_SEGMENTS; i++)
		count += index->segments[i] != 0;
	return count;
}

/* What the policy has of its own, and what it says of items. */
static bool
audit_learned(struct tayra__shard *shard, const struct finding *finding)
{
	struct tayra__shard_state *state = shard->state;
	const struct tayra__learned *learned = &state->policy.learned;

	if (learned->next) {
		const struct tayra__item *next = tayra__item_at(&state->pool, learned->next);

		if (tayra__block_kind(&next->entry.block) != TAYRA__BLOCK_ITEM ||
		    !(next->traits & TAYRA__ITEM_RESIDENT))
			return wrong(finding, "the next to go is not resident");
	}
	if (learned->keeper_at == 0)
		return true;
	const struct tayra__keeper *keeper = tayra__policy_tayra_keeper(&state->policy,
									&state->pool);

	if (learned->keeper_at < sizeof(*state) ||
	    learned->keeper_at + tayra__keeper_bytes(&keeper->options) >
		    (uint64_t)state->pool.first * TAYRA__UNIT_BYTES)
		return wrong(finding, "the keeper does not fit before the blocks");
	return tayra__keeper_sound(keeper) || wrong(finding, "the keeper does not add up");
}

static bool
audit_shard(struct tayra__shard *shard, enum tayra__audit_mode mode, uint64_t *pinned_bytes,
	    const struct finding *finding)
{
	struct tayra__shard_state *state = shard->state;
	const struct tayra__fifo *queues = state->policy.queues;
	struct census census = { 0 };
	uint64_t item_bytes = 0;

	if (!audit_pool(&state->pool, mode, &census, finding) ||
	    !audit_index(&state->index, &state->pool, TAYRA__BLOCK_ITEM, finding) ||
	    !audit_item_queue(shard, TAYRA__PLACE_MAIN, &item_bytes, finding) ||
	    !audit_item_queue(shard, TAYRA__PLACE_SMALL, &item_bytes, finding) ||
	    !audit_ghosts(&state->policy.ghosts, &state->pool, &census, finding) ||
	    !audit_learned(shard, finding))
		return false;
	if (queues[0].count + queues[1].count != state->index.count ||
	    census.resident != state->index.count)
		return wrong(finding, "items: queues, index and blocks differ");
	if (queues[0].charge + queues[1].charge != state->charge ||
	    state->charge > state->charge_max)
		return wrong(finding, "charge is not the sum of the queues', or over its bound");
	if (item_bytes != state->item_bytes)
		return wrong(finding, "item_bytes is wrong");
	if (census.tables != segments(&state->index) + segments(&state->policy.ghosts.index))
		return wrong(finding, "a table belongs to no index");
	*pinned_bytes += census.pinned_bytes;
	return true;
}

bool
tayra__cache_audit(struct tayra_cache *cache, enum tayra__audit_mode mode, char *text,
		   size_t text_size)
{
	const struct finding finding = { text, text_size };
	uint64_t pinned = 0, counted;
	const char *why;

	if (tayra__arena_check(cache->arena, cache->memory_bytes, &why) != TAYRA_OK)
		return wrong(&finding, "header: %s", why);
	for (uint32_t i = 0; i < cache->shards; i++) {
		struct tayra__shard *shard = &cache->shard[i];

		pthread_mutex_lock(&shard->lock);
		bool right = audit_shard(shard, mode, &pinned, &finding);

		pthread_mutex_unlock(&shard->lock);
		if (!right)
			return false;
	}
	counted = atomic_load_explicit(&cache->pinned_bytes, memory_order_relaxed);
	if (mode == TAYRA__AUDIT_QUIET && pinned != counted)
		return wrong(&finding, "pinned_bytes is %llu, the pinned items have %llu",
			     (unsigned long long)counted, (unsigned long long)pinned);
	return true;
}
