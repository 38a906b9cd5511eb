/* SPDX-License-Identifier: Apache-2.0
 *
 * Whatever a history holds: reading ends, every row has texts that end, pairs that are finite and
 * as many of both arms, every note is one line, and what is read the quick way is what the library
 * reads.
 */
#include "prove/history.h"
#include "prove/history_plain.h"

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

/* The last row that was read. */
struct seen {
	struct tayra__history_row row;
	double pairs[2 * TAYRA__HISTORY_PAIRS];
	size_t rows;
};

static bool
note_row(void *ctx, const struct tayra__history_row *row)
{
	struct seen *seen = ctx;

	seen->row = *row;
	memcpy(seen->pairs, row->a_pairs, row->pairs_kept * sizeof(double));
	memcpy(seen->pairs + TAYRA__HISTORY_PAIRS, row->b_pairs, row->pairs_kept * sizeof(double));
	seen->rows++;
	return true;
}

/* What is plain is what the library reads, which a blank in front makes it do. */
static void
compare(const uint8_t *data, size_t size)
{
	static struct seen plain, library;
	const struct tayra__history_reader reader = { note_row, NULL, &library };
	struct tayra__history_count count;
	char *text = malloc(size + 1);
	FILE *in;

	must(text != NULL);
	text[0] = ' ';
	memcpy(text + 1, data, size);
	memset(&plain, 0, sizeof(plain));
	memset(&library, 0, sizeof(library));
	if (tayra__history_plain(text + 1, size, &plain.row, plain.pairs)) {
		in = fmemopen(text, size + 1, "r");
		must(in && tayra__history_read(in, "f", &reader, &count) == TAYRA_OK);
		fclose(in);
		must(library.rows == 1);
		library.row.a_pairs = plain.row.a_pairs;
		library.row.b_pairs = plain.row.b_pairs;
		must(plain.row.pairs_kept == library.row.pairs_kept);
		must(memcmp(plain.pairs, library.pairs, plain.row.pairs_kept * sizeof(double)) ==
		     0);
		must(strcmp(plain.row.bench, library.row.bench) == 0);
		must(strcmp(plain.row.verdict, library.row.verdict) == 0);
		must(memcmp(&plain.row.a_value, &library.row.a_value, 9 * sizeof(double)) == 0);
		must(plain.row.pairs == library.row.pairs && plain.row.seed == library.row.seed);
		must(plain.row.higher_is_better == library.row.higher_is_better);
	}
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct tayra__history_reader reader = { take_row, take_note, NULL };
	struct tayra__history_count count;
	FILE *in = size ? fmemopen((void *)(uintptr_t)data, size, "r") : NULL;

	if (!in)
		return 0;
	compare(data, size);
	must(tayra__history_read(in, "f", &reader, &count) == TAYRA_OK);
	fclose(in);
	return 0;
}
