/* SPDX-License-Identifier: Apache-2.0
 *
 * svg_time.h: where the time of a request goes, drawn: a bar an arm, in parts, on one scale.
 */
#ifndef TAYRA_SHOWCASE_SVG_TIME_H
#define TAYRA_SHOWCASE_SVG_TIME_H

#include <stdint.h>
#include <stdio.h>

struct tayra__results;

/* Of a stage that was run, plain, tuned and tayra.  Nothing when no time was measured. */
void tayra__svg_time(const struct tayra__results *results, uint32_t stage, FILE *out);

#endif
