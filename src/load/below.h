/* SPDX-License-Identifier: Apache-2.0
 *
 * below.h: what lies between RAM and the origin, as load sees it.  A tier is asked inside a flight
 * before pace is, and is told what lands, is put, and is deleted.
 *
 * Order.  Between the change of the cache and that of the tier nobody may look below, or an old
 * value would come up again.  So who changes a key in both holds its order lock over both, and who
 * looks holds it for the look: order -> handle.lock.  What was found may be outdated by the time it
 * lands; then its flight is detached by whoever outdated it, as a load's is.
 *
 * Without a tier every call does nothing.
 */
#ifndef TAYRA_LOAD_BELOW_H
#define TAYRA_LOAD_BELOW_H

#include <pthread.h>

#include <tayra/tayra.h>

#include "base/list.h"
#include "tier/tier.h"

#define TAYRA__BELOW_STRIPES 64u

struct tayra__below {
	struct tayra__tier *file; /* NULL: none.  Borrowed */
	pthread_mutex_t order[TAYRA__BELOW_STRIPES];
	/* By the same stripes, under handle.lock: counts what may have outdated a look. */
	uint64_t changes[TAYRA__BELOW_STRIPES];
	_Atomic uint64_t next_tick_ns;
	/* The thread that looks for requests that must not block; with the ticker only. */
	pthread_t thread;
	bool threaded, stop;        /* stop: handle.lock */
	pthread_cond_t wake;        /* handle.lock */
	struct tayra__list waiting; /* flights, each with a reference.  handle.lock */
};

/* => TAYRA_OK, TAYRA_E_INVAL: the clock has no wall time, TAYRA_E_NOMEM. */
int tayra__below_init(struct tayra *t, struct tayra__tier *file, bool threaded);
/* No flight is left. */
void tayra__below_fini(struct tayra *t);
void tayra__below_tick(struct tayra *t, uint64_t now_ns);
void tayra__below_stats(struct tayra *t, struct tayra_tier_stats *out);

/* There is a tier. */
bool tayra__below_is(const struct tayra *t);
/* The key's order lock.  handle.lock is not held. */
void tayra__below_enter(struct tayra *t, const void *key, size_t key_len);
void tayra__below_leave(struct tayra *t, const void *key, size_t key_len);
/* With it held: the tier gets what the cache got.  Times of meta are the handle's. */
void tayra__below_put(struct tayra *t, const void *key, size_t key_len, const void *value,
		      size_t value_len, const struct tayra_item_meta *meta, uint64_t now_ns);
/* => TAYRA_OK, TAYRA_E_NOT_FOUND, TAYRA_E_IO: it could not be made sure of. */
int tayra__below_remove(struct tayra *t, const void *key, size_t key_len);
/* All order locks, for what changes many keys. */
void tayra__below_enter_all(struct tayra *t);
void tayra__below_leave_all(struct tayra *t);
/* With them held: every key that begins so is forgotten below.  => TAYRA_OK, TAYRA_E_IO. */
int tayra__below_clear(struct tayra *t, const void *prefix, size_t prefix_len);

/* A value found below, with times as the handle has them; given back with
 * tayra__tier_value_free(). */
struct tayra__found {
	struct tayra__tier_value value;
	struct tayra_item_meta meta;
};
/* => TAYRA_OK, or anything else: a miss.  No lock is held. */
int tayra__below_get(struct tayra *t, const void *key, size_t key_len, struct tayra__found *out);
/* What was found of the key before may be outdated.  handle.lock is held. */
void tayra__below_changed(struct tayra *t, const void *key, size_t key_len);
/* The same for all keys. */
void tayra__below_all_changed(struct tayra *t);

/*
 * For tayra_get(): look, and bring what is found into the cache, fresh or not.
 * => TAYRA_OK: something fresh is in *ref.  TAYRA_E_NOT_FOUND, TAYRA_E_NOMEM, TAYRA_E_FULL.
 */
int tayra__below_fetch(struct tayra *t, const void *key, size_t key_len, struct tayra_ref *ref);
/* Look for an entering flight that has not been looked for; on the calling thread, no lock held,
 * the caller has a reference.  => TAYRA_OK: it has landed.  TAYRA_E_NOT_FOUND, also when a tier
 * failed; TAYRA_E_NOMEM, TAYRA_E_FULL: it may be there. */
int tayra__below_look(struct tayra_load *flight);
/* The same, and then enter it, on the thread for it.  handle.lock is held.  => false: there is
 * none. */
bool tayra__below_look_aside(struct tayra_load *flight);

#endif
