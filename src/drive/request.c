/* SPDX-License-Identifier: Apache-2.0
 *
 * An HTTP request is three templates: its first line, its headers as one text, its body.  The
 * length of the body stands between the last two, for it depends on the row.
 */
#include "drive/request.h"

#include <tayra/base.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "net/resp_writer.h"

#define HTTP_PARTS 3
#define HEAD_MAX   65536 /* bytes of the first line, and of the headers, as given */

struct complaint {
	char *text;
	size_t size;
};

static int
refuse(const struct complaint *to, const char *why)
{
	snprintf(to->text, to->size, "%s", why);
	return TAYRA_E_INVAL;
}

static bool
is_token(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) &&
		    (!text[i] || !strchr("!#$%&'*+-.^_`|~", text[i])))
			return false;
	return len > 0;
}

/* No blanks and nothing that could end a line. */
static bool
is_plain(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text <= ' ' || *text == 0x7f)
			return false;
	return true;
}

static bool
has_header(const struct tayra__request_text *text, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < text->header_count; i++)
		if (strncasecmp(text->headers[i], name, len) == 0 && text->headers[i][len] == ':')
			return true;
	return false;
}

static int
check_http(const struct tayra__request_text *text, const struct complaint *why)
{
	if (text->word_count)
		return refuse(why, "a command is for redis://");
	if (text->method && !is_token(text->method, strlen(text->method)))
		return refuse(why, "a method with a byte that no method has");
	if (!is_plain(text->path))
		return refuse(why, "a path with a byte that no URL has: write a blank as %20");
	for (size_t i = 0; i < text->header_count; i++) {
		const char *h = text->headers[i];

		if (!is_token(h, strcspn(h, ":")) || !strchr(h, ':'))
			return refuse(why, "a header is given as 'Name: value'");
		for (; *h; h++)
			if (((unsigned char)*h < ' ' && *h != '\t') || *h == 0x7f)
				return refuse(why, "a header with a byte that no header has");
	}
	if (has_header(text, "Content-Length") || has_header(text, "Transfer-Encoding"))
		return refuse(why, "the length of the body is said without being asked: leave out "
				   "Content-Length and Transfer-Encoding");
	return TAYRA_OK;
}

static bool
takes_body(const char *method)
{
	return !strcmp(method, "POST") || !strcmp(method, "PUT") || !strcmp(method, "PATCH");
}

static void
append(struct tayra__buffer *buffer, const char *text)
{
	tayra__buffer_append(buffer, text, strlen(text));
}

/* A template more of the request. */
static int
add(struct tayra__request *request, const char *text, size_t len, enum tayra__template_place place,
    const struct tayra__rows *rows, const struct complaint *why)
{
	struct tayra__template *template = &request->words[request->count];
	int status = request->literal
			     ? tayra__template_literal(template, text, len, why->text, why->size)
			     : tayra__template_parse(template, text, len, place, rows, why->text,
						     why->size);

	if (status == TAYRA_OK)
		request->count++;
	return status;
}

/* What was gathered, as a template. */
static int
add_gathered(struct tayra__request *request, struct tayra__buffer *text,
	     enum tayra__template_place place, const struct tayra__rows *rows,
	     const struct complaint *why)
{
	int status = text->failed
			     ? refuse(why, "the first line or the headers are over 64 KiB")
			     : add(request, tayra__buffer_front(text), text->len, place, rows, why);

	tayra__buffer_reset(text, HEAD_MAX);
	return status;
}

static void
gather_headers(const struct tayra__request_text *text, struct tayra__buffer *out)
{
	append(out, " HTTP/1.1\r\n");
	if (!has_header(text, "Host")) {
		append(out, "Host: ");
		append(out, text->authority);
		append(out, "\r\n");
	}
	if (!has_header(text, "User-Agent"))
		append(out, "User-Agent: tayra\r\n");
	for (size_t i = 0; i < text->header_count; i++) {
		append(out, text->headers[i]);
		append(out, "\r\n");
	}
}

static int
init_http(struct tayra__request *request, const struct tayra__request_text *text,
	  const struct tayra__rows *rows, const struct complaint *why)
{
	const char *method = text->method ? text->method : text->body_len ? "POST" : "GET";
	struct tayra__buffer gathered;
	int status = check_http(text, why);

	if (status != TAYRA_OK)
		return status;
	request->head = strcmp(method, "HEAD") == 0;
	request->has_length = text->body_len || takes_body(method);
	tayra__buffer_init(&gathered, HEAD_MAX);
	append(&gathered, method);
	append(&gathered, text->path[0] == '/' ? " " : " /");
	append(&gathered, text->path);
	status = add_gathered(request, &gathered, TAYRA__TEMPLATE_PATH, rows, why);
	if (status == TAYRA_OK) {
		gather_headers(text, &gathered);
		status = add_gathered(request, &gathered, TAYRA__TEMPLATE_HEADER, rows, why);
	}
	tayra__buffer_fini(&gathered);
	return status == TAYRA_OK ? add(request, text->body ? text->body : "", text->body_len,
					TAYRA__TEMPLATE_BYTES, rows, why)
				  : status;
}

static int
init_redis(struct tayra__request *request, const struct tayra__request_text *text,
	   const struct tayra__rows *rows, const struct complaint *why)
{
	int status = TAYRA_OK;

	if (text->method || text->header_count || text->body_len)
		return refuse(why, "a method, headers and a body are for http://");
	request->redis = true;
	for (size_t i = 0; i < text->word_count && status == TAYRA_OK; i++)
		status = add(request, text->words[i], strlen(text->words[i]), TAYRA__TEMPLATE_BYTES,
			     rows, why);
	return status;
}

int
tayra__request_init(struct tayra__request *request, const struct tayra__request_text *text,
		    const struct tayra__rows *rows, char *why, size_t why_size)
{
	const struct complaint complaint = { why, why_size };
	size_t count = text->redis ? text->word_count : HTTP_PARTS;
	int status;

	*request = (struct tayra__request){ .words = tayra__mem_array(count + 1,
								      sizeof(*request->words)) };
	if (!request->words) {
		refuse(&complaint, "no memory");
		return TAYRA_E_NOMEM;
	}
	request->literal = text->literal;
	status = text->redis ? init_redis(request, text, rows, &complaint)
			     : init_http(request, text, rows, &complaint);
	if (status != TAYRA_OK)
		tayra__request_fini(request);
	return status;
}

void
tayra__request_fini(struct tayra__request *request)
{
	for (size_t i = 0; i < request->count; i++)
		tayra__template_fini(&request->words[i]);
	tayra__mem_free(request->words);
	*request = (struct tayra__request){ .words = NULL };
}

static void
write_redis(const struct tayra__request *request, const struct tayra__rows *rows, size_t row,
	    struct tayra__buffer *out)
{
	tayra__resp_array(out, request->count);
	for (size_t i = 0; i < request->count; i++) {
		char head[32];

		snprintf(head, sizeof(head), "$%zu\r\n",
			 tayra__template_len(&request->words[i], rows, row));
		append(out, head);
		tayra__template_write(&request->words[i], rows, row, out);
		append(out, "\r\n");
	}
}

void
tayra__request_write(const struct tayra__request *request, const struct tayra__rows *rows,
		     size_t row, struct tayra__buffer *out)
{
	const struct tayra__template *body = &request->words[2];
	char length[48];

	if (request->redis) {
		write_redis(request, rows, row, out);
		return;
	}
	tayra__template_write(&request->words[0], rows, row, out);
	tayra__template_write(&request->words[1], rows, row, out);
	if (request->has_length) {
		snprintf(length, sizeof(length), "Content-Length: %zu\r\n",
			 tayra__template_len(body, rows, row));
		append(out, length);
	}
	append(out, "\r\n");
	tayra__template_write(body, rows, row, out);
}
