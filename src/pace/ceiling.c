/* SPDX-License-Identifier: Apache-2.0 */
#include "pace/ceiling.h"

#include <math.h>

#define CUT_NS     TAYRA_NS_PER_S
#define BAND       0.95      /* of a bound: below is calm */
#define HARD       (2.0 / 3) /* of the way to all memory: .95 for .85 */
#define MEMORY_CUT 0.7
#define IO_CUT     0.9

static bool
over(double share, double bound)
{
	return bound < 1 && share >= bound;
}

/* From where on memory cuts. */
static double
hard(const struct tayra__limit_rule *rule)
{
	return rule->memory_max + HARD * (1 - rule->memory_max);
}

/* What is over its bound, and what that does to the ceiling; NULL: nothing. */
static const char *
broken(const struct tayra__limit_rule *rule, const struct tayra_pressure *p, double *factor)
{
	*factor = 1;
	if (over(p->memory, rule->memory_max)) {
		if (p->memory >= hard(rule))
			*factor = MEMORY_CUT;
		return "memory over maximum";
	}
	if (over(p->io_stall, rule->io_stall_max)) {
		*factor = IO_CUT;
		return "I/O stalls over maximum";
	}
	if (over(p->memory_stall, rule->memory_stall_max))
		return "memory stalls over maximum";
	return over(p->cpu, rule->cpu_max) ? "cpu over maximum" : NULL;
}

static bool
near(const struct tayra__limit_rule *rule, const struct tayra_pressure *p)
{
	return over(p->memory / BAND, rule->memory_max) || over(p->cpu / BAND, rule->cpu_max) ||
	       over(p->memory_stall / BAND, rule->memory_stall_max) ||
	       over(p->io_stall / BAND, rule->io_stall_max);
}

void
tayra__ceiling_update(struct tayra__ceiling *c, const struct tayra__limit_rule *rule,
		      const struct tayra_pressure *pressure, double limit, uint64_t length_ns)
{
	double factor;
	const char *reason = broken(rule, pressure, &factor);

	c->cut_ns += length_ns;
	if (!reason) {
		c->calm_ns = near(rule, pressure) ? 0 : c->calm_ns + length_ns;
		if (c->calm_ns >= TAYRA__CEILING_CALM_NS)
			*c = (struct tayra__ceiling){ 0 };
		return;
	}
	if (c->most <= 0)
		*c = (struct tayra__ceiling){ .most = limit, .cut_ns = CUT_NS };
	c->most = fmin(c->most, limit);
	c->reason = reason;
	c->calm_ns = 0;
	if (factor < 1 && c->cut_ns >= CUT_NS) {
		c->most *= factor;
		c->cut_ns = 0;
	}
	c->most = fmax(c->most, rule->min);
}

void
tayra__scarcity_update(struct tayra__scarcity *s, const struct tayra__limit_rule *rule,
		       const struct tayra_pressure *pressure, uint64_t length_ns)
{
	if (rule->memory_max >= 1) {
		*s = (struct tayra__scarcity){ 0 };
	} else if (over(pressure->memory, hard(rule))) {
		*s = (struct tayra__scarcity){ .now = true };
	} else if (s->now) {
		s->calm_ns = over(pressure->memory / BAND, hard(rule)) ? 0 : s->calm_ns + length_ns;
		s->now = s->calm_ns < TAYRA__CEILING_CALM_NS;
	}
}
