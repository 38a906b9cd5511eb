/* SPDX-License-Identifier: Apache-2.0
 *
 * sqlite.c: one prepared statement a worker, each on a connection of its own, so that SQLite's own
 * lock is never waited for.  A query past its load's deadline, or that nobody waits for, is ended
 * from its progress handler.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

#include <sqlite3.h>

#include "base/mem.h"
#include "load/origin.h"
#include "origin/settings.h"
#include "origin/worker.h"

/* Virtual machine steps between looks at the clock: about 20 us. */
#define PROGRESS_STEPS 1000

struct connection {
	sqlite3 *db;
	sqlite3_stmt *statement;
	struct tayra_load *load; /* running on it now, or NULL */
};

struct database {
	struct tayra_origin origin; /* first: the caller's pointer */
	struct tayra__workers *workers;
	uint32_t count;
	struct connection connections[];
};

/* Where the caller wants its one line. */
struct complaint {
	char *text;
	size_t len;
};

static void __attribute__((format(printf, 2, 3)))
complain(const struct complaint *c, const char *format, ...)
{
	va_list args;

	if (!c->text || c->len == 0)
		return;
	va_start(args, format);
	vsnprintf(c->text, c->len, format, args);
	va_end(args);
	for (char *p = c->text; *p; p++)
		if (*p == '\n' || *p == '\r')
			*p = ' ';
}

static bool
hopeless(const struct tayra_load *l)
{
	return tayra_load_cancelled(l) || tayra__load_now_ns(l) >= tayra_load_deadline_ns(l);
}

static int
progress(void *arg)
{
	const struct connection *c = arg;

	return c->load && hopeless(c->load);
}

static int
status_of(int rc, const struct tayra_load *l)
{
	switch (rc & 0xff) {
	case SQLITE_DONE: return TAYRA_E_NOT_FOUND;
	case SQLITE_BUSY:
	case SQLITE_LOCKED: return TAYRA_E_OVERLOAD;
	case SQLITE_INTERRUPT: return tayra_load_cancelled(l) ? TAYRA_E_CANCELLED : TAYRA_E_TIMEOUT;
	case SQLITE_NOMEM: return TAYRA_E_NOMEM;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB: return TAYRA_E_CORRUPT;
	}
	return TAYRA_E_ORIGIN;
}

/* => TAYRA_OK: *value is the statement's, until it is reset. */
static int
query(struct connection *c, const void **value, size_t *len)
{
	size_t key_len;
	const char *key = tayra_load_key(c->load, &key_len);
	int rc = sqlite3_bind_text(c->statement, 1, key, (int)key_len, SQLITE_STATIC);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(c->statement);
	if (rc != SQLITE_ROW)
		return status_of(rc, c->load);
	if (sqlite3_column_type(c->statement, 0) == SQLITE_NULL)
		return TAYRA_E_NOT_FOUND;
	*value = sqlite3_column_blob(c->statement, 0);
	*len = (size_t)sqlite3_column_bytes(c->statement, 0);
	return *value || *len == 0 ? TAYRA_OK : TAYRA_E_NOMEM;
}

static void
work(void *arg, uint32_t worker, struct tayra_load *l)
{
	struct database *d = arg;
	struct connection *c = &d->connections[worker];
	const void *value = NULL;
	size_t len = 0;
	int status;

	c->load = l;
	status = query(c, &value, &len);
	c->load = NULL;
	if (status == TAYRA_OK)
		tayra_load_done(l, value ? value : "", len, NULL);
	else
		tayra_load_fail(l, status, 0);
	sqlite3_reset(c->statement);
	sqlite3_clear_bindings(c->statement);
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
		sqlite3_finalize(d->connections[i].statement);
		sqlite3_close(d->connections[i].db);
	}
	tayra__mem_free(d);
}

static int
open_connection(struct connection *c, const char *path, const struct complaint *why)
{
	int rc = sqlite3_open_v2(path, &c->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);

	if (rc == SQLITE_OK) /* opening is lazy: a file that is no database shows here */
		rc = sqlite3_exec(c->db, "SELECT count(*) FROM sqlite_master", NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		return TAYRA_OK;
	complain(why, "%s: %s", path, c->db ? sqlite3_errmsg(c->db) : sqlite3_errstr(rc));
	return rc == SQLITE_NOMEM ? TAYRA_E_NOMEM : TAYRA_E_IO;
}

static bool
is_blank(const char *text)
{
	while (*text == ';' || isspace((unsigned char)*text))
		text++;
	return *text == '\0';
}

static int
prepare(struct connection *c, const char *sql, const struct complaint *why)
{
	const char *rest = "";
	int rc = sqlite3_prepare_v3(c->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &c->statement,
				    &rest);

	if (rc != SQLITE_OK)
		complain(why, "SQL: %s", sqlite3_errmsg(c->db));
	else if (!c->statement)
		complain(why, "SQL: there is no statement in it");
	else if (!is_blank(rest))
		complain(why, "SQL: there is more than one statement in it");
	else if (sqlite3_bind_parameter_count(c->statement) != 1)
		complain(why, "SQL: it takes %d parameters, and must take one, the key",
			 sqlite3_bind_parameter_count(c->statement));
	else if (!sqlite3_stmt_readonly(c->statement))
		complain(why, "SQL: it would change the database");
	else if (sqlite3_column_count(c->statement) == 0)
		complain(why, "SQL: it returns no column");
	else
		return TAYRA_OK;
	return rc == SQLITE_NOMEM ? TAYRA_E_NOMEM : TAYRA_E_INVAL;
}

static int
open_all(struct database *d, uint32_t threads, const char *path, const char *sql,
	 const struct complaint *why)
{
	int status = TAYRA_OK;

	for (uint32_t i = 0; i < threads && status == TAYRA_OK; i++) {
		struct connection *c = &d->connections[i];

		d->count++;
		status = open_connection(c, path, why);
		if (status == TAYRA_OK)
			status = prepare(c, sql, why);
		if (status == TAYRA_OK)
			sqlite3_progress_handler(c->db, PROGRESS_STEPS, progress, c);
	}
	return status;
}

int
tayra_origin_sqlite(const struct tayra_origin_options *given, const char *path, const char *sql,
		    char *error, size_t error_len, struct tayra_origin **out)
{
	const struct complaint why = { error, error_len };
	struct tayra_origin_options options;
	struct database *d;
	int status;

	complain(&why, "%s", "");
	if (!out)
		return TAYRA_E_INVAL;
	*out = NULL;
	status = tayra__origin_settings(given, &options);
	if (status != TAYRA_OK || !path || !sql) {
		complain(&why, "path, SQL or options are missing or out of range");
		return TAYRA_E_INVAL;
	}
	d = tayra__mem_alloc(sizeof(*d) + options.threads * sizeof(d->connections[0]));
	if (!d)
		return TAYRA_E_NOMEM;
	d->origin = (struct tayra_origin){ "sqlite", load, close_database, options.pace };
	status = open_all(d, options.threads, path, sql, &why);
	if (status == TAYRA_OK)
		status = tayra__workers_create(options.threads, work, d, &d->workers);
	if (status != TAYRA_OK) {
		close_database(&d->origin);
		return status;
	}
	*out = &d->origin;
	return TAYRA_OK;
}
