/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/wire_arm.h"

#include <tayra/base.h>

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/hash.h"
#include "base/mem.h"
#include "drive/arrivals.h"
#include "drive/kinds.h"
#include "drive/process_use.h"
#include "stat/quantile_interval.h"

static bool
is_open(const struct tayra__wire_load *load)
{
	return load->rate_per_s > 0 || load->burst || load->moment_count;
}

static struct tayra__open_plan
open_plan(const struct tayra__wire_load *load, uint64_t length_ns, uint64_t seed)
{
	return (struct tayra__open_plan){ .rate_per_s = load->rate_per_s,
					  .arrivals = load->arrivals,
					  .length_ns = length_ns,
					  .seed = seed,
					  .burst = load->burst,
					  .burst_again = load->burst,
					  .burst_every_ns = load->burst_every_ns,
					  .moments = load->moments,
					  .moment_count = load->moment_count,
					  .moments_from_ns = load->moments_from_ns,
					  .stop = load->stop,
					  .live = load->live };
}

/* Where a slice of a trace that is longer begins. */
static uint64_t
stretch_of(const struct tayra__wire_load *load, uint64_t length_ns, uint64_t seed)
{
	uint64_t end = load->moment_count ? load->moments[load->moment_count - 1] + 1 : 0;

	return end > length_ns ? tayra__hash_mix64(~seed) % (end - length_ns + 1) : 0;
}

int
tayra__wire_load_run(struct tayra__wire *wire, const struct tayra__wire_load *load,
		     uint64_t length_ns, uint64_t seed, uint64_t drain_ns,
		     struct tayra__drive_result *result)
{
	const struct tayra__open_plan open = open_plan(load, length_ns, seed);
	const struct tayra__closed_plan closed = { .clients = load->clients,
						   .length_ns = length_ns,
						   .seed = seed,
						   .stop = load->stop,
						   .live = load->live };

	tayra__hist_init(&result->latency);
	if (is_open(load))
		return tayra__wire_drive_open(wire, &open, drain_ns, result);
	return tayra__wire_drive_closed(wire, &closed, result);
}

const char *
tayra__wire_load_spoilt(const struct tayra__wire_load *load,
			const struct tayra__drive_result *result)
{
	double lag = (double)tayra__hist_quantile(&result->lag, 0.99);
	double p99 = (double)tayra__hist_quantile(&result->latency, 0.99);
	struct tayra__open_plan plan;
	double planned;

	if (!is_open(load))
		return !load->own_use && (double)result->cpu_ns > TAYRA__WIRE_ARM_BUSY_SHARE *
									  (double)result->length_ns
			       ? "the generator had no processor time left"
			       : NULL;
	if (!load->untimed && lag > TAYRA__WIRE_ARM_LAG_NS && lag > TAYRA__WIRE_ARM_LAG_SHARE * p99)
		return "the generator was late, by more than 5% of the p99";
	plan = open_plan(load, result->length_ns ? result->length_ns : 1, 0);
	planned = tayra__arrivals_expected(&plan);
	if ((double)result->offered < 0.95 * planned &&
	    (double)result->offered < planned - 4 * sqrt(planned))
		return "the generator did not reach the rate";
	return NULL;
}

static void
put_latency(const struct tayra__hist *latency, double *value)
{
	static const struct {
		enum tayra__metric metric;
		double q;
	} quantiles[] = { { TAYRA__P50_MS, 0.5 },
			  { TAYRA__P95_MS, 0.95 },
			  { TAYRA__P99_MS, 0.99 },
			  { TAYRA__P999_MS, 0.999 } };

	for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++)
		if (tayra__quantile_is_held(quantiles[i].q, (double)latency->count))
			value[quantiles[i].metric] = (double)tayra__hist_quantile(latency,
										  quantiles[i].q) /
						     1e6;
	value[TAYRA__MEAN_MS] = tayra__hist_mean(latency) / 1e6;
	value[TAYRA__MAX_MS] = (double)latency->max / 1e6;
}

/* Of each kind, where the slice holds it. */
static void
put_kinds(const struct tayra__wire_arm *arm, double *part)
{
	const struct tayra__kinds *kinds = tayra__wire_kinds(arm->wire);

	for (size_t i = 0; part && kinds && i < kinds->scenario->kinds; i++) {
		const struct tayra__hist *slice = &kinds->tally[i].slice;
		double value[TAYRA__METRICS];

		for (int m = 0; m < TAYRA__METRICS; m++)
			value[m] = nan("");
		if (slice->count)
			put_latency(slice, value);
		part[i] = value[arm->load.of_kinds];
	}
}

static void
put_server(const struct tayra__wire_arm *arm, uint64_t cpu_ns, uint64_t ok, double *value)
{
	struct tayra__process_use use;

	if (!arm->pids)
		return;
	value[TAYRA__CPU_MS_PER_REQUEST] = (double)cpu_ns / 1e6 / (double)ok;
	if (cpu_ns)
		value[TAYRA__REQUESTS_PER_CPU_S] = (double)ok / ((double)cpu_ns / 1e9);
	if (tayra__process_use_read("/proc", arm->pid, arm->pids, TAYRA__PROCESS_ALONE, &use) ==
	    TAYRA_OK)
		value[TAYRA__RSS_MIB] = (double)use.rss_bytes / (1 << 20);
}

static int
fill(struct tayra__wire_arm *arm, const struct tayra__drive_result *r, uint64_t cpu_ns,
     struct tayra__measure *out)
{
	double seconds = (double)r->length_ns / 1e9;

	if (arm->load.stop && atomic_load_explicit(arm->load.stop, memory_order_relaxed)) {
		out->invalid = true;
		return TAYRA_PENDING;
	}
	if (r->offered && !r->ok) {
		snprintf(arm->why, sizeof(arm->why), "none of %llu requests was answered well: %s",
			 (unsigned long long)r->offered, tayra__wire_errors(arm->wire)->first);
		out->invalid = true;
		return TAYRA_PENDING;
	}
	put_latency(&r->latency, out->value);
	out->value[TAYRA__THROUGHPUT_PER_S] = (double)(r->ok + r->late) / seconds;
	out->value[TAYRA__GOODPUT_PER_S] = (double)r->ok / seconds;
	out->value[TAYRA__ERROR_RATIO] = r->offered ? (double)(r->errors + r->abandoned) /
							      (double)r->offered
						    : nan("");
	put_server(arm, cpu_ns, r->ok, out->value);
	put_kinds(arm, out->part);
	out->requests = r->offered;
	out->lag_p99_ns = tayra__hist_quantile(&r->lag, 0.99);
	out->invalid = tayra__wire_load_spoilt(&arm->load, r) != NULL;
	if (out->latency)
		tayra__hist_merge(out->latency, &r->latency);
	if (out->service)
		tayra__hist_merge(out->service, &r->service);
	return TAYRA_OK;
}

int
tayra__wire_arm_run(void *ctx, const struct tayra__slice *slice, struct tayra__measure *out)
{
	struct tayra__wire_arm *arm = ctx;
	struct tayra__drive_result *result = tayra__mem_alloc(sizeof(*result));
	uint64_t before = tayra__listener_cpu_ns(arm->pid, arm->pids), after;
	int status;

	if (!result)
		return TAYRA_E_NOMEM;
	/* Other arms may have been asked more or less in the rounds before. */
	tayra__wire_set_row(arm->wire, tayra__hash_mix64(slice->seed));
	arm->load.moments_from_ns = stretch_of(&arm->load, slice->length_ns, slice->seed);
	status = tayra__wire_load_run(arm->wire, &arm->load, slice->length_ns, slice->seed,
				      slice->length_ns, result);
	after = tayra__listener_cpu_ns(arm->pid, arm->pids);
	if (status == TAYRA_OK)
		status = fill(arm, result, after > before ? after - before : 0, out);
	tayra__mem_free(result);
	return status;
}
