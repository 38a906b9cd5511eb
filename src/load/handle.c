/* SPDX-License-Identifier: Apache-2.0 */
#include "load/handle.h"

#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/option.h"
#include "load/cq.h"
#include "load/flight.h"
#include "load/learner.h"
#include "load/pool.h"
#include "load/process.h"
#include "load/ref.h"
#include "load/strategy.h"
#include "load/turn.h"
#include "load/waiter.h"

#define DEFAULT_UNSTORED_MAX (16ull << 20)
#define DEFAULT_LEASE_NS     (2 * TAYRA_NS_PER_S)
#define LEASE_MAX_NS         (3600 * TAYRA_NS_PER_S)

uint64_t
tayra__handle_now_ns(const struct tayra *t)
{
	return tayra__clock_mono_ns(&t->clock);
}

uint64_t
tayra__handle_coarse_ns(const struct tayra *t)
{
	uint64_t ns = atomic_load_explicit(&t->root->coarse_ns, memory_order_relaxed);

	return ns ? ns : tayra__handle_now_ns(t);
}

bool
tayra__handle_forked(const struct tayra *t)
{
	return t->token != tayra__process_token();
}

struct tayra__breaker_rest
tayra__handle_rest(const struct tayra *t)
{
	uint64_t ns[2] = { tayra__setting(&t->settings.throttle_ms),
			   tayra__setting(&t->settings.throttle_max_ms) };

	for (int i = 0; i < 2; i++)
		if (__builtin_mul_overflow(ns[i], TAYRA_NS_PER_MS, &ns[i]))
			ns[i] = UINT64_MAX / 2;
	return (struct tayra__breaker_rest){ ns[0], ns[1] };
}

int
tayra__handle_enter(struct tayra *t)
{
	if (atomic_load_explicit(&t->closing, memory_order_relaxed))
		return TAYRA_E_CLOSED;
	atomic_fetch_add_explicit(&t->calls, 1, memory_order_relaxed);
	tayra__ticker_rouse(t);
	return TAYRA_OK;
}

void
tayra__handle_leave(struct tayra *t)
{
	if (atomic_fetch_sub_explicit(&t->calls, 1, memory_order_relaxed) == 1 &&
	    atomic_load_explicit(&t->closing, memory_order_relaxed))
		pthread_cond_broadcast(&t->idle);
}

static uint64_t
or_default(uint64_t given, uint64_t fallback)
{
	return given ? given : fallback;
}

/* Longer would be a mistake, and hide a dead node as long. */
static uint64_t
lease_ns_of(const struct tayra_options *options)
{
	if (options->lease_ns == TAYRA_OFF)
		return 0;
	return or_default(options->lease_ns, DEFAULT_LEASE_NS);
}

static int
configure(struct tayra *t, const struct tayra_options *options)
{
	const struct tayra_clock *clock = options->clock ? options->clock : tayra_clock_real();

	if (!clock->mono_ns || lease_ns_of(options) > LEASE_MAX_NS)
		return TAYRA_E_INVAL;
	t->clock = *clock;
	t->pace = options->pace;
	t->token = tayra__process_token();
	t->single_flight = !options->no_single_flight;
	t->ticker = options->ticker;
	t->bucket_seed = tayra__hash_random_seed();
	tayra__list_init(&t->flights);
	tayra__list_init(&t->ready);
	t->chores_end = &t->chores;
	tayra__list_init(&t->queues);
	tayra__list_init(&t->writes);
	tayra__heap_init(&t->timers);
	return TAYRA_OK;
}

/* What is taken from the system, in this order; give_up() undoes it from any point on. */
static int
allocate(struct tayra *t, const struct tayra_options *options)
{
	struct tayra_cache_options pool_cache = TAYRA_CACHE_OPTIONS_INIT;

	if (t->root != t)
		pool_cache.memory_bytes = t->strategy.memory_bytes;
	t->buckets = tayra__mem_array(TAYRA__BUCKETS, sizeof(*t->buckets));
	if (!t->buckets)
		return TAYRA_E_NOMEM;
	for (unsigned i = 0; i < TAYRA__BUCKETS; i++)
		tayra__list_init(&t->buckets[i]);
	t->budget = tayra__budget_create(
		or_default(options->unstored_max_bytes, DEFAULT_UNSTORED_MAX));
	if (!t->budget)
		return TAYRA_E_NOMEM;
	return tayra_cache_create(options->cache ? options->cache : &pool_cache, &t->cache);
}

static int
begin_strategy(struct tayra *t, const struct tayra_options *options)
{
	struct tayra_strategy base, strategy;
	int status = TAYRA_OK;

	tayra__strategy_of_options(options, &base);
	strategy = base;
	if (!(options->ttl_jitter >= 0 && options->ttl_jitter < 1 && options->refresh_at >= 0 &&
	      options->refresh_at < 1 && options->xfetch >= 0 && options->xfetch <= 100))
		status = TAYRA_E_INVAL;
	else if (options->strategy)
		status = tayra__strategy_resolve(options->strategy, &base, &strategy);
	return status == TAYRA_OK ? tayra__strategy_apply(t, &strategy) : status;
}

static void
give_up(struct tayra *t)
{
	tayra__below_fini(t);
	tayra__doubts_fini(&t->doubts);
	tayra__learner_destroy(atomic_load_explicit(&t->learner, memory_order_relaxed));
	if (t->cache)
		tayra_cache_destroy(t->cache);
	if (atomic_load_explicit(&t->absent, memory_order_relaxed))
		tayra_cache_destroy(atomic_load_explicit(&t->absent, memory_order_relaxed));
	if (t->budget)
		tayra__budget_put(t->budget);
	tayra__mem_free(t->buckets);
	tayra__heap_fini(&t->timers);
	pthread_cond_destroy(&t->doze_end);
	pthread_mutex_destroy(&t->doze_lock);
	pthread_cond_destroy(&t->idle);
	pthread_mutex_destroy(&t->lock);
	tayra__mem_free(t);
}

int
tayra_create(const struct tayra_options *options, struct tayra **out)
{
	return tayra__handle_create(options, NULL, out);
}

int
tayra__handle_create(const struct tayra_options *given, struct tayra *root, struct tayra **out)
{
	struct tayra_options options;
	struct tayra *t;
	int status;

	if (!out)
		return TAYRA_E_INVAL;
	*out = NULL;
	status = tayra__option_struct(given, &options, sizeof(options));
	if (status != TAYRA_OK)
		return status;
	t = tayra__mem_alloc(sizeof(*t));
	if (!t)
		return TAYRA_E_NOMEM;
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->idle, NULL);
	pthread_mutex_init(&t->doze_lock, NULL);
	tayra__wake_init(&t->doze_end);
	t->root = root ? root : t;
	status = configure(t, &options);
	if (status == TAYRA_OK)
		status = begin_strategy(t, &options);
	if (status == TAYRA_OK)
		status = allocate(t, &options);
	if (status == TAYRA_OK)
		status = tayra__below_init(t, (struct tayra__tier *)options.file_tier,
					   (struct tayra__tier *)options.remote_tier,
					   lease_ns_of(&options),
					   t->ticker ? TAYRA__BELOW_THREADED : TAYRA__BELOW_ALONE);
	if (status == TAYRA_OK && t->ticker && t->root == t)
		status = tayra__ticker_start(t);
	if (status != TAYRA_OK) {
		give_up(t);
		return status;
	}
	*out = t;
	return TAYRA_OK;
}

static void
end_waiters(struct tayra_load *flight)
{
	while (!tayra__list_empty(&flight->waiters))
		tayra__waiter_answer(
			TAYRA__LIST_ENTRY(flight->waiters.next, struct tayra__waiter, in_flight),
			TAYRA_E_CLOSED);
	flight->behind = false;
	tayra__turn_left(flight);
}

static void
close_flights(struct tayra *t)
{
	pthread_mutex_lock(&t->lock);
	atomic_store_explicit(&t->closing, true, memory_order_relaxed);
	for (struct tayra__list *node = t->flights.next; node != &t->flights; node = node->next)
		end_waiters(TAYRA__LIST_ENTRY(node, struct tayra_load, in_flights));
	while (!tayra__list_empty(&t->queues))
		tayra__cq_orphan(t->queues.next);
	tayra__turn_unlock(t);
}

void
tayra_destroy(struct tayra *t)
{
	struct tayra *pool, *next;

	/* In a forked child nothing may be touched: its locks belong to threads that are not there.
	 * The copy goes with the process. */
	if (!t || tayra__handle_forked(t) || t->root != t)
		return;
	if (t->ticker)
		tayra__ticker_stop(t);
	for (pool = tayra__pool_next(t, NULL); pool; pool = next) {
		next = tayra__pool_next(t, pool);
		tayra__handle_destroy(pool);
	}
	tayra__handle_destroy(t);
}

void
tayra__handle_destroy(struct tayra *t)
{
	close_flights(t);
	pthread_mutex_lock(&t->lock);
	while (t->flight_count || atomic_load_explicit(&t->calls, memory_order_relaxed))
		pthread_cond_wait(&t->idle, &t->lock);
	pthread_mutex_unlock(&t->lock);
	give_up(t);
}

void
tayra_stats(struct tayra *t, struct tayra_stats *out)
{
	struct tayra_stats stats = TAYRA_STATS_INIT;
	const struct tayra__counters *counters = &t->counters;
	size_t size = out->size;

	if (!tayra__handle_forked(t)) {
		stats.hits = tayra__counters_sum(counters, TAYRA__COUNT_HITS);
		stats.stale_hits = tayra__counters_sum(counters, TAYRA__COUNT_STALE);
		stats.throttled = tayra__counters_sum(counters, TAYRA__COUNT_THROTTLED);
		stats.at_once = tayra__counters_sum(counters, TAYRA__COUNT_AT_ONCE);
		stats.absent = tayra__counters_sum(counters, TAYRA__COUNT_ABSENT);
		stats.unchanged = tayra__counters_sum(counters, TAYRA__COUNT_UNCHANGED);
		stats.requests = stats.hits + stats.throttled + stats.at_once + stats.absent +
				 tayra__counters_sum(counters, TAYRA__COUNT_MISSES);
		stats.joined = tayra__counters_sum(counters, TAYRA__COUNT_JOINED);
		stats.loads = tayra__counters_sum(counters, TAYRA__COUNT_LOADS);
		stats.load_errors = tayra__counters_sum(counters, TAYRA__COUNT_LOAD_ERRORS);
		stats.load_ns = tayra__counters_sum(counters, TAYRA__COUNT_LOAD_NS);
		stats.writes = tayra__counters_sum(counters, TAYRA__COUNT_WRITES);
		stats.write_errors = tayra__counters_sum(counters, TAYRA__COUNT_WRITE_ERRORS);
		stats.shed = tayra__counters_sum(counters, TAYRA__COUNT_SHED);
		stats.timeouts = tayra__counters_sum(counters, TAYRA__COUNT_TIMEOUTS);
		stats.leases = tayra__counters_sum(counters, TAYRA__COUNT_LEASES);
		stats.lease_waits = tayra__counters_sum(counters, TAYRA__COUNT_LEASE_WAITS);
		stats.lease_takeovers = tayra__counters_sum(counters, TAYRA__COUNT_LEASE_TAKEOVERS);
		stats.rested = tayra__counters_sum(counters, TAYRA__COUNT_RESTED);
		pthread_mutex_lock(&t->lock);
		stats.inflight = t->inflight;
		pthread_mutex_unlock(&t->lock);
		tayra_cache_stats(t->cache, &stats.cache);
		tayra__level_stats(t, &t->below.file, &stats.file);
		tayra__level_stats(t, &t->below.remote, &stats.remote);
	}
	memcpy(out, &stats, size < sizeof(stats) ? size : sizeof(stats));
	out->size = size;
}
