/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_feed.c: how long after a commit something older is still given as fresh, at 200 updates a
 * second of 200 keys (tests/feed/lag.h): PostgreSQL with triggers and LISTEN, and by logical
 * replication; SQLite with and without a table of changes.  From the return of the commit to the
 * return of the first request that got the new value, its load included.  A value is of one second
 * of updates.  What an idle feed costs is CPU of the whole process.
 */
#define CLUSTER_WAL_LEVEL "logical"
#include "../tests/feed/lag.h"
#include "../tests/origin/cluster.h"

#include "bench.h"

#include <sqlite3.h>
#include <unistd.h>

#define RATE 200u

static struct cluster cluster;
static char path[] = "/tmp/tayra-bench-XXXXXX";
static struct lag lag;

/* A database: how it is reached, and what it is called in the output. */
struct base {
	const char *name;
	const char *changes; /* SQLite's table, or NULL */
	bool (*execute)(void *db, const char *sql);
	void *db;
	int (*follow)(const struct base *base, struct tayra *t, struct tayra_feed **out);
	int (*open)(const struct tayra_origin_options *o, struct tayra_origin **out);
};

static bool
execute_postgres(void *db, const char *sql)
{
	PGresult *result = PQexec(db, sql);
	ExecStatusType is = PQresultStatus(result);

	PQclear(result);
	return is == PGRES_COMMAND_OK || is == PGRES_TUPLES_OK;
}

static bool
execute_sqlite(void *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static int
follow_postgres(const struct base *base, struct tayra *t, struct tayra_feed **out)
{
	return tayra_feed_postgres(t, NULL, cluster.conninfo, "tayra", NULL, 0, out);
}

static int
follow_log(const struct base *base, struct tayra *t, struct tayra_feed **out)
{
	static const struct tayra_feed_table item = { "item", "item:{id}" };

	return tayra_feed_postgres_replication(t, NULL, cluster.conninfo, "tayra", &item, 1, NULL,
					       0, out);
}

static int
follow_sqlite(const struct base *base, struct tayra *t, struct tayra_feed **out)
{
	return tayra_feed_sqlite(t, NULL, path, base->changes, NULL, 0, out);
}

static int
open_postgres(const struct tayra_origin_options *o, struct tayra_origin **out)
{
	return tayra_origin_postgres(o, cluster.conninfo, "SELECT version FROM item WHERE id = $1",
				     NULL, 0, out);
}

static int
open_sqlite(const struct tayra_origin_options *o, struct tayra_origin **out)
{
	return tayra_origin_sqlite(o, path, "SELECT version FROM item WHERE id = ?1", NULL, 0, out);
}

static bool
update(void *arg, unsigned key, unsigned version)
{
	const struct base *base = arg;
	char sql[100];

	snprintf(sql, sizeof(sql), "UPDATE item SET version = %u WHERE id = %u", version, key);
	return base->execute(base->db, sql);
}

static bool
measure(struct base *base, struct tayra *t, struct tayra_origin *origin)
{
	memset(&lag, 0, sizeof(lag));
	lag.t = t;
	lag.origin = origin;
	lag.update = update;
	lag.db = base;
	lag.updates = lag.per_s = RATE;
	return base->execute(base->db, "UPDATE item SET version = 0") && lag_measure(&lag);
}

static double
idle_us_per_s(void)
{
	uint64_t before = tayra__clock_process_cpu_ns(), begin_ns = tayra__clock_real_ns();

	tayra__clock_sleep_until_ns(begin_ns + TAYRA_NS_PER_S / 2);
	return (double)(tayra__clock_process_cpu_ns() - before) / 1e3 /
	       ((double)(tayra__clock_real_ns() - begin_ns) / 1e9);
}

static bool
run(struct base *base)
{
	static const char *const metrics[] = { "lag_p50", "lag_p99", "idle_cpu" };
	double values[3][BENCH_REPEATS];
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;
	struct tayra_options options = TAYRA_OPTIONS_INIT;
	struct tayra_origin *origin;
	char name[64];
	bool fine = true;

	o.pattern = "item:{id}";
	options.ticker = true;
	if (base->open(&o, &origin) != TAYRA_OK)
		return false;
	for (int i = 0; i < BENCH_REPEATS && fine; i++) {
		struct tayra_feed *feed;
		struct tayra *t;

		if (tayra_create(&options, &t) != TAYRA_OK)
			return false;
		fine = base->follow(base, t, &feed) == TAYRA_OK && measure(base, t, origin);
		values[0][i] = lag_quantile(&lag, 0.5);
		values[1][i] = lag_quantile(&lag, 0.99);
		tayra__clock_sleep_until_ns(tayra__clock_real_ns() + TAYRA_NS_PER_S / 10);
		values[2][i] = idle_us_per_s();
		tayra_feed_close(feed);
		tayra_destroy(t);
	}
	tayra_origin_close(origin);
	for (int m = 0; m < 3 && fine; m++) {
		snprintf(name, sizeof(name), "%s_%s", base->name, metrics[m]);
		bench_print("feed", name, m < 2 ? "ms" : "us/s", values[m]);
	}
	return fine;
}

/* The same tables everywhere, and what makes them tell. */
static bool
fill(const struct base *base,
     int (*tell)(const char *keys, const char *table, const char *to, char *error, size_t error_len,
		 FILE *out),
     const char *to)
{
	char sql[200], *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	bool fine = out && tell("item:{id}", "item", to, NULL, 0, out) == TAYRA_OK;

	fclose(out);
	fine = fine && base->execute(base->db, "CREATE TABLE item (id integer PRIMARY KEY, "
					       "version integer)");
	for (unsigned i = 0; i < LAG_KEYS && fine; i++) {
		snprintf(sql, sizeof(sql), "INSERT INTO item VALUES (%u, 0)", i);
		fine = base->execute(base->db, sql);
	}
	fine = fine && base->execute(base->db, text);
	free(text);
	return fine;
}

static int
publish(const char *keys, const char *table, const char *publication, char *error, size_t error_len,
	FILE *out)
{
	const struct tayra_feed_table item = { table, keys };

	return tayra_feed_postgres_publication_sql(publication, &item, 1, error, error_len, out);
}

static bool
run_postgres(void)
{
	struct base base = { "postgres",      NULL,         execute_postgres, NULL,
			     follow_postgres, open_postgres };
	bool fine = cluster_create(&cluster);

	if (!fine) {
		fputs("bench_feed: no PostgreSQL server to start\n", stderr);
		cluster_destroy(&cluster);
		return true;
	}
	base.db = PQconnectdb(cluster.conninfo);
	fine = fill(&base, tayra_feed_postgres_sql, "tayra") && run(&base);
	base.name = "postgres_log";
	base.follow = follow_log;
	fine = fine && execute_postgres(base.db, "DROP TABLE item") &&
	       fill(&base, publish, "tayra") && run(&base);
	PQfinish(base.db);
	cluster_destroy(&cluster);
	return fine;
}

static bool
run_sqlite(void)
{
	struct base base = { "sqlite_table", "change",      execute_sqlite,
			     NULL,           follow_sqlite, open_sqlite };
	int fd = mkstemp(path);
	char beside[64];
	sqlite3 *db;
	bool fine = fd >= 0 && sqlite3_open(path, &db) == SQLITE_OK;

	if (!fine)
		return false;
	close(fd);
	base.db = db;
	sqlite3_busy_timeout(db, 10000);
	fine = execute_sqlite(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL") &&
	       fill(&base, tayra_feed_sqlite_sql, "change") && run(&base);
	base.name = "sqlite_version";
	base.changes = NULL;
	fine = fine && run(&base);
	sqlite3_close(db);
	snprintf(beside, sizeof(beside), "%s-wal", path);
	unlink(beside);
	snprintf(beside, sizeof(beside), "%s-shm", path);
	unlink(beside);
	unlink(path);
	return fine;
}

int
main(void)
{
	bool fine = run_postgres();

	if (run_sqlite() && fine)
		return 0;
	fputs("bench_feed: an update failed, or was never seen\n", stderr);
	return 5;
}
