/* SPDX-License-Identifier: Apache-2.0
 *
 * plot_draw.h: a plot as inline SVG; colours come from the page, which has dashes and marks
 * besides.
 */
#ifndef TAYRA_REPORT_PLOT_DRAW_H
#define TAYRA_REPORT_PLOT_DRAW_H

#include "report/plot.h"

/* Drawing and legend of one that is not empty. */
void tayra__plot_draw(const struct tayra__plot *plot, FILE *out);
/* The mark of a look at a place. */
void tayra__plot_mark(FILE *out, unsigned look, double x, double y);

#endif
