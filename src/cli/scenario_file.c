/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/scenario_file.h"

#include <tayra/base.h>

#include <stdio.h>
#include <string.h>

#include "base/option.h"
#include "config/reader.h"
#include "drive/command.h"

static const char *const orders[] = { "random", "sequence", "zipf", NULL };

/* What a file says beside its kinds. */
struct top {
	const char *data;
	int order;
	double skew;
};

static const struct tayra__knob top_knobs[] = {
	{ .name = "data",
	  .type = TAYRA__KNOB_PATH,
	  .offset = offsetof(struct top, data),
	  .argument = "FILE",
	  .sentence = "CSV whose columns fill the holes of requests" },
	{ .name = "order",
	  .type = TAYRA__KNOB_CHOICE,
	  .offset = offsetof(struct top, order),
	  .choices = orders,
	  .fallback = "random",
	  .sentence = "which row a request gets" },
	{ .name = "skew",
	  .type = TAYRA__KNOB_NUMBER,
	  .offset = offsetof(struct top, skew),
	  .argument = "S",
	  .min = 0.01,
	  .max = 5,
	  .fallback = "0.99",
	  .sentence = "of order zipf: row n is asked for in proportion to 1 / n^S" },
	{ .name = "requests",
	  .type = TAYRA__KNOB_OTHER,
	  .sentence = "the kinds of requests, each a mapping" },
	{ .name = NULL },
};

/* What stands in a kind, before it is one. */
struct entry {
	const char *name, *method, *path, *body, *command, *think;
	double weight;
};

static const struct tayra__knob kind_knobs[] = {
	{ .name = "name",
	  .type = TAYRA__KNOB_TEXT,
	  .offset = offsetof(struct entry, name),
	  .argument = "TEXT",
	  .sentence = "what reports call it" },
	{ .name = "weight",
	  .type = TAYRA__KNOB_NUMBER,
	  .offset = offsetof(struct entry, weight),
	  .argument = "N",
	  .min = 0,
	  .max = 1e6,
	  .fallback = "1",
	  .sentence = "how often it is asked, beside the others" },
	{ .name = "method",
	  .type = TAYRA__KNOB_TEXT,
	  .offset = offsetof(struct entry, method),
	  .argument = "NAME",
	  .fallback = "GET, or POST with a body",
	  .sentence = "of HTTP" },
	{ .name = "path",
	  .type = TAYRA__KNOB_TEXT,
	  .offset = offsetof(struct entry, path),
	  .argument = "PATH",
	  .fallback = "that of the URL",
	  .sentence = "of HTTP, with the query" },
	{ .name = "headers",
	  .type = TAYRA__KNOB_OTHER,
	  .sentence = "of HTTP: a mapping of names to values" },
	{ .name = "body",
	  .type = TAYRA__KNOB_TEXT,
	  .offset = offsetof(struct entry, body),
	  .argument = "TEXT",
	  .sentence = "of HTTP" },
	{ .name = "command",
	  .type = TAYRA__KNOB_TEXT,
	  .offset = offsetof(struct entry, command),
	  .argument = "WORDS",
	  .fallback = "GET of the key in the URL",
	  .sentence = "of Redis" },
	{ .name = "think",
	  .type = TAYRA__KNOB_TEXT,
	  .offset = offsetof(struct entry, think),
	  .argument = "TIME|~TIME",
	  .fallback = "0s",
	  .sentence = "without a rate: how long a client rests before it asks again; with ~ at "
		      "random, that long on average" },
	{ .name = NULL },
};

static int
keep(const struct tayra__reader *r, const char *text, const char **out)
{
	*out = tayra__knob_texts_add(&r->document->texts, NULL, text);
	return *out ? TAYRA_OK : tayra__reader_no_memory(r);
}

static int
read_headers(const struct tayra__reader *r, const struct tayra__yaml *map,
	     struct tayra__mix_kind *kind)
{
	int status = map ? tayra__reader_expect(r, map, TAYRA__YAML_MAP) : TAYRA_OK;

	if (!map)
		return TAYRA_OK;
	for (const struct tayra__yaml *at = map->first; at && status == TAYRA_OK; at = at->next) {
		char text[5000];

		status = tayra__reader_expect(r, at, TAYRA__YAML_TEXT);
		if (status != TAYRA_OK)
			break;
		if (kind->header_count == TAYRA__MIX_PARTS_MAX)
			return tayra__reader_refuse(r, at, "more than %d headers",
						    TAYRA__MIX_PARTS_MAX);
		if ((size_t)snprintf(text, sizeof(text), "%s: %s", at->name, at->text) >=
		    sizeof(text))
			return tayra__reader_refuse(r, at, "a header of over 4,999 bytes");
		status = keep(r, text, &kind->headers[kind->header_count++]);
	}
	return status;
}

static int
read_command(const struct tayra__reader *r, const struct tayra__yaml *at, const char *text,
	     struct tayra__mix_kind *kind)
{
	static struct tayra__command words; /* for a moment */
	char why[100];
	int status = TAYRA_OK;

	if (!text)
		return TAYRA_OK;
	if (tayra__command_parse(text, &words, why, sizeof(why)) != TAYRA_OK)
		return tayra__reader_refuse(r, tayra__yaml_find(at, "command"), "command: %s", why);
	for (size_t i = 0; words.argv[i] && status == TAYRA_OK; i++) {
		if (i == TAYRA__MIX_PARTS_MAX)
			return tayra__reader_refuse(r, tayra__yaml_find(at, "command"),
						    "command: more than %d words",
						    TAYRA__MIX_PARTS_MAX);
		status = keep(r, words.argv[i], &kind->words[kind->word_count++]);
	}
	return status;
}

static int
read_think(const struct tayra__reader *r, const struct tayra__yaml *at, const char *text,
	   struct tayra__mix_kind *kind)
{
	if (!text)
		return TAYRA_OK;
	kind->think_at_random = text[0] == '~';
	if (tayra__option_duration_ns(text + kind->think_at_random, &kind->think_ns) == TAYRA_OK &&
	    kind->think_ns <= 3600 * TAYRA_NS_PER_S)
		return TAYRA_OK;
	return tayra__reader_refuse(r, tayra__yaml_find(at, "think"),
				    "think: '%.40s' is no time of up to an hour, as 20ms or ~20ms",
				    text);
}

static int
read_kind(const struct tayra__reader *r, const struct tayra__yaml *at, struct tayra__mix_kind *kind)
{
	struct entry entry = { .weight = 1 };
	int status = tayra__reader_expect(r, at, TAYRA__YAML_MAP);

	if (status == TAYRA_OK)
		status = tayra__reader_knobs(r, at, kind_knobs, &entry, "a request");
	if (status != TAYRA_OK)
		return status;
	if (!entry.name)
		return tayra__reader_refuse(r, at, "a request has a name");
	*kind = (struct tayra__mix_kind){ .name = entry.name,
					  .weight = entry.weight,
					  .method = entry.method,
					  .path = entry.path,
					  .body = entry.body };
	status = read_headers(r, tayra__yaml_find(at, "headers"), kind);
	if (status == TAYRA_OK)
		status = read_command(r, at, entry.command, kind);
	return status == TAYRA_OK ? read_think(r, at, entry.think, kind) : status;
}

static int
read_kinds(const struct tayra__reader *r, struct tayra__mix *mix)
{
	const struct tayra__yaml *list = tayra__yaml_find(r->document->yaml, "requests");
	int status;

	if (!list)
		return tayra__reader_refuse(r, NULL, "a scenario has a list of requests");
	status = tayra__reader_expect(r, list, TAYRA__YAML_LIST);
	if (status != TAYRA_OK)
		return status;
	for (const struct tayra__yaml *at = list->first; at && status == TAYRA_OK; at = at->next) {
		if (mix->kinds == TAYRA__MIX_KINDS_MAX)
			return tayra__reader_refuse(r, at, "more than %d kinds of requests",
						    TAYRA__MIX_KINDS_MAX);
		status = read_kind(r, at, &mix->kind[mix->kinds]);
		for (size_t i = 0; i < mix->kinds && status == TAYRA_OK; i++)
			if (strcmp(mix->kind[i].name, mix->kind[mix->kinds].name) == 0)
				status = tayra__reader_refuse(r, at,
							      "two requests are called '%.60s'",
							      mix->kind[i].name);
		mix->kinds++;
	}
	if (status == TAYRA_OK && tayra__mix_ready(mix) != TAYRA_OK)
		return tayra__reader_refuse(r, list, "no request has a weight above 0");
	return status;
}

static int
read_all(struct tayra__scenario_file *file, const char *data, char *error, size_t error_len)
{
	const struct tayra__reader r = { .document = &file->document,
					 .error = error,
					 .error_len = error_len };
	struct top top = { .skew = 0.99 };
	int status = tayra__reader_expect(&r, file->document.yaml, TAYRA__YAML_MAP);

	if (status == TAYRA_OK)
		status = tayra__reader_knobs(&r, file->document.yaml, top_knobs, &top,
					     "a scenario");
	if (status != TAYRA_OK)
		return status;
	if (data || top.data) {
		status = tayra__rows_load(&file->rows, data ? data : top.data, error, error_len);
		if (status != TAYRA_OK)
			return status;
		file->mix.rows = &file->rows;
	}
	file->mix.order = (enum tayra__mix_order)top.order;
	file->mix.skew = top.skew;
	return read_kinds(&r, &file->mix);
}

int
tayra__scenario_file_load(struct tayra__scenario_file *file, const char *path, const char *data,
			  char *error, size_t error_len)
{
	int status = tayra__document_load(&file->document, path, error, error_len);

	return status == TAYRA_OK ? read_all(file, data, error, error_len) : status;
}

void
tayra__scenario_file_fini(struct tayra__scenario_file *file)
{
	tayra__rows_fini(&file->rows);
	tayra__document_fini(&file->document);
}
