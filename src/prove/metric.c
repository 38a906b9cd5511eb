/* SPDX-License-Identifier: Apache-2.0 */
#include "prove/metric.h"

#define LOWER  TAYRA_BETTER_LOWER
#define HIGHER TAYRA_BETTER_HIGHER

/* clang-format off */
static const struct tayra__metric_info table[TAYRA__METRICS] = {
	[TAYRA__P50_MS] = { "p50_ms", "ms", LOWER,
		"latency that half of the requests stay within, from when they were due" },
	[TAYRA__P95_MS] = { "p95_ms", "ms", LOWER,
		"latency that 95% of the requests stay within, from when they were due" },
	[TAYRA__P99_MS] = { "p99_ms", "ms", LOWER,
		"latency that 99% of the requests stay within, from when they were due" },
	[TAYRA__P999_MS] = { "p999_ms", "ms", LOWER,
		"latency that 99.9% of the requests stay within, from when they were due" },
	[TAYRA__MEAN_MS] = { "mean_ms", "ms", LOWER,
		"mean latency, from when requests were due" },
	[TAYRA__MAX_MS] = { "max_ms", "ms", LOWER,
		"latency of the slowest request", TAYRA__POOL_MAX },
	[TAYRA__THROUGHPUT_PER_S] = { "throughput_per_s", "1/s", HIGHER,
		"requests answered a second, in time or not" },
	[TAYRA__GOODPUT_PER_S] = { "goodput_per_s", "1/s", HIGHER,
		"requests answered well and before their deadline, a second" },
	[TAYRA__ERROR_RATIO] = { "error_ratio", "ratio", LOWER,
		"share of requests that failed", TAYRA__POOL_MEAN },
	[TAYRA__SHED_RATIO] = { "shed_ratio", "ratio", LOWER,
		"share of requests refused on purpose", TAYRA__POOL_MEAN },
	[TAYRA__HIT_RATIO] = { "hit_ratio", "ratio", HIGHER,
		"share of requests answered from the cache" },
	[TAYRA__STALE_RATIO] = { "stale_ratio", "ratio", LOWER,
		"share of answers older than their time to live", TAYRA__POOL_MEAN },
	[TAYRA__AGE_P99_MS] = { "age_p99_ms", "ms", LOWER,
		"age that 99% of the answers stay within" },
	[TAYRA__ORIGIN_CALLS_PER_REQUEST] = { "origin_calls_per_request", "calls", LOWER,
		"calls to the origin for each request" },
	[TAYRA__ORIGIN_CPU_MS_PER_REQUEST] = { "origin_cpu_ms_per_request", "ms", LOWER,
		"processor time of the origin for each request" },
	[TAYRA__CPU_MS_PER_REQUEST] = { "cpu_ms_per_request", "ms", LOWER,
		"processor time of the process for each request" },
	[TAYRA__RSS_MIB] = { "rss_mib", "MiB", LOWER,
		"memory of the process that is resident" },
	[TAYRA__REQUESTS_PER_CPU_S] = { "requests_per_cpu_s", "1/s", HIGHER,
		"requests answered for each second of processor time" },
	[TAYRA__OUTPUT] = { "output", "its own", LOWER,
		"a number that the target measures itself" },
	[TAYRA__SCORE] = { "score", "its own", HIGHER,
		"a number that the target measures itself, higher is better" },
};
/* clang-format on */

const struct tayra__metric_info *
tayra__metric_info(enum tayra__metric metric)
{
	return (unsigned)metric < TAYRA__METRICS ? &table[metric] : NULL;
}
