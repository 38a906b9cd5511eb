/* SPDX-License-Identifier: Apache-2.0
 *
 * item.h: one cached value: a header of 64 bytes, then what is rarely set (8 bytes each), then the
 * key, then the value at the next multiple of 8.
 *
 * Everything is written under the shard's lock, but `pins`, which is also decremented without it,
 * and the value of a reservation, which its owner alone knows.
 */
#ifndef TAYRA_CACHE_ITEM_H
#define TAYRA_CACHE_ITEM_H

#include "cache/entry.h"
#include "cache/tags.h"
#include "learn/reuse.h"

#include <tayra/cache.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define TAYRA__ITEM_DEAD     0x80000000u /* in `pins`: unlinked; goes with its last pin */
#define TAYRA__ITEM_PINS     0x7fffffffu
#define TAYRA__ITEM_PINS_MAX 0x7ffffff0u

/* Item traits. */
#define TAYRA__ITEM_FREQ     0x03u /* uses since insertion, saturating at 3: S3-FIFO's */
#define TAYRA__ITEM_RESIDENT 0x04u /* in the index and in a queue */
#define TAYRA__ITEM_VERSION  0x08u /* there is room for a version */
#define TAYRA__ITEM_CHARGE   0x10u /* there is room for a charge; without: the bytes it occupies */
#define TAYRA__ITEM_REUSE    0x20u /* there is room for what is learned of its uses */
#define TAYRA__ITEM_LEAST    0x40u /* worth less than all it was compared with when it came */
#define TAYRA__ITEM_EXTRAS   (TAYRA__ITEM_VERSION | TAYRA__ITEM_CHARGE | TAYRA__ITEM_REUSE)

struct tayra__item {
	struct tayra__entry entry; /* block, chain and hash, queue neighbours: 24 bytes */
	_Atomic uint32_t pins;     /* how many hold it, and the dead bit */
	uint32_t value_len;        /* with its tags */
	uint16_t key_len;
	uint16_t cost;  /* cost_ns as a small float: see tayra__item_cost_pack */
	uint16_t flags; /* TAYRA_ITEM_*, and how many tags: cache/tags.h */
	uint8_t place;  /* enum tayra__place: its queue, or the one it will go to */
	uint8_t traits;
	uint64_t born_ms, fresh_ms, expire_ms;
	unsigned char tail[];
};
_Static_assert(sizeof(struct tayra__item) == 64, "the item header is 64 bytes");

static inline struct tayra__item *
tayra__item_at(struct tayra__pool *pool, uint32_t ref)
{
	return tayra__pool_at(pool, ref);
}

static inline uint64_t
tayra__item_occupied(const struct tayra__item *item)
{
	return (uint64_t)tayra__block_units(&item->entry.block) * TAYRA__UNIT_BYTES;
}

static inline uint32_t
tayra__item_pins(struct tayra__item *item)
{
	/* acquire: pairs with the release in tayra_cache_unpin, before its memory is used again. */
	return atomic_load_explicit(&item->pins, memory_order_acquire) & TAYRA__ITEM_PINS;
}

/* Bytes of the extras, which lie in this order: reuse, version, charge. */
static inline size_t
tayra__item_extras(uint32_t traits)
{
	/* Counting the bits would be a call where there is no instruction for it. */
	return (traits & TAYRA__ITEM_REUSE ? 8u : 0u) + (traits & TAYRA__ITEM_VERSION ? 8u : 0u) +
	       (traits & TAYRA__ITEM_CHARGE ? 8u : 0u);
}

/* The extra after those of `before` that it has; unaligned on no machine, but of no declared type
 * either. */
static inline uint64_t
tayra__item_extra(const struct tayra__item *item, uint32_t before)
{
	uint64_t value;

	memcpy(&value, item->tail + tayra__item_extras(item->traits & before), sizeof(value));
	return value;
}

static inline uint64_t
tayra__item_charge(const struct tayra__item *item)
{
	if (!(item->traits & TAYRA__ITEM_CHARGE))
		return tayra__item_occupied(item);
	return tayra__item_extra(item, TAYRA__ITEM_REUSE | TAYRA__ITEM_VERSION);
}

/* What is remembered of its uses; nothing when there is no room for it. */
static inline struct tayra__reuse
tayra__item_reuse(const struct tayra__item *item)
{
	struct tayra__reuse reuse = { 0 };

	if (item->traits & TAYRA__ITEM_REUSE)
		memcpy(&reuse, item->tail, sizeof(reuse));
	return reuse;
}

/* Bytes of an item; traits say which extras it has room for.  Never overflows for legal lengths. */
uint64_t tayra__item_bytes(uint32_t traits, size_t key_len, size_t value_len);
/* Write the header and the key of a new item into a block; everything else is zero. */
void tayra__item_init(struct tayra__item *item, uint32_t traits, uint32_t hash, const void *key,
		      size_t key_len, size_t value_len);

const void *tayra__item_key(const struct tayra__item *item);
void *tayra__item_value(struct tayra__item *item);
bool tayra__item_has_key(const struct tayra__item *item, const void *key, size_t key_len);

/* => its traits have TAYRA__ITEM_REUSE. */
void tayra__item_set_reuse(struct tayra__item *item, const struct tayra__reuse *reuse);

/* Other flags, the same tags. */
static inline void
tayra__item_set_flags(struct tayra__item *item, uint32_t flags)
{
	item->flags = (uint16_t)((flags & ~TAYRA__ITEM_TAGS) | (item->flags & TAYRA__ITEM_TAGS));
}

uint64_t tayra__item_version(const struct tayra__item *item);
void tayra__item_set_meta(struct tayra__item *item, const struct tayra_item_meta *meta);
void tayra__item_get_meta(const struct tayra__item *item, struct tayra_item_meta *out);

/* 10 bits of mantissa, 6 of exponent: exact below 2048, within 0.1% above. */
uint16_t tayra__item_cost_pack(uint64_t cost_ns);
uint64_t tayra__item_cost_unpack(uint16_t cost);

#endif
