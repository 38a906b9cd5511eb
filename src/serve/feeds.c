/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/feeds.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "serve/state.h"

static struct tayra_feed_stats
stats_of(const struct tayra__feed_seat *seat)
{
	struct tayra_feed_stats stats = TAYRA_FEED_STATS_INIT;

	tayra_feed_stats(seat->feed, &stats);
	return stats;
}

/* Keys of database 0 are stored behind a byte that is 0. */
static int
open_one(struct tayra *t, const struct tayra__feed_source *source, char *why, size_t why_len,
	 struct tayra_feed **out)
{
	static const char database[1] = { 0 };
	struct tayra_feed_options o = TAYRA_FEED_OPTIONS_INIT;

	o.prefixes = source->prefixes;
	o.prefix_count = source->prefix_count;
	o.forget = source->forget;
	o.blind_ttl_ms = source->blind_ttl_ms;
	o.interval_ns = source->interval_ns;
	o.tables = source->tables;
	o.table_count = source->table_count;
	o.key_prefix = database;
	o.key_prefix_len = sizeof(database);
	switch (source->kind) {
	case TAYRA__FEED_SQLITE:
		return tayra_feed_sqlite(t, &o, source->where, source->what, why, why_len, out);
	case TAYRA__FEED_POSTGRES:
		return tayra_feed_postgres(t, &o, source->where, source->what, why, why_len, out);
	case TAYRA__FEED_REPLICATION:
		return tayra_feed_postgres_replication(t, &o, source->where, source->what,
						       source->tables, source->table_count, why,
						       why_len, out);
	case TAYRA__FEED_REDIS: break;
	}
	return tayra_feed_redis(t, &o, source->where, why, why_len, out);
}

/* `left_out`: how many more gaps there were. */
static void
say(const struct tayra__feeds *feeds, const struct tayra__feed_source *source, const char *what,
    const char *why, uint64_t left_out)
{
	char text[400];

	if (!feeds->say)
		return;
	snprintf(text, sizeof(text), "its feed %s%s%s", what, why[0] ? ": " : "", why);
	feeds->say(feeds->arg, source->name, text, left_out);
}

/* What the database lacks --feed-sql can write. */
static void
complain(const struct tayra__feed_source *source, const char *why, char *error, size_t error_len)
{
	static const char front[] = "feed: ", lacks[] = "no ", publication[] = "publication ";
	bool written;

	if (strncmp(why, front, strlen(front)) == 0)
		why += strlen(front);
	written = strncmp(why, lacks, strlen(lacks)) == 0 ||
		  strncmp(why, publication, strlen(publication)) == 0;
	snprintf(error, error_len, "%sfeed of origin '%.64s': %s%s",
		 source->place ? source->place : "", source->name, why,
		 written ? "; tayra serve --feed-sql writes the SQL that makes it" : "");
}

static void
note_untold(const struct tayra__feeds *feeds, struct tayra__feed_seat *seat,
	    const struct tayra_feed_stats *stats)
{
	char text[300];

	if (strcmp(seat->untold, stats->untold) == 0)
		return;
	memcpy(seat->untold, stats->untold, sizeof(seat->untold));
	snprintf(text, sizeof(text),
		 "is not told of table %s, which lacks the triggers for it; tayra serve "
		 "--feed-sql writes them",
		 seat->untold);
	if (seat->untold[0])
		say(feeds, seat->source, text, "", 0);
}

int
tayra__feeds_open(struct tayra__server *server, const struct tayra__server_options *options,
		  char *error, size_t error_len)
{
	struct tayra__feeds *feeds = &server->feeds;
	struct tayra_feed_stats stats;
	char why[300] = "";

	if (options->feed_count == 0)
		return TAYRA_OK;
	feeds->say = options->trouble;
	feeds->arg = options->trouble_arg;
	feeds->seats = tayra__mem_array(options->feed_count, sizeof(*feeds->seats));
	if (!feeds->seats)
		return TAYRA_E_NOMEM;
	for (size_t i = 0; i < options->feed_count; i++) {
		const struct tayra__feed_source *source = &options->feeds[i];
		struct tayra__feed_seat *seat = &feeds->seats[i];
		int status = open_one(server->handle, source, why, sizeof(why), &seat->feed);

		if (status == TAYRA_E_NOMEM)
			return status;
		if (status != TAYRA_OK) {
			complain(source, why[0] ? why : tayra_status_text(status), error,
				 error_len);
			return status;
		}
		if (why[0])
			say(feeds, source, "does not hear yet, and tries again", why, 0);
		seat->source = source;
		seat->since_ns = tayra__loop_now_ns(server->loop);
		stats = stats_of(seat);
		seat->sound = stats.sound;
		note_untold(feeds, seat, &stats);
		feeds->count++;
	}
	return TAYRA_OK;
}

void
tayra__feeds_close(struct tayra__feeds *feeds)
{
	for (size_t i = 0; i < feeds->count; i++)
		tayra_feed_close(feeds->seats[i].feed);
	tayra__mem_free(feeds->seats);
	*feeds = (struct tayra__feeds){ 0 };
}

void
tayra__feeds_tick(struct tayra__feeds *feeds, uint64_t now_ns)
{
	for (size_t i = 0; i < feeds->count; i++) {
		struct tayra__feed_seat *seat = &feeds->seats[i];
		const struct tayra_feed_stats stats = stats_of(seat);

		if (stats.gaps != seat->gaps)
			say(feeds, seat->source, "missed something", stats.trouble,
			    stats.gaps - seat->gaps - 1);
		if (stats.sound && !seat->sound)
			say(feeds, seat->source, "hears", "", 0);
		note_untold(feeds, seat, &stats);
		if (stats.gaps != seat->gaps || stats.sound != seat->sound)
			seat->since_ns = now_ns;
		seat->gaps = stats.gaps;
		seat->sound = stats.sound;
	}
}

struct tayra__feeds_figures
tayra__feeds_figures(const struct tayra__feeds *feeds)
{
	struct tayra__feeds_figures sum = { .feeds = feeds->count };

	for (size_t i = 0; i < feeds->count; i++) {
		const struct tayra_feed_stats stats = stats_of(&feeds->seats[i]);

		sum.blind += !stats.sound;
		sum.keys += stats.keys;
		sum.prefixes += stats.prefixes;
		sum.ignored += stats.ignored;
		sum.gaps += stats.gaps;
	}
	return sum;
}

struct tayra__feed_state
tayra__feeds_get(const struct tayra__feeds *feeds, size_t n, uint64_t now_ns)
{
	if (n >= feeds->count)
		return (struct tayra__feed_state){ NULL };
	return (struct tayra__feed_state){
		.source = feeds->seats[n].source,
		.stats = stats_of(&feeds->seats[n]),
		.since_ns = now_ns - feeds->seats[n].since_ns,
	};
}
