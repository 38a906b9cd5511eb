/* SPDX-License-Identifier: Apache-2.0
 *
 * Whatever the file is: what is taken has every field of every row, written out in quotes it is
 * read again as the same, and what is refused has one printable line with the file's name.
 */
#include "drive/rows.h"

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

static char *
quote(char *out, const char *value, size_t len)
{
	*out++ = '"';
	for (size_t i = 0; i < len; i++) {
		if (value[i] == '"')
			*out++ = '"';
		*out++ = value[i];
	}
	*out++ = '"';
	return out;
}

static void
check_again(const struct tayra__rows *rows, size_t size)
{
	/* A field is twice as long at most, and has two quotes and a comma. */
	size_t fields = ((size_t)rows->rows + 1) * rows->columns;
	char *text = malloc(2 * size + 3 * fields), *out = text, why[300];
	struct tayra__rows again;

	must(text != NULL);
	for (uint32_t c = 0; c < rows->columns; c++) {
		out = quote(out, rows->column[c], strlen(rows->column[c]));
		*out++ = c + 1 < rows->columns ? ',' : '\n';
	}
	for (uint32_t r = 0; r < rows->rows; r++)
		for (uint32_t c = 0; c < rows->columns; c++) {
			size_t len;
			const char *value = tayra__rows_field(rows, r, c, &len);

			must(value[len] == '\0' && strlen(value) == len);
			out = quote(out, value, len);
			*out++ = c + 1 < rows->columns ? ',' : '\n';
		}
	must(tayra__rows_parse(&again, "f", text, (size_t)(out - text), why, sizeof(why)) ==
	     TAYRA_OK);
	must(again.rows == rows->rows && again.columns == rows->columns);
	for (uint32_t r = 0; r < rows->rows; r++)
		for (uint32_t c = 0; c < rows->columns; c++) {
			size_t len, same;
			const char *value = tayra__rows_field(rows, r, c, &len);

			must(strcmp(value, tayra__rows_field(&again, r, c, &same)) == 0);
			must(len == same);
		}
	tayra__rows_fini(&again);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tayra__rows rows;
	char why[300] = "";

	if (tayra__rows_parse(&rows, "f", (const char *)data, size, why, sizeof(why)) == TAYRA_OK) {
		must(!why[0] && rows.rows > 0 && rows.columns > 0);
		check_again(&rows, size);
		tayra__rows_fini(&rows);
	} else {
		must(strncmp(why, "f:", 2) == 0 && rows.bytes == NULL);
		for (const char *c = why; *c; c++)
			must((unsigned char)*c >= ' ' && *c != 0x7f);
	}
	return 0;
}
