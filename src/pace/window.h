/* SPDX-License-Identifier: Apache-2.0
 *
 * window.h: what happened since the last window was closed.
 *
 * ADDERS: any thread, no lock.  Counters only ever grow; relaxed atomics, spread over shards.
 * (The largest number in flight is a hint: two threads at once may lose one of theirs.)
 * CLOSER: holds pace.lock.  A window is the difference between two sums, so nothing is reset and
 * no count is lost; an add that races with a close falls into this window or the next.
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
/* Bins come in groups, of 64 bytes.  Latencies of one backend fill a few of them, and only those
 * that were ever added to are looked at: a close that read all bins would cost 20 us, once in some
 * tens of answers. */
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

typedef uint32_t tayra__window_counts[TAYRA__WINDOW_KINDS][TAYRA__WINDOW_GROUPS]
				     [TAYRA__WINDOW_GROUP];

struct tayra__window_shard {
	_Alignas(64) _Atomic uint32_t
		bins[TAYRA__WINDOW_KINDS][TAYRA__WINDOW_GROUPS][TAYRA__WINDOW_GROUP];
	_Atomic uint32_t groups[TAYRA__WINDOW_KINDS]; /* a bit each: was it ever added to? */
	_Atomic uint64_t admitted[TAYRA_CLASSES];
	_Atomic uint64_t outcomes[TAYRA_OUTCOMES]; /* but OK, which bins count */
	_Atomic uint64_t quiet[TAYRA_OUTCOMES];    /* of tickets that teach nothing */
	_Atomic uint64_t old;      /* of whatever outcome, begun under another limit */
	_Atomic uint64_t other_ns; /* time of those that are not OK */
	char apart[64];            /* no two shards on one cache line */
};

struct tayra__window {
	struct tayra__window_shard shards[TAYRA__WINDOW_SHARDS];
	_Atomic uint32_t epoch;        /* changes with the limit */
	_Atomic uint32_t inflight_max; /* in this window */
	_Atomic bool reached;          /* the limit was reached in this window */
	/* The closer's: the sums when this window was opened. */
	uint64_t opened_ns;
	uint64_t outcomes[TAYRA_OUTCOMES];
	uint64_t other_ns;
	uint32_t groups; /* of any kind and shard */
	tayra__window_counts bins;
	tayra__window_counts fresh; /* scratch: this window's */
	uint64_t old,
		old_held; /* the sum of `old`, and how many were held, when the limit changed */
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
