/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/bench.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/option.h"

#define TURNS   20
#define TELL_NS TAYRA_NS_PER_S
#define WAITS   10 /* times as long on the clock as in work: it waits */

_Static_assert(TAYRA_BENCH_ARMS_MAX == TAYRA__TRIAL_ARMS_MAX, "as many as a trial takes");

static _Thread_local const struct tayra_bench *inside; /* whose function this thread is running */

int
tayra_bench_create(const struct tayra_bench_options *options, struct tayra_bench **out)
{
	struct tayra_bench_options taken;

	if (!out)
		return TAYRA_E_INVAL;
	*out = NULL;
	if (tayra__bench_options(options, &taken))
		return TAYRA_E_INVAL;
	*out = tayra__mem_alloc(sizeof(**out));
	if (!*out)
		return TAYRA_E_NOMEM;
	(*out)->options = taken;
	return TAYRA_OK;
}

void
tayra_bench_destroy(struct tayra_bench *bench)
{
	if (!bench || inside == bench)
		return;
	tayra__trial_fini(&bench->trial);
	tayra__mem_free(bench);
}

static bool
name_fits(const struct tayra_bench *bench, const char *name)
{
	size_t len = strnlen(name, TAYRA_BENCH_NAME_MAX);

	if (len == 0 || len == TAYRA_BENCH_NAME_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)name[i] < ' ' || name[i] == 0x7f || name[i] == '|')
			return false;
	for (uint32_t i = 0; i < bench->arms; i++)
		if (strcmp(bench->name[i], name) == 0)
			return false;
	return true;
}

int
tayra_bench_add(struct tayra_bench *bench, const struct tayra_bench_arm *given)
{
	struct tayra_bench_arm arm;

	if (!bench || !given || tayra__option_struct(given, &arm, sizeof(arm)) < 0)
		return TAYRA_E_INVAL;
	if (inside || atomic_load_explicit(&bench->running, memory_order_relaxed))
		return TAYRA_E_WOULD_DEADLOCK;
	if (!arm.fn || !arm.name || !name_fits(bench, arm.name))
		return TAYRA_E_INVAL;
	if (bench->arms == TAYRA_BENCH_ARMS_MAX)
		return TAYRA_E_FULL;
	snprintf(bench->name[bench->arms], TAYRA_BENCH_NAME_MAX, "%s", arm.name);
	bench->arm[bench->arms++] = (struct tayra__function_arm){
		.fn = arm.fn,
		.setup = arm.setup,
		.teardown = arm.teardown,
		.arg = arm.arg,
		.wall = bench->options.metric == TAYRA_BENCH_WALL,
	};
	return TAYRA_OK;
}

void
tayra_bench_stop(struct tayra_bench *bench)
{
	if (bench)
		atomic_store_explicit(&bench->stop, true, memory_order_relaxed);
}

static void
tell(void *ctx, uint32_t round, uint32_t rounds, double share)
{
	struct tayra_bench *b = ctx;
	uint64_t now = tayra__clock_real_ns();

	if (!b->options.progress || now - b->told_ns < TELL_NS)
		return;
	b->told_ns = now;
	if (rounds)
		fprintf(b->options.progress, "pair %u of %u, %.0f%%\n", round, rounds, 100 * share);
	else
		fprintf(b->options.progress, "pilot\n");
	fflush(b->options.progress);
}

/* Nothing was run, and so nothing decided.  => TAYRA_PENDING. */
static int
leave_undecided(struct tayra_bench *b)
{
	const double none = 0;

	b->trial = (struct tayra__trial){ .session.arms = b->arms + 1, .turns = 1 };
	b->trial.stopped = atomic_load_explicit(&b->stop, memory_order_relaxed);
	for (uint32_t i = 0; i < b->arms; i++)
		tayra_prove_compare(&none, &none, 0, NULL, &b->trial.ab[i]);
	b->trial.aa = b->trial.ab[0];
	return TAYRA_PENDING;
}

static double
seconds(uint64_t ns)
{
	return (double)ns / 1e9;
}

/* Six pairs and a warm-up of what is known to take that long: does the budget hold them? */
static bool
too_long(struct tayra_bench *b, uint32_t known)
{
	uint64_t now = tayra__clock_real_ns(), slowest = 0;
	uint64_t round = b->arm[0].slice_ns;
	unsigned long long calls;
	uint32_t which = 0;

	if (b->options.pairs)
		return false;
	for (uint32_t i = 0; i < known; i++) {
		round += b->arm[i].slice_ns;
		if (b->arm[i].slice_ns > slowest) {
			slowest = b->arm[i].slice_ns;
			which = i;
		}
	}
	if (now < b->end_ns && (TAYRA__BENCH_PAIRS_MIN + 1) * round <= b->end_ns - now)
		return false;
	calls = b->arm[which].calls * b->arm[which].parts;
	snprintf(
		b->result.why, sizeof(b->result.why),
		"%s takes %.3g s for a slice of %llu call%s, so a verdict needs %.3g s or more and "
		"budget_ns is %.3g s: give it longer, or let a call do less",
		b->name[which], seconds(slowest), calls, calls == 1 ? "" : "s",
		seconds((TAYRA__BENCH_PAIRS_MIN + 1) * round + (now - b->begun_ns)),
		seconds(b->options.budget_ns));
	return true;
}

/* => TAYRA_OK, TAYRA_E_FORKED; TAYRA_PENDING: there is nothing to run, and result.why says why. */
static int
calibrate(struct tayra_bench *b)
{
	for (uint32_t i = 0; i < b->arms; i++) {
		int status = tayra__function_arm_calibrate(&b->arm[i], b->options.slice_ns,
							   b->end_ns);

		if (status != TAYRA_OK)
			return status;
		if (b->arm[i].calls == 0) {
			leave_undecided(b);
			tayra__trial_spoil(&b->trial,
					   "%s: 2^34 calls take no time: the compiler left nothing "
					   "of it; see TAYRA_BENCH_KEEP",
					   b->name[i]);
			return TAYRA_PENDING;
		}
		if (atomic_load_explicit(&b->stop, memory_order_relaxed) || too_long(b, i + 1))
			return leave_undecided(b);
		tayra__function_arm_match(&b->arm[i], &b->arm[0]);
	}
	return TAYRA_OK;
}

static int
run_trial(struct tayra_bench *b)
{
	struct tayra__arm arms[TAYRA_BENCH_ARMS_MAX];
	uint64_t now = tayra__clock_real_ns();
	struct tayra__trial_plan plan = {
		.arms = arms,
		.n = b->arms,
		.metric = TAYRA__OUTPUT,
		.margin = b->options.margin,
		.alpha = b->options.alpha,
		.budget_ns = b->end_ns > now ? b->end_ns - now : 1,
		.slice_ns = b->options.slice_ns,
		.turns = TURNS,
		.rounds = b->options.pairs,
		.seed = b->options.seed,
		.stop = &b->stop,
		.progress = tell,
		.progress_ctx = b,
	};

	for (uint32_t i = 0; i < b->arms; i++)
		arms[i] = (struct tayra__arm){ b->name[i], tayra__function_arm_run, &b->arm[i] };
	return tayra__trial_run(&plan, &b->trial);
}

static void
explain(struct tayra_bench *b)
{
	struct tayra_bench_result *r = &b->result;

	if (b->trial.spoilt[0])
		snprintf(r->why, sizeof(r->why), "%s", b->trial.spoilt);
	else if (b->trial.stopped || b->trial.session.rounds < b->trial.planned)
		snprintf(r->why, sizeof(r->why), "%s after %u of %u pairs",
			 b->trial.stopped ? "stopped" : "the budget was over",
			 b->trial.session.rounds, b->trial.planned);
	for (uint32_t i = 0; i < r->arms && !r->why[0]; i++)
		if (b->options.metric == TAYRA_BENCH_CPU &&
		    r->arm[i].wall_ns > WAITS * r->arm[i].cpu_ns)
			snprintf(r->why, sizeof(r->why),
				 "%s waits for %.0f%% of its time, which processor time does not "
				 "see: TAYRA_BENCH_WALL does",
				 r->arm[i].name, 100 * (1 - r->arm[i].cpu_ns / r->arm[i].wall_ns));
}

static int
measure(struct tayra_bench *b)
{
	struct tayra__machine_use before, after;
	int status;

	b->begun_ns = b->told_ns = tayra__clock_real_ns();
	b->end_ns = b->options.pairs ? UINT64_MAX : b->begun_ns + b->options.budget_ns;
	tayra__machine_use_read("/proc", &before);
	status = calibrate(b);
	if (status == TAYRA_OK)
		status = run_trial(b);
	if (status < 0)
		return status;
	tayra__machine_use_read("/proc", &after);
	tayra__machine_use_between(&before, &after, &b->machine);
	b->result.foreign_cpu = b->machine.foreign;
	b->result.took_s = seconds(tayra__clock_real_ns() - b->begun_ns);
	b->done = true;
	status = tayra__bench_figures(b);
	if (status == TAYRA_OK)
		explain(b);
	return status;
}

/* The result of an error is one line. */
static int
fail(struct tayra_bench_result *result, int status, const char *why)
{
	char line[sizeof(result->why)];

	snprintf(line, sizeof(line), "%s", why);
	*result = (struct tayra_bench_result){ .size = sizeof(*result) };
	snprintf(result->why, sizeof(result->why), "%s", line);
	return status;
}

/* Any earlier or later version of the result gets the part it knows. */
static void
give(struct tayra_bench_result *out, const struct tayra_bench_result *result)
{
	size_t size = out->size;

	memcpy(out, result, size < sizeof(*result) ? size : sizeof(*result));
	out->size = size;
}

static int
refuse(struct tayra_bench_result *out, int status, const char *why)
{
	struct tayra_bench_result result;

	fail(&result, status, why);
	give(out, &result);
	return status;
}

/* It is ours to run. */
static int
run(struct tayra_bench *b)
{
	int status;

	tayra__trial_fini(&b->trial);
	b->done = false;
	b->result = (struct tayra_bench_result){ .size = sizeof(b->result) };
	inside = b;
	status = measure(b);
	inside = NULL;
	if (status == TAYRA_OK)
		return status;
	tayra__trial_fini(&b->trial);
	b->done = false;
	return fail(&b->result, status,
		    status == TAYRA_E_FORKED ? "a function returned in a child of the process"
					     : tayra_status_text(status));
}

int
tayra_bench_run(struct tayra_bench *bench, struct tayra_bench_result *result)
{
	pid_t nobody = 0;
	char why[120];
	int status;

	if (!bench || !result || result->size < sizeof(size_t))
		return TAYRA_E_INVAL;
	if (inside)
		return refuse(result, TAYRA_E_WOULD_DEADLOCK, "called by a function of a bench");
	if (bench->arms < 2) {
		snprintf(why, sizeof(why),
			 bench->arms ? "there is nothing to compare %s with"
				     : "there is nothing to compare",
			 bench->name[0]);
		return refuse(result, TAYRA_E_INVAL, why);
	}
	if (!atomic_compare_exchange_strong(&bench->running, &nobody, getpid()))
		return nobody == getpid()
			       ? refuse(result, TAYRA_E_WOULD_DEADLOCK, "it is running already")
			       : refuse(result, TAYRA_E_FORKED,
					"it was running when this process was forked");
	status = run(bench);
	atomic_store_explicit(&bench->stop, false, memory_order_relaxed);
	atomic_store(&bench->running, 0);
	give(result, &bench->result);
	return status;
}

static int
add(struct tayra_bench *bench, const char *name, tayra_bench_fn fn, void *arg)
{
	struct tayra_bench_arm arm = TAYRA_BENCH_ARM_INIT;

	arm.name = name;
	arm.fn = fn;
	arm.arg = arg;
	return tayra_bench_add(bench, &arm);
}

int
tayra_bench_compare(const char *name_a, tayra_bench_fn fn_a, const char *name_b,
		    tayra_bench_fn fn_b, void *arg, const struct tayra_bench_options *options,
		    struct tayra_bench_result *result)
{
	struct tayra_bench_options taken;
	struct tayra_bench *bench;
	const char *why;
	int status;

	if (!result || result->size < sizeof(size_t))
		return TAYRA_E_INVAL;
	why = tayra__bench_options(options, &taken);
	if (why)
		return refuse(result, TAYRA_E_INVAL, why);
	status = tayra_bench_create(&taken, &bench);
	if (status != TAYRA_OK)
		return refuse(result, status, tayra_status_text(status));
	status = add(bench, name_a, fn_a, arg);
	if (status == TAYRA_OK)
		status = add(bench, name_b, fn_b, arg);
	if (status == TAYRA_OK)
		status = tayra_bench_run(bench, result);
	else
		refuse(result, status,
		       status == TAYRA_E_INVAL
			       ? "two functions with two names, short and printable, are needed"
			       : tayra_status_text(status));
	tayra_bench_destroy(bench);
	return status;
}
