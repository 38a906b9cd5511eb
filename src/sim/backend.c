/* SPDX-License-Identifier: Apache-2.0
 *
 * backend.c: equal sharing makes it cheap: every job inside progresses at the same rate, so a job
 * that needs w finishes when the common progress has grown by w, and a heap by that number says
 * who is next.  Progress is kept in billionths of a mean job.
 */
#include "sim/backend.h"

#include "base/list.h"

#include <math.h>

#define WORK_UNIT 1e9

double
tayra__backend_rate(const struct tayra__backend *b, size_t jobs)
{
	double n = (double)jobs;

	if (b->hung || jobs == 0)
		return 0;
	return b->speed * n * b->mu_per_s /
	       (1 + b->contention * (n - 1) + b->coherence * n * (n - 1));
}

double
tayra__backend_capacity(const struct tayra__backend *b, size_t *n)
{
	struct tayra__backend whole = *b;
	double best = 0;

	whole.speed = 1;
	whole.hung = false;
	for (size_t i = 1; i <= 10000; i++) {
		double rate = tayra__backend_rate(&whole, i);

		if (rate <= best)
			break; /* X has one maximum */
		best = rate;
		*n = i;
	}
	return best;
}

size_t
tayra__backend_inside(const struct tayra__backend *backend)
{
	return backend->jobs.count;
}

/* Progress of each job, in billionths a nanosecond. */
static double
pace_of_each(const struct tayra__backend *b)
{
	size_t n = b->jobs.count;

	return n ? tayra__backend_rate(b, n) / (double)n * WORK_UNIT / 1e9 : 0;
}

/* Bring the progress up to now; before anything that changes the pace. */
static void
catch_up(struct tayra__backend *b)
{
	b->progress += pace_of_each(b) * (double)(b->events->now_ns - b->since_ns);
	b->since_ns = b->events->now_ns;
}

/* After anything that changed the pace. */
static int
plan(struct tayra__backend *b)
{
	const struct tayra__heap_node *first = tayra__heap_peek(&b->jobs);
	double each = pace_of_each(b), left;

	tayra__events_unset(b->events, &b->next);
	if (!first || each <= 0)
		return TAYRA_OK;
	left = ceil(((double)first->key - b->progress) / each);
	if (left < 1)
		left = 1;
	return tayra__events_set(b->events, &b->next, b->events->now_ns + (uint64_t)left);
}

static void
finish(struct tayra__backend *b, enum tayra_outcome outcome)
{
	struct tayra__heap_node *node = tayra__heap_pop(&b->jobs);
	struct tayra__job *job = TAYRA__LIST_ENTRY(node, struct tayra__job, node);

	job->done(job, outcome, b->events->now_ns);
}

static void
on_next(struct tayra__event *event, uint64_t now_ns)
{
	struct tayra__backend *b = TAYRA__LIST_ENTRY(event, struct tayra__backend, next);

	(void)now_ns;
	catch_up(b);
	finish(b, TAYRA_OUTCOME_OK);
	plan(b);
}

void
tayra__backend_init(struct tayra__backend *backend, struct tayra__events *events, double mu_per_s,
		    double contention, double coherence)
{
	*backend = (struct tayra__backend){
		.mu_per_s = mu_per_s,
		.contention = contention,
		.coherence = coherence,
		.speed = 1,
		.events = events,
		.next = { .fire = on_next },
		.since_ns = events->now_ns,
	};
	tayra__heap_init(&backend->jobs);
}

void
tayra__backend_fini(struct tayra__backend *backend)
{
	tayra__events_unset(backend->events, &backend->next);
	tayra__heap_fini(&backend->jobs);
}

int
tayra__backend_start(struct tayra__backend *b, struct tayra__job *job, double work)
{
	int status;

	if (b->dead) {
		job->done(job, TAYRA_OUTCOME_ERROR, b->events->now_ns);
		return TAYRA_OK;
	}
	catch_up(b);
	job->node.key = (uint64_t)(b->progress + work * WORK_UNIT);
	status = tayra__heap_push(&b->jobs, &job->node);
	if (status < 0)
		return status;
	status = plan(b);
	if (status < 0)
		tayra__heap_remove(&b->jobs, &job->node);
	return status;
}

void
tayra__backend_set_speed(struct tayra__backend *b, double speed)
{
	catch_up(b);
	b->speed = speed;
	plan(b);
}

void
tayra__backend_set_hung(struct tayra__backend *b, bool hung)
{
	catch_up(b);
	b->hung = hung;
	plan(b);
}

void
tayra__backend_set_dead(struct tayra__backend *b, bool dead)
{
	catch_up(b);
	b->dead = dead;
	while (dead && b->jobs.count)
		finish(b, TAYRA_OUTCOME_ERROR);
	plan(b);
}
