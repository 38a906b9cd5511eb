/* SPDX-License-Identifier: Apache-2.0
 *
 * No permit is lost: random acquire, cancel, time-out and release, alone and in calls, on one pace,
 * and then it is empty.  A million operations; TAYRA_LONG=1: a hundred million.
 */
#include <tayra/pace.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/rng.h"

#define THREADS 3
#define HANDS   8 /* tickets of a thread that wait or are held at once */
#define TASKS   12
#define SHORT   1000000u
#define LONG    100000000u
#define LIMIT   6

/* A moment of a clock that goes on by what is done, so that deadlines pass however slow the machine
 * is. */
static _Atomic uint64_t moment = 1000 * TAYRA_NS_PER_S;

static uint64_t
read_moment(void *ctx)
{
	return atomic_fetch_add_explicit(&moment, 50, memory_order_relaxed);
}

static uint64_t
now(void)
{
	return read_moment(NULL);
}

enum { NONE, WAITS, TOLD_IN, TOLD_OUT };

struct hand {
	struct tayra_ticket ticket;
	_Atomic int told; /* by the callback: TOLD_* */
	bool waits, held;
};

struct task {
	struct tayra_task task;
	bool submitted;
};

struct hall {
	struct tayra_pace *pace;
	struct tayra_executor *ex;
	struct tayra_task_kind *kind;
	_Atomic uint64_t ops, todo;
	_Atomic uint64_t entered, left, refused, cancelled;
	_Atomic uint64_t wrong;
};

static struct hall hall;

struct walker {
	struct tayra__rng rng;
	struct hand hands[HANDS];
	struct task tasks[TASKS];
};

static void
note(_Atomic uint64_t *count)
{
	atomic_fetch_add_explicit(count, 1, memory_order_relaxed);
}

static void
on_decided(struct tayra_ticket *ticket, int status, void *arg)
{
	struct hand *hand = arg;

	if (atomic_exchange(&hand->told, status == TAYRA_OK ? TOLD_IN : TOLD_OUT) != WAITS)
		note(&hall.wrong);
}

static int
work(void *arg)
{
	note(&hall.ops);
	return TAYRA_OK;
}

static int
work_together(void *ctx, void *const *args, int *statuses, size_t n)
{
	atomic_fetch_add_explicit(&hall.ops, n, memory_order_relaxed);
	return n % 5 ? TAYRA_OK : TAYRA_E_TIMEOUT;
}

static struct tayra_pace_request
request_of(struct tayra__rng *rng, struct hand *hand)
{
	uint64_t within = tayra__rng_below(rng, 3) ? 0 : 100 + tayra__rng_below(rng, 20000);

	return (struct tayra_pace_request){
		.cls = (enum tayra_class)(1 + tayra__rng_below(rng, TAYRA_CLASSES)),
		.deadline_ns = within ? now() + within : 0,
		.decided = on_decided,
		.arg = hand,
		.tenant = tayra__rng_below(rng, 4),
		.level = (uint32_t)tayra__rng_below(rng, 128),
		.cost = 1 +
			(uint32_t)(tayra__rng_below(rng, 8) == 0 ? tayra__rng_below(rng, 8) : 0),
	};
}

static void
hold(struct hand *hand)
{
	hand->held = true;
	note(&hall.entered);
}

static void
acquire(struct hand *hand, struct tayra__rng *rng)
{
	const struct tayra_pace_request request = request_of(rng, hand);
	bool start = tayra__rng_below(rng, 3) > 0;
	int status;

	atomic_store(&hand->told, start ? WAITS : NONE);
	status = start ? tayra_pace_enter_start(hall.pace, &request, now(), &hand->ticket)
		       : tayra_pace_try_enter(hall.pace, &request, now(), &hand->ticket);
	if (status == TAYRA_OK)
		hold(hand);
	else if (status == TAYRA_PENDING)
		hand->waits = true;
	else
		note(&hall.refused);
}

static void
release(struct hand *hand, struct tayra__rng *rng)
{
	enum tayra_outcome outcome = (enum tayra_outcome)tayra__rng_below(rng, TAYRA_OUTCOMES);

	hand->held = false;
	note(&hall.left);
	tayra_pace_leave(hall.pace, &hand->ticket, outcome, now());
}

/* Has it been told, or can it be taken back? */
static void
look(struct hand *hand, bool give_up)
{
	int told = atomic_load(&hand->told);

	if (told == WAITS && give_up &&
	    tayra_pace_cancel(hall.pace, &hand->ticket, now()) == TAYRA_OK) {
		if (atomic_exchange(&hand->told, NONE) != WAITS)
			note(&hall.wrong); /* taken back, and told all the same */
		hand->waits = false;
		note(&hall.cancelled);
		return;
	}
	if (told == WAITS)
		return;
	hand->waits = false;
	if (told == TOLD_IN)
		hold(hand);
	else
		note(&hall.refused);
}

static void
step_hand(struct walker *w)
{
	struct hand *hand = &w->hands[tayra__rng_below(&w->rng, HANDS)];

	if (hand->held)
		release(hand, &w->rng);
	else if (hand->waits)
		look(hand, tayra__rng_below(&w->rng, 2) == 0);
	else
		acquire(hand, &w->rng);
}

static void
step_task(struct walker *w)
{
	struct task *task = &w->tasks[tayra__rng_below(&w->rng, TASKS)];
	const struct tayra_pace_request like = request_of(&w->rng, NULL);

	if (task->submitted) {
		if (tayra__rng_below(&w->rng, 2))
			tayra_task_cancel(hall.ex, &task->task);
		task->submitted = tayra_task_wait(hall.ex, &task->task, 1, 0) != TAYRA_OK;
		return;
	}
	task->task.fn = work;
	task->task.kind = tayra__rng_below(&w->rng, 2) ? hall.kind : NULL;
	task->task.cls = like.cls;
	task->task.deadline_ns = like.deadline_ns;
	task->task.tenant = like.tenant;
	task->task.level = like.level;
	task->task.cost = like.cost - (uint32_t)tayra__rng_below(&w->rng, 2);
	task->submitted = tayra_submit(hall.ex, &task->task) == TAYRA_OK;
}

static void
finish(struct walker *w)
{
	for (int i = 0; i < HANDS; i++) {
		struct hand *hand = &w->hands[i];

		while (hand->waits || hand->held) {
			if (hand->held)
				release(hand, &w->rng);
			else
				look(hand, true);
		}
	}
	for (int i = 0; i < TASKS; i++)
		while (w->tasks[i].submitted) {
			tayra_task_cancel(hall.ex, &w->tasks[i].task);
			w->tasks[i].submitted = tayra_task_wait(hall.ex, &w->tasks[i].task, 1,
								TAYRA_NS_PER_MS) != TAYRA_OK;
		}
}

static void *
walk(void *arg)
{
	struct walker *w = arg;
	const uint64_t todo = atomic_load(&hall.todo);

	while (atomic_fetch_add_explicit(&hall.ops, 1, memory_order_relaxed) < todo) {
		switch (tayra__rng_below(&w->rng, 256)) {
		case 0:
			tayra_pace_set_limit(hall.pace,
					     1 + (double)tayra__rng_below(&w->rng, LIMIT), now());
			break;
		case 1: tayra_pace_tick(hall.pace, now()); break;
		case 2:
			tayra_pace_set_mode(hall.pace,
					    (enum tayra_mode)(tayra__rng_below(&w->rng, 8) == 0
								      ? tayra__rng_below(&w->rng, 3)
								      : TAYRA_MODE_ENFORCE),
					    now());
			break;
		default:
			if (tayra__rng_below(&w->rng, 8))
				step_hand(w);
			else
				step_task(w);
		}
	}
	finish(w);
	return NULL;
}

static uint64_t
sum(const uint64_t *values, int n)
{
	uint64_t total = 0;

	while (n--)
		total += values[n];
	return total;
}

static void
set_up(void)
{
	static const struct tayra_clock clock = { .mono_ns = read_moment };
	struct tayra_pace_options options = TAYRA_PACE_OPTIONS_INIT;
	struct tayra_executor_options executor = TAYRA_EXECUTOR_OPTIONS_INIT;
	struct tayra_task_kind_options kind = TAYRA_TASK_KIND_OPTIONS_INIT;

	options.limiter = TAYRA_LIMITER_FIXED;
	options.limit = LIMIT;
	options.queue_max = 16;
	options.window_ns = 100000;
	options.codel_target_ns = 2000;
	options.codel_interval_ns = 20000;
	options.clock = &clock;
	assert_int_equal(tayra_pace_create(&options, &hall.pace), TAYRA_OK);
	executor.threads = 2;
	executor.pace = hall.pace;
	executor.clock = &clock;
	assert_int_equal(tayra_executor_create(&executor, &hall.ex), TAYRA_OK);
	kind.call = work_together;
	kind.max_batch = 4;
	assert_int_equal(tayra_task_kind_create(hall.ex, &kind, &hall.kind), TAYRA_OK);
}

static void
no_permit_is_lost(void **state)
{
	static struct walker walkers[THREADS];
	struct tayra_pace_stats stats = TAYRA_PACE_STATS_INIT;
	struct tayra_executor_stats tasks = TAYRA_EXECUTOR_STATS_INIT;
	struct tayra_ticket tickets[LIMIT] = { 0 }, one_more = { 0 };
	pthread_t threads[THREADS];
	uint64_t late = 0;

	set_up();
	atomic_store(&hall.todo, getenv("TAYRA_LONG") ? LONG : SHORT);
	for (int i = 0; i < THREADS; i++) {
		tayra__rng_init(&walkers[i].rng, (uint64_t)i + 1);
		assert_int_equal(pthread_create(&threads[i], NULL, walk, &walkers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(tayra_executor_drain(hall.ex, 60 * TAYRA_NS_PER_S), TAYRA_OK);
	tayra_executor_stats(hall.ex, &tasks);
	assert_int_equal(tayra_executor_destroy(hall.ex), TAYRA_OK);
	assert_int_equal(tasks.submitted, tasks.ran + tasks.cancelled + tasks.shed);
	tayra_pace_stats(hall.pace, &stats);
	assert_int_equal(atomic_load(&hall.wrong), 0);
	assert_int_equal(stats.inflight, 0);
	for (int c = 0; c < TAYRA_CLASSES; c++)
		assert_int_equal(stats.queued[c], 0);
	assert_int_equal(sum(stats.admitted, TAYRA_CLASSES), sum(stats.outcomes, TAYRA_OUTCOMES));
	assert_int_equal(atomic_load(&hall.entered), atomic_load(&hall.left));
	/* Each of these happened, and often. */
	assert_true(atomic_load(&hall.entered) > atomic_load(&hall.todo) / 50);
	assert_true(atomic_load(&hall.cancelled) > atomic_load(&hall.todo) / 1000);
	for (int c = 0; c < TAYRA_CLASSES; c++)
		late += stats.shed[c][TAYRA_SHED_EXPIRED] + stats.shed[c][TAYRA_SHED_HOPELESS];
	assert_true(late > 0 && atomic_load(&hall.refused) > 0);
	assert_true(tasks.ran > 0 && tasks.cancelled > 0 && tasks.calls > 0);
	/* And the limit is all there. */
	assert_int_equal(tayra_pace_set_mode(hall.pace, TAYRA_MODE_ENFORCE, now()), TAYRA_OK);
	assert_int_equal(tayra_pace_set_limit(hall.pace, LIMIT, now()), TAYRA_OK);
	for (int i = 0; i < LIMIT; i++)
		assert_int_equal(tayra_pace_try_enter(hall.pace, &(struct tayra_pace_request){ 0 },
						      now(), &tickets[i]),
				 TAYRA_OK);
	assert_int_equal(tayra_pace_try_enter(hall.pace, &(struct tayra_pace_request){ 0 }, now(),
					      &one_more),
			 TAYRA_E_OVERLOAD);
	for (int i = 0; i < LIMIT; i++)
		tayra_pace_leave(hall.pace, &tickets[i], TAYRA_OUTCOME_OK, now());
	tayra_pace_destroy(hall.pace);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_permit_is_lost),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
