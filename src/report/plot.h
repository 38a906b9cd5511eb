/* SPDX-License-Identifier: Apache-2.0
 *
 * plot.h: lines over one axis: what is drawn and what its table says come from the same numbers.
 * In Markdown the table stands alone; on a terminal there is nothing.
 */
#ifndef TAYRA_REPORT_PLOT_H
#define TAYRA_REPORT_PLOT_H

#include "report/sheet.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#define TAYRA__PLOT_LINES  11
#define TAYRA__PLOT_ZONES  64
#define TAYRA__PLOT_RULES  8
#define TAYRA__PLOT_TICKS  10
#define TAYRA__PLOT_POINTS 160 /* about so many of a line can be told apart */

struct tayra__plot_axis {
	const char *name; /* "ms", "share of requests"; also what the table calls it */
	bool log;         /* values that are not above 0 are left out then */
	bool whole;       /* it counts: nothing is between two whole numbers */
	/* Chosen, when there are none. */
	struct {
		double at;
		const char *label;
	} tick[TAYRA__PLOT_TICKS];
	size_t ticks;
};

/* NaN: a gap; no band. */
struct tayra__plot_value {
	double y, lo, hi;
};

struct tayra__plot_line {
	char name[80];
	unsigned look; /* colour, dash and mark; lines alike in it are alike */
	bool loose;    /* marks that no line joins */
	bool thin;     /* of the same thing as another of its look */
};

struct tayra__plot {
	const char *what; /* one sentence, for those who do not see it */
	struct tayra__plot_axis x, y;
	size_t lines, points;
	double *at;                      /* [points]: x, ascending */
	char (*label)[24];               /* [points]: how the table calls it; "": by its x */
	struct tayra__plot_value *value; /* [line * points + point] */
	struct tayra__plot_line line[TAYRA__PLOT_LINES];
	/* Shaded stretches of x, and straight lines across, with names. */
	struct {
		double from, to;
		const char *name;
	} zone[TAYRA__PLOT_ZONES];
	size_t zones;
	struct {
		double at;
		bool upright; /* at an x */
		char name[48];
	} rule[TAYRA__PLOT_RULES];
	size_t rules;
};

/* All values NaN.  => TAYRA_OK; TAYRA_E_NOMEM; TAYRA_E_TOO_LARGE: more lines than it can. */
int tayra__plot_init(struct tayra__plot *plot, size_t lines, size_t points);
void tayra__plot_fini(struct tayra__plot *plot);
struct tayra__plot_value *tayra__plot_value(struct tayra__plot *plot, size_t line, size_t point);
__attribute__((format(printf, 4, 5))) void tayra__plot_rule(struct tayra__plot *plot, double at,
							    bool upright, const char *name, ...);
/* It has a place on that axis. */
static inline bool
tayra__plot_drawable(const struct tayra__plot_axis *axis, double value)
{
	return isfinite(value) && (!axis->log || value > 0);
}
static inline const struct tayra__plot_value *
tayra__plot_at(const struct tayra__plot *plot, size_t line, size_t point)
{
	return &plot->value[line * plot->points + point];
}
/* Nothing of it can be drawn. */
bool tayra__plot_empty(const struct tayra__plot *plot);
/* Drawing, legend and table; nothing when it is empty. */
void tayra__plot_put(const struct tayra__plot *plot, struct tayra__sheet *sheet);

#endif
