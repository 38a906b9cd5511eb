/* SPDX-License-Identifier: Apache-2.0 */
#include "origin/sqlite_open.h"

#include <sqlite3.h>

#include <tayra/base.h>

/* How long a lock is waited for while there is no load: in opening. */
#define BUSY_OPENING_MS 5000

int
tayra__sqlite_open(const char *path, enum tayra__sqlite_use use, struct sqlite3 **db,
		   const struct tayra__complaint *why)
{
	const int mode = use == TAYRA__SQLITE_WRITE ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
	int rc = sqlite3_open_v2(path, db, mode | SQLITE_OPEN_NOMUTEX, NULL);

	if (rc == SQLITE_OK)
		sqlite3_busy_timeout(*db, BUSY_OPENING_MS);
	if (rc == SQLITE_OK) /* opening is lazy: a file that is no database shows here */
		rc = sqlite3_exec(*db, "SELECT count(*) FROM sqlite_master", NULL, NULL, NULL);
	/* What may only be read is opened all the same. */
	if (rc == SQLITE_OK && use == TAYRA__SQLITE_WRITE && sqlite3_db_readonly(*db, "main")) {
		tayra__complain(why, "%s: it may not be written", path);
		return TAYRA_E_IO;
	}
	if (rc == SQLITE_OK)
		return TAYRA_OK;
	tayra__complain(why, "%s: %s", path, *db ? sqlite3_errmsg(*db) : sqlite3_errstr(rc));
	return rc == SQLITE_NOMEM ? TAYRA_E_NOMEM : TAYRA_E_IO;
}
