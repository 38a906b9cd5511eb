/* SPDX-License-Identifier: Apache-2.0
 *
 * below.h: what lies between RAM and the origin, as load sees it: the file tier, then the remote
 * one; either may be missing.  They are asked inside a flight before pace is, and are told what
 * lands, is put, and is deleted.
 *
 * The file tier.  Between the change of the cache and that of the file nobody may look there, or an
 * old value would come up again.  So who changes a key in both holds its order lock over both, and
 * who looks holds it for the look: order -> handle.lock.
 *
 * The remote tier may take its time, so no lock is held over a call.  It is told after the file
 * tier; until then the key is due and is not asked for there (due.h).
 *
 * What was found may be outdated by the time it lands; then its flight is detached by whoever
 * outdated it, as a load's is.  So are flights by a tier that says that others changed a key.
 *
 * Without a tier every call does nothing.
 */
#ifndef TAYRA_LOAD_BELOW_H
#define TAYRA_LOAD_BELOW_H

#include <pthread.h>

#include <tayra/tayra.h>

#include "base/list.h"
#include "load/due.h"
#include "load/lease.h"
#include "load/level.h"

/* A clear holds all; ThreadSanitizer follows at most 64 locks of a thread. */
#define TAYRA__BELOW_STRIPES 32u
#define TAYRA__BELOW_LOOKERS 4u /* threads that look; one without a remote tier */
#define TAYRA__BELOW_THREADS (TAYRA__BELOW_LOOKERS + 1)

/* Whether what the file tier has may be served. */
enum tayra__trust {
	TAYRA__TRUSTED,
	TAYRA__DISTRUSTED, /* it has to be emptied first */
	TAYRA__EMPTYING,
};

struct tayra__below {
	struct tayra__level file, remote;
	pthread_mutex_t order[TAYRA__BELOW_STRIPES];
	/* By the same stripes, under handle.lock: counts what may have outdated a look. */
	uint64_t changes[TAYRA__BELOW_STRIPES];
	_Atomic uint64_t next_tick_ns;
	enum tayra__trust trust; /* of the file tier.  handle.lock */
	struct tayra__due due;
	struct tayra__leases leases;
	/* The threads that look for requests that must not block, and the last, which tells the
	 * remote; with the ticker only. */
	pthread_t threads[TAYRA__BELOW_THREADS];
	unsigned lookers;
	bool writer;
	bool stop, pay;             /* pay: time to try what is owed.  handle.lock */
	pthread_cond_t wake;        /* of those that look.  handle.lock */
	struct tayra__list waiting; /* flights, each with a reference.  handle.lock */
};

enum tayra__below_threads { TAYRA__BELOW_ALONE, TAYRA__BELOW_THREADED };

/* The cache is there.  => TAYRA_OK, TAYRA_E_INVAL: the clock has no wall time, TAYRA_E_NOMEM. */
int tayra__below_init(struct tayra *t, struct tayra__tier *file, struct tayra__tier *remote,
		      uint64_t lease_ns, enum tayra__below_threads threads);
/* No flight is left.  What is posted for the remote is told it, until that fails. */
void tayra__below_fini(struct tayra *t);
void tayra__below_tick(struct tayra *t, uint64_t now_ns);

/* There is a tier. */
bool tayra__below_is(const struct tayra *t);
/* The remote is told by a thread of the handle. */
bool tayra__below_posts(const struct tayra *t);
/* The key's order lock.  handle.lock is not held. */
void tayra__below_enter(struct tayra *t, const void *key, size_t key_len);
void tayra__below_leave(struct tayra *t, const void *key, size_t key_len);
/* With it held: the file tier gets what the cache got.  Times of meta are the handle's. */
void tayra__below_put(struct tayra *t, const void *key, size_t key_len, const void *value,
		      size_t value_len, const struct tayra_item_meta *meta);
/* => TAYRA_OK, TAYRA_E_NOT_FOUND, TAYRA_E_IO: it could not be made sure of. */
int tayra__below_remove(struct tayra *t, const void *key, size_t key_len);
/* All order locks, for what changes many keys. */
void tayra__below_enter_all(struct tayra *t);
void tayra__below_leave_all(struct tayra *t);
/* With them held: every key that begins so is forgotten in the file tier.  => TAYRA_OK,
 * TAYRA_E_IO. */
int tayra__below_clear(struct tayra *t, const void *prefix, size_t prefix_len);

/* Somebody else has changed the key in the remote: forget it here.  No lock. */
void tayra__below_forget(struct tayra *t, const void *key, size_t key_len);
/* Whoever shares the remote is told of a tag; nobody, without one.  No lock.  => TAYRA_OK,
 * TAYRA_E_IO. */
int tayra__below_tell_tag(struct tayra *t, uint64_t hash);
/* What was found of the key before may be outdated.  handle.lock is held. */
void tayra__below_changed(struct tayra *t, const void *key, size_t key_len);
/* The same for all keys. */
void tayra__below_all_changed(struct tayra *t);

/*
 * For tayra_get(): look, and bring what is found into the cache, fresh or not.
 * => TAYRA_OK: something fresh is in *ref.  TAYRA_E_NOT_FOUND, TAYRA_E_NOMEM, TAYRA_E_FULL.
 */
int tayra__below_fetch(struct tayra *t, const void *key, size_t key_len, struct tayra_ref *ref);
/* Look for an entering flight that has not been looked for, and take its lease for so long, 0: not;
 * on the calling thread, no lock held, the caller has a reference.  => TAYRA_OK: it has landed.
 * TAYRA_PENDING: not, and another node loads it.  TAYRA_E_NOT_FOUND, also when a tier failed;
 * TAYRA_E_NOMEM, TAYRA_E_FULL: it may be there. */
int tayra__below_look(struct tayra_load *flight, uint64_t lease_ns);
/* The same, and then enter it, on a thread for it.  handle.lock is held.  => false: there is
 * none. */
bool tayra__below_look_aside(struct tayra_load *flight);

#endif
