/* SPDX-License-Identifier: Apache-2.0 */
#include "origin/sqlite_write.h"

#include <sqlite3.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "load/origin.h"
#include "origin/sqlite_connection.h"
#include "origin/sqlite_open.h"
#include "origin/worker.h"

struct tayra__sqlite_writer {
	struct tayra__sqlite on;
	sqlite3_stmt *statement;
	const struct tayra__pattern *keys;
	struct tayra__trouble *trouble;
	struct tayra__workers *workers;
};

/* Behind the key's parts: a text if it is one, so that it is what a text in SQL would be. */
static int
bind_value(const struct tayra__sqlite_writer *w, const struct tayra_load *load)
{
	const int at = (int)w->keys->parts + 1;
	size_t len;
	const void *value = tayra__load_value(load, &len);
	int rc = tayra__utf8_is_text(value, len)
			 ? sqlite3_bind_text64(w->statement, at, value, len, SQLITE_STATIC,
					       SQLITE_UTF8)
			 : sqlite3_bind_blob64(w->statement, at, value, len, SQLITE_STATIC);

	if (rc == SQLITE_OK)
		return TAYRA_OK;
	return rc == SQLITE_TOOBIG ? TAYRA_E_TOO_LARGE : TAYRA_E_NOMEM;
}

/* The database does not take this value: nothing is changed. */
static bool
is_refusal(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_CONSTRAINT:
	case SQLITE_MISMATCH:
	case SQLITE_TOOBIG: return true;
	}
	return false;
}

static int
run(const struct tayra__sqlite_writer *w, const struct tayra__complaint *why)
{
	const int before = sqlite3_total_changes(w->on.db);
	int rc, status;

	do
		rc = sqlite3_step(w->statement); /* rows of RETURNING nobody wants */
	while (rc == SQLITE_ROW);
	if (rc == SQLITE_DONE)
		return sqlite3_total_changes(w->on.db) == before ? TAYRA_E_NOT_FOUND : TAYRA_OK;
	status = tayra__sqlite_broken(&w->on, rc, why);
	return is_refusal(rc) ? TAYRA_E_INVAL : status;
}

static void
work(void *arg, uint32_t worker, struct tayra_load *load)
{
	struct tayra__sqlite_writer *w = arg;
	char trouble[TAYRA__TROUBLE_TEXT] = "";
	const struct tayra__complaint why = { trouble, sizeof(trouble) };
	int status;

	w->on.loads = &load;
	w->on.count = 1;
	status = tayra__sqlite_bind_key(w->statement, w->keys, load);
	if (status == TAYRA_OK)
		status = bind_value(w, load);
	if (status == TAYRA_OK)
		status = run(w, &why);
	w->on.count = 0;
	sqlite3_reset(w->statement);
	sqlite3_clear_bindings(w->statement);
	tayra__trouble_note(w->trouble, status, trouble);
	if (status == TAYRA_OK)
		tayra__load_written(load);
	else
		tayra_load_fail(load, status, 0);
}

static int
prepare(struct tayra__sqlite_writer *w, const char *sql, const struct tayra__complaint *why)
{
	const uint32_t parameters = w->keys->parts + 1;
	int status = tayra__sqlite_prepare(w->on.db, sql, &w->statement, why), takes;

	if (status != TAYRA_OK)
		return status;
	takes = sqlite3_bind_parameter_count(w->statement);
	if (takes != (int)parameters)
		tayra__complain(why,
				"SQL: it takes %d parameters, and must take %u, the key's and "
				"behind them the value",
				takes, (unsigned)parameters);
	else if (sqlite3_stmt_readonly(w->statement))
		tayra__complain(why, "SQL: it would change nothing");
	else
		return TAYRA_OK;
	return TAYRA_E_INVAL;
}

int
tayra__sqlite_writer_open(const char *path, const char *sql, const struct tayra__pattern *keys,
			  struct tayra__trouble *trouble, struct tayra__sqlite_writer **out,
			  const struct tayra__complaint *why)
{
	struct tayra__sqlite_writer *w = tayra__mem_alloc(sizeof(*w));
	char text[200] = "";
	const struct tayra__complaint wrong = { text, sizeof(text) };
	int status;

	*out = NULL;
	if (!w)
		return TAYRA_E_NOMEM;
	w->keys = keys;
	w->trouble = trouble;
	status = tayra__sqlite_open(path, TAYRA__SQLITE_WRITE, &w->on.db, &wrong);
	if (status == TAYRA_OK)
		status = prepare(w, sql, &wrong);
	if (status == TAYRA_OK) {
		tayra__sqlite_watch(&w->on);
		status = tayra__workers_create(1, work, w, &w->workers);
	}
	if (status == TAYRA_OK) {
		*out = w;
		return TAYRA_OK;
	}
	tayra__complain(why, "write: %s", text);
	tayra__sqlite_writer_close(w);
	return status;
}

void
tayra__sqlite_writer_push(struct tayra__sqlite_writer *writer, struct tayra_load *load)
{
	tayra__workers_push(writer->workers, load);
}

void
tayra__sqlite_writer_close(struct tayra__sqlite_writer *writer)
{
	if (!writer)
		return;
	if (writer->workers)
		tayra__workers_destroy(writer->workers);
	sqlite3_finalize(writer->statement);
	sqlite3_close(writer->on.db);
	tayra__mem_free(writer);
}
