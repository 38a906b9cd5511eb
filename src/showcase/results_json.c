/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/results.h"

#include <math.h>

#include "base/json.h"
#include "showcase/advice.h"
#include "showcase/economy_json.h"
#include "showcase/words.h"

#include <tayra/base.h>

#define DIGITS 6

static void
put(struct tayra__json *json, const char *key, double value)
{
	tayra__json_double(json, key, value, DIGITS);
}

static void
write_host(struct tayra__json *json, const struct tayra__results *r)
{
	tayra__json_object(json, "host");
	tayra__json_string(json, "cpu", r->cpu);
	tayra__json_string(json, "kernel", r->kernel);
	tayra__json_u64(json, "cores", r->cores);
	put(json, "memory_gib", r->memory_gib);
	put(json, "foreign_cpu_ratio", r->foreign_cpu);
	put(json, "steal_ratio", r->steal_cpu);
	put(json, "lag_p99_worst_ms", r->lag_p99_ms);
	put(json, "lag_budget_ms", r->lag_budget_ms);
	put(json, "slices_over_lag_budget_ratio", r->lag_share);
	tayra__json_end(json);
}

static void
write_data(struct tayra__json *json, const struct tayra__results *r)
{
	tayra__json_object(json, "data");
	tayra__json_string(json, "source", r->source);
	tayra__json_string(json, "sha256", r->sha256);
	tayra__json_u64(json, "bytes", r->data_bytes);
	tayra__json_u64(json, "packages", r->packages);
	tayra__json_u64(json, "dependencies", r->dependencies);
	tayra__json_u64(json, "duplicates", r->duplicates);
	put(json, "load_s", r->load_s);
	tayra__json_string(json, "hot_package", r->hot_package);
	tayra__json_u64(json, "hot_users", r->hot_users);
	put(json, "hot_ms", r->hot_ms);
	tayra__json_end(json);
}

static void
write_sweep(struct tayra__json *json, const struct tayra__results *r)
{
	tayra__json_object(json, "sweep");
	put(json, "capacity_per_s", r->capacity_per_s);
	put(json, "best_pool", r->best_pool);
	tayra__json_string(json, "best_writer", r->best_writer);
	tayra__json_array(json, "pools");
	for (uint32_t i = 0; i < r->pools; i++) {
		tayra__json_object(json, NULL);
		put(json, "pool", r->pool_sizes[i]);
		put(json, "per_s", r->pool_per_s[i]);
		tayra__json_end(json);
	}
	tayra__json_end(json);
	tayra__json_array(json, "writers");
	for (uint32_t i = 0; i < r->writer_rules; i++) {
		tayra__json_object(json, NULL);
		tayra__json_string(json, "rule", r->writer_names[i]);
		put(json, "per_s", r->writer_per_s[i]);
		tayra__json_end(json);
	}
	tayra__json_end(json);
	tayra__json_end(json);
}

static void
write_arms(struct tayra__json *json, const struct tayra__results *r)
{
	tayra__json_array(json, "arms");
	for (uint32_t i = 0; i < TAYRA__SHOWCASE_ARMS; i++) {
		tayra__json_object(json, NULL);
		tayra__json_string(json, "name", tayra__arm_names[i]);
		tayra__json_string(json, "what", r->arm_text[i]);
		tayra__json_u64(json, "memory_bytes", r->memory_bytes);
		tayra__json_u64(json, "ttl_ms", r->ttl_ms);
		tayra__json_u64(json, "wrong_age_answers", tayra__words_wrong_ages(r, i));
		put(json, "recovery_s", r->outage[i].steps ? r->outage[i].recovery_s : (double)NAN);
		tayra__json_end(json);
	}
	tayra__json_end(json);
}

static void
write_arm_values(struct tayra__json *json, const struct tayra__results *r, uint32_t stage,
		 uint32_t arm)
{
	tayra__json_object(json, NULL);
	tayra__json_string(json, "arm", tayra__arm_names[arm]);
	tayra__json_u64(json, "requests", r->stage[stage].requests[arm]);
	for (int m = 0; m < TAYRA__SHOWCASE_METRICS; m++)
		put(json, tayra__stage_metric_info(m)->name,
		    tayra__results_median(r, stage, arm, m));
	tayra__json_object(json, "time_ms");
	for (int i = 0; i < TAYRA__PARTS; i++)
		put(json, tayra__part_name((enum tayra__part)i),
		    tayra__advice_part(r, stage, arm, (enum tayra__part)i));
	tayra__json_end(json);
	put(json, "other_cpu_ms_per_request", tayra__advice_other_cpu(r, stage, arm));
	tayra__json_end(json);
}

static void
write_phases(struct tayra__json *json, const struct tayra__results *r)
{
	tayra__json_array(json, "phases");
	for (uint32_t i = 0; i < tayra__stage_count; i++) {
		const struct tayra__stage *stage = &tayra__stages[i];
		const struct tayra__stage_figures *figures = &r->stage[i];

		if (!figures->rounds)
			continue;
		tayra__json_object(json, NULL);
		tayra__json_string(json, "phase", stage->phase);
		tayra__json_string(json, "scene", stage->scene);
		tayra__json_string(json, "what", stage->what);
		put(json, "rate_per_s", figures->rate_per_s);
		tayra__json_u64(json, "rounds", figures->rounds);
		put(json, "slice_s", figures->slice_s);
		put(json, "took_s", figures->took_s);
		tayra__json_array(json, "values");
		for (uint32_t arm = 0; arm < TAYRA__SHOWCASE_ARMS; arm++)
			write_arm_values(json, r, i, arm);
		tayra__json_end(json);
		tayra__json_end(json);
	}
	tayra__json_end(json);
}

static void
write_comparison(struct tayra__json *json, const struct tayra__showcase_comparison *c)
{
	const struct tayra__metric_info *info = tayra__stage_metric_info(c->metric);

	tayra__json_object(json, NULL);
	tayra__json_string(json, "scene", c->stage->scene);
	tayra__json_string(json, "phase", c->stage->phase);
	tayra__json_string(json, "metric", info->name);
	tayra__json_string(json, "unit", info->unit);
	tayra__json_string(json, "better", info->better == TAYRA_BETTER_LOWER ? "lower" : "higher");
	tayra__json_string(json, "a", tayra__arm_names[c->a]);
	tayra__json_string(json, "b", tayra__arm_names[c->b]);
	put(json, "a_value", c->ab.a_value);
	put(json, "b_value", c->ab.b_value);
	put(json, "ratio", c->ab.ratio);
	put(json, "lo", c->ab.lo);
	put(json, "hi", c->ab.hi);
	put(json, "p", c->ab.p);
	tayra__json_u64(json, "pairs", c->ab.pairs);
	tayra__json_string(json, "verdict", tayra_verdict_name(c->ab.verdict));
	put(json, "aa_ratio", c->aa.ratio);
	put(json, "aa_lo", c->aa.lo);
	put(json, "aa_hi", c->aa.hi);
	put(json, "mde", c->ab.mde);
	tayra__json_bool(json, "averaged", c->averaged);
	tayra__json_end(json);
}

static void
write_averages(struct tayra__json *json, const struct tayra__results *r)
{
	static const uint32_t bases[] = { TAYRA__ARM_TUNED, TAYRA__ARM_PLAIN };

	tayra__json_array(json, "average_improvement");
	for (int i = 0; i < 2; i++) {
		tayra__json_object(json, NULL);
		tayra__json_string(json, "a", tayra__arm_names[bases[i]]);
		tayra__json_string(json, "b", tayra__arm_names[TAYRA__ARM_TAYRA]);
		tayra__json_u64(json, "metrics", r->averaged);
		put(json, "ratio", r->average[i].ratio);
		put(json, "lo", r->average[i].lo);
		put(json, "hi", r->average[i].hi);
		put(json, "p", r->average[i].p);
		tayra__json_u64(json, "pairs", r->average[i].pairs);
		tayra__json_string(json, "verdict", tayra_verdict_name(r->average[i].verdict));
		tayra__json_end(json);
	}
	tayra__json_end(json);
}

static void
write_ablation(struct tayra__json *json, const struct tayra__ablation_row *row,
	       const struct tayra__ablation *ablation)
{
	const struct tayra__metric_info *info = tayra__stage_metric_info(ablation->metric);

	tayra__json_object(json, NULL);
	tayra__json_string(json, "mechanism", ablation->mechanism);
	tayra__json_string(json, "what", ablation->what);
	tayra__json_string(json, "where", ablation->where);
	tayra__json_string(json, "metric", info->name);
	tayra__json_string(json, "unit", info->unit);
	tayra__json_string(json, "better", info->better == TAYRA_BETTER_LOWER ? "lower" : "higher");
	tayra__json_string(json, "not_measured", row->why[0] ? row->why : NULL);
	put(json, "without", row->why[0] ? (double)NAN : row->ab.a_value);
	put(json, "with", row->why[0] ? (double)NAN : row->ab.b_value);
	put(json, "ratio", row->why[0] ? (double)NAN : row->ab.ratio);
	put(json, "lo", row->why[0] ? (double)NAN : row->ab.lo);
	put(json, "hi", row->why[0] ? (double)NAN : row->ab.hi);
	put(json, "p", row->why[0] ? (double)NAN : row->ab.p);
	tayra__json_u64(json, "pairs", row->ab.pairs);
	tayra__json_string(json, "verdict",
			   row->why[0] ? NULL : tayra_verdict_name(row->ab.verdict));
	tayra__json_end(json);
}

int
tayra__results_write_json(const struct tayra__results *results, FILE *out)
{
	struct tayra__json json;

	tayra__json_init(&json, out, TAYRA__JSON_PRETTY);
	tayra__json_object(&json, NULL);
	tayra__json_u64(&json, "v", 1);
	tayra__json_u64(&json, "seed", results->seed);
	tayra__json_bool(&json, "valid", results->valid);
	tayra__json_string(&json, "why_invalid", results->valid ? NULL : results->why_invalid);
	tayra__json_string(&json, "started", results->started);
	put(&json, "took_s", results->took_s);
	tayra__json_bool(&json, "quick", results->quick);
	tayra__json_bool(&json, "interrupted", results->interrupted);
	tayra__json_string(&json, "sabotage", results->sabotage[0] ? results->sabotage : NULL);
	write_host(&json, results);
	write_data(&json, results);
	write_sweep(&json, results);
	write_arms(&json, results);
	write_phases(&json, results);
	tayra__json_array(&json, "comparisons");
	for (uint32_t i = 0; i < results->comparisons; i++)
		write_comparison(&json, &results->comparison[i]);
	tayra__json_end(&json);
	write_averages(&json, results);
	tayra__json_array(&json, "mechanisms");
	for (uint32_t i = 0; i < results->ablations; i++)
		write_ablation(&json, &results->ablation[i], &tayra__ablations[i]);
	tayra__json_end(&json);
	tayra__economy_json_write(&json, results);
	tayra__json_end(&json);
	return tayra__json_finish(&json);
}
