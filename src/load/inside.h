/* SPDX-License-Identifier: Apache-2.0
 *
 * inside.h: what the calling thread is in the middle of, for each handle: a chain of frames on its
 * own stack.  A blocking call from inside a loader is refused by it, and starting one load from the
 * end of another does not recurse.
 */
#ifndef TAYRA_LOAD_INSIDE_H
#define TAYRA_LOAD_INSIDE_H

#include <stdbool.h>

struct tayra;

enum tayra__inside_what {
	TAYRA__INSIDE_LOADER = 1, /* a loader, or an origin's fetch */
	TAYRA__INSIDE_CHORES = 2, /* turn.c's loop over what is to be done without the lock */
};

struct tayra__inside {
	const struct tayra *handle; /* compared, never followed: it may be gone */
	enum tayra__inside_what what;
	struct tayra__inside *outer;
};

/* The frame must stay where it is until it is left; frames are left in reverse order. */
void tayra__inside_enter(struct tayra__inside *frame, const struct tayra *handle,
			 enum tayra__inside_what what);
void tayra__inside_leave(struct tayra__inside *frame);
bool tayra__inside_is(const struct tayra *handle, enum tayra__inside_what what);

#endif
