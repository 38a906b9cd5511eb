/* SPDX-License-Identifier: Apache-2.0
 *
 * spread.h: a distribution of times in a few numbers, at shares that are always the same: small
 * enough to keep of every slice.  Pure.
 */
#ifndef TAYRA_PROVE_SPREAD_H
#define TAYRA_PROVE_SPREAD_H

#include <stddef.h>

#define TAYRA__SPREAD_SHARES 10

struct tayra__hist;

/* NaN: there are too few to say (stat/quantile_interval.h). */
struct tayra__spread {
	float ms[TAYRA__SPREAD_SHARES];
};

/* 0.1 to 0.99999, ascending; "10%" to "99.999%". */
double tayra__spread_share(size_t i);
const char *tayra__spread_name(size_t i);
/* Of times in ns. */
void tayra__spread_of(const struct tayra__hist *hist, struct tayra__spread *out);
/*
 * Where the middle 80% of slices lie, share by share: slice i is at `first` + i * `stride` bytes.
 * => NaN where fewer than 5 slices hold that share.  TAYRA_OK, TAYRA_E_NOMEM.
 */
int tayra__spread_band(const struct tayra__spread *first, size_t n, size_t stride,
		       struct tayra__spread *lo, struct tayra__spread *hi);

#endif
