/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/scenario_file.h"

#include <tayra/base.h>

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/option.h"
#include "config/reader.h"
#include "drive/command.h"

#define THINK_MAX_NS (3600 * TAYRA_NS_PER_S)
#define ZIPF_MAX     10
#define HEADER_BYTES 8192
#define WEIGHT_MAX   1e6
#define WEIGHT_MIN   1e-6

/* A kind as it is written. */
struct kind_text {
	const char *name, *method, *path, *body, *think, *command;
	double weight;
};

#define ROW(member, type, min, max, sentence)                                                      \
	{                                                                                          \
#member, type, offsetof(struct kind_text, member), "", min, max, NULL, 0, NULL,    \
			sentence                                                                   \
	}

static const struct tayra__knob kind_knobs[] = {
	ROW(name, TAYRA__KNOB_TEXT, 0, 0, "what its figures are called"),
	ROW(weight, TAYRA__KNOB_NUMBER, WEIGHT_MIN, WEIGHT_MAX, "how often, beside the others"),
	ROW(method, TAYRA__KNOB_TEXT, 0, 0, "of HTTP"),
	ROW(path, TAYRA__KNOB_TEXT, 0, 0, "of HTTP, behind that of the URL"),
	ROW(body, TAYRA__KNOB_TEXT, 0, 0, "of HTTP"),
	ROW(command, TAYRA__KNOB_TEXT, 0, 0, "of Redis, in words"),
	ROW(think, TAYRA__KNOB_TEXT, 0, 0, "how long a client waits after the answer"),
	{ "headers", TAYRA__KNOB_OTHER, 0, "", 0, 0, NULL, 0, NULL, "of HTTP" },
	{ 0 },
};

static const struct tayra__knob data_knob = { "data",
					      TAYRA__KNOB_PATH,
					      offsetof(struct tayra__scenario_file, data),
					      "FILE",
					      0,
					      0,
					      NULL,
					      0,
					      NULL,
					      "a CSV file" };

static struct tayra__scenario_file *
file_of(const struct tayra__reader *r)
{
	return r->into;
}

/* A copy that lives as long as the document; NULL: no memory. */
static const char *
keep(const struct tayra__reader *r, const char *text)
{
	return tayra__knob_texts_add(&r->document->texts, NULL, text);
}

/* "20ms", always that long, or "~20ms", that long on average. */
static int
read_think(const struct tayra__reader *r, const struct tayra__yaml *at, const char *text,
	   struct tayra__scenario_kind *kind)
{
	kind->think_varies = text[0] == '~';
	if (tayra__option_duration_ns(text + kind->think_varies, &kind->think_ns) == TAYRA_OK &&
	    kind->think_ns <= THINK_MAX_NS)
		return TAYRA_OK;
	return tayra__reader_refuse(r, tayra__yaml_find(at, "think"),
				    "think '%.60s' is no time of up to an hour: 20ms, or ~20ms for "
				    "one by chance with that mean",
				    text);
}

static int
read_headers(const struct tayra__reader *r, const struct tayra__yaml *map,
	     struct tayra__scenario_kind *kind)
{
	int status = map ? tayra__reader_expect(r, map, TAYRA__YAML_MAP) : TAYRA_OK;

	if (!map || status != TAYRA_OK)
		return status;
	for (const struct tayra__yaml *at = map->first; at; at = at->next) {
		char text[HEADER_BYTES];

		status = tayra__reader_expect(r, at, TAYRA__YAML_TEXT);
		if (status != TAYRA_OK)
			return status;
		if (kind->header_count == TAYRA__SCENARIO_HEADERS_MAX)
			return tayra__reader_refuse(r, at, "more than %d headers",
						    TAYRA__SCENARIO_HEADERS_MAX);
		if ((size_t)snprintf(text, sizeof(text), "%s: %s", at->name, at->text) >=
		    sizeof(text))
			return tayra__reader_refuse(r, at, "a header of over %d bytes",
						    HEADER_BYTES - 1);
		kind->headers[kind->header_count] = keep(r, text);
		if (!kind->headers[kind->header_count++])
			return tayra__reader_no_memory(r);
	}
	return TAYRA_OK;
}

static int
read_command(const struct tayra__reader *r, const struct tayra__yaml *at, const char *text,
	     struct tayra__scenario_kind *kind)
{
	struct tayra__command words;
	char why[100];

	at = tayra__yaml_find(at, "command");
	if (kind->method || kind->path || kind->body || kind->header_count)
		return tayra__reader_refuse(r, at,
					    "a command is of Redis, and method, path, "
					    "headers and body of HTTP: one or the other");
	if (tayra__command_parse(text, &words, why, sizeof(why)) != TAYRA_OK)
		return tayra__reader_refuse(r, at, "command: %s", why);
	for (size_t i = 0; words.argv[i]; i++) {
		if (i == TAYRA__SCENARIO_WORDS_MAX)
			return tayra__reader_refuse(r, at, "command: more than %d words",
						    TAYRA__SCENARIO_WORDS_MAX);
		kind->words[i] = keep(r, words.argv[i]);
		if (!kind->words[i])
			return tayra__reader_no_memory(r);
		kind->word_count++;
	}
	return TAYRA_OK;
}

/* Its name is there and is the only such, and where it stands is kept. */
static int
name_kind(const struct tayra__reader *r, const struct tayra__yaml *at,
	  struct tayra__scenario_kind *kind)
{
	const struct tayra__scenario *s = &file_of(r)->scenario;
	const struct tayra__yaml *name = tayra__yaml_find(at, "name");
	char where[300];

	if (!kind->name)
		return tayra__reader_refuse(r, at, "a kind of request without a name");
	for (size_t i = 0; i < s->kinds; i++)
		if (strcmp(s->kind[i].name, kind->name) == 0)
			return tayra__reader_refuse(r, name, "two kinds are called '%.60s'",
						    kind->name);
	if (strlen(kind->name) >= 32 || strpbrk(kind->name, "\n\r\t"))
		return tayra__reader_refuse(r, name, "a name is one line of up to 31 bytes");
	snprintf(where, sizeof(where), "%.200s:%u:%u", r->document->file, (unsigned)at->line,
		 (unsigned)at->column);
	kind->where = keep(r, where);
	return kind->where ? TAYRA_OK : tayra__reader_no_memory(r);
}

static int
read_kind(const struct tayra__reader *r, const struct tayra__yaml *at)
{
	struct tayra__scenario *s = &file_of(r)->scenario;
	struct tayra__scenario_kind *kind = &s->kind[s->kinds];
	struct kind_text text = { .weight = 1 };
	int status = tayra__reader_knobs(r, at, kind_knobs, &text, "a kind of request");

	if (status != TAYRA_OK)
		return status;
	*kind = (struct tayra__scenario_kind){ .name = text.name,
					       .weight = text.weight,
					       .method = text.method,
					       .path = text.path,
					       .body = text.body };
	status = name_kind(r, at, kind);
	if (status == TAYRA_OK && text.think)
		status = read_think(r, at, text.think, kind);
	if (status == TAYRA_OK)
		status = read_headers(r, tayra__yaml_find(at, "headers"), kind);
	if (status == TAYRA_OK && text.command)
		status = read_command(r, at, text.command, kind);
	if (status == TAYRA_OK)
		s->kinds++;
	return status;
}

static int
read_kinds(const struct tayra__reader *r, const struct tayra__yaml *list)
{
	int status = tayra__reader_expect(r, list, TAYRA__YAML_LIST);

	file_of(r)->scenario.kinds = 0;
	if (status == TAYRA_OK && !list->first)
		return tayra__reader_refuse(r, list, "a scenario without a kind of request");
	for (const struct tayra__yaml *at = list->first; at && status == TAYRA_OK; at = at->next) {
		if (file_of(r)->scenario.kinds == TAYRA__SCENARIO_KINDS_MAX)
			return tayra__reader_refuse(r, at, "more than %d kinds of requests",
						    TAYRA__SCENARIO_KINDS_MAX);
		status = read_kind(r, at);
	}
	return status;
}

static int
read_order(const struct tayra__reader *r, const struct tayra__yaml *at)
{
	int status = tayra__reader_expect(r, at, TAYRA__YAML_TEXT);

	if (status != TAYRA_OK || tayra__scenario_file_order(file_of(r), at->text) == TAYRA_OK)
		return status;
	return tayra__reader_refuse(r, at, "'%.60s' is not " TAYRA__SCENARIO_ORDERS, at->text);
}

static int
unknown(const struct tayra__reader *r, const struct tayra__yaml *at)
{
	static const char *const names[] = { "scenario", "data", "data_order", NULL };
	const char *near = tayra__option_nearest(at->name, names);

	return tayra__reader_refuse(r, at, "a scenario knows no '%.60s'%s%s%s", at->name,
				    near ? "; did you mean '" : "", near ? near : "",
				    near ? "'?" : "");
}

static int
take(const struct tayra__reader *r, const struct tayra__yaml *at)
{
	if (strcmp(at->name, "scenario") == 0)
		return read_kinds(r, at);
	if (strcmp(at->name, "data") == 0)
		return tayra__reader_knob(r, at, &data_knob, file_of(r));
	if (strcmp(at->name, "data_order") == 0)
		return read_order(r, at);
	return unknown(r, at);
}

int
tayra__scenario_file_take(struct tayra__scenario_file *file, struct tayra__document *document,
			  const struct tayra__yaml *at, char *error, size_t error_len)
{
	const struct tayra__reader r = { document, file, error, error_len };
	const char *path;

	if (strcmp(at->name, "scenario") != 0 || at->kind != TAYRA__YAML_TEXT)
		return take(&r, at);
	path = tayra__knob_texts_add(&document->texts, document->folder, at->text);
	return path ? tayra__scenario_file_read(file, path, error, error_len)
		    : tayra__reader_no_memory(&r);
}

int
tayra__scenario_file_take_all(struct tayra__scenario_file *file, struct tayra__document *document,
			      char *error, size_t error_len)
{
	const struct tayra__reader r = { document, file, error, error_len };
	const struct tayra__yaml *all = document->yaml;
	int status = TAYRA_OK;

	if (all->kind == TAYRA__YAML_LIST)
		return read_kinds(&r, all);
	if (all->kind != TAYRA__YAML_MAP || !tayra__yaml_find(all, "scenario"))
		return tayra__reader_refuse(&r, all,
					    "has no 'scenario:', a list of kinds of requests");
	for (const struct tayra__yaml *at = all->first; at && status == TAYRA_OK; at = at->next)
		status = take(&r, at);
	return status;
}

int
tayra__scenario_file_read(struct tayra__scenario_file *file, const char *path, char *error,
			  size_t error_len)
{
	static struct tayra__document document; /* stays */
	int status;

	tayra__document_fini(&document);
	status = tayra__document_load(&document, path, error, error_len);
	if (status != TAYRA_OK)
		return status;
	return tayra__scenario_file_take_all(file, &document, error, error_len);
}

int
tayra__scenario_file_order(struct tayra__scenario_file *file, const char *text)
{
	double exponent;

	if (strcmp(text, "random") == 0) {
		file->scenario.order = TAYRA__SCENARIO_RANDOM;
	} else if (strcmp(text, "sequence") == 0) {
		file->scenario.order = TAYRA__SCENARIO_SEQUENCE;
	} else if (strncmp(text, "zipf:", 5) == 0 &&
		   tayra__option_double(text + 5, 0, ZIPF_MAX, &exponent) == TAYRA_OK &&
		   exponent > 0) {
		file->scenario.order = TAYRA__SCENARIO_ZIPF;
		file->zipf = exponent;
	} else {
		return TAYRA_E_INVAL;
	}
	return TAYRA_OK;
}

int
tayra__scenario_file_ready(struct tayra__scenario_file *file, char *error, size_t error_len)
{
	struct tayra__scenario *s = &file->scenario;
	int status;

	if (!file->data)
		return TAYRA_OK;
	if (!s->kinds) {
		snprintf(error, error_len, "data %.200s: no scenario takes values from it",
			 file->data);
		return TAYRA_E_INVAL;
	}
	status = tayra__rows_load(&file->rows, file->data, error, error_len);
	if (status != TAYRA_OK)
		return status;
	s->rows = &file->rows;
	if (s->order == TAYRA__SCENARIO_ZIPF)
		tayra__zipf_init(&s->zipf, file->rows.rows, file->zipf);
	return TAYRA_OK;
}
