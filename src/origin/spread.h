/* SPDX-License-Identifier: Apache-2.0
 *
 * spread.h: several loads asked for by one query, and its rows spread over them: to each the value
 * its own query would have had.  The first columns of a row are the parts of the key it is for,
 * byte for byte.  What cannot be asked together is asked alone.  Of one thread.
 *
 *     n = tayra__spread_begin(spread, loads, n);
 *     if (n) .. ask for spread->wanted[0 .. n), hand each row to tayra__spread_sink() ..
 *     tayra__spread_end(spread, outcome, one, arg, worker);
 */
#ifndef TAYRA_ORIGIN_SPREAD_H
#define TAYRA_ORIGIN_SPREAD_H

#include "origin/pattern.h"
#include "origin/shape.h"
#include "origin/worker.h"

struct tayra__wanted {
	struct tayra_load *load; /* NULL: finished */
	struct tayra__part parts[TAYRA__PATTERN_PARTS];
	struct tayra__result result;
};

struct tayra__spread {
	const struct tayra__pattern *keys;
	const struct tayra__shape *shape;
	struct tayra_load **loads; /* those to be asked alone, and behind them those together */
	uint32_t alone, count;
	uint32_t strays;              /* rows of no key */
	uint32_t surplus;             /* rows that change nothing */
	struct tayra__wanted *wanted; /* no key twice */
};

/* What a query for many ended with. */
struct tayra__outcome {
	int status; /* of all, unless: */
	bool data;  /* what is wrong may be one key's: each is asked alone */
};

/* Borrows keys and shape.  => TAYRA_E_NOMEM. */
int tayra__spread_create(const struct tayra__pattern *keys, const struct tayra__shape *shape,
			 uint32_t loads_max, struct tayra__spread **out);
/* The query for one key and that for many, as they are prepared: do they say the same?  =>
 * TAYRA_OK, TAYRA_E_INVAL. */
int tayra__spread_columns(const struct tayra__spread *spread, const char *const *plain,
			  uint32_t plain_columns, const char *const *batch, uint32_t batch_columns,
			  const struct tayra__complaint *why);
void tayra__spread_destroy(struct tayra__spread *spread);
/*
 * Fails those whose keys do not match the pattern.  Alone go a key that is no text (a byte 0, bytes
 * that are no UTF-8), a key that is there already, and one without company.
 * => how many are to be asked for together: 0, or 2 and more.
 */
uint32_t tayra__spread_begin(struct tayra__spread *spread, struct tayra_load **loads, uint32_t n);
/* The loads that are asked for together; spread->count of them. */
struct tayra_load **tayra__spread_loads(const struct tayra__spread *spread);
/* ENOUGH: so many rows change nothing that the query is not worth its end. */
struct tayra__sink tayra__spread_sink(struct tayra__spread *spread);
/* One of them, before the end: by its rows with TAYRA_OK.  => what it was finished with. */
int tayra__spread_finish(struct tayra__spread *spread, uint32_t i, int status);
/* They were finished otherwise. */
void tayra__spread_drop(struct tayra__spread *spread);
/*
 * Finish those that are not.  Alone go also keys without a row when there was a row of no key,
 * which the database may write otherwise than it was asked for; and all, when there were too many
 * rows.
 */
void tayra__spread_end(struct tayra__spread *spread, const struct tayra__outcome *outcome,
		       tayra__work_fn one, void *arg, uint32_t worker);

#endif
