/* SPDX-License-Identifier: Apache-2.0
 *
 * The values change here without their versions, which no database of anybody's should: so it is
 * seen which of the two was asked.
 */
#include "versioned.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include "origin/version.h"

#define SQL     "SELECT value FROM item WHERE name = ?1"
#define VERSION "SELECT version FROM item WHERE name = ?1"

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
	execute("CREATE TABLE item (name TEXT PRIMARY KEY, value, version)");
	execute("INSERT INTO item VALUES ('n', 'one', 1), ('t', 'one', '2026-01-01 00:00:00.5'),"
		" ('b', 'one', x'00ff'), ('null', 'one', NULL), ('zero', 'one', 0)");
	return 0;
}

static int
remove_database(void **state)
{
	sqlite3_close(db);
	return unlink(path);
}

static int
open_with(const char *version, const char *batch, char *error, size_t len,
	  struct tayra_origin **origin)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;

	o.version = version;
	o.batch = batch;
	return tayra_origin_sqlite(&o, path, SQL, error, len, origin);
}

static void
of_the_same_version_the_value_is_not_asked_for(void **state)
{
	static const char *const keys[] = { "n", "t", "b", "zero" };
	struct tayra_origin *origin;
	struct stage s;
	char error[200];

	assert_int_equal(open_with(VERSION, NULL, error, sizeof(error), &origin), TAYRA_OK);
	for (int i = 0; i < 4; i++) {
		stage_open(&s, NULL);
		execute("UPDATE item SET value = 'one'");
		ask_anew(&s, origin, keys[i], "one", 0);
		ask_anew(&s, origin, keys[i], "one", 1);
		execute("UPDATE item SET value = 'two'");
		ask_anew(&s, origin, keys[i], "one", 2);
		execute("UPDATE item SET version = version || '1'");
		ask_anew(&s, origin, keys[i], "two", 2);
		ask_anew(&s, origin, keys[i], "two", 3);
		stage_close(&s);
	}
	tayra_origin_close(origin);
}

static void
without_a_version_it_is_and_what_was_put_has_none(void **state)
{
	struct tayra_origin *origin;
	struct stage s;
	char error[200];

	assert_int_equal(open_with(VERSION, NULL, error, sizeof(error), &origin), TAYRA_OK);
	stage_open(&s, NULL);
	execute("UPDATE item SET value = 'one'");
	ask_anew(&s, origin, "null", "one", 0);
	execute("UPDATE item SET value = 'two'");
	ask_anew(&s, origin, "null", "two", 0);
	put_perishable(&s, "n", "mine");
	ask_anew(&s, origin, "n", "two", 0);
	expect_status(origin, "none", TAYRA_E_NOT_FOUND);
	stage_close(&s);
	tayra_origin_close(origin);
}

static void
a_statement_that_says_no_version_is_refused(void **state)
{
	static const struct {
		const char *version, *batch, *says;
	} rows[] = {
		{ "SELECT version FROM item", NULL, "version: SQL: it takes 0 parameters" },
		{ "SELECT no_such FROM item WHERE name = ?1", NULL, "version: SQL: no such" },
		{ "DELETE FROM item WHERE name = ?1", NULL, "change the database" },
		{ VERSION, "SELECT value, 1 FROM json_each(?1)", "does not go with a batch" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tayra_origin *origin;
		char error[200] = "";

		assert_int_equal(
			open_with(rows[i].version, rows[i].batch, error, sizeof(error), &origin),
			TAYRA_E_INVAL);
		if (!strstr(error, rows[i].says))
			fail_msg("\"%s\" does not say \"%s\"", error, rows[i].says);
	}
}

static void
a_version_that_cannot_be_asked_for_fails_the_load(void **state)
{
	struct tayra_origin *origin;
	char error[200];

	execute("CREATE TABLE other (name, version)");
	assert_int_equal(open_with("SELECT version FROM other WHERE name = ?1", NULL, error,
				   sizeof(error), &origin),
			 TAYRA_OK);
	execute("DROP TABLE other");
	expect_status(origin, "n", TAYRA_E_ORIGIN);
	tayra_origin_close(origin);
}

static void
a_number_is_itself_and_all_else_is_hashed(void **state)
{
	static const char *const hashed[] = { "",   "0", "01", "-1", "1.0", "18446744073709551616",
					      "1 ", "x" };

	assert_int_equal(tayra__version_of("1", 1), 1);
	assert_true(tayra__version_of("18446744073709551615", 20) == UINT64_MAX);
	for (size_t i = 0; i < sizeof(hashed) / sizeof(hashed[0]); i++)
		for (size_t j = 0; j <= i; j++) {
			uint64_t a = tayra__version_of(hashed[i], strlen(hashed[i]));
			uint64_t b = tayra__version_of(hashed[j], strlen(hashed[j]));

			assert_true(a > 1000 && (a == b) == (i == j));
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_the_same_version_the_value_is_not_asked_for),
		cmocka_unit_test(without_a_version_it_is_and_what_was_put_has_none),
		cmocka_unit_test(a_statement_that_says_no_version_is_refused),
		cmocka_unit_test(a_version_that_cannot_be_asked_for_fails_the_load),
		cmocka_unit_test(a_number_is_itself_and_all_else_is_hashed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_database, remove_database);
}
