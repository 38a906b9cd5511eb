/* SPDX-License-Identifier: Apache-2.0
 *
 * sqlite.c: a prepared statement, and one for batches, a worker, each worker on a connection of its
 * own, so that SQLite's own mutexes are never waited for.  A query past the deadline of all its
 * loads, or that nobody waits for, is
 * ended (sqlite_connection.h).  Another process may change the schema: SQLite then prepares the
 * statement anew in the first step of a run, and what is known of its columns goes with the old
 * one.
 */
#include <string.h>

#include <sqlite3.h>

#include "base/clock.h"
#include "base/mem.h"
#include "load/origin.h"
#include "origin/keylist.h"
#include "origin/settings.h"
#include "origin/spread.h"
#include "origin/sqlite_connection.h"
#include "origin/sqlite_open.h"
#include "origin/sqlite_write.h"
#include "origin/tagging.h"
#include "origin/version.h"
#include "origin/worker.h"

struct statement {
	sqlite3_stmt *handle;      /* NULL: there is none */
	const char **names;        /* of the columns; SQLite's, until it is prepared anew */
	struct tayra__cell *cells; /* of the row being read */
	uint32_t columns;
	uint32_t keys; /* of them, at the front, are the parts of a key */
	int prepared;  /* how often it was anew when these were taken; -1: they are none */
};

struct connection {
	struct tayra__sqlite on;
	struct statement plain, batch, version;
	struct tayra__spread *spread; /* with a batch */
	struct tayra__keylist list;
};

struct database {
	struct tayra_origin origin; /* first: the caller's pointer */
	struct tayra__workers *workers;
	struct tayra__sqlite_writer *writer; /* NULL: it is only read */
	struct tayra__pattern keys;
	struct tayra__shape shape;
	uint32_t count;
	struct connection connections[];
};

static struct tayra__cell
cell_of(const struct statement *st, int column, bool as_bytes)
{
	struct tayra__cell cell = { .kind = TAYRA__CELL_NULL };
	int type = sqlite3_column_type(st->handle, column);

	if (type == SQLITE_NULL)
		return cell;
	cell.kind = type == SQLITE_BLOB   ? TAYRA__CELL_BYTES
		    : type == SQLITE_TEXT ? TAYRA__CELL_TEXT
					  : TAYRA__CELL_NUMBER;
	cell.bytes = as_bytes || type == SQLITE_BLOB
			     ? sqlite3_column_blob(st->handle, column)
			     : (const void *)sqlite3_column_text(st->handle, column);
	cell.len = (size_t)sqlite3_column_bytes(st->handle, column);
	return cell;
}

/* => TAYRA_OK; TAYRA_E_NOMEM: SQLite could not give the bytes of a cell. */
static int
read_row(const struct database *d, const struct statement *st)
{
	uint32_t columns = d->shape.shape == TAYRA_SHAPE_RAW ? st->keys + 1 : st->columns;

	for (uint32_t i = 0; i < columns; i++) {
		st->cells[i] = cell_of(st, (int)i, d->shape.shape == TAYRA_SHAPE_RAW);
		if (!st->cells[i].bytes && st->cells[i].len > 0)
			return TAYRA_E_NOMEM;
	}
	return TAYRA_OK;
}

static void
forget_columns(struct statement *st)
{
	tayra__mem_free(st->names);
	tayra__mem_free(st->cells);
	st->names = NULL;
	st->cells = NULL;
	st->columns = 0;
	st->prepared = -1;
}

static int
name_columns(struct statement *st)
{
	st->columns = (uint32_t)sqlite3_column_count(st->handle);
	st->names = tayra__mem_array(st->columns, sizeof(st->names[0]));
	st->cells = tayra__mem_array(st->columns, sizeof(st->cells[0]));
	if (!st->names || !st->cells)
		return TAYRA_E_NOMEM;
	for (uint32_t i = 0; i < st->columns; i++) {
		st->names[i] = sqlite3_column_name(st->handle, (int)i);
		if (!st->names[i])
			return TAYRA_E_NOMEM;
	}
	return TAYRA_OK;
}

/* The columns of the statement as it is now: after opening, and after the first step of each run.
 * => TAYRA_E_INVAL: two have one name, or a key is all there is. */
static int
know_columns(struct statement *st, enum tayra_shape shape, const struct tayra__complaint *why)
{
	int prepared = sqlite3_stmt_status(st->handle, SQLITE_STMTSTATUS_REPREPARE, 0), status;

	if (st->names && st->prepared == prepared)
		return TAYRA_OK;
	forget_columns(st);
	status = name_columns(st);
	if (status == TAYRA_OK && st->columns <= st->keys) {
		tayra__complain(why, "SQL: it returns no column behind those of the key");
		status = TAYRA_E_INVAL;
	}
	if (status == TAYRA_OK)
		status = tayra__shape_names(shape, st->names + st->keys, st->columns - st->keys,
					    why);
	if (status == TAYRA_OK)
		st->prepared = prepared;
	return status;
}

/* The first step of a run.  => TAYRA_OK: *rc is what it said. */
static int
begin(const struct database *d, struct connection *c, struct statement *st, int *rc,
      const struct tayra__complaint *why)
{
	int status;

	*rc = sqlite3_step(st->handle);
	if (*rc != SQLITE_ROW && *rc != SQLITE_DONE)
		return tayra__sqlite_broken(&c->on, *rc, why);
	status = know_columns(st, d->shape.shape, why);
	return status == TAYRA_E_INVAL ? TAYRA_E_ORIGIN : status; /* not the key's fault */
}

/* => TAYRA_OK: the rows are where they go. */
static int
query(const struct database *d, struct connection *c, struct statement *st,
      const struct tayra__sink *sink, const struct tayra__complaint *why)
{
	int rc = SQLITE_DONE, status = begin(d, c, st, &rc, why);

	while (status == TAYRA_OK && rc == SQLITE_ROW) {
		status = read_row(d, st);
		if (status == TAYRA_OK &&
		    sink->row(sink->into, st->names, st->cells, st->columns) == TAYRA__ROWS_ENOUGH)
			return TAYRA_OK;
		rc = sqlite3_step(st->handle);
	}
	if (status == TAYRA_OK && rc != SQLITE_DONE)
		status = tayra__sqlite_broken(&c->on, rc, why);
	return status;
}

static void
end(struct connection *c, const struct statement *st)
{
	c->on.count = 0;
	sqlite3_reset(st->handle);
	sqlite3_clear_bindings(st->handle);
}

/* Before the value, which then is of that version or newer.  => TAYRA_OK: *version; 0: none. */
static int
ask_version(const struct database *d, struct connection *c, uint64_t *version,
	    const struct tayra__complaint *why)
{
	sqlite3_stmt *st = c->version.handle;
	int rc, status = tayra__sqlite_bind_key(st, &d->keys, c->on.loads[0]);

	if (status == TAYRA_OK) {
		rc = sqlite3_step(st);
		if (rc == SQLITE_ROW && sqlite3_column_type(st, 0) != SQLITE_NULL) {
			const void *bytes = sqlite3_column_blob(st, 0);

			*version = tayra__version_of(bytes, (size_t)sqlite3_column_bytes(st, 0));
		} else if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
			status = tayra__sqlite_broken(&c->on, rc, why);
		}
	}
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return status;
}

static void
work(void *arg, uint32_t worker, struct tayra_load *l)
{
	struct database *d = arg;
	struct connection *c = &d->connections[worker];
	char trouble[TAYRA__TROUBLE_TEXT] = "";
	const struct tayra__complaint why = { trouble, sizeof(trouble) };
	struct tayra__result result;
	const struct tayra__sink sink = tayra__result_sink(&result);
	const void *value = NULL;
	struct tayra_load_result known = TAYRA_LOAD_RESULT_INIT;
	uint64_t version = 0;
	size_t len = 0;
	int status;

	c->on.loads = &l;
	c->on.count = 1;
	status = c->version.handle ? ask_version(d, c, &version, &why) : TAYRA_OK;
	if (status == TAYRA_OK && tayra__version_is_cached(l, version)) {
		c->on.count = 0;
		tayra__trouble_note(&d->origin.trouble, TAYRA_OK, trouble);
		tayra_load_unchanged(l, NULL);
		return;
	}
	tayra__result_begin(&result, &d->shape);
	if (status == TAYRA_OK)
		status = tayra__sqlite_bind_key(c->plain.handle, &d->keys, l);
	if (status == TAYRA_OK)
		status = query(d, c, &c->plain, &sink, &why);
	end(c, &c->plain);
	if (status == TAYRA_OK)
		status = tayra__result_end(&result, &value, &len);
	tayra__trouble_note(&d->origin.trouble, status, trouble);
	known.version = version;
	if (status == TAYRA_OK)
		tayra_load_done(l, value, len, &known);
	else
		tayra_load_fail(l, status, 0);
	tayra__result_fini(&result);
}

/* A value that a function does not like, or one too long for a text of SQLite. */
static bool
is_of_data(const sqlite3 *db)
{
	int rc = sqlite3_errcode((sqlite3 *)(uintptr_t)db) & 0xff;

	return rc == SQLITE_ERROR || rc == SQLITE_TOOBIG || rc == SQLITE_MISMATCH;
}

static void
ask_together(struct database *d, struct connection *c, struct tayra__outcome *outcome)
{
	char trouble[TAYRA__TROUBLE_TEXT] = "";
	const struct tayra__complaint why = { trouble, sizeof(trouble) };
	const struct tayra__sink sink = tayra__spread_sink(c->spread);
	int status = tayra__keylist_json(&c->list, c->spread);

	c->on.loads = tayra__spread_loads(c->spread);
	c->on.count = c->spread->count;
	if (status == TAYRA_OK && sqlite3_bind_text64(c->batch.handle, 1, c->list.text, c->list.len,
						      SQLITE_STATIC, SQLITE_UTF8) != SQLITE_OK)
		status = TAYRA_E_NOMEM;
	if (status == TAYRA_OK) {
		status = query(d, c, &c->batch, &sink, &why);
		outcome->data = status == TAYRA_E_ORIGIN && is_of_data(c->on.db);
	}
	end(c, &c->batch);
	outcome->status = status;
	tayra__trouble_note(&d->origin.trouble, status, trouble);
}

static void
work_many(void *arg, uint32_t worker, struct tayra_load **loads, uint32_t n)
{
	struct database *d = arg;
	struct connection *c = &d->connections[worker];
	struct tayra__outcome outcome = { TAYRA_OK, false };

	if (tayra__spread_begin(c->spread, loads, n))
		ask_together(d, c, &outcome);
	tayra__spread_end(c->spread, &outcome, work, d, worker);
}

static void
load(struct tayra_origin *origin, struct tayra_load *l)
{
	tayra__workers_push(((struct database *)origin)->workers, l);
}

static void
write_load(struct tayra_origin *origin, struct tayra_load *l)
{
	tayra__sqlite_writer_push(((struct database *)origin)->writer, l);
}

static void
close_connection(struct connection *c)
{
	forget_columns(&c->plain);
	forget_columns(&c->batch);
	sqlite3_finalize(c->plain.handle);
	sqlite3_finalize(c->batch.handle);
	sqlite3_finalize(c->version.handle);
	sqlite3_close(c->on.db);
	tayra__spread_destroy(c->spread);
	tayra__keylist_fini(&c->list);
}

static void
close_database(struct tayra_origin *origin)
{
	struct database *d = (struct database *)origin;

	if (d->workers)
		tayra__workers_destroy(d->workers);
	tayra__sqlite_writer_close(d->writer);
	for (uint32_t i = 0; i < d->count; i++) {
		close_connection(&d->connections[i]);
	}
	tayra__trouble_fini(&d->origin.trouble);
	tayra__mem_free(d);
}

static int
prepare(sqlite3 *db, struct statement *st, const char *sql, const struct tayra__complaint *why)
{
	int status = tayra__sqlite_prepare(db, sql, &st->handle, why);

	if (status != TAYRA_OK)
		return status;
	if (!sqlite3_stmt_readonly(st->handle))
		tayra__complain(why, "SQL: it would change the database");
	else if (sqlite3_column_count(st->handle) == 0)
		tayra__complain(why, "SQL: it returns no column");
	else
		return TAYRA_OK;
	return TAYRA_E_INVAL;
}

/* One for a key: it takes its parts. */
static int
prepare_for_key(const struct database *d, struct connection *c, struct statement *st,
		const char *sql, const struct tayra__complaint *why)
{
	int status = prepare(c->on.db, st, sql, why);
	int takes = sqlite3_bind_parameter_count(st->handle);

	if (status != TAYRA_OK || takes == (int)d->keys.parts)
		return status;
	tayra__complain_parameters(why, takes, d->keys.parts);
	return TAYRA_E_INVAL;
}

static int
open_plain(const struct database *d, struct connection *c, const char *sql,
	   const struct tayra__complaint *why)
{
	int status = prepare_for_key(d, c, &c->plain, sql, why);

	return status == TAYRA_OK ? know_columns(&c->plain, d->shape.shape, why) : status;
}

/* Whose keys would it find who compares one with the whole list? */
static const char *
wrong_with_batch(const struct connection *c, const char *sql)
{
	if (sqlite3_bind_parameter_count(c->batch.handle) != 1)
		return "it must take one parameter, the keys as a JSON array";
	return strcasestr(sql, "json") ? NULL
				       : "it does not read its parameter as JSON: json_each(?1)";
}

static int
open_batch(const struct database *d, struct connection *c,
	   const struct tayra__origin_settings *settings, const struct tayra__complaint *why)
{
	const char *wrong;
	int status = tayra__spread_create(&d->keys, &d->shape, settings->batching.loads_max,
					  &c->spread);

	if (status == TAYRA_OK)
		status = prepare(c->on.db, &c->batch, settings->batch, why);
	if (status != TAYRA_OK)
		return status;
	wrong = wrong_with_batch(c, settings->batch);
	if (wrong) {
		tayra__complain(why, "SQL: %s", wrong);
		return TAYRA_E_INVAL;
	}
	c->batch.keys = d->keys.parts;
	status = know_columns(&c->batch, d->shape.shape, why);
	return status == TAYRA_OK
		       ? tayra__spread_columns(c->spread, c->plain.names, c->plain.columns,
					       c->batch.names, c->batch.columns, why)
		       : status;
}

static int
open_all(struct database *d, const struct tayra__origin_settings *settings, const char *path,
	 const char *sql, const struct tayra__complaint *why)
{
	char text[200] = "";
	const struct tayra__complaint other = { text, sizeof(text) };
	int status = TAYRA_OK;

	for (uint32_t i = 0; i < settings->threads && status == TAYRA_OK; i++) {
		struct connection *c = &d->connections[i];

		d->count++;
		status = tayra__sqlite_open(path, TAYRA__SQLITE_READ, &c->on.db, why);
		if (status == TAYRA_OK)
			status = open_plain(d, c, sql, why);
		if (status == TAYRA_OK && settings->batch) {
			status = open_batch(d, c, settings, &other);
			tayra__complain(why, text[0] ? "batch: %s" : "%s", text);
		}
		if (status == TAYRA_OK && settings->version) {
			status = prepare_for_key(d, c, &c->version, settings->version, &other);
			tayra__complain(why, text[0] ? "version: %s" : "%s", text);
		}
		if (status == TAYRA_OK) {
			tayra__sqlite_watch(&c->on);
		}
	}
	return status;
}

int
tayra_origin_sqlite(const struct tayra_origin_options *given, const char *path, const char *sql,
		    char *error, size_t error_len, struct tayra_origin **out)
{
	const struct tayra__complaint why = { error, error_len };
	struct tayra__origin_settings settings;
	struct database *d;
	int status;

	tayra__complain(&why, "%s", "");
	if (!out)
		return TAYRA_E_INVAL;
	*out = NULL;
	status = tayra__origin_settings(given, &settings, &why);
	if (status != TAYRA_OK)
		return status;
	if (!path || !sql || settings.pipeline) {
		tayra__complain(&why, settings.pipeline ? "options: a pipeline is of PostgreSQL"
							: "the path or the SQL is missing");
		return TAYRA_E_INVAL;
	}
	d = tayra__mem_alloc(sizeof(*d) + settings.threads * sizeof(d->connections[0]));
	if (!d)
		return TAYRA_E_NOMEM;
	d->origin = (struct tayra_origin){ "sqlite", load, close_database, settings.pace };
	tayra__trouble_init(&d->origin.trouble);
	d->keys = settings.keys;
	d->shape = settings.shape;
	status = open_all(d, &settings, path, sql, &why);
	if (status == TAYRA_OK && settings.write) {
		status = tayra__sqlite_writer_open(path, settings.write, &d->keys,
						   &d->origin.trouble, &d->writer, &why);
		d->origin.write = write_load;
	}
	if (status == TAYRA_OK)
		status = settings.batch
				 ? tayra__workers_create_many(settings.threads, &settings.batching,
							      work_many, d, &d->workers)
				 : tayra__workers_create(settings.threads, work, d, &d->workers);
	if (status != TAYRA_OK) {
		close_database(&d->origin);
		return status;
	}
	return tayra__tagging_attach(&d->origin, &settings, &why, out);
}
