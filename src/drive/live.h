/* SPDX-License-Identifier: Apache-2.0
 *
 * live.h: what a generator has done so far, for others to read while it works.  It publishes with
 * every request, by plain stores: no lock, no clock, no waiting.  One thread writes at a time, any
 * thread reads.  Zeroed bytes are the beginning; it goes on from slice to slice.
 */
#ifndef TAYRA_DRIVE_LIVE_H
#define TAYRA_DRIVE_LIVE_H

#include "base/hist_live.h"
#include "watch/registry.h"

/* How a request ended, as in tayra__drive_result. */
enum tayra__live_end {
	TAYRA__LIVE_OK,
	TAYRA__LIVE_LATE,
	TAYRA__LIVE_SHED,
	TAYRA__LIVE_ERROR,
	TAYRA__LIVE_ABANDONED,
	TAYRA__LIVE_ENDS,
};

/* Relaxed: a reader may see a request in one of them and not yet in another. */
struct tayra__live {
	_Atomic uint64_t ended[TAYRA__LIVE_ENDS];
	struct tayra__hist_live latency, lag; /* ns */
};

void tayra__live_ended(struct tayra__live *live, enum tayra__live_end end, uint64_t n);
/* Requests answered, well and in time or late. */
uint64_t tayra__live_answered(const struct tayra__live *live);

/* The metrics of an arm: tayra_bench_requests{arm,status}, tayra_bench_latency_seconds{arm} and
 * tayra_bench_lag_seconds{arm}.  Its instances are views. */
struct tayra__live_view {
	const struct tayra__live *live;
	struct tayra__hist latency, lag; /* as last read; the registry's lock guards them */
};
extern const struct tayra__watch_table tayra__live_table;

#endif
