/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/rows.h"

#include <tayra/base.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/line.h"
#include "base/mem.h"
#include "drive/whole_file.h"

struct reading {
	struct tayra__rows *rows;
	const char *at, *end;
	uint32_t line;
	char *out; /* never ahead of `at`: a field and its 0 take no more than it and what ended it
		    */
	size_t fields, room; /* of rows->at */
	size_t lines_room;   /* of rows->line */
	char *why;
	size_t why_size;
};

/* How a field ended. */
enum ended { BY_COMMA, BY_LINE, BY_FILE, WRONG };

__attribute__((format(printf, 3, 4))) static int
refuse(const struct reading *r, uint32_t line, const char *format, ...)
{
	char what[200];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	tayra__line_flatten(what, '?');
	if (line)
		snprintf(r->why, r->why_size, "%.200s:%u: %s", r->rows->file, (unsigned)line, what);
	else
		snprintf(r->why, r->why_size, "%.200s: %s", r->rows->file, what);
	return TAYRA_E_INVAL;
}

static int
no_memory(const struct reading *r)
{
	snprintf(r->why, r->why_size, "%s", tayra_status_text(TAYRA_E_NOMEM));
	return TAYRA_E_NOMEM;
}

/* At a line's end, or the file's: behind it. */
static bool
take_end(struct reading *r, enum ended *ended)
{
	if (r->at == r->end) {
		*ended = BY_FILE;
		return true;
	}
	if (*r->at == '\r' && r->at + 1 < r->end && r->at[1] == '\n')
		r->at++;
	if (*r->at != '\n')
		return false;
	r->at++;
	r->line++;
	*ended = BY_LINE;
	return true;
}

static bool
take_stop(struct reading *r, enum ended *ended)
{
	if (r->at < r->end && *r->at == ',') {
		r->at++;
		*ended = BY_COMMA;
		return true;
	}
	return take_end(r, ended);
}

static enum ended
read_quoted(struct reading *r)
{
	uint32_t began = r->line;
	enum ended ended;

	for (r->at++; r->at < r->end; r->at++) {
		if (*r->at == '"' && (r->at + 1 == r->end || r->at[1] != '"'))
			break;
		r->at += *r->at == '"';
		r->line += *r->at == '\n';
		*r->out++ = *r->at;
	}
	if (r->at == r->end) {
		refuse(r, began, "a quote that is never closed");
		return WRONG;
	}
	r->at++;
	if (take_stop(r, &ended))
		return ended;
	refuse(r, r->line, "text behind a closing quote: a quote in a field is written twice");
	return WRONG;
}

static enum ended
read_plain(struct reading *r)
{
	enum ended ended;

	while (!take_stop(r, &ended)) {
		if (*r->at == '"') {
			refuse(r, r->line,
			       "a quote in a field: put all of it in quotes, and this one twice");
			return WRONG;
		}
		*r->out++ = *r->at++;
	}
	return ended;
}

/* Where the next field begins in what is kept. */
static int
note_field(struct reading *r)
{
	if (r->fields == r->room) {
		size_t room = r->room ? 2 * r->room : 256;
		uint32_t *at = tayra__mem_resize(r->rows->at, room * sizeof(*at));

		if (!at)
			return no_memory(r);
		r->rows->at = at;
		r->room = room;
	}
	r->rows->at[r->fields++] = (uint32_t)(r->out - r->rows->bytes);
	return TAYRA_OK;
}

static int
note_line(struct reading *r, uint32_t line)
{
	if (r->rows->rows == r->lines_room) {
		size_t room = r->lines_room ? 2 * r->lines_room : 256;
		uint32_t *lines = tayra__mem_resize(r->rows->line, room * sizeof(*lines));

		if (!lines)
			return no_memory(r);
		r->rows->line = lines;
		r->lines_room = room;
	}
	r->rows->line[r->rows->rows++] = line;
	return TAYRA_OK;
}

/* A record's fields; *n of them. */
static int
read_record(struct reading *r, size_t most, size_t *n)
{
	uint32_t line = r->line;
	enum ended ended = BY_COMMA;

	for (*n = 0; ended == BY_COMMA; ++*n) {
		int status = note_field(r);

		if (status != TAYRA_OK)
			return status;
		if (*n == most)
			return refuse(r, line, "more than %zu fields", most);
		ended = r->at < r->end && *r->at == '"' ? read_quoted(r) : read_plain(r);
		if (ended == WRONG)
			return TAYRA_E_INVAL;
		*r->out++ = '\0';
	}
	return TAYRA_OK;
}

static void
skip_blank_lines(struct reading *r)
{
	enum ended ended = BY_LINE;

	while (r->at < r->end && ended == BY_LINE && take_end(r, &ended)) {
	}
}

static bool
is_name(const char *text)
{
	static const char begin[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	static const char rest[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789.-";

	return strspn(text, begin) > 0 && text[strspn(text, rest)] == '\0';
}

static int
read_header(struct reading *r)
{
	struct tayra__rows *rows = r->rows;
	uint32_t line = r->line;
	size_t n;
	int status;

	if (r->at == r->end)
		return refuse(r, 0, "is empty: its first line names the columns");
	status = read_record(r, TAYRA__ROWS_COLUMNS_MAX, &n);
	if (status != TAYRA_OK)
		return status;
	for (size_t i = 0; i < n; i++) {
		rows->column[i] = rows->bytes + rows->at[i];
		if (!is_name(rows->column[i]))
			return refuse(r, line,
				      "column %zu is called '%.40s': a name begins with a letter "
				      "and has letters, digits, '.', '_' and '-'",
				      i + 1, rows->column[i]);
		for (size_t j = 0; j < i; j++)
			if (strcmp(rows->column[i], rows->column[j]) == 0)
				return refuse(r, line, "two columns are called '%.40s'",
					      rows->column[i]);
	}
	rows->columns = (uint32_t)n;
	r->fields = 0; /* the names stay, where they were is not needed any more */
	return TAYRA_OK;
}

static int
read_row(struct reading *r)
{
	const struct tayra__rows *rows = r->rows;
	uint32_t line = r->line;
	size_t n;
	int status = read_record(r, TAYRA__ROWS_COLUMNS_MAX, &n);

	if (status != TAYRA_OK)
		return status;
	if (n < rows->columns)
		return refuse(r, line, "no value for column '%.40s': %zu of %u fields",
			      rows->column[n], n, (unsigned)rows->columns);
	if (n > rows->columns)
		return refuse(r, line, "%zu fields, and the first line names %u", n,
			      (unsigned)rows->columns);
	return note_line(r, line);
}

static int
read_all(struct reading *r)
{
	const char *zero = memchr(r->at, '\0', (size_t)(r->end - r->at));
	int status;

	if (zero) {
		for (const char *c = r->at; c < zero; c++)
			r->line += *c == '\n';
		return refuse(r, r->line, "a byte 0: that is no text");
	}
	if (r->end - r->at >= 3 && memcmp(r->at, "\xef\xbb\xbf", 3) == 0)
		r->at += 3;
	skip_blank_lines(r);
	status = read_header(r);
	while (status == TAYRA_OK && (skip_blank_lines(r), r->at < r->end))
		status = read_row(r);
	if (status == TAYRA_OK && !r->rows->rows)
		status = refuse(r, 0, "names its columns and has no row");
	return status == TAYRA_OK ? note_field(r) : status; /* where the last one ends */
}

/* rows->bytes has `len` bytes and room for one more. */
static int
parse(struct tayra__rows *rows, const char *file, size_t len, char *why, size_t why_size)
{
	struct reading r = { .rows = rows,
			     .at = rows->bytes,
			     .end = rows->bytes + len,
			     .line = 1,
			     .out = rows->bytes,
			     .why = why,
			     .why_size = why_size };
	int status;

	rows->file = tayra__mem_strdup(file);
	if (!rows->file)
		status = no_memory(&r);
	else if (len > TAYRA__ROWS_BYTES_MAX)
		status = refuse(&r, 0, "is over %u MiB", TAYRA__ROWS_BYTES_MAX >> 20);
	else
		status = read_all(&r);
	if (status != TAYRA_OK)
		tayra__rows_fini(rows);
	return status;
}

int
tayra__rows_parse(struct tayra__rows *rows, const char *file, const char *bytes, size_t len,
		  char *why, size_t why_size)
{
	*rows = (struct tayra__rows){ .bytes = tayra__mem_alloc(len + 1) };
	if (!rows->bytes) {
		snprintf(why, why_size, "%s", tayra_status_text(TAYRA_E_NOMEM));
		return TAYRA_E_NOMEM;
	}
	if (len)
		memcpy(rows->bytes, bytes, len);
	return parse(rows, file, len, why, why_size);
}

int
tayra__rows_load(struct tayra__rows *rows, const char *path, char *why, size_t why_size)
{
	size_t len;

	*rows = (struct tayra__rows){ .bytes = tayra__whole_file(path, TAYRA__ROWS_BYTES_MAX, &len,
								 why, why_size) };
	return rows->bytes ? parse(rows, path, len, why, why_size) : TAYRA_E_IO;
}

void
tayra__rows_fini(struct tayra__rows *rows)
{
	tayra__mem_free(rows->bytes);
	tayra__mem_free(rows->at);
	tayra__mem_free(rows->line);
	tayra__mem_free(rows->file);
	*rows = (struct tayra__rows){ .bytes = NULL };
}
