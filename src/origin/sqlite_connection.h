/* SPDX-License-Identifier: Apache-2.0
 *
 * sqlite_connection.h: a connection that works for loads: a statement on it ends, and stops waiting
 * for somebody else's lock on the database, when none of them is worth it any more.  Of one thread.
 */
#ifndef TAYRA_ORIGIN_SQLITE_CONNECTION_H
#define TAYRA_ORIGIN_SQLITE_CONNECTION_H

#include <stdint.h>

#include "origin/complaint.h"
#include "origin/pattern.h"

struct sqlite3;
struct sqlite3_stmt;
struct tayra_load;

struct tayra__sqlite {
	struct sqlite3 *db;
	struct tayra_load *const *loads; /* running on it now */
	uint32_t count;
};

/* From now on, where it is. */
void tayra__sqlite_watch(struct tayra__sqlite *c);
/* Just one statement.  => TAYRA_E_INVAL, TAYRA_E_NOMEM; *out is for the caller to finalize. */
int tayra__sqlite_prepare(struct sqlite3 *db, const char *sql, struct sqlite3_stmt **out,
			  const struct tayra__complaint *why);
/* The parts of the load's key as ?1, ?2, ..  => TAYRA_E_INVAL: it is none of these keys.
 * TAYRA_E_NOMEM. */
int tayra__sqlite_bind_key(struct sqlite3_stmt *statement, const struct tayra__pattern *keys,
			   const struct tayra_load *load);
/* What a step said that is neither a row nor the end, as a status. */
int tayra__sqlite_broken(const struct tayra__sqlite *c, int rc, const struct tayra__complaint *why);

#endif
