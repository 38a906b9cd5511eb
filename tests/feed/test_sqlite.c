/* SPDX-License-Identifier: Apache-2.0 */
#include "told.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "lag.h"

static char path[] = "/tmp/tayra-test-XXXXXX";

static void
run_on(sqlite3 *db, const char *sql)
{
	char *error = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
		fail_msg("%s: %s", sql, error);
}

static sqlite3 *
open_database(void)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 10000);
	return db;
}

static void
execute(const char *sql)
{
	sqlite3 *db = open_database();

	run_on(db, sql);
	sqlite3_close(db);
}

static void
make_tell(const char *keys, const char *table, const char *changes)
{
	char *sql = tell_sql(tayra_feed_sqlite_sql, keys, table, changes);

	execute(sql);
	execute(sql); /* and once more does no harm */
	free(sql);
}

static int
make_database(void **state)
{
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	execute("CREATE TABLE item (id INTEGER PRIMARY KEY, version INTEGER);"
		"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 199)"
		" INSERT INTO item SELECT i, 0 FROM n;"
		"CREATE TABLE \"it's \"\"odd\"\".\" (\"a\" TEXT, \"order\" TEXT)");
	make_tell("item:{id}", "item", "change");
	return 0;
}

static int
remove_database(void **state)
{
	char beside[64];

	snprintf(beside, sizeof(beside), "%s-wal", path);
	unlink(beside);
	snprintf(beside, sizeof(beside), "%s-shm", path);
	unlink(beside);
	return unlink(path);
}

static struct tayra_feed *
follow(struct tayra *t, const char *changes)
{
	struct tayra_feed *feed;
	char error[200];
	int status = tayra_feed_sqlite(t, NULL, path, changes, error, sizeof(error), &feed);

	if (status != TAYRA_OK || error[0])
		fail_msg("%s: %s", tayra_status_name(status), error);
	assert_true(stats_of_feed(feed).sound);
	return feed;
}

static void
any_commit_of_another_process_makes_all_that_is_covered_stale(void **state)
{
	const char *tool = getenv("TAYRA_INSTRUMENTED");
	struct tayra_feed *feed;
	struct tayra *t;
	pid_t child;
	int how;

	if (tool && strcmp(tool, "valgrind") == 0)
		skip();
	assert_int_equal(tayra_create(NULL, &t), TAYRA_OK);
	feed = follow(t, NULL);
	put(t, "item:1");
	usleep(50000);
	assert_true(is_fresh(t, "item:1")); /* nobody has committed */
	child = fork();
	if (child == 0) {
		sqlite3 *db;

		if (sqlite3_open(path, &db) != SQLITE_OK ||
		    sqlite3_exec(db, "UPDATE item SET version = 1 WHERE id = 2", NULL, NULL,
				 NULL) != SQLITE_OK)
			_exit(1);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &how, 0), child);
	assert_int_equal(how, 0);
	wait_told(feed, 0, 1);
	assert_false(is_fresh(t, "item:1"));
	assert_true(stats_of_feed(feed).sound);
	tayra_feed_close(feed);
	tayra_destroy(t);
}

static void
with_a_table_of_changes_inserts_updates_and_deletes_tell_their_keys(void **state)
{
	struct tayra_feed *feed;
	struct tayra *t;

	assert_int_equal(tayra_create(NULL, &t), TAYRA_OK);
	feed = follow(t, "change");
	put(t, "item:1");
	put(t, "item:2");
	put(t, "item:5000");
	execute("UPDATE item SET version = 7 WHERE id = 1");
	wait_told(feed, 1, 0);
	assert_false(is_fresh(t, "item:1"));
	assert_true(is_fresh(t, "item:2"));
	execute("INSERT INTO item VALUES (5000, 1)");
	wait_told(feed, 2, 0);
	assert_false(is_fresh(t, "item:5000"));
	put(t, "item:5001");
	execute("UPDATE item SET id = 5001 WHERE id = 5000"); /* the old key and the new one */
	wait_told(feed, 4, 0);
	assert_false(is_fresh(t, "item:5001"));
	put(t, "item:5001");
	execute("DELETE FROM item WHERE id = 5001");
	wait_told(feed, 5, 0);
	assert_false(is_fresh(t, "item:5001"));
	execute("BEGIN; UPDATE item SET version = 8 WHERE id = 2; ROLLBACK");
	execute("CREATE TABLE IF NOT EXISTS unseen (a); INSERT INTO unseen VALUES (1)");
	wait_told(feed, 5, 0);
	assert_true(is_fresh(t, "item:2"));
	execute("UPDATE item SET version = 8 WHERE id = 2"); /* after a number was given twice */
	wait_told(feed, 6, 0);
	assert_false(is_fresh(t, "item:2"));
	tayra_feed_close(feed);
	tayra_destroy(t);
}

static void
changes_that_were_deleted_before_they_were_read_are_a_gap(void **state)
{
	static const char *const gaps[] = {
		/* More than are kept. */
		"UPDATE item SET version = 1 WHERE id = 1;"
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10001)"
		" INSERT INTO change (key) SELECT 'other' FROM n;"
		"UPDATE item SET version = 1 WHERE id = 2",
		"UPDATE item SET version = 2 WHERE id = 1; DELETE FROM change",
		"UPDATE item SET version = 2 WHERE id = 1; DELETE FROM change WHERE id = (SELECT"
		" max(id) FROM change); UPDATE item SET version = 2 WHERE id = 2",
		/* Written by hand. */
		"INSERT INTO change VALUES ((SELECT max(id) + 7 FROM change), 'other')",
		"DROP TABLE change; CREATE TABLE change (id INTEGER PRIMARY KEY AUTOINCREMENT, key"
		" TEXT NOT NULL); UPDATE item SET version = 2 WHERE id = 1",
	};
	struct tayra_feed *feed;
	struct tayra *t;
	char sql[1000];

	assert_int_equal(tayra_create(NULL, &t), TAYRA_OK);
	feed = follow(t, "change");
	for (unsigned i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++) {
		put(t, "item:1");
		snprintf(sql, sizeof(sql), "BEGIN; %s; COMMIT", gaps[i]);
		execute(sql);
		wait_told(feed, i, i + 1); /* below: one key in between */
		assert_false(is_fresh(t, "item:1"));
		/* And from there on each is heard again. */
		put(t, "item:1");
		execute("UPDATE item SET version = 3 WHERE id = 3");
		wait_told(feed, i + 1, i + 1);
		assert_true(is_fresh(t, "item:1"));
	}
	assert_true(stats_of_feed(feed).sound);
	tayra_feed_close(feed);
	tayra_destroy(t);
}

static void
odd_names_and_keys_do_no_harm(void **state)
{
	struct tayra_feed *feed;
	struct tayra *t;

	make_tell("it's\\:{a}/{order}", "it's \"odd\".", "a \"change'");
	assert_int_equal(tayra_create(NULL, &t), TAYRA_OK);
	feed = follow(t, "a \"change'");
	put(t, "it's\\:a'b/c");
	execute("INSERT INTO \"it's \"\"odd\"\".\" VALUES ('a''b', 'c')");
	wait_told(feed, 1, 0);
	assert_false(is_fresh(t, "it's\\:a'b/c"));
	/* NULL is in no key; bytes are bytes; and a number may stand for itself. */
	execute("INSERT INTO \"it's \"\"odd\"\".\" VALUES (NULL, 'c'), (x'00ff', ''), (1.5, 7)");
	wait_told(feed, 3, 0);
	/* What is longer than a key is none. */
	execute("INSERT INTO \"a \"\"change'\" (key) VALUES (hex(zeroblob(40000)))");
	usleep(50000);
	wait_told(feed, 3, 0);
	tayra_feed_close(feed);
	tayra_destroy(t);
}

static void
while_the_file_is_locked_it_is_blind_and_afterwards_it_hears(void **state)
{
	struct tayra_feed *feed;
	struct tayra *t;
	sqlite3 *db = open_database();

	run_on(db, "PRAGMA journal_mode = DELETE");
	assert_int_equal(tayra_create(NULL, &t), TAYRA_OK);
	feed = follow(t, "change");
	put(t, "item:1");
	run_on(db, "BEGIN EXCLUSIVE");
	wait_sound(feed, false);
	assert_string_equal(stats_of_feed(feed).trouble, "database is locked");
	assert_false(is_fresh(t, "item:1"));
	put(t, "item:1");
	run_on(db, "UPDATE item SET version = 4 WHERE id = 1; COMMIT");
	wait_sound(feed, true);
	assert_false(is_fresh(t, "item:1"));
	/* A short lock is waited for. */
	put(t, "item:1");
	run_on(db, "BEGIN EXCLUSIVE; UPDATE item SET version = 5 WHERE id = 1; COMMIT");
	wait_stale(t, "item:1");
	tayra_feed_close(feed);
	tayra_destroy(t);
	sqlite3_close(db);
}

static struct lag lag;

static bool
update(void *db, unsigned key, unsigned version)
{
	char sql[100];

	snprintf(sql, sizeof(sql), "UPDATE item SET version = %u WHERE id = %u", version, key);
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static struct tayra_origin *
open_origin(void)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;
	struct tayra_origin *origin;

	o.pattern = "item:{id}";
	assert_int_equal(tayra_origin_sqlite(&o, path, "SELECT version FROM item WHERE id = ?1",
					     NULL, 0, &origin),
			 TAYRA_OK);
	return origin;
}

static double
p99_with(const char *changes)
{
	struct tayra_options o = TAYRA_OPTIONS_INIT;
	struct tayra_feed *feed;

	o.ticker = true;
	memset(&lag, 0, sizeof(lag));
	execute("PRAGMA journal_mode = WAL; UPDATE item SET version = 0");
	assert_int_equal(tayra_create(&o, &lag.t), TAYRA_OK);
	feed = follow(lag.t, changes);
	lag.origin = open_origin();
	lag.update = update;
	lag.db = open_database();
	run_on(lag.db, "PRAGMA synchronous = OFF");
	lag.updates = 400;
	lag.per_s = 200;
	assert_true(lag_measure(&lag));
	/* Each key by itself, and nothing that was not told. */
	if (changes)
		assert_in_range(lag.loads, LAG_KEYS + lag.updates - 20, LAG_KEYS + 2 * lag.updates);
	sqlite3_close(lag.db);
	tayra_feed_close(feed);
	tayra_destroy(lag.t);
	tayra_origin_close(lag.origin);
	return lag_quantile(&lag, 0.99);
}

/* Asked again while the machine is loaded: what is bounded is what the feed can do. */
static void
two_hundred_updates_a_second_are_seen_within_50_ms(void **state)
{
	for (int i = 0; i < 2; i++) {
		double p99 = 1e9;

		for (int attempt = 0; attempt < 3 && p99 > 50; attempt++)
			p99 = p99_with(i ? "change" : NULL);
		if (p99 > 50 && !getenv("TAYRA_INSTRUMENTED"))
			fail_msg("p99 %.1f ms", p99);
	}
}

static void
expect_untold(struct tayra *t, const struct tayra_feed_table *tables, size_t count,
	      const char *changes, const char *untold)
{
	struct tayra_feed_options o = TAYRA_FEED_OPTIONS_INIT;
	struct tayra_feed *feed;

	o.tables = tables;
	o.table_count = count;
	assert_int_equal(tayra_feed_sqlite(t, &o, path, changes, NULL, 0, &feed), TAYRA_OK);
	assert_string_equal(stats_of_feed(feed).untold, untold);
	tayra_feed_close(feed);
}

static void
a_table_whose_triggers_are_not_there_is_named(void **state)
{
	static const struct tayra_feed_table tables[] = {
		{ "item", "item:{id}" },
		{ "item", "it's:{id}" },
	};
	struct tayra *t;

	assert_int_equal(tayra_create(NULL, &t), TAYRA_OK);
	expect_untold(t, tables, 1, "change", "");
	expect_untold(t, tables, 2, "change", "item for it's:{id}");
	expect_untold(t, tables, 2, NULL, ""); /* any commit tells */
	execute("CREATE TABLE changes (id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL)");
	expect_untold(t, tables, 1, "changes", "item for item:{id}"); /* they tell the other */
	tayra_destroy(t);
}

static void
what_is_wrong_is_refused_with_a_reason(void **state)
{
	struct tayra_feed_options o = TAYRA_FEED_OPTIONS_INIT;
	struct tayra_feed *feed;
	struct tayra *t;
	char error[200];

	assert_int_equal(tayra_create(NULL, &t), TAYRA_OK);
	assert_int_equal(
		tayra_feed_sqlite(t, NULL, "/no/such/file", NULL, error, sizeof(error), &feed),
		TAYRA_E_IO);
	assert_null(feed);
	assert_non_null(strstr(error, "/no/such/file"));
	assert_int_equal(tayra_feed_sqlite(t, NULL, path, "none", error, sizeof(error), &feed),
			 TAYRA_E_INVAL);
	assert_string_equal(error, "feed: no table of changes 'none'");
	assert_int_equal(tayra_feed_sqlite(t, NULL, path, "item", error, sizeof(error), &feed),
			 TAYRA_E_INVAL);
	assert_string_equal(error, "SQL: no such column: key");
	assert_int_equal(tayra_feed_sqlite(t, NULL, path, "", error, sizeof(error), &feed),
			 TAYRA_E_INVAL);
	assert_int_equal(tayra_feed_sqlite(t, NULL, NULL, NULL, error, sizeof(error), &feed),
			 TAYRA_E_INVAL);
	assert_int_equal(tayra_feed_sqlite(NULL, NULL, path, NULL, error, sizeof(error), &feed),
			 TAYRA_E_INVAL);
	o.table_count = 1; /* and no tables */
	assert_int_equal(tayra_feed_sqlite(t, &o, path, "change", error, sizeof(error), &feed),
			 TAYRA_E_INVAL);
	o.tables = &(const struct tayra_feed_table){ "item", "item:{" };
	assert_int_equal(tayra_feed_sqlite(t, &o, path, "change", error, sizeof(error), &feed),
			 TAYRA_E_INVAL);
	assert_non_null(strstr(error, "never closed"));
	o.interval_ns = UINT64_MAX;
	assert_int_equal(tayra_feed_sqlite(t, &o, path, NULL, error, sizeof(error), &feed),
			 TAYRA_E_INVAL);
	assert_int_equal(tayra_feed_sqlite_sql("k", "t", NULL, error, sizeof(error), stderr),
			 TAYRA_E_INVAL);
	assert_int_equal(tayra_feed_sqlite_sql("k", "t", "c", error, sizeof(error), NULL),
			 TAYRA_E_INVAL);
	tayra_destroy(t);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(any_commit_of_another_process_makes_all_that_is_covered_stale),
	cmocka_unit_test(with_a_table_of_changes_inserts_updates_and_deletes_tell_their_keys),
	cmocka_unit_test(changes_that_were_deleted_before_they_were_read_are_a_gap),
	cmocka_unit_test(odd_names_and_keys_do_no_harm),
	cmocka_unit_test(while_the_file_is_locked_it_is_blind_and_afterwards_it_hears),
	cmocka_unit_test(two_hundred_updates_a_second_are_seen_within_50_ms),
	cmocka_unit_test(a_table_whose_triggers_are_not_there_is_named),
	cmocka_unit_test(what_is_wrong_is_refused_with_a_reason),
};

int
main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_database, remove_database);
}
