/* SPDX-License-Identifier: Apache-2.0
 *
 * load_weather.c: an origin has a bad minute while requests go on coming for what is cached, live:
 * 2,000 a second, each at its moment whatever became of those before, for KEYS keys that live for
 * TTL_MS.  The origin serves SERVERS loads at a time, each for SERVICE_NS.
 *
 *   outage   every load fails for a minute.
 *   slow     every load takes 20 times as long for a minute: it can bear a fifth of what is asked.
 */
#include "load_bench.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

#include <tayra/tayra.h>

#define PER_S      2000u
#define KEYS       2000u
#define TTL_MS     2000
#define SERVERS    8u
#define SERVICE_NS (2 * TAYRA_NS_PER_MS)
#define SLOWER     20u
#define SOFT_NS    (25 * TAYRA_NS_PER_MS)
#define CALM_S     10u
#define BAD_S      60u
#define AFTER_S    15u
#define SECONDS    (CALM_S + BAD_S + AFTER_S)
#define STEP_NS    (TAYRA_NS_PER_MS / 4)

struct second {
	unsigned answers, errors;
	uint32_t queued; /* the most */
	double limit;
	_Atomic unsigned loads;
};

struct weather {
	struct tayra *t;
	struct tayra_pace *pace;
	struct tayra_origin *origin;
	struct tayra_cq *cq;
	bool fails;
	uint64_t began_ns, next;
	_Atomic bool bad;
	_Atomic unsigned now_s;
	struct second seconds[SECONDS + 1];
	uint64_t last_old_ns; /* an old answer to a request that was due then */
	double *waits_ns;     /* while it is bad */
	size_t waits;
};

static int
fetch(void *arg, const void *key, size_t key_len, void **value, size_t *len)
{
	struct weather *w = arg;
	bool bad = atomic_load(&w->bad);
	uint64_t takes_ns = bad && !w->fails ? SLOWER * SERVICE_NS : SERVICE_NS;

	atomic_fetch_add(&w->seconds[atomic_load(&w->now_s)].loads, 1);
	tayra__clock_sleep_until_ns(tayra__clock_mono_ns(tayra_clock_real()) + takes_ns);
	if (bad && w->fails)
		return TAYRA_E_ORIGIN;
	*value = malloc(key_len);
	if (!*value)
		return TAYRA_E_NOMEM;
	memcpy(*value, key, key_len);
	*len = key_len;
	return TAYRA_OK;
}

static uint64_t
since_ns(const struct weather *w)
{
	return tayra__clock_mono_ns(tayra_clock_real()) - w->began_ns;
}

static void
answered(struct weather *w, int status, struct tayra_ref *ref, uint64_t due_ns)
{
	struct second *second = &w->seconds[due_ns / TAYRA_NS_PER_S];

	second->answers++;
	second->errors += status != TAYRA_OK;
	/* Past its ttl and what a load takes. */
	if (status == TAYRA_OK && ref->age_ms > TTL_MS + 500)
		w->last_old_ns = due_ns;
	if (due_ns >= CALM_S * TAYRA_NS_PER_S && due_ns < (CALM_S + BAD_S) * TAYRA_NS_PER_S)
		w->waits_ns[w->waits++] = (double)(since_ns(w) - due_ns);
	tayra_release(ref);
}

static void
ask(struct weather *w, uint64_t due_ns)
{
	struct tayra_request request = TAYRA_REQUEST_INIT;
	struct tayra_ref ref = { 0 };
	char key[32];
	int status;

	request.key = key;
	/* In an order that does not make all of them end one after the other. */
	request.key_len = (size_t)snprintf(key, sizeof(key), "page:%llu",
					   (unsigned long long)(w->next++ * 7919 % KEYS));
	request.origin = w->origin;
	status = tayra_get_or_load_start(w->t, &request, w->cq, (void *)(uintptr_t)due_ns, &ref);
	if (status != TAYRA_PENDING)
		answered(w, status, &ref, due_ns);
}

static void
take(struct weather *w)
{
	struct tayra_completion done[64];
	size_t n;

	while ((n = tayra_cq_drain(w->cq, done, 64)) > 0)
		for (size_t i = 0; i < n; i++)
			answered(w, done[i].status, &done[i].ref,
				 (uint64_t)(uintptr_t)done[i].cookie);
}

static void
look(struct weather *w, struct second *second)
{
	struct tayra_pace_stats stats = TAYRA_PACE_STATS_INIT;
	uint32_t queued = 0;

	tayra_pace_stats(w->pace, &stats);
	for (int i = 0; i < TAYRA_CLASSES; i++)
		queued += stats.queued[i];
	second->queued = queued > second->queued ? queued : second->queued;
	second->limit = stats.limit;
}

static void
live(struct weather *w)
{
	uint64_t due_ns = 0, gap_ns = TAYRA_NS_PER_S / PER_S;

	w->began_ns = tayra__clock_mono_ns(tayra_clock_real());
	for (uint64_t now_ns; (now_ns = since_ns(w)) < SECONDS * TAYRA_NS_PER_S;) {
		unsigned now_s = (unsigned)(now_ns / TAYRA_NS_PER_S);

		atomic_store(&w->now_s, now_s);
		atomic_store(&w->bad, now_s >= CALM_S && now_s < CALM_S + BAD_S);
		for (; due_ns <= now_ns; due_ns += gap_ns)
			ask(w, due_ns);
		take(w);
		look(w, &w->seconds[now_s]);
		tayra__clock_sleep_until_ns(w->began_ns + now_ns + STEP_NS);
	}
}

static int
open_it(struct weather *w, bool fails)
{
	struct tayra_origin_options origin = TAYRA_ORIGIN_OPTIONS_INIT;
	struct tayra_options options = TAYRA_OPTIONS_INIT;

	*w = (struct weather){ .fails = fails };
	w->waits_ns = calloc(PER_S * (BAD_S + 1), sizeof(*w->waits_ns));
	origin.threads = SERVERS;
	options.ticker = true;
	options.ttl_ms = TTL_MS;
	options.stale_ms = 600000;
	options.soft_timeout_ns = SOFT_NS;
	options.ttl_jitter = 0.2;
	if (!w->waits_ns || tayra_pace_create(NULL, &w->pace) != TAYRA_OK)
		return 1;
	options.pace = w->pace;
	return tayra_create(&options, &w->t) != TAYRA_OK ||
	       tayra_cq_create(w->t, &w->cq) != TAYRA_OK ||
	       tayra_origin_function(&origin, fetch, w, &w->origin) != TAYRA_OK;
}

static void
close_it(struct weather *w)
{
	struct tayra_completion done[64];

	for (size_t n; (n = tayra_cq_wait(w->cq, done, 64, TAYRA_NS_PER_S)) > 0;)
		while (n > 0)
			tayra_release(&done[--n].ref);
	tayra_cq_destroy(w->cq);
	tayra_destroy(w->t);
	tayra_origin_close(w->origin);
	tayra_pace_destroy(w->pace);
	free(w->waits_ns);
}

static void
tell(const char *scenario, const char *what, double figure, double bar)
{
	struct load_goal goal = { .goal = "weather",
				  .scenario = scenario,
				  .what = what,
				  .figure = figure,
				  .bar = bar,
				  .lo = (double)NAN,
				  .hi = (double)NAN,
				  .pass = figure <= bar };

	load_goal_print(&goal);
}

static unsigned
errors(const struct weather *w)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < SECONDS; i++)
		sum += w->seconds[i].errors;
	return sum;
}

/* => seconds from its end until the last old answer. */
static double
recovered_s(const struct weather *w)
{
	uint64_t end_ns = (CALM_S + BAD_S) * TAYRA_NS_PER_S;

	return w->last_old_ns > end_ns ? (double)(w->last_old_ns - end_ns) / 1e9 : 0;
}

static uint32_t
most_queued(const struct weather *w, unsigned from_s, unsigned to_s)
{
	uint32_t most = 0;

	for (unsigned i = from_s; i < to_s; i++)
		most = w->seconds[i].queued > most ? w->seconds[i].queued : most;
	return most;
}

int
load_outage(void)
{
	static struct weather w;
	unsigned loads = 0;

	if (open_it(&w, true))
		return 1;
	live(&w);
	/* Until five loads in a row have failed it is not known to be down. */
	for (unsigned i = CALM_S + 1; i < CALM_S + BAD_S; i++)
		loads += atomic_load(&w.seconds[i].loads);
	tell("outage", "errors", errors(&w), 0);
	tell("outage", "loads a second while it is down", loads / (double)(BAD_S - 1), 1);
	tell("outage", "s until all is fresh", recovered_s(&w), 2);
	close_it(&w);
	return 0;
}

int
load_slow(void)
{
	static struct weather w;
	unsigned middle = CALM_S + BAD_S / 2;

	if (open_it(&w, false))
		return 1;
	live(&w);
	qsort(w.waits_ns, w.waits, sizeof(*w.waits_ns), bench_by_value);
	tell("slow", "errors", errors(&w), 0);
	tell("slow", "p99 ms", w.waits_ns[w.waits * 99 / 100] / 1e6,
	     (double)(SOFT_NS + TAYRA_NS_PER_MS) / 1e6);
	tell("slow", "most waiting in the second half to the first",
	     most_queued(&w, middle, CALM_S + BAD_S) / fmax(1, most_queued(&w, CALM_S, middle)),
	     1.25);
	tell("slow", "limit in the end, of 8 that it serves", w.seconds[CALM_S + BAD_S - 1].limit,
	     12);
	tell("slow", "s until all is fresh", recovered_s(&w), 10);
	close_it(&w);
	return 0;
}
