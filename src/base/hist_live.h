/* SPDX-License-Identifier: Apache-2.0
 *
 * hist_live.h: a histogram that one thread adds to while others read it: the bins of hist.h, each a
 * counter of its own.  Adding takes no lock and waits for nobody.  Zeroed bytes are the empty one.
 */
#ifndef TAYRA_BASE_HIST_LIVE_H
#define TAYRA_BASE_HIST_LIVE_H

#include "base/hist.h"

#include <stdatomic.h>

/* Relaxed throughout: each bin is a figure of its own, and only grows. */
struct tayra__hist_live {
	_Atomic uint64_t bins[TAYRA__HIST_BINS];
	_Atomic double sum;
};

/* One thread at a time. */
void tayra__hist_live_add(struct tayra__hist_live *live, uint64_t value);
void tayra__hist_live_merge(struct tayra__hist_live *live, const struct tayra__hist *from);
/* Add what is there now to `out`.  Any thread.  The count is that of the bins seen; min and max are
 * the middles of the outermost bins, sum_squares is NaN: not known. */
void tayra__hist_live_read(const struct tayra__hist_live *live, struct tayra__hist *out);

#endif
