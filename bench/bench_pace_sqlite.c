/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_pace_sqlite.c: 128 threads read, change and write back a row of one SQLite file, each with
 *a connection of its own: what limits are worth there (contest.h).  Nobody waits in SQLite: who
 *finds the file locked tries again, at once or after a while.
 *
 *	bench_pace_sqlite [ROUNDS [SECONDS [CLIENTS]]]     (default 8 3 128)
 */
#include "contest.h"

#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROWS 1000

static sqlite3 *db[CONTEST_CLIENTS_MAX];
static char folder[] = "/tmp/tayra-contest-XXXXXX";

static bool
succeeds(sqlite3 *conn, const char *sql)
{
	return sqlite3_exec(conn, sql, NULL, NULL, NULL) == SQLITE_OK;
}

/* A read that becomes a write: refused when another wrote in between. */
static bool
change(uint32_t client, struct tayra__rng *rng)
{
	unsigned row = (unsigned)tayra__rng_below(rng, ROWS);
	char sql[160];

	snprintf(sql, sizeof(sql),
		 "begin; select value from item where id = %u; "
		 "update item set value = value + 1 where id = %u; commit",
		 row, row);
	if (succeeds(db[client], sql))
		return true;
	if (!sqlite3_get_autocommit(db[client]))
		succeeds(db[client], "rollback");
	return false;
}

static bool
open_items(uint32_t clients)
{
	char path[80];

	if (!mkdtemp(folder))
		return false;
	snprintf(path, sizeof(path), "%s/db", folder);
	for (uint32_t i = 0; i < clients; i++)
		if (sqlite3_open(path, &db[i]) != SQLITE_OK ||
		    !succeeds(db[i], "pragma journal_mode = wal; pragma synchronous = normal"))
			return false;
	return succeeds(db[0],
			"create table item (id integer primary key, value int); "
			"with recursive n(i) as (select 0 union all select i + 1 from n where "
			"i < 999) insert into item select i, 0 from n");
}

static void
close_items(uint32_t clients)
{
	static const char *const files[] = { "db", "db-wal", "db-shm" };
	char path[80];

	for (uint32_t i = 0; i < clients; i++)
		sqlite3_close(db[i]);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
		unlink(path);
	}
	rmdir(folder);
}

static const struct contest_goal goals[] = {
	{ "G13", "throughput_over_none", TAYRA__THROUGHPUT_PER_S, "none", 6 },
	{ "G13", "throughput_over_backoff", TAYRA__THROUGHPUT_PER_S, "backoff", 0.9 },
	{ "G1", "throughput_over_best_fixed", TAYRA__THROUGHPUT_PER_S, CONTEST_BEST_FIXED, 0.9 },
	{ "G13", "p99_over_backoff", TAYRA__P99_MS, "backoff", 0.25 },
	{ "G13", "jain", TAYRA__SCORE, NULL, 0.95 },
	{ 0 },
};

int
main(int argc, char **argv)
{
	struct contest contest = {
		.bench = "pace_sqlite",
		.scenario = "sqlite_read_modify_write",
		.repeat = "make bench-pace_sqlite",
		.clients = 128,
		.rounds = 8,
		.seconds = 3,
		.backoff_ms = 100, /* as SQLite's own busy handler */
		.arms = { "none", "backoff", "fixed:1", "fixed:2", "fixed:4", "fixed:8", "fixed:16",
			  "fixed:32", "vegas", "gradient2", "elasticity+barging", "elasticity" },
		.phases = { { "changes", change } },
		.goals = goals,
	};
	int code = 1;

	if (!contest_arguments(&contest, argc, argv))
		return 2;
	if (open_items(contest.clients))
		code = contest_run(&contest);
	else
		fputs("bench_pace_sqlite: the file cannot be made\n", stderr);
	close_items(contest.clients);
	return code;
}
