/* SPDX-License-Identifier: Apache-2.0
 *
 * origin.h: what load asks of an origin.  Implementations live in src/origin and embed this struct.
 */
#ifndef TAYRA_LOAD_ORIGIN_H
#define TAYRA_LOAD_ORIGIN_H

#include <tayra/tayra.h>

struct tayra_origin {
	const char *name; /* "sqlite", "function": static */
	/* Begin a load and return soon; finish it from any thread with tayra_load_done or _fail. */
	void (*load)(struct tayra_origin *origin, struct tayra_load *load);
	void (*close)(struct tayra_origin *origin);
	struct tayra_pace *pace; /* NULL: the handle's.  Borrowed */
};

#endif
