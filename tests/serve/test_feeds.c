/* SPDX-License-Identifier: Apache-2.0
 *
 * A server whose origins tell of changes, as its configuration says: a commit is in the next reply.
 */
#include "http.h"

#include <poll.h>
#include <sqlite3.h>

#include <tayra/tayra.h>

#include "base/clock.h"
#include "serve/settings.h"

#ifdef HAVE_POSTGRES
#define CLUSTER_WAL_LEVEL "logical"
#include "../origin/cluster.h"
#endif

#include "../net/redis.h"

#define SOON_MS 50

static struct tayra__settings settings;
static struct running running;
static char path[] = "/tmp/tayra-feeds-XXXXXX";
static int client;
static bool serving;
static char body[16384];
static void (*settings_trouble)(void *arg, const char *origin, const char *text,
				uint64_t left_out); /* of the next server */

static uint64_t
now_ms(void)
{
	return tayra__clock_mono_ns(tayra_clock_real()) / TAYRA_NS_PER_MS;
}

static void
run_on(sqlite3 *db, const char *sql)
{
	char *error = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
		fail_msg("%s: %s", sql, error);
}

static void
execute(const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 10000);
	run_on(db, sql);
	sqlite3_close(db);
}

/* The SQL that makes a table tell, to be freed. */
static char *
telling(int (*write)(const char *keys, const char *table, const char *name, char *error,
		     size_t error_len, FILE *out),
	const char *name)
{
	char error[200], *sql = NULL;
	size_t len;
	FILE *out = open_memstream(&sql, &len);

	assert_int_equal(write("item:{id}", "item", name, error, sizeof(error), out), TAYRA_OK);
	fclose(out);
	return sql;
}

static int
make_database(void **state)
{
	int fd = mkstemp(path);
	char *sql;

	assert_true(fd >= 0);
	close(fd);
	execute("PRAGMA journal_mode = WAL; CREATE TABLE item (id INTEGER PRIMARY KEY, version);"
		"INSERT INTO item VALUES (1, 10), (2, 10), (3, 10)");
	sql = telling(tayra_feed_sqlite_sql, "change");
	execute(sql);
	free(sql);
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

/* One origin "db", of the one route whose keys are item:{id}. */
static void
start(const char *origin, const char *query, const char *route)
{
	char text[1024], error[512], note[512];

	tayra__settings_init(&settings);
	snprintf(text, sizeof(text),
		 "memory: 16M\nadmin: 127.0.0.1:0\norigins:\n  db: {%s}\n"
		 "routes:\n  - {keys: 'item:{id}', origin: db, query: '%s', ttl: 1h%s}\n",
		 origin, query, route);
	if (tayra__settings_read(&settings, "t.yaml", text, strlen(text), error, sizeof(error)) !=
		    TAYRA_OK ||
	    tayra__settings_open(&settings, error, sizeof(error), note, sizeof(note)) != TAYRA_OK)
		fail_msg("%s", error);
	settings.server.trouble = settings_trouble;
	client_start(&running, settings.server);
	client = client_connect(&running);
	serving = true;
}

static void
start_sqlite(const char *feed, const char *route)
{
	char origin[300];

	snprintf(origin, sizeof(origin), "sqlite: '%s', feed: %s", path, feed);
	start(origin, "select version from item where id = ?1", route);
}

static int
stop(void **state)
{
	if (serving) {
		close(client);
		client_stop(&running);
	}
	serving = false;
	tayra__settings_fini(&settings);
	return 0;
}

static void
info_feeds(void)
{
	struct pollfd fds = { .events = POLLIN };
	size_t have = 0;

	fds.fd = client;
	client_send(client, "INFO feeds\r\n", 12);
	do {
		ssize_t n = recv(client, body + have, sizeof(body) - 1 - have, 0);

		assert_true(n > 0);
		have += (size_t)n;
		body[have] = '\0';
	} while (strncmp(body + have - 2, "\r\n", 2) != 0 || poll(&fds, 1, 5) > 0);
}

/* Until /metrics says so.  => false: there is no such page in this build. */
static bool
await_metric(const char *line)
{
	static const char at[] = "status at http://127.0.0.1:";
	uint64_t begin_ms = now_ms();
	char text[512], *page;
	static char metrics[1 << 18];

	tayra__server_describe(running.server, text, sizeof(text));
	page = strstr(text, at);
	if (!page)
		return false;
	do {
		assert_int_equal(http_get((uint16_t)strtoul(page + sizeof(at) - 1, NULL, 10),
					  "/metrics", metrics, sizeof(metrics)),
				 200);
		if (now_ms() - begin_ms > CLIENT_PATIENCE_S * 1000)
			fail_msg("'%s' is not in: %s", line, metrics);
	} while (!strstr(metrics, line));
	return true;
}

/* Until INFO feeds says so. */
static void
await_info(const char *text)
{
	uint64_t begin_ms = now_ms();

	for (info_feeds(); !strstr(body, text); info_feeds())
		if (now_ms() - begin_ms > CLIENT_PATIENCE_S * 1000)
			fail_msg("'%s' is not in: %s", text, body);
}

/* The value of a key, a number; -1: an error. */
static long
get(const char *key)
{
	char command[64], reply[400] = "";
	size_t have = 0, ends = 0;

	client_send(client, command, (size_t)snprintf(command, sizeof(command), "GET %s\r\n", key));
	while (ends < (reply[0] == '-' ? 1 : 2) || have == 0) {
		assert_int_equal(recv(client, reply + have, 1, 0), 1);
		ends += reply[have++] == '\n';
	}
	reply[have] = '\0';
	return reply[0] == '$' ? strtol(strchr(reply, '\n') + 1, NULL, 10) : -1;
}

/* Ask until it is that.  => how long that took. */
static uint64_t
await_value(const char *key, long value)
{
	uint64_t begin_ms = now_ms();
	long got;

	while ((got = get(key)) != value)
		if (now_ms() - begin_ms > CLIENT_PATIENCE_S * 1000)
			fail_msg("%s is %ld", key, got);
	return now_ms() - begin_ms;
}

/* Ten commits; the median time to the first reply with the new value. */
static uint64_t
median_lag(void (*commit)(const char *sql))
{
	uint64_t took[10];
	char sql[100];

	for (int i = 0; i < 10; i++) {
		uint64_t ms;
		int at = i;

		snprintf(sql, sizeof(sql), "UPDATE item SET version = %d WHERE id = 1", 100 + i);
		commit(sql);
		ms = await_value("item:1", 100 + i);
		for (; at > 0 && took[at - 1] > ms; at--)
			took[at] = took[at - 1];
		took[at] = ms;
	}
	return took[5];
}

static char said[1000];
static pthread_mutex_t said_lock = PTHREAD_MUTEX_INITIALIZER;

static void
say(void *arg, const char *origin, const char *text, uint64_t left_out)
{
	size_t len;

	pthread_mutex_lock(&said_lock);
	len = strlen(said);
	snprintf(said + len, sizeof(said) - len, "%s: %s; ", origin, text);
	pthread_mutex_unlock(&said_lock);
}

static void
await_said(const char *text)
{
	uint64_t begin_ms = now_ms();
	bool is;

	do {
		pthread_mutex_lock(&said_lock);
		is = strcmp(said, text) == 0;
		pthread_mutex_unlock(&said_lock);
		if (now_ms() - begin_ms > CLIENT_PATIENCE_S * 1000)
			fail_msg("not said: %s, but: %s", text, said);
		usleep(1000);
	} while (!is);
}

static void
a_commit_in_sqlite_is_in_the_next_replies(void **state)
{
	static const char *const feeds[] = { "on", "{changes: change}" };

	for (size_t i = 0; i < 2; i++) {
		start_sqlite(feeds[i], "");
		execute("UPDATE item SET version = 10");
		await_info("feed_1:origin=db,prefix=item:,state=hearing");
		await_value("item:1", 10);
		await_value("item:2", 10);
		assert_true(median_lag(execute) <= SOON_MS);
		stop(NULL);
	}
}

static void
a_table_that_does_not_tell_is_named(void **state)
{
	char text[200];

	said[0] = '\0';
	settings_trouble = say;
	snprintf(text, sizeof(text),
		 ", table: item}\n  - {keys: 'thing:{id}', origin: db, query: "
		 "'select ?1', table: item");
	start_sqlite("{changes: change}", text);
	settings_trouble = NULL;
	await_info("feed_1_untold:item for thing:{id}\r\n");
	await_said("db: its feed is not told of table item for thing:{id}, which lacks the "
		   "triggers for it; tayra serve --feed-sql writes them; ");
}

static void
what_has_not_changed_is_not_loaded_again(void **state)
{
	start_sqlite("{changes: change}", "");
	execute("UPDATE item SET version = 10");
	await_info("state=hearing");
	await_value("item:1", 10);
	await_value("item:2", 10);
	execute("DROP TRIGGER IF EXISTS none; UPDATE item SET version = 11 WHERE id = 1");
	await_value("item:1", 11);
	client_say(client, "EXISTS item:2", ":1\r\n");
	if (await_metric("\ntayra_feeds 1\n"))
		await_metric("\ntayra_feeds_blind 0\n");
	client_say(client, "SELECT 1", "+OK\r\n"); /* other databases are not its */
	client_say(client, "SET item:1 mine", "+OK\r\n");
	execute("UPDATE item SET version = 12 WHERE id = 1");
	client_say(client, "SELECT 0", "+OK\r\n");
	await_value("item:1", 12);
	client_say(client, "SELECT 1", "+OK\r\n");
	client_say(client, "GET item:1", "$4\r\nmine\r\n");
	await_metric("\ntayra_feed_changes_total 5\n");
}

/* Another program holds the file, so that nobody can look at it: neither the feed nor the origin.
 */
static void
what_is_doubted_is_served_stale_if_that_is_allowed_and_loaded_again(void **state)
{
	sqlite3 *db;

	execute("PRAGMA journal_mode = DELETE; UPDATE item SET version = 10");
	start_sqlite("{blind_ttl: 1ms}", ", stale: 1h, timeout: 300ms");
	await_info("state=hearing");
	await_value("item:1", 10);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	run_on(db, "BEGIN EXCLUSIVE; UPDATE item SET version = 11");
	await_info("state=blind");
	assert_non_null(strstr(body, "gaps=1"));
	assert_non_null(strstr(body, "feed_1_trouble:database is locked"));
	if (await_metric("\ntayra_feeds_blind 1\n"))
		await_metric("\ntayra_feed_gaps_total 1\n");
	client_say(client, "EXISTS item:1", ":0\r\n"); /* it is stale */
	assert_int_equal(get("item:1"), 10);
	assert_int_equal(get("item:3"), -1); /* never was here */
	run_on(db, "COMMIT");
	sqlite3_close(db);
	await_info("state=hearing");
	await_value("item:1", 11);
	client_say(client, "EXISTS item:1",
		   ":1\r\n"); /* it sees again, and this was loaded since */
	execute("PRAGMA journal_mode = WAL");
}

static struct redis server;

static void
execute_redis(const char *sql)
{
	char command[64];

	/* The number behind "version = ". */
	snprintf(command, sizeof(command), "SET item:1 %ld",
		 strtol(strchr(sql, '=') + 1, NULL, 10));
	redis_say(&server, command);
}

static void
what_is_set_in_redis_is_in_the_next_replies_and_a_lost_feed_comes_back(void **state)
{
	char origin[300];

	if (!redis_is_installed())
		skip();
	redis_up(&server);
	redis_say(&server, "SET item:1 10");
	redis_say(&server, "SET item:2 10");
	snprintf(origin, sizeof(origin), "redis: '%s', feed: {interval: 100ms}", server.url);
	start(origin, "GET item:{id}", "");
	await_info("feed_1:origin=db,prefix=item:,state=hearing");
	await_value("item:2", 10);
	assert_true(median_lag(execute_redis) <= SOON_MS);
	client_say(client, "EXISTS item:2", ":1\r\n");
	redis_say(&server, "CLIENT KILL TYPE normal SKIPME yes");
	await_info("gaps=1");
	await_info("state=hearing");
	client_say(client, "EXISTS item:2", ":0\r\n");
	await_value("item:2", 10);
	stop(NULL);
	redis_down(&server);
}

#ifdef HAVE_POSTGRES
static struct cluster cluster;

static void
execute_postgres(const char *sql)
{
	PGconn *conn = PQconnectdb(cluster.conninfo);
	PGresult *result = PQexec(conn, sql);

	if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
		fail_msg("%s: %s", sql, PQerrorMessage(conn));
	PQclear(result);
	PQfinish(conn);
}

static void
one_that_cannot_hear_at_the_start_says_why_and_that_it_does_then(void **state)
{
#define REFUSED                                                                                    \
	"db: its feed does not hear yet, and tries again: PostgreSQL refuses: role \"late\" is "   \
	"not permitted to log in; "
	char origin[300];

	if (!cluster_create(&cluster))
		skip();
	execute_postgres("CREATE ROLE late; CREATE TABLE item (id int PRIMARY KEY, version int);"
			 "GRANT SELECT ON item TO late");
	snprintf(origin, sizeof(origin), "postgres: \"%s user=late\", feed: on", cluster.conninfo);
	said[0] = '\0';
	settings_trouble = say;
	start(origin, "select version from item where id = $1::int", "");
	settings_trouble = NULL;
	await_info("state=blind");
	await_said(REFUSED);
	execute_postgres("ALTER ROLE late LOGIN");
	await_info("state=hearing");
	await_said(REFUSED "db: its feed hears; ");
	stop(NULL);
	cluster_destroy(&cluster);
}

static void
a_commit_in_postgres_is_in_the_next_replies_and_a_lost_feed_comes_back(void **state)
{
	char origin[300], *sql;

	if (!cluster_create(&cluster))
		skip();
	execute_postgres("CREATE TABLE item (id int PRIMARY KEY, version int);"
			 "INSERT INTO item VALUES (1, 10), (2, 10)");
	sql = telling(tayra_feed_postgres_sql, "tayra");
	execute_postgres(sql);
	free(sql);
	snprintf(origin, sizeof(origin), "postgres: \"%s\", feed: on", cluster.conninfo);
	start(origin, "select version from item where id = $1::int", "");
	await_info("feed_1:origin=db,prefix=item:,state=hearing");
	await_value("item:2", 10);
	assert_true(median_lag(execute_postgres) <= SOON_MS);
	client_say(client, "EXISTS item:2", ":1\r\n"); /* nobody has told of it */
	execute_postgres("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
			 " WHERE application_name = 'tayra' AND query NOT LIKE 'select version%'");
	await_info("gaps=1");
	await_info("state=hearing");
	await_value("item:2", 10);
	execute_postgres("UPDATE item SET version = 11 WHERE id = 2");
	await_value("item:2", 11);
	stop(NULL);
	cluster_destroy(&cluster);
}

static void
replication_is_told_the_tables_of_all_routes(void **state)
{
	const struct tayra__feed_source *feeds;
	static const char text[] =
		"origins:\n"
		"  pg: {postgres: 'host=/no/such/folder', feed: {replication: p}}\n"
		"routes:\n"
		"  - {keys: 'a:b:{x}', origin: pg, query: 'SELECT $1', table: t}\n"
		"  - {keys: 'b:{x}', origin: pg, query: 'SELECT $1', table: u}\n"
		"  - {keys: 'a:{x}:z', origin: pg, query: 'SELECT $1', table: t}\n";
	char error[300], note[300];

	tayra__settings_init(&settings);
	assert_int_equal(tayra__settings_read(&settings, "t.yaml", text, sizeof(text) - 1, error,
					      sizeof(error)),
			 TAYRA_OK);
	tayra__settings_open(&settings, error, sizeof(error), note, sizeof(note));
	assert_int_equal(settings.server.feed_count, 1);
	feeds = settings.server.feeds;
	assert_int_equal(feeds[0].kind, TAYRA__FEED_REPLICATION);
	assert_int_equal(feeds[0].prefix_count, 2);
	assert_string_equal(feeds[0].prefixes[0], "b:");
	assert_string_equal(feeds[0].prefixes[1], "a:"); /* which covers a:b: */
	assert_string_equal(feeds[0].what, "p");
	assert_int_equal(feeds[0].table_count, 3);
	assert_string_equal(feeds[0].tables[0].keys, "a:b:{x}");
	assert_string_equal(feeds[0].tables[1].table, "u");
	assert_string_equal(feeds[0].tables[2].keys, "a:{x}:z");
	tayra__settings_fini(&settings);
}

static void
a_commit_in_the_log_of_postgres_is_in_the_next_replies(void **state)
{
	static const char query[] = "select version from item where id = $1::int";
	char origin[300], *sql = NULL, text[600], error[300];
	size_t len;
	FILE *out = open_memstream(&sql, &len);
	const struct tayra__reader r = { &settings.document, &settings, error, sizeof(error) };

	if (!cluster_create(&cluster))
		skip();
	execute_postgres("CREATE TABLE item (id int PRIMARY KEY, version int);"
			 "INSERT INTO item VALUES (1, 10), (2, 10)");
	snprintf(origin, sizeof(origin), "postgres: \"%s\", feed: {replication: changed}",
		 cluster.conninfo);
	/* As --feed-sql does. */
	tayra__settings_init(&settings);
	snprintf(text, sizeof(text),
		 "origins:\n  db: {%s}\nroutes:\n"
		 "  - {keys: 'item:{id}', origin: db, query: '%s', table: item}\n"
		 "  - {keys: 'version:{version}', origin: db, query: '%s', table: item}\n",
		 origin, query, query);
	assert_int_equal(
		tayra__settings_read(&settings, "t.yaml", text, strlen(text), error, sizeof(error)),
		TAYRA_OK);
	assert_int_equal(tayra__feeding_sql(&r, NULL, out), TAYRA_OK);
	tayra__settings_fini(&settings);
	fclose(out);
	assert_ptr_equal(strstr(sql, "-- Origin 'db': the publication of the tables of its routes\n"
				     "BEGIN;\nSET LOCAL client_min_messages = warning;\n"
				     "DROP PUBLICATION IF EXISTS \"changed\";\n"
				     "CREATE PUBLICATION \"changed\" FOR TABLE \"item\";\nDO "),
			 sql);
	execute_postgres(sql);
	free(sql);
	start(origin, query, ", table: item");
	await_info("feed_1:origin=db,prefix=item:,state=hearing");
	await_value("item:2", 10);
	assert_true(median_lag(execute_postgres) <= SOON_MS);
	client_say(client, "EXISTS item:2", ":1\r\n"); /* nobody has told of it */
	execute_postgres("SELECT pg_terminate_backend(pid) FROM pg_stat_replication");
	await_info("gaps=1");
	await_info("state=hearing");
	execute_postgres("UPDATE item SET version = 11 WHERE id = 2");
	await_value("item:2", 11);
	stop(NULL);
	cluster_destroy(&cluster);
}
#endif

int
main(void)
{
#define TEST(claim) cmocka_unit_test_teardown(claim, stop)
	const struct CMUnitTest tests[] = {
		TEST(a_commit_in_sqlite_is_in_the_next_replies),
		TEST(a_table_that_does_not_tell_is_named),
		TEST(what_has_not_changed_is_not_loaded_again),
		TEST(what_is_doubted_is_served_stale_if_that_is_allowed_and_loaded_again),
		TEST(what_is_set_in_redis_is_in_the_next_replies_and_a_lost_feed_comes_back),
#ifdef HAVE_POSTGRES
		TEST(one_that_cannot_hear_at_the_start_says_why_and_that_it_does_then),
		TEST(a_commit_in_postgres_is_in_the_next_replies_and_a_lost_feed_comes_back),
		TEST(replication_is_told_the_tables_of_all_routes),
		TEST(a_commit_in_the_log_of_postgres_is_in_the_next_replies),
#endif
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_database, remove_database);
}
