/* SPDX-License-Identifier: Apache-2.0
 *
 * worker.c: a ring under one lock.  No load is finished while the lock is held: finishing one may
 * let the next one in, and that one comes back here.
 */
#include "origin/worker.h"

#include <pthread.h>

#include "base/mem.h"
#include "load/origin.h"

struct worker {
	struct tayra__workers *all;
	pthread_t thread;
	uint32_t number;
};

struct tayra__workers {
	tayra__work_fn work;
	void *arg;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct tayra_load *queue[TAYRA__WORKERS_QUEUE];
	uint32_t first, count;
	bool stop;
	uint32_t threads; /* that run */
	struct worker worker[];
};

static struct tayra_load *
next(struct tayra__workers *all)
{
	struct tayra_load *load = NULL;

	pthread_mutex_lock(&all->lock);
	while (all->count == 0 && !all->stop)
		pthread_cond_wait(&all->wake, &all->lock);
	if (all->count > 0) {
		load = all->queue[all->first];
		all->first = (all->first + 1) % TAYRA__WORKERS_QUEUE;
		all->count--;
	}
	pthread_mutex_unlock(&all->lock);
	return load;
}

static void
work_on(const struct worker *w, struct tayra_load *load)
{
	struct tayra__inside frame;
	int status = tayra__load_over(load);

	if (status != TAYRA_OK) {
		tayra_load_fail(load, status, 0);
		return;
	}
	tayra__load_inside(load, &frame);
	w->all->work(w->all->arg, w->number, load);
	tayra__inside_leave(&frame);
}

static void *
run(void *arg)
{
	const struct worker *w = arg;
	struct tayra_load *load;

	while ((load = next(w->all)))
		work_on(w, load);
	return NULL;
}

static int
start(struct tayra__workers *all, uint32_t threads)
{
	for (uint32_t i = 0; i < threads; i++) {
		all->worker[i].all = all;
		all->worker[i].number = i;
		if (pthread_create(&all->worker[i].thread, NULL, run, &all->worker[i]) != 0)
			return TAYRA_E_NOMEM;
		all->threads++;
	}
	return TAYRA_OK;
}

int
tayra__workers_create(uint32_t threads, tayra__work_fn work, void *arg, struct tayra__workers **out)
{
	struct tayra__workers *all;

	*out = NULL;
	if (threads == 0 || threads > TAYRA__WORKERS_MAX)
		return TAYRA_E_INVAL;
	all = tayra__mem_alloc(sizeof(*all) + threads * sizeof(all->worker[0]));
	if (!all)
		return TAYRA_E_NOMEM;
	all->work = work;
	all->arg = arg;
	pthread_mutex_init(&all->lock, NULL);
	pthread_cond_init(&all->wake, NULL);
	if (start(all, threads) != TAYRA_OK) {
		tayra__workers_destroy(all);
		return TAYRA_E_NOMEM;
	}
	*out = all;
	return TAYRA_OK;
}

void
tayra__workers_push(struct tayra__workers *all, struct tayra_load *load)
{
	bool full;

	pthread_mutex_lock(&all->lock);
	full = all->count == TAYRA__WORKERS_QUEUE;
	if (!full) {
		all->queue[(all->first + all->count++) % TAYRA__WORKERS_QUEUE] = load;
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
	tayra__mem_free(all);
}
