/* SPDX-License-Identifier: Apache-2.0
 *
 * request_text.h: how a request is written: the one place that knows, for the request that is
 * always the same and for those of a scenario.  Pure.
 */
#ifndef TAYRA_DRIVE_REQUEST_TEXT_H
#define TAYRA_DRIVE_REQUEST_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct tayra__rows;
struct tayra__template;

struct tayra__request_text {
	/* HTTP.  The method, or NULL: GET, or POST with a body. */
	const char *method;
	const char *authority, *path; /* of the URL, not terminated */
	size_t authority_len, path_len;
	const char *more_path;      /* behind it; NULL: nothing */
	const char *const *headers; /* "Name: value" */
	size_t header_count;
	const void *body;
	size_t body_len;
	/* Redis. */
	const char *const *words;
	size_t word_count;
	/* {column} stands for a value of a row: in more_path, headers, body and words. */
	bool has_places;
	const struct tayra__rows *rows; /* NULL: no data */
};

/* Add it to `out`.  => TAYRA_OK; TAYRA_E_INVAL: `why` is one line.  Memory: out->failed. */
int tayra__request_text_http(const struct tayra__request_text *request, struct tayra__template *out,
			     char *why, size_t why_size);
int tayra__request_text_redis(const struct tayra__request_text *request,
			      struct tayra__template *out, char *why, size_t why_size);
/* The answer has no body. */
bool tayra__request_text_is_head(const struct tayra__request_text *request);
/* Asked twice it does what it does asked once (RFC 9110, 9.2.2). */
bool tayra__request_text_is_idempotent(const struct tayra__request_text *request);

#endif
