/* SPDX-License-Identifier: Apache-2.0
 *
 * lease.h: of all who share a remote tier, one loads a key: who has its lease.  The flights of the
 * others are parked: no thread waits in them, they look again when the remote says that the key has
 * changed, and now and then in any case, for who has the lease may fail or die.
 *
 * Who looks: the lookers (below.h) where there is a ticker; else who ticks or drains a queue, and
 * of those who block the first waiter of the flight.
 */
#ifndef TAYRA_LOAD_LEASE_H
#define TAYRA_LOAD_LEASE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/heap.h"
#include "base/list.h"

struct tayra;
struct tayra_load;
struct tayra__found;
struct tayra__tier_lease;
struct tayra__waiter;

struct tayra__leases {
	uint64_t ns; /* how long one lasts; 0: none are taken.  Set by create */
	/* handle.lock: */
	struct tayra__heap parked;     /* flights, by when they look again */
	struct tayra__list ended;      /* flights whose leases the writer gives back, referenced */
	uint64_t renew_ns, renewed_ns; /* when those that run are renewed next, and were last */
	bool renew;                    /* the writer is to do it now, */
	bool watching;                 /* and sees itself when it is time */
	/* Looks in a row that were not worth it, and those that were, roughly: a hint. */
	_Atomic uint32_t misses;
};

/* No lock: */

/* tayra__level_get() of the remote tier; where that brings nothing fresh the lease is asked for
 * too, mostly in the same round trip.  NULL: it is not. */
int tayra__lease_get(struct tayra *t, const void *key, size_t key_len,
		     struct tayra__tier_lease *lease, struct tayra__found *out);
/* Give an ended flight's lease back, on this thread. */
void tayra__lease_release(struct tayra_load *flight);

/* handle.lock is held: */

/* For how long the flight would take a lease; 0: it takes none. */
uint64_t tayra__lease_wanted(const struct tayra_load *flight);
/* Somebody else loads the key of an entering flight.  => false: it cannot wait. */
bool tayra__lease_park(struct tayra_load *flight);
/* It ends, or enters. */
void tayra__lease_unpark(struct tayra_load *flight);
/* It has looked, found nothing, and is going to load. */
void tayra__lease_settled(struct tayra_load *flight);
/* The flight has ended: its lease is given back, after what it brought has been told. */
void tayra__lease_end(struct tayra_load *flight);
/* A parked flight has to look again now. */
void tayra__lease_wake(struct tayra_load *flight);
/* It looks again, by a looker or as a chore. */
void tayra__lease_look(struct tayra_load *flight);
/* Let up to `budget` flights that are due look again; 0: all. */
void tayra__lease_due(struct tayra *t, uint64_t now_ns, uint64_t budget);
/* When a blocked waiter has to see to that: UINT64_MAX: somebody else does. */
uint64_t tayra__lease_due_ns_for(const struct tayra__waiter *w);
/* When a queue has to; UINT64_MAX: never. */
uint64_t tayra__lease_next_ns(const struct tayra *t);
/* Of a tick, where there is no writer: what is loaded here keeps its lease as long as that takes
 * and somebody waits.  The lock is let go of meanwhile. */
void tayra__lease_tick(struct tayra *t, uint64_t now_ns);
/* The writer: some of what `ended` has; and what is to be renewed.  The lock is let go of
 * meanwhile. */
void tayra__lease_give_back(struct tayra *t);
void tayra__lease_renew(struct tayra *t);
/* Until it is woken up, or leases are to be renewed.  Not a matter of the ticker, which may be
 * running a loader. */
void tayra__lease_await(struct tayra *t, pthread_cond_t *wake);

#endif
