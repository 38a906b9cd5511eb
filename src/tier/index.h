/* SPDX-License-Identifier: Apache-2.0
 *
 * index.h: where each key's latest record is.  12 bytes a slot, 256 small tables that each grow by
 * an eighth when 7/8 full, so an item costs 13.7 to 15.5 bytes and growing copies 1/256 of them.
 *
 * It knows keys by 44 bits of their hash.  Two keys that share them are one to the index: the later
 * put wins and the other is a miss.  So nobody has to read a key to replace or delete it, and
 * rebuilding the index comes to the same result.
 *
 * Not thread-safe: the caller holds the tier's lock.
 */
#ifndef TAYRA_TIER_INDEX_H
#define TAYRA_TIER_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAYRA__TIER_INDEX_PARTS        256u
#define TAYRA__TIER_INDEX_SEGMENT_BITS 18
#define TAYRA__TIER_INDEX_UNIT         8u /* records begin at multiples of it */
#define TAYRA__TIER_INDEX_SEGMENT_BYTES                                                            \
	(TAYRA__TIER_INDEX_UNIT << 21) /* a segment is not larger                                  \
					*/

struct tayra__tier_index_slot {
	uint32_t words[3];
};

struct tayra__tier_index_part {
	struct tayra__tier_index_slot *slots;
	uint32_t capacity, count;
};

struct tayra__tier_index {
	struct tayra__tier_index_part parts[TAYRA__TIER_INDEX_PARTS];
	uint64_t count, bytes;
};

struct tayra__place {
	uint32_t segment; /* the low TAYRA__TIER_INDEX_SEGMENT_BITS of its number */
	uint32_t offset;  /* bytes, a multiple of the unit */
	uint32_t size;    /* bytes, a multiple of the unit, not 0 */
};

void tayra__tier_index_init(struct tayra__tier_index *index);
void tayra__tier_index_fini(struct tayra__tier_index *index);
bool tayra__tier_index_find(const struct tayra__tier_index *index, uint64_t hash,
			    struct tayra__place *out);
/* Make sure that the next set of this hash has room.  => TAYRA_OK, TAYRA_E_NOMEM. */
int tayra__tier_index_reserve(struct tayra__tier_index *index, uint64_t hash);
/* There must be room, or the hash be in. */
void tayra__tier_index_set(struct tayra__tier_index *index, uint64_t hash,
			   const struct tayra__place *place);
/* => whether it was there. */
bool tayra__tier_index_remove(struct tayra__tier_index *index, uint64_t hash);
/* => whether that slot of that part holds something, and where that lies.  For walking: any call
 * that changes the index may move what is behind. */
bool tayra__tier_index_at(const struct tayra__tier_index *index, uint32_t part, uint32_t slot,
			  struct tayra__place *out);
/* Remove what lies in `count` segments from number `first` on. */
void tayra__tier_index_drop(struct tayra__tier_index *index, uint32_t first, uint32_t count);

#endif
