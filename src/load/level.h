/* SPDX-License-Identifier: Apache-2.0
 *
 * level.h: one tier as load calls it: times carried from the handle's clock to the wall's and back,
 * every call timed.  Any thread; handle.lock is not held, for a tier may be a disk or a network.
 */
#ifndef TAYRA_LOAD_LEVEL_H
#define TAYRA_LOAD_LEVEL_H

#include <tayra/tayra.h>

#include "tier/tier.h"

struct tayra__level {
	struct tayra__tier *tier; /* NULL: there is none, and no call may be made.  Borrowed */
	enum tayra_tier which;
};

#define TAYRA__ITEM_ABSENT 0x8000u /* a flag of what lies in a tier: there is none to be had */

/* A value found, with times as the handle has them and its tags behind it; given back with
 * tayra__tier_value_free(). */
struct tayra__found {
	struct tayra__tier_value value;
	struct tayra_item_meta meta;
	enum tayra_tier tier;
};

/* => TAYRA_OK; TAYRA_E_NOT_FOUND, TAYRA_E_IO, TAYRA_E_NOMEM: a miss, and *out is zeroed. */
int tayra__level_get(struct tayra *t, const struct tayra__level *level, const void *key,
		     size_t key_len, struct tayra__found *out);
/* The same and the lease, of a tier that has them: see tier.h. */
int tayra__level_lease(struct tayra *t, const struct tayra__level *level, const void *key,
		       size_t key_len, struct tayra__tier_lease *lease, struct tayra__found *out);
void tayra__level_release(const struct tayra__level *level, const struct tayra__tier_leased *leases,
			  size_t count);
void tayra__level_renew(const struct tayra__level *level, const struct tayra__tier_leased *leases,
			size_t count, uint64_t ns);
/* Times of meta are the handle's; the tags it tells of lie behind the value.  => as the tier's put,
 * or its offer if it has one: then TAYRA_E_NOT_FOUND says that there is something newer. */
enum tayra__level_how { TAYRA__LEVEL_PUT, TAYRA__LEVEL_OFFER };
int tayra__level_put(struct tayra *t, const struct tayra__level *level, const void *key,
		     size_t key_len, const void *value, size_t value_len,
		     const struct tayra_item_meta *meta, enum tayra__level_how how);
/* => TAYRA_OK, TAYRA_E_NOT_FOUND, TAYRA_E_IO: it could not be made sure of. */
int tayra__level_remove(struct tayra *t, const struct tayra__level *level, const void *key,
			size_t key_len);
/* => TAYRA_OK, TAYRA_E_IO. */
int tayra__level_clear(struct tayra *t, const struct tayra__level *level, const void *prefix,
		       size_t prefix_len);
void tayra__level_tick(struct tayra *t, const struct tayra__level *level);
void tayra__level_stats(struct tayra *t, const struct tayra__level *level,
			struct tayra_tier_stats *out);

#endif
