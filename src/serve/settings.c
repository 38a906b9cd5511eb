/* SPDX-License-Identifier: Apache-2.0
 *
 * settings.c: from a tree of YAML, row by row.  The tree stays: opening needs to know where things
 * stood.
 */
#include "serve/settings.h"

#include "base/mem.h"
#include "config/reader.h"

#include <stdio.h>
#include <string.h>

#define ORIGIN_NAME    64
#define TTL_DEFAULT_MS 60000 /* of a route, as tayra.h has it */

void
tayra__settings_init(struct tayra__settings *settings)
{
	*settings = (struct tayra__settings){ .machine_at = TAYRA_SENSOR_OPTIONS_INIT };
}

int
tayra__settings_set(struct tayra__settings *settings, const struct tayra__knob *knob,
		    const char *text, char *why, size_t why_len)
{
	int status = tayra__knob_set(knob, settings, text, NULL, &settings->document.texts, why,
				     why_len);

	settings->given |= 1ull << (knob - tayra__server_knobs);
	return status;
}

static int
read_limit(const struct tayra__reader *r, const struct tayra__yaml *at,
	   struct tayra__limit_setting *limit)
{
	const struct tayra__knob fixed = { "limit", TAYRA__KNOB_COUNT, 0, "N", 1, 1024 };
	int status;

	if (!at)
		return TAYRA_OK;
	if (at->kind == TAYRA__YAML_TEXT)
		return tayra__reader_knob(r, at, &fixed, &limit->fixed);
	status = tayra__reader_knobs(r, at, tayra__limit_knobs, limit, "limit");
	if (status != TAYRA_OK)
		return status;
	if (limit->max && limit->min > limit->max)
		return tayra__reader_refuse(r, at, "limit has a min of %u over its max of %u",
					    limit->min, limit->max);
	if (limit->start &&
	    (limit->start < limit->min || (limit->max && limit->start > limit->max)))
		return tayra__reader_refuse(r, at,
					    "limit starts with %u, which is not within min and max",
					    limit->start);
	return TAYRA_OK;
}

static int
read_headers(const struct tayra__reader *r, const struct tayra__yaml *list,
	     struct tayra__origin_setting *origin)
{
	size_t count = 0;
	int status;

	if (!list)
		return TAYRA_OK;
	status = tayra__reader_expect(r, list, TAYRA__YAML_LIST);
	if (status != TAYRA_OK)
		return status;
	for (const struct tayra__yaml *at = list->first; at; at = at->next)
		count++;
	origin->headers = tayra__mem_array(count + 1, sizeof(*origin->headers));
	if (!origin->headers)
		return tayra__reader_no_memory(r);
	count = 0;
	for (const struct tayra__yaml *at = list->first; at; at = at->next) {
		status = tayra__reader_expect(r, at, TAYRA__YAML_TEXT);
		if (status != TAYRA_OK)
			return status;
		origin->headers[count++] = at->text; /* the tree's, which stays */
	}
	return TAYRA_OK;
}

/* What is for HTTP servers alone. */
static int
check_origin(const struct tayra__reader *r, const struct tayra__origin_setting *origin)
{
	static const char *const http_only[] = { "headers",         "ca_file",       "proxy",
						 "connect_timeout", "max_redirects", "max_age" };
	int kinds = !!origin->sqlite + !!origin->postgres + !!origin->redis + !!origin->http;

	if (kinds != 1)
		return tayra__reader_refuse(
			r, origin->at,
			"origin '%.64s' must have %sone of sqlite, postgres, redis and http",
			origin->name, kinds ? "only " : "");
	for (size_t i = 0; !origin->http && i < sizeof(http_only) / sizeof(http_only[0]); i++) {
		const struct tayra__yaml *at = tayra__yaml_find(origin->at, http_only[i]);

		if (at)
			return tayra__reader_refuse(
				r, at, "%s is for HTTP servers, and origin '%.64s' is none",
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
read_origin(const struct tayra__reader *r, const struct tayra__yaml *at,
	    struct tayra__origin_setting *origin)
{
	int status;

	if (!is_plain(at->name))
		return tayra__reader_refuse(
			r, at,
			"the name of an origin is up to %d letters, digits, '_', '-' and "
			"'.', and '%.64s' is not",
			ORIGIN_NAME, at->name);
	origin->name = at->name;
	origin->at = at;
	origin->limit.options = (struct tayra_pace_options)TAYRA_PACE_OPTIONS_INIT;
	status = tayra__reader_knobs(r, at, tayra__origin_knobs, origin, "an origin");
	if (status == TAYRA_OK)
		status = read_limit(r, tayra__yaml_find(at, "limit"), &origin->limit);
	if (status == TAYRA_OK)
		status = read_headers(r, tayra__yaml_find(at, "headers"), origin);
	if (status == TAYRA_OK)
		status = check_origin(r, origin);
	return status == TAYRA_OK ? tayra__feeding_read(r, tayra__yaml_find(at, "feed"), origin)
				  : status;
}

static int
read_origins(const struct tayra__reader *r, const struct tayra__yaml *map)
{
	struct tayra__settings *s = tayra__settings_of(r);
	int status;

	if (!map)
		return TAYRA_OK;
	status = tayra__reader_expect(r, map, TAYRA__YAML_MAP);
	if (status != TAYRA_OK)
		return status;
	s->origins = tayra__mem_array(tayra__yaml_count(map) + 1, sizeof(*s->origins));
	if (!s->origins)
		return tayra__reader_no_memory(r);
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
check_route(const struct tayra__reader *r, const struct tayra__route_setting *route)
{
	static const char *const sql_only[] = { "as",           "max_rows", "batch",   "batch_keys",
						"batch_window", "pipeline", "version", "query" };
	const size_t no_query = sizeof(sql_only) / sizeof(sql_only[0]), refused = no_query - 1;
	const struct tayra__origin_setting *source = route->source;
	const struct tayra__yaml *path = tayra__yaml_find(route->at, "path");

	if (!route->source->http && !route->query)
		return tayra__reader_refuse(r, route->at, "a route to a database needs a query");
	if (!route->source->http && path)
		return tayra__reader_refuse(r, path,
					    "path is for HTTP servers, and origin '%.64s' is none",
					    route->origin);
	if (route->source->http && !path)
		return tayra__reader_refuse(r, route->at, "a route to an HTTP server needs a path");
	if (route->source->http && route->path[0] != '/')
		return tayra__reader_refuse(r, path, "path '%.64s' does not begin with '/'",
					    route->path);
	for (size_t i = 0; i < (source->http ? no_query : source->redis ? refused : 0); i++) {
		const struct tayra__yaml *at = tayra__yaml_find(route->at, sql_only[i]);

		if (at)
			return tayra__reader_refuse(
				r, at, "%s is for %s, and origin '%.64s' is none", at->name,
				source->redis ? "SQL databases" : "databases", route->origin);
	}
	if (route->max_rows && route->shape != TAYRA_SHAPE_JSON)
		return tayra__reader_refuse(r, tayra__yaml_find(route->at, "max_rows"),
					    "max_rows is for 'as: json': raw and row take the "
					    "first row alone");
	return TAYRA_OK;
}

static int
read_route(const struct tayra__reader *r, const struct tayra__yaml *at,
	   struct tayra__route_setting *route)
{
	int status;

	route->at = at;
	status = tayra__reader_knobs(r, at, tayra__route_knobs, route, "a route");
	if (status != TAYRA_OK)
		return status;
	if (!route->keys || !route->origin)
		return tayra__reader_refuse(r, at, "a route needs %s",
					    route->keys ? "an origin" : "keys");
	route->source = find_origin(tayra__settings_of(r), route->origin);
	if (!route->source)
		return tayra__reader_refuse(r, tayra__yaml_find(at, "origin"),
					    "there is no origin '%.64s'", route->origin);
	if (route->table && !route->source->feed.at)
		return tayra__reader_refuse(r, tayra__yaml_find(at, "table"),
					    "table is for feeds, and origin '%.64s' has none",
					    route->origin);
	return check_route(r, route);
}

static int
read_routes(const struct tayra__reader *r, const struct tayra__yaml *list)
{
	struct tayra__settings *s = tayra__settings_of(r);
	int status;

	if (!list)
		return TAYRA_OK;
	status = tayra__reader_expect(r, list, TAYRA__YAML_LIST);
	if (status != TAYRA_OK)
		return status;
	s->routes = tayra__mem_array(tayra__yaml_count(list) + 1, sizeof(*s->routes));
	if (!s->routes)
		return tayra__reader_no_memory(r);
	for (const struct tayra__yaml *at = list->first; at && status == TAYRA_OK; at = at->next)
		status = read_route(r, at, &s->routes[s->route_count++]);
	return status;
}

static void
choose(enum tayra_feature_mode *mode, int given)
{
	if (given)
		*mode = (enum tayra_feature_mode)given;
}

/* What routes do not say is the preset's.  Learning begins at the shortest: of what it knows
 * nothing yet, it must not keep for long. */
static void
settle_ttls(struct tayra__settings *s)
{
	struct tayra_strategy *strategy = &s->learn.strategy;
	uint64_t base_ms = strategy->ttl_ms ? strategy->ttl_ms : TTL_DEFAULT_MS;
	uint64_t least_ms = UINT64_MAX;

	for (size_t i = 0; i < s->route_count; i++) {
		if (!s->routes[i].ttl_ms)
			s->routes[i].ttl_ms = base_ms;
		if (!s->routes[i].stale_ms)
			s->routes[i].stale_ms = strategy->stale_ms;
		if (s->routes[i].ttl_ms < least_ms)
			least_ms = s->routes[i].ttl_ms;
	}
	strategy->ttl_ms = s->route_count ? least_ms : base_ms;
}

static int
read_loads(const struct tayra__reader *r, const struct tayra__yaml *at)
{
	struct tayra_strategy *loads = &tayra__settings_of(r)->loads;
	int status;

	if (!at)
		return TAYRA_OK;
	status = tayra__reader_knobs(r, at, tayra__loads_knobs, loads, "loads");
	if (status != TAYRA_OK)
		return status;
	if (loads->throttle_max_ms && loads->throttle_max_ms < loads->throttle_ms)
		return tayra__reader_refuse(r, at,
					    "loads has a throttle of %llu ms over its throttle_max "
					    "of %llu ms",
					    (unsigned long long)loads->throttle_ms,
					    (unsigned long long)loads->throttle_max_ms);
	return TAYRA_OK;
}

/* What `loads` says wins over a preset. */
static void
add_loads(const struct tayra_strategy *loads, struct tayra_strategy *s)
{
	for (const struct tayra__knob *knob = tayra__loads_knobs; knob->name; knob++) {
		static const uint64_t none;

		/* All are of 8 bytes, and 0 where nothing was said. */
		if (memcmp((const char *)loads + knob->offset, &none, sizeof(none)) != 0)
			tayra__knob_copy(knob, s, loads);
	}
}

/* The preset's, and then what is said. */
static void
make_strategy(struct tayra__learn_setting *learn)
{
	struct tayra_strategy *s = &learn->strategy;

	*s = (struct tayra_strategy)TAYRA_STRATEGY_INIT;
	if (learn->preset)
		tayra_strategy_preset((enum tayra_preset)(learn->preset - 1), s);
	choose(&s->ttl_learning, learn->ttl_learning);
	choose(&s->prefetch_refresh, learn->prefetch_refresh);
	choose(&s->prefetch_successors, learn->prefetch_successors);
	choose(&s->prefetch_changed, learn->prefetch_changed);
	choose(&s->prefetch_periodic, learn->prefetch_periodic);
	choose(&s->predictor, learn->predictor);
	choose(&s->patterns, learn->patterns);
	s->staleness_budget = learn->staleness_budget;
	s->staleness_samples = learn->staleness_samples;
	s->ttl_min_ms = learn->ttl_min_ms;
	s->ttl_max_ms = learn->ttl_max_ms;
	s->known_keys = learn->known_keys;
	s->learning_bytes = learn->learning_bytes;
}

static int
check_learn(const struct tayra__reader *r, const struct tayra__learn_setting *learn)
{
	const struct tayra_strategy *s = &learn->strategy;
	uint64_t min_ms = s->ttl_min_ms ? s->ttl_min_ms : s->ttl_ms / 100, max_ms;

	if (__builtin_mul_overflow(s->ttl_ms, 100, &max_ms))
		max_ms = UINT64_MAX;
	max_ms = s->ttl_max_ms ? s->ttl_max_ms : max_ms;

	if (min_ms > max_ms)
		return tayra__reader_refuse(r, learn->at,
					    "learn has a ttl_min of %llu ms over its ttl_max of "
					    "%llu ms",
					    (unsigned long long)min_ms, (unsigned long long)max_ms);
	return TAYRA_OK;
}

static int
read_learn(const struct tayra__reader *r, const struct tayra__yaml *at)
{
	struct tayra__learn_setting *learn = &tayra__settings_of(r)->learn;
	struct tayra__knob all = *tayra__knob_find(tayra__learn_knobs, "patterns");
	int status;

	if (!at)
		return TAYRA_OK;
	learn->at = at;
	all.name = "learn";
	if (at->kind == TAYRA__YAML_TEXT) {
		status = tayra__reader_knob(r, at, &all, learn);
		learn->ttl_learning = learn->prefetch_refresh = learn->prefetch_successors =
			learn->prefetch_changed = learn->prefetch_periodic = learn->predictor =
				learn->patterns;
	} else {
		status = tayra__reader_knobs(r, at, tayra__learn_knobs, learn, "learn");
	}
	if (status != TAYRA_OK)
		return status;
	make_strategy(learn);
	add_loads(&tayra__settings_of(r)->loads, &learn->strategy);
	settle_ttls(tayra__settings_of(r));
	return check_learn(r, learn);
}

/* The file says what the command line did not. */
static int
read_server(const struct tayra__reader *r)
{
	struct tayra__settings *s = tayra__settings_of(r);
	const struct tayra__settings before = *s;
	int status = tayra__reader_knobs(r, s->document.yaml, tayra__server_knobs, s,
					 "the configuration");

	if (tayra__yaml_find(s->document.yaml, "requirepass") &&
	    tayra__yaml_find(s->document.yaml, "password_file"))
		return tayra__reader_refuse(
			r, tayra__yaml_find(s->document.yaml, "password_file"),
			"password_file stands beside requirepass: which of them?");
	for (size_t i = 0; tayra__server_knobs[i].name; i++) {
		const struct tayra__knob *knob = &tayra__server_knobs[i];

		if (s->given & 1ull << i)
			tayra__knob_copy(knob, s, &before);
	}
	return status;
}

static int
read_tree(const struct tayra__reader *r)
{
	struct tayra__settings *s = tayra__settings_of(r);
	int status = read_server(r);

	if (status == TAYRA_OK)
		status = read_origins(r, tayra__yaml_find(s->document.yaml, "origins"));
	if (status == TAYRA_OK)
		status = read_routes(r, tayra__yaml_find(s->document.yaml, "routes"));
	if (status == TAYRA_OK)
		status = read_loads(r, tayra__yaml_find(s->document.yaml, "loads"));
	if (status == TAYRA_OK)
		status = read_learn(r, tayra__yaml_find(s->document.yaml, "learn"));
	if (status == TAYRA_OK)
		status = tayra__alerting_read(r, tayra__yaml_find(s->document.yaml, "alerts"));
	return status;
}

static int
read_document(struct tayra__settings *settings, int status, char *error, size_t error_len)
{
	static const struct tayra__reader_kind kinds[] = {
		{ "a route", tayra__route_knobs },
		{ "an origin", tayra__origin_knobs },
		{ "feed", tayra__feed_knobs },
		{ "limit", tayra__limit_knobs },
		{ "loads", tayra__loads_knobs },
		{ "learn", tayra__learn_knobs },
		{ NULL, NULL },
	};
	const struct tayra__reader r = { &settings->document, settings, error, error_len, kinds };

	return status == TAYRA_OK ? read_tree(&r) : status;
}

int
tayra__settings_read(struct tayra__settings *settings, const char *name, const char *bytes,
		     size_t len, char *error, size_t error_len)
{
	return read_document(
		settings,
		tayra__document_parse(&settings->document, name, bytes, len, error, error_len),
		error, error_len);
}

int
tayra__settings_load(struct tayra__settings *settings, const char *path, char *error,
		     size_t error_len)
{
	return read_document(settings,
			     tayra__document_load(&settings->document, path, error, error_len),
			     error, error_len);
}
