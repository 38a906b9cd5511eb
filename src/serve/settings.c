/* SPDX-License-Identifier: Apache-2.0
 *
 * settings.c: from a tree of YAML, row by row.  The tree stays: opening needs to know where things
 * stood.
 */
#include "serve/settings.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ORIGIN_NAME 64

/* What reading something of the file needs. */
struct reading {
	struct tayra__settings *settings;
	char *error;
	size_t error_len;
};

void
tayra__settings_init(struct tayra__settings *settings)
{
	*settings = (struct tayra__settings){ 0 };
}

void
tayra__settings_complain(const struct tayra__settings *settings, const struct tayra__yaml *at,
			 char *error, size_t error_len, const char *format, ...)
{
	char what[400];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	/* Names of the file may hold anything. */
	for (char *c = what; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	if (at)
		snprintf(error, error_len, "%s:%u:%u: %s", settings->file, at->line, at->column,
			 what);
	else
		snprintf(error, error_len, "%s: %s", settings->file, what);
}

static __attribute__((format(printf, 3, 4))) int
refuse(const struct reading *r, const struct tayra__yaml *at, const char *format, ...)
{
	char what[400];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	tayra__settings_complain(r->settings, at, r->error, r->error_len, "%s", what);
	return TAYRA_E_INVAL;
}

static int
no_memory(const struct reading *r)
{
	snprintf(r->error, r->error_len, "%s", tayra_status_text(TAYRA_E_NOMEM));
	return TAYRA_E_NOMEM;
}

int
tayra__settings_set(struct tayra__settings *settings, const struct tayra__knob *knob,
		    const char *text, char *why, size_t why_len)
{
	int status = tayra__knob_set(knob, settings, text, NULL, &settings->texts, why, why_len);

	settings->given |= 1ull << (knob - tayra__server_knobs);
	return status;
}

static int
expect(const struct reading *r, const struct tayra__yaml *at, enum tayra__yaml_kind kind)
{
	if (at->kind == kind)
		return TAYRA_OK;
	return refuse(r, at, "%s%sshould be %s, and is %s", at->name ? at->name : "",
		      at->name ? " " : "", tayra__yaml_kind_name(kind),
		      tayra__yaml_kind_name(at->kind));
}

static bool
says_nothing(const struct tayra__yaml *at)
{
	return !at->quoted &&
	       (at->text[0] == '\0' || strcmp(at->text, "~") == 0 || strcmp(at->text, "null") == 0);
}

static int
read_knob(const struct reading *r, const struct tayra__yaml *at, const struct tayra__knob *knob,
	  void *object)
{
	struct tayra__yaml place = { 0 };
	char why[300] = "";
	int status = expect(r, at, TAYRA__YAML_TEXT);

	if (status != TAYRA_OK)
		return status;
	if (says_nothing(at))
		return refuse(r, at, "%s has no value", at->name);
	status = tayra__knob_set(knob, object, at->text, r->settings->folder, &r->settings->texts,
				 why, sizeof(why));
	if (status == TAYRA_E_NOMEM)
		return no_memory(r);
	if (status == TAYRA_OK)
		return TAYRA_OK;
	place.line = at->value_line;
	place.column = at->value_column;
	return refuse(r, &place, "%s %s", at->name, why);
}

/* Everything in `map` that is a word; knobs that are `given` already are checked and dropped. */
static int
read_knobs(const struct reading *r, const struct tayra__yaml *map, const struct tayra__knob *table,
	   void *object, const char *what)
{
	int status = expect(r, map, TAYRA__YAML_MAP);

	if (status != TAYRA_OK)
		return status;
	for (const struct tayra__yaml *at = map->first; at && status == TAYRA_OK; at = at->next) {
		const struct tayra__knob *knob = tayra__knob_find(table, at->name);
		const char *near = knob ? NULL : tayra__knob_nearest(table, at->name);

		if (near)
			return refuse(r, at, "%s knows no '%.64s'; did you mean '%s'?", what,
				      at->name, near);
		if (!knob)
			return refuse(r, at, "%s knows no '%.64s'", what, at->name);
		if (knob->type != TAYRA__KNOB_OTHER)
			status = read_knob(r, at, knob, object);
	}
	return status;
}

static int
read_limit(const struct reading *r, const struct tayra__yaml *at,
	   struct tayra__limit_setting *limit)
{
	const struct tayra__knob fixed = { "limit", TAYRA__KNOB_COUNT, 0, "N", 1, 1024 };
	int status;

	if (!at)
		return TAYRA_OK;
	if (at->kind == TAYRA__YAML_TEXT)
		return read_knob(r, at, &fixed, &limit->fixed);
	status = read_knobs(r, at, tayra__limit_knobs, limit, "limit");
	if (status != TAYRA_OK)
		return status;
	if (limit->max && limit->min > limit->max)
		return refuse(r, at, "limit has a min of %u over its max of %u", limit->min,
			      limit->max);
	if (limit->start &&
	    (limit->start < limit->min || (limit->max && limit->start > limit->max)))
		return refuse(r, at, "limit starts with %u, which is not within min and max",
			      limit->start);
	return TAYRA_OK;
}

static int
read_headers(const struct reading *r, const struct tayra__yaml *list,
	     struct tayra__origin_setting *origin)
{
	size_t count = 0;
	int status;

	if (!list)
		return TAYRA_OK;
	status = expect(r, list, TAYRA__YAML_LIST);
	if (status != TAYRA_OK)
		return status;
	for (const struct tayra__yaml *at = list->first; at; at = at->next)
		count++;
	origin->headers = tayra__mem_array(count + 1, sizeof(*origin->headers));
	if (!origin->headers)
		return no_memory(r);
	count = 0;
	for (const struct tayra__yaml *at = list->first; at; at = at->next) {
		status = expect(r, at, TAYRA__YAML_TEXT);
		if (status != TAYRA_OK)
			return status;
		origin->headers[count++] = at->text; /* the tree's, which stays */
	}
	return TAYRA_OK;
}

/* What is for HTTP servers alone. */
static int
check_origin(const struct reading *r, const struct tayra__origin_setting *origin)
{
	static const char *const http_only[] = { "headers",         "ca_file",       "proxy",
						 "connect_timeout", "max_redirects", "max_age" };
	int kinds = !!origin->sqlite + !!origin->postgres + !!origin->http;

	if (kinds != 1)
		return refuse(r, origin->at,
			      "origin '%.64s' must have %sone of sqlite, postgres and http",
			      origin->name, kinds ? "only " : "");
	for (size_t i = 0; !origin->http && i < sizeof(http_only) / sizeof(http_only[0]); i++) {
		const struct tayra__yaml *at = tayra__yaml_find(origin->at, http_only[i]);

		if (at)
			return refuse(r, at, "%s is for HTTP servers, and origin '%.64s' is none",
				      at->name, origin->name);
	}
	return TAYRA_OK;
}

/* It stands in INFO, and in lines of text. */
static bool
is_plain(const char *name)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";

	return strlen(name) <= ORIGIN_NAME && name[strspn(name, plain)] == '\0';
}

static int
read_origin(const struct reading *r, const struct tayra__yaml *at,
	    struct tayra__origin_setting *origin)
{
	int status;

	if (!is_plain(at->name))
		return refuse(r, at,
			      "the name of an origin is up to %d letters, digits, '_', '-' and "
			      "'.', and '%.64s' is not",
			      ORIGIN_NAME, at->name);
	origin->name = at->name;
	origin->at = at;
	status = read_knobs(r, at, tayra__origin_knobs, origin, "an origin");
	if (status == TAYRA_OK)
		status = read_limit(r, tayra__yaml_find(at, "limit"), &origin->limit);
	if (status == TAYRA_OK)
		status = read_headers(r, tayra__yaml_find(at, "headers"), origin);
	return status == TAYRA_OK ? check_origin(r, origin) : status;
}

static size_t
count_parts(const struct tayra__yaml *of)
{
	size_t count = 0;

	for (const struct tayra__yaml *at = of->first; at; at = at->next)
		count++;
	return count;
}

static int
read_origins(const struct reading *r, const struct tayra__yaml *map)
{
	struct tayra__settings *s = r->settings;
	int status;

	if (!map)
		return TAYRA_OK;
	status = expect(r, map, TAYRA__YAML_MAP);
	if (status != TAYRA_OK)
		return status;
	s->origins = tayra__mem_array(count_parts(map) + 1, sizeof(*s->origins));
	if (!s->origins)
		return no_memory(r);
	for (const struct tayra__yaml *at = map->first; at && status == TAYRA_OK; at = at->next)
		status = read_origin(r, at, &s->origins[s->origin_count++]);
	return status;
}

static struct tayra__origin_setting *
find_origin(const struct tayra__settings *s, const char *name)
{
	for (size_t i = 0; i < s->origin_count; i++)
		if (strcmp(s->origins[i].name, name) == 0)
			return &s->origins[i];
	return NULL;
}

static int
check_route(const struct reading *r, const struct tayra__route_setting *route)
{
	static const char *const sql_only[] = { "query", "as", "max_rows" };
	const struct tayra__yaml *path = tayra__yaml_find(route->at, "path");

	if (!route->source->http && !route->query)
		return refuse(r, route->at, "a route to a database needs a query");
	if (!route->source->http && path)
		return refuse(r, path, "path is for HTTP servers, and origin '%.64s' is none",
			      route->origin);
	if (route->source->http && !path)
		return refuse(r, route->at, "a route to an HTTP server needs a path");
	if (route->source->http && route->path[0] != '/')
		return refuse(r, path, "path '%.64s' does not begin with '/'", route->path);
	for (size_t i = 0; route->source->http && i < sizeof(sql_only) / sizeof(sql_only[0]); i++) {
		const struct tayra__yaml *at = tayra__yaml_find(route->at, sql_only[i]);

		if (at)
			return refuse(r, at, "%s is for databases, and origin '%.64s' is none",
				      at->name, route->origin);
	}
	return TAYRA_OK;
}

static int
read_route(const struct reading *r, const struct tayra__yaml *at,
	   struct tayra__route_setting *route)
{
	int status;

	route->at = at;
	status = read_knobs(r, at, tayra__route_knobs, route, "a route");
	if (status != TAYRA_OK)
		return status;
	if (!route->keys || !route->origin)
		return refuse(r, at, "a route needs %s", route->keys ? "an origin" : "keys");
	route->source = find_origin(r->settings, route->origin);
	if (!route->source)
		return refuse(r, tayra__yaml_find(at, "origin"), "there is no origin '%.64s'",
			      route->origin);
	return check_route(r, route);
}

static int
read_routes(const struct reading *r, const struct tayra__yaml *list)
{
	struct tayra__settings *s = r->settings;
	int status;

	if (!list)
		return TAYRA_OK;
	status = expect(r, list, TAYRA__YAML_LIST);
	if (status != TAYRA_OK)
		return status;
	s->routes = tayra__mem_array(count_parts(list) + 1, sizeof(*s->routes));
	if (!s->routes)
		return no_memory(r);
	for (const struct tayra__yaml *at = list->first; at && status == TAYRA_OK; at = at->next)
		status = read_route(r, at, &s->routes[s->route_count++]);
	return status;
}

/* The file says what the command line did not. */
static int
read_server(const struct reading *r)
{
	struct tayra__settings *s = r->settings;
	const struct tayra__settings before = *s;
	int status = read_knobs(r, s->yaml, tayra__server_knobs, s, "the configuration");

	if (tayra__yaml_find(s->yaml, "requirepass") && tayra__yaml_find(s->yaml, "password_file"))
		return refuse(r, tayra__yaml_find(s->yaml, "password_file"),
			      "password_file stands beside requirepass: which of them?");
	for (size_t i = 0; tayra__server_knobs[i].name; i++) {
		const struct tayra__knob *knob = &tayra__server_knobs[i];

		if (s->given & 1ull << i)
			tayra__knob_copy(knob, s, &before);
	}
	return status;
}

static int
read_tree(const struct reading *r)
{
	struct tayra__settings *s = r->settings;
	int status = read_server(r);

	if (status == TAYRA_OK)
		status = read_origins(r, tayra__yaml_find(s->yaml, "origins"));
	if (status == TAYRA_OK)
		status = read_routes(r, tayra__yaml_find(s->yaml, "routes"));
	return status;
}

/* "etc" of "etc/tayra.yaml", NULL of "tayra.yaml". */
static int
remember_name(const struct reading *r, const char *name)
{
	struct tayra__settings *s = r->settings;
	const char *slash = strrchr(name, '/');
	char *folder;

	s->file = tayra__knob_texts_add(&s->texts, NULL, name);
	if (!s->file)
		return no_memory(r);
	if (!slash)
		return TAYRA_OK;
	folder = (char *)tayra__knob_texts_add(&s->texts, NULL, name);
	if (!folder)
		return no_memory(r);
	folder[slash - name + (slash == name)] = '\0';
	s->folder = folder;
	return TAYRA_OK;
}

int
tayra__settings_read(struct tayra__settings *settings, const char *name, const char *bytes,
		     size_t len, char *error, size_t error_len)
{
	const struct reading r = { settings, error, error_len };
	struct tayra__yaml_error wrong;
	int status = remember_name(&r, name);

	if (status != TAYRA_OK)
		return status;
	status = tayra__yaml_parse(bytes, len, &wrong, &settings->yaml);
	if (status != TAYRA_OK) {
		const struct tayra__yaml at = { .line = wrong.line, .column = wrong.column };

		tayra__settings_complain(settings, wrong.line ? &at : NULL, error, error_len, "%s",
					 wrong.text);
		return status;
	}
	return read_tree(&r);
}

int
tayra__settings_load(struct tayra__settings *settings, const char *path, char *error,
		     size_t error_len)
{
	FILE *file = fopen(path, "re");
	char *bytes;
	size_t len;
	int status;

	if (!file) {
		snprintf(error, error_len, "%s: %m", path);
		return TAYRA_E_IO;
	}
	/* One more than is allowed, so that too many are seen. */
	bytes = tayra__mem_alloc(TAYRA__YAML_BYTES + 1);
	if (!bytes) {
		fclose(file);
		snprintf(error, error_len, "%s", tayra_status_text(TAYRA_E_NOMEM));
		return TAYRA_E_NOMEM;
	}
	len = fread(bytes, 1, TAYRA__YAML_BYTES + 1, file);
	if (ferror(file)) {
		snprintf(error, error_len, "%s: %m", path);
		status = TAYRA_E_IO;
	} else {
		status = tayra__settings_read(settings, path, bytes, len, error, error_len);
	}
	fclose(file);
	explicit_bzero(bytes, TAYRA__YAML_BYTES + 1);
	tayra__mem_free(bytes);
	return status;
}
