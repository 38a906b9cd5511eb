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

int
tayra__feeds_open(struct tayra__server *server, const struct tayra__server_options *options,
		  char *error, size_t error_len)
{
	struct tayra__feeds *feeds = &server->feeds;
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
			snprintf(error, error_len, "%sfeed of origin '%.64s': %s",
				 source->place ? source->place : "", source->name,
				 why[0] ? why : tayra_status_text(status));
			return status;
		}
		seat->source = source;
		seat->since_ns = tayra__loop_now_ns(server->loop);
		seat->sound = stats_of(seat).sound;
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

static void
say_blind(const struct tayra__feeds *feeds, const struct tayra__feed_seat *seat,
	  const struct tayra_feed_stats *stats)
{
	char text[200];

	if (!feeds->say)
		return;
	snprintf(text, sizeof(text), "its feed missed something%s%s", stats->trouble[0] ? ": " : "",
		 stats->trouble);
	feeds->say(feeds->arg, seat->source->name, text, stats->gaps - seat->gaps - 1);
}

void
tayra__feeds_tick(struct tayra__feeds *feeds, uint64_t now_ns)
{
	for (size_t i = 0; i < feeds->count; i++) {
		struct tayra__feed_seat *seat = &feeds->seats[i];
		const struct tayra_feed_stats stats = stats_of(seat);

		if (stats.gaps != seat->gaps)
			say_blind(feeds, seat, &stats);
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
