/* SPDX-License-Identifier: Apache-2.0 */
#include "origin/sqlite_open.h"

#include <sqlite3.h>

#include <tayra/base.h>

/* How long a lock is waited for while there is no load: in opening. */
#define BUSY_OPENING_MS 5000

int
tayra__sqlite_open(const char *path, struct sqlite3 **db, const struct tayra__complaint *why)
{
	int rc = sqlite3_open_v2(path, db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);

	if (rc == SQLITE_OK)
		sqlite3_busy_timeout(*db, BUSY_OPENING_MS);
	if (rc == SQLITE_OK) /* opening is lazy: a file that is no database shows here */
		rc = sqlite3_exec(*db, "SELECT count(*) FROM sqlite_master", NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		return TAYRA_OK;
	tayra__complain(why, "%s: %s", path, *db ? sqlite3_errmsg(*db) : sqlite3_errstr(rc));
	return rc == SQLITE_NOMEM ? TAYRA_E_NOMEM : TAYRA_E_IO;
}
