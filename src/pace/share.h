/* SPDX-License-Identifier: Apache-2.0
 *
 * share.h: whose turn it is between the five classes.  Each has a share of what is served while
 * several wait.  CRITICAL goes first until it has had its share, then the others.  These take turns
 * by virtual time (start-time fair queueing, Goyal, Vin, Cheng, SIGCOMM'96): what CRITICAL leaves
 * is theirs by weight, 8:4:2:1, but no less than the minimum.  A class that asks for nothing leaves
 * its share to the others at once, and saves up nothing; CRITICAL saves a burst of 20.
 *
 * Pure.  Not thread-safe: the caller holds pace.lock.
 */
#ifndef TAYRA_PACE_SHARE_H
#define TAYRA_PACE_SHARE_H

#include <tayra/base.h>

struct tayra__share {
	double of[TAYRA_CLASSES];  /* sums to 1.  Index here and below: class - 1 */
	double tag[TAYRA_CLASSES]; /* virtual start time of the next to be served; not CRITICAL's */
	double virtual_time;       /* tag of the last one served */
	double ahead;              /* of its share that CRITICAL is, in requests; < 0: behind */
};

/* Of CRITICAL, 0 to 1, and at least, of each class, 0 to 0.2.  Where both cannot be, the minimum
 * is.  All zero before the first; whose turn it is stays as it is. */
void tayra__share_set(struct tayra__share *share, double critical, double minimum);
/* That class begins to ask. */
void tayra__share_enter(struct tayra__share *share, enum tayra_class cls);
/* Whose turn it is of those that ask (bit i: class i + 1), not none. */
enum tayra_class tayra__share_next(const struct tayra__share *share, unsigned asking);
/* It has been served, of those that ask; for `price` of the time that one request takes. */
void tayra__share_charge(struct tayra__share *share, enum tayra_class cls, unsigned asking,
			 double price);

#endif
