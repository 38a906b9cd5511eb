/* SPDX-License-Identifier: Apache-2.0
 *
 * request.h: one kind of request, checked and taken apart once, and written as often as it is
 * asked: an HTTP/1.1 request, or a Redis command.
 */
#ifndef TAYRA_DRIVE_REQUEST_H
#define TAYRA_DRIVE_REQUEST_H

#include "drive/template.h"

#include <stdbool.h>

/* What is asked, as given.  NULL or 0 is the default. */
struct tayra__request_text {
	bool redis;                 /* otherwise HTTP */
	bool literal;               /* braces are braces, and no holes */
	const char *authority;      /* HTTP: "host:port" */
	const char *method;         /* HTTP; NULL: GET, or POST with a body */
	const char *path;           /* HTTP: what follows the authority in a URL, "" or "?x" too */
	const char *const *headers; /* HTTP: "Name: value" */
	size_t header_count;
	const char *body; /* HTTP */
	size_t body_len;
	const char *const *words; /* Redis */
	size_t word_count;
};

struct tayra__request {
	struct tayra__template *words; /* Redis: the words; HTTP: the head, then the body */
	size_t count;
	bool redis, literal, has_length, head; /* head: its answer has no body */
};

/* => TAYRA_OK; TAYRA_E_INVAL, TAYRA_E_NOMEM: `why` has one line, there is nothing to fini. */
int tayra__request_init(struct tayra__request *request, const struct tayra__request_text *text,
			const struct tayra__rows *rows, char *why, size_t why_size);
void tayra__request_fini(struct tayra__request *request);
/* Append its bytes, filled in from that row.  Allocates nothing once `out` has had its size. */
void tayra__request_write(const struct tayra__request *request, const struct tayra__rows *rows,
			  size_t row, struct tayra__buffer *out);

#endif
