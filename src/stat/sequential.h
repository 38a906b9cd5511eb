/* SPDX-License-Identifier: Apache-2.0
 *
 * sequential.h: a test that may be looked at after every pair.  Pure; any thread.
 *
 * A bet against "the difference is as likely positive as negative": when that is so, the wealth
 * `e` has a mean of at most 1 for ever, and so exceeds 1 / alpha at any time with at most alpha
 * (Ville's inequality).
 * Source: de la Pena, Annals of Probability 27, 1999 (symmetric differences, normalised by their
 * own squares); mixed over the size of the bet: Howard, Ramdas, McAuliffe and Sekhon, Annals of
 * Statistics 49, 2021.
 * Assumes: each difference symmetric about 0 given those before, which random order inside each
 * pair makes true by itself; nothing about tails (it holds for Cauchy noise). Not for: a number of
 * pairs fixed beforehand: there the sign-flip test needs about half as many.
 */
#ifndef TAYRA_STAT_SEQUENTIAL_H
#define TAYRA_STAT_SEQUENTIAL_H

#include <stdint.h>

struct tayra__sequential {
	double scale2; /* squares that the bet expects, from the pilot alone */
	double sum, squares;
	double e, e_max; /* wealth now and at its highest; from 1 */
	uint64_t pairs;
};

/* scale: a typical |difference|, known before the first one; pairs: how many are expected, for
 * which the bet is at its best.  Both > 0. */
void tayra__sequential_init(struct tayra__sequential *test, double scale, double pairs);
/* One more difference; a NaN is left out.  Returns the p that holds however often one looked:
 * 1 / e_max, at most 1. */
double tayra__sequential_add(struct tayra__sequential *test, double d);

#endif
