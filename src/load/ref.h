/* SPDX-License-Identifier: Apache-2.0
 *
 * ref.h: what keeps a value's bytes in place while somebody reads them.
 *
 * A hit is a pin of the cache.  What a load brings is a hold: the bytes once, shared by everyone
 * who waited, in the cache where it took them and else in a block of the heap.  Blocks count
 * against a budget.  Holds, blocks and the budget outlive the handle.
 */
#ifndef TAYRA_LOAD_REF_H
#define TAYRA_LOAD_REF_H

#include <stdatomic.h>

#include <tayra/tayra.h>

#include "load/tag.h"

/* Heap bytes that may be out at once.  Counted by its holders and the handle; any thread. */
struct tayra__budget {
	_Atomic uint64_t refs;
	_Atomic uint64_t used_bytes;
	uint64_t max_bytes;
};

/* => NULL: no memory.  One reference is the caller's. */
struct tayra__budget *tayra__budget_create(uint64_t max_bytes);
void tayra__budget_put(struct tayra__budget *budget);

enum tayra__hold_kind {
	TAYRA__HOLD_EMPTY,
	TAYRA__HOLD_RESERVED, /* in the cache, and nobody can find it there */
	TAYRA__HOLD_PINNED,   /* in the cache, under its key */
	TAYRA__HOLD_BLOCK,    /* on the heap */
};

struct tayra__hold {
	_Atomic uint64_t refs;
	enum tayra__hold_kind kind;
	uint64_t token; /* the process it belongs to */
	struct tayra_cache *cache;
	struct tayra__budget *budget;
	struct tayra_reservation reservation;
	struct tayra_value value; /* data and len count whatever the kind */
	uint64_t block_bytes;
	/* The value's: set before there is room for it, which then has room for them too.  They lie
	 * behind it from copy, trim or take on. */
	struct tayra__tags tags;
};

/* => NULL: no memory.  Empty; one reference is the caller's. */
struct tayra__hold *tayra__hold_create(struct tayra_cache *cache, struct tayra__budget *budget,
				       uint64_t token);
/* Let go of the bytes and be empty again, without tags.  Only while nobody else has a reference. */
void tayra__hold_empty(struct tayra__hold *hold);
void tayra__hold_put(struct tayra__hold *hold);
/*
 * Room for len bytes, at hold->value.data: in the cache if it takes them, else a block.
 * => TAYRA_OK, TAYRA_E_TOO_LARGE, TAYRA_E_FULL (over the budget), TAYRA_E_NOMEM.
 */
int tayra__hold_room(struct tayra__hold *hold, const void *key, size_t key_len, size_t len,
		     uint64_t now_ms);
/* A copy of len bytes, which may lie in the room there is, in room of their own size.
 * => as tayra__hold_room(); else empty. */
int tayra__hold_copy(struct tayra__hold *hold, const void *key, size_t key_len, const void *bytes,
		     size_t len, uint64_t now_ms);
/* Of the room, only the first len bytes count.  The cache's room is of one size, so that this
 * copies them to other room there.  => TAYRA_E_INVAL when it is not that large; as
 * tayra__hold_room(). */
int tayra__hold_trim(struct tayra__hold *hold, const void *key, size_t key_len, size_t len,
		     uint64_t now_ms);
/* Take over the pin of a value found in the cache, and its tags, instead of what the hold has. */
void tayra__hold_take(struct tayra__hold *hold, struct tayra_value *value);
/* Make what is reserved visible under its key; meta says how many tags.  => TAYRA_OK; TAYRA_E_FULL:
 * the hold is empty. */
int tayra__hold_commit(struct tayra__hold *hold, const struct tayra_item_meta *meta,
		       uint64_t now_ms);

/* Take over the pin of a value found in the cache.  The value is zeroed. */
void tayra__ref_take(struct tayra_ref *ref, struct tayra_cache *cache, uint64_t token,
		     struct tayra_value *value, uint64_t now_ms);
/* One more reference to the hold, whose value came from that tier. */
void tayra__ref_share(struct tayra_ref *ref, struct tayra__hold *hold,
		      const struct tayra_item_meta *meta, enum tayra_tier tier, uint64_t now_ms);

#endif
