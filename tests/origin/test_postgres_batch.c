/* SPDX-License-Identifier: Apache-2.0
 *
 * A server of our own, as in test_postgres.c.
 */
#include "batched.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <unistd.h>

#include "cluster.h"

#define ONE  "SELECT 'one ' || value FROM item WHERE name = $1"
#define MANY "SELECT k, 'many ' || value FROM unnest($1::text[]) k JOIN item ON name = k"

static struct cluster cluster;

static void
execute(const char *sql)
{
	PGconn *conn = PQconnectdb(cluster.conninfo);
	PGresult *result = PQexec(conn, sql);

	if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
		fail_msg("%s", PQerrorMessage(conn));
	PQclear(result);
	PQfinish(conn);
}

static int
make_database(void **state)
{
	if (!cluster_create(&cluster))
		return 0;
	execute("CREATE TABLE item (name text PRIMARY KEY, value text);"
		"INSERT INTO item VALUES ('a', 'A'), ('b', 'B'), ('null', NULL),"
		" ('\"q\\{},''', 'quoted'), ('\xc3\xa9\xf0\x9f\x98\x80', 'accent'),"
		" (E'\\x01\\t\\n\\x7f', 'control'), ('NULL', 'word'), ('zero', '0');"
		"CREATE TABLE typed (id int PRIMARY KEY, bytes bytea, word text);"
		"INSERT INTO typed VALUES (7, '\\xff4142', 'seven'), (8, '\\x43', 'eight'), (10, "
		"'', 'ten');"
		"CREATE TABLE version (arch text, name text, version int);"
		"INSERT INTO version VALUES ('x', 'one', 1), ('x', 'two', 2), ('y', 'one', 3),"
		" ('y', 'one', 4), ('slow', 'one', 0);"
		"CREATE TABLE changing (name text, value text);"
		"INSERT INTO changing VALUES ('a', 'A'), ('b', 'B');");
	return 0;
}

static int
remove_database(void **state)
{
	cluster_destroy(&cluster);
	return 0;
}

static struct tayra_origin *
open_with(const struct tayra_origin_options *o, const char *sql)
{
	struct tayra_origin *origin;
	char error[200] = "";
	int status;

	if (!cluster.running)
		skip();
	status = tayra_origin_postgres(o, cluster.conninfo, sql, error, sizeof(error), &origin);
	if (status != TAYRA_OK || error[0])
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
	const struct tayra_origin_options any = batch_of(
		4, "SELECT name, 'many ' || value FROM item WHERE name = ANY($1)");
	struct tayra_origin_options o = batch_of(4, MANY);

	expect_of(&any, ONE, rows, 4);
	expect_of(&o, ONE, rows, 4);
	o.batch_window_ns = TAYRA_OFF;
	struct tayra_origin *origin = open_with(&o, ONE);

	expect(origin, "a", "one A", 5);
	tayra_origin_close(origin);
}

#define VERSION "SELECT name, version FROM version WHERE arch = $1 AND name = $2 ORDER BY version"
#define VERSIONS                                                                                   \
	"SELECT k.arch, k.name, v.name, version FROM unnest($1::text[], $2::text[]) k(arch, name)" \
	" JOIN version v ON v.arch = k.arch AND v.name = k.name ORDER BY version"

static void
parts_and_shapes_are_those_of_the_plain_query(void **state)
{
	static const struct expected objects[] = {
		{ "x/one", TAYRA_OK, "{\"name\":\"one\",\"version\":1}" },
		{ "y/one", TAYRA_OK, "{\"name\":\"one\",\"version\":3}" },
		{ "one/x", TAYRA_E_NOT_FOUND, NULL },
	};
	static const struct expected lists[] = {
		{ "x/two", TAYRA_OK, "[{\"name\":\"two\",\"version\":2}]" },
		{ "y/one", TAYRA_OK,
		  "[{\"name\":\"one\",\"version\":3},{\"name\":\"one\",\"version\":4}]" },
		{ "z/one", TAYRA_OK, "[]" },
	};
	struct tayra_origin_options o = batch_of(3, VERSIONS);

	o.pattern = "{arch}/{name}";
	o.shape = TAYRA_SHAPE_ROW;
	expect_of(&o, VERSION, objects, 3);
	o.shape = TAYRA_SHAPE_JSON;
	expect_of(&o, VERSION, lists, 3);
}

static void
any_text_can_be_asked_together_and_what_is_none_goes_alone(void **state)
{
	static const struct expected rows[] = {
		{ "\"q\\{},'", TAYRA_OK, "many quoted" },
		{ "\xc3\xa9\xf0\x9f\x98\x80", TAYRA_OK, "many accent" },
		{ "\x01\t\n\x7f", TAYRA_OK, "many control" },
		{ "NULL", TAYRA_OK, "many word" },
		{ "a\",\"b", TAYRA_E_NOT_FOUND, NULL },
		{ "a\0b", TAYRA_E_INVAL, NULL, 3 },
		{ "a\xff", TAYRA_E_NOT_FOUND, NULL },
		{ "a", TAYRA_OK, "many A" },
	};
	const struct tayra_origin_options o = batch_of(8, MANY);

	expect_of(&o, ONE, rows, 8);
}

static void
bytes_come_as_they_are_and_keys_written_otherwise_alone(void **state)
{
	static const struct expected bytes[] = {
		{ "7", TAYRA_OK,
		  "\xff"
		  "AB" },
		{ "8", TAYRA_OK, "C" },
	};
	static const struct expected words[] = {
		{ "7", TAYRA_OK, "many seven" },
		{ "08", TAYRA_OK, "one eight" },
		{ "9", TAYRA_E_NOT_FOUND, NULL },
	};
	const struct tayra_origin_options o = batch_of(
		3, "SELECT id, 'many ' || word FROM typed WHERE id = ANY($1)");
	const struct tayra_origin_options binary = batch_of(
		2, "SELECT id::text, bytes FROM typed WHERE id = ANY($1)");

	expect_of(&binary, "SELECT bytes FROM typed WHERE id = $1", bytes, 2);
	expect_of(&o, "SELECT 'one ' || word FROM typed WHERE id = $1", words, 3);
}

static void
what_is_wrong_with_one_key_does_not_hit_the_others(void **state)
{
	static const struct expected typed[] = {
		{ "7", TAYRA_OK, "one seven" },
		{ "abc", TAYRA_E_NOT_FOUND, NULL },
		{ "9", TAYRA_E_NOT_FOUND, NULL },
	};
	static const struct expected divided[] = {
		{ "zero", TAYRA_E_ORIGIN, NULL },
		{ "none", TAYRA_E_NOT_FOUND, NULL },
	};
	struct tayra_origin_options o = batch_of(
		3, "SELECT id, 'many ' || word FROM typed WHERE id = ANY($1)");

	expect_of(&o, "SELECT 'one ' || word FROM typed WHERE id = $1", typed, 3);
	o = batch_of(2, "SELECT name, 1 / value::int FROM item WHERE name = ANY($1)");
	expect_of(&o, "SELECT 1 / value::int FROM item WHERE name = $1", divided, 2);
}

static void
a_query_for_many_that_brings_too_many_rows_is_given_up(void **state)
{
	static const struct expected rows[] = {
		{ "a", TAYRA_OK, "one A" },
		{ "b", TAYRA_OK, "one B" },
	};
	const struct tayra_origin_options o = batch_of(
		2, "SELECT k, generate_series(1, 1000000000)::text FROM unnest($1::text[]) k");

	expect_of(&o, ONE, rows, 2);
}

static void
a_query_for_many_that_takes_too_long_is_cancelled(void **state)
{
	static const struct expected late[] = {
		{ "a", TAYRA_E_TIMEOUT, NULL },
		{ "b", TAYRA_E_TIMEOUT, NULL },
	};
	static const struct expected rows[] = {
		{ "a", TAYRA_OK, "many A" },
		{ "zero", TAYRA_OK, "many 0" },
	};
	const struct tayra_origin_options o = batch_of(
		2, "SELECT k, 'many ' || value FROM unnest($1::text[]) k JOIN item ON name = k,"
		   " pg_sleep(CASE WHEN 'b' = ANY($1) THEN 60 ELSE 0 END)");
	struct tayra_origin *origin = open_with(&o, ONE);

	expect_together(origin, late, 2, 50 * TAYRA_NS_PER_MS);
	expect_together(origin, rows, 2, 0);
	tayra_origin_close(origin);
}

static void
a_query_for_many_that_cannot_serve_is_refused_with_one_line(void **state)
{
	static const struct {
		const char *sql, *says;
	} rows[] = {
		{ "SELEKT", "batch: SQL: syntax error" },
		{ "SELECT name, name, value FROM item", "0 parameters" },
		{ "SELECT name, name, value FROM item WHERE name = $1", "$1 must be an array" },
		{ "SELECT k FROM unnest($1::text[]) k", "no column behind" },
		{ "SELECT name, value FROM item WHERE name = ANY($1)", "returns 2 columns" },
		{ "SELECT name, name, 1 AS x FROM item WHERE name = ANY($1)",
		  "column 3 is \"x\", and the query's is \"value\"" },
	};

	if (!cluster.running)
		skip();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tayra_origin_options o = batch_of(2, rows[i].sql);
		struct tayra_origin *origin;
		char error[200] = "";

		o.shape = TAYRA_SHAPE_ROW;
		assert_int_equal(
			tayra_origin_postgres(&o, cluster.conninfo,
					      "SELECT name, value FROM item WHERE name = $1", error,
					      sizeof(error), &origin),
			TAYRA_E_INVAL);
		assert_null(origin);
		if (!strstr(error, rows[i].says))
			fail_msg("\"%s\" does not say \"%s\"", error, rows[i].says);
	}
}

static void
a_query_for_many_that_no_longer_fits_leaves_the_plain_one(void **state)
{
	static const struct expected many[] = {
		{ "a", TAYRA_OK, "{\"name\":\"a\",\"value\":\"A\"}" },
		{ "b", TAYRA_OK, "{\"name\":\"b\",\"value\":\"B\"}" },
	};
	static const struct expected more[] = {
		{ "a", TAYRA_OK, "{\"name\":\"a\",\"value\":\"A\",\"more\":null}" },
		{ "b", TAYRA_OK, "{\"name\":\"b\",\"value\":\"B\",\"more\":null}" },
	};
	struct tayra_origin_options o = batch_of(
		2, "SELECT name, name, value FROM changing WHERE name = ANY($1)");
	char text[TAYRA__TROUBLE_TEXT];

	o.shape = TAYRA_SHAPE_ROW;
	struct tayra_origin *origin = open_with(&o, "SELECT * FROM changing WHERE name = $1");

	expect_together(origin, many, 2, 0);
	execute("ALTER TABLE changing ADD COLUMN more text");
	expect_together(origin, many, 2, 0); /* it says what it is: that is as it was */
	execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
		" WHERE application_name = 'tayra'");
	execute("DO $$BEGIN WHILE EXISTS (SELECT FROM pg_stat_activity WHERE application_name ="
		" 'tayra') LOOP PERFORM pg_sleep(0.01), pg_stat_clear_snapshot(); END LOOP; END$$");
	usleep(100000); /* a backend leaves that list before it closes its socket */
	expect_together(origin, more, 2, 0);
	assert_int_equal(tayra__trouble_read(&origin->trouble, text), 1);
	assert_string_equal(text,
			    "batch: SQL: it returns 3 columns, and must return 4: 1 of the key, "
			    "and those of the query");
	tayra_origin_close(origin);
}

static struct tayra_origin_options
pipeline_of(uint32_t queries)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;

	o.threads = 1;
	o.pipeline = queries;
	return o;
}

/* The first key keeps the one thread busy, so that the others go together, the shortest first. */
#define BUSY(column, key) ", LATERAL pg_sleep(CASE " column " WHEN " key " THEN 0.2 ELSE 0 END)"

static void
in_a_pipeline_each_key_has_its_own_answer_or_error(void **state)
{
	static const struct expected rows[] = {
		{ "8", TAYRA_OK, "10eight" },       { "7", TAYRA_E_ORIGIN, NULL },
		{ "abc", TAYRA_E_NOT_FOUND, NULL }, { "9", TAYRA_E_NOT_FOUND, NULL },
		{ "10", TAYRA_OK, "3ten" },         { "010", TAYRA_OK, "3ten" },
		{ "1\0", TAYRA_E_INVAL, NULL, 2 },
	};
	static const struct expected lists[] = {
		{ "slow/one", TAYRA_OK, "[{\"name\":\"one\",\"version\":0}]" },
		{ "y/one", TAYRA_OK,
		  "[{\"name\":\"one\",\"version\":3},{\"name\":\"one\",\"version\":4}]" },
		{ "z/z", TAYRA_OK, "[]" },
		{ "x/two", TAYRA_OK, "[{\"name\":\"two\",\"version\":2}]" },
	};
	struct tayra_origin_options o = pipeline_of(16);
	struct tayra_origin *origin = open_with(
		&o, "SELECT 10 / (id - 7) || word FROM typed" BUSY("id", "8") " WHERE id = $1");

	expect_together(origin, rows, sizeof(rows) / sizeof(rows[0]), 0);
	expect_trouble(origin, 1, "division by zero (SQLSTATE 22012)");
	expect(origin, "10", "3ten", 4); /* alone on the same connection */
	tayra_origin_close(origin);
	o.pattern = "{arch}/{name}";
	o.shape = TAYRA_SHAPE_JSON;
	expect_of(&o,
		  "SELECT name, version FROM version" BUSY("arch", "'slow'") " WHERE arch = $1 AND "
									     "name = $2 "
									     "ORDER BY version",
		  lists, 4);
}

static void
what_is_behind_one_that_brings_too_many_rows_is_asked_again(void **state)
{
	static const struct expected rows[] = {
		{ "slow", TAYRA_OK, "1" },    { "a", TAYRA_OK, "1" },
		{ "many", TAYRA_OK, "1" },    { "behind", TAYRA_OK, "1" },
		{ "farther", TAYRA_OK, "1" },
	};
	const struct tayra_origin_options o = pipeline_of(16);

	expect_of(&o,
		  "SELECT generate_series(1, CASE $1 WHEN 'many' THEN 1000000000 ELSE 1 END)::text "
		  "FROM pg_sleep(CASE $1 WHEN 'slow' THEN 0.2 ELSE 0 END)",
		  rows, 5);
}

static void
what_is_behind_one_that_ends_the_connection_is_asked_again(void **state)
{
	static const struct expected rows[] = {
		{ "slow", TAYRA_OK, "slow" },       { "a", TAYRA_OK, "a" },
		{ "kill", TAYRA_E_ORIGIN, NULL },   { "behind", TAYRA_OK, "behind" },
		{ "farther", TAYRA_OK, "farther" },
	};
	const struct tayra_origin_options o = pipeline_of(16);

	expect_of(
		&o,
		"SELECT $1::text FROM pg_sleep(CASE $1 WHEN 'slow' THEN 0.2 ELSE 0 END) WHERE CASE "
		"$1 WHEN 'kill' THEN pg_terminate_backend(pg_backend_pid()) ELSE true END",
		rows, 5);
}

static void
a_pipeline_nobody_waits_for_is_given_up(void **state)
{
	static const struct expected rows[] = {
		{ "slow", TAYRA_OK, "slow" },
		{ "stuck", TAYRA_E_TIMEOUT, NULL },
		{ "behind", TAYRA_E_TIMEOUT, NULL },
	};
	const struct tayra_origin_options o = pipeline_of(16);
	struct tayra_origin *origin = open_with(
		&o,
		"SELECT $1::text FROM pg_sleep(CASE $1 WHEN 'slow' THEN 0.2 WHEN 'stuck' THEN 60 "
		"ELSE 0 END)");

	expect_together(origin, rows, 3, 600 * TAYRA_NS_PER_MS);
	expect(origin, "b", "b", 1);
	tayra_origin_close(origin);
}

/* Which connection gave that completion. */
static int
backend_of(struct tayra_cq *cq)
{
	struct tayra_completion c;
	char text[20] = "";

	assert_int_equal(tayra_cq_wait(cq, &c, 1, BATCHED_NS), 1);
	assert_int_equal(c.status, TAYRA_OK);
	assert_true(c.ref.value_len < sizeof(text));
	memcpy(text, c.ref.value, c.ref.value_len);
	tayra_release(&c.ref);
	return (int)strtol(text, NULL, 10);
}

static void
no_connection_takes_more_than_its_share_of_what_waits(void **state)
{
	/* Two keep both busy, and four wait. */
	static const char *const keys[] = { "busy 1", "busy 2", "1", "2", "3", "4" };
	struct tayra_origin_options o = pipeline_of(16);
	int seen[2] = { 0 }, backend;
	struct tayra *t;
	struct tayra_cq *cq;
	struct tayra_ref ref;

	o.threads = 2;
	struct tayra_origin *origin = open_with(
		&o, "SELECT pg_backend_pid()::text FROM pg_sleep(0.2) WHERE $1::text <> ''");

	assert_int_equal(tayra_create(NULL, &t), TAYRA_OK);
	assert_int_equal(tayra_cq_create(t, &cq), TAYRA_OK);
	for (size_t i = 0; i < 6; i++) {
		struct tayra_request r = TAYRA_REQUEST_INIT;

		r.key = keys[i];
		r.key_len = strlen(keys[i]);
		r.origin = origin;
		assert_int_equal(tayra_get_or_load_start(t, &r, cq, NULL, &ref), TAYRA_PENDING);
		if (i < 2)
			usleep(50000);
	}
	for (int i = 0; i < 2; i++)
		backend_of(cq);
	for (int i = 0; i < 4; i++) {
		backend = backend_of(cq);
		seen[seen[0] != 0 && backend != seen[0]] = backend;
	}
	assert_true(seen[0] != 0 && seen[1] != 0);
	tayra_cq_destroy(cq);
	tayra_destroy(t);
	tayra_origin_close(origin);
}

static void
a_pipeline_is_of_postgres_alone_and_stands_beside_nothing(void **state)
{
	struct tayra_origin_options o = pipeline_of(257);
	struct tayra_origin *origin;
	char error[200];

	for (int i = 0; i < 3; i++) {
		o.pipeline = i == 0 ? 257 : 2;
		o.batch = i == 1 ? MANY : NULL;
		o.version = i == 2 ? ONE : NULL;
		assert_int_equal(tayra_origin_postgres(&o, "host=/nowhere", ONE, error,
						       sizeof(error), &origin),
				 TAYRA_E_INVAL);
		assert_non_null(strstr(error, "a pipeline of over 256, or beside"));
	}
	o.version = NULL;
	assert_true(tayra_origin_sqlite(&o, ":memory:", "SELECT ?1", error, sizeof(error),
					&origin) < 0);
	assert_int_equal(tayra_origin_redis(&o, "redis://127.0.0.1:1", "GET {key}", error,
					    sizeof(error), &origin),
			 TAYRA_E_INVAL);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(each_key_gets_its_row_of_one_query_and_the_others_are_not_found),
	cmocka_unit_test(parts_and_shapes_are_those_of_the_plain_query),
	cmocka_unit_test(any_text_can_be_asked_together_and_what_is_none_goes_alone),
	cmocka_unit_test(bytes_come_as_they_are_and_keys_written_otherwise_alone),
	cmocka_unit_test(what_is_wrong_with_one_key_does_not_hit_the_others),
	cmocka_unit_test(a_query_for_many_that_brings_too_many_rows_is_given_up),
	cmocka_unit_test(a_query_for_many_that_takes_too_long_is_cancelled),
	cmocka_unit_test(a_query_for_many_that_cannot_serve_is_refused_with_one_line),
	cmocka_unit_test(a_query_for_many_that_no_longer_fits_leaves_the_plain_one),
	cmocka_unit_test(in_a_pipeline_each_key_has_its_own_answer_or_error),
	cmocka_unit_test(what_is_behind_one_that_brings_too_many_rows_is_asked_again),
	cmocka_unit_test(what_is_behind_one_that_ends_the_connection_is_asked_again),
	cmocka_unit_test(no_connection_takes_more_than_its_share_of_what_waits),
	cmocka_unit_test(a_pipeline_nobody_waits_for_is_given_up),
	cmocka_unit_test(a_pipeline_is_of_postgres_alone_and_stands_beside_nothing),
};

int
main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_database, remove_database);
}
