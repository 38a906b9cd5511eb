/* SPDX-License-Identifier: Apache-2.0
 *
 * Whatever a history holds: reading ends, every row has texts that end, pairs that are finite and
 * as many of both arms, and every note is one line.
 */
#include "prove/history.h"

#include <tayra/base.h>

#include <math.h>
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

static bool
take_row(void *ctx, const struct tayra__history_row *row)
{
	(void)ctx;
	must(strlen(row->bench) < sizeof(row->bench) && strlen(row->run) < sizeof(row->run));
	must(strlen(row->unit) < sizeof(row->unit) && !isinf(row->ratio));
	must(row->pairs_kept <= TAYRA__HISTORY_PAIRS);
	for (uint32_t i = 0; i < row->pairs_kept; i++)
		must(isfinite(row->a_pairs[i]) && isfinite(row->b_pairs[i]));
	return true;
}

static void
take_note(void *ctx, const char *text)
{
	(void)ctx;
	must(strncmp(text, "f:", 2) == 0 && !strpbrk(text, "\r\n"));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct tayra__history_reader reader = { take_row, take_note, NULL };
	struct tayra__history_count count;
	FILE *in = size ? fmemopen((void *)(uintptr_t)data, size, "r") : NULL;

	if (!in)
		return 0;
	must(tayra__history_read(in, "f", &reader, &count) == TAYRA_OK);
	fclose(in);
	return 0;
}
