/* SPDX-License-Identifier: Apache-2.0
 *
 * sqlite_open.h: a connection to an SQLite database that is there.
 */
#ifndef TAYRA_ORIGIN_SQLITE_OPEN_H
#define TAYRA_ORIGIN_SQLITE_OPEN_H

#include "origin/complaint.h"

struct sqlite3;

enum tayra__sqlite_use { TAYRA__SQLITE_READ, TAYRA__SQLITE_WRITE };

/* Of one thread at a time; waits up to 5 s for a lock, in opening and until somebody says
 * otherwise.  *db is to be closed also after a failure.  => TAYRA_E_IO, TAYRA_E_NOMEM. */
int tayra__sqlite_open(const char *path, enum tayra__sqlite_use use, struct sqlite3 **db,
		       const struct tayra__complaint *why);

#endif
