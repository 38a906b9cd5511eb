/* SPDX-License-Identifier: Apache-2.0
 *
 * overload.h: overload in virtual time: the production pacer before a model backend with a knee.
 * Requests arrive open-loop (Poisson) from one or more sources, each with a deadline; one that is
 * answered later is worth nothing, but the backend does its work all the same.
 */
#ifndef TAYRA_TESTS_SCENE_OVERLOAD_H
#define TAYRA_TESTS_SCENE_OVERLOAD_H

#include <tayra/pace.h>

#include "base/list.h"
#include "base/mem.h"
#include "base/rng.h"
#include "sim/backend.h"
#include "sim/event.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#define MS TAYRA_NS_PER_MS
#define S  TAYRA_NS_PER_S

/* X(n) has its maximum of about 930/s at n = 22. */
#define MU         100.0
#define CONTENTION 0.02
#define COHERENCE  0.002

#define SOURCES_MAX 64

struct scene;

/* Who asks. */
struct source {
	double load; /* as a share of the backend's capacity */
	enum tayra_class cls;
	uint64_t tenant;
	uint32_t levels;      /* drawn evenly from 0 .. levels - 1; 0 is as 1 */
	uint64_t patience_ns; /* from arrival to deadline; 0: 500 ms */
	/* Of the scene.  Counted since the last count_from_now(): */
	uint64_t asked, good, late, refused, longest_ns; /* longest wait to a decision */
	uint64_t good_at[4], asked_at[4];                /* by quarter of the levels */
	struct scene *scene;
	struct tayra__event arrival;
};

struct scene {
	struct tayra__events events;
	struct tayra__backend backend;
	struct tayra_pace *pace;
	struct tayra__rng rng;
	struct tayra__event tick;
	struct tayra__list visitors;
	struct source sources[SOURCES_MAX];
	size_t source_count;
	uint64_t since_ns;
};

struct visitor {
	struct tayra__list node;
	struct source *source;
	struct tayra_ticket ticket;
	struct tayra__job job;
	uint32_t quarter;
	uint64_t came_ns, due_ns;
};

static inline void
on_job_done(struct tayra__job *job, enum tayra_outcome outcome, uint64_t now_ns)
{
	struct visitor *visitor = TAYRA__LIST_ENTRY(job, struct visitor, job);
	struct source *source = visitor->source;
	struct scene *scene = source->scene;

	if (outcome == TAYRA_OUTCOME_OK && now_ns > visitor->due_ns) {
		outcome = TAYRA_OUTCOME_TIMEOUT;
		source->late++;
	} else if (outcome == TAYRA_OUTCOME_OK) {
		source->good++;
		source->good_at[visitor->quarter]++;
	}
	tayra__events_note(&scene->events, (uint64_t)outcome);
	tayra_pace_leave(scene->pace, &visitor->ticket, outcome, now_ns);
	tayra__list_remove(&visitor->node);
	tayra__mem_free(visitor);
}

static inline void
on_decided(struct tayra_ticket *ticket, int status, void *arg)
{
	struct visitor *visitor = arg;
	struct source *source = visitor->source;
	struct scene *scene = source->scene;
	uint64_t waited_ns = scene->events.now_ns - visitor->came_ns;

	(void)ticket;
	if (waited_ns > source->longest_ns)
		source->longest_ns = waited_ns;
	if (status == TAYRA_OK) {
		tayra__backend_start(&scene->backend, &visitor->job,
				     tayra__rng_exponential(&scene->rng));
		return;
	}
	source->refused++;
	tayra__list_remove(&visitor->node);
	tayra__mem_free(visitor);
}

/* Answers a second at the backend's best, at its speed of now. */
static inline double
capacity_of(const struct scene *scene)
{
	size_t knee;

	return tayra__backend_law_capacity(&scene->backend.shape, &knee) * scene->backend.speed;
}

static inline void
on_arrival(struct tayra__event *event, uint64_t now_ns)
{
	struct source *source = TAYRA__LIST_ENTRY(event, struct source, arrival);
	struct scene *scene = source->scene;
	struct visitor *visitor = tayra__mem_alloc(sizeof(*visitor));
	struct tayra_pace_request request = {
		.cls = source->cls, .tenant = source->tenant, .decided = on_decided, .arg = visitor
	};
	size_t knee;
	double gap_s = tayra__rng_exponential(&scene->rng) / source->load /
		       tayra__backend_law_capacity(&scene->backend.shape, &knee);
	int status;

	visitor->source = source;
	visitor->job.done = on_job_done;
	visitor->came_ns = now_ns;
	visitor->due_ns = request.deadline_ns = now_ns + (source->patience_ns ? source->patience_ns
									      : 500 * MS);
	if (source->levels > 1)
		request.level = (uint32_t)tayra__rng_below(&scene->rng, source->levels);
	visitor->quarter = source->levels > 1 ? request.level * 4 / source->levels : 0;
	source->asked++;
	source->asked_at[visitor->quarter]++;
	tayra__list_push_back(&scene->visitors, &visitor->node);
	status = tayra_pace_enter_start(scene->pace, &request, now_ns, &visitor->ticket);
	if (status != TAYRA_PENDING)
		on_decided(&visitor->ticket, status, visitor);
	tayra__events_set(&scene->events, event, now_ns + (uint64_t)(gap_s * 1e9));
}

static inline void
on_tick(struct tayra__event *event, uint64_t now_ns)
{
	struct scene *scene = TAYRA__LIST_ENTRY(event, struct scene, tick);
	uint64_t next_ns = tayra_pace_tick(scene->pace, now_ns);

	if (next_ns > now_ns + 10 * MS)
		next_ns = now_ns + 10 * MS;
	tayra__events_set(&scene->events, event, next_ns);
}

/* Nobody comes yet. */
static inline void
open_scene(struct scene *scene, const struct tayra_pace_options *options, uint64_t seed)
{
	const struct tayra__backend_shape shape = { .rate_per_s = MU,
						    .contention = CONTENTION,
						    .coherence = COHERENCE };

	*scene = (struct scene){ .tick = { .fire = on_tick } };
	tayra__list_init(&scene->visitors);
	tayra__rng_init(&scene->rng, seed);
	tayra__events_init(&scene->events, 0);
	tayra__backend_init(&scene->backend, &scene->events, &shape, 1);
	assert_int_equal(tayra_pace_create(options, &scene->pace), TAYRA_OK);
	tayra__events_set(&scene->events, &scene->tick, 0);
}

/* From now on these come too. */
static inline struct source *
let_come(struct scene *scene, struct source like)
{
	struct source *source = &scene->sources[scene->source_count++];

	assert_true(scene->source_count <= SOURCES_MAX);
	*source = like;
	if (!source->cls)
		source->cls = TAYRA_NORMAL;
	source->scene = scene;
	source->arrival = (struct tayra__event){ .fire = on_arrival };
	tayra__events_set(&scene->events, &source->arrival, scene->events.now_ns);
	return source;
}

/* Each class asks for that much. */
static inline void
all_classes_come(struct scene *scene, double load)
{
	for (int c = TAYRA_CRITICAL; c <= TAYRA_BACKGROUND; c++)
		let_come(scene, (struct source){ .load = load, .cls = (enum tayra_class)c });
}

static inline void
stay_away(struct source *source)
{
	tayra__events_unset(&source->scene->events, &source->arrival);
}

/* Everybody still inside or waiting fails; then nobody may be left. */
static inline void
close_scene(struct scene *scene)
{
	for (size_t i = 0; i < scene->source_count; i++)
		stay_away(&scene->sources[i]);
	tayra__backend_set_dead(&scene->backend, true);
	assert_true(tayra__list_empty(&scene->visitors));
	tayra_pace_destroy(scene->pace);
	tayra__backend_fini(&scene->backend);
	tayra__events_fini(&scene->events);
}

static inline void
run_for(struct scene *scene, uint64_t ns)
{
	tayra__events_run(&scene->events, scene->events.now_ns + ns);
}

static inline void
count_from_now(struct scene *scene)
{
	for (size_t i = 0; i < scene->source_count; i++) {
		struct source *source = &scene->sources[i];

		source->asked = source->good = source->late = source->refused = 0;
		source->longest_ns = 0;
		for (int q = 0; q < 4; q++)
			source->good_at[q] = source->asked_at[q] = 0;
	}
	scene->since_ns = scene->events.now_ns;
}

/* Answers in time a second, as a share of what the backend can do at its speed of now. */
static inline double
goodput_of(const struct source *source)
{
	const struct scene *scene = source->scene;

	return (double)source->good * 1e9 / (double)(scene->events.now_ns - scene->since_ns) /
	       capacity_of(scene);
}

static inline double
goodput(const struct scene *scene)
{
	double sum = 0;

	for (size_t i = 0; i < scene->source_count; i++)
		sum += goodput_of(&scene->sources[i]);
	return sum;
}

/* Of those that have ended. */
static inline double
success_of(const struct source *source)
{
	uint64_t failed = source->refused + source->late, all = source->good + failed;

	return all ? (double)source->good / (double)all : 1;
}

static inline uint64_t
longest_wait_ns(const struct scene *scene)
{
	uint64_t longest = 0;

	for (size_t i = 0; i < scene->source_count; i++)
		if (scene->sources[i].longest_ns > longest)
			longest = scene->sources[i].longest_ns;
	return longest;
}

static inline struct tayra_pace_stats
stats_of(const struct scene *scene)
{
	struct tayra_pace_stats stats = TAYRA_PACE_STATS_INIT;

	tayra_pace_stats(scene->pace, &stats);
	return stats;
}

static inline struct tayra_pace_options
options_of(enum tayra_limiter limiter, double limit)
{
	struct tayra_pace_options options = TAYRA_PACE_OPTIONS_INIT;

	options.limiter = limiter;
	options.limit = limit;
	return options;
}

#endif
