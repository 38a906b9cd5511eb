/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/judge.h"

#include "base/mem.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define THREADS_MAX 16

const double tayra__judge_limits[] = { 1,  2,  3,  4,  6,   8,   12,  16,  24,
				       32, 48, 64, 96, 128, 192, 256, 400, 0 };

static bool
any_goal(const struct tayra__scenario *scenario,
	 bool (*needs)(const struct tayra__goal_setting *goal))
{
	for (size_t g = 0; g < scenario->goal_count; g++)
		if (needs(&scenario->goals[g]))
			return true;
	return false;
}

/* What one thread works with. */
struct bench {
	struct tayra__judge *judge;
	const struct tayra__contender *contender; /* NULL: the oracle's turn */
	struct tayra__overload_result result, beside;
	_Atomic uint32_t *next; /* seed that nobody has taken */
	int status;
};

/* The best goodput of any fixed limit, for each goal. */
static int
ask_oracle(struct bench *bench, uint32_t s)
{
	struct tayra__judge *judge = bench->judge;
	const struct tayra__scenario *scenario = judge->scenario;

	for (size_t i = 0; tayra__judge_limits[i] > 0; i++) {
		const struct tayra__contender fixed = { .limiter = TAYRA_LIMITER_FIXED,
							.limit = tayra__judge_limits[i] };
		int status = tayra__overload_run(scenario, &fixed, judge->seed + s, judge->stop,
						 &bench->result);

		if (status != TAYRA_OK)
			return status;
		for (size_t g = 0; g < scenario->goal_count; g++)
			judge->oracle[s][g] = fmax(
				judge->oracle[s][g],
				tayra__goal_goodput(&scenario->goals[g], scenario, &bench->result));
	}
	return TAYRA_OK;
}

/* The same scenario with the loads of that name alone; shares all its memory. */
static struct tayra__scenario
only(const struct tayra__scenario *scenario, const char *load)
{
	struct tayra__scenario alone = *scenario;

	for (size_t i = 0; i < alone.load_count; i++)
		alone.loads[i].silent = load && strcmp(alone.loads[i].name, load) != 0;
	return alone;
}

static int
one_figure(struct bench *bench, uint32_t s, size_t g)
{
	struct tayra__judge *judge = bench->judge;
	const struct tayra__scenario *scenario = judge->scenario;
	const struct tayra__goal_setting *goal = &scenario->goals[g];
	const struct tayra__goal_beside beside = { .oracle_per_s = judge->oracle[s][g],
						   .alone = &bench->beside,
						   .again = &bench->beside,
						   .none = &bench->beside };
	const struct tayra__contender none = { .none = true };
	int status = TAYRA_OK;

	if (tayra__goal_needs_alone(goal) || tayra__goal_needs_unloaded(goal)) {
		struct tayra__scenario alone = only(scenario, goal->load);

		status = tayra__overload_run(
			&alone, tayra__goal_needs_alone(goal) ? bench->contender : &none,
			judge->seed + s, judge->stop, &bench->beside);
	} else if (goal->figure == TAYRA__GOAL_SAME_TRACE) {
		status = tayra__overload_run(scenario, bench->contender, judge->seed + s,
					     judge->stop, &bench->beside);
	}
	if (tayra__goal_needs_none(goal))
		status = tayra__overload_run(scenario, &none, judge->seed + s, judge->stop,
					     &bench->beside);
	if (status == TAYRA_OK)
		judge->figures[s][g] = tayra__goal_figure(goal, scenario, &bench->result, &beside);
	return status;
}

static int
run_seed(struct bench *bench, uint32_t s)
{
	struct tayra__judge *judge = bench->judge;
	int status;

	if (!bench->contender)
		return ask_oracle(bench, s);
	status = tayra__overload_run(judge->scenario, bench->contender, judge->seed + s,
				     judge->stop, &bench->result);
	for (size_t g = 0; g < judge->scenario->goal_count && status == TAYRA_OK; g++)
		status = one_figure(bench, s, g);
	return status;
}

static void *
work(void *arg)
{
	struct bench *bench = arg;
	uint32_t s;

	while (bench->status == TAYRA_OK &&
	       (s = atomic_fetch_add_explicit(bench->next, 1, memory_order_relaxed)) <
		       bench->judge->seeds)
		bench->status = run_seed(bench, s);
	return NULL;
}

static uint32_t
threads_for(const struct tayra__judge *judge)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	uint32_t n = processors < 1             ? 1
		     : processors > THREADS_MAX ? THREADS_MAX
						: (uint32_t)processors;

	return n < judge->seeds ? n : judge->seeds;
}

/* Every seed, on all processors; where no thread can be had, on this one. */
static int
run_seeds(struct tayra__judge *judge, const struct tayra__contender *contender)
{
	const uint32_t n = threads_for(judge);
	struct bench *benches = tayra__mem_array(n, sizeof(*benches));
	pthread_t threads[THREADS_MAX];
	bool started[THREADS_MAX] = { false };
	_Atomic uint32_t next = 0;
	int status = TAYRA_OK;

	if (!benches)
		return TAYRA_E_NOMEM;
	for (uint32_t i = 0; i < n; i++) {
		benches[i].judge = judge;
		benches[i].contender = contender;
		benches[i].next = &next;
		started[i] = i && pthread_create(&threads[i], NULL, work, &benches[i]) == 0;
	}
	work(&benches[0]);
	for (uint32_t i = 0; i < n; i++) {
		if (started[i])
			pthread_join(threads[i], NULL);
		if (benches[i].status != TAYRA_OK)
			status = benches[i].status;
	}
	tayra__mem_free(benches);
	return status;
}

int
tayra__judge_init(struct tayra__judge *judge, const struct tayra__scenario *scenario, uint64_t seed,
		  uint32_t seeds, const _Atomic bool *stop)
{
	*judge = (struct tayra__judge){
		.scenario = scenario, .seed = seed, .seeds = seeds, .stop = stop
	};
	judge->oracle = tayra__mem_array(seeds, sizeof(*judge->oracle));
	judge->figures = tayra__mem_array(seeds, sizeof(*judge->figures));
	if (!judge->oracle || !judge->figures)
		return TAYRA_E_NOMEM;
	return any_goal(scenario, tayra__goal_needs_oracle) ? run_seeds(judge, NULL) : TAYRA_OK;
}

void
tayra__judge_fini(struct tayra__judge *judge)
{
	tayra__mem_free(judge->oracle);
	tayra__mem_free(judge->figures);
}

static void
add(struct tayra__verdict *verdict, double figure, double oracle, uint32_t s)
{
	verdict->lo = s ? fmin(verdict->lo, figure) : figure;
	verdict->hi = s ? fmax(verdict->hi, figure) : figure;
	verdict->figure += (figure - verdict->figure) / (s + 1);
	verdict->oracle += (oracle - verdict->oracle) / (s + 1);
}

/* Written so that NaN fails. */
static void
decide(const struct tayra__goal_setting *goal, struct tayra__verdict *verdict)
{
	bool least = !isnan(goal->least);
	double worst = goal->worst;

	verdict->bar = least ? goal->least : goal->most;
	if (goal->completions && verdict->oracle > 0)
		verdict->bar = fmax(verdict->bar, goal->completions / verdict->oracle);
	if (isnan(worst))
		worst = verdict->bar;
	verdict->pass = least ? verdict->figure >= verdict->bar && verdict->lo >= worst
			      : verdict->figure <= verdict->bar && verdict->hi <= worst;
	if (!tayra__goal_needs_oracle(goal))
		verdict->oracle = nan("");
}

int
tayra__judge_run(struct tayra__judge *judge, const struct tayra__contender *contender,
		 struct tayra__verdict verdicts[TAYRA__SCENARIO_GOALS])
{
	const struct tayra__scenario *scenario = judge->scenario;

	int status = run_seeds(judge, contender);

	memset(verdicts, 0, TAYRA__SCENARIO_GOALS * sizeof(*verdicts));
	if (status != TAYRA_OK)
		return status;
	for (size_t g = 0; g < scenario->goal_count; g++) {
		for (uint32_t s = 0; s < judge->seeds; s++)
			add(&verdicts[g], judge->figures[s][g], judge->oracle[s][g], s);
		decide(&scenario->goals[g], &verdicts[g]);
	}
	return TAYRA_OK;
}
