/* SPDX-License-Identifier: Apache-2.0
 *
 * sqlite_write.h: the way back into an SQLite database: one statement, one thread, one connection,
 * for SQLite lets one write at a time.
 */
#ifndef TAYRA_ORIGIN_SQLITE_WRITE_H
#define TAYRA_ORIGIN_SQLITE_WRITE_H

#include <tayra/tayra.h>

#include "origin/complaint.h"
#include "origin/pattern.h"

struct tayra__sqlite_writer;
struct tayra__trouble;

/* keys and trouble are borrowed.  => TAYRA_E_IO, TAYRA_E_INVAL: the statement.  TAYRA_E_NOMEM. */
int tayra__sqlite_writer_open(const char *path, const char *sql, const struct tayra__pattern *keys,
			      struct tayra__trouble *trouble, struct tayra__sqlite_writer **out,
			      const struct tayra__complaint *why);
/* A load that is a write: it is finished. */
void tayra__sqlite_writer_push(struct tayra__sqlite_writer *writer, struct tayra_load *load);
/* No load is left.  NULL: nothing. */
void tayra__sqlite_writer_close(struct tayra__sqlite_writer *writer);

#endif
