/* SPDX-License-Identifier: Apache-2.0
 *
 * results.h: everything a run found, as the reports, results.json and the terminal show it.
 * Filled by one thread.
 */
#ifndef TAYRA_SHOWCASE_RESULTS_H
#define TAYRA_SHOWCASE_RESULTS_H

#include <stdio.h>

#include "showcase/ablation.h"
#include "showcase/economy.h"
#include "showcase/parts.h"
#include "showcase/stage.h"
#include "showcase/timeline.h"

#include <tayra/prove.h>

enum tayra__showcase_arm_index {
	TAYRA__ARM_PLAIN,
	TAYRA__ARM_TUNED,
	TAYRA__ARM_TAYRA,
	TAYRA__ARM_AGAIN, /* a second instance of tuned, for the A/A */
	TAYRA__SHOWCASE_ARMS,
};

#define TAYRA__QUANTILES  26
#define TAYRA__STAGES_MAX 12
#define TAYRA__ROUNDS_MAX 16

/* The quantile at a place of the latency curves. */
double tayra__quantile_at(uint32_t i);

struct tayra__slice_figures {
	double value[TAYRA__SHOWCASE_METRICS]; /* NaN: does not apply */
	double part_ms[TAYRA__PARTS];          /* of a request, on average */
	double other_cpu_ms; /* a request's processor time but the database's, the generator's too
			      */
	double requests, length_s;
	uint64_t lag_p99_ns, wrong_age;
	bool measured;
};

struct tayra__stage_figures {
	double rate_per_s; /* asked for; 0: does not apply */
	uint32_t rounds;   /* complete ones */
	double slice_s;
	double took_s; /* with drains and gaps */
	struct tayra__slice_figures slice[TAYRA__ROUNDS_MAX][TAYRA__SHOWCASE_ARMS];
	double latency_ms[TAYRA__SHOWCASE_ARMS][TAYRA__QUANTILES];
	uint64_t requests[TAYRA__SHOWCASE_ARMS];
};

struct tayra__showcase_comparison {
	const struct tayra__stage *stage;
	int metric;
	bool averaged;
	enum tayra__showcase_arm_index a, b;
	struct tayra_comparison ab, aa;
};
#define TAYRA__COMPARISONS_MAX (TAYRA__STAGES_MAX * TAYRA__STAGE_METRICS_MAX * 2)

/* tayra against tayra without one mechanism: a is without, b with. */
struct tayra__ablation_row {
	char why[160]; /* it was not measured; "": it was */
	uint32_t rounds;
	double without[TAYRA__ROUNDS_MAX], with[TAYRA__ROUNDS_MAX];
	struct tayra_comparison ab;
};
#define TAYRA__ABLATIONS_MAX 16

/* What was answered while the database hung, was dead and came back, in steps of the arm's clock
 * in which anything was asked. */
struct tayra__outage {
	double step_s;
	uint32_t steps, dead_step, back_step; /* 0: not run */
	uint32_t count[TAYRA__TIMELINE_STEPS][TAYRA__ANSWERS];
	double recovery_s; /* from the database's return to the last failure; NaN: not run */
};

struct tayra__results {
	uint64_t seed;
	bool quick, valid, interrupted;
	char why_invalid[200];
	char started[32]; /* UTC */
	double took_s;
	/* The machine. */
	char cpu[96], kernel[96];
	uint32_t cores;
	double memory_gib;
	double foreign_cpu; /* share of the machine that others used */
	double steal_cpu;
	double lag_p99_ms, lag_budget_ms, lag_share; /* share of slices over the budget */
	/* The data. */
	char source[256], sha256[65];
	uint64_t data_bytes, packages, dependencies, duplicates;
	double load_s;
	char hot_package[128];
	uint32_t hot_users;
	double hot_ms;
	/* What the arms share and what the sweep found. */
	uint64_t memory_bytes, ttl_ms, deadline_ms, statement_timeout_ms;
	double capacity_per_s;
	double pool_sizes[8], pool_per_s[8];
	uint32_t pools;
	double best_pool;
	char writer_names[8][32];
	double writer_per_s[8];
	uint32_t writer_rules;
	char best_writer[32];
	char arm_text[TAYRA__SHOWCASE_ARMS][320];
	char sabotage[16]; /* "" */
	double soft_timeout_ms;
	uint64_t stale_ms;
	/* What was measured. */
	struct tayra__stage_figures stage[TAYRA__STAGES_MAX];
	struct tayra__outage outage[TAYRA__SHOWCASE_ARMS];
	struct tayra__showcase_comparison comparison[TAYRA__COMPARISONS_MAX];
	uint32_t comparisons;
	/* tayra against plain, and against tuned: > 1 is an improvement. */
	struct tayra_comparison average[2];
	uint32_t averaged;                                         /* metrics in it */
	struct tayra__ablation_row ablation[TAYRA__ABLATIONS_MAX]; /* as in tayra__ablations */
	struct tayra__economy economy;
	uint32_t ablations; /* 0: they did not run */
};

extern const char *const tayra__arm_names[TAYRA__SHOWCASE_ARMS];

/* From the slices: every registered comparison, and the averages.  => TAYRA_OK, TAYRA_E_NOMEM. */
int tayra__results_compare(struct tayra__results *results);

/* The median over the rounds; NaN when there is none. */
double tayra__results_median(const struct tayra__results *results, uint32_t stage, uint32_t arm,
			     int metric);
/* NULL when it is not registered. */
const struct tayra__showcase_comparison *tayra__results_find(const struct tayra__results *results,
							     const char *scene, const char *phase,
							     int metric,
							     enum tayra__showcase_arm_index a);

/* results.json.  => TAYRA_OK, TAYRA_E_IO. */
int tayra__results_write_json(const struct tayra__results *results, FILE *out);

#endif
