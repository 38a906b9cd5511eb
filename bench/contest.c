/* SPDX-License-Identifier: Apache-2.0 */
#include "contest.h"

#include <tayra/pace.h>
#include <tayra/prove.h>

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hist.h"
#include "base/json.h"
#include "base/option.h"
#include "prove/session.h"

#define NEVER_NS (UINT64_MAX / 8) /* no CoDel: who waits is a client with patience */

struct arm {
	const char *name;
	int limiter; /* -1: no limit; -2: as it comes */
	double limit;
	bool backs_off;
	struct tayra_pace *pace;
};

static struct arm arms[] = {
	{ "none", -1, 0, false, NULL },
	{ "backoff", -1, 0, true, NULL },
	{ "fixed:1", TAYRA_LIMITER_FIXED, 1, false, NULL },
	{ "fixed:2", TAYRA_LIMITER_FIXED, 2, false, NULL },
	{ "fixed:4", TAYRA_LIMITER_FIXED, 4, false, NULL },
	{ "fixed:8", TAYRA_LIMITER_FIXED, 8, false, NULL },
	{ "fixed:16", TAYRA_LIMITER_FIXED, 16, false, NULL },
	{ "fixed:32", TAYRA_LIMITER_FIXED, 32, false, NULL },
	{ "vegas", TAYRA_LIMITER_VEGAS, 0, false, NULL },
	{ "gradient2", TAYRA_LIMITER_GRADIENT2, 0, false, NULL },
	{ "elasticity", TAYRA_LIMITER_ELASTICITY, 0, false, NULL },
	{ "default", -2, 0, false, NULL },
};
#define ARMS   (sizeof(arms) / sizeof(arms[0]))
#define NOBODY 0
#define BACKER 1
#define LAST   (ARMS - 2) /* whose bars they are */

struct client {
	uint32_t number;
	struct tayra__rng rng;
	struct tayra__hist latency; /* from wanting to having it, ns */
};

static struct {
	const struct contest *contest;
	struct client client[CONTEST_CLIENTS_MAX];
	struct arm *arm; /* whose turn it is */
	uint64_t end_ns;
	struct tayra__hist latency;
} stage;

static void
sleep_ms(double ms)
{
	tayra__clock_sleep_until_ns(tayra__clock_real_ns() + (uint64_t)(ms * 1e6));
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
		done = stage.contest->attempt(c->number, &c->rng);
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

	for (uint64_t now = tayra__clock_real_ns(); now < stage.end_ns;) {
		uint64_t began = now;

		insist(c, stage.arm);
		now = tayra__clock_real_ns();
		tayra__hist_add(&c->latency, now - began);
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

static void
show(const struct tayra__slice *slice, const struct tayra__measure *m)
{
	fprintf(stderr, "round %u %-10s %7.0f/s  p50 %7.1f  p99 %7.1f  sd %7.1f ms  fair %.2f",
		slice->round + 1, stage.arm->name, m->value[TAYRA__THROUGHPUT_PER_S],
		m->value[TAYRA__P50_MS], m->value[TAYRA__P99_MS], m->value[TAYRA__OUTPUT],
		m->value[TAYRA__SCORE]);
	if (stage.arm->pace) {
		struct tayra_pace_stats stats = TAYRA_PACE_STATS_INIT;

		tayra_pace_stats(stage.arm->pace, &stats);
		fprintf(stderr, "  limit %.1f", stats.limit);
	}
	fputc('\n', stderr);
}

static int
run_slice(void *ctx, const struct tayra__slice *slice, struct tayra__measure *out)
{
	pthread_t thread[CONTEST_CLIENTS_MAX];
	uint64_t began = tayra__clock_real_ns();
	uint32_t clients = stage.contest->clients;
	double seconds;

	stage.arm = ctx;
	stage.end_ns = began + slice->length_ns;
	tayra__hist_init(&stage.latency);
	for (uint32_t i = 0; i < clients; i++) {
		tayra__hist_init(&stage.client[i].latency);
		if (pthread_create(&thread[i], NULL, live, &stage.client[i]) != 0)
			abort();
	}
	for (uint32_t i = 0; i < clients; i++) {
		pthread_join(thread[i], NULL);
		tayra__hist_merge(&stage.latency, &stage.client[i].latency);
	}
	seconds = (double)(tayra__clock_real_ns() - began) / 1e9;
	out->requests = stage.latency.count;
	out->value[TAYRA__THROUGHPUT_PER_S] = (double)stage.latency.count / seconds;
	out->value[TAYRA__P50_MS] = (double)tayra__hist_quantile(&stage.latency, 0.5) / 1e6;
	out->value[TAYRA__P99_MS] = (double)tayra__hist_quantile(&stage.latency, 0.99) / 1e6;
	out->value[TAYRA__OUTPUT] = tayra__hist_stdev(&stage.latency) / 1e6;
	out->value[TAYRA__SCORE] = fairness(clients);
	show(slice, out);
	return TAYRA_OK;
}

static void
open_arm(struct arm *arm)
{
	struct tayra_pace_options options = TAYRA_PACE_OPTIONS_INIT;

	if (arm->limiter == -1)
		return;
	if (arm->limiter >= 0)
		options.limiter = (enum tayra_limiter)arm->limiter;
	options.limit = arm->limit;
	options.codel_target_ns = NEVER_NS;
	if (tayra_pace_create(&options, &arm->pace) != TAYRA_OK)
		abort();
}

static void
close_arms(void)
{
	for (size_t i = 0; i < ARMS; i++) {
		if (arms[i].pace)
			tayra_pace_destroy(arms[i].pace);
		arms[i].pace = NULL;
	}
}

/* b over a, of one figure; bar NaN: only to be known. */
static void
print_ratio(const struct tayra__session *session, enum tayra__metric metric, const char *what,
	    size_t a, size_t b, double bar)
{
	struct tayra_prove_rule rule = TAYRA_PROVE_RULE_INIT;
	struct tayra__session_comparison c;
	struct tayra__json json;
	char name[80], repeat[80];

	if (tayra__session_compare(session, metric, a, b, a, &rule, &c) != TAYRA_OK)
		abort();
	snprintf(name, sizeof(name), "%s_%s_over_%s", what, arms[b].name, arms[a].name);
	snprintf(repeat, sizeof(repeat), "make bench-%s", stage.contest->bench);
	tayra__json_init(&json, stdout, TAYRA__JSON_LINE);
	tayra__json_object(&json, NULL);
	tayra__json_string(&json, "bench", stage.contest->bench);
	tayra__json_string(&json, "metric", name);
	tayra__json_double(&json, "value", c.ab.ratio, 4);
	tayra__json_string(&json, "unit", "ratio");
	tayra__json_double(&json, "lo", c.ab.lo, 4);
	tayra__json_double(&json, "hi", c.ab.hi, 4);
	tayra__json_u64(&json, "n", c.ab.pairs);
	tayra__json_double(&json, "a", c.ab.a_value, 5);
	tayra__json_double(&json, "b", c.ab.b_value, 5);
	if (!isnan(bar))
		tayra__json_double(&json, "bar", bar, 4);
	tayra__json_string(&json, "repeat", repeat);
	tayra__json_end(&json);
	tayra__json_finish(&json);
}

/* The fixed limit with the most throughput over the rounds. */
static size_t
best_fixed(const struct tayra__session *session)
{
	double best = -HUGE_VAL;
	size_t which = 0;

	for (size_t arm = 0; arm < ARMS; arm++) {
		double sum = 0;

		if (arms[arm].limiter != TAYRA_LIMITER_FIXED)
			continue;
		for (uint32_t round = 0; round < session->rounds; round++)
			sum += log(session->measures[round * session->arms + arm]
					   .value[TAYRA__THROUGHPUT_PER_S]);
		if (sum > best) {
			best = sum;
			which = arm;
		}
	}
	return which;
}

static void
print_all(const struct contest *contest, const struct tayra__session *session)
{
	const double unknown = nan("");

	print_ratio(session, TAYRA__THROUGHPUT_PER_S, "throughput", NOBODY, LAST,
		    contest->over_none);
	print_ratio(session, TAYRA__THROUGHPUT_PER_S, "throughput", BACKER, LAST,
		    contest->over_backoff);
	print_ratio(session, TAYRA__THROUGHPUT_PER_S, "throughput", best_fixed(session), LAST,
		    contest->over_fixed);
	print_ratio(session, TAYRA__P99_MS, "p99", NOBODY, LAST, contest->p99_over_none);
	print_ratio(session, TAYRA__P99_MS, "p99", BACKER, LAST, contest->p99_over_backoff);
	print_ratio(session, TAYRA__OUTPUT, "stdev", NOBODY, LAST, contest->stdev_over_none);
	print_ratio(session, TAYRA__SCORE, "jain", BACKER, LAST, unknown);
	for (size_t i = 1; i < ARMS; i++)
		print_ratio(session, TAYRA__THROUGHPUT_PER_S, "throughput", NOBODY, i, unknown);
}

bool
contest_arguments(struct contest *contest, int argc, char **argv)
{
	uint32_t *const to[] = { &contest->rounds, &contest->seconds, &contest->clients };
	const uint64_t most[] = { 100, 60, CONTEST_CLIENTS_MAX };

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

int
contest_run(const struct contest *contest)
{
	const struct tayra__session_plan plan = { .rounds = contest->rounds,
						  .slice_ns = contest->seconds * TAYRA_NS_PER_S,
						  .seed = 1 };
	struct tayra__arm cast[ARMS];
	struct tayra__session session;
	int status;

	stage.contest = contest;
	for (uint32_t i = 0; i < contest->clients; i++) {
		stage.client[i].number = i;
		tayra__rng_init(&stage.client[i].rng, i + 1);
	}
	for (size_t i = 0; i < ARMS; i++) {
		open_arm(&arms[i]);
		cast[i] = (struct tayra__arm){ arms[i].name, run_slice, &arms[i] };
	}
	status = tayra__session_run(cast, ARMS, &plan, &session);
	close_arms();
	if (status != TAYRA_OK)
		return 1;
	print_all(contest, &session);
	tayra__session_fini(&session);
	return 0;
}
