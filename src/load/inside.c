/* SPDX-License-Identifier: Apache-2.0 */
#include "load/inside.h"

#include <stddef.h>

static _Thread_local struct tayra__inside *innermost;

void
tayra__inside_enter(struct tayra__inside *frame, const struct tayra *handle,
		    enum tayra__inside_what what)
{
	frame->handle = handle;
	frame->what = what;
	frame->outer = innermost;
	innermost = frame;
}

void
tayra__inside_leave(struct tayra__inside *frame)
{
	innermost = frame->outer;
}

bool
tayra__inside_is(const struct tayra *handle, enum tayra__inside_what what)
{
	for (const struct tayra__inside *frame = innermost; frame; frame = frame->outer)
		if (frame->handle == handle && frame->what == what)
			return true;
	return false;
}
