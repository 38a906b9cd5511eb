/* SPDX-License-Identifier: Apache-2.0
 *
 * rows.h: a CSV file that requests take their values from: the first line names the columns, each
 * other line is a row.  RFC 4180: a field in quotes may hold commas, line ends and doubled quotes.
 * Held whole in memory: the bytes, and four more for each field.
 */
#ifndef TAYRA_DRIVE_ROWS_H
#define TAYRA_DRIVE_ROWS_H

#include <stddef.h>
#include <stdint.h>

#define TAYRA__ROWS_BYTES_MAX   (64u << 20)
#define TAYRA__ROWS_COLUMNS_MAX 64

struct tayra__rows {
	char *bytes;    /* the fields, each followed by a byte 0 */
	uint32_t *at;   /* [rows * columns + 1]: where each begins */
	uint32_t *line; /* [rows]: where it stood, from 1 */
	uint32_t rows, columns;
	const char *column[TAYRA__ROWS_COLUMNS_MAX + 1]; /* names, then NULL */
	char *file;                                      /* as complaints call it */
};

/*
 * Read it.  Blank lines are skipped; the last line needs no end; a mark of UTF-8 may come first.
 * => TAYRA_OK; TAYRA_E_INVAL: `why` is "FILE:LINE: what"; TAYRA_E_NOMEM.  Then there is nothing to
 *    fini.
 */
int tayra__rows_parse(struct tayra__rows *rows, const char *file, const char *bytes, size_t len,
		      char *why, size_t why_size);
/* => also TAYRA_E_IO. */
int tayra__rows_load(struct tayra__rows *rows, const char *path, char *why, size_t why_size);
void tayra__rows_fini(struct tayra__rows *rows);

/* A field, terminated; *len without that.  => row < rows, column < columns. */
static inline const char *
tayra__rows_field(const struct tayra__rows *rows, uint32_t row, uint32_t column, size_t *len)
{
	const uint32_t *at = &rows->at[(size_t)row * rows->columns + column];

	*len = at[1] - at[0] - 1;
	return rows->bytes + at[0];
}

#endif
