/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_metric.c: what may be compared, of commands and of servers.
 */
#include "cli/bench.h"

#include <stddef.h>

#include "cli/arguments.h"
#include "cli/command.h"

static const struct tayra__bench_metric metrics[] = {
	{ "wall", TAYRA__MEAN_MS, "ms", "from the start of the process to its end", true },
	{ "cpu", TAYRA__CPU_MS_PER_REQUEST, "ms",
	  "processor time, user and system, of the process and those it started", true },
	{ "rss", TAYRA__RSS_MIB, "MiB", "most memory of the largest process", false },
	{ "output", TAYRA__OUTPUT, "", "the number that the command prints last", false },
	{ "score", TAYRA__SCORE, "", "the number that the command prints last", false },
};

static const struct tayra__bench_metric server_metrics[] = {
	{ "p50_ms", TAYRA__P50_MS, "ms", "latency that half of the requests stay within", true,
	  true },
	{ "p95_ms", TAYRA__P95_MS, "ms", "latency that 95% of the requests stay within", true },
	{ "p99_ms", TAYRA__P99_MS, "ms", "latency that 99% of the requests stay within", true },
	{ "p999_ms", TAYRA__P999_MS, "ms", "latency that 99.9% of the requests stay within", true },
	{ "mean_ms", TAYRA__MEAN_MS, "ms", "mean latency", true, true },
	{ "max_ms", TAYRA__MAX_MS, "ms", "latency of the slowest request", true },
	{ "throughput_per_s", TAYRA__THROUGHPUT_PER_S, "/s", "requests answered a second", true,
	  true },
	{ "error_ratio", TAYRA__ERROR_RATIO, "", "share of requests that failed", false },
	{ "cpu", TAYRA__CPU_MS_PER_REQUEST, "ms", "the server's processor time for a request", true,
	  true },
	{ "rss", TAYRA__RSS_MIB, "MiB", "memory of the server's processes", false },
};

/* The metric of that name, or NULL after saying that there is none. */
static const struct tayra__bench_metric *
find_metric(const struct tayra__bench_options *o, const struct tayra__bench_metric *table, size_t n)
{
	const char *names[16] = { NULL };
	int choice;

	for (size_t i = 0; i < n; i++)
		names[i] = table[i].name;
	choice = o->metric_name ? tayra__cli_choice(o->command, "--metric", o->metric_name, names)
				: 0;
	return choice < 0 ? NULL : &table[choice];
}

int
tayra__bench_choose_metric(struct tayra__bench_options *o)
{
	if (o->urls)
		o->metric = find_metric(o, server_metrics,
					sizeof(server_metrics) / sizeof(server_metrics[0]));
	else
		o->metric = find_metric(o, metrics, sizeof(metrics) / sizeof(metrics[0]));
	return o->metric ? TAYRA__EXIT_OK : TAYRA__EXIT_USAGE;
}

enum tayra__metric
tayra__bench_kinds_metric(const struct tayra__bench_options *o)
{
	return o->metric->metric <= TAYRA__MAX_MS ? o->metric->metric : TAYRA__P50_MS;
}
