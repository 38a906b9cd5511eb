/* SPDX-License-Identifier: Apache-2.0
 *
 * advice.h: where the time goes, and what follows from the measurements, by rules that are a table;
 * docs/design/showcase.md lists them.  Each piece of advice names the figures it stands on.
 */
#ifndef TAYRA_SHOWCASE_ADVICE_H
#define TAYRA_SHOWCASE_ADVICE_H

#include "showcase/results.h"

struct tayra__advice {
	const char *rule; /* its name in the table */
	char text[320];
};

/* The stage of the busy day. */
uint32_t tayra__advice_busy(void);
/* The mean over the rounds, ms a request; NaN when the stage did not run. */
double tayra__advice_part(const struct tayra__results *results, uint32_t stage, uint32_t arm,
			  enum tayra__part part);
/* The same of other_cpu_ms. */
double tayra__advice_other_cpu(const struct tayra__results *results, uint32_t stage, uint32_t arm);
/* The part with most of the time of an arm on the busy day; *share of all of it.  TAYRA__PARTS:
 * not known. */
enum tayra__part tayra__advice_bottleneck(const struct tayra__results *results, uint32_t arm,
					  double *share);

/* The rules, for the documentation's test; NULL after the last. */
const char *tayra__advice_rule(uint32_t i);
/* The i-th piece of advice; false: there are no more. */
bool tayra__advice_next(const struct tayra__results *results, uint32_t i,
			struct tayra__advice *out);

#endif
