/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <tayra/base.h>

#include "sim/capacity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(int holds)
{
	if (!holds)
		abort();
}

static void
resolve(const struct tayra__capacity *capacity, enum tayra__sizes sizes)
{
	const char *why;
	uint64_t out;

	if (tayra__capacity_resolve(capacity, sizes, 12345, INT64_MAX, &out, &why))
		require(capacity->kind != TAYRA__CAPACITY_SHARE);
	else
		require(out >= 1 && out <= INT64_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tayra__capacity capacity;
	const char *why = NULL;

	if (tayra__capacity_parse((const char *)data, size, &capacity, &why)) {
		require(why != NULL);
		return 0;
	}
	resolve(&capacity, TAYRA__SIZES_UNIT);
	resolve(&capacity, TAYRA__SIZES_REAL);
	return 0;
}
