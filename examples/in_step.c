/* SPDX-License-Identifier: Apache-2.0
 *
 * in_step.c: what is cached stays in step with the database, whoever changes it: a feed tells what
 * others commit, a write goes through, and a page that is made of several rows goes with any.
 *
 *     cc in_step.c $(pkg-config --cflags --libs tayra) -o in_step
 *     sqlite3 shop.db "create table item(id integer primary key, name text)"
 *     ./in_step --triggers | sqlite3 shop.db          # once: the table tells what changes
 *     ./in_step shop.db
 *
 * It reads commands: "get 7", "put 7 lamp" and "page 7 8".  Change shop.db from elsewhere
 * meanwhile.
 */
#include <stdio.h>
#include <string.h>

#include <tayra/tayra.h>

static struct tayra *t;
static struct tayra_origin *items;

static void
print(const char *name, int status, struct tayra_ref *ref)
{
	printf("%s: %.*s (%s)\n", name, (int)ref->value_len, (const char *)ref->value,
	       status != TAYRA_OK            ? tayra_status_text(status)
	       : ref->tier == TAYRA_TIER_RAM ? "from the cache"
					     : "loaded");
	fflush(stdout);
	tayra_release(ref);
}

static struct tayra_request
request_of(const char *key)
{
	struct tayra_request request = TAYRA_REQUEST_INIT;

	request.key = key;
	request.key_len = strlen(key);
	request.origin = items;
	request.ttl_ms = 3600000; /* long: the feed says when it is over */
	return request;
}

/* A page names what it was made of, so that it can be forgotten with any of it. */
static void
make_page(struct tayra_load *load, void *arg)
{
	const char *ids = arg;
	char html[200];

	snprintf(html, sizeof(html), "<page of %s>", ids);
	tayra_load_done(load, html, strlen(html), NULL);
}

static void
page(char *ids)
{
	struct tayra_tag tags[2] = { { 0 } };
	struct tayra_request request = TAYRA_REQUEST_INIT;
	struct tayra_ref ref;
	char key[100], first[20] = "", second[20] = "";

	sscanf(ids, "%19s %19s", first, second);
	tags[0] = (struct tayra_tag){ first, strlen(first) };
	tags[1] = (struct tayra_tag){ second, strlen(second) };
	request.key = key, request.key_len = (size_t)snprintf(key, sizeof(key), "page:%s", ids);
	request.load = make_page, request.load_arg = ids;
	request.tags = tags, request.tag_count = second[0] ? 2 : 1;
	print(key, tayra_get_or_load(t, &request, &ref), &ref);
}

static void
put(const char *id, const char *name)
{
	char key[40];
	struct tayra_request request;
	int status;

	snprintf(key, sizeof(key), "item:%s", id);
	request = request_of(key);
	status = tayra_put_through(t, &request, name, strlen(name));
	tayra_delete_tag(t, id, strlen(id)); /* all pages with it */
	printf("%s: %s\n", key, tayra_status_text(status));
	fflush(stdout);
}

static void
get(const char *id)
{
	char key[40];
	struct tayra_request request;
	struct tayra_ref ref;

	snprintf(key, sizeof(key), "item:%s", id);
	request = request_of(key);
	print(key, tayra_get_or_load(t, &request, &ref), &ref);
}

static void
obey(char *line)
{
	char id[20], name[80];

	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "get %19s", id) == 1)
		get(id);
	else if (sscanf(line, "put %19s %79[^\n]", id, name) == 2)
		put(id, name);
	else if (strncmp(line, "page ", 5) == 0)
		page(line + 5);
	else
		fprintf(stderr, "get ID, put ID NAME, or page ID [ID]\n");
}

int
main(int argc, char **argv)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;
	struct tayra_feed_options f = TAYRA_FEED_OPTIONS_INIT;
	struct tayra_feed *feed = NULL;
	char line[200], error[200] = "usage: in_step DATABASE | --triggers";
	int status = argc == 2 ? TAYRA_OK : TAYRA_E_INVAL;

	if (status == TAYRA_OK && strcmp(argv[1], "--triggers") == 0)
		return tayra_feed_sqlite_sql("item:{id}", "item", "change", NULL, 0, stdout);
	o.pattern = "item:{id}";
	f.prefix = "item:";
	o.write = "insert into item values (?1, ?2) on conflict (id) do update set name = ?2";
	if (status == TAYRA_OK)
		status = tayra_origin_sqlite(&o, argv[1], "select name from item where id = ?1",
					     error, sizeof(error), &items);
	if (status == TAYRA_OK)
		status = tayra_create(NULL, &t);
	if (status == TAYRA_OK)
		status = tayra_feed_sqlite(t, &f, argv[1], "change", error, sizeof(error), &feed);
	if (status != TAYRA_OK)
		fprintf(stderr, "in_step: %s\n", error[0] ? error : tayra_status_text(status));
	while (status == TAYRA_OK && fgets(line, sizeof(line), stdin))
		obey(line);
	tayra_feed_close(feed);
	tayra_destroy(t);
	tayra_origin_close(items);
	return status != TAYRA_OK;
}
