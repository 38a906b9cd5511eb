/* SPDX-License-Identifier: Apache-2.0
 *
 * multiple.h: p values of many tests, raised for there being many.  Pure; any thread.
 */
#ifndef TAYRA_STAT_MULTIPLE_H
#define TAYRA_STAT_MULTIPLE_H

#include <stddef.h>

/*
 * After this, rejecting where p < alpha calls any true null of all with at most alpha.
 * Source: Holm, Scandinavian Journal of Statistics 6, 1979.  Assumes: nothing.
 * Not for: exploring a long table: it finds little there.
 * => In place; p in [0, 1], no NaN; order[n] is room.  Two of a kind as R's p.adjust.
 */
void tayra__multiple_holm(double *p, size_t n, size_t *order);
/*
 * After this, of what is rejected at p < alpha at most a share alpha is expected to be false.
 * Source: Benjamini and Hochberg, JRSS B 57, 1995.  Assumes: independent or positively dependent.
 * Not for: a gate, where one false alarm stops somebody.
 */
void tayra__multiple_benjamini_hochberg(double *p, size_t n, size_t *order);

#endif
