/* SPDX-License-Identifier: Apache-2.0
 *
 * pg_cancel.h: telling a PostgreSQL server to stop what a connection is at.  libpq waits until the
 * server has heard it, without end where that stands still; so it does on a thread of its own,
 * which is left behind if need be, one a seat.  Not thread-safe.
 */
#ifndef TAYRA_ORIGIN_PG_CANCEL_H
#define TAYRA_ORIGIN_PG_CANCEL_H

#include <stdbool.h>
#include <stdint.h>

struct pg_conn;
struct tayra__pg_errand;

/*
 * => whether the server has heard it by until_ns of the real clock.  Else *errand may be still on
 * its way: as long as it is, no other is begun.
 */
bool tayra__pg_cancel(struct tayra__pg_errand **errand, struct pg_conn *conn, uint64_t until_ns);
/* Nobody wants to know any more. */
void tayra__pg_errand_forget(struct tayra__pg_errand **errand);

#endif
