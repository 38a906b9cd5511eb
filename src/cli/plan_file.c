/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan_file.h"

#include <tayra/base.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/option.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "config/document.h"

#define SETTINGS_MAX 64
#define TEXTS_MAX    64

/* What options were given points into these: they live as long as the process, as argv does. */
static struct tayra__document document;
static char *texts[TEXTS_MAX];
static size_t text_count;

struct reading {
	const struct tayra__plan_file *plan;
	const char *command;
};

__attribute__((format(printf, 3, 4))) static int
refuse(const struct reading *r, const struct tayra__yaml *at, const char *format, ...)
{
	char error[400];
	va_list args;

	va_start(args, format);
	tayra__document_vcomplain(&document, at, error, sizeof(error), format, args);
	va_end(args);
	tayra__cli_error(r->command, "%s", error);
	return TAYRA__EXIT_USAGE;
}

static int
take(const struct reading *r, const struct tayra__yaml *at, int key, char *value)
{
	char where[300];

	snprintf(where, sizeof(where), "%s: %.200s:%u:%u", r->command, document.file, at->line,
		 at->column);
	return r->plan->take(r->plan->ctx, where, key, value) == 0 ? 0 : TAYRA__EXIT_USAGE;
}

/* A copy of it as an option's value. */
static int
take_copy(const struct reading *r, const struct tayra__yaml *at, int key, const char *value)
{
	if (text_count == TEXTS_MAX)
		return refuse(r, at, "more than %d values", TEXTS_MAX);
	texts[text_count] = tayra__mem_strdup(value);
	if (!texts[text_count])
		return refuse(r, at, "%s", tayra_status_text(TAYRA_E_NOMEM));
	return take(r, at, key, texts[text_count++]);
}

static int
take_map(const struct reading *r, const struct tayra__yaml *map, int key)
{
	int code = 0;

	if (map->kind != TAYRA__YAML_MAP)
		return refuse(r, map, "'%s' is a mapping of names to what they are", map->name);
	for (const struct tayra__yaml *at = map->first; at && code == 0; at = at->next) {
		char text[5000];

		if (at->kind != TAYRA__YAML_TEXT)
			code = refuse(r, at, "'%s' is text", at->name);
		else if ((size_t)snprintf(text, sizeof(text), "%s=%s", at->name, at->text) >=
			 sizeof(text))
			code = refuse(r, at, "'%.60s' is too long", at->name);
		else
			code = take_copy(r, at, key, text);
	}
	return code;
}

static int
take_switch(const struct reading *r, const struct tayra__yaml *at, int key)
{
	if (strcmp(at->text, "true") == 0)
		return take(r, at, key, NULL);
	return strcmp(at->text, "false") == 0 ? 0
					      : refuse(r, at, "'%s' is true or false", at->name);
}

static int
unknown(const struct reading *r, const struct tayra__yaml *at)
{
	const char *names[SETTINGS_MAX + 1] = { NULL };
	const char *near;
	char text[300];
	size_t n = 0;

	for (size_t i = 0; r->plan->maps[i].name; i++)
		names[n++] = r->plan->maps[i].name;
	for (size_t i = 0; r->plan->parts[i]; i++)
		names[n++] = r->plan->parts[i];
	for (const struct argp_option *o = r->plan->table; o->name && n < SETTINGS_MAX; o++)
		names[n++] = o->name;
	near = tayra__option_nearest(at->name, names);
	snprintf(text, sizeof(text), "unknown setting '%.60s'%s%s%s", at->name,
		 near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
	return refuse(r, at, "%s", text);
}

static bool
is_option(const struct reading *r, const char *name)
{
	for (const struct argp_option *o = r->plan->table; o->name; o++)
		if (strcmp(o->name, name) == 0)
			return true;
	return false;
}

static int
take_part(const struct reading *r, const struct tayra__yaml *at)
{
	char error[400];

	if (r->plan->take_part(r->plan->ctx, &document, at, error, sizeof(error)) == 0)
		return 0;
	tayra__cli_error(r->command, "%s", error);
	return TAYRA__EXIT_USAGE;
}

/* "data_order" is --data-order. */
static bool
means(const char *setting, const char *option)
{
	for (; *setting && (*setting == *option || (*setting == '_' && *option == '-')); option++)
		setting++;
	return *setting == *option;
}

static int
take_setting(const struct reading *r, const struct tayra__yaml *at)
{
	for (size_t i = 0; r->plan->maps[i].name; i++)
		if (strcmp(r->plan->maps[i].name, at->name) == 0 &&
		    (at->kind == TAYRA__YAML_MAP || !is_option(r, at->name)))
			return take_map(r, at, r->plan->maps[i].key);
	for (size_t i = 0; r->plan->parts[i]; i++)
		if (strcmp(r->plan->parts[i], at->name) == 0)
			return take_part(r, at);
	for (const struct argp_option *o = r->plan->table; o->name; o++) {
		if (!means(at->name, o->name))
			continue;
		if (at->kind != TAYRA__YAML_TEXT)
			return refuse(r, at, "'%s' is text", at->name);
		return o->arg ? take_copy(r, at, o->key, at->text) : take_switch(r, at, o->key);
	}
	return unknown(r, at);
}

int
tayra__plan_file_read(const struct tayra__plan_file *plan, const char *command, const char *path)
{
	struct reading r = { .plan = plan, .command = command };
	char error[400];
	int code = 0;

	if (tayra__document_load(&document, path, error, sizeof(error)) != TAYRA_OK) {
		tayra__cli_error(command, "%s", error);
		return TAYRA__EXIT_USAGE;
	}
	if (document.yaml->kind != TAYRA__YAML_MAP)
		code = refuse(&r, document.yaml, "a plan is a mapping of settings");
	for (const struct tayra__yaml *at = document.yaml->first; at && code == 0; at = at->next)
		code = take_setting(&r, at);
	return code;
}
