/* SPDX-License-Identifier: Apache-2.0
 *
 * tags.h: what load keeps behind a value's bytes and is no part of them: hashes of tags, 8 bytes
 * each.  How many is said by four bits of the item's flags.  Whoever stores a value with tags
 * brings value and hashes as one and sets the bits; whoever gets one is told the value's length,
 * and finds them behind it.  They belong to the bytes: no later change of the flags takes them
 * away.
 */
#ifndef TAYRA_CACHE_TAGS_H
#define TAYRA_CACHE_TAGS_H

#include <stdint.h>

#define TAYRA__ITEM_TAGS       0x0f00u
#define TAYRA__ITEM_TAGS_SHIFT 8

static inline uint32_t
tayra__item_tag_count(uint32_t flags)
{
	return (flags & TAYRA__ITEM_TAGS) >> TAYRA__ITEM_TAGS_SHIFT;
}

/* The bytes they take. */
static inline uint32_t
tayra__item_tag_bytes(uint32_t flags)
{
	return (flags & TAYRA__ITEM_TAGS) >> (TAYRA__ITEM_TAGS_SHIFT - 3);
}

#endif
