/* SPDX-License-Identifier: Apache-2.0
 *
 * svg.h: the charts of the report, as inline SVG that needs no script and no font.  Colours come
 * from the page's classes: a0 plain, a1 tuned, a2 tayra; lines differ in dashes too.
 */
#ifndef TAYRA_SHOWCASE_SVG_H
#define TAYRA_SHOWCASE_SVG_H

#include <stdio.h>

#include "showcase/results.h"

/* Latency by share of requests, logarithmic, one line an arm.  deadline_ms 0: none is drawn. */
void tayra__svg_curves(const struct tayra__stage_figures *figures, double deadline_ms, FILE *out);
/* What each arm answered over time while the database hung, was gone and came back. */
void tayra__svg_outage(const struct tayra__outage outage[TAYRA__SHOWCASE_ARMS], FILE *out);
#endif
