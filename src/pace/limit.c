/* SPDX-License-Identifier: Apache-2.0 */
#include "pace/limit.h"

#include <math.h>
#include <string.h>

static const struct tayra__limit_ops *const limiters[] = {
	[TAYRA_LIMITER_AIMD] = &tayra__limit_aimd,
	[TAYRA_LIMITER_FIXED] = &tayra__limit_fixed,
	[TAYRA_LIMITER_VEGAS] = &tayra__limit_vegas,
	[TAYRA_LIMITER_GRADIENT2] = &tayra__limit_gradient2,
	[TAYRA_LIMITER_BDP] = &tayra__limit_bdp,
	[TAYRA_LIMITER_ELASTICITY] = &tayra__limit_elasticity,
	[TAYRA_LIMITER_LATENCY] = &tayra__limit_latency,
};

const struct tayra__limit_ops *
tayra__limit_find(enum tayra_limiter limiter)
{
	if ((unsigned)limiter >= sizeof(limiters) / sizeof(*limiters))
		return NULL;
	return limiters[limiter];
}

const char *
tayra_limiter_name(enum tayra_limiter limiter)
{
	const struct tayra__limit_ops *ops = tayra__limit_find(limiter);

	return ops ? ops->name : NULL;
}

enum tayra__limit_move
tayra__limit_learn(struct tayra__limit *limit, const struct tayra__limit_window *window)
{
	return limit->ops->window(limit, window);
}

int
tayra__limit_set(struct tayra__limit *limit, double now)
{
	if (!(now >= limit->rule.min && now <= limit->rule.max))
		return TAYRA_E_INVAL;
	limit->now = limit->learned = now;
	limit->warm = true;
	limit->reason = "set by hand";
	memset(&limit->state, 0, sizeof(limit->state));
	return TAYRA_OK;
}

void
tayra__limit_hand_over(struct tayra__limit *limit, const struct tayra__limit_ops *ops)
{
	limit->ops = ops;
	limit->learned = limit->now;
	limit->warm = true;
	limit->starting = false;
	limit->reason = "another limiter";
	memset(&limit->state, 0, sizeof(limit->state));
}

static double
within(const struct tayra__limit_rule *rule, double slots)
{
	return fmin(fmax(slots, rule->min), rule->max);
}

void
tayra__limit_bound(struct tayra__limit *limit, const char *reason)
{
	const double now = within(&limit->rule, limit->now);

	limit->learned = within(&limit->rule, limit->learned);
	if (now == limit->now)
		return;
	limit->now = now;
	limit->reason = reason;
}

enum tayra__limit_move
tayra__limit_hold(struct tayra__limit *limit, const char *reason)
{
	limit->reason = reason;
	return TAYRA__LIMIT_HELD;
}

enum tayra__limit_move
tayra__limit_to(struct tayra__limit *limit, double next, const char *reason)
{
	const double before = limit->now;

	limit->now = limit->learned = within(&limit->rule, next);
	limit->reason = reason;
	if (limit->now == before)
		return TAYRA__LIMIT_HELD;
	return limit->now > before ? TAYRA__LIMIT_RAISED : TAYRA__LIMIT_LOWERED;
}

bool
tayra__limit_too_few(const struct tayra__limit *limit, const struct tayra__limit_window *window)
{
	return window->answers == 0 || window->answers < limit->rule.window_min;
}

bool
tayra__limit_dropped(const struct tayra__limit *limit, const struct tayra__limit_window *window)
{
	return limit->rule.error_max < 1 &&
	       (double)window->drops >= limit->rule.error_max * (double)window->answers &&
	       window->drops > 0;
}

bool
tayra__limit_clouded(const struct tayra__limit *limit, const struct tayra__limit_window *window)
{
	return (double)window->errors >= fmax(limit->rule.error_max, 0.2) * window->answers &&
	       window->errors > 0;
}

double
tayra__limit_quiet(const struct tayra__limit *limit)
{
	return fmax(1, floor(limit->now / 4));
}
