/* SPDX-License-Identifier: Apache-2.0 */
#include <tayra/pace.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <poll.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

#define SECOND TAYRA_NS_PER_S
#define MS     TAYRA_NS_PER_MS

static uint64_t
now(void)
{
	return tayra__clock_mono_ns(tayra_clock_real());
}

/* One executor, one kind, and what its calls were like. */
struct desk {
	struct tayra_executor *ex;
	struct tayra_pace *pace; /* NULL: the executor's own */
	struct tayra_task_kind *kind;
	struct tayra_task holder; /* keeps the only thread and slot until `open` */
	_Atomic bool open, held;
	_Atomic bool shut; /* calls do not return */
	_Atomic unsigned calls, tasks;
	unsigned sizes[64];
	uint32_t inflight[64]; /* in pace, while the call was on */
	int answer;
	int (*also)(struct desk *desk); /* inside a call */
};

/* What a task asks for: twice its number. */
struct question {
	struct tayra_task task;
	int number, twice, fate; /* fate: of its own, if not PENDING */
	unsigned call;           /* which answered */
	unsigned asked;          /* how often */
};

static int
answer_all(void *ctx, void *const *args, int *statuses, size_t n)
{
	struct desk *desk = ctx;
	struct tayra_pace_stats stats = TAYRA_PACE_STATS_INIT;
	unsigned call = atomic_fetch_add(&desk->calls, 1);

	if (desk->pace)
		tayra_pace_stats(desk->pace, &stats);
	if (call < 64) {
		desk->sizes[call] = (unsigned)n;
		desk->inflight[call] = stats.inflight;
	}
	while (atomic_load(&desk->shut))
		usleep(100);
	if (desk->also)
		desk->also(desk);
	for (size_t i = 0; i < n; i++) {
		struct question *q = args[i];

		q->twice = 2 * q->number;
		q->call = call;
		q->asked++;
		if (q->fate != TAYRA_PENDING)
			statuses[i] = q->fate;
	}
	atomic_fetch_add(&desk->tasks, (unsigned)n);
	return desk->answer;
}

static int
hold(void *arg)
{
	struct desk *desk = arg;

	atomic_store(&desk->held, true);
	while (!atomic_load(&desk->open))
		usleep(100);
	return TAYRA_OK;
}

static void
occupy(struct desk *desk, uint32_t cost)
{
	assert_int_equal(tayra_executor_drain(desk->ex, 20 * SECOND),
			 TAYRA_OK); /* an earlier one */
	atomic_store(&desk->open, false);
	atomic_store(&desk->held, false);
	desk->holder = (struct tayra_task){ .fn = hold, .arg = desk, .cost = cost };
	assert_int_equal(tayra_submit(desk->ex, &desk->holder), TAYRA_OK);
	while (!atomic_load(&desk->held))
		usleep(100);
}

static struct tayra_pace *
fixed(double limit, uint32_t queue_max)
{
	struct tayra_pace_options options = TAYRA_PACE_OPTIONS_INIT;
	struct tayra_pace *pace;

	options.limiter = TAYRA_LIMITER_FIXED;
	options.limit = limit;
	options.queue_max = queue_max;
	options.codel_target_ns = options.window_ns = 60 * SECOND;
	assert_int_equal(tayra_pace_create(&options, &pace), TAYRA_OK);
	return pace;
}

/* Time that only goes when it is told to. */
static _Atomic uint64_t hand_ns = 1000 * SECOND;

static uint64_t
read_hand(void *ctx)
{
	return atomic_load(&hand_ns);
}

static const struct tayra_clock by_hand = { .mono_ns = read_hand };

static struct desk *
open_desk_at(const struct tayra_clock *clock, uint32_t threads, struct tayra_pace *pace,
	     uint32_t max_batch, uint64_t max_wait_ns)
{
	static struct desk desk;
	struct tayra_executor_options options = TAYRA_EXECUTOR_OPTIONS_INIT;
	struct tayra_task_kind_options kind = TAYRA_TASK_KIND_OPTIONS_INIT;

	desk = (struct desk){ .pace = pace };
	options.threads = threads;
	options.pace = pace;
	options.clock = clock;
	assert_int_equal(tayra_executor_create(&options, &desk.ex), TAYRA_OK);
	kind.call = answer_all;
	kind.ctx = &desk;
	kind.max_batch = max_batch;
	kind.max_wait_ns = max_wait_ns;
	assert_int_equal(tayra_task_kind_create(desk.ex, &kind, &desk.kind), TAYRA_OK);
	return &desk;
}

static struct desk *
open_desk(uint32_t threads, struct tayra_pace *pace, uint32_t max_batch, uint64_t max_wait_ns)
{
	return open_desk_at(NULL, threads, pace, max_batch, max_wait_ns);
}

static struct tayra_executor_stats
stats_of(struct desk *desk)
{
	struct tayra_executor_stats stats = TAYRA_EXECUTOR_STATS_INIT;

	tayra_executor_stats(desk->ex, &stats);
	return stats;
}

/* Every task submitted has ended in one way, and nothing is left in pace. */
static void
close_desk(struct desk *desk)
{
	struct tayra_executor_stats stats;
	struct tayra_pace_stats pace = TAYRA_PACE_STATS_INIT;

	atomic_store(&desk->open, true);
	assert_int_equal(tayra_executor_drain(desk->ex, 20 * SECOND), TAYRA_OK);
	stats = stats_of(desk);
	assert_int_equal(stats.submitted, stats.ran + stats.cancelled + stats.shed);
	assert_int_equal(stats.waiting + stats.running, 0);
	assert_int_equal(stats.calls, atomic_load(&desk->calls));
	assert_int_equal(tayra_executor_destroy(desk->ex), TAYRA_OK);
	if (!desk->pace)
		return;
	tayra_pace_stats(desk->pace, &pace);
	assert_int_equal(pace.inflight, 0);
	tayra_pace_destroy(desk->pace);
}

static struct question *
ask(struct desk *desk, struct question *q, int number)
{
	*q = (struct question){
		.task = { .arg = q, .kind = desk->kind },
		.number = number,
		.fate = TAYRA_PENDING,
	};
	return q;
}

static void
submit(struct desk *desk, struct question *q)
{
	assert_int_equal(tayra_submit(desk->ex, &q->task), TAYRA_OK);
}

static void
submit_all(struct desk *desk, struct question *q, int n)
{
	for (int i = 0; i < n; i++)
		submit(desk, ask(desk, &q[i], i));
}

static void
await(struct desk *desk, struct question *q, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_int_equal(tayra_task_wait(desk->ex, &q[i].task, 1, 20 * SECOND), TAYRA_OK);
}

static void
let_go(struct desk *desk, struct question *q, size_t n)
{
	atomic_store(&desk->open, true);
	await(desk, q, n);
}

static void
like_tasks_that_wait_go_in_one_call(void **state)
{
	struct desk *desk = open_desk(1, NULL, 0, 0);
	struct question q[10];

	occupy(desk, 0);
	submit_all(desk, q, 10);
	assert_int_equal(stats_of(desk).waiting, 10);
	let_go(desk, q, 10);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(q[i].task.status, TAYRA_OK);
		assert_int_equal(q[i].twice, 2 * i);
		assert_int_equal(q[i].asked, 1);
	}
	assert_int_equal(desk->calls, 1);
	assert_int_equal(stats_of(desk).submitted, 11);
	close_desk(desk);
}

static void
a_task_that_finds_nobody_goes_at_once(void **state)
{
	struct desk *desk = open_desk(2, NULL, 0, 0);
	struct question q;

	for (int i = 0; i < 100; i++) {
		submit(desk, ask(desk, &q, i));
		await(desk, &q, 1);
		assert_int_equal(q.twice, 2 * i);
	}
	assert_int_equal(desk->calls, 100);
	close_desk(desk);
}

static int
submit_batch(struct desk *desk, struct question *q, int n)
{
	static struct tayra_task tasks[1000]; /* a batch is an array of tasks */
	int status;

	for (int i = 0; i < n; i++) {
		tasks[i] = ask(desk, &q[i], i)->task;
		tasks[i].arg = &q[i];
	}
	status = tayra_submit_batch(desk->ex, tasks, (size_t)n);
	assert_int_equal(tayra_task_wait(desk->ex, tasks, (size_t)n, 20 * SECOND), TAYRA_OK);
	for (int i = 0; i < n; i++)
		q[i].task.status = tasks[i].status;
	return status;
}

static void
a_batch_goes_in_as_few_calls_as_it_fits(void **state)
{
	static struct question q[100];
	unsigned calls = 0;

	/* A timer that is up already may find half of them. */
	for (int tries = 0; tries < 20 && calls != 2; tries++) {
		struct desk *desk = open_desk(4, NULL, 0, 0);

		usleep(1000);
		assert_int_equal(submit_batch(desk, q, 100), TAYRA_OK);
		calls = desk->calls;
		close_desk(desk);
		assert_in_range(calls, 2, 100);
		assert_int_equal(desk->tasks, 100);
	}
	assert_int_equal(calls, 2);
}

static void
each_has_its_own_status_and_the_rest_that_of_the_call(void **state)
{
	struct desk *desk = open_desk(1, fixed(1, 100), 0, 0);
	struct tayra_pace_stats stats = TAYRA_PACE_STATS_INIT;
	struct question q[4];

	occupy(desk, 0);
	submit_all(desk, q, 4);
	q[1].fate = TAYRA_E_NOT_FOUND;
	q[2].fate = 7;
	desk->answer = TAYRA_E_ORIGIN;
	let_go(desk, q, 4);
	assert_int_equal(q[0].task.status, TAYRA_E_ORIGIN);
	assert_int_equal(q[1].task.status, TAYRA_E_NOT_FOUND);
	assert_int_equal(q[2].task.status, 7);
	assert_int_equal(q[3].task.status, TAYRA_E_ORIGIN);
	tayra_pace_stats(desk->pace, &stats);
	assert_int_equal(stats.outcomes[TAYRA_OUTCOME_ERROR], 1); /* one call is one answer */
	close_desk(desk);
}

static void
a_call_costs_the_sum_of_its_tasks(void **state)
{
	struct desk *desk = open_desk(2, fixed(20, 100), 0, 0);
	const uint32_t costs[] = { 3, 0, 2, 4 };
	struct question q[4];

	occupy(desk, 20);
	for (int i = 0; i < 4; i++) {
		ask(desk, &q[i], i)->task.cost = costs[i];
		submit(desk, &q[i]);
	}
	let_go(desk, q, 4);
	assert_int_equal(desk->calls, 1);
	assert_int_equal(desk->inflight[0], 9);
	/* Those that cost nothing still take a slot together. */
	occupy(desk, 20);
	submit_all(desk, q, 4);
	let_go(desk, q, 4);
	assert_int_equal(desk->calls, 2);
	assert_int_equal(desk->inflight[1], 1);
	close_desk(desk);
}

static void
what_costs_too_much_together_goes_in_more_calls(void **state)
{
	struct desk *desk = open_desk(1, fixed(1, 100), 0, 0);
	struct question q[3];

	occupy(desk, 0);
	for (int i = 0; i < 3; i++) {
		ask(desk, &q[i], i)->task.cost = 600;
		submit(desk, &q[i]);
	}
	let_go(desk, q, 3);
	assert_int_equal(desk->calls, 3);
	assert_int_equal(desk->inflight[0], 600);
	close_desk(desk);
}

/* The calls on their way are paid for, but each for less than the one that is left. */
static void
a_costly_one_is_not_left_behind(void **state)
{
	struct desk *desk = open_desk(1, fixed(8, 100), 2, 0);
	struct question q[9];

	occupy(desk, 8);
	for (int i = 0; i < 9; i++) {
		ask(desk, &q[i], i)->task.cost = i < 8 ? 1 : 8;
		submit(desk, &q[i]);
	}
	for (int i = 0; i < 8; i++)
		assert_true(tayra_task_cancel(desk->ex, &q[i].task));
	/* It joins: what is paid would do for both, in parts. */
	ask(desk, &q[0], 0)->task.cost = 7;
	submit(desk, &q[0]);
	atomic_store(&desk->open, true);
	assert_int_equal(tayra_task_wait(desk->ex, &q[8].task, 1, 5 * SECOND), TAYRA_OK);
	assert_int_equal(tayra_task_wait(desk->ex, &q[0].task, 1, 5 * SECOND), TAYRA_OK);
	assert_int_equal(q[8].asked + q[0].asked, 2);
	close_desk(desk);
}

static void
one_that_is_cancelled_leaves_the_others(void **state)
{
	struct desk *desk = open_desk(1, NULL, 0, 0);
	struct question q[5];

	occupy(desk, 0);
	submit_all(desk, q, 5);
	assert_true(tayra_task_cancel(desk->ex, &q[0].task));
	assert_true(tayra_task_cancel(desk->ex, &q[3].task));
	assert_int_equal(q[0].task.status, TAYRA_E_CANCELLED); /* at once */
	assert_int_equal(stats_of(desk).waiting, 3);
	let_go(desk, q, 5);
	assert_int_equal(desk->calls, 1);
	assert_int_equal(desk->sizes[0], 3);
	assert_int_equal(q[0].asked + q[3].asked, 0);
	assert_false(tayra_task_cancel(desk->ex, &q[1].task));
	/* All of them: the call finds nobody, and is not made. */
	occupy(desk, 0);
	submit(desk, ask(desk, &q[0], 0));
	assert_true(tayra_task_cancel(desk->ex, &q[0].task));
	close_desk(desk);
	assert_int_equal(desk->calls, 1);
}

static void
a_deadline_is_its_own(void **state)
{
	struct desk *desk = open_desk(1, NULL, 0, 0);
	struct question q[3], late;

	occupy(desk, 0);
	for (int i = 0; i < 3; i++)
		ask(desk, &q[i], i)->task.deadline_ns = now() + (i == 1 ? 30 * MS : 60 * SECOND);
	ask(desk, &late, 0)->task.deadline_ns = 1;
	/* The first to come has the nearest: the call must not go with it. */
	submit(desk, &q[1]);
	submit(desk, &q[0]);
	submit(desk, &q[2]);
	assert_int_equal(tayra_submit(desk->ex, &late.task), TAYRA_E_TIMEOUT);
	assert_int_equal(tayra_task_wait(desk->ex, &q[1].task, 1, 20 * SECOND), TAYRA_OK);
	assert_int_equal(q[1].task.status, TAYRA_E_TIMEOUT);
	assert_false(atomic_load(&desk->open));
	let_go(desk, q, 3);
	assert_int_equal(q[0].task.status, TAYRA_OK);
	assert_int_equal(q[2].task.status, TAYRA_OK);
	assert_int_equal(desk->calls, 1);
	assert_int_equal(q[1].asked, 0);
	close_desk(desk);
}

static void
what_is_late_when_its_turn_comes_is_left_out(void **state)
{
	for (int i = 0; i < 20; i++) {
		struct desk *desk = open_desk_at(&by_hand, 1, NULL, 0, 0);
		struct question late, later;

		occupy(desk, 0);
		ask(desk, &late, 1)->task.deadline_ns = atomic_load(&hand_ns) + 10;
		ask(desk, &later, 2)->task.deadline_ns = atomic_load(&hand_ns) + 1000 * SECOND;
		submit(desk, &late);
		submit(desk, &later);
		atomic_fetch_add(&hand_ns, 10); /* most often before the timer sees it */
		let_go(desk, &late, 1);
		await(desk, &later, 1);
		assert_int_equal(late.task.status, TAYRA_E_TIMEOUT);
		assert_int_equal(late.asked, 0);
		assert_int_equal(later.task.status, TAYRA_OK);
		close_desk(desk);
	}
}

/* Pace is told the time before the executor is: so it is the carrier that is shed, and not they. */
static void
who_loses_a_late_carrier_ends_once_all_the_same(void **state)
{
	const uint64_t t = atomic_load(&hand_ns), shed_at[] = { t + 350 * MS, t + 500 * MS };
	const enum tayra_shed whys[] = { TAYRA_SHED_HOPELESS, TAYRA_SHED_EXPIRED };

	for (int i = 0; i < 2; i++, atomic_store(&hand_ns, t)) {
		struct desk *desk = open_desk_at(&by_hand, 1, fixed(1, 100), 0, 0);
		struct tayra_pace_stats stats = TAYRA_PACE_STATS_INIT;
		struct tayra_task *out[5], sample = { 0 };
		struct tayra_task_queue *queue;
		struct question q[4];

		/* It takes 100 ms, give or take 50: 200 are too few. */
		tayra_pace_try_enter(desk->pace, &(struct tayra_pace_request){ 0 }, t - 100 * MS,
				     &sample.ticket);
		tayra_pace_leave(desk->pace, &sample.ticket, TAYRA_OUTCOME_OK, t);
		assert_int_equal(tayra_task_queue_create(&queue), TAYRA_OK);
		occupy(desk, 0);
		for (int k = 0; k < 4; k++) {
			ask(desk, &q[k], k)->task.queue = queue;
			q[k].task.deadline_ns = t + (k == 3 ? 60 * SECOND : 500 * MS);
			if (k < 3)
				submit(desk, &q[k]);
		}
		tayra_pace_tick(desk->pace, shed_at[i]);
		tayra_pace_stats(desk->pace, &stats);
		assert_int_equal(stats.shed[TAYRA_NORMAL - 1][whys[i]], 1);
		assert_int_equal(stats.queued[TAYRA_NORMAL - 1], 1); /* another is on its way */
		assert_int_equal(stats_of(desk).waiting, 3);
		submit(desk, &q[3]); /* for whom it is not too late */
		atomic_store(&hand_ns, t + 500 * MS);
		for (size_t ended = 0; ended < 3; usleep(100))
			ended += tayra_task_queue_drain(queue, &out[ended], 5 - ended);
		for (int k = 0; k < 3; k++)
			assert_int_equal(q[k].task.status, TAYRA_E_TIMEOUT);
		close_desk(desk);
		assert_int_equal(tayra_task_queue_drain(queue, out, 5), 1);
		assert_int_equal(q[3].task.status, TAYRA_OK);
		assert_int_equal(q[3].asked, desk->tasks);
		tayra_task_queue_destroy(queue);
	}
}

/* A carrier whose first passengers are all too late is given up; who came since gets another. */
static void
a_later_deadline_survives_an_earlier_call(void **state)
{
	struct desk *desk = open_desk(1, fixed(1, 100), 1, 0);
	struct question q[2];

	occupy(desk, 0);
	ask(desk, &q[0], 0)->task.deadline_ns = now() + 20 * MS;
	ask(desk, &q[1], 1)->task.deadline_ns = now() + 60 * SECOND;
	submit(desk, &q[0]);
	submit(desk, &q[1]);
	await(desk, q, 1);
	assert_int_equal(q[0].task.status, TAYRA_E_TIMEOUT);
	usleep(30000);
	assert_int_equal(q[1].task.status, TAYRA_PENDING);
	let_go(desk, q, 2);
	assert_int_equal(q[1].task.status, TAYRA_OK);
	close_desk(desk);
}

static void
a_full_queue_refuses_at_the_door(void **state)
{
	struct desk *desk = open_desk(1, fixed(1, 10), 4, 0);
	static struct question q[30];
	static struct tayra_task tasks[30];
	struct tayra_task_queue *queue;
	struct tayra_task *out[30];
	unsigned refused = 0;

	assert_int_equal(tayra_task_queue_create(&queue), TAYRA_OK);
	occupy(desk, 0);
	for (int i = 0; i < 30; i++) {
		ask(desk, &q[i], i)->task.queue = queue;
		tasks[i] = q[i].task;
	}
	assert_int_equal(tayra_submit_batch(desk->ex, tasks, 30), TAYRA_E_OVERLOAD);
	assert_int_equal(tayra_task_queue_drain(queue, out, 30), 20);
	for (int i = 0; i < 30; i++)
		refused += tasks[i].status == TAYRA_E_OVERLOAD &&
			   tasks[i].ticket.retry_after_ns > 0;
	assert_int_equal(refused, 20);
	/* Alone it is simply refused. */
	assert_int_equal(tayra_submit(desk->ex, &tasks[29]), TAYRA_E_OVERLOAD);
	assert_int_equal(tayra_task_queue_drain(queue, out, 30), 0);
	assert_int_equal(stats_of(desk).refused, 21);
	close_desk(desk);
	assert_int_equal(tayra_task_queue_drain(queue, out, 30), 10);
	assert_int_equal(desk->calls, 3);
	tayra_task_queue_destroy(queue);
}

static void
what_pace_turns_away_ends_with_the_reason(void **state)
{
	struct desk *desk = open_desk(1, fixed(1, TAYRA_QUEUE_NONE), 0, 0);
	struct question q[3];

	occupy(desk, 0);
	for (int i = 0; i < 3; i++) {
		submit(desk, ask(desk, &q[i], i));
		await(desk, &q[i], 1);
		assert_int_equal(q[i].task.status, TAYRA_E_OVERLOAD);
		assert_true(q[i].task.ticket.retry_after_ns > 0);
	}
	assert_int_equal(stats_of(desk).shed, 3);
	atomic_store(&desk->open, true);
	assert_int_equal(tayra_executor_drain(desk->ex, 20 * SECOND), TAYRA_OK);
	submit(desk, ask(desk, &q[0], 1));
	await(desk, q, 1);
	assert_int_equal(q[0].task.status, TAYRA_OK);
	close_desk(desk);
}

static void
tenants_take_turns_inside_a_kind(void **state)
{
	struct desk *desk = open_desk(1, NULL, 4, 0);
	struct question q[24];

	occupy(desk, 0);
	for (int i = 0; i < 24; i++) {
		ask(desk, &q[i], i)->task.tenant = i < 20 ? 1 : 2;
		submit(desk, &q[i]);
	}
	let_go(desk, q, 24);
	for (int i = 20; i < 24; i++)
		assert_in_range(q[i].call, 0, 2);
	assert_int_equal(desk->calls, 6);
	close_desk(desk);
}

static void
classes_do_not_mix_and_the_higher_goes_first(void **state)
{
	struct desk *desk = open_desk(1, NULL, 0, 0);
	struct question q[8];

	occupy(desk, 0);
	for (int i = 0; i < 8; i++) {
		ask(desk, &q[i], i)->task.cls = i % 2 ? TAYRA_CRITICAL : TAYRA_BACKGROUND;
		submit(desk, &q[i]);
	}
	let_go(desk, q, 8);
	for (int i = 0; i < 8; i++)
		assert_int_equal(q[i].call, i % 2 ? 0 : 1);
	assert_int_equal(desk->calls, 2);
	close_desk(desk);
}

static void
one_that_is_not_full_waits_for_more_and_no_longer(void **state)
{
	struct desk *desk = open_desk(2, NULL, 3, 200 * MS);
	struct question q[4];
	uint64_t began = now();

	submit(desk, ask(desk, &q[0], 0));
	usleep(5000);
	submit(desk, ask(desk, &q[1], 1));
	await(desk, q, 2);
	assert_true(now() - began >= 200 * MS);
	assert_int_equal(desk->calls, 1);
	close_desk(desk);
	/* A full one does not wait; nor does it take with it who came after. */
	desk = open_desk(2, NULL, 3, 1000 * SECOND);
	submit_all(desk, q, 4);
	await(desk, q, 3);
	assert_int_equal(desk->sizes[0], 3);
	assert_int_equal(tayra_task_wait(desk->ex, &q[3].task, 1, 5 * MS), TAYRA_E_TIMEOUT);
	assert_true(tayra_task_cancel(desk->ex, &q[3].task));
	close_desk(desk);
}

/* Calls from inside a call. */
static struct question inner[2], waits;
static struct {
	int submit, batch, wait, drain, destroy;
	bool cancel_waiting, cancel_running;
} told;
static struct question *running;

static int
look_inside(struct desk *desk)
{
	desk->also = NULL;
	told.submit = tayra_submit(desk->ex, &ask(desk, &inner[0], 50)->task);
	told.batch = tayra_submit_batch(desk->ex, &ask(desk, &inner[1], 51)->task, 1);
	told.wait = tayra_task_wait(desk->ex, &inner[0].task, 1, SECOND);
	told.drain = tayra_executor_drain(desk->ex, SECOND);
	told.destroy = tayra_executor_destroy(desk->ex);
	told.cancel_waiting = tayra_task_cancel(desk->ex, &waits.task);
	told.cancel_running = tayra_task_cancel(desk->ex, &running->task);
	return TAYRA_OK;
}

static void
a_call_may_submit_and_cancel_and_is_refused_to_wait(void **state)
{
	struct desk *desk = open_desk(1, NULL, 1, 0);
	struct question q;

	occupy(desk, 0);
	running = ask(desk, &q, 1);
	submit(desk, &q);
	submit(desk, ask(desk, &waits, 2));
	desk->also = look_inside;
	let_go(desk, &q, 1);
	assert_int_equal(tayra_executor_drain(desk->ex, 20 * SECOND), TAYRA_OK);
	assert_int_equal(told.submit, TAYRA_OK);
	assert_int_equal(told.batch, TAYRA_OK);
	assert_int_equal(told.wait, TAYRA_E_WOULD_DEADLOCK);
	assert_int_equal(told.drain, TAYRA_E_WOULD_DEADLOCK);
	assert_int_equal(told.destroy, TAYRA_E_WOULD_DEADLOCK);
	assert_true(told.cancel_waiting);
	assert_false(told.cancel_running);
	assert_int_equal(q.task.status, TAYRA_OK);
	assert_int_equal(waits.task.status, TAYRA_E_CANCELLED);
	assert_int_equal(inner[0].twice + inner[1].twice, 202);
	close_desk(desk);
}

static int
open_later(struct desk *desk)
{
	usleep(20000);
	return TAYRA_OK;
}

static void
destroy_ends_tasks_in_every_state(void **state)
{
	/* Let in beyond the threads: some are ready, some in pace, some wait for max_wait_ns. */
	struct desk *desk = open_desk(2, fixed(4, 100), 2, 1000 * SECOND);
	static struct question q[41];
	struct tayra_task_queue *queue;
	struct tayra_task *out[41];
	unsigned cancelled = 0, ran = 0;
	struct tayra_pace *pace = desk->pace;

	assert_int_equal(tayra_task_queue_create(&queue), TAYRA_OK);
	atomic_store(&desk->shut, true);
	desk->also = open_later;
	for (int i = 0; i < 41; i++) {
		ask(desk, &q[i], i)->task.queue = queue;
		submit(desk, &q[i]);
	}
	while (atomic_load(&desk->calls) < 2)
		usleep(100);
	atomic_store(&desk->shut, false);
	assert_int_equal(tayra_executor_destroy(desk->ex), TAYRA_OK);
	assert_int_equal(tayra_task_queue_drain(queue, out, 41), 41);
	for (int i = 0; i < 41; i++) {
		cancelled += q[i].task.status == TAYRA_E_CANCELLED;
		ran += q[i].task.status == TAYRA_OK;
		assert_int_equal(q[i].asked, q[i].task.status == TAYRA_OK);
	}
	assert_int_equal(cancelled + ran, 41);
	assert_int_equal(ran, atomic_load(&desk->tasks));
	assert_true(ran >= 4);
	assert_true(cancelled >= 1);
	tayra_task_queue_destroy(queue);
	tayra_pace_destroy(pace); /* aborts where a ticket is left */
}

static void
gathering_and_calling_allocate_nothing(void **state)
{
	struct desk *desk = open_desk(2, NULL, 0, 0);
	static struct question q[500];

	tayra__mem_fail_after(UINT64_MAX);
	assert_int_equal(submit_batch(desk, q, 500), TAYRA_OK);
	assert_int_equal(tayra__mem_count(), 0);
	tayra__mem_fail_after(0);
	assert_int_equal(desk->tasks, 500);
	close_desk(desk);
}

static void
bad_kinds_are_refused(void **state)
{
	struct desk *desk = open_desk(1, NULL, 0, 0);
	struct tayra_task_kind_options options = TAYRA_TASK_KIND_OPTIONS_INIT;
	struct tayra_task_kind *kind = (void *)1;
	struct tayra_executor *other;
	struct question q;

	assert_int_equal(tayra_task_kind_create(desk->ex, &options, &kind), TAYRA_E_INVAL);
	assert_null(kind);
	options.call = answer_all;
	options.max_batch = TAYRA_BATCH_MAX + 1;
	assert_int_equal(tayra_task_kind_create(desk->ex, &options, &kind), TAYRA_E_INVAL);
	options.max_batch = 1;
	assert_int_equal(tayra_task_kind_create(NULL, &options, &kind), TAYRA_E_INVAL);
	assert_int_equal(tayra_task_kind_create(desk->ex, NULL, &kind), TAYRA_E_INVAL);
	assert_int_equal(tayra_task_kind_create(desk->ex, &options, NULL), TAYRA_E_INVAL);
	options.size = 0;
	assert_int_equal(tayra_task_kind_create(desk->ex, &options, &kind), TAYRA_E_INVAL);
	/* A kind of another executor; a class, level or cost there is not. */
	assert_int_equal(tayra_executor_create(NULL, &other), TAYRA_OK);
	assert_int_equal(tayra_submit(other, &ask(desk, &q, 1)->task), TAYRA_E_INVAL);
	q.task.cls = (enum tayra_class)9;
	assert_int_equal(tayra_submit(desk->ex, &q.task), TAYRA_E_INVAL);
	ask(desk, &q, 1)->task.level = 128;
	assert_int_equal(tayra_submit(desk->ex, &q.task), TAYRA_E_INVAL);
	ask(desk, &q, 1)->task.cost = TAYRA_COST_MAX + 1;
	assert_int_equal(tayra_submit(desk->ex, &q.task), TAYRA_E_INVAL);
	tayra_executor_destroy(other);
	close_desk(desk);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(like_tasks_that_wait_go_in_one_call),
		cmocka_unit_test(a_task_that_finds_nobody_goes_at_once),
		cmocka_unit_test(a_batch_goes_in_as_few_calls_as_it_fits),
		cmocka_unit_test(each_has_its_own_status_and_the_rest_that_of_the_call),
		cmocka_unit_test(a_call_costs_the_sum_of_its_tasks),
		cmocka_unit_test(what_costs_too_much_together_goes_in_more_calls),
		cmocka_unit_test(a_costly_one_is_not_left_behind),
		cmocka_unit_test(one_that_is_cancelled_leaves_the_others),
		cmocka_unit_test(a_deadline_is_its_own),
		cmocka_unit_test(what_is_late_when_its_turn_comes_is_left_out),
		cmocka_unit_test(who_loses_a_late_carrier_ends_once_all_the_same),
		cmocka_unit_test(a_later_deadline_survives_an_earlier_call),
		cmocka_unit_test(a_full_queue_refuses_at_the_door),
		cmocka_unit_test(what_pace_turns_away_ends_with_the_reason),
		cmocka_unit_test(tenants_take_turns_inside_a_kind),
		cmocka_unit_test(classes_do_not_mix_and_the_higher_goes_first),
		cmocka_unit_test(one_that_is_not_full_waits_for_more_and_no_longer),
		cmocka_unit_test(a_call_may_submit_and_cancel_and_is_refused_to_wait),
		cmocka_unit_test(destroy_ends_tasks_in_every_state),
		cmocka_unit_test(gathering_and_calling_allocate_nothing),
		cmocka_unit_test(bad_kinds_are_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
