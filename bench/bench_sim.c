/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_sim.c: how many requests a second of CPU the overload simulator gets through, with the
 * production pacer inside.
 */
#include "bench.h"

#include "base/mem.h"
#include "sim/overload.h"

#include <string.h>

static void
measure(const char *name, const char *metric, const struct tayra__contender *contender)
{
	struct tayra__overload_result *result = tayra__mem_alloc(sizeof(*result));
	struct tayra__scenario scenario = { 0 };
	double values[BENCH_REPEATS];
	char error[500];

	if (!result || tayra__scenario_open(&scenario, name, error, sizeof(error)) != TAYRA_OK)
		abort();
	for (int i = 0; i < BENCH_REPEATS; i++) {
		uint64_t before = tayra__clock_thread_cpu_ns();

		if (tayra__overload_run(&scenario, contender, (uint64_t)i, NULL, result) !=
		    TAYRA_OK)
			abort();
		values[i] = (double)result->requests * 1e9 /
			    (double)(tayra__clock_thread_cpu_ns() - before);
	}
	bench_print("sim", metric, "1/s", values);
	tayra__scenario_fini(&scenario);
	tayra__mem_free(result);
}

int
main(void)
{
	const struct tayra__contender fixed = { .limiter = TAYRA_LIMITER_FIXED, .limit = 22 };
	const struct tayra__contender learning = { 0 };

	measure("overload_10x", "overload_requests_per_cpu_s", &fixed);
	measure("tiny_service", "healthy_requests_per_cpu_s", &learning);
	measure("wide_knee", "closed_requests_per_cpu_s", &learning);
	return 0;
}
