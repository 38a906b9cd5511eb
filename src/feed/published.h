/* SPDX-License-Identifier: Apache-2.0
 *
 * published.h: the tables whose changes a PostgreSQL server replicates to us, and the keys that are
 * made of their rows.  One thread's.
 */
#ifndef TAYRA_FEED_PUBLISHED_H
#define TAYRA_FEED_PUBLISHED_H

#include <stdio.h>

#include <tayra/tayra.h>

#include "feed/pgoutput.h"
#include "feed/trigger.h"

/* Rows of one transaction whose keys are told one by one; of more it is the prefix. */
#define TAYRA__PUBLISHED_ROWS_MAX 1000u

struct tayra__published_table {
	struct tayra__trigger made; /* its keys, and its name as the user wrote it */
	char *name;                 /* which `made` points into */
	char schema[64];            /* where the server found it; "": nowhere yet */
	uint32_t relation;          /* its number there; 0: nothing of it was told yet */
	bool whole;                 /* all parts of the key are columns of what is published */
	bool identified;            /* and are known of a row that is gone */
	uint16_t columns[TAYRA__PATTERN_PARTS]; /* where they are in a row */
	uint32_t rows;                          /* of this transaction */
};

struct tayra__published {
	struct tayra__published_table *tables;
	size_t count;
	char *keys[2]; /* being made: TAYRA_KEY_MAX bytes */
};

/* => TAYRA_OK; TAYRA_E_INVAL with a complaint, TAYRA_E_NOMEM: nothing is left behind. */
int tayra__published_init(struct tayra__published *published, const struct tayra_feed_table *tables,
			  size_t count, const struct tayra__complaint *why);
void tayra__published_fini(struct tayra__published *published);
/* A publication's name.  => TAYRA_OK, TAYRA_E_INVAL with a complaint. */
int tayra__published_name(const char *publication, const struct tayra__complaint *why);
/* SQL whose one row says how the server has the table: see TAYRA__PUBLISHED_... below. */
void tayra__published_ask(const struct tayra__published_table *table, const char *publication,
			  FILE *out);
/* The row's columns: texts, NULL for what is null. */
enum tayra__published_column {
	TAYRA__PUBLISHED_SCHEMA,
	TAYRA__PUBLISHED_LISTED,       /* 't': the publication has it; NULL: there is no such one */
	TAYRA__PUBLISHED_MISSING,      /* a part of the key that is no column of it */
	TAYRA__PUBLISHED_UNIDENTIFIED, /* one that would not be told of a row that is gone */
	TAYRA__PUBLISHED_COLUMNS,
};
/* What that row means; NULL: there was none.  => TAYRA_OK, TAYRA_E_INVAL with a complaint. */
int tayra__published_found(struct tayra__published_table *table, const char *publication,
			   const char *const row[TAYRA__PUBLISHED_COLUMNS],
			   const struct tayra__complaint *why);
/* Relations are numbered anew by every connection. */
void tayra__published_forget(struct tayra__published *published);
/*
 * What a message says of our keys.
 * => TAYRA_OK, or the first that `tell` returned otherwise.
 */
int tayra__published_take(struct tayra__published *published, const struct tayra__pgoutput *message,
			  int (*tell)(void *arg, bool prefix, const char *bytes, size_t len),
			  void *arg);

#endif
