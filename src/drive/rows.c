/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/rows.h"

#include <tayra/base.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"

/* A text being taken apart.  Fields are no longer than what they were written as. */
struct parse {
	struct tayra__rows *rows;
	const char *at, *end;
	size_t used; /* of rows->text */
	unsigned long line;
	size_t fields, room; /* in rows->begin */
	char *why;
	size_t why_size;
};

static int
refuse(const struct parse *p, const char *what)
{
	snprintf(p->why, p->why_size, "%lu: %s", p->line, what);
	return TAYRA_E_INVAL;
}

static int
take_quoted(struct parse *p)
{
	for (p->at++;; p->at++) {
		if (p->at == p->end)
			return refuse(p, "a quote that is not closed");
		if (*p->at == '"' && (p->at + 1 == p->end || p->at[1] != '"'))
			break;
		if (*p->at == '"')
			p->at++;
		p->line += *p->at == '\n';
		p->rows->text[p->used++] = *p->at;
	}
	p->at++;
	if (p->at < p->end && *p->at != ',' && *p->at != '\n' && *p->at != '\r')
		return refuse(p, "something stands behind a closing quote");
	return TAYRA_OK;
}

static int
take_bare(struct parse *p)
{
	for (; p->at < p->end && *p->at != ',' && *p->at != '\n' && *p->at != '\r'; p->at++) {
		if (*p->at == '"')
			return refuse(p, "a quote in the middle of a field");
		p->rows->text[p->used++] = *p->at;
	}
	return TAYRA_OK;
}

/* The next field; *last: it ends its line. */
static int
take_field(struct parse *p, bool *last)
{
	size_t begin = p->used;
	int status = p->at < p->end && *p->at == '"' ? take_quoted(p) : take_bare(p);

	if (status != TAYRA_OK)
		return status;
	if (p->used - begin > TAYRA__ROWS_FIELD_MAX)
		return refuse(p, "a field of over 65,535 bytes");
	if (memchr(p->rows->text + begin, '\0', p->used - begin))
		return refuse(p, "a byte 0");
	if (p->at < p->end && *p->at == '\r')
		p->at++;
	*last = p->at == p->end || *p->at == '\n';
	if (!*last && *p->at != ',')
		return refuse(p, "a carriage return in the middle of a line");
	if (p->at < p->end)
		p->at++;
	return TAYRA_OK;
}

static bool
is_name(const char *text, size_t len)
{
	return len > 0 && len < 64 &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") ==
		       len;
}

static int
take_names(struct parse *p)
{
	struct tayra__rows *rows = p->rows;
	bool last = false;

	while (!last) {
		char name[TAYRA__ROWS_FIELD_MAX + 1];
		size_t len;
		int status;

		if (rows->columns == TAYRA__ROWS_COLUMNS_MAX)
			return refuse(p, "more than 64 columns");
		p->used = 0;
		status = take_field(p, &last);
		if (status != TAYRA_OK)
			return status;
		len = p->used;
		memcpy(name, rows->text, len);
		name[len] = '\0';
		if (!is_name(name, len))
			return refuse(p, "the first line names the columns, in letters, digits and "
					 "_ - .");
		if (tayra__rows_column(rows, name, len) >= 0)
			return refuse(p, "two columns of one name");
		rows->name[rows->columns] = tayra__mem_strdup(name);
		if (!rows->name[rows->columns++]) {
			refuse(p, "no memory");
			return TAYRA_E_NOMEM;
		}
	}
	p->line++;
	p->used = 0;
	return TAYRA_OK;
}

static int
note_field(struct parse *p)
{
	struct tayra__rows *rows = p->rows;

	if (p->fields == p->room) {
		size_t room = p->room ? 2 * p->room : 256;
		uint32_t *begin = tayra__mem_resize(rows->begin, room * sizeof(*begin));

		if (!begin) {
			refuse(p, "no memory");
			return TAYRA_E_NOMEM;
		}
		rows->begin = begin;
		p->room = room;
	}
	rows->begin[p->fields++] = (uint32_t)p->used;
	return TAYRA_OK;
}

static int
take_row(struct parse *p)
{
	size_t columns = p->rows->columns;
	bool last = false;

	for (size_t i = 0; i < columns; i++) {
		char what[80];
		int status = last ? TAYRA_OK : note_field(p);

		if (last) {
			snprintf(what, sizeof(what), "%zu fields, where there are %zu columns", i,
				 columns);
			return refuse(p, what);
		}
		if (status == TAYRA_OK)
			status = take_field(p, &last);
		if (status != TAYRA_OK)
			return status;
	}
	if (!last)
		return refuse(p, "more fields than columns");
	p->line++;
	p->rows->count++;
	return TAYRA_OK;
}

static int
take_rows(struct parse *p)
{
	int status = take_names(p);

	while (status == TAYRA_OK && p->at < p->end)
		status = take_row(p);
	if (status == TAYRA_OK && !p->rows->count)
		return refuse(p, "there are no rows below the names of the columns");
	return status == TAYRA_OK ? note_field(p) : status; /* where the last one ends */
}

int
tayra__rows_parse(struct tayra__rows *rows, const char *bytes, size_t len, char *why,
		  size_t why_size)
{
	struct parse p = { .rows = rows,
			   .at = bytes,
			   .end = bytes + len,
			   .line = 1,
			   .why = why,
			   .why_size = why_size };
	int status;

	*rows = (struct tayra__rows){ .text = tayra__mem_alloc(len + 1) };
	if (len > 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) /* as some editors begin a file */
		p.at += 3;
	if (!rows->text) {
		refuse(&p, "no memory");
		status = TAYRA_E_NOMEM;
	} else {
		status = len > TAYRA__ROWS_BYTES_MAX ? refuse(&p, "over 256 MiB") : take_rows(&p);
	}
	if (status != TAYRA_OK)
		tayra__rows_fini(rows);
	return status;
}

/* The bytes of a file, or NULL with the reason in why. */
static char *
read_file(const char *path, size_t *len, char *why, size_t why_size)
{
	FILE *in = fopen(path, "re");
	char *bytes = NULL;
	struct stat st;

	if (!in || fstat(fileno(in), &st) != 0)
		snprintf(why, why_size, "%s: %m", path);
	else if (!S_ISREG(st.st_mode) || st.st_size > TAYRA__ROWS_BYTES_MAX)
		snprintf(why, why_size, "%s: is no file of up to 256 MiB", path);
	else
		bytes = tayra__mem_alloc((size_t)st.st_size + 1);
	if (bytes) {
		*len = fread(bytes, 1, (size_t)st.st_size, in);
		if (ferror(in)) {
			snprintf(why, why_size, "%s: %m", path);
			tayra__mem_free(bytes);
			bytes = NULL;
		}
	}
	if (in)
		fclose(in);
	return bytes;
}

int
tayra__rows_load(struct tayra__rows *rows, const char *path, char *why, size_t why_size)
{
	char what[160];
	size_t len = 0;
	char *bytes;
	int status;

	snprintf(why, why_size, "%s: no memory", path);
	bytes = read_file(path, &len, why, why_size);
	if (!bytes)
		return TAYRA_E_IO;
	status = tayra__rows_parse(rows, bytes, len, what, sizeof(what));
	tayra__mem_free(bytes);
	if (status != TAYRA_OK)
		snprintf(why, why_size, "%s:%s", path, what);
	return status;
}

void
tayra__rows_fini(struct tayra__rows *rows)
{
	for (size_t i = 0; i < rows->columns; i++)
		tayra__mem_free(rows->name[i]);
	tayra__mem_free(rows->begin);
	tayra__mem_free(rows->text);
	*rows = (struct tayra__rows){ .text = NULL };
}

int
tayra__rows_column(const struct tayra__rows *rows, const char *name, size_t len)
{
	for (size_t i = 0; i < rows->columns; i++)
		if (strncmp(rows->name[i], name, len) == 0 && !rows->name[i][len])
			return (int)i;
	return -1;
}
