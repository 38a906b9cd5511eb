/* SPDX-License-Identifier: Apache-2.0
 *
 * replication.c: logical replication, with no trigger in the database: a connection that streams
 * what is committed, and one that asks what others can see.
 *
 * The slot is a temporary one, which ends with its connection: a program that is gone for good
 * holds up no log on the server.  So what is committed while there is no connection is not told, as
 * with LISTEN: that is a gap.
 *
 * It is sound from the moment the stream begins: the slot's first transaction is the first that was
 * not over when it was made.  A transaction is streamed as soon as it is in the log, and others see
 * it later, after the standbys have it, say; who was told at once would load the old row again and
 * think it new.  So what it changed is told when a snapshot that was taken after it arrived shows
 * that others see it.  The same holds for those just in front of the slot: all is doubted once more
 * when the last of them, whoever was running then, has ended.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <libpq-fe.h>

#include <tayra/tayra.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "feed/line.h"
#include "feed/pgoutput.h"
#include "feed/published.h"
#include "feed/quote.h"
#include "feed/server.h"
#include "feed/snapshot.h"
#include "feed/untold.h"

#define SQL_BYTES 4096u
/* A slot is made when all transactions have ended that were running, and those that were running
 * when these had.  In the caller's thread it has as long as connecting. */
#define SLOT_NS (600 * TAYRA_NS_PER_S)
/* What arrived is told before more is read. */
#define UNTOLD_BYTES (64u << 10)
/* What others do not see yet is asked for again. */
#define AGAIN_NS TAYRA_NS_PER_MS

struct replication {
	struct tayra__feed_line line; /* first: the caller's pointer */
	struct tayra__feed_server server;
	struct tayra__pg stream, side;
	char *publication;
	struct tayra__published published;
	struct tayra__untold untold;
	uint64_t lsn;    /* up to which we have read */
	uint32_t xid;    /* whose changes arrive */
	uint32_t before; /* transactions below may have ended unseen */
	bool settled;    /* they have ended, and been doubted */
	bool tried;      /* it is the thread that connects, and can wait */
};

static struct replication *
replication_of(struct tayra__feed_line *line)
{
	return (struct replication *)line;
}

/* On the other connection.  => TAYRA_OK: *out has its one row, to be cleared; or none. */
static int
ask_side(struct replication *r, const char *sql, uint64_t within_ns, PGresult **out,
	 const struct tayra__complaint *why)
{
	const struct tayra__pg_patience patience = tayra__feed_server_within(&r->server, within_ns);
	int status = tayra__pg_query(&r->side, sql, &patience, out, why);

	return tayra__feed_server_outcome(status, within_ns, why);
}

/* => as ask_side(); the text that *out was read from is *result's.  What is not told meanwhile is
 * not told: no longer than an answer to the heartbeat may take. */
static int
look(struct replication *r, PGresult **result, struct tayra__snapshot *out,
     const struct tayra__complaint *why)
{
	int status = ask_side(r, "SELECT pg_catalog.txid_current_snapshot()", r->line.interval_ns,
			      result, why);

	if (status == TAYRA_OK &&
	    (PQntuples(*result) != 1 || !tayra__snapshot_read(PQgetvalue(*result, 0, 0), out))) {
		tayra__complain(why, "PostgreSQL: its snapshot is none");
		status = TAYRA_E_ORIGIN;
	}
	return status;
}

static int
check_table(struct replication *r, struct tayra__published_table *table,
	    const struct tayra__complaint *why)
{
	const char *row[TAYRA__PUBLISHED_COLUMNS] = { NULL };
	char sql[SQL_BYTES * 4];
	FILE *out = fmemopen(sql, sizeof(sql), "w");
	PGresult *result = NULL;
	int status = TAYRA_E_NOMEM;

	if (!out)
		return status;
	tayra__published_ask(table, r->publication, out);
	if (fclose(out) == 0)
		status = ask_side(r, sql, r->server.connect_ns, &result, why);
	if (status == TAYRA_OK) {
		const bool found = PQntuples(result) == 1;

		for (int i = 0; found && i < TAYRA__PUBLISHED_COLUMNS; i++)
			row[i] = PQgetisnull(result, 0, i) ? NULL : PQgetvalue(result, 0, i);
		status = tayra__published_found(table, r->publication, found ? row : NULL, why);
	}
	PQclear(result);
	return status;
}

/* A standby would do from PostgreSQL 16 on, but does not say which transactions it shows. */
static int
check_server(struct replication *r, const struct tayra__complaint *why)
{
	PGresult *result;
	int status = ask_side(r, "SELECT pg_catalog.pg_is_in_recovery()", r->server.connect_ns,
			      &result, why);

	if (status == TAYRA_OK && PQntuples(result) == 1 && *PQgetvalue(result, 0, 0) == 't') {
		tayra__complain(why, "feed: the server is a standby");
		status = TAYRA_E_INVAL;
	}
	PQclear(result);
	for (size_t i = 0; i < r->published.count && status == TAYRA_OK; i++)
		status = check_table(r, &r->published.tables[i], why);
	return status;
}

static int
connect_both(struct replication *r, const struct tayra__complaint *why)
{
	const uint64_t within_ns = r->server.connect_ns;
	const struct tayra__pg_patience patience = tayra__feed_server_within(&r->server, within_ns);
	int status = tayra__pg_connect(&r->side, r->server.conninfo, false, &patience, why);

	if (status == TAYRA_OK)
		status = tayra__pg_connect(&r->stream, r->server.conninfo, true, &patience, why);
	return tayra__feed_server_outcome(status, within_ns, why);
}

static int
command(struct replication *r, const char *sql, uint64_t within_ns,
	const struct tayra__complaint *why)
{
	const struct tayra__pg_patience patience = tayra__feed_server_within(&r->server, within_ns);
	int status = tayra__pg_run(&r->stream, sql, &patience, why);

	if (status == TAYRA_E_CANCELLED)
		tayra__complain(why,
				"PostgreSQL: no slot within %u s: a transaction has been open for "
				"as long",
				(unsigned)(within_ns / TAYRA_NS_PER_S));
	return status;
}

/* The publication is a name, in a list, in a text. */
static void
put_start(FILE *out, const char *slot, const char *publication)
{
	char list[2 * 63 + 3];
	FILE *text = fmemopen(list, sizeof(list), "w");

	if (!text)
		return;
	tayra__quote_name(text, publication, strlen(publication));
	fflush(text);
	fprintf(out, "START_REPLICATION SLOT %s LOGICAL 0/0 (proto_version '1', publication_names ",
		slot);
	/* This protocol's texts know no E''. */
	tayra__quote_text(out, TAYRA__QUOTE_SQLITE, list, (size_t)ftell(text));
	fputs(")", out);
	fclose(text);
}

static int
start(struct replication *r, const struct tayra__complaint *why)
{
	char slot[40], sql[512];
	FILE *out;
	int status;

	snprintf(slot, sizeof(slot), "tayra_%016" PRIx64, tayra__hash_random_seed());
	snprintf(sql, sizeof(sql),
		 "CREATE_REPLICATION_SLOT %s TEMPORARY LOGICAL pgoutput NOEXPORT_SNAPSHOT", slot);
	status = command(r, sql, r->tried ? SLOT_NS : r->server.connect_ns, why);
	if (status != TAYRA_OK)
		return status;
	out = fmemopen(sql, sizeof(sql), "w");
	if (!out)
		return TAYRA_E_NOMEM;
	put_start(out, slot, r->publication);
	if (fclose(out) != 0)
		return TAYRA_E_NOMEM;
	return command(r, sql, r->server.connect_ns, why);
}

/* Who was running may have been in the log already, in front of the slot. */
static int
begin(struct replication *r, const struct tayra__complaint *why)
{
	struct tayra__snapshot snapshot;
	PGresult *result;
	int status = look(r, &result, &snapshot, why);

	if (status == TAYRA_OK) {
		r->before = snapshot.none_from;
		r->settled = snapshot.all_below == snapshot.none_from;
		r->untold.len = 0;
		r->lsn = 0;
		tayra__published_forget(&r->published);
		tayra_feed_sound(&r->line.feed);
	}
	PQclear(result);
	return status;
}

static void
hang_up(struct tayra__feed_line *line)
{
	tayra__pg_close(&replication_of(line)->stream);
	tayra__pg_close(&replication_of(line)->side);
}

static int
hear(struct tayra__feed_line *line, const struct tayra__complaint *why)
{
	struct replication *r = replication_of(line);
	int status = connect_both(r, why);

	if (status == TAYRA_OK)
		status = check_server(r, why);
	if (status == TAYRA_OK)
		status = start(r, why);
	if (status == TAYRA_OK)
		status = begin(r, why);
	r->tried = true;
	if (status != TAYRA_OK)
		hang_up(line);
	return status;
}

static int
keep(void *arg, bool prefix, const char *bytes, size_t len)
{
	struct replication *r = arg;

	return tayra__untold_add(&r->untold, r->xid, prefix, bytes, len);
}

static void
tell(void *arg, bool prefix, const char *bytes, size_t len)
{
	struct tayra_feed *feed = &((struct replication *)arg)->line.feed;

	if (prefix)
		tayra_feed_changed_prefix(feed, bytes, len);
	else
		tayra_feed_changed(feed, bytes, len);
}

static bool
send_status(struct replication *r, bool asks)
{
	unsigned char status[TAYRA__ENVELOPE_STATUS_BYTES];

	tayra__envelope_status(r->lsn, asks, status);
	return PQputCopyData(r->stream.conn, (const char *)status, (int)sizeof(status)) == 1 &&
	       PQflush(r->stream.conn) >= 0; /* what does not go now goes with the next */
}

static int
take_data(struct replication *r, const struct tayra__envelope *e)
{
	struct tayra__pgoutput message;

	if (!tayra__pgoutput_read(e->data.bytes, e->data.len, &message))
		return TAYRA_E_CORRUPT;
	if (message.kind == TAYRA__PGOUTPUT_BEGIN)
		r->xid = message.xid;
	return tayra__published_take(&r->published, &message, keep, r);
}

static int
take_envelope(struct replication *r, const char *bytes, size_t len)
{
	struct tayra__envelope e;

	if (!tayra__envelope_read(bytes, len, &e))
		return TAYRA_E_CORRUPT;
	if (e.lsn > r->lsn)
		r->lsn = e.lsn;
	if (e.kind == TAYRA__ENVELOPE_DATA)
		return take_data(r, &e);
	return e.asks && !send_status(r, false) ? TAYRA_E_ORIGIN : TAYRA_OK;
}

/* What has arrived, or as much as may wait.  => TAYRA_E_ORIGIN: the stream has ended. */
static int
read_stream(struct replication *r, bool *more)
{
	char *bytes = NULL;
	int len = 0, status = PQconsumeInput(r->stream.conn) ? TAYRA_OK : TAYRA_E_ORIGIN;

	*more = false;
	while (status == TAYRA_OK && !*more &&
	       (len = PQgetCopyData(r->stream.conn, &bytes, 1)) > 0) {
		status = take_envelope(r, bytes, (size_t)len);
		PQfreemem(bytes);
		r->line.asked = false;
		*more = r->untold.len >= UNTOLD_BYTES;
	}
	if (status == TAYRA_OK && len == -1) /* the server has ended it, and says why */
		PQclear(PQgetResult(r->stream.conn));
	return status == TAYRA_OK && len < 0 ? TAYRA_E_ORIGIN : status;
}

/* Tell what others see by now. */
static int
tell_seen(struct replication *r, const struct tayra__complaint *why)
{
	struct tayra__snapshot snapshot;
	PGresult *result;
	int status = look(r, &result, &snapshot, why);

	if (status == TAYRA_OK) {
		tayra__untold_tell(&r->untold, &snapshot, tell, r);
		if (!r->settled && tayra__snapshot_is_past(&snapshot, r->before)) {
			r->settled = true;
			tayra_feed_sound(&r->line.feed);
		}
	}
	PQclear(result);
	return status;
}

static void
explain(const struct replication *r, int status, const struct tayra__complaint *why)
{
	if (status == TAYRA_E_CORRUPT)
		tayra__complain(why, "PostgreSQL: what it replicates cannot be read");
	else if (status == TAYRA_E_OVERLOAD)
		tayra__complain(why, "PostgreSQL: too many changes that others do not see yet");
	else if (status == TAYRA_E_NOMEM)
		tayra__complain(why, "out of memory");
	else
		tayra__complain(why, "PostgreSQL: %s", PQerrorMessage(r->stream.conn));
}

static bool
take(struct tayra__feed_line *line, const struct tayra__complaint *why)
{
	struct replication *r = replication_of(line);
	bool more = true;
	int status = TAYRA_OK;

	while (status == TAYRA_OK && more && !tayra__feed_thread_stops(&line->thread)) {
		status = read_stream(r, &more);
		if (status != TAYRA_OK)
			explain(r, status, why);
		else if (r->untold.len > 0)
			status = tell_seen(r, why);
		/* Others do not see it yet: more may come, and no more than can be kept. */
		more = more && r->untold.len < UNTOLD_BYTES;
	}
	line->again_ns = r->untold.len > 0 ? AGAIN_NS : 0;
	return status == TAYRA_OK;
}

static bool
ask(struct tayra__feed_line *line, uint64_t until_ns)
{
	struct replication *r = replication_of(line);
	const struct tayra__complaint silent = { NULL, 0 };

	return (r->settled || tell_seen(r, &silent) == TAYRA_OK) && send_status(r, true);
}

static int
fd_of(const struct tayra__feed_line *line)
{
	return PQsocket(((const struct replication *)line)->stream.conn);
}

static const char *
name_of(const struct tayra__feed_line *line)
{
	return "PostgreSQL";
}

static void
free_replication(struct replication *r)
{
	tayra__feed_server_fini(&r->server);
	tayra__published_fini(&r->published);
	tayra__untold_fini(&r->untold);
	tayra__mem_free(r->publication);
	tayra__mem_free(r);
}

static void
close_replication(struct tayra_feed *feed)
{
	struct replication *r = (struct replication *)feed;

	tayra__feed_line_fini(&r->line);
	free_replication(r);
}

/* All but the line.  => TAYRA_OK, or *out is NULL. */
static int
make(const struct tayra_feed_options *options, const char *conninfo, const char *publication,
     const struct tayra_feed_table *tables, size_t count, const struct tayra__complaint *why,
     struct replication **out)
{
	struct replication *r = tayra__mem_alloc(sizeof(*r));
	int status;

	*out = NULL;
	if (!r)
		return TAYRA_E_NOMEM;
	r->line = (struct tayra__feed_line){ .hear = hear,
					     .take = take,
					     .ask = ask,
					     .fd = fd_of,
					     .name = name_of,
					     .hang_up = hang_up };
	r->line.feed.close = close_replication;
	status = tayra__published_name(publication, why);
	if (status == TAYRA_OK)
		status = tayra__feed_server_init(&r->server, options, conninfo, &r->line.thread,
						 &r->line.interval_ns, why);
	if (status == TAYRA_OK)
		status = tayra__published_init(&r->published, tables, count, why);
	if (status == TAYRA_OK) {
		r->publication = tayra__mem_strdup(publication);
		status = r->publication ? TAYRA_OK : TAYRA_E_NOMEM;
	}
	if (status == TAYRA_OK)
		*out = r;
	else
		free_replication(r);
	return status;
}

int
tayra_feed_postgres_replication(struct tayra *t, const struct tayra_feed_options *options,
				const char *conninfo, const char *publication,
				const struct tayra_feed_table *tables, size_t count, char *error,
				size_t error_len, struct tayra_feed **out)
{
	const struct tayra__complaint why = { error, error_len };
	struct replication *r;
	int status;

	tayra__complain(&why, "%s", "");
	if (!out)
		return TAYRA_E_INVAL;
	*out = NULL;
	status = make(options, conninfo, publication, tables, count, &why, &r);
	if (status != TAYRA_OK)
		return status;
	status = tayra__feed_line_init(&r->line, t, options);
	if (status != TAYRA_OK) {
		free_replication(r);
		return status;
	}
	status = tayra__feed_line_start(&r->line, &why);
	if (status != TAYRA_OK) {
		close_replication(&r->line.feed);
		return status;
	}
	*out = &r->line.feed;
	return TAYRA_OK;
}
