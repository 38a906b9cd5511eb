/* SPDX-License-Identifier: Apache-2.0
 *
 * production.c: how a service sets tayra up: one limit with a starting point and a switch, a cache
 * in front of what is expensive, and an important request that goes before the others.
 *
 *     production [INITIAL-CONCURRENCY [enforce|monitor|off]]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tayra/tayra.h>

struct optimizer {
	struct tayra_sensor sensor;
	struct tayra_pace *pace;
	struct tayra_origin *origin;
	struct tayra_executor *executor;
	struct tayra *cache;
};

/* What is expensive: how many primes are below the key. */
static int
count_primes(void *arg, const void *key, size_t key_len, void **value, size_t *len)
{
	char text[24];
	unsigned long below, found = 0;

	(void)arg;
	snprintf(text, sizeof(text), "%.*s", (int)(key_len < 20 ? key_len : 20), (const char *)key);
	below = strtoul(text, NULL, 10);
	for (unsigned long n = 2; n < below; n++) {
		unsigned long d = 2;

		while (d * d <= n && n % d)
			d++;
		found += d * d > n;
	}
	*value = malloc(sizeof(text));
	if (!*value)
		return TAYRA_E_NOMEM;
	*len = (size_t)snprintf(*value, sizeof(text), "%lu", found);
	return TAYRA_OK;
}

static int
start(struct optimizer *o, double concurrency, enum tayra_mode mode)
{
	struct tayra_pace_options pace = TAYRA_PACE_OPTIONS_INIT;
	struct tayra_origin_options origin = TAYRA_ORIGIN_OPTIONS_INIT;
	struct tayra_executor_options executor = TAYRA_EXECUTOR_OPTIONS_INIT;
	struct tayra_options cache = TAYRA_OPTIONS_INIT;
	int status = tayra_sensor_create(NULL, &o->sensor);

	/* The limit starts here, learns within 1 .. 64, and goes down when what we may use is full.
	 */
	pace.limiter = TAYRA_LIMITER_AIMD;
	pace.limit = concurrency;
	pace.limit_max = 64;
	pace.mode = mode;
	pace.sensor = status == TAYRA_OK ? &o->sensor : NULL;
	status = tayra_pace_create(&pace, &o->pace);
	if (status != TAYRA_OK)
		return status;
	/* Loads and tasks share it. */
	origin.pace = o->pace;
	executor.pace = o->pace;
	status = tayra_origin_function(&origin, count_primes, NULL, &o->origin);
	if (status == TAYRA_OK)
		status = tayra_executor_create(&executor, &o->executor);
	/* Values are good for a minute, and for five more while they cannot be had anew. */
	cache.ttl_ms = 60 * 1000;
	cache.stale_ms = 5 * 60 * 1000;
	cache.soft_timeout_ns = 50 * TAYRA_NS_PER_MS;
	cache.ticker = true;
	return status == TAYRA_OK ? tayra_create(&cache, &o->cache) : status;
}

static void
stop(struct optimizer *o)
{
	if (o->cache)
		tayra_destroy(o->cache);
	if (o->executor)
		tayra_executor_destroy(o->executor);
	if (o->origin)
		tayra_origin_close(o->origin);
	if (o->pace)
		tayra_pace_destroy(o->pace);
	tayra_sensor_destroy(&o->sensor);
}

static void
ask(struct optimizer *o, const char *key)
{
	struct tayra_request request = TAYRA_REQUEST_INIT;
	struct tayra_ref ref;
	int status;

	request.key = key;
	request.key_len = strlen(key);
	request.origin = o->origin;
	request.cls = TAYRA_HIGH;
	request.timeout_ns = 2 * TAYRA_NS_PER_S;
	status = tayra_get_or_load(o->cache, &request, &ref);
	if (status != TAYRA_OK) {
		printf("primes below %s: %s\n", key, tayra_status_text(status));
		return;
	}
	printf("primes below %s: %.*s (%s)\n", key, (int)ref.value_len, (const char *)ref.value,
	       ref.tier == TAYRA_TIER_RAM ? "from the cache" : "computed");
	tayra_release(&ref);
}

/* An operation that is not cached, such as sending a mail. */
static int
important(void *arg)
{
	return *(const int *)arg;
}

static void
run_important(struct optimizer *o)
{
	const struct tayra_clock *clock = tayra_clock_real();
	int answer = 42;
	struct tayra_task task = { .fn = important, .arg = &answer, .cls = TAYRA_HIGH };
	int status;

	task.deadline_ns = clock->mono_ns(clock->ctx) + TAYRA_NS_PER_S;
	status = tayra_submit(o->executor, &task);
	if (status == TAYRA_OK)
		status = tayra_task_wait(o->executor, &task, 1, 2 * TAYRA_NS_PER_S);
	printf("important operation: %d\n", status == TAYRA_OK ? task.status : status);
}

static void
report(struct optimizer *o)
{
	struct tayra_stats cache = TAYRA_STATS_INIT;
	struct tayra_pace_stats pace = TAYRA_PACE_STATS_INIT;

	tayra_stats(o->cache, &cache);
	tayra_pace_stats(o->pace, &pace);
	printf("hits %" PRIu64 " of %" PRIu64 ", loads %" PRIu64 ", limit %.0f, let in at high "
	       "priority %" PRIu64 "\n",
	       cache.hits, cache.requests, cache.loads, pace.limit, pace.admitted[TAYRA_HIGH - 1]);
}

int
main(int argc, char **argv)
{
	static const char *const modes[] = { "enforce", "monitor", "off" };
	struct optimizer o = { 0 };
	double concurrency = argc > 1 ? strtod(argv[1], NULL) : 10;
	int mode = 0, status;

	while (argc > 2 && mode < 3 && strcmp(argv[2], modes[mode]) != 0)
		mode++;
	status = mode < 3 ? start(&o, concurrency, (enum tayra_mode)mode) : TAYRA_E_INVAL;
	if (status == TAYRA_OK) {
		ask(&o, "100000");
		ask(&o, "100000");
		run_important(&o);
		report(&o);
	} else {
		fprintf(stderr, "production: %s\n", tayra_status_text(status));
	}
	stop(&o);
	return status == TAYRA_OK ? 0 : 1;
}
