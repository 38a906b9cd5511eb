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
#include "sim/overload.h"

#define TAYRA__PACE_SCENARIOS 64

struct tayra__pace_options {
	const char *command;
	const char *scenarios[TAYRA__PACE_SCENARIOS];
	size_t scenario_count;
	struct tayra__contender contenders[TAYRA__CONTENDERS];
	size_t contender_count; /* 0: none were given */
	uint64_t seed;
	bool list, json;
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
void tayra__pace_table_head(FILE *out, const struct tayra__scenario *scenario);
void tayra__pace_table_row(FILE *out, const struct tayra__pace_run *run);
/* => as tayra__json_finish(). */
int tayra__pace_json(FILE *out, const struct tayra__pace_run *run);

/* `tayra pace sim`. */
int tayra__pace_sim(int argc, char **argv);

#endif
