/* SPDX-License-Identifier: Apache-2.0
 *
 * limit_vegas.c: keep a few requests waiting inside the backend, and no more.  TCP Vegas (Brakmo,
 * Peterson, JSAC 1995) as VegasLimit of Netflix's concurrency-limits has it, constants included:
 * of L at once, ceil(L (1 - base / latency)) wait; fewer than alpha = 3 log L and it grows by
 * log L, at most log L and it grows by beta = 6 log L, more than beta and it shrinks by log L,
 * where log L is the whole part of log10 L and at least 1.
 *
 * What differs: latencies are those of requests that began and ended under the limit there is, and
 * too many drops (error_max) shrink it rather than any.  The base is taken anew every 15 to 30 L
 * windows, under load, as published: it drifts (their issues 34, 39), which is why it is not the
 * default here.
 */
#include "pace/limit.h"

#include <math.h>

/* 15 to 30 L windows, in a fixed order that repeats nothing soon: the golden ratio's multiples. */
static bool
base_is_old(const struct tayra__limit *limit)
{
	const struct tayra__limit_vegas *s = &limit->state.vegas;
	double share = fmod(s->turn * 0.6180339887498949, 1);

	return s->windows >= (15 + 15 * share) * limit->now;
}

static enum tayra__limit_move
vegas_steer(struct tayra__limit *limit, double waiting)
{
	const double step = fmax(1, floor(log10(limit->now)));

	if (waiting <= step)
		return tayra__limit_to(limit, limit->now + 6 * step, "nothing waits inside");
	if (waiting < 3 * step)
		return tayra__limit_to(limit, limit->now + step, "little waits inside");
	if (waiting > 6 * step)
		return tayra__limit_to(limit, limit->now - step, "too much waits inside");
	return tayra__limit_hold(limit, "enough waits inside");
}

static enum tayra__limit_move
vegas_window(struct tayra__limit *limit, const struct tayra__limit_window *window)
{
	struct tayra__limit_vegas *s = &limit->state.vegas;
	const double latency_ns = (double)window->own_mean_ns;

	if (tayra__limit_too_few(limit, window))
		return tayra__limit_hold(limit, "too few answers");
	if (tayra__limit_dropped(limit, window))
		return tayra__limit_to(limit, limit->now - fmax(1, floor(log10(limit->now))),
				       "drops over maximum");
	if (latency_ns <= 0)
		return tayra__limit_hold(limit, "no answer of its own");
	s->windows++;
	if (base_is_old(limit)) {
		s->windows = 0;
		s->turn++;
		s->base_ns = latency_ns;
		return tayra__limit_hold(limit, "base latency taken anew");
	}
	if (s->base_ns <= 0 || latency_ns < s->base_ns) {
		s->base_ns = latency_ns;
		return tayra__limit_hold(limit, "lower base latency");
	}
	if (window->inflight_max * 2 < limit->now)
		return tayra__limit_hold(limit, "limit not reached");
	return vegas_steer(limit, ceil(limit->now * (1 - s->base_ns / latency_ns)));
}

static void
vegas_tell(const struct tayra__limit *limit, struct tayra__limit_insight *out)
{
	out->base_ns = limit->state.vegas.base_ns;
}

const struct tayra__limit_ops tayra__limit_vegas = {
	.name = "vegas",
	.start = 2,
	.window_ns = 250 * TAYRA_NS_PER_MS,
	.window = vegas_window,
	.tell = vegas_tell,
};
