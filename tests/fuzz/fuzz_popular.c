/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <tayra/base.h>

#include "sim/popular.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(int holds)
{
	if (!holds)
		abort();
}

/* The first byte says which format and how many are kept. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tayra__trace_error error = { "" };
	struct tayra__popular *p;
	size_t keep;

	if (size == 0)
		return 0;
	keep = data[0] >> 2;
	if (tayra__popular_read_memory(data + 1, size - 1, "fuzz",
				       (enum tayra__popular_format)(data[0] & 3), keep, &p,
				       &error) != TAYRA_OK) {
		require(!p && strncmp(error.text, "fuzz", 4) == 0);
		for (const char *at = error.text; *at; at++)
			require((unsigned char)*at >= 0x20);
		return 0;
	}
	require(p->count > 0 && p->count <= p->distinct && (!keep || p->count <= keep));
	for (size_t i = 0; i < p->count; i++) {
		require(p->keys[i].len > 0 && p->keys[i].weight >= 0);
		require(i == 0 || p->keys[i].weight <= p->keys[i - 1].weight);
	}
	tayra__popular_destroy(p);
	return 0;
}
