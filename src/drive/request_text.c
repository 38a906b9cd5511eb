/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/request_text.h"

#include <tayra/base.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "drive/template.h"

struct writing {
	const struct tayra__request_text *request;
	struct tayra__template *out;
	char *why;
	size_t why_size;
};

static int
refuse(const struct writing *w, const char *why)
{
	snprintf(w->why, w->why_size, "%s", why);
	return TAYRA_E_INVAL;
}

static void
append(const struct writing *w, const char *text)
{
	tayra__template_bytes(w->out, text, strlen(text));
}

/* What may have places in it. */
static int
append_text(const struct writing *w, const char *text, size_t len, enum tayra__template_place place)
{
	if (w->request->has_places)
		return tayra__template_text(w->out, text, len, place, w->request->rows, w->why,
					    w->why_size);
	tayra__template_bytes(w->out, text, len);
	return TAYRA_OK;
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

static bool
has_header(const struct tayra__request_text *request, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < request->header_count; i++)
		if (strncasecmp(request->headers[i], name, len) == 0 &&
		    request->headers[i][len] == ':')
			return true;
	return false;
}

static int
check_headers(const struct writing *w)
{
	const struct tayra__request_text *request = w->request;

	for (size_t i = 0; i < request->header_count; i++) {
		const char *h = request->headers[i];

		if (!is_token(h, strcspn(h, ":")) || !strchr(h, ':'))
			return refuse(w, "a header is given as 'Name: value'");
		for (; *h; h++)
			if (((unsigned char)*h < ' ' && *h != '\t') || *h == 0x7f)
				return refuse(w, "a header with a byte that no header has");
	}
	if (has_header(request, "Content-Length") || has_header(request, "Transfer-Encoding"))
		return refuse(w, "the length of the body is said without being asked: leave out "
				 "Content-Length and Transfer-Encoding");
	return TAYRA_OK;
}

static const char *
method_of(const struct tayra__request_text *request)
{
	return request->method ? request->method : request->body_len ? "POST" : "GET";
}

static bool
takes_body(const char *method)
{
	return !strcmp(method, "POST") || !strcmp(method, "PUT") || !strcmp(method, "PATCH");
}

bool
tayra__request_text_is_head(const struct tayra__request_text *request)
{
	return strcmp(method_of(request), "HEAD") == 0;
}

bool
tayra__request_text_is_idempotent(const struct tayra__request_text *request)
{
	static const char *const methods[] = { "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE" };
	const char *method = method_of(request);

	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (strcmp(method, methods[i]) == 0)
			return true;
	return false;
}

static int
write_path(const struct writing *w)
{
	const struct tayra__request_text *request = w->request;
	const char *more = request->more_path;
	size_t len = request->path_len;

	for (const char *c = more; c && *c; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f)
			return refuse(w, "a path with a byte that no path has: write a blank as "
					 "%20");
	if (more && *more != '/' && *more != '?')
		return refuse(w, "a path begins with '/', or with '?'");
	if (more && memchr(request->path, '?', len))
		return refuse(w, "a path, and a URL that has a query already");
	/* "/api/" and "/item" are "/api/item". */
	if (more && *more == '/' && len && request->path[len - 1] == '/')
		len--;
	if (len ? *request->path != '/' : !more || *more != '/')
		append(w, "/");
	tayra__template_bytes(w->out, request->path, len);
	return more ? append_text(w, more, strlen(more), TAYRA__TEMPLATE_PATH) : TAYRA_OK;
}

static int
write_headers(const struct writing *w)
{
	const struct tayra__request_text *request = w->request;

	if (!has_header(request, "Host")) {
		append(w, "Host: ");
		tayra__template_bytes(w->out, request->authority, request->authority_len);
		append(w, "\r\n");
	}
	if (!has_header(request, "User-Agent"))
		append(w, "User-Agent: tayra\r\n");
	for (size_t i = 0; i < request->header_count; i++) {
		int status = append_text(w, request->headers[i], strlen(request->headers[i]),
					 TAYRA__TEMPLATE_HEADER);

		if (status != TAYRA_OK)
			return status;
		append(w, "\r\n");
	}
	return TAYRA_OK;
}

static int
write_body(const struct writing *w)
{
	const struct tayra__request_text *request = w->request;
	size_t length;
	int status;

	if (!request->body_len && !takes_body(method_of(request))) {
		append(w, "\r\n");
		return TAYRA_OK;
	}
	append(w, "Content-Length: ");
	length = tayra__template_length(w->out);
	append(w, "\r\n\r\n");
	tayra__template_length_begin(w->out, length);
	status = append_text(w, request->body, request->body_len, TAYRA__TEMPLATE_BODY);
	tayra__template_length_end(w->out, length);
	return status;
}

int
tayra__request_text_http(const struct tayra__request_text *request, struct tayra__template *out,
			 char *why, size_t why_size)
{
	const struct writing w = { request, out, why, why_size };
	int status;

	if (request->word_count)
		return refuse(&w, "a command is for redis://");
	if (request->method && !is_token(request->method, strlen(request->method)))
		return refuse(&w, "a method with a byte that no method has");
	status = check_headers(&w);
	if (status != TAYRA_OK)
		return status;
	append(&w, method_of(request));
	append(&w, " ");
	status = write_path(&w);
	append(&w, " HTTP/1.1\r\n");
	if (status == TAYRA_OK)
		status = write_headers(&w);
	return status == TAYRA_OK ? write_body(&w) : status;
}

int
tayra__request_text_redis(const struct tayra__request_text *request, struct tayra__template *out,
			  char *why, size_t why_size)
{
	const struct writing w = { request, out, why, why_size };
	char head[32];

	if (request->method || request->header_count || request->body_len)
		return refuse(&w, "a method, headers and a body are for http://");
	if (request->more_path)
		return refuse(&w, "a path is for http://");
	snprintf(head, sizeof(head), "*%zu\r\n", request->word_count);
	append(&w, head);
	for (size_t i = 0; i < request->word_count; i++) {
		size_t length;
		int status;

		append(&w, "$");
		length = tayra__template_length(out);
		append(&w, "\r\n");
		tayra__template_length_begin(out, length);
		status = append_text(&w, request->words[i], strlen(request->words[i]),
				     TAYRA__TEMPLATE_BODY);
		tayra__template_length_end(out, length);
		if (status != TAYRA_OK)
			return status;
		append(&w, "\r\n");
	}
	return TAYRA_OK;
}
