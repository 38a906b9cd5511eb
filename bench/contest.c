/* SPDX-License-Identifier: Apache-2.0 */
#include "contest.h"

#include <tayra/pace.h>

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hist.h"
#include "base/json.h"
#include "base/option.h"
#include "prove/session.h"
#include "sim/contender.h"
#include "stat/quantile.h"
#include "stat/quantile_interval.h"

#define NEVER_NS     (UINT64_MAX / 8) /* no CoDel: who waits is a client with patience */
#define BARGE_NS     (200 * TAYRA_NS_PER_US)
#define SWEEP_ROUNDS 3

struct arm {
	const char *name;
	struct tayra__contender contender;
	bool backs_off;
	struct tayra_pace *pace; /* NULL: no limit */
	double per_s[CONTEST_ROUNDS_MAX][CONTEST_PHASES_MAX];
};

struct client {
	uint32_t number;
	struct tayra__rng rng;
	struct tayra__hist latency; /* from wanting to having it, ns */
	uint64_t done[CONTEST_PHASES_MAX];
};

static struct {
	const struct contest *contest;
	size_t phases;
	struct client client[CONTEST_CLIENTS_MAX];
	struct arm arms[CONTEST_ARMS_MAX];
	size_t arm_count;
	struct arm *arm; /* whose turn it is */
	_Atomic size_t phase;
	_Atomic bool over;
	struct tayra__hist latency;
} stage;

static void
sleep_ms(double ms)
{
	tayra__clock_sleep_until_ns(tayra__clock_real_ns() + (uint64_t)(ms * 1e6));
}

/* One attempt at what is asked now.  Only who began and ended in a phase is counted as its. */
static bool
attempt(struct client *c)
{
	const size_t phase = atomic_load_explicit(&stage.phase, memory_order_relaxed);

	if (!stage.contest->phases[phase].attempt(c->number, &c->rng))
		return false;
	if (phase == atomic_load_explicit(&stage.phase, memory_order_relaxed))
		c->done[phase]++;
	return true;
}

/* Until it succeeds, each attempt behind the limit of whoever's turn it is. */
static void
insist(struct client *c, const struct arm *arm)
{
	const struct tayra_pace_request request = { .cls = TAYRA_NORMAL };
	double ms = 1;

	for (;;) {
		struct tayra_ticket ticket = { 0 };
		bool done;

		if (arm->pace && tayra_pace_enter(arm->pace, &request, &ticket) != TAYRA_OK)
			abort(); /* nothing is to be shed here */
		done = attempt(c);
		if (arm->pace)
			tayra_pace_leave(arm->pace, &ticket,
					 done ? TAYRA_OUTCOME_OK : TAYRA_OUTCOME_ERROR,
					 tayra__clock_real_ns());
		if (done)
			return;
		if (arm->backs_off) {
			sleep_ms(ms * tayra__rng_unit(&c->rng));
			ms = fmin(2 * ms, stage.contest->backoff_ms);
		}
	}
}

static void *
live(void *arg)
{
	struct client *c = arg;
	uint64_t began = tayra__clock_real_ns();

	while (!atomic_load_explicit(&stage.over, memory_order_relaxed)) {
		uint64_t now;

		insist(c, stage.arm);
		now = tayra__clock_real_ns();
		tayra__hist_add(&c->latency, now - began);
		began = now;
	}
	return NULL;
}

/* Jain's index of what the clients got: 1: all the same. */
static double
fairness(uint32_t clients)
{
	double sum = 0, squares = 0;

	for (uint32_t i = 0; i < clients; i++) {
		double got = (double)stage.client[i].latency.count;

		sum += got;
		squares += got * got;
	}
	return squares > 0 ? sum * sum / (squares * clients) : nan("");
}

static double
done_in(size_t phase)
{
	double done = 0;

	for (uint32_t i = 0; i < stage.contest->clients; i++)
		done += (double)stage.client[i].done[phase];
	return done;
}

static void
show(const struct tayra__slice *slice, const struct tayra__measure *m)
{
	fprintf(stderr, "round %u %-18s", slice->round + 1, stage.arm->name);
	for (size_t i = 0; i < stage.phases; i++)
		fprintf(stderr, " %7.1f", stage.arm->per_s[slice->round][i]);
	fprintf(stderr, "/s  p50 %7.1f  p99 %7.1f  sd %7.1f ms  fair %.2f", m->value[TAYRA__P50_MS],
		m->value[TAYRA__P99_MS], m->value[TAYRA__OUTPUT], m->value[TAYRA__SCORE]);
	if (stage.arm->pace) {
		struct tayra_pace_stats stats = TAYRA_PACE_STATS_INIT;

		tayra_pace_stats(stage.arm->pace, &stats);
		fprintf(stderr, "  limit %.1f", stats.limit);
	}
	fputc('\n', stderr);
}

/* One phase after the other, while the clients go on; the last is over when all have stopped. */
static void
go_through_phases(pthread_t *threads, uint64_t length_ns, double seconds[CONTEST_PHASES_MAX])
{
	for (size_t i = 0; i < stage.phases; i++) {
		const uint64_t began = tayra__clock_real_ns();

		atomic_store_explicit(&stage.phase, i, memory_order_relaxed);
		if (i == 0)
			for (uint32_t c = 0; c < stage.contest->clients; c++)
				if (pthread_create(&threads[c], NULL, live, &stage.client[c]) != 0)
					abort();
		tayra__clock_sleep_until_ns(began + length_ns);
		if (i + 1 == stage.phases) {
			atomic_store_explicit(&stage.over, true, memory_order_relaxed);
			for (uint32_t c = 0; c < stage.contest->clients; c++)
				pthread_join(threads[c], NULL);
		}
		seconds[i] = (double)(tayra__clock_real_ns() - began) / 1e9;
	}
}

/* The throughput of a turn with several phases is their geometric mean: what is asked for in one
 * cannot be added to what is asked for in another. */
static int
run_turn(void *ctx, const struct tayra__slice *slice, struct tayra__measure *out)
{
	pthread_t threads[CONTEST_CLIENTS_MAX];
	uint32_t clients = stage.contest->clients;
	double seconds[CONTEST_PHASES_MAX], logs = 0;

	stage.arm = ctx;
	atomic_store_explicit(&stage.over, false, memory_order_relaxed);
	tayra__hist_init(&stage.latency);
	for (uint32_t i = 0; i < clients; i++) {
		tayra__hist_init(&stage.client[i].latency);
		memset(stage.client[i].done, 0, sizeof(stage.client[i].done));
	}
	go_through_phases(threads, slice->length_ns, seconds);
	for (uint32_t i = 0; i < clients; i++)
		tayra__hist_merge(&stage.latency, &stage.client[i].latency);
	for (size_t i = 0; i < stage.phases; i++) {
		double per_s = done_in(i) / seconds[i];

		stage.arm->per_s[slice->round][i] = per_s;
		logs += log(per_s);
	}
	out->requests = stage.latency.count;
	out->value[TAYRA__THROUGHPUT_PER_S] = exp(logs / (double)stage.phases);
	out->value[TAYRA__P50_MS] = (double)tayra__hist_quantile(&stage.latency, 0.5) / 1e6;
	out->value[TAYRA__P99_MS] = (double)tayra__hist_quantile(&stage.latency, 0.99) / 1e6;
	out->value[TAYRA__OUTPUT] = tayra__hist_stdev(&stage.latency) / 1e6;
	out->value[TAYRA__SCORE] = fairness(clients);
	show(slice, out);
	return TAYRA_OK;
}

static bool
open_arm(struct arm *arm, const char *name)
{
	struct tayra_pace_options options = TAYRA_PACE_OPTIONS_INIT;
	const char *barging = strstr(name, "+barging");
	char base[32], why[300];

	*arm = (struct arm){ .name = name };
	arm->backs_off = strcmp(name, "backoff") == 0;
	if (arm->backs_off || strcmp(name, "none") == 0)
		return true;
	snprintf(base, sizeof(base), "%.*s", (int)(barging ? barging - name : 31), name);
	if (tayra__contender_read(base, &arm->contender, why, sizeof(why)) != TAYRA_OK)
		return false;
	options.limiter = arm->contender.limiter;
	options.limit = arm->contender.limit;
	options.barge_ns = barging ? BARGE_NS : 0;
	options.codel_target_ns = NEVER_NS;
	return tayra_pace_create(&options, &arm->pace) == TAYRA_OK;
}

static bool
is_fixed(size_t arm)
{
	return strncmp(stage.arms[arm].name, "fixed:", 6) == 0;
}

static size_t
find_arm(const char *name)
{
	for (size_t i = 0; i < stage.arm_count; i++)
		if (strcmp(stage.arms[i].name, name) == 0)
			return i;
	abort(); /* a goal over nobody */
}

/* The fixed limit with the most throughput over rounds and these phases. */
static size_t
best_fixed(uint32_t rounds, size_t phases)
{
	double best = -HUGE_VAL;
	size_t which = 0;

	for (size_t i = 0; i < stage.arm_count; i++) {
		double sum = 0;

		for (uint32_t round = 0; round < rounds; round++)
			for (size_t phase = 0; phase < phases; phase++)
				sum += log(stage.arms[i].per_s[round][phase]);
		if (is_fixed(i) && sum > best) {
			best = sum;
			which = i;
		}
	}
	return which;
}

struct line {
	const char *goal, *what, *limiter;
	double oracle, bar; /* NaN: there is none */
	bool lower;         /* is better */
};

static void
print_line(const struct line *line, const struct tayra_comparison *c)
{
	struct tayra__json json;

	tayra__json_init(&json, stdout, TAYRA__JSON_LINE);
	tayra__json_object(&json, NULL);
	if (!isnan(line->bar))
		tayra__json_string(&json, "goal", line->goal);
	tayra__json_string(&json, "scenario", stage.contest->scenario);
	tayra__json_string(&json, "limiter", line->limiter);
	tayra__json_string(&json, "what", line->what);
	tayra__json_double(&json, "figure", c->ratio, 4);
	tayra__json_double(&json, "oracle", line->oracle, 5);
	if (!isnan(line->bar)) {
		tayra__json_double(&json, "bar", line->bar, 4);
		tayra__json_string(&json, "side", line->lower ? "most" : "least");
	}
	tayra__json_double(&json, "lo", c->lo, 4);
	tayra__json_double(&json, "hi", c->hi, 4);
	if (!isnan(line->bar))
		tayra__json_bool(&json, "pass",
				 line->lower ? c->ratio <= line->bar : c->ratio >= line->bar);
	tayra__json_u64(&json, "rounds", c->pairs);
	tayra__json_double(&json, "a", c->a_value, 5);
	tayra__json_double(&json, "b", c->b_value, 5);
	tayra__json_string(&json, "repeat", stage.contest->repeat);
	tayra__json_end(&json);
	tayra__json_finish(&json);
	fflush(stdout);
}

static bool
is_lower_better(enum tayra__metric metric)
{
	return metric != TAYRA__SCORE && tayra__metric_info(metric)->better == TAYRA_BETTER_LOWER;
}

/* Of one arm, with the interval of the median. */
static struct tayra_comparison
median_of(const struct tayra__session *session, size_t arm, enum tayra__metric metric)
{
	double values[CONTEST_ROUNDS_MAX];
	struct tayra__quantile_interval median;

	for (uint32_t i = 0; i < session->rounds; i++)
		values[i] = session->measures[i * session->arms + arm].value[metric];
	tayra__quantile_sort(values, session->rounds);
	tayra__quantile_interval(values, session->rounds, 0.5, 0.05, &median);
	return (struct tayra_comparison){ .ratio = median.value,
					  .lo = median.lo,
					  .hi = median.hi,
					  .a_value = nan(""),
					  .b_value = median.value,
					  .pairs = session->rounds };
}

static void
print_goal(const struct tayra__session *session, const struct contest_goal *goal)
{
	const size_t last = stage.arm_count - 1;
	const size_t best = best_fixed(session->rounds, stage.phases);
	struct tayra_prove_rule rule = TAYRA_PROVE_RULE_INIT;
	struct tayra__session_comparison c;
	size_t over;

	if (!goal->over) {
		c.ab = median_of(session, last, goal->metric);
	} else {
		over = strcmp(goal->over, CONTEST_BEST_FIXED) == 0 ? best : find_arm(goal->over);
		if (tayra__session_compare(session, goal->metric, over, last, over, &rule, &c) !=
		    TAYRA_OK)
			abort();
	}
	print_line(
		&(struct line){
			.goal = goal->goal,
			.what = goal->what,
			.limiter = stage.arms[last].name,
			.oracle = median_of(session, best, goal->metric).ratio,
			.bar = goal->bar,
			.lower = is_lower_better(goal->metric),
		},
		&c.ab);
}

/* What an arm got in a phase, over the first. */
static void
print_arm(const struct tayra__session *session, size_t arm, size_t phase)
{
	struct tayra_prove_rule rule = TAYRA_PROVE_RULE_INIT;
	double a[CONTEST_ROUNDS_MAX], b[CONTEST_ROUNDS_MAX];
	struct tayra_comparison c;
	char what[120];

	rule.better = TAYRA_BETTER_HIGHER;
	for (uint32_t i = 0; i < session->rounds; i++) {
		a[i] = stage.arms[0].per_s[i][phase];
		b[i] = stage.arms[arm].per_s[i][phase];
	}
	if (tayra_prove_compare(a, b, session->rounds, &rule, &c) != TAYRA_OK)
		abort();
	snprintf(what, sizeof(what), "throughput_of_%s_over_%s", stage.contest->phases[phase].name,
		 stage.arms[0].name);
	print_line(&(struct line){ .what = what,
				   .limiter = stage.arms[arm].name,
				   .oracle = nan(""),
				   .bar = nan("") },
		   &c);
}

static void
print_arms(const struct tayra__session *session)
{
	for (size_t phase = 0; phase < stage.phases; phase++)
		for (size_t arm = 1; arm < stage.arm_count; arm++)
			print_arm(session, arm, phase);
}

static void
close_arms(void)
{
	for (size_t i = 0; i < stage.arm_count; i++)
		if (stage.arms[i].pace)
			tayra_pace_destroy(stage.arms[i].pace);
	stage.arm_count = 0;
}

static bool
open_stage(const struct contest *contest)
{
	stage.contest = contest;
	stage.phases = 0;
	while (stage.phases < CONTEST_PHASES_MAX && contest->phases[stage.phases].name)
		stage.phases++;
	for (uint32_t i = 0; i < contest->clients; i++) {
		stage.client[i].number = i;
		tayra__rng_init(&stage.client[i].rng, i + 1);
	}
	for (stage.arm_count = 0; contest->arms[stage.arm_count]; stage.arm_count++)
		if (!open_arm(&stage.arms[stage.arm_count], contest->arms[stage.arm_count]))
			return false;
	return true;
}

/* => as tayra__session_run(); the arms stay open until close_arms(). */
static int
play(const struct contest *contest, struct tayra__session *session)
{
	const struct tayra__session_plan plan = { .rounds = contest->rounds,
						  .slice_ns = contest->seconds * TAYRA_NS_PER_S,
						  .seed = 1 };
	struct tayra__arm cast[CONTEST_ARMS_MAX];

	if (!open_stage(contest))
		return TAYRA_E_INVAL;
	for (size_t i = 0; i < stage.arm_count; i++)
		cast[i] = (struct tayra__arm){ stage.arms[i].name, run_turn, &stage.arms[i] };
	return tayra__session_run(cast, stage.arm_count, &plan, session);
}

int
contest_run(const struct contest *contest)
{
	struct tayra__session session;
	int status = play(contest, &session);

	if (status == TAYRA_OK) {
		for (size_t i = 0; contest->goals[i].what; i++)
			print_goal(&session, &contest->goals[i]);
		print_arms(&session);
		tayra__session_fini(&session);
	}
	close_arms();
	return status != TAYRA_OK;
}

/* Which fixed limits of the mix to go on with.  => false: it cannot be run. */
static bool
sweep(const struct contest *mix, const char **tuned, const char **best)
{
	struct contest fixed = *mix;
	struct tayra__session session;
	size_t n = 0;
	bool fine;

	while (fixed.arms[n + 1])
		n++;
	fixed.arms[n] = NULL;
	fixed.rounds = SWEEP_ROUNDS;
	fixed.seconds = mix->seconds < 4 ? mix->seconds : 4;
	fine = play(&fixed, &session) == TAYRA_OK;
	if (fine) {
		*tuned = stage.arms[best_fixed(session.rounds, 1)].name;
		*best = stage.arms[best_fixed(session.rounds, stage.phases)].name;
		print_arms(&session);
		tayra__session_fini(&session);
	}
	close_arms();
	return fine;
}

int
contest_run_mix(const struct contest *contest)
{
	const char *tuned, *best, *last = NULL;
	struct contest_goal goals[] = {
		{ "G13", "throughput_over_tuned_to_first_phase", TAYRA__THROUGHPUT_PER_S, NULL,
		  1.3 },
		{ "G13", "throughput_over_best_fixed_of_all", TAYRA__THROUGHPUT_PER_S, NULL,
		  nan("") },
		{ 0 },
	};
	struct contest mix = *contest;

	if (!sweep(contest, &tuned, &best))
		return 1;
	for (size_t i = 0; contest->arms[i]; i++)
		last = contest->arms[i];
	fprintf(stderr, "best in the first phase: %s; over all: %s\n", tuned, best);
	goals[0].over = tuned;
	goals[1].over = best;
	memset(mix.arms, 0, sizeof(mix.arms));
	mix.arms[0] = tuned;
	mix.arms[1] = strcmp(tuned, best) == 0 ? last : best;
	mix.arms[2] = mix.arms[1] == last ? NULL : last;
	mix.goals = goals;
	return contest_run(&mix);
}

bool
contest_arguments(struct contest *contest, int argc, char **argv)
{
	uint32_t *const to[] = { &contest->rounds, &contest->seconds, &contest->clients };
	const uint64_t most[] = { CONTEST_ROUNDS_MAX, 60, CONTEST_CLIENTS_MAX };

	for (int i = 1; i < argc; i++) {
		uint64_t value;

		if (i > 3 || tayra__option_u64(argv[i], 1, most[i - 1], &value) != TAYRA_OK) {
			fprintf(stderr, "usage: bench_%s [ROUNDS [SECONDS [CLIENTS]]]\n",
				contest->bench);
			return false;
		}
		*to[i - 1] = (uint32_t)value;
	}
	return true;
}
