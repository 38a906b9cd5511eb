/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/showcase.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "drive/host.h"
#include "drive/machine.h"
#include "showcase/ablation_run.h"
#include "showcase/catalogue.h"
#include "showcase/live.h"
#include "showcase/scene.h"
#include "showcase/sweep.h"

#define MEMORY_BYTES         (4u << 20)
#define HOT_USERS_MAX(quick) ((quick) ? 8000u : 16000u) /* who come to need the hot package */
#define SLOW_SHARE           0.2 /* of what a request costs in processor time */
#define HOT_TRIES            3
#define QUICK_S              60   /* what the quick run may take */
#define AROUND_SLICE_S       0.08 /* drain and gap, as a rule */
#define SHORTEST_SCALE       0.6
#define LEVEL_ERRORS         0.01
#define STALE_MS             60000 /* the tayra arm alone */

/* A generator that is late by more than this offers another load than it says. */
#define LAG_BUDGET_NS (20 * TAYRA_NS_PER_MS)
#define LAG_SHARE_MAX 0.10 /* of the slices may be over it */

struct show {
	const struct tayra__showcase_options *options;
	struct tayra__results *results;
	struct tayra__catalogue catalogue;
	struct tayra_sensor sensor;
	bool has_sensor;
	struct tayra__pool *pool;
	struct tayra__live live;
	struct tayra__arm_terms terms;
	struct tayra__arm_design design[TAYRA__SHOWCASE_ARMS];
	struct tayra__scene_run run;
	char path[TAYRA__SHOWCASE_ARMS][128]; /* of the arms' databases */
	uint64_t began_ns;
	char *error;
	size_t error_len;
};

static bool
stopped(const struct show *s)
{
	return s->options->stop && atomic_load_explicit(s->options->stop, memory_order_relaxed);
}

static void
say(struct show *s, const char *line)
{
	if (s->options->progress)
		tayra__live_say(&s->live, line);
}

static void
design_arms(struct show *s)
{
	double cores = s->results->cores;

	s->design[TAYRA__ARM_PLAIN] = (struct tayra__arm_design){
		.name = "plain",
		.policy = TAYRA_POLICY_LRU,
		.soft_timeout_ns = TAYRA_OFF,
		.stale_ms = TAYRA_OFF,
		.writer = TAYRA__WRITER_RETRY,
	};
	s->design[TAYRA__ARM_TUNED] = (struct tayra__arm_design){
		.name = "tuned",
		.policy = TAYRA_POLICY_LRU,
		.single_flight = true,
		.limited = true,
		.limiter = TAYRA_LIMITER_FIXED,
		.codel_target_ns = TAYRA__ARM_NO_CODEL,
		.limit = 4,
		.limit_min = 1,
		.limit_max = 32,
		.queue_max = 128,
		.deadlines = true,
		.soft_timeout_ns = TAYRA_OFF,
		.stale_ms = TAYRA_OFF,
		.writer = TAYRA__WRITER_BACKOFF,
	};
	s->design[TAYRA__ARM_TAYRA] = (struct tayra__arm_design){
		.name = "tayra",
		.policy = TAYRA_POLICY_S3FIFO,
		.single_flight = true,
		.limited = true,
		.limiter = TAYRA_LIMITER_AIMD,
		.limit = 2 * cores,
		.limit_min = cores,
		.limit_max = 32,
		.queue_max = 128,
		.deadlines = true,
		.codel_target_ns = s->results->deadline_ms * TAYRA_NS_PER_MS / 3,
		.classes = true,
		.p90_target_ns = s->results->deadline_ms * TAYRA_NS_PER_MS / 2,
		.window_ns = 100 * TAYRA_NS_PER_MS,
		.soft_timeout_ns = (uint64_t)(s->results->soft_timeout_ms * 1e6),
		.stale_ms = s->results->stale_ms,
		.writer = TAYRA__WRITER_PACE,
		.writer_limit = 2,
	};
}

/* After the sweep: the A/A is the tuned arm again; a sabotaged run compares tuned with itself. */
static void
copy_designs(struct show *s)
{
	const struct tayra__arm_design *tuned = &s->design[TAYRA__ARM_TUNED];

	s->design[TAYRA__ARM_AGAIN] = *tuned;
	s->design[TAYRA__ARM_AGAIN].name = "tuned again";
	if (s->options->sabotage == TAYRA__SABOTAGE_NONE)
		return;
	for (int i = 0; i < TAYRA__SHOWCASE_ARMS; i++) {
		s->design[i] = *tuned;
		s->design[i].name = tayra__arm_names[i];
	}
	if (s->options->sabotage == TAYRA__SABOTAGE_SLOW)
		s->design[TAYRA__ARM_TAYRA].slow_ns = (uint64_t)(SLOW_SHARE * s->results->cores *
								 1e9 / s->results->capacity_per_s);
}

static void
describe_arm(struct tayra__results *r, int i, const struct tayra__arm_design *d)
{
	char *out = r->arm_text[i];
	size_t room = sizeof(r->arm_text[i]);
	int used = snprintf(
		out, room, "%s, one TTL of %.1f s, %s",
		d->policy == TAYRA_POLICY_LRU ? "LRU" : "S3-FIFO", (double)r->ttl_ms / 1e3,
		d->single_flight ? "one load per key at a time" : "every miss loads for itself");

	if (!d->limited)
		used += snprintf(out + used, room - (size_t)used, ", no limit");
	else if (d->limiter == TAYRA_LIMITER_FIXED)
		used += snprintf(out + used, room - (size_t)used,
				 ", a pool of %.0f found by a sweep, a queue of %u%s", d->limit,
				 d->queue_max,
				 d->deadlines ? " left when the deadline cannot be met" : "");
	else
		used += snprintf(
			out + used, room - (size_t)used,
			", a learned limit (AIMD, from %.0f), classes, CoDel and deadlines",
			d->limit);
	if (d->stale_ms != TAYRA_OFF)
		used += snprintf(out + used, room - (size_t)used,
				 ", stale answers up to %.0f s old after %.0f ms or on failure",
				 (double)(d->stale_ms + r->ttl_ms) / 1e3,
				 (double)d->soft_timeout_ns / 1e6);
	used += snprintf(out + used, room - (size_t)used, "; writers: %s",
			 tayra__writer_rule_name(d->writer));
	if (d->slow_ns)
		snprintf(out + used, room - (size_t)used, "; SABOTAGED: %.3f ms slower on purpose",
			 (double)d->slow_ns / 1e6);
}

static int
load_data(struct show *s)
{
	struct tayra__results *r = s->results;
	struct tayra__catalogue *c = &s->catalogue;
	char line[400];
	int status;

	say(s, s->options->data_path ? "Reading the packages of the file .."
				     : "Reading the package index of this machine ..");
	status = tayra__catalogue_create(c, s->options->data_path, s->options->stop, s->error,
					 s->error_len);
	if (status < 0)
		return status;
	snprintf(r->source, sizeof(r->source), "%s", c->source);
	memcpy(r->sha256, c->sha256, sizeof(r->sha256));
	r->data_bytes = c->bytes;
	r->packages = c->names.count;
	r->dependencies = c->depends.first[c->depends.nodes];
	r->duplicates = c->duplicates;
	r->load_s = c->load_s;
	s->run.hot_package = tayra__catalogue_popular(c, HOT_USERS_MAX(r->quick), &r->hot_users);
	snprintf(r->hot_package, sizeof(r->hot_package), "%s", c->names.name[s->run.hot_package]);
	snprintf(line, sizeof(line), "%u packages, %u dependencies, %.1f s", c->names.count,
		 c->depends.first[c->depends.nodes], c->load_s);
	say(s, line);
	return TAYRA_OK;
}

static int
sweep(struct show *s)
{
	struct tayra__results *r = s->results;
	char path[128], line[200];
	int status = tayra__catalogue_copy(&s->catalogue, "sweep", path, sizeof(path), s->error,
					   s->error_len);

	if (status < 0)
		return status;
	say(s, "Finding the best pool size and the best rule for writers by trying ..");
	status = tayra__sweep_run(&s->design[TAYRA__ARM_TUNED], &s->terms, path, s->pool,
				  s->options->stop, s->options->slice_scale, r, s->error,
				  s->error_len);
	if (status < 0)
		return status;
	snprintf(line, sizeof(line), "pool of %.0f: %.0f answers/s; writers: %s", r->best_pool,
		 r->capacity_per_s, r->best_writer);
	say(s, line);
	return TAYRA_OK;
}

static int
create_arm(struct show *s, int i)
{
	static const char *const files[] = { "plain", "tuned", "tayra", "again" };
	struct tayra__showcase_arm *arm = tayra__mem_alloc(sizeof(*arm));
	int status = TAYRA_E_NOMEM;

	if (arm)
		status = tayra__catalogue_copy(&s->catalogue, files[i], s->path[i],
					       sizeof(s->path[i]), s->error, s->error_len);
	if (status == TAYRA_OK)
		status = tayra__arm_init(arm, &s->design[i], &s->terms, s->path[i], s->error,
					 s->error_len);
	if (status < 0) {
		tayra__mem_free(arm);
		return status;
	}
	describe_arm(s->results, i, &s->design[i]);
	s->run.arms[i] = arm;
	return TAYRA_OK;
}

/* How long the hot answer takes with the machine to itself: the best of a few tries, since others
 * may be at work too.  NaN when none came back. */
static void
time_hot_key(struct show *s)
{
	char key[TAYRA__REQUEST_KEY_MAX];
	struct tayra__user_request request = { .kind = TAYRA__REQUEST_REVERSE,
					       .package = s->run.hot_package };
	size_t key_len = tayra__request_key(&s->catalogue, &request, key), len;

	s->results->hot_ms = (double)NAN;
	for (int i = 0; i < HOT_TRIES; i++) {
		uint64_t began_ns = tayra__clock_real_ns();
		void *value;
		int status = tayra__database_fetch(s->run.arms[0]->database, key, key_len, &value,
						   &len);
		double ms = (double)(tayra__clock_real_ns() - began_ns) / 1e6;

		if (status < 0)
			continue;
		free(value);
		s->results->hot_ms = fmin(ms, isnan(s->results->hot_ms) ? ms : s->results->hot_ms);
	}
}

static int
create_arms(struct show *s)
{
	int status = TAYRA_OK;

	copy_designs(s);
	for (int i = 0; i < TAYRA__SHOWCASE_ARMS && status == TAYRA_OK; i++)
		status = create_arm(s, i);
	if (status == TAYRA_OK)
		time_hot_key(s);
	return status;
}

/* A sabotaged run is about the report's honesty in the scenes. */
static double
expected_ablations_s(const struct show *s)
{
	if (s->options->sabotage != TAYRA__SABOTAGE_NONE)
		return 0;
	return tayra__ablation_expected_s(s->results->quick, s->options->slice_scale);
}

/*
 * The quick run keeps to its minute on a busy machine too: behind schedule, the slices that are
 * left get shorter, alike for all arms.
 */
static double
slice_scale(const struct show *s, uint32_t stage)
{
	double passed_s = (double)(tayra__clock_real_ns() - s->began_ns) / 1e9;
	double slices_s = 0, around_s = 0, left_s;

	if (!s->results->quick)
		return s->options->slice_scale;
	for (uint32_t i = stage; i < tayra__stage_count; i++) {
		double slices = tayra__stages[i].rounds[1] * TAYRA__SHOWCASE_ARMS;

		slices_s += slices * tayra__stages[i].slice_ms[1] / 1e3 * s->options->slice_scale;
		around_s += slices * AROUND_SLICE_S;
	}
	left_s = QUICK_S - passed_s - around_s - expected_ablations_s(s);
	return s->options->slice_scale * fmin(1, fmax(SHORTEST_SCALE, left_s / slices_s));
}

static int
run_stages(struct show *s)
{
	int status = TAYRA_OK;

	for (uint32_t i = 0; i < tayra__stage_count && status == TAYRA_OK && !stopped(s); i++) {
		s->run.slice_scale = slice_scale(s, i);
		status = tayra__scene_run(&s->run, i);
	}
	if (status < 0)
		snprintf(s->error, s->error_len, "%s: %s", tayra__stages[s->run.stage].scene,
			 tayra_status_text(status));
	else
		tayra__scene_take_outage(&s->run);
	return status;
}

/* The arms of the scenes are gone by then, so their databases are free. */
static int
run_ablations(struct show *s)
{
	struct tayra__ablation_run run = {
		.catalogue = &s->catalogue,
		.pool = s->pool,
		.live = s->run.live,
		.design = &s->design[TAYRA__ARM_TAYRA],
		.terms = &s->terms,
		.path = { s->path[TAYRA__ARM_PLAIN], s->path[TAYRA__ARM_TUNED] },
		.hot_package = s->run.hot_package,
		.epoch = s->run.epoch,
		.slice_scale = s->options->slice_scale,
		.stop = s->options->stop,
	};

	if (s->options->sabotage != TAYRA__SABOTAGE_NONE || stopped(s))
		return TAYRA_OK;
	/* A minute that is over already is not made much longer. */
	if (s->results->quick && tayra__clock_real_ns() - s->began_ns > QUICK_S * TAYRA_NS_PER_S)
		run.slice_scale *= SHORTEST_SCALE;
	say(s, "What each mechanism brings: tayra against tayra without it ..");
	return tayra__ablation_run(&run, s->results, s->error, s->error_len);
}

static double
expected_ns(const struct tayra__showcase_options *options)
{
	double sum = 0;

	for (uint32_t i = 0; i < tayra__stage_count; i++)
		sum += 1e6 * tayra__stages[i].slice_ms[options->quick] *
		       tayra__stages[i].rounds[options->quick];
	return sum * TAYRA__SHOWCASE_ARMS * options->slice_scale;
}

/* Whether the run can be believed; the worst lag, and the share of slices over the budget. */
static void
judge_validity(struct tayra__results *r)
{
	uint32_t slices = 0, over = 0;
	uint64_t worst = 0;

	for (uint32_t i = 0; i < tayra__stage_count; i++)
		for (uint32_t round = 0; round < r->stage[i].rounds; round++)
			for (uint32_t arm = 0; arm < TAYRA__SHOWCASE_ARMS; arm++) {
				uint64_t lag = r->stage[i].slice[round][arm].lag_p99_ns;

				if (!tayra__stages[i].load)
					continue;
				slices++;
				over += lag > LAG_BUDGET_NS;
				worst = lag > worst ? lag : worst;
			}
	r->lag_p99_ms = (double)worst / 1e6;
	r->lag_budget_ms = (double)LAG_BUDGET_NS / 1e6;
	r->lag_share = slices ? (double)over / slices : 0;
	r->valid = true;
	if (r->interrupted)
		snprintf(r->why_invalid, sizeof(r->why_invalid), "interrupted before the end");
	else if (r->lag_share > LAG_SHARE_MAX)
		snprintf(r->why_invalid, sizeof(r->why_invalid),
			 "the load generator was more than %.0f ms late in %.0f%% of the slices",
			 r->lag_budget_ms, r->lag_share * 100);
	else if (r->foreign_cpu > TAYRA__MACHINE_FOREIGN_MAX)
		snprintf(r->why_invalid, sizeof(r->why_invalid),
			 "other programs used %.0f%% of the machine", r->foreign_cpu * 100);
	r->valid = r->why_invalid[0] == 0;
}

static void
destroy_arms(struct show *s)
{
	for (int i = 0; i < TAYRA__SHOWCASE_ARMS; i++)
		if (s->run.arms[i]) {
			tayra__arm_fini(s->run.arms[i]);
			tayra__mem_free(s->run.arms[i]);
			s->run.arms[i] = NULL;
		}
}

static void
destroy(struct show *s)
{
	destroy_arms(s);
	if (s->pool)
		tayra__pool_destroy(s->pool);
	if (s->has_sensor)
		tayra_sensor_proc_destroy(&s->sensor);
}

static int
play(struct show *s)
{
	int status = tayra__pool_create(TAYRA__ARM_WORKERS, &s->pool);

	snprintf(s->error, s->error_len, "starting the workers: %s", tayra_status_text(status));
	s->has_sensor = tayra_sensor_proc_create(&s->sensor) == TAYRA_OK;
	s->terms.sensor = NULL;
	s->run.pool = s->pool;
	if (status == TAYRA_OK)
		status = sweep(s);
	if (status == TAYRA_OK)
		status = create_arms(s);
	if (status == TAYRA_OK)
		status = run_stages(s);
	destroy_arms(s);
	if (status == TAYRA_OK)
		status = run_ablations(s);
	destroy(s);
	return status;
}

static void
describe_host(struct tayra__results *r)
{
	struct tayra__host host;

	tayra__host_describe(&host);
	memcpy(r->cpu, host.cpu, sizeof(r->cpu));
	memcpy(r->kernel, host.kernel, sizeof(r->kernel));
	r->cores = host.cores;
	r->memory_gib = host.memory_gib;
}

static void
set_terms(struct show *s)
{
	const struct tayra__showcase_options *o = s->options;
	struct tayra__results *r = s->results;
	time_t now = (time_t)(tayra__clock_wall_ms(tayra_clock_real()) / 1000);
	struct tm tm;

	*r = (struct tayra__results){ .seed = o->seed, .quick = o->quick };
	strftime(r->started, sizeof(r->started), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	snprintf(r->sabotage, sizeof(r->sabotage), "%s",
		 o->sabotage == TAYRA__SABOTAGE_NONE   ? ""
		 : o->sabotage == TAYRA__SABOTAGE_SAME ? "same"
						       : "slow");
	describe_host(r);
	r->memory_bytes = MEMORY_BYTES;
	r->ttl_ms = o->quick ? 1500 : 3000;
	r->deadline_ms = o->quick ? 60 : 250;
	r->statement_timeout_ms = o->quick ? 120 : 500;
	r->soft_timeout_ms = 20;
	r->stale_ms = STALE_MS;
	r->economy.level_p99_ms = o->level_p99_ms > 0 ? o->level_p99_ms
						      : (double)r->deadline_ms / 2;
	r->economy.level_errors = o->level_errors > 0 ? o->level_errors : LEVEL_ERRORS;
	if (o->prices)
		r->economy.prices = *o->prices;
	s->terms = (struct tayra__arm_terms){ .catalogue = &s->catalogue,
					      .memory_bytes = r->memory_bytes,
					      .ttl_ms = r->ttl_ms,
					      .statement_timeout_ns = r->statement_timeout_ms *
								      TAYRA_NS_PER_MS,
					      .reverse_bound = o->quick ? 20000 : 60000,
					      .seed = o->seed };
	s->run = (struct tayra__scene_run){ .catalogue = &s->catalogue,
					    .results = r,
					    .live = o->progress ? &s->live : NULL,
					    .stop = o->stop,
					    .slice_scale = o->slice_scale };
}

int
tayra__showcase_run(const struct tayra__showcase_options *options, struct tayra__results *results,
		    char *error, size_t error_len)
{
	struct show s = {
		.options = options, .results = results, .error = error, .error_len = error_len
	};
	struct tayra__machine_use before, after;
	struct tayra__machine_share share;
	int status;

	s.began_ns = tayra__clock_real_ns();
	set_terms(&s);
	if (options->progress)
		tayra__live_init(&s.live, options->progress, (uint64_t)expected_ns(options));
	design_arms(&s);
	status = load_data(&s);
	if (status < 0)
		return status;
	tayra__machine_use_read("/proc", &before);
	status = play(&s);
	tayra__machine_use_read("/proc", &after);
	tayra__catalogue_fini(&s.catalogue);
	tayra__machine_use_between(&before, &after, &share);
	/* A machine that does not tell is one that nobody else uses. */
	results->foreign_cpu = isnan(share.foreign) ? 0 : share.foreign;
	results->steal_cpu = isnan(share.steal) ? 0 : share.steal;
	results->took_s = (double)(tayra__clock_real_ns() - s.began_ns) / 1e9;
	results->interrupted = stopped(&s);
	if (status < 0)
		return status;
	judge_validity(results);
	return tayra__results_compare(results);
}
