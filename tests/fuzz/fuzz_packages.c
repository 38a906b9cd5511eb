/* SPDX-License-Identifier: Apache-2.0
 *
 * The same bytes in one piece and in small ones must read the same, and every name that comes out
 * must be one.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "showcase/packages.h"

#include <tayra/base.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(int holds)
{
	if (!holds)
		abort();
}

static int
note(void *ctx, const struct tayra__packages_stanza *stanza)
{
	uint64_t *sum = ctx;
	const char *cursor = stanza->field[TAYRA__PACKAGES_DEPENDS], *name;
	size_t len;
	int alternative;

	require(stanza->field[TAYRA__PACKAGES_NAME][0] != 0);
	require(!strchr(stanza->field[TAYRA__PACKAGES_NAME], '/'));
	while (tayra__packages_relation(&cursor, &name, &len, &alternative)) {
		require(len > 0);
		*sum = *sum * 31 + len;
	}
	for (int i = 0; i < TAYRA__PACKAGES_FIELDS; i++)
		*sum = *sum * 31 + strlen(stanza->field[i]);
	return TAYRA_OK;
}

static int
read_all(const uint8_t *data, size_t size, size_t step, uint64_t *sum)
{
	struct tayra__packages reader;
	int status = TAYRA_OK;

	*sum = 0;
	tayra__packages_init(&reader, note, sum);
	for (size_t at = 0; at < size && status == TAYRA_OK; at += step)
		status = tayra__packages_feed(&reader, (const char *)data + at,
					      size - at < step ? size - at : step);
	if (status == TAYRA_OK)
		status = tayra__packages_finish(&reader);
	require(status == TAYRA_OK || (status == TAYRA_E_CORRUPT && reader.error[0]));
	*sum += reader.line_number;
	tayra__packages_fini(&reader);
	return status;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t whole, pieces;

	require(read_all(data, size, size ? size : 1, &whole) == read_all(data, size, 3, &pieces));
	require(whole == pieces);
	return 0;
}
