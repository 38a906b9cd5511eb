/* SPDX-License-Identifier: Apache-2.0
 *
 * A line that lies in the caller's bytes as a whole is read where it is.  One that came in pieces
 * is put together in `carry`, as far as that goes: only the headers that matter must fit.
 */
#include "drive/http_response.h"

#include <string.h>
#include <strings.h>

enum part {
	STATUS_LINE,
	HEADERS,
	BODY,
	BODY_TO_THE_END, /* of the connection */
	CHUNK_HEAD,
	CHUNK,
	CHUNK_END, /* the line end behind a chunk */
	TRAILERS,
	OVER,
};

struct line {
	const char *text;
	size_t len;
	bool whole; /* false: cut off by the carry */
};

void
tayra__http_response_begin(struct tayra__http_response *r, bool head)
{
	r->status = 0;
	r->error = NULL;
	r->keep = r->chunked = r->other_coding = r->has_length = false;
	r->say_close = r->say_keep = r->old = false;
	r->head = head;
	r->part = STATUS_LINE;
	r->interim = 0;
	r->carried = 0;
	r->line_len = r->head_len = 0;
	r->left = 0;
}

static enum tayra__http_response_state
wrong(struct tayra__http_response *r, const char *why)
{
	r->part = OVER;
	r->error = why;
	return TAYRA__HTTP_WRONG;
}

static enum tayra__http_response_state
done(struct tayra__http_response *r)
{
	r->keep = !r->say_close && (!r->old || r->say_keep) && r->part != BODY_TO_THE_END;
	r->part = OVER;
	return TAYRA__HTTP_DONE;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static enum tayra__http_response_state
read_status_line(struct tayra__http_response *r, const struct line *line)
{
	const char *t = line->text;

	if (line->len < 12 || memcmp(t, "HTTP/1.", 7) != 0 || !is_digit(t[7]) || t[8] != ' ' ||
	    t[9] < '1' || !is_digit(t[9]) || !is_digit(t[10]) || !is_digit(t[11]) ||
	    (line->len > 12 && t[12] != ' '))
		return wrong(r, "no status line of HTTP/1");
	r->old = t[7] == '0';
	r->status = (unsigned)(t[9] - '0') * 100 + (unsigned)(t[10] - '0') * 10 +
		    (unsigned)(t[11] - '0');
	if (r->status == 101)
		return wrong(r, "the server switches to another protocol");
	r->part = HEADERS;
	return TAYRA__HTTP_MORE;
}

static enum tayra__http_response_state
read_length(struct tayra__http_response *r, const char *text, size_t len)
{
	uint64_t value = 0;

	for (size_t i = 0; i < len; i++)
		if (!is_digit(text[i]) || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value))
			return wrong(r, "a Content-Length that is no number");
	if (value > TAYRA__HTTP_LENGTH_MAX)
		return wrong(r, "a Content-Length that no answer has");
	if (len == 0 || (r->has_length && value != r->left))
		return wrong(r, len ? "two different Content-Lengths"
				    : "a Content-Length that is no number");
	r->has_length = true;
	r->left = value;
	return TAYRA__HTTP_MORE;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Take the next element off a comma-separated list; false at its end. */
static bool
next_element(const char **text, size_t *len, const char **element, size_t *element_len)
{
	const char *comma;
	size_t n;

	if (*len == 0)
		return false;
	comma = memchr(*text, ',', *len);
	n = comma ? (size_t)(comma - *text) : *len;
	*element = *text;
	*element_len = n;
	*text += n + (comma != NULL);
	*len -= n + (comma != NULL);
	while (*element_len && is_blank(**element)) {
		++*element;
		--*element_len;
	}
	while (*element_len && is_blank((*element)[*element_len - 1]))
		--*element_len;
	return true;
}

static bool
same(const char *text, size_t len, const char *word)
{
	return len == strlen(word) && strncasecmp(text, word, len) == 0;
}

static void
read_connection(struct tayra__http_response *r, const char *text, size_t len)
{
	const char *element;
	size_t n;

	while (next_element(&text, &len, &element, &n)) {
		r->say_close |= same(element, n, "close");
		r->say_keep |= same(element, n, "keep-alive");
	}
}

/* The last coding decides how the body ends. */
static void
read_coding(struct tayra__http_response *r, const char *text, size_t len)
{
	const char *element;
	size_t n;

	while (next_element(&text, &len, &element, &n)) {
		if (n == 0)
			continue;
		r->chunked = same(element, n, "chunked");
		r->other_coding = !r->chunked;
	}
}

/* Which of the headers that matter it is, by its length first. */
static enum tayra__http_response_state
read_known(struct tayra__http_response *r, const struct line *line, size_t name)
{
	const char *value = line->text + name + 1;
	size_t len = line->len - name - 1;
	bool length = same(line->text, name, "Content-Length");
	bool coding = !length && same(line->text, name, "Transfer-Encoding");

	if (!length && !coding && !same(line->text, name, "Connection"))
		return TAYRA__HTTP_MORE;
	if (!line->whole)
		return wrong(r, "a header that should be short is not");
	while (len && is_blank(*value)) {
		value++;
		len--;
	}
	while (len && is_blank(value[len - 1]))
		len--;
	if (length)
		return read_length(r, value, len);
	if (coding)
		read_coding(r, value, len);
	else
		read_connection(r, value, len);
	return TAYRA__HTTP_MORE;
}

static enum tayra__http_response_state
read_header(struct tayra__http_response *r, const struct line *line)
{
	const char *colon = memchr(line->text, ':', line->len);
	size_t name;

	/* A name that fills the carry is none of those that matter. */
	if (!colon && !line->whole)
		return TAYRA__HTTP_MORE;
	name = colon ? (size_t)(colon - line->text) : 0;
	if (name == 0 || is_blank(line->text[0]) || is_blank(line->text[name - 1]))
		return wrong(r, "a header without a name");
	return read_known(r, line, name);
}

/* The empty line behind the headers. */
static enum tayra__http_response_state
end_headers(struct tayra__http_response *r)
{
	if (r->status < 200) {
		if (++r->interim > TAYRA__HTTP_INTERIM_MAX)
			return wrong(r, "too many answers 1xx before the one that counts");
		r->has_length = r->chunked = r->other_coding = false;
		r->left = 0;
		r->part = STATUS_LINE;
		return TAYRA__HTTP_MORE;
	}
	if (r->head || r->status == 204 || r->status == 304)
		return done(r);
	if (r->has_length && (r->chunked || r->other_coding))
		return wrong(r, "a Content-Length beside a Transfer-Encoding");
	if (r->chunked) {
		r->part = CHUNK_HEAD;
	} else if (r->other_coding || !r->has_length) {
		r->part = BODY_TO_THE_END;
	} else {
		r->part = BODY;
		if (r->left == 0)
			return done(r);
	}
	return TAYRA__HTTP_MORE;
}

static int
hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum tayra__http_response_state
read_chunk_head(struct tayra__http_response *r, const struct line *line)
{
	uint64_t size = 0;
	size_t i = 0;

	for (; i < line->len && hex_digit(line->text[i]) >= 0; i++) {
		size = size << 4 | (uint64_t)hex_digit(line->text[i]);
		if (size > TAYRA__HTTP_LENGTH_MAX)
			return wrong(r, "a chunk too large to be one");
	}
	if (i == 0 || (i < line->len && line->text[i] != ';' && !is_blank(line->text[i])))
		return wrong(r, "a chunk without a size");
	r->left = size;
	r->part = size ? CHUNK : TRAILERS;
	/* A body may have any number of chunks: the bound begins anew. */
	r->head_len = 1;
	return TAYRA__HTTP_MORE;
}

static enum tayra__http_response_state
read_line(struct tayra__http_response *r, const struct line *line)
{
	switch ((enum part)r->part) {
	case STATUS_LINE: return read_status_line(r, line);
	case HEADERS: return line->len ? read_header(r, line) : end_headers(r);
	case CHUNK_HEAD: return read_chunk_head(r, line);
	case CHUNK_END:
		if (line->len)
			return wrong(r, "a chunk longer than it said");
		r->part = CHUNK_HEAD;
		return TAYRA__HTTP_MORE;
	case TRAILERS: return line->len ? TAYRA__HTTP_MORE : done(r);
	case BODY:
	case BODY_TO_THE_END:
	case CHUNK:
	case OVER: break;
	}
	return wrong(r, "an answer that is over goes on");
}

/* Keep what there is of a line until the rest comes. */
static void
carry(struct tayra__http_response *r, const char *bytes, size_t len)
{
	size_t room = sizeof(r->carry) - r->carried;
	size_t n = len < room ? len : room;

	memcpy(r->carry + r->carried, bytes, n);
	r->carried = (uint16_t)(r->carried + n);
}

/* Read one line, or as much of it as there is. */
static enum tayra__http_response_state
feed_line(struct tayra__http_response *r, const char *bytes, size_t len, size_t *used)
{
	const char *end = memchr(bytes, '\n', len);
	size_t n = end ? (size_t)(end - bytes) : len;
	struct line line = { bytes, n, true };

	*used = n + (end != NULL);
	if (n > TAYRA__HTTP_LINE_MAX - r->line_len)
		return wrong(r, "a line too long");
	if (*used > TAYRA__HTTP_HEAD_MAX - r->head_len)
		return wrong(r, "headers too long");
	r->head_len += (uint32_t)*used;
	r->line_len += (uint32_t)n;
	if (!end || r->carried) {
		carry(r, bytes, n);
		line = (struct line){ r->carry, r->carried, r->carried == r->line_len };
	}
	if (!end)
		return TAYRA__HTTP_MORE;
	r->carried = 0;
	r->line_len = 0;
	/* What was cut off ends with what nobody looks at. */
	if (line.whole && line.len && line.text[line.len - 1] == '\r')
		line.len--;
	if (memchr(line.text, '\r', line.len) || memchr(line.text, '\0', line.len))
		return wrong(r, "a byte in a line that no line has");
	return read_line(r, &line);
}

static enum tayra__http_response_state
feed_body(struct tayra__http_response *r, size_t len, size_t *used)
{
	*used = len;
	if (r->part == BODY_TO_THE_END)
		return TAYRA__HTTP_MORE;
	if (len > r->left)
		*used = (size_t)r->left;
	r->left -= *used;
	if (r->left)
		return TAYRA__HTTP_MORE;
	if (r->part == BODY)
		return done(r);
	r->part = CHUNK_END;
	return TAYRA__HTTP_MORE;
}

enum tayra__http_response_state
tayra__http_response_feed(struct tayra__http_response *r, const char *bytes, size_t len,
			  size_t *used)
{
	enum tayra__http_response_state state = TAYRA__HTTP_MORE;

	*used = 0;
	if (r->part == OVER)
		return wrong(r, "an answer that is over goes on");
	while (*used < len && state == TAYRA__HTTP_MORE) {
		size_t n;

		if (r->part == BODY || r->part == BODY_TO_THE_END || r->part == CHUNK)
			state = feed_body(r, len - *used, &n);
		else
			state = feed_line(r, bytes + *used, len - *used, &n);
		*used += n;
	}
	return state;
}

enum tayra__http_response_state
tayra__http_response_end(struct tayra__http_response *r)
{
	if (r->part == BODY_TO_THE_END)
		return done(r);
	return wrong(r, r->head_len ? "the connection ended in the middle of an answer"
				    : "the connection ended without an answer");
}
