/* SPDX-License-Identifier: Apache-2.0
 *
 * index.c: linear probing with backward-shift deletion (Knuth, vol. 3, 6.4, algorithm R).
 * A slot: 36 bits of hash, 18 of segment, 21 each of size and offset in units; size 0: empty.
 * The top 8 bits of the hash choose the part.
 */
#include "tier/index.h"

#include <string.h>

#include <tayra/base.h>

#include "base/mem.h"

#define HASH_BITS    36
#define SEGMENT_MASK ((1u << TAYRA__TIER_INDEX_SEGMENT_BITS) - 1)
#define UNITS_MASK   ((1u << 21) - 1)

static struct tayra__tier_index_slot
pack(uint64_t tag, const struct tayra__place *place)
{
	uint32_t size = place->size / TAYRA__TIER_INDEX_UNIT,
		 at = place->offset / TAYRA__TIER_INDEX_UNIT;

	return (struct tayra__tier_index_slot){ {
		(uint32_t)(tag >> 4),
		(uint32_t)(tag & 15) << 28 | (place->segment & SEGMENT_MASK) << 10 | size >> 11,
		size << 21 | at,
	} };
}

static uint64_t
tag_of(const struct tayra__tier_index_slot *slot)
{
	return (uint64_t)slot->words[0] << 4 | slot->words[1] >> 28;
}

static uint32_t
segment_of(const struct tayra__tier_index_slot *slot)
{
	return slot->words[1] >> 10 & SEGMENT_MASK;
}

static uint32_t
units_of(const struct tayra__tier_index_slot *slot)
{
	return (slot->words[1] & 1023) << 11 | slot->words[2] >> 21;
}

static uint64_t
tag_from(uint64_t hash)
{
	return hash >> 20 & ((1ull << HASH_BITS) - 1);
}

static struct tayra__tier_index_part *
part_of(const struct tayra__tier_index *index, uint64_t hash)
{
	return (struct tayra__tier_index_part *)&index->parts[hash >> 56];
}

static uint32_t
home_of(const struct tayra__tier_index_part *part, uint64_t tag)
{
	return (uint32_t)(tag * part->capacity >> HASH_BITS);
}

static uint32_t
after(const struct tayra__tier_index_part *part, uint32_t at)
{
	return at + 1 == part->capacity ? 0 : at + 1;
}

/* The slot that has the tag, or the empty one where it belongs.  There is always an empty one. */
static uint32_t
seek(const struct tayra__tier_index_part *part, uint64_t tag)
{
	uint32_t at = home_of(part, tag);

	while (units_of(&part->slots[at]) && tag_of(&part->slots[at]) != tag)
		at = after(part, at);
	return at;
}

void
tayra__tier_index_init(struct tayra__tier_index *index)
{
	memset(index, 0, sizeof(*index));
}

void
tayra__tier_index_fini(struct tayra__tier_index *index)
{
	for (unsigned i = 0; i < TAYRA__TIER_INDEX_PARTS; i++)
		tayra__mem_free(index->parts[i].slots);
	tayra__tier_index_init(index);
}

static void
unpack(const struct tayra__tier_index_slot *slot, struct tayra__place *out)
{
	out->segment = segment_of(slot);
	out->size = units_of(slot) * TAYRA__TIER_INDEX_UNIT;
	out->offset = (slot->words[2] & UNITS_MASK) * TAYRA__TIER_INDEX_UNIT;
}

bool
tayra__tier_index_at(const struct tayra__tier_index *index, uint32_t part, uint32_t slot,
		     struct tayra__place *out)
{
	const struct tayra__tier_index_slot *at = &index->parts[part].slots[slot];

	if (!units_of(at))
		return false;
	unpack(at, out);
	return true;
}

bool
tayra__tier_index_find(const struct tayra__tier_index *index, uint64_t hash,
		       struct tayra__place *out)
{
	const struct tayra__tier_index_part *part = part_of(index, hash);
	const struct tayra__tier_index_slot *slot;

	if (!part->count)
		return false;
	slot = &part->slots[seek(part, tag_from(hash))];
	if (!units_of(slot))
		return false;
	unpack(slot, out);
	return true;
}

static int
grow(struct tayra__tier_index *index, struct tayra__tier_index_part *part)
{
	struct tayra__tier_index_part larger = {
		.capacity = part->capacity + part->capacity / 8 + 8,
		.count = part->count,
	};

	larger.slots = tayra__mem_array(larger.capacity, sizeof(larger.slots[0]));
	if (!larger.slots)
		return TAYRA_E_NOMEM;
	for (uint32_t i = 0; i < part->capacity; i++)
		if (units_of(&part->slots[i]))
			larger.slots[seek(&larger, tag_of(&part->slots[i]))] = part->slots[i];
	index->bytes += (uint64_t)(larger.capacity - part->capacity) * sizeof(larger.slots[0]);
	tayra__mem_free(part->slots);
	*part = larger;
	return TAYRA_OK;
}

int
tayra__tier_index_reserve(struct tayra__tier_index *index, uint64_t hash)
{
	struct tayra__tier_index_part *part = part_of(index, hash);
	struct tayra__place place;

	if (tayra__tier_index_find(index, hash, &place) ||
	    (uint64_t)(part->count + 1) * 8 <= (uint64_t)part->capacity * 7)
		return TAYRA_OK;
	return grow(index, part);
}

void
tayra__tier_index_set(struct tayra__tier_index *index, uint64_t hash,
		      const struct tayra__place *place)
{
	struct tayra__tier_index_part *part = part_of(index, hash);
	uint32_t at = seek(part, tag_from(hash));

	if (!units_of(&part->slots[at])) {
		part->count++;
		index->count++;
	}
	part->slots[at] = pack(tag_from(hash), place);
}

/* Empty a slot and close the gap: what comes after it in its run may have been pushed past it. */
static void
take_out(struct tayra__tier_index *index, struct tayra__tier_index_part *part, uint32_t hole)
{
	for (uint32_t at = after(part, hole); units_of(&part->slots[at]); at = after(part, at)) {
		uint32_t home = home_of(part, tag_of(&part->slots[at]));
		bool between = hole < at ? hole < home && home <= at : hole < home || home <= at;

		if (!between) {
			part->slots[hole] = part->slots[at];
			hole = at;
		}
	}
	part->slots[hole] = (struct tayra__tier_index_slot){ { 0 } };
	part->count--;
	index->count--;
}

bool
tayra__tier_index_remove(struct tayra__tier_index *index, uint64_t hash)
{
	struct tayra__tier_index_part *part = part_of(index, hash);
	uint32_t at;

	if (!part->count)
		return false;
	at = seek(part, tag_from(hash));
	if (!units_of(&part->slots[at]))
		return false;
	take_out(index, part, at);
	return true;
}

void
tayra__tier_index_drop(struct tayra__tier_index *index, uint32_t first, uint32_t count)
{
	for (unsigned p = 0; p < TAYRA__TIER_INDEX_PARTS; p++) {
		struct tayra__tier_index_part *part = &index->parts[p];

		for (uint32_t i = 0; i < part->capacity;) {
			const struct tayra__tier_index_slot *slot = &part->slots[i];

			/* What moves into the hole is looked at next; what moves from the front
			 * round the end was looked at already. */
			if (units_of(slot) && ((segment_of(slot) - first) & SEGMENT_MASK) < count)
				take_out(index, part, i);
			else
				i++;
		}
	}
}
