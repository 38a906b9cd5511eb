/* SPDX-License-Identifier: Apache-2.0
 *
 * pg_connection.h: one connection to a PostgreSQL server with a prepared statement, and maybe one
 * for many keys.  Never blocks longer than 10 ms without asking whether to go on, but for looking
 * up a host's name, which libpq does in blocking form only, and for cancelling, which takes up to a
 * second.  Not thread-safe.
 */
#ifndef TAYRA_ORIGIN_PG_CONNECTION_H
#define TAYRA_ORIGIN_PG_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "origin/complaint.h"
#include "origin/keylist.h"
#include "origin/pattern.h"
#include "origin/shape.h"

struct pg_result;

/* Asked at least every 10 ms while something is waited for; false: give it up. */
struct tayra__pg_patience {
	bool (*go_on)(void *arg);
	void *arg;
};

struct tayra__pg_statement {
	bool binary; /* results as bytes, not text */
	int columns;
	char **names;
	enum tayra__cell_kind *kinds;
	struct tayra__cell *cells; /* of the row being read */
};

struct tayra__pg {
	struct pg_conn *conn; /* PGconn; NULL: closed */
	struct tayra__pg_statement plain, batch, version;
	bool batch_refused; /* the server does not take it now: keys are to be asked for alone */
	bool unprepared;    /* the last statement failed because it has to be prepared anew */
	bool binary_value;  /* of a write: its value is a bytea */
	bool of_data;       /* it failed over what may be one key's data */
	bool flooded;       /* it had so many rows that nobody wants that it is not worth its end */
	char *text;         /* the parameters, terminated */
	size_t text_room;
	struct tayra__pg_errand *errand; /* to cancel: it may be out longer than the connection */
};

/* What is connected to, and what is asked there.  Borrowed. */
struct tayra__pg_target {
	const char *conninfo, *sql;
	uint32_t parts;
	enum tayra_shape shape;
	const char *batch; /* NULL: there is none */
	const struct tayra__spread *spread;
	const char *version; /* the same */
	bool writes;         /* sql is for tayra__pg_write(), and there is nothing else */
};

/* => TAYRA_OK: it can be read, and says how long connecting may take.  TAYRA_E_INVAL,
 * TAYRA_E_NOMEM.
 */
int tayra__pg_conninfo(const char *conninfo, uint64_t *connect_ns,
		       const struct tayra__complaint *why);
/* Connect and no more; as tayra__pg_open(), but after a failure it is for the caller to close.
 * For replication it takes the commands of that protocol too. */
int tayra__pg_connect(struct tayra__pg *pg, const char *conninfo, bool for_replication,
		      const struct tayra__pg_patience *patience,
		      const struct tayra__complaint *why);
/* Run SQL whose rows nobody wants.  => TAYRA_E_INVAL: the server refuses it.  TAYRA_E_ORIGIN,
 * TAYRA_E_CANCELLED. */
int tayra__pg_run(struct tayra__pg *pg, const char *sql, const struct tayra__pg_patience *patience,
		  const struct tayra__complaint *why);
/* The same; *out is its last result (PGresult; NULL: none came), to be cleared in any case.  One
 * that begins to copy in both directions is the last. */
int tayra__pg_query(struct tayra__pg *pg, const char *sql,
		    const struct tayra__pg_patience *patience, struct pg_result **out,
		    const struct tayra__complaint *why);
/*
 * Connect and prepare.  pg is closed before, and after any failure.  A batch that cannot be is no
 * failure: pg->batch_refused, and `why` says so.
 * => TAYRA_E_ORIGIN: the server cannot be reached or refuses.  TAYRA_E_OVERLOAD: it has too many
 *    connections.  TAYRA_E_INVAL: the statement.  TAYRA_E_CANCELLED: given up.  TAYRA_E_NOMEM.
 */
int tayra__pg_open(struct tayra__pg *pg, const struct tayra__pg_target *target,
		   const struct tayra__pg_patience *patience, const struct tayra__complaint *why);
/* An idle connection: has the server ended it? */
bool tayra__pg_alive(struct tayra__pg *pg);
/*
 * Run the statement; its rows go into *result.  Given up, it is cancelled on the server.  Closed
 * afterwards if nothing more can be asked on it.
 * => TAYRA_E_INVAL: a part has a byte 0.  TAYRA_E_CANCELLED: given up.  TAYRA_E_NOMEM.  Else what
 *    tayra__pg_status() says, TAYRA_E_ORIGIN also for a connection that broke.
 */
int tayra__pg_ask(struct tayra__pg *pg, const struct tayra__part *parts, uint32_t n,
		  struct tayra__result *result, const struct tayra__pg_patience *patience,
		  const struct tayra__complaint *why);
/* The same, for the version of the value. */
int tayra__pg_ask_version(struct tayra__pg *pg, const struct tayra__part *parts, uint32_t n,
			  struct tayra__result *result, const struct tayra__pg_patience *patience,
			  const struct tayra__complaint *why);
/* The same for all keys of the spread; their list is made in *list. */
int tayra__pg_ask_many(struct tayra__pg *pg, struct tayra__spread *spread,
		       struct tayra__keylist *list, const struct tayra__pg_patience *patience,
		       const struct tayra__complaint *why);
/*
 * A query for each key of the spread, all sent before the first is answered.  answered() is told
 * how each ended, in order, its rows in its result; it finishes it.  Whatever is between the last
 * that was told and the end was not answered, and the connection is closed.
 * => TAYRA_OK: all, or the rest is to be asked again.  TAYRA_E_CANCELLED: given up.
 *    TAYRA_E_ORIGIN: the connection broke under the next.  TAYRA_E_NOMEM.
 */
int tayra__pg_ask_each(struct tayra__pg *pg, struct tayra__spread *spread,
		       void (*answered)(void *arg, uint32_t i, int status), void *arg,
		       const struct tayra__pg_patience *patience,
		       const struct tayra__complaint *why);
/*
 * Run the statement that writes; its value is behind the parts.  When this returns the server is
 * not at it any more, or the connection is gone.
 * => TAYRA_E_NOT_FOUND: it changed no row.  TAYRA_E_INVAL: the database does not take a part or the
 *    value.  Else as tayra__pg_ask().
 */
int tayra__pg_write(struct tayra__pg *pg, const struct tayra__part *parts, uint32_t n,
		    const void *value, size_t len, const struct tayra__pg_patience *patience,
		    const struct tayra__complaint *why);
void tayra__pg_close(struct tayra__pg *pg);
/* Of one that has asked something, at last: what it told the server to cancel is waited for no
 * more. */
void tayra__pg_fini(struct tayra__pg *pg);

#endif
