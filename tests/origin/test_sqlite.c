/* SPDX-License-Identifier: Apache-2.0 */
#include "asked.h"

#include <poll.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#define SQL "SELECT value FROM item WHERE name = ?1"

static char path[] = "/tmp/tayra-test-XXXXXX";

static void
execute(sqlite3 *db, const char *sql)
{
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static int
make_database(void **state)
{
	sqlite3 *db;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	execute(db, "CREATE TABLE item (name TEXT PRIMARY KEY, value)");
	execute(db, "INSERT INTO item VALUES ('one', 'first'), ('empty', ''), ('null', NULL),"
		    " ('blob', x'00ff00'), ('number', 7), ('', 'nameless')");
	sqlite3_close(db);
	return 0;
}

static int
remove_database(void **state)
{
	return unlink(path);
}

static struct tayra_origin *
open_origin(const char *sql)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;
	struct tayra_origin *origin;
	char error[200] = "";
	int status;

	o.threads = 2;
	status = tayra_origin_sqlite(&o, path, sql, error, sizeof(error), &origin);
	if (status != TAYRA_OK)
		fail_msg("%s", error);
	return origin;
}

static void
the_value_is_the_first_column_of_the_first_row_as_bytes(void **state)
{
	struct tayra_origin *origin = open_origin(SQL);

	expect(origin, "one", "first", 5);
	expect(origin, "empty", "", 0);
	expect(origin, "blob", "\0\xff\0", 3);
	expect(origin, "number", "7", 1);
	expect(origin, "", "nameless", 8);
	tayra_origin_close(origin);
}

static void
no_row_and_null_are_not_found(void **state)
{
	struct tayra_origin *origin = open_origin(SQL);
	char text[TAYRA__TROUBLE_TEXT];
	struct tayra_ref ref;

	assert_int_equal(look_up(origin, "none", 4, 0, &ref), TAYRA_E_NOT_FOUND);
	assert_int_equal(look_up(origin, "null", 4, 0, &ref), TAYRA_E_NOT_FOUND);
	assert_int_equal(tayra__trouble_read(&origin->trouble, text), 0);
	tayra_origin_close(origin);
}

static void
a_key_is_bound_and_never_part_of_the_sql(void **state)
{
	struct tayra_origin *origin = open_origin(SQL);
	struct tayra_ref ref;
	const char *evil = "' OR 1=1 --";

	assert_int_equal(look_up(origin, evil, strlen(evil), 0, &ref), TAYRA_E_NOT_FOUND);
	assert_int_equal(look_up(origin, "one\0two", 7, 0, &ref), TAYRA_E_NOT_FOUND);
	tayra_origin_close(origin);
}

static void
sql_that_cannot_serve_is_refused_with_one_line_that_says_why(void **state)
{
	static const struct {
		const char *sql, *says;
	} rows[] = {
		{ "SELEKT 1", "SELEKT" },
		{ "SELECT no_such FROM item WHERE name = ?1", "no_such" },
		{ "SELECT value FROM item", "0 parameters" },
		{ "SELECT value FROM item WHERE name = ?1 OR name = ?2", "2 parameters" },
		{ "DELETE FROM item WHERE name = ?1", "change the database" },
		{ SQL "; " SQL, "more than one" },
		{ SQL ";; -- note\n" SQL, "more than one" },
		{ SQL "; nonsense", "more than one" },
		{ "  ", "no statement" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tayra_origin *origin;
		char error[200] = "";

		assert_int_equal(
			tayra_origin_sqlite(NULL, path, rows[i].sql, error, sizeof(error), &origin),
			TAYRA_E_INVAL);
		assert_null(origin);
		if (!strstr(error, rows[i].says))
			fail_msg("\"%s\" does not say \"%s\"", error, rows[i].says);
		assert_null(strchr(error, '\n'));
	}
}

static struct tayra_origin *
open_with(const struct tayra_origin_options *options, const char *sql)
{
	struct tayra_origin *origin;
	char error[200] = "";

	if (tayra_origin_sqlite(options, path, sql, error, sizeof(error), &origin) != TAYRA_OK)
		fail_msg("%s", error);
	return origin;
}

static void
parts_are_bound_in_order_and_rows_take_the_shape_asked_for(void **state)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;
	static const char row[] =
		"{\"name\":\"one\",\"value\":\"first\",\"r\":1.5,\"b\":\"\\\\x00\"}";
	static const char list[] =
		"[{\"name\":\"null\",\"value\":null},{\"name\":\"number\",\"value\":7}]";
	struct tayra_ref ref;

	o.threads = 1;
	o.pattern = "{from}..{to}";
	o.shape = TAYRA_SHAPE_ROW;
	struct tayra_origin *origin = open_with(&o,
						"SELECT name, value, 1.5 AS r, x'00' AS b FROM item"
						" WHERE name BETWEEN ?1 AND ?2 ORDER BY name");

	expect(origin, "one..p", row, sizeof(row) - 1);
	assert_int_equal(look_up(origin, "p..one", 6, 0, &ref), TAYRA_E_NOT_FOUND);
	assert_int_equal(look_up(origin, "one", 3, 0, &ref), TAYRA_E_INVAL);
	tayra_origin_close(origin);
	o.shape = TAYRA_SHAPE_JSON;
	o.max_rows = 2;
	origin = open_with(&o, "SELECT name, value FROM item WHERE name BETWEEN ?1 AND ?2"
			       " ORDER BY name");
	expect(origin, "n..nz", list, sizeof(list) - 1);
	expect(origin, "p..one", "[]", 2);
	assert_int_equal(look_up(origin, "n..oz", 5, 0, &ref), TAYRA_E_TOO_LARGE);
	expect(origin, "n..nz", list, sizeof(list) - 1);
	tayra_origin_close(origin);
	o.shape = TAYRA_SHAPE_RAW;
	o.max_bytes = 4;
	origin = open_with(&o, "SELECT value FROM item WHERE name BETWEEN ?1 AND ?2");
	assert_int_equal(look_up(origin, "one..p", 6, 0, &ref), TAYRA_E_TOO_LARGE);
	tayra_origin_close(origin);
}

static void
options_that_cannot_serve_are_refused_with_one_line(void **state)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;
	struct tayra_origin *origin;
	char error[200];

	o.pattern = "item:{name";
	assert_int_equal(tayra_origin_sqlite(&o, path, SQL, error, sizeof(error), &origin),
			 TAYRA_E_INVAL);
	assert_non_null(strstr(error, "byte 6"));
	o.pattern = "{a}:{b}";
	assert_int_equal(tayra_origin_sqlite(&o, path, SQL, error, sizeof(error), &origin),
			 TAYRA_E_INVAL);
	assert_non_null(strstr(error, "takes 1 parameter, and must take 2, the key's parts"));
	o.pattern = NULL;
	o.shape = TAYRA_SHAPE_ROW;
	assert_int_equal(tayra_origin_sqlite(&o, path, "SELECT ?1 AS a, 2 AS a", error,
					     sizeof(error), &origin),
			 TAYRA_E_INVAL);
	assert_non_null(strstr(error, "\"a\""));
	o.shape = (enum tayra_shape)7;
	assert_int_equal(tayra_origin_sqlite(&o, path, SQL, error, sizeof(error), &origin),
			 TAYRA_E_INVAL);
	assert_null(origin);
}

/* Another process: a connection of its own. */
static void
alter(const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	execute(db, sql);
	sqlite3_close(db);
}

static struct tayra_origin *
open_shaped(enum tayra_shape shape, const char *sql)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;

	alter("DROP TABLE IF EXISTS changing");
	alter("CREATE TABLE changing (id TEXT, the_name_of_a_column TEXT)");
	alter("INSERT INTO changing VALUES ('k', 'v')");
	o.threads = 1;
	o.shape = shape;
	return open_with(&o, sql);
}

static void
expect_text(struct tayra_origin *origin, const char *text)
{
	expect(origin, "k", text, strlen(text));
}

#define ALL "SELECT * FROM changing WHERE id = ?1"
#define OLD "{\"id\":\"k\",\"the_name_of_a_column\":\"v\"}"
#define NEW "{\"id\":\"k\",\"the_name_of_a_column\":\"v\",\"another\":7}"

static void
an_index_made_between_loads_leaves_the_names_as_they_are(void **state)
{
	struct tayra_origin *origin = open_shaped(TAYRA_SHAPE_ROW, ALL);

	alter("CREATE INDEX by_id ON changing (id)"); /* also before the first load */
	expect_text(origin, OLD);
	alter("CREATE INDEX by_name ON changing (the_name_of_a_column)");
	expect_text(origin, OLD);
	tayra_origin_close(origin);
	origin = open_shaped(TAYRA_SHAPE_JSON, ALL);
	expect_text(origin, "[" OLD "]");
	alter("CREATE INDEX by_name ON changing (the_name_of_a_column)");
	expect_text(origin, "[" OLD "]");
	tayra_origin_close(origin);
	origin = open_shaped(TAYRA_SHAPE_RAW, ALL);
	expect_text(origin, "k");
	alter("CREATE INDEX by_name ON changing (the_name_of_a_column)");
	expect_text(origin, "k");
	tayra_origin_close(origin);
}

static void
columns_added_and_dropped_between_loads_show_at_once(void **state)
{
	struct tayra_origin *origin = open_shaped(TAYRA_SHAPE_ROW, ALL);

	expect_text(origin, OLD);
	alter("ALTER TABLE changing ADD COLUMN another DEFAULT 7");
	expect_text(origin, NEW);
	alter("ALTER TABLE changing DROP COLUMN the_name_of_a_column");
	expect_text(origin, "{\"id\":\"k\",\"another\":7}");
	tayra_origin_close(origin);
	origin = open_shaped(TAYRA_SHAPE_JSON, ALL);
	alter("ALTER TABLE changing ADD COLUMN another DEFAULT 7");
	expect_text(origin, "[" NEW "]");
	alter("ALTER TABLE changing DROP COLUMN another");
	expect_text(origin, "[" OLD "]");
	tayra_origin_close(origin);
	origin = open_shaped(TAYRA_SHAPE_RAW, ALL);
	alter("ALTER TABLE changing ADD COLUMN another DEFAULT 7");
	expect_text(origin, "k");
	alter("ALTER TABLE changing DROP COLUMN another");
	expect_text(origin, "k");
	tayra_origin_close(origin);
}

static void
a_query_that_no_longer_fits_is_an_origin_error_until_it_does(void **state)
{
	struct tayra_origin *origin = open_shaped(
		TAYRA_SHAPE_ROW, "SELECT the_name_of_a_column FROM changing WHERE id = ?1");
	struct tayra_origin_stats stats = TAYRA_ORIGIN_STATS_INIT;
	struct tayra_ref ref;

	alter("ALTER TABLE changing RENAME COLUMN the_name_of_a_column TO other");
	assert_int_equal(look_up(origin, "k", 1, 0, &ref), TAYRA_E_ORIGIN);
	assert_int_equal(look_up(origin, "k", 1, 0, &ref), TAYRA_E_ORIGIN);
	expect_trouble(origin, 2, "no such column: the_name_of_a_column");
	tayra_origin_stats(origin, &stats);
	assert_int_equal(stats.troubles, 2);
	assert_string_equal(stats.trouble, "no such column: the_name_of_a_column");
	assert_string_equal(stats.refusal, "");
	alter("ALTER TABLE changing RENAME COLUMN other TO the_name_of_a_column");
	expect_text(origin, "{\"the_name_of_a_column\":\"v\"}");
	tayra_origin_close(origin);
}

static void
what_a_key_holds_is_not_in_the_complaint(void **state)
{
	static const struct {
		const char *option, *table, *sql, *key;
	} rows[] = {
		{ NULL, NULL, "SELECT json_extract('{}', ?1)", "sec'ret" },
		{ "ENABLE_FTS5", "CREATE VIRTUAL TABLE five USING fts5(a)",
		  "SELECT a FROM five WHERE five MATCH ?1", "NEAR(a b, secret)" },
		{ "ENABLE_FTS3", "CREATE VIRTUAL TABLE four USING fts4(a)",
		  "SELECT a FROM four WHERE four MATCH ?1", "\"secret (" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[TAYRA__TROUBLE_TEXT];
		struct tayra_origin *origin;
		struct tayra_ref ref;

		if (rows[i].option && !sqlite3_compileoption_used(rows[i].option))
			continue;
		if (rows[i].table)
			alter(rows[i].table);
		origin = open_origin(rows[i].sql);
		assert_int_equal(look_up(origin, rows[i].key, strlen(rows[i].key), 0, &ref),
				 TAYRA_E_ORIGIN);
		assert_int_equal(tayra__trouble_read(&origin->trouble, text), 1);
		assert_true(strlen(text) > 0);
		if (strstr(text, "sec") || strstr(text, "ret"))
			fail_msg("%s", text);
		tayra_origin_close(origin);
	}
}

#define AND_ONE "SELECT *, 1 AS another FROM changing WHERE id = ?1"

static void
a_name_that_came_to_be_there_twice_is_an_origin_error_while_it_is(void **state)
{
	static const enum tayra_shape shapes[] = { TAYRA_SHAPE_ROW, TAYRA_SHAPE_JSON };
	struct tayra_origin *origin;
	struct tayra_ref ref;

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		origin = open_shaped(shapes[i], AND_ONE);
		alter("ALTER TABLE changing ADD COLUMN another DEFAULT 7");
		assert_int_equal(look_up(origin, "k", 1, 0, &ref), TAYRA_E_ORIGIN);
		assert_int_equal(look_up(origin, "k", 1, 0, &ref), TAYRA_E_ORIGIN);
		expect_trouble(origin, 2, "SQL: two columns are called \"another\"");
		alter("ALTER TABLE changing DROP COLUMN another");
		assert_int_equal(look_up(origin, "k", 1, 0, &ref), TAYRA_OK);
		tayra_release(&ref);
		tayra_origin_close(origin);
	}
	origin = open_shaped(TAYRA_SHAPE_RAW, AND_ONE);
	alter("ALTER TABLE changing ADD COLUMN another DEFAULT 7");
	expect_text(origin, "k");
	tayra_origin_close(origin);
}

static void
a_comment_after_the_sql_is_no_second_statement(void **state)
{
	static const char *const texts[] = { SQL ";", SQL "; -- by name\n;", SQL " /* ; */ ;\n" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct tayra_origin *origin = open_origin(texts[i]);

		expect(origin, "one", "first", 5);
		tayra_origin_close(origin);
	}
}

static void
a_file_that_is_no_database_is_an_io_error_that_names_it(void **state)
{
	struct tayra_origin *origin;
	char error[200] = "", tiny[4];

	assert_int_equal(
		tayra_origin_sqlite(NULL, "/nowhere/at.all", SQL, error, sizeof(error), &origin),
		TAYRA_E_IO);
	assert_non_null(strstr(error, "/nowhere/at.all"));
	assert_int_equal(
		tayra_origin_sqlite(NULL, "/proc/self/exe", SQL, error, sizeof(error), &origin),
		TAYRA_E_IO);
	assert_int_equal(tayra_origin_sqlite(NULL, "/nowhere", SQL, tiny, sizeof(tiny), &origin),
			 TAYRA_E_IO);
	assert_int_equal(strlen(tiny), 3);
	assert_int_equal(tayra_origin_sqlite(NULL, "/nowhere", SQL, NULL, 0, &origin), TAYRA_E_IO);
	assert_int_equal(tayra_origin_sqlite(NULL, NULL, SQL, NULL, 0, &origin), TAYRA_E_INVAL);
}

static sqlite3 *
lock_database(void)
{
	sqlite3 *writer;

	assert_int_equal(sqlite3_open(path, &writer), SQLITE_OK);
	execute(writer, "BEGIN EXCLUSIVE");
	return writer;
}

static void
unlock_database(sqlite3 *writer)
{
	execute(writer, "ROLLBACK");
	sqlite3_close(writer);
}

static void
a_lock_held_beyond_the_deadline_ends_the_load_in_time(void **state)
{
	struct tayra_origin *origin = open_origin(SQL);
	sqlite3 *writer = lock_database();
	struct tayra_ref ref;
	uint64_t began_ns = tayra_clock_real()->mono_ns(NULL), took_ns;
	int status = look_up(origin, "one", 3, 100 * TAYRA_NS_PER_MS, &ref);

	took_ns = tayra_clock_real()->mono_ns(NULL) - began_ns;
	assert_true(status == TAYRA_E_OVERLOAD || status == TAYRA_E_TIMEOUT);
	assert_true(took_ns >= 50 * TAYRA_NS_PER_MS); /* it has waited */
	assert_true(took_ns < 4 * TAYRA_NS_PER_S);    /* and not for the default's 5 s */
	unlock_database(writer);
	expect(origin, "one", "first", 5);
	tayra_origin_close(origin);
}

/* The stage's clock stands still: the deadline is as far away as it is said to be. */
static void
start_locked(struct stage *s, struct tayra_origin *origin, uint64_t timeout_ns)
{
	struct tayra_request r = ask(s, "one", NULL);

	r.origin = origin;
	r.timeout_ns = timeout_ns;
	assert_int_equal(start(s, &r, NULL), TAYRA_PENDING);
}

static void
wait_for_completion(struct stage *s, int ms)
{
	struct pollfd fd = { .fd = tayra_cq_fd(s->cq), .events = POLLIN };

	poll(&fd, 1, ms);
}

static void
a_load_waits_for_a_lock_and_answers_and_the_limiter_learns_nothing(void **state)
{
	struct tayra_pace_options limit = TAYRA_PACE_OPTIONS_INIT;
	struct tayra_pace_stats stats = TAYRA_PACE_STATS_INIT;
	struct tayra_options options = TAYRA_OPTIONS_INIT;
	struct tayra_origin *origin = open_origin(SQL);
	sqlite3 *writer = lock_database();
	struct stage s;

	assert_int_equal(tayra_pace_create(&limit, &options.pace), TAYRA_OK);
	stage_open(&s, &options);
	start_locked(&s, origin, 0);
	wait_for_completion(&s, 200);
	got_none(&s);
	unlock_database(writer);
	wait_for_completion(&s, 30000);
	got_value(&s, "first");
	writer = lock_database(); /* and nor when it gives up, 2 ms before it would be too late */
	assert_int_equal(tayra_delete(s.t, "one", 3), TAYRA_OK);
	start_locked(&s, origin, 2 * TAYRA_NS_PER_MS);
	wait_for_completion(&s, 30000);
	got_status(&s, TAYRA_E_OVERLOAD);
	expect_trouble(origin, 1, "database is locked");
	unlock_database(writer);
	stage_close(&s);
	tayra_pace_stats(options.pace, &stats);
	assert_int_equal(stats.outcomes[TAYRA_OUTCOME_IGNORE], 2);
	assert_int_equal(stats.outcomes[TAYRA_OUTCOME_OK], 0);
	assert_int_equal(stats.outcomes[TAYRA_OUTCOME_OVERLOAD], 0);
	tayra_pace_destroy(options.pace);
	tayra_origin_close(origin);
}

static void
a_load_that_waits_for_a_lock_is_given_up_when_nobody_waits_for_it(void **state)
{
	struct tayra_origin *origin = open_origin(SQL);
	sqlite3 *writer = lock_database();
	struct stage s;

	stage_open(&s, NULL);
	start_locked(&s, origin, TAYRA_OFF);
	wait_for_completion(&s, 20);
	tayra_destroy(s.t); /* waits for its loads */
	got_status(&s, TAYRA_E_CLOSED);
	tayra_cq_destroy(s.cq);
	unlock_database(writer);
	tayra_origin_close(origin);
}

/* Would count for minutes. */
#define ENDLESS                                                                                    \
	"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000)"     \
	" SELECT count(*) || ?1 FROM n"

static void
a_query_past_its_deadline_is_interrupted_and_the_connection_works_on(void **state)
{
	struct tayra_origin *origin = open_origin(ENDLESS);
	struct tayra_ref ref;

	for (int i = 0; i < 3; i++) /* destroying the handle waits for the query to end */
		assert_int_equal(look_up(origin, "k", 1, 5 * TAYRA_NS_PER_MS, &ref),
				 TAYRA_E_TIMEOUT);
	tayra_origin_close(origin);
}

static void
a_query_nobody_waits_for_is_interrupted(void **state)
{
	struct tayra_origin *origin = open_origin(ENDLESS);
	struct stage s;

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", NULL);

	r.origin = origin;
	r.timeout_ns = TAYRA_OFF;
	start(&s, &r, NULL);
	tayra_destroy(s.t); /* the stage's clock stands still: no deadline ends it */
	got_status(&s, TAYRA_E_CLOSED);
	tayra_cq_destroy(s.cq);
	tayra_origin_close(origin);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(the_value_is_the_first_column_of_the_first_row_as_bytes),
	cmocka_unit_test(no_row_and_null_are_not_found),
	cmocka_unit_test(a_key_is_bound_and_never_part_of_the_sql),
	cmocka_unit_test(sql_that_cannot_serve_is_refused_with_one_line_that_says_why),
	cmocka_unit_test(parts_are_bound_in_order_and_rows_take_the_shape_asked_for),
	cmocka_unit_test(options_that_cannot_serve_are_refused_with_one_line),
	cmocka_unit_test(an_index_made_between_loads_leaves_the_names_as_they_are),
	cmocka_unit_test(columns_added_and_dropped_between_loads_show_at_once),
	cmocka_unit_test(a_query_that_no_longer_fits_is_an_origin_error_until_it_does),
	cmocka_unit_test(what_a_key_holds_is_not_in_the_complaint),
	cmocka_unit_test(a_name_that_came_to_be_there_twice_is_an_origin_error_while_it_is),
	cmocka_unit_test(a_comment_after_the_sql_is_no_second_statement),
	cmocka_unit_test(a_file_that_is_no_database_is_an_io_error_that_names_it),
	cmocka_unit_test(a_lock_held_beyond_the_deadline_ends_the_load_in_time),
	cmocka_unit_test(a_load_waits_for_a_lock_and_answers_and_the_limiter_learns_nothing),
	cmocka_unit_test(a_load_that_waits_for_a_lock_is_given_up_when_nobody_waits_for_it),
	cmocka_unit_test(a_query_past_its_deadline_is_interrupted_and_the_connection_works_on),
	cmocka_unit_test(a_query_nobody_waits_for_is_interrupted),
};

int
main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_database, remove_database);
}
