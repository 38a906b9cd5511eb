/* SPDX-License-Identifier: Apache-2.0
 *
 * turn.h: a flight's way through pace to its loader, and out of it when nobody wants it any more.
 *
 * Neither pace nor an origin may be called with handle.lock held, so what has to be done there is
 * noted as a chore, and whoever lets go of the lock does the chores.  One thread does them in a
 * loop, however deeply pace calls back: a thousand sheds in a row do not nest.
 */
#ifndef TAYRA_LOAD_TURN_H
#define TAYRA_LOAD_TURN_H

#include <stdint.h>

#include <tayra/base.h>

struct tayra;
struct tayra_load;

/* Let go of handle.lock, then do what has been noted.  In place of pthread_mutex_unlock() wherever
 * a waiter may have left or a flight been let in. */
void tayra__turn_unlock(struct tayra *t);
/* Ask pace.  Lock not held; the caller has a reference.  Afterwards the flight is anywhere between
 * queued and done. */
void tayra__turn_enter(struct tayra_load *flight);
/* The same for the one who made it, lock held: let go of meanwhile.  If it is ready afterwards, the
 * caller runs it or says tayra__turn_left(): nobody else was told. */
void tayra__turn_lead(struct tayra_load *flight);
/* The same, as a chore.  Lock held. */
void tayra__turn_enter_later(struct tayra_load *flight);
/* Give its lease back, as a chore.  Lock held. */
void tayra__turn_release_later(struct tayra_load *flight);
/* Let in, and done: the place is free again.  Lock not held. */
void tayra__turn_leave_pace(struct tayra_load *flight, enum tayra_outcome outcome, uint64_t now_ns);
/* Tell one thread that can do what it waits for.  Lock held. */
void tayra__turn_announce(const struct tayra_load *flight);
/* Somebody of that class waits for it as well: if it is queued in a lower one, it changes over.
 * Lock held. */
void tayra__turn_raise(struct tayra_load *flight, enum tayra_class cls);
/* Call the user's loader of a ready flight on this thread.  Lock held, let go of meanwhile; the
 * flight may be gone afterwards. */
void tayra__turn_run(struct tayra_load *flight);
/* Run up to `budget` ready flights; 0: all that are ready when it begins.  Lock held, let go of
 * meanwhile.  Does nothing inside a loader.  Returns how many. */
uint64_t tayra__turn_run_ready(struct tayra *t, uint64_t budget);
/* A waiter has left: pass its turn on, or drop the flight.  Lock held. */
void tayra__turn_left(struct tayra_load *flight);

#endif
