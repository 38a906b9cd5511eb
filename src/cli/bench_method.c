/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_method.h"

#include <tayra/base.h>

#include "cli/bench.h"

static double
seconds(uint64_t ns)
{
	return (double)ns / 1e9;
}

static void
set_servers(const struct tayra__bench_options *o, struct tayra__method *m)
{
	const struct tayra__bench_arrivals *a = &o->arrivals;
	const struct tayra__scenario_file *s = &o->request.scenario;

	if (a->trace.count)
		tayra__method_set(m, "load",
				  "open loop, %zu requests when a trace says, latency from then",
				  a->trace.count);
	else if (a->rate_per_s > 0)
		tayra__method_set(
			m, "load",
			"open loop, %g requests a second %s, latency from when they were due",
			a->rate_per_s,
			a->kind == TAYRA__ARRIVALS_UNIFORM ? "evenly" : "by chance (Poisson)");
	else if (a->burst)
		tayra__method_set(m, "load", "open loop, latency from when requests were due");
	else
		tayra__method_set(m, "load", "closed loop: each client asks again when answered");
	if (a->burst)
		tayra__method_set(m, "bursts", "%u more at once, every %g s", (unsigned)a->burst,
				  seconds(a->burst_every_ns));
	if (s->scenario.kinds)
		tayra__method_set(m, "scenario", "%zu kinds of requests", s->scenario.kinds);
	if (s->scenario.rows)
		tayra__method_set(m, "data", "%u rows of %s, %s", (unsigned)s->scenario.rows->rows,
				  s->data,
				  s->scenario.order == TAYRA__SCENARIO_ZIPF       ? "by Zipf's law"
				  : s->scenario.order == TAYRA__SCENARIO_SEQUENCE ? "in order"
										  : "at random");
	if (o->busy_poll)
		tayra__method_set(m, "waiting", "busy: the generator never sleeps");
	if (o->connections)
		tayra__method_set(m, "connections", "%u", o->connections);
	if (o->arms == 1)
		tayra__method_set(m, "duration", "%g s", seconds(o->duration_ns));
}

static void
set_trial(const struct tayra__bench_options *o, struct tayra__method *m)
{
	tayra__method_set(m, "metric", "%s: %s", o->metric->name, o->metric->sentence);
	tayra__method_set(m, "margin", "%g%%", 100 * o->margin);
	tayra__method_set(m, "alpha", "%g", o->alpha);
	if (o->pairs)
		tayra__method_set(m, "pairs", "%u, without a pilot", o->pairs);
	else
		tayra__method_set(m, "budget", "%g s", seconds(o->budget_ns));
	if (o->base_ref)
		tayra__method_set(m, "revisions", "base %.50s, head %.50s", o->base_ref,
				  o->head_ref ? o->head_ref : "HEAD");
	if (o->build)
		tayra__method_set(m, "build", "%s", o->build);
	if (o->slice_ns)
		tayra__method_set(m, "slice", "%g s", seconds(o->slice_ns));
}

void
tayra__bench_method_begin(struct tayra__method *m)
{
	tayra__method_begin(m, tayra_clock_real()->wall_ms(tayra_clock_real()->ctx));
}

void
tayra__bench_method(const struct tayra__bench_options *o, struct tayra__method *m)
{
	tayra__bench_method_begin(m);
	if (o->arms > 1)
		set_trial(o, m);
	if (o->urls)
		set_servers(o, m);
	tayra__method_set(m, "seed", "%llu", (unsigned long long)o->seed);
	if (o->history_path)
		tayra__method_set(m, "history", "%s", o->history_path);
}
