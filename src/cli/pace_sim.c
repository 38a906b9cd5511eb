/* SPDX-License-Identifier: Apache-2.0
 *
 * pace_sim.c: `tayra pace sim`: scenarios by name or file, each with every limiter.
 */
#include "cli/pace.h"

#include <tayra/base.h>

#include <string.h>

#include "base/mem.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/pace_report.h"
#include "cli/progress.h"
#include "sim/named_scenarios.h"
#include "sim/scenario.h"

struct session {
	struct tayra__pace_options options;
	struct tayra__scenario scenario;
	struct tayra__overload_result result;
	bool missed; /* a goal, by the first limiter */
	struct tayra__pace_report *report;
	struct tayra__progress progress;
	size_t done, total; /* scenarios */
};

static int
failed(struct session *session, int status)
{
	const struct tayra__scenario *scenario = &session->scenario;

	tayra__progress_clear(&session->progress);
	if (status == TAYRA_E_CANCELLED) {
		tayra__cli_error(session->options.command, "interrupted");
		return TAYRA__EXIT_INTERRUPTED;
	}
	if (status == TAYRA_E_TOO_LARGE)
		tayra__cli_error(session->options.command,
				 "%s: over %u requests at once: nothing keeps them down",
				 scenario->name, TAYRA__OVERLOAD_REQUESTS);
	else
		tayra__cli_error(session->options.command, "%s: %s", scenario->name,
				 status == TAYRA_E_INVAL ? "the pacer refuses these settings"
							 : tayra_status_text(status));
	return status == TAYRA_E_NOMEM ? TAYRA__EXIT_FAILURE : TAYRA__EXIT_USAGE;
}

/* How far: the limiters of a scenario count alike, its oracle as one more. */
static void
show_progress(struct session *session, size_t limiters_done)
{
	const struct tayra__pace_options *o = &session->options;
	double part = (double)limiters_done / (double)(o->contender_count + 1);

	tayra__progress_share(&session->progress, session->scenario.name,
			      ((double)session->done + part) / (double)session->total);
}

static int
show(struct session *session, const struct tayra__contender *contender)
{
	const struct tayra__pace_run run = {
		.scenario = &session->scenario,
		.contender = contender,
		.seed = session->options.seed,
		.result = &session->result,
	};

	tayra__progress_clear(&session->progress);
	if (session->report)
		tayra__pace_report_run(session->report, &run);
	if (session->options.json)
		return tayra__pace_json(stdout, &run);
	tayra__pace_table_row(stdout, &run);
	return ferror(stdout) ? TAYRA_E_IO : TAYRA_OK;
}

static int
run_scenario(struct session *session)
{
	const struct tayra__pace_options *o = &session->options;

	if (!o->json)
		tayra__pace_table_head(stdout, &session->scenario);
	for (size_t i = 0; i < o->contender_count; i++) {
		int status = tayra__overload_run(&session->scenario, &o->contenders[i], o->seed,
						 tayra__interrupt_flag(), &session->result);

		if (status != TAYRA_OK)
			return failed(session, status);
		if (show(session, &o->contenders[i]) != TAYRA_OK) {
			tayra__cli_error(o->command, "standard output: %m");
			return TAYRA__EXIT_USAGE;
		}
	}
	return TAYRA__EXIT_OK;
}

/* A goal may be of one limiter alone: what keeps to a latency has goals that no other can reach. */
static bool
is_judged(const struct tayra__goal_setting *goal, const struct tayra__contender *contender)
{
	return !goal->limiter || strcmp(goal->limiter, tayra_limiter_name(contender->limiter)) == 0;
}

static bool
any_judged(const struct tayra__scenario *scenario, const struct tayra__contender *contender)
{
	for (size_t g = 0; g < scenario->goal_count; g++)
		if (is_judged(&scenario->goals[g], contender))
			return true;
	return false;
}

static int
judge_contender(struct session *session, struct tayra__judge *judge,
		const struct tayra__contender *contender, bool first)
{
	const struct tayra__pace_options *o = &session->options;
	struct tayra__verdict verdicts[TAYRA__SCENARIO_GOALS];
	int status;

	if (!any_judged(&session->scenario, contender))
		return TAYRA__EXIT_OK;
	status = tayra__judge_run(judge, contender, verdicts);
	if (status != TAYRA_OK)
		return failed(session, status);
	tayra__progress_clear(&session->progress);
	for (size_t g = 0; g < session->scenario.goal_count; g++) {
		if (!is_judged(&session->scenario.goals[g], contender))
			continue;
		if (tayra__pace_goal_print(stdout, o, &session->scenario, contender,
					   &session->scenario.goals[g], &verdicts[g]) != TAYRA_OK) {
			tayra__cli_error(o->command, "standard output: %m");
			return TAYRA__EXIT_USAGE;
		}
		session->missed |= (first || session->scenario.goals[g].limiter) &&
				   !verdicts[g].pass;
		if (session->report &&
		    tayra__pace_report_goal(session->report, contender, &session->scenario.goals[g],
					    &verdicts[g]) != TAYRA_OK)
			return failed(session, TAYRA_E_NOMEM);
	}
	return TAYRA__EXIT_OK;
}

static int
judge_scenario(struct session *session)
{
	const struct tayra__pace_options *o = &session->options;
	struct tayra__judge judge;
	int status, code = TAYRA__EXIT_OK;

	if (session->scenario.goal_count == 0) {
		if (o->all)
			return TAYRA__EXIT_OK;
		tayra__cli_error(o->command, "%s has no goals", session->scenario.name);
		return TAYRA__EXIT_USAGE;
	}
	show_progress(session, 0);
	status = tayra__judge_init(&judge, &session->scenario, o->seed, o->seeds,
				   tayra__interrupt_flag());
	if (status != TAYRA_OK)
		code = failed(session, status);
	for (size_t i = 0; i < o->contender_count && code == TAYRA__EXIT_OK; i++) {
		show_progress(session, i + 1);
		code = judge_contender(session, &judge, &o->contenders[i], i == 0);
	}
	tayra__judge_fini(&judge);
	return code;
}

static int
list(void)
{
	for (const struct tayra__named_scenario *named = tayra__named_scenarios; named->name;
	     named++) {
		struct tayra__scenario scenario = { 0 };
		char error[500];

		if (tayra__scenario_read(&scenario, named->name, named->text, named->len, error,
					 sizeof(error)) == TAYRA_OK)
			printf("%-28s %s\n", named->name, scenario.sentence);
		tayra__scenario_fini(&scenario);
	}
	return TAYRA__EXIT_OK;
}

/* What is complete is in the report, whatever stopped the rest. */
static int
run_or_judge(struct session *session)
{
	int code = session->options.goals ? judge_scenario(session) : run_scenario(session);

	if (session->report &&
	    tayra__pace_report_scenario(session->report, &session->scenario) != TAYRA_OK)
		return failed(session, TAYRA_E_NOMEM);
	return code;
}

static int
no_place(const struct tayra__pace_options *o, const char *what)
{
	tayra__cli_error(o->command, "%s: is a %s, not a place for the report", o->report, what);
	return TAYRA__EXIT_USAGE;
}

/* A report over what is replayed would destroy it: then there is none at all. */
static int
check_traces(struct session *session)
{
	const struct tayra__scenario *scenario = &session->scenario;
	const char *report = session->options.report;

	for (size_t i = 0; i < scenario->load_count; i++)
		if (report && scenario->loads[i].trace &&
		    tayra__cli_same_file(report, scenario->loads[i].trace)) {
			tayra__pace_report_drop(session->report);
			session->report = NULL;
			return no_place(&session->options, "trace");
		}
	return TAYRA__EXIT_OK;
}

static int
check_contenders(const struct session *session, const char *name)
{
	const struct tayra__pace_options *o = &session->options;
	char why[200];

	for (size_t i = 0; i < o->contender_count; i++)
		if (tayra__contender_check(&o->contenders[i], &session->scenario.pace, why,
					   sizeof(why)) != TAYRA_OK) {
			tayra__cli_error(o->command, "%s: --limiter '%s' %s", name,
					 o->contenders[i].text, why);
			return TAYRA__EXIT_USAGE;
		}
	return TAYRA__EXIT_OK;
}

static int
one(struct session *session, const char *name)
{
	char error[500];
	int code;

	session->scenario = (struct tayra__scenario){ 0 };
	if (tayra__scenario_open(&session->scenario, name, error, sizeof(error)) == TAYRA_OK) {
		code = check_traces(session);
		if (code == TAYRA__EXIT_OK)
			code = check_contenders(session, name);
		if (code == TAYRA__EXIT_OK)
			code = run_or_judge(session);
	} else {
		tayra__cli_error(session->options.command, "%s", error);
		code = TAYRA__EXIT_USAGE;
	}
	tayra__scenario_fini(&session->scenario);
	session->done++;
	return code;
}

/* The pacer's default.  For goals all of them, and first elasticity, which the goals are for. */
static void
choose_contenders(struct tayra__pace_options *o)
{
	size_t all;

	if (o->contender_count)
		return;
	all = tayra__contender_all(o->contenders);
	o->contender_count = o->goals ? all : 1;
	for (size_t i = 0; o->goals && i < all; i++)
		if (o->contenders[i].limiter == TAYRA_LIMITER_ELASTICITY) {
			struct tayra__contender elasticity = o->contenders[i];

			memmove(&o->contenders[1], &o->contenders[0], i * sizeof(elasticity));
			o->contenders[0] = elasticity;
		}
}

static int
open_report(struct session *session)
{
	const struct tayra__pace_options *o = &session->options;
	int status;

	for (size_t i = 0; i < o->scenario_count; i++)
		if (tayra__cli_same_file(o->report, o->scenarios[i]))
			return no_place(o, "scenario");
	status = tayra__pace_report_open(o->report, &session->report);
	if (status == TAYRA_OK)
		return TAYRA__EXIT_OK;
	tayra__cli_error(o->command, "%s: %m", o->report);
	return status == TAYRA_E_IO ? TAYRA__EXIT_USAGE : TAYRA__EXIT_FAILURE;
}

static int
run(struct session *session)
{
	const struct tayra__pace_options *o = &session->options;
	int code = TAYRA__EXIT_OK;

	if (o->report && (code = open_report(session)) != TAYRA__EXIT_OK)
		return code;
	session->total = o->scenario_count;
	for (size_t i = 0; o->all && tayra__named_scenarios[i].name; i++)
		session->total++;
	tayra__progress_init(&session->progress);
	tayra__progress_start(&session->progress);
	tayra__interrupt_install();
	if (o->goals && !o->json)
		tayra__pace_goals_head(stdout);
	for (size_t i = 0; i < o->scenario_count && code == TAYRA__EXIT_OK; i++)
		code = one(session, o->scenarios[i]);
	for (size_t i = 0; o->all && tayra__named_scenarios[i].name && code == TAYRA__EXIT_OK; i++)
		code = one(session, tayra__named_scenarios[i].name);
	tayra__progress_clear(&session->progress);
	if (tayra__pace_report_close(session->report) != TAYRA_OK) {
		tayra__cli_error(o->command, "%s: %m", o->report);
		return TAYRA__EXIT_USAGE;
	}
	return code == TAYRA__EXIT_OK && session->missed ? TAYRA__EXIT_WORSE : code;
}

int
tayra__pace_sim(int argc, char **argv)
{
	struct session *session = tayra__mem_alloc(sizeof(*session));
	int code;

	if (!session) {
		tayra__cli_error(argv[0], "%s", tayra_status_text(TAYRA_E_NOMEM));
		return TAYRA__EXIT_FAILURE;
	}
	code = tayra__pace_options_parse(argc, argv, &session->options);
	choose_contenders(&session->options);
	if (code == 0 && session->options.settings)
		tayra__pace_settings();
	else if (code == 0)
		code = session->options.list ? list() : run(session);
	tayra__mem_free(session);
	return code;
}
