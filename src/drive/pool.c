/* SPDX-License-Identifier: Apache-2.0
 *
 * One lock guards the pool, the work and its result: a worker takes it once a call, to book the
 * last one and fetch the next.  Each idle worker sleeps on a semaphore of its own, so waking one is
 * one futex call and wakes no other.
 */
#include "drive/pool.h"

#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>
#include <semaphore.h>

#define STACK_BYTES                                                                                \
	((size_t)512 << 10) /* enough for SQLite; 2,048 of them are 1 GiB, untouched               \
			     */

struct tayra__worker {
	struct tayra__pool *pool;
	struct tayra__worker *next_idle;
	pthread_t thread;
	sem_t wake;
	uint32_t index;
};

/* Lock held on entry and return. */
static void
fall_asleep(struct tayra__worker *w)
{
	struct tayra__pool *pool = w->pool;

	w->next_idle = pool->idle;
	pool->idle = w;
	if (--pool->busy == 0)
		pthread_cond_signal(&pool->quiet);
	pthread_mutex_unlock(&pool->lock);
	while (sem_wait(&w->wake) && errno == EINTR)
		;
	pthread_mutex_lock(&pool->lock);
}

/* Lock held on entry and return, not during the call itself. */
static void
make_call(struct tayra__worker *w, struct tayra__call *call)
{
	struct tayra__pool *pool = w->pool;
	const struct tayra__target *target = pool->work->target;
	enum tayra__call_end end;
	uint64_t answered;

	pthread_mutex_unlock(&pool->lock);
	call->worker = w->index;
	end = target->call(target->ctx, call);
	answered = tayra__clock_real_ns();
	pthread_mutex_lock(&pool->lock);
	pool->work->ended(pool->work, call, end, answered);
}

static void *
worker_main(void *arg)
{
	struct tayra__worker *w = arg;
	struct tayra__pool *pool = w->pool;
	struct tayra__call call;

	pthread_mutex_lock(&pool->lock);
	while (!pool->quit) {
		uint64_t now = pool->work ? tayra__clock_real_ns() : 0;

		if (pool->work && pool->work->take(pool->work, now, &call)) {
			call.begun_ns = now;
			make_call(w, &call);
		} else {
			fall_asleep(w);
		}
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

static int
start_worker(struct tayra__pool *pool, const pthread_attr_t *attr, uint32_t index)
{
	struct tayra__worker *w = &pool->each[index];

	w->pool = pool;
	w->index = index;
	if (sem_init(&w->wake, 0, 0))
		return TAYRA_E_NOMEM;
	if (pthread_create(&w->thread, attr, worker_main, w)) {
		sem_destroy(&w->wake);
		return TAYRA_E_NOMEM;
	}
	return TAYRA_OK;
}

/* Starts as busy as it will be: every worker looks for work once and falls asleep. */
static int
start_workers(struct tayra__pool *pool, uint32_t workers)
{
	pthread_attr_t attr;
	int status = TAYRA_OK;

	if (pthread_attr_init(&attr))
		return TAYRA_E_NOMEM;
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	pthread_mutex_lock(&pool->lock);
	while (pool->workers < workers && status == TAYRA_OK) {
		status = start_worker(pool, &attr, pool->workers);
		if (status == TAYRA_OK) {
			pool->workers++;
			pool->busy++;
		}
	}
	pthread_mutex_unlock(&pool->lock);
	pthread_attr_destroy(&attr);
	return status;
}

static int
init_locks(struct tayra__pool *pool)
{
	pthread_condattr_t attr;

	if (pthread_condattr_init(&attr))
		return TAYRA_E_NOMEM;
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&pool->quiet, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&pool->lock, NULL);
	return TAYRA_OK;
}

int
tayra__pool_create(uint32_t workers, struct tayra__pool **out)
{
	struct tayra__pool *pool;
	int status = TAYRA_E_NOMEM;

	*out = NULL;
	if (!workers || workers > TAYRA__POOL_WORKERS_MAX)
		return TAYRA_E_INVAL;
	pool = tayra__mem_alloc(sizeof(*pool));
	if (!pool)
		return TAYRA_E_NOMEM;
	pool->each = tayra__mem_array(workers, sizeof(*pool->each));
	if (!pool->each || init_locks(pool) != TAYRA_OK)
		goto no_locks;
	status = start_workers(pool, workers);
	if (status != TAYRA_OK) {
		tayra__pool_destroy(pool);
		return status;
	}
	*out = pool;
	return TAYRA_OK;
no_locks:
	tayra__mem_free(pool->each);
	tayra__mem_free(pool);
	return status;
}

void
tayra__pool_destroy(struct tayra__pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->quit = true;
	pthread_mutex_unlock(&pool->lock);
	for (uint32_t i = 0; i < pool->workers; i++) {
		sem_post(&pool->each[i].wake);
		pthread_join(pool->each[i].thread, NULL);
		sem_destroy(&pool->each[i].wake);
	}
	pthread_cond_destroy(&pool->quiet);
	pthread_mutex_destroy(&pool->lock);
	tayra__mem_free(pool->each);
	tayra__mem_free(pool);
}

void
tayra__pool_begin(struct tayra__pool *pool, struct tayra__pool_work *work)
{
	pthread_mutex_lock(&pool->lock);
	pool->work = work;
	pthread_mutex_unlock(&pool->lock);
}

struct tayra__worker *
tayra__pool_pick(struct tayra__pool *pool)
{
	struct tayra__worker *w = pool->idle;

	if (w) {
		pool->idle = w->next_idle;
		pool->busy++;
	}
	return w;
}

void
tayra__pool_rouse(struct tayra__worker *worker)
{
	if (worker)
		sem_post(&worker->wake);
}

bool
tayra__pool_wait(struct tayra__pool *pool, uint64_t until_ns)
{
	struct timespec until = { .tv_sec = (time_t)(until_ns / TAYRA_NS_PER_S),
				  .tv_nsec = (long)(until_ns % TAYRA_NS_PER_S) };

	while (pool->busy) {
		if (pthread_cond_timedwait(&pool->quiet, &pool->lock, &until))
			break;
	}
	return pool->busy == 0;
}

void
tayra__pool_end(struct tayra__pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->work = NULL;
	pthread_mutex_unlock(&pool->lock);
}
