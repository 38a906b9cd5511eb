/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/results.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* No metric may count more than tenfold in the average, and a count of zero counts as one. */
#define CLAMP 10.0

const char *const tayra__arm_names[TAYRA__SHOWCASE_ARMS] = { "plain", "tuned", "tayra",
							     "tuned again" };

double
tayra__quantile_at(uint32_t i)
{
	/* Equal steps of log(1 / (1 - q)): half, nine tenths, .. to three nines. */
	return 1 - pow(10, -3.0 * i / (TAYRA__QUANTILES - 1));
}

static int
ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median(double *values, size_t n)
{
	if (n == 0)
		return (double)NAN;
	qsort(values, n, sizeof(*values), ascending);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static double
figure(const struct tayra__slice_figures *slice, int metric)
{
	return slice->measured ? slice->value[metric] : (double)NAN;
}

double
tayra__results_median(const struct tayra__results *results, uint32_t stage, uint32_t arm,
		      int metric)
{
	const struct tayra__stage_figures *figures = &results->stage[stage];
	double values[TAYRA__ROUNDS_MAX];
	size_t n = 0;

	for (uint32_t round = 0; round < figures->rounds; round++) {
		double value = figure(&figures->slice[round][arm], metric);

		if (!isnan(value))
			values[n++] = value;
	}
	return median(values, n);
}

const struct tayra__showcase_comparison *
tayra__results_find(const struct tayra__results *results, const char *scene, const char *phase,
		    int metric, enum tayra__showcase_arm_index a)
{
	for (uint32_t i = 0; i < results->comparisons; i++) {
		const struct tayra__showcase_comparison *c = &results->comparison[i];

		if (c->metric == metric && c->a == a && strcmp(c->stage->scene, scene) == 0 &&
		    strcmp(c->stage->phase, phase) == 0)
			return c;
	}
	return NULL;
}

static void
take_column(const struct tayra__stage_figures *figures, int metric, uint32_t arm, double *out)
{
	for (uint32_t round = 0; round < figures->rounds; round++)
		out[round] = figure(&figures->slice[round][arm], metric);
}

static int
compare_arms(const struct tayra__results *results, uint32_t stage, int metric, uint32_t a,
	     uint32_t b, struct tayra_comparison *out)
{
	const struct tayra__stage_figures *figures = &results->stage[stage];
	struct tayra_prove_rule rule = TAYRA_PROVE_RULE_INIT;
	double x[TAYRA__ROUNDS_MAX], y[TAYRA__ROUNDS_MAX];

	rule.better = tayra__stage_metric_info(metric)->better;
	rule.seed = results->seed + 1;
	take_column(figures, metric, a, x);
	take_column(figures, metric, b, y);
	return tayra_prove_compare(x, y, figures->rounds, &rule, out);
}

static int
compare_metric(struct tayra__results *results, uint32_t stage,
	       const struct tayra__stage_metric *metric)
{
	static const enum tayra__showcase_arm_index bases[] = { TAYRA__ARM_TUNED,
								TAYRA__ARM_PLAIN };
	struct tayra_comparison aa;
	int status = compare_arms(results, stage, metric->metric, TAYRA__ARM_TUNED,
				  TAYRA__ARM_AGAIN, &aa);

	for (size_t i = 0; i < 2 && status == TAYRA_OK; i++) {
		struct tayra__showcase_comparison *c = &results->comparison[results->comparisons];

		*c = (struct tayra__showcase_comparison){
			.stage = &tayra__stages[stage],
			.metric = metric->metric,
			.averaged = metric->averaged,
			.a = bases[i],
			.b = TAYRA__ARM_TAYRA,
			.aa = aa,
		};
		status = compare_arms(results, stage, metric->metric, c->a, c->b, &c->ab);
		if (!results->valid)
			c->ab.verdict = TAYRA_INVALID;
		results->comparisons += status == TAYRA_OK;
	}
	return status;
}

/* What a metric is at least, so that it has a logarithm: one of what it counts. */
static double
floored(const struct tayra__slice_figures *slice, int metric)
{
	const char *unit = tayra__stage_metric_info(metric)->unit;
	double least = 1 / fmax(slice->requests, 1);

	if (strcmp(unit, "ms") == 0)
		least = metric == TAYRA__AGE_P99_MS ? 1 : 0.001;
	else if (strcmp(unit, "1/s") == 0)
		least = 1 / fmax(slice->length_s, 1e-3);
	return slice->measured && !isnan(slice->value[metric]) ? fmax(slice->value[metric], least)
							       : (double)NAN;
}

/* The mean over the stages' averaged metrics of how much better b was in this round, as a factor.
 * NaN: something is missing. */
static double
round_improvement(const struct tayra__results *results, uint32_t round, uint32_t a,
		  uint32_t *metrics)
{
	double sum = 0;

	*metrics = 0;
	for (uint32_t i = 0; i < tayra__stage_count; i++) {
		const struct tayra__slice_figures *slice = results->stage[i].slice[round];
		const struct tayra__stage_metric *m = tayra__stages[i].metrics;

		for (; m->metric >= 0; m++) {
			double ratio;

			if (!m->averaged || round >= results->stage[i].rounds)
				continue;
			ratio = floored(&slice[TAYRA__ARM_TAYRA], m->metric) /
				floored(&slice[a], m->metric);
			if (tayra__stage_metric_info(m->metric)->better == TAYRA_BETTER_LOWER)
				ratio = 1 / ratio;
			if (isnan(ratio))
				continue;
			sum += log(fmin(fmax(ratio, 1 / CLAMP), CLAMP));
			++*metrics;
		}
	}
	return *metrics ? exp(sum / *metrics) : (double)NAN;
}

/* Rounds that every compared stage has. */
static uint32_t
common_rounds(const struct tayra__results *results)
{
	uint32_t rounds = TAYRA__ROUNDS_MAX;

	for (uint32_t i = 0; i < tayra__stage_count; i++)
		if (tayra__stages[i].compared && results->stage[i].rounds < rounds)
			rounds = results->stage[i].rounds;
	return rounds;
}

static int
average(struct tayra__results *results, uint32_t a, struct tayra_comparison *out)
{
	struct tayra_prove_rule rule = TAYRA_PROVE_RULE_INIT;
	double one[TAYRA__ROUNDS_MAX], improvement[TAYRA__ROUNDS_MAX];
	uint32_t rounds = common_rounds(results);
	int status;

	rule.better = TAYRA_BETTER_HIGHER;
	rule.seed = results->seed + 2;
	for (uint32_t i = 0; i < rounds; i++) {
		one[i] = 1;
		improvement[i] = round_improvement(results, i, a, &results->averaged);
	}
	status = tayra_prove_compare(one, improvement, rounds, &rule, out);
	if (!results->valid)
		out->verdict = TAYRA_INVALID;
	return status;
}

static int
compare_ablation(struct tayra__results *results, uint32_t i)
{
	struct tayra__ablation_row *row = &results->ablation[i];
	struct tayra_prove_rule rule = TAYRA_PROVE_RULE_INIT;
	int status;

	rule.better = tayra__stage_metric_info(tayra__ablations[i].metric)->better;
	rule.seed = results->seed + 3;
	status = tayra_prove_compare(row->without, row->with, row->rounds, &rule, &row->ab);
	if (!results->valid)
		row->ab.verdict = TAYRA_INVALID;
	return status;
}

int
tayra__results_compare(struct tayra__results *results)
{
	int status = TAYRA_OK;

	results->comparisons = 0;
	for (uint32_t i = 0; i < tayra__stage_count && status == TAYRA_OK; i++) {
		const struct tayra__stage_metric *m = tayra__stages[i].metrics;

		for (; m->metric >= 0 && status == TAYRA_OK; m++)
			status = compare_metric(results, i, m);
	}
	if (status == TAYRA_OK)
		status = average(results, TAYRA__ARM_TUNED, &results->average[0]);
	if (status == TAYRA_OK)
		status = average(results, TAYRA__ARM_PLAIN, &results->average[1]);
	for (uint32_t i = 0; i < results->ablations && status == TAYRA_OK; i++)
		status = compare_ablation(results, i);
	return status < 0 ? status : tayra__economy_compute(results);
}
