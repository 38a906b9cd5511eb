/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/item.h"

#include <string.h>

static size_t
value_offset(uint32_t traits, size_t key_len)
{
	return tayra__item_extras(traits) + ((key_len + 7) & ~(size_t)7);
}

uint64_t
tayra__item_bytes(uint32_t traits, size_t key_len, size_t value_len)
{
	return sizeof(struct tayra__item) + value_offset(traits, key_len) + value_len;
}

void
tayra__item_init(struct tayra__item *item, uint32_t traits, uint32_t hash, const void *key,
		 size_t key_len, size_t value_len)
{
	struct tayra__block block = item->entry.block;

	memset(item, 0, sizeof(*item) + tayra__item_extras(traits));
	item->entry.block = block;
	item->entry.node.hash = hash;
	item->traits = (uint8_t)traits;
	item->key_len = (uint16_t)key_len;
	item->value_len = (uint32_t)value_len;
	if (key_len)
		memcpy(item->tail + tayra__item_extras(traits), key, key_len);
}

const void *
tayra__item_key(const struct tayra__item *item)
{
	return item->tail + tayra__item_extras(item->traits);
}

void *
tayra__item_value(struct tayra__item *item)
{
	return item->tail + value_offset(item->traits, item->key_len);
}

bool
tayra__item_has_key(const struct tayra__item *item, const void *key, size_t key_len)
{
	return item->key_len == key_len &&
	       (key_len == 0 || memcmp(tayra__item_key(item), key, key_len) == 0);
}

void
tayra__item_set_reuse(struct tayra__item *item, const struct tayra__reuse *reuse)
{
	memcpy(item->tail, reuse, sizeof(*reuse));
}

uint64_t
tayra__item_version(const struct tayra__item *item)
{
	return item->traits & TAYRA__ITEM_VERSION ? tayra__item_extra(item, TAYRA__ITEM_REUSE) : 0;
}

void
tayra__item_set_meta(struct tayra__item *item, const struct tayra_item_meta *meta)
{
	uint64_t charge = meta->charge ? meta->charge : tayra__item_occupied(item);

	item->born_ms = meta->born_ms;
	item->fresh_ms = meta->fresh_ms;
	item->expire_ms = meta->expire_ms;
	item->cost = tayra__item_cost_pack(meta->cost_ns);
	item->flags = (uint16_t)meta->flags;
	if (tayra__item_tag_bytes(item->flags) > item->value_len)
		item->flags &= (uint16_t)~TAYRA__ITEM_TAGS; /* nobody brought them */
	if (item->traits & TAYRA__ITEM_VERSION)
		memcpy(item->tail + tayra__item_extras(item->traits & TAYRA__ITEM_REUSE),
		       &meta->version, sizeof(meta->version));
	if (item->traits & TAYRA__ITEM_CHARGE)
		memcpy(item->tail + tayra__item_extras(item->traits &
						       (TAYRA__ITEM_REUSE | TAYRA__ITEM_VERSION)),
		       &charge, sizeof(charge));
}

void
tayra__item_get_meta(const struct tayra__item *item, struct tayra_item_meta *out)
{
	out->born_ms = item->born_ms;
	out->fresh_ms = item->fresh_ms;
	out->expire_ms = item->expire_ms;
	out->cost_ns = tayra__item_cost_unpack(item->cost);
	out->version = tayra__item_version(item);
	out->charge = tayra__item_charge(item);
	out->flags = item->flags;
}

uint16_t
tayra__item_cost_pack(uint64_t cost_ns)
{
	uint32_t log, shift;

	if (cost_ns < 1024)
		return (uint16_t)cost_ns;
	log = 63 - (uint32_t)__builtin_clzll(cost_ns);
	shift = log - 10;
	return (uint16_t)((shift + 1) << 10 | ((cost_ns >> shift) & 1023));
}

uint64_t
tayra__item_cost_unpack(uint16_t cost)
{
	uint32_t exponent = cost >> 10;
	uint64_t mantissa = cost & 1023;

	return exponent == 0 ? mantissa : (mantissa | 1024) << (exponent - 1);
}
