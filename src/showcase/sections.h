/* SPDX-License-Identifier: Apache-2.0
 *
 * sections.h: the parts of a report that are the same in all its forms: where time goes, efficiency
 * and capacity, money, what to do, and the scorecard.
 */
#ifndef TAYRA_SHOWCASE_SECTIONS_H
#define TAYRA_SHOWCASE_SECTIONS_H

#include "showcase/results.h"
#include "report/sheet.h"

/* All of them, in that order. */
void tayra__sections_write(const struct tayra__results *results, enum tayra__form form, FILE *out);

/* "1.23 (1.10 .. 1.40)"; returns text. */
const char *tayra__sections_estimate(const struct tayra__estimate *estimate, char text[64]);

#endif
