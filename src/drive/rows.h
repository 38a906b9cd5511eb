/* SPDX-License-Identifier: Apache-2.0
 *
 * rows.h: what requests are filled in with: a table with named columns, from CSV as RFC 4180 has it
 * (fields may stand in double quotes, "" in them is one).  Read-only once parsed, from any thread.
 */
#ifndef TAYRA_DRIVE_ROWS_H
#define TAYRA_DRIVE_ROWS_H

#include <stddef.h>
#include <stdint.h>

#define TAYRA__ROWS_COLUMNS_MAX 64
#define TAYRA__ROWS_BYTES_MAX   (256u << 20) /* of a file */
#define TAYRA__ROWS_FIELD_MAX   65535        /* bytes */

struct tayra__rows {
	char *text;      /* the fields one behind the other */
	uint32_t *begin; /* [count * columns + 1]: where each begins */
	size_t columns, count;
	char *name[TAYRA__ROWS_COLUMNS_MAX];
};

/*
 * The first line names the columns.  A table without rows is refused, as are lines with another
 * number of fields.
 * => TAYRA_OK; TAYRA_E_INVAL, TAYRA_E_NOMEM: `why` gets "LINE: what", and there is nothing to fini.
 */
int tayra__rows_parse(struct tayra__rows *rows, const char *bytes, size_t len, char *why,
		      size_t why_size);
/* => also TAYRA_E_IO; `why` begins with "PATH:". */
int tayra__rows_load(struct tayra__rows *rows, const char *path, char *why, size_t why_size);
void tayra__rows_fini(struct tayra__rows *rows);

/* The column of that name, or -1. */
int tayra__rows_column(const struct tayra__rows *rows, const char *name, size_t len);

/* Not terminated. */
static inline const char *
tayra__rows_field(const struct tayra__rows *rows, size_t row, size_t column, size_t *len)
{
	const uint32_t *begin = &rows->begin[row * rows->columns + column];

	*len = begin[1] - begin[0];
	return rows->text + begin[0];
}

#endif
