/* SPDX-License-Identifier: Apache-2.0 */
#include <tayra/pace.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "holder.h"

static int
give(void *arg)
{
	return *(int *)arg;
}

static void
a_task_ends_with_what_its_function_returned(void **state)
{
	struct tayra_executor *ex = make(2);
	int values[] = { TAYRA_OK, 7, TAYRA_E_ORIGIN, TAYRA_E_TIMEOUT };

	for (size_t i = 0; i < 4; i++) {
		struct tayra_task task = { .fn = give, .arg = &values[i] };

		for (int again = 0; again < 2; again++) {
			assert_int_equal(tayra_submit(ex, &task), TAYRA_OK);
			assert_int_equal(tayra_task_wait(ex, &task, 1, SECOND), TAYRA_OK);
			assert_int_equal(task.status, values[i]);
		}
	}
	tayra_executor_destroy(ex);
}

static void
a_batch_of_1000_is_submitted_and_waited_for(void **state)
{
	struct tayra_executor *ex = make(3);
	struct tayra_executor_stats stats = TAYRA_EXECUTOR_STATS_INIT;
	static struct tayra_task tasks[1000];
	_Atomic unsigned ran = 0;

	for (int again = 0; again < 3; again++) {
		for (int i = 0; i < 1000; i++)
			tasks[i] = (struct tayra_task){ .fn = count, .arg = &ran };
		assert_int_equal(tayra_submit_batch(ex, tasks, 1000), TAYRA_OK);
		assert_int_equal(tayra_task_wait(ex, tasks, 1000, 10 * SECOND), TAYRA_OK);
		for (int i = 0; i < 1000; i++)
			assert_int_equal(tasks[i].status, TAYRA_OK);
	}
	assert_int_equal(ran, 3000);
	tayra_executor_stats(ex, &stats);
	assert_int_equal(stats.submitted, 3000);
	assert_int_equal(stats.ran, 3000);
	assert_int_equal(stats.waiting + stats.running, 0);
	tayra_executor_destroy(ex);
}

static void
what_a_batch_is_refused_has_ended_with_the_reason(void **state)
{
	struct tayra_executor_options options = TAYRA_EXECUTOR_OPTIONS_INIT;
	static struct tayra_task tasks[50], holder;
	struct gate gate = { 0 };
	struct tayra_executor *ex;
	_Atomic unsigned ran = 0;
	unsigned refused = 0;

	options.threads = 1;
	options.queue_max = 10;
	assert_int_equal(tayra_executor_create(&options, &ex), TAYRA_OK);
	occupy(ex, &gate, &holder);
	for (int i = 0; i < 50; i++)
		tasks[i] = (struct tayra_task){ .fn = i == 3 ? NULL : count, .arg = &ran };
	assert_int_equal(tayra_submit_batch(ex, tasks, 50), TAYRA_E_INVAL);
	assert_int_equal(tayra_submit_batch(ex, tasks + 20, 0), TAYRA_OK);
	atomic_store(&gate.open, true);
	assert_int_equal(tayra_task_wait(ex, tasks, 50, 5 * SECOND), TAYRA_OK);
	for (int i = 0; i < 50; i++) {
		refused += tasks[i].status == TAYRA_E_OVERLOAD;
		if (tasks[i].status == TAYRA_E_OVERLOAD)
			assert_true(tasks[i].ticket.retry_after_ns > 0);
	}
	assert_int_equal(tasks[3].status, TAYRA_E_INVAL);
	assert_int_equal(refused, 39);
	assert_int_equal(ran, 10);
	tayra_executor_destroy(ex);
}

static void
what_a_batch_is_refused_comes_out_of_its_queue_too(void **state)
{
	struct tayra_executor_options options = TAYRA_EXECUTOR_OPTIONS_INIT;
	static struct tayra_task tasks[20], holder;
	struct tayra_task_queue *queue;
	struct tayra_task *out[20];
	struct gate gate = { 0 };
	struct tayra_executor *ex;
	_Atomic unsigned ran = 0;

	options.threads = 1;
	options.queue_max = 5;
	assert_int_equal(tayra_executor_create(&options, &ex), TAYRA_OK);
	assert_int_equal(tayra_task_queue_create(&queue), TAYRA_OK);
	occupy(ex, &gate, &holder);
	for (int i = 0; i < 20; i++)
		tasks[i] = (struct tayra_task){ .fn = i == 7 ? NULL : count,
						.arg = &ran,
						.queue = queue };
	assert_int_equal(tayra_submit_batch(ex, tasks, 20), TAYRA_E_OVERLOAD);
	assert_int_equal(tayra_task_queue_drain(queue, out, 20), 15);
	assert_int_equal(tasks[5].status, TAYRA_E_OVERLOAD);
	assert_int_equal(tasks[7].status, TAYRA_E_INVAL);
	/* Alone it is simply refused. */
	tasks[5].status = TAYRA_OK;
	assert_int_equal(tayra_submit(ex, &tasks[5]), TAYRA_E_OVERLOAD);
	assert_int_equal(tayra_task_queue_drain(queue, out, 20), 0);
	atomic_store(&gate.open, true);
	assert_int_equal(tayra_executor_drain(ex, 5 * SECOND), TAYRA_OK);
	assert_int_equal(tayra_task_queue_drain(queue, out, 20), 5);
	tayra_executor_destroy(ex);
	tayra_task_queue_destroy(queue);
}

static void
a_long_queue_without_deadlines_is_not_shed(void **state)
{
	struct tayra_executor *ex = make(1);
	static struct tayra_task tasks[50], holder;
	struct gate gate = { 0 };
	_Atomic unsigned ran = 0;

	occupy(ex, &gate, &holder);
	for (int i = 0; i < 50; i++)
		tasks[i] = (struct tayra_task){ .fn = count, .arg = &ran };
	assert_int_equal(tayra_submit_batch(ex, tasks, 50), TAYRA_OK);
	usleep(250000); /* well over an interval of CoDel */
	atomic_store(&gate.open, true);
	assert_int_equal(tayra_executor_drain(ex, 5 * SECOND), TAYRA_OK);
	assert_int_equal(ran, 50);
	tayra_executor_destroy(ex);
}

/* In which order classes ran. */
struct turn {
	_Atomic unsigned *next;
	unsigned place;
};

static int
note_turn(void *arg)
{
	struct turn *turn = arg;

	turn->place = atomic_fetch_add(turn->next, 1);
	return TAYRA_OK;
}

static void
under_load_classes_run_by_share_and_none_starves(void **state)
{
	struct tayra_executor *ex = make(1);
	static struct tayra_task tasks[TAYRA_CLASSES][62], holder;
	static struct turn turns[TAYRA_CLASSES][62];
	unsigned first_62[TAYRA_CLASSES] = { 0 };
	const unsigned shares[TAYRA_CLASSES] = { 37, 13, 7, 3, 2 };
	struct gate gate = { 0 };
	_Atomic unsigned next = 0;

	occupy(ex, &gate, &holder);
	for (int c = TAYRA_CLASSES - 1; c >= 0; c--) /* the lowest come first */
		for (int i = 0; i < 62; i++) {
			turns[c][i].next = &next;
			tasks[c][i] = (struct tayra_task){ .fn = note_turn,
							   .arg = &turns[c][i],
							   .cls = (enum tayra_class)(c + 1) };
			assert_int_equal(tayra_submit(ex, &tasks[c][i]), TAYRA_OK);
		}
	atomic_store(&gate.open, true);
	assert_int_equal(tayra_executor_drain(ex, 5 * SECOND), TAYRA_OK);
	for (int c = 0; c < TAYRA_CLASSES; c++)
		for (int i = 0; i < 62; i++) {
			first_62[c] += turns[c][i].place < 62;
			if (i > 0) /* first come first served inside a class */
				assert_true(turns[c][i].place > turns[c][i - 1].place);
		}
	/* Give or take where the first cycle begins. */
	for (int c = 0; c < TAYRA_CLASSES; c++)
		assert_in_range(first_62[c], shares[c] - 1, shares[c] + 1);
	tayra_executor_destroy(ex);
}

static void
tenants_take_turns(void **state)
{
	struct tayra_executor *ex = make(1);
	static struct tayra_task tasks[60], holder;
	static struct turn turns[60];
	struct gate gate = { 0 };
	_Atomic unsigned next = 0, modest_first_10 = 0;

	occupy(ex, &gate, &holder);
	for (int i = 0; i < 60; i++) { /* a greedy one, then one with little to ask for */
		turns[i].next = &next;
		tasks[i] = (struct tayra_task){ .fn = note_turn,
						.arg = &turns[i],
						.tenant = i < 55 ? 1 : 2 };
		assert_int_equal(tayra_submit(ex, &tasks[i]), TAYRA_OK);
	}
	atomic_store(&gate.open, true);
	assert_int_equal(tayra_executor_drain(ex, 5 * SECOND), TAYRA_OK);
	for (int i = 55; i < 60; i++)
		modest_first_10 += turns[i].place <= 10;
	assert_int_equal(modest_first_10, 5);
	tayra_executor_destroy(ex);
}

static void
a_task_that_costs_as_much_as_there_is_runs_alone(void **state)
{
	struct tayra_executor *ex = make(4);
	struct tayra_task heavy, light[4];
	struct gate gate = { 0 };
	_Atomic unsigned ran = 0;

	heavy = (struct tayra_task){ .fn = stand, .arg = &gate, .cost = 4 };
	assert_int_equal(tayra_submit(ex, &heavy), TAYRA_OK);
	while (atomic_load(&gate.inside) == 0)
		usleep(100);
	for (int i = 0; i < 4; i++) {
		light[i] = (struct tayra_task){ .fn = count, .arg = &ran };
		assert_int_equal(tayra_submit(ex, &light[i]), TAYRA_OK);
	}
	/* Three threads have nothing to do. */
	assert_int_equal(tayra_task_wait(ex, light, 1, 20 * TAYRA_NS_PER_MS), TAYRA_E_TIMEOUT);
	assert_int_equal(ran, 0);
	atomic_store(&gate.open, true);
	assert_int_equal(tayra_task_wait(ex, light, 4, 5 * SECOND), TAYRA_OK);
	assert_int_equal(ran, 4);
	tayra_executor_destroy(ex);
}

/* The gate of an overloaded class sees the level of a task. */
static void
under_lasting_overload_the_least_important_are_refused(void **state)
{
	struct tayra_pace_options pace_options = TAYRA_PACE_OPTIONS_INIT;
	struct tayra_executor_options options = TAYRA_EXECUTOR_OPTIONS_INIT;
	static struct tayra_task tasks[2][4000];
	unsigned refused[2] = { 0 };
	struct tayra_pace_stats stats = TAYRA_PACE_STATS_INIT;
	struct tayra_executor *ex;
	struct gate gate = { 0 };
	struct tayra_task holder;
	_Atomic unsigned ran = 0;

	pace_options.limiter = TAYRA_LIMITER_FIXED;
	pace_options.limit = 1;
	pace_options.codel_target_ns = 40 * TAYRA_NS_PER_MS;
	pace_options.codel_interval_ns = 20 * TAYRA_NS_PER_MS;
	assert_int_equal(tayra_pace_create(&pace_options, &options.pace), TAYRA_OK);
	assert_int_equal(tayra_executor_create(&options, &ex), TAYRA_OK);
	occupy(ex, &gate, &holder);
	for (int i = 0; i < 4000 && stats.shed_level[TAYRA_NORMAL - 1] < 20; i++) {
		for (int level = 0; level < 2; level++) {
			struct tayra_task *task = &tasks[level][i];

			*task = (struct tayra_task){ .fn = count,
						     .arg = &ran,
						     .level = level ? 127 : 0 };
			refused[level] += tayra_submit(ex, task) == TAYRA_E_OVERLOAD;
		}
		usleep(1000);
		tayra_pace_stats(options.pace, &stats);
	}
	assert_true(stats.shed_level[TAYRA_NORMAL - 1] >= 20);
	assert_true(refused[1] > refused[0]);
	atomic_store(&gate.open, true);
	assert_int_equal(tayra_executor_drain(ex, 5 * SECOND), TAYRA_OK);
	tayra_executor_destroy(ex);
	tayra_pace_destroy(options.pace);
}

static void
a_deadline_that_passes_in_the_queue_ends_the_task_at_once(void **state)
{
	struct tayra_executor *ex = make(1);
	struct gate gate = { 0 };
	struct tayra_task holder, late, hopeless, patient;
	_Atomic unsigned ran = 0;

	occupy(ex, &gate, &holder);
	late = (struct tayra_task){ .fn = count,
				    .arg = &ran,
				    .deadline_ns = now() + 30 * TAYRA_NS_PER_MS };
	patient = (struct tayra_task){ .fn = count,
				       .arg = &ran,
				       .deadline_ns = now() + 60 * SECOND };
	hopeless = (struct tayra_task){ .fn = count, .arg = &ran, .deadline_ns = 1 };
	assert_int_equal(tayra_submit(ex, &late), TAYRA_OK);
	assert_int_equal(tayra_submit(ex, &patient), TAYRA_OK);
	assert_int_equal(tayra_submit(ex, &hopeless), TAYRA_E_TIMEOUT);
	/* The only thread is still taken. */
	assert_int_equal(tayra_task_wait(ex, &late, 1, 5 * SECOND), TAYRA_OK);
	assert_int_equal(late.status, TAYRA_E_TIMEOUT);
	assert_false(atomic_load(&gate.open));
	atomic_store(&gate.open, true);
	assert_int_equal(tayra_executor_drain(ex, 5 * SECOND), TAYRA_OK);
	assert_int_equal(patient.status, TAYRA_OK);
	assert_int_equal(ran, 1);
	tayra_executor_destroy(ex);
}

static void
ended_tasks_come_out_of_their_queue(void **state)
{
	struct tayra_executor *ex = make(2);
	struct tayra_task_queue *queue;
	static struct tayra_task tasks[100];
	struct tayra_task *out[30], holder;
	struct gate gate = { 0 }, second = { 0 };
	struct pollfd fd;
	_Atomic unsigned ran = 0;
	unsigned got = 0, cancelled = 0;

	assert_int_equal(tayra_task_queue_create(&queue), TAYRA_OK);
	fd = (struct pollfd){ .fd = tayra_task_queue_fd(queue), .events = POLLIN };
	assert_int_equal(poll(&fd, 1, 0), 0);
	assert_int_equal(tayra_task_queue_drain(queue, out, 30), 0);
	occupy(ex, &gate, &holder);
	for (int i = 0; i < 100; i++) {
		tasks[i] = (struct tayra_task){ .fn = i == 0 ? stand : count,
						.arg = i == 0 ? (void *)&second : (void *)&ran,
						.queue = queue };
		assert_int_equal(tayra_submit(ex, &tasks[i]), TAYRA_OK);
	}
	assert_int_equal(tayra_task_wait(ex, tasks, 1, 0), TAYRA_E_INVAL);
	assert_true(tayra_task_cancel(ex, &tasks[50]));
	assert_int_equal(poll(&fd, 1, 1000), 1);
	assert_int_equal(tayra_task_queue_drain(queue, out, 30), 1);
	assert_ptr_equal(out[0], &tasks[50]);
	assert_int_equal(poll(&fd, 1, 0), 0);
	atomic_store(&gate.open, true);
	atomic_store(&second.open, true);
	for (got = 1; got < 100;) {
		size_t n;

		assert_int_equal(poll(&fd, 1, 5000), 1);
		n = tayra_task_queue_drain(queue, out, 30);
		assert_true(n > 0);
		got += (unsigned)n;
	}
	for (int i = 0; i < 100; i++)
		cancelled += tasks[i].status == TAYRA_E_CANCELLED;
	assert_int_equal(cancelled, 1);
	assert_int_equal(ran, 98);
	assert_int_equal(poll(&fd, 1, 0), 0);
	tayra_executor_destroy(ex);
	tayra_task_queue_destroy(queue);
}

static void
a_cancelled_task_never_runs_and_a_running_one_cannot_be(void **state)
{
	struct tayra_executor *ex = make(1);
	struct tayra_task holder, task;
	struct gate gate = { 0 };
	_Atomic unsigned ran = 0;

	occupy(ex, &gate, &holder);
	task = (struct tayra_task){ .fn = count, .arg = &ran };
	assert_false(tayra_task_cancel(ex, &task)); /* not submitted */
	assert_int_equal(tayra_submit(ex, &task), TAYRA_OK);
	assert_true(tayra_task_cancel(ex, &task));
	assert_int_equal(tayra_task_wait(ex, &task, 1, SECOND), TAYRA_OK);
	assert_int_equal(task.status, TAYRA_E_CANCELLED);
	assert_false(tayra_task_cancel(ex, &task));
	assert_false(tayra_task_cancel(ex, &holder));
	atomic_store(&gate.open, true);
	assert_int_equal(tayra_executor_drain(ex, 5 * SECOND), TAYRA_OK);
	assert_int_equal(holder.status, TAYRA_OK);
	assert_int_equal(ran, 0);
	tayra_executor_destroy(ex);
}

/* A clock that is a second thread's cancel between a task's being submitted and being queued. */
struct meddler {
	struct tayra_executor *ex;
	struct tayra_task *victim;
	bool promised;
};

static _Thread_local bool meddling; /* only the thread that submits */

static uint64_t
cancel_and_tell_time(void *ctx)
{
	struct meddler *meddler = ctx;

	if (meddling) {
		meddling = false;
		meddler->promised = tayra_task_cancel(meddler->ex, meddler->victim);
	}
	return now();
}

static void
one_cancelled_before_it_is_queued_ends_soon_too(void **state)
{
	struct tayra_executor_options options = TAYRA_EXECUTOR_OPTIONS_INIT;
	struct meddler meddler = { 0 };
	const struct tayra_clock clock = { cancel_and_tell_time, NULL, &meddler };
	struct tayra_task holder, task;
	struct gate gate = { 0 };
	_Atomic unsigned ran = 0;

	options.threads = 1;
	options.clock = &clock;
	assert_int_equal(tayra_executor_create(&options, &meddler.ex), TAYRA_OK);
	occupy(meddler.ex, &gate, &holder);
	task = (struct tayra_task){ .fn = count, .arg = &ran };
	meddler.victim = &task;
	meddling = true;
	assert_int_equal(tayra_submit(meddler.ex, &task), TAYRA_OK);
	assert_true(meddler.promised);
	assert_int_equal(tayra_task_wait(meddler.ex, &task, 1, 5 * SECOND), TAYRA_OK);
	assert_int_equal(task.status, TAYRA_E_CANCELLED);
	assert_int_equal(ran, 0);
	atomic_store(&gate.open, true);
	tayra_executor_destroy(meddler.ex);
}

static void
destroy_cancels_what_waits_and_waits_for_what_runs(void **state)
{
	struct tayra_executor *ex = make(2);
	static struct tayra_task tasks[200];
	struct tayra_task_queue *queue;
	struct tayra_task *out[200];
	_Atomic unsigned ran = 0;
	unsigned cancelled = 0;

	assert_int_equal(tayra_task_queue_create(&queue), TAYRA_OK);
	for (int i = 0; i < 200; i++)
		tasks[i] = (struct tayra_task){ .fn = count, .arg = &ran, .queue = queue };
	tayra_submit_batch(ex, tasks, 200);
	tayra_executor_destroy(ex);
	assert_int_equal(tayra_task_queue_drain(queue, out, 200), 200);
	for (int i = 0; i < 200; i++)
		cancelled += tasks[i].status == TAYRA_E_CANCELLED;
	assert_int_equal(cancelled + ran, 200);
	tayra_task_queue_destroy(queue);
}

/* Calls from inside a task. */
struct insider {
	struct tayra_executor *ex;
	struct tayra_task *more;
	int wait, drain, submit, destroy;
};

static int
look_inside(void *arg)
{
	struct insider *in = arg;

	in->wait = tayra_task_wait(in->ex, in->more, 1, SECOND);
	in->drain = tayra_executor_drain(in->ex, SECOND);
	in->destroy = tayra_executor_destroy(in->ex);
	in->submit = tayra_submit(in->ex, in->more);
	return TAYRA_OK;
}

static void
a_task_may_submit_and_is_refused_to_wait(void **state)
{
	struct tayra_executor *ex = make(1);
	_Atomic unsigned ran = 0;
	struct tayra_task more = { .fn = count, .arg = &ran };
	struct insider in = { .ex = ex, .more = &more };
	struct tayra_task task = { .fn = look_inside, .arg = &in };

	assert_int_equal(tayra_submit(ex, &task), TAYRA_OK);
	assert_int_equal(tayra_executor_drain(ex, 5 * SECOND), TAYRA_OK);
	assert_int_equal(in.wait, TAYRA_E_WOULD_DEADLOCK);
	assert_int_equal(in.drain, TAYRA_E_WOULD_DEADLOCK);
	assert_int_equal(in.destroy, TAYRA_E_WOULD_DEADLOCK);
	assert_int_equal(in.submit, TAYRA_OK);
	assert_int_equal(ran, 1);
	tayra_executor_destroy(ex);
}

static void
waiting_has_an_end(void **state)
{
	struct tayra_executor *ex = make(1);
	struct gate gate = { 0 };
	struct tayra_task task;

	occupy(ex, &gate, &task);
	assert_int_equal(tayra_task_wait(ex, &task, 1, 0), TAYRA_E_TIMEOUT);
	assert_int_equal(tayra_task_wait(ex, &task, 1, 1000000), TAYRA_E_TIMEOUT);
	assert_int_equal(tayra_executor_drain(ex, 1000000), TAYRA_E_TIMEOUT);
	atomic_store(&gate.open, true);
	assert_int_equal(tayra_task_wait(ex, &task, 1, UINT64_MAX), TAYRA_OK);
	tayra_executor_destroy(ex);
}

static void
several_executors_share_one_limit(void **state)
{
	struct tayra_pace_options pace_options = TAYRA_PACE_OPTIONS_INIT;
	struct tayra_executor_options options = TAYRA_EXECUTOR_OPTIONS_INIT;
	struct tayra_executor *one, *two;
	struct tayra_task holder, task;
	struct gate gate = { 0 };
	_Atomic unsigned ran = 0;

	pace_options.limiter = TAYRA_LIMITER_FIXED;
	pace_options.limit = 1;
	assert_int_equal(tayra_pace_create(&pace_options, &options.pace), TAYRA_OK);
	assert_int_equal(tayra_executor_create(&options, &one), TAYRA_OK);
	assert_int_equal(tayra_executor_create(&options, &two), TAYRA_OK);
	occupy(one, &gate, &holder);
	task = (struct tayra_task){ .fn = count, .arg = &ran, .deadline_ns = now() + 60 * SECOND };
	assert_int_equal(tayra_submit(two, &task), TAYRA_OK);
	assert_int_equal(tayra_task_wait(two, &task, 1, 20 * TAYRA_NS_PER_MS), TAYRA_E_TIMEOUT);
	atomic_store(&gate.open, true);
	assert_int_equal(tayra_task_wait(two, &task, 1, 5 * SECOND), TAYRA_OK);
	assert_int_equal(ran, 1);
	tayra_executor_destroy(one);
	tayra_executor_destroy(two);
	tayra_pace_destroy(options.pace);
}

static void
a_forked_child_is_told_so(void **state)
{
	struct tayra_executor *ex = make(2);
	struct tayra_task task = { .fn = stand };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		bool told = tayra_submit(ex, &task) == TAYRA_E_FORKED &&
			    tayra_submit_batch(ex, &task, 1) == TAYRA_E_FORKED &&
			    tayra_task_wait(ex, &task, 1, SECOND) == TAYRA_E_FORKED &&
			    tayra_executor_drain(ex, SECOND) == TAYRA_E_FORKED &&
			    !tayra_task_cancel(ex, &task) &&
			    tayra_executor_destroy(ex) == TAYRA_E_FORKED;

		_exit(told ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	tayra_executor_destroy(ex);
}

static void
bad_options_and_tasks_are_refused(void **state)
{
	struct tayra_executor_options options = TAYRA_EXECUTOR_OPTIONS_INIT;
	struct tayra_executor *ex = (void *)1;
	struct tayra_task task = { .fn = count, .cls = (enum tayra_class)9 };

	options.spin_ns = TAYRA_NS_PER_MS + 1;
	assert_int_equal(tayra_executor_create(&options, &ex), TAYRA_E_INVAL);
	options.spin_ns = 0;
	options.threads = 1025;
	assert_int_equal(tayra_executor_create(&options, &ex), TAYRA_E_INVAL);
	assert_null(ex);
	options = (struct tayra_executor_options){ 0 };
	assert_int_equal(tayra_executor_create(&options, &ex), TAYRA_E_INVAL);
	assert_int_equal(tayra_executor_create(NULL, NULL), TAYRA_E_INVAL);
	assert_int_equal(tayra_executor_create(NULL, &ex), TAYRA_OK);
	assert_int_equal(tayra_submit(ex, &task), TAYRA_E_INVAL);
	task = (struct tayra_task){ 0 };
	assert_int_equal(tayra_submit(ex, &task), TAYRA_E_INVAL);
	task = (struct tayra_task){ .fn = count, .level = 128 };
	assert_int_equal(tayra_submit(ex, &task), TAYRA_E_INVAL);
	task = (struct tayra_task){ .fn = count, .cost = TAYRA_COST_MAX + 1 };
	assert_int_equal(tayra_submit(ex, &task), TAYRA_E_INVAL);
	assert_int_equal(task.status, TAYRA_OK); /* as it was */
	assert_int_equal(tayra_submit(ex, NULL), TAYRA_E_INVAL);
	assert_int_equal(tayra_submit_batch(ex, NULL, 1), TAYRA_E_INVAL);
	assert_int_equal(tayra_submit(NULL, &task), TAYRA_E_INVAL);
	tayra_executor_destroy(ex);
	tayra_executor_destroy(NULL);
}

static void
submitting_and_running_allocate_nothing(void **state)
{
	struct tayra_executor *ex = make(2);
	static struct tayra_task tasks[500];
	struct tayra_task_queue *queue;
	struct tayra_task *out[500];
	_Atomic unsigned ran = 0;

	assert_int_equal(tayra_task_queue_create(&queue), TAYRA_OK);
	tayra__mem_fail_after(UINT64_MAX);
	for (int i = 0; i < 500; i++)
		tasks[i] = (struct tayra_task){ .fn = count, .arg = &ran, .queue = queue };
	assert_int_equal(tayra_submit_batch(ex, tasks, 500), TAYRA_OK);
	assert_int_equal(tayra_executor_drain(ex, 5 * SECOND), TAYRA_OK);
	assert_int_equal(tayra_task_queue_drain(queue, out, 500), 500);
	assert_int_equal(tayra__mem_count(), 0);
	tayra__mem_fail_after(0);
	tayra_executor_destroy(ex);
	tayra_task_queue_destroy(queue);
}

/* Between them the thread sleeps, looks out, or is about to do one or the other. */
static void
no_task_is_overlooked_by_a_thread_that_looks_out_for_it(void **state)
{
	static const uint64_t spins[] = { UINT64_MAX, 0, 2000, TAYRA_NS_PER_MS };

	for (unsigned i = 0; i < sizeof(spins) / sizeof(spins[0]); i++) {
		struct tayra_executor_options options = TAYRA_EXECUTOR_OPTIONS_INIT;
		struct tayra_executor_stats stats = { .size = sizeof(stats) };
		struct tayra_executor *ex;
		_Atomic unsigned ran = 0;

		options.threads = 1 + i % 2;
		options.spin_ns = spins[i];
		assert_int_equal(tayra_executor_create(&options, &ex), TAYRA_OK);
		for (unsigned n = 0; n < 3000; n++) {
			struct tayra_task tasks[2] = { { .fn = count, .arg = (void *)&ran },
						       { .fn = count, .arg = (void *)&ran } };
			uint64_t until_ns = now() + n % 7 * 1000;

			while (now() < until_ns)
				;
			assert_int_equal(tayra_submit(ex, &tasks[0]), TAYRA_OK);
			assert_int_equal(tayra_submit(ex, &tasks[1]), TAYRA_OK);
			assert_int_equal(tayra_task_wait(ex, tasks, 2, 60 * SECOND), TAYRA_OK);
			assert_int_equal(ran, 2 * (n + 1));
		}
		tayra_executor_stats(ex, &stats);
		assert_int_equal(stats.submitted, 6000);
		assert_int_equal(tayra_executor_destroy(ex), TAYRA_OK);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_task_ends_with_what_its_function_returned),
		cmocka_unit_test(no_task_is_overlooked_by_a_thread_that_looks_out_for_it),
		cmocka_unit_test(a_batch_of_1000_is_submitted_and_waited_for),
		cmocka_unit_test(what_a_batch_is_refused_has_ended_with_the_reason),
		cmocka_unit_test(what_a_batch_is_refused_comes_out_of_its_queue_too),
		cmocka_unit_test(a_long_queue_without_deadlines_is_not_shed),
		cmocka_unit_test(under_load_classes_run_by_share_and_none_starves),
		cmocka_unit_test(tenants_take_turns),
		cmocka_unit_test(a_task_that_costs_as_much_as_there_is_runs_alone),
		cmocka_unit_test(under_lasting_overload_the_least_important_are_refused),
		cmocka_unit_test(a_deadline_that_passes_in_the_queue_ends_the_task_at_once),
		cmocka_unit_test(ended_tasks_come_out_of_their_queue),
		cmocka_unit_test(a_cancelled_task_never_runs_and_a_running_one_cannot_be),
		cmocka_unit_test(one_cancelled_before_it_is_queued_ends_soon_too),
		cmocka_unit_test(destroy_cancels_what_waits_and_waits_for_what_runs),
		cmocka_unit_test(a_task_may_submit_and_is_refused_to_wait),
		cmocka_unit_test(waiting_has_an_end),
		cmocka_unit_test(several_executors_share_one_limit),
		cmocka_unit_test(a_forked_child_is_told_so),
		cmocka_unit_test(bad_options_and_tasks_are_refused),
		cmocka_unit_test(submitting_and_running_allocate_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
