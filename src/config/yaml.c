/* SPDX-License-Identifier: Apache-2.0
 *
 * yaml.c: follows libyaml's events with a path from the root to the part that is open.
 */
#include "config/yaml.h"

#include "base/mem.h"

#include <tayra/base.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <yaml.h>

struct reader {
	yaml_parser_t parser;
	const char *bytes; /* the whole text */
	size_t len;
	struct tayra__yaml_error *error;
	struct tayra__yaml *root;
	/* The open lists and maps, and where the next part of each goes. */
	struct tayra__yaml *open[TAYRA__YAML_LEVELS];
	struct tayra__yaml **end[TAYRA__YAML_LEVELS];
	uint32_t depth, parts;
	char *name; /* of a map: its value is next */
	uint32_t name_line, name_column;
	int status;
	bool over;
};

static __attribute__((format(printf, 3, 4))) void
refuse(struct reader *r, const yaml_mark_t *where, const char *format, ...)
{
	va_list args;

	r->status = TAYRA_E_INVAL;
	r->error->line = where ? (uint32_t)where->line + 1 : 0;
	r->error->column = where ? (uint32_t)where->column + 1 : 0;
	va_start(args, format);
	vsnprintf(r->error->text, sizeof(r->error->text), format, args);
	va_end(args);
}

static void
no_memory(struct reader *r)
{
	refuse(r, NULL, "%s", tayra_status_text(TAYRA_E_NOMEM));
	r->status = TAYRA_E_NOMEM;
}

static struct tayra__yaml *
innermost(const struct reader *r)
{
	return r->depth ? r->open[r->depth - 1] : NULL;
}

/* A new part, where it belongs.  NULL: refused. */
static struct tayra__yaml *
add(struct reader *r, enum tayra__yaml_kind kind, const yaml_mark_t *where)
{
	struct tayra__yaml *part;

	if (++r->parts > TAYRA__YAML_PARTS) {
		refuse(r, where, "more than %u parts", TAYRA__YAML_PARTS);
		return NULL;
	}
	part = tayra__mem_alloc(sizeof(*part));
	if (!part) {
		no_memory(r);
		return NULL;
	}
	part->kind = kind;
	part->line = r->name ? r->name_line : (uint32_t)where->line + 1;
	part->column = r->name ? r->name_column : (uint32_t)where->column + 1;
	part->value_line = (uint32_t)where->line + 1;
	part->value_column = (uint32_t)where->column + 1;
	part->name = r->name;
	r->name = NULL;
	if (r->depth == 0) {
		r->root = part;
	} else {
		*r->end[r->depth - 1] = part;
		r->end[r->depth - 1] = &part->next;
	}
	return part;
}

static char *
copy_text(struct reader *r, const yaml_event_t *event)
{
	const char *value = (const char *)event->data.scalar.value;
	char *text;

	if (strlen(value) != event->data.scalar.length) {
		refuse(r, &event->start_mark, "a byte 0");
		return NULL;
	}
	text = tayra__mem_strdup(value);
	if (!text)
		no_memory(r);
	return text;
}

static void
read_name(struct reader *r, const yaml_event_t *event)
{
	const struct tayra__yaml *twin;

	r->name = copy_text(r, event);
	if (!r->name)
		return;
	twin = tayra__yaml_find(innermost(r), r->name);
	if (twin)
		refuse(r, &event->start_mark, "'%.64s' stands here twice, first in line %u",
		       r->name, twin->line);
	else if (r->name[0] == '\0')
		refuse(r, &event->start_mark, "an empty name");
	r->name_line = (uint32_t)event->start_mark.line + 1;
	r->name_column = (uint32_t)event->start_mark.column + 1;
}

static bool
wants_name(const struct reader *r)
{
	return r->depth && innermost(r)->kind == TAYRA__YAML_MAP && !r->name;
}

static void
read_scalar(struct reader *r, const yaml_event_t *event)
{
	struct tayra__yaml *part;
	char *text;

	if (event->data.scalar.anchor || event->data.scalar.tag) {
		refuse(r, &event->start_mark, "anchors and tags have no meaning here");
		return;
	}
	if (wants_name(r)) {
		read_name(r, event);
		return;
	}
	text = copy_text(r, event);
	if (!text)
		return;
	part = add(r, TAYRA__YAML_TEXT, &event->start_mark);
	if (!part) {
		tayra__mem_free(text);
		return;
	}
	part->text = text;
	part->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
}

static void
open_part(struct reader *r, enum tayra__yaml_kind kind, const yaml_event_t *event, bool marked)
{
	struct tayra__yaml *part;

	if (marked)
		refuse(r, &event->start_mark, "anchors and tags have no meaning here");
	else if (wants_name(r))
		refuse(r, &event->start_mark, "the name of something must be text");
	else if (r->depth == TAYRA__YAML_LEVELS)
		refuse(r, &event->start_mark, "more than %u levels", TAYRA__YAML_LEVELS);
	if (r->status != TAYRA_OK)
		return;
	part = add(r, kind, &event->start_mark);
	if (!part)
		return;
	r->open[r->depth] = part;
	r->end[r->depth] = &part->first;
	r->depth++;
}

static void
take(struct reader *r, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (r->root)
			refuse(r, &event->start_mark, "a second document");
		return;
	case YAML_ALIAS_EVENT:
		refuse(r, &event->start_mark, "aliases have no meaning here");
		return;
	case YAML_SCALAR_EVENT: read_scalar(r, event); return;
	case YAML_SEQUENCE_START_EVENT:
		open_part(r, TAYRA__YAML_LIST, event,
			  event->data.sequence_start.anchor || event->data.sequence_start.tag);
		return;
	case YAML_MAPPING_START_EVENT:
		open_part(r, TAYRA__YAML_MAP, event,
			  event->data.mapping_start.anchor || event->data.mapping_start.tag);
		return;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT: r->depth--; return;
	case YAML_STREAM_END_EVENT: r->over = true; return;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_END_EVENT: return;
	}
}

/* Where that byte of a text in UTF-8 stands. */
static yaml_mark_t
mark_of(const struct reader *r, size_t offset)
{
	yaml_mark_t mark = { .index = offset };

	for (size_t i = 0; i < offset && i < r->len; i++) {
		if (r->bytes[i] == '\n') {
			mark.line++;
			mark.column = 0;
		} else if (((unsigned char)r->bytes[i] & 0xc0) != 0x80) {
			mark.column++;
		}
	}
	return mark;
}

static void
complain(struct reader *r)
{
	const yaml_parser_t *parser = &r->parser;
	const yaml_mark_t *mark = &parser->problem_mark;
	const yaml_mark_t at = mark_of(r, parser->problem_offset);

	if (parser->error == YAML_MEMORY_ERROR)
		no_memory(r);
	else if (parser->error == YAML_READER_ERROR && parser->encoding == YAML_UTF8_ENCODING)
		refuse(r, &at, "%s", parser->problem);
	else if (parser->error == YAML_READER_ERROR)
		refuse(r, NULL, "byte %zu: %s", parser->problem_offset + 1, parser->problem);
	else if (parser->context)
		refuse(r, mark, "%s, %s", parser->problem, parser->context);
	else
		refuse(r, mark, "%s", parser->problem ? parser->problem : "is no YAML");
}

static void
read_all(struct reader *r)
{
	while (r->status == TAYRA_OK && !r->over) {
		yaml_event_t event;

		if (!yaml_parser_parse(&r->parser, &event)) {
			complain(r);
			return;
		}
		take(r, &event);
		yaml_event_delete(&event);
	}
}

/* An empty text, or one of comments, has no part at all, or one that says nothing. */
static void
make_root(struct reader *r)
{
	const yaml_mark_t start = { 0 };

	if (r->root && r->root->kind == TAYRA__YAML_TEXT && !r->root->quoted && !r->root->text[0]) {
		tayra__yaml_free(r->root);
		r->root = NULL;
	}
	if (!r->root)
		add(r, TAYRA__YAML_MAP, &start);
}

int
tayra__yaml_parse(const char *bytes, size_t len, struct tayra__yaml_error *error,
		  struct tayra__yaml **out)
{
	struct reader r = { .error = error, .bytes = bytes, .len = len };

	*out = NULL;
	*error = (struct tayra__yaml_error){ 0 };
	if (len > TAYRA__YAML_BYTES) {
		refuse(&r, NULL, "more than %u KiB", TAYRA__YAML_BYTES >> 10);
		return r.status;
	}
	if (!yaml_parser_initialize(&r.parser)) {
		no_memory(&r);
		return r.status;
	}
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)bytes, len);
	read_all(&r);
	yaml_parser_delete(&r.parser);
	if (r.status == TAYRA_OK)
		make_root(&r);
	tayra__mem_free(r.name);
	if (r.status != TAYRA_OK) {
		tayra__yaml_free(r.root);
		return r.status;
	}
	*out = r.root;
	return TAYRA_OK;
}
