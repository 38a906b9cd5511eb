/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/feeding.h"

#include <string.h>

#include "base/mem.h"
#include "origin/pattern.h"
#include "serve/settings.h"

#define CHANNEL_DEFAULT "tayra"

static int
refuse_elsewhere(const struct tayra__reader *r, const struct tayra__yaml *feed, const char *name,
		 const char *whose)
{
	const struct tayra__yaml *at = tayra__yaml_find(feed, name);

	return at ? tayra__reader_refuse(r, at, "%s is for %s", name, whose) : TAYRA_OK;
}

int
tayra__feeding_read(const struct tayra__reader *r, const struct tayra__yaml *at,
		    struct tayra__origin_setting *origin)
{
	static const char *const switches[] = { "off", "on", NULL };
	static const struct tayra__knob whole = { .name = "feed",
						  .type = TAYRA__KNOB_CHOICE,
						  .choices = switches };
	struct tayra__feed_setting *feed = &origin->feed;
	int status = TAYRA_OK, on = 1;

	if (!at)
		return TAYRA_OK;
	if (at->kind == TAYRA__YAML_TEXT)
		status = tayra__reader_knob(r, at, &whole, &on);
	else
		status = tayra__reader_knobs(r, at, tayra__feed_knobs, feed, "feed");
	if (status != TAYRA_OK || !on)
		return status;
	feed->at = at;
	if (origin->http)
		return tayra__reader_refuse(
			r, at, "feed is for databases, and origin '%.64s' is none", origin->name);
	if (!origin->sqlite)
		status = refuse_elsewhere(r, at, "changes", "SQLite");
	if (status == TAYRA_OK && !origin->postgres)
		status = refuse_elsewhere(r, at, "channel", "PostgreSQL");
	if (status == TAYRA_OK && !origin->postgres)
		status = refuse_elsewhere(r, at, "replication", "PostgreSQL");
	if (status == TAYRA_OK && feed->replication)
		status = refuse_elsewhere(r, at, "channel", "a feed without replication");
	return status;
}

/* A Redis tells of its own keys: they must be ours.  "GET user:{id}" of "user:{id}". */
static bool
asks_for_its_own_key(const struct tayra__route_setting *route)
{
	const char *word = route->query + strspn(route->query, " \t");
	size_t len;

	word += strcspn(word, " \t");
	word += strspn(word, " \t");
	len = strcspn(word, " \t");
	return len == strlen(route->keys) && memcmp(word, route->keys, len) == 0;
}

/* What stands in front of the first part of its keys. */
static const char *
prefix_of(const struct tayra__reader *r, const struct tayra__route_setting *route)
{
	const struct tayra__complaint silent = { NULL, 0 };
	struct tayra__pattern pattern;
	struct tayra__part front = { "", 0 };
	char text[TAYRA__PATTERN_BYTES + 1];

	if (tayra__pattern_parse(route->keys, TAYRA__PATTERN, &pattern, &silent) == TAYRA_OK &&
	    !pattern.whole)
		front = tayra__pattern_literal(&pattern, 0);
	memcpy(text, front.bytes, front.len);
	text[front.len] = '\0';
	return tayra__knob_texts_add(&r->document->texts, NULL, text);
}

static bool
begins_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static const char *
channel_of(const struct tayra__origin_setting *origin)
{
	return origin->feed.channel ? origin->feed.channel : CHANNEL_DEFAULT;
}

static enum tayra__feed_kind
kind_of(const struct tayra__origin_setting *origin)
{
	if (origin->sqlite)
		return TAYRA__FEED_SQLITE;
	if (origin->redis)
		return TAYRA__FEED_REDIS;
	return origin->feed.replication ? TAYRA__FEED_REPLICATION : TAYRA__FEED_POSTGRES;
}

static const char *
what_of(const struct tayra__origin_setting *origin)
{
	if (origin->sqlite)
		return origin->feed.changes;
	return origin->feed.replication ? origin->feed.replication : channel_of(origin);
}

static struct tayra__feed_source *
find_source(const struct tayra__feeding *feeding, const char *name)
{
	for (size_t i = 0; i < feeding->count; i++)
		if (feeding->sources[i].name == name)
			return &feeding->sources[i];
	return NULL;
}

/* A route whose origin tells: its origin has a feed. */
static int
add(const struct tayra__reader *r, const struct tayra__route_setting *route)
{
	struct tayra__feeding *feeding = &tayra__settings_of(r)->feeding;
	const struct tayra__origin_setting *origin = route->source;
	const struct tayra__feed_setting *feed = &origin->feed;
	const char *place;

	if (origin->redis && !asks_for_its_own_key(route))
		return tayra__reader_refuse(
			r, tayra__yaml_find(route->at, "query"),
			"a feed of Redis tells of the keys there, so the key of the query must be "
			"'%.64s'",
			route->keys);
	if (feed->replication && !route->table)
		return tayra__reader_refuse(r, route->at,
					    "the feed of origin '%.64s' is by replication, and "
					    "needs the table of these keys",
					    origin->name);
	if (find_source(feeding, origin->name))
		return TAYRA_OK;
	place = tayra__reader_place(r, feed->at);
	if (!place)
		return tayra__reader_no_memory(r);
	feeding->sources[feeding->count++] = (struct tayra__feed_source){
		.kind = kind_of(origin),
		.name = origin->name,
		.where = origin->sqlite     ? origin->sqlite
			 : origin->postgres ? origin->postgres
					    : origin->redis,
		.what = what_of(origin),
		.forget = (enum tayra_feed_forget)feed->forget,
		.blind_ttl_ms = feed->blind_ttl_ms,
		.interval_ns = feed->interval_ns,
		.place = place,
	};
	return TAYRA_OK;
}

/* The tables of an origin's routes. */
static size_t
list_tables(const struct tayra__settings *s, const char *origin, struct tayra_feed_table *out)
{
	size_t n = 0;

	for (size_t i = 0; i < s->route_count; i++)
		if (s->routes[i].source->name == origin && s->routes[i].table)
			out[n++] = (struct tayra_feed_table){ s->routes[i].table,
							      s->routes[i].keys };
	return n;
}

/* What covers more takes the place of what covers less.  => how many there are. */
static size_t
add_prefix(const char **prefixes, size_t count, const char *prefix)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (begins_with(prefix, prefixes[i]))
			return count;
	for (size_t i = 0; i < count; i++)
		if (!begins_with(prefixes[i], prefix))
			prefixes[kept++] = prefixes[i];
	prefixes[kept] = prefix;
	return kept + 1;
}

/* => false: no memory. */
static bool
list_prefixes(const struct tayra__reader *r, const char *origin, const char **out, size_t *count)
{
	const struct tayra__settings *s = tayra__settings_of(r);

	*count = 0;
	for (size_t i = 0; i < s->route_count; i++) {
		const char *prefix;

		if (s->routes[i].source->name != origin)
			continue;
		prefix = prefix_of(r, &s->routes[i]);
		if (!prefix)
			return false;
		*count = add_prefix(out, *count, prefix);
	}
	return true;
}

/* What each covers, once all are there. */
static int
cover(const struct tayra__reader *r, struct tayra__feeding *feeding)
{
	const struct tayra__settings *s = tayra__settings_of(r);
	struct tayra_feed_table *tables = feeding->tables;
	const char **prefixes = feeding->prefixes;

	for (size_t i = 0; i < feeding->count; i++) {
		struct tayra__feed_source *source = &feeding->sources[i];

		source->tables = tables;
		source->prefixes = prefixes;
		source->table_count = list_tables(s, source->name, tables);
		if (!list_prefixes(r, source->name, prefixes, &source->prefix_count))
			return tayra__reader_no_memory(r);
		tables += source->table_count;
		prefixes += source->prefix_count;
	}
	return TAYRA_OK;
}

int
tayra__feeding_open(const struct tayra__reader *r, struct tayra__server_options *options)
{
	struct tayra__settings *s = tayra__settings_of(r);
	struct tayra__feeding *feeding = &s->feeding;
	int status = TAYRA_OK;

	feeding->sources = tayra__mem_array(s->route_count + 1, sizeof(*feeding->sources));
	feeding->tables = tayra__mem_array(s->route_count + 1, sizeof(*feeding->tables));
	feeding->prefixes = tayra__mem_array(s->route_count + 1, sizeof(*feeding->prefixes));
	if (!feeding->sources || !feeding->tables || !feeding->prefixes)
		return tayra__reader_no_memory(r);
	for (size_t i = 0; i < s->route_count && status == TAYRA_OK; i++)
		if (s->routes[i].source->feed.at)
			status = add(r, &s->routes[i]);
	if (status == TAYRA_OK)
		status = cover(r, feeding);
	options->feeds = feeding->sources;
	options->feed_count = feeding->count;
	return status;
}

/* One publication has all the tables of its origin: with the first of them. */
static int
write_publication(const struct tayra__reader *r, const struct tayra__route_setting *route,
		  FILE *out)
{
	const struct tayra__settings *s = tayra__settings_of(r);
	const struct tayra__origin_setting *origin = route->source;
	struct tayra_feed_table *tables;
	char why[300];
	size_t count;
	int status;

	for (size_t i = 0; &s->routes[i] < route; i++)
		if (s->routes[i].source == origin && s->routes[i].table)
			return TAYRA_OK;
	tables = tayra__mem_array(s->route_count, sizeof(*tables));
	if (!tables)
		return tayra__reader_no_memory(r);
	count = list_tables(s, origin->name, tables);
	fprintf(out, "-- Origin '%s': the publication of the tables of its routes\n", origin->name);
	status = tayra_feed_postgres_publication_sql(origin->feed.replication, tables, count, why,
						     sizeof(why), out);
	tayra__mem_free(tables);
	return status == TAYRA_E_INVAL
		       ? tayra__reader_refuse(r, tayra__yaml_find(route->at, "table"), "%s", why)
		       : status;
}

static int
write_sql(const struct tayra__reader *r, const struct tayra__route_setting *route, FILE *out)
{
	const struct tayra__origin_setting *origin = route->source;
	const struct tayra__yaml *at = tayra__yaml_find(route->at, "table");
	char why[300];
	int status;

	if (origin->redis)
		return tayra__reader_refuse(r, at, "a Redis has no tables, and tells by itself");
	if (origin->sqlite && !origin->feed.changes)
		return tayra__reader_refuse(
			r, at,
			"the feed of origin '%.64s' has no changes, the table to write them into",
			origin->name);
	if (origin->feed.replication)
		return write_publication(r, route, out);
	fprintf(out, "-- Origin '%s': what makes table %s tell the keys %s\n", origin->name,
		route->table, route->keys);
	if (origin->sqlite)
		status = tayra_feed_sqlite_sql(route->keys, route->table, origin->feed.changes, why,
					       sizeof(why), out);
	else
		status = tayra_feed_postgres_sql(route->keys, route->table, channel_of(origin), why,
						 sizeof(why), out);
	return status == TAYRA_E_INVAL ? tayra__reader_refuse(r, at, "%s", why) : status;
}

/* Their SQL is for different databases. */
static int
choose_origin(const struct tayra__reader *r, const char **origin)
{
	const struct tayra__settings *s = tayra__settings_of(r);

	for (size_t i = 0; i < s->route_count; i++) {
		const struct tayra__route_setting *route = &s->routes[i];

		if (!route->table || *origin == route->source->name)
			continue;
		if (*origin)
			return tayra__reader_refuse(
				r, NULL,
				"tables of several origins tell: say of which, --feed-sql=%.64s or "
				"--feed-sql=%.64s",
				*origin, route->source->name);
		*origin = route->source->name;
	}
	return TAYRA_OK;
}

int
tayra__feeding_sql(const struct tayra__reader *r, const char *origin, FILE *out)
{
	const struct tayra__settings *s = tayra__settings_of(r);
	int status = origin ? TAYRA_OK : choose_origin(r, &origin);
	bool some = false;

	for (size_t i = 0; i < s->route_count && status == TAYRA_OK; i++) {
		const struct tayra__route_setting *route = &s->routes[i];

		if (!route->table || strcmp(route->source->name, origin) != 0)
			continue;
		status = write_sql(r, route, out);
		some = true;
	}
	if (status != TAYRA_OK || some)
		return status;
	if (!origin)
		return tayra__reader_refuse(r, NULL,
					    "no route says the table its keys are made of");
	return tayra__reader_refuse(r, NULL, "no route of an origin '%.64s' has a table", origin);
}

void
tayra__feeding_fini(struct tayra__feeding *feeding)
{
	tayra__mem_free(feeding->sources);
	tayra__mem_free(feeding->tables);
	tayra__mem_free(feeding->prefixes);
}

void
tayra__feeding_describe(const struct tayra__feeding *feeding, FILE *out)
{
	static const char *const whats[] = {
		[TAYRA__FEED_SQLITE] = "table",
		[TAYRA__FEED_POSTGRES] = "channel",
		[TAYRA__FEED_REPLICATION] = "publication",
		[TAYRA__FEED_REDIS] = "",
	};

	for (size_t i = 0; i < feeding->count; i++) {
		const struct tayra__feed_source *source = &feeding->sources[i];

		fprintf(out, "feed of '%s' for ", source->name);
		for (size_t k = 0; k < source->prefix_count; k++)
			fprintf(out, "%s%s*", k ? ", " : "", source->prefixes[k]);
		fputs(": ", out);
		if (source->kind == TAYRA__FEED_SQLITE && !source->what)
			fprintf(out, "any commit\n");
		else if (source->kind == TAYRA__FEED_REDIS)
			fprintf(out, "keys of that server\n");
		else
			fprintf(out, "%s %s\n", whats[source->kind], source->what);
	}
}
