/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/database.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

#include <tayra/base.h>

enum statement {
	DETAIL,
	CLOSURE,
	REVERSE,
	SEARCH,
	UPDATE,
	READ,
	BEGIN,
	COMMIT,
	STATEMENTS,
};

/* The first two columns of a query are the package it is about and its revision. */
static const char *const sql[STATEMENTS] = {
	[DETAIL] = "SELECT id, revision, name, version, section, priority, size, installed_size,"
		   " summary, maintainer, updated_ms FROM packages WHERE name = ?1",
	[CLOSURE] = "WITH RECURSIVE needed(id) AS (SELECT id FROM packages WHERE name = ?1 UNION"
		    " SELECT depends_on FROM depends JOIN needed ON package = needed.id)"
		    " SELECT p.id, p.revision, p.name, p.version, p.installed_size FROM needed"
		    " JOIN packages p ON p.id = needed.id ORDER BY p.name <> ?1, p.name",
	[REVERSE] = "WITH RECURSIVE users(id) AS (SELECT id FROM packages WHERE name = ?1 UNION"
		    " SELECT package FROM depends JOIN users ON depends_on = users.id"
		    " LIMIT ?2)"
		    " SELECT q.id, q.revision, p.section, count(*), sum(p.installed_size)"
		    " FROM users JOIN packages p ON p.id = users.id, packages q WHERE q.name = ?1"
		    " GROUP BY p.section ORDER BY 4 DESC",
	[SEARCH] = "SELECT p.id, p.revision, p.name, p.summary FROM search JOIN packages p"
		   " ON p.id = search.rowid WHERE search MATCH ?1 ORDER BY rank LIMIT 20",
	[UPDATE] = "UPDATE packages SET revision = revision + 1, updated_ms = ?2 WHERE id = ?1"
		   " RETURNING revision",
	[READ] = "SELECT revision FROM packages WHERE id = ?1",
	[BEGIN] = "BEGIN",
	[COMMIT] = "COMMIT",
};

struct connection {
	struct connection *next;
	sqlite3 *handle;
	sqlite3_stmt *stmt[STATEMENTS];
	uint64_t deadline_ns; /* of the running statement, real clock */
};

struct tayra__database {
	char *path;
	pthread_mutex_t lock;   /* guards idle and fault */
	pthread_cond_t changed; /* fault */
	struct connection *idle;
	enum tayra__database_fault fault;
	_Atomic uint64_t timeout_ns, calls, cpu_ns;
	_Atomic uint32_t bound;
};

static int
past_deadline(void *ctx)
{
	const struct connection *c = ctx;

	return tayra__clock_real_ns() >= c->deadline_ns;
}

static void
connection_close(struct connection *c)
{
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(c->stmt[i]);
	sqlite3_close(c->handle);
	tayra__mem_free(c);
}

/* The file is mapped, so that hundreds of connections share one copy of the pages. */
static struct connection *
connection_open(const char *path, char *error, size_t error_len)
{
	struct connection *c = tayra__mem_alloc(sizeof(*c));
	int rc;

	if (!c)
		return NULL;
	rc = sqlite3_open_v2(path, &c->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	/* Setting up touches the lock too: under 128 writers it has to wait a little. */
	sqlite3_busy_timeout(c->handle, 1000);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(c->handle,
				  "PRAGMA synchronous=OFF; PRAGMA mmap_size=1073741824;"
				  "PRAGMA cache_size=-256; PRAGMA temp_store=MEMORY",
				  NULL, NULL, NULL);
	for (int i = 0; i < STATEMENTS && rc == SQLITE_OK; i++)
		rc = sqlite3_prepare_v3(c->handle, sql[i], -1, SQLITE_PREPARE_PERSISTENT,
					&c->stmt[i], NULL);
	if (rc != SQLITE_OK) {
		snprintf(error, error_len, "%s: %s", path, sqlite3_errmsg(c->handle));
		connection_close(c);
		return NULL;
	}
	sqlite3_progress_handler(c->handle, 2000, past_deadline, c);
	return c;
}

static struct connection *
take_connection(struct tayra__database *db)
{
	struct connection *c;
	char error[200];

	pthread_mutex_lock(&db->lock);
	c = db->idle;
	if (c)
		db->idle = c->next;
	pthread_mutex_unlock(&db->lock);
	if (!c)
		c = connection_open(db->path, error, sizeof(error));
	return c;
}

static void
give_connection(struct tayra__database *db, struct connection *c)
{
	pthread_mutex_lock(&db->lock);
	c->next = db->idle;
	db->idle = c;
	pthread_mutex_unlock(&db->lock);
}

int
tayra__database_open(const char *path, struct tayra__database **out, char *error, size_t error_len)
{
	struct tayra__database *db = tayra__mem_alloc(sizeof(*db));
	pthread_condattr_t monotonic;

	*out = NULL;
	snprintf(error, error_len, "out of memory");
	if (!db)
		return TAYRA_E_NOMEM;
	db->path = tayra__mem_strdup(path);
	db->idle = db->path ? connection_open(path, error, error_len) : NULL;
	if (!db->idle) {
		tayra__mem_free(db->path);
		tayra__mem_free(db);
		return TAYRA_E_IO;
	}
	pthread_mutex_init(&db->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&db->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	atomic_init(&db->timeout_ns, 5 * TAYRA_NS_PER_S);
	atomic_init(&db->bound, 60000);
	*out = db;
	return TAYRA_OK;
}

void
tayra__database_close(struct tayra__database *db)
{
	if (!db)
		return;
	while (db->idle) {
		struct connection *c = db->idle;

		db->idle = c->next;
		connection_close(c);
	}
	pthread_cond_destroy(&db->changed);
	pthread_mutex_destroy(&db->lock);
	tayra__mem_free(db->path);
	tayra__mem_free(db);
}

void
tayra__database_set_timeout(struct tayra__database *db, uint64_t timeout_ns)
{
	atomic_store_explicit(&db->timeout_ns, timeout_ns, memory_order_relaxed);
}

void
tayra__database_set_bound(struct tayra__database *db, uint32_t users)
{
	atomic_store_explicit(&db->bound, users, memory_order_relaxed);
}

void
tayra__database_set_fault(struct tayra__database *db, enum tayra__database_fault fault)
{
	pthread_mutex_lock(&db->lock);
	db->fault = fault;
	pthread_cond_broadcast(&db->changed);
	pthread_mutex_unlock(&db->lock);
}

void
tayra__database_counts(struct tayra__database *db, struct tayra__database_counts *out)
{
	out->calls = atomic_load_explicit(&db->calls, memory_order_relaxed);
	out->cpu_ns = atomic_load_explicit(&db->cpu_ns, memory_order_relaxed);
}

/* => TAYRA_OK when the database is well, or became so before the deadline. */
static int
await_health(struct tayra__database *db, uint64_t deadline_ns)
{
	struct timespec until = { .tv_sec = (time_t)(deadline_ns / TAYRA_NS_PER_S),
				  .tv_nsec = (long)(deadline_ns % TAYRA_NS_PER_S) };
	int late = 0, status = TAYRA_OK;

	pthread_mutex_lock(&db->lock);
	while (db->fault == TAYRA__DATABASE_HANGS && !late)
		late = pthread_cond_timedwait(&db->changed, &db->lock, &until);
	if (db->fault == TAYRA__DATABASE_HANGS)
		status = TAYRA_E_TIMEOUT;
	else if (db->fault == TAYRA__DATABASE_DEAD)
		status = TAYRA_E_ORIGIN;
	pthread_mutex_unlock(&db->lock);
	return status;
}

static int
status_of(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE: return TAYRA_OK;
	case SQLITE_BUSY:
	case SQLITE_LOCKED: return TAYRA_E_OVERLOAD;
	case SQLITE_INTERRUPT: return TAYRA_E_TIMEOUT;
	case SQLITE_NOMEM: return TAYRA_E_NOMEM;
	default: return TAYRA_E_ORIGIN;
	}
}

/* A value as it grows. */
struct text {
	char *bytes;
	size_t len, room;
};

static int
append(struct text *text, const void *bytes, size_t len)
{
	if (text->room - text->len < len) {
		size_t want = (text->room ? text->room : 512) * 2 + len;
		char *moved = tayra__mem_resize(text->bytes, want);

		if (!moved)
			return TAYRA_E_NOMEM;
		text->bytes = moved;
		text->room = want;
	}
	memcpy(text->bytes + text->len, bytes, len);
	text->len += len;
	return TAYRA_OK;
}

static int
append_row(struct text *text, sqlite3_stmt *stmt)
{
	int columns = sqlite3_column_count(stmt), status = TAYRA_OK;

	for (int i = 2; i < columns && status == TAYRA_OK; i++) {
		const void *bytes = sqlite3_column_text(stmt, i);
		size_t len = (size_t)sqlite3_column_bytes(stmt, i);

		if (len)
			status = append(text, bytes, len);
		if (status == TAYRA_OK)
			status = append(text, i + 1 < columns ? "\t" : "\n", 1);
	}
	return status;
}

static int
run_query(sqlite3_stmt *stmt, struct text *text)
{
	struct tayra__database_stamp stamp = { .package = UINT32_MAX };
	int status = append(text, &stamp, sizeof(stamp)), rc = SQLITE_DONE;
	bool first = true;

	while (status == TAYRA_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		if (first) {
			stamp.package = (uint32_t)sqlite3_column_int64(stmt, 0) - 1;
			stamp.revision = (uint32_t)sqlite3_column_int64(stmt, 1);
			memcpy(text->bytes, &stamp, sizeof(stamp));
		}
		first = false;
		status = append_row(text, stmt);
	}
	return status < 0 ? status : status_of(rc);
}

static int
statement_of(const char *key, size_t len)
{
	static const char letters[] = "dcrs"; /* in the order of enum statement */
	const char *at = len > 2 && key[1] == ':' ? memchr(letters, key[0], 4) : NULL;

	return at ? (int)(at - letters) : -1;
}

int
tayra__database_fetch(void *arg, const void *key, size_t key_len, void **value, size_t *len)
{
	struct tayra__database *db = arg;
	int which = statement_of(key, key_len), status;
	uint64_t deadline_ns = tayra__clock_real_ns() +
			       atomic_load_explicit(&db->timeout_ns, memory_order_relaxed);
	uint64_t cpu_ns = tayra__clock_thread_cpu_ns();
	struct text text = { 0 };
	struct connection *c;

	if (which < 0)
		return TAYRA_E_INVAL;
	atomic_fetch_add_explicit(&db->calls, 1, memory_order_relaxed);
	status = await_health(db, deadline_ns);
	if (status < 0)
		return status;
	c = take_connection(db);
	if (!c)
		return TAYRA_E_ORIGIN;
	c->deadline_ns = deadline_ns;
	sqlite3_bind_text(c->stmt[which], 1, (const char *)key + 2, (int)key_len - 2,
			  SQLITE_STATIC);
	if (which == REVERSE)
		sqlite3_bind_int64(c->stmt[which], 2,
				   atomic_load_explicit(&db->bound, memory_order_relaxed));
	status = run_query(c->stmt[which], &text);
	sqlite3_reset(c->stmt[which]);
	give_connection(db, c);
	atomic_fetch_add_explicit(&db->cpu_ns, tayra__clock_thread_cpu_ns() - cpu_ns,
				  memory_order_relaxed);
	if (status == TAYRA_OK && which != SEARCH &&
	    text.len == sizeof(struct tayra__database_stamp))
		status = TAYRA_E_NOT_FOUND;
	if (status < 0) {
		free(text.bytes);
		return status;
	}
	*value = text.bytes;
	*len = text.len;
	return TAYRA_OK;
}

/* Run a statement about one package to its end; *out is its first column. */
static int
step_package(struct connection *c, enum statement which, uint32_t package, uint64_t now_ms,
	     uint32_t *out)
{
	sqlite3_stmt *stmt = c->stmt[which];
	int rc;

	if (which == READ || which == UPDATE)
		sqlite3_bind_int64(stmt, 1, package + 1l);
	if (which == UPDATE)
		sqlite3_bind_int64(stmt, 2, (sqlite3_int64)now_ms);
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW) {
		*out = (uint32_t)sqlite3_column_int64(stmt, 0);
		rc = sqlite3_step(stmt);
	}
	sqlite3_reset(stmt);
	return status_of(rc);
}

/* What update and read_then_write share: a connection, its waiting time, the counting. */
static struct connection *
begin_write(struct tayra__database *db, uint64_t wait_ns, int *status)
{
	uint64_t timeout_ns = atomic_load_explicit(&db->timeout_ns, memory_order_relaxed);
	uint64_t deadline_ns = tayra__clock_real_ns() + timeout_ns;
	struct connection *c = NULL;

	atomic_fetch_add_explicit(&db->calls, 1, memory_order_relaxed);
	*status = await_health(db, deadline_ns);
	if (*status == TAYRA_OK)
		c = take_connection(db);
	if (*status == TAYRA_OK && !c)
		*status = TAYRA_E_ORIGIN;
	if (c) {
		c->deadline_ns = deadline_ns;
		sqlite3_busy_timeout(c->handle, (int)(wait_ns / TAYRA_NS_PER_MS));
	}
	return c;
}

int
tayra__database_update(struct tayra__database *db, uint32_t package, uint64_t now_ms,
		       uint32_t *revision)
{
	uint64_t cpu_ns = tayra__clock_thread_cpu_ns();
	int status;
	struct connection *c = begin_write(db, atomic_load(&db->timeout_ns), &status);

	if (!c)
		return status;
	status = step_package(c, UPDATE, package, now_ms, revision);
	give_connection(db, c);
	atomic_fetch_add_explicit(&db->cpu_ns, tayra__clock_thread_cpu_ns() - cpu_ns,
				  memory_order_relaxed);
	return status;
}

int
tayra__database_read_then_write(struct tayra__database *db, uint32_t package, uint64_t now_ms,
				uint32_t *revision)
{
	uint64_t cpu_ns = tayra__clock_thread_cpu_ns();
	uint32_t unused;
	int status;
	struct connection *c = begin_write(db, 0, &status);

	if (!c)
		return status;
	status = step_package(c, BEGIN, package, now_ms, &unused);
	if (status == TAYRA_OK)
		status = step_package(c, READ, package, now_ms, &unused);
	if (status == TAYRA_OK)
		status = step_package(c, UPDATE, package, now_ms, revision);
	if (status == TAYRA_OK)
		status = step_package(c, COMMIT, package, now_ms, &unused);
	if (status < 0)
		sqlite3_exec(c->handle, "ROLLBACK", NULL, NULL, NULL);
	give_connection(db, c);
	atomic_fetch_add_explicit(&db->cpu_ns, tayra__clock_thread_cpu_ns() - cpu_ns,
				  memory_order_relaxed);
	return status;
}
