/* SPDX-License-Identifier: Apache-2.0
 *
 * http_response.h: follows answers of HTTP/1.0 and 1.1 as they arrive in pieces of any size, to
 * know where one ends, what it says and whether another may follow.  Nothing is kept of a body and
 * of headers only what that needs, so a connection costs a few hundred bytes whatever it is sent.
 * Not thread-safe.
 * Source: RFC 9112.  Stricter where guessing would be dangerous: no folded headers, no
 * Content-Length beside a Transfer-Encoding.
 */
#ifndef TAYRA_DRIVE_HTTP_RESPONSE_H
#define TAYRA_DRIVE_HTTP_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAYRA__HTTP_LINE_MAX    8192  /* bytes of a status line, a header or a chunk's head */
#define TAYRA__HTTP_HEAD_MAX    65536 /* of all lines of an answer: interim ones, trailers too */
#define TAYRA__HTTP_LINE_CARRY  192   /* of a line that came in pieces that much is looked at */
#define TAYRA__HTTP_INTERIM_MAX 16    /* answers 1xx before the one that counts */
/* Bytes of a chunk or a body that says its length: more no server means. */
#define TAYRA__HTTP_LENGTH_MAX (1ull << 40)

enum tayra__http_response_state {
	TAYRA__HTTP_MORE,
	TAYRA__HTTP_DONE,
	TAYRA__HTTP_WRONG, /* the stream cannot be followed any more */
};

struct tayra__http_response {
	unsigned status;   /* 100 .. 999, once the status line was read */
	bool keep;         /* with DONE: the connection may be used again */
	const char *error; /* static text, set with WRONG */
	/* Private. */
	bool head, chunked, other_coding, has_length, say_close, say_keep, old;
	uint8_t part, interim;
	uint16_t carried;
	uint32_t line_len, head_len;
	uint64_t left; /* of the body or the chunk */
	char carry[TAYRA__HTTP_LINE_CARRY];
};

/* Before each answer.  `head`: to a HEAD, which has no body whatever its headers say. */
void tayra__http_response_begin(struct tayra__http_response *response, bool head);
/*
 * Take bytes as they came.  *used of them belong to this answer: all with MORE.
 * => After DONE or WRONG it takes nothing before it was begun anew.
 */
enum tayra__http_response_state tayra__http_response_feed(struct tayra__http_response *response,
							  const char *bytes, size_t len,
							  size_t *used);
/* The connection ended: DONE when that is how this answer's body ends, otherwise WRONG. */
enum tayra__http_response_state tayra__http_response_end(struct tayra__http_response *response);

#endif
