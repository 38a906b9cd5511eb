/* SPDX-License-Identifier: Apache-2.0
 *
 * realtime.h: punctual waking for the thread that makes requests due.
 *
 * A generator that competes with its own workers for two cores wakes late: a prototype of this one
 * on a loaded two-core machine, at 1,000 a second, had a lateness p99 of 3.9 ms as an ordinary
 * thread and of 0.08 to 0.17 ms under SCHED_FIFO.  That needs CAP_SYS_NICE; without it the run goes
 * on as an ordinary thread, the result says so, and its lag histogram shows what it cost.  Whoever
 * is under it must not spin on a one-core machine, where that would starve the target (wire_loops.c
 * polls for a bounded share, and not there).
 */
#ifndef TAYRA_DRIVE_REALTIME_H
#define TAYRA_DRIVE_REALTIME_H

#include <sched.h>
#include <stdbool.h>

struct tayra__realtime {
	bool on; /* SCHED_FIFO was granted */
	int policy;
	struct sched_param param;
	int slack_ns; /* the timer slack before */
};

/* For the calling thread; leave on the same thread. */
void tayra__realtime_enter(struct tayra__realtime *saved);
void tayra__realtime_leave(const struct tayra__realtime *saved);

#endif
