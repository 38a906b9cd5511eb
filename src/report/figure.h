/* SPDX-License-Identifier: Apache-2.0
 *
 * figure.h: figures as people read them: about three digits, an interval beside.
 */
#ifndef TAYRA_REPORT_FIGURE_H
#define TAYRA_REPORT_FIGURE_H

#include <tayra/prove.h>

/* About three digits: "0.0123" "1.23" "45.6" "789" "12.3k" "-"; returns text. */
const char *tayra__figure_number(double value, char text[16]);
/* Four digits, for ratios and money: "1.174" "0.9978" "2146"; "-"; returns text. */
const char *tayra__figure_digits(double value, char text[24]);
/* As short as it is exact: "1" "0.25" "20" "150k"; for the ends of scales; returns text. */
const char *tayra__figure_tick(double value, char text[16]);
/* "1.02 .. 1.50"; "-" when it is not known; returns text. */
const char *tayra__figure_interval(double lo, double hi, char text[40]);
/* The interval of a comparison; where zeros or too few rounds leave none, what is known instead:
 * "p 0.0312", "all 0", "0 in most rounds"; returns text. */
const char *tayra__figure_bounds(const struct tayra_comparison *c, char text[40]);
/* "1.23 (1.02 .. 1.50)", or with why there is no interval; returns text. */
const char *tayra__figure_ratio(const struct tayra_comparison *c, char text[64]);

#endif
