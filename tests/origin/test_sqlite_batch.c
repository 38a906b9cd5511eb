/* SPDX-License-Identifier: Apache-2.0 */
#include "batched.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#define ONE "SELECT 'one ' || value FROM item WHERE name = ?1"
#define MANY                                                                                       \
	"SELECT k.value, 'many ' || i.value FROM json_each(?1) k JOIN item i ON i.name = k.value"

static char path[] = "/tmp/tayra-test-XXXXXX";

static int
make_database(void **state)
{
	sqlite3 *db;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(db,
			     "CREATE TABLE item (name TEXT PRIMARY KEY, value);"
			     "INSERT INTO item VALUES ('a', 'A'), ('b', 'B'), ('null', NULL),"
			     " ('\"q\\u0041''', 'quoted'), ('\xc3\xa9\xf0\x9f\x98\x80', 'accent'),"
			     " (char(1, 9, 10, 127), 'control'), ('nojson', '{'),"
			     " ('json', '{\"a\":1}'), ('long', 'longer than the others');"
			     "CREATE TABLE number (id INTEGER PRIMARY KEY, word TEXT);"
			     "INSERT INTO number VALUES (7, 'seven'), (8, 'eight');"
			     "CREATE TABLE version (arch TEXT, name TEXT, version TEXT);"
			     "INSERT INTO version VALUES ('x', 'one', '1'), ('x', 'two', '2'),"
			     " ('y', 'one', '3'), ('y', 'one', '4');",
			     NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(db);
	return 0;
}

static int
remove_database(void **state)
{
	return unlink(path);
}

static struct tayra_origin *
open_with(const struct tayra_origin_options *o, const char *sql)
{
	struct tayra_origin *origin;
	char error[200] = "";

	if (tayra_origin_sqlite(o, path, sql, error, sizeof(error), &origin) != TAYRA_OK)
		fail_msg("%s", error);
	return origin;
}

static void
expect_of(const struct tayra_origin_options *o, const char *sql, const struct expected *rows,
	  size_t n)
{
	struct tayra_origin *origin = open_with(o, sql);

	expect_together(origin, rows, n, 0);
	tayra_origin_close(origin);
}

static void
each_key_gets_its_row_of_one_query_and_the_others_are_not_found(void **state)
{
	static const struct expected rows[] = {
		{ "b", TAYRA_OK, "many B" },
		{ "none", TAYRA_E_NOT_FOUND, NULL },
		{ "a", TAYRA_OK, "many A" },
		{ "null", TAYRA_E_NOT_FOUND, NULL },
	};
	const struct tayra_origin_options o = batch_of(4, MANY);

	expect_of(&o, ONE, rows, 4);
}

static void
one_alone_is_asked_for_by_the_plain_query(void **state)
{
	struct tayra_origin_options o = batch_of(4, MANY);

	o.batch_window_ns = TAYRA_OFF;
	struct tayra_origin *origin = open_with(&o, ONE);

	expect(origin, "a", "one A", 5);
	expect_status(origin, "none", TAYRA_E_NOT_FOUND);
	tayra_origin_close(origin);
}

#define VERSION "SELECT name, version FROM version WHERE arch = ?1 AND name = ?2 ORDER BY version"
#define VERSIONS                                                                                   \
	"SELECT k.value->>0, k.value->>1, name, version FROM json_each(?1) k"                      \
	" JOIN version v ON v.arch = k.value->>0 AND v.name = k.value->>1 ORDER BY 4"

static void
parts_and_shapes_are_those_of_the_plain_query(void **state)
{
	static const struct expected objects[] = {
		{ "x/one", TAYRA_OK, "{\"name\":\"one\",\"version\":\"1\"}" },
		{ "y/one", TAYRA_OK, "{\"name\":\"one\",\"version\":\"3\"}" },
		{ "one/x", TAYRA_E_NOT_FOUND, NULL },
	};
	static const struct expected lists[] = {
		{ "x/two", TAYRA_OK, "[{\"name\":\"two\",\"version\":\"2\"}]" },
		{ "y/one", TAYRA_OK,
		  "[{\"name\":\"one\",\"version\":\"3\"},{\"name\":\"one\",\"version\":\"4\"}]" },
		{ "z/one", TAYRA_OK, "[]" },
	};
	static const struct expected limited[] = {
		{ "x/two", TAYRA_OK, "[{\"name\":\"two\",\"version\":\"2\"}]" },
		{ "y/one", TAYRA_E_TOO_LARGE, NULL },
		{ "none", TAYRA_E_INVAL, NULL },
	};
	struct tayra_origin_options o = batch_of(3, VERSIONS);

	o.pattern = "{arch}/{name}";
	o.shape = TAYRA_SHAPE_ROW;
	expect_of(&o, VERSION, objects, 3);
	o.shape = TAYRA_SHAPE_JSON;
	expect_of(&o, VERSION, lists, 3);
	o.max_rows = 1;
	expect_of(&o, VERSION, limited, 3);
}

static void
any_text_can_be_asked_together_and_what_is_none_goes_alone(void **state)
{
	static const struct expected rows[] = {
		{ "\"q\\u0041'", TAYRA_OK, "many quoted" },
		{ "\xc3\xa9\xf0\x9f\x98\x80", TAYRA_OK, "many accent" },
		{ "\x01\t\n\x7f", TAYRA_OK, "many control" },
		{ "\"],[\"", TAYRA_E_NOT_FOUND, NULL },
		{ "a\0b", TAYRA_E_NOT_FOUND, NULL, 3 },
		{ "a\xff", TAYRA_E_NOT_FOUND, NULL },
		{ "a", TAYRA_OK, "many A" },
	};
	/* Cut at its byte 0, one would be the other. */
	static const struct expected cut[] = {
		{ "a", TAYRA_OK, "[{\"value\":\"A\"}]" },
		{ "b", TAYRA_OK, "[{\"value\":\"B\"}]" },
		{ "a\0b", TAYRA_OK, "[]", 3 },
	};
	struct tayra_origin_options o = batch_of(7, MANY);

	expect_of(&o, ONE, rows, 7);
	o = batch_of(
		3, "SELECT k.value, i.value FROM json_each(?1) k JOIN item i ON i.name = k.value");
	o.shape = TAYRA_SHAPE_JSON;
	expect_of(&o, "SELECT value FROM item WHERE name = ?1", cut, 3);
}

static void
keys_that_come_back_written_otherwise_are_asked_for_alone(void **state)
{
	static const struct expected rows[] = {
		{ "7", TAYRA_OK, "many seven" },
		{ "08", TAYRA_OK, "one eight" },
		{ "9", TAYRA_E_NOT_FOUND, NULL },
	};
	const struct tayra_origin_options o = batch_of(
		3, "SELECT id, 'many ' || word FROM number"
		   " WHERE id IN (SELECT value FROM json_each(?1))");

	expect_of(&o, "SELECT 'one ' || word FROM number WHERE id = ?1", rows, 3);
}

static void
what_is_wrong_with_one_key_does_not_hit_the_others(void **state)
{
	static const struct expected rows[] = {
		{ "json", TAYRA_OK, "one 1" },
		{ "nojson", TAYRA_E_ORIGIN, NULL },
		{ "none", TAYRA_E_NOT_FOUND, NULL },
	};
	static const struct expected large[] = {
		{ "a", TAYRA_OK, "many A" },
		{ "long", TAYRA_E_TOO_LARGE, NULL },
		{ "b", TAYRA_OK, "many B" },
	};
	struct tayra_origin_options o = batch_of(
		3, "SELECT k.value, 'many ' || (i.value->>'a') FROM json_each(?1) k"
		   " JOIN item i ON i.name = k.value");

	expect_of(&o, "SELECT 'one ' || (value->>'a') FROM item WHERE name = ?1", rows, 3);
	o = batch_of(3, MANY);
	o.max_bytes = 8;
	expect_of(&o, ONE, large, 3);
}

static void
a_query_for_many_that_brings_too_many_rows_is_given_up(void **state)
{
	static const struct expected rows[] = {
		{ "a", TAYRA_OK, "one A" },
		{ "b", TAYRA_OK, "one B" },
	};
	/* It would not end. */
	const struct tayra_origin_options o = batch_of(
		2, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
		   " SELECT k.value, i FROM n CROSS JOIN json_each(?1) k");

	expect_of(&o, ONE, rows, 2);
}

static void
a_query_for_many_that_takes_too_long_is_interrupted(void **state)
{
	static const struct expected late[] = {
		{ "a", TAYRA_E_TIMEOUT, NULL },
		{ "b", TAYRA_E_TIMEOUT, NULL },
	};
	const struct tayra_origin_options o = batch_of(
		2, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
		   " SELECT k.value, sum(i) FROM json_each(?1) k, n GROUP BY 1");
	struct tayra_origin *origin = open_with(&o, ONE);

	expect_together(origin, late, 2, 50 * TAYRA_NS_PER_MS);
	expect_together(origin, late, 2, 50 * TAYRA_NS_PER_MS);
	tayra_origin_close(origin);
}

static void
a_query_for_many_that_cannot_serve_is_refused_with_one_line(void **state)
{
	static const struct {
		const char *sql, *says;
	} rows[] = {
		{ "SELEKT", "batch: SQL: near \"SELEKT\"" },
		{ "SELECT name, value FROM item", "must take one parameter" },
		{ "SELECT name, name, value FROM item WHERE name = ?1", "json_each" },
		{ "SELECT value FROM json_each(?1)", "no column behind" },
		{ "SELECT value, 1 AS name FROM json_each(?1)", "returns 2 columns, and must" },
		{ "SELECT value, 1 AS name, 2 AS x FROM json_each(?1)",
		  "column 3 is \"x\", and the query's is \"value\"" },
		{ "DELETE FROM item WHERE name IN (SELECT value FROM json_each(?1))",
		  "change the database" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tayra_origin_options o = batch_of(2, rows[i].sql);
		struct tayra_origin *origin;
		char error[200] = "";

		o.shape = TAYRA_SHAPE_ROW;
		assert_int_equal(tayra_origin_sqlite(&o, path,
						     "SELECT name, value FROM item WHERE name = ?1",
						     error, sizeof(error), &origin),
				 TAYRA_E_INVAL);
		assert_null(origin);
		if (!strstr(error, rows[i].says))
			fail_msg("\"%s\" does not say \"%s\"", error, rows[i].says);
	}
}

static void
a_batch_is_of_sql_alone_and_within_bounds(void **state)
{
	struct tayra_origin_options o = batch_of(1025, MANY);
	struct tayra_origin *origin;
	char error[200];

	assert_int_equal(tayra_origin_sqlite(&o, path, ONE, error, sizeof(error), &origin),
			 TAYRA_E_INVAL);
	assert_non_null(strstr(error, "1,024 keys"));
	o.batch_keys_max = 2;
	o.pattern = "fixed";
	assert_int_equal(tayra_origin_sqlite(&o, path, ONE, error, sizeof(error), &origin),
			 TAYRA_E_INVAL);
	assert_non_null(strstr(error, "without parts"));
	o.pattern = NULL;
	assert_int_equal(tayra_origin_redis(&o, "redis://127.0.0.1:1", "GET {key}", error,
					    sizeof(error), &origin),
			 TAYRA_E_INVAL);
	assert_non_null(strstr(error, "a batch"));
}

/* A join would give its rows twice if the list had it twice. */
static void
a_key_that_two_handles_ask_for_is_right_for_both(void **state)
{
	struct tayra_origin_options o = batch_of(3, VERSIONS);
	static const char *const names[] = { "y/one", "x/one", "y/one" };
	struct tayra *handles[2];
	struct tayra_cq *cqs[2];
	struct tayra_completion c;
	struct tayra_ref ref;

	o.pattern = "{arch}/{name}";
	o.shape = TAYRA_SHAPE_JSON;
	struct tayra_origin *origin = open_with(&o, VERSION);

	for (int i = 0; i < 2; i++) {
		assert_int_equal(tayra_create(NULL, &handles[i]), TAYRA_OK);
		assert_int_equal(tayra_cq_create(handles[i], &cqs[i]), TAYRA_OK);
	}
	for (int i = 0; i < 3; i++) {
		struct tayra_request r = TAYRA_REQUEST_INIT;

		r.key = names[i];
		r.key_len = 5;
		r.origin = origin;
		assert_int_equal(tayra_get_or_load_start(handles[i / 2], &r, cqs[i / 2],
							 (void *)(uintptr_t)names[i][0], &ref),
				 TAYRA_PENDING);
	}
	for (int i = 0; i < 3; i++) {
		assert_int_equal(tayra_cq_wait(cqs[i / 2], &c, 1, BATCHED_NS), 1);
		check_completion(
			&(struct expected){ "", TAYRA_OK,
					    (uintptr_t)c.cookie == 'y'
						    ? "[{\"name\":\"one\",\"version\":\"3\"},"
						      "{\"name\":\"one\",\"version\":\"4\"}]"
						    : "[{\"name\":\"one\",\"version\":\"1\"}]",
					    0 },
			&c);
	}
	for (int i = 0; i < 2; i++) {
		tayra_cq_destroy(cqs[i]);
		tayra_destroy(handles[i]);
	}
	tayra_origin_close(origin);
}

static void
many_threads_lose_no_load(void **state)
{
	struct tayra_origin_options o = batch_of(7, MANY);
	struct expected rows[500];
	char keys[500][16];

	o.threads = 4;
	o.batch_window_ns = TAYRA_OFF;
	struct tayra_origin *origin = open_with(&o, ONE);

	for (size_t i = 0; i < 500; i++) {
		snprintf(keys[i], sizeof(keys[i]), "no%zu", i);
		rows[i] = (struct expected){ keys[i], TAYRA_E_NOT_FOUND, NULL, 0 };
	}
	for (int round = 0; round < 5; round++)
		expect_together(origin, rows, 500, 0);
	tayra_origin_close(origin);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(each_key_gets_its_row_of_one_query_and_the_others_are_not_found),
	cmocka_unit_test(one_alone_is_asked_for_by_the_plain_query),
	cmocka_unit_test(parts_and_shapes_are_those_of_the_plain_query),
	cmocka_unit_test(any_text_can_be_asked_together_and_what_is_none_goes_alone),
	cmocka_unit_test(keys_that_come_back_written_otherwise_are_asked_for_alone),
	cmocka_unit_test(what_is_wrong_with_one_key_does_not_hit_the_others),
	cmocka_unit_test(a_query_for_many_that_brings_too_many_rows_is_given_up),
	cmocka_unit_test(a_query_for_many_that_takes_too_long_is_interrupted),
	cmocka_unit_test(a_query_for_many_that_cannot_serve_is_refused_with_one_line),
	cmocka_unit_test(a_batch_is_of_sql_alone_and_within_bounds),
	cmocka_unit_test(a_key_that_two_handles_ask_for_is_right_for_both),
	cmocka_unit_test(many_threads_lose_no_load),
};

int
main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_database, remove_database);
}
