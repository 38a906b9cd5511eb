/* SPDX-License-Identifier: Apache-2.0
 *
 * rhythm.h: when do things change, beside how often?  Real changes come in bursts: what has just
 * changed will change again.  And they come by day more than by night.  So the rate of a key is
 * multiplied by a factor for the time since its last change, in octaves, and one for the hour of
 * the day, which are learned over all keys of a pool: as often as changes were seen then, over what
 * was expected then from the rest.  A key needs no history of its own for it.
 *
 * Between two moments the product is constant in pieces.  A change whose moment is not known is
 * shared out over the pieces as their factors say (expectation maximisation, a step a check).
 *
 * Times are ms of the caller's clock.  Pure; not thread-safe.
 */
#ifndef TAYRA_LEARN_RHYTHM_H
#define TAYRA_LEARN_RHYTHM_H

#include <stdbool.h>
#include <stdint.h>

#define TAYRA__RHYTHM_OCTAVES 48
#define TAYRA__RHYTHM_HOURS   24
#define TAYRA__RHYTHM_PIECES  (TAYRA__RHYTHM_OCTAVES + TAYRA__RHYTHM_HOURS + 2)
#define TAYRA__RHYTHM_NEVER   UINT64_MAX /* it was not seen to change */

struct tayra__rhythm_tally {
	double seen, expected; /* fading */
};

struct tayra__rhythm {
	struct tayra__rhythm_tally since[TAYRA__RHYTHM_OCTAVES];
	struct tayra__rhythm_tally hour[TAYRA__RHYTHM_HOURS];
};

struct tayra__rhythm_piece {
	double length_ms;
	double by_since, by_hour; /* factors */
	int octave, hour;         /* -1: none */
};

/* The pieces of a time, first to last. */
struct tayra__rhythm_walk {
	int count;
	struct tayra__rhythm_piece pieces[TAYRA__RHYTHM_PIECES];
};

/* What is to be expected of a copy made at the beginning of a walk, of a key that changes at
 * `rate` a ms times the factors. */
struct tayra__rhythm_fate {
	double hazard;   /* changes to be expected */
	double stale_ms; /* of its time after the first of them */
};

/* From from_ms on for length_ms; the key last changed at changed_ms.  Hours are told apart on the
 * first day alone. */
void tayra__rhythm_walk(const struct tayra__rhythm *rhythm, uint64_t changed_ms, uint64_t from_ms,
			double length_ms, struct tayra__rhythm_walk *walk);
/* Of its first ttl_ms. */
struct tayra__rhythm_fate tayra__rhythm_fate(const struct tayra__rhythm_walk *walk, double rate,
					     double ttl_ms);
/*
 * The time at which one more moment costs as much as all that came before it cost a moment, for
 * `reads` a ms, a load at the end that costs 1, and stale answers that cost `price` each: what is
 * least for loads and stale answers together.  At most the walk's length.
 */
double tayra__rhythm_best(const struct tayra__rhythm_walk *walk, double rate, double reads,
			  double price);
/*
 * A copy was compared at the walk's end, and had changed in it, or not: learn.
 * => the time without a change, the factors taken out of it, that the key's rate is to be divided
 * by: expected, where it has changed.
 */
double tayra__rhythm_learn(struct tayra__rhythm *rhythm, const struct tayra__rhythm_walk *walk,
			   double rate, bool changed);

#endif
