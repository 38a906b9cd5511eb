/* SPDX-License-Identifier: Apache-2.0
 *
 * kinds.h: two kinds of requests that nobody made.
 */
#ifndef TAYRA_TESTS_REPORT_KINDS_H
#define TAYRA_TESTS_REPORT_KINDS_H

#include "drive/kinds.h"

#include <tayra/base.h>

#include <stdlib.h>

/* Eight of "<read>", two of "write". */
static const struct tayra__kinds *
invent_kinds(void)
{
	static struct tayra__scenario scenario = {
		.kind = { { .name = "<read>", .weight = 4 }, { .name = "write", .weight = 1 } },
		.kinds = 2,
	};
	static struct tayra__kinds kinds;

	if (!kinds.tally && tayra__kinds_init(&kinds, &scenario) != TAYRA_OK)
		abort();
	for (size_t i = 0; i < 2; i++)
		kinds.tally[i].offered = kinds.tally[i].ok = i ? 2 : 8;
	kinds.length_ns = TAYRA_NS_PER_S;
	return &kinds;
}

#endif
