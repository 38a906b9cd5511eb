/* SPDX-License-Identifier: Apache-2.0
 *
 * load_herd.c: a thousand threads ask for one key in the same moment, whose load takes LOAD_NS: how
 * many loads there were, and how long the others waited when they take what is stale.
 */
#include "load_bench.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

#include <tayra/tayra.h>

#define HERD    1000
#define ROUNDS  BENCH_REPEATS
#define LOAD_NS (30 * TAYRA_NS_PER_MS)

struct herd {
	struct tayra *t;
	struct tayra_origin *origin;
	uint64_t soft_timeout_ns;
	_Atomic unsigned loads, wrong, waiting;
	_Atomic bool go;
	struct member {
		struct herd *herd;
		pthread_t thread;
		double took_ns;
	} members[HERD];
};

static int
fetch(void *arg, const void *key, size_t key_len, void **value, size_t *len)
{
	struct herd *herd = arg;

	(void)key, (void)key_len;
	atomic_fetch_add(&herd->loads, 1);
	tayra__clock_sleep_until_ns(tayra__clock_mono_ns(tayra_clock_real()) + LOAD_NS);
	*value = malloc(3);
	if (!*value)
		return TAYRA_E_NOMEM;
	memcpy(*value, "new", 3);
	*len = 3;
	return TAYRA_OK;
}

static void *
ask(void *arg)
{
	struct tayra_request request = TAYRA_REQUEST_INIT;
	struct member *member = arg;
	struct herd *herd = member->herd;
	struct tayra_ref ref;
	uint64_t began_ns;

	request.key = "hot";
	request.key_len = 3;
	request.origin = herd->origin;
	request.ttl_ms = request.stale_ms = 60000;
	request.soft_timeout_ns = herd->soft_timeout_ns;
	atomic_fetch_add(&herd->waiting, 1);
	while (!atomic_load(&herd->go))
		sched_yield();
	began_ns = tayra__clock_mono_ns(tayra_clock_real());
	if (tayra_get_or_load(herd->t, &request, &ref) != TAYRA_OK)
		atomic_fetch_add(&herd->wrong, 1);
	member->took_ns = (double)(tayra__clock_mono_ns(tayra_clock_real()) - began_ns);
	tayra_release(&ref);
	return NULL;
}

/* => 1: it could not be run. */
static int
come(struct herd *herd, bool expired, uint64_t soft_timeout_ns)
{
	pthread_attr_t small;
	int came = 0;

	*herd = (struct herd){ .soft_timeout_ns = soft_timeout_ns };
	if (tayra_create(NULL, &herd->t) != TAYRA_OK ||
	    tayra_origin_function(NULL, fetch, herd, &herd->origin) != TAYRA_OK)
		return 1;
	if (expired && tayra_put(herd->t, "hot", 3, "old", 3, TAYRA_OFF, 60000) != TAYRA_OK)
		return 1;
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 256u << 10);
	for (; came < HERD; came++) {
		herd->members[came].herd = herd;
		if (pthread_create(&herd->members[came].thread, &small, ask,
				   &herd->members[came]) != 0)
			break;
	}
	pthread_attr_destroy(&small);
	while (atomic_load(&herd->waiting) < (unsigned)came)
		sched_yield();
	atomic_store(&herd->go, true);
	for (int i = 0; i < came; i++)
		pthread_join(herd->members[i].thread, NULL);
	tayra_destroy(herd->t);
	tayra_origin_close(herd->origin);
	return came < HERD || atomic_load(&herd->wrong) > 0;
}

static double
p99_ms(const struct herd *herd)
{
	double took[HERD];

	for (int i = 0; i < HERD; i++)
		took[i] = herd->members[i].took_ns;
	qsort(took, HERD, sizeof(*took), bench_by_value);
	return took[HERD * 99 / 100] / 1e6;
}

static void
tell(const char *scenario, const char *what, double bar, double values[ROUNDS])
{
	struct load_goal goal = { .goal = "herd", .scenario = scenario, .what = what, .bar = bar };

	qsort(values, ROUNDS, sizeof(*values), bench_by_value);
	goal.figure = values[ROUNDS / 2];
	goal.lo = values[BENCH_LO];
	goal.hi = values[BENCH_HI];
	goal.pass = goal.figure <= bar;
	load_goal_print(&goal);
}

int
load_herd(void)
{
	static const struct {
		const char *name;
		bool expired;
		uint64_t soft_timeout_ns;
	} cases[] = {
		{ "missing", false, 0 },
		{ "expired", true, TAYRA_OFF },
		{ "expired, stale at once", true, TAYRA_AT_ONCE },
	};
	static struct herd herd;

	for (size_t c = 0; c < sizeof(cases) / sizeof(*cases); c++) {
		double loads[ROUNDS], p99[ROUNDS];

		for (int i = 0; i < ROUNDS; i++) {
			if (come(&herd, cases[c].expired, cases[c].soft_timeout_ns))
				return 1;
			loads[i] = atomic_load(&herd.loads);
			p99[i] = p99_ms(&herd);
		}
		tell(cases[c].name, "loads", 1, loads);
		if (cases[c].soft_timeout_ns == TAYRA_AT_ONCE)
			tell(cases[c].name, "p99 ms", 1, p99);
	}
	return 0;
}
