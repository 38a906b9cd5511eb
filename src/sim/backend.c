/* SPDX-License-Identifier: Apache-2.0
 *
 * backend.c: equal progress makes it cheap: every job in service progresses at the same rate, so a
 * job that needs w finishes when the common progress has grown by w, and a heap by that number says
 * who is next.  Progress is kept in billionths of a mean job.
 */
#include "sim/backend.h"

#include <math.h>

#define WORK_UNIT 1e9

/* Progress of each job in service, in billionths a nanosecond. */
static double
pace_of_each(const struct tayra__backend *b)
{
	size_t n = b->jobs.count;

	if (n == 0 || b->hung)
		return 0;
	if (tayra__backend_law_places(&b->shape) != SIZE_MAX)
		return b->speed * b->shape.rate_per_s * WORK_UNIT / 1e9;
	return b->speed * tayra__backend_law_rate(&b->shape, n, b->stuck) / (double)n * WORK_UNIT /
	       1e9;
}

/* Bring the progress up to now; before anything that changes the pace. */
static void
catch_up(struct tayra__backend *b)
{
	b->progress += pace_of_each(b) * (double)(b->events->now_ns - b->since_ns);
	b->since_ns = b->events->now_ns;
}

/* After anything that changed the pace. */
static void
plan(struct tayra__backend *b)
{
	const struct tayra__heap_node *first = tayra__heap_peek(&b->jobs);
	double each = pace_of_each(b), left;

	if (!first || each <= 0) {
		tayra__events_unset(b->events, &b->next);
		return;
	}
	left = ceil(((double)first->key - b->progress) / each);
	left = fmin(fmax(left, 1), 1e18);
	if (tayra__events_set(b->events, &b->next, b->events->now_ns + (uint64_t)left) < 0)
		b->status = TAYRA_E_NOMEM;
}

/* After the number in service has changed. */
static void
note_convoy(struct tayra__backend *b)
{
	if (b->shape.kind == TAYRA__BACKEND_CONVOY)
		b->stuck = b->jobs.count > (b->stuck ? b->shape.release : b->shape.knee);
}

static void
end(struct tayra__backend *b, struct tayra__job *job, enum tayra_outcome outcome)
{
	job->done(job, outcome, b->events->now_ns);
}

/* Into service.  The work of a batch is that of all in it. */
static void
serve(struct tayra__backend *b, struct tayra__job *job, double work)
{
	/* A trace may ask for more than anybody lives to see done. */
	job->node.key = (uint64_t)fmin(b->progress + work * WORK_UNIT, 0x1p63);
	if (tayra__heap_push(&b->jobs, &job->node) < 0) {
		b->status = TAYRA_E_NOMEM;
		end(b, job, TAYRA_OUTCOME_ERROR);
	}
	note_convoy(b);
}

/* => somebody waits. */
static struct tayra__job *
next_in_line(struct tayra__backend *b)
{
	struct tayra__list *first = b->line.next;

	tayra__list_remove(first);
	b->waiting--;
	return TAYRA__LIST_ENTRY(first, struct tayra__job, link);
}

static double
batch_work(const struct tayra__backend *b, size_t size)
{
	const struct tayra__list *node = b->line.next;
	double sum = 0;

	for (size_t i = 0; i < size; i++, node = node->next)
		sum += TAYRA__LIST_ENTRY(node, struct tayra__job, link)->work;
	return b->shape.setup + (1 - b->shape.setup) * sum / b->shape.batch;
}

/* What waits goes into service as far as there is room. */
static void
fill_batch(struct tayra__backend *b, bool lingered)
{
	size_t size = b->waiting < b->shape.batch ? b->waiting : b->shape.batch;
	double work;

	if (b->jobs.count || size == 0)
		return;
	if (size < b->shape.batch && !lingered) {
		if (b->linger.node.place == 0 &&
		    tayra__events_set(b->events, &b->linger,
				      b->events->now_ns + b->shape.linger_ns) < 0)
			b->status = TAYRA_E_NOMEM;
		return;
	}
	tayra__events_unset(b->events, &b->linger);
	work = batch_work(b, size);
	while (size-- > 0)
		serve(b, next_in_line(b), work);
}

static void
fill(struct tayra__backend *b)
{
	if (b->shape.kind == TAYRA__BACKEND_BATCH)
		fill_batch(b, false);
	else
		while (b->waiting && b->jobs.count < tayra__backend_law_places(&b->shape)) {
			struct tayra__job *job = next_in_line(b);

			serve(b, job, job->work);
		}
}

static void
on_linger(struct tayra__event *event, uint64_t now_ns)
{
	struct tayra__backend *b = TAYRA__LIST_ENTRY(event, struct tayra__backend, linger);

	catch_up(b);
	fill_batch(b, true);
	plan(b);
}

static void
on_next(struct tayra__event *event, uint64_t now_ns)
{
	struct tayra__backend *b = TAYRA__LIST_ENTRY(event, struct tayra__backend, next);
	struct tayra__heap_node *node;

	catch_up(b);
	node = tayra__heap_pop(&b->jobs);
	note_convoy(b);
	fill(b);
	b->busy = true;
	end(b, TAYRA__LIST_ENTRY(node, struct tayra__job, node), TAYRA_OUTCOME_OK);
	b->busy = false;
	plan(b);
}

static void
go_in(struct tayra__backend *b, struct tayra__job *job)
{
	if (b->dead) {
		end(b, job, TAYRA_OUTCOME_ERROR);
		return;
	}
	catch_up(b);
	if (tayra__backend_law_places(&b->shape) == SIZE_MAX) {
		serve(b, job, job->work);
	} else {
		tayra__list_push_back(&b->line, &job->link);
		b->waiting++;
		fill(b);
	}
	if (!b->busy)
		plan(b);
}

static void
on_door(struct tayra__event *event, uint64_t now_ns)
{
	struct tayra__job *job = TAYRA__LIST_ENTRY(event, struct tayra__job, event);

	tayra__list_remove(&job->link);
	job->backend->coming--;
	if (job->outcome != TAYRA_OUTCOME_OK)
		end(job->backend, job, job->outcome);
	else
		go_in(job->backend, job);
}

/* At the door for a while; then out with that outcome, or in. */
static void
hold_up(struct tayra__backend *b, struct tayra__job *job, enum tayra_outcome outcome, uint64_t ns)
{
	job->outcome = outcome;
	job->event.fire = on_door;
	if (tayra__events_set(b->events, &job->event, b->events->now_ns + ns) < 0) {
		b->status = TAYRA_E_NOMEM;
		end(b, job, TAYRA_OUTCOME_ERROR);
		return;
	}
	tayra__list_push_back(&b->door, &job->link);
	b->coming++;
}

static bool
over_the_rate(struct tayra__backend *b)
{
	double since_s = (double)(b->events->now_ns - b->tokens_ns) / 1e9;

	if (b->shape.limit_per_s <= 0)
		return false;
	b->tokens = fmin(b->shape.burst, b->tokens + since_s * b->shape.limit_per_s);
	b->tokens_ns = b->events->now_ns;
	if (b->tokens < 1)
		return true;
	b->tokens--;
	return false;
}

static uint64_t
delay_ns(struct tayra__backend *b)
{
	double ns = (double)b->shape.delay_ns;

	if (b->shape.jitter > 0)
		ns *= exp(b->shape.jitter * tayra__rng_normal(&b->rng));
	return (uint64_t)fmin(ns, 1e15);
}

void
tayra__backend_start(struct tayra__backend *b, struct tayra__job *job, double work)
{
	const struct tayra__backend_shape *s = &b->shape;

	job->backend = b;
	job->work = work;
	if (b->dead)
		end(b, job, TAYRA_OUTCOME_ERROR);
	else if (s->errors > 0 && tayra__rng_unit(&b->rng) < s->errors)
		hold_up(b, job, (enum tayra_outcome)s->error, s->error_ns);
	else if (over_the_rate(b))
		hold_up(b, job, TAYRA_OUTCOME_OVERLOAD, s->error_ns);
	else if (s->delay_ns)
		hold_up(b, job, TAYRA_OUTCOME_OK, delay_ns(b));
	else
		go_in(b, job);
}

void
tayra__backend_init(struct tayra__backend *backend, struct tayra__events *events,
		    const struct tayra__backend_shape *shape, uint64_t seed)
{
	*backend = (struct tayra__backend){
		.shape = *shape,
		.speed = 1,
		.events = events,
		.next = { .fire = on_next },
		.linger = { .fire = on_linger },
		.since_ns = events->now_ns,
		.tokens = shape->burst,
		.tokens_ns = events->now_ns,
	};
	tayra__rng_init(&backend->rng, seed);
	tayra__heap_init(&backend->jobs);
	tayra__list_init(&backend->line);
	tayra__list_init(&backend->door);
}

void
tayra__backend_fini(struct tayra__backend *backend)
{
	tayra__events_unset(backend->events, &backend->next);
	tayra__events_unset(backend->events, &backend->linger);
	tayra__heap_fini(&backend->jobs);
}

size_t
tayra__backend_inside(const struct tayra__backend *b)
{
	return b->jobs.count + b->waiting + b->coming;
}

void
tayra__backend_set_speed(struct tayra__backend *b, double speed)
{
	catch_up(b);
	b->speed = speed;
	plan(b);
}

void
tayra__backend_set_shape(struct tayra__backend *b, const struct tayra__backend_shape *shape)
{
	catch_up(b);
	b->shape = *shape;
	note_convoy(b);
	fill(b); /* there may be more servers */
	plan(b);
}

void
tayra__backend_set_hung(struct tayra__backend *b, bool hung)
{
	catch_up(b);
	b->hung = hung;
	plan(b);
}

static struct tayra__job *
any_inside(struct tayra__backend *b)
{
	struct tayra__heap_node *node = tayra__heap_pop(&b->jobs);
	struct tayra__list *link;
	struct tayra__job *job;

	if (node)
		return TAYRA__LIST_ENTRY(node, struct tayra__job, node);
	if (b->waiting)
		return next_in_line(b);
	link = tayra__list_pop_front(&b->door);
	if (!link)
		return NULL;
	job = TAYRA__LIST_ENTRY(link, struct tayra__job, link);
	b->coming--;
	tayra__events_unset(b->events, &job->event);
	return job;
}

void
tayra__backend_set_dead(struct tayra__backend *b, bool dead)
{
	struct tayra__job *job;

	catch_up(b);
	b->dead = dead;
	if (dead) {
		while ((job = any_inside(b)))
			end(b, job, TAYRA_OUTCOME_ERROR);
		tayra__events_unset(b->events, &b->linger);
		note_convoy(b);
	}
	plan(b);
}
