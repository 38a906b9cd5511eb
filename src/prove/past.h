/* SPDX-License-Identifier: Apache-2.0
 *
 * past.h: verdicts of a history in memory, by what was measured, in order of time; and whether its
 * figure rises or falls.  Knows nothing of files.
 */
#ifndef TAYRA_PROVE_PAST_H
#define TAYRA_PROVE_PAST_H

#include "prove/history.h"
#include "stat/trend.h"

#include <stddef.h>

struct tayra__past {
	const char *bench, *metric;      /* what is wanted; NULL: all */
	struct tayra__history_row *rows; /* without their pairs */
	size_t count, room;
	/* The newest of them with its pairs: a, then b at TAYRA__HISTORY_PAIRS. */
	struct tayra__history_row last;
	double *pairs;
	bool no_memory;
};

/* => TAYRA_OK, TAYRA_E_NOMEM. */
int tayra__past_init(struct tayra__past *past, const char *bench, const char *metric);
void tayra__past_fini(struct tayra__past *past);
/* Keep a row, if it is wanted; of tayra__history_reader.  False: no_memory. */
bool tayra__past_keep(void *past, const struct tayra__history_row *row);
/* After the last: rows of one series together, in order of time; what a merge doubled, once. */
void tayra__past_sort(struct tayra__past *past);
/* Where the series ends that begins at `from`. */
size_t tayra__past_series(const struct tayra__past *past, size_t from);
/* The trend of b's figure over a series' newest thousand, as a relative change a run.
 * => as tayra__trend(). */
int tayra__past_trend(const struct tayra__history_row *rows, size_t n, struct tayra__trend *out);

#endif
