/* SPDX-License-Identifier: Apache-2.0
 *
 * due.h: what the remote tier has still to be told.  It is written to without any lock, and so
 * later than RAM and the file tier; until it has been, and for as long as it cannot be, a key is
 * due and the remote is not asked for it.  So nothing that was overwritten or deleted comes back
 * from there, however slow it is or however it fails.
 *
 * A change is noted in the hold of handle.lock that changes the cache.  Then either its maker
 * delivers it, or it is posted, and the thread of below.c does.  Of one key one delivery runs at a
 * time and the latest change wins.  What could not be delivered is owed: the value there is to be
 * removed, when the tier can be reached again.  When too much is owed to be remembered, nothing is
 * read from the remote until all of it could be removed.
 *
 * Without a remote tier every call does nothing.
 */
#ifndef TAYRA_LOAD_DUE_H
#define TAYRA_LOAD_DUE_H

#include <pthread.h>

#include <tayra/tayra.h>

#include "base/list.h"

struct tayra__hold;

#define TAYRA__DUE_MAX     4096u /* keys */
#define TAYRA__DUE_BUCKETS 256u

/* handle.lock guards all of it. */
struct tayra__due {
	struct tayra__list *buckets;      /* entries by key */
	struct tayra__list posted, owed;  /* entries */
	uint64_t count, last;             /* entries; the number of the last change */
	uint64_t posted_bytes, bytes_max; /* of values that wait for the thread */
	unsigned clears;                  /* in progress */
	bool unsure;                      /* what the remote has is not known */
	bool paying;                      /* somebody is trying to remove all of it */
	pthread_cond_t settled;           /* a delivery has ended, or there is work */
};

/* => TAYRA_OK, TAYRA_E_NOMEM. */
int tayra__due_init(struct tayra *t);
void tayra__due_fini(struct tayra *t);
/* The remote must not be asked for that key.  handle.lock. */
bool tayra__due_blocks(const struct tayra *t, const void *key, size_t key_len);
/* The key has changed, and the caller will deliver or post it.  handle.lock.  => the number of the
 * change, 0 when it could not be remembered. */
uint64_t tayra__due_note(struct tayra *t, const void *key, size_t key_len);
/* Leave a noted change to the thread: the hold's value; without one that there is none to be had,
 * where meta says so (TAYRA__ITEM_ABSENT), or else a removal.  handle.lock. */
void tayra__due_post(struct tayra *t, const void *key, size_t key_len, uint64_t number,
		     struct tayra__hold *hold, const struct tayra_item_meta *meta);
/* What the key has become. */
struct tayra__news {
	const void *value;
	size_t len;
	/* NULL: it was removed.  TAYRA__ITEM_ABSENT: there is none, and no value. */
	const struct tayra_item_meta *meta;
	bool loaded; /* not put: it must not replace what somebody put since the load began */
	/* Do not wait for a later change to be delivered: whoever has a pool of threads would fill
	 * it with those that wait for one behind them. */
	bool may_skip;
};
/*
 * Tell the remote of a noted change.  No lock.
 * => TAYRA_OK; TAYRA_E_NOT_FOUND: nothing was there to remove, or somebody told it of a later
 *    change; TAYRA_E_IO, TAYRA_E_TOO_LARGE, TAYRA_E_NOMEM: not told, and owed.
 */
int tayra__due_deliver(struct tayra *t, const void *key, size_t key_len, uint64_t number,
		       const struct tayra__news *news);
/* Somebody else has changed it there: what is posted is older, and nothing is owed any more.
 * handle.lock. */
void tayra__due_drop(struct tayra *t, const void *key, size_t key_len);
/* Something is posted that can be delivered now.  handle.lock. */
bool tayra__due_is_posted(const struct tayra__due *due);
/* Deliver what is posted, and with `owed` what is owed, until something fails.  handle.lock is
 * held, and let go of meanwhile.  => false: something failed. */
enum tayra__due_part { TAYRA__DUE_POSTED, TAYRA__DUE_ALL };
bool tayra__due_work(struct tayra *t, enum tayra__due_part part, unsigned budget);
/* A clear of keys that begin so: begin in the hold of handle.lock that detaches their flights; then
 * tell the remote, without it.  => TAYRA_OK, TAYRA_E_IO. */
void tayra__due_begin_clear(struct tayra *t, const void *prefix, size_t prefix_len);
int tayra__due_clear(struct tayra *t, const void *prefix, size_t prefix_len);

#endif
