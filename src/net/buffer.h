/* SPDX-License-Identifier: Apache-2.0
 *
 * buffer.h: bytes on their way: appended at the end, consumed at the front.  An append that passes
 * `max` or finds no memory marks the buffer as failed and drops what it was given, so that writers
 * need not check each call; whoever owns the connection looks at `failed` once and ends it.  Not
 * thread-safe.
 */
#ifndef TAYRA_NET_BUFFER_H
#define TAYRA_NET_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

struct tayra__buffer {
	char *bytes; /* NULL while room is 0 */
	size_t start, len, room;
	size_t max; /* of len */
	bool failed;
};

/* Nothing is allocated before the first append. */
void tayra__buffer_init(struct tayra__buffer *buffer, size_t max);
/* Free the memory; afterwards as after init. */
void tayra__buffer_fini(struct tayra__buffer *buffer);

static inline char *
tayra__buffer_front(const struct tayra__buffer *buffer)
{
	return buffer->bytes ? buffer->bytes + buffer->start : NULL;
}

/* Room for `bytes` more at the end, or NULL with `failed` set.  Use them with grow. */
char *tayra__buffer_reserve(struct tayra__buffer *buffer, size_t bytes);
/* Count `bytes` written to what was reserved. */
void tayra__buffer_grow(struct tayra__buffer *buffer, size_t bytes);
void tayra__buffer_append(struct tayra__buffer *buffer, const void *bytes, size_t len);
/* Take `bytes` <= len off the front. */
void tayra__buffer_consume(struct tayra__buffer *buffer, size_t bytes);
/* Forget the content, keep the memory if it is no more than `keep`, and be no longer failed. */
void tayra__buffer_reset(struct tayra__buffer *buffer, size_t keep);

#endif
