/* SPDX-License-Identifier: Apache-2.0
 *
 * pin.h: who holds an item.  Pins go up under the shard's lock and down anywhere.  While an item
 * has any, its bytes count in pinned_bytes and it holds one of the cache's lives.
 */
#ifndef TAYRA_CACHE_PIN_H
#define TAYRA_CACHE_PIN_H

struct tayra_cache;
struct tayra__item;

/*
 * Account for an item that now has its first pin.  Under the shard's lock.
 * => TAYRA_OK, TAYRA_E_FULL: pinned_max_bytes would be passed; nothing was counted.
 */
int tayra__pin_count(struct tayra_cache *cache, const struct tayra__item *item);

/* One more pin on a resident item.  Under the shard's lock.  => TAYRA_OK, TAYRA_E_FULL. */
int tayra__pin_take(struct tayra_cache *cache, struct tayra__item *item);

/* Give one pin back.  No lock is held; takes the shard's for the last pin of a dead item.  The
 * item, and with the last life the cache, may be gone afterwards. */
void tayra__pin_give_back(struct tayra_cache *cache, struct tayra__item *item);

#endif
