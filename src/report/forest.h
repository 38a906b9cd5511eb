/* SPDX-License-Identifier: Apache-2.0
 *
 * forest.h: comparisons as intervals on one scale, as inline SVG; colours come from the page.
 */
#ifndef TAYRA_REPORT_FOREST_H
#define TAYRA_REPORT_FOREST_H

#include <stdio.h>

#include <tayra/prove.h>

/* An interval on a logarithmic scale from a twentieth to twentyfold; right is better. */
void tayra__forest_interval(const struct tayra_comparison *c, enum tayra_better better, FILE *out);
/* The scale that stands under a column of intervals. */
void tayra__forest_scale(FILE *out);

#endif
