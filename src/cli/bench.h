/* SPDX-License-Identifier: Apache-2.0
 *
 * bench.h: what the subcommands of `tayra bench` share: what was asked for.
 */
#ifndef TAYRA_CLI_BENCH_H
#define TAYRA_CLI_BENCH_H

#include "cli/bench_alerts.h"
#include "cli/bench_arrivals.h"
#include "cli/bench_request.h"
#include "drive/command_arm.h"
#include "prove/prices.h"
#include "prove/trial.h"

/* An arm as it was given: its name, and a command line or a URL. */
struct tayra__bench_arm {
	char name[32];
	const char *what;
};

struct tayra__bench_options {
	const char *command; /* "tayra bench run" */
	struct tayra__bench_arm arm[TAYRA__TRIAL_ARMS_MAX];
	size_t arms;
	const struct tayra__bench_metric *metric;
	double margin, alpha;
	uint64_t budget_ns, slice_ns,
		timeout_ns; /* of all; of a slice at least; of a run or a request at most */
	uint32_t pairs;     /* 0: by the budget and the noise */
	uint32_t turns;     /* slices of an arm in a round, at most */
	uint64_t seed;
	bool json, may_fail;
	const char *md_path;   /* Markdown is added to it; NULL: none */
	const char *html_path; /* a page is written to it */
	struct tayra__prices prices;
	bool prices_begun;  /* some of them were given one by one */
	const char *listen; /* where metrics are to be had meanwhile; NULL: nowhere */
	struct tayra__bench_alerts alerts;
	const char *history_path, *bench,
		*commit; /* a line is added to it; what it is called there */
	/* run, of servers */
	bool urls, commands; /* what the arms are */
	struct tayra__bench_request request;
	struct tayra__bench_arrivals arrivals;
	uint32_t connections;
	bool busy_poll;
	uint64_t duration_ns;
	const char *metric_name; /* as given; NULL: none was */
	/* aa */
	uint32_t sessions;
	/* plan */
	double effect, power;
	/* gate */
	const char *base_ref, *head_ref, *build, *run;
};

/* What may be judged. */
struct tayra__bench_metric {
	const char *name; /* "wall" */
	enum tayra__metric metric;
	const char *unit, *sentence;
	bool timed;
	bool brief; /* of servers: a short slice holds enough requests for it */
};

/* The one that was asked for, or the default of what the arms are.  => 0 or an exit code after
 * saying why. */
int tayra__bench_choose_metric(struct tayra__bench_options *options);
/* What kinds of requests are judged by: the metric, where it is a latency, or else the median. */
enum tayra__metric tayra__bench_kinds_metric(const struct tayra__bench_options *options);
/* Read the options of a subcommand.  => 0, or an exit code after saying why. */
int tayra__bench_run_options(int argc, char **argv, struct tayra__bench_options *options);
int tayra__bench_gate_options(int argc, char **argv, struct tayra__bench_options *options);
int tayra__bench_aa_options(int argc, char **argv, struct tayra__bench_options *options);
int tayra__bench_plan_options(int argc, char **argv, struct tayra__bench_options *options);

/* The subcommands.  argv[0] is "tayra bench X".  Each returns an exit code and has said why. */
int tayra__bench_run(int argc, char **argv);
int tayra__bench_gate(int argc, char **argv);
int tayra__bench_aa(int argc, char **argv);
int tayra__bench_plan(int argc, char **argv);
int tayra__bench_history(int argc, char **argv);
int tayra__bench_cost(int argc, char **argv);
int tayra__bench_report(int argc, char **argv);

/* `run` with --load: a load test on a server instead, with options of its own. */
bool tayra__bench_load_wanted(int argc, char **argv);
int tayra__bench_load(int argc, char **argv);

/* Arms that are ready to be judged. */
struct tayra__bench_stage {
	struct tayra__arm arms[TAYRA__TRIAL_ARMS_MAX];
	const char *why[TAYRA__TRIAL_ARMS_MAX];  /* points to why an arm failed; "": it did not */
	const char *what[TAYRA__TRIAL_ARMS_MAX]; /* what it is, without passwords */
	const struct tayra__kinds *kinds[TAYRA__TRIAL_ARMS_MAX]; /* of a scenario; NULL: none */
	/* Processor time that what is measured used, beside our own children; NULL: none. */
	uint64_t (*served_ns)(void *ctx);
	void *ctx;
	/* Where an arm that publishes what it does wants to have that to publish to; NULL: it
	 * does not, and its slices are counted. */
	struct tayra__live **live[TAYRA__TRIAL_ARMS_MAX];
};

/* `run` of servers.  The options are read. */
int tayra__bench_url(const struct tayra__bench_options *options);

/* Commands as arms: folders[i] is where arm i runs; NULL: here.  => 0, or an exit code after saying
 * why.  The arms point into `commands`. */
int tayra__bench_commands(const struct tayra__bench_options *options, const char *const *folders,
			  struct tayra__command_arm *commands, struct tayra__bench_stage *stage);
/* Run the trial, print what was found, and say in an exit code what came of it.  limit: a
 * worse ratio than 1 + limit fails; 0: any that is WORSE. */
int tayra__bench_judge(const struct tayra__bench_options *options,
		       const struct tayra__bench_stage *stage, double limit);
/* Print it, keep it, write its files.  pass: of a gate; NULL: it is none.  => 0 or an exit code
 * after saying why. */
struct tayra__trial_report;
int tayra__bench_outcome(const struct tayra__bench_options *options,
			 const struct tayra__trial_report *report, const bool *pass);
/* What a trial is called in a history: --name, or what its base is. */
const char *tayra__bench_name(const struct tayra__bench_options *options,
			      const struct tayra__trial_report *report);
/* Add the verdicts to o->history_path.  => 0 or an exit code after saying why. */
int tayra__bench_keep(const struct tayra__bench_options *options,
		      const struct tayra__trial_report *report);
/* Files that cannot be written are found out before the work.  => 0 or an exit code. */
int tayra__bench_check_files(const struct tayra__bench_options *options);
/* The trial that these options ask for. */
struct tayra__trial_plan tayra__bench_trial(const struct tayra__bench_options *options,
					    const struct tayra__arm *arms);

#endif
