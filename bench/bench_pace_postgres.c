/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_pace_postgres.c: what a limit in front of a real database is worth.  400 clients transfer
 * between accounts in serializable transactions of four round trips, again and again until they
 * commit, on a PostgreSQL of their own: without a limit, with exponential backoff, with fixed
 *limits, with limiters that learn, in turns of some seconds in random order.  One JSON object a
 *line.
 *
 *	bench_pace_postgres [ROUNDS [SECONDS [CLIENTS]]]     (default 6 5 400)
 */
#define CLUSTER_CONNECTIONS "450"
#define CLUSTER_BUFFERS     "128MB"
#include "../tests/origin/cluster.h"

#include <tayra/pace.h>
#include <tayra/prove.h>

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/hist.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/option.h"
#include "base/rng.h"
#include "prove/session.h"

#define ACCOUNTS    200
#define CLIENTS_MAX 440
#define NEVER_NS    (UINT64_MAX / 8) /* no CoDel: who waits is a client with patience */
#define BACKOFF_MS  64.0             /* at most */

struct client {
	PGconn *db;
	struct tayra__rng rng;
	struct tayra__hist latency; /* from wanting to having committed, ns */
	uint64_t failures;
};

struct arm {
	const char *name;
	int limiter; /* -1: no limit */
	double limit;
	bool backs_off;
	struct tayra_pace *pace;
};

static struct {
	struct cluster cluster;
	struct client client[CLIENTS_MAX];
	uint32_t clients;
	struct arm *arm; /* whose turn it is */
	uint64_t end_ns;
	struct tayra__hist latency;
} stage;

static struct arm arms[] = {
	{ "none", -1, 0, false, NULL },
	{ "backoff", -1, 0, true, NULL },
	{ "fixed:2", TAYRA_LIMITER_FIXED, 2, false, NULL },
	{ "fixed:4", TAYRA_LIMITER_FIXED, 4, false, NULL },
	{ "fixed:8", TAYRA_LIMITER_FIXED, 8, false, NULL },
	{ "fixed:16", TAYRA_LIMITER_FIXED, 16, false, NULL },
	{ "fixed:32", TAYRA_LIMITER_FIXED, 32, false, NULL },
	{ "vegas", TAYRA_LIMITER_VEGAS, 0, false, NULL },
	{ "gradient2", TAYRA_LIMITER_GRADIENT2, 0, false, NULL },
	{ "default", -2, 0, false, NULL }, /* as it comes */
};
#define ARMS (sizeof(arms) / sizeof(arms[0]))

static bool
succeeds(PGconn *db, const char *sql)
{
	PGresult *result = PQexec(db, sql);
	ExecStatusType status = PQresultStatus(result);

	PQclear(result);
	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

/* One transfer.  => whether it committed. */
static bool
transfer(struct client *c)
{
	unsigned from = (unsigned)tayra__rng_below(&c->rng, ACCOUNTS);
	unsigned to = (unsigned)tayra__rng_below(&c->rng, ACCOUNTS);
	char sql[200];

	snprintf(sql, sizeof(sql),
		 "begin isolation level serializable; select balance from account where id = %u",
		 from);
	if (!succeeds(c->db, sql))
		goto failed;
	snprintf(sql, sizeof(sql), "select balance from account where id = %u", to);
	if (!succeeds(c->db, sql))
		goto failed;
	snprintf(sql, sizeof(sql),
		 "update account set balance = balance + case id when %u then -1 else 1 end "
		 "where id in (%u, %u)",
		 from, from, to);
	if (succeeds(c->db, sql) && succeeds(c->db, "commit"))
		return true;
failed:
	c->failures++;
	if (PQtransactionStatus(c->db) != PQTRANS_IDLE)
		succeeds(c->db, "rollback");
	return false;
}

static void
sleep_ms(double ms)
{
	tayra__clock_sleep_until_ns(tayra__clock_real_ns() + (uint64_t)(ms * 1e6));
}

/* Until it commits, each attempt behind the limit of whoever's turn it is. */
static void
transact(struct client *c, const struct arm *arm)
{
	const struct tayra_pace_request request = { .cls = TAYRA_NORMAL };
	double ms = 1;

	for (;;) {
		struct tayra_ticket ticket = { 0 };
		bool done;

		if (arm->pace && tayra_pace_enter(arm->pace, &request, &ticket) != TAYRA_OK)
			abort(); /* nothing is to be shed here */
		done = transfer(c);
		if (arm->pace)
			tayra_pace_leave(arm->pace, &ticket,
					 done ? TAYRA_OUTCOME_OK : TAYRA_OUTCOME_ERROR,
					 tayra__clock_real_ns());
		if (done)
			return;
		if (arm->backs_off) {
			sleep_ms(ms * tayra__rng_unit(&c->rng));
			ms = fmin(2 * ms, BACKOFF_MS);
		}
	}
}

static void *
live(void *arg)
{
	struct client *c = arg;

	for (uint64_t now = tayra__clock_real_ns(); now < stage.end_ns;) {
		uint64_t began = now;

		transact(c, stage.arm);
		now = tayra__clock_real_ns();
		tayra__hist_add(&c->latency, now - began);
	}
	return NULL;
}

static int
run_slice(void *ctx, const struct tayra__slice *slice, struct tayra__measure *out)
{
	pthread_t thread[CLIENTS_MAX];
	uint64_t began = tayra__clock_real_ns();
	double seconds;

	stage.arm = ctx;
	stage.end_ns = began + slice->length_ns;
	tayra__hist_init(&stage.latency);
	for (uint32_t i = 0; i < stage.clients; i++) {
		tayra__hist_init(&stage.client[i].latency);
		if (pthread_create(&thread[i], NULL, live, &stage.client[i]) != 0)
			abort();
	}
	for (uint32_t i = 0; i < stage.clients; i++) {
		pthread_join(thread[i], NULL);
		tayra__hist_merge(&stage.latency, &stage.client[i].latency);
	}
	seconds = (double)(tayra__clock_real_ns() - began) / 1e9;
	out->requests = stage.latency.count;
	out->value[TAYRA__THROUGHPUT_PER_S] = (double)stage.latency.count / seconds;
	out->value[TAYRA__MEAN_MS] = tayra__hist_mean(&stage.latency) / 1e6;
	out->value[TAYRA__P50_MS] = (double)tayra__hist_quantile(&stage.latency, 0.5) / 1e6;
	out->value[TAYRA__P99_MS] = (double)tayra__hist_quantile(&stage.latency, 0.99) / 1e6;
	out->value[TAYRA__OUTPUT] = tayra__hist_stdev(&stage.latency) / 1e6;
	fprintf(stderr, "round %u %-10s %6.0f/s  p50 %6.0f  p99 %6.0f  sd %6.0f ms", slice->round,
		stage.arm->name, out->value[TAYRA__THROUGHPUT_PER_S], out->value[TAYRA__P50_MS],
		out->value[TAYRA__P99_MS], out->value[TAYRA__OUTPUT]);
	if (stage.arm->pace) {
		struct tayra_pace_stats stats = TAYRA_PACE_STATS_INIT;

		tayra_pace_stats(stage.arm->pace, &stats);
		fprintf(stderr, "  limit %.1f", stats.limit);
	}
	fputc('\n', stderr);
	return TAYRA_OK;
}

static bool
open_stage(void)
{
	char sql[200];

	if (!cluster_create(&stage.cluster))
		return false;
	for (uint32_t i = 0; i < stage.clients; i++) {
		stage.client[i].db = PQconnectdb(stage.cluster.conninfo);
		if (PQstatus(stage.client[i].db) != CONNECTION_OK)
			return false;
		tayra__rng_init(&stage.client[i].rng, i + 1);
	}
	snprintf(sql, sizeof(sql),
		 "create table account (id int primary key, balance bigint not null); "
		 "insert into account select i, 1000 from generate_series(0, %d) i",
		 ACCOUNTS - 1);
	return succeeds(stage.client[0].db, sql);
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

/* b over a, of one figure. */
static void
print_ratio(const struct tayra__session *session, enum tayra__metric metric, const char *what,
	    size_t a, size_t b, double bar)
{
	struct tayra_prove_rule rule = TAYRA_PROVE_RULE_INIT;
	struct tayra__session_comparison c;
	struct tayra__json json;
	char name[80];

	if (tayra__session_compare(session, metric, a, b, a, &rule, &c) != TAYRA_OK)
		abort();
	snprintf(name, sizeof(name), "%s_%s_over_%s", what, arms[b].name, arms[a].name);
	tayra__json_init(&json, stdout, TAYRA__JSON_LINE);
	tayra__json_object(&json, NULL);
	tayra__json_string(&json, "bench", "pace_postgres");
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
	tayra__json_string(&json, "repeat", "make bench-pace_postgres");
	tayra__json_end(&json);
	tayra__json_finish(&json);
}

/* The fixed limit with the best median of throughput. */
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

int
main(int argc, char **argv)
{
	struct tayra__session_plan plan = { .rounds = 6,
					    .slice_ns = 5 * TAYRA_NS_PER_S,
					    .seed = 1 };
	struct tayra__arm cast[ARMS];
	struct tayra__session session;
	uint64_t rounds = 6, seconds = 5, clients = 400;
	size_t last = ARMS - 1, best;

	if ((argc > 1 && tayra__option_u64(argv[1], 1, 100, &rounds) != TAYRA_OK) ||
	    (argc > 2 && tayra__option_u64(argv[2], 1, 60, &seconds) != TAYRA_OK) ||
	    (argc > 3 && tayra__option_u64(argv[3], 1, CLIENTS_MAX, &clients) != TAYRA_OK)) {
		fputs("usage: bench_pace_postgres [ROUNDS [SECONDS [CLIENTS]]]\n", stderr);
		return 2;
	}
	plan.rounds = (uint32_t)rounds;
	plan.slice_ns = seconds * TAYRA_NS_PER_S;
	stage.clients = (uint32_t)clients;
	if (!open_stage()) {
		fputs("bench_pace_postgres: no PostgreSQL that can be started: skipped\n", stderr);
		return 0;
	}
	for (size_t i = 0; i < ARMS; i++) {
		open_arm(&arms[i]);
		cast[i] = (struct tayra__arm){ arms[i].name, run_slice, &arms[i] };
	}
	if (tayra__session_run(cast, ARMS, &plan, &session) != TAYRA_OK)
		return 1;
	best = best_fixed(&session);
	print_ratio(&session, TAYRA__THROUGHPUT_PER_S, "throughput", 0, last, 6);
	print_ratio(&session, TAYRA__THROUGHPUT_PER_S, "throughput", 1, last, 4.5);
	print_ratio(&session, TAYRA__THROUGHPUT_PER_S, "throughput", best, last, 0.9);
	print_ratio(&session, TAYRA__P99_MS, "p99", 0, last, 0.1);
	print_ratio(&session, TAYRA__OUTPUT, "stdev", 0, last, 0.05);
	for (size_t i = 1; i < last; i++)
		print_ratio(&session, TAYRA__THROUGHPUT_PER_S, "throughput", 0, i, nan(""));
	tayra__session_fini(&session);
	for (uint32_t i = 0; i < stage.clients; i++)
		PQfinish(stage.client[i].db);
	for (size_t i = 0; i < ARMS; i++)
		if (arms[i].pace)
			tayra_pace_destroy(arms[i].pace);
	cluster_destroy(&stage.cluster);
	return 0;
}
