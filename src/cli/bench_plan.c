/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_plan.c: `tayra bench plan`: what a comparison would need, by the noise a pilot sees.
 */
#include "cli/bench.h"

#include <tayra/base.h>

#include <math.h>
#include <stdio.h>

#include "base/json.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "stat/power.h"

struct need {
	struct tayra__trial_pilot pilot;
	double pairs, pairs_same; /* to find the effect; to show that there is none */
	double mde;               /* what the budget would find */
	double budget_pairs;
};

static void
show_progress(void *ctx, uint32_t round, uint32_t rounds, double share)
{
	(void)round;
	(void)rounds;
	tayra__progress_share(ctx, "pilot", share);
}

static void
reckon(const struct tayra__bench_options *o, struct need *need)
{
	double budget_pairs = floor((double)o->budget_ns / (double)need->pilot.round_ns);

	need->budget_pairs = fmin(budget_pairs, 1000);
	need->pairs = fmax(
		6, tayra__power_pairs(need->pilot.sd, log1p(o->effect), o->alpha, o->power));
	need->pairs_same = fmax(6, tayra__trial_rounds(need->pilot.sd, o->margin, o->alpha));
	need->mde = expm1(tayra__power_effect(need->pilot.sd, (size_t)need->budget_pairs, o->alpha,
					      o->power));
}

static double
seconds(const struct need *need, double pairs)
{
	return pairs * (double)need->pilot.round_ns / 1e9;
}

static int
print_json(const struct tayra__bench_options *o, const struct need *need)
{
	struct tayra__json json;

	tayra__json_init(&json, stdout, TAYRA__JSON_LINE);
	tayra__json_object(&json, NULL);
	tayra__json_string(&json, "metric", o->metric->name);
	tayra__json_double(&json, "noise", need->pilot.sd, 6);
	tayra__json_double(&json, "pair_s", (double)need->pilot.round_ns / 1e9, 6);
	tayra__json_double(&json, "effect", o->effect, 6);
	tayra__json_double(&json, "power", o->power, 6);
	tayra__json_double(&json, "pairs", need->pairs, 9);
	tayra__json_double(&json, "seconds", seconds(need, need->pairs), 6);
	tayra__json_double(&json, "pairs_same", need->pairs_same, 9);
	tayra__json_double(&json, "seconds_same", seconds(need, need->pairs_same), 6);
	tayra__json_double(&json, "budget_pairs", need->budget_pairs, 9);
	tayra__json_double(&json, "mde", need->mde, 6);
	tayra__json_end(&json);
	return tayra__json_finish(&json);
}

static void
print(const struct tayra__bench_options *o, const struct need *need)
{
	printf("\n  %s, by a pilot of %u rounds\n", o->metric->name, need->pilot.rounds);
	printf("  a pair of runs differs by %.1f%% (standard deviation), and with its A/A takes "
	       "%.3f "
	       "s\n",
	       100 * need->pilot.sd, (double)need->pilot.round_ns / 1e9);
	printf("  to find a difference of %g%% with power %g:  about %.0f pairs, %.0f s\n",
	       100 * o->effect, o->power, need->pairs, ceil(seconds(need, need->pairs)));
	printf("  to show equal ones SAME within %g%%:        about %.0f pairs, %.0f s\n",
	       100 * o->margin, need->pairs_same, ceil(seconds(need, need->pairs_same)));
	printf("  a budget of %.0f s holds %.0f pairs and finds %.1f%%\n",
	       (double)o->budget_ns / 1e9, need->budget_pairs, 100 * need->mde);
}

static int
report(const struct tayra__bench_options *o, const struct tayra__command_arm *commands,
       struct need *need)
{
	for (size_t i = 0; i < o->arms; i++) {
		if (!commands[i].why[0])
			continue;
		tayra__cli_error(o->command, "arm %s: %s", o->arm[i].name, commands[i].why);
		return TAYRA__EXIT_USAGE;
	}
	if (tayra__interrupted()) {
		tayra__cli_error(o->command, "interrupted");
		return TAYRA__EXIT_INTERRUPTED;
	}
	if (isnan(need->pilot.sd) && need->pilot.rounds) {
		tayra__cli_error(o->command, "the pilot saw a figure of 0: what pairs are needed "
					     "follows from ratios, and 0 has none");
		return TAYRA__EXIT_UNDECIDED;
	}
	if (isnan(need->pilot.sd)) {
		tayra__cli_error(
			o->command,
			"a pair takes %.1f s: a pilot of three does not fit into 15%% of a "
			"budget of %.0f s",
			(double)need->pilot.round_ns / 1e9, (double)o->budget_ns / 1e9);
		return TAYRA__EXIT_UNDECIDED;
	}
	reckon(o, need);
	print(o, need);
	return o->json && print_json(o, need) < 0 ? TAYRA__EXIT_FAILURE : TAYRA__EXIT_OK;
}

int
tayra__bench_plan(int argc, char **argv)
{
	static struct tayra__bench_options o;
	static struct tayra__command_arm commands[TAYRA__TRIAL_ARMS_MAX];
	struct tayra__bench_stage stage;
	struct tayra__trial_plan plan;
	struct tayra__progress progress;
	struct need need = { 0 };
	int code = tayra__bench_plan_options(argc, argv, &o), status;

	if (code == TAYRA__EXIT_OK)
		code = tayra__bench_commands(&o, NULL, commands, &stage);
	if (code != TAYRA__EXIT_OK)
		return code;
	/* One command is planned as it would be compared: with something like it. */
	if (o.arms == 1)
		stage.arms[1] = stage.arms[0];
	plan = tayra__bench_trial(&o, stage.arms);
	plan.n = o.arms == 1 ? 2 : o.arms;
	tayra__interrupt_install();
	tayra__progress_init(&progress);
	plan.progress = show_progress;
	plan.progress_ctx = &progress;
	status = tayra__trial_pilot(&plan, &need.pilot);
	tayra__progress_clear(&progress);
	if (status == TAYRA_OK)
		return report(&o, commands, &need);
	tayra__cli_error(o.command, "%s", tayra_status_text(status));
	return TAYRA__EXIT_FAILURE;
}
