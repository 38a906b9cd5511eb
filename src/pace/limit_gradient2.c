/* SPDX-License-Identifier: Apache-2.0
 *
 * limit_gradient2.c: compare the latency of now with its own slow average.  Gradient2Limit of
 * Netflix's concurrency-limits, constants included: long = average of 600 windows, gradient =
 * 1.5 long / short within .5 .. 1, next = gradient L + 4, of which a fifth is taken at a time.
 *
 * Published bugs, by the number of their issue, and what is done here:
 *  134  The queue term of 4 was added at any gradient, so at .8 the limit crept up for ever: it is
 *       added at gradient 1 only.
 *  137  Constant timeouts have no variation, so the gradient was 1 and the limit grew to its
 *       maximum: drops give no latency, and too many of them (error_max) shrink it by a tenth.
 *  165  In a long overload the slow average followed the latency up and called it normal: while
 *       the gradient is below 1 it goes up at a tenth of its speed, and down as fast as ever.
 *  -    While a fifth or more fail, the rest is as quick as under a load that is not there, and the
 *       average came down to that: it stands still meanwhile.
 *  Envoy 11579 (the same idea): answers that began under another limit spoke for this one: only
 *       those that began and ended under it count.
 */
#include "pace/limit.h"

#include <math.h>

#define LONG_WINDOWS 600
#define WARM_UP      10 /* windows of plain average */
#define TOLERANCE    1.5
#define QUEUE        4
#define SMOOTHING    0.2

static void
follow(struct tayra__limit_gradient2 *s, double short_ns)
{
	double speed = 2.0 / (LONG_WINDOWS + 1);

	if (s->windows < WARM_UP)
		speed = 1.0 / ++s->windows;
	else if (short_ns > TOLERANCE * s->long_ns)
		speed /= 10;
	s->long_ns += speed * (short_ns - s->long_ns);
	if (s->long_ns > 2 * short_ns)
		s->long_ns *= 0.95; /* a recovery is not to take 600 windows */
}

static enum tayra__limit_move
gradient2_window(struct tayra__limit *limit, const struct tayra__limit_window *window)
{
	struct tayra__limit_gradient2 *s = &limit->state.gradient2;
	const double short_ns = (double)window->own_mean_ns;
	double gradient, next;

	if (tayra__limit_too_few(limit, window))
		return tayra__limit_hold(limit, "too few answers");
	if (tayra__limit_dropped(limit, window))
		return tayra__limit_to(limit, limit->now * 0.9, "drops over maximum");
	if (short_ns <= 0)
		return tayra__limit_hold(limit, "no answer of its own");
	if (s->windows == 0 || !tayra__limit_clouded(limit, window))
		follow(s, short_ns);
	if (window->inflight_max < limit->now / 2)
		return tayra__limit_hold(limit, "limit not reached");
	gradient = fmin(fmax(TOLERANCE * s->long_ns / short_ns, 0.5), 1);
	next = gradient * limit->now + (gradient == 1 ? QUEUE : 0);
	return tayra__limit_to(limit, (1 - SMOOTHING) * limit->now + SMOOTHING * next,
			       gradient == 1 ? "latency as usual" : "latency over its average");
}

static void
gradient2_tell(const struct tayra__limit *limit, struct tayra__limit_insight *out)
{
	out->base_ns = limit->state.gradient2.long_ns;
}

const struct tayra__limit_ops tayra__limit_gradient2 = {
	.name = "gradient2",
	.start = 2,
	.window_ns = 250 * TAYRA_NS_PER_MS,
	.window = gradient2_window,
	.tell = gradient2_tell,
};
