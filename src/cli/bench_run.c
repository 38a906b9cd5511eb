/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_run.c: `tayra bench run`, `aa` and `plan`, and what they share with `gate`.
 */
#include "cli/bench.h"

#include <tayra/base.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/arguments.h"
#include "cli/bench_files.h"
#include "cli/bench_past.h"
#include "cli/bench_live.h"
#include "cli/bench_method.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "drive/machine.h"
#include "report/trial_report.h"

int
tayra__bench_commands(const struct tayra__bench_options *o, const char *const *folders,
		      struct tayra__command_arm *commands, struct tayra__bench_stage *stage)
{
	*stage = (struct tayra__bench_stage){ .served_ns = NULL };
	for (size_t i = 0; i < o->arms; i++) {
		char why[100];

		commands[i] = (struct tayra__command_arm){
			.limits = { .folder = folders ? folders[i] : NULL,
				    .timeout_ns = o->timeout_ns ? o->timeout_ns
						  : o->pairs    ? 0
								: o->budget_ns,
				    .output = o->metric->metric == TAYRA__OUTPUT ||
					      o->metric->metric == TAYRA__SCORE,
				    .stop = tayra__interrupt_flag() },
			.limit = o->timeout_ns ? NULL
					       : "the whole budget: a longer --budget, or --pairs, "
						 "lets it end",
			.may_fail = o->may_fail
		};
		if (tayra__command_parse(o->arm[i].what, &commands[i].command, why, sizeof(why)) <
		    0) {
			tayra__cli_error(o->command, "arm %s: '%.200s': %s", o->arm[i].name,
					 o->arm[i].what, why);
			return TAYRA__EXIT_USAGE;
		}
		stage->arms[i] = (struct tayra__arm){ o->arm[i].name, tayra__command_arm_run,
						      &commands[i] };
		stage->why[i] = commands[i].why;
		stage->what[i] = o->arm[i].what;
	}
	return TAYRA__EXIT_OK;
}

static void
show_progress(void *ctx, uint32_t round, uint32_t rounds, double share)
{
	const struct tayra__bench_place place = {
		.phase = rounds ? "load" : "pilot", .round = round, .rounds = rounds, .share = share
	};

	tayra__bench_live_show(ctx, &place);
}

/* Let every arm of the plan publish what it does; `arms` has room for them. */
static void
show_arms(const struct tayra__bench_stage *stage, struct tayra__bench_live *live,
	  struct tayra__arm *arms, struct tayra__trial_plan *plan)
{
	memcpy(arms, plan->arms, plan->n * sizeof(*arms));
	for (size_t i = 0; i < plan->n; i++)
		if (stage->live[i])
			*stage->live[i] = tayra__bench_live_arm(live, i);
		else
			tayra__bench_live_count(live, i, &arms[i]);
	plan->arms = arms;
	plan->progress = show_progress;
	plan->progress_ctx = live;
	show_progress(live, 0, 0, 0);
}

struct tayra__trial_plan
tayra__bench_trial(const struct tayra__bench_options *o, const struct tayra__arm *arms)
{
	return (struct tayra__trial_plan){ .arms = arms,
					   .n = o->arms,
					   .metric = o->metric->metric,
					   .margin = o->margin,
					   .alpha = o->alpha,
					   .budget_ns = o->budget_ns,
					   .slice_ns = o->slice_ns,
					   .rounds = o->pairs,
					   .turns = o->turns,
					   .parts = (uint32_t)o->request.scenario.scenario.kinds,
					   .seed = o->seed,
					   .stop = tayra__interrupt_flag() };
}

/* Why the trial ended early: the arm that failed says so; NULL: none did. */
static const char *
failure_of(const struct tayra__bench_options *o, const struct tayra__bench_stage *stage, char *text,
	   size_t room)
{
	for (size_t i = 0; i < o->arms; i++) {
		if (!stage->why[i][0])
			continue;
		snprintf(text, room, "arm %s: %s", o->arm[i].name, stage->why[i]);
		return text;
	}
	return NULL;
}

/* What the machine did, the servers under test counted as our own. */
static void
read_machine(const struct tayra__bench_stage *stage, struct tayra__machine_use *use)
{
	tayra__machine_use_read("/proc", use);
	if (stage->served_ns)
		use->own_ns += stage->served_ns(stage->ctx);
}

/* Run it, and look at what others did meanwhile.  That spoils nothing: it falls on all arms alike,
 * and costs power, not truth. */
static int
run_trial(const struct tayra__bench_options *o, const struct tayra__bench_stage *stage,
	  struct tayra__bench_live *live, struct tayra__trial *trial,
	  struct tayra__machine_share *machine, struct tayra__trial_parts *parts)
{
	struct tayra__trial_plan plan = tayra__bench_trial(o, stage->arms);
	struct tayra__arm arms[TAYRA__TRIAL_ARMS_MAX];
	struct tayra__machine_use before, after;
	int status;

	show_arms(stage, live, arms, &plan);
	read_machine(stage, &before);
	status = tayra__trial_run(&plan, trial);
	read_machine(stage, &after);
	if (status != TAYRA_OK) {
		tayra__cli_error(o->command, "%s", tayra_status_text(status));
		return status;
	}
	tayra__machine_use_between(&before, &after, machine);
	if (trial->ab[1].verdict == TAYRA_INVALID)
		tayra__trial_spoil(trial, "the generator was the bottleneck in more than half of "
					  "the slices");
	status = tayra__trial_parts(&plan, trial, parts);
	if (status != TAYRA_OK) {
		tayra__cli_error(o->command, "%s", tayra_status_text(status));
		tayra__trial_fini(trial);
	}
	return status;
}

static int
exit_code_of(const struct tayra__trial *trial, size_t arms, double limit)
{
	bool worse = false, undecided = false;

	for (size_t i = 1; i < arms; i++) {
		const struct tayra_comparison *c = &trial->ab[i];

		if (c->verdict == TAYRA_INVALID)
			return TAYRA__EXIT_INVALID;
		/* A ratio may be of a metric where higher is better. */
		worse |= c->verdict == TAYRA_WORSE &&
			 (isnan(c->ratio) || fabs(log(c->ratio)) > log1p(limit));
		undecided |= c->verdict == TAYRA_UNDECIDED;
	}
	return worse ? TAYRA__EXIT_WORSE : undecided ? TAYRA__EXIT_UNDECIDED : TAYRA__EXIT_OK;
}

int
tayra__bench_judge(const struct tayra__bench_options *o, const struct tayra__bench_stage *stage,
		   double limit)
{
	struct tayra__trial_report report = {
		.arms = o->arms,
		.of = o->metric->metric,
		.metric = o->metric->name,
		.unit = o->metric->unit,
		.sentence = o->metric->sentence,
		.better = tayra__metric_info(o->metric->metric)->better,
		.timed = o->metric->timed,
		.margin = o->margin,
		.servers = o->urls,
		.open_loop = tayra__bench_arrivals_open(&o->arrivals),
		.longer = o->pairs ? "--pairs" : NULL,
		.seed = o->seed
	};
	uint64_t began = tayra__clock_real_ns();
	struct tayra__trial trial;
	struct tayra__bench_live_plan live_plan = { .command = o->command,
						    .arms = o->arms,
						    .listen = o->listen,
						    .alerts = &o->alerts,
						    .servers = o->urls };
	struct tayra__alert_log alerts;
	static struct tayra__trial_parts parts;
	struct tayra__bench_live *live;
	char failure[500];
	int code, status;

	for (size_t i = 0; i < o->arms; i++)
		live_plan.name[i] = o->arm[i].name;
	code = tayra__bench_live_open(&live_plan, &live);
	if (code != TAYRA__EXIT_OK)
		return code;
	status = run_trial(o, stage, live, &trial, &report.machine, &parts);
	tayra__bench_live_stop(live);
	if (status != TAYRA_OK) {
		tayra__bench_live_close(live);
		return TAYRA__EXIT_FAILURE;
	}
	tayra__bench_live_log(live, &alerts);
	report.alerts = &alerts;
	report.trial = &trial;
	report.took_s = (double)(tayra__clock_real_ns() - began) / 1e9;
	report.failure = failure_of(o, stage, failure, sizeof(failure));
	for (size_t i = 0; i < o->arms; i++)
		report.name[i] = o->arm[i].name;
	memcpy(report.what, stage->what, sizeof(report.what));
	memcpy(report.kinds, stage->kinds, sizeof(report.kinds));
	report.parts = &parts;
	report.of_kinds = tayra__bench_kinds_metric(o);
	tayra__bench_method(o, &report.method);
	code = exit_code_of(&trial, o->arms, limit);
	if (report.failure) {
		tayra__cli_error(o->command, "%s", report.failure);
		code = TAYRA__EXIT_USAGE;
	} else if (trial.stopped) {
		code = TAYRA__EXIT_INTERRUPTED;
	}
	/* What failed at once has shown nothing. */
	if (trial.session.rounds > 0 || !report.failure) {
		const bool pass = code == TAYRA__EXIT_OK;
		int outcome = tayra__bench_outcome(o, &report, limit > 0 ? &pass : NULL);

		code = outcome == TAYRA__EXIT_OK ? code : outcome;
	}
	if (code == TAYRA__EXIT_INTERRUPTED)
		tayra__cli_error(o->command, "interrupted");
	tayra__trial_fini(&trial);
	tayra__bench_live_close(live);
	return code;
}

int
tayra__bench_check_files(const struct tayra__bench_options *o)
{
	int code = tayra__bench_files_check(o->command, o->md_path);

	if (code == TAYRA__EXIT_OK)
		code = tayra__bench_files_check(o->command, o->html_path);
	if (code == TAYRA__EXIT_OK)
		code = tayra__bench_past_check(o->command, o->history_path);
	return code == TAYRA__EXIT_OK ? tayra__bench_files_check(o->command, o->history_path)
				      : code;
}

int
tayra__bench_run(int argc, char **argv)
{
	static struct tayra__bench_options o;
	static struct tayra__command_arm commands[TAYRA__TRIAL_ARMS_MAX];
	struct tayra__bench_stage stage;
	int code;

	if (tayra__bench_load_wanted(argc, argv))
		return tayra__bench_load(argc, argv);
	code = tayra__bench_run_options(argc, argv, &o);
	if (code == TAYRA__EXIT_OK)
		code = tayra__bench_check_files(&o);
	if (code == TAYRA__EXIT_OK && o.urls)
		return tayra__bench_url(&o);
	if (code == TAYRA__EXIT_OK)
		code = tayra__bench_commands(&o, NULL, commands, &stage);
	if (code != TAYRA__EXIT_OK)
		return code;
	tayra__interrupt_install();
	return tayra__bench_judge(&o, &stage, 0);
}
