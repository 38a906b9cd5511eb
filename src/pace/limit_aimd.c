/* SPDX-License-Identifier: Apache-2.0
 *
 * limit_aimd.c: grow while everything is well, shrink when anything is not.  The rule stands at
 * struct tayra_pace_options.  Both moves are factors, so it takes as long to double from 4 as from
 * 400; it overshoots by at most one increase before the next window corrects it.
 */
#include "pace/limit.h"

/* A share that is not known, or a bound nobody wants looked at, is not over. */
static bool
over(double share, double max)
{
	return max < 1 && share >= max;
}

/* NULL: all is well. */
static const char *
broken(const struct tayra__limit_rule *rule, const struct tayra__limit_window *window)
{
	if (over(window->pressure.cpu, rule->cpu_max))
		return "cpu over maximum";
	if (over(window->pressure.memory, rule->memory_max))
		return "memory over maximum";
	if (over(window->pressure.memory_stall, rule->memory_stall_max))
		return "memory stalls over maximum";
	if (over(window->pressure.io_stall, rule->io_stall_max))
		return "I/O stalls over maximum";
	if (over((double)window->errors / window->answers, rule->error_max))
		return "errors over maximum";
	if (window->p90_ns > rule->p90_target_ns)
		return "p90 over target";
	return NULL;
}

static enum tayra__limit_move
raise(struct tayra__limit *limit)
{
	if (limit->now >= limit->rule.max)
		return tayra__limit_hold(limit, "at the ceiling");
	return tayra__limit_to(limit, limit->now * limit->rule.increase, "all within bounds");
}

static enum tayra__limit_move
aimd_window(struct tayra__limit *limit, const struct tayra__limit_window *window)
{
	const char *reason;

	if (tayra__limit_too_few(limit, window))
		return tayra__limit_hold(limit, "too few answers");
	reason = broken(&limit->rule, window);
	if (reason)
		return tayra__limit_to(limit, limit->now * limit->rule.decrease, reason);
	if (!window->reached)
		return tayra__limit_hold(limit, "limit not reached");
	return raise(limit);
}

const struct tayra__limit_ops tayra__limit_aimd = {
	.name = "aimd",
	.start = 8,
	.window_ns = 250 * TAYRA_NS_PER_MS,
	.unbound = true,
	.window = aimd_window,
};
