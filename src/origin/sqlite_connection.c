/* SPDX-License-Identifier: Apache-2.0 */
#include "origin/sqlite_connection.h"

#include <sqlite3.h>

#include <tayra/tayra.h>

#include "base/clock.h"
#include "load/origin.h"

/* Virtual machine steps between looks at the clock: about 20 us. */
#define PROGRESS_STEPS 1000
/* Between looks whether a lock is gone: 1, 2, 4, 8, 16, 16, .. ms. */
#define BUSY_DOUBLINGS 4

/* Is none of them worth going on? */
static bool
are_over(const struct tayra__sqlite *c)
{
	for (uint32_t i = 0; i < c->count; i++)
		if (tayra__load_over(c->loads[i]) == TAYRA_OK)
			return false;
	return true;
}

static int
progress(void *arg)
{
	const struct tayra__sqlite *c = arg;

	return c->count > 0 && are_over(c);
}

static bool
may_wait(const struct tayra_load *load, uint64_t step_ns)
{
	uint64_t until_ns;

	return !tayra_load_cancelled(load) &&
	       !__builtin_add_overflow(tayra__load_now_ns(load), step_ns, &until_ns) &&
	       until_ns < tayra_load_deadline_ns(load);
}

/* Somebody writes, for the nth time in a row.  Gives up where the next look would come too late. */
static int
busy(void *arg, int n)
{
	const struct tayra__sqlite *c = arg;
	uint64_t step_ns = TAYRA_NS_PER_MS << (n < BUSY_DOUBLINGS ? n : BUSY_DOUBLINGS);
	bool wait = false;

	for (uint32_t i = 0; i < c->count; i++) {
		tayra__load_waited(c->loads[i]);
		wait = wait || may_wait(c->loads[i], step_ns);
	}
	if (!wait)
		return 0;
	tayra__clock_sleep_until_ns(tayra__clock_real_ns() + step_ns);
	return 1;
}

static int
status_of(int rc, const struct tayra__sqlite *c)
{
	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED: return TAYRA_E_OVERLOAD;
	case SQLITE_INTERRUPT:
		return tayra_load_cancelled(c->loads[0]) ? TAYRA_E_CANCELLED : TAYRA_E_TIMEOUT;
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

int
tayra__sqlite_broken(const struct tayra__sqlite *c, int rc, const struct tayra__complaint *why)
{
	complain_of(c->db, why);
	return status_of(rc, c);
}

void
tayra__sqlite_watch(struct tayra__sqlite *c)
{
	sqlite3_progress_handler(c->db, PROGRESS_STEPS, progress, c);
	sqlite3_busy_handler(c->db, busy, c);
}

int
tayra__sqlite_bind_key(sqlite3_stmt *statement, const struct tayra__pattern *keys,
		       const struct tayra_load *load)
{
	struct tayra__part parts[TAYRA__PATTERN_PARTS];
	size_t key_len;
	const void *key = tayra_load_key(load, &key_len);

	if (!tayra__pattern_match(keys, key, key_len, parts))
		return TAYRA_E_INVAL;
	for (uint32_t i = 0; i < keys->parts; i++)
		if (sqlite3_bind_text(statement, (int)i + 1, parts[i].bytes, (int)parts[i].len,
				      SQLITE_STATIC) != SQLITE_OK)
			return TAYRA_E_NOMEM;
	return TAYRA_OK;
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

int
tayra__sqlite_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **out,
		      const struct tayra__complaint *why)
{
	const char *rest = "";
	int rc = sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, &rest);

	if (rc != SQLITE_OK)
		tayra__complain(why, "SQL: %s", sqlite3_errmsg(db));
	else if (!*out)
		tayra__complain(why, "SQL: there is no statement in it");
	else if (!is_blank(db, rest))
		tayra__complain(why, "SQL: there is more than one statement in it");
	else
		return TAYRA_OK;
	return rc == SQLITE_NOMEM ? TAYRA_E_NOMEM : TAYRA_E_INVAL;
}
