/* SPDX-License-Identifier: Apache-2.0
 *
 * sources.c: what settings say is opened: passwords, limits, origins, routes; and closed again.
 * One origin of the configuration is one limit, and an origin of the library for each of its
 * routes, since that has one statement or URL.
 */
#include "serve/settings.h"

#include "base/mem.h"
#include "config/reader.h"

#include <stdio.h>
#include <string.h>

#define ADMIN_DEFAULT "127.0.0.1:9121"
#define THREADS       4  /* as tayra.h has it */
#define BATCH_KEYS    64 /* and this */
#define URL_MAX       2048
#define PASSWORD_LINE (TAYRA__PASSWORD_MAX + 3)

struct opening {
	struct tayra__settings *settings;
	char *error;
	size_t error_len;
	char *note;
	size_t note_len;
};

static int
no_memory(const struct opening *o)
{
	snprintf(o->error, o->error_len, "%s", tayra_status_text(TAYRA_E_NOMEM));
	return TAYRA_E_NOMEM;
}

static int
refuse_password(const struct opening *o, const char *path, const char *what)
{
	snprintf(o->error, o->error_len, "%s: %s", path, what);
	return TAYRA_E_INVAL;
}

static int
read_password_file(const struct opening *o)
{
	struct tayra__settings *s = o->settings;
	const char *path = s->password_file;
	char line[PASSWORD_LINE];
	FILE *file = fopen(path, "re");
	int status = TAYRA_OK;

	if (!file) {
		snprintf(o->error, o->error_len, "%s: %m", path);
		return TAYRA_E_INVAL;
	}
	if (!fgets(line, sizeof(line), file))
		status = refuse_password(o, path, ferror(file) ? "cannot be read" : "is empty");
	fclose(file);
	if (status != TAYRA_OK)
		return status;
	line[strcspn(line, "\r\n")] = '\0';
	if (!line[0] || strlen(line) > TAYRA__PASSWORD_MAX)
		status = refuse_password(o, path,
					 line[0] ? "the password is longer than 512 bytes"
						 : "the password is empty");
	else
		s->password = tayra__knob_texts_add(&s->document.texts, NULL, line);
	explicit_bzero(line, sizeof(line));
	return status == TAYRA_OK && !s->password ? no_memory(o) : status;
}

static bool
was_given(const struct tayra__settings *s, const char *name)
{
	const struct tayra__knob *knob = tayra__knob_find(tayra__server_knobs, name);

	return s->given & 1ull << (knob - tayra__server_knobs);
}

/* The command line's password or file counts before the file's file or password. */
static int
open_password(const struct opening *o)
{
	struct tayra__settings *s = o->settings;
	int status = TAYRA_OK;

	if (s->password_file && !was_given(s, "requirepass"))
		status = read_password_file(o);
	s->server.password = s->password;
	s->server.password_len = s->password ? strlen(s->password) : 0;
	return status;
}

static uint32_t
threads_of(const struct tayra__route_setting *route)
{
	return route->threads ? route->threads : THREADS;
}

static uint32_t
within(uint32_t value, uint32_t min, uint32_t max)
{
	return value < min ? min : value > max ? max : value;
}

/* What a route has in its origin's hands at a time: a thread takes a batch. */
static uint32_t
loads_of(const struct tayra__route_setting *route)
{
	uint32_t keys = route->batch_keys ? route->batch_keys : BATCH_KEYS;

	if (!route->batch)
		keys = route->pipeline ? route->pipeline : 1;
	return within(threads_of(route) * keys, 1, 1024);
}

static uint32_t
loads_in_all(const struct tayra__settings *s, const struct tayra__origin_setting *origin)
{
	uint32_t loads = 0;

	for (size_t i = 0; i < s->route_count; i++)
		if (s->routes[i].source == origin)
			loads += loads_of(&s->routes[i]);
	return loads < 1024 ? loads : 1024;
}

/* What is let in beyond the threads waits in a queue of theirs, which knows no classes. */
static int
refuse_limit(const struct opening *o, const struct tayra__origin_setting *origin, uint32_t limit,
	     uint32_t loads)
{
	tayra__document_complain(&o->settings->document, tayra__yaml_find(origin->at, "limit"),
				 o->error, o->error_len,
				 "limit %u is more than the %u loads that the routes of origin "
				 "'%.64s' take at a time",
				 limit, loads, origin->name);
	return TAYRA_E_INVAL;
}

static int
open_limit(const struct opening *o, struct tayra__origin_setting *origin)
{
	const struct tayra__limit_setting *limit = &origin->limit;
	struct tayra_pace_options options = limit->options;
	uint32_t loads = loads_in_all(o->settings, origin), min, max;
	int status;

	if (loads == 0)
		return TAYRA_OK; /* no route asks it */
	min = limit->min ? limit->min : 1;
	max = limit->max ? limit->max : within(loads, min, 1024);
	if ((limit->fixed ? limit->fixed : max) > loads)
		return refuse_limit(o, origin, limit->fixed ? limit->fixed : max, loads);
	if (limit->start)
		options.limit = within(limit->start, min, max);
	options.limit_min = min;
	options.limit_max = max;
	options.sensor = tayra__machine_sensor(o->settings->machine);
	if (!options.p90_target_ns)
		options.p90_target_ns = limit->target_ns;
	if (!options.p90_max_ns)
		options.p90_max_ns = limit->target_ns;
	if (limit->fixed) {
		options.limiter = TAYRA_LIMITER_FIXED;
		options.limit = limit->fixed;
	}
	status = tayra_pace_create(&options, &origin->pace);
	if (status == TAYRA_E_NOMEM)
		return no_memory(o);
	if (status == TAYRA_OK) {
		o->settings->pace_names[o->settings->pace_count] = origin->name;
		o->settings->pace_threads[o->settings->pace_count] = loads;
		o->settings->paces[o->settings->pace_count++] = origin->pace;
	}
	return status;
}

/* Slashes where both meet are one. */
static int
open_http(const struct tayra__route_setting *route, const struct tayra_origin_options *options,
	  char *why, size_t why_len, struct tayra_origin **out)
{
	const struct tayra__origin_setting *source = route->source;
	struct tayra_http_options http = TAYRA_HTTP_OPTIONS_INIT;
	size_t len = strlen(source->http);
	char url[URL_MAX];

	while (len > 0 && source->http[len - 1] == '/')
		len--;
	if (snprintf(url, sizeof(url), "%.*s%s", (int)len, source->http, route->path) >=
	    (int)sizeof(url)) {
		snprintf(why, why_len, "the URL is longer than %d bytes", URL_MAX);
		return TAYRA_E_INVAL;
	}
	http.headers = source->headers;
	http.ca_file = source->ca_file;
	http.proxy = source->proxy;
	http.connect_timeout_ns = source->connect_timeout_ns;
	http.max_redirects = source->max_redirects;
	http.max_age = source->max_age;
	return tayra_origin_http(options, &http, url, why, why_len, out);
}

static int
open_origin(const struct tayra__route_setting *route, char *why, size_t why_len,
	    struct tayra_origin **out)
{
	const struct tayra__origin_setting *source = route->source;
	struct tayra_origin_options options = TAYRA_ORIGIN_OPTIONS_INIT;

	options.threads = threads_of(route);
	options.pace = source->pace;
	options.pattern = route->keys;
	options.shape = (enum tayra_shape)route->shape;
	options.max_rows = route->max_rows;
	options.max_bytes = route->max_bytes;
	options.batch = route->batch;
	options.batch_keys_max = route->batch_keys;
	options.batch_window_ns = route->batch_window_ns;
	options.pipeline = route->pipeline;
	options.version = route->version;
	options.write = route->write;
	options.tags = route->tags;
	if (source->sqlite)
		return tayra_origin_sqlite(&options, source->sqlite, route->query, why, why_len,
					   out);
	if (source->postgres)
		return tayra_origin_postgres(&options, source->postgres, route->query, why, why_len,
					     out);
	if (source->redis)
		return tayra_origin_redis(&options, source->redis, route->query, why, why_len, out);
	return open_http(route, &options, why, why_len, out);
}

/* Where what cannot be opened stands. */
static const struct tayra__yaml *
place_of(const struct tayra__route_setting *route, int status, const char *why)
{
	const char *const kind = route->source->sqlite     ? "sqlite"
				 : route->source->postgres ? "postgres"
				 : route->source->redis    ? "redis"
							   : "http";
	const struct tayra__yaml *at;

	if (status != TAYRA_E_INVAL)
		return tayra__yaml_find(route->source->at, kind);
	if (strncmp(why, "ca_file", strlen("ca_file")) == 0)
		return tayra__yaml_find(route->source->at, "ca_file");
	if (strncmp(why, "pattern", strlen("pattern")) == 0)
		return tayra__yaml_find(route->at, "keys");
	if (strncmp(why, "version", strlen("version")) == 0)
		return tayra__yaml_find(route->at, "version");
	if (strncmp(why, "write", strlen("write")) == 0)
		return tayra__yaml_find(route->at, "write");
	if (strncmp(why, "tags", strlen("tags")) == 0)
		return tayra__yaml_find(route->at, "tags");
	if (strncmp(why, "batch", strlen("batch")) == 0)
		return tayra__yaml_find(route->at, "batch");
	at = tayra__yaml_find(route->at, "query");
	return at ? at : tayra__yaml_find(route->at, "path");
}

/* A line more, unless it is there already, as of another route of that origin, or has no room. */
static void
add_note(const struct opening *o, const char *line)
{
	const size_t len = strlen(o->note);

	if (strstr(o->note, line) || len + strlen(line) + 2 > o->note_len)
		return;
	snprintf(o->note + len, o->note_len - len, "%s%s", len ? "\n" : "", line);
}

static int
open_route(const struct opening *o, const struct tayra__route_setting *route)
{
	struct tayra__settings *s = o->settings;
	struct tayra__route *out = &s->open_routes[s->open_count];
	char why[300] = "", note[700];
	int status = open_origin(route, why, sizeof(why), &out->origin);

	if (status == TAYRA_E_NOMEM)
		return no_memory(o);
	if (status != TAYRA_OK) {
		tayra__document_complain(&s->document, place_of(route, status, why), o->error,
					 o->error_len, "route '%.64s': %s", route->keys,
					 why[0] ? why : tayra_status_text(status));
		return status;
	}
	if (why[0]) {
		tayra__document_complain(&s->document, place_of(route, TAYRA_OK, why), note,
					 sizeof(note),
					 "cannot be asked yet, and is tried again: %s", why);
		add_note(o, note);
	}
	out->keys = route->keys;
	out->name = route->source->name;
	out->ttl_ms = route->ttl_ms;
	out->stale_ms = route->stale_ms;
	out->soft_timeout_ns = route->soft_timeout_ns;
	out->timeout_ns = route->timeout_ns;
	out->absent_ttl_ms = route->absent_ttl_ms;
	out->error_ttl_ms = route->error_ttl_ms;
	out->refresh_at = route->refresh_at;
	out->cls = (enum tayra_class)route->cls;
	out->cost = route->cost;
	s->open_count++;
	return TAYRA_OK;
}

/* Said here, where the line is known; the server would refuse them too. */
static int
check_patterns(const struct opening *o)
{
	struct tayra__settings *s = o->settings;

	for (size_t i = 0; i < s->open_count; i++) {
		struct tayra__routes *routes;
		char why[300] = "";
		int status = tayra__routes_create(s->open_routes, i + 1, why, sizeof(why), &routes);

		tayra__routes_destroy(routes);
		if (status == TAYRA_E_NOMEM)
			return no_memory(o);
		if (status != TAYRA_OK) {
			tayra__document_complain(&s->document,
						 tayra__yaml_find(s->routes[i].at, "keys"),
						 o->error, o->error_len, "%s", why);
			return status;
		}
	}
	return TAYRA_OK;
}

/* A limit does without a sensor, as where there is no /proc; but not without a word. */
static int
open_machine(const struct opening *o)
{
	struct tayra__settings *s = o->settings;
	int status = s->sensor ? TAYRA_OK : tayra__machine_open(&s->machine_at, &s->machine);

	if (status == TAYRA_E_NOMEM)
		return no_memory(o);
	if (status != TAYRA_OK)
		add_note(o, "limits do without the sensor, as /proc cannot be read; 'sensor: off' "
			    "says so");
	return TAYRA_OK;
}

static int
open_routes(const struct opening *o)
{
	struct tayra__settings *s = o->settings;
	int status;

	if (s->route_count == 0)
		return TAYRA_OK;
	status = open_machine(o);
	if (status != TAYRA_OK)
		return status;
	s->open_routes = tayra__mem_array(s->route_count, sizeof(*s->open_routes));
	s->paces = tayra__mem_array(s->origin_count, sizeof(struct tayra_pace *));
	s->pace_names = tayra__mem_array(s->origin_count, sizeof(*s->pace_names));
	s->pace_threads = tayra__mem_array(s->origin_count, sizeof(*s->pace_threads));
	if (!s->open_routes || !s->paces || !s->pace_names || !s->pace_threads)
		return no_memory(o);
	for (size_t i = 0; i < s->origin_count && status == TAYRA_OK; i++)
		status = open_limit(o, &s->origins[i]);
	for (size_t i = 0; i < s->route_count && status == TAYRA_OK; i++)
		status = open_route(o, &s->routes[i]);
	return status == TAYRA_OK ? check_patterns(o) : status;
}

int
tayra__settings_open(struct tayra__settings *settings, char *error, size_t error_len, char *note,
		     size_t note_len)
{
	const struct opening o = { settings, error, error_len, note, note_len };
	const struct tayra__reader r = { &settings->document, settings, error, error_len };
	int status;

	note[0] = '\0';
	settings->server.policy = (enum tayra_policy)settings->policy;
	settings->server.objective = (enum tayra_objective)settings->objective;
	settings->server.learning = (enum tayra_learning)settings->learning;
	settings->server.admin = settings->admin ? settings->admin : ADMIN_DEFAULT;
	settings->server.admin_if_free = !settings->admin;
	if (strcmp(settings->server.admin, "off") == 0)
		settings->server.admin = NULL;
	status = open_password(&o);
	if (status == TAYRA_OK)
		status = open_routes(&o);
	settings->server.routes = settings->open_routes;
	settings->server.route_count = settings->open_count;
	settings->server.paces = settings->paces;
	settings->server.pace_count = settings->pace_count;
	settings->server.pace_names = settings->pace_names;
	settings->server.pace_threads = settings->pace_threads;
	settings->server.loads = &settings->loads;
	settings->server.strategy = settings->learn.at ? &settings->learn.strategy : NULL;
	if (status == TAYRA_OK)
		status = tayra__feeding_open(&r, &settings->server);
	return status == TAYRA_OK ? tayra__alerting_open(&r, &settings->server) : status;
}

void
tayra__settings_fini(struct tayra__settings *s)
{
	for (size_t i = 0; i < s->open_count; i++)
		tayra_origin_close(s->open_routes[i].origin);
	for (size_t i = 0; i < s->pace_count; i++)
		tayra_pace_destroy(s->paces[i]);
	tayra__machine_close(s->machine);
	for (size_t i = 0; i < s->origin_count; i++)
		tayra__mem_free(s->origins[i].headers);
	tayra__mem_free(s->open_routes);
	tayra__mem_free(s->paces);
	tayra__mem_free(s->pace_names);
	tayra__mem_free(s->pace_threads);
	tayra__mem_free(s->origins);
	tayra__mem_free(s->routes);
	tayra__alerting_fini(&s->alerting);
	tayra__feeding_fini(&s->feeding);
	tayra__document_fini(&s->document);
	tayra__settings_init(s);
}

static void
describe_limit(const struct tayra__settings *s, const struct tayra__origin_setting *source,
	       FILE *out)
{
	const struct tayra__limit_setting *limit = &source->limit;
	uint32_t min = limit->min ? limit->min : 1;

	if (limit->fixed)
		fprintf(out, ", limit %u", limit->fixed);
	else
		fprintf(out, ", limit %u to %u", min,
			limit->max ? limit->max : within(loads_in_all(s, source), min, 1024));
}

/* Milliseconds, in the largest unit that says them exactly. */
static void
describe_time(const char *name, uint64_t ms, FILE *out)
{
	if (ms % 3600000 == 0)
		fprintf(out, ", %s %lluh", name, (unsigned long long)(ms / 3600000));
	else if (ms % 60000 == 0 && ms > 60000)
		fprintf(out, ", %s %llum", name, (unsigned long long)(ms / 60000));
	else if (ms % 1000 == 0)
		fprintf(out, ", %s %llus", name, (unsigned long long)(ms / 1000));
	else
		fprintf(out, ", %s %llums", name, (unsigned long long)ms);
}

/* What is unlike the defaults. */
static void
describe_loads(const struct tayra__settings *s, const struct tayra__route_setting *route, FILE *out)
{
	struct tayra_strategy loads = s->loads;
	char text[32];

	if (route->soft_timeout_ns)
		loads.soft_timeout_ns = route->soft_timeout_ns;
	if (route->absent_ttl_ms)
		loads.absent_ttl_ms = route->absent_ttl_ms;
	if (route->error_ttl_ms)
		loads.error_ttl_ms = route->error_ttl_ms;
	if (route->refresh_at != 0)
		loads.refresh_at = route->refresh_at;
	for (const struct tayra__knob *knob = tayra__loads_knobs; knob->name; knob++) {
		tayra__knob_show(knob, &loads, text, sizeof(text));
		if (strcmp(text, "off") != 0 && strcmp(text, "0s") != 0)
			fprintf(out, ", %s %s", knob->name, text);
	}
}

static void
describe_switch(const char *name, enum tayra_feature_mode mode, enum tayra_feature_mode fallback,
		FILE *out)
{
	fprintf(out, "%s%s %s", strcmp(name, "ttl_learning") == 0 ? "" : ", ", name,
		tayra_feature_mode_name(mode ? mode : fallback));
}

static void
describe_learning(const struct tayra_strategy *s, FILE *out)
{
	const enum tayra_feature_mode monitor = TAYRA_FEATURE_MONITOR;

	fprintf(out, "learning: ");
	describe_switch("ttl_learning", s->ttl_learning, monitor, out);
	fprintf(out, " (staleness_budget %g)",
		s->staleness_budget > 0 ? s->staleness_budget : 0.01);
	describe_switch("prefetch_refresh", s->prefetch_refresh, monitor, out);
	describe_switch("prefetch_successors", s->prefetch_successors, monitor, out);
	describe_switch("prefetch_changed", s->prefetch_changed, monitor, out);
	describe_switch("prefetch_periodic", s->prefetch_periodic, monitor, out);
	describe_switch("predictor", s->predictor, monitor, out);
	describe_switch("patterns", s->patterns, TAYRA_FEATURE_ON, out);
	fputc('\n', out);
}

void
tayra__settings_describe(const struct tayra__settings *s, FILE *out)
{
	static const char *const shapes[] = { "raw", "row", "json" };

	for (size_t i = 0; i < s->route_count; i++) {
		const struct tayra__route_setting *route = &s->routes[i];

		/* A conninfo may hold a password: the name says which. */
		fprintf(out, "%s: from %s '%s'", route->keys,
			route->source->sqlite     ? "sqlite"
			: route->source->postgres ? "postgres"
			: route->source->redis    ? "redis"
						  : "http",
			route->source->name);
		if (!route->source->http && !route->source->redis)
			fprintf(out, " as %s", shapes[route->shape]);
		describe_time("ttl", route->ttl_ms ? route->ttl_ms : 60000, out);
		if (route->stale_ms)
			describe_time("stale", route->stale_ms, out);
		if (route->write)
			fprintf(out, ", SET goes there first");
		if (route->tags)
			fprintf(out, ", tags %s", route->tags);
		describe_loads(s, route, out);
		describe_limit(s, route->source, out);
		fputc('\n', out);
	}
	tayra__feeding_describe(&s->feeding, out);
	if (s->learn.at)
		describe_learning(&s->learn.strategy, out);
	tayra__alerting_describe(&s->alerting, out);
}
