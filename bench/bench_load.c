/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_load.c: the goals of read-through, by the scenarios of load_bench.h.  Names as arguments:
 * those scenarios alone; "worlds" and "traces" only so.
 */
#include "load_bench.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"

static const struct {
	const char *name;
	int (*run)(void);
	bool by_name; /* only */
} scenarios[] = {
	{ "hit", load_hit },
	{ "direct", load_direct },
	{ "herd", load_herd },
	{ "outage", load_outage },
	{ "slow", load_slow },
	{ "ttl", load_ttl },
	{ "prefetch", load_prefetch },
	{ "worlds", load_worlds, true },
	{ "traces", load_traces, true },
};

void
load_goal_print(const struct load_goal *goal)
{
	struct tayra__json json;

	tayra__json_init(&json, stdout, TAYRA__JSON_LINE);
	tayra__json_object(&json, NULL);
	tayra__json_string(&json, "goal", goal->goal);
	tayra__json_string(&json, "scenario", goal->scenario);
	tayra__json_string(&json, "what", goal->what);
	tayra__json_double(&json, "figure", goal->figure, 4);
	tayra__json_double(&json, "bar", goal->bar, 4);
	tayra__json_double(&json, "lo", goal->lo, 4);
	tayra__json_double(&json, "hi", goal->hi, 4);
	if (isnan(goal->bar))
		tayra__json_null(&json, "pass");
	else
		tayra__json_bool(&json, "pass", goal->pass);
	tayra__json_string(&json, "repeat", "make bench-load");
	tayra__json_end(&json);
	tayra__json_finish(&json);
	fflush(stdout);
}

static bool
is_wanted(const char *name, bool by_name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return true;
	return argc < 2 && !by_name;
}

int
main(int argc, char **argv)
{
	int failed = 0;

	for (size_t i = 0; i < sizeof(scenarios) / sizeof(*scenarios); i++)
		if (is_wanted(scenarios[i].name, scenarios[i].by_name, argc, argv))
			failed |= scenarios[i].run();
	return failed;
}
