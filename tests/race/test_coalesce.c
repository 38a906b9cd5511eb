/* SPDX-License-Identifier: Apache-2.0
 *
 * Threads submit tasks that go in calls together, cancel their own and each other's, and tasks go
 * alone beside them; the limit moves.  Each task ends once: it was carried once and says so, or
 * never and says why.
 */
#include <tayra/pace.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rng.h"

#define TASKS  48 /* a thread */
#define ROUNDS 150

struct job {
	struct tayra_task task;
	_Atomic unsigned ran;
	_Atomic bool promised; /* its owner was told that it never runs */
	bool taken;
};

static struct storm {
	struct tayra_executor *ex;
	struct tayra_pace *pace;
	struct tayra_task_kind *kinds[2]; /* one that waits for more, one that does not */
	struct job jobs[2][TASKS];
	_Atomic uint64_t wrong, cancels, carried, calls;
	_Atomic bool stop;
} storm;

static int
alone(void *arg)
{
	atomic_fetch_add(&((struct job *)arg)->ran, 1);
	return TAYRA_OK;
}

static int
together(void *ctx, void *const *args, int *statuses, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct job *job = args[i];

		atomic_fetch_add(&job->ran, 1);
		statuses[i] = TAYRA_OK;
	}
	atomic_fetch_add(&storm.calls, 1);
	atomic_fetch_add(&storm.carried, n);
	return n % 3 ? TAYRA_OK : TAYRA_E_OVERLOAD;
}

static void
submit_one(struct job *job, struct tayra__rng *rng)
{
	uint64_t within = tayra__rng_below(rng, 4) ? 0 : tayra__rng_below(rng, 3000000);
	uint64_t which = tayra__rng_below(rng, 5);

	atomic_store(&job->ran, 0);
	atomic_store(&job->promised, false);
	job->task.fn = alone;
	job->task.arg = job;
	job->task.kind = which < 4 ? storm.kinds[which % 2] : NULL;
	job->task.cls = (enum tayra_class)(1 + tayra__rng_below(rng, TAYRA_CLASSES));
	job->task.deadline_ns = within ? tayra__clock_mono_ns(tayra_clock_real()) + within : 0;
	job->task.tenant = tayra__rng_below(rng, 3);
	job->task.cost = (uint32_t)tayra__rng_below(rng, 4);
	job->taken = tayra_submit(storm.ex, &job->task) == TAYRA_OK;
}

static void
cancel_one(struct job *job)
{
	if (!tayra_task_cancel(storm.ex, &job->task))
		return;
	atomic_store(&job->promised, true);
	atomic_fetch_add(&storm.cancels, 1);
}

static void
judge(struct job *job)
{
	unsigned ran = atomic_load(&job->ran);
	int status = job->task.status;
	bool right;

	if (ran)
		right = job->taken && ran == 1 && status == TAYRA_OK &&
			!atomic_load(&job->promised);
	else
		right = status == TAYRA_E_CANCELLED || status == TAYRA_E_OVERLOAD ||
			status == TAYRA_E_TIMEOUT;
	if (!right)
		atomic_fetch_add(&storm.wrong, 1);
}

static void *
work(void *arg)
{
	struct job *jobs = arg;
	struct tayra__rng rng;

	tayra__rng_init(&rng, (uintptr_t)arg);
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < TASKS; i++)
			submit_one(&jobs[i], &rng);
		for (int i = 0; i < TASKS / 6; i++)
			cancel_one(&jobs[tayra__rng_below(&rng, TASKS)]);
		for (int i = 0; i < TASKS; i++) {
			while (tayra_task_wait(storm.ex, &jobs[i].task, 1, 5 * TAYRA_NS_PER_MS) !=
			       TAYRA_OK)
				cancel_one(&jobs[i]);
			judge(&jobs[i]);
		}
	}
	return NULL;
}

/* Somebody else's tasks, at any moment of their lives; and the limit. */
static void *
interfere(void *arg)
{
	struct tayra__rng rng;

	tayra__rng_init(&rng, 99);
	while (!atomic_load(&storm.stop)) {
		struct job *job =
			&storm.jobs[tayra__rng_below(&rng, 2)][tayra__rng_below(&rng, TASKS)];

		tayra_task_cancel(storm.ex, &job->task);
		tayra_pace_set_limit(storm.pace, 1 + (double)tayra__rng_below(&rng, 6),
				     tayra__clock_mono_ns(tayra_clock_real()));
		if (tayra__rng_below(&rng, 20) == 0)
			usleep(50);
	}
	return NULL;
}

static void
make(uint32_t queue_max)
{
	struct tayra_pace_options pace = TAYRA_PACE_OPTIONS_INIT;
	struct tayra_executor_options options = TAYRA_EXECUTOR_OPTIONS_INIT;
	struct tayra_task_kind_options kind = TAYRA_TASK_KIND_OPTIONS_INIT;

	pace.limiter = TAYRA_LIMITER_FIXED;
	pace.limit = 4;
	pace.queue_max = queue_max;
	assert_int_equal(tayra_pace_create(&pace, &storm.pace), TAYRA_OK);
	options.threads = 2;
	options.pace = storm.pace;
	assert_int_equal(tayra_executor_create(&options, &storm.ex), TAYRA_OK);
	kind.call = together;
	kind.max_batch = 8;
	assert_int_equal(tayra_task_kind_create(storm.ex, &kind, &storm.kinds[0]), TAYRA_OK);
	kind.max_wait_ns = 300000;
	assert_int_equal(tayra_task_kind_create(storm.ex, &kind, &storm.kinds[1]), TAYRA_OK);
}

static void
each_task_is_carried_once_or_never(void **state)
{
	pthread_t threads[3];

	alarm(150); /* a task that is forgotten ends here */
	for (int again = 0; again < 4; again++) {
		struct tayra_executor_stats stats = TAYRA_EXECUTOR_STATS_INIT;

		atomic_store(&storm.stop, false);
		make(again < 2 ? 200 : 6);
		for (int i = 0; i < 2; i++)
			assert_int_equal(pthread_create(&threads[i], NULL, work, storm.jobs[i]), 0);
		if (again % 2) /* without it, what cancel said is checked as well */
			assert_int_equal(pthread_create(&threads[2], NULL, interfere, NULL), 0);
		for (int i = 0; i < 2; i++)
			pthread_join(threads[i], NULL);
		atomic_store(&storm.stop, true);
		if (again % 2)
			pthread_join(threads[2], NULL);
		assert_int_equal(tayra_executor_drain(storm.ex, 10 * TAYRA_NS_PER_S), TAYRA_OK);
		tayra_executor_stats(storm.ex, &stats);
		assert_int_equal(stats.submitted, stats.ran + stats.cancelled + stats.shed);
		assert_int_equal(stats.waiting + stats.running, 0);
		assert_int_equal(tayra_executor_destroy(storm.ex), TAYRA_OK);
		tayra_pace_destroy(storm.pace); /* aborts where a slot is lost */
	}
	alarm(0);
	assert_int_equal(atomic_load(&storm.wrong), 0);
	assert_true(atomic_load(&storm.carried) > atomic_load(&storm.calls));
	assert_true(atomic_load(&storm.cancels) > 20);
}

struct submitter {
	struct tayra_task_queue *queue;
	struct tayra_task *tasks;
	uint32_t n, taken;
};

static void *
submit_all(void *arg)
{
	struct submitter *s = arg;

	for (uint32_t i = 0; i < s->n; i++) {
		s->tasks[i] = (struct tayra_task){
			.arg = &storm.jobs[0][0],
			.kind = storm.kinds[i % 2],
			.queue = s->queue,
		};
		s->taken += tayra_submit(storm.ex, &s->tasks[i]) == TAYRA_OK;
	}
	return NULL;
}

/* Another executor on the same pace keeps it from being idle: what is decided there is told here,
 * on its threads. */
static void
destroying_amid_calls_loses_no_task(void **state)
{
	static struct tayra_task tasks[300], others[40];
	static struct job job;
	struct tayra_task *out[300];

	alarm(150);
	for (int again = 0; again < 20; again++) {
		struct tayra_executor_options options = TAYRA_EXECUTOR_OPTIONS_INIT;
		struct submitter s = { .tasks = tasks, .n = 300 };
		struct tayra_executor *other;
		pthread_t thread;

		make(30);
		options.pace = storm.pace;
		assert_int_equal(tayra_executor_create(&options, &other), TAYRA_OK);
		assert_int_equal(tayra_task_queue_create(&s.queue), TAYRA_OK);
		for (int i = 0; i < 40; i++) {
			others[i] = (struct tayra_task){ .fn = alone, .arg = &job };
			tayra_submit(other, &others[i]);
		}
		assert_int_equal(pthread_create(&thread, NULL, submit_all, &s), 0);
		pthread_join(thread, NULL);
		assert_int_equal(tayra_executor_destroy(storm.ex), TAYRA_OK);
		assert_int_equal(tayra_task_queue_drain(s.queue, out, 300), s.taken);
		assert_int_equal(tayra_executor_drain(other, 10 * TAYRA_NS_PER_S), TAYRA_OK);
		tayra_executor_destroy(other);
		tayra_task_queue_destroy(s.queue);
		tayra_pace_destroy(storm.pace);
	}
	alarm(0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_task_is_carried_once_or_never),
		cmocka_unit_test(destroying_amid_calls_loses_no_task),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
