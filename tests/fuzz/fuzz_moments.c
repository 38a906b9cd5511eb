/* SPDX-License-Identifier: Apache-2.0
 *
 * Whatever the file is: what is taken never falls and is within a week, and what is refused has one
 * line with the file's name.
 */
#include "drive/moments.h"

#include <tayra/base.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tayra__moments moments;
	char why[300] = "";

	if (tayra__moments_parse(&moments, "f", (const char *)data, size, why, sizeof(why)) ==
	    TAYRA_OK) {
		must(!why[0] && moments.count > 0 && moments.count <= size);
		for (size_t i = 1; i < moments.count; i++)
			must(moments.ns[i] >= moments.ns[i - 1]);
		must(moments.ns[moments.count - 1] <= TAYRA__MOMENTS_SECONDS * TAYRA_NS_PER_S);
		tayra__moments_fini(&moments);
	} else {
		must(strncmp(why, "f:", 2) == 0 && !strchr(why, '\n') && !moments.ns);
	}
	return 0;
}
