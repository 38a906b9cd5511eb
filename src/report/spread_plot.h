/* SPDX-License-Identifier: Apache-2.0
 *
 * spread_plot.h: distributions of times as a plot: the time that a share stays within, the share as
 * one over what is left, so that the tail has room.
 */
#ifndef TAYRA_REPORT_SPREAD_PLOT_H
#define TAYRA_REPORT_SPREAD_PLOT_H

#include "prove/spread.h"
#include "report/plot.h"

struct tayra__hist;

/* => as tayra__plot_init(). */
int tayra__spread_plot_init(struct tayra__plot *plot, size_t lines);
void tayra__spread_plot_line(struct tayra__plot *plot, size_t line, const struct tayra__hist *hist);
void tayra__spread_plot_values(struct tayra__plot *plot, size_t line,
			       const struct tayra__spread *spread);
/* Around it, from slices.  => as tayra__spread_band(). */
int tayra__spread_plot_band(struct tayra__plot *plot, size_t line,
			    const struct tayra__spread *first, size_t n, size_t stride);

#endif
