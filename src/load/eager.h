/* SPDX-License-Identifier: Apache-2.0
 *
 * eager.h: a hit late in a value's time has it loaded anew behind it, so that who comes after its
 * end need not wait.  Once a value: the item is marked, and if that load is not let in or fails,
 * the value ends as it would have.
 */
#ifndef TAYRA_LOAD_EAGER_H
#define TAYRA_LOAD_EAGER_H

#include <stdbool.h>

#include "load/handle.h"

#define TAYRA__ITEM_EAGER 0x2000u /* a flag: its load has been begun */

/* Is it time?  Asked on every hit; refresh_at is the request's. */
static inline bool
tayra__eager_is_due(const struct tayra *t, const struct tayra_item_meta *meta, uint64_t now_ms,
		    double refresh_at)
{
	uint64_t part = tayra__setting(&t->settings.refresh_at); /* of 2^32; 0: never */

	if (__builtin_expect(refresh_at != 0, 0))
		part = refresh_at > 0 ? (uint64_t)(refresh_at * 4294967296.0) : 0;
	return __builtin_expect(part != 0, 0) && !(meta->flags & TAYRA__ITEM_EAGER) &&
	       now_ms > meta->born_ms &&
	       (double)(now_ms - meta->born_ms) * 4294967296.0 >=
		       (double)(meta->fresh_ms - meta->born_ms) * (double)part;
}

/* The same by chance, if options.xfetch says so. */
bool tayra__eager_is_drawn(struct tayra *t, const void *key, size_t key_len,
			   const struct tayra_item_meta *meta, uint64_t now_ms);

/* One or the other. */
static inline bool
tayra__eager_asks(struct tayra *t, const struct tayra_request *request,
		  const struct tayra_item_meta *meta, uint64_t now_ms)
{
	if (tayra__eager_is_due(t, meta, now_ms, request->refresh_at))
		return true;
	return __builtin_expect(tayra__setting(&t->settings.xfetch) != 0, 0) &&
	       tayra__eager_is_drawn(t, request->key, request->key_len, meta, now_ms);
}

/* Begin it, if there is somebody to run its loader.  handle.lock is not held. */
void tayra__eager_begin(struct tayra *t, const struct tayra_request *request,
			const struct tayra_item_meta *meta, uint64_t now_ms);

#endif
