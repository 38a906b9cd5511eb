/* SPDX-License-Identifier: Apache-2.0
 *
 * shape.h: what becomes of the rows of a query: one value, whose bytes are the first cell, a JSON
 * object or a JSON array.  The same for every database.  Not thread-safe: one result a query.
 *
 *     struct tayra__result result;
 *     tayra__result_begin(&result, &shape);
 *     while (.. a row ..)
 *         if (tayra__result_row(&result, names, cells, columns) != TAYRA__ROWS_MORE) break;
 *     status = tayra__result_end(&result, &value, &len);
 *     ..
 *     tayra__result_fini(&result);
 */
#ifndef TAYRA_ORIGIN_SHAPE_H
#define TAYRA_ORIGIN_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

#include <tayra/tayra.h>

#include "origin/complaint.h"

struct tayra__shape {
	enum tayra_shape shape;
	uint32_t max_rows;
	uint64_t max_bytes;
};

enum tayra__cell_kind {
	TAYRA__CELL_NULL,
	TAYRA__CELL_TEXT,   /* a string; what is not UTF-8 becomes U+FFFD in JSON */
	TAYRA__CELL_NUMBER, /* decimal digits; what JSON has no number for (NaN) becomes null */
	TAYRA__CELL_BOOL,   /* begins with 't' or not */
	TAYRA__CELL_BYTES,  /* in JSON "\x" and hex digits, as PostgreSQL writes them */
	TAYRA__CELL_JSON,   /* valid JSON, as the database says */
};

struct tayra__cell {
	enum tayra__cell_kind kind;
	const void *bytes;
	size_t len;
};

struct tayra__result {
	struct tayra__shape shape;
	uint32_t rows;
	int status; /* of writing so far */
	bool null;  /* the raw cell was one */
	char *bytes;
	size_t len, room;
};

enum tayra__rows { TAYRA__ROWS_MORE, TAYRA__ROWS_ENOUGH };

/* What the rows of a query go into. */
struct tayra__sink {
	enum tayra__rows (*row)(void *into, const char *const *names,
				const struct tayra__cell *cells, uint32_t columns);
	void *into;
};

/* => TAYRA_E_INVAL: two columns of an object would have the same name. */
int tayra__shape_names(enum tayra_shape shape, const char *const *names, uint32_t columns,
		       const struct tayra__complaint *why);

void tayra__result_begin(struct tayra__result *result, const struct tayra__shape *shape);
/* => ENOUGH: further rows would not change the value, or it failed already. */
enum tayra__rows tayra__result_row(struct tayra__result *result, const char *const *names,
				   const struct tayra__cell *cells, uint32_t columns);
struct tayra__sink tayra__result_sink(struct tayra__result *result);
/*
 * => TAYRA_OK: *value is the result's, until fini.  TAYRA_E_NOT_FOUND: no row (raw, row) or the raw
 *    cell is NULL.  TAYRA_E_TOO_LARGE: over max_bytes, or more than max_rows rows (json).
 *    TAYRA_E_NOMEM.
 */
int tayra__result_end(struct tayra__result *result, const void **value, size_t *len);
void tayra__result_fini(struct tayra__result *result);

#endif
