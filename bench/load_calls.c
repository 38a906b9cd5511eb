/* SPDX-License-Identifier: Apache-2.0
 *
 * load_calls.c: what read-through costs where it brings nothing.
 *
 *   hit      a fresh answer of tayra_get_or_load() beside one of the cache alone, in time of the
 *            processor.
 *   direct   all keys are new, and nothing is overloaded: a call through tayra, with a limit in
 *            force, beside the same call of the origin, which works for 200 us, as a database on
 *            the same machine does, or for 1 ms, as one that is a network away.  Calls alternate;
 *            beside it A/A, the origin's call against itself.
 *
 * Figures are medians of the repeats, lo and hi the order statistics that hold them with 95%.
 */
#include "load_bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

#include <tayra/tayra.h>

#define KEYS        1024
#define HITS        200000
#define HIT_BAR_NS  30
#define CALLS       1000 /* of each arm, a repeat */
#define VALUE       1024 /* bytes */
#define MEAN_BAR    1.01
#define MEAN_BAR_NS 20000
#define P99_BAR     1.02

static uint64_t work_ns; /* of the origin */

static struct load_goal
goal_of(const char *scenario, const char *what, double bar, double values[BENCH_REPEATS])
{
	struct load_goal goal = { .goal = "overhead", .scenario = scenario, .what = what };

	qsort(values, BENCH_REPEATS, sizeof(*values), bench_by_value);
	goal.figure = values[BENCH_REPEATS / 2];
	goal.bar = bar;
	goal.lo = values[BENCH_LO];
	goal.hi = values[BENCH_HI];
	goal.pass = goal.figure <= bar;
	return goal;
}

/* Busy for so long, as an origin is that computes its answer. */
static void
busy(unsigned char value[VALUE], uint64_t number)
{
	uint64_t until_ns = tayra__clock_mono_ns(tayra_clock_real()) + work_ns;

	while (tayra__clock_mono_ns(tayra_clock_real()) < until_ns)
		for (size_t i = 0; i < VALUE; i++)
			value[i] = (unsigned char)(value[i] * 31 + number + i);
}

static void
load_it(struct tayra_load *load, void *arg)
{
	unsigned char *room = tayra_load_alloc(load, VALUE);

	(void)arg;
	if (!room) {
		tayra_load_fail(load, TAYRA_E_FULL, 0);
		return;
	}
	memset(room, 0, VALUE);
	busy(room, 1);
	tayra_load_done(load, NULL, VALUE, NULL);
}

struct hits {
	struct tayra_cache *cache;
	struct tayra *t;
	char keys[KEYS][16];
};

static void
hit_cache(void *ctx, uint64_t ops)
{
	struct hits *h = ctx;
	struct tayra_value value;

	for (uint64_t i = 0; i < ops; i++) {
		if (tayra_cache_get(h->cache, h->keys[i % KEYS], 15, 1, &value) != TAYRA_OK)
			abort();
		tayra_cache_unpin(h->cache, &value);
	}
}

static void
hit_handle(void *ctx, uint64_t ops)
{
	struct tayra_request request = TAYRA_REQUEST_INIT;
	struct hits *h = ctx;
	struct tayra_ref ref;

	request.key_len = 15;
	request.load = load_it;
	for (uint64_t i = 0; i < ops; i++) {
		request.key = h->keys[i % KEYS];
		if (tayra_get_or_load(h->t, &request, &ref) != TAYRA_OK)
			abort();
		tayra_release(&ref);
	}
}

static double
cpu_ns(void (*work)(void *ctx, uint64_t ops), void *ctx)
{
	uint64_t before_ns = tayra__clock_thread_cpu_ns();

	work(ctx, HITS);
	return (double)(tayra__clock_thread_cpu_ns() - before_ns) / HITS;
}

int
load_hit(void)
{
	static struct hits h;
	struct tayra_options options = TAYRA_OPTIONS_INIT;
	double more[BENCH_REPEATS], plain[BENCH_REPEATS];
	struct load_goal goal;

	options.ticker = true;
	options.ttl_ms = 3600000;
	if (tayra_create(&options, &h.t) != TAYRA_OK || tayra_cache_create(NULL, &h.cache))
		return 1;
	for (int i = 0; i < KEYS; i++) {
		snprintf(h.keys[i], sizeof(h.keys[i]), "key:%011d", i);
		if (tayra_put(h.t, h.keys[i], 15, "value", 5, 0, 0) != TAYRA_OK ||
		    tayra_cache_put(h.cache, h.keys[i], 15, "value", 5, NULL, 1) != TAYRA_OK)
			return 1;
	}
	for (int i = -1; i < BENCH_REPEATS; i++) {
		double cache = cpu_ns(hit_cache, &h), handle = cpu_ns(hit_handle, &h);

		if (i < 0)
			continue; /* warm */
		plain[i] = cache;
		more[i] = handle - cache;
	}
	goal = goal_of("hit", "ns of get_or_load over a plain hit", HIT_BAR_NS, more);
	load_goal_print(&goal);
	goal = goal_of("hit", "ns of a plain hit", (double)NAN, plain);
	load_goal_print(&goal);
	tayra_cache_destroy(h.cache);
	tayra_destroy(h.t);
	return 0;
}

struct calls {
	struct tayra *t;
	uint64_t number;
	double direct[CALLS], other[CALLS];
};

static double
call_direct(struct calls *c)
{
	unsigned char value[VALUE] = { 0 };
	uint64_t before_ns = tayra__clock_mono_ns(tayra_clock_real());

	busy(value, c->number++);
	return (double)(tayra__clock_mono_ns(tayra_clock_real()) - before_ns);
}

static double
call_through(struct calls *c)
{
	struct tayra_request request = TAYRA_REQUEST_INIT;
	struct tayra_ref ref;
	char key[32];
	uint64_t before_ns = tayra__clock_mono_ns(tayra_clock_real());

	request.key = key;
	request.key_len = (size_t)snprintf(key, sizeof(key), "new:%llu",
					   (unsigned long long)c->number++);
	request.load = load_it;
	if (tayra_get_or_load(c->t, &request, &ref) != TAYRA_OK)
		abort();
	tayra_release(&ref);
	return (double)(tayra__clock_mono_ns(tayra_clock_real()) - before_ns);
}

static double
mean_of(const double values[CALLS])
{
	double sum = 0;

	for (int i = 0; i < CALLS; i++)
		sum += values[i];
	return sum / CALLS;
}

static double
p99_of(double values[CALLS])
{
	qsort(values, CALLS, sizeof(*values), bench_by_value);
	return values[CALLS * 99 / 100];
}

/* Alternating, either first. */
static void
call_both(struct calls *c, double (*other)(struct calls *c))
{
	for (int i = 0; i < CALLS; i++) {
		if (i % 2)
			c->other[i] = other(c);
		c->direct[i] = call_direct(c);
		if (i % 2 == 0)
			c->other[i] = other(c);
	}
}

static void
compare(struct calls *c, const char *scenario, double (*other)(struct calls *c), bool judged)
{
	double mean[BENCH_REPEATS], more_ns[BENCH_REPEATS], p99[BENCH_REPEATS];
	double bar = judged ? MEAN_BAR : (double)NAN;
	struct load_goal goal;

	for (int i = 0; i < BENCH_REPEATS; i++) {
		call_both(c, other);
		mean[i] = mean_of(c->other) / mean_of(c->direct);
		more_ns[i] = mean_of(c->other) - mean_of(c->direct);
		p99[i] = p99_of(c->other) / p99_of(c->direct);
	}
	goal = goal_of(scenario, "ns on the mean", (double)NAN, more_ns);
	load_goal_print(&goal);
	goal = goal_of(scenario, "mean", bar, mean);
	goal.pass |= more_ns[BENCH_REPEATS / 2] <= MEAN_BAR_NS;
	load_goal_print(&goal);
	goal = goal_of(scenario, "p99", judged ? P99_BAR : (double)NAN, p99);
	load_goal_print(&goal);
}

static int
direct(const char *scenario, const char *again, uint64_t ns)
{
	static struct calls c;
	struct tayra_options options = TAYRA_OPTIONS_INIT;

	work_ns = ns;
	if (tayra_pace_create(NULL, &options.pace) != TAYRA_OK)
		return 1;
	options.ticker = true;
	if (tayra_create(&options, &c.t) != TAYRA_OK)
		return 1;
	compare(&c, scenario, call_through, true);
	compare(&c, again, call_direct, false);
	tayra_destroy(c.t);
	tayra_pace_destroy(options.pace);
	return 0;
}

int
load_direct(void)
{
	return direct("direct 200 us", "direct 200 us A/A", 200000) |
	       direct("direct 1 ms", "direct 1 ms A/A", 1000000);
}
