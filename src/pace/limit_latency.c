/* SPDX-License-Identifier: Apache-2.0
 *
 * limit_latency.c: the largest limit at which nine in ten are answered within p90_target, whatever
 * throughput that leaves.  For who would rather turn requests away than be slow: before a shared
 * backend the limit with the most throughput makes each request about three times as long as alone.
 *
 * A PI controller in logarithms: error = ln(.93 target / p90), since latency beyond the knee is
 * about proportional to the limit; the limit moves by a factor of at most e^.2 a window.  It aims
 * a little below, because a p90 of a few hundred answers is off by some percent either way.
 */
#include "pace/limit.h"

#include <math.h>

#define AIM          0.93
#define PROPORTIONAL 0.1
#define INTEGRAL     0.3
#define STEP         0.2

static enum tayra__limit_move
latency_window(struct tayra__limit *limit, const struct tayra__limit_window *window)
{
	struct tayra__limit_latency *s = &limit->state.latency;
	double error, step;

	if (tayra__limit_too_few(limit, window))
		return tayra__limit_hold(limit, "too few answers");
	if (tayra__limit_dropped(limit, window))
		return tayra__limit_to(limit, limit->now * 0.7, "drops over maximum");
	if (window->own_p90_ns == 0)
		return tayra__limit_hold(limit, "no answer of its own");
	error = log(AIM * (double)limit->rule.p90_target_ns / (double)window->own_p90_ns);
	step = INTEGRAL * error + PROPORTIONAL * (error - s->error);
	s->error = error;
	if (step > 0 && !window->reached)
		return tayra__limit_hold(limit, "limit not reached");
	return tayra__limit_to(limit, limit->now * exp(fmin(fmax(step, -STEP), STEP)),
			       step > 0 ? "p90 below target" : "p90 over target");
}

const struct tayra__limit_ops tayra__limit_latency = {
	.name = "latency",
	.start = 2,
	.window_ns = 250 * TAYRA_NS_PER_MS,
	.window = latency_window,
};
