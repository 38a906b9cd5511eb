/* SPDX-License-Identifier: Apache-2.0
 *
 * bench.h: what every benchmark does: run a piece of work several times, print one line of JSON.
 * The value is the median over the repeats; lo and hi are the order statistics that hold the median
 * with at least 95% confidence.  CPU time of the thread, not wall time: the machines are shared.
 */
#ifndef TAYRA_BENCH_BENCH_H
#define TAYRA_BENCH_BENCH_H

#include "base/clock.h"
#include "base/json.h"

#include <stdlib.h>

#define BENCH_REPEATS 15

/* Order statistics 4 and 12 of 15 hold the median with probability 0.965 (binomial). */
#define BENCH_LO 3
#define BENCH_HI 11

static int
bench_by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Values are sorted from here on. */
static inline void
bench_begin(struct tayra__json *json, double *values)
{
	qsort(values, BENCH_REPEATS, sizeof(*values), bench_by_value);
	tayra__json_init(json, stdout, TAYRA__JSON_LINE);
	tayra__json_object(json, NULL);
}

static inline void
bench_end(struct tayra__json *json, const char *bench)
{
	char repeat[128];

	snprintf(repeat, sizeof(repeat), "make bench BENCH=%s", bench);
	tayra__json_string(json, "repeat", repeat);
	tayra__json_end(json);
	tayra__json_finish(json);
}

static inline void
bench_print(const char *bench, const char *metric, const char *unit, double *values)
{
	struct tayra__json json;

	bench_begin(&json, values);
	tayra__json_string(&json, "bench", bench);
	tayra__json_string(&json, "metric", metric);
	tayra__json_double(&json, "value", values[BENCH_REPEATS / 2], 4);
	tayra__json_string(&json, "unit", unit);
	tayra__json_double(&json, "lo", values[BENCH_LO], 4);
	tayra__json_double(&json, "hi", values[BENCH_HI], 4);
	tayra__json_u64(&json, "n", BENCH_REPEATS);
	bench_end(&json, bench);
}

/* The same, of a goal: at most `bar`. */
static inline void
bench_print_goal(const char *bench, const char *goal, const char *what, double bar, double *values)
{
	struct tayra__json json;

	bench_begin(&json, values);
	tayra__json_string(&json, "goal", goal);
	tayra__json_string(&json, "scenario", bench);
	tayra__json_null(&json, "limiter");
	tayra__json_string(&json, "what", what);
	tayra__json_double(&json, "figure", values[BENCH_REPEATS / 2], 4);
	tayra__json_null(&json, "oracle");
	tayra__json_double(&json, "bar", bar, 4);
	tayra__json_string(&json, "side", "most");
	tayra__json_double(&json, "lo", values[BENCH_LO], 4);
	tayra__json_double(&json, "hi", values[BENCH_HI], 4);
	tayra__json_bool(&json, "pass", values[BENCH_REPEATS / 2] <= bar);
	bench_end(&json, bench);
}

/* ns of CPU for one of `ops` operations that work(ctx, ops) does, repeated. */
static inline void
bench_measure(void (*work)(void *ctx, uint64_t ops), void *ctx, uint64_t ops, double *values)
{
	work(ctx, ops / 10 + 1); /* warm */
	for (int i = 0; i < BENCH_REPEATS; i++) {
		uint64_t before = tayra__clock_thread_cpu_ns();

		work(ctx, ops);
		values[i] = (double)(tayra__clock_thread_cpu_ns() - before) / (double)ops;
	}
}

static inline void
bench_cpu_ns(const char *bench, const char *metric, void (*work)(void *ctx, uint64_t ops),
	     void *ctx, uint64_t ops)
{
	double values[BENCH_REPEATS];

	bench_measure(work, ctx, ops, values);
	bench_print(bench, metric, "ns", values);
}

#endif
