/* SPDX-License-Identifier: Apache-2.0
 *
 * ranges.h: named intervals under each other on one scale, with a band: a forest plot, a tornado.
 * Drawing and table come from the same numbers; in Markdown the table stands alone.
 */
#ifndef TAYRA_REPORT_RANGES_H
#define TAYRA_REPORT_RANGES_H

#include "report/sheet.h"

#include <stdbool.h>
#include <stddef.h>

#define TAYRA__RANGES_MAX 16

/* NaN: not known. */
struct tayra__range {
	char name[64];
	double value, lo, hi;
	unsigned look; /* of report/plot.h */
};

struct tayra__ranges {
	const char *what;                /* one sentence, for those who do not see it */
	const char *name, *unit, *words; /* heads of the table; what the drawing shows, in words */
	bool log;
	double centre;           /* a line across; NaN: none */
	double band_lo, band_hi; /* NaN: none */
	struct tayra__range row[TAYRA__RANGES_MAX];
	size_t count;
};

void tayra__ranges_put(const struct tayra__ranges *ranges, struct tayra__sheet *sheet);

#endif
