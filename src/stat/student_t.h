/* SPDX-License-Identifier: Apache-2.0
 *
 * student_t.h: Student's t distribution.  Pure; any thread.
 *
 * Source: the incomplete beta function by its continued fraction: Abramowitz and Stegun, 26.5.8 and
 * 26.7.1; evaluated as Lentz does.  The tail is computed itself, not as 1 minus the rest, so that
 * it is right to about twelve digits down to 1e-300.  Beyond 100,000 degrees of freedom: Hill, CACM
 * 13, 1970 (algorithm 395).
 */
#ifndef TAYRA_STAT_STUDENT_T_H
#define TAYRA_STAT_STUDENT_T_H

/* P(T >= t) with df > 0 degrees of freedom, which need not be whole.  NaN for anything else. */
double tayra__student_t_tail(double t, double df);
/* The t with P(T <= t) = p; -+infinity for p <= 0 and p >= 1. */
double tayra__student_t_quantile(double p, double df);

#endif
