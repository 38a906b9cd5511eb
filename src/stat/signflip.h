/* SPDX-License-Identifier: Apache-2.0
 *
 * signflip.h: are paired differences centred on zero, and which shifts of them would be?
 *
 * When a coin decides which side of a pair runs first, and the two sides do not differ, every
 * difference might as well have had the other sign.  So p is the share of all 2^n ways to sign
 * the |differences| whose sum is at least as far from zero as the one seen, both sides.
 * Source: Fisher, "The Design of Experiments", 1935, section 21; the interval by inversion:
 * Pitman, 1937; Tritchler, JASA 79, 1984.
 * Assumes: the order inside each pair was random, or differences symmetric about the shift.
 *    Nothing about the shape, equal variances, or independence in time.
 * Not for: pairs run in a fixed order, peeking after every pair, unpaired samples.
 */
#ifndef TAYRA_STAT_SIGNFLIP_H
#define TAYRA_STAT_SIGNFLIP_H

#include <stddef.h>
#include <stdint.h>

#define TAYRA__SIGNFLIP_EXACT_MAX 20   /* pairs; up to here all 2^n signings are counted */
#define TAYRA__SIGNFLIP_FLIPS     9999 /* beyond: that many random ones, p = (b + 1) / (B + 1) */

struct tayra__signflip {
	double p;
	double lo, hi; /* the shifts not refused at alpha; infinite when n is too small for it */
};

/*
 * Test sum(d) = 0 and find every shift t for which d[i] - t * weight[i] passes.
 * => weight > 0, or NULL for all 1; finite d.
 * => The interval excludes 0 exactly when p < alpha, and holds sum(d) / sum(weight).
 * => n = 0: p = 1 and the whole line.  Same seed, same answer.  Any thread.
 * => TAYRA_OK, TAYRA_E_NOMEM (only beyond 20 pairs).
 */
int tayra__signflip_test(const double *d, const double *weight, size_t n, double alpha,
			 uint64_t seed, struct tayra__signflip *out);

#endif
