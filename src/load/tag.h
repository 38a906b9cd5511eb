/* SPDX-License-Identifier: Apache-2.0
 *
 * tag.h: the tags of a value, and the table of what was said of tags: "all that carries it and was
 * born before this moment is gone", or stale.  A tag is known by a hash; two with one hash cost
 * loads, never a wrong answer.
 *
 * The table remembers some thousand tags one by one.  Beyond that the one that was told longest ago
 * is forgotten, and what was born before that moment and carries any tag is doubted.
 *
 * Births are whole milliseconds, and what lands may have begun in the same one as a tag was told.
 * So the handle counts: what began at a later number than the tag has is not touched, and is born
 * at the tag's moment, if that lies ahead.
 */
#ifndef TAYRA_LOAD_TAG_H
#define TAYRA_LOAD_TAG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tayra/tayra.h>

#include "cache/tags.h"

/* Of one value. */
struct tayra__tags {
	uint32_t count;
	uint64_t hash[TAYRA_TAGS_MAX];
};

/* => TAYRA_OK; TAYRA_E_INVAL: too many, or bytes that are not there; TAYRA_E_TOO_LARGE: one of over
 * TAYRA_KEY_MAX. */
int tayra__tags_check(const struct tayra_tag *tags, size_t count);
/* Of tags that were checked. */
struct tayra__tags tayra__tags_of(const struct tayra_tag *tags, size_t count);
uint64_t tayra__tag_hash(const void *tag, size_t tag_len);
/* Those behind a value's bytes. */
struct tayra__tags tayra__tags_read(const void *value, size_t len, uint32_t flags);
/* Behind a value's bytes, where there is room for them. */
void tayra__tags_write(const struct tayra__tags *tags, void *value, size_t len);

static inline size_t
tayra__tags_bytes(const struct tayra__tags *tags)
{
	return tags->count * sizeof(tags->hash[0]);
}

/* For the flags of an item. */
static inline uint32_t
tayra__tags_flags(const struct tayra__tags *tags)
{
	return tags->count << TAYRA__ITEM_TAGS_SHIFT;
}

#define TAYRA__TAG_SETS 512u
#define TAYRA__TAG_WAYS 8u

/* Born earlier: gone, and stale.  0: nothing is. */
struct tayra__tag_moments {
	uint64_t erased_ms, aged_ms;
};

struct tayra__tag_entry;

/*
 * Who asks takes no lock.  It is changed under handle.lock: first what is true of all tags, then a
 * place in the table; each store a release, each load an acquire, in the other order.
 */
struct tayra__tag_table {
	_Atomic(struct tayra__tag_entry *) entries; /* made with the first; goes with the handle */
	_Atomic uint64_t erased_ms, aged_ms;        /* of any tag */
	/* handle.lock */
	uint64_t number;     /* of what was said so far */
	uint64_t any_number; /* of the last that was said of any tag */
	uint64_t latest_ms;  /* the latest moment there is */
	uint64_t ahead_ms;   /* the latest birth that was moved to a moment */
};

enum tayra__tag_how { TAYRA__TAG_ERASE, TAYRA__TAG_AGE };

void tayra__tag_table_fini(struct tayra__tag_table *table);
/* The tag is told.  Without memory any tag is. */
void tayra__tag_tell(struct tayra__tag_table *table, uint64_t hash, uint64_t now_ms,
		     enum tayra__tag_how how);
/* Any tag may have been, elsewhere. */
void tayra__tag_tell_any(struct tayra__tag_table *table, uint64_t now_ms, enum tayra__tag_how how);
/* The latest of the moments of a value's tags. */
struct tayra__tag_moments tayra__tag_ask(const struct tayra__tag_table *table,
					 const struct tayra__tags *tags);
/* The number of what was last said of one of them; 0: nothing was.  handle.lock. */
uint64_t tayra__tag_number(const struct tayra__tag_table *table, const struct tayra__tags *tags);
/* When what is younger than all that was said of its tags is born, if it was loaded or put at
 * born_ms.  handle.lock. */
uint64_t tayra__tag_birth(struct tayra__tag_table *table, const struct tayra__tags *tags,
			  uint64_t born_ms);

#endif
