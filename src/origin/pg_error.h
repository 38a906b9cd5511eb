/* SPDX-License-Identifier: Apache-2.0
 *
 * pg_error.h: what PostgreSQL's errors mean to a load.
 */
#ifndef TAYRA_ORIGIN_PG_ERROR_H
#define TAYRA_ORIGIN_PG_ERROR_H

#include <stdbool.h>

#include "origin/complaint.h"

/*
 * A SQLSTATE of five characters (PostgreSQL's appendix A); `context` is the error's, or NULL.
 * => a status < 0, TAYRA_E_ORIGIN for what is not known.
 */
int tayra__pg_status(const char *sqlstate, const char *context);
/* The server is leaving, or the connection is no longer one. */
bool tayra__pg_is_connection(const char *sqlstate);
/* The statement must be prepared anew, and nothing was executed. */
bool tayra__pg_is_unprepared(const char *sqlstate);
/* What is wrong may be the data of one row, or a parameter. */
bool tayra__pg_is_data(const char *sqlstate);
/* The message of a refused connection, with verbose errors: are there too many of them? */
bool tayra__pg_refused_too_many(const char *message);
/* The same message for people: what the server said alone, or where none was reached and why. */
void tayra__pg_complain_refused(const char *message, const struct tayra__complaint *why);

#endif
