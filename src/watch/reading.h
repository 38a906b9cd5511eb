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

struct tayra__reading {
	const char *metric; /* a row's name, without "_total" */
	/* Only samples that carry all of these; the first without a name ends them. */
	struct tayra__watch_label labels[TAYRA__WATCH_LABELS];
	enum tayra__reading_join join;
	double quantile; /* of a histogram, in (0, 1]: that of the highest series; 0: its mean */
	double value;    /* set: NaN when there is no sample */
};

/* Fill every reading's value, all from one visit. */
void tayra__readings_take(struct tayra__registry *registry, struct tayra__reading *readings,
			  size_t count);

#endif
