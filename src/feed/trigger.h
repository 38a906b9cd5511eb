/* SPDX-License-Identifier: Apache-2.0
 *
 * trigger.h: what the SQL that makes a table tell its changes is made from, checked.
 */
#ifndef TAYRA_FEED_TRIGGER_H
#define TAYRA_FEED_TRIGGER_H

#include <stdint.h>

#include <tayra/feed.h>

#include "feed/quote.h"
#include "origin/complaint.h"
#include "origin/pattern.h"

/* Names without a terminator, inside the caller's text. */
struct tayra__trigger {
	struct tayra__pattern keys; /* each part is a column's name */
	struct tayra__part schema;  /* len 0: none was given */
	struct tayra__part table;
	char name[32]; /* of what is made: the same for the same table, keys and `for_whom` */
};

/* The longest channel: the prefix's is this and "_prefix", and names have 63 bytes. */
#define TAYRA__TRIGGER_CHANNEL_MAX 56u

/* "table"; for PostgreSQL "schema.table" too.  => TAYRA_OK, TAYRA_E_INVAL with a complaint. */
int tayra__trigger_read(enum tayra__quote_dialect dialect, const char *keys, const char *table,
			const char *for_whom, struct tayra__trigger *out,
			const struct tayra__complaint *why);
/*
 * SQL that gives one row, "TABLE for KEYS", of the first of options.tables that has not got the
 * triggers tayra_feed_.._sql() writes for it.  *out is to be freed; NULL: there are no tables.
 * => TAYRA_OK, TAYRA_E_INVAL with a complaint, TAYRA_E_NOMEM.
 */
int tayra__trigger_lacking(enum tayra__quote_dialect dialect,
			   const struct tayra_feed_options *options, const char *for_whom,
			   char **out, const struct tayra__complaint *why);
/* A channel's name.  => TAYRA_OK, TAYRA_E_INVAL with a complaint. */
int tayra__trigger_channel(const char *channel, const struct tayra__complaint *why);

#endif
