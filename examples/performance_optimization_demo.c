/* SPDX-License-Identifier: Apache-2.0
 *
 * performance_optimization_demo.c: a guided tour of the three parts.  Cache: do not compute twice.
 * Pace: do not compute too much at once.  Prove: was it better, and by how much?  Everything is
 * measured while it runs, in pairs of slices of random order.
 *
 *     performance_optimization_demo [--quick]        a minute, or some seconds
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <tayra/tayra.h>

#define ROUNDS      12
#define KEYS        2000
#define USERS       64
#define DEADLINE_NS (50 * TAYRA_NS_PER_MS)
#define SHORTEST_NS (3 * DEADLINE_NS)

static uint64_t
now_ns(void)
{
	const struct tayra_clock *clock = tayra_clock_real();

	return clock->mono_ns(clock->ctx);
}

/* Something that costs about half a millisecond of processor time. */
static unsigned
expensive(unsigned key)
{
	unsigned found = 0;

	for (unsigned n = 2; n < 12000 + key % 100; n++) {
		unsigned d = 2;

		while (d * d <= n && n % d)
			d++;
		found += d * d > n;
	}
	return found;
}

static void
load(struct tayra_load *l, void *arg)
{
	size_t len;
	const unsigned *key = tayra_load_key(l, &len);
	unsigned value = expensive(*key);

	(void)arg;
	tayra_load_done(l, &value, sizeof(value), NULL);
}

/* ---- what is compared: each slice returns answers a second ---- */

struct tour {
	struct tayra *cache;
	struct tayra_pace *pace;
	uint64_t slice_ns;
	unsigned seed;
};

/* A few keys are asked for often, most of them rarely. */
static unsigned
next_key(unsigned *seed)
{
	double x = rand_r(seed) / (RAND_MAX + 1.0);

	return (unsigned)(KEYS * x * x * x);
}

static double
ask_directly(struct tour *t)
{
	uint64_t begun_ns = now_ns();
	unsigned answers = 0;

	while (now_ns() - begun_ns < t->slice_ns) {
		expensive(next_key(&t->seed));
		answers++;
	}
	return answers / ((double)(now_ns() - begun_ns) / 1e9);
}

static double
ask_through_cache(struct tour *t)
{
	struct tayra_request request = TAYRA_REQUEST_INIT;
	uint64_t begun_ns = now_ns();
	unsigned answers = 0, key;

	request.key = &key;
	request.key_len = sizeof(key);
	request.load = load;
	while (now_ns() - begun_ns < t->slice_ns) {
		struct tayra_ref ref;

		key = next_key(&t->seed);
		if (tayra_get_or_load(t->cache, &request, &ref) == TAYRA_OK)
			answers++;
		tayra_release(&ref);
		tayra_tick(t->cache, 0);
	}
	return answers / ((double)(now_ns() - begun_ns) / 1e9);
}

struct crowd {
	struct tour *tour;
	uint64_t until_ns;
	bool paced;
	_Atomic unsigned in_time;
};

/* A user asks again and again; what comes after the deadline is of no use to them. */
static void *
user(void *arg)
{
	struct crowd *c = arg;

	while (now_ns() < c->until_ns) {
		struct tayra_pace_request request = { .cls = TAYRA_NORMAL };
		struct tayra_ticket ticket = { 0 };
		uint64_t deadline_ns = now_ns() + DEADLINE_NS;

		request.deadline_ns = deadline_ns;
		if (c->paced && tayra_pace_enter(c->tour->pace, &request, &ticket) != TAYRA_OK)
			continue;
		for (unsigned i = 0; i < 4; i++)
			expensive(i);
		/* Relaxed: it is read after the threads are joined. */
		if (now_ns() <= deadline_ns)
			atomic_fetch_add_explicit(&c->in_time, 1, memory_order_relaxed);
		if (c->paced)
			tayra_pace_leave(c->tour->pace, &ticket, TAYRA_OUTCOME_OK, now_ns());
	}
	return NULL;
}

static double
let_crowd_in(struct tour *t, bool paced)
{
	struct crowd c = { .tour = t, .paced = paced };
	uint64_t begun_ns = now_ns();
	pthread_t threads[USERS];
	int started = 0;

	/* Long enough for a deadline to pass. */
	c.until_ns = begun_ns + (t->slice_ns > SHORTEST_NS ? t->slice_ns : SHORTEST_NS);
	while (started < USERS && pthread_create(&threads[started], NULL, user, &c) == 0)
		started++;
	for (int i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	return c.in_time / ((double)(now_ns() - begun_ns) / 1e9);
}

static double
crowd_unpaced(struct tour *t)
{
	return let_crowd_in(t, false);
}

static double
crowd_paced(struct tour *t)
{
	return let_crowd_in(t, true);
}

/* ---- the comparison ---- */

/* In each pair a coin says who goes first, so that nothing else favours either. */
static void
compare(struct tour *t, const char *what, double (*a)(struct tour *), double (*b)(struct tour *))
{
	struct tayra_prove_rule rule = TAYRA_PROVE_RULE_INIT;
	struct tayra_comparison c;
	double x[ROUNDS], y[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		if (rand_r(&t->seed) & 1024) {
			x[i] = a(t);
			y[i] = b(t);
		} else {
			y[i] = b(t);
			x[i] = a(t);
		}
	}
	rule.better = TAYRA_BETTER_HIGHER;
	if (tayra_prove_compare(x, y, ROUNDS, &rule, &c) != TAYRA_OK)
		return;
	printf("  %s: %.0f/s before, %.0f/s after\n", what, c.a_value, c.b_value);
	printf("  x%.2f, 95%% interval %.2f to %.2f, p = %.4f: %s\n", c.ratio, c.lo, c.hi, c.p,
	       tayra_verdict_name(c.verdict));
}

static int
start(struct tour *t)
{
	struct tayra_pace_options pace = TAYRA_PACE_OPTIONS_INIT;
	int status = tayra_create(NULL, &t->cache);

	pace.limiter = TAYRA_LIMITER_AIMD;
	pace.limit = 4;
	pace.limit_max = USERS;
	pace.p90_target_ns = DEADLINE_NS / 2;
	return status == TAYRA_OK ? tayra_pace_create(&pace, &t->pace) : status;
}

/* Said before we load it ourselves. */
static void
warn_when_busy(void)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	double load;

	if (getloadavg(&load, 1) == 1 && load > 0.2 * (double)processors)
		printf("This machine is not quiet (load average %.1f on %ld processors): what "
		       "follows "
		       "may say\nWORSE or UNDECIDED for that reason alone, the second part above "
		       "all.\n\n",
		       load, processors);
}

int
main(int argc, char **argv)
{
	bool quick = argc > 1 && strcmp(argv[1], "--quick") == 0;
	struct tour t = { .slice_ns = (quick ? 40 : 800) * TAYRA_NS_PER_MS, .seed = 7 };
	struct tayra_stats stats = TAYRA_STATS_INIT;
	struct tayra_pace_stats pace = TAYRA_PACE_STATS_INIT;

	if (argc > 1 && !quick) {
		fprintf(stderr, "usage: %s [--quick]\n", argv[0]);
		return 2;
	}
	if (start(&t) != TAYRA_OK)
		return 1;
	warn_when_busy();
	printf("1. cache: computing every answer, against asking tayra_get_or_load()\n");
	compare(&t, "answers", ask_directly, ask_through_cache);
	tayra_stats(t.cache, &stats);
	printf("  %.1f%% of the requests were hits; %.0f loads\n",
	       100.0 * (double)stats.hits / (double)stats.requests, (double)stats.loads);

	printf("2. pace: %d users who wait %d ms at most, all at once, against behind a limit\n",
	       USERS, (int)(DEADLINE_NS / TAYRA_NS_PER_MS));
	compare(&t, "answers in time", crowd_unpaced, crowd_paced);
	tayra_pace_stats(t.pace, &pace);
	printf("  the limit is %.0f now; the last decision: %s\n", pace.limit,
	       pace.reason ? pace.reason : "none");

	printf("3. prove: the same against itself, where nothing may be found\n");
	compare(&t, "answers", ask_directly, ask_directly);
	tayra_destroy(t.cache);
	tayra_pace_destroy(t.pace);
	return 0;
}
