/* SPDX-License-Identifier: Apache-2.0
 *
 * reading.h: one number out of a registry: what alerts and the page's headlines are made of.
 */
#ifndef TAYRA_WATCH_READING_H
#define TAYRA_WATCH_READING_H

#include "watch/row.h"

struct tayra__registry;

/* How several matching samples become one number. */
enum tayra__reading_join {
	TAYRA__READING_SUM,
	TAYRA__READING_MOST,
	TAYRA__READING_LEAST,
};

/* What is taken of a histogram; of anything else there is only its value. */
enum tayra__reading_of {
	TAYRA__READING_VALUE, /* the quantile, or its mean */
	TAYRA__READING_COUNT, /* how many there were: a counter */
	TAYRA__READING_OVER,  /* how many lay above `over`: a counter */
};

struct tayra__reading {
	const char *metric; /* a row's name, without "_total" */
	/* Only samples that carry all of these; the first without a name ends them. */
	struct tayra__watch_label labels[TAYRA__WATCH_LABELS];
	enum tayra__reading_join join;
	double quantile; /* of a histogram, in (0, 1]: that of the highest series; 0: its mean */
	enum tayra__reading_of of;
	double over;  /* in the row's unit, kept to the width of a bin (base/hist.h) */
	double value; /* set: NaN when there is no sample */
};

/* The reading only grows, and its growth over a window is one of the row. */
bool tayra__reading_is_counter(const struct tayra__reading *reading,
			       const struct tayra__watch_row *row);
/* Fill every reading's value, all from one visit. */
void tayra__readings_take(struct tayra__registry *registry, struct tayra__reading *readings,
			  size_t count);

#endif
