/* SPDX-License-Identifier: Apache-2.0
 *
 * One coin a round decides the order of the arms, whatever came before: that is all the test of
 * compare.c relies on.  Balancing the orders over the session would make rounds depend on each
 * other, and fixed patterns fall in step with periodic noise.
 */
#include "prove/session.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/hist.h"
#include "base/mem.h"
#include "base/rng.h"
#include "stat/quantile.h"

#include <math.h>
#include <string.h>

/* What a run needs besides its results. */
struct course {
	const struct tayra__arm *arms;
	const struct tayra__session_plan *plan;
	struct tayra__session *out;
	struct tayra__rng rng;
	uint32_t *order;
	struct tayra__measure *turn; /* [turn * arms + arm], of the round that runs */
	double *turn_part;           /* [(turn * arms + arm) * parts + part] */
	/* [arm]; they join the session's when the round is whole. */
	struct tayra__hist *round_latency, *round_service;
	struct tayra__hist *slice; /* [2]: latency, service */
	uint32_t turns;
	bool begun; /* a slice has run: the next waits for the gap */
};

static bool
stopped(const struct tayra__session_plan *plan)
{
	return plan->stop && atomic_load_explicit(plan->stop, memory_order_relaxed);
}

static void
rest(const struct tayra__session_plan *plan)
{
	const struct tayra_clock *clock = tayra_clock_real();
	uint64_t now = tayra__clock_mono_ns(clock), end = now + plan->gap_ns;

	while (now < end && !stopped(plan)) {
		tayra__clock_sleep_until_ns(tayra__clock_nap_end_ns(now, end));
		now = tayra__clock_mono_ns(clock);
	}
}

static void
measure_init(struct tayra__measure *measure, struct tayra__hist slice[2])
{
	*measure = (struct tayra__measure){ .latency = &slice[0], .service = &slice[1] };
	for (int i = 0; i < TAYRA__METRICS; i++)
		measure->value[i] = nan("");
	tayra__hist_init(&slice[0]);
	tayra__hist_init(&slice[1]);
}

static double *
parts_of(const struct course *c, uint32_t turn, size_t arm)
{
	return &c->turn_part[(turn * c->out->arms + arm) * c->plan->parts];
}

static double *
parts_init(const struct course *c, uint32_t turn, size_t arm)
{
	double *part = parts_of(c, turn, arm);

	for (uint32_t i = 0; i < c->plan->parts; i++)
		part[i] = nan("");
	return part;
}

static int
run_slice(struct course *c, uint32_t round, uint32_t turn, uint32_t arm)
{
	const struct tayra__session_plan *plan = c->plan;
	struct tayra__measure *measure = &c->turn[turn * c->out->arms + arm];
	struct tayra__slice slice = { .scene = plan->scene,
				      .phase = plan->phase,
				      .round = round,
				      .turn = turn,
				      .seed = tayra__hash_mix64(plan->seed +
								(uint64_t)round * c->turns + turn),
				      .length_ns = plan->slice_ns };
	int status;

	if (c->begun && plan->gap_ns)
		rest(plan);
	c->begun = true;
	measure_init(measure, c->slice);
	if (plan->parts)
		measure->part = parts_init(c, turn, arm);
	status = c->arms[arm].run(c->arms[arm].ctx, &slice, measure);
	if (status == TAYRA_OK && plan->progress)
		plan->progress(plan->progress_ctx, arm, &slice, measure);
	if (status == TAYRA_OK && !measure->invalid) {
		tayra__hist_merge(&c->round_latency[arm], measure->latency);
		tayra__hist_merge(&c->round_service[arm], measure->service);
	}
	measure->latency = measure->service = NULL; /* the histograms are the next slice's */
	return status;
}

static double
pool(enum tayra__metric metric, double *values, size_t n)
{
	double sum = 0, most = 0;

	if (n == 0)
		return nan("");
	for (size_t i = 0; i < n; i++) {
		sum += values[i];
		most = i == 0 || values[i] > most ? values[i] : most;
	}
	switch (tayra__metric_info(metric)->pool) {
	case TAYRA__POOL_MEAN: return sum / (double)n;
	case TAYRA__POOL_MAX: return most;
	case TAYRA__POOL_MEDIAN: break;
	}
	return tayra__quantile_median(values, n);
}

/* What an arm's turns come to. */
static void
pool_turns(const struct course *c, size_t arm, struct tayra__measure *out)
{
	double values[TAYRA__SESSION_TURNS_MAX];
	uint32_t spoilt = 0;

	*out = (struct tayra__measure){ .latency = NULL };
	for (uint32_t turn = 0; turn < c->turns; turn++) {
		const struct tayra__measure *m = &c->turn[turn * c->out->arms + arm];

		spoilt += m->invalid;
		out->requests += m->requests;
		if (m->lag_p99_ns > out->lag_p99_ns)
			out->lag_p99_ns = m->lag_p99_ns;
	}
	out->invalid = spoilt > 0 && 2 * spoilt >= c->turns;
	for (int i = 0; i < TAYRA__METRICS; i++) {
		size_t n = 0;

		for (uint32_t turn = 0; turn < c->turns; turn++) {
			const struct tayra__measure *m = &c->turn[turn * c->out->arms + arm];

			if ((!m->invalid || out->invalid) && !isnan(m->value[i]))
				values[n++] = m->value[i];
		}
		out->value[i] = pool((enum tayra__metric)i, values, n);
	}
}

/* The median over the turns that count, as of the other figures. */
static void
pool_parts(const struct course *c, uint32_t round, size_t arm, bool spoilt)
{
	const uint32_t parts = c->plan->parts;
	double values[TAYRA__SESSION_TURNS_MAX];

	for (uint32_t i = 0; i < parts; i++) {
		size_t n = 0;

		for (uint32_t turn = 0; turn < c->turns; turn++) {
			double value = parts_of(c, turn, arm)[i];

			if ((!c->turn[turn * c->out->arms + arm].invalid || spoilt) &&
			    !isnan(value))
				values[n++] = value;
		}
		c->out->part[(round * c->out->arms + arm) * parts + i] = n ? tayra__quantile_median(
										     values, n)
									   : nan("");
	}
}

/* => TAYRA_PENDING: stopped before the turn was whole. */
static int
run_turn(struct course *c, uint32_t round, uint32_t turn)
{
	size_t arms = c->out->arms;
	int status = TAYRA_OK;

	for (size_t i = 0; i < arms; i++)
		c->order[i] = (uint32_t)i;
	tayra__rng_shuffle(&c->rng, c->order, arms);
	for (size_t i = 0; i < arms && status == TAYRA_OK; i++)
		status = stopped(c->plan) ? TAYRA_PENDING : run_slice(c, round, turn, c->order[i]);
	return status;
}

/* => TAYRA_PENDING: stopped before the round was whole. */
static int
run_round(struct course *c, uint32_t round)
{
	size_t arms = c->out->arms;

	for (size_t i = 0; i < arms; i++)
		tayra__hist_init(&c->round_latency[i]);
	for (size_t i = 0; i < arms; i++)
		tayra__hist_init(&c->round_service[i]);
	for (uint32_t turn = 0; turn < c->turns; turn++) {
		int status = run_turn(c, round, turn);

		if (status != TAYRA_OK)
			return status;
	}
	for (size_t i = 0; i < arms; i++) {
		struct tayra__measure *measure = &c->out->measures[round * arms + i];

		pool_turns(c, i, measure);
		pool_parts(c, round, i, measure->invalid);
		tayra__spread_of(&c->round_latency[i], &measure->spread);
		if (measure->invalid)
			continue;
		tayra__hist_merge(&c->out->latency[i], &c->round_latency[i]);
		tayra__hist_merge(&c->out->service[i], &c->round_service[i]);
	}
	c->out->rounds = round + 1;
	return TAYRA_OK;
}

static int
course_init(struct course *c, const struct tayra__arm *arms, size_t n,
	    const struct tayra__session_plan *plan, struct tayra__session *out)
{
	size_t slices, room;

	*c = (struct course){
		.arms = arms, .plan = plan, .out = out, .turns = plan->turns ? plan->turns : 1
	};
	*out = (struct tayra__session){ .arms = n, .parts = plan->parts };
	if (c->turns > TAYRA__SESSION_TURNS_MAX)
		return TAYRA_E_INVAL;
	if (__builtin_mul_overflow(n, (size_t)plan->rounds, &slices) ||
	    plan->parts > TAYRA__SESSION_PARTS_MAX ||
	    __builtin_mul_overflow(slices, (size_t)TAYRA__SESSION_PARTS_MAX, &room))
		return TAYRA_E_NOMEM;
	out->measures = tayra__mem_array(slices, sizeof(*out->measures));
	out->latency = tayra__mem_array(n, sizeof(*out->latency));
	out->service = tayra__mem_array(n, sizeof(*out->service));
	c->round_latency = tayra__mem_array(n, sizeof(*c->round_latency));
	c->round_service = tayra__mem_array(n, sizeof(*c->round_service));
	c->slice = tayra__mem_array(2, sizeof(*c->slice));
	c->turn = tayra__mem_array(n * c->turns, sizeof(*c->turn));
	c->order = tayra__mem_array(n, sizeof(*c->order));
	out->part = tayra__mem_array(slices * plan->parts + 1, sizeof(*out->part));
	c->turn_part = tayra__mem_array(n * c->turns * plan->parts + 1, sizeof(*c->turn_part));
	if (!out->measures || !out->latency || !out->service || !c->round_latency ||
	    !c->round_service || !c->slice || !c->turn || !c->order || !out->part || !c->turn_part)
		return TAYRA_E_NOMEM;
	for (size_t i = 0; i < n; i++) {
		tayra__hist_init(&out->latency[i]);
		tayra__hist_init(&out->service[i]);
	}
	/* Its own stream: the order must not be a function of what the arms are given. */
	tayra__rng_init(&c->rng, tayra__hash_mix64(~plan->seed));
	return TAYRA_OK;
}

int
tayra__session_run(const struct tayra__arm *arms, size_t n, const struct tayra__session_plan *plan,
		   struct tayra__session *out)
{
	struct course c;
	int status = course_init(&c, arms, n, plan, out);

	for (uint32_t round = 0; status == TAYRA_OK && round < plan->rounds; round++)
		status = run_round(&c, round);
	if (status == TAYRA_PENDING)
		status = TAYRA_OK;
	tayra__mem_free(c.turn_part);
	tayra__mem_free(c.order);
	tayra__mem_free(c.turn);
	tayra__mem_free(c.slice);
	tayra__mem_free(c.round_service);
	tayra__mem_free(c.round_latency);
	if (status != TAYRA_OK)
		tayra__session_fini(out);
	return status;
}

void
tayra__session_fini(struct tayra__session *session)
{
	tayra__mem_free(session->part);
	tayra__mem_free(session->measures);
	tayra__mem_free(session->service);
	tayra__mem_free(session->latency);
	memset(session, 0, sizeof(*session));
}

static const struct tayra__measure *
measure_at(const struct tayra__session *s, size_t round, size_t arm)
{
	return &s->measures[round * s->arms + arm];
}

/* Which figure: a metric, or behind them a part. */
static double
figure_at(const struct tayra__session *s, size_t round, size_t arm, size_t which)
{
	if (which < TAYRA__METRICS)
		return measure_at(s, round, arm)->value[which];
	return s->part[(round * s->arms + arm) * s->parts + which - TAYRA__METRICS];
}

/* NaN where a pair was spoilt; returns how many were. */
static uint32_t
gather(const struct tayra__session *s, size_t which, size_t a, size_t b, double *as, double *bs)
{
	uint32_t spoilt = 0;

	for (size_t i = 0; i < s->rounds; i++) {
		const struct tayra__measure *ma = measure_at(s, i, a), *mb = measure_at(s, i, b);
		bool invalid = ma->invalid || mb->invalid;

		as[i] = invalid ? nan("") : figure_at(s, i, a, which);
		bs[i] = invalid ? nan("") : figure_at(s, i, b, which);
		spoilt += invalid ? 1 : 0;
	}
	return spoilt;
}

static int
compare_arms(const struct tayra__session *s, size_t which, size_t a, size_t b,
	     const struct tayra_prove_rule *given, double *room, struct tayra_comparison *out)
{
	struct tayra_prove_rule rule = *given;
	uint32_t spoilt = gather(s, which, a, b, room, room + s->rounds);
	int status;

	rule.better = which < TAYRA__METRICS ? tayra__metric_info((enum tayra__metric)which)->better
					     : TAYRA_BETTER_LOWER;
	status = tayra_prove_compare(room, room + s->rounds, s->rounds, &rule, out);
	/* What is left when most was thrown away is what the noise let through. */
	if (status == TAYRA_OK && spoilt > s->rounds / 2)
		out->verdict = TAYRA_INVALID;
	return status;
}

int
tayra__session_compare(const struct tayra__session *session, enum tayra__metric metric, size_t a,
		       size_t b, size_t a2, const struct tayra_prove_rule *rule,
		       struct tayra__session_comparison *out)
{
	size_t arms = session->arms;
	double *room;
	int status;

	*out = (struct tayra__session_comparison){ 0 };
	if (!tayra__metric_info(metric) || a >= arms || b >= arms || a2 >= arms)
		return TAYRA_E_INVAL;
	room = tayra__mem_array((size_t)session->rounds + 1, 2 * sizeof(*room));
	if (!room)
		return TAYRA_E_NOMEM;
	status = compare_arms(session, metric, a, b, rule, room, &out->ab);
	if (status == TAYRA_OK)
		status = compare_arms(session, metric, a, a2, rule, room, &out->aa);
	if (status != TAYRA_OK)
		*out = (struct tayra__session_comparison){ 0 };
	tayra__mem_free(room);
	return status;
}

int
tayra__session_compare_part(const struct tayra__session *session, uint32_t part, size_t a, size_t b,
			    const struct tayra_prove_rule *rule, struct tayra_comparison *out)
{
	double *room;
	int status;

	*out = (struct tayra_comparison){ 0 };
	if (part >= session->parts || a >= session->arms || b >= session->arms)
		return TAYRA_E_INVAL;
	room = tayra__mem_array((size_t)session->rounds + 1, 2 * sizeof(*room));
	if (!room)
		return TAYRA_E_NOMEM;
	status = compare_arms(session, TAYRA__METRICS + part, a, b, rule, room, out);
	tayra__mem_free(room);
	return status;
}

void
tayra__session_log_ratios(const struct tayra__session *session, enum tayra__metric metric, size_t a,
			  size_t b, double *out)
{
	bool higher = tayra__metric_info(metric)->better == TAYRA_BETTER_HIGHER;

	for (size_t i = 0; i < session->rounds; i++) {
		const struct tayra__measure *ma = measure_at(session, i, a);
		const struct tayra__measure *mb = measure_at(session, i, b);
		double from = ma->value[metric], to = mb->value[metric];

		out[i] = nan("");
		if (!ma->invalid && !mb->invalid && from > 0 && to > 0)
			out[i] = higher ? log(to / from) : log(from / to);
	}
}
