/* SPDX-License-Identifier: Apache-2.0
 *
 * breaker.h: groups of keys whose loads have failed several times in a row rest: one load at a time
 * is let through, to see whether the origin is back, and the time between such probes grows up to a
 * bound.  Whatever load of the group the origin answers ends the rest.
 *
 * A group is a number.  Only groups that failed last are known, the most recently failed of them;
 * while there is none nothing is to be asked.  Not thread-safe: under handle.lock.
 */
#ifndef TAYRA_LOAD_BREAKER_H
#define TAYRA_LOAD_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#include <tayra/base.h>

#define TAYRA__BREAKER_PLACES 64u
#define TAYRA__BREAKER_TRIP   5u /* failures in a row */

struct tayra__breaker {
	uint32_t used;
	struct tayra__breaker_place {
		uint64_t group;    /* 0: free */
		uint64_t until_ns; /* resting: the next probe is not before */
		uint32_t failures; /* in a row */
		uint32_t probes;
		bool probing; /* the last of them has not failed yet */
	} places[TAYRA__BREAKER_PLACES];
};

/* How long it rests, at first and at most; up to an eighth more, lest all groups and processes
 * probe at once.  least_ns 0: never. */
struct tayra__breaker_rest {
	uint64_t least_ns, most_ns;
};

/*
 * May a load of that group begin?
 * => 0: yes, and if it rested this is its probe.  Else how long there will be no next probe;
 *    *probing: but one is out.
 */
uint64_t tayra__breaker_ask(struct tayra__breaker *breaker, uint64_t group,
			    struct tayra__breaker_rest rest, uint64_t now_ns, bool *probing);
/* A load of that group ended so. */
void tayra__breaker_learn(struct tayra__breaker *breaker, uint64_t group,
			  enum tayra_outcome outcome, struct tayra__breaker_rest rest,
			  uint64_t now_ns);

#endif
