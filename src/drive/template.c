/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/template.h"

#include <tayra/base.h>

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/option.h"

#define NAME_MAX_BYTES 64
#define DIGITS_MAX     20

enum part_kind { BYTES, FIELD, LENGTH };
enum form { RAW, URL, JSON, FORMS };

struct tayra__template_part {
	enum part_kind kind;
	enum form form;
	uint32_t column;
	size_t first, after; /* of BYTES: in the text; of LENGTH: parts that are measured */
};

static const char *const form_names[] = { "raw", "url", "json", NULL };

void
tayra__template_init(struct tayra__template *t, size_t max)
{
	*t = (struct tayra__template){ .parts = NULL };
	tayra__buffer_init(&t->text, max);
}

void
tayra__template_fini(struct tayra__template *t)
{
	tayra__buffer_fini(&t->text);
	tayra__mem_free(t->parts);
	t->parts = NULL;
	t->count = t->room = 0;
}

static struct tayra__template_part *
add(struct tayra__template *t, enum part_kind kind)
{
	if (t->count == t->room) {
		size_t room = t->room ? 2 * t->room : 8;
		void *parts = tayra__mem_resize(t->parts, room * sizeof(*t->parts));

		if (!parts) {
			t->failed = true;
			return NULL;
		}
		t->parts = parts;
		t->room = room;
	}
	t->parts[t->count] = (struct tayra__template_part){ .kind = kind };
	t->apart = false;
	return &t->parts[t->count++];
}

void
tayra__template_bytes(struct tayra__template *t, const void *bytes, size_t len)
{
	struct tayra__template_part *last = t->count ? &t->parts[t->count - 1] : NULL;
	size_t first = t->text.len;

	if (!len)
		return;
	tayra__buffer_append(&t->text, bytes, len);
	t->failed |= t->text.failed;
	if (t->failed)
		return;
	if (!last || last->kind != BYTES || t->apart) {
		last = add(t, BYTES);
		if (last)
			last->first = first;
	}
	if (last)
		last->after = t->text.len;
}

size_t
tayra__template_length(struct tayra__template *t)
{
	return add(t, LENGTH) ? t->count - 1 : 0;
}

void
tayra__template_length_begin(struct tayra__template *t, size_t length)
{
	t->apart = true;
	if (!t->failed)
		t->parts[length].first = t->count;
}

void
tayra__template_length_end(struct tayra__template *t, size_t length)
{
	t->apart = true;
	if (!t->failed)
		t->parts[length].after = t->count;
}

static bool
is_unreserved(unsigned char c)
{
	return isalnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

static size_t
json_len(unsigned char c)
{
	return c == '"' || c == '\\' ? 2 : c < ' ' ? 6 : 1;
}

static size_t
formed_len(enum form form, const char *text, size_t len)
{
	size_t sum = 0;

	if (form == RAW)
		return len;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		sum += form == JSON ? json_len(c) : is_unreserved(c) ? 1 : 3;
	}
	return sum;
}

static char *
put_url(char *out, unsigned char c)
{
	static const char digits[] = "0123456789ABCDEF";

	if (is_unreserved(c)) {
		*out++ = (char)c;
		return out;
	}
	*out++ = '%';
	*out++ = digits[c >> 4];
	*out++ = digits[c & 15];
	return out;
}

static char *
put_json(char *out, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";

	if (json_len(c) == 6) {
		memcpy(out, "\\u00", 4);
		out[4] = digits[c >> 4];
		out[5] = digits[c & 15];
		return out + 6;
	}
	if (json_len(c) == 2)
		*out++ = '\\';
	*out++ = (char)c;
	return out;
}

static char *
put_field(char *out, enum form form, const char *text, size_t len)
{
	if (form == RAW) {
		memcpy(out, text, len);
		return out + len;
	}
	for (size_t i = 0; i < len; i++)
		out = form == JSON ? put_json(out, (unsigned char)text[i])
				   : put_url(out, (unsigned char)text[i]);
	return out;
}

/* {name} or {name:form}: the place. */
struct place {
	char name[NAME_MAX_BYTES], form[8];
	size_t len; /* of all of it; 0: it is none */
};

static bool
is_name_byte(unsigned char c, bool first)
{
	return isalpha(c) || c == '_' || (!first && (isdigit(c) || c == '.' || c == '-'));
}

static struct place
find_place(const char *text, size_t len)
{
	struct place place = { .len = 0 };
	size_t i = 1, n = 0;

	for (; i < len && n + 1 < sizeof(place.name) && is_name_byte((unsigned char)text[i], !n);
	     i++)
		place.name[n++] = text[i];
	if (n && i < len && text[i] == ':') {
		n = 0;
		for (i++; i < len && n + 1 < sizeof(place.form) && isalpha((unsigned char)text[i]);
		     i++)
			place.form[n++] = text[i];
	}
	if (n && i < len && text[i] == '}')
		place.len = i + 1;
	return place;
}

static int
find_form(const struct place *place, enum tayra__template_place where, enum form *out, char *why,
	  size_t why_size)
{
	*out = where == TAYRA__TEMPLATE_PATH ? URL : RAW;
	if (!place->form[0])
		return TAYRA_OK;
	for (int i = 0; i < FORMS; i++) {
		if (strcmp(form_names[i], place->form) != 0)
			continue;
		*out = (enum form)i;
		return TAYRA_OK;
	}
	snprintf(why, why_size, "{%s:%s}: a form is raw, url or json", place->name, place->form);
	return TAYRA_E_INVAL;
}

static int
find_column(const struct place *place, const struct tayra__rows *rows, uint32_t *out, char *why,
	    size_t why_size)
{
	const char *near;

	if (!rows) {
		snprintf(why, why_size,
			 "{%s}: there is no data to take it from (a brace itself is written '{{')",
			 place->name);
		return TAYRA_E_INVAL;
	}
	for (*out = 0; *out < rows->columns; ++*out)
		if (strcmp(rows->column[*out], place->name) == 0)
			return TAYRA_OK;
	near = tayra__option_nearest(place->name, rows->column);
	snprintf(why, why_size, "{%s}: %.120s has no such column%s%s%s", place->name, rows->file,
		 near ? "; did you mean '" : " (a brace itself is written '{{')", near ? near : "",
		 near ? "'?" : "");
	return TAYRA_E_INVAL;
}

/* May each value of the column stand there?  Forms other than raw leave nothing that may not. */
static int
check_values(const struct tayra__rows *rows, uint32_t column, enum tayra__template_place where,
	     char *why, size_t why_size)
{
	for (uint32_t row = 0; row < rows->rows; row++) {
		size_t len;
		const char *value = tayra__rows_field(rows, row, column, &len);

		for (size_t i = 0; i < len; i++) {
			unsigned char c = (unsigned char)value[i];

			if (c != 0x7f && c >= ' ' + (where == TAYRA__TEMPLATE_PATH))
				continue;
			if (where == TAYRA__TEMPLATE_HEADER && c == '\t')
				continue;
			snprintf(why, why_size,
				 "%.120s:%u: the value of '%s' has a byte 0x%02x, which no %s has",
				 rows->file, (unsigned)rows->line[row], rows->column[column], c,
				 where == TAYRA__TEMPLATE_PATH ? "path" : "header");
			return TAYRA_E_INVAL;
		}
	}
	return TAYRA_OK;
}

static int
add_field(struct tayra__template *t, const struct place *place, enum tayra__template_place where,
	  const struct tayra__rows *rows, char *why, size_t why_size)
{
	struct tayra__template_part *part;
	uint32_t column;
	enum form form;
	int status = find_form(place, where, &form, why, why_size);

	if (status == TAYRA_OK)
		status = find_column(place, rows, &column, why, why_size);
	if (status == TAYRA_OK && form == RAW && where != TAYRA__TEMPLATE_BODY)
		status = check_values(rows, column, where, why, why_size);
	if (status != TAYRA_OK)
		return status;
	part = add(t, FIELD);
	if (part) {
		part->form = form;
		part->column = column;
	}
	return TAYRA_OK;
}

int
tayra__template_text(struct tayra__template *t, const char *text, size_t len,
		     enum tayra__template_place place, const struct tayra__rows *rows, char *why,
		     size_t why_size)
{
	size_t from = 0, at = 0;

	while (at < len) {
		struct place found;
		int status;

		if (text[at] != '{') {
			at++;
			continue;
		}
		if (at + 1 < len && text[at + 1] == '{') {
			tayra__template_bytes(t, text + from, at + 1 - from);
			from = at += 2;
			continue;
		}
		found = find_place(text + at, len - at);
		if (!found.len) {
			at++;
			continue;
		}
		tayra__template_bytes(t, text + from, at - from);
		status = add_field(t, &found, place, rows, why, why_size);
		if (status != TAYRA_OK)
			return status;
		from = at += found.len;
	}
	tayra__template_bytes(t, text + from, len - from);
	return TAYRA_OK;
}

static size_t
most_of_column(const struct tayra__rows *rows, uint32_t column, enum form form)
{
	size_t most = 0;

	for (uint32_t row = 0; row < rows->rows; row++) {
		size_t len;
		const char *value = tayra__rows_field(rows, row, column, &len);

		len = formed_len(form, value, len);
		most = len > most ? len : most;
	}
	return most;
}

size_t
tayra__template_most(const struct tayra__template *t, const struct tayra__rows *rows)
{
	size_t sum = t->text.len;

	if (t->failed)
		return SIZE_MAX;
	for (size_t i = 0; i < t->count; i++) {
		const struct tayra__template_part *part = &t->parts[i];

		if (part->kind == LENGTH)
			sum += DIGITS_MAX;
		else if (part->kind == FIELD)
			sum += most_of_column(rows, part->column, part->form);
	}
	return sum;
}

static size_t
part_len(const struct tayra__template_part *part, const struct tayra__rows *rows, uint32_t row)
{
	const char *value;
	size_t len;

	if (part->kind == BYTES)
		return part->after - part->first;
	value = tayra__rows_field(rows, row, part->column, &len);
	return formed_len(part->form, value, len);
}

static char *
put_length(const struct tayra__template *t, const struct tayra__template_part *of,
	   const struct tayra__rows *rows, uint32_t row, char *out)
{
	char digits[DIGITS_MAX];
	size_t sum = 0, n = 0;

	for (size_t i = of->first; i < of->after; i++)
		sum += part_len(&t->parts[i], rows, row);
	do
		digits[n++] = (char)('0' + sum % 10);
	while (sum /= 10);
	while (n)
		*out++ = digits[--n];
	return out;
}

size_t
tayra__template_fill(const struct tayra__template *t, const struct tayra__rows *rows, uint32_t row,
		     char *out)
{
	const char *text = tayra__buffer_front(&t->text);
	char *at = out;

	for (size_t i = 0; i < t->count; i++) {
		const struct tayra__template_part *part = &t->parts[i];
		const char *value;
		size_t len;

		switch (part->kind) {
		case BYTES:
			len = part->after - part->first;
			memcpy(at, text + part->first, len);
			at += len;
			break;
		case FIELD:
			value = tayra__rows_field(rows, row, part->column, &len);
			at = put_field(at, part->form, value, len);
			break;
		case LENGTH: at = put_length(t, part, rows, row, at); break;
		}
	}
	return (size_t)(at - out);
}
