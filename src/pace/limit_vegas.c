/* SPDX-License-Identifier: Apache-2.0
 *
 * limit_vegas.c: keep a few requests waiting inside the backend, and no more.  TCP Vegas (Brakmo,
 * Peterson, JSAC 1995) as VegasLimit of Netflix's concurrency-limits has it, constants included:
 * of L at once, ceil(L (1 - base / latency)) wait; fewer than alpha = 3 log L and it grows by
 * log L, at most log L and it grows by beta = 6 log L, more than beta and it shrinks by log L,
 * where log L is the whole part of log10 L and at least 1.
 *
 * What differs: latencies are those of requests that began and ended under the limit there is, and
 * too many drops (error_max) shrink it rather than any.
 *
 * Published bugs, by the number of their issue, and what is done here:
 *  34   Every 15 to 30 L windows the base is taken anew, and under load it then was what a queue
 *       makes of it, so that it drifted upwards: it is taken at a quarter of the limit, after
 *  39   twice the latency for what is inside to drain, and the limit goes back to where it was.  So
 *       it is once, after ten windows, for a limit that began higher than 2 and learned its base
 *       behind its own queue.
 *  -    While a fifth or more fail (OpenSearch's "poisoning gate"), no base is learned.
 */
#include "pace/limit.h"

#include <math.h>

#define WARM_UP       10
#define PROBE_WINDOWS 8 /* then it is given up */

/* 15 to 30 L windows, in a fixed order that repeats nothing soon: the golden ratio's multiples. */
static bool
base_is_old(const struct tayra__limit *limit)
{
	const struct tayra__limit_vegas *s = &limit->state.vegas;
	double share = fmod(s->turn * 0.6180339887498949, 1);

	if (s->turn == 0 && limit->warm)
		return s->windows >= WARM_UP;
	return s->windows >= (15 + 15 * share) * fmax(limit->now, 2);
}

static enum tayra__limit_move
begin_probe(struct tayra__limit *limit, double latency_ns)
{
	struct tayra__limit_vegas *s = &limit->state.vegas;

	s->windows = 0;
	s->turn++;
	s->drain_ns = (uint64_t)(2 * latency_ns);
	s->back = limit->now;
	return tayra__limit_to(limit, tayra__limit_quiet(limit), "base latency taken anew");
}

/* => HELD while it goes on. */
static enum tayra__limit_move
probe(struct tayra__limit *limit, const struct tayra__limit_window *window)
{
	struct tayra__limit_vegas *s = &limit->state.vegas;
	const double back = s->back;

	if (s->drain_ns > window->length_ns) {
		s->drain_ns -= window->length_ns;
		return tayra__limit_hold(limit, "base latency taken anew");
	}
	if (s->drain_ns || tayra__limit_too_few(limit, window) || window->own_mean_ns == 0) {
		s->drain_ns = 0;
		/* Nobody comes: then there is nothing to take. */
		if (++s->windows < PROBE_WINDOWS)
			return tayra__limit_hold(limit, "base latency taken anew");
	} else if (!tayra__limit_clouded(limit, window)) {
		s->base_ns = (double)window->own_mean_ns;
	}
	s->windows = 0;
	s->back = 0;
	return tayra__limit_to(limit, back, "base latency taken anew");
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

	if (s->back > 0 && !tayra__limit_dropped(limit, window))
		return probe(limit, window);
	s->back = 0;
	if (tayra__limit_too_few(limit, window))
		return tayra__limit_hold(limit, "too few answers");
	if (tayra__limit_dropped(limit, window))
		return tayra__limit_to(limit, limit->now - fmax(1, floor(log10(limit->now))),
				       "drops over maximum");
	if (latency_ns <= 0)
		return tayra__limit_hold(limit, "no answer of its own");
	s->windows++;
	if (base_is_old(limit) && limit->now > 1)
		return begin_probe(limit, latency_ns);
	if (s->base_ns <= 0 || (latency_ns < s->base_ns && !tayra__limit_clouded(limit, window))) {
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
