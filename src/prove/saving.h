/* SPDX-License-Identifier: Apache-2.0
 *
 * saving.h: what a difference in processor time means: efficiency, headroom, money; each with an
 * interval.  Pure.
 */
#ifndef TAYRA_PROVE_SAVING_H
#define TAYRA_PROVE_SAVING_H

#include "prove/prices.h"

#include <tayra/prove.h>

/* A figure with its 95% interval; NaN: cannot be said. */
struct tayra__saving_figure {
	double value, lo, hi;
};

struct tayra__saving {
	struct tayra__saving_figure efficiency_a,
		efficiency_b;                 /* requests per second of processor time */
	struct tayra__saving_figure headroom; /* how many times as many requests the same processors
						 answer, where they are the bound */
	/* Money; NaN when there is a why_not. */
	struct tayra__saving_figure cost_a, cost_b; /* a month */
	struct tayra__saving_figure saving; /* a month, after per_month; below 0: it costs more */
	struct tayra__saving_figure gain;   /* over the months, after `once` too */
	double positive;                    /* the share of draws in which the gain is above 0 */
	char why_not[120];
	/* How far each input alone moves the gain, the others at their middle; the widest first:
	 * what was measured, over its 95% interval, and every price that is a range, over all of
	 * it. */
	struct {
		const char *input; /* "processor time, as measured", or the name of the price */
		double lo, hi;
	} tornado[1 + TAYRA__PRICES];
	size_t inputs;
};

/*
 * From pairs of processor times, ms for a request, of equal rounds.
 * => Intervals: pairs are drawn anew with replacement 4,000 times, a and b of a round together, and
 *    all is computed again from their means; widened for few pairs by Student's t (Hesterberg, The
 *    American Statistician 69, 2015, section 4.4).  Means, not medians: money adds up.  A price
 * that is a range is drawn anew as well, evenly.
 * => No money when the verdict is UNDECIDED or INVALID, when no prices are given, or with fewer
 * than 6 pairs: why_not has the reason.
 * => TAYRA_OK, TAYRA_E_INVAL (a time that is not above 0), TAYRA_E_NOMEM.
 */
int tayra__saving_compute(const double *a_ms, const double *b_ms, uint32_t n,
			  enum tayra_verdict verdict, const struct tayra__prices *prices,
			  uint64_t seed, struct tayra__saving *out);

#endif
