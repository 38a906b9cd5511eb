/* SPDX-License-Identifier: Apache-2.0
 *
 * pool.h: worker threads that ask for calls to make.  There is no queue of jobs here: what is being
 * worked on hands out its next call when a worker asks, so a backlog of any length costs no memory.
 */
#ifndef TAYRA_DRIVE_POOL_H
#define TAYRA_DRIVE_POOL_H

#include "drive/drive.h"

#include <pthread.h>

#define TAYRA__POOL_WORKERS_MAX 2048

/* What the workers are to do.  Both functions run on a worker's thread with pool->lock held. */
struct tayra__pool_work {
	const struct tayra__target *target;
	/* Fill in the next call but for its worker; false: nothing to do now. */
	bool (*take)(struct tayra__pool_work *work, uint64_t now_ns, struct tayra__call *call);
	void (*ended)(struct tayra__pool_work *work, const struct tayra__call *call,
		      enum tayra__call_end end, uint64_t now_ns);
};

struct tayra__worker;

struct tayra__pool {
	pthread_mutex_t lock;
	pthread_cond_t quiet; /* busy fell to 0; CLOCK_MONOTONIC */
	struct tayra__pool_work *work;
	struct tayra__worker *idle; /* a stack: the last to fall asleep has the warmest caches */
	uint32_t busy;              /* awake, or woken and on the way */
	uint32_t workers;
	bool quit;
	struct tayra__worker *each; /* [workers] */
};

/* Give the workers something to do; none is woken yet.  Nothing else may be under way. */
void tayra__pool_begin(struct tayra__pool *pool, struct tayra__pool_work *work);
/* Wake a worker; false: none is idle.  pool->lock held; the wake itself is for the caller to make
 * with tayra__pool_rouse() once it has let go of the lock, or the woken would run into it. */
struct tayra__worker *tayra__pool_pick(struct tayra__pool *pool);
void tayra__pool_rouse(struct tayra__worker *worker);
/* Wait until no worker is busy or until that moment.  pool->lock held.  True when none is busy. */
bool tayra__pool_wait(struct tayra__pool *pool, uint64_t until_ns);
/* Take the work away; no worker may be busy. */
void tayra__pool_end(struct tayra__pool *pool);

#endif
