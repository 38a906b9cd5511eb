/* SPDX-License-Identifier: Apache-2.0
 *
 * limit.h: a concurrency limit that learns from what a window measured.  Pure: no lock, no clock,
 * no queue.  Not thread-safe: the caller holds pace.lock.  One algorithm a file, limit_NAME.c.
 */
#ifndef TAYRA_PACE_LIMIT_H
#define TAYRA_PACE_LIMIT_H

#include "pace/limit_state.h"

#include <tayra/pace.h>

#include <math.h>

/* What one window measured.  "Own": begun and ended under the limit there is now. */
struct tayra__limit_window {
	uint64_t length_ns;
	uint32_t answers;  /* OK, TIMEOUT, OVERLOAD and ERROR */
	uint32_t errors;   /* of these, all but OK */
	uint32_t drops;    /* of these, TIMEOUT and OVERLOAD: too much was asked */
	uint32_t refused;  /* of these, OVERLOAD: the backend said so itself */
	uint32_t own;      /* OK */
	uint32_t hopeless; /* turned away: they would have been late */
	uint32_t old;      /* held at its end, begun under another limit */
	uint64_t p90_ns;   /* of OK; CANCELLED can only raise it; 0: there were none */
	uint64_t own_mean_ns, own_p50_ns, own_p90_ns; /* the same of `own`; the mean of OK only */
	double ok_ns, ok_ns2;                         /* sums over OK: latency, its square */
	double inflight; /* mean over time, by the time that those who left had spent inside */
	uint32_t inflight_max, inflight_now; /* in it; at its end */
	bool reached;                        /* was the limit reached at any moment? */
	struct tayra_pressure pressure;      /* NaN: not known */
};

static inline struct tayra_pressure
tayra__limit_no_pressure(void)
{
	const double no = (double)NAN;

	return (struct tayra_pressure){ no, no, no, no, no };
}

enum tayra__limit_move {
	TAYRA__LIMIT_HELD,
	TAYRA__LIMIT_RAISED,
	TAYRA__LIMIT_LOWERED,
};

/* The bounds a limit keeps to; see struct tayra_pace_options. */
struct tayra__limit_rule {
	double min, max;           /* concurrent requests */
	double increase, decrease; /* factors */
	double cpu_max, memory_max, error_max, memory_stall_max, io_stall_max;
	uint64_t p90_target_ns;
	uint64_t p90_max_ns; /* of elasticity; 0: not looked at */
	uint32_t window_min;
	double dither, price; /* of elasticity */
};

struct tayra__limit {
	const struct tayra__limit_ops *ops;
	double now;     /* min <= now <= max */
	double learned; /* what it thinks best: differs from `now` while it probes */
	struct tayra__limit_rule rule;
	const char *reason; /* of the last decision, static */
	bool starting;      /* it is far below what it will be: a queue is no overload */
	bool warm;          /* it begins with what somebody knew, not with a default */
	union tayra__limit_state state; /* of the algorithm; all zero: nothing is known */
};

/* What an algorithm goes by, beside the window; as in struct tayra_pace_stats. */
struct tayra__limit_insight {
	double elasticity, knee_spread, base_ns, peak_per_s;
};

struct tayra__limit_ops {
	const char *name;
	double start;       /* the limit it begins with by default */
	uint64_t window_ns; /* by default */
	bool unbound; /* keeps to no ceiling: it stays where it is, or has a rule of its own */
	bool counts;  /* by default what the processors and I/O say is nothing new to it */
	enum tayra__limit_move (*window)(struct tayra__limit *limit,
					 const struct tayra__limit_window *window);
	/* Fill in what it has; NULL: nothing. */
	void (*tell)(const struct tayra__limit *limit, struct tayra__limit_insight *out);
};

extern const struct tayra__limit_ops tayra__limit_aimd, tayra__limit_fixed, tayra__limit_vegas,
	tayra__limit_gradient2, tayra__limit_bdp, tayra__limit_elasticity, tayra__limit_latency;

/* NULL for what is not a limiter. */
const struct tayra__limit_ops *tayra__limit_find(enum tayra_limiter limiter);

/* Learn from one closed window.  => what was done; limit->reason says why. */
enum tayra__limit_move tayra__limit_learn(struct tayra__limit *limit,
					  const struct tayra__limit_window *window);
/* Somebody says what it shall be; what was learned is forgotten.  => TAYRA_E_INVAL outside
 * [min, max]; nothing changed. */
int tayra__limit_set(struct tayra__limit *limit, double now);

/* Another algorithm goes on from where this one is. */
void tayra__limit_hand_over(struct tayra__limit *limit, const struct tayra__limit_ops *ops);
/* Move it within [min, max] if it is outside: then for that reason. */
void tayra__limit_bound(struct tayra__limit *limit, const char *reason);

/* For algorithms: go there, or as near as the bounds allow; stay. */
enum tayra__limit_move tayra__limit_to(struct tayra__limit *limit, double next, const char *reason);
enum tayra__limit_move tayra__limit_hold(struct tayra__limit *limit, const char *reason);
/* Is there too little to decide upon?  Were too many dropped? */
bool tayra__limit_too_few(const struct tayra__limit *limit,
			  const struct tayra__limit_window *window);
bool tayra__limit_dropped(const struct tayra__limit *limit,
			  const struct tayra__limit_window *window);
/* Were so many errors (a fifth, or error_max if that is more) that the latency of the rest is that
 * of a load which is not there?  Nothing to compare others with is learned from it. */
bool tayra__limit_clouded(const struct tayra__limit *limit,
			  const struct tayra__limit_window *window);
/* A limit low enough that what is measured under it has no queue: a quarter, at least 1. */
double tayra__limit_quiet(const struct tayra__limit *limit);

#endif
