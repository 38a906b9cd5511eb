/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/template.h"

#include <tayra/base.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define PARTS_MAX 256

struct tayra__template_part {
	char *text; /* NULL: a hole */
	size_t len;
	size_t column;
};

struct parse {
	struct tayra__template *template;
	const struct tayra__rows *rows;
	char *why;
	size_t why_size;
};

static int
refuse(const struct parse *p, const char *what)
{
	snprintf(p->why, p->why_size, "%s", what);
	return TAYRA_E_INVAL;
}

/* A part more, or NULL after saying why. */
static struct tayra__template_part *
add(const struct parse *p)
{
	struct tayra__template *t = p->template;

	if (t->count == PARTS_MAX) {
		refuse(p, "more than 256 pieces");
		return NULL;
	}
	return &t->parts[t->count++];
}

static int
add_text(const struct parse *p, const char *text, size_t len)
{
	struct tayra__template_part *part = add(p);

	if (!part)
		return TAYRA_E_INVAL;
	part->text = tayra__mem_alloc(len + 1);
	if (!part->text) {
		refuse(p, "no memory");
		return TAYRA_E_NOMEM;
	}
	memcpy(part->text, text, len);
	part->len = len;
	return TAYRA_OK;
}

static bool
fits_a_line(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)text[i] < ' ' && text[i] != '\t') || text[i] == 0x7f)
			return false;
	return true;
}

/* No row may end a header and begin another. */
static int
check_column(const struct parse *p, size_t column)
{
	for (size_t row = 0; row < p->rows->count; row++) {
		size_t len;
		const char *field = tayra__rows_field(p->rows, row, column, &len);

		if (fits_a_line(field, len))
			continue;
		snprintf(p->why, p->why_size, "{%s} has a byte that no header has, in row %zu",
			 p->rows->name[column], row + 1);
		return TAYRA_E_INVAL;
	}
	return TAYRA_OK;
}

static int
add_hole(const struct parse *p, const char *name, size_t len)
{
	struct tayra__template_part *part;
	int column = p->rows ? tayra__rows_column(p->rows, name, len) : -1;

	if (column < 0) {
		snprintf(p->why, p->why_size,
			 p->rows ? "{%.*s} is no column of the data"
				 : "{%.*s} stands for data, and none is given ({{ is a brace)",
			 (int)(len < 64 ? len : 64), name);
		return TAYRA_E_INVAL;
	}
	part = add(p);
	if (!part)
		return TAYRA_E_INVAL;
	part->column = (size_t)column;
	return p->template->place == TAYRA__TEMPLATE_HEADER ? check_column(p, part->column)
							    : TAYRA_OK;
}

static int
parse(const struct parse *p, const char *at, const char *end)
{
	int status = TAYRA_OK;

	while (at < end && status == TAYRA_OK) {
		const char *brace = memchr(at, '{', (size_t)(end - at));
		const char *close;

		if (brace != at) {
			status = add_text(p, at, (size_t)((brace ? brace : end) - at));
			at = brace ? brace : end;
			continue;
		}
		if (at + 1 < end && at[1] == '{') {
			status = add_text(p, "{", 1);
			at += 2;
			continue;
		}
		close = memchr(at, '}', (size_t)(end - at));
		if (!close)
			return refuse(p, "a { that is not closed ({{ is a brace)");
		status = add_hole(p, at + 1, (size_t)(close - at - 1));
		at = close + 1;
	}
	return status;
}

static int
begin(const struct parse *p, enum tayra__template_place place)
{
	*p->template = (struct tayra__template){
		.parts = tayra__mem_array(PARTS_MAX, sizeof(*p->template->parts)), .place = place
	};
	if (p->template->parts)
		return TAYRA_OK;
	refuse(p, "no memory");
	return TAYRA_E_NOMEM;
}

int
tayra__template_parse(struct tayra__template *template, const char *text, size_t len,
		      enum tayra__template_place place, const struct tayra__rows *rows, char *why,
		      size_t why_size)
{
	const struct parse p = { template, rows, why, why_size };
	int status = begin(&p, place);

	if (status == TAYRA_OK)
		status = parse(&p, text, text + len);
	if (status != TAYRA_OK)
		tayra__template_fini(template);
	return status;
}

int
tayra__template_literal(struct tayra__template *template, const char *text, size_t len, char *why,
			size_t why_size)
{
	const struct parse p = { template, NULL, why, why_size };
	int status = begin(&p, TAYRA__TEMPLATE_BYTES);

	if (status == TAYRA_OK)
		status = add_text(&p, text, len);
	if (status != TAYRA_OK)
		tayra__template_fini(template);
	return status;
}

void
tayra__template_fini(struct tayra__template *template)
{
	for (size_t i = 0; i < template->count; i++)
		tayra__mem_free(template->parts[i].text);
	tayra__mem_free(template->parts);
	*template = (struct tayra__template){ .parts = NULL };
}

static bool
unreserved(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '.' || c == '_' || c == '~';
}

static size_t
escaped_len(const char *text, size_t len)
{
	size_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += unreserved(text[i]) ? 1 : 3;
	return sum;
}

static void
escape(const char *text, size_t len, char *to)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (unreserved(text[i])) {
			*to++ = text[i];
			continue;
		}
		*to++ = '%';
		*to++ = digits[c >> 4];
		*to++ = digits[c & 15];
	}
}

size_t
tayra__template_len(const struct tayra__template *t, const struct tayra__rows *rows, size_t row)
{
	size_t sum = 0;

	for (size_t i = 0; i < t->count; i++) {
		const struct tayra__template_part *part = &t->parts[i];
		const char *field;
		size_t len;

		if (part->text) {
			sum += part->len;
			continue;
		}
		field = tayra__rows_field(rows, row, part->column, &len);
		sum += t->place == TAYRA__TEMPLATE_PATH ? escaped_len(field, len) : len;
	}
	return sum;
}

void
tayra__template_write(const struct tayra__template *t, const struct tayra__rows *rows, size_t row,
		      struct tayra__buffer *out)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct tayra__template_part *part = &t->parts[i];
		size_t len = part->len;
		const char *field = part->text;
		char *room;

		if (!field)
			field = tayra__rows_field(rows, row, part->column, &len);
		if (part->text || t->place != TAYRA__TEMPLATE_PATH) {
			tayra__buffer_append(out, field, len);
			continue;
		}
		room = tayra__buffer_reserve(out, escaped_len(field, len));
		if (!room)
			return;
		escape(field, len, room);
		tayra__buffer_grow(out, escaped_len(field, len));
	}
}
