/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/economy.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "showcase/results.h"

#define BUSY_SCENE "catalogue"
#define BUSY_PHASE "load"
#define STEPS_MAX  8
#define MS_PER_H   3.6e6
#define H_PER_MON  730.0

const char *
tayra__bound_name(enum tayra__bound bound)
{
	static const char *const names[] = { "between", "below", "above", "unknown" };

	return bound <= TAYRA__BOUND_UNKNOWN ? names[bound] : NULL;
}

/* What the computing needs; big. */
struct economist {
	const struct tayra__results *results;
	struct tayra__economy *out;
	uint32_t step[STEPS_MAX], steps; /* stages of one workload, by rising rate */
	struct tayra__draws draws[STEPS_MAX];
	uint32_t busy; /* which of the steps is the busy day; steps: none */
	double drawn[4][TAYRA__DRAWS];
};

/* A figure of a step by round. */
static void
take_column(const struct economist *e, uint32_t step, uint32_t arm, int metric, double *by_round)
{
	const struct tayra__stage_figures *figures = &e->results->stage[e->step[step]];

	for (uint32_t round = 0; round < figures->rounds; round++) {
		const struct tayra__slice_figures *slice = &figures->slice[round][arm];

		by_round[round] = slice->measured ? slice->value[metric] : (double)NAN;
	}
}

static double
mean_of(const struct economist *e, uint32_t step, uint32_t arm, int metric, uint32_t draw)
{
	double by_round[TAYRA__ROUNDS_MAX];

	take_column(e, step, arm, metric, by_round);
	return tayra__draws_mean(&e->draws[step], by_round, draw);
}

static void
find_steps(struct economist *e)
{
	for (uint32_t i = 0; i < tayra__stage_count && e->steps < STEPS_MAX; i++) {
		const struct tayra__stage *stage = &tayra__stages[i];

		if (!stage->step || !e->results->stage[i].rounds)
			continue;
		tayra__draws_init(&e->draws[e->steps], e->results->stage[i].rounds,
				  e->results->seed + 4000 + i);
		if (strcmp(stage->scene, BUSY_SCENE) == 0 && strcmp(stage->phase, BUSY_PHASE) == 0)
			e->busy = e->steps;
		e->step[e->steps++] = i;
	}
	if (e->busy == UINT32_MAX)
		e->busy = e->steps;
}

static struct tayra__estimate
estimate_mean(struct economist *e, uint32_t arm, int metric, double by)
{
	for (uint32_t i = 0; i < TAYRA__DRAWS; i++)
		e->drawn[0][i] = mean_of(e, e->busy, arm, metric, i) / by;
	return tayra__draws_estimate(&e->draws[e->busy],
				     mean_of(e, e->busy, arm, metric, TAYRA__DRAWS_WHOLE) / by,
				     e->drawn[0]);
}

/* ---- capacity ---- */

/* Where a value that is `here` at x0 and `there` at x1 crosses `level`, on a logarithmic x. */
static double
crossing(double x0, double x1, double here, double there, double level)
{
	double share = there > here ? (level - here) / (there - here) : 1;

	return x0 * pow(x1 / x0, fmin(fmax(share, 0), 1));
}

static bool
holds(const struct economist *e, double p99_ms, double errors)
{
	return p99_ms <= e->out->level_p99_ms && errors <= e->out->level_errors;
}

/* The rate at which the level is lost, in one draw: the first step that does not hold, and between
 * it and the one before. */
static double
capacity_in(const struct economist *e, uint32_t arm, uint32_t draw, enum tayra__bound *bound)
{
	double rate = 0, p99 = 0, errors = 0;

	*bound = TAYRA__BOUND_UNKNOWN;
	for (uint32_t i = 0; i < e->steps; i++) {
		double next_rate = e->results->stage[e->step[i]].rate_per_s;
		double next_p99 = mean_of(e, i, arm, TAYRA__P99_MS, draw);
		double next_errors = mean_of(e, i, arm, TAYRA__ERROR_RATIO, draw);

		if (isnan(next_p99) || isnan(next_errors))
			return (double)NAN;
		if (!holds(e, next_p99, next_errors)) {
			*bound = i ? TAYRA__BOUND_BETWEEN : TAYRA__BOUND_BELOW_ALL;
			return i ? fmin(crossing(rate, next_rate, log(fmax(p99, 1e-6)),
						 log(fmax(next_p99, 1e-6)),
						 log(e->out->level_p99_ms)),
					crossing(rate, next_rate, errors, next_errors,
						 e->out->level_errors))
				 : next_rate;
		}
		rate = next_rate;
		p99 = next_p99;
		errors = next_errors;
		*bound = TAYRA__BOUND_ABOVE_ALL;
	}
	return e->steps ? rate : (double)NAN;
}

static void
find_capacity(struct economist *e, uint32_t arm)
{
	struct tayra__capacity *c = &e->out->capacity[arm];
	double value = capacity_in(e, arm, TAYRA__DRAWS_WHOLE, &c->bound);
	enum tayra__bound ignored;

	for (uint32_t i = 0; i < TAYRA__DRAWS; i++)
		e->drawn[0][i] = capacity_in(e, arm, i, &ignored);
	c->per_s = (struct tayra__estimate){ (double)NAN, (double)NAN, (double)NAN };
	if (e->steps)
		c->per_s = tayra__draws_estimate(&e->draws[0], value, e->drawn[0]);
}

/* ---- money ---- */

static double
price(const struct economist *e, enum tayra__price which)
{
	return e->out->prices.value[which];
}

/* Of a million requests: processor time, queries, and the cache's memory for as long as they take
 * at the reader's own rate. */
static double
cost_in(const struct economist *e, uint32_t arm, uint32_t draw)
{
	double cpu_h = mean_of(e, e->busy, arm, TAYRA__CPU_MS_PER_REQUEST, draw) * 1e6 / MS_PER_H;
	double calls_m = mean_of(e, e->busy, arm, TAYRA__ORIGIN_CALLS_PER_REQUEST, draw);
	double gib = (double)e->results->memory_bytes / (double)(1u << 30);
	double months = 1e6 / price(e, TAYRA__PRICE_REQUESTS_PER_MONTH);

	return cpu_h * price(e, TAYRA__PRICE_CPU_HOUR) +
	       calls_m * price(e, TAYRA__PRICE_ORIGIN_MILLION_CALLS) +
	       gib * months * H_PER_MON * price(e, TAYRA__PRICE_MEMORY_GIB_HOUR);
}

struct bill {
	double cost_a, cost_b, saving, roi;
};

static struct bill
bill_in(const struct economist *e, uint32_t a, uint32_t draw)
{
	double millions = price(e, TAYRA__PRICE_REQUESTS_PER_MONTH) / 1e6;
	double hour = price(e, TAYRA__PRICE_ENGINEER_HOUR);
	double running = price(e, TAYRA__PRICE_ENGINEER_HOURS_PER_MONTH) * hour;
	double adopting = price(e, TAYRA__PRICE_ENGINEER_HOURS_TO_ADOPT) * hour;
	struct bill b = { cost_in(e, a, draw), cost_in(e, TAYRA__ARM_TAYRA, draw), 0, 0 };

	b.saving = (b.cost_a - b.cost_b) * millions;
	b.roi = price(e, TAYRA__PRICE_MONTHS) * (b.saving - running) / adopting;
	return b;
}

static bool
decided(enum tayra_verdict verdict)
{
	return verdict == TAYRA_BETTER || verdict == TAYRA_WORSE || verdict == TAYRA_SAME;
}

/* Which verdict under the money is missing; NULL: none. */
static const char *
undecided_metric(const struct economist *e, uint32_t a)
{
	static const int metrics[] = { TAYRA__CPU_MS_PER_REQUEST, TAYRA__ORIGIN_CALLS_PER_REQUEST };

	for (int i = 0; i < 2; i++) {
		const struct tayra__showcase_comparison *c = tayra__results_find(
			e->results, BUSY_SCENE, BUSY_PHASE, metrics[i],
			(enum tayra__showcase_arm_index)a);

		if (i == 1 && price(e, TAYRA__PRICE_ORIGIN_MILLION_CALLS) <= 0)
			continue;
		if (!c || !decided(c->ab.verdict))
			return tayra__stage_metric_info(metrics[i])->name;
	}
	return NULL;
}

static void
count_money(struct economist *e, uint32_t a, struct tayra__money *money)
{
	const char *missing = undecided_metric(e, a);
	const struct tayra__draws *draws = &e->draws[e->busy];
	struct bill whole;
	uint32_t pays = 0;

	if (missing || e->busy == e->steps) {
		snprintf(money->why_not, sizeof(money->why_not), "undecided: %s of %s, %s",
			 missing ? missing : "everything", BUSY_SCENE, BUSY_PHASE);
		return;
	}
	for (uint32_t i = 0; i < TAYRA__DRAWS; i++) {
		struct bill b = bill_in(e, a, i);

		e->drawn[0][i] = b.cost_a;
		e->drawn[1][i] = b.cost_b;
		e->drawn[2][i] = b.saving;
		e->drawn[3][i] = b.roi;
		pays += b.roi > 1;
	}
	whole = bill_in(e, a, TAYRA__DRAWS_WHOLE);
	money->positive = (double)pays / TAYRA__DRAWS;
	money->cost_a = tayra__draws_estimate(draws, whole.cost_a, e->drawn[0]);
	money->cost_b = tayra__draws_estimate(draws, whole.cost_b, e->drawn[1]);
	money->saving = tayra__draws_estimate(draws, whole.saving, e->drawn[2]);
	money->roi = tayra__draws_estimate(draws, whole.roi, e->drawn[3]);
}

int
tayra__economy_compute(struct tayra__results *results)
{
	static const uint32_t bases[] = { TAYRA__ARM_TUNED, TAYRA__ARM_PLAIN };
	struct tayra__economy *out = &results->economy;
	struct economist *e = tayra__mem_alloc(sizeof(*e));
	double mib = (double)results->memory_bytes / (double)(1u << 20);

	if (!e)
		return TAYRA_E_NOMEM;
	e->results = results;
	e->out = out;
	e->busy = UINT32_MAX;
	find_steps(e);
	for (uint32_t arm = 0; arm < TAYRA__ECONOMY_ARMS; arm++) {
		out->per_cpu_s[arm] = out->per_mib[arm] = (struct tayra__estimate){ (double)NAN,
										    (double)NAN,
										    (double)NAN };
		find_capacity(e, arm);
		if (e->busy == e->steps)
			continue;
		out->per_cpu_s[arm] = estimate_mean(e, arm, TAYRA__REQUESTS_PER_CPU_S, 1);
		out->per_mib[arm] = estimate_mean(e, arm, TAYRA__GOODPUT_PER_S, mib);
	}
	for (int i = 0; i < 2; i++) {
		out->money[i] = (struct tayra__money){ .why_not = "no prices were given" };
		if (!out->prices.given)
			continue;
		out->money[i].why_not[0] = 0;
		count_money(e, bases[i], &out->money[i]);
	}
	tayra__mem_free(e);
	return TAYRA_OK;
}
