/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_batch.c: what is asked for by single keys of a PostgreSQL and an SQLite, 64 at a time, in
 * turns: one query a key, one query for many keys, and single queries in a pipeline; and, with
 * libpq alone, those on one connection.  Loads a second of wall time, and those of a way over those
 * of one query a key on four connections, by turn.  PostgreSQL on its socket, and with a network of
 * 0.5 ms each way in between (relay.h).
 */
#include "../tests/origin/cluster.h"

#include "bench.h"
#include "relay.h"

#include <poll.h>
#include <sqlite3.h>
#include <unistd.h>

#include <tayra/tayra.h>

#define ROWS    50000u
#define OUT     64u
#define TURN_NS (TAYRA_NS_PER_S / 4)

#define PG_ONE    "SELECT version FROM item WHERE name = $1"
#define PG_MANY   "SELECT k, version FROM unnest($1::text[]) k JOIN item ON name = k"
#define LITE_ONE  "SELECT version FROM item WHERE name = ?1"
#define LITE_MANY "SELECT k.value, version FROM json_each(?1) k JOIN item ON name = k.value"

static struct cluster cluster;
static struct relay relay;
static char path[] = "/tmp/tayra-bench-XXXXXX";
static char far_conninfo[200];

enum way { SINGLE, BATCH, PIPELINE, BARE_PIPELINE };

struct arm {
	const char *name, *conninfo; /* NULL: SQLite */
	enum way way;
	uint32_t threads;
	uint64_t window_ns;
	double values[BENCH_REPEATS];
};

static uint32_t next_key;

static int
make_key(char key[16])
{
	next_key = (next_key + 7919) % ROWS;
	return snprintf(key, 16, "k%u", next_key);
}

static void
begin(struct tayra *t, struct tayra_cq *cq, struct tayra_origin *origin)
{
	struct tayra_request r = TAYRA_REQUEST_INIT;
	struct tayra_ref ref;
	char key[16];

	r.key_len = (size_t)make_key(key);
	r.key = key;
	r.origin = origin;
	r.flags = TAYRA_REQUEST_REFRESH;
	if (tayra_get_or_load_start(t, &r, cq, NULL, &ref) != TAYRA_PENDING)
		exit(1);
}

static struct tayra_origin *
open_arm(const struct arm *arm)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;
	struct tayra_origin *origin;
	char error[200];
	int status;

	o.threads = arm->threads;
	o.batch_window_ns = arm->window_ns;
	o.pipeline = arm->way == PIPELINE ? OUT : 0;
	o.batch = arm->way != BATCH ? NULL : arm->conninfo ? PG_MANY : LITE_MANY;
	status = arm->conninfo
			 ? tayra_origin_postgres(&o, arm->conninfo, PG_ONE, error, sizeof(error),
						 &origin)
			 : tayra_origin_sqlite(&o, path, LITE_ONE, error, sizeof(error), &origin);
	if (status != TAYRA_OK || error[0]) {
		fprintf(stderr, "%s: %s\n", arm->name, error);
		exit(1);
	}
	return origin;
}

static double
ask(const struct arm *arm)
{
	struct tayra_origin *origin = open_arm(arm);
	struct tayra_completion c[OUT];
	uint64_t begin_ns, end_ns = 0, loads = 0;
	struct tayra *t;
	struct tayra_cq *cq;

	if (tayra_create(NULL, &t) != TAYRA_OK || tayra_cq_create(t, &cq) != TAYRA_OK)
		exit(1);
	begin_ns = tayra__clock_real_ns();
	for (uint32_t out = 0; out < OUT; out++)
		begin(t, cq, origin);
	for (uint32_t out = OUT; out > 0;) {
		size_t n = tayra_cq_wait(cq, c, OUT, TAYRA_NS_PER_S);

		for (size_t i = 0; i < n; i++) {
			if (c[i].status != TAYRA_OK)
				exit(1);
			tayra_release(&c[i].ref);
			if (tayra__clock_real_ns() - begin_ns < TURN_NS)
				begin(t, cq, origin);
			else
				out--;
		}
		loads += n;
		end_ns = tayra__clock_real_ns();
	}
	tayra_cq_destroy(cq);
	tayra_destroy(t);
	tayra_origin_close(origin);
	return (double)loads / ((double)(end_ns - begin_ns) / 1e9);
}

static void
send_one(PGconn *conn)
{
	char key[16];
	const char *value = key;

	make_key(key);
	if (!PQsendQueryPrepared(conn, "one", 1, &value, NULL, NULL, 0) || !PQpipelineSync(conn))
		exit(1);
}

static void
wait_for_input(PGconn *conn)
{
	struct pollfd fd = { .fd = PQsocket(conn), .events = POLLIN };

	if (PQflush(conn) > 0)
		fd.events |= POLLOUT;
	poll(&fd, 1, -1);
	if (!PQconsumeInput(conn))
		exit(1);
}

/* => whether a whole answer was taken. */
static bool
take_one(PGconn *conn)
{
	while (!PQisBusy(conn)) {
		PGresult *result = PQgetResult(conn);
		ExecStatusType is = result ? PQresultStatus(result) : PGRES_TUPLES_OK;

		PQclear(result);
		if (is == PGRES_PIPELINE_SYNC)
			return true;
		if (is != PGRES_TUPLES_OK)
			exit(1);
	}
	return false;
}

/* 64 out on one connection, without anything of ours: what a pipeline could reach. */
static double
ask_pipelined(const struct arm *arm)
{
	PGconn *conn = PQconnectdb(arm->conninfo);
	uint64_t begin_ns, end_ns = 0, loads = 0;

	PQclear(PQprepare(conn, "one", PG_ONE, 0, NULL));
	PQsetnonblocking(conn, 1);
	PQenterPipelineMode(conn);
	begin_ns = tayra__clock_real_ns();
	for (uint32_t out = 0; out < OUT; out++)
		send_one(conn);
	for (uint32_t out = OUT; out > 0;) {
		if (!take_one(conn)) {
			wait_for_input(conn);
			continue;
		}
		loads++;
		end_ns = tayra__clock_real_ns();
		if (end_ns - begin_ns < TURN_NS)
			send_one(conn);
		else
			out--;
	}
	PQfinish(conn);
	return (double)loads / ((double)(end_ns - begin_ns) / 1e9);
}

static void
fill_postgres(void)
{
	PGconn *conn = PQconnectdb(cluster.conninfo);

	PQclear(PQexec(conn, "CREATE TABLE item (name text PRIMARY KEY, version text);"
			     "INSERT INTO item SELECT 'k' || i, 'version ' || i"
			     " FROM generate_series(0, 49999) i"));
	PQclear(PQexec(conn, "VACUUM ANALYZE item"));
	PQfinish(conn);
}

static void
fill_sqlite(void)
{
	sqlite3 *db;

	close(mkstemp(path));
	if (sqlite3_open(path, &db) != SQLITE_OK ||
	    sqlite3_exec(db,
			 "CREATE TABLE item (name TEXT PRIMARY KEY, version TEXT) WITHOUT ROWID;"
			 "INSERT INTO item WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1"
			 " FROM n WHERE i < 49999) SELECT 'k' || i, 'version ' || i FROM n",
			 NULL, NULL, NULL) != SQLITE_OK)
		exit(1);
	sqlite3_close(db);
}

/* Of arms [first, last): loads a second, and over those of the first. */
static void
run(struct arm *arms, size_t n)
{
	char metric[64];

	for (int turn = 0; turn < BENCH_REPEATS; turn++)
		for (size_t i = 0; i < n; i++) {
			struct arm *arm = &arms[(i + (size_t)turn) % n];

			arm->values[turn] = arm->way == BARE_PIPELINE ? ask_pipelined(arm)
								      : ask(arm);
		}
	for (size_t i = n; i-- > 0;) {
		double ratios[BENCH_REPEATS];

		for (int turn = 0; turn < BENCH_REPEATS; turn++)
			ratios[turn] = arms[i].values[turn] / arms[0].values[turn];
		snprintf(metric, sizeof(metric), "%s_over_%s", arms[i].name, arms[0].name);
		if (i > 0)
			bench_print("batch", metric, "1", ratios);
		bench_print("batch", arms[i].name, "loads/s", arms[i].values);
	}
}

static void
clean_up(void)
{
	cluster_destroy(&cluster);
}

int
main(void)
{
	char here[120], server[120], folder[] = "/tmp/tayra-relay-XXXXXX";

	fill_sqlite();
	struct arm lite[] = {
		{ "sqlite_4", NULL, SINGLE, 4, TAYRA_OFF, { 0 } },
		{ "sqlite_batch_4", NULL, BATCH, 4, TAYRA_OFF, { 0 } },
		{ "sqlite_batch_4_window", NULL, BATCH, 4, 0, { 0 } },
		{ "sqlite_batch_1", NULL, BATCH, 1, TAYRA_OFF, { 0 } },
	};

	run(lite, sizeof(lite) / sizeof(lite[0]));
	unlink(path);
	if (!cluster_create(&cluster) || !mkdtemp(folder))
		return 1;
	atexit(clean_up);
	fill_postgres();
	snprintf(here, sizeof(here), "%s/.s.PGSQL.5432", folder);
	snprintf(server, sizeof(server), "%s/.s.PGSQL.5432", cluster.folder);
	snprintf(far_conninfo, sizeof(far_conninfo), "host=%s user=tayra dbname=postgres", folder);
	for (int far = 0; far < 2; far++) {
		const char *conninfo = far ? far_conninfo : cluster.conninfo;
		struct arm arms[] = {
			{ far ? "far_4" : "near_4", conninfo, SINGLE, 4, TAYRA_OFF, { 0 } },
			{ far ? "far_1" : "near_1", conninfo, SINGLE, 1, TAYRA_OFF, { 0 } },
			{ far ? "far_16" : "near_16", conninfo, SINGLE, 16, TAYRA_OFF, { 0 } },
			{ far ? "far_pipeline_1" : "near_pipeline_1",
			  conninfo,
			  PIPELINE,
			  1,
			  0,
			  { 0 } },
			{ far ? "far_pipeline_4" : "near_pipeline_4",
			  conninfo,
			  PIPELINE,
			  4,
			  0,
			  { 0 } },
			{ far ? "far_bare" : "near_bare", conninfo, BARE_PIPELINE, 1, 0, { 0 } },
			{ far ? "far_batch_1" : "near_batch_1",
			  conninfo,
			  BATCH,
			  1,
			  TAYRA_OFF,
			  { 0 } },
			{ far ? "far_batch_4" : "near_batch_4",
			  conninfo,
			  BATCH,
			  4,
			  TAYRA_OFF,
			  { 0 } },
			{ far ? "far_batch_4_window" : "near_batch_4_window",
			  conninfo,
			  BATCH,
			  4,
			  0,
			  { 0 } },
		};

		if (far && !relay_open(&relay, here, server, TAYRA_NS_PER_MS / 2))
			return 1;
		run(arms, sizeof(arms) / sizeof(arms[0]));
	}
	relay_close(&relay);
	return rmdir(folder);
}
