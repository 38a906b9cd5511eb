/* SPDX-License-Identifier: Apache-2.0
 *
 * resp_reply.h: reads replies of RESP2 and RESP3 as they arrive in pieces, one element a call: an
 * array of two bulks is three elements.  Nothing is copied or allocated: text points into the
 * caller's bytes.  Sizes and depth are bounded.  Not thread-safe.
 * Source: the RESP3 specification; streamed ("?") types are refused, no server sends them.
 */
#ifndef TAYRA_NET_RESP_REPLY_H
#define TAYRA_NET_RESP_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tayra__resp_type {
	TAYRA__RESP_SIMPLE = '+',
	TAYRA__RESP_ERROR = '-',
	TAYRA__RESP_INTEGER = ':',
	TAYRA__RESP_BULK = '$',
	TAYRA__RESP_ARRAY = '*',
	TAYRA__RESP_NULL = '_', /* also the null bulk and the null array of RESP2 */
	TAYRA__RESP_BOOLEAN = '#',
	TAYRA__RESP_DOUBLE = ',',
	TAYRA__RESP_BIG_NUMBER = '(',
	TAYRA__RESP_BULK_ERROR = '!',
	TAYRA__RESP_VERBATIM = '=',
	TAYRA__RESP_MAP = '%',
	TAYRA__RESP_SET = '~',
	TAYRA__RESP_PUSH = '>',
	TAYRA__RESP_ATTRIBUTE = '|', /* its pairs, then the reply it belongs to */
};

struct tayra__resp_element {
	enum tayra__resp_type type;
	const char *text; /* SIMPLE ERROR BULK BULK_ERROR VERBATIM DOUBLE BIG_NUMBER */
	size_t len;
	int64_t integer; /* INTEGER; BOOLEAN: 0 or 1; aggregates: elements that follow directly */
	unsigned depth;  /* 0: the top of a reply, or of a push */
	bool last;       /* the reply that it belongs to is complete */
};

#define TAYRA__RESP_DEPTH 16

struct tayra__resp_reply_limits {
	uint64_t bulk_bytes, line_bytes, elements; /* elements: of one aggregate */
};

struct tayra__resp_reply {
	const char *error; /* static text, set with WRONG */
	bool too_large;    /* WRONG, for a bulk beyond the limit */
	/* Private. */
	unsigned depth;
	uint64_t left[TAYRA__RESP_DEPTH];
};

enum tayra__resp_reply_status {
	TAYRA__RESP_REPLY_MORE,
	TAYRA__RESP_REPLY_ELEMENT,
	TAYRA__RESP_REPLY_WRONG, /* the stream cannot be followed any more */
};

void tayra__resp_reply_init(struct tayra__resp_reply *reply);
/*
 * The next element, which begins at `bytes`.  With ELEMENT, *used bytes belong to it.  With MORE
 * nothing was used: call again with the same bytes and more.
 */
enum tayra__resp_reply_status tayra__resp_reply_next(struct tayra__resp_reply *reply,
						     const char *bytes, size_t len,
						     const struct tayra__resp_reply_limits *limits,
						     struct tayra__resp_element *out, size_t *used);

#endif
