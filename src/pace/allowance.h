/* SPDX-License-Identifier: Apache-2.0
 *
 * allowance.h: what may be done in addition, as a share of what is done anyway: a token bucket that
 * fills by a count instead of by time (Brooker, "Fixing retries with token buckets", 2022).
 * Pure.  Not thread-safe: the caller holds pace.lock.
 */
#ifndef TAYRA_PACE_ALLOWANCE_H
#define TAYRA_PACE_ALLOWANCE_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#define TAYRA__ALLOWANCE_MAX 10.0

struct tayra__allowance {
	double share;  /* tokens for each that is counted */
	double tokens; /* up to TAYRA__ALLOWANCE_MAX */
	uint64_t seen; /* the count when it was last looked at */
};

/* Full. */
static inline struct tayra__allowance
tayra__allowance_of(double share)
{
	return (struct tayra__allowance){ .share = share, .tokens = TAYRA__ALLOWANCE_MAX };
}

/* Take one token; `count` only ever grows.  => whether there was one. */
static inline bool
tayra__allowance_take(struct tayra__allowance *allowance, uint64_t count)
{
	double earned = allowance->share * (double)(count - allowance->seen);

	allowance->seen = count;
	allowance->tokens = fmin(allowance->tokens + earned, TAYRA__ALLOWANCE_MAX);
	if (allowance->tokens < 1)
		return false;
	allowance->tokens -= 1;
	return true;
}

#endif
