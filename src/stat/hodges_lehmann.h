/* SPDX-License-Identifier: Apache-2.0
 *
 * hodges_lehmann.h: where paired differences are centred, unmoved by a few wild ones.
 */
#ifndef TAYRA_STAT_HODGES_LEHMANN_H
#define TAYRA_STAT_HODGES_LEHMANN_H

#include <stddef.h>

/*
 * The median of the n(n+1)/2 averages of two (Walsh averages, each value with itself included).
 * Source: Hodges and Lehmann, "Estimates of location based on rank tests", 1963.
 * Assumes: differences symmetric about what is estimated; then it is the shift.
 * Not for: skewed values (it estimates the pseudo-median, not the mean), totals or costs.
 * => Sorts `d` in place; O(n log n), no allocation.  NaN when empty.
 */
double tayra__hodges_lehmann(double *d, size_t n);

#endif
