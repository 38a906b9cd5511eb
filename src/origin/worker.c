/* SPDX-License-Identifier: Apache-2.0
 *
 * worker.c: a ring under one lock.  A thread takes what waits there, up to a batch.  With a window
 * it first waits for company, until the window of the oldest is over or the batch is full; while
 * all threads are busy, loads collect by themselves.  No load is finished while the lock is held:
 * finishing one may let the next one in, and that one comes back here.
 */
#include "origin/worker.h"

#include <pthread.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "load/origin.h"

struct worker {
	struct tayra__workers *all;
	pthread_t thread;
	uint32_t number;
	struct tayra_load **loads;    /* room for a batch, */
	struct tayra__inside *frames; /* and one for each */
};

struct waiting {
	struct tayra_load *load;
	uint64_t until_ns; /* on the real clock: it waits no longer for company */
};

struct tayra__workers {
	tayra__work_fn one; /* or: */
	tayra__work_many_fn many;
	void *arg;
	struct tayra__batching batching;
	uint32_t wanted; /* threads */
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct waiting queue[TAYRA__WORKERS_QUEUE];
	uint32_t first, count;
	bool stop;
	uint32_t threads; /* that run */
	struct worker worker[];
};

/* Until a batch is full, the first one's window is over, or another thread took it.  Lock held. */
static void
wait_for_company(struct tayra__workers *all)
{
	int code = 0;

	while (all->count > 0 && all->count < all->batching.loads_max && !all->stop && code == 0) {
		uint64_t until_ns = all->queue[all->first].until_ns;
		const struct timespec until = { .tv_sec = (time_t)(until_ns / TAYRA_NS_PER_S),
						.tv_nsec = (long)(until_ns % TAYRA_NS_PER_S) };

		code = pthread_cond_timedwait(&all->wake, &all->lock, &until);
	}
}

/* How many a thread may take now.  Lock held. */
static uint32_t
share(const struct tayra__workers *all)
{
	uint32_t max = all->batching.loads_max, fair = (all->count + all->wanted - 1) / all->wanted;

	return all->batching.in_turn && fair < max ? fair : max;
}

/* => how many are in loads[]; 0: it is over. */
static uint32_t
take(struct tayra__workers *all, struct tayra_load **loads)
{
	uint32_t n = 0, most;

	pthread_mutex_lock(&all->lock);
	do {
		while (all->count == 0 && !all->stop)
			pthread_cond_wait(&all->wake, &all->lock);
		if (all->batching.window_ns)
			wait_for_company(all);
	} while (all->count == 0 && !all->stop);
	most = share(all);
	for (; n < most && all->count > 0; all->count--) {
		loads[n++] = all->queue[all->first].load;
		all->first = (all->first + 1) % TAYRA__WORKERS_QUEUE;
	}
	if (all->count > 0)
		pthread_cond_signal(&all->wake);
	pthread_mutex_unlock(&all->lock);
	return n;
}

/* Fail what need not be asked for any more.  => how many are left. */
static uint32_t
sift(struct tayra_load **loads, uint32_t n)
{
	uint32_t left = 0;

	for (uint32_t i = 0; i < n; i++) {
		int status = tayra__load_over(loads[i]);

		if (status != TAYRA_OK)
			tayra_load_fail(loads[i], status, 0);
		else
			loads[left++] = loads[i];
	}
	return left;
}

static void
work_on(const struct worker *w, uint32_t n)
{
	const struct tayra__workers *all = w->all;

	for (uint32_t i = 0; i < n; i++)
		tayra__load_inside(w->loads[i], &w->frames[i]);
	if (all->many)
		all->many(all->arg, w->number, w->loads, n);
	else
		all->one(all->arg, w->number, w->loads[0]);
	for (uint32_t i = n; i-- > 0;)
		tayra__inside_leave(&w->frames[i]);
}

static void *
run(void *arg)
{
	const struct worker *w = arg;
	uint32_t n;

	while ((n = take(w->all, w->loads))) {
		n = sift(w->loads, n);
		if (n)
			work_on(w, n);
	}
	return NULL;
}

/* The first worker's rows are the beginning of all of them. */
static int
start(struct tayra__workers *all, uint32_t threads)
{
	struct worker *rows = &all->worker[0];
	size_t n = (size_t)threads * all->batching.loads_max;

	rows->loads = tayra__mem_array(n, sizeof(*rows->loads));
	rows->frames = tayra__mem_array(n, sizeof(*rows->frames));
	if (!rows->loads || !rows->frames)
		return TAYRA_E_NOMEM;
	for (uint32_t i = 0; i < threads; i++) {
		struct worker *w = &all->worker[i];

		w->all = all;
		w->number = i;
		w->loads = rows->loads + (size_t)i * all->batching.loads_max;
		w->frames = rows->frames + (size_t)i * all->batching.loads_max;
		if (pthread_create(&w->thread, NULL, run, w) != 0)
			return TAYRA_E_NOMEM;
		all->threads++;
	}
	return TAYRA_OK;
}

static int
create(uint32_t threads, const struct tayra__batching *batching, tayra__work_fn one,
       tayra__work_many_fn many, void *arg, struct tayra__workers **out)
{
	struct tayra__workers *all;
	pthread_condattr_t attr;

	*out = NULL;
	if (threads == 0 || threads > TAYRA__WORKERS_MAX || batching->loads_max == 0 ||
	    batching->loads_max > TAYRA__WORKERS_BATCH)
		return TAYRA_E_INVAL;
	all = tayra__mem_alloc(sizeof(*all) + threads * sizeof(all->worker[0]));
	if (!all)
		return TAYRA_E_NOMEM;
	all->one = one;
	all->many = many;
	all->arg = arg;
	all->batching = *batching;
	all->wanted = threads;
	pthread_mutex_init(&all->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&all->wake, &attr);
	pthread_condattr_destroy(&attr);
	if (start(all, threads) != TAYRA_OK) {
		tayra__workers_destroy(all);
		return TAYRA_E_NOMEM;
	}
	*out = all;
	return TAYRA_OK;
}

int
tayra__workers_create(uint32_t threads, tayra__work_fn work, void *arg, struct tayra__workers **out)
{
	const struct tayra__batching single = { .loads_max = 1 };

	return create(threads, &single, work, NULL, arg, out);
}

int
tayra__workers_create_many(uint32_t threads, const struct tayra__batching *batching,
			   tayra__work_many_fn work, void *arg, struct tayra__workers **out)
{
	return create(threads, batching, NULL, work, arg, out);
}

void
tayra__workers_push(struct tayra__workers *all, struct tayra_load *load)
{
	uint64_t window_ns = all->batching.window_ns, until_ns = 0;
	bool full;

	if (window_ns)
		until_ns = tayra__clock_real_ns() + window_ns;
	pthread_mutex_lock(&all->lock);
	full = all->count == TAYRA__WORKERS_QUEUE;
	if (!full) {
		all->queue[(all->first + all->count++) % TAYRA__WORKERS_QUEUE] = (struct waiting){
			load, until_ns
		};
		/* One that waits for company alone may be who is to be woken. */
		if (window_ns && all->count >= all->batching.loads_max)
			pthread_cond_broadcast(&all->wake);
		else
			pthread_cond_signal(&all->wake);
	}
	pthread_mutex_unlock(&all->lock);
	if (full)
		tayra_load_fail(load, TAYRA_E_OVERLOAD, 0);
}

void
tayra__workers_destroy(struct tayra__workers *all)
{
	pthread_mutex_lock(&all->lock);
	all->stop = true;
	pthread_cond_broadcast(&all->wake);
	pthread_mutex_unlock(&all->lock);
	for (uint32_t i = 0; i < all->threads; i++)
		pthread_join(all->worker[i].thread, NULL);
	pthread_cond_destroy(&all->wake);
	pthread_mutex_destroy(&all->lock);
	tayra__mem_free(all->worker[0].loads);
	tayra__mem_free(all->worker[0].frames);
	tayra__mem_free(all);
}
