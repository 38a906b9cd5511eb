/* SPDX-License-Identifier: Apache-2.0 */
#include "config/reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <tayra/base.h>

#define PLACE_MAX 600

int
tayra__reader_refuse(const struct tayra__reader *r, const struct tayra__yaml *at,
		     const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tayra__document_vcomplain(r->document, at, r->error, r->error_len, format, args);
	va_end(args);
	return TAYRA_E_INVAL;
}

const char *
tayra__reader_place(const struct tayra__reader *r, const struct tayra__yaml *at)
{
	char text[PLACE_MAX];

	snprintf(text, sizeof(text), "%s:%u:%u: ", r->document->file, at->line, at->column);
	return tayra__knob_texts_add(&r->document->texts, NULL, text);
}

int
tayra__reader_no_memory(const struct tayra__reader *r)
{
	return tayra__document_no_memory(r->error, r->error_len);
}

int
tayra__reader_expect(const struct tayra__reader *r, const struct tayra__yaml *at,
		     enum tayra__yaml_kind kind)
{
	if (at->kind == kind)
		return TAYRA_OK;
	return tayra__reader_refuse(r, at, "%s%sshould be %s, and is %s", at->name ? at->name : "",
				    at->name ? " " : "", tayra__yaml_kind_name(kind),
				    tayra__yaml_kind_name(at->kind));
}

static bool
says_nothing(const struct tayra__yaml *at)
{
	return !at->quoted &&
	       (at->text[0] == '\0' || strcmp(at->text, "~") == 0 || strcmp(at->text, "null") == 0);
}

int
tayra__reader_knob(const struct tayra__reader *r, const struct tayra__yaml *at,
		   const struct tayra__knob *knob, void *object)
{
	struct tayra__yaml place = { 0 };
	char why[440] = "";
	int status = tayra__reader_expect(r, at, TAYRA__YAML_TEXT);

	if (status != TAYRA_OK)
		return status;
	if (says_nothing(at))
		return tayra__reader_refuse(r, at, "%s has no value", at->name);
	status = tayra__knob_set(knob, object, at->text, r->document->folder, &r->document->texts,
				 why, sizeof(why));
	if (status == TAYRA_E_NOMEM)
		return tayra__reader_no_memory(r);
	if (status == TAYRA_OK)
		return TAYRA_OK;
	place.line = at->value_line;
	place.column = at->value_column;
	return tayra__reader_refuse(r, &place, "%s %s", at->name, why);
}

/* The kind of map that knows the name; NULL: none. */
static const char *
whose(const struct tayra__reader *r, const char *name)
{
	for (const struct tayra__reader_kind *kind = r->kinds; kind && kind->what; kind++)
		if (tayra__knob_find(kind->table, name))
			return kind->what;
	return NULL;
}

static int
refuse_unknown(const struct tayra__reader *r, const struct tayra__yaml *at,
	       const struct tayra__knob *table, const char *what)
{
	const char *near = tayra__knob_nearest(table, at->name);
	const char *other = whose(r, at->name);

	if (other)
		return tayra__reader_refuse(r, at, "%s knows no '%.64s'; it belongs to %s", what,
					    at->name, other);
	if (near)
		return tayra__reader_refuse(r, at, "%s knows no '%.64s'; did you mean '%s'?", what,
					    at->name, near);
	return tayra__reader_refuse(r, at, "%s knows no '%.64s'", what, at->name);
}

/* Everything in `map` that is a word; knobs that are `given` already are checked and dropped. */
int
tayra__reader_knobs(const struct tayra__reader *r, const struct tayra__yaml *map,
		    const struct tayra__knob *table, void *object, const char *what)
{
	int status = tayra__reader_expect(r, map, TAYRA__YAML_MAP);

	if (status != TAYRA_OK)
		return status;
	for (const struct tayra__yaml *at = map->first; at && status == TAYRA_OK; at = at->next) {
		const struct tayra__knob *knob = tayra__knob_find(table, at->name);

		if (!knob)
			return refuse_unknown(r, at, table, what);
		if (knob->type != TAYRA__KNOB_OTHER)
			status = tayra__reader_knob(r, at, knob, object);
	}
	return status;
}
