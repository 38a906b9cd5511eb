/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_pace_postgres.c: 400 clients transfer between accounts in serializable transactions of four
 * round trips on a PostgreSQL of their own: what limits are worth there (contest.h).
 *
 *	bench_pace_postgres [ROUNDS [SECONDS [CLIENTS]]]     (default 6 5 400)
 */
#define CLUSTER_CONNECTIONS "450"
#define CLUSTER_BUFFERS     "128MB"
#include "../tests/origin/cluster.h"

#include "contest.h"

#include <math.h>

#define ACCOUNTS 200

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

static bool
move(PGconn *conn, unsigned from, unsigned to)
{
	char sql[200];

	snprintf(sql, sizeof(sql),
		 "begin isolation level serializable; select balance from account where id = %u",
		 from);
	if (!succeeds(conn, sql))
		return false;
	snprintf(sql, sizeof(sql), "select balance from account where id = %u", to);
	if (!succeeds(conn, sql))
		return false;
	snprintf(sql, sizeof(sql),
		 "update account set balance = balance + case id when %u then -1 else 1 end "
		 "where id in (%u, %u)",
		 from, from, to);
	return succeeds(conn, sql) && succeeds(conn, "commit");
}

static bool
transfer(uint32_t client, struct tayra__rng *rng)
{
	PGconn *conn = db[client];
	unsigned from = (unsigned)tayra__rng_below(rng, ACCOUNTS);

	if (move(conn, from, (unsigned)tayra__rng_below(rng, ACCOUNTS)))
		return true;
	if (PQtransactionStatus(conn) != PQTRANS_IDLE)
		succeeds(conn, "rollback");
	return false;
}

static bool
open_accounts(uint32_t clients)
{
	char sql[200];

	if (!cluster_create(&cluster))
		return false;
	for (uint32_t i = 0; i < clients; i++) {
		db[i] = PQconnectdb(cluster.conninfo);
		if (PQstatus(db[i]) != CONNECTION_OK)
			return false;
	}
	snprintf(sql, sizeof(sql),
		 "create table account (id int primary key, balance bigint not null); "
		 "insert into account select i, 1000 from generate_series(0, %d) i",
		 ACCOUNTS - 1);
	return succeeds(db[0], sql);
}

int
main(int argc, char **argv)
{
	struct contest contest = { .bench = "pace_postgres",
				   .clients = 400,
				   .rounds = 6,
				   .seconds = 5,
				   .backoff_ms = 64,
				   .attempt = transfer,
				   .over_none = 6,
				   .over_backoff = 4.5,
				   .over_fixed = 0.9,
				   .p99_over_none = 0.1,
				   .stdev_over_none = 0.05,
				   .p99_over_backoff = nan("") };
	int code;

	if (!contest_arguments(&contest, argc, argv))
		return 2;
	if (!open_accounts(contest.clients)) {
		fputs("bench_pace_postgres: no PostgreSQL that can be started: skipped\n", stderr);
		return 0;
	}
	code = contest_run(&contest);
	for (uint32_t i = 0; i < contest.clients; i++)
		PQfinish(db[i]);
	cluster_destroy(&cluster);
	return code;
}
