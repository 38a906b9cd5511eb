/* SPDX-License-Identifier: Apache-2.0 */
#include "net/resp_line.h"

#include <stdbool.h>

#define DIGITS_MAX 19

enum tayra__resp_line
tayra__resp_line_integer(const char *bytes, size_t len, size_t *at, int64_t *out)
{
	size_t i = *at, first;
	uint64_t value = 0;
	bool negative;

	if (i >= len)
		return TAYRA__RESP_LINE_MORE;
	negative = bytes[i] == '-';
	first = i += negative;
	for (; i < len && bytes[i] >= '0' && bytes[i] <= '9'; i++) {
		if (i - first >= DIGITS_MAX)
			return TAYRA__RESP_LINE_WRONG;
		value = value * 10 + (uint64_t)(bytes[i] - '0');
	}
	if (i >= len)
		return TAYRA__RESP_LINE_MORE;
	if (i == first || value > (uint64_t)INT64_MAX + negative || bytes[i] != '\r')
		return TAYRA__RESP_LINE_WRONG;
	if (++i >= len)
		return TAYRA__RESP_LINE_MORE;
	if (bytes[i] != '\n')
		return TAYRA__RESP_LINE_WRONG;
	*out = negative ? (int64_t)(0 - value) : (int64_t)value;
	*at = i + 1;
	return TAYRA__RESP_LINE_OK;
}

static bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\0';
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The character after a backslash at line[*at - 1]; moves past it. */
static char
unescape(const char *line, size_t len, size_t *at)
{
	char c = line[*at];

	if (c == 'x' && *at + 2 < len && hex(line[*at + 1]) >= 0 && hex(line[*at + 2]) >= 0) {
		c = (char)(hex(line[*at + 1]) << 4 | hex(line[*at + 2]));
		*at += 3;
		return c;
	}
	(*at)++;
	switch (c) {
	case 'n': return '\n';
	case 'r': return '\r';
	case 't': return '\t';
	case 'b': return '\b';
	case 'a': return '\a';
	default: return c;
	}
}

/* From behind the opening quote; writes to line[*to...].  Returns whether it ends well. */
static bool
unquote(char *line, size_t len, size_t *at, size_t *to)
{
	char quote = line[*at - 1];

	while (*at < len && line[*at] != quote) {
		char c = line[(*at)++];

		if (c == '\\' && *at < len && (quote == '"' || line[*at] == '\'')) {
			if (quote == '"')
				c = unescape(line, len, at);
			else
				c = line[(*at)++];
		}
		line[(*to)++] = c;
	}
	if (*at >= len)
		return false;
	(*at)++;
	return *at >= len || blank(line[*at]);
}

enum tayra__resp_word
tayra__resp_line_word(char *line, size_t len, size_t *at, size_t *word, size_t *word_len)
{
	size_t to;

	while (*at < len && blank(line[*at]))
		(*at)++;
	if (*at >= len)
		return TAYRA__RESP_WORD_NONE;
	*word = to = *at;
	while (*at < len && !blank(line[*at])) {
		char c = line[(*at)++];

		if (c != '"' && c != '\'')
			line[to++] = c;
		else if (!unquote(line, len, at, &to))
			return TAYRA__RESP_WORD_UNBALANCED;
	}
	*word_len = to - *word;
	return TAYRA__RESP_WORD;
}
