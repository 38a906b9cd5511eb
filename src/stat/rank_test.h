/* SPDX-License-Identifier: Apache-2.0
 *
 * rank_test.h: tests on ranks: Mann-Whitney for two samples, Wilcoxon's signed ranks for pairs.
 *
 * Exact for fewer than 50 values on a side without ties (and for pairs without zeros), else the
 * normal approximation with corrections for ties and continuity: as R's wilcox.test.
 * Assumes: Mann-Whitney: independent values; equal shapes, if it is to speak of a shift.  Signed
 *    ranks: differences independent and symmetric about their centre.
 * Not for: samples run one after the other on one machine (see t_test.h); means and totals (a rank
 *    knows no size); a handful of values (five pairs cannot reach p < .05).
 */
#ifndef TAYRA_STAT_RANK_TEST_H
#define TAYRA_STAT_RANK_TEST_H

#include <stdbool.h>
#include <stddef.h>

struct tayra__rank_test {
	double statistic; /* Mann-Whitney: pairs with b above a, ties half; signed ranks: the sum of
			     the positive ones' */
	double p;         /* two-sided; NaN: nothing to rank */
	bool exact;
};

/* Source: Mann and Whitney, Annals of Mathematical Statistics 18, 1947; the exact distribution by
 * their recurrence.  => TAYRA_OK, TAYRA_E_NOMEM. */
int tayra__rank_test_mann_whitney(const double *a, size_t na, const double *b, size_t nb,
				  struct tayra__rank_test *out);
/* Of differences d; zeros are left out.  Source: Wilcoxon, Biometrics Bulletin 1, 1945.
 * => TAYRA_OK, TAYRA_E_NOMEM. */
int tayra__rank_test_wilcoxon(const double *d, size_t n, struct tayra__rank_test *out);

#endif
