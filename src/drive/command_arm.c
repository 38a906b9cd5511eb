/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/command_arm.h"

#include <tayra/base.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/hist.h"
#include "base/option.h"
#include "stat/quantile.h"

#define RUNS_MAX 256 /* in one slice */

/* The number that its output ends with.  => TAYRA_OK or TAYRA_PENDING. */
static int
read_output(struct tayra__command_arm *arm, const struct tayra__command_run *run, double *out)
{
	char line[sizeof(run->output)], *word;
	size_t len = strlen(run->output);

	memcpy(line, run->output, len + 1);
	while (len > 0 && (line[len - 1] == ' ' || line[len - 1] == '?'))
		line[--len] = '\0';
	word = strrchr(line, ' ');
	word = word ? word + 1 : line;
	if (tayra__option_double(word, 0, HUGE_VAL, out) == TAYRA_OK)
		return TAYRA_OK;
	if (len)
		snprintf(arm->why, sizeof(arm->why),
			 "the last line of '%.80s' does not end with a number of at least 0: "
			 "'%.120s'",
			 arm->command.argv[0], line);
	else
		snprintf(arm->why, sizeof(arm->why), "'%.80s' printed no last line with a number",
			 arm->command.argv[0]);
	return TAYRA_PENDING;
}

/* => TAYRA_OK or TAYRA_PENDING. */
static int
run_once(struct tayra__command_arm *arm, struct tayra__command_run *run)
{
	int status = tayra__command_run(&arm->command, &arm->limits, run);
	char ending[300];

	if (status != TAYRA_OK) {
		snprintf(arm->why, sizeof(arm->why), "'%.80s' cannot be run: %m",
			 arm->command.argv[0]);
		return TAYRA_PENDING;
	}
	if (run->stopped)
		return TAYRA_PENDING;
	arm->runs++;
	if (run->exit_code == 0 || (arm->may_fail && run->exit_code > 0))
		return TAYRA_OK;
	if (run->timed_out && arm->limit)
		snprintf(arm->why, sizeof(arm->why), "'%.80s' took longer than %s",
			 arm->command.argv[0], arm->limit);
	else
		snprintf(arm->why, sizeof(arm->why), "'%.80s' %s", arm->command.argv[0],
			 tayra__command_ending(run, ending));
	return TAYRA_PENDING;
}

int
tayra__command_arm_run(void *ctx, const struct tayra__slice *slice, struct tayra__measure *out)
{
	struct tayra__command_arm *arm = ctx;
	double wall[RUNS_MAX], cpu[RUNS_MAX], rss[RUNS_MAX], output[RUNS_MAX];
	uint64_t end_ns = tayra__clock_real_ns() + slice->length_ns;
	size_t n = 0;

	do {
		struct tayra__command_run run;
		int status = run_once(arm, &run);

		if (status == TAYRA_OK && arm->limits.output)
			status = read_output(arm, &run, &output[n]);
		if (status != TAYRA_OK) {
			out->invalid = true;
			return status;
		}
		if (out->latency)
			tayra__hist_add(out->latency, run.wall_ns);
		wall[n] = (double)run.wall_ns / 1e6;
		cpu[n] = (double)run.cpu_ns / 1e6;
		rss[n++] = (double)run.rss_max_bytes / (1 << 20);
	} while (n < RUNS_MAX && tayra__clock_real_ns() < end_ns);
	out->requests = n;
	out->value[TAYRA__MEAN_MS] = tayra__quantile_median(wall, n);
	out->value[TAYRA__CPU_MS_PER_REQUEST] = tayra__quantile_median(cpu, n);
	out->value[TAYRA__RSS_MIB] = tayra__quantile_median(rss, n);
	if (arm->limits.output) {
		out->value[TAYRA__OUTPUT] = tayra__quantile_median(output, n);
		out->value[TAYRA__SCORE] = out->value[TAYRA__OUTPUT];
	}
	return TAYRA_OK;
}
