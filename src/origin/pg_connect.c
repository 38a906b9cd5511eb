/* SPDX-License-Identifier: Apache-2.0
 *
 * pg_connect.c: making a connection, without blocking.
 */
#include "origin/pg_connection.h"

#include <poll.h>
#include <string.h>

#include <libpq-fe.h>

#include <tayra/tayra.h>

#include "base/option.h"
#include "origin/pg_error.h"

#define SLICE_MS 10
/* How long connecting and preparing may take, in seconds, when conninfo does not say. */
#define CONNECT_S      5
#define CONNECT_MOST_S 3600

static void
ignore_notice(void *arg, const PGresult *notice)
{
}

/* conninfo as libpq reads it, with ours behind and in front: the first default may be replaced. */
static PGconn *
begin_connecting(const char *conninfo, bool for_replication)
{
	static const char *const names[] = {
		"fallback_application_name", "tcp_user_timeout", "dbname",
		"client_encoding",           "replication",      NULL
	};
	const char *const values[] = {
		"tayra", "10000", conninfo, "UTF8", for_replication ? "database" : NULL, NULL
	};
	PGconn *conn = PQconnectStartParams(names, values, 1);

	if (conn)
		/* So that the reason of a refusal can be told from its SQLSTATE. */
		PQsetErrorVerbosity(conn, PQERRORS_VERBOSE);
	return conn;
}

/* connect_timeout, which libpq keeps in its blocking calls alone. */
static uint64_t
connect_ns_of(const PQconninfoOption *option)
{
	uint64_t s = CONNECT_S;

	for (; option->keyword; option++)
		if (strcmp(option->keyword, "connect_timeout") == 0 && option->val)
			tayra__option_u64(option->val, 1, CONNECT_MOST_S, &s);
	return s * TAYRA_NS_PER_S;
}

int
tayra__pg_conninfo(const char *conninfo, uint64_t *connect_ns, const struct tayra__complaint *why)
{
	char *error = NULL;
	PQconninfoOption *options = PQconninfoParse(conninfo, &error);

	if (options) {
		*connect_ns = connect_ns_of(options);
		PQconninfoFree(options);
		return TAYRA_OK;
	}
	tayra__complain(why, "PostgreSQL: %s", error ? error : "out of memory");
	PQfreemem(error);
	return error ? TAYRA_E_INVAL : TAYRA_E_NOMEM;
}

int
tayra__pg_connect(struct tayra__pg *pg, const char *conninfo, bool for_replication,
		  const struct tayra__pg_patience *patience, const struct tayra__complaint *why)
{
	PostgresPollingStatusType state = PGRES_POLLING_WRITING;

	pg->conn = begin_connecting(conninfo, for_replication);
	if (!pg->conn)
		return TAYRA_E_NOMEM;
	PQsetNoticeReceiver(pg->conn, ignore_notice, NULL);
	while (PQstatus(pg->conn) != CONNECTION_BAD && state != PGRES_POLLING_OK &&
	       state != PGRES_POLLING_FAILED) {
		struct pollfd fd = { .fd = PQsocket(pg->conn),
				     .events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT };

		/* libpq must not be asked before the socket is ready. */
		if (poll(&fd, 1, SLICE_MS) > 0)
			state = PQconnectPoll(pg->conn);
		if (!patience->go_on(patience->arg))
			return TAYRA_E_CANCELLED;
	}
	if (PQstatus(pg->conn) == CONNECTION_OK && PQsetnonblocking(pg->conn, 1) == 0)
		return TAYRA_OK;
	tayra__pg_complain_refused(PQerrorMessage(pg->conn), why);
	return tayra__pg_refused_too_many(PQerrorMessage(pg->conn)) ? TAYRA_E_OVERLOAD
								    : TAYRA_E_ORIGIN;
}
