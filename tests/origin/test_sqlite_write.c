/* SPDX-License-Identifier: Apache-2.0 */
#include "asked.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#define SQL   "SELECT value FROM item WHERE name = ?1"
#define WRITE "INSERT INTO item VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value"

static char path[] = "/tmp/tayra-test-XXXXXX";
static sqlite3 *db;

static void
execute(const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
}

static int
make_database(void **state)
{
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	execute("CREATE TABLE item (name TEXT PRIMARY KEY,"
		" value CHECK (length(value) < 10))");
	return 0;
}

static int
remove_database(void **state)
{
	sqlite3_close(db);
	return unlink(path);
}

static int
open_with(const char *write, char *error, size_t len, struct tayra_origin **origin)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;

	o.write = write;
	return tayra_origin_sqlite(&o, path, SQL, error, len, origin);
}

/* A handle above the origin that has "old" cached, of which the database knows nothing. */
struct desk {
	struct stage s;
	struct tayra_origin *origin;
};

static void
sit_at(struct desk *d, const char *write)
{
	char error[200] = "";

	if (open_with(write, error, sizeof(error), &d->origin) != TAYRA_OK)
		fail_msg("%s", error);
	stage_open(&d->s, NULL);
	put_perishable(&d->s, "k", "old");
}

static void
leave(struct desk *d)
{
	stage_close(&d->s);
	tayra_origin_close(d->origin);
}

static int
put_through(struct desk *d, const char *key, const void *value, size_t len)
{
	struct tayra_request r = ask(&d->s, key, NULL);

	r.origin = d->origin;
	return tayra_put_through(d->s.t, &r, value, len);
}

static void
has(struct desk *d, const char *value)
{
	struct tayra_ref ref;

	assert_int_equal(tayra_get(d->s.t, "k", 1, &ref), TAYRA_OK);
	holds(&ref, value);
	tayra_release(&ref);
}

/* What the database has of the key. */
static void
stored(const char *key, const char *type, const void *value, size_t len)
{
	sqlite3_stmt *st;

	assert_int_equal(sqlite3_prepare_v2(db,
					    "SELECT typeof(value), value FROM item "
					    "WHERE name = ?1",
					    -1, &st, NULL),
			 SQLITE_OK);
	sqlite3_bind_text(st, 1, key, -1, SQLITE_STATIC);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(st, 0), type);
	assert_int_equal(sqlite3_column_bytes(st, 1), len);
	if (len)
		assert_memory_equal(sqlite3_column_blob(st, 1), value, len);
	sqlite3_finalize(st);
}

static void
a_value_is_in_the_database_and_then_in_the_cache(void **state)
{
	const char *evil = "x'); DROP TABLE item; --";
	struct desk d;

	sit_at(&d, WRITE);
	assert_int_equal(put_through(&d, "k", "new", 3), TAYRA_OK);
	has(&d, "new");
	stored("k", "text", "new", 3);
	assert_int_equal(put_through(&d, "k", "newer", 5), TAYRA_OK);
	stored("k", "text", "newer", 5);
	expect(d.origin, "k", "newer", 5); /* another handle */
	assert_int_equal(put_through(&d, "empty", "", 0), TAYRA_OK);
	stored("empty", "text", "", 0);
	assert_int_equal(put_through(&d, evil, "1", 1), TAYRA_OK);
	stored(evil, "text", "1", 1);
	/* What is no text is bytes. */
	assert_int_equal(put_through(&d, "b", "\xff", 1), TAYRA_OK);
	stored("b", "blob", "\xff", 1);
	assert_int_equal(put_through(&d, "b", "a\0b", 3), TAYRA_OK);
	stored("b", "blob", "a\0b", 3);
	leave(&d);
}

static void
what_the_database_does_not_take_leaves_the_old_value(void **state)
{
	struct tayra_origin_stats stats = TAYRA_ORIGIN_STATS_INIT;
	struct desk d;

	sit_at(&d, WRITE);
	assert_int_equal(put_through(&d, "k", "far too long a value", 20), TAYRA_E_INVAL);
	tayra_origin_stats(d.origin, &stats);
	assert_int_equal(stats.troubles, 0);
	assert_string_equal(stats.refusal, "CHECK constraint failed: length(value) < 10");
	has(&d, "old");
	leave(&d);
	execute("DELETE FROM item");
	sit_at(&d, "UPDATE item SET value = ?2 WHERE name = ?1");
	assert_int_equal(put_through(&d, "k", "new", 3), TAYRA_E_NOT_FOUND);
	has(&d, "old");
	execute("INSERT INTO item VALUES ('k', 1)");
	assert_int_equal(put_through(&d, "k", "new", 3), TAYRA_OK);
	assert_int_equal(put_through(&d, "none", "new", 3), TAYRA_E_NOT_FOUND);
	stored("k", "text", "new", 3);
	leave(&d);
}

static void
another_s_lock_is_waited_for_within_the_deadline(void **state)
{
	struct tayra_request r;
	struct desk d;
	int status;

	sit_at(&d, WRITE);
	r = ask(&d.s, "k", NULL);
	r.origin = d.origin;
	execute("BEGIN IMMEDIATE");
	/* The clock stands still: the next look would come too late. */
	r.timeout_ns = TAYRA_NS_PER_US;
	status = tayra_put_through(d.s.t, &r, "new", 3);
	assert_int_equal(status, TAYRA_E_OVERLOAD);
	has(&d, "old");
	execute("COMMIT");
	r.timeout_ns = 0;
	assert_int_equal(tayra_put_through(d.s.t, &r, "new", 3), TAYRA_OK);
	has(&d, "new");
	leave(&d);
}

static void
rows_that_come_back_are_not_wanted(void **state)
{
	struct desk d;

	sit_at(&d, WRITE " RETURNING value, name");
	assert_int_equal(put_through(&d, "k", "new", 3), TAYRA_OK);
	stored("k", "text", "new", 3);
	leave(&d);
}

static void
without_a_statement_nothing_is_written(void **state)
{
	struct desk d;

	sit_at(&d, NULL);
	assert_int_equal(put_through(&d, "k", "new", 3), TAYRA_E_UNSUPPORTED);
	has(&d, "old");
	leave(&d);
}

static void
a_statement_that_cannot_write_is_refused(void **state)
{
	static const struct {
		const char *write, *says;
	} rows[] = {
		{ SQL, "write: SQL: it takes 1 parameters" },
		{ "SELECT ?1, ?2", "write: SQL: it would change nothing" },
		{ "DELETE FROM item", "write: SQL: it takes 0 parameters" },
		{ WRITE ";" WRITE, "write: SQL: there is more than one" },
		{ "nonsense", "write: SQL: near" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tayra_origin *origin;
		char error[200] = "";

		assert_int_equal(open_with(rows[i].write, error, sizeof(error), &origin),
				 TAYRA_E_INVAL);
		assert_null(origin);
		if (!strstr(error, rows[i].says))
			fail_msg("\"%s\" does not say \"%s\"", error, rows[i].says);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_is_in_the_database_and_then_in_the_cache),
		cmocka_unit_test(what_the_database_does_not_take_leaves_the_old_value),
		cmocka_unit_test(another_s_lock_is_waited_for_within_the_deadline),
		cmocka_unit_test(rows_that_come_back_are_not_wanted),
		cmocka_unit_test(without_a_statement_nothing_is_written),
		cmocka_unit_test(a_statement_that_cannot_write_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_database, remove_database);
}
