/* SPDX-License-Identifier: Apache-2.0
 *
 * window.h: what happened since the last window was closed.
 *
 * ADDERS: any thread, no lock.  Atomics, spread over shards; whoever has counted says so in `told`
 * unless it was said already.  (The largest number in flight is a hint: two threads at once may
 * lose one of theirs.)
 * CLOSER: holds pace.lock.  It takes what was said and then what was counted, and looks at nothing
 * else: by the end of a window all of this has left the processor's caches.  No count is lost; an
 * add that races with a close falls into this window or the next.
 */
#ifndef TAYRA_PACE_WINDOW_H
#define TAYRA_PACE_WINDOW_H

#include "pace/limit.h"

#include <stdatomic.h>

/* 16 bins an octave from 1 us to 2^37 ns (137 s): a quantile is off by less than 3.2%.  What is
 * below or above falls into the outer bins. */
#define TAYRA__WINDOW_SUB_BITS 4
#define TAYRA__WINDOW_LOW_BIT  10
#define TAYRA__WINDOW_HIGH_BIT 37
#define TAYRA__WINDOW_BINS                                                                         \
	(((TAYRA__WINDOW_HIGH_BIT - TAYRA__WINDOW_LOW_BIT) << TAYRA__WINDOW_SUB_BITS) + 2)
/* Bins come in groups, a cache line each.  Latencies of one backend fill a few of them. */
#define TAYRA__WINDOW_GROUP  16
#define TAYRA__WINDOW_GROUPS ((TAYRA__WINDOW_BINS + TAYRA__WINDOW_GROUP - 1) / TAYRA__WINDOW_GROUP)
#define TAYRA__WINDOW_SHARDS 4

/* Whose latency: of an OK answer that began under the limit there is now, or before; of a request
 * that was cancelled, of which only that it would have taken longer is known. */
enum tayra__window_kind {
	TAYRA__WINDOW_OWN,
	TAYRA__WINDOW_OLD,
	TAYRA__WINDOW_CUT,
};
#define TAYRA__WINDOW_KINDS 3

struct tayra__window_shard {
	_Alignas(64) _Atomic uint32_t
		bins[TAYRA__WINDOW_KINDS][TAYRA__WINDOW_GROUPS][TAYRA__WINDOW_GROUP];
	/* These only ever grow. */
	_Atomic uint64_t outcomes[TAYRA_OUTCOMES]; /* but OK, which bins count */
	_Atomic uint64_t old;      /* of whatever outcome, begun under another limit */
	_Atomic uint64_t other_ns; /* time of those that are not OK */
	_Atomic uint64_t admitted[TAYRA_CLASSES];
	_Atomic uint64_t quiet[TAYRA_OUTCOMES]; /* of tickets that teach nothing */
	char apart[64];                         /* no two shards on one cache line */
};

struct tayra__window_sums {
	uint64_t outcomes[TAYRA_OUTCOMES], old, other_ns; /* as in a shard */
};

/* What was counted since the window was opened.  Read with each answer, changed a few times in a
 * window. */
struct tayra__window_told {
	_Atomic uint32_t groups[TAYRA__WINDOW_SHARDS][TAYRA__WINDOW_KINDS]; /* a bit each */
	_Atomic bool others; /* in any shard: outcomes, old, other_ns */
};

/* One bin of this window. */
struct tayra__window_bin {
	uint32_t bin;
	uint32_t count[TAYRA__WINDOW_KINDS];
};

struct tayra__window {
	_Alignas(64) struct tayra__window_told told;
	_Atomic uint32_t epoch;        /* changes with the limit */
	_Atomic uint32_t inflight_max; /* in this window */
	_Atomic bool reached;          /* the limit was reached in this window */
	/* The closer's. */
	_Alignas(64) uint64_t opened_ns;
	uint64_t ok;                    /* answers, of all windows so far */
	struct tayra__window_sums sums; /* when this window was opened */
	uint64_t old_turned,
		old_held; /* the sum of `old`, and how many were held, when the limit changed */
	/* Scratch: the bins of this window in which there is something, in order. */
	uint32_t fresh_count;
	struct tayra__window_bin fresh[TAYRA__WINDOW_BINS];
	struct tayra__window_shard shards[TAYRA__WINDOW_SHARDS];
};

static inline uint32_t
tayra__window_epoch(const struct tayra__window *window)
{
	return atomic_load_explicit(&window->epoch, memory_order_relaxed);
}

/* So many are in flight now. */
static inline void
tayra__window_inflight(struct tayra__window *window, uint32_t inflight)
{
	if (atomic_load_explicit(&window->inflight_max, memory_order_relaxed) < inflight)
		atomic_store_explicit(&window->inflight_max, inflight, memory_order_relaxed);
}

void tayra__window_admit(struct tayra__window *window, enum tayra_class cls);
/* One answer that teaches, and the epoch it began in. */
void tayra__window_answer(struct tayra__window *window, enum tayra_outcome outcome,
			  uint64_t latency_ns, uint32_t epoch);
/* That answer held so many slots more than one. */
void tayra__window_weigh(struct tayra__window *window, uint32_t more, uint64_t latency_ns,
			 uint32_t epoch);
/* One answer that is only counted. */
void tayra__window_quiet(struct tayra__window *window, enum tayra_outcome outcome);

/* The limit has changed while so many were held.  Of the closer. */
void tayra__window_turn(struct tayra__window *window, uint32_t held);
/* Close the window and open the next.  Fills all of *out but the pressure and inflight_now. */
void tayra__window_close(struct tayra__window *window, uint64_t now_ns,
			 struct tayra__limit_window *out);
/* The sums since create; index of admitted: class - 1. */
void tayra__window_sums(const struct tayra__window *window, uint64_t admitted[TAYRA_CLASSES],
			uint64_t outcomes[TAYRA_OUTCOMES]);

#endif
