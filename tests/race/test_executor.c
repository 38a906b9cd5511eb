/* SPDX-License-Identifier: Apache-2.0 */
#include <tayra/pace.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rng.h"

#define TASKS  64 /* a thread */
#define ROUNDS 40

struct job {
	struct tayra_task task;
	_Atomic unsigned ran;
	_Atomic bool promised; /* somebody was told that it never runs */
	bool submitted;
};

struct storm {
	struct tayra_executor *ex;
	struct job jobs[2][TASKS];
	_Atomic uint64_t ops, wrong, cancels, too_late;
	_Atomic bool stop;
};

static struct storm storm;

static int
job_run(void *arg)
{
	struct job *job = arg;

	atomic_fetch_add(&job->ran, 1);
	return TAYRA_OK;
}

static void
cancel_one(struct job *job)
{
	if (tayra_task_cancel(storm.ex, &job->task)) {
		atomic_store(&job->promised, true);
		atomic_fetch_add(&storm.cancels, 1);
	} else {
		atomic_fetch_add(&storm.too_late, 1);
	}
	atomic_fetch_add(&storm.ops, 1);
}

static void
submit_one(struct job *job, struct tayra__rng *rng)
{
	uint64_t deadline = tayra__rng_below(rng, 8) ? 0
						     : tayra__clock_mono_ns(tayra_clock_real()) +
							       tayra__rng_below(rng, 2000000);

	atomic_store(&job->ran, 0);
	atomic_store(&job->promised, false);
	job->task.fn = job_run;
	job->task.arg = job;
	job->task.cls = (enum tayra_class)(1 + tayra__rng_below(rng, TAYRA_CLASSES));
	job->task.deadline_ns = deadline;
	job->submitted = tayra_submit(storm.ex, &job->task) == TAYRA_OK;
	atomic_fetch_add(&storm.ops, 1);
}

/* It has ended: it ran once and says so, or it did not run and says why. */
static void
judge(struct job *job)
{
	unsigned ran = atomic_load(&job->ran);
	int status = job->task.status;
	bool right;

	if (!job->submitted)
		right = ran == 0 && status < 0;
	else if (ran)
		right = ran == 1 && status == TAYRA_OK && !atomic_load(&job->promised);
	else
		right = status == TAYRA_E_CANCELLED || status == TAYRA_E_OVERLOAD ||
			status == TAYRA_E_TIMEOUT;
	if (!right)
		atomic_fetch_add(&storm.wrong, 1);
}

/* Its own jobs, and cancels on its own jobs. */
static void *
work(void *arg)
{
	struct job *jobs = arg;
	struct tayra__rng rng;

	tayra__rng_init(&rng, (uintptr_t)arg);
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < TASKS; i++)
			submit_one(&jobs[i], &rng);
		for (int i = 0; i < TASKS / 4; i++)
			cancel_one(&jobs[tayra__rng_below(&rng, TASKS)]);
		for (int i = 0; i < TASKS; i++) {
			while (tayra_task_wait(storm.ex, &jobs[i].task, 1, TAYRA_NS_PER_MS) !=
			       TAYRA_OK)
				cancel_one(&jobs[i]);
			judge(&jobs[i]);
		}
		if (round % 10 == 0)
			tayra_executor_drain(storm.ex, TAYRA_NS_PER_MS);
	}
	return NULL;
}

/* Somebody else's jobs, at any moment of their lives: being submitted, decided, run, ended. */
static void *
interfere(void *arg)
{
	struct tayra__rng rng;

	tayra__rng_init(&rng, 99);
	while (!atomic_load(&storm.stop)) {
		struct job *job =
			&storm.jobs[tayra__rng_below(&rng, 2)][tayra__rng_below(&rng, TASKS)];

		/* A promise made about an earlier submission must not be booked to this one. */
		if (tayra_task_cancel(storm.ex, &job->task))
			atomic_fetch_add(&storm.cancels, 1);
		if (tayra__rng_below(&rng, 50) == 0)
			usleep(50);
	}
	return NULL;
}

static void
every_task_ends_once_and_a_promised_one_never_runs(void **state)
{
	struct tayra_executor_stats stats = TAYRA_EXECUTOR_STATS_INIT;
	struct tayra_executor_options options = TAYRA_EXECUTOR_OPTIONS_INIT;
	pthread_t threads[3];

	options.threads = 2;
	options.queue_max = 20;
	for (int again = 0; again < 4; again++) {
		atomic_store(&storm.stop, false);
		assert_int_equal(tayra_executor_create(&options, &storm.ex), TAYRA_OK);
		for (int i = 0; i < 2; i++)
			assert_int_equal(pthread_create(&threads[i], NULL, work, storm.jobs[i]), 0);
		if (again % 2) /* without it, what cancel said is checked as well */
			assert_int_equal(pthread_create(&threads[2], NULL, interfere, NULL), 0);
		for (int i = 0; i < 2; i++)
			pthread_join(threads[i], NULL);
		atomic_store(&storm.stop, true);
		if (again % 2)
			pthread_join(threads[2], NULL);
		tayra_executor_stats(storm.ex, &stats);
		assert_int_equal(stats.submitted, stats.ran + stats.cancelled + stats.shed);
		assert_int_equal(stats.waiting + stats.running, 0);
		tayra_executor_destroy(storm.ex);
	}
	assert_int_equal(atomic_load(&storm.wrong), 0);
	assert_true(atomic_load(&storm.cancels) > 50);
}

/* 100,000 random operations of one thread on few tasks: exact, and quick. */
static void
cancel_is_exact_over_100000_operations(void **state)
{
	struct tayra__rng rng;
	static struct job jobs[16];

	assert_int_equal(tayra_executor_create(NULL, &storm.ex), TAYRA_OK);
	atomic_store(&storm.ops, 0);
	tayra__rng_init(&rng, 5);
	for (unsigned i = 0; atomic_load(&storm.ops) < 100000; i++) {
		struct job *job = &jobs[i % 16];

		if (job->submitted && tayra_task_wait(storm.ex, &job->task, 1, 0) != TAYRA_OK) {
			cancel_one(job);
			if (tayra_task_wait(storm.ex, &job->task, 1, TAYRA_NS_PER_S) != TAYRA_OK)
				fail_msg("a task did not end");
		}
		if (i >= 16)
			judge(job);
		submit_one(job, &rng);
		if (tayra__rng_below(&rng, 3) == 0)
			cancel_one(job);
	}
	assert_int_equal(tayra_executor_drain(storm.ex, 5 * TAYRA_NS_PER_S), TAYRA_OK);
	for (int i = 0; i < 16; i++)
		judge(&jobs[i]);
	tayra_executor_destroy(storm.ex);
	assert_int_equal(atomic_load(&storm.wrong), 0);
	assert_true(atomic_load(&storm.cancels) > 1000);
}

struct waiter {
	struct tayra_executor *ex;
	struct tayra_task *tasks;
	_Atomic pid_t tid; /* 0: not begun */
	_Atomic bool over;
	int status;
};

static void *
wait_for_all(void *arg)
{
	struct waiter *w = arg;

	atomic_store(&w->tid, (pid_t)syscall(SYS_gettid));
	w->status = tayra_task_wait(w->ex, w->tasks, 40, 10 * TAYRA_NS_PER_S);
	atomic_store(&w->over, true);
	return NULL;
}

static bool
asleep(pid_t tid)
{
	char path[64], state = '?';
	FILE *stat;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)tid);
	stat = fopen(path, "re");
	if (!stat)
		return false;
	if (fscanf(stat, "%*d %*s %c", &state) != 1)
		state = '?';
	fclose(stat);
	return state == 'S';
}

/* Nothing but the wait sleeps for so long.  A call that came after the destroy would be ours to
 * answer for. */
static void
until_inside(struct waiter *w)
{
	for (int in_a_row = 0; in_a_row < 8 && !atomic_load(&w->over); usleep(500))
		in_a_row = atomic_load(&w->tid) && asleep(atomic_load(&w->tid)) ? in_a_row + 1 : 0;
}

static int
nap(void *arg)
{
	usleep(10000);
	return TAYRA_OK;
}

static void
destroying_lets_those_go_who_wait(void **state)
{
	for (int again = 0; again < 20; again++) {
		struct tayra_task tasks[40] = { 0 };
		struct waiter w = { .tasks = tasks };
		pthread_t thread;

		assert_int_equal(tayra_executor_create(NULL, &w.ex), TAYRA_OK);
		for (int i = 0; i < 40; i++)
			tasks[i].fn = nap;
		assert_int_equal(tayra_submit_batch(w.ex, tasks, 40), TAYRA_OK);
		assert_int_equal(pthread_create(&thread, NULL, wait_for_all, &w), 0);
		until_inside(&w);
		tayra_executor_destroy(w.ex);
		pthread_join(thread, NULL);
		assert_int_equal(w.status, TAYRA_OK);
		for (int i = 0; i < 40; i++)
			assert_true(tasks[i].status == TAYRA_OK ||
				    tasks[i].status == TAYRA_E_CANCELLED);
	}
}

/* Ended tasks are taken, freed and made anew while others still end. */
static void
a_task_may_be_freed_as_soon_as_it_comes_out(void **state)
{
	struct tayra_task_queue *queue;
	struct tayra_task *out[16];
	unsigned made = 0, got = 0;

	assert_int_equal(tayra_executor_create(NULL, &storm.ex), TAYRA_OK);
	assert_int_equal(tayra_task_queue_create(&queue), TAYRA_OK);
	while (got < 5000) {
		size_t n;

		if (made < 5000) {
			struct job *job = calloc(1, sizeof(*job));

			job->task = (struct tayra_task){ .fn = job_run,
							 .arg = job,
							 .queue = queue };
			if (tayra_submit(storm.ex, &job->task) == TAYRA_OK)
				made++;
			else
				free(job);
		}
		n = tayra_task_queue_drain(queue, out, 16);
		for (size_t i = 0; i < n; i++)
			free(out[i]); /* the job begins with its task */
		got += (unsigned)n;
	}
	tayra_executor_destroy(storm.ex);
	tayra_task_queue_destroy(queue);
	assert_int_equal(got, 5000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_task_ends_once_and_a_promised_one_never_runs),
		cmocka_unit_test(cancel_is_exact_over_100000_operations),
		cmocka_unit_test(destroying_lets_those_go_who_wait),
		cmocka_unit_test(a_task_may_be_freed_as_soon_as_it_comes_out),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
