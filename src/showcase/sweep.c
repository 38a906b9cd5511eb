/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/sweep.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "showcase/catalogue.h"

#define CLIENTS        64
#define WRITERS        128
#define REQUESTS       20000
#define PASSES         2
#define CAPACITY_STEPS 3

static const double pools[] = { 1, 2, 4, 8, 16 };
#define POOLS (sizeof(pools) / sizeof(pools[0]))

static const struct {
	enum tayra__writer_rule rule;
	double limit;
} writers[] = {
	{ TAYRA__WRITER_BACKOFF, 0 },
	{ TAYRA__WRITER_LIMIT, 1 },
	{ TAYRA__WRITER_LIMIT, 2 },
	{ TAYRA__WRITER_LIMIT, 4 },
};
#define WRITER_RULES (sizeof(writers) / sizeof(writers[0]))

struct sweep {
	struct tayra__showcase_arm *arm;
	struct tayra__pool *pool;
	const _Atomic bool *stop;
	struct tayra__results *results;
	struct tayra__user_request *requests;
	uint64_t slice_ns, epoch;
};

static bool
stopped(const struct sweep *s)
{
	return s->stop && atomic_load_explicit(s->stop, memory_order_relaxed);
}

/* What a closed loop yielded, with what it still had to do when it ended. */
struct yield {
	double offered, answered, wall_s, cpu_s;
};

static double
real_s(void)
{
	return (double)tayra__clock_mono_ns(tayra_clock_real()) / 1e9;
}

/* Run either plan and take what it yields. */
static int
drive(struct sweep *s, const struct tayra__target *target, const struct tayra__closed_plan *closed,
      const struct tayra__open_plan *open, struct yield *out)
{
	struct tayra__drive_result *result = tayra__mem_alloc(sizeof(*result));
	double began_s = real_s();
	int status;

	if (!result)
		return TAYRA_E_NOMEM;
	tayra__hist_init(&result->latency);
	tayra__workload_make(s->arm->terms.catalogue, s->results->seed + 7, s->epoch++, s->requests,
			     REQUESTS);
	s->arm->requests = s->requests;
	s->arm->request_count = REQUESTS;
	status = tayra__arm_begin(s->arm);
	if (status == TAYRA_OK) {
		status = closed ? tayra__drive_closed(s->pool, target, closed, result)
				: tayra__drive_open(s->pool, target, open, 0, result);
		tayra__arm_end(s->arm);
	}
	if (status == TAYRA_OK)
		*out = (struct yield){ (double)(result->offered - result->abandoned),
				       (double)result->ok, real_s() - began_s,
				       (double)result->cpu_ns / 1e9 };
	tayra__mem_free(result);
	return status == TAYRA_OK && stopped(s) ? TAYRA_E_CANCELLED : status;
}

/* No deadline: what is refused at once would only be asked again, and flatter the count. */
static int
drive_closed(struct sweep *s, enum tayra__call_end (*call)(void *, const struct tayra__call *),
	     uint32_t clients, uint64_t length_ns, struct yield *out)
{
	struct tayra__target target = { call, s->arm };
	struct tayra__closed_plan plan = { .clients = clients,
					   .length_ns = length_ns,
					   .stop = s->stop };

	return drive(s, &target, &plan, NULL, out);
}

static int
drive_open(struct sweep *s, double rate_per_s, uint64_t length_ns, struct yield *out)
{
	struct tayra__target target = { tayra__arm_call_user, s->arm };
	struct tayra__open_plan plan = { .rate_per_s = rate_per_s,
					 .length_ns = length_ns,
					 .seed = s->results->seed + s->epoch,
					 .stop = s->stop };

	return drive(s, &target, NULL, &plan, out);
}

static int
try_pools(struct sweep *s, struct tayra__arm_design *design)
{
	struct tayra__results *r = s->results;
	double answered[POOLS] = { 0 }, wall_s[POOLS] = { 0 };
	double offered[POOLS] = { 0 }, cpu_s[POOLS] = { 0 };
	struct yield y = { 0 };
	uint32_t best = 0;
	int status = drive_closed(s, tayra__arm_call_user, CLIENTS, 4 * s->slice_ns, &y);

	r->pools = POOLS;
	for (uint32_t pass = 0; pass < PASSES; pass++)
		for (uint32_t i = 0; i < POOLS && status == TAYRA_OK; i++) {
			tayra_pace_set_limit(s->arm->pace, pools[i],
					     tayra__arm_clock_ns(&s->arm->clock));
			status = drive_closed(s, tayra__arm_call_user, CLIENTS, s->slice_ns, &y);
			r->pool_sizes[i] = pools[i];
			answered[i] += y.answered;
			wall_s[i] += y.wall_s;
			offered[i] += y.offered;
			cpu_s[i] += y.cpu_s;
		}
	for (uint32_t i = 0; i < POOLS; i++) {
		r->pool_per_s[i] = wall_s[i] > 0 ? answered[i] / wall_s[i] : 0;
		if (r->pool_per_s[i] > r->pool_per_s[best])
			best = i;
	}
	r->best_pool = design->limit = pools[best];
	if (cpu_s[best] > 0)
		r->capacity_per_s = r->cores * offered[best] / cpu_s[best];
	tayra_pace_set_limit(s->arm->pace, design->limit, tayra__arm_clock_ns(&s->arm->clock));
	return status;
}

/*
 * The capacity is the rate at which requests cost as much processor time as there is.  At a higher
 * rate more of them are hits, so that the first estimate is too low: ask at it, and estimate again.
 */
static int
find_capacity(struct sweep *s)
{
	struct tayra__results *r = s->results;
	int status = TAYRA_OK;

	for (int i = 0; i < CAPACITY_STEPS && status == TAYRA_OK; i++) {
		struct yield y = { 0 };

		status = drive_open(s, r->capacity_per_s, 2 * s->slice_ns, &y);
		if (y.cpu_s > 0)
			r->capacity_per_s = r->cores * y.offered / y.cpu_s;
	}
	return status;
}

static int
try_writers(struct sweep *s, struct tayra__arm_design *design)
{
	struct tayra__results *r = s->results;
	double best = -1;
	int status = TAYRA_OK;

	r->writer_rules = WRITER_RULES;
	for (uint32_t pass = 0; pass < PASSES; pass++)
		for (uint32_t i = 0; i < WRITER_RULES && status == TAYRA_OK; i++) {
			struct yield y = { 0 };

			s->arm->design.writer = writers[i].rule;
			if (writers[i].limit > 0)
				tayra_pace_set_limit(s->arm->writer_pace, writers[i].limit,
						     tayra__arm_clock_ns(&s->arm->clock));
			status = drive_closed(s, tayra__arm_call_writer, WRITERS, s->slice_ns, &y);
			r->writer_per_s[i] += y.wall_s > 0 ? y.answered / y.wall_s / PASSES : 0;
		}
	for (uint32_t i = 0; i < WRITER_RULES; i++) {
		const char *name = tayra__writer_rule_name(writers[i].rule);

		if (writers[i].limit > 0)
			snprintf(r->writer_names[i], sizeof(r->writer_names[i]), "%s %.0f", name,
				 writers[i].limit);
		else
			snprintf(r->writer_names[i], sizeof(r->writer_names[i]), "%s", name);
		if (r->writer_per_s[i] <= best)
			continue;
		best = r->writer_per_s[i];
		design->writer = writers[i].rule;
		design->writer_limit = writers[i].limit;
		snprintf(r->best_writer, sizeof(r->best_writer), "%s", r->writer_names[i]);
	}
	return status;
}

int
tayra__sweep_run(struct tayra__arm_design *design, const struct tayra__arm_terms *terms,
		 const char *database_path, struct tayra__pool *pool, const _Atomic bool *stop,
		 double slice_scale, struct tayra__results *results, char *error, size_t error_len)
{
	struct tayra__arm_design probe = *design;
	struct sweep s = { .pool = pool, .stop = stop, .results = results };
	int status;

	s.slice_ns = (uint64_t)((results->quick ? 120e6 : 500e6) * slice_scale);
	/* Both its limits can be moved, so one arm serves for every try. */
	probe.writer = TAYRA__WRITER_LIMIT;
	probe.writer_limit = 1;
	s.arm = tayra__mem_alloc(sizeof(*s.arm));
	s.requests = tayra__mem_array(REQUESTS, sizeof(*s.requests));
	status = s.arm && s.requests
			 ? tayra__arm_init(s.arm, &probe, terms, database_path, error, error_len)
			 : TAYRA_E_NOMEM;
	if (status == TAYRA_OK) {
		snprintf(error, error_len, "the sweep found no pool size that answers anything");
		status = try_pools(&s, design);
		if (status == TAYRA_OK)
			status = find_capacity(&s);
		if (status == TAYRA_OK)
			status = try_writers(&s, design);
		if (status == TAYRA_OK && results->capacity_per_s <= 0)
			status = TAYRA_E_INTERNAL;
		tayra__arm_fini(s.arm);
	}
	tayra__mem_free(s.arm);
	tayra__mem_free(s.requests);
	return status;
}
