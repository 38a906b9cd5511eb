/* SPDX-License-Identifier: Apache-2.0
 *
 * metric.h: the figures a slice yields: one table with name, unit, direction and a sentence.
 */
#ifndef TAYRA_PROVE_METRIC_H
#define TAYRA_PROVE_METRIC_H

#include <tayra/prove.h>

enum tayra__metric {
	TAYRA__P50_MS,
	TAYRA__P95_MS,
	TAYRA__P99_MS,
	TAYRA__P999_MS,
	TAYRA__MEAN_MS,
	TAYRA__MAX_MS,
	TAYRA__THROUGHPUT_PER_S,
	TAYRA__GOODPUT_PER_S,
	TAYRA__ERROR_RATIO,
	TAYRA__SHED_RATIO,
	TAYRA__HIT_RATIO,
	TAYRA__STALE_RATIO,
	TAYRA__AGE_P99_MS,
	TAYRA__ORIGIN_CALLS_PER_REQUEST,
	TAYRA__ORIGIN_CPU_MS_PER_REQUEST,
	TAYRA__CPU_MS_PER_REQUEST,
	TAYRA__RSS_MIB,
	TAYRA__REQUESTS_PER_CPU_S,
	TAYRA__OUTPUT,
	TAYRA__SCORE,
	TAYRA__METRICS,
};

/* What several slices of an arm come to. */
enum tayra__metric_pool {
	TAYRA__POOL_MEDIAN,
	TAYRA__POOL_MEAN, /* of what is mostly zero */
	TAYRA__POOL_MAX,
};

struct tayra__metric_info {
	const char *name; /* "p50_ms" */
	const char *unit; /* "ms", "1/s", "ratio", "calls", "MiB" */
	enum tayra_better better;
	const char *sentence;
	enum tayra__metric_pool pool;
};

/* Static; NULL when out of range. */
const struct tayra__metric_info *tayra__metric_info(enum tayra__metric metric);

#endif
