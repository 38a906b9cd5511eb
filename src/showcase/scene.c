/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/scene.h"

#include <math.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "prove/session.h"
#include "showcase/catalogue.h"
#include "showcase/live.h"

#define GAP_NS      (10 * TAYRA_NS_PER_MS)
#define HOT_TTL_MS  20
#define PRIME_TRIES 5
#define REQUEST_MAX 200000 /* a slice; beyond, requests repeat */

/* One arm in the running stage. */
struct side {
	struct tayra__scene_run *run;
	uint32_t arm;
	uint64_t lag_p99_ns;
	struct tayra__slice_figures figures; /* of the slice that just ended */
};

/* Counters before a slice, and after it what it added. */
struct meter {
	struct tayra__database_counts database;
	uint64_t reads, hits, stale, wrong_age;
};

static void
read_meter(struct tayra__showcase_arm *arm, struct meter *m)
{
	tayra__database_counts(arm->database, &m->database);
	m->reads = atomic_load(&arm->counts.reads);
	m->hits = atomic_load(&arm->counts.hits);
	m->stale = atomic_load(&arm->counts.stale);
	m->wrong_age = atomic_load(&arm->counts.wrong_age);
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

/* What the slice yields, out of the driver's result and the counters. */
static void
take_figures(struct side *side, const struct tayra__drive_result *r, const struct meter *before)
{
	struct tayra__showcase_arm *arm = side->run->arms[side->arm];
	const struct tayra__stage *stage = &tayra__stages[side->run->stage];
	struct tayra__slice_figures *f = &side->figures;
	double *value = f->value, offered = (double)r->offered;
	double length_s = (double)r->length_ns / 1e9;
	struct tayra__hist *ages = tayra__mem_alloc(sizeof(*ages));
	struct meter m;
	double reads;

	read_meter(arm, &m);
	reads = (double)(m.reads - before->reads);
	for (int i = 0; i < TAYRA__SHOWCASE_METRICS; i++)
		value[i] = (double)NAN;
	f->requests = offered;
	f->length_s = length_s;
	f->lag_p99_ns = tayra__hist_quantile(&r->lag, 0.99);
	f->wrong_age = m.wrong_age - before->wrong_age;
	f->measured = r->offered > 0;
	if (!f->measured || !ages) {
		tayra__mem_free(ages);
		return;
	}
	take_latency(&r->latency, value);
	value[TAYRA__THROUGHPUT_PER_S] = (double)(r->ok + r->late) / length_s;
	value[TAYRA__GOODPUT_PER_S] = (double)r->ok / length_s;
	/* Too late is as bad as not at all; refused is counted apart and in both. */
	value[TAYRA__ERROR_RATIO] = (offered - (double)r->ok) / offered;
	value[TAYRA__SHED_RATIO] = (double)r->shed / offered;
	value[TAYRA__ORIGIN_CALLS_PER_REQUEST] = (double)(m.database.calls -
							  before->database.calls) /
						 offered;
	value[TAYRA__ORIGIN_CPU_MS_PER_REQUEST] = ms(m.database.cpu_ns - before->database.cpu_ns) /
						  offered;
	value[TAYRA__CPU_MS_PER_REQUEST] = ms(r->cpu_ns) / offered;
	if (reads > 0) {
		value[TAYRA__HIT_RATIO] = (double)(m.hits - before->hits) / reads;
		value[TAYRA__STALE_RATIO] = (double)(m.stale - before->stale) / reads;
	}
	tayra__hist_init(ages);
	tayra__arm_take_ages(arm, ages);
	if (ages->count)
		value[TAYRA__AGE_P99_MS] = (double)tayra__hist_quantile(ages, 0.99);
	if (stage->kind == TAYRA__STAGE_WRITERS)
		value[TAYRA__SHOWCASE_JAIN] = jain_of(arm, stage->clients);
	tayra__mem_free(ages);
}

static int
run_open(struct side *side, const struct tayra__slice *slice, struct tayra__drive_result *result)
{
	struct tayra__scene_run *run = side->run;
	struct tayra__showcase_arm *arm = run->arms[side->arm];
	struct tayra__open_plan plan = {
		.rate_per_s = run->results->stage[run->stage].rate_per_s,
		.arrivals = TAYRA__ARRIVALS_POISSON,
		.length_ns = slice->length_ns,
		.deadline_ns = run->results->deadline_ms * TAYRA_NS_PER_MS,
		.seed = slice->seed,
		.stop = run->stop,
	};
	double expected = plan.rate_per_s * (double)slice->length_ns / 1e9;
	size_t count = (size_t)fmin(expected * 1.2 + 100, REQUEST_MAX);
	struct tayra__user_request *requests = tayra__mem_array(count, sizeof(*requests));
	struct tayra__target target = { tayra__arm_call_user, arm };
	int status;

	if (!requests)
		return TAYRA_E_NOMEM;
	tayra__workload_make(run->catalogue, run->results->seed, run->epoch + slice->round,
			     requests, count);
	arm->requests = requests;
	arm->request_count = count;
	status = tayra__drive_open(run->pool, &target, &plan, plan.deadline_ns, result);
	arm->requests = NULL;
	tayra__mem_free(requests);
	return status;
}

static enum tayra__call_end
call_hot(void *ctx, const struct tayra__call *call)
{
	const struct side *side = ctx;
	struct tayra__showcase_arm *arm = side->run->arms[side->arm];
	struct tayra__user_request request = { .kind = TAYRA__REQUEST_REVERSE,
					       .package = side->run->hot_package };
	int status = tayra__arm_read(arm, &request, call);

	if (status >= 0)
		return TAYRA__CALL_OK;
	return status == TAYRA_E_OVERLOAD ? TAYRA__CALL_SHED : TAYRA__CALL_ERROR;
}

/* The key is loaded once, with a short life, before anybody is watching; then it expires. */
static int
run_burst(struct side *side, const struct tayra__slice *slice, struct tayra__drive_result *result,
	  struct meter *before)
{
	struct tayra__scene_run *run = side->run;
	struct tayra__showcase_arm *arm = run->arms[side->arm];
	struct tayra__user_request request = { .kind = TAYRA__REQUEST_REVERSE,
					       .package = run->hot_package };
	struct tayra__target target = { call_hot, side };
	struct tayra__open_plan plan = {
		.length_ns = slice->length_ns,
		.deadline_ns = run->results->deadline_ms * TAYRA_NS_PER_MS,
		.seed = slice->seed,
		.burst = tayra__stages[run->stage].clients,
		.stop = run->stop,
	};
	int status = TAYRA_E_TIMEOUT;

	for (int i = 0; i < PRIME_TRIES && status < 0; i++)
		status = tayra__arm_prime(arm, &request, HOT_TTL_MS);
	/* A machine too busy to answer one query yields no slice, and its pair is left out. */
	if (status < 0)
		return TAYRA_OK;
	tayra__clock_sleep_until_ns(tayra__clock_mono_ns(tayra_clock_real()) +
				    (HOT_TTL_MS + 5) * TAYRA_NS_PER_MS);
	read_meter(arm, before);
	return tayra__drive_open(run->pool, &target, &plan, plan.deadline_ns, result);
}

static int
run_writers(struct side *side, const struct tayra__slice *slice, struct tayra__drive_result *result)
{
	struct tayra__scene_run *run = side->run;
	struct tayra__target target = { tayra__arm_call_writer, run->arms[side->arm] };
	struct tayra__closed_plan plan = {
		.clients = tayra__stages[run->stage].clients,
		.length_ns = slice->length_ns,
		.deadline_ns = TAYRA_NS_PER_S,
		.stop = run->stop,
	};

	return tayra__drive_closed(run->pool, &target, &plan, result);
}

/* A struct tayra__arm's run: ctx is the side. */
static int
run_slice(void *ctx, const struct tayra__slice *slice, struct tayra__measure *out)
{
	struct side *side = ctx;
	struct tayra__scene_run *run = side->run;
	const struct tayra__stage *stage = &tayra__stages[run->stage];
	struct tayra__showcase_arm *arm = run->arms[side->arm];
	struct tayra__drive_result *result = tayra__mem_alloc(sizeof(*result));
	struct meter before;
	int status;

	if (!result)
		return TAYRA_E_NOMEM;
	tayra__hist_init(&result->latency);
	tayra__hist_init(&result->lag);
	tayra__database_set_fault(arm->database, stage->fault);
	read_meter(arm, &before);
	status = tayra__arm_begin(arm);
	if (status == TAYRA_OK) {
		if (stage->kind == TAYRA__STAGE_BURST)
			status = run_burst(side, slice, result, &before);
		else if (stage->kind == TAYRA__STAGE_WRITERS)
			status = run_writers(side, slice, result);
		else
			status = run_open(side, slice, result);
		tayra__arm_end(arm);
	}
	if (status == TAYRA_OK) {
		take_figures(side, result, &before);
		for (int i = 0; i < TAYRA__METRICS; i++)
			out->value[i] = side->figures.value[i];
		if (out->latency)
			tayra__hist_merge(out->latency, &result->latency);
		out->lag_p99_ns = side->figures.lag_p99_ns;
		out->requests = result->offered;
		run->results->stage[run->stage].slice[slice->round][side->arm] = side->figures;
		run->results->stage[run->stage].requests[side->arm] += result->offered;
	}
	tayra__mem_free(result);
	return status;
}

static void
show_slice(void *ctx, size_t arm, const struct tayra__slice *slice,
	   const struct tayra__measure *measure)
{
	struct tayra__scene_run *run = ctx;

	(void)arm;
	(void)measure;
	/* Slices that have not run yet are not measured, and so not seen. */
	run->results->stage[run->stage].rounds = slice->round + 1;
	if (run->live)
		tayra__live_slice(run->live, run->results, run->stage, slice->round,
				  slice->length_ns);
}

/* The outage is one story on each arm's clock: its timeline begins with the hang. */
static void
mark_outage(struct tayra__scene_run *run)
{
	enum tayra__database_fault fault = tayra__stages[run->stage].fault;
	bool hangs = fault == TAYRA__DATABASE_HANGS;

	for (uint32_t i = 0; i < TAYRA__SHOWCASE_ARMS; i++) {
		struct tayra__timeline *t = &run->arms[i]->timeline;
		uint64_t now_ns = tayra__arm_clock_ns(&run->arms[i]->clock);

		if (hangs) {
			t->start_ns = now_ns;
			t->step_ns = (run->results->quick ? 50 : 100) * TAYRA_NS_PER_MS;
		}
		if (t->step_ns)
			t->mark_ns[t->marks++ % TAYRA__TIMELINE_MARKS] = now_ns - t->start_ns;
	}
}

static void
take_curves(struct tayra__stage_figures *figures, const struct tayra__session *session)
{
	for (size_t arm = 0; arm < session->arms; arm++)
		for (uint32_t i = 0; i < TAYRA__QUANTILES; i++)
			figures->latency_ms[arm][i] = ms(tayra__hist_quantile(
				&session->latency[arm], tayra__quantile_at(i)));
}

int
tayra__scene_run(struct tayra__scene_run *run, uint32_t stage_number)
{
	const struct tayra__stage *stage = &tayra__stages[stage_number];
	struct tayra__stage_figures *figures = &run->results->stage[stage_number];
	int quick = run->results->quick;
	struct side sides[TAYRA__SHOWCASE_ARMS];
	struct tayra__arm arms[TAYRA__SHOWCASE_ARMS];
	struct tayra__session session = { 0 };
	struct tayra__session_plan plan = {
		.scene = stage->scene,
		.phase = stage->phase,
		.rounds = stage->rounds[quick],
		.slice_ns = (uint64_t)(stage->slice_ms[quick] * run->slice_scale * 1e6),
		.gap_ns = GAP_NS,
		.seed = tayra__hash_mix64(run->results->seed + stage_number * 1000),
		.stop = run->stop,
		.progress = show_slice,
		.progress_ctx = run,
	};
	uint64_t began_ns = tayra__clock_mono_ns(tayra_clock_real());
	int status;

	for (uint32_t i = 0; i < TAYRA__SHOWCASE_ARMS; i++) {
		sides[i] = (struct side){ .run = run, .arm = i };
		arms[i] = (struct tayra__arm){ tayra__arm_names[i], run_slice, &sides[i] };
	}
	run->stage = stage_number;
	figures->rate_per_s = stage->load * run->results->capacity_per_s;
	figures->slice_s = (double)plan.slice_ns / 1e9;
	if (run->live)
		tayra__live_begin(run->live, stage_number);
	mark_outage(run);
	status = tayra__session_run(arms, TAYRA__SHOWCASE_ARMS, &plan, &session);
	figures->took_s = (double)(tayra__clock_mono_ns(tayra_clock_real()) - began_ns) / 1e9;
	if (status == TAYRA_OK) {
		figures->rounds = session.rounds;
		take_curves(figures, &session);
		if (run->live)
			tayra__live_end(run->live, run->results, stage_number);
	}
	tayra__session_fini(&session);
	run->epoch += plan.rounds;
	return status;
}

/* Copy the steps in which anything was asked; the clock also ran while a slice drained.
 * *before is how many of them lie before a moment of the timeline. */
static uint32_t
pack_steps(const struct tayra__timeline *t, struct tayra__outage *out, uint64_t until_ns)
{
	uint32_t packed = 0;

	for (uint32_t i = 0; i < TAYRA__TIMELINE_STEPS && i * t->step_ns < until_ns; i++) {
		uint32_t sum = 0;

		for (int answer = 0; answer < TAYRA__ANSWERS; answer++) {
			out->count[packed][answer] = t->count[i][answer];
			sum += t->count[i][answer];
		}
		packed += sum > 0;
	}
	return packed;
}

void
tayra__scene_take_outage(struct tayra__scene_run *run)
{
	for (uint32_t i = 0; i < TAYRA__SHOWCASE_ARMS; i++) {
		const struct tayra__timeline *t = &run->arms[i]->timeline;
		struct tayra__outage *out = &run->results->outage[i];
		uint32_t back;

		out->recovery_s = (double)NAN;
		if (t->marks < 3)
			continue;
		out->step_s = (double)t->step_ns / 1e9;
		out->dead_step = pack_steps(t, out, t->mark_ns[1]);
		out->back_step = back = pack_steps(t, out, t->mark_ns[2]);
		out->steps = pack_steps(t, out, UINT64_MAX);
		out->recovery_s = 0;
		for (uint32_t step = back; step < out->steps; step++)
			if (out->count[step][TAYRA__ANSWER_FAILED])
				out->recovery_s = (step - back + 1) * out->step_s;
	}
}
