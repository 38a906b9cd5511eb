/* SPDX-License-Identifier: Apache-2.0 */
#include "load/lender.h"

#include "base/hash.h"

#define NUMBER 15u /* of the lender, in of_key[] */

size_t
tayra__lender_bytes(uint32_t keys)
{
	return sizeof(struct tayra__lender) + tayra__hash_table_size(keys) * sizeof(uint32_t);
}

void
tayra__lender_init(struct tayra__lender *lender, uint32_t keys)
{
	lender->mask = tayra__hash_table_size(keys) - 1;
}

uint64_t
tayra__lender_mark(const struct tayra__want *want)
{
	uint64_t h = tayra__hash_mix64((uint64_t)(uintptr_t)want->origin);

	h = tayra__hash_mix64(h ^ (uint64_t)(uintptr_t)want->load);
	h = tayra__hash_mix64(h ^ (uint64_t)(uintptr_t)want->load_arg);
	h = tayra__hash_mix64(h ^ want->ttl_ms);
	h = tayra__hash_mix64(h ^ want->stale_ms);
	return tayra__hash_mix64(h ^ want->key_prefix_len);
}

/* => from 1; 0: there is no room. */
static uint32_t
number_of(struct tayra__lender *lender, const struct tayra__want *want)
{
	uint64_t mark = tayra__lender_mark(want);
	uint32_t i = 0;

	while (i < lender->count && lender->lent[i].mark != mark)
		i++;
	if (i == TAYRA__LENDERS)
		return 0;
	lender->lent[i].mark = mark;
	lender->lent[i].want = *want;
	lender->lent[i].want.key = NULL;
	lender->lent[i].want.key_len = 0;
	if (i == lender->count)
		lender->count++;
	return i + 1;
}

void
tayra__lender_note(struct tayra__lender *lender, uint64_t hash, const struct tayra__want *want)
{
	/* Tags are borrowed for the call, and nothing may be loaded without its own. */
	uint32_t number = want->tag_count ? 0 : number_of(lender, want);

	lender->of_key[hash & lender->mask] = number ? ((uint32_t)(hash >> 32) & ~NUMBER) | number
						     : 0;
}

bool
tayra__lender_find(const struct tayra__lender *lender, uint64_t hash, struct tayra__want *out)
{
	uint32_t known = lender->of_key[hash & lender->mask];

	if (known == 0 || ((known ^ (uint32_t)(hash >> 32)) & ~NUMBER))
		return false;
	*out = lender->lent[(known & NUMBER) - 1].want;
	return true;
}
