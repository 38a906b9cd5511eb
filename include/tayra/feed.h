/* SPDX-License-Identifier: Apache-2.0
 *
 * feed.h: change feeds.  A feed hears from where the truth lies which keys have changed, and what
 * the handle has of them is outdated from then on: what is cached is stale, a load in progress
 * answers who waits and is not kept, the tiers below forget.  Included by tayra.h.
 *
 * A feed covers the keys that begin with its prefix, or one of several.  When it may have missed
 * something (at first, and whenever its connection was lost, a queue ran over, a number was left
 * out), all that it covers is distrusted: what was loaded before is stale.  That takes no walk over
 * the cache.  While it is blind what it covers is fresh for blind_ttl_ms at most; when it hears
 * again, what was loaded before is distrusted once more.
 *
 * What is stale is served as ever: to requests that allow it, when the origin fails, is overloaded
 * or slower than the soft timeout.  So a database that goes away, and its feed with it, leaves
 * something to answer with.
 *
 * A load must see a change that the feed has told of: feed and origin must be of one server, not of
 * one that lags behind.  docs/design/load.md has what is promised under each failure.
 */
#ifndef TAYRA_FEED_H
#define TAYRA_FEED_H

#include <stdio.h>

#include <tayra/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tayra;
struct tayra_feed;

/* A table, "table" or "schema.table" as its name is, unquoted; and the keys that are made of its
 * rows: a pattern whose parts are columns.  A table may come again, with other keys. */
struct tayra_feed_table {
	const char *table, *keys;
};

/* What becomes of a value that has changed at its origin, or is distrusted. */
enum tayra_feed_forget {
	TAYRA_FEED_STALE = 0,  /* it is stale, within the time it was to live */
	TAYRA_FEED_DELETE = 1, /* it is not served any more at all */
};

struct tayra_feed_options {
	size_t size;
	const char *prefix; /* it covers the keys that begin so; NULL: all.  For the call */
	enum tayra_feed_forget forget;
	uint64_t blind_ttl_ms; /* default 1 s; TAYRA_OFF: what their ttl says */
	/* Not for tayra_feed_open().  PostgreSQL: the server is asked that often whether it is
	 * there, and has as long to answer; default 1 s.  SQLite: the file is looked at that often;
	 * default 5 ms. */
	uint64_t interval_ns;
	/* A namespace: what is told, and prefix, are the rest of keys that begin with these bytes,
	 * as with key_prefix_len of a request.  For the call */
	const void *key_prefix;
	size_t key_prefix_len;
	/* In place of `prefix`: it covers the keys that begin with one of them, of which none
	 * begins with another.  For the call */
	const char *const *prefixes;
	size_t prefix_count;
	/* For tayra_feed_postgres(), and for tayra_feed_sqlite() with a table of changes: what
	 * .._sql() was to make tell.  Whenever the feed begins to hear it looks for those triggers,
	 * and stats.untold names the first table that has not got them.  For the call */
	const struct tayra_feed_table *tables;
	size_t table_count;
};
#define TAYRA_FEED_OPTIONS_INIT TAYRA__SIZED(struct tayra_feed_options)

/*
 * A feed that you tell: a message queue, a replication stream, a webhook.  It is blind until
 * tayra_feed_sound().  NULL options mean all defaults.
 * => TAYRA_E_INVAL, TAYRA_E_TOO_LARGE: a prefix longer than a key, TAYRA_E_NOMEM, TAYRA_E_FORKED.
 */
TAYRA_API int tayra_feed_open(struct tayra *t, const struct tayra_feed_options *options,
			      struct tayra_feed **out);
/* Before its handle.  What it covers is distrusted one last time, and then lives as its ttl says.
 * Waits for its thread; not from inside a call of its own. */
TAYRA_API void tayra_feed_close(struct tayra_feed *feed);

/*
 * The key has changed.  Any thread, at once: when this returns, nothing from before the change is
 * given as fresh, and nothing that began to load before it will be.  With a remote tier and without
 * the ticker it waits for that tier.
 * => TAYRA_OK, also when nothing of it is known.  TAYRA_E_NOT_FOUND: none of the keys it covers.
 *    TAYRA_E_INVAL, TAYRA_E_TOO_LARGE, TAYRA_E_FORKED.
 */
TAYRA_API int tayra_feed_changed(struct tayra_feed *feed, const void *key, size_t key_len);
/* The same for all keys that begin so.  All that the feed covers (no bytes, say) at once; fewer
 * take a walk over what is cached, and are deleted.  => as above. */
TAYRA_API int tayra_feed_changed_prefix(struct tayra_feed *feed, const void *prefix,
					size_t prefix_len);
/* From this moment on every change is told.  What began to load before is distrusted. */
TAYRA_API void tayra_feed_sound(struct tayra_feed *feed);
/* Something may have been missed, and may be until tayra_feed_sound(). */
TAYRA_API void tayra_feed_lost(struct tayra_feed *feed);

struct tayra_feed_stats {
	size_t size;
	uint64_t keys, prefixes; /* told to have changed; prefixes: also all it covers */
	uint64_t ignored;        /* told, but not covered */
	uint64_t gaps;           /* times something may have been missed */
	bool sound;              /* every change is told now */
	char trouble[128];       /* why it went blind the last time; "": it never did */
	char untold[128]; /* of options.tables, one whose changes nobody tells, as it was seen last:
			     "item for item:{id}"; "": none */
};
#define TAYRA_FEED_STATS_INIT TAYRA__SIZED(struct tayra_feed_stats)
TAYRA_API void tayra_feed_stats(struct tayra_feed *feed, struct tayra_feed_stats *out);

/*
 * A PostgreSQL server that says in NOTIFY what has changed.  On `channel` a note is a key, and an
 * empty one all that the feed covers; on the channel "<channel>_prefix" it is a prefix.  At most 56
 * bytes.  conninfo as for tayra_origin_postgres(), and of the same server; not of a pooler that
 * gives a connection to others between statements, which loses LISTEN.  One connection, one thread;
 * when it is lost, or does not answer within interval_ns (at most an hour), it is made again: at
 * once, then after 0.1 s, 0.2 s, .. 5 s.
 * => TAYRA_OK also when the server does not answer yet (connect_timeout of conninfo at most is
 *    waited, or 5 s): `error` says so then, and is empty otherwise; the feed is blind until it
 * does. TAYRA_E_INVAL: options, conninfo, channel.  TAYRA_E_TOO_LARGE, TAYRA_E_NOMEM,
 * TAYRA_E_FORKED, TAYRA_E_UNSUPPORTED.
 */
TAYRA_API int tayra_feed_postgres(struct tayra *t, const struct tayra_feed_options *options,
				  const char *conninfo, const char *channel, char *error,
				  size_t error_len, struct tayra_feed **out);
/*
 * Write the SQL that makes a table of PostgreSQL 10 or later tell that channel: one function and
 * four triggers, made anew if they are there.  To be run once, by the table's owner.  keys is a
 * pattern as in tayra_origin_options whose parts are columns: "pkg:{arch}/{name}" tells, of each
 * row that was inserted, updated (as it was and as it is) or deleted, the key made of them as the
 * database writes them; a program that asks for another spelling ("7.0" for 7) is not told.
 * A statement that changes over 1,000 keys, or a key of 8,000 bytes, tells what is in front of the
 * first part; so does TRUNCATE.  What is written to a partition by its own name is not told: name
 * that as a table too, or replicate.  `table` is "table" or "schema.table", as its name is,
 * unquoted; everything is quoted.
 * => TAYRA_E_INVAL, and `error` says why.  TAYRA_E_IO.
 */
TAYRA_API int tayra_feed_postgres_sql(const char *keys, const char *table, const char *channel,
				      char *error, size_t error_len, FILE *out);

/*
 * A PostgreSQL server, from 11, that replicates: what is committed to these tables is read from its
 * log, and nothing is to be made in the database but the publication.  It takes wal_level =
 * logical, a role with REPLICATION that may read the tables, and for a connection each a sender and
 * a slot (max_wal_senders, max_replication_slots); the parts of a key must be in the table's
 * replica identity, which the primary key is by itself.
 *
 * The slot is temporary: it keeps no log when we are gone, and a connection that is lost is a gap.
 * It cannot begin while a transaction that writes stays open, and is blind until then.  Keys are
 * told when others can see the change; a key is made of what the types' output functions write
 * ("t" for true).  A transaction that changes over 1,000 rows of a table tells what is in front of
 * the first part; so does TRUNCATE.  What the publication leaves out (its WHERE, a table that is
 * taken out of it later) is not told, nor TRUNCATE of a partition by its own name.  Two
 * connections, one thread; otherwise as tayra_feed_postgres().  `tables` is for the call.
 * => as tayra_feed_postgres().  TAYRA_E_INVAL also: the publication does not have the table, the
 *    table not the columns, the server does not replicate or is a standby; `error` says what.
 */
TAYRA_API int tayra_feed_postgres_replication(struct tayra *t,
					      const struct tayra_feed_options *options,
					      const char *conninfo, const char *publication,
					      const struct tayra_feed_table *tables, size_t count,
					      char *error, size_t error_len,
					      struct tayra_feed **out);
/* Write the SQL that makes that publication, or makes it anew, of these tables; partitioned ones
 * from PostgreSQL 13.  To be run once, by their owner.  => TAYRA_E_INVAL, and `error` says why.
 * TAYRA_E_NOMEM, TAYRA_E_IO. */
TAYRA_API int tayra_feed_postgres_publication_sql(const char *publication,
						  const struct tayra_feed_table *tables,
						  size_t count, char *error, size_t error_len,
						  FILE *out);

/*
 * An SQLite database in a file, on a connection of its own that only reads: what is committed
 * through any other connection, of this process or another, is noticed within interval_ns (at most
 * an hour).  With a NULL table of changes every commit may have changed all that is covered.  With
 * one the keys in it have changed, and what its triggers did not see has not.  One thread.
 * While the file is locked against readers for over a second, or cannot be read, it is blind.  A
 * database that is not in WAL mode needs writers that wait a moment for readers (busy_timeout).
 * => TAYRA_E_IO: it cannot be opened, TAYRA_E_INVAL: options, or the table is not as it must be;
 *    `error`, if not NULL, gets one line of at most error_len bytes saying what.
 *    TAYRA_E_TOO_LARGE, TAYRA_E_NOMEM, TAYRA_E_FORKED, TAYRA_E_UNSUPPORTED.
 */
TAYRA_API int tayra_feed_sqlite(struct tayra *t, const struct tayra_feed_options *options,
				const char *path, const char *changes, char *error,
				size_t error_len, struct tayra_feed **out);
/*
 * Write the SQL that makes a table of SQLite write down its changes in the table `changes`, made if
 * need be; several may share it.  keys as above, table a name.  The newest 10,000 changes stay; a
 * feed that is further behind distrusts all that it covers.  INSERT OR REPLACE tells of the row it
 * wrote, and of those it replaced only with PRAGMA recursive_triggers.
 * => TAYRA_E_INVAL, and `error` says why.  TAYRA_E_IO.
 */
TAYRA_API int tayra_feed_sqlite_sql(const char *keys, const char *table, const char *changes,
				    char *error, size_t error_len, FILE *out);

/*
 * A Redis (from 6) or Valkey server that says which keys with the feed's prefix were changed,
 * expired or evicted, in every database (CLIENT TRACKING with BCAST): the key there is the key
 * here, as with tayra_origin_redis() and "GET {key}".  url as for that.  One connection, one
 * thread; interval_ns (at most an hour) and connecting again as for PostgreSQL.
 * => TAYRA_OK also when the server does not answer yet: `error` says so then, and is empty
 *    otherwise; the feed is blind until it does.  TAYRA_E_INVAL: options, URL; or the server
 * refuses user, password or database, or cannot tell (before Redis 6).  TAYRA_E_TOO_LARGE,
 *    TAYRA_E_NOMEM, TAYRA_E_FORKED.
 */
TAYRA_API int tayra_feed_redis(struct tayra *t, const struct tayra_feed_options *options,
			       const char *url, char *error, size_t error_len,
			       struct tayra_feed **out);

#ifdef __cplusplus
}
#endif
#endif
