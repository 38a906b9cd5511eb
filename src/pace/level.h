/* SPDX-License-Identifier: Apache-2.0
 *
 * level.h: what one level of concurrency gets done, from windows.  It begins when most of what
 * began at another level has left, and from then on every OK answer counts, whenever it began:
 * those that began and ended at it would be the quick ones only.
 *
 * A stall, the backend answering nobody for so long that chance does not explain it (a garbage
 * collection), says nothing about the level it happens to fall into: it is left out, with the
 * window before and the one after.  Up to a point: what stands still for longer is slow.
 *
 * Pure; not thread-safe.
 */
#ifndef TAYRA_PACE_LEVEL_H
#define TAYRA_PACE_LEVEL_H

#include <stdbool.h>
#include <stdint.h>

struct tayra__limit_window;

struct tayra__level_sum {
	uint64_t ns;
	double ok, drops;
	double inflight_ns; /* sums over windows, times their length: mean in flight, */
	double seen_ns;     /* in flight at their end */
	double own, p90_ns; /* answers begun at it; times those */
	double hopeless;    /* turned away: they would have been late */
	uint32_t most;      /* in flight */
};

struct tayra__level {
	/* Of this one. */
	struct tayra__level_sum sum, before; /* before: without the last window that had answers */
	bool settling;                       /* what began at another is still leaving */
	bool stalled;
	uint64_t settle_ns, quiet_ns, stalled_ns;
	/* Kept from one to the next: smoothed sums of answers, latencies and their squares. */
	double answers, times_ns, squares_ns2;
};

/* moved: from another level. */
void tayra__level_begin(struct tayra__level *level, bool moved);
/* One window at so many slots; usual_per_s: what is known to be answered, 0: nothing is.
 * => false: nothing to be decided yet. */
bool tayra__level_add(struct tayra__level *level, const struct tayra__limit_window *window,
		      double slots, double usual_per_s);
/* Latency. */
double tayra__level_mean_ns(const struct tayra__level *level);
/* How long it takes, in all, what a slot is busy with at any moment: where few requests take most
 * of the time it is theirs. */
double tayra__level_busy_ns(const struct tayra__level *level);
/* Did always the same number ask, as clients do that each wait for their answer?  => how many; 0:
 * it varied as arrivals do. */
double tayra__level_crowd(const struct tayra__level *level);
/* OK answers a second, less a part of the drops: what is dropped has been asked for nothing. */
double tayra__level_per_s(const struct tayra__level *level);

#endif
