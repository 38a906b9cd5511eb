/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_pace_postgres.c: 400 clients on a PostgreSQL of their own, as it is by default (fsync on):
 * what limits are worth there (contest.h).  They transfer between few accounts in serializable
 * transactions of four round trips and try again when they fail.  Or, for `mix`, what they ask
 * steps: transfers between many accounts, with an application that thinks between two statements,
 * which takes many connections; orders of one article, which takes few; reports, which take as
 * many as there are processors.
 *
 *	bench_pace_postgres [ROUNDS [SECONDS [CLIENTS]]]     (default 6 5 400)
 *	bench_pace_postgres mix [ROUNDS [SECONDS [CLIENTS]]] (default 6 30 400; SECONDS of a phase)
 */
#define CLUSTER_CONNECTIONS "450"
#define CLUSTER_BUFFERS     "128MB"
#define CLUSTER_FSYNC       "on"
#include "../tests/origin/cluster.h"

#include "base/clock.h"
#include "contest.h"

#define ACCOUNTS 10000
#define CROWDED  20 /* accounts, where all want the same few: pgbench's branches at scale 20 */
#define THINK_MS 2.0
#define ARTICLES 500
#define LINES    10 /* of an order */
#define ENTRIES  50000

static struct cluster cluster;
static PGconn *db[CONTEST_CLIENTS_MAX];

static bool
succeeds(PGconn *conn, const char *sql)
{
	PGresult *result = PQexec(conn, sql);
	ExecStatusType status = PQresultStatus(result);

	PQclear(result);
	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

/* What an application does between two statements: its network and its own work. */
static void
think(double ms)
{
	if (ms > 0)
		tayra__clock_sleep_until_ns(tayra__clock_real_ns() + (uint64_t)(ms * 1e6));
}

static bool
move(PGconn *conn, unsigned from, unsigned to, double think_ms)
{
	char sql[200];

	snprintf(sql, sizeof(sql),
		 "begin isolation level serializable; select balance from account where id = %u",
		 from);
	if (!succeeds(conn, sql))
		return false;
	think(think_ms);
	snprintf(sql, sizeof(sql), "select balance from account where id = %u", to);
	if (!succeeds(conn, sql))
		return false;
	think(think_ms);
	snprintf(sql, sizeof(sql),
		 "update account set balance = balance + case id when %u then -1 else 1 end "
		 "where id in (%u, %u)",
		 from, from, to);
	return succeeds(conn, sql) && succeeds(conn, "commit");
}

static bool
transfer(uint32_t client, unsigned accounts, double think_ms, struct tayra__rng *rng)
{
	PGconn *conn = db[client];
	unsigned from = (unsigned)tayra__rng_below(rng, accounts);

	if (move(conn, from, (unsigned)tayra__rng_below(rng, accounts), think_ms))
		return true;
	if (PQtransactionStatus(conn) != PQTRANS_IDLE)
		succeeds(conn, "rollback");
	return false;
}

static bool
crowded_transfer(uint32_t client, struct tayra__rng *rng)
{
	return transfer(client, CROWDED, 0, rng);
}

static bool
spread_transfer(uint32_t client, struct tayra__rng *rng)
{
	return transfer(client, ACCOUNTS, THINK_MS, rng);
}

/* Some articles, one of which everybody wants, in one message: who waited for another to commit
 * begins again. */
static bool
buy(PGconn *conn, uint32_t client)
{
	const unsigned first = 1 + client % (ARTICLES - LINES);
	char sql[500];

	snprintf(sql, sizeof(sql),
		 "begin isolation level serializable; "
		 "select left_over from article where id = 0; "
		 "insert into purchase (client, article) select %u, id from article "
		 "where id between %u and %u; "
		 "update article set left_over = left_over - 1 where id = 0; commit",
		 client, first, first + LINES - 1);
	return succeeds(conn, sql);
}

static bool
order(uint32_t client, struct tayra__rng *rng)
{
	(void)rng;
	if (buy(db[client], client))
		return true;
	if (PQtransactionStatus(db[client]) != PQTRANS_IDLE)
		succeeds(db[client], "rollback");
	return false;
}

static bool
report(uint32_t client, struct tayra__rng *rng)
{
	(void)rng;
	return succeeds(db[client], "select kind, count(*), sum(amount), stddev(amount) from entry "
				    "group by kind order by 3");
}

static bool
open_bank(uint32_t clients)
{
	char sql[900];

	if (!cluster_create(&cluster))
		return false;
	for (uint32_t i = 0; i < clients; i++) {
		db[i] = PQconnectdb(cluster.conninfo);
		if (PQstatus(db[i]) != CONNECTION_OK)
			return false;
	}
	snprintf(sql, sizeof(sql),
		 "create table account (id int primary key, balance bigint not null); "
		 "insert into account select i, 1000 from generate_series(0, %d) i; "
		 "create table article (id int primary key, left_over bigint not null); "
		 "insert into article select i, 1000000000 from generate_series(0, %d) i; "
		 "create table purchase (id bigserial primary key, client int not null, "
		 "article int not null references article); "
		 "create table entry (id int, kind int, amount int); "
		 "insert into entry select i, i %% 100, i %% 7919 from generate_series(1, %d) i; "
		 "analyze",
		 ACCOUNTS - 1, ARTICLES - 1, ENTRIES);
	return succeeds(db[0], sql);
}

static const struct contest_goal goals[] = {
	{ "G13", "throughput_over_none", TAYRA__THROUGHPUT_PER_S, "none", 6 },
	{ "G13", "throughput_over_backoff", TAYRA__THROUGHPUT_PER_S, "backoff", 4.5 },
	{ "G13", "throughput_over_best_fixed", TAYRA__THROUGHPUT_PER_S, CONTEST_BEST_FIXED, 0.9 },
	{ "G13", "p99_over_none", TAYRA__P99_MS, "none", 0.1 },
	{ "G13", "stdev_over_none", TAYRA__OUTPUT, "none", 0.05 },
	{ 0 },
};

int
main(int argc, char **argv)
{
	const struct contest crowded = {
		.bench = "pace_postgres",
		.scenario = "postgres_serializable",
		.repeat = "make bench-pace_postgres",
		.clients = 400,
		.rounds = 6,
		.seconds = 5,
		.backoff_ms = 64,
		.arms = { "none", "backoff", "fixed:1", "fixed:2", "fixed:4", "fixed:8", "fixed:12",
			  "fixed:16", "fixed:24", "fixed:32", "fixed:64", "vegas", "gradient2",
			  "elasticity" },
		.phases = { { "transfers", crowded_transfer } },
		.goals = goals,
	};
	const struct contest mix = {
		.bench = "pace_postgres mix",
		.scenario = "postgres_mix",
		.repeat = "make bench-pace_postgres_mix",
		.clients = 400,
		.rounds = 6,
		.seconds = 30,
		.backoff_ms = 64,
		.arms = { "fixed:2", "fixed:4", "fixed:8", "fixed:16", "fixed:32", "fixed:64",
			  "fixed:128", "elasticity" },
		.phases = { { "transfers", spread_transfer },
			    { "orders", order },
			    { "reports", report } },
	};
	const bool mixed = argc > 1 && strcmp(argv[1], "mix") == 0;
	struct contest contest = mixed ? mix : crowded;
	int code;

	if (!contest_arguments(&contest, argc - mixed, argv + mixed))
		return 2;
	if (!open_bank(contest.clients)) {
		fputs("bench_pace_postgres: no PostgreSQL that can be started: skipped\n", stderr);
		return 0;
	}
	code = mixed ? contest_run_mix(&contest) : contest_run(&contest);
	for (uint32_t i = 0; i < contest.clients; i++)
		PQfinish(db[i]);
	cluster_destroy(&cluster);
	return code;
}
