/* SPDX-License-Identifier: Apache-2.0 */
#include "pace/options.h"

#include "base/option.h"
#include "pace/word.h"

#include <math.h>

#define LIMIT_MIN 1
#define LIMIT_MAX 1024

/* Zero means the default. */
static void
set_default(double *value, double fallback)
{
	if (*value == 0)
		*value = fallback;
}

static void
set_default_ns(uint64_t *value, uint64_t fallback)
{
	if (*value == 0)
		*value = fallback;
}

static void
fill_in(struct tayra_pace_options *o, const struct tayra__limit_ops *limiter)
{
	set_default(&o->limit_min, LIMIT_MIN);
	set_default(&o->limit_max, LIMIT_MAX);
	set_default(&o->limit, fmin(fmax(limiter->start, o->limit_min), o->limit_max));
	set_default(&o->increase, 1.1);
	set_default(&o->decrease, 0.9);
	set_default(&o->cpu_max, limiter->counts ? 1 : 0.80);
	set_default(&o->memory_max, 0.85);
	set_default(&o->error_max, 0.05);
	set_default(&o->memory_stall_max, 0.10);
	set_default(&o->io_stall_max, limiter->counts ? 1 : 0.20);
	set_default(&o->deadline_deviations, 2);
	set_default(&o->share_critical, 0.6);
	set_default(&o->share_min, 0.02);
	set_default(&o->dither, 0.15);
	set_default(&o->price, 0.1);
	set_default_ns(&o->p90_target_ns, 100 * TAYRA_NS_PER_MS);
	set_default_ns(&o->window_ns, limiter->window_ns);
	set_default_ns(&o->codel_interval_ns, 100 * TAYRA_NS_PER_MS);
	if (o->window_min == 0)
		o->window_min = 10;
	if (o->queue_max == 0)
		o->queue_max = 1024;
	else if (o->queue_max == TAYRA_QUEUE_NONE)
		o->queue_max = 0;
	if (!o->clock)
		o->clock = tayra_clock_real();
}

/* Written so that NaN fails. */
static bool
sound(const struct tayra_pace_options *o)
{
	const uint64_t longest_ns = UINT64_MAX / 8; /* sums of a few stay in range */

	return (unsigned)o->mode <= TAYRA_MODE_OFF && o->limit_min > 0 &&
	       o->limit_min <= o->limit_max && o->limit_max <= (double)TAYRA__WORD_LIMIT_MAX &&
	       o->limit >= o->limit_min && o->limit <= o->limit_max && o->increase >= 1 &&
	       isfinite(o->increase) && o->decrease > 0 && o->decrease <= 1 && o->cpu_max > 0 &&
	       o->memory_max > 0 && o->error_max > 0 && o->memory_stall_max > 0 &&
	       o->io_stall_max > 0 && o->deadline_deviations <= 1e6 &&
	       o->p90_target_ns <= longest_ns && o->window_ns <= longest_ns &&
	       o->codel_target_ns <= longest_ns && o->codel_interval_ns <= longest_ns &&
	       o->price >= 0.001 && o->price <= 1 && o->p90_max_ns <= longest_ns &&
	       o->barge_ns <= longest_ns && o->hedge_after_ns <= longest_ns &&
	       o->share_critical > 0 && o->share_critical <= 1 && o->dither >= 0.01 &&
	       o->dither <= 1 && o->share_min > 0 && o->share_min <= 1.0 / TAYRA_CLASSES &&
	       (!o->sensor || o->sensor->read);
}

int
tayra__options_read(const struct tayra_pace_options *given, struct tayra_pace_options *out)
{
	const struct tayra__limit_ops *limiter;
	int status = tayra__option_struct(given, out, sizeof(*out));

	if (status < 0)
		return status;
	if (!given)
		out->limiter = TAYRA_LIMITER_ELASTICITY;
	limiter = tayra__limit_find(out->limiter);
	if (!limiter)
		return TAYRA_E_INVAL;
	fill_in(out, limiter);
	return sound(out) ? TAYRA_OK : TAYRA_E_INVAL;
}

void
tayra__options_copy(const struct tayra_pace_options *given, struct tayra_pace_options *out)
{
	tayra__option_struct(given, out, sizeof(*out));
	if (!given)
		out->limiter = TAYRA_LIMITER_ELASTICITY;
	out->size = sizeof(*out);
}

void
tayra__options_keep_within(struct tayra_pace_options *o)
{
	double min = o->limit_min, max = o->limit_max;

	set_default(&min, LIMIT_MIN);
	set_default(&max, LIMIT_MAX);
	if (min <= max)
		o->limit = fmin(fmax(o->limit, min), max);
}

static struct tayra__limit_rule
rule_of(const struct tayra_pace_options *o)
{
	return (struct tayra__limit_rule){
		.min = o->limit_min,
		.max = o->limit_max,
		.increase = o->increase,
		.decrease = o->decrease,
		.cpu_max = o->cpu_max,
		.memory_max = o->memory_max,
		.error_max = o->error_max,
		.memory_stall_max = o->memory_stall_max,
		.io_stall_max = o->io_stall_max,
		.p90_target_ns = o->p90_target_ns,
		.window_min = o->window_min,
		.p90_max_ns = o->p90_max_ns,
		.dither = o->dither,
		.price = o->price,
	};
}

void
tayra__options_steer(const struct tayra_pace_options *o, struct tayra__limit *limit)
{
	const struct tayra__limit_ops *limiter = tayra__limit_find(o->limiter);

	limit->rule = rule_of(o);
	if (limit->ops != limiter)
		tayra__limit_hand_over(limit, limiter);
	tayra__limit_bound(limit, "bounds set by hand");
}

struct tayra__limit
tayra__options_limit(const struct tayra_pace_options *o)
{
	const struct tayra__limit_ops *limiter = tayra__limit_find(o->limiter);
	bool warm = o->limit > limiter->start; /* somebody knew something */

	return (struct tayra__limit){
		.ops = limiter,
		.warm = warm,
		.starting = limiter == &tayra__limit_elasticity && !warm,
		.now = o->limit,
		.learned = o->limit,
		.rule = rule_of(o),
		.reason = "no window closed yet",
	};
}
