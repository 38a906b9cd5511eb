/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_method.h"

#include <tayra/base.h>

#include <time.h>

#include "cli/bench.h"

static double
seconds(uint64_t ns)
{
	return (double)ns / 1e9;
}

static void
set_servers(const struct tayra__bench_options *o, struct tayra__method *m)
{
	if (o->rate_per_s > 0)
		tayra__method_set(m, "load",
				  "open loop, %g requests a second by chance (Poisson), latency "
				  "from when they were due",
				  o->rate_per_s);
	else
		tayra__method_set(m, "load", "closed loop: each client asks again when answered");
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
	if (o->slice_ns)
		tayra__method_set(m, "slice", "%g s", seconds(o->slice_ns));
}

void
tayra__bench_method_begin(struct tayra__method *m)
{
	time_t now = (time_t)(tayra_clock_real()->wall_ms(tayra_clock_real()->ctx) / 1000);
	struct tm parts;

	*m = (struct tayra__method){ .settings = 0 };
	tayra__host_describe(&m->host);
	gmtime_r(&now, &parts);
	strftime(m->when, sizeof(m->when), "%Y-%m-%dT%H:%M:%SZ", &parts);
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
