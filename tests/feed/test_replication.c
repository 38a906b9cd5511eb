/* SPDX-License-Identifier: Apache-2.0
 *
 * A server of our own that replicates, as in tests/origin; skipped where there is none to start.
 */
#define CLUSTER_CONNECTIONS "20"
#define CLUSTER_BUFFERS     "1MB"
#define CLUSTER_WAL_LEVEL   "logical"
#include "told.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <unistd.h>

#include "../origin/cluster.h"
#include "feed/published.h"
#include "lag.h"

static struct cluster cluster;

static const struct tayra_feed_table item = { "item", "item:{id}" };

static void
run_on(PGconn *conn, const char *sql)
{
	PGresult *result = PQexec(conn, sql);

	if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
		fail_msg("%s: %s", sql, PQerrorMessage(conn));
	PQclear(result);
}

static void
execute(const char *sql)
{
	PGconn *conn = PQconnectdb(cluster.conninfo);

	run_on(conn, sql);
	PQfinish(conn);
}

static void
publish(const char *name, const struct tayra_feed_table *tables, size_t count)
{
	char error[200], *sql = NULL;
	size_t len;
	FILE *out = open_memstream(&sql, &len);

	assert_int_equal(
		tayra_feed_postgres_publication_sql(name, tables, count, error, sizeof(error), out),
		TAYRA_OK);
	fclose(out);
	execute(sql);
	execute(sql); /* and once more does no harm */
	free(sql);
}

static int
make_database(void **state)
{
	if (!cluster_create(&cluster))
		return 0;
	execute("CREATE TABLE item (id int PRIMARY KEY, version int, text text);"
		"INSERT INTO item SELECT i, 0 FROM generate_series(0, 1999) i;"
		"CREATE SCHEMA \"o'dd\"; CREATE TABLE \"o'dd\".\"ta\"\"b\\le\" (\"order\" text,"
		" \"group\" text); ALTER TABLE \"o'dd\".\"ta\"\"b\\le\" REPLICA IDENTITY FULL");
	publish("tayra", &item, 1);
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

static struct tayra_feed *
follow(struct tayra *t, const char *publication, const struct tayra_feed_table *tables,
       size_t count)
{
	struct tayra_feed_options o = TAYRA_FEED_OPTIONS_INIT;
	struct tayra_feed *feed;
	char error[200];
	int status;

	o.interval_ns = TAYRA_NS_PER_S / 5;
	status = tayra_feed_postgres_replication(t, &o, cluster.conninfo, publication, tables,
						 count, error, sizeof(error), &feed);
	if (status != TAYRA_OK || error[0])
		fail_msg("%s: %s", tayra_status_name(status), error);
	return feed;
}

static void
inserts_updates_and_deletes_tell_their_keys(void **state)
{
	need_server(state);
	struct tayra_feed *feed;
	struct tayra *t;

	assert_int_equal(tayra_create(NULL, &t), TAYRA_OK);
	feed = follow(t, "tayra", &item, 1);
	assert_true(stats_of_feed(feed).sound);
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
	wait_told(feed, 5, 0);
	assert_true(is_fresh(t, "item:2"));
	/* A part of a transaction that was taken back is not told, the rest is. */
	execute("BEGIN; UPDATE item SET version = 8 WHERE id = 1; SAVEPOINT s;"
		"UPDATE item SET version = 8 WHERE id = 2; ROLLBACK TO s; COMMIT");
	wait_told(feed, 6, 0);
	assert_true(is_fresh(t, "item:2"));

	tayra_feed_close(feed);
	tayra_destroy(t);
}

static void
what_changes_too_much_tells_the_prefix(void **state)
{
	need_server(state);
	static const struct tayra_feed_table gone = { "gone", "item:{id}" };
	struct tayra_feed *feed;
	struct tayra *t;

	execute("CREATE TABLE gone (LIKE item INCLUDING ALL)");
	publish("gone", &gone, 1);
	assert_int_equal(tayra_create(NULL, &t), TAYRA_OK);
	feed = follow(t, "gone", &gone, 1);
	put(t, "item:1");
	put(t, "other");
	execute("INSERT INTO gone SELECT * FROM item WHERE id < 1200");
	wait_told(feed, TAYRA__PUBLISHED_ROWS_MAX, 1);
	assert_false(is_fresh(t, "item:1"));
	assert_true(is_fresh(t, "other"));
	put(t, "item:1");
	execute("TRUNCATE gone");
	wait_told(feed, TAYRA__PUBLISHED_ROWS_MAX, 2);
	assert_false(is_fresh(t, "item:1"));
	/* From now on a deleted row is not known by its key. */
	execute("INSERT INTO gone VALUES (1, 2, 'x'); ALTER TABLE gone REPLICA IDENTITY NOTHING;"
		"ALTER TABLE gone DROP CONSTRAINT gone_pkey; ALTER TABLE gone ADD UNIQUE (version);"
		"ALTER TABLE gone ALTER version SET NOT NULL;"
		"ALTER TABLE gone REPLICA IDENTITY USING INDEX gone_version_key");
	wait_told(feed, TAYRA__PUBLISHED_ROWS_MAX + 1, 2);
	put(t, "item:1");
	execute("DELETE FROM gone");
	wait_told(feed, TAYRA__PUBLISHED_ROWS_MAX + 1, 3);
	assert_false(is_fresh(t, "item:1"));
	tayra_feed_close(feed);
	tayra_destroy(t);
}

static void
odd_names_and_several_tables_tell_each_its_keys(void **state)
{
	need_server(state);
	static const struct tayra_feed_table tables[] = {
		{ "o'dd.ta\"b\\le", "it's\\:{order}/{group}" },
		{ "public.item", "item:{id}" },
		{ "item", "version:{version}" },
	};
	struct tayra_feed *feed;
	struct tayra *t;

	execute("ALTER TABLE item REPLICA IDENTITY FULL");
	publish("pu\"b'l\\ic", tables, 3);
	assert_int_equal(tayra_create(NULL, &t), TAYRA_OK);
	feed = follow(t, "pu\"b'l\\ic", tables, 3);
	put(t, "it's\\:a'b\\/c\xc3\xa9");
	execute("INSERT INTO \"o'dd\".\"ta\"\"b\\le\" VALUES (E'a''b\\\\', E'c\\u00e9')");
	wait_told(feed, 1, 0);
	assert_false(is_fresh(t, "it's\\:a'b\\/c\xc3\xa9"));
	/* A key of NULL is none. */
	execute("INSERT INTO \"o'dd\".\"ta\"\"b\\le\" VALUES (NULL, 'x')");
	put(t, "version:0");
	put(t, "version:9");
	put(t, "item:50");
	execute("UPDATE item SET version = 9 WHERE id = 50");
	wait_told(feed, 4, 0);
	assert_false(is_fresh(t, "version:0"));
	assert_false(is_fresh(t, "version:9"));
	assert_false(is_fresh(t, "item:50"));
	execute("ALTER TABLE item REPLICA IDENTITY DEFAULT");
	tayra_feed_close(feed);
	tayra_destroy(t);
}

static void
reload(const char *sql)
{
	execute(sql);
	execute("SELECT pg_reload_conf()");
	usleep(300000);
}

/* The log is ahead of what others see while a server waits for a standby. */
static void
what_is_written_to_a_partition_is_told_as_its_tables(void **state)
{
	static const struct tayra_feed_table table = { "split", "split:{id}" };
	struct tayra_feed *feed;
	struct tayra *t;

	need_server(state);
	execute("CREATE TABLE split (id int, day int, text text, PRIMARY KEY (id, day))"
		" PARTITION BY RANGE (day);"
		"CREATE TABLE early PARTITION OF split FOR VALUES FROM (0) TO (10);"
		"CREATE TABLE late PARTITION OF split FOR VALUES FROM (10) TO (20);"
		"INSERT INTO split VALUES (1, 1), (2, 1)");
	publish("sp'l\\it$tayra$", &table, 1);
	assert_int_equal(tayra_create(NULL, &t), TAYRA_OK);
	feed = follow(t, "sp'l\\it$tayra$", &table, 1);
	put(t, "split:1");
	put(t, "split:2");
	execute("UPDATE split SET text = 'a' WHERE id = 1");
	wait_told(feed, 1, 0);
	assert_false(is_fresh(t, "split:1"));
	put(t, "split:1");
	execute("UPDATE early SET text = 'b' WHERE id = 1");
	wait_told(feed, 2, 0);
	assert_false(is_fresh(t, "split:1"));
	put(t, "split:1");
	execute("UPDATE split SET day = 11 WHERE id = 1"); /* deleted here, inserted there */
	wait_told(feed, 4, 0);
	assert_false(is_fresh(t, "split:1"));
	put(t, "split:1");
	execute("DELETE FROM late WHERE id = 1");
	wait_told(feed, 5, 0);
	assert_false(is_fresh(t, "split:1"));
	assert_true(is_fresh(t, "split:2"));
	tayra_feed_close(feed);
	tayra_destroy(t);
}

static void
what_others_do_not_see_yet_is_told_when_they_do(void **state)
{
	need_server(state);
	PGconn *conn = PQconnectdb(cluster.conninfo);
	struct tayra_feed *feed;
	struct tayra *t;
	PGcancel *cancel;
	char error[200];

	assert_int_equal(tayra_create(NULL, &t), TAYRA_OK);
	feed = follow(t, "tayra", &item, 1);
	reload("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
	put(t, "item:1");
	put(t, "item:2");
	assert_true(PQsendQuery(conn, "UPDATE item SET version = 100 WHERE id = 1"));
	usleep(300000);
	execute("BEGIN; SET LOCAL synchronous_commit = local; UPDATE item SET version = 100 WHERE "
		"id = 2; COMMIT");
	wait_stale(t, "item:2");
	assert_true(is_fresh(t, "item:1"));
	assert_int_equal(stats_of_feed(feed).keys, 1);
	cancel = PQgetCancel(conn);
	assert_true(PQcancel(cancel, error, sizeof(error))); /* it is committed, with a warning */
	PQfreeCancel(cancel);
	wait_told(feed, 2, 0);
	assert_false(is_fresh(t, "item:1"));
	PQfinish(conn);
	/* Left for the configuration, which the others share. */
	reload("ALTER SYSTEM RESET synchronous_standby_names");
	tayra_feed_close(feed);
	tayra_destroy(t);
}

static void
an_open_transaction_keeps_it_blind_and_no_longer(void **state)
{
	need_server(state);
	PGconn *conn = PQconnectdb(cluster.conninfo);
	struct tayra_feed *feed;
	struct tayra *t;
	char conninfo[300], error[200];

	assert_int_equal(tayra_create(NULL, &t), TAYRA_OK);
	run_on(conn, "BEGIN; UPDATE item SET version = 50 WHERE id = 1");
	snprintf(conninfo, sizeof(conninfo), "%s connect_timeout=1", cluster.conninfo);
	assert_int_equal(tayra_feed_postgres_replication(t, NULL, conninfo, "tayra", &item, 1,
							 error, sizeof(error), &feed),
			 TAYRA_OK);
	assert_string_equal(error, "PostgreSQL: no slot within 1 s: a transaction has been open "
				   "for as long");
	assert_false(stats_of_feed(feed).sound);
	run_on(conn, "COMMIT");
	wait_sound(feed, true);
	put(t, "item:1");
	execute("UPDATE item SET version = 51 WHERE id = 1");
	wait_stale(t, "item:1");
	/* And it closes while it waits. */
	tayra_feed_close(feed);
	run_on(conn, "BEGIN; UPDATE item SET version = 50 WHERE id = 1");
	assert_int_equal(tayra_feed_postgres_replication(t, NULL, conninfo, "tayra", &item, 1,
							 error, sizeof(error), &feed),
			 TAYRA_OK);
	tayra_feed_close(feed);
	PQfinish(conn);
	tayra_destroy(t);
}

static struct lag lag;

static bool
update(void *db, unsigned key, unsigned version)
{
	char sql[100];
	PGresult *result;
	bool done;

	snprintf(sql, sizeof(sql), "UPDATE item SET version = %u WHERE id = %u", version, key);
	result = PQexec(db, sql);
	done = PQresultStatus(result) == PGRES_COMMAND_OK;
	PQclear(result);
	return done;
}

static struct tayra_origin *
open_origin(void)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;
	struct tayra_origin *origin;

	o.pattern = "item:{id}";
	assert_int_equal(tayra_origin_postgres(&o, cluster.conninfo,
					       "SELECT version FROM item WHERE id = $1", NULL, 0,
					       &origin),
			 TAYRA_OK);
	return origin;
}

/* Asked again while the machine is loaded: what is bounded is what the feed can do. */
static void
two_hundred_updates_a_second_are_seen_within_50_ms(void **state)
{
	need_server(state);
	struct tayra_options o = TAYRA_OPTIONS_INIT;
	struct tayra_feed *feed;
	double p99 = 1e9;

	o.ticker = true;
	for (int attempt = 0; attempt < 3 && p99 > 50; attempt++) {
		memset(&lag, 0, sizeof(lag));
		execute("UPDATE item SET version = 0");
		assert_int_equal(tayra_create(&o, &lag.t), TAYRA_OK);
		feed = follow(lag.t, "tayra", &item, 1);
		lag.origin = open_origin();
		lag.update = update;
		lag.db = PQconnectdb(cluster.conninfo);
		lag.updates = 400;
		lag.per_s = 200;
		assert_true(lag_measure(&lag));
		p99 = lag_quantile(&lag, 0.99);
		/* Each key by itself, and nothing that was not told. */
		assert_in_range(lag.loads, LAG_KEYS + lag.updates - 20, LAG_KEYS + 2 * lag.updates);
		PQfinish(lag.db);
		tayra_feed_close(feed);
		tayra_destroy(lag.t);
		tayra_origin_close(lag.origin);
	}
	if (p99 > 50 && !getenv("TAYRA_INSTRUMENTED"))
		fail_msg("p99 %.1f ms", p99);
}

static void
a_server_that_was_killed_is_a_gap_and_followed_again_when_it_is_back(void **state)
{
	need_server(state);
	struct tayra_feed *feed;
	struct tayra *t;

	assert_int_equal(tayra_create(NULL, &t), TAYRA_OK);
	feed = follow(t, "tayra", &item, 1);
	put(t, "item:1");
	cluster_kill(&cluster);
	wait_sound(feed, false);
	assert_false(is_fresh(t, "item:1"));
	assert_int_equal(stats_of_feed(feed).gaps, 1);
	assert_true(stats_of_feed(feed).trouble[0] != '\0');
	put(t, "item:1");
	assert_true(cluster_start(&cluster));
	execute("UPDATE item SET version = 9 WHERE id = 1"); /* nobody may have been told */
	wait_sound(feed, true);
	assert_false(is_fresh(t, "item:1"));
	put(t, "item:1");
	execute("UPDATE item SET version = 10 WHERE id = 1");
	wait_stale(t, "item:1");
	/* Connections that an administrator ends are one too, each. */
	for (uint64_t i = 0; i < 2; i++) {
		put(t, "item:1");
		execute(i ? "SELECT pg_terminate_backend(pid) FROM pg_stat_replication"
			  : "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
			    "application_name = 'tayra' AND backend_type = 'client backend'");
		execute("UPDATE item SET version = 11 WHERE id = 1");
		for (int wait = 0; wait < 20000 && stats_of_feed(feed).gaps < 2 + i; wait++)
			usleep(1000);
		assert_int_equal(stats_of_feed(feed).gaps, 2 + i);
		wait_sound(feed, true);
		assert_false(is_fresh(t, "item:1"));
	}
	tayra_feed_close(feed);
	/* Nothing of it is left that would hold up the log. */
	execute("DO $$ BEGIN FOR i IN 1..500 LOOP EXIT WHEN NOT EXISTS (SELECT 1 FROM "
		"pg_replication_slots); PERFORM pg_sleep(0.01); PERFORM pg_stat_clear_snapshot(); "
		"END LOOP; ASSERT NOT EXISTS (SELECT 1 FROM pg_replication_slots); END $$");
	tayra_destroy(t);
}

static void
refuse(struct tayra *t, const char *publication, const char *table, const char *keys,
       const char *complaint)
{
	const struct tayra_feed_table tables[] = { { table, keys } };
	struct tayra_feed *feed;
	char error[300];

	assert_int_equal(tayra_feed_postgres_replication(t, NULL, cluster.conninfo, publication,
							 tables, 1, error, sizeof(error), &feed),
			 TAYRA_E_INVAL);
	assert_string_equal(error, complaint);
	assert_null(feed);
}

static void
what_is_wrong_is_refused_by_name(void **state)
{
	struct tayra_feed *feed;
	struct tayra *t;
	char error[200];

	assert_int_equal(tayra_create(NULL, &t), TAYRA_OK);
	assert_int_equal(tayra_feed_postgres_replication(t, NULL, "host=/no/such/folder", "p",
							 &item, 1, error, sizeof(error), &feed),
			 TAYRA_OK);
	assert_true(error[0] != '\0');
	assert_false(stats_of_feed(feed).sound);
	tayra_feed_close(feed);
	refuse(t, "", "item", "item:{id}",
	       "feed: the publication's name is missing, or over 63 bytes");
	refuse(t, "tayra", "a.", "item:{id}", "feed: the table has no name");
	assert_int_equal(tayra_feed_postgres_replication(t, NULL, "nonsense", "p", &item, 1, error,
							 sizeof(error), &feed),
			 TAYRA_E_INVAL);
	assert_int_equal(tayra_feed_postgres_replication(t, NULL, "", "p", NULL, 0, error,
							 sizeof(error), &feed),
			 TAYRA_E_INVAL);
	assert_string_equal(error, "feed: there is no table");
	tayra_destroy(t);
	need_server(state);
	assert_int_equal(tayra_create(NULL, &t), TAYRA_OK);
	refuse(t, "tayra", "nothing", "item:{id}", "feed: there is no table nothing");
	refuse(t, "tayra", "item", "item:{od}", "feed: table item has no column od");
	refuse(t, "tayra", "item", "item:{text}",
	       "feed: column text is not in the replica identity of table item (ALTER TABLE .. "
	       "REPLICA IDENTITY FULL)");
	refuse(t, "other", "item", "item:{id}", "feed: no publication 'other'");
	execute("CREATE PUBLICATION half FOR TABLE item WITH (publish = 'insert')");
	refuse(t, "half", "item", "item:{id}",
	       "feed: publication half does not have table item, or not all of its changes");
	tayra_destroy(t);
}

static void
a_server_that_no_longer_says_what_others_see_is_a_gap(void **state)
{
	need_server(state);
	PGconn *conn = PQconnectdb(cluster.conninfo);
	struct tayra_feed *feed;
	struct tayra *t;
	PGresult *result;
	pid_t pid;

	assert_int_equal(tayra_create(NULL, &t), TAYRA_OK);
	feed = follow(t, "tayra", &item, 1);
	put(t, "item:1");
	result = PQexec(conn, "SELECT pid FROM pg_stat_activity WHERE application_name = 'tayra'"
			      " AND backend_type = 'client backend'");
	assert_int_equal(PQntuples(result), 1);
	pid = (pid_t)strtol(PQgetvalue(result, 0, 0), NULL, 10);
	PQclear(result);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	run_on(conn, "UPDATE item SET version = 60 WHERE id = 1");
	for (int i = 0; i < 20000 && stats_of_feed(feed).gaps < 1; i++)
		usleep(1000);
	assert_int_equal(stats_of_feed(feed).gaps, 1);
	assert_false(is_fresh(t, "item:1"));
	kill(pid, SIGCONT);
	wait_sound(feed, true); /* over other connections */
	tayra_feed_close(feed);
	tayra_destroy(t);
	PQfinish(conn);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(inserts_updates_and_deletes_tell_their_keys),
	cmocka_unit_test(what_changes_too_much_tells_the_prefix),
	cmocka_unit_test(odd_names_and_several_tables_tell_each_its_keys),
	cmocka_unit_test(what_is_written_to_a_partition_is_told_as_its_tables),
	cmocka_unit_test(what_others_do_not_see_yet_is_told_when_they_do),
	cmocka_unit_test(an_open_transaction_keeps_it_blind_and_no_longer),
	cmocka_unit_test(two_hundred_updates_a_second_are_seen_within_50_ms),
	cmocka_unit_test(a_server_that_was_killed_is_a_gap_and_followed_again_when_it_is_back),
	cmocka_unit_test(a_server_that_no_longer_says_what_others_see_is_a_gap),
	cmocka_unit_test(what_is_wrong_is_refused_by_name),
};

int
main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_database, remove_database);
}
