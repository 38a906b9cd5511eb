/* SPDX-License-Identifier: Apache-2.0
 *
 * resp_request.h: reads requests of the Redis protocol, multibulk
 * ("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n") and inline ("GET k\r\n", with quotes), as they arrive in
 * pieces.  Nothing is copied: arguments point into the caller's bytes.  Sizes are bounded by
 * limits, and memory grows with what has arrived, never with what was announced.  Not thread-safe.
 * Source: the RESP specification; error texts as in Redis 7.0.
 */
#ifndef TAYRA_NET_RESP_REQUEST_H
#define TAYRA_NET_RESP_REQUEST_H

#include <stddef.h>
#include <stdint.h>

struct tayra__resp_limits {
	uint64_t bulk_bytes;   /* of one argument */
	uint64_t args;         /* of one request */
	uint64_t inline_bytes; /* of a line: an inline request, or a header */
	const char *who; /* put before "multibulk length" in errors; "" or "unauthenticated " */
};
#define TAYRA__RESP_BULK_MAX   (512ull << 20)
#define TAYRA__RESP_ARGS_MAX   (1ull << 20)
#define TAYRA__RESP_INLINE_MAX (64ull << 10)

struct tayra__resp_arg {
	char *bytes; /* bytes[-1] may be overwritten too, but for the first argument */
	size_t len;
	size_t at; /* private */
};

struct tayra__resp_request {
	struct tayra__resp_arg *args;
	size_t count;
	size_t wanted; /* bytes from the request's start that are certainly needed */
	char error[64];
	/* Private. */
	size_t room, at;
	uint64_t args_left;
	uint64_t bulk_len;
	int state;
};

enum tayra__resp_status {
	TAYRA__RESP_MORE,  /* nothing is wrong yet; call again with the same bytes and more */
	TAYRA__RESP_DONE,  /* args and count are set; an empty request has count 0 */
	TAYRA__RESP_WRONG, /* `error` says what; the stream cannot be followed any more */
	TAYRA__RESP_NOMEM, /* the stream cannot be followed any more */
};

void tayra__resp_request_init(struct tayra__resp_request *request);
void tayra__resp_request_fini(struct tayra__resp_request *request);

/*
 * Go on with a request that begins at `bytes`; between calls the bytes may have moved, but not
 * changed.  With DONE, *used bytes belong to the request, the arguments are valid as long as the
 * bytes, and the next call begins a new request.  Inline requests are unquoted in place.
 */
enum tayra__resp_status tayra__resp_request_parse(struct tayra__resp_request *request, char *bytes,
						  size_t len,
						  const struct tayra__resp_limits *limits,
						  size_t *used);

#endif
