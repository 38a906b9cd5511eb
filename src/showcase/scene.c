/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/scene.h"

#include <math.h>

#include "base/clock.h"
#include "base/hash.h"
#include "prove/session.h"
#include "showcase/live.h"
#include "showcase/stint.h"

#define GAP_NS (10 * TAYRA_NS_PER_MS)

/* One arm in the running stage. */
struct side {
	struct tayra__scene_run *run;
	uint32_t arm;
};

static double
ms(uint64_t ns)
{
	return (double)ns / 1e6;
}

/* A struct tayra__arm's run: ctx is the side. */
static int
run_slice(void *ctx, const struct tayra__slice *slice, struct tayra__measure *out)
{
	struct side *side = ctx;
	struct tayra__scene_run *run = side->run;
	struct tayra__stage_figures *figures = &run->results->stage[run->stage];
	struct tayra__slice_figures *f = &figures->slice[slice->round][side->arm];
	struct tayra__stint stint = {
		.catalogue = run->catalogue,
		.pool = run->pool,
		.stage = &tayra__stages[run->stage],
		.arm = run->arms[side->arm],
		.rate_per_s = figures->rate_per_s,
		.deadline_ns = run->results->deadline_ms * TAYRA_NS_PER_MS,
		.seed = run->results->seed,
		.epoch = run->epoch,
		.hot_package = run->hot_package,
		.stop = run->stop,
	};
	int status = tayra__stint_run(&stint, slice, f, out->latency);

	if (status < 0)
		return status;
	for (int i = 0; i < TAYRA__METRICS; i++)
		out->value[i] = f->value[i];
	out->lag_p99_ns = f->lag_p99_ns;
	out->requests = (uint64_t)f->requests;
	figures->requests[side->arm] += (uint64_t)f->requests;
	return TAYRA_OK;
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
	uint64_t began_ns = tayra__clock_real_ns();
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
	figures->took_s = (double)(tayra__clock_real_ns() - began_ns) / 1e9;
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
