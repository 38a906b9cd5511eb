/* SPDX-License-Identifier: Apache-2.0 */
#include "prove/trial.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/hist.h"
#include "base/mem.h"
#include "stat/effect.h"
#include "stat/normal.h"
#include "stat/quantile.h"

#define PILOT_ROUNDS  6
#define PILOT_SHARE   0.15 /* of the budget at most */
#define PILOT_CAUTION 1.5  /* a spread seen in six rounds may be this much too small */
#define LEAST_ROUNDS  12
#define MOST_ROUNDS   1000
#define TURNED_ROUNDS 40  /* what is more than that many is made of several turns each */
#define LATENESS      1.1 /* of the budget: then the clock ends it */
#define SAME_POWER    0.8

/* A trial under way. */
struct course {
	const struct tayra__trial_plan *plan;
	struct tayra__arm arms[TAYRA__TRIAL_ARMS_MAX + 1];
	uint64_t start_ns, late_ns; /* when it began; when it must end */
	uint32_t rounds;            /* of the session that runs; 0: the pilot */
	uint32_t turns;
	uint32_t slices;
	_Atomic bool stop;
	bool stopped, out_of_time;
};

static uint64_t
spent(const struct course *c)
{
	return tayra__clock_real_ns() - c->start_ns;
}

static void
after_slice(void *ctx, size_t arm, const struct tayra__slice *slice,
	    const struct tayra__measure *measure)
{
	struct course *c = ctx;
	const struct tayra__trial_plan *plan = c->plan;
	double by_rounds = 0, by_time = 0;

	(void)arm;
	(void)measure;
	c->slices++;
	if (c->rounds)
		by_rounds = (double)c->slices / (double)(c->rounds * c->turns * (plan->n + 1));
	if (plan->budget_ns)
		by_time = (double)spent(c) / (double)plan->budget_ns;
	if (plan->progress)
		plan->progress(plan->progress_ctx, c->rounds ? slice->round + 1 : 0, c->rounds,
			       fmin(1, fmax(by_rounds, c->rounds ? 0 : by_time)));
	if (plan->stop && atomic_load_explicit(plan->stop, memory_order_relaxed))
		c->stopped = true;
	else if (!plan->rounds && tayra__clock_real_ns() > c->late_ns)
		c->out_of_time = true;
	if (c->stopped || c->out_of_time)
		atomic_store_explicit(&c->stop, true, memory_order_relaxed);
}

static int
run_rounds(struct course *c, const char *phase, uint32_t rounds, struct tayra__session *out)
{
	const struct tayra__trial_plan *plan = c->plan;
	const struct tayra__session_plan session = {
		.phase = phase,
		.rounds = rounds,
		.turns = c->turns,
		.parts = plan->parts,
		.slice_ns = plan->slice_ns,
		.gap_ns = plan->gap_ns,
		.seed = tayra__hash_mix64(plan->seed ^ (uint64_t)phase[0]),
		.stop = &c->stop,
		.progress = after_slice,
		.progress_ctx = c,
	};
	int status;

	c->slices = 0;
	status = tayra__session_run(c->arms, plan->n + 1, &session, out);
	if (status == TAYRA_OK && out->rounds < rounds && !c->out_of_time)
		c->stopped = true;
	return status;
}

/* The spread of a pair's log ratio, over all arms of the pilot together. */
static double
spread(const struct tayra__session *session, enum tayra__metric metric)
{
	double ratios[PILOT_ROUNDS], sum = 0;
	size_t known = 0;

	for (size_t arm = 1; arm < session->arms; arm++) {
		size_t n = 0;

		tayra__session_log_ratios(session, metric, 0, arm, ratios);
		for (size_t i = 0; i < session->rounds; i++)
			if (!isnan(ratios[i]))
				ratios[n++] = ratios[i];
		if (n < 3)
			continue;
		sum += pow(tayra__quantile_stdev(ratios, n), 2);
		known++;
	}
	return known ? sqrt(sum / (double)known) : nan("");
}

/* One pass to warm up and to see how long a round takes, then as many as fit for the noise. */
static int
run_pilot(struct course *c, struct tayra__trial_pilot *out)
{
	const struct tayra__trial_plan *plan = c->plan;
	struct tayra__session session;
	uint64_t began = tayra__clock_real_ns(), room_ns;
	int status = run_rounds(c, "warmup", 1, &session);

	*out = (struct tayra__trial_pilot){ .sd = nan("") };
	if (status != TAYRA_OK)
		return status;
	tayra__session_fini(&session);
	out->round_ns = tayra__clock_real_ns() - began;
	if (out->round_ns == 0)
		out->round_ns = 1;
	room_ns = (uint64_t)((double)plan->budget_ns * PILOT_SHARE);
	if (c->stopped || 3 * out->round_ns > room_ns)
		return TAYRA_OK;
	began = tayra__clock_real_ns();
	status = run_rounds(c, "pilot",
			    (uint32_t)fmin(PILOT_ROUNDS, (double)(room_ns / out->round_ns)),
			    &session);
	if (status != TAYRA_OK)
		return status;
	if (session.rounds) {
		out->rounds = session.rounds;
		out->round_ns = (tayra__clock_real_ns() - began) / session.rounds + 1;
		out->sd = spread(&session, plan->metric);
	}
	tayra__session_fini(&session);
	return TAYRA_OK;
}

double
tayra__trial_rounds(double sd, double margin, double alpha)
{
	double z = tayra__normal_quantile(1 - alpha / 2) +
		   tayra__normal_quantile((1 + SAME_POWER) / 2);

	return ceil(pow(z * sd / log1p(margin), 2));
}

static double
alpha_each(const struct tayra__trial_plan *plan)
{
	return plan->alpha / (double)(plan->n - 1);
}

/* How many slices each arm gets, and in how many rounds. */
static uint32_t
plan_rounds(struct course *c, const struct tayra__trial_pilot *pilot)
{
	const struct tayra__trial_plan *plan = c->plan;
	uint64_t used = spent(c);
	double fits = used < plan->budget_ns
			      ? floor((double)(plan->budget_ns - used) / (double)pilot->round_ns)
			      : 0;
	double want = isnan(pilot->sd) ? MOST_ROUNDS
				       : tayra__trial_rounds(PILOT_CAUTION * pilot->sd,
							     plan->margin, alpha_each(plan));

	want = fmin(fmax(want, LEAST_ROUNDS), MOST_ROUNDS);
	want = fmax(fmin(want, fits), 1);
	c->turns = (uint32_t)fmax(1, fmin(floor(want / TURNED_ROUNDS), plan->turns));
	return (uint32_t)(want / c->turns);
}

static int
judge(const struct tayra__trial_plan *plan, struct tayra__trial *out)
{
	struct tayra_prove_rule rule = TAYRA_PROVE_RULE_INIT;
	struct tayra__session_comparison pair;

	rule.margin = plan->margin;
	rule.alpha = alpha_each(plan);
	rule.seed = plan->seed;
	for (size_t i = 1; i < plan->n; i++) {
		int status = tayra__session_compare(&out->session, plan->metric, 0, i, plan->n,
						    &rule, &pair);

		if (status != TAYRA_OK)
			return status;
		out->ab[i] = pair.ab;
		out->aa = pair.aa;
	}
	return TAYRA_OK;
}

/* A tail holds the generator's own lag: if that differs between two arms by more than the margin,
 * it is not the servers that were compared.  `room` is for two values a round. */
static int
judge_lag(const struct tayra__trial_plan *plan, size_t arm, double *room, struct tayra__trial *out)
{
	const struct tayra__session *s = &out->session;
	struct tayra_prove_rule rule = TAYRA_PROVE_RULE_INIT;
	struct tayra_comparison lag;
	double *as = room, *bs = room + s->rounds;
	int status;

	rule.margin = plan->margin;
	rule.alpha = alpha_each(plan);
	rule.seed = plan->seed;
	for (size_t i = 0; i < s->rounds; i++) {
		const struct tayra__measure *a = &s->measures[i * s->arms], *b = a + arm;
		bool spoilt = a->invalid || b->invalid;

		as[i] = spoilt ? nan("") : (double)a->lag_p99_ns / 1e6;
		bs[i] = spoilt ? nan("") : (double)b->lag_p99_ns / 1e6;
	}
	status = tayra_prove_compare(as, bs, s->rounds, &rule, &lag);
	if (status == TAYRA_OK && (lag.verdict == TAYRA_BETTER || lag.verdict == TAYRA_WORSE) &&
	    fabs(lag.b_value - lag.a_value) > plan->margin * out->ab[arm].a_value)
		tayra__trial_spoil(
			out,
			"the generator's own lag differed between the arms: p99 %.3g and "
			"%.3g ms",
			lag.a_value, lag.b_value);
	return status;
}

static bool
of_a_tail(enum tayra__metric metric)
{
	return metric == TAYRA__P95_MS || metric == TAYRA__P99_MS || metric == TAYRA__P999_MS ||
	       metric == TAYRA__MAX_MS;
}

static int
judge_lags(const struct tayra__trial_plan *plan, struct tayra__trial *out)
{
	double *room = NULL;
	int status = TAYRA_OK;

	if (!of_a_tail(plan->metric) || !out->session.rounds)
		return TAYRA_OK;
	room = tayra__mem_array(out->session.rounds, 2 * sizeof(*room));
	if (!room)
		return TAYRA_E_NOMEM;
	for (size_t i = 1; i < plan->n && status == TAYRA_OK; i++)
		status = judge_lag(plan, i, room, out);
	tayra__mem_free(room);
	return status;
}

static int
course_init(struct course *c, const struct tayra__trial_plan *plan)
{
	*c = (struct course){ .plan = plan, .start_ns = tayra__clock_real_ns(), .turns = 1 };
	if (plan->turns > TAYRA__SESSION_TURNS_MAX || plan->n < 2 ||
	    plan->n > TAYRA__TRIAL_ARMS_MAX || (!plan->rounds && !plan->budget_ns) ||
	    plan->rounds > MOST_ROUNDS || !(plan->margin > 0 && plan->margin < 1) ||
	    !(plan->alpha > 0 && plan->alpha < 1) || !tayra__metric_info(plan->metric))
		return TAYRA_E_INVAL;
	c->late_ns = c->start_ns + (uint64_t)((double)plan->budget_ns * LATENESS);
	memcpy(c->arms, plan->arms, plan->n * sizeof(*plan->arms));
	c->arms[plan->n] = plan->arms[0];
	return TAYRA_OK;
}

int
tayra__trial_pilot(const struct tayra__trial_plan *plan, struct tayra__trial_pilot *out)
{
	struct course c;
	int status = course_init(&c, plan);

	return status == TAYRA_OK ? run_pilot(&c, out) : status;
}

int
tayra__trial_run(const struct tayra__trial_plan *plan, struct tayra__trial *out)
{
	struct course c;
	int status = course_init(&c, plan);

	*out = (struct tayra__trial){ .pilot.sd = nan("") };
	if (status == TAYRA_OK && !plan->rounds)
		status = run_pilot(&c, &out->pilot);
	if (status != TAYRA_OK)
		return status;
	if (!c.stopped) {
		c.out_of_time = false;
		atomic_store_explicit(&c.stop, false, memory_order_relaxed);
		out->planned = plan->rounds ? plan->rounds : plan_rounds(&c, &out->pilot);
		c.rounds = out->planned;
		out->turns = c.turns;
		status = run_rounds(&c, "load", out->planned, &out->session);
		if (status != TAYRA_OK)
			return status;
	} else {
		out->session.arms = plan->n + 1;
		out->turns = 1;
	}
	out->stopped = c.stopped;
	out->out_of_time = c.out_of_time;
	status = judge(plan, out);
	if (status == TAYRA_OK)
		status = judge_lags(plan, out);
	if (status != TAYRA_OK)
		tayra__trial_fini(out);
	return status;
}

/* The figures of the rounds that counted, of two arms.  Returns how many. */
static size_t
gather(const struct tayra__session *s, enum tayra__metric metric, size_t arm, double *base,
       double *other)
{
	size_t n = 0;

	for (size_t i = 0; i < s->rounds; i++) {
		const struct tayra__measure *a = &s->measures[i * s->arms], *b = a + arm;

		if (a->invalid || b->invalid || isnan(a->value[metric]) || isnan(b->value[metric]))
			continue;
		base[n] = a->value[metric];
		other[n++] = b->value[metric];
	}
	return n;
}

uint32_t
tayra__trial_pairs(const struct tayra__trial *trial, enum tayra__metric metric, size_t arm,
		   uint32_t most, double *base, double *other)
{
	const struct tayra__session *s = &trial->session;
	uint32_t n = 0;

	for (size_t i = 0; i < s->rounds && n < most; i++) {
		const struct tayra__measure *a = &s->measures[i * s->arms], *b = a + arm;

		if (a->invalid || b->invalid || !(a->value[metric] > 0 && b->value[metric] > 0))
			continue;
		base[n] = a->value[metric];
		other[n++] = b->value[metric];
	}
	return n;
}

int
tayra__trial_effects(const struct tayra__trial *trial, enum tayra__metric metric, bool timed,
		     size_t arm, struct tayra__trial_effects *out)
{
	const struct tayra__session *s = &trial->session;
	double *room = tayra__mem_array((size_t)s->rounds + 1, 2 * sizeof(*room));
	double *other = room + s->rounds;
	struct tayra__effect effect;
	size_t n;

	*out = (struct tayra__trial_effects){ .cliff_request = nan(""), .d_request = nan("") };
	if (!room)
		return TAYRA_E_NOMEM;
	n = gather(s, metric, arm, room, other);
	tayra__effect_hedges(room, n, other, n, 0.05, &effect);
	out->d_slice = effect.value;
	tayra__effect_cliff(room, n, other, n, 0.05, &effect);
	out->cliff = effect.value;
	out->cliff_lo = effect.lo;
	out->cliff_hi = effect.hi;
	if (timed && s->latency) {
		out->cliff_request = tayra__effect_cliff_hist(&s->latency[0], &s->latency[arm]);
		out->d_request = tayra__effect_cohen_hist(&s->latency[0], &s->latency[arm]);
	}
	tayra__mem_free(room);
	return TAYRA_OK;
}

void
tayra__trial_spoil(struct tayra__trial *trial, const char *why, ...)
{
	va_list args;

	va_start(args, why);
	if (!trial->spoilt[0])
		vsnprintf(trial->spoilt, sizeof(trial->spoilt), why, args);
	va_end(args);
	trial->aa.verdict = TAYRA_INVALID;
	for (size_t i = 1; i < TAYRA__TRIAL_ARMS_MAX; i++)
		trial->ab[i].verdict = TAYRA_INVALID;
}

void
tayra__trial_fini(struct tayra__trial *trial)
{
	tayra__session_fini(&trial->session);
}
