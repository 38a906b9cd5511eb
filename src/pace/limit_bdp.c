/* SPDX-License-Identifier: Apache-2.0
 *
 * limit_bdp.c: as much as is under way at the highest rate and the lowest latency seen: the
 * bandwidth-delay product.  The auto limiter of Apache brpc (auto_concurrency_limiter.cpp),
 * constants included: base latency = average of those below it (weight .1); peak rate falls by 1%
 * of the distance; L = base x peak x (1 + e), where e goes up by .02 to .3 while the latency stays
 * near the base or the rate well below the peak, else down to .06; every 25 to 50 s the base is
 * measured anew at .9 of base x peak.
 *
 * Published bugs, by the number of their issue, and what is done here:
 *  1006  At 25 us and 10,000 a second the product rounded to 0 and all were refused, and from 1
 *        it could not grow, as 1.3 is 1 slot: it is at least 1, and exploring is at least 1 slot.
 *  -     Quick errors counted as answers: only OK counts, and too many drops (error_max) shrink it
 *        by half, as brpc does when nothing succeeds.
 */
#include "pace/limit.h"

#include <math.h>

#define EXPLORE_MIN  0.06
#define EXPLORE_MAX  0.3
#define EXPLORE_STEP 0.02
#define WEIGHT       0.1
#define REDUCE       0.9
#define REMEASURE_NS (25 * TAYRA_NS_PER_S)

static uint64_t
left(uint64_t ns, uint64_t length_ns)
{
	return ns > length_ns ? ns - length_ns : 0;
}

/* 25 to 50 s, in a fixed order that repeats nothing soon. */
static void
plan_remeasure(struct tayra__limit_bdp *s)
{
	double share = fmod(++s->turn * 0.6180339887498949, 1);

	s->remeasure_ns = (uint64_t)((1 + share) * (double)REMEASURE_NS);
}

static void
measure(struct tayra__limit_bdp *s, double latency_ns, double per_s)
{
	if (s->base_ns <= 0)
		s->base_ns = latency_ns;
	else if (latency_ns < s->base_ns)
		s->base_ns += WEIGHT * (latency_ns - s->base_ns);
	if (per_s >= s->peak_per_s)
		s->peak_per_s = per_s;
	else
		s->peak_per_s += WEIGHT / 10 * (per_s - s->peak_per_s);
}

static enum tayra__limit_move
bdp_steer(struct tayra__limit *limit, double latency_ns, double per_s)
{
	struct tayra__limit_bdp *s = &limit->state.bdp;
	const double product = s->base_ns * s->peak_per_s / 1e9;
	bool more = latency_ns <= s->base_ns * (1 + 2 * EXPLORE_MIN) ||
		    per_s <= s->peak_per_s / (1 + EXPLORE_MIN);

	if (s->remeasure_ns == 0) {
		plan_remeasure(s);
		s->drain_ns = (uint64_t)(2 * latency_ns);
		return tayra__limit_to(limit, product * REDUCE, "base latency measured anew");
	}
	s->explore = more ? fmin(EXPLORE_MAX, s->explore + EXPLORE_STEP)
			  : fmax(EXPLORE_MIN, s->explore - EXPLORE_STEP);
	return tayra__limit_to(limit, product + fmax(1, product * s->explore),
			       more ? "exploring above rate x latency" : "rate x latency");
}

static enum tayra__limit_move
bdp_window(struct tayra__limit *limit, const struct tayra__limit_window *window)
{
	struct tayra__limit_bdp *s = &limit->state.bdp;
	double latency_ns = (double)window->own_mean_ns, per_s;

	if (s->turn == 0) {
		plan_remeasure(s);
		s->explore = EXPLORE_MAX;
	}
	s->remeasure_ns = left(s->remeasure_ns, window->length_ns);
	if (s->drain_ns) {
		s->drain_ns = left(s->drain_ns, window->length_ns);
		s->base_ns = s->drain_ns ? s->base_ns : 0;
		return tayra__limit_hold(limit, "base latency measured anew");
	}
	if (tayra__limit_too_few(limit, window))
		return tayra__limit_hold(limit, "too few answers");
	if (tayra__limit_dropped(limit, window))
		return tayra__limit_to(limit, limit->now / 2, "drops over maximum");
	if (latency_ns <= 0 || window->length_ns == 0)
		return tayra__limit_hold(limit, "no answer of its own");
	per_s = (window->answers - window->errors) * 1e9 / (double)window->length_ns;
	measure(s, latency_ns, per_s);
	return bdp_steer(limit, latency_ns, per_s);
}

static void
bdp_tell(const struct tayra__limit *limit, struct tayra__limit_insight *out)
{
	out->base_ns = limit->state.bdp.base_ns;
	out->peak_per_s = limit->state.bdp.peak_per_s;
}

const struct tayra__limit_ops tayra__limit_bdp = {
	.name = "bdp",
	.start = 2,
	.window_ns = 250 * TAYRA_NS_PER_MS,
	.window = bdp_window,
	.tell = bdp_tell,
};
