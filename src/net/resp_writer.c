/* SPDX-License-Identifier: Apache-2.0 */
#include "net/resp_writer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define HEADER_MAX 24 /* a type, a number of 64 bits with its sign, CRLF */
#define ERROR_MAX  512

void
tayra__resp_simple(struct tayra__buffer *out, const char *text)
{
	tayra__buffer_append(out, "+", 1);
	tayra__buffer_append(out, text, strlen(text));
	tayra__buffer_append(out, "\r\n", 2);
}

void
tayra__resp_error(struct tayra__buffer *out, const char *format, ...)
{
	char text[ERROR_MAX + 3] = "-";
	va_list args;
	size_t len;

	va_start(args, format);
	vsnprintf(text + 1, ERROR_MAX, format, args);
	va_end(args);
	len = strlen(text);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ')
			text[i] = ' ';
	memcpy(text + len, "\r\n", 2);
	tayra__buffer_append(out, text, len + 2);
}

/* Writes the number's digits; printf would take most of the time of a short reply. */
static size_t
write_number(char *to, uint64_t value)
{
	char digits[20];
	size_t count = 0;

	do {
		digits[count++] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	for (size_t i = 0; i < count; i++)
		to[i] = digits[count - 1 - i];
	return count;
}

/* The type, the number and CRLF.  Returns how many bytes they are: at most HEADER_MAX. */
static size_t
put_header(char *to, char type, int64_t value)
{
	size_t len = 0;

	to[len++] = type;
	if (value < 0)
		to[len++] = '-';
	len += write_number(to + len, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
	to[len++] = '\r';
	to[len++] = '\n';
	return len;
}

static void
write_header(struct tayra__buffer *out, char type, int64_t value)
{
	char *to = tayra__buffer_reserve(out, HEADER_MAX);

	if (to)
		tayra__buffer_grow(out, put_header(to, type, value));
}

void
tayra__resp_integer(struct tayra__buffer *out, int64_t value)
{
	write_header(out, ':', value);
}

/* What GET answers: room is made once for all of it. */
void
tayra__resp_bulk(struct tayra__buffer *out, const void *bytes, size_t len)
{
	char *to = tayra__buffer_reserve(out, HEADER_MAX + len + 2);
	size_t at;

	if (!to)
		return;
	at = put_header(to, '$', (int64_t)len);
	if (len)
		memcpy(to + at, bytes, len);
	at += len;
	memcpy(to + at, "\r\n", 2);
	tayra__buffer_grow(out, at + 2);
}

void
tayra__resp_text(struct tayra__buffer *out, const char *text)
{
	tayra__resp_bulk(out, text, strlen(text));
}

void
tayra__resp_null(struct tayra__buffer *out, enum tayra__resp_version version)
{
	if (version == TAYRA__RESP3)
		tayra__buffer_append(out, "_\r\n", 3);
	else
		tayra__buffer_append(out, "$-1\r\n", 5);
}

void
tayra__resp_null_array(struct tayra__buffer *out, enum tayra__resp_version version)
{
	if (version == TAYRA__RESP3)
		tayra__buffer_append(out, "_\r\n", 3);
	else
		tayra__buffer_append(out, "*-1\r\n", 5);
}

void
tayra__resp_array(struct tayra__buffer *out, uint64_t count)
{
	write_header(out, '*', (int64_t)count);
}

void
tayra__resp_map(struct tayra__buffer *out, enum tayra__resp_version version, uint64_t pairs)
{
	if (version == TAYRA__RESP3)
		write_header(out, '%', (int64_t)pairs);
	else
		write_header(out, '*', (int64_t)(2 * pairs));
}

void
tayra__resp_set(struct tayra__buffer *out, enum tayra__resp_version version, uint64_t count)
{
	write_header(out, version == TAYRA__RESP3 ? '~' : '*', (int64_t)count);
}

void
tayra__resp_verbatim(struct tayra__buffer *out, enum tayra__resp_version version, const char *text,
		     size_t len)
{
	if (version != TAYRA__RESP3) {
		tayra__resp_bulk(out, text, len);
		return;
	}
	write_header(out, '=', (int64_t)len + 4);
	tayra__buffer_append(out, "txt:", 4);
	tayra__buffer_append(out, text, len);
	tayra__buffer_append(out, "\r\n", 2);
}
