/* SPDX-License-Identifier: Apache-2.0
 *
 * The first line of the input is a CSV file's only column, "c", with one value a line up to an
 * empty line; the rest is a text with places.  Filled in, it is never longer than was said, and
 * neither a header nor a path has a line's end that the text did not have.
 */
#include "drive/template.h"

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

static size_t
line_ends(const char *text, size_t len)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += text[i] == '\r' || text[i] == '\n' || text[i] == '\0';
	return count;
}

static void
check_fill(const struct tayra__template *t, const struct tayra__rows *rows, const char *text,
	   size_t len, enum tayra__template_place place)
{
	size_t most = tayra__template_most(t, rows);
	char *out = malloc(most + 1);

	must(out != NULL && most < SIZE_MAX);
	for (uint32_t row = 0; row < rows->rows; row++) {
		size_t n = tayra__template_fill(t, rows, row, out);

		must(n <= most);
		if (place != TAYRA__TEMPLATE_BODY)
			must(line_ends(out, n) == line_ends(text, len));
	}
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char header[] = "c\n";
	const char *bytes = (const char *)data;
	const char *stop = memmem(bytes, size, "\n\n", 2);
	size_t csv_len = stop ? (size_t)(stop - bytes) : 0;
	const char *text = stop ? stop + 2 : bytes;
	size_t len = size - (size_t)(text - bytes);
	char *csv = malloc(sizeof(header) + csv_len), why[300];
	struct tayra__rows rows;

	must(csv != NULL);
	memcpy(csv, header, sizeof(header) - 1);
	if (csv_len)
		memcpy(csv + sizeof(header) - 1, bytes, csv_len);
	if (tayra__rows_parse(&rows, "f", csv, sizeof(header) - 1 + csv_len, why, sizeof(why)) ==
	    TAYRA_OK) {
		for (int place = 0; place <= TAYRA__TEMPLATE_BODY; place++) {
			struct tayra__template t;

			tayra__template_init(&t, 1 << 20);
			why[0] = '\0';
			if (tayra__template_text(&t, text, len, (enum tayra__template_place)place,
						 &rows, why, sizeof(why)) == TAYRA_OK)
				check_fill(&t, &rows, text, len, (enum tayra__template_place)place);
			else
				must(why[0] && !strchr(why, '\n'));
			tayra__template_fini(&t);
		}
		tayra__rows_fini(&rows);
	}
	free(csv);
	return 0;
}
