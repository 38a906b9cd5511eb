/* SPDX-License-Identifier: Apache-2.0
 *
 * sample.h: a few answers from what is cached are asked of the origin again, to see whether they
 * were stale (learn/census.h).  The load has no waiter and goes through pace in the lowest class.
 * It lands like any other: what it brings is kept, and it is one more check for the learned ttl,
 * which knows how old the copy was and is not misled by looks at any moment that has nothing to do
 * with changes.
 */
#ifndef TAYRA_LOAD_SAMPLE_H
#define TAYRA_LOAD_SAMPLE_H

#include <tayra/tayra.h>

struct tayra__learner;
struct tayra_load;

/* This hit on something fresh was drawn.  No lock is held.  Nothing is begun without an origin or a
 * ticker to run the loader. */
void tayra__sample_begin(struct tayra *t, struct tayra__learner *learner,
			 const struct tayra_request *request, uint64_t now_ms);
/* A flight that was begun here came to nothing.  handle.lock is held. */
void tayra__sample_dropped(struct tayra_load *flight);

#endif
