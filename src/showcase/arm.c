/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/arm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/rng.h"
#include "showcase/catalogue.h"
#include "showcase/truth.h"

#define TICK_NS        (TAYRA_NS_PER_MS / 2)
#define ORIGIN_THREADS 32 /* at least as many as any limit lets in */
#define AGE_SLACK_MS   5  /* a clock read and a change, in whole milliseconds */
#define SETTLE_NS      (2 * TAYRA_NS_PER_S)

const char *
tayra__writer_rule_name(enum tayra__writer_rule rule)
{
	static const char *const names[] = { "retry at once", "exponential backoff", "fixed limit",
					     "learned limit" };

	return rule <= TAYRA__WRITER_PACE ? names[rule] : NULL;
}

/* The loader of an arm whose queries run on the request's own thread. */
static void
load_here(struct tayra_load *load, void *arg)
{
	struct tayra__showcase_arm *arm = arg;
	size_t key_len, len;
	const void *key = tayra_load_key(load, &key_len);
	void *value;
	int status = tayra__database_fetch(arm->database, key, key_len, &value, &len);

	if (status < 0) {
		tayra_load_fail(load, status, 0);
		return;
	}
	tayra_load_done(load, value, len, NULL);
	free(value);
}

static int
create_paces(struct tayra__showcase_arm *arm)
{
	const struct tayra__arm_design *design = &arm->design;
	struct tayra_pace_options options = TAYRA_PACE_OPTIONS_INIT;
	int status = TAYRA_OK;

	options.limiter = design->limiter;
	options.limit = design->limit;
	options.limit_min = design->limit_min;
	options.limit_max = design->limit_max;
	options.queue_max = design->queue_max;
	options.codel_target_ns = design->codel_target_ns;
	options.p90_target_ns = design->p90_target_ns;
	options.window_ns = design->window_ns;
	options.sensor = arm->terms.sensor;
	options.clock = &arm->clock.clock;
	options.mode = design->unpaced ? TAYRA_MODE_OFF : TAYRA_MODE_ENFORCE;
	if (design->limited)
		status = tayra_pace_create(&options, &arm->pace);
	if (status < 0 || design->writer < TAYRA__WRITER_LIMIT)
		return status;
	options.mode = TAYRA_MODE_ENFORCE;
	options.queue_max = TAYRA__ARM_WORKERS;
	options.codel_target_ns = TAYRA__ARM_NO_CODEL;
	/* 128 writers keep the machine busy whatever the limit: cpu says nothing here, but the time
	 * a transaction takes and how often it finds the lock taken do. */
	options.sensor = NULL;
	options.p90_target_ns = 2 * TAYRA_NS_PER_MS;
	options.limiter = design->writer == TAYRA__WRITER_PACE ? TAYRA_LIMITER_AIMD
							       : TAYRA_LIMITER_FIXED;
	options.limit = design->writer_limit;
	options.limit_min = 1;
	options.window_ns = 50 * TAYRA_NS_PER_MS;
	return tayra_pace_create(&options, &arm->writer_pace);
}

static int
create_origin(struct tayra__showcase_arm *arm)
{
	struct tayra_origin_options origin = TAYRA_ORIGIN_OPTIONS_INIT;

	if (!arm->design.limited)
		return TAYRA_OK;
	origin.threads = arm->design.origin_threads ? arm->design.origin_threads : ORIGIN_THREADS;
	origin.pace = arm->pace;
	return tayra_origin_function(&origin, tayra__database_fetch, arm->database, &arm->origin);
}

/* One learned habit and what it needs; all others stay off.  False: none. */
static bool
fill_strategy(const struct tayra__arm_design *design, struct tayra_strategy *strategy)
{
	bool prefetches = design->prefetch == TAYRA_FEATURE_ON;
	bool learns_ttl = design->ttl_learning == TAYRA_FEATURE_ON;
	enum tayra_feature_mode prefetch = prefetches ? TAYRA_FEATURE_ON : TAYRA_FEATURE_OFF;

	*strategy = (struct tayra_strategy)TAYRA_STRATEGY_INIT;
	strategy->ttl_learning = learns_ttl ? TAYRA_FEATURE_ON : TAYRA_FEATURE_OFF;
	strategy->prefetch_refresh = strategy->prefetch_successors = strategy->prefetch_changed =
		strategy->prefetch_periodic = strategy->predictor = prefetch;
	return prefetches || learns_ttl;
}

static int
open_tiers(struct tayra__showcase_arm *arm, char *error, size_t error_len)
{
	const struct tayra__arm_design *design = &arm->design;
	int status = TAYRA_OK;

	if (design->file_tier)
		status = tayra__arm_tier_open(&arm->tier, arm->database_path, error, error_len);
	if (status == TAYRA_OK && design->remote_tier)
		status = tayra__arm_tier_connect(&arm->tier, design->remote_url, error, error_len);
	return status;
}

static int
create_handle(struct tayra__showcase_arm *arm, char *error, size_t error_len)
{
	const struct tayra__arm_design *design = &arm->design;
	struct tayra_cache_options cache = TAYRA_CACHE_OPTIONS_INIT;
	struct tayra_options options = TAYRA_OPTIONS_INIT;
	struct tayra_strategy strategy;
	int status = open_tiers(arm, error, error_len);

	if (status < 0)
		return status;
	cache.memory_bytes = design->memory_bytes ? design->memory_bytes : arm->terms.memory_bytes;
	cache.charge_max = design->charge_max;
	cache.policy = design->policy;
	cache.objective = design->objective;
	cache.shards = design->shards;
	cache.seed = arm->terms.seed | 1;
	options.cache = &cache;
	options.clock = &arm->clock.clock;
	options.no_single_flight = !design->single_flight;
	options.ttl_ms = design->ttl_ms ? design->ttl_ms : arm->terms.ttl_ms;
	options.stale_ms = design->stale_ms;
	options.soft_timeout_ns = design->soft_timeout_ns;
	options.throttle_ms = 100;
	if (fill_strategy(design, &strategy))
		options.strategy = &strategy;
	options.file_tier = arm->tier.file;
	options.remote_tier = arm->tier.remote;
	status = tayra_create(&options, &arm->tayra);
	if (status < 0)
		snprintf(error, error_len, "making the %s arm: %s", design->name,
			 tayra_status_text(status));
	return status;
}

int
tayra__arm_restart(struct tayra__showcase_arm *arm, char *error, size_t error_len)
{
	tayra_destroy(arm->tayra);
	arm->tayra = NULL;
	tayra__arm_tier_close(&arm->tier);
	return create_handle(arm, error, error_len);
}

int
tayra__arm_init(struct tayra__showcase_arm *arm, const struct tayra__arm_design *design,
		const struct tayra__arm_terms *terms, const char *database_path, char *error,
		size_t error_len)
{
	int status;

	memset(arm, 0, sizeof(*arm));
	arm->design = *design;
	arm->terms = *terms;
	tayra__arm_clock_init(&arm->clock);
	for (int i = 0; i < TAYRA__ARM_STRIPES; i++) {
		pthread_mutex_init(&arm->stripe[i].lock, NULL);
		tayra__hist_init(&arm->stripe[i].age);
	}
	snprintf(arm->database_path, sizeof(arm->database_path), "%s", database_path);
	status = tayra__database_open(database_path, &arm->database, error, error_len);
	if (status == TAYRA_OK) {
		tayra__database_set_timeout(arm->database, terms->statement_timeout_ns);
		tayra__database_set_bound(arm->database, terms->reverse_bound);
		arm->truth = tayra__truth_create(terms->catalogue->names.count);
		status = arm->truth ? create_paces(arm) : TAYRA_E_NOMEM;
		if (status == TAYRA_OK)
			status = create_origin(arm);
		if (status < 0)
			snprintf(error, error_len, "making the %s arm: %s", design->name,
				 tayra_status_text(status));
		else
			status = create_handle(arm, error, error_len);
	}
	if (status < 0)
		tayra__arm_fini(arm);
	return status;
}

void
tayra__arm_fini(struct tayra__showcase_arm *arm)
{
	if (arm->tayra)
		tayra_destroy(arm->tayra);
	tayra__arm_tier_remove(&arm->tier);
	if (arm->origin)
		tayra_origin_close(arm->origin);
	if (arm->pace)
		tayra_pace_destroy(arm->pace);
	if (arm->writer_pace)
		tayra_pace_destroy(arm->writer_pace);
	tayra__truth_destroy(arm->truth);
	tayra__database_close(arm->database);
	for (int i = 0; i < TAYRA__ARM_STRIPES; i++)
		pthread_mutex_destroy(&arm->stripe[i].lock);
	memset(arm, 0, sizeof(*arm));
}

/* The library starts no thread of its own here, so that an arm that waits for its turn costs
 * nothing. */
static void *
tick(void *ctx)
{
	struct tayra__showcase_arm *arm = ctx;

	while (atomic_load_explicit(&arm->ticking, memory_order_relaxed)) {
		tayra_tick(arm->tayra, 0);
		tayra__clock_sleep_until_ns(tayra__clock_real_ns() + TICK_NS);
	}
	return NULL;
}

int
tayra__arm_begin(struct tayra__showcase_arm *arm)
{
	tayra__arm_clock_start(&arm->clock);
	atomic_store_explicit(&arm->ticking, true, memory_order_relaxed);
	if (pthread_create(&arm->ticker, NULL, tick, arm) != 0) {
		tayra__arm_clock_stop(&arm->clock);
		return TAYRA_E_NOMEM;
	}
	return TAYRA_OK;
}

void
tayra__arm_end(struct tayra__showcase_arm *arm)
{
	uint64_t give_up_ns = tayra__clock_real_ns() + SETTLE_NS;
	struct tayra_stats stats = TAYRA_STATS_INIT;

	do {
		tayra_stats(arm->tayra, &stats);
		if (stats.inflight)
			tayra__clock_sleep_until_ns(tayra__clock_real_ns() + TAYRA_NS_PER_MS);
	} while (stats.inflight && tayra__clock_real_ns() < give_up_ns);
	atomic_store_explicit(&arm->ticking, false, memory_order_relaxed);
	pthread_join(arm->ticker, NULL);
	tayra__arm_clock_stop(&arm->clock);
}

static void
note_age(struct tayra__showcase_arm *arm, uint32_t worker, uint64_t age_ms)
{
	uint32_t i = worker % TAYRA__ARM_STRIPES;

	pthread_mutex_lock(&arm->stripe[i].lock);
	tayra__hist_add(&arm->stripe[i].age, age_ms);
	pthread_mutex_unlock(&arm->stripe[i].lock);
}

void
tayra__arm_take_ages(struct tayra__showcase_arm *arm, struct tayra__hist *out)
{
	for (int i = 0; i < TAYRA__ARM_STRIPES; i++) {
		pthread_mutex_lock(&arm->stripe[i].lock);
		tayra__hist_merge(out, &arm->stripe[i].age);
		tayra__hist_init(&arm->stripe[i].age);
		pthread_mutex_unlock(&arm->stripe[i].lock);
	}
}

/*
 * Judged by the time the request began: what was replaced while it waited is not held against it,
 * so only certain cases count.
 */
static bool
age_is_wrong(struct tayra__showcase_arm *arm, const struct tayra_ref *ref, uint64_t began_ms)
{
	uint64_t stale_ms = arm->design.stale_ms == TAYRA_OFF ? 0 : arm->design.stale_ms;
	uint64_t bound_ms = arm->terms.ttl_ms + stale_ms;
	struct tayra__database_stamp stamp;
	uint64_t outdated_ms;

	if (ref->value_len < sizeof(stamp))
		return true;
	memcpy(&stamp, ref->value, sizeof(stamp));
	if (stamp.package == UINT32_MAX)
		return false;
	outdated_ms = tayra__truth_outdated_ms(arm->truth, stamp.package, stamp.revision, began_ms);
	return outdated_ms > (ref->age_ms < bound_ms ? ref->age_ms : bound_ms) + AGE_SLACK_MS;
}

static void
note_answer(struct tayra__showcase_arm *arm, const struct tayra_ref *ref, uint32_t worker,
	    uint64_t began_ms)
{
	struct tayra__arm_counts *counts = &arm->counts;

	if (ref->tier == TAYRA_TIER_RAM)
		atomic_fetch_add_explicit(&counts->hits, 1, memory_order_relaxed);
	if (ref->stale)
		atomic_fetch_add_explicit(&counts->stale, 1, memory_order_relaxed);
	if (age_is_wrong(arm, ref, began_ms))
		atomic_fetch_add_explicit(&counts->wrong_age, 1, memory_order_relaxed);
	note_age(arm, worker, ref->age_ms);
}

static void
add_part(struct tayra__showcase_arm *arm, enum tayra__part part, uint64_t ns)
{
	atomic_fetch_add_explicit(&arm->counts.part_ns[part], ns, memory_order_relaxed);
}

/* Where the time of a read went.  A stale answer came when the wait for a fresh one was given up.
 */
static void
note_time(struct tayra__showcase_arm *arm, int status, const struct tayra_ref *ref,
	  uint64_t elapsed_ns)
{
	uint64_t load_ns = status < 0 ? 0 : ref->load_cost_ns;

	if (load_ns > elapsed_ns)
		load_ns = elapsed_ns;
	if (status < 0)
		add_part(arm, TAYRA__PART_LOST, elapsed_ns);
	else if (ref->tier != TAYRA_TIER_ORIGIN)
		add_part(arm, ref->stale ? TAYRA__PART_WAIT : TAYRA__PART_HIT, elapsed_ns);
	else {
		add_part(arm, TAYRA__PART_ORIGIN, load_ns);
		add_part(arm, TAYRA__PART_WAIT, elapsed_ns - load_ns);
	}
}

/* How long the call has been due. */
static uint64_t
backlog_ns(const struct tayra__call *call, uint64_t now_ns)
{
	return now_ns > call->due_ns ? now_ns - call->due_ns : 0;
}

static enum tayra_class
class_of(enum tayra__request_kind kind)
{
	static const enum tayra_class classes[TAYRA__REQUEST_KINDS] = {
		[TAYRA__REQUEST_DETAIL] = TAYRA_HIGH,     [TAYRA__REQUEST_CLOSURE] = TAYRA_NORMAL,
		[TAYRA__REQUEST_REVERSE] = TAYRA_LOW,     [TAYRA__REQUEST_SEARCH] = TAYRA_NORMAL,
		[TAYRA__REQUEST_UPDATE] = TAYRA_CRITICAL,
	};

	return classes[kind];
}

/* What is left until the call's deadline; at least a nanosecond, so that it is not "the default".
 * A service that knows no deadlines gives every request the whole time, however late it is. */
static uint64_t
time_left(const struct tayra__showcase_arm *arm, const struct tayra__call *call)
{
	uint64_t now_ns = tayra__clock_real_ns();

	if (call->deadline_ns == UINT64_MAX)
		return TAYRA_OFF;
	if (!arm->design.deadlines)
		return call->deadline_ns - call->due_ns;
	return call->deadline_ns > now_ns ? call->deadline_ns - now_ns : 1;
}

static void
fill_request(struct tayra__showcase_arm *arm, const struct tayra__user_request *request,
	     struct tayra_request *r, char key[TAYRA__REQUEST_KEY_MAX])
{
	r->key = key;
	r->key_len = tayra__request_key(arm->terms.catalogue, request, key);
	r->origin = arm->origin;
	r->load = arm->origin ? NULL : load_here;
	r->load_arg = arm->origin ? NULL : arm;
	r->cls = arm->design.classes ? class_of(request->kind) : TAYRA_CLASS_DEFAULT;
}

int
tayra__arm_read(struct tayra__showcase_arm *arm, const struct tayra__user_request *request,
		const struct tayra__call *call)
{
	struct tayra_request r = TAYRA_REQUEST_INIT;
	char key[TAYRA__REQUEST_KEY_MAX];
	uint64_t began_ns = tayra__arm_clock_ns(&arm->clock),
		 real_began_ns = tayra__clock_real_ns();
	struct tayra_ref ref;
	int status;

	fill_request(arm, request, &r, key);
	r.timeout_ns = time_left(arm, call);
	status = tayra_get_or_load(arm->tayra, &r, &ref);
	add_part(arm, TAYRA__PART_BACKLOG, backlog_ns(call, real_began_ns));
	note_time(arm, status, &ref, tayra__clock_real_ns() - real_began_ns);
	atomic_fetch_add_explicit(&arm->counts.reads, 1, memory_order_relaxed);
	tayra__timeline_add(&arm->timeline, tayra__arm_clock_ns(&arm->clock),
			    status < 0  ? TAYRA__ANSWER_FAILED
			    : ref.stale ? TAYRA__ANSWER_STALE
					: TAYRA__ANSWER_FRESH);
	if (status < 0)
		return status;
	note_answer(arm, &ref, call->worker, began_ns / TAYRA_NS_PER_MS);
	tayra_release(&ref);
	return status;
}

int
tayra__arm_prime(struct tayra__showcase_arm *arm, const struct tayra__user_request *request,
		 uint64_t ttl_ms)
{
	struct tayra_request r = TAYRA_REQUEST_INIT;
	char key[TAYRA__REQUEST_KEY_MAX];
	struct tayra_ref ref;
	int status;

	fill_request(arm, request, &r, key);
	r.ttl_ms = ttl_ms;
	r.flags = TAYRA_REQUEST_REFRESH;
	r.soft_timeout_ns = TAYRA_OFF;
	status = tayra_get_or_load(arm->tayra, &r, &ref);
	if (status >= 0)
		tayra_release(&ref);
	return status;
}

/* The record changed: the truth knows, and what was answered from it directly is forgotten. */
static void
note_change(struct tayra__showcase_arm *arm, uint32_t package, uint32_t revision, uint64_t now_ms)
{
	struct tayra__user_request request = { .package = package };
	char key[TAYRA__REQUEST_KEY_MAX];

	for (int kind = TAYRA__REQUEST_DETAIL; kind <= TAYRA__REQUEST_REVERSE; kind++) {
		size_t len;

		request.kind = (enum tayra__request_kind)kind;
		len = tayra__request_key(arm->terms.catalogue, &request, key);
		tayra_delete(arm->tayra, key, len);
	}
	tayra__truth_changed(arm->truth, package, revision, now_ms);
	atomic_fetch_add_explicit(&arm->counts.updates, 1, memory_order_relaxed);
}

static uint64_t
now_ms(const struct tayra__showcase_arm *arm)
{
	return tayra__arm_clock_ns(&arm->clock) / TAYRA_NS_PER_MS;
}

static int
update(struct tayra__showcase_arm *arm, uint32_t package, const struct tayra__call *call)
{
	uint64_t began_ns = tayra__clock_real_ns();
	uint32_t revision;
	int status = tayra__database_update(arm->database, package, now_ms(arm), &revision);

	add_part(arm, TAYRA__PART_BACKLOG, backlog_ns(call, began_ns));
	add_part(arm, TAYRA__PART_CHANGE, tayra__clock_real_ns() - began_ns);
	if (status == TAYRA_OK)
		note_change(arm, package, revision, now_ms(arm));
	return status;
}

static enum tayra__call_end
end_of(int status)
{
	if (status >= 0)
		return TAYRA__CALL_OK;
	return status == TAYRA_E_OVERLOAD ? TAYRA__CALL_SHED : TAYRA__CALL_ERROR;
}

/* Sabotage: processor time that nothing is got for. */
static void
spend_busy(uint64_t cpu_ns)
{
	uint64_t until_ns = tayra__clock_thread_cpu_ns() + cpu_ns;

	while (tayra__clock_thread_cpu_ns() < until_ns)
		continue;
}

enum tayra__call_end
tayra__arm_call_user(void *ctx, const struct tayra__call *call)
{
	struct tayra__showcase_arm *arm = ctx;
	const struct tayra__user_request *request =
		&arm->requests[call->number % arm->request_count];
	int status = request->kind == TAYRA__REQUEST_UPDATE ? update(arm, request->package, call)
							    : tayra__arm_read(arm, request, call);

	if (arm->design.slow_ns)
		spend_busy(arm->design.slow_ns);
	return end_of(status);
}

/* 1 to 64 ms, doubling, a random half of it. */
static void
back_off(const struct tayra__call *call, uint32_t attempt)
{
	uint64_t ceiling_ns = TAYRA_NS_PER_MS << (attempt < 6 ? attempt : 6);
	uint64_t draw = tayra__hash_mix64(call->number * 64 + attempt);

	tayra__clock_sleep_until_ns(tayra__clock_real_ns() + ceiling_ns / 2 +
				    draw % (ceiling_ns / 2));
}

static int
write_until_done(struct tayra__showcase_arm *arm, const struct tayra__call *call, bool backoff,
		 uint32_t package, enum tayra_outcome *outcome)
{
	uint32_t revision, attempt = 0;
	int status;

	*outcome = TAYRA_OUTCOME_OK;
	for (;;) {
		status = tayra__database_read_then_write(arm->database, package, now_ms(arm),
							 &revision);
		if (status == TAYRA_OK)
			note_change(arm, package, revision, now_ms(arm));
		if (status != TAYRA_E_OVERLOAD)
			break;
		*outcome = TAYRA_OUTCOME_OVERLOAD;
		if (tayra__clock_real_ns() >= call->deadline_ns)
			break;
		/* Behind a limit the lock is free again at once, as a rule. */
		if (backoff && (!arm->writer_pace || attempt >= 4))
			back_off(call, arm->writer_pace ? attempt - 4 : attempt);
		attempt++;
	}
	if (status < 0 && status != TAYRA_E_OVERLOAD)
		*outcome = TAYRA_OUTCOME_ERROR;
	return status;
}

enum tayra__call_end
tayra__arm_call_writer(void *ctx, const struct tayra__call *call)
{
	struct tayra__showcase_arm *arm = ctx;
	enum tayra__writer_rule rule = arm->design.writer;
	uint32_t packages = arm->terms.catalogue->names.count;
	uint32_t package = (uint32_t)(tayra__hash_mix64(call->number) % packages);
	bool backoff = rule == TAYRA__WRITER_BACKOFF || rule == TAYRA__WRITER_PACE;
	struct tayra_pace_request enter = { .cls = TAYRA_NORMAL };
	struct tayra_ticket ticket = { 0 };
	enum tayra_outcome outcome;
	int status = TAYRA_OK;

	if (call->deadline_ns != UINT64_MAX)
		enter.deadline_ns = tayra__arm_clock_ns(&arm->clock) + time_left(arm, call);
	if (arm->writer_pace)
		status = tayra_pace_enter(arm->writer_pace, &enter, &ticket);
	if (status < 0)
		return end_of(status);
	status = write_until_done(arm, call, backoff, package, &outcome);
	if (arm->writer_pace)
		tayra_pace_leave(arm->writer_pace, &ticket, outcome,
				 tayra__arm_clock_ns(&arm->clock));
	if (status == TAYRA_OK)
		atomic_fetch_add_explicit(&arm->done_by[call->worker % TAYRA__ARM_WORKERS], 1,
					  memory_order_relaxed);
	if (arm->design.slow_ns)
		spend_busy(arm->design.slow_ns);
	return end_of(status);
}
