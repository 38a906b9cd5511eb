/* SPDX-License-Identifier: Apache-2.0
 *
 * prefetch.h: when something is fetched ahead: a hit on what is about to end and will be asked for
 * again; a miss, or the first use of what was itself fetched ahead, of a key that others follow;
 * a change of a key that will be asked for again; the time at which a key has always been asked
 * for. The flight has no waiter; it needs an origin, or a ticker that runs its loader.
 */
#ifndef TAYRA_LOAD_PREFETCH_H
#define TAYRA_LOAD_PREFETCH_H

#include <tayra/tayra.h>

struct tayra__learner;
struct tayra__want;

/* In the flags of an item: it was fetched ahead. */
#define TAYRA__ITEM_AHEAD 0x4000u

/* A hit on an item in the last part of its time, or that was fetched ahead.  No lock is held. */
void tayra__prefetch_hit(struct tayra *t, struct tayra__learner *learner, uint64_t hash,
			 const struct tayra_request *request, const struct tayra_item_meta *meta,
			 uint64_t now_ms);
/* A miss that made a flight.  No lock is held. */
void tayra__prefetch_missed(struct tayra *t, const struct tayra__want *want, uint64_t now_ns);

/* A key has changed, and what was cached of it is gone or stale.  No lock is held. */
void tayra__prefetch_changed(struct tayra *t, const void *key, size_t key_len);

/* Time has moved on.  No lock is held. */
void tayra__prefetch_tick(struct tayra *t, uint64_t now_ms);

/* Of a flight that was begun here; handle.lock is held.  It was kept until then: what it cost and
 * displaced; or it came to nothing. */
void tayra__prefetch_landed(struct tayra_load *flight, const struct tayra_item_meta *meta,
			    uint64_t bytes, uint64_t evictions);
void tayra__prefetch_dropped(struct tayra_load *flight);

#endif
