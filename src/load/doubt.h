/* SPDX-License-Identifier: Apache-2.0
 *
 * doubt.h: what is not believed to be current any more, for a whole prefix or tag at once and
 * without a walk: a value that was born before the moment of a doubt is stale, wherever it is
 * found.  While nobody would say if something changed, the doubt is blind, and values grow old
 * soon.
 *
 * Who asks takes no lock.  Doubts are made and changed under handle.lock, and freed with the
 * handle.
 */
#ifndef TAYRA_LOAD_DOUBT_H
#define TAYRA_LOAD_DOUBT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tayra/cache.h>

#include "load/tag.h"

struct tayra__doubt {
	struct tayra__doubt *next;
	/* blind_ttl_ms is stored after these two, release, and read before them, acquire: who finds
	 * that it sees again knows from when on. */
	_Atomic uint64_t before_ms;        /* born earlier: stale */
	_Atomic uint64_t tagged_before_ms; /* the same of what has tags, whose births may have been
					      moved ahead of the clock (tag.h) */
	_Atomic uint64_t blind_ttl_ms;     /* fresh no longer after birth; UINT64_MAX: it sees */
	bool erases;                       /* not served at all */
	bool taken;                        /* by somebody who will change it */
	size_t prefix_len;
	unsigned char prefix[];
};

struct tayra__doubts {
	/* What was born from here on nobody doubts; UINT64_MAX while one is blind.  release, after
	 * the doubts; acquire. */
	_Atomic uint64_t before_ms;
	_Atomic(struct tayra__doubt *) first; /* release, acquire; only ever longer */
	struct tayra__tag_table tags;
};

/* Nothing is left that asks. */
void tayra__doubts_fini(struct tayra__doubts *doubts);
/* One for the keys that begin so, that doubts nothing yet, or what is left of another's.
 * => NULL: no memory. */
struct tayra__doubt *tayra__doubt_take(struct tayra__doubts *doubts, const void *prefix,
				       size_t prefix_len, bool erases);
/* It sees, and its last moment stays. */
void tayra__doubt_give_back(struct tayra__doubts *doubts, struct tayra__doubt *doubt);
/* Whatever was born until now, on the handle's clock, is doubted; and from now on it is blind or,
 * with UINT64_MAX, sees. */
void tayra__doubt_mark(struct tayra__doubts *doubts, struct tayra__doubt *doubt, uint64_t now_ms,
		       uint64_t blind_ttl_ms);

/* The same for all with that tag, or with any. */
void tayra__doubts_tell_tag(struct tayra__doubts *doubts, uint64_t hash, uint64_t now_ms,
			    enum tayra__tag_how how);
void tayra__doubts_tell_any_tag(struct tayra__doubts *doubts, uint64_t now_ms,
				enum tayra__tag_how how);

/* What lies under a key: its bytes, with its tags behind them. */
struct tayra__suspect {
	const void *key;
	size_t key_len;
	const void *value;
	size_t value_len;
};

bool tayra__doubts_ask(const struct tayra__doubts *doubts, const struct tayra__suspect *suspect,
		       uint64_t margin_ms, struct tayra_item_meta *meta);

/* Of a value in RAM: it is old enough to be doubted. */
static inline bool
tayra__doubts_any(const struct tayra__doubts *doubts, const struct tayra_item_meta *meta)
{
	return meta->born_ms < atomic_load_explicit(&doubts->before_ms, memory_order_acquire);
}

/* Of a value in RAM: its fresh_ms is brought forward, to 0 if it is doubted.  => false: it is gone.
 */
static inline bool
tayra__doubts_judge(const struct tayra__doubts *doubts, const void *key, size_t key_len,
		    struct tayra_value *value)
{
	const struct tayra__suspect suspect = { key, key_len, value->data, value->len };

	return !tayra__doubts_any(doubts, &value->meta) ||
	       tayra__doubts_ask(doubts, &suspect, 0, &value->meta);
}

/* The same for what comes from a tier: its birth was told by a clock of the wall, maybe another
 * machine's, and so is taken for that much earlier. */
#define TAYRA__DOUBT_MARGIN_MS 1000u
static inline bool
tayra__doubts_judge_found(const struct tayra__doubts *doubts, const struct tayra__suspect *suspect,
			  struct tayra_item_meta *meta)
{
	if (atomic_load_explicit(&doubts->before_ms, memory_order_acquire) == 0)
		return true;
	return tayra__doubts_ask(doubts, suspect, TAYRA__DOUBT_MARGIN_MS, meta);
}

#endif
