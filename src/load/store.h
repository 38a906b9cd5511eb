/* SPDX-License-Identifier: Apache-2.0
 *
 * store.h: changes of keys for those who know more than tayra_put() and tayra_delete() say.  Any
 * thread; as tayra_put() they may write to the tiers below, and so may take as long as a disk or a
 * network does.
 */
#ifndef TAYRA_LOAD_STORE_H
#define TAYRA_LOAD_STORE_H

#include <tayra/tayra.h>

struct tayra__doubts;
#include "load/tag.h"

/* tayra_put() with all that is known of the value; times are ms on the handle's clock, flags and
 * charge are the cache's.  It has no tags.  => as tayra_put(). */
int tayra__store_put(struct tayra *t, const void *key, size_t key_len, const void *value,
		     size_t value_len, const struct tayra_item_meta *meta);
/* What a write has brought: times in ms, as a flight has them; with *unless true at the moment of
 * the change, which handle.lock guards, tayra_delete() instead.  => as tayra_put_with();
 * TAYRA_E_CANCELLED: it was that. */
int tayra__store_put_written(struct tayra *t, const void *key, size_t key_len, const void *value,
			     size_t value_len, uint64_t ttl_ms, uint64_t stale_ms,
			     const struct tayra__tags *tags, const bool *unless);
/*
 * tayra__store_put() in two steps, for a thread that must not wait for a network: first everything
 * but the remote tier; then, on any thread, once for each change with its number, the remote. Until
 * then the key is not asked for there, and of several changes the latest wins whatever their order;
 * one that a later change has overtaken is not delivered, and deliver says so at once. Without a
 * remote tier *number is 0 and there is nothing to deliver.  value NULL, meta NULL: a delete.  =>
 * change: as tayra_put() and tayra_delete(), but for the remote.  deliver: TAYRA_OK,
 * TAYRA_E_NOT_FOUND; TAYRA_E_IO and others: not told, and owed (docs/design/load.md).
 */
int tayra__store_change(struct tayra *t, const void *key, size_t key_len, const void *value,
			size_t value_len, const struct tayra_item_meta *meta, uint64_t *number);
int tayra__store_deliver(struct tayra *t, const void *key, size_t key_len, const void *value,
			 size_t value_len, const struct tayra_item_meta *meta, uint64_t number);
/*
 * tayra_delete() for every key that begins so; NULL, 0: for all.  Loads of such keys in progress
 * are not kept.  What is put meanwhile is kept or not.  Takes time as there are keys, in RAM and
 * below, and meanwhile nobody looks below; all keys of a file tier go at once.
 * => TAYRA_OK, TAYRA_E_NOMEM (nothing was done), TAYRA_E_IO: forgotten, but a tier cannot promise
 *    that nothing of it is back after a restart; TAYRA_E_INVAL, TAYRA_E_TOO_LARGE, TAYRA_E_FORKED.
 */
int tayra__store_clear(struct tayra *t, const void *prefix, size_t prefix_len);
/*
 * The key has changed at its origin: as tayra_delete(), but what is in RAM may stay, stale, for as
 * long as it was to live.  With the ticker it does not wait for the remote tier.
 */
enum tayra__store_outdated { TAYRA__STORE_AGE, TAYRA__STORE_ERASE };
void tayra__store_outdate(struct tayra *t, const void *key, size_t key_len,
			  enum tayra__store_outdated how);
/* Whatever has that tag is gone here, and no load that is under way brings it back. */
void tayra__store_tell_tag(struct tayra *t, uint64_t hash);
/* The RAM tier, on the handle's clock.  Borrowed; what is changed there alone is not changed in
 * the tiers below, and a load may replace it. */
struct tayra_cache *tayra__handle_cache(const struct tayra *t);
/* What feeds doubt of that: to be asked of each item found there (doubt.h).  Borrowed. */
const struct tayra__doubts *tayra__handle_doubts(const struct tayra *t);

/*
 * What was answered from the RAM tier without asking the handle, for it to learn from (strategy.h):
 * key and key_prefix_len of a request, with an origin if the key has one, and its item's times; or
 * that there was none, of a key that is not loaded.  now_ms is on the handle's clock.
 */
/* Something may follow from a use of the item now: then its origin is needed. */
bool tayra__store_follows(struct tayra *t, const struct tayra_request *request,
			  const struct tayra_item_meta *meta, uint64_t now_ms);
void tayra__store_used(struct tayra *t, const struct tayra_request *request,
		       const struct tayra_item_meta *meta, uint64_t now_ms);
void tayra__store_missed(struct tayra *t, const struct tayra_request *request, uint64_t now_ms);
/* What tayra_patterns_write() would write has so many pieces of advice. */
unsigned tayra__store_hints(struct tayra *t);

#endif
