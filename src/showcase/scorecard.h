/* SPDX-License-Identifier: Apache-2.0
 *
 * scorecard.h: three scores of 0 to 10, each computed from what this run measured, with the
 * evidence it was computed from.  Their formulas, and why they are what they are, stand in
 * docs/design/showcase.md.
 */
#ifndef TAYRA_SHOWCASE_SCORECARD_H
#define TAYRA_SHOWCASE_SCORECARD_H

#include "showcase/results.h"

enum tayra__score_kind {
	TAYRA__SCORE_COMPLEXITY,
	TAYRA__SCORE_INNOVATION,
	TAYRA__SCORE_BUSINESS_IMPACT,
	TAYRA__SCORES,
};

#define TAYRA__SCORE_MOST     10.0
#define TAYRA__SCORE_EVIDENCE 4

struct tayra__score {
	const char *name, *formula;
	double value;                              /* NaN: the run cannot be believed */
	char evidence[TAYRA__SCORE_EVIDENCE][320]; /* "": no more */
};

void tayra__scorecard(const struct tayra__results *results, struct tayra__score out[TAYRA__SCORES]);

#endif
