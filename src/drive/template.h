/* SPDX-License-Identifier: Apache-2.0
 *
 * template.h: a text with holes, "/item/{id}", filled in from a row.  "{{" is a brace.
 */
#ifndef TAYRA_DRIVE_TEMPLATE_H
#define TAYRA_DRIVE_TEMPLATE_H

#include "drive/rows.h"
#include "net/buffer.h"

/* Where a value goes, and so what of it must be escaped. */
enum tayra__template_place {
	TAYRA__TEMPLATE_BYTES,  /* as it is */
	TAYRA__TEMPLATE_PATH,   /* of a URL: what is not unreserved (RFC 3986) becomes %XX */
	TAYRA__TEMPLATE_HEADER, /* a row that would end the line is refused */
};

struct tayra__template_part;
struct tayra__template {
	struct tayra__template_part *parts;
	size_t count;
	enum tayra__template_place place;
};

/* A text without holes, whatever braces are in it.  Copied.  => as tayra__template_parse(). */
int tayra__template_literal(struct tayra__template *template, const char *text, size_t len,
			    char *why, size_t why_size);
/*
 * rows NULL: there are none, and a hole is refused.  Copies the text.
 * => TAYRA_OK; TAYRA_E_INVAL, TAYRA_E_NOMEM: `why` has one line, there is nothing to fini.
 */
int tayra__template_parse(struct tayra__template *template, const char *text, size_t len,
			  enum tayra__template_place place, const struct tayra__rows *rows,
			  char *why, size_t why_size);
void tayra__template_fini(struct tayra__template *template);
/* Bytes that filling it in gives. */
size_t tayra__template_len(const struct tayra__template *template, const struct tayra__rows *rows,
			   size_t row);
/* Append it, filled in. */
void tayra__template_write(const struct tayra__template *template, const struct tayra__rows *rows,
			   size_t row, struct tayra__buffer *out);

#endif
