/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/stint.h"

#include <math.h>

#include "base/clock.h"
#include "base/mem.h"
#include "showcase/catalogue.h"

#define HOT_TTL_MS  20
#define PRIME_TRIES 5
#define REQUEST_MAX 200000 /* a slice; beyond, requests repeat */

/* Counters before a slice, and after it what it added. */
struct meter {
	struct tayra__database_counts database;
	uint64_t reads, hits, stale, wrong_age;
	uint64_t part_ns[TAYRA__PARTS];
	uint64_t cpu_ns; /* of the process */
};

static void
read_meter(struct tayra__showcase_arm *arm, struct meter *m)
{
	tayra__database_counts(arm->database, &m->database);
	m->cpu_ns = tayra__clock_process_cpu_ns();
	m->reads = atomic_load(&arm->counts.reads);
	m->hits = atomic_load(&arm->counts.hits);
	m->stale = atomic_load(&arm->counts.stale);
	m->wrong_age = atomic_load(&arm->counts.wrong_age);
	for (int i = 0; i < TAYRA__PARTS; i++)
		m->part_ns[i] = atomic_load(&arm->counts.part_ns[i]);
}

static double
ms(uint64_t ns)
{
	return (double)ns / 1e6;
}

/* Jain, Chiu and Hawe (1984): (sum x)^2 / (n sum x^2). */
static double
jain_of(struct tayra__showcase_arm *arm, uint32_t clients)
{
	double sum = 0, squares = 0;

	for (uint32_t i = 0; i < TAYRA__ARM_WORKERS; i++) {
		double x = atomic_exchange(&arm->done_by[i], 0);

		sum += x;
		squares += x * x;
	}
	return squares > 0 ? sum * sum / (clients * squares) : (double)NAN;
}

static void
take_latency(const struct tayra__hist *latency, double *value)
{
	value[TAYRA__P50_MS] = ms(tayra__hist_quantile(latency, 0.5));
	value[TAYRA__P95_MS] = ms(tayra__hist_quantile(latency, 0.95));
	value[TAYRA__P99_MS] = ms(tayra__hist_quantile(latency, 0.99));
	value[TAYRA__P999_MS] = ms(tayra__hist_quantile(latency, 0.999));
	value[TAYRA__MEAN_MS] = tayra__hist_mean(latency) / 1e6;
	value[TAYRA__MAX_MS] = ms(latency->max);
}

static void
take_ages(struct tayra__showcase_arm *arm, double *value)
{
	struct tayra__hist *ages = tayra__mem_alloc(sizeof(*ages));

	if (!ages)
		return;
	tayra__hist_init(ages);
	tayra__arm_take_ages(arm, ages);
	if (ages->count)
		value[TAYRA__AGE_P99_MS] = (double)tayra__hist_quantile(ages, 0.99);
	tayra__mem_free(ages);
}

static void
take_counts(struct tayra__slice_figures *f, const struct meter *before, const struct meter *after)
{
	double reads = (double)(after->reads - before->reads);
	double *value = f->value;

	value[TAYRA__ORIGIN_CALLS_PER_REQUEST] = (double)(after->database.calls -
							  before->database.calls) /
						 f->requests;
	value[TAYRA__ORIGIN_CPU_MS_PER_REQUEST] = ms(after->database.cpu_ns -
						     before->database.cpu_ns) /
						  f->requests;
	if (reads > 0) {
		value[TAYRA__HIT_RATIO] = (double)(after->hits - before->hits) / reads;
		value[TAYRA__STALE_RATIO] = (double)(after->stale - before->stale) / reads;
	}
	f->other_cpu_ms = fmax(0, ms(after->cpu_ns - before->cpu_ns) / f->requests -
					  value[TAYRA__ORIGIN_CPU_MS_PER_REQUEST]);
	for (int i = 0; i < TAYRA__PARTS; i++)
		f->part_ms[i] = ms(after->part_ns[i] - before->part_ns[i]) / f->requests;
}

/* What the slice yields, out of the driver's result and the counters. */
static void
take_figures(const struct tayra__stint *stint, const struct tayra__drive_result *r,
	     const struct meter *before, struct tayra__slice_figures *f)
{
	double *value = f->value, offered = (double)r->offered;
	double length_s = (double)r->length_ns / 1e9;
	struct meter after;

	read_meter(stint->arm, &after);
	*f = (struct tayra__slice_figures){
		.requests = offered,
		.length_s = length_s,
		.lag_p99_ns = tayra__hist_quantile(&r->lag, 0.99),
		.wrong_age = after.wrong_age - before->wrong_age,
		.measured = r->offered > 0,
	};
	for (int i = 0; i < TAYRA__SHOWCASE_METRICS; i++)
		value[i] = (double)NAN;
	if (!f->measured)
		return;
	take_latency(&r->latency, value);
	take_counts(f, before, &after);
	value[TAYRA__THROUGHPUT_PER_S] = (double)(r->ok + r->late) / length_s;
	value[TAYRA__GOODPUT_PER_S] = (double)r->ok / length_s;
	/* Too late is as bad as not at all; refused is counted apart and in both. */
	value[TAYRA__ERROR_RATIO] = (offered - (double)r->ok) / offered;
	value[TAYRA__SHED_RATIO] = (double)r->shed / offered;
	value[TAYRA__CPU_MS_PER_REQUEST] = ms(r->cpu_ns) / offered;
	if (r->cpu_ns)
		value[TAYRA__REQUESTS_PER_CPU_S] = (double)r->ok / ((double)r->cpu_ns / 1e9);
	take_ages(stint->arm, value);
	if (stint->stage->kind == TAYRA__STAGE_WRITERS)
		value[TAYRA__SHOWCASE_JAIN] = jain_of(stint->arm, stint->stage->clients);
}

static int
run_open(const struct tayra__stint *stint, const struct tayra__slice *slice,
	 struct tayra__drive_result *result)
{
	struct tayra__showcase_arm *arm = stint->arm;
	struct tayra__open_plan plan = {
		.rate_per_s = stint->rate_per_s,
		.arrivals = TAYRA__ARRIVALS_POISSON,
		.length_ns = slice->length_ns,
		.deadline_ns = stint->deadline_ns,
		.seed = slice->seed,
		.stop = stint->stop,
	};
	double expected = plan.rate_per_s * (double)slice->length_ns / 1e9;
	size_t count = (size_t)fmin(expected * 1.2 + 100, REQUEST_MAX);
	struct tayra__user_request *requests = tayra__mem_array(count, sizeof(*requests));
	struct tayra__target target = { tayra__arm_call_user, arm };
	int status;

	if (!requests)
		return TAYRA_E_NOMEM;
	tayra__workload_make(stint->catalogue, stint->seed, stint->epoch + slice->round, requests,
			     count);
	arm->requests = requests;
	arm->request_count = count;
	status = tayra__drive_open(stint->pool, &target, &plan, plan.deadline_ns, result);
	arm->requests = NULL;
	tayra__mem_free(requests);
	return status;
}

static enum tayra__call_end
call_hot(void *ctx, const struct tayra__call *call)
{
	const struct tayra__stint *stint = ctx;
	struct tayra__user_request request = { .kind = TAYRA__REQUEST_REVERSE,
					       .package = stint->hot_package };
	int status = tayra__arm_read(stint->arm, &request, call);

	if (status >= 0)
		return TAYRA__CALL_OK;
	return status == TAYRA_E_OVERLOAD ? TAYRA__CALL_SHED : TAYRA__CALL_ERROR;
}

/* The key is loaded once, with a short life, before anybody is watching; then it expires. */
static int
run_burst(const struct tayra__stint *stint, const struct tayra__slice *slice,
	  struct tayra__drive_result *result, struct meter *before)
{
	struct tayra__stint shared = *stint;
	struct tayra__user_request request = { .kind = TAYRA__REQUEST_REVERSE,
					       .package = stint->hot_package };
	struct tayra__target target = { call_hot, &shared };
	struct tayra__open_plan plan = {
		.length_ns = slice->length_ns,
		.deadline_ns = stint->deadline_ns,
		.seed = slice->seed,
		.burst = stint->stage->clients,
		.stop = stint->stop,
	};
	int status = TAYRA_E_TIMEOUT;

	for (int i = 0; i < PRIME_TRIES && status < 0; i++)
		status = tayra__arm_prime(stint->arm, &request, HOT_TTL_MS);
	/* A machine too busy to answer one query yields no slice, and its pair is left out. */
	if (status < 0)
		return TAYRA_OK;
	tayra__clock_sleep_until_ns(tayra__clock_real_ns() + (HOT_TTL_MS + 5) * TAYRA_NS_PER_MS);
	read_meter(stint->arm, before);
	return tayra__drive_open(stint->pool, &target, &plan, plan.deadline_ns, result);
}

static int
run_writers(const struct tayra__stint *stint, const struct tayra__slice *slice,
	    struct tayra__drive_result *result)
{
	struct tayra__target target = { tayra__arm_call_writer, stint->arm };
	struct tayra__closed_plan plan = {
		.clients = stint->stage->clients,
		.length_ns = slice->length_ns,
		.deadline_ns = TAYRA_NS_PER_S,
		.stop = stint->stop,
	};

	return tayra__drive_closed(stint->pool, &target, &plan, result);
}

int
tayra__stint_run(const struct tayra__stint *stint, const struct tayra__slice *slice,
		 struct tayra__slice_figures *figures, struct tayra__hist *latency)
{
	struct tayra__drive_result *result = tayra__mem_alloc(sizeof(*result));
	struct meter before;
	int status;

	if (!result)
		return TAYRA_E_NOMEM;
	tayra__hist_init(&result->latency);
	tayra__hist_init(&result->lag);
	tayra__database_set_fault(stint->arm->database, stint->stage->fault);
	read_meter(stint->arm, &before);
	status = tayra__arm_begin(stint->arm);
	if (status == TAYRA_OK) {
		if (stint->stage->kind == TAYRA__STAGE_BURST)
			status = run_burst(stint, slice, result, &before);
		else if (stint->stage->kind == TAYRA__STAGE_WRITERS)
			status = run_writers(stint, slice, result);
		else
			status = run_open(stint, slice, result);
		tayra__arm_end(stint->arm);
	}
	if (status == TAYRA_OK) {
		take_figures(stint, result, &before, figures);
		if (latency)
			tayra__hist_merge(latency, &result->latency);
	}
	tayra__mem_free(result);
	return status;
}
