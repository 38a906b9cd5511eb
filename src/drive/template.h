/* SPDX-License-Identifier: Apache-2.0
 *
 * template.h: the bytes of a request with places for the values of a row: made once, filled in for
 * each request without memory of its own.  A place is {column}, or {column:form} with a form of
 * raw, url or json; "{{" is a brace that begins none, and so is any other that no name follows.
 */
#ifndef TAYRA_DRIVE_TEMPLATE_H
#define TAYRA_DRIVE_TEMPLATE_H

#include "drive/rows.h"
#include "net/buffer.h"

struct tayra__template {
	struct tayra__buffer text; /* what is always the same */
	struct tayra__template_part *parts;
	size_t count, room;
	bool failed; /* no memory, or over the limit */
	bool apart;  /* what comes next is a part of its own */
};

/* Where a text with places stands: decides the form that is meant, and what values may hold. */
enum tayra__template_place {
	TAYRA__TEMPLATE_PATH,   /* url */
	TAYRA__TEMPLATE_HEADER, /* raw: no byte that ends a line */
	TAYRA__TEMPLATE_BODY,   /* raw: anything */
};

/* => max: of all that is always the same. */
void tayra__template_init(struct tayra__template *t, size_t max);
void tayra__template_fini(struct tayra__template *t);

void tayra__template_bytes(struct tayra__template *t, const void *bytes, size_t len);
/*
 * With places for values of `rows`; NULL: there is no data.  Each value of a column is looked at
 * once, here, so that none can end a line or a path later.
 * => TAYRA_OK; TAYRA_E_INVAL: `why` is one line.
 */
int tayra__template_text(struct tayra__template *t, const char *text, size_t len,
			 enum tayra__template_place place, const struct tayra__rows *rows,
			 char *why, size_t why_size);
/* A decimal number here: how many bytes there are from begin to end. */
size_t tayra__template_length(struct tayra__template *t);
void tayra__template_length_begin(struct tayra__template *t, size_t length);
void tayra__template_length_end(struct tayra__template *t, size_t length);

/* Bytes at most, whatever the row; SIZE_MAX: it failed. */
size_t tayra__template_most(const struct tayra__template *t, const struct tayra__rows *rows);
/* Write it, with room for the most; returns how long it is.  rows may be NULL when there are no
 * places. */
size_t tayra__template_fill(const struct tayra__template *t, const struct tayra__rows *rows,
			    uint32_t row, char *out);

#endif
