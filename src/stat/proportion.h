/* SPDX-License-Identifier: Apache-2.0
 *
 * proportion.h: the interval of a proportion.
 */
#ifndef TAYRA_STAT_PROPORTION_H
#define TAYRA_STAT_PROPORTION_H

/*
 * Wilson's 95% interval of k among n, which need not be whole (a weighted sample has an effective
 * size).  Narrow where it can be and never outside 0 .. 1.
 * Source: Wilson, JASA 22, 1927; recommended by Brown, Cai and DasGupta, Statistical Science 16,
 * 2001.
 * Assumes: independent draws, each with the same chance.
 * => NaN in both for n <= 0.
 */
void tayra__proportion_wilson(double k, double n, double *lo, double *hi);

#endif
