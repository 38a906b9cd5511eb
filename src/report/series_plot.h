/* SPDX-License-Identifier: Apache-2.0
 *
 * series_plot.h: a series of a history as plots: its figures with their trend, its ratios with
 * their intervals.
 */
#ifndef TAYRA_REPORT_SERIES_PLOT_H
#define TAYRA_REPORT_SERIES_PLOT_H

#include "prove/past.h"
#include "report/plot.h"

struct tayra__series {
	struct tayra__plot figures, ratios; /* of the newest TAYRA__PLOT_POINTS runs */
	struct tayra__trend trend;
	size_t runs;
	char unit[40]; /* the plots point to it */
};

/* Rows of one series, in order of time; they are not needed afterwards.  Not to be moved.  =>
 * TAYRA_OK, TAYRA_E_NOMEM: nothing to fini. */
int tayra__series_init(struct tayra__series *series, const struct tayra__history_row *rows,
		       size_t n);
void tayra__series_fini(struct tayra__series *series);
/* "4 runs: +1.20% a run (+0.1 .. +2.3), p 0.04: it rises"; returns text. */
const char *tayra__series_sentence(size_t runs, const struct tayra__trend *trend, char text[160]);
/* The plots and the sentence. */
void tayra__series_put(const struct tayra__series *series, struct tayra__sheet *sheet);

#endif
