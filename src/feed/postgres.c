/* SPDX-License-Identifier: Apache-2.0
 *
 * postgres.c: one connection that listens.
 *
 * It is sound from the moment LISTEN was acknowledged: what was committed before is doubted then,
 * and of what is committed later the server tells, in the order of the commits and not before
 * others can see them.  The connection is never inside a transaction, so that it holds up neither
 * the server's queue of notes nor its vacuum.  A connection that dies silently is noticed by the
 * heartbeat, an empty query.
 */
#include <string.h>

#include <libpq-fe.h>

#include <tayra/tayra.h>

#include "base/mem.h"
#include "feed/line.h"
#include "feed/quote.h"
#include "feed/server.h"
#include "feed/trigger.h"

struct postgres {
	struct tayra__feed_line line; /* first: the caller's pointer */
	struct tayra__pg pg;
	struct tayra__feed_server server;
	char *listen;  /* the SQL */
	char *lacking; /* SQL that gives a table that does not tell; NULL: none is to */
	char channel[TAYRA__TRIGGER_CHANNEL_MAX + 1];
};

/* => TAYRA_OK, also when the server does not say. */
static int
look_for_triggers(struct postgres *p, const struct tayra__pg_patience *patience,
		  const struct tayra__complaint *why)
{
	PGresult *result = NULL;
	int status;

	if (!p->lacking)
		return TAYRA_OK;
	status = tayra__pg_query(&p->pg, p->lacking, patience, &result, why);
	tayra__feed_untold(&p->line.feed, status == TAYRA_OK && PQntuples(result) == 1
						  ? PQgetvalue(result, 0, 0)
						  : "");
	PQclear(result);
	return status == TAYRA_E_INVAL ? TAYRA_OK : status;
}

/* => TAYRA_OK: every change from now on will be told.  Else the connection is closed. */
static int
hear(struct tayra__feed_line *line, const struct tayra__complaint *why)
{
	struct postgres *p = (struct postgres *)line;
	const uint64_t within_ns = p->server.connect_ns;
	const struct tayra__pg_patience patience = tayra__feed_server_within(&p->server, within_ns);
	int status = tayra__pg_connect(&p->pg, p->server.conninfo, false, &patience, why);

	if (status == TAYRA_OK)
		status = tayra__pg_run(&p->pg, p->listen, &patience, why);
	if (status == TAYRA_OK)
		status = look_for_triggers(p, &patience, why);
	tayra__feed_server_outcome(status, within_ns, why);
	if (status == TAYRA_OK)
		tayra_feed_sound(&p->line.feed);
	else
		tayra__pg_close(&p->pg);
	return status;
}

static void
take_note(struct postgres *p, const PGnotify *note)
{
	const size_t len = strlen(note->extra);

	if (strcmp(note->relname, p->channel) != 0)
		tayra_feed_changed_prefix(&p->line.feed, note->extra, len);
	else if (len == 0)
		tayra_feed_changed_prefix(&p->line.feed, NULL, 0);
	else
		tayra_feed_changed(&p->line.feed, note->extra, len);
}

static bool
take(struct tayra__feed_line *line, const struct tayra__complaint *why)
{
	struct postgres *p = (struct postgres *)line;
	bool there = PQconsumeInput(p->pg.conn);
	PGresult *result;
	PGnotify *note;

	while (there && !tayra__feed_thread_stops(&p->line.thread) &&
	       (note = PQnotifies(p->pg.conn))) {
		take_note(p, note);
		PQfreemem(note);
	}
	while (there && line->asked && !PQisBusy(p->pg.conn)) {
		result = PQgetResult(p->pg.conn);
		line->asked = result != NULL;
		PQclear(result);
	}
	there = there && PQstatus(p->pg.conn) == CONNECTION_OK;
	if (!there)
		tayra__complain(why, "PostgreSQL: %s", PQerrorMessage(p->pg.conn));
	return there;
}

static bool
ask(struct tayra__feed_line *line, uint64_t until_ns)
{
	PGconn *conn = ((struct postgres *)line)->pg.conn;

	return PQsendQuery(conn, "") && PQflush(conn) == 0;
}

static int
fd_of(const struct tayra__feed_line *line)
{
	return PQsocket(((const struct postgres *)line)->pg.conn);
}

static const char *
name_of(const struct tayra__feed_line *line)
{
	return "PostgreSQL";
}

static void
hang_up(struct tayra__feed_line *line)
{
	tayra__pg_close(&((struct postgres *)line)->pg);
}

static void
free_postgres(struct postgres *p)
{
	tayra__feed_server_fini(&p->server);
	tayra__mem_free(p->listen);
	tayra__mem_free(p->lacking);
	tayra__mem_free(p);
}

static void
close_postgres(struct tayra_feed *feed)
{
	struct postgres *p = (struct postgres *)feed;

	tayra__feed_line_fini(&p->line);
	free_postgres(p);
}

/* Text that open_memstream() made comes from another heap.  => NULL: no memory. */
static char *
listen_sql(const char *channel)
{
	const size_t len = strlen(channel);
	/* Each byte twice, and what is around them. */
	const size_t room = 4 * len + 64;
	char prefix[TAYRA__TRIGGER_CHANNEL_MAX + 8];
	char *sql = tayra__mem_alloc(room);
	FILE *out = sql ? fmemopen(sql, room, "w") : NULL;

	if (!out) {
		tayra__mem_free(sql);
		return NULL;
	}
	fputs("LISTEN ", out);
	tayra__quote_name(out, channel, len);
	fputs("; LISTEN ", out);
	tayra__quote_name(out, prefix,
			  (size_t)snprintf(prefix, sizeof(prefix), "%s_prefix", channel));
	fclose(out);
	return sql;
}

/* All but the line.  => TAYRA_OK, or nothing is left behind. */
static int
make(const struct tayra_feed_options *options, const char *conninfo, const char *channel,
     const struct tayra__complaint *why, struct postgres **out)
{
	struct postgres *p = tayra__mem_alloc(sizeof(*p));
	int status;

	*out = p;
	if (!p)
		return TAYRA_E_NOMEM;
	p->line = (struct tayra__feed_line){ .hear = hear,
					     .take = take,
					     .ask = ask,
					     .fd = fd_of,
					     .name = name_of,
					     .hang_up = hang_up };
	p->line.feed.close = close_postgres;
	memcpy(p->channel, channel, strlen(channel) + 1);
	status = tayra__feed_server_init(&p->server, options, conninfo, &p->line.thread,
					 &p->line.interval_ns, why);
	if (status == TAYRA_OK) {
		p->listen = listen_sql(channel);
		status = p->listen ? TAYRA_OK : TAYRA_E_NOMEM;
	}
	if (status == TAYRA_OK)
		status = tayra__trigger_lacking(TAYRA__QUOTE_POSTGRES, options, channel,
						&p->lacking, why);
	if (status != TAYRA_OK)
		free_postgres(p);
	return status;
}

int
tayra_feed_postgres(struct tayra *t, const struct tayra_feed_options *options, const char *conninfo,
		    const char *channel, char *error, size_t error_len, struct tayra_feed **out)
{
	const struct tayra__complaint why = { error, error_len };
	struct postgres *p;
	int status;

	tayra__complain(&why, "%s", "");
	if (!out)
		return TAYRA_E_INVAL;
	*out = NULL;
	status = tayra__trigger_channel(channel, &why);
	if (status == TAYRA_OK)
		status = make(options, conninfo, channel, &why, &p);
	if (status != TAYRA_OK)
		return status;
	status = tayra__feed_line_init(&p->line, t, options);
	if (status != TAYRA_OK) {
		free_postgres(p);
		return status;
	}
	status = tayra__feed_line_start(&p->line, &why);
	if (status != TAYRA_OK) {
		close_postgres(&p->line.feed);
		return status;
	}
	*out = &p->line.feed;
	return TAYRA_OK;
}
