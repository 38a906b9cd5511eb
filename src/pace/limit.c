/* SPDX-License-Identifier: Apache-2.0 */
#include "pace/limit.h"

const struct tayra__limit_ops *
tayra__limit_find(enum tayra_limiter limiter)
{
	switch (limiter) {
	case TAYRA_LIMITER_AIMD: return &tayra__limit_aimd;
	case TAYRA_LIMITER_FIXED: return &tayra__limit_fixed;
	}
	return NULL;
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
	limit->now = now;
	limit->reason = "set by hand";
	return TAYRA_OK;
}
