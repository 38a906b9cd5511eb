/* SPDX-License-Identifier: Apache-2.0 */
#include "tier/remote_owed.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

#define CAPACITY_MIN 64u

void
tayra__remote_owed_init(struct tayra__remote_owed *owed)
{
	*owed = (struct tayra__remote_owed){ 0 };
}

static void
forget_keys(struct tayra__remote_owed *owed)
{
	for (uint32_t i = 0; i < owed->capacity; i++)
		tayra__mem_free(owed->slots[i].bytes);
	tayra__mem_free(owed->slots);
	owed->slots = NULL;
	owed->capacity = owed->count = 0;
	owed->bytes = 0;
}

void
tayra__remote_owed_fini(struct tayra__remote_owed *owed)
{
	forget_keys(owed);
	tayra__remote_owed_init(owed);
}

void
tayra__remote_owed_lose(struct tayra__remote_owed *owed)
{
	forget_keys(owed);
	owed->lost = true;
}

/* The slot that has the key, or the empty one where it goes. */
static struct tayra__remote_owed_key *
slot_of(const struct tayra__remote_owed *owed, const void *key, size_t key_len)
{
	uint32_t i = (uint32_t)tayra__hash_bytes(key, key_len, 0) & (owed->capacity - 1);

	while (owed->slots[i].bytes &&
	       (owed->slots[i].len != key_len || memcmp(owed->slots[i].bytes, key, key_len) != 0))
		i = (i + 1) & (owed->capacity - 1);
	return &owed->slots[i];
}

static bool
grow(struct tayra__remote_owed *owed)
{
	struct tayra__remote_owed larger = *owed;

	if (owed->count < owed->capacity / 2)
		return true;
	larger.capacity = owed->capacity ? owed->capacity * 2 : CAPACITY_MIN;
	larger.slots = tayra__mem_array(larger.capacity, sizeof(*larger.slots));
	if (!larger.slots)
		return false;
	for (uint32_t i = 0; i < owed->capacity; i++)
		if (owed->slots[i].bytes)
			*slot_of(&larger, owed->slots[i].bytes,
				 owed->slots[i].len) = owed->slots[i];
	tayra__mem_free(owed->slots);
	*owed = larger;
	return true;
}

void
tayra__remote_owed_add(struct tayra__remote_owed *owed, const void *key, size_t key_len)
{
	struct tayra__remote_owed_key *slot;

	if (owed->lost)
		return;
	if (!grow(owed)) {
		tayra__remote_owed_lose(owed);
		return;
	}
	slot = slot_of(owed, key, key_len);
	if (slot->bytes)
		return;
	if (owed->count < TAYRA__REMOTE_OWED_KEYS &&
	    key_len <= TAYRA__REMOTE_OWED_BYTES - owed->bytes)
		slot->bytes = tayra__mem_alloc(key_len ? key_len : 1);
	if (!slot->bytes) {
		tayra__remote_owed_lose(owed);
		return;
	}
	if (key_len > 0)
		memcpy(slot->bytes, key, key_len);
	slot->len = key_len;
	owed->bytes += key_len;
	owed->count++;
}

void
tayra__remote_owed_join(struct tayra__remote_owed *owed, struct tayra__remote_owed *from)
{
	struct tayra__remote_owed_key key;

	if (from->lost)
		tayra__remote_owed_lose(owed);
	for (uint32_t at = 0; tayra__remote_owed_next(from, &at, &key);)
		tayra__remote_owed_add(owed, key.bytes, key.len);
	tayra__remote_owed_fini(from);
}

bool
tayra__remote_owed_next(const struct tayra__remote_owed *owed, uint32_t *at,
			struct tayra__remote_owed_key *out)
{
	while (*at < owed->capacity) {
		*out = owed->slots[(*at)++];
		if (out->bytes)
			return true;
	}
	return false;
}
