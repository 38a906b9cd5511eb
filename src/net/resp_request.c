/* SPDX-License-Identifier: Apache-2.0 */
#include "net/resp_request.h"

#include "base/mem.h"
#include "net/resp_line.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define ROOM_FIRST 8
#define ROOM_KEPT  64 /* arguments; more are given back after use */

enum state { BEGIN, INLINE, MULTIBULK_HEADER, BULK_HEADER, BULK_BODY };

void
tayra__resp_request_init(struct tayra__resp_request *request)
{
	memset(request, 0, sizeof(*request));
}

void
tayra__resp_request_fini(struct tayra__resp_request *request)
{
	tayra__mem_free(request->args);
	tayra__resp_request_init(request);
}

static enum tayra__resp_status
wrong(struct tayra__resp_request *request, const char *who, const char *what)
{
	snprintf(request->error, sizeof(request->error), "Protocol error: %s%s", who, what);
	return TAYRA__RESP_WRONG;
}

static bool
make_room(struct tayra__resp_request *request)
{
	size_t room = request->room ? request->room * 2 : ROOM_FIRST;
	struct tayra__resp_arg *args;

	if (request->count < request->room)
		return true;
	args = tayra__mem_resize(request->args, room * sizeof(*args));
	if (!args)
		return false;
	request->args = args;
	request->room = room;
	return true;
}

static enum tayra__resp_status
add(struct tayra__resp_request *request, size_t at, size_t len)
{
	if (!make_room(request))
		return TAYRA__RESP_NOMEM;
	request->args[request->count++] = (struct tayra__resp_arg){ .at = at, .len = len };
	return TAYRA__RESP_DONE;
}

static enum tayra__resp_status
finish(struct tayra__resp_request *request, char *bytes, size_t *used)
{
	for (size_t i = 0; i < request->count; i++)
		request->args[i].bytes = bytes + request->args[i].at;
	*used = request->at;
	request->state = BEGIN;
	return TAYRA__RESP_DONE;
}

/* The number of a header line at request->at, whose first byte was looked at already. */
static enum tayra__resp_status
read_header(struct tayra__resp_request *request, const char *bytes, size_t len,
	    const struct tayra__resp_limits *limits, const char *name, int64_t *out)
{
	const char *line = bytes + request->at;
	size_t next = request->at + 1;
	char what[40];

	/* One digit: most headers are that short. */
	if (len - request->at >= 4 && line[1] >= '0' && line[1] <= '9' && line[2] == '\r' &&
	    line[3] == '\n') {
		*out = line[1] - '0';
		request->at += 4;
		return TAYRA__RESP_DONE;
	}
	switch (tayra__resp_line_integer(bytes, len, &next, out)) {
	case TAYRA__RESP_LINE_OK: request->at = next; return TAYRA__RESP_DONE;
	case TAYRA__RESP_LINE_MORE:
		if (len - request->at <= limits->inline_bytes)
			return TAYRA__RESP_MORE;
		snprintf(what, sizeof(what), "too big %s count string",
			 name[0] == 'm' ? "mbulk" : "bulk");
		return wrong(request, "", what);
	case TAYRA__RESP_LINE_WRONG: break;
	}
	snprintf(what, sizeof(what), "invalid %s length", name);
	return wrong(request, "", what);
}

static enum tayra__resp_status
read_multibulk_header(struct tayra__resp_request *request, const char *bytes, size_t len,
		      const struct tayra__resp_limits *limits)
{
	int64_t count;
	enum tayra__resp_status status = read_header(request, bytes, len, limits, "multibulk",
						     &count);

	if (status != TAYRA__RESP_DONE)
		return status;
	if (count > 0 && (uint64_t)count > limits->args)
		return wrong(request, limits->who,
			     limits->who[0] ? "multibulk length" : "invalid multibulk length");
	request->args_left = count > 0 ? (uint64_t)count : 0;
	request->state = BULK_HEADER;
	return TAYRA__RESP_DONE;
}

static enum tayra__resp_status
read_bulk_header(struct tayra__resp_request *request, const char *bytes, size_t len,
		 const struct tayra__resp_limits *limits)
{
	enum tayra__resp_status status;
	char what[40];
	int64_t bulk;

	if (request->at >= len)
		return TAYRA__RESP_MORE;
	if (bytes[request->at] != '$') {
		char got = bytes[request->at];

		snprintf(what, sizeof(what), "expected '$', got '%c'",
			 got >= ' ' && got < 0x7f ? got : '?');
		return wrong(request, "", what);
	}
	status = read_header(request, bytes, len, limits, "bulk", &bulk);
	if (status != TAYRA__RESP_DONE)
		return status;
	if (bulk >= 0 && (uint64_t)bulk > limits->bulk_bytes && limits->who[0])
		return wrong(request, limits->who, "bulk length");
	if (bulk < 0 || (uint64_t)bulk > limits->bulk_bytes)
		return wrong(request, "", "invalid bulk length");
	request->bulk_len = (uint64_t)bulk;
	request->wanted = request->at + (size_t)bulk + 2;
	request->state = BULK_BODY;
	return TAYRA__RESP_DONE;
}

static enum tayra__resp_status
read_bulk_body(struct tayra__resp_request *request, const char *bytes, size_t len)
{
	size_t end = request->at + (size_t)request->bulk_len;

	if (len < request->wanted)
		return TAYRA__RESP_MORE;
	if (bytes[end] != '\r' || bytes[end + 1] != '\n')
		return wrong(request, "", "expected CRLF after a bulk");
	if (add(request, request->at, (size_t)request->bulk_len) != TAYRA__RESP_DONE)
		return TAYRA__RESP_NOMEM;
	request->at = end + 2;
	request->args_left--;
	request->state = BULK_HEADER;
	return TAYRA__RESP_DONE;
}

static enum tayra__resp_status
read_multibulk(struct tayra__resp_request *request, char *bytes, size_t len,
	       const struct tayra__resp_limits *limits, size_t *used)
{
	enum tayra__resp_status status = TAYRA__RESP_DONE;

	if (request->state == MULTIBULK_HEADER)
		status = read_multibulk_header(request, bytes, len, limits);
	while (status == TAYRA__RESP_DONE && request->args_left > 0) {
		if (request->state == BULK_HEADER)
			status = read_bulk_header(request, bytes, len, limits);
		if (status == TAYRA__RESP_DONE)
			status = read_bulk_body(request, bytes, len);
	}
	return status == TAYRA__RESP_DONE ? finish(request, bytes, used) : status;
}

static enum tayra__resp_status
read_inline(struct tayra__resp_request *request, char *bytes, size_t len,
	    const struct tayra__resp_limits *limits, size_t *used)
{
	/* What was looked at in vain before need not be looked at again. */
	const char *newline = memchr(bytes + request->at, '\n', len - request->at);
	enum tayra__resp_word got;
	size_t end, at = 0;

	if (!newline) {
		request->at = len;
		return len > limits->inline_bytes ? wrong(request, "", "too big inline request")
						  : TAYRA__RESP_MORE;
	}
	end = (size_t)(newline - bytes);
	if (end > limits->inline_bytes)
		return wrong(request, "", "too big inline request");
	request->at = end + 1;
	if (end > 0 && bytes[end - 1] == '\r')
		end--;
	for (;;) {
		struct tayra__resp_arg word;

		got = tayra__resp_line_word(bytes, end, &at, &word.at, &word.len);
		if (got != TAYRA__RESP_WORD)
			break;
		if (request->count >= limits->args)
			return wrong(request, limits->who, "multibulk length");
		if (add(request, word.at, word.len) != TAYRA__RESP_DONE)
			return TAYRA__RESP_NOMEM;
	}
	if (got == TAYRA__RESP_WORD_UNBALANCED)
		return wrong(request, "", "unbalanced quotes in request");
	return finish(request, bytes, used);
}

static void
begin(struct tayra__resp_request *request, enum state state)
{
	if (request->room > ROOM_KEPT) {
		tayra__mem_free(request->args);
		request->args = NULL;
		request->room = 0;
	}
	request->count = 0;
	request->at = 0;
	request->wanted = 0;
	request->state = state;
}

enum tayra__resp_status
tayra__resp_request_parse(struct tayra__resp_request *request, char *bytes, size_t len,
			  const struct tayra__resp_limits *limits, size_t *used)
{
	*used = 0;
	if (len == 0)
		return TAYRA__RESP_MORE;
	if (request->state == BEGIN)
		begin(request, bytes[0] == '*' ? MULTIBULK_HEADER : INLINE);
	if (request->state == INLINE)
		return read_inline(request, bytes, len, limits, used);
	return read_multibulk(request, bytes, len, limits, used);
}
