/* SPDX-License-Identifier: Apache-2.0
 *
 * reach.h: whether a server can be reached.  While it cannot, one caller at a time tries again,
 * after longer and longer pauses, and all others are told at once.  Thread-safe.
 */
#ifndef TAYRA_ORIGIN_REACH_H
#define TAYRA_ORIGIN_REACH_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"

#define TAYRA__REACH_FIRST_NS 100000000ull  /* the first pause, */
#define TAYRA__REACH_MOST_NS  5000000000ull /* and the longest: each is twice the one before */

struct tayra__reach {
	pthread_mutex_t lock;
	uint32_t failures; /* in a row */
	uint64_t retry_ns; /* not before */
	bool probing;      /* somebody is trying */
	struct tayra__rng rng;
};

enum tayra__reach_try {
	TAYRA__REACH_NO,    /* it was unreachable a moment ago */
	TAYRA__REACH_YES,   /* nothing is known against it */
	TAYRA__REACH_PROBE, /* you are the one who tries */
};

void tayra__reach_init(struct tayra__reach *reach, uint64_t seed);
void tayra__reach_fini(struct tayra__reach *reach);
/* With NO, *wait_ns is how long until somebody may try.  Otherwise tayra__reach_end() must be
 * called with what was returned. */
enum tayra__reach_try tayra__reach_begin(struct tayra__reach *reach, uint64_t now_ns,
					 uint64_t *wait_ns);
enum tayra__reach_end {
	TAYRA__REACH_FAILED,
	TAYRA__REACH_CAME,
	TAYRA__REACH_GAVE_UP, /* before it could be known: a probe failed, else nothing is learned
			       */
};
/* => how long until the next try; 0 when nothing is known against it. */
uint64_t tayra__reach_end(struct tayra__reach *reach, enum tayra__reach_try try, uint64_t now_ns,
			  enum tayra__reach_end how);

#endif
