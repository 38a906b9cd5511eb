/* SPDX-License-Identifier: Apache-2.0 */
#include "net/buffer.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

#define ROOM_MIN 256

void
tayra__buffer_init(struct tayra__buffer *buffer, size_t max)
{
	*buffer = (struct tayra__buffer){ .max = max };
}

void
tayra__buffer_fini(struct tayra__buffer *buffer)
{
	tayra__mem_free(buffer->bytes);
	tayra__buffer_init(buffer, buffer->max);
}

/* Enlarge to at least `room`, doubling, so that appending is linear in all. */
static bool
enlarge(struct tayra__buffer *buffer, size_t room)
{
	size_t next = buffer->room > ROOM_MIN / 2 ? buffer->room * 2 : ROOM_MIN;
	char *bytes;

	if (next > buffer->max)
		next = buffer->max;
	if (next < room)
		next = room;
	bytes = tayra__mem_resize(buffer->bytes, next);
	if (!bytes)
		return false;
	buffer->bytes = bytes;
	buffer->room = next;
	return true;
}

char *
tayra__buffer_reserve(struct tayra__buffer *buffer, size_t bytes)
{
	if (buffer->failed || bytes > buffer->max || buffer->len > buffer->max - bytes) {
		buffer->failed = true;
		return NULL;
	}
	if (buffer->start + buffer->len + bytes > buffer->room && buffer->start > 0) {
		memmove(buffer->bytes, buffer->bytes + buffer->start, buffer->len);
		buffer->start = 0;
	}
	if (buffer->len + bytes > buffer->room && !enlarge(buffer, buffer->len + bytes)) {
		buffer->failed = true;
		return NULL;
	}
	return buffer->bytes + buffer->start + buffer->len;
}

void
tayra__buffer_grow(struct tayra__buffer *buffer, size_t bytes)
{
	assert(buffer->start + buffer->len + bytes <= buffer->room);
	buffer->len += bytes;
}

void
tayra__buffer_append(struct tayra__buffer *buffer, const void *bytes, size_t len)
{
	char *room;

	if (len == 0)
		return;
	room = tayra__buffer_reserve(buffer, len);
	if (!room)
		return;
	memcpy(room, bytes, len);
	buffer->len += len;
}

void
tayra__buffer_consume(struct tayra__buffer *buffer, size_t bytes)
{
	assert(bytes <= buffer->len);
	buffer->start += bytes;
	buffer->len -= bytes;
	if (buffer->len == 0)
		buffer->start = 0;
}

void
tayra__buffer_reset(struct tayra__buffer *buffer, size_t keep)
{
	if (buffer->room > keep) {
		tayra__buffer_fini(buffer);
		return;
	}
	buffer->start = buffer->len = 0;
	buffer->failed = false;
}
