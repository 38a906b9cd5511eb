/* SPDX-License-Identifier: Apache-2.0
 *
 * steady.h: has a series of slice figures settled, and from where on?
 */
#ifndef TAYRA_STAT_STEADY_H
#define TAYRA_STAT_STEADY_H

#include <stddef.h>

enum tayra__steadiness {
	TAYRA__STEADY_FLAT,     /* all of it is */
	TAYRA__STEADY_WARMUP,   /* it came down to where it stays */
	TAYRA__STEADY_SLOWDOWN, /* it went up to where it stays */
	TAYRA__STEADY_NONE,     /* it has not settled, or there are too few to say */
};

struct tayra__steady {
	enum tayra__steadiness kind;
	size_t from;  /* the first slice of where it stays; n for NONE */
	double level; /* its median; NaN for NONE */
};

/*
 * Of figures where lower is better, above 0, in order of time.
 * => Cut into stretches of constant level by least squares with a price for each cut; settled when
 *    the last one is at least a third of the series (and ten slices) and has no trend of its own
 * that moves it by more than its noise and 1%. Source: the classes of Barrett, Bolz-Tereick,
 * Killick, Mount and Tratt, OOPSLA 2017; optimal partitioning: Jackson and others, IEEE Signal
 * Processing Letters 12, 2005; noise from differences of neighbours, which cuts do not spoil.
 * Assumes: levels, not slopes that never end; noise of one size.
 * Not for: fewer than 20 slices (NONE); seasons.
 * => O(n^2), n up to 3,000: TAYRA_E_TOO_LARGE beyond.  TAYRA_OK, TAYRA_E_NOMEM; TAYRA_E_INVAL for a
 *    value that is not above 0 and finite.
 */
int tayra__steady(const double *values, size_t n, struct tayra__steady *out);
/* "flat" "warmup" "slowdown" "no steady state". */
const char *tayra__steadiness_name(enum tayra__steadiness kind);

#endif
