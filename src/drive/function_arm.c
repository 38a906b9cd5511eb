/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/function_arm.h"

#include <math.h>
#include <unistd.h>

#include "base/clock.h"
#include "stat/quantile.h"

#define CALLS_MAX (1ull << 34) /* a millisecond of them is 0.06 ps each: no work is so fast */
#define TRIES     3

/* How long one part took. */
struct part {
	uint64_t wall_ns, cpu_ns;
};

/* The thread's clock is the slower one to read, so it is the inner one.  => TAYRA_OK,
 * TAYRA_E_FORKED. */
static int
run_part(const struct tayra__function_arm *arm, uint64_t n, struct part *out)
{
	uint64_t wall, cpu;

	if (arm->setup)
		arm->setup(arm->arg, n);
	wall = tayra__clock_real_ns();
	cpu = tayra__clock_thread_cpu_ns();
	arm->fn(arm->arg, n);
	out->cpu_ns = tayra__clock_thread_cpu_ns() - cpu;
	out->wall_ns = tayra__clock_real_ns() - wall;
	if (arm->teardown)
		arm->teardown(arm->arg, n);
	return getpid() == arm->pid ? TAYRA_OK : TAYRA_E_FORKED;
}

static uint64_t
divide_up(uint64_t a, uint64_t b)
{
	return a / b + (a % b ? 1 : 0);
}

/* What was preempted took too long: the fastest of a few.  A call that is longer than a slice is
 * made twice at most: the first may have had to warm up. */
static int
fastest(struct tayra__function_arm *arm, uint64_t slice_ns, uint64_t end_ns, uint64_t *best_ns)
{
	for (int i = 1; i < TRIES && tayra__clock_real_ns() + *best_ns < end_ns; i++) {
		struct part part;
		bool long_call = arm->calls == 1 && *best_ns > slice_ns;
		int status = run_part(arm, arm->calls, &part);

		if (status != TAYRA_OK)
			return status;
		*best_ns = part.wall_ns < *best_ns ? part.wall_ns : *best_ns;
		if (long_call)
			break;
	}
	if (*best_ns == 0)
		*best_ns = 1;
	return TAYRA_OK;
}

/* A part of so many calls took took_ns: how many fill part_ns, and how many parts are a slice. */
static void
settle(struct tayra__function_arm *arm, uint64_t slice_ns, uint64_t part_ns, uint64_t took_ns)
{
	double each_ns = (double)took_ns / (double)arm->calls, filled_ns;

	arm->calls = (uint64_t)ceil((double)part_ns / each_ns);
	filled_ns = each_ns * (double)arm->calls;
	arm->parts = (uint32_t)fmax(1, fmin(arm->parts, round((double)slice_ns / filled_ns)));
	arm->slice_ns = (uint64_t)(filled_ns * arm->parts);
}

int
tayra__function_arm_calibrate(struct tayra__function_arm *arm, uint64_t slice_ns, uint64_t end_ns)
{
	uint64_t parts = slice_ns / TAYRA__FUNCTION_PART_NS, part_ns;
	struct part part = { 0 };

	parts = parts > TAYRA__FUNCTION_PARTS_MAX ? TAYRA__FUNCTION_PARTS_MAX : parts ? parts : 1;
	part_ns = slice_ns / parts;
	arm->pid = getpid();
	arm->parts = (uint32_t)parts;
	for (arm->calls = 1;; arm->calls *= 2) {
		int status = run_part(arm, arm->calls, &part);

		arm->slice_ns = part.wall_ns * parts;
		if (status != TAYRA_OK)
			return status;
		if (part.wall_ns >= part_ns || tayra__clock_real_ns() >= end_ns)
			break;
		if (arm->calls >= CALLS_MAX) {
			arm->calls = 0;
			return TAYRA_OK;
		}
	}
	if (fastest(arm, slice_ns, end_ns, &part.wall_ns) != TAYRA_OK)
		return TAYRA_E_FORKED;
	settle(arm, slice_ns, part_ns, part.wall_ns);
	return TAYRA_OK;
}

void
tayra__function_arm_match(struct tayra__function_arm *arm, const struct tayra__function_arm *base)
{
	if (arm->calls < divide_up(base->calls, 2) || arm->calls > 2 * base->calls ||
	    arm->calls == 0)
		return;
	arm->slice_ns = (uint64_t)((double)arm->slice_ns * (double)base->calls /
				   (double)arm->calls * base->parts / arm->parts);
	arm->calls = base->calls;
	arm->parts = base->parts;
}

int
tayra__function_arm_run(void *ctx, const struct tayra__slice *slice, struct tayra__measure *out)
{
	const struct tayra__function_arm *arm = ctx;
	double wall[TAYRA__FUNCTION_PARTS_MAX], cpu[TAYRA__FUNCTION_PARTS_MAX];

	(void)slice;
	for (uint32_t i = 0; i < arm->parts; i++) {
		struct part part;
		int status = run_part(arm, arm->calls, &part);

		if (status != TAYRA_OK)
			return status;
		wall[i] = (double)part.wall_ns / (double)arm->calls;
		cpu[i] = (double)part.cpu_ns / (double)arm->calls;
	}
	out->requests = arm->calls * arm->parts;
	out->value[TAYRA__MEAN_MS] = tayra__quantile_median(wall, arm->parts) / 1e6;
	out->value[TAYRA__CPU_MS_PER_REQUEST] = tayra__quantile_median(cpu, arm->parts) / 1e6;
	out->value[TAYRA__OUTPUT] = tayra__quantile_median(arm->wall ? wall : cpu, arm->parts);
	return TAYRA_OK;
}
