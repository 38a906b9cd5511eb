/* SPDX-License-Identifier: Apache-2.0
 *
 * limit.h: a concurrency limit that learns from what a window measured.  Pure: no lock, no clock,
 * no queue.  Not thread-safe: the caller holds pace.lock.
 */
#ifndef TAYRA_PACE_LIMIT_H
#define TAYRA_PACE_LIMIT_H

#include <tayra/pace.h>

/* What one window measured. */
struct tayra__limit_window {
	uint32_t answers;               /* OK, TIMEOUT, OVERLOAD and ERROR */
	uint32_t errors;                /* of these, all but OK */
	uint64_t p90_ns;                /* of OK answers; 0: there were none */
	bool reached;                   /* was the limit reached at any moment? */
	struct tayra_pressure pressure; /* NaN: not known */
};

enum tayra__limit_move {
	TAYRA__LIMIT_HELD,
	TAYRA__LIMIT_RAISED,
	TAYRA__LIMIT_LOWERED,
};

/* The bounds a limit keeps to; see struct tayra_pace_options. */
struct tayra__limit_rule {
	double min, max;           /* concurrent requests */
	double increase, decrease; /* factors */
	double cpu_max, memory_max, error_max;
	uint64_t p90_target_ns;
	uint32_t window_min;
};

struct tayra__limit {
	const struct tayra__limit_ops *ops;
	double now; /* min <= now <= max */
	struct tayra__limit_rule rule;
	const char *reason; /* of the last decision, static */
};

struct tayra__limit_ops {
	const char *name;
	enum tayra__limit_move (*window)(struct tayra__limit *limit,
					 const struct tayra__limit_window *window);
};

extern const struct tayra__limit_ops tayra__limit_aimd;
extern const struct tayra__limit_ops tayra__limit_fixed;

/* NULL for what is not a limiter. */
const struct tayra__limit_ops *tayra__limit_find(enum tayra_limiter limiter);

/* Learn from one closed window.  => what was done; limit->reason says why. */
enum tayra__limit_move tayra__limit_learn(struct tayra__limit *limit,
					  const struct tayra__limit_window *window);
/* Somebody says what it shall be.  => TAYRA_E_INVAL outside [min, max]; nothing changed. */
int tayra__limit_set(struct tayra__limit *limit, double now);

#endif
