/* SPDX-License-Identifier: Apache-2.0
 *
 * ref.c: a ref's private words are pin[0], the cache or (lowest bit set) the hold; pin[1], the
 * cache's own pin; pin[2], the process it was given out in.  In a forked child a cache pin is
 * forgotten, not given back: the shard's lock may have been held by a thread that is not there.
 */
#include "load/ref.h"

#include <string.h>

#include "base/mem.h"
#include "load/process.h"

#define HOLD_BIT ((uintptr_t)1)

struct tayra__budget *
tayra__budget_create(uint64_t max_bytes)
{
	struct tayra__budget *budget = tayra__mem_alloc(sizeof(*budget));

	if (!budget)
		return NULL;
	atomic_init(&budget->refs, 1);
	budget->max_bytes = max_bytes;
	return budget;
}

void
tayra__budget_put(struct tayra__budget *budget)
{
	/* acq_rel: the last one sees everything the others did before they let go. */
	if (atomic_fetch_sub_explicit(&budget->refs, 1, memory_order_acq_rel) == 1)
		tayra__mem_free(budget);
}

static bool
budget_charge(struct tayra__budget *budget, uint64_t bytes)
{
	uint64_t used = atomic_load_explicit(&budget->used_bytes, memory_order_relaxed);

	do {
		if (bytes > budget->max_bytes || used > budget->max_bytes - bytes)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(&budget->used_bytes, &used, used + bytes,
							memory_order_relaxed,
							memory_order_relaxed));
	return true;
}

static void
budget_refund(struct tayra__budget *budget, uint64_t bytes)
{
	atomic_fetch_sub_explicit(&budget->used_bytes, bytes, memory_order_relaxed);
}

struct tayra__hold *
tayra__hold_create(struct tayra_cache *cache, struct tayra__budget *budget, uint64_t token)
{
	struct tayra__hold *hold = tayra__mem_alloc(sizeof(*hold));

	if (!hold)
		return NULL;
	atomic_init(&hold->refs, 1);
	hold->cache = cache;
	hold->token = token;
	hold->budget = budget;
	atomic_fetch_add_explicit(&budget->refs, 1, memory_order_relaxed);
	return hold;
}

static void
let_go_of_cache(struct tayra__hold *hold)
{
	if (hold->token != tayra__process_token())
		return;
	if (hold->kind == TAYRA__HOLD_RESERVED)
		tayra_cache_abandon(hold->cache, &hold->reservation);
	else
		tayra_cache_unpin(hold->cache, &hold->value);
}

void
tayra__hold_empty(struct tayra__hold *hold)
{
	if (hold->kind == TAYRA__HOLD_RESERVED || hold->kind == TAYRA__HOLD_PINNED) {
		let_go_of_cache(hold);
	} else if (hold->kind == TAYRA__HOLD_BLOCK) {
		tayra__mem_free((void *)hold->value.data);
		budget_refund(hold->budget, hold->block_bytes);
	}
	hold->kind = TAYRA__HOLD_EMPTY;
	hold->value = (struct tayra_value){ 0 };
	hold->tags.count = 0;
}

void
tayra__hold_put(struct tayra__hold *hold)
{
	if (atomic_fetch_sub_explicit(&hold->refs, 1, memory_order_acq_rel) != 1)
		return;
	tayra__hold_empty(hold);
	tayra__budget_put(hold->budget);
	tayra__mem_free(hold);
}

static int
room_on_heap(struct tayra__hold *hold, size_t len)
{
	const size_t bytes = len + tayra__tags_bytes(&hold->tags);
	void *block;

	if (!budget_charge(hold->budget, bytes))
		return TAYRA_E_FULL;
	block = tayra__mem_alloc(bytes);
	if (!block) {
		budget_refund(hold->budget, bytes);
		return TAYRA_E_NOMEM;
	}
	hold->kind = TAYRA__HOLD_BLOCK;
	hold->block_bytes = bytes;
	hold->value = (struct tayra_value){ .data = block, .len = len };
	return TAYRA_OK;
}

int
tayra__hold_room(struct tayra__hold *hold, const void *key, size_t key_len, size_t len,
		 uint64_t now_ms)
{
	int status;

	if (len > TAYRA_VALUE_MAX)
		return TAYRA_E_TOO_LARGE;
	status = tayra_cache_reserve(hold->cache, key, key_len,
				     len + tayra__tags_bytes(&hold->tags), now_ms,
				     &hold->reservation);
	if (status != TAYRA_OK)
		return room_on_heap(hold, len);
	hold->kind = TAYRA__HOLD_RESERVED;
	hold->value = (struct tayra_value){ .data = hold->reservation.data, .len = len };
	return TAYRA_OK;
}

int
tayra__hold_copy(struct tayra__hold *hold, const void *key, size_t key_len, const void *bytes,
		 size_t len, uint64_t now_ms)
{
	struct tayra__hold before = {
		.kind = hold->kind,
		.token = hold->token,
		.cache = hold->cache,
		.budget = hold->budget,
		.reservation = hold->reservation,
		.value = hold->value,
		.block_bytes = hold->block_bytes,
	};
	int status;

	hold->kind = TAYRA__HOLD_EMPTY;
	hold->value = (struct tayra_value){ 0 };
	status = tayra__hold_room(hold, key, key_len, len, now_ms);
	if (status == TAYRA_OK && len > 0)
		memcpy((void *)hold->value.data, bytes, len);
	if (status == TAYRA_OK)
		tayra__tags_write(&hold->tags, (void *)hold->value.data, len);
	tayra__hold_empty(&before);
	return status;
}

/* The room is of that size, or large enough where it need not be. */
static bool
fits(const struct tayra__hold *hold, size_t bytes)
{
	if (hold->kind == TAYRA__HOLD_RESERVED)
		return bytes == hold->reservation.len;
	return bytes <= hold->block_bytes;
}

int
tayra__hold_trim(struct tayra__hold *hold, const void *key, size_t key_len, size_t len,
		 uint64_t now_ms)
{
	if (len > hold->value.len)
		return TAYRA_E_INVAL;
	if (fits(hold, len + tayra__tags_bytes(&hold->tags))) {
		hold->value.len = len;
		tayra__tags_write(&hold->tags, (void *)hold->value.data, len);
		return TAYRA_OK;
	}
	return tayra__hold_copy(hold, key, key_len, hold->value.data, len, now_ms);
}

void
tayra__hold_take(struct tayra__hold *hold, struct tayra_value *value)
{
	tayra__hold_empty(hold);
	hold->kind = TAYRA__HOLD_PINNED;
	hold->tags = tayra__tags_read(value->data, value->len, value->meta.flags);
	hold->value = *value;
	*value = (struct tayra_value){ 0 };
}

int
tayra__hold_commit(struct tayra__hold *hold, const struct tayra_item_meta *meta, uint64_t now_ms)
{
	struct tayra_value value = { 0 };
	int status = tayra_cache_commit(hold->cache, &hold->reservation, meta, now_ms, &value);

	hold->kind = status == TAYRA_OK ? TAYRA__HOLD_PINNED : TAYRA__HOLD_EMPTY;
	hold->value = value;
	return status;
}

void
tayra__ref_take(struct tayra_ref *ref, struct tayra_cache *cache, uint64_t token,
		struct tayra_value *value, uint64_t now_ms)
{
	const struct tayra_item_meta *meta = &value->meta;

	*ref = (struct tayra_ref){
		.value = value->data,
		.value_len = value->len,
		.age_ms = now_ms > meta->born_ms ? now_ms - meta->born_ms : 0,
		.load_cost_ns = meta->cost_ns,
		.version = meta->version,
		.tier = TAYRA_TIER_RAM,
		.stale = now_ms >= meta->fresh_ms || (meta->flags & TAYRA_ITEM_STALE),
		.pin = { cache, value->pin, (void *)(uintptr_t)token },
	};
	*value = (struct tayra_value){ 0 };
}

void
tayra__ref_share(struct tayra_ref *ref, struct tayra__hold *hold,
		 const struct tayra_item_meta *meta, enum tayra_tier tier, uint64_t now_ms)
{
	atomic_fetch_add_explicit(&hold->refs, 1, memory_order_relaxed);
	*ref = (struct tayra_ref){
		.value = hold->value.data,
		.value_len = hold->value.len,
		.age_ms = now_ms > meta->born_ms ? now_ms - meta->born_ms : 0,
		.load_cost_ns = meta->cost_ns,
		.version = meta->version,
		.tier = tier,
		.pin = { (void *)((uintptr_t)hold | HOLD_BIT) },
	};
}

void
tayra_release(struct tayra_ref *ref)
{
	uintptr_t owner;

	if (!ref)
		return;
	owner = (uintptr_t)ref->pin[0];
	if (owner & HOLD_BIT) {
		tayra__hold_put((struct tayra__hold *)(owner & ~HOLD_BIT));
	} else if (owner && (uintptr_t)ref->pin[2] == (uintptr_t)tayra__process_token()) {
		struct tayra_value value = {
			.data = ref->value,
			.len = ref->value_len,
			.pin = ref->pin[1],
		};

		tayra_cache_unpin(ref->pin[0], &value);
	}
	*ref = (struct tayra_ref){ 0 };
}
