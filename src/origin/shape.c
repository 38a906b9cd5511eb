/* SPDX-License-Identifier: Apache-2.0 */
#include "origin/shape.h"

#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

#define FIRST_ROOM 256u

int
tayra__shape_names(enum tayra_shape shape, const char *const *names, uint32_t columns,
		   const struct tayra__complaint *why)
{
	if (shape == TAYRA_SHAPE_RAW)
		return TAYRA_OK;
	for (uint32_t i = 0; i < columns; i++)
		for (uint32_t j = 0; j < i; j++)
			if (strcmp(names[i], names[j]) == 0) {
				tayra__complain(why, "SQL: two columns are called \"%s\"",
						names[i]);
				return TAYRA_E_INVAL;
			}
	return TAYRA_OK;
}

void
tayra__result_begin(struct tayra__result *result, const struct tayra__shape *shape)
{
	*result = (struct tayra__result){ .shape = *shape };
}

void
tayra__result_fini(struct tayra__result *result)
{
	tayra__mem_free(result->bytes);
	*result = (struct tayra__result){ 0 };
}

static bool
make_room(struct tayra__result *r, size_t more)
{
	size_t need, room = r->room ? r->room : FIRST_ROOM;
	char *bytes;

	if (r->status != TAYRA_OK)
		return false;
	if (__builtin_add_overflow(r->len, more, &need) || need > r->shape.max_bytes) {
		r->status = TAYRA_E_TOO_LARGE;
		return false;
	}
	if (need <= r->room)
		return true;
	while (room < need)
		if (__builtin_mul_overflow(room, 2, &room))
			room = need;
	bytes = tayra__mem_resize(r->bytes, room);
	if (!bytes) {
		r->status = TAYRA_E_NOMEM;
		return false;
	}
	r->bytes = bytes;
	r->room = room;
	return true;
}

static void
put(struct tayra__result *r, const void *bytes, size_t len)
{
	if (len == 0 || !make_room(r, len))
		return;
	memcpy(r->bytes + r->len, bytes, len);
	r->len += len;
}

static void
put_text(struct tayra__result *r, const char *text)
{
	put(r, text, strlen(text));
}

static void
put_escaped(struct tayra__result *r, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *short_form = c == '"'    ? "\\\""
				 : c == '\\' ? "\\\\"
				 : c == '\n' ? "\\n"
				 : c == '\r' ? "\\r"
				 : c == '\t' ? "\\t"
					     : NULL;
	char long_form[6] = { '\\', 'u', '0', '0', digits[c >> 4], digits[c & 15] };

	if (short_form)
		put_text(r, short_form);
	else
		put(r, long_form, sizeof(long_form));
}

static bool
is_plain(unsigned char c)
{
	return c >= 0x20 && c != '"' && c != '\\' && c < 0x7f;
}

static void
put_string(struct tayra__result *r, const void *text, size_t len)
{
	const unsigned char *s = text;
	size_t i = 0, n;

	put_text(r, "\"");
	while (i < len && r->status == TAYRA_OK) {
		for (n = 0; i + n < len && is_plain(s[i + n]); n++)
			;
		put(r, s + i, n);
		i += n;
		if (i == len)
			break;
		if (s[i] < 0x80) {
			put_escaped(r, s[i++]);
		} else if ((n = tayra__utf8_length(s + i, len - i)) > 0) {
			put(r, s + i, n);
			i += n;
		} else {
			put_text(r, "\xef\xbf\xbd");
			i++;
		}
	}
	put_text(r, "\"");
}

static void
put_hex(struct tayra__result *r, const void *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *s = bytes;

	put_text(r, "\"\\\\x");
	for (size_t i = 0; i < len && r->status == TAYRA_OK; i++) {
		char pair[2] = { digits[s[i] >> 4], digits[s[i] & 15] };

		put(r, pair, 2);
	}
	put_text(r, "\"");
}

static size_t
count_digits(const char *s, size_t len, size_t at)
{
	size_t n = 0;

	while (at + n < len && s[at + n] >= '0' && s[at + n] <= '9')
		n++;
	return n;
}

/* RFC 8259, 6. */
static bool
is_number(const char *s, size_t len)
{
	size_t at = len > 0 && s[0] == '-', n = count_digits(s, len, at);

	if (n == 0 || (n > 1 && s[at] == '0'))
		return false;
	at += n;
	if (at < len && s[at] == '.') {
		n = count_digits(s, len, at + 1);
		if (n == 0)
			return false;
		at += n + 1;
	}
	if (at < len && (s[at] == 'e' || s[at] == 'E')) {
		at++;
		at += at < len && (s[at] == '+' || s[at] == '-');
		n = count_digits(s, len, at);
		if (n == 0)
			return false;
		at += n;
	}
	return at == len;
}

static void
put_cell(struct tayra__result *r, const struct tayra__cell *cell)
{
	switch (cell->kind) {
	case TAYRA__CELL_NULL: put_text(r, "null"); break;
	case TAYRA__CELL_TEXT: put_string(r, cell->bytes, cell->len); break;
	case TAYRA__CELL_BYTES: put_hex(r, cell->bytes, cell->len); break;
	case TAYRA__CELL_JSON: put(r, cell->bytes, cell->len); break;
	case TAYRA__CELL_BOOL:
		put_text(r, cell->len > 0 && *(const char *)cell->bytes == 't' ? "true" : "false");
		break;
	case TAYRA__CELL_NUMBER:
		if (is_number(cell->bytes, cell->len))
			put(r, cell->bytes, cell->len);
		else
			put_text(r, "null");
		break;
	}
}

static void
put_object(struct tayra__result *r, const char *const *names, const struct tayra__cell *cells,
	   uint32_t columns)
{
	put_text(r, "{");
	for (uint32_t i = 0; i < columns; i++) {
		if (i > 0)
			put_text(r, ",");
		put_string(r, names[i], strlen(names[i]));
		put_text(r, ":");
		put_cell(r, &cells[i]);
	}
	put_text(r, "}");
}

enum tayra__rows
tayra__result_row(struct tayra__result *result, const char *const *names,
		  const struct tayra__cell *cells, uint32_t columns)
{
	bool list = result->shape.shape == TAYRA_SHAPE_JSON;

	if (result->status != TAYRA_OK || (!list && result->rows > 0))
		return TAYRA__ROWS_ENOUGH;
	if (result->rows == result->shape.max_rows && list) {
		result->status = TAYRA_E_TOO_LARGE;
		return TAYRA__ROWS_ENOUGH;
	}
	if (result->shape.shape == TAYRA_SHAPE_RAW) {
		result->null = cells[0].kind == TAYRA__CELL_NULL;
		if (!result->null)
			put(result, cells[0].bytes, cells[0].len);
	} else {
		if (list)
			put_text(result, result->rows ? "," : "[");
		put_object(result, names, cells, columns);
	}
	result->rows++;
	return list && result->status == TAYRA_OK ? TAYRA__ROWS_MORE : TAYRA__ROWS_ENOUGH;
}

static enum tayra__rows
take_row(void *result, const char *const *names, const struct tayra__cell *cells, uint32_t columns)
{
	return tayra__result_row(result, names, cells, columns);
}

struct tayra__sink
tayra__result_sink(struct tayra__result *result)
{
	return (struct tayra__sink){ take_row, result };
}

int
tayra__result_end(struct tayra__result *result, const void **value, size_t *len)
{
	*value = NULL;
	*len = 0;
	if (result->status != TAYRA_OK)
		return result->status;
	if (result->shape.shape == TAYRA_SHAPE_JSON)
		put_text(result, result->rows ? "]" : "[]");
	else if (result->rows == 0 || result->null)
		return TAYRA_E_NOT_FOUND;
	if (result->status != TAYRA_OK)
		return result->status;
	*value = result->bytes ? result->bytes : "";
	*len = result->len;
	return TAYRA_OK;
}
