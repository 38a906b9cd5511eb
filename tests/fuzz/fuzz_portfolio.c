/* SPDX-License-Identifier: Apache-2.0
 *
 * Whatever the file of results is, the portfolio of it is refused in words or is a document without
 * markup or control characters of the file's own.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "showcase/portfolio.h"

#include <tayra/base.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(int holds)
{
	if (!holds)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[200] = "", *text = NULL;
	size_t len = 0;
	FILE *in, *out;
	int status;

	if (size == 0)
		return 0; /* fmemopen refuses it */
	in = fmemopen((void *)(uintptr_t)data, size, "r");
	out = open_memstream(&text, &len);
	require(in && out);
	status = tayra__portfolio_write(in, out, error, sizeof(error));
	fclose(in);
	fclose(out);
	require(status == TAYRA_OK || (status == TAYRA_E_CORRUPT && error[0]));
	for (size_t i = 0; i < len; i++) {
		require(text[i] == '\n' || (unsigned char)text[i] >= 0x20);
		require(text[i] != '<' || (i > 0 && text[i - 1] == '\\'));
	}
	free(text);
	return 0;
}
