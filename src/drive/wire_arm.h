/* SPDX-License-Identifier: Apache-2.0
 *
 * wire_arm.h: a server under load as the arm of a session.
 */
#ifndef TAYRA_DRIVE_WIRE_ARM_H
#define TAYRA_DRIVE_WIRE_ARM_H

#include "drive/listener.h"
#include "drive/wire.h"
#include "prove/session.h"

#define TAYRA__WIRE_ARM_LAG_SHARE  0.05  /* of the p99 may be the generator's own lag p99 */
#define TAYRA__WIRE_ARM_LAG_NS     20000 /* which nobody can tell from none */
#define TAYRA__WIRE_ARM_BUSY_SHARE 0.95  /* of a closed slice may be our own CPU time */

/* How much is asked. */
struct tayra__wire_load {
	/* Open loop: as in drive.h, the first burst at the start; none of them: closed loop. */
	double rate_per_s;
	enum tayra__arrivals arrivals;
	uint32_t burst;
	uint64_t burst_every_ns;
	const uint64_t *moments;
	size_t moment_count;
	uint64_t moments_from_ns;    /* where in the trace a slice begins */
	uint32_t clients;            /* closed loop: how many ask at a time */
	bool untimed;                /* what is wanted is no latency, and lag spoils nothing */
	enum tayra__metric of_kinds; /* a latency: of each kind of a scenario it is the part */
	bool own_use; /* it is what the server uses, which is right however hard it is asked */
	const _Atomic bool *stop;
	struct tayra__live *live; /* as in drive.h */
};

struct tayra__wire_arm {
	struct tayra__wire *wire;
	struct tayra__wire_load load;
	pid_t pid[TAYRA__LISTENER_PIDS_MAX]; /* of the server, where it can be seen */
	size_t pids;
	char why[TAYRA__WIRE_WHY + 64]; /* why it failed, in one line; "": it did not */
};

/* One slice of that load.  The result is set as a whole.  => as wire.h. */
int tayra__wire_load_run(struct tayra__wire *wire, const struct tayra__wire_load *load,
			 uint64_t length_ns, uint64_t seed, uint64_t drain_ns,
			 struct tayra__drive_result *result);
/*
 * Was the generator the bottleneck?  NULL: no; else why, static: its lag, its own processor time
 * (closed loop), or fewer requests than the rate asks for, by more than 5% and by more than chance.
 */
const char *tayra__wire_load_spoilt(const struct tayra__wire_load *load,
				    const struct tayra__drive_result *result);

/*
 * Of tayra__arm; ctx is a struct tayra__wire_arm.
 * => Latencies from when a request was due (open) or asked (closed); a quantile that the slice's
 *    requests do not hold (stat/quantile_interval.h) is NaN.  CPU and memory are the server's.
 * => Where parts are asked for: the kinds of the scenario, each by load.of_kinds.
 * => Of a trace that is longer than a slice, each has a stretch drawn by its seed, and so the same
 *    for all arms of a turn.
 * => A slice that the generator spoilt is invalid.
 * => TAYRA_PENDING: stopped, or nothing was answered well: then `why` says so.
 */
int tayra__wire_arm_run(void *ctx, const struct tayra__slice *slice, struct tayra__measure *out);

#endif
