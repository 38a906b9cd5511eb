/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_pace_threads.c: what pacing costs two threads that do not wait for one another, and a
 * convoy: more threads than slots, with work so short that waking a thread costs more; with slots
 * handed over strictly, and with barging.  And the executor: from tayra_submit() until the task
 * runs on the only thread, one after the other and with a pause between them.
 */
#include "bench.h"

#include <tayra/pace.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#define PAIR_OPS  200000
#define CROWD     16
#define WORK_NS   20000
#define CROWD_RUN (100 * TAYRA_NS_PER_MS)
#define HOPS      201

struct runner {
	struct tayra_pace *pace;
	uint64_t ops;
	uint64_t until_ns; /* 0: until `ops` are done */
	uint64_t cpu_ns;
};

static uint64_t
now(void)
{
	return tayra__clock_mono_ns(tayra_clock_real());
}

static void *
enter_and_leave(void *arg)
{
	struct runner *runner = arg;
	struct tayra_pace_request request = { 0 };
	struct tayra_ticket ticket = { 0 };
	uint64_t at = TAYRA_NS_PER_S, before = tayra__clock_thread_cpu_ns();

	for (uint64_t i = 0; i < runner->ops; i++, at += 200) {
		if (tayra_pace_try_enter(runner->pace, &request, at, &ticket) != TAYRA_OK)
			abort();
		tayra_pace_leave(runner->pace, &ticket, TAYRA_OUTCOME_OK, at + 100);
	}
	runner->cpu_ns = tayra__clock_thread_cpu_ns() - before;
	return NULL;
}

static void *
work_in_turn(void *arg)
{
	struct runner *runner = arg;
	struct tayra_pace_request request = { 0 };
	struct tayra_ticket ticket = { 0 };

	while (now() < runner->until_ns) {
		uint64_t done;

		if (tayra_pace_enter(runner->pace, &request, &ticket) != TAYRA_OK)
			abort();
		done = tayra__clock_thread_cpu_ns() + WORK_NS;
		while (tayra__clock_thread_cpu_ns() < done)
			;
		tayra_pace_leave(runner->pace, &ticket, TAYRA_OUTCOME_OK, now());
		runner->ops++;
	}
	return NULL;
}

static struct tayra_pace *
pace_of(double limit, uint64_t barge_ns)
{
	struct tayra_pace_options options = TAYRA_PACE_OPTIONS_INIT;
	struct tayra_pace *pace;

	options.limiter = TAYRA_LIMITER_FIXED;
	options.limit = limit;
	options.barge_ns = barge_ns;
	options.codel_target_ns = TAYRA_NS_PER_S; /* nobody is shed */
	if (tayra_pace_create(&options, &pace) != TAYRA_OK)
		abort();
	return pace;
}

static void
run(struct runner *runners, int n, void *(*fn)(void *))
{
	pthread_t threads[CROWD];

	for (int i = 0; i < n; i++)
		if (pthread_create(&threads[i], NULL, fn, &runners[i]) != 0)
			abort();
	for (int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
}

/* CPU of one enter and leave while another thread does the same. */
static double
pair_ns(void)
{
	struct tayra_pace *pace = pace_of(8, 0);
	struct runner runners[2] = { { pace, PAIR_OPS, 0, 0 }, { pace, PAIR_OPS, 0, 0 } };

	run(runners, 2, enter_and_leave);
	tayra_pace_destroy(pace);
	return (double)(runners[0].cpu_ns + runners[1].cpu_ns) / (2 * PAIR_OPS);
}

static double
crowd_per_s(uint64_t barge_ns, double *jain)
{
	struct tayra_pace *pace = pace_of(2, barge_ns);
	struct runner runners[CROWD];
	double sum = 0, squares = 0;
	uint64_t begun = now();

	for (int i = 0; i < CROWD; i++)
		runners[i] = (struct runner){ pace, 0, begun + CROWD_RUN, 0 };
	run(runners, CROWD, work_in_turn);
	tayra_pace_destroy(pace);
	for (int i = 0; i < CROWD; i++) {
		double ops = (double)runners[i].ops;

		sum += ops;
		squares += ops * ops;
	}
	*jain = squares > 0 ? sum * sum / (CROWD * squares) : 0;
	return sum * 1e9 / (double)(now() - begun);
}

/* One task, and when it ran. */
struct hop {
	struct tayra_task task;
	_Atomic uint64_t ran_ns;
};

static int
note_time(void *arg)
{
	atomic_store_explicit((_Atomic uint64_t *)arg, now(), memory_order_release);
	return TAYRA_OK;
}

static int
by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The median from submit to run, one task at a time, so long after the one before has ended. */
static double
hop_us(useconds_t apart_us)
{
	struct tayra_executor_options options = TAYRA_EXECUTOR_OPTIONS_INIT;
	struct tayra_executor *ex;
	double us[HOPS];

	options.threads = 1;
	if (tayra_executor_create(&options, &ex) != TAYRA_OK)
		abort();
	for (int i = 0; i < HOPS; i++) {
		struct hop hop = { 0 };
		uint64_t at_ns, ran_ns;

		hop.task.fn = note_time;
		hop.task.arg = &hop.ran_ns;
		if (apart_us)
			usleep(apart_us);
		at_ns = now();
		if (tayra_submit(ex, &hop.task) != TAYRA_OK)
			abort();
		while (!(ran_ns = atomic_load_explicit(&hop.ran_ns, memory_order_acquire)))
			;
		us[i] = (double)(ran_ns - at_ns) / 1e3;
		tayra_task_wait(ex, &hop.task, 1, TAYRA_NS_PER_S);
	}
	tayra_executor_destroy(ex);
	qsort(us, HOPS, sizeof(us[0]), by_value);
	return us[HOPS / 2];
}

int
main(void)
{
	double in_turn[BENCH_REPEATS], rested[BENCH_REPEATS];
	double pair[BENCH_REPEATS], strict[BENCH_REPEATS], barging[BENCH_REPEATS];
	double strict_jain[BENCH_REPEATS], barging_jain[BENCH_REPEATS];

	for (int i = 0; i < BENCH_REPEATS; i++) { /* interleaved */
		pair[i] = pair_ns();
		strict[i] = crowd_per_s(0, &strict_jain[i]);
		barging[i] = crowd_per_s(200 * TAYRA_NS_PER_US, &barging_jain[i]);
		in_turn[i] = hop_us(0);
		rested[i] = hop_us(300);
	}
	bench_print_goal("pace_threads", "G11", "enter_leave_of_two_ns", 250, pair);
	bench_print_goal("pace_threads", "G11", "submit_to_run_p50_us", 2, in_turn);
	bench_print("pace_threads", "submit_to_run_rested_p50_us", "us", rested);
	bench_print("pace_threads", "convoy_strict_per_s", "1/s", strict);
	bench_print("pace_threads", "convoy_barging_per_s", "1/s", barging);
	bench_print("pace_threads", "convoy_strict_jain", "1", strict_jain);
	bench_print("pace_threads", "convoy_barging_jain", "1", barging_jain);
	return 0;
}
