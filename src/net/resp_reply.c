/* SPDX-License-Identifier: Apache-2.0 */
#include "net/resp_reply.h"

#include "net/resp_line.h"

#include <string.h>

void
tayra__resp_reply_init(struct tayra__resp_reply *reply)
{
	memset(reply, 0, sizeof(*reply));
}

static enum tayra__resp_reply_status
wrong(struct tayra__resp_reply *reply, const char *why)
{
	reply->error = why;
	return TAYRA__RESP_REPLY_WRONG;
}

/* A line of text from *at on, without its CRLF; moves past it. */
static enum tayra__resp_reply_status
read_line(struct tayra__resp_reply *reply, const char *bytes, size_t len, uint64_t max, size_t *at,
	  struct tayra__resp_element *out)
{
	const char *cr = memchr(bytes + *at, '\r', len - *at);
	size_t end = cr ? (size_t)(cr - bytes) : len;

	if (end - *at > max)
		return wrong(reply, "a line is too long");
	if (!cr || end + 1 >= len)
		return TAYRA__RESP_REPLY_MORE;
	if (bytes[end + 1] != '\n')
		return wrong(reply, "a line does not end with CRLF");
	out->text = bytes + *at;
	out->len = end - *at;
	*at = end + 2;
	return TAYRA__RESP_REPLY_ELEMENT;
}

static enum tayra__resp_reply_status
read_number(struct tayra__resp_reply *reply, const char *bytes, size_t len, size_t *at,
	    int64_t *out)
{
	switch (tayra__resp_line_integer(bytes, len, at, out)) {
	case TAYRA__RESP_LINE_OK: return TAYRA__RESP_REPLY_ELEMENT;
	case TAYRA__RESP_LINE_MORE: return TAYRA__RESP_REPLY_MORE;
	case TAYRA__RESP_LINE_WRONG: break;
	}
	return wrong(reply, "not a number where one should be");
}

static enum tayra__resp_reply_status
read_bulk(struct tayra__resp_reply *reply, const char *bytes, size_t len, uint64_t max, size_t *at,
	  struct tayra__resp_element *out)
{
	int64_t size;
	enum tayra__resp_reply_status status = read_number(reply, bytes, len, at, &size);

	if (status != TAYRA__RESP_REPLY_ELEMENT)
		return status;
	if (size == -1 && out->type == TAYRA__RESP_BULK) {
		out->type = TAYRA__RESP_NULL;
		return status;
	}
	reply->too_large = size > 0 && (uint64_t)size > max;
	if (size < 0 || reply->too_large)
		return wrong(reply, "invalid bulk length");
	if (len - *at < (uint64_t)size + 2)
		return TAYRA__RESP_REPLY_MORE;
	if (bytes[*at + (size_t)size] != '\r' || bytes[*at + (size_t)size + 1] != '\n')
		return wrong(reply, "a bulk does not end with CRLF");
	out->text = bytes + *at;
	out->len = (size_t)size;
	*at += (size_t)size + 2;
	return status;
}

/* The header of an aggregate: integer becomes the number of elements that follow. */
static enum tayra__resp_reply_status
read_aggregate(struct tayra__resp_reply *reply, const char *bytes, size_t len, uint64_t max,
	       size_t *at, struct tayra__resp_element *out)
{
	enum tayra__resp_reply_status status = read_number(reply, bytes, len, at, &out->integer);
	bool pairs = out->type == TAYRA__RESP_MAP || out->type == TAYRA__RESP_ATTRIBUTE;

	if (status != TAYRA__RESP_REPLY_ELEMENT)
		return status;
	if (out->integer == -1 && out->type == TAYRA__RESP_ARRAY) {
		out->type = TAYRA__RESP_NULL;
		out->integer = 0;
		return status;
	}
	if (out->integer < 0 || (uint64_t)out->integer > max)
		return wrong(reply, "invalid aggregate length");
	if (pairs)
		out->integer *= 2;
	return status;
}

static enum tayra__resp_reply_status
read_boolean(struct tayra__resp_reply *reply, const char *bytes, size_t len, size_t *at,
	     struct tayra__resp_element *out)
{
	enum tayra__resp_reply_status status = read_line(reply, bytes, len, 1, at, out);

	if (status != TAYRA__RESP_REPLY_ELEMENT)
		return status;
	if (out->len != 1 || (out->text[0] != 't' && out->text[0] != 'f'))
		return wrong(reply, "a boolean is neither t nor f");
	out->integer = out->text[0] == 't';
	return status;
}

static enum tayra__resp_reply_status
read_null(struct tayra__resp_reply *reply, const char *bytes, size_t len, size_t *at,
	  struct tayra__resp_element *out)
{
	enum tayra__resp_reply_status status = read_line(reply, bytes, len, 0, at, out);

	out->text = NULL;
	return status;
}

static enum tayra__resp_reply_status
read_element(struct tayra__resp_reply *reply, const char *bytes, size_t len,
	     const struct tayra__resp_reply_limits *limits, size_t *at,
	     struct tayra__resp_element *out)
{
	switch (bytes[0]) {
	case TAYRA__RESP_SIMPLE:
	case TAYRA__RESP_ERROR:
	case TAYRA__RESP_DOUBLE:
	case TAYRA__RESP_BIG_NUMBER:
		return read_line(reply, bytes, len, limits->line_bytes, at, out);
	case TAYRA__RESP_INTEGER: return read_number(reply, bytes, len, at, &out->integer);
	case TAYRA__RESP_BULK:
	case TAYRA__RESP_BULK_ERROR:
	case TAYRA__RESP_VERBATIM: return read_bulk(reply, bytes, len, limits->bulk_bytes, at, out);
	case TAYRA__RESP_ARRAY:
	case TAYRA__RESP_MAP:
	case TAYRA__RESP_SET:
	case TAYRA__RESP_PUSH:
	case TAYRA__RESP_ATTRIBUTE:
		return read_aggregate(reply, bytes, len, limits->elements, at, out);
	case TAYRA__RESP_BOOLEAN: return read_boolean(reply, bytes, len, at, out);
	case TAYRA__RESP_NULL: return read_null(reply, bytes, len, at, out);
	default: return wrong(reply, "an unknown type");
	}
}

/* Account for an element: it may open a level, and it may close some. */
static enum tayra__resp_reply_status
place(struct tayra__resp_reply *reply, struct tayra__resp_element *out)
{
	bool aggregate = out->type == TAYRA__RESP_ARRAY || out->type == TAYRA__RESP_MAP ||
			 out->type == TAYRA__RESP_SET || out->type == TAYRA__RESP_PUSH ||
			 out->type == TAYRA__RESP_ATTRIBUTE;
	uint64_t follow = aggregate ? (uint64_t)out->integer : 0;

	out->depth = reply->depth;
	/* An attribute does not count as one of its parent's elements: what comes after it does. */
	if (out->type == TAYRA__RESP_ATTRIBUTE)
		follow++;
	if (follow > 0) {
		if (reply->depth == TAYRA__RESP_DEPTH)
			return wrong(reply, "nested too deeply");
		reply->left[reply->depth++] = follow;
		return TAYRA__RESP_REPLY_ELEMENT;
	}
	while (reply->depth > 0 && --reply->left[reply->depth - 1] == 0)
		reply->depth--;
	out->last = reply->depth == 0;
	return TAYRA__RESP_REPLY_ELEMENT;
}

enum tayra__resp_reply_status
tayra__resp_reply_next(struct tayra__resp_reply *reply, const char *bytes, size_t len,
		       const struct tayra__resp_reply_limits *limits,
		       struct tayra__resp_element *out, size_t *used)
{
	enum tayra__resp_reply_status status;
	size_t at = 1;

	memset(out, 0, sizeof(*out));
	*used = 0;
	if (len == 0)
		return TAYRA__RESP_REPLY_MORE;
	out->type = (enum tayra__resp_type)bytes[0];
	status = read_element(reply, bytes, len, limits, &at, out);
	if (status == TAYRA__RESP_REPLY_ELEMENT)
		status = place(reply, out);
	if (status == TAYRA__RESP_REPLY_ELEMENT)
		*used = at;
	return status;
}
