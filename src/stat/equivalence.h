/* SPDX-License-Identifier: Apache-2.0
 *
 * equivalence.h: is a paired difference small enough not to matter?
 */
#ifndef TAYRA_STAT_EQUIVALENCE_H
#define TAYRA_STAT_EQUIVALENCE_H

#include <stddef.h>
#include <stdint.h>

/*
 * The p of two one-sided tests: small when the shift of `d` is shown to lie within (-below, above).
 * Source: Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 15, 1987; each of the two is
 * one side of the sign-flip test (signflip.h), of d moved by the bound.
 * Assumes: as the sign-flip test: the order in each pair was random, or d symmetric about its
 * shift. Not for: a margin chosen after looking.  A verdict of SAME asks for more: that the
 * interval at 1 - alpha lies within the margin, where p < alpha here asks for that at 1 - 2 alpha.
 * => below, above > 0.  NaN for n = 0.  TAYRA_OK, TAYRA_E_INVAL, TAYRA_E_NOMEM.
 */
int tayra__equivalence_test(const double *d, size_t n, double below, double above, uint64_t seed,
			    double *p);

#endif
