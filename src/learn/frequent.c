/* SPDX-License-Identifier: Apache-2.0
 *
 * frequent.c: the block is the struct, the items, a min-heap of them by count, and an index by hash
 * with linear probing.  The heap makes a replacement O(log room); the paper's list of buckets would
 * make it O(1) for weights of 1 only.
 */
#include "learn/frequent.h"

#include <string.h>

#include "base/hash.h"

#define ROOM_MAX (1u << 20)

static uint32_t
slots_for(uint32_t room)
{
	return tayra__hash_table_size(2 * room);
}

size_t
tayra__frequent_bytes(uint32_t room)
{
	size_t words;

	if (room == 0 || room > ROOM_MAX)
		return 0;
	words = (size_t)room + slots_for(room);
	return sizeof(struct tayra__frequent) + 4 /* to a multiple of 8 */ +
	       room * sizeof(struct tayra__frequent_item) + (words + words % 2) * sizeof(uint32_t);
}

static struct tayra__frequent_item *
items_of(const struct tayra__frequent *frequent)
{
	return (struct tayra__frequent_item *)((uintptr_t)frequent + sizeof(*frequent) + 4);
}

/* Item numbers, the one of least count first. */
static uint32_t *
heap_of(const struct tayra__frequent *frequent)
{
	return (uint32_t *)(void *)(items_of(frequent) + frequent->room);
}

/* Item numbers plus 1; 0: free. */
static uint32_t *
index_of(const struct tayra__frequent *frequent)
{
	return heap_of(frequent) + frequent->room;
}

void
tayra__frequent_init(struct tayra__frequent *frequent, uint32_t room)
{
	_Static_assert(sizeof(struct tayra__frequent) % 8 == 4, "items are aligned to 8");
	memset(frequent, 0, tayra__frequent_bytes(room));
	frequent->room = room;
	frequent->slots = slots_for(room);
}

static void
put_at(struct tayra__frequent *frequent, uint32_t place, uint32_t item)
{
	heap_of(frequent)[place] = item;
	items_of(frequent)[item].place = place;
}

static void
sift_up(struct tayra__frequent *frequent, uint32_t item)
{
	const struct tayra__frequent_item *items = items_of(frequent);
	uint32_t place = items[item].place;

	while (place > 0) {
		uint32_t parent = heap_of(frequent)[(place - 1) / 2];

		if (items[parent].count <= items[item].count)
			break;
		put_at(frequent, place, parent);
		place = (place - 1) / 2;
	}
	put_at(frequent, place, item);
}

static void
sift_down(struct tayra__frequent *frequent, uint32_t item)
{
	const struct tayra__frequent_item *items = items_of(frequent);
	const uint32_t *heap = heap_of(frequent);
	uint32_t place = items[item].place;

	for (;;) {
		uint32_t child = place * 2 + 1;

		if (child >= frequent->used)
			break;
		if (child + 1 < frequent->used &&
		    items[heap[child + 1]].count < items[heap[child]].count)
			child++;
		if (items[item].count <= items[heap[child]].count)
			break;
		put_at(frequent, place, heap[child]);
		place = child;
	}
	put_at(frequent, place, item);
}

/* The slot that holds it, or the free one where it belongs. */
static uint32_t
slot_of(const struct tayra__frequent *frequent, uint64_t hash)
{
	const uint32_t *slots = index_of(frequent);
	uint32_t mask = frequent->slots - 1, at = (uint32_t)hash & mask;

	while (slots[at] && items_of(frequent)[slots[at] - 1].hash != hash)
		at = (at + 1) & mask;
	return at;
}

/* Close the gap, so that probing needs no gravestones. */
static void
forget(struct tayra__frequent *frequent, uint64_t hash)
{
	uint32_t *slots = index_of(frequent);
	uint32_t mask = frequent->slots - 1, gap = slot_of(frequent, hash), at = gap;

	for (;;) {
		uint32_t home;

		at = (at + 1) & mask;
		if (!slots[at])
			break;
		home = (uint32_t)items_of(frequent)[slots[at] - 1].hash & mask;
		if (((at - home) & mask) < ((at - gap) & mask))
			continue;
		slots[gap] = slots[at];
		gap = at;
	}
	slots[gap] = 0;
}

static struct tayra__frequent_item *
take_in(struct tayra__frequent *frequent, uint64_t hash, const void *text, size_t len)
{
	struct tayra__frequent_item *items = items_of(frequent);
	uint64_t least = 0;
	uint32_t item, place;

	if (frequent->used < frequent->room) {
		item = place = frequent->used++;
	} else {
		item = heap_of(frequent)[0];
		place = 0;
		least = items[item].count;
		forget(frequent, items[item].hash);
	}
	items[item] = (struct tayra__frequent_item){
		.hash = hash,
		.count = least,
		.error = least,
		.text_len = len < UINT32_MAX ? (uint32_t)len : UINT32_MAX,
		.place = place,
	};
	if (len > 0)
		memcpy(items[item].text, text,
		       len < TAYRA__FREQUENT_TEXT ? len : TAYRA__FREQUENT_TEXT);
	index_of(frequent)[slot_of(frequent, hash)] = item + 1;
	return &items[item];
}

struct tayra__frequent_item *
tayra__frequent_count(struct tayra__frequent *frequent, uint64_t hash, uint64_t weight,
		      const void *text, size_t len)
{
	struct tayra__frequent_item *item;
	uint32_t number;

	if (hash == 0)
		hash = 1;
	item = tayra__frequent_find(frequent, hash);
	if (!item)
		item = take_in(frequent, hash, text, len);
	if (__builtin_add_overflow(item->count, weight, &item->count))
		item->count = UINT64_MAX;
	number = (uint32_t)(item - items_of(frequent));
	put_at(frequent, item->place, number);
	sift_up(frequent, number);
	sift_down(frequent, number);
	return item;
}

struct tayra__frequent_item *
tayra__frequent_find(struct tayra__frequent *frequent, uint64_t hash)
{
	uint32_t found = index_of(frequent)[slot_of(frequent, hash ? hash : 1)];

	return found ? &items_of(frequent)[found - 1] : NULL;
}

const struct tayra__frequent_item *
tayra__frequent_at(const struct tayra__frequent *frequent, uint32_t i)
{
	return &items_of(frequent)[i];
}
