/* SPDX-License-Identifier: Apache-2.0
 *
 * t_test.h: do the means of two unpaired samples differ?
 *
 * Assumes: independent values, means near normal.  Welch's needs no equal variances, Student's
 * does. Not for: slices of one machine run one after the other (they share its weather: on shared
 *    machines equal code is called different half of the time), pairs (take the sign-flip test),
 *    latencies of single requests (neither independent nor near normal).
 */
#ifndef TAYRA_STAT_T_TEST_H
#define TAYRA_STAT_T_TEST_H

#include <stddef.h>

struct tayra__t_test {
	double difference; /* mean(b) - mean(a) */
	double t, df;
	double p;      /* two-sided */
	double lo, hi; /* of the difference, at 1 - alpha */
};

/*
 * Source: Welch, Biometrika 34, 1947, with Satterthwaite's degrees of freedom; Student, Biometrika
 * 6, 1908, with one variance for both.  As R's t.test(b, a), var.equal = TRUE for Student's.
 * => All NaN but the difference for fewer than two values on a side or no variance at all.
 */
void tayra__t_test_welch(const double *a, size_t na, const double *b, size_t nb, double alpha,
			 struct tayra__t_test *out);
void tayra__t_test_student(const double *a, size_t na, const double *b, size_t nb, double alpha,
			   struct tayra__t_test *out);

#endif
