/* SPDX-License-Identifier: Apache-2.0
 *
 * through.h: what the rest of load does for a write that nobody blocks for.  What follows from it
 * here is done where it lands, before its completion can be had; and where it was given up, when
 * the completion is.
 */
#ifndef TAYRA_LOAD_THROUGH_H
#define TAYRA_LOAD_THROUGH_H

#include <stdbool.h>
#include <stddef.h>

struct tayra;
struct tayra_load;
struct tayra__waiter;

/* Of a waiter on a queue: the key it writes. */
struct tayra__written {
	bool asked; /* the origin was, once it is answered */
	size_t key_len;
	unsigned char key[];
};

/* A write has ended with that status.  No lock held; of other writes nothing is done. */
void tayra__through_landed(struct tayra_load *flight, int status);
/* The completion is taken; t: NULL once it is destroyed.  No lock held. */
void tayra__through_taken(struct tayra *t, const struct tayra__waiter *w);

#endif
