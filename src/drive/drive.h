/* SPDX-License-Identifier: Apache-2.0
 *
 * drive.h: load generators over a function target.  Open loop: requests become due whether or not
 * earlier ones were answered, and latency counts from that moment.  Closed loop: n clients, each
 * asking again when answered.  Requests run on a fixed set of worker threads (blocking targets).
 */
#ifndef TAYRA_DRIVE_DRIVE_H
#define TAYRA_DRIVE_DRIVE_H

#include "base/hist.h"

#include <tayra/base.h>

#include <stdatomic.h>

struct tayra__live; /* live.h */

/* One request, as the target sees it. */
struct tayra__call {
	uint64_t number;      /* 0 .. in order of being due: the same for every arm of a round */
	uint64_t due_ns;      /* real monotonic clock */
	uint64_t deadline_ns; /* due_ns + deadline; UINT64_MAX: none */
	uint64_t begun_ns;    /* when it was sent, or the target called */
	uint32_t worker;      /* which thread, 0 .. workers - 1 */
	uint32_t kind, row;   /* of a scenario (scenario.h) */
};

/* How it ended: what the target says. */
enum tayra__call_end {
	TAYRA__CALL_OK,
	TAYRA__CALL_SHED, /* refused on purpose, quickly */
	TAYRA__CALL_ERROR,
};

struct tayra__target {
	enum tayra__call_end (*call)(void *ctx, const struct tayra__call *call);
	void *ctx;
};

enum tayra__arrivals {
	TAYRA__ARRIVALS_POISSON,
	TAYRA__ARRIVALS_UNIFORM,
	TAYRA__ARRIVALS_TRACE, /* at given moments */
};

struct tayra__open_plan {
	double rate_per_s; /* 0: the burst only */
	enum tayra__arrivals arrivals;
	uint64_t length_ns;
	uint64_t deadline_ns; /* after due; 0: none */
	uint64_t seed;
	uint32_t burst; /* this many due at the very start besides; 0: none */
	const _Atomic bool *stop;
	/* The rate changes linearly to end_rate_per_s over length_ns.  Not for a trace. */
	bool ramp;
	double end_rate_per_s;
	/* So many more at once after each such time; 0: none.  The first of them after
	 * burst_first_ns; 0: after burst_every_ns. */
	uint32_t burst_again;
	uint64_t burst_every_ns, burst_first_ns;
	/* TRACE: ns after the start, never falling, in the caller's memory until the slice is over.
	 * The rate is not looked at. */
	const uint64_t *moments;
	size_t moment_count;
	uint64_t moments_from_ns; /* TRACE: the slice begins that long after its start */
	struct tayra__live *live; /* told of every request; NULL: nobody looks */
};

struct tayra__closed_plan {
	uint32_t clients;
	uint64_t length_ns;
	uint64_t deadline_ns;
	uint64_t seed; /* of what a scenario draws */
	const _Atomic bool *stop;
	struct tayra__live *live;
};

/* What became due in a hundredth of the slice. */
#define TAYRA__DRIVE_MOMENTS 100
struct tayra__drive_moment {
	uint32_t requests, bad; /* bad: not answered well in time */
	uint64_t max_ns;
	double sum_ns; /* of the latencies */
};

struct tayra__drive_result {
	/* ns from due to answer.  A request that was shed, failed or never got to run counts at its
	 * deadline (at least as long as it took), or at the end of the slice without one. */
	struct tayra__hist latency;
	struct tayra__hist lag; /* ns from due to handed over: the generator's own lateness */
	/* ns from sent to answer, of those that were answered well: what the server took, without
	 * the wait before it was asked.  Not what a client sees. */
	struct tayra__hist service;
	struct tayra__drive_moment moment[TAYRA__DRIVE_MOMENTS];
	uint64_t start_ns, moment_ns; /* when the first begins; how long each is */
	uint64_t offered, ok, late, shed, errors,
		abandoned;        /* offered = their sum; late: ok but past its deadline */
	uint64_t length_ns;       /* what really passed while requests became due */
	uint64_t cpu_ns;          /* of the process while the slice ran */
	bool realtime;            /* the generator ran under SCHED_FIFO, see realtime.h */
	struct tayra__live *live; /* the plan's */
};

/* The worker threads, at most 2,048; made once, used for many slices, one at a time. */
struct tayra__pool;
/* => TAYRA_E_NOMEM, TAYRA_E_INVAL. */
int tayra__pool_create(uint32_t workers, struct tayra__pool **out);
void tayra__pool_destroy(struct tayra__pool *pool);

/*
 * Run one slice; returns when no call is running.  The calling thread is the generator.
 * => A request finds an idle worker or waits in a backlog of any length, and counts from when it
 *    was due.  What was due but not begun at the end is abandoned after drain_ns.
 * => plan->stop is seen within 20 ms: nothing more becomes due, what has not begun is abandoned.
 * => result->latency is added to, not reset (the caller starts it with tayra__hist_init()); the
 *    rest is set.
 * => Closed: at most as many clients as workers; what is in flight at the end is waited for.
 * => TAYRA_OK; TAYRA_E_INVAL for a plan that tayra__arrivals_plausible() refuses, a length of 0,
 *    too many clients.
 */
int tayra__drive_open(struct tayra__pool *pool, const struct tayra__target *target,
		      const struct tayra__open_plan *plan, uint64_t drain_ns,
		      struct tayra__drive_result *result);
int tayra__drive_closed(struct tayra__pool *pool, const struct tayra__target *target,
			const struct tayra__closed_plan *plan, struct tayra__drive_result *result);

#endif
