/* SPDX-License-Identifier: Apache-2.0
 *
 * A server of our own, unprivileged, in a temporary folder, reached through a socket there; skipped
 * where there is none to start.
 */
#include "versioned.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "cluster.h"
#include "server.h"

#define SQL "SELECT value FROM item WHERE name = $1"

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
	execute("CREATE ROLE tayra_test LOGIN;"
		"CREATE TABLE item (name text PRIMARY KEY, value text);"
		"INSERT INTO item VALUES ('one', 'first'), ('empty', ''), ('null', NULL),"
		" ('it''s \"a\\b\"', 'quoted'), ('\xc3\xa9', 'accent');"
		"CREATE TABLE typed (id int PRIMARY KEY, big int8, real float8, flag bool, doc "
		"jsonb,"
		" bytes bytea, said text);"
		"INSERT INTO typed VALUES (1, 9007199254740993, 'NaN', true, '{\"a\": [1]}',"
		" '\\x00ff', E'q\"\\n'), (2, NULL, 0.5, false, NULL, '', '');");
	return 0;
}

static int
remove_database(void **state)
{
	cluster_destroy(&cluster);
	return 0;
}

static int
need_server(void **state)
{
	if (!cluster.running)
		skip();
	return 0;
}

static struct tayra_origin *
open_with(const struct tayra_origin_options *options, const char *sql)
{
	struct tayra_origin *origin;
	char error[200] = "";
	int status = tayra_origin_postgres(options, cluster.conninfo, sql, error, sizeof(error),
					   &origin);

	if (status != TAYRA_OK || error[0])
		fail_msg("%s", error);
	return origin;
}

static struct tayra_origin *
open_origin(const char *sql)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;

	o.threads = 2;
	return open_with(&o, sql);
}

static void
the_value_is_the_first_column_of_the_first_row(void **state)
{
	need_server(state);
	struct tayra_origin *origin = open_origin(SQL);

	expect(origin, "one", "first", 5);
	expect(origin, "empty", "", 0);
	expect_status(origin, "none", TAYRA_E_NOT_FOUND);
	expect_status(origin, "null", TAYRA_E_NOT_FOUND);
	tayra_origin_close(origin);
}

static void
a_key_is_bound_and_never_part_of_the_sql(void **state)
{
	need_server(state);
	struct tayra_origin *origin = open_origin(SQL);
	struct tayra_ref ref;

	expect(origin, "it's \"a\\b\"", "quoted", 6);
	expect(origin, "\xc3\xa9", "accent", 6);
	expect_status(origin, "' OR 1=1 --", TAYRA_E_NOT_FOUND);
	expect_status(origin, "one'; DROP TABLE item; --", TAYRA_E_NOT_FOUND);
	expect_status(origin, "$1", TAYRA_E_NOT_FOUND);
	expect_status(origin, "\xff\xfe", TAYRA_E_NOT_FOUND); /* no UTF-8 */
	/* It would be cut to "one" on its way. */
	assert_int_equal(look_up(origin, "one\0two", 7, 0, &ref), TAYRA_E_INVAL);
	expect(origin, "one", "first", 5);
	tayra_origin_close(origin);
}

static void
a_part_that_is_no_value_of_its_type_is_not_found(void **state)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;

	need_server(state);
	o.pattern = "typed:{id}";
	struct tayra_origin *origin = open_with(&o, "SELECT big FROM typed WHERE id = $1");

	expect(origin, "typed:1", "9007199254740993", 16);
	expect_status(origin, "typed:abc", TAYRA_E_NOT_FOUND);
	expect_status(origin, "typed:99999999999", TAYRA_E_NOT_FOUND);
	expect_status(origin, "item:1", TAYRA_E_INVAL);
	tayra_origin_close(origin);
	/* The same error out of the statement is an error. */
	origin = open_origin("SELECT (value || 'x')::int FROM item WHERE name = $1");
	expect_status(origin, "one", TAYRA_E_ORIGIN);
	tayra_origin_close(origin);
}

static void
parts_are_bound_in_order_and_rows_take_the_shape_asked_for(void **state)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;
	static const char row[] =
		"{\"id\":1,\"big\":9007199254740993,\"real\":null,\"flag\":true,"
		"\"doc\":{\"a\": [1]},\"bytes\":\"\\\\x00ff\",\"said\":\"q\\\"\\n\"}";
	static const char two[] = "[{\"id\":1,\"flag\":true},{\"id\":2,\"flag\":false}]";

	need_server(state);
	o.pattern = "{from}-{to}";
	o.shape = TAYRA_SHAPE_ROW;
	struct tayra_origin *origin = open_with(
		&o, "SELECT * FROM typed WHERE id BETWEEN $1 AND $2 ORDER BY id");

	expect(origin, "1-2", row, sizeof(row) - 1);
	expect_status(origin, "2-1", TAYRA_E_NOT_FOUND);
	tayra_origin_close(origin);
	o.shape = TAYRA_SHAPE_JSON;
	o.max_rows = 2;
	origin = open_with(&o, "SELECT id, flag FROM typed WHERE id BETWEEN $1 AND $2 ORDER BY id");
	expect(origin, "1-2", two, sizeof(two) - 1);
	expect(origin, "2-1", "[]", 2);
	tayra_origin_close(origin);
	o.shape = TAYRA_SHAPE_RAW;
	origin = open_with(&o, "SELECT bytes FROM typed WHERE id BETWEEN $1 AND $2");
	expect(origin, "1-1", "\0\xff", 2);
	tayra_origin_close(origin);
}

static void
a_result_over_its_limits_is_too_large_and_is_not_read_to_its_end(void **state)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;

	need_server(state);
	o.shape = TAYRA_SHAPE_JSON;
	o.threads = 1;
	o.max_rows = 10;
	struct tayra_origin *origin = open_with(&o, "SELECT generate_series(1, $1::int8) AS n");

	expect_status(origin, "2000000000", TAYRA_E_TOO_LARGE);
	expect_status(origin, "11", TAYRA_E_TOO_LARGE);
	expect(origin, "1", "[{\"n\":1}]", 9);
	tayra_origin_close(origin);
	o.max_rows = 0;
	o.max_bytes = 8;
	origin = open_with(&o, "SELECT generate_series(1, $1::int8) AS n");
	expect_status(origin, "1", TAYRA_E_TOO_LARGE);
	tayra_origin_close(origin);
	o.shape = TAYRA_SHAPE_RAW;
	origin = open_with(&o, "SELECT generate_series(1, $1::int8) AS n");
	expect(origin, "2000000000", "1", 1);
	tayra_origin_close(origin);
}

static void
sql_that_cannot_serve_is_refused_with_one_line_that_says_why(void **state)
{
	static const struct {
		const char *conninfo, *sql, *says;
	} rows[] = {
		{ NULL, "SELEKT $1", "SELEKT" },
		{ NULL, "SELECT no_such FROM item WHERE name = $1", "no_such" },
		{ NULL, "SELECT value FROM item", "0 parameters" },
		{ NULL, "SELECT value FROM item WHERE name = $1 OR name = $2", "2 parameters" },
		{ NULL, "DELETE FROM item WHERE name = $1", "no column" },
		{ NULL, SQL "; " SQL, "multiple" },
		{ NULL, "", "parameters" },
		{ "host", SQL, "PostgreSQL" },
	};

	need_server(state);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tayra_origin *origin;
		char error[200] = "";

		assert_int_equal(tayra_origin_postgres(NULL,
						       rows[i].conninfo ? rows[i].conninfo
									: cluster.conninfo,
						       rows[i].sql, error, sizeof(error), &origin),
				 TAYRA_E_INVAL);
		assert_null(origin);
		if (!strstr(error, rows[i].says))
			fail_msg("%s: \"%s\"", rows[i].sql, error);
	}
}

static void
nothing_can_be_written(void **state)
{
	need_server(state);
	struct tayra_origin *origin = open_origin(
		"INSERT INTO item VALUES ($1, 'new') RETURNING value");

	expect_status(origin, "new", TAYRA_E_ORIGIN);
	tayra_origin_close(origin);
	origin = open_origin(SQL);
	expect_status(origin, "new", TAYRA_E_NOT_FOUND);
	tayra_origin_close(origin);
}

/* How many statements the server runs that say "tayra_test_sleep". */
static int
sleepers(void)
{
	PGconn *conn = PQconnectdb(cluster.conninfo);
	PGresult *result = PQexec(conn,
				  "SELECT count(*) FROM pg_stat_activity WHERE state = 'active'"
				  " AND query LIKE 'SELECT pg_sleep%'");
	int n = (int)strtol(PQgetvalue(result, 0, 0), NULL, 10);

	PQclear(result);
	PQfinish(conn);
	return n;
}

static void
a_query_past_its_deadline_is_cancelled_on_the_server(void **state)
{
	need_server(state);
	struct tayra_origin *origin = open_origin("SELECT pg_sleep($1::float8)::text || 'x'");
	struct tayra_ref ref;

	expect(origin, "0", "x", 1);
	for (int i = 0; i < 3; i++)
		assert_int_equal(look_up(origin, "60", 2, 20 * TAYRA_NS_PER_MS, &ref),
				 TAYRA_E_TIMEOUT);
	for (int i = 0; i < 200 && sleepers() > 0; i++)
		usleep(10000);
	assert_int_equal(sleepers(), 0);
	for (int i = 0; i < 4; i++) /* no late cancel hits these */
		expect(origin, "0", "x", 1);
	tayra_origin_close(origin);
}

/* Lets the server go on after three seconds, so that a test fails rather than hang. */
static void *
thaw_later(void *frozen)
{
	for (int i = 0; i < 300 && atomic_load((_Atomic bool *)frozen); i++)
		usleep(10000);
	kill(cluster.server, SIGCONT);
	return NULL;
}

static void
a_server_that_stands_still_holds_nobody_who_cancels(void **state)
{
	need_server(state);
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;

	for (o.pipeline = 1; o.pipeline <= 2; o.pipeline++) {
		struct tayra_origin *origin;
		struct tayra_ref ref;
		_Atomic bool frozen = true;
		uint64_t began_ns;
		pthread_t thread;

		o.threads = 1;
		origin = open_with(&o, "SELECT pg_sleep($1::float8)::text || 'x'");
		expect(origin, "0", "x", 1);
		/* It takes a request to cancel and never gets to it. */
		kill(cluster.server, SIGSTOP);
		assert_int_equal(pthread_create(&thread, NULL, thaw_later, &frozen), 0);
		began_ns = tayra__clock_real_ns();
		assert_int_equal(look_up(origin, "60", 2, 20 * TAYRA_NS_PER_MS, &ref),
				 TAYRA_E_TIMEOUT);
		tayra_origin_close(origin);
		assert_true(tayra__clock_real_ns() - began_ns < 5 * TAYRA_NS_PER_S / 2);
		atomic_store(&frozen, false);
		pthread_join(thread, NULL);
		for (int i = 0; i < 500 && sleepers() > 0; i++)
			usleep(10000);
		assert_int_equal(sleepers(), 0);
	}
}

static void
a_query_nobody_waits_for_is_cancelled(void **state)
{
	struct stage s;

	need_server(state);
	struct tayra_origin *origin = open_origin("SELECT pg_sleep($1::float8)::text || 'x'");

	stage_open(&s, NULL); /* its clock stands still: no deadline ends it */
	struct tayra_request r = ask(&s, "60", NULL);

	r.origin = origin;
	r.timeout_ns = TAYRA_OFF;
	start(&s, &r, NULL);
	while (sleepers() == 0)
		usleep(1000);
	tayra_destroy(s.t);
	got_status(&s, TAYRA_E_CLOSED);
	tayra_cq_destroy(s.cq);
	tayra_origin_close(origin);
	assert_int_equal(sleepers(), 0);
}

static void
overload_and_timeouts_of_the_server_are_told_apart_from_errors(void **state)
{
	need_server(state);
	execute("CREATE OR REPLACE FUNCTION raise(state text) RETURNS text LANGUAGE plpgsql AS "
		"$$ BEGIN RAISE EXCEPTION 'as told' USING errcode = state; END $$");
	struct tayra_origin *origin = open_origin("SELECT raise($1)");

	expect_status(origin, "40001", TAYRA_E_OVERLOAD);
	expect_status(origin, "40P01", TAYRA_E_OVERLOAD);
	expect_status(origin, "55P03", TAYRA_E_OVERLOAD);
	expect_status(origin, "53300", TAYRA_E_OVERLOAD);
	expect_status(origin, "53100", TAYRA_E_ORIGIN);
	expect_status(origin, "57014", TAYRA_E_TIMEOUT);
	expect_status(origin, "XX001", TAYRA_E_CORRUPT);
	expect_status(origin, "22012", TAYRA_E_ORIGIN);
	expect_status(origin, "P0001", TAYRA_E_ORIGIN);
	tayra_origin_close(origin);
}

/* Nor where in the server's source it was said. */
static void
why_no_connection_is_made_is_said_in_the_servers_words(void **state)
{
	struct tayra_origin *origin;
	char error[200], conninfo[300];

	need_server(state);
	snprintf(conninfo, sizeof(conninfo), "%s dbname=nowhere", cluster.conninfo);
	assert_int_equal(tayra_origin_postgres(NULL, conninfo, SQL, error, sizeof(error), &origin),
			 TAYRA_OK);
	assert_string_equal(error, "PostgreSQL refuses: database \"nowhere\" does not exist");
	tayra_origin_close(origin);
	assert_int_equal(tayra_origin_postgres(NULL, "host=127.0.0.1 port=1", SQL, error,
					       sizeof(error), &origin),
			 TAYRA_OK);
	assert_string_equal(error, "PostgreSQL: connection to server at \"127.0.0.1\", port 1 "
				   "failed: Connection refused");
	tayra_origin_close(origin);
}

static void
too_many_connections_are_overload_with_a_hint(void **state)
{
	struct tayra_ref ref;

	need_server(state);
	execute("ALTER ROLE tayra_test CONNECTION LIMIT 0");
	struct tayra_origin *origin;
	char error[200], conninfo[300];

	snprintf(conninfo, sizeof(conninfo), "%s user=tayra_test", cluster.conninfo);
	assert_int_equal(tayra_origin_postgres(NULL, conninfo, SQL, error, sizeof(error), &origin),
			 TAYRA_OK);
	assert_non_null(strstr(error, "too many"));
	assert_int_equal(look_up(origin, "one", 3, 0, &ref), TAYRA_E_OVERLOAD);
	assert_in_range(ref.retry_after_ns, 1, TAYRA_NS_PER_S);
	tayra_origin_close(origin);
	execute("ALTER ROLE tayra_test CONNECTION LIMIT -1");
}

static void
a_table_altered_under_the_statement_is_read_again(void **state)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;

	need_server(state);
	execute("CREATE TABLE moving (id int, a int); INSERT INTO moving VALUES (1, 2)");
	o.shape = TAYRA_SHAPE_ROW;
	o.threads = 1;
	struct tayra_origin *origin = open_with(&o, "SELECT * FROM moving WHERE id = $1");

	expect(origin, "1", "{\"id\":1,\"a\":2}", 14);
	execute("ALTER TABLE moving ADD b int DEFAULT 3");
	expect(origin, "1", "{\"id\":1,\"a\":2,\"b\":3}", 20);
	execute("CREATE INDEX ON moving (id); ALTER TABLE moving RENAME a TO c");
	expect(origin, "1", "{\"id\":1,\"c\":2,\"b\":3}", 20);
	execute("ALTER TABLE moving DROP b");
	expect(origin, "1", "{\"id\":1,\"c\":2}", 14);
	execute("ALTER TABLE moving ALTER c TYPE text");
	expect(origin, "1", "{\"id\":1,\"c\":\"2\"}", 16);
	tayra_origin_close(origin);
}

static void
why_it_fails_is_kept_without_values(void **state)
{
	char text[TAYRA__TROUBLE_TEXT];
	struct tayra_ref ref;

	need_server(state);
	execute("CREATE TABLE leaving (id text, secret text); INSERT INTO leaving VALUES ('1', "
		"'abc')");
	struct tayra_origin *origin = open_origin(
		"SELECT secret::int::text FROM leaving WHERE id = $1");

	assert_int_equal(look_up(origin, "1", 1, 0, &ref), TAYRA_E_ORIGIN);
	expect_trouble(origin, 1, "invalid input syntax for type integer (SQLSTATE 22P02)");
	execute("DROP TABLE leaving");
	assert_int_equal(look_up(origin, "1", 1, 0, &ref), TAYRA_E_ORIGIN);
	assert_int_equal(tayra__trouble_read(&origin->trouble, text), 2); /* asked or prepared */
	assert_non_null(strstr(text, "relation \"leaving\" does not exist"));
	tayra_origin_close(origin);
}

static void
a_name_that_came_to_be_there_twice_is_an_origin_error_while_it_is(void **state)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;
	struct tayra_ref ref;

	need_server(state);
	execute("CREATE TABLE doubled (id int, a int); INSERT INTO doubled VALUES (1, 2)");
	o.shape = TAYRA_SHAPE_ROW;
	o.threads = 1;
	struct tayra_origin *origin = open_with(&o, "SELECT *, 7 AS b FROM doubled WHERE id = $1");

	expect(origin, "1", "{\"id\":1,\"a\":2,\"b\":7}", 20);
	execute("ALTER TABLE doubled ADD b int DEFAULT 3");
	assert_int_equal(look_up(origin, "1", 1, 0, &ref), TAYRA_E_ORIGIN);
	expect_trouble(origin, 1, "SQL: two columns are called \"b\"");
	execute("ALTER TABLE doubled DROP b");
	expect(origin, "1", "{\"id\":1,\"a\":2,\"b\":7}", 20);
	tayra_origin_close(origin);
}

static void
a_server_killed_and_started_again_is_found(void **state)
{
	struct tayra_ref ref;
	int status = TAYRA_E_ORIGIN;

	need_server(state);
	struct tayra_origin *origin = open_origin(SQL);
	struct tayra_origin *slow = open_origin("SELECT pg_sleep($1::float8)::text");
	struct tayra_request r = TAYRA_REQUEST_INIT;
	struct stage s;

	expect(origin, "one", "first", 5);
	stage_open(&s, NULL);
	r.key = "60", r.key_len = 2, r.origin = slow, r.timeout_ns = TAYRA_OFF;
	start(&s, &r, NULL);
	while (sleepers() == 0)
		usleep(1000);
	cluster_kill(&cluster);
	struct tayra_completion c;

	assert_int_equal(tayra_cq_wait(s.cq, &c, 1, 5 * TAYRA_NS_PER_S), 1);
	assert_int_equal(c.status, TAYRA_E_ORIGIN);
	stage_close(&s);
	tayra_origin_close(slow);

	uint64_t before = tayra_clock_real()->mono_ns(tayra_clock_real()->ctx);

	for (int i = 0; i < 20; i++)
		assert_int_equal(look_up(origin, "one", 3, 0, &ref), TAYRA_E_ORIGIN);
	assert_true(ref.retry_after_ns > 0);
	assert_true(tayra_clock_real()->mono_ns(tayra_clock_real()->ctx) - before <
		    5 * TAYRA_NS_PER_S);

	/* One can be opened while the server is away; it says so, and serves when it is back. */
	struct tayra_origin *early;
	char error[200] = "";

	assert_int_equal(
		tayra_origin_postgres(NULL, cluster.conninfo, SQL, error, sizeof(error), &early),
		TAYRA_OK);
	assert_non_null(strstr(error, "PostgreSQL"));
	assert_true(cluster_start(&cluster));
	for (int i = 0; i < 1000 && status == TAYRA_E_ORIGIN; i++) {
		usleep(10000);
		status = look_up(origin, "one", 3, 0, &ref);
	}
	assert_int_equal(status, TAYRA_OK);
	tayra_release(&ref);
	for (int i = 0; i < 1000 && (status = look_up(early, "one", 3, 0, &ref)) == TAYRA_E_ORIGIN;
	     i++)
		usleep(10000);
	assert_int_equal(status, TAYRA_OK);
	tayra_release(&ref);
	tayra_origin_close(early);
	tayra_origin_close(origin);
}

struct mute {
	int fd;
	const char *says;
};

/* Accepts one after the other, says its line, and hangs until the client leaves. */
static void *
be_mute(void *arg)
{
	const struct mute *m = arg;
	char bytes[256];
	int fd;

	while ((fd = accept(m->fd, NULL, NULL)) >= 0) {
		if (m->says)
			send(fd, m->says, strlen(m->says), MSG_NOSIGNAL);
		while (recv(fd, bytes, sizeof(bytes), 0) > 0)
			;
		close(fd);
	}
	return NULL;
}

static void
a_server_that_says_nothing_or_nonsense_is_no_server(void **state)
{
	static const struct {
		const char *says, *complaint;
	} rows[] = {
		{ NULL, "no answer within 1 s" },
		{ "HTTP/1.1 400 Bad Request\r\n\r\n", "PostgreSQL: " },
		{ "R", "no answer within 1 s" },
		{ "R\xff\xff\xff\xff\xff\xff\xff\xff", "PostgreSQL: " },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tayra_origin *origin;
		struct tayra_ref ref;
		struct mute m = { .says = rows[i].says };
		unsigned port = 0;
		pthread_t thread;
		char conninfo[200], error[200];

		m.fd = server_listen(&port);
		assert_int_equal(pthread_create(&thread, NULL, be_mute, &m), 0);
		snprintf(conninfo, sizeof(conninfo),
			 "host=127.0.0.1 port=%u sslmode=disable gssencmode=disable"
			 " connect_timeout=1",
			 port);
		assert_int_equal(
			tayra_origin_postgres(NULL, conninfo, SQL, error, sizeof(error), &origin),
			TAYRA_OK);
		if (!strstr(error, rows[i].complaint))
			fail_msg("%zu: \"%s\"", i, error);
		assert_int_equal(look_up(origin, "one", 3, 0, &ref), TAYRA_E_ORIGIN);
		assert_true(ref.retry_after_ns > 0);
		/* The next that tries is failed at its own deadline, and closing waits for nobody.
		 */
		if (i == 0) {
			usleep(120000);
			assert_int_equal(look_up(origin, "one", 3, 20 * TAYRA_NS_PER_MS, &ref),
					 TAYRA_E_TIMEOUT);
		}
		tayra_origin_close(origin);
		shutdown(m.fd, SHUT_RDWR);
		pthread_join(thread, NULL);
		close(m.fd);
	}
}

static void
of_the_same_version_the_value_is_not_asked_for(void **state)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;
	struct tayra_origin *origin;
	struct stage s;
	char error[200];

	execute("CREATE TABLE versioned (name text PRIMARY KEY, value text, at timestamptz);"
		"INSERT INTO versioned VALUES ('one', 'a', now()), ('none', 'a', NULL)");
	o.version = "SELECT at FROM versioned WHERE name = $1";
	origin = open_with(&o, "SELECT value FROM versioned WHERE name = $1");
	stage_open(&s, NULL);
	ask_anew(&s, origin, "one", "a", 0);
	ask_anew(&s, origin, "none", "a", 0);
	execute("UPDATE versioned SET value = 'b'"); /* as nobody should: of the same version */
	ask_anew(&s, origin, "one", "a", 1);
	ask_anew(&s, origin, "none", "b", 1);
	execute("UPDATE versioned SET at = now() + interval '1 second' WHERE name = 'one'");
	ask_anew(&s, origin, "one", "b", 1);
	ask_anew(&s, origin, "one", "b", 2);
	expect_status(origin, "no such", TAYRA_E_NOT_FOUND);
	/* Prepared anew, and asked once more. */
	execute("ALTER TABLE versioned ALTER at TYPE text");
	ask_anew(&s, origin, "one", "b", 3);
	stage_close(&s);
	tayra_origin_close(origin);
	o.version = "SELECT at FROM versioned";
	assert_int_equal(
		tayra_origin_postgres(&o, cluster.conninfo, SQL, error, sizeof(error), &origin),
		TAYRA_E_INVAL);
	assert_non_null(strstr(error, "version: SQL: it takes 0 parameters"));
	o.version = "SELECT nothing_there";
	assert_int_equal(
		tayra_origin_postgres(&o, cluster.conninfo, SQL, error, sizeof(error), &origin),
		TAYRA_E_INVAL);
	assert_non_null(strstr(error, "version: SQL: column"));
}

static int
put_through(struct stage *s, struct tayra_origin *origin, const char *key, const void *value,
	    size_t len)
{
	struct tayra_request r = ask(s, key, NULL);

	r.origin = origin;
	return tayra_put_through(s->t, &r, value, len);
}

static void
has(struct stage *s, const char *key, const char *value)
{
	struct tayra_ref ref;

	assert_int_equal(tayra_get(s->t, key, strlen(key), &ref), TAYRA_OK);
	holds(&ref, value);
	tayra_release(&ref);
}

static void
a_value_is_written_and_what_the_database_does_not_take_is_not(void **state)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;
	struct tayra_origin *origin;
	char text[TAYRA__TROUBLE_TEXT];
	struct stage s;

	execute("CREATE TABLE written (name text PRIMARY KEY, value text CHECK (length(value) < "
		"9))");
	o.write = "INSERT INTO written VALUES ($1, $2)"
		  " ON CONFLICT (name) DO UPDATE SET value = excluded.value";
	origin = open_with(&o, "SELECT value FROM written WHERE name = $1");
	stage_open(&s, NULL);
	assert_int_equal(put_through(&s, origin, "k", "one", 3), TAYRA_OK);
	has(&s, "k", "one");
	expect(origin, "k", "one", 3);
	assert_int_equal(put_through(&s, origin, "k", "", 0), TAYRA_OK);
	expect(origin, "k", "", 0);
	assert_int_equal(put_through(&s, origin, "x'); --", "1", 1), TAYRA_OK);
	expect(origin, "x'); --", "1", 1);
	assert_int_equal(put_through(&s, origin, "k", "far too long", 12), TAYRA_E_INVAL);
	tayra__trouble_read_refusal(&origin->trouble, text);
	assert_string_equal(text, "new row for relation written_value_check (SQLSTATE 23514)");
	assert_int_equal(put_through(&s, origin, "k", "a\0b", 3), TAYRA_E_INVAL);
	assert_int_equal(put_through(&s, origin, "k", "\xff", 1), TAYRA_E_INVAL);
	has(&s, "k", "");
	expect(origin, "k", "", 0);
	/* Prepared anew. */
	execute("ALTER TABLE written ADD more int");
	assert_int_equal(put_through(&s, origin, "k", "two", 3), TAYRA_OK);
	expect(origin, "k", "two", 3);
	/* Nobody knows what a statement did that broke off otherwise. */
	execute("ALTER TABLE written RENAME value TO other");
	assert_int_equal(put_through(&s, origin, "k", "three", 5), TAYRA_E_ORIGIN);
	assert_false(is_fresh(s.t, "k"));
	stage_close(&s);
	tayra_origin_close(origin);
}

static void
bytes_are_written_as_they_are_and_no_row_is_not_found(void **state)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;
	struct tayra_origin *origin;
	struct stage s;

	execute("CREATE TABLE bytes (name text PRIMARY KEY, value bytea);"
		"INSERT INTO bytes VALUES ('k', '')");
	o.write = "UPDATE bytes SET value = $2 WHERE name = $1 RETURNING name";
	origin = open_with(&o, "SELECT value FROM bytes WHERE name = $1");
	stage_open(&s, NULL);
	assert_int_equal(put_through(&s, origin, "k", "\0\xff\\", 3), TAYRA_OK);
	expect(origin, "k", "\0\xff\\", 3);
	assert_int_equal(put_through(&s, origin, "none", "x", 1), TAYRA_E_NOT_FOUND);
	stage_close(&s);
	tayra_origin_close(origin);
}

static void
a_write_past_its_deadline_is_cancelled_on_the_server(void **state)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;
	struct tayra_origin *origin;
	struct tayra_request r = TAYRA_REQUEST_INIT;
	struct tayra *t;

	execute("CREATE TABLE slow (name text PRIMARY KEY, value text);"
		"INSERT INTO slow VALUES ('k', 'old')");
	o.threads = 1;
	o.write = "UPDATE slow SET value = $2 WHERE name = $1 AND"
		  " (length($2) < 4 OR pg_sleep(60) IS NOT NULL)";
	origin = open_with(&o, "SELECT value FROM slow WHERE name = $1");
	assert_int_equal(tayra_create(NULL, &t), TAYRA_OK);
	r.key = "k";
	r.key_len = 1;
	r.origin = origin;
	r.timeout_ns = 50 * TAYRA_NS_PER_MS;
	assert_int_equal(tayra_put(t, "k", 1, "old", 3, 0, 0), TAYRA_OK);
	assert_int_equal(tayra_put_through(t, &r, "too slow", 8), TAYRA_E_TIMEOUT);
	assert_false(is_fresh(t, "k"));
	r.timeout_ns = 0;
	assert_int_equal(tayra_put_through(t, &r, "new", 3), TAYRA_OK);
	expect(origin, "k", "new", 3);
	tayra_destroy(t);
	tayra_origin_close(origin);
}

static void
a_write_that_cannot_be_is_refused(void **state)
{
	static const struct {
		const char *write, *says;
	} rows[] = {
		{ "UPDATE item SET value = $1", "write: SQL: it takes 1 parameters" },
		{ "nonsense", "write: SQL: syntax error" },
	};

	for (size_t i = 0; i < 2; i++) {
		struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;
		struct tayra_origin *origin;
		char error[200];

		o.write = rows[i].write;
		assert_int_equal(tayra_origin_postgres(&o, cluster.conninfo, SQL, error,
						       sizeof(error), &origin),
				 TAYRA_E_INVAL);
		if (!strstr(error, rows[i].says))
			fail_msg("\"%s\" does not say \"%s\"", error, rows[i].says);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(the_value_is_the_first_column_of_the_first_row),
	cmocka_unit_test(a_key_is_bound_and_never_part_of_the_sql),
	cmocka_unit_test(a_part_that_is_no_value_of_its_type_is_not_found),
	cmocka_unit_test(parts_are_bound_in_order_and_rows_take_the_shape_asked_for),
	cmocka_unit_test(a_result_over_its_limits_is_too_large_and_is_not_read_to_its_end),
	cmocka_unit_test(sql_that_cannot_serve_is_refused_with_one_line_that_says_why),
	cmocka_unit_test(nothing_can_be_written),
	cmocka_unit_test(a_query_past_its_deadline_is_cancelled_on_the_server),
	cmocka_unit_test(a_query_nobody_waits_for_is_cancelled),
	cmocka_unit_test(a_server_that_stands_still_holds_nobody_who_cancels),
	cmocka_unit_test(overload_and_timeouts_of_the_server_are_told_apart_from_errors),
	cmocka_unit_test(why_no_connection_is_made_is_said_in_the_servers_words),
	cmocka_unit_test(too_many_connections_are_overload_with_a_hint),
	cmocka_unit_test(of_the_same_version_the_value_is_not_asked_for),
	cmocka_unit_test(a_value_is_written_and_what_the_database_does_not_take_is_not),
	cmocka_unit_test(bytes_are_written_as_they_are_and_no_row_is_not_found),
	cmocka_unit_test(a_write_past_its_deadline_is_cancelled_on_the_server),
	cmocka_unit_test(a_write_that_cannot_be_is_refused),
	cmocka_unit_test(a_table_altered_under_the_statement_is_read_again),
	cmocka_unit_test(why_it_fails_is_kept_without_values),
	cmocka_unit_test(a_name_that_came_to_be_there_twice_is_an_origin_error_while_it_is),
	cmocka_unit_test(a_server_that_says_nothing_or_nonsense_is_no_server),
	cmocka_unit_test(a_server_killed_and_started_again_is_found),
};

int
main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_database, remove_database);
}
