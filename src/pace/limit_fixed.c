/* SPDX-License-Identifier: Apache-2.0
 *
 * limit_fixed.c: the limit somebody chose.  The baseline every learning limiter has to beat.
 */
#include "pace/limit.h"

static enum tayra__limit_move
fixed_window(struct tayra__limit *limit, const struct tayra__limit_window *window)
{
	(void)window;
	limit->reason = "fixed";
	return TAYRA__LIMIT_HELD;
}

const struct tayra__limit_ops tayra__limit_fixed = {
	.name = "fixed",
	.start = 8,
	.window_ns = 250 * TAYRA_NS_PER_MS,
	.unbound = true,
	.window = fixed_window,
};
