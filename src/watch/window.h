/* SPDX-License-Identifier: Apache-2.0
 *
 * window.h: what counters grew by in the last so many seconds, from a bounded history of readings.
 * Not thread-safe.
 */
#ifndef TAYRA_WATCH_WINDOW_H
#define TAYRA_WATCH_WINDOW_H

#include <stdint.h>

#define TAYRA__WATCH_POINTS 128

struct tayra__watch_point {
	uint64_t at_ns;
	double top, bottom;
};

struct tayra__watch_window {
	uint64_t apart_ns; /* between two points that are kept */
	struct tayra__watch_point points[TAYRA__WATCH_POINTS]; /* a ring */
	uint32_t first, count;
};

void tayra__watch_window_init(struct tayra__watch_window *window, uint64_t longest_ns);
/* Take in a reading; times do not go back.  A counter that shrank was restarted: what was before is
 * forgotten. */
void tayra__watch_window_add(struct tayra__watch_window *window, struct tayra__watch_point now);
/*
 * The growth from length_ns ago, or from the first reading where history is shorter, to the `now`
 * just added; at_ns is the time between.  at_ns is 0 when there is no earlier reading.
 */
struct tayra__watch_point tayra__watch_window_growth(const struct tayra__watch_window *window,
						     struct tayra__watch_point now,
						     uint64_t length_ns);

#endif
