/* SPDX-License-Identifier: Apache-2.0
 *
 * timeline.h: what was answered when, on an arm's own clock, in equal steps.  Any thread adds.
 */
#ifndef TAYRA_SHOWCASE_TIMELINE_H
#define TAYRA_SHOWCASE_TIMELINE_H

#include <stdatomic.h>
#include <stdint.h>

#define TAYRA__TIMELINE_STEPS 240
#define TAYRA__TIMELINE_MARKS 4

enum tayra__answer { TAYRA__ANSWER_FRESH, TAYRA__ANSWER_STALE, TAYRA__ANSWER_FAILED };
#define TAYRA__ANSWERS 3

struct tayra__timeline {
	uint64_t step_ns; /* 0: nothing is noted */
	uint64_t start_ns;
	uint32_t marks; /* moments that the user of it noted, since start_ns */
	uint64_t mark_ns[TAYRA__TIMELINE_MARKS];
	_Atomic uint32_t count[TAYRA__TIMELINE_STEPS][TAYRA__ANSWERS];
};

/* What lies outside is dropped. */
static inline void
tayra__timeline_add(struct tayra__timeline *timeline, uint64_t now_ns, enum tayra__answer answer)
{
	uint64_t step;

	if (!timeline->step_ns || now_ns < timeline->start_ns)
		return;
	step = (now_ns - timeline->start_ns) / timeline->step_ns;
	if (step < TAYRA__TIMELINE_STEPS)
		atomic_fetch_add_explicit(&timeline->count[step][answer], 1, memory_order_relaxed);
}

#endif
