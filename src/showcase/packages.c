/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/packages.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

#include <tayra/base.h>

static const char *const field_names[TAYRA__PACKAGES_FIELDS] = {
	"Package",    "Version",     "Section", "Priority",    "Size",     "Installed-Size",
	"Maintainer", "Description", "Depends", "Pre-Depends", "Provides",
};

__attribute__((format(printf, 3, 4))) static int
corrupt(struct tayra__packages *reader, uint64_t line, const char *format, ...)
{
	va_list args;
	int used = snprintf(reader->error, sizeof(reader->error), "line %" PRIu64 ": ", line);

	va_start(args, format);
	vsnprintf(reader->error + used, sizeof(reader->error) - (size_t)used, format, args);
	va_end(args);
	return TAYRA_E_CORRUPT;
}

/* Make room for `more` bytes after `len`, doubling.  => TAYRA_OK, TAYRA_E_NOMEM. */
static int
grow(char **buffer, size_t *room, size_t len, size_t more)
{
	size_t want = *room ? *room : 4096;
	char *moved;

	if (*room - len >= more)
		return TAYRA_OK;
	while (want - len < more)
		want *= 2;
	moved = tayra__mem_resize(*buffer, want);
	if (!moved)
		return TAYRA_E_NOMEM;
	*buffer = moved;
	*room = want;
	return TAYRA_OK;
}

static int
append_text(struct tayra__packages *reader, const char *bytes, size_t len)
{
	int status;

	if (reader->text_len + len + 1 > TAYRA__PACKAGES_STANZA_MAX)
		return corrupt(reader, reader->line_number, "a stanza of more than %u bytes",
			       TAYRA__PACKAGES_STANZA_MAX);
	status = grow(&reader->text, &reader->text_room, reader->text_len, len + 1);
	if (status < 0)
		return status;
	memcpy(reader->text + reader->text_len, bytes, len);
	reader->text_len += len;
	reader->text[reader->text_len++] = 0;
	return TAYRA_OK;
}

static bool
name_is_valid(const char *name)
{
	if (!isalnum((unsigned char)name[0]))
		return false;
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("+-._", *c))
			return false;
	return strlen(name) <= 200;
}

/* A count; absent is 0. */
static int
number_of(struct tayra__packages *reader, const char *name, const char *text, uint64_t *out)
{
	uint64_t value = 0;

	for (const char *c = text; *c; c++) {
		if (!isdigit((unsigned char)*c) || value > UINT64_MAX / 100)
			return corrupt(reader, reader->stanza_line, "%s is not a number: \"%.40s\"",
				       name, text);
		value = value * 10 + (uint64_t)(*c - '0');
	}
	*out = value;
	return TAYRA_OK;
}

static int
end_stanza(struct tayra__packages *reader)
{
	struct tayra__packages_stanza stanza = { .line = reader->stanza_line };
	int status;

	if (!reader->in_stanza)
		return TAYRA_OK;
	for (size_t i = 0; i < TAYRA__PACKAGES_FIELDS; i++)
		stanza.field[i] = reader->at[i] ? reader->text + reader->at[i] - 1 : "";
	if (!reader->at[TAYRA__PACKAGES_NAME])
		return corrupt(reader, reader->stanza_line, "a stanza without a Package field");
	if (!name_is_valid(stanza.field[TAYRA__PACKAGES_NAME]))
		return corrupt(reader, reader->stanza_line, "not a package name: \"%.40s\"",
			       stanza.field[TAYRA__PACKAGES_NAME]);
	status = number_of(reader, "Size", stanza.field[TAYRA__PACKAGES_SIZE], &stanza.size_bytes);
	if (status == TAYRA_OK)
		status = number_of(reader, "Installed-Size",
				   stanza.field[TAYRA__PACKAGES_INSTALLED_SIZE],
				   &stanza.installed_kib);
	if (status == TAYRA_OK)
		status = reader->stanza(reader->ctx, &stanza);
	reader->stanzas++;
	reader->in_stanza = 0;
	reader->text_len = 0;
	memset(reader->at, 0, sizeof(reader->at));
	return status;
}

static int
field_index(const char *name, size_t len)
{
	for (int i = 0; i < TAYRA__PACKAGES_FIELDS; i++)
		if (strlen(field_names[i]) == len && strncasecmp(field_names[i], name, len) == 0)
			return i;
	return -1;
}

static int
take_field(struct tayra__packages *reader, const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len);
	size_t name_len;

	if (!colon || colon == line)
		return corrupt(reader, reader->line_number, "not a field: \"%.*s\"",
			       (int)(len < 40 ? len : 40), line);
	if (!reader->in_stanza)
		reader->stanza_line = reader->line_number;
	reader->in_stanza = 1;
	name_len = (size_t)(colon - line);
	reader->current = field_index(line, name_len);
	if (reader->current < 0)
		return TAYRA_OK;
	if (reader->at[reader->current])
		return corrupt(reader, reader->line_number, "a second %s field in one stanza",
			       field_names[reader->current]);
	for (line = colon + 1, len -= name_len + 1; len && isblank((unsigned char)*line); line++)
		len--;
	reader->at[reader->current] = reader->text_len + 1;
	return append_text(reader, line, len);
}

static int
take_continuation(struct tayra__packages *reader, const char *line, size_t len)
{
	if (!reader->in_stanza)
		return corrupt(reader, reader->line_number,
			       "a continuation line that continues nothing");
	if (reader->current < 0)
		return TAYRA_OK;
	/* The field is the last thing in text: its terminator becomes the line break. */
	reader->text[reader->text_len - 1] = reader->current == TAYRA__PACKAGES_DESCRIPTION ? '\n'
											    : ' ';
	return append_text(reader, line + 1, len - 1);
}

static int
take_line(struct tayra__packages *reader, const char *line, size_t len)
{
	reader->line_number++;
	if (len && line[len - 1] == '\r')
		len--;
	if (memchr(line, 0, len))
		return corrupt(reader, reader->line_number,
			       "binary bytes; this is not a Packages file");
	for (size_t i = 0; i < len && (line[0] == ' ' || line[0] == '\t'); i++) {
		if (!isspace((unsigned char)line[i]))
			return take_continuation(reader, line, len);
		if (i + 1 == len)
			len = 0;
	}
	return len == 0 ? end_stanza(reader) : take_field(reader, line, len);
}

void
tayra__packages_init(struct tayra__packages *reader, tayra__packages_fn stanza, void *ctx)
{
	*reader = (struct tayra__packages){ .stanza = stanza, .ctx = ctx, .current = -1 };
}

void
tayra__packages_fini(struct tayra__packages *reader)
{
	tayra__mem_free(reader->line);
	tayra__mem_free(reader->text);
	reader->line = reader->text = NULL;
}

/* Keep a piece of a line whose end has not come yet. */
static int
hold(struct tayra__packages *reader, const char *bytes, size_t len)
{
	int status;

	if (reader->line_len + len > TAYRA__PACKAGES_LINE_MAX)
		return corrupt(reader, reader->line_number + 1,
			       "longer than %u bytes; this is not a Packages file",
			       TAYRA__PACKAGES_LINE_MAX);
	status = grow(&reader->line, &reader->line_room, reader->line_len, len);
	if (status < 0)
		return status;
	if (len)
		memcpy(reader->line + reader->line_len, bytes, len);
	reader->line_len += len;
	return TAYRA_OK;
}

/* One line that ends inside these bytes. */
static int
end_line(struct tayra__packages *reader, const char *bytes, size_t len)
{
	int status;

	if (reader->line_len == 0 && len <= TAYRA__PACKAGES_LINE_MAX)
		return take_line(reader, bytes, len);
	status = hold(reader, bytes, len);
	if (status == TAYRA_OK)
		status = take_line(reader, reader->line, reader->line_len);
	reader->line_len = 0;
	return status;
}

int
tayra__packages_feed(struct tayra__packages *reader, const char *bytes, size_t len)
{
	while (len > 0 && reader->status == TAYRA_OK) {
		const char *newline = memchr(bytes, '\n', len);
		size_t piece = newline ? (size_t)(newline - bytes) : len;

		reader->status = newline ? end_line(reader, bytes, piece)
					 : hold(reader, bytes, piece);
		piece += newline != NULL;
		bytes += piece;
		len -= piece;
	}
	return reader->status;
}

int
tayra__packages_finish(struct tayra__packages *reader)
{
	if (reader->status == TAYRA_OK && reader->line_len)
		reader->status = end_line(reader, "", 0);
	if (reader->status == TAYRA_OK)
		reader->status = end_stanza(reader);
	return reader->status;
}

int
tayra__packages_relation(const char **cursor, const char **name, size_t *len, int *alternative)
{
	const char *c = *cursor;

	*alternative = 0;
	for (; *c && !isalnum((unsigned char)*c); c++)
		if (*c == '|')
			*alternative = 1;
	if (!*c)
		return 0;
	*name = c;
	while (isalnum((unsigned char)*c) || (*c && strchr("+-._", *c)))
		c++;
	*len = (size_t)(c - *name);
	/* What qualifies the name: ":any", "(>= 1)", "[amd64]", "<!nocheck>". */
	while (*c && *c != ',' && *c != '|')
		c++;
	*cursor = c;
	return 1;
}
