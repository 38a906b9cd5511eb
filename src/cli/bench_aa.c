/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_aa.c: `tayra bench aa`: a command against itself, again and again: how often is it called
 * different?
 */
#include "cli/bench.h"

#include <tayra/base.h>

#include <math.h>
#include <stdio.h>

#include "base/hash.h"
#include "base/json.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/progress.h"

/* What came of the sessions so far. */
struct aa {
	struct tayra__bench_options options;
	struct tayra__command_arm command[TAYRA__TRIAL_ARMS_MAX];
	struct tayra__bench_stage stage;
	struct tayra__progress progress;
	uint32_t done, different, same, undecided, pairs;
	double widest; /* the ratio farthest from 1 */
};

/* The least number that so many sessions of equal arms exceed with less than 2.5%. */
static uint32_t
most_by_chance(uint32_t n, double alpha)
{
	double term = pow(1 - alpha, n), sum = term;
	uint32_t k = 0;

	while (sum < 0.975 && k < n) {
		term *= (double)(n - k) / (double)(k + 1) * alpha / (1 - alpha);
		sum += term;
		k++;
	}
	return k;
}

static void
show_progress(void *ctx, uint32_t round, uint32_t rounds, double share)
{
	struct aa *aa = ctx;
	char what[64];

	(void)round;
	(void)rounds;
	snprintf(what, sizeof(what), "session %u of %u: %u different", aa->done + 1,
		 aa->options.sessions, aa->different);
	tayra__progress_share(&aa->progress, what,
			      (aa->done + share) / (double)aa->options.sessions);
}

static void
count(struct aa *aa, const struct tayra_comparison *c)
{
	aa->done++;
	aa->pairs += c->pairs;
	aa->different += c->verdict == TAYRA_WORSE || c->verdict == TAYRA_BETTER;
	aa->same += c->verdict == TAYRA_SAME;
	aa->undecided += c->verdict == TAYRA_UNDECIDED;
	if (!isnan(c->ratio) && fabs(log(c->ratio)) > fabs(log(aa->widest)))
		aa->widest = c->ratio;
}

/* => TAYRA_OK, TAYRA_PENDING when it ended early, or a status. */
static int
run_session(struct aa *aa)
{
	struct tayra__trial_plan plan = tayra__bench_trial(&aa->options, aa->stage.arms);
	struct tayra__trial trial;
	int status;

	plan.budget_ns = aa->options.budget_ns / aa->options.sessions;
	plan.seed = tayra__hash_mix64(aa->options.seed + aa->done);
	plan.progress = show_progress;
	plan.progress_ctx = aa;
	status = tayra__trial_run(&plan, &trial);
	if (status != TAYRA_OK)
		return status;
	status = trial.stopped ? TAYRA_PENDING : TAYRA_OK;
	if (status == TAYRA_OK)
		count(aa, &trial.ab[1]);
	tayra__trial_fini(&trial);
	return status;
}

static int
print_json(const struct aa *aa, uint32_t most)
{
	struct tayra__json json;

	tayra__json_init(&json, stdout, TAYRA__JSON_LINE);
	tayra__json_object(&json, NULL);
	tayra__json_string(&json, "metric", aa->options.metric->name);
	tayra__json_u64(&json, "sessions", aa->done);
	tayra__json_u64(&json, "different", aa->different);
	tayra__json_u64(&json, "most_by_chance", most);
	tayra__json_u64(&json, "same", aa->same);
	tayra__json_u64(&json, "undecided", aa->undecided);
	tayra__json_double(&json, "farthest_ratio", aa->widest, 9);
	tayra__json_double(&json, "pairs_each", aa->done ? (double)aa->pairs / aa->done : 0, 5);
	tayra__json_double(&json, "alpha", aa->options.alpha, 6);
	tayra__json_bool(&json, "partial", aa->done < aa->options.sessions);
	tayra__json_end(&json);
	return tayra__json_finish(&json);
}

static void
print(const struct aa *aa, uint32_t most)
{
	printf("\n  %u comparison%s of %s with itself, %s, %.0f pairs each\n", aa->done,
	       aa->done == 1 ? "" : "s", aa->options.arm[0].name, aa->options.metric->name,
	       aa->done ? (double)aa->pairs / aa->done : 0);
	if (aa->done < aa->options.sessions)
		printf("  it ended early: %u were to be made\n", aa->options.sessions);
	printf("  %6u called different: %.1f are to be expected, up to %u by chance\n",
	       aa->different, aa->options.alpha * aa->done, most);
	printf("  %6u SAME: within the margin of %g%%\n", aa->same, 100 * aa->options.margin);
	printf("  %6u UNDECIDED\n", aa->undecided);
	printf("  the ratio farthest from 1 was %.3f\n", aa->widest);
}

/* The same arm twice: what is compared is equal by construction. */
static int
prepare(struct aa *aa, int argc, char **argv)
{
	int code = tayra__bench_aa_options(argc, argv, &aa->options);

	if (code == TAYRA__EXIT_OK)
		code = tayra__bench_commands(&aa->options, NULL, aa->command, &aa->stage);
	aa->stage.arms[1] = aa->stage.arms[0];
	aa->options.arms = 2;
	aa->widest = 1;
	return code;
}

int
tayra__bench_aa(int argc, char **argv)
{
	static struct aa aa;
	int code = prepare(&aa, argc, argv), status = TAYRA_OK;
	uint32_t most;

	if (code != TAYRA__EXIT_OK)
		return code;
	tayra__interrupt_install();
	tayra__progress_init(&aa.progress);
	while (aa.done < aa.options.sessions && status == TAYRA_OK)
		status = run_session(&aa);
	tayra__progress_clear(&aa.progress);
	most = most_by_chance(aa.done, aa.options.alpha);
	if (aa.done > 0) {
		print(&aa, most);
		if (aa.options.json && print_json(&aa, most) < 0)
			return TAYRA__EXIT_FAILURE;
	}
	if (aa.command[0].why[0]) {
		tayra__cli_error(aa.options.command, "arm %s: %s", aa.options.arm[0].name,
				 aa.command[0].why);
		return TAYRA__EXIT_USAGE;
	}
	if (status < 0) {
		tayra__cli_error(aa.options.command, "%s", tayra_status_text(status));
		return TAYRA__EXIT_FAILURE;
	}
	if (status == TAYRA_PENDING) {
		tayra__cli_error(aa.options.command, "interrupted");
		return TAYRA__EXIT_INTERRUPTED;
	}
	return aa.different > most ? TAYRA__EXIT_INVALID : TAYRA__EXIT_OK;
}
