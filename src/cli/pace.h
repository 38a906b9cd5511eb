/* SPDX-License-Identifier: Apache-2.0
 *
 * pace.h: what the files of `tayra pace sim` share: its command line, and how runs are shown.
 */
#ifndef TAYRA_CLI_PACE_H
#define TAYRA_CLI_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "sim/contender.h"
#include "sim/judge.h"
#include "sim/overload.h"

#define TAYRA__PACE_SCENARIOS 64

struct tayra__pace_options {
	const char *command;
	const char *scenarios[TAYRA__PACE_SCENARIOS];
	size_t scenario_count;
	struct tayra__contender contenders[TAYRA__CONTENDERS];
	size_t contender_count; /* 0: none were given */
	uint64_t seed;
	uint32_t seeds; /* of goals */
	bool list, settings, all, goals, json;
	const char *report;
};

/* => 0 or TAYRA__EXIT_USAGE. */
int tayra__pace_options_parse(int argc, char **argv, struct tayra__pace_options *out);

/* One run, as a row of a table or one line of JSON. */
struct tayra__pace_run {
	const struct tayra__scenario *scenario;
	const struct tayra__contender *contender;
	uint64_t seed;
	const struct tayra__overload_result *result;
};
/* Of the measured stretch. */
struct tayra__pace_figures {
	struct tayra__meter_sum sum;
	double arrived_per_s, goodput_per_s, throughput_per_s;
	double p50_ms, p99_ms, backend_p99_ms;      /* of answers */
	double shed_ratio, late_ratio, error_ratio; /* of what arrived */
};
struct tayra__pace_figures tayra__pace_figures(const struct tayra__pace_run *run);
void tayra__pace_table_head(FILE *out, const struct tayra__scenario *scenario);
void tayra__pace_table_row(FILE *out, const struct tayra__pace_run *run);
/* => as tayra__json_finish(). */
int tayra__pace_json(FILE *out, const struct tayra__pace_run *run);

/* Goals and what became of them, as rows of a table or lines of JSON. */
void tayra__pace_goals_head(FILE *out);
/* => as tayra__json_finish(). */
int tayra__pace_goal_print(FILE *out, const struct tayra__pace_options *options,
			   const struct tayra__scenario *scenario,
			   const struct tayra__contender *contender,
			   const struct tayra__goal_setting *goal,
			   const struct tayra__verdict *verdict);

/* All that can stand in a scenario file. */
void tayra__pace_settings(void);

/* `tayra pace sim`. */
int tayra__pace_sim(int argc, char **argv);

#endif
