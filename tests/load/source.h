/* SPDX-License-Identifier: Apache-2.0
 *
 * source.h: an origin that parks the load it was last given.
 */
#ifndef TESTS_LOAD_SOURCE_H
#define TESTS_LOAD_SOURCE_H

#include "stage.h"

#include "load/origin.h"

struct source {
	struct tayra_origin origin;
	struct tayra_load *parked;
	unsigned calls;
	enum tayra_class cls;
};

static inline void
source_load(struct tayra_origin *origin, struct tayra_load *load)
{
	struct source *source = (struct source *)(void *)origin;

	source->calls++;
	source->cls = tayra_load_class(load);
	source->parked = load;
}

#define SOURCE_INIT                                                                                \
	{                                                                                          \
		.origin = {.name = "source", .load = source_load }                                 \
	}

#endif
