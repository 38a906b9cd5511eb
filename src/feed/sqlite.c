/* SPDX-License-Identifier: Apache-2.0
 *
 * sqlite.c: a connection that looks again and again whether others have committed.
 *
 * PRAGMA data_version says so, and no more, for a few microseconds.  What has changed is in the
 * table of changes, if there is one: its numbers come from AUTOINCREMENT, so none is left out and
 * none given twice, and writers of SQLite take turns, so they come in the order of the commits.  A
 * number that is missing was deleted before it was read: then anything may have changed.
 *
 * What was read is told after the transaction has ended, for a reader holds up writers or the
 * checkpoint.
 */
#include <string.h>

#include <sqlite3.h>

#include <tayra/tayra.h>

#include "base/clock.h"
#include "base/mem.h"
#include "feed/settings.h"
#include "feed/thread.h"
#include "feed/trigger.h"
#include "load/feed.h"
#include "net/buffer.h"
#include "origin/sqlite_open.h"

#define DEFAULT_INTERVAL_NS (5 * TAYRA_NS_PER_MS)
/* So long it may be impossible to look before it is blind. */
#define PATIENCE_NS TAYRA_NS_PER_S
/* A look takes at most so small a share of the time. */
#define LOOK_SHARE 20u
/* Of the changes read at a time. */
#define READ_MAX  "10001"
#define BYTES_MAX (4u << 20)
#define KEEP      (64u << 10)

struct sqlite {
	struct tayra_feed feed; /* first: the caller's pointer */
	struct tayra__feed_thread thread;
	sqlite3 *db;
	sqlite3_stmt *version, *news, *last; /* news, last: NULL without a table of changes */
	char *changes;                       /* its name, or NULL */
	char *lacking; /* SQL that gives a table that does not tell; NULL: none is to */
	int64_t seen_version, seen_id;
	bool due; /* what has changed could not be read yet */
	uint64_t interval_ns;
	uint64_t looked_ns;           /* when it last could */
	struct tayra__buffer waiting; /* length, key, length, key .. */
};

/* The number a statement gives; 0 when it gives no row.  => SQLite's code. */
static int
number_of(sqlite3_stmt *statement, int64_t *out)
{
	int rc = sqlite3_step(statement);

	*out = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
	sqlite3_reset(statement);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* Inside a transaction: keys into `waiting`.  *whole: none is missing. */
static int
read_changes(struct sqlite *s, int64_t *id, bool *whole)
{
	int64_t last;
	int rc;

	*id = s->seen_id;
	*whole = true;
	sqlite3_bind_int64(s->news, 1, s->seen_id);
	while ((rc = sqlite3_step(s->news)) == SQLITE_ROW) {
		const void *key = sqlite3_column_text(s->news, 1);
		uint32_t len = (uint32_t)sqlite3_column_bytes(s->news, 1);

		*whole = *whole && key && sqlite3_column_int64(s->news, 0) == *id + 1;
		*id += 1;
		if (!*whole)
			break;
		tayra__buffer_append(&s->waiting, &len, sizeof(len));
		tayra__buffer_append(&s->waiting, key, len);
	}
	sqlite3_reset(s->news);
	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		return rc;
	rc = number_of(s->last, &last);
	*whole = *whole && last == *id && !s->waiting.failed;
	*id = last;
	return rc;
}

static void
tell(struct sqlite *s, bool whole)
{
	struct tayra__buffer *b = &s->waiting;

	if (!whole)
		tayra_feed_changed_prefix(&s->feed, NULL, 0);
	while (whole && b->len > 0 && !tayra__feed_thread_stops(&s->thread)) {
		const char *at = b->bytes + b->start;
		uint32_t len;

		memcpy(&len, at, sizeof(len));
		tayra_feed_changed(&s->feed, at + sizeof(len), len);
		tayra__buffer_consume(b, sizeof(len) + len);
	}
	tayra__buffer_reset(b, KEEP);
}

/* Somebody has committed.  => SQLite's code: it is to be tried again. */
static int
take_changes(struct sqlite *s)
{
	bool whole = false;
	int64_t id = 0;
	int rc;

	if (s->news) {
		rc = sqlite3_exec(s->db, "BEGIN", NULL, NULL, NULL);
		if (rc == SQLITE_OK)
			rc = read_changes(s, &id, &whole);
		sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL);
		if (rc != SQLITE_OK) {
			tayra__buffer_reset(&s->waiting, KEEP);
			return rc;
		}
		s->seen_id = id;
	}
	tell(s, whole);
	return SQLITE_OK;
}

static void
look_for_triggers(struct sqlite *s)
{
	sqlite3_stmt *find = NULL;
	const char *table = NULL;

	if (!s->lacking)
		return;
	if (sqlite3_prepare_v2(s->db, s->lacking, -1, &find, NULL) == SQLITE_OK &&
	    sqlite3_step(find) == SQLITE_ROW)
		table = (const char *)sqlite3_column_text(find, 0);
	tayra__feed_untold(&s->feed, table ? table : "");
	sqlite3_finalize(find);
}

/* From now on every commit will be noticed.  => SQLite's code. */
static int
begin(struct sqlite *s)
{
	int rc = number_of(s->version, &s->seen_version);

	if (rc == SQLITE_OK && s->last)
		rc = number_of(s->last, &s->seen_id);
	if (rc != SQLITE_OK)
		return rc;
	s->due = false;
	s->looked_ns = tayra__clock_real_ns();
	look_for_triggers(s);
	tayra_feed_sound(&s->feed);
	return SQLITE_OK;
}

/* => SQLite's code. */
static int
look(struct sqlite *s)
{
	int64_t version;
	int rc;

	if (!atomic_load_explicit(&s->feed.sound, memory_order_relaxed))
		return begin(s);
	rc = number_of(s->version, &version);
	if (rc != SQLITE_OK)
		return rc;
	s->due = s->due || version != s->seen_version;
	s->seen_version = version;
	if (s->due)
		rc = take_changes(s);
	if (rc != SQLITE_OK)
		return rc;
	s->due = false;
	s->looked_ns = tayra__clock_real_ns();
	return SQLITE_OK;
}

static void *
run(void *arg)
{
	struct sqlite *s = arg;

	while (!tayra__feed_thread_stops(&s->thread)) {
		uint64_t began_ns = tayra__clock_real_ns(), end_ns, pause_ns;
		int rc = look(s);

		end_ns = tayra__clock_real_ns();
		if (rc != SQLITE_OK && end_ns - s->looked_ns > PATIENCE_NS)
			tayra__feed_lost(&s->feed, sqlite3_errstr(rc));
		pause_ns = (end_ns - began_ns) * LOOK_SHARE;
		if (pause_ns > PATIENCE_NS / LOOK_SHARE)
			pause_ns = PATIENCE_NS / LOOK_SHARE;
		tayra__feed_thread_wait(
			&s->thread, -1,
			end_ns + (pause_ns > s->interval_ns ? pause_ns : s->interval_ns));
	}
	return NULL;
}

static void
close_sqlite(struct tayra_feed *feed)
{
	struct sqlite *s = (struct sqlite *)feed;

	tayra__feed_thread_fini(&s->thread);
	sqlite3_finalize(s->version);
	sqlite3_finalize(s->news);
	sqlite3_finalize(s->last);
	sqlite3_close(s->db);
	tayra__buffer_fini(&s->waiting);
	tayra__feed_fini(&s->feed);
	tayra__mem_free(s->changes);
	tayra__mem_free(s->lacking);
	tayra__mem_free(s);
}

static int
status_of(int rc)
{
	return rc == SQLITE_OK ? TAYRA_OK : rc == SQLITE_NOMEM ? TAYRA_E_NOMEM : TAYRA_E_INVAL;
}

static int
prepare(struct sqlite *s, const char *sql, sqlite3_stmt **out, const struct tayra__complaint *why)
{
	int rc = sql ? sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL)
		     : SQLITE_NOMEM;

	if (rc != SQLITE_OK)
		tayra__complain(why, "SQL: %s", sql ? sqlite3_errmsg(s->db) : "out of memory");
	return status_of(rc);
}

/* => TAYRA_OK, also when it cannot be known yet: preparing says so. */
static int
check_table(struct sqlite *s, const struct tayra__complaint *why)
{
	sqlite3_stmt *find = NULL;
	int rc, status = prepare(s,
				 "SELECT 1 FROM sqlite_master WHERE type = 'table' AND "
				 "name = ?1 COLLATE NOCASE",
				 &find, why);

	if (status != TAYRA_OK)
		return status;
	sqlite3_bind_text(find, 1, s->changes, -1, SQLITE_STATIC);
	rc = sqlite3_step(find);
	sqlite3_finalize(find);
	if (rc != SQLITE_DONE)
		return TAYRA_OK;
	tayra__complain(why, "feed: no table of changes '%.100s'", s->changes);
	return TAYRA_E_INVAL;
}

static int
prepare_changes(struct sqlite *s, const struct tayra__complaint *why)
{
	char *sql = sqlite3_mprintf("SELECT id, key FROM \"%w\" WHERE id > ?1 ORDER BY id"
				    " LIMIT " READ_MAX,
				    s->changes);
	int status = prepare(s, sql, &s->news, why);

	sqlite3_free(sql);
	if (status == TAYRA_OK)
		status = prepare(s,
				 "SELECT seq FROM sqlite_sequence WHERE name = ?1 COLLATE NOCASE",
				 &s->last, why);
	if (status == TAYRA_OK)
		status = status_of(sqlite3_bind_text(s->last, 1, s->changes, -1, SQLITE_STATIC));
	return status;
}

static int
fill(struct sqlite *s, const struct tayra_feed_options *options, const char *path,
     const char *changes, const struct tayra__complaint *why)
{
	int status = tayra__feed_thread_init(&s->thread);

	if (status == TAYRA_OK && changes)
		status = tayra__trigger_lacking(TAYRA__QUOTE_SQLITE, options, changes, &s->lacking,
						why);

	if (status == TAYRA_OK && changes) {
		s->changes = tayra__mem_strdup(changes);
		status = s->changes ? TAYRA_OK : TAYRA_E_NOMEM;
	}
	if (status == TAYRA_OK)
		status = tayra__sqlite_open(path, TAYRA__SQLITE_READ, &s->db, why);
	if (status == TAYRA_OK)
		status = prepare(s, "PRAGMA data_version", &s->version, why);
	if (status == TAYRA_OK && changes)
		status = check_table(s, why);
	if (status == TAYRA_OK && changes)
		status = prepare_changes(s, why);
	if (status != TAYRA_OK)
		return status;
	/* From now on it looks again instead of waiting. */
	begin(s);
	sqlite3_busy_timeout(s->db, 0);
	return tayra__feed_thread_start(&s->thread, run, s);
}

int
tayra_feed_sqlite(struct tayra *t, const struct tayra_feed_options *options, const char *path,
		  const char *changes, char *error, size_t error_len, struct tayra_feed **out)
{
	const struct tayra__complaint why = { error, error_len };
	uint64_t interval_ns;
	struct sqlite *s;
	int status;

	tayra__complain(&why, "%s", "");
	if (!out)
		return TAYRA_E_INVAL;
	*out = NULL;
	status = tayra__feed_interval(options, DEFAULT_INTERVAL_NS, &interval_ns, &why);
	if (status == TAYRA_OK && (!path || (changes && !*changes))) {
		tayra__complain(&why, "feed: the path or the table's name is missing");
		status = TAYRA_E_INVAL;
	}
	if (status != TAYRA_OK)
		return status;
	s = tayra__mem_alloc(sizeof(*s));
	if (!s)
		return TAYRA_E_NOMEM;
	s->feed.close = close_sqlite;
	s->interval_ns = interval_ns;
	s->thread.wake_fd = -1;
	tayra__buffer_init(&s->waiting, BYTES_MAX);
	status = tayra__feed_init(&s->feed, t, options);
	if (status != TAYRA_OK) {
		tayra__mem_free(s);
		return status;
	}
	status = fill(s, options, path, changes, &why);
	if (status != TAYRA_OK) {
		close_sqlite(&s->feed);
		return status;
	}
	*out = &s->feed;
	return TAYRA_OK;
}
