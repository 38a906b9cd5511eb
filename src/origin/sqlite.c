/* SPDX-License-Identifier: Apache-2.0
 *
 * sqlite.c: one prepared statement a worker, each on a connection of its own, so that SQLite's own
 * mutexes are never waited for.  A query past its load's deadline, or that nobody waits for, is
 * ended from its progress handler, and the wait for a lock that somebody else has on the database
 * from the busy handler.  Another process may change the schema: SQLite then prepares the
 * statement anew in the first step of a run, and what is known of its columns goes with the old
 * one.
 */
#include <string.h>

#include <sqlite3.h>

#include "base/clock.h"
#include "base/mem.h"
#include "load/origin.h"
#include "origin/settings.h"
#include "origin/sqlite_open.h"
#include "origin/worker.h"

/* Virtual machine steps between looks at the clock: about 20 us. */
#define PROGRESS_STEPS 1000
/* Between looks whether a lock is gone: 1, 2, 4, 8, 16, 16, .. ms. */
#define BUSY_DOUBLINGS 4

struct connection {
	sqlite3 *db;
	sqlite3_stmt *statement;
	const char **names;        /* of the columns; the statement's, until it is prepared anew */
	struct tayra__cell *cells; /* of the row being read */
	uint32_t columns;
	int prepared; /* how often it was anew when these were taken; -1: they are none */
	struct tayra_load *load; /* running on it now, or NULL */
};

struct database {
	struct tayra_origin origin; /* first: the caller's pointer */
	struct tayra__workers *workers;
	struct tayra__pattern keys;
	struct tayra__shape shape;
	uint32_t count;
	struct connection connections[];
};

static int
progress(void *arg)
{
	const struct connection *c = arg;

	return c->load && tayra__load_over(c->load) != TAYRA_OK;
}

/* Somebody writes, for the nth time in a row.  Gives up where the next look would come too late. */
static int
busy(void *arg, int n)
{
	struct connection *c = arg;
	uint64_t step_ns = TAYRA_NS_PER_MS << (n < BUSY_DOUBLINGS ? n : BUSY_DOUBLINGS), until_ns;

	tayra__load_waited(c->load);
	if (tayra_load_cancelled(c->load) ||
	    __builtin_add_overflow(tayra__load_now_ns(c->load), step_ns, &until_ns) ||
	    until_ns >= tayra_load_deadline_ns(c->load))
		return 0;
	tayra__clock_sleep_until_ns(tayra__clock_real_ns() + step_ns);
	return 1;
}

static int
status_of(int rc, const struct tayra_load *l)
{
	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED: return TAYRA_E_OVERLOAD;
	case SQLITE_INTERRUPT: return tayra_load_cancelled(l) ? TAYRA_E_CANCELLED : TAYRA_E_TIMEOUT;
	case SQLITE_NOMEM: return TAYRA_E_NOMEM;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB: return TAYRA_E_CORRUPT;
	}
	return TAYRA_E_ORIGIN;
}

/* What ends a quotation that c begins, 0: it begins none.  SQLite quotes values in one of three
 * ways, and, in a statement that once compiled, names in none. */
static char
closing(char c)
{
	return c == '[' ? ']' : c == '\'' || c == '"' ? c : '\0';
}

/* SQLite's message without the values it quotes. */
static void
complain_of(sqlite3 *db, const struct tayra__complaint *why)
{
	char plain[TAYRA__TROUBLE_TEXT], close = '\0';
	size_t len = 0;

	for (const char *at = sqlite3_errmsg(db); *at && len < sizeof(plain) - 1; at++) {
		if (!close) {
			close = closing(*at);
			plain[len++] = *at;
		} else if (*at == close) {
			close = '\0';
			plain[len++] = *at;
		}
	}
	plain[len] = '\0';
	tayra__complain(why, "%s", plain);
}

/* What a step said that is neither a row nor the end. */
static int
broken(const struct connection *c, int rc, const struct tayra__complaint *why)
{
	complain_of(c->db, why);
	return status_of(rc, c->load);
}

/* => TAYRA_E_INVAL: it is none of our keys, or longer than SQLite takes. */
static int
bind_key(const struct database *d, struct connection *c)
{
	struct tayra__part parts[TAYRA__PATTERN_PARTS];
	size_t key_len;
	const void *key = tayra_load_key(c->load, &key_len);

	if (!tayra__pattern_match(&d->keys, key, key_len, parts))
		return TAYRA_E_INVAL;
	for (uint32_t i = 0; i < d->keys.parts; i++)
		if (sqlite3_bind_text(c->statement, (int)i + 1, parts[i].bytes, (int)parts[i].len,
				      SQLITE_STATIC) != SQLITE_OK)
			return TAYRA_E_NOMEM;
	return TAYRA_OK;
}

static struct tayra__cell
cell_of(struct connection *c, int column, bool as_bytes)
{
	struct tayra__cell cell = { .kind = TAYRA__CELL_NULL };
	int type = sqlite3_column_type(c->statement, column);

	if (type == SQLITE_NULL)
		return cell;
	cell.kind = type == SQLITE_BLOB   ? TAYRA__CELL_BYTES
		    : type == SQLITE_TEXT ? TAYRA__CELL_TEXT
					  : TAYRA__CELL_NUMBER;
	cell.bytes = as_bytes || type == SQLITE_BLOB
			     ? sqlite3_column_blob(c->statement, column)
			     : (const void *)sqlite3_column_text(c->statement, column);
	cell.len = (size_t)sqlite3_column_bytes(c->statement, column);
	return cell;
}

/* => TAYRA_OK; TAYRA_E_NOMEM: SQLite could not give the bytes of a cell. */
static int
read_row(const struct database *d, struct connection *c)
{
	uint32_t columns = d->shape.shape == TAYRA_SHAPE_RAW ? 1 : c->columns;

	for (uint32_t i = 0; i < columns; i++) {
		c->cells[i] = cell_of(c, (int)i, d->shape.shape == TAYRA_SHAPE_RAW);
		if (!c->cells[i].bytes && c->cells[i].len > 0)
			return TAYRA_E_NOMEM;
	}
	return TAYRA_OK;
}

static void
forget_columns(struct connection *c)
{
	tayra__mem_free(c->names);
	tayra__mem_free(c->cells);
	c->names = NULL;
	c->cells = NULL;
	c->columns = 0;
	c->prepared = -1;
}

static int
name_columns(struct connection *c)
{
	c->columns = (uint32_t)sqlite3_column_count(c->statement);
	c->names = tayra__mem_array(c->columns, sizeof(c->names[0]));
	c->cells = tayra__mem_array(c->columns, sizeof(c->cells[0]));
	if (!c->names || !c->cells)
		return TAYRA_E_NOMEM;
	for (uint32_t i = 0; i < c->columns; i++) {
		c->names[i] = sqlite3_column_name(c->statement, (int)i);
		if (!c->names[i])
			return TAYRA_E_NOMEM;
	}
	return TAYRA_OK;
}

/* The columns of the statement as it is now: after opening, and after the first step of each run.
 * => TAYRA_E_INVAL: two have one name. */
static int
know_columns(struct connection *c, enum tayra_shape shape, const struct tayra__complaint *why)
{
	int prepared = sqlite3_stmt_status(c->statement, SQLITE_STMTSTATUS_REPREPARE, 0), status;

	if (c->names && c->prepared == prepared)
		return TAYRA_OK;
	forget_columns(c);
	status = name_columns(c);
	if (status == TAYRA_OK)
		status = tayra__shape_names(shape, c->names, c->columns, why);
	if (status == TAYRA_OK)
		c->prepared = prepared;
	return status;
}

/* The first step of a run.  => TAYRA_OK: *rc is what it said. */
static int
begin(const struct database *d, struct connection *c, int *rc, const struct tayra__complaint *why)
{
	int status = bind_key(d, c);

	if (status != TAYRA_OK)
		return status;
	*rc = sqlite3_step(c->statement);
	if (*rc != SQLITE_ROW && *rc != SQLITE_DONE)
		return broken(c, *rc, why);
	status = know_columns(c, d->shape.shape, why);
	return status == TAYRA_E_INVAL ? TAYRA_E_ORIGIN : status; /* not the key's fault */
}

/* => TAYRA_OK: the rows are in *result. */
static int
query(const struct database *d, struct connection *c, struct tayra__result *result,
      const struct tayra__complaint *why)
{
	int rc = SQLITE_DONE, status = begin(d, c, &rc, why);

	while (status == TAYRA_OK && rc == SQLITE_ROW) {
		status = read_row(d, c);
		if (status == TAYRA_OK &&
		    tayra__result_row(result, c->names, c->cells, c->columns) == TAYRA__ROWS_ENOUGH)
			return TAYRA_OK;
		rc = sqlite3_step(c->statement);
	}
	if (status == TAYRA_OK && rc != SQLITE_DONE)
		status = broken(c, rc, why);
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
	const void *value = NULL;
	size_t len = 0;
	int status;

	tayra__result_begin(&result, &d->shape);
	c->load = l;
	status = query(d, c, &result, &why);
	c->load = NULL;
	sqlite3_reset(c->statement);
	sqlite3_clear_bindings(c->statement);
	if (status == TAYRA_OK)
		status = tayra__result_end(&result, &value, &len);
	tayra__trouble_note(&d->origin.trouble, status, trouble);
	if (status == TAYRA_OK)
		tayra_load_done(l, value, len, NULL);
	else
		tayra_load_fail(l, status, 0);
	tayra__result_fini(&result);
}

static void
load(struct tayra_origin *origin, struct tayra_load *l)
{
	tayra__workers_push(((struct database *)origin)->workers, l);
}

static void
close_database(struct tayra_origin *origin)
{
	struct database *d = (struct database *)origin;

	if (d->workers)
		tayra__workers_destroy(d->workers);
	for (uint32_t i = 0; i < d->count; i++) {
		forget_columns(&d->connections[i]);
		sqlite3_finalize(d->connections[i].statement);
		sqlite3_close(d->connections[i].db);
	}
	tayra__trouble_fini(&d->origin.trouble);
	tayra__mem_free(d);
}

/* Is there no statement in it?  Asks SQLite, which knows its comments. */
static bool
is_blank(sqlite3 *db, const char *text)
{
	sqlite3_stmt *statement = NULL;
	int rc = SQLITE_OK;

	while (*text && rc == SQLITE_OK && !statement)
		rc = sqlite3_prepare_v2(db, text, -1, &statement, &text);
	sqlite3_finalize(statement);
	return rc == SQLITE_OK && !statement;
}

static int
prepare(struct connection *c, const char *sql, uint32_t parts, const struct tayra__complaint *why)
{
	const char *rest = "";
	int rc = sqlite3_prepare_v3(c->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &c->statement,
				    &rest);

	if (rc != SQLITE_OK)
		tayra__complain(why, "SQL: %s", sqlite3_errmsg(c->db));
	else if (!c->statement)
		tayra__complain(why, "SQL: there is no statement in it");
	else if (!is_blank(c->db, rest))
		tayra__complain(why, "SQL: there is more than one statement in it");
	else if (sqlite3_bind_parameter_count(c->statement) != (int)parts)
		tayra__complain_parameters(why, sqlite3_bind_parameter_count(c->statement), parts);
	else if (!sqlite3_stmt_readonly(c->statement))
		tayra__complain(why, "SQL: it would change the database");
	else if (sqlite3_column_count(c->statement) == 0)
		tayra__complain(why, "SQL: it returns no column");
	else
		return TAYRA_OK;
	return rc == SQLITE_NOMEM ? TAYRA_E_NOMEM : TAYRA_E_INVAL;
}

static int
open_all(struct database *d, uint32_t threads, const char *path, const char *sql,
	 const struct tayra__complaint *why)
{
	int status = TAYRA_OK;

	for (uint32_t i = 0; i < threads && status == TAYRA_OK; i++) {
		struct connection *c = &d->connections[i];

		d->count++;
		status = tayra__sqlite_open(path, &c->db, why);
		if (status == TAYRA_OK)
			status = prepare(c, sql, d->keys.parts, why);
		if (status == TAYRA_OK)
			status = know_columns(c, d->shape.shape, why);
		if (status == TAYRA_OK) {
			sqlite3_progress_handler(c->db, PROGRESS_STEPS, progress, c);
			sqlite3_busy_handler(c->db, busy, c);
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
	if (!path || !sql) {
		tayra__complain(&why, "the path or the SQL is missing");
		return TAYRA_E_INVAL;
	}
	d = tayra__mem_alloc(sizeof(*d) + settings.threads * sizeof(d->connections[0]));
	if (!d)
		return TAYRA_E_NOMEM;
	d->origin = (struct tayra_origin){ "sqlite", load, close_database, settings.pace };
	tayra__trouble_init(&d->origin.trouble);
	d->keys = settings.keys;
	d->shape = settings.shape;
	status = open_all(d, settings.threads, path, sql, &why);
	if (status == TAYRA_OK)
		status = tayra__workers_create(settings.threads, work, d, &d->workers);
	if (status != TAYRA_OK) {
		close_database(&d->origin);
		return status;
	}
	*out = &d->origin;
	return TAYRA_OK;
}
