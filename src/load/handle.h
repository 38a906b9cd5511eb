/* SPDX-License-Identifier: Apache-2.0
 *
 * handle.h: struct tayra itself.
 *
 * Locks: a key's order lock (below.h) -> handle.lock -> a queue's lock -> a shard's lock in the
 * cache.  handle.lock guards flights, waiters, timers and lists; a hit does not take it.  No
 * loader, no origin and no call into pace runs while it is held.
 */
#ifndef TAYRA_LOAD_HANDLE_H
#define TAYRA_LOAD_HANDLE_H

#include <pthread.h>
#include <stdatomic.h>

#include <tayra/tayra.h>

#include "base/heap.h"
#include "base/list.h"
#include "load/below.h"
#include "load/breaker.h"
#include "load/counter.h"
#include "load/doubt.h"

struct tayra__budget;
struct tayra__learner;

/* Each is read and set alone, relaxed: requests under way may see some old and some new. */
struct tayra__settings {
	_Atomic uint64_t ttl_ms, stale_ms, throttle_ms;
	_Atomic uint64_t soft_timeout_ns; /* UINT64_MAX: off */
	_Atomic uint64_t timeout_ns;      /* UINT64_MAX: none */
	_Atomic uint64_t throttle_max_ms;
	_Atomic uint64_t absent_ttl_ms, error_ttl_ms;
	_Atomic uint64_t ttl_jitter; /* of 2^32 - 1 */
	_Atomic uint64_t refresh_at; /* of 2^32; 0: never */
	_Atomic uint64_t xfetch;     /* the same */
};

struct tayra {
	/* Set by create, read by every call. */
	struct tayra *root; /* itself; of a pool: whose it is */
	struct tayra_cache *cache;
	struct tayra_pace *pace;
	struct tayra_clock clock;
	uint64_t token; /* of the process that made it */
	struct tayra__settings settings;
	bool single_flight, ticker;
	struct tayra__budget *budget;
	/* Written by the ticker alone, relaxed: a time on its own orders nothing.  0: read the
	 * clock.  A pool's is its root's. */
	_Atomic uint64_t coarse_ns;
	struct tayra__counters counters;
	struct tayra__below below;
	/* Made when it is first wanted, released; read by every call, acquire; goes with the
	 * handle.  NULL: nothing is learned. */
	_Atomic(struct tayra__learner *) learner;
	struct tayra__doubts doubts;

	/* The same for what is known not to be had: absent.h. */
	_Atomic(struct tayra_cache *) absent;

	char name[TAYRA_POOL_NAME_MAX + 1]; /* of a pool */
	struct tayra *next_pool;
	_Atomic(struct tayra *) pools; /* pool.h; released under lock, never shortened */

	pthread_mutex_t lock;
	pthread_cond_t idle;         /* destroy waits for flights == 0 and calls == 0 */
	struct tayra__list *buckets; /* attached flights by key */
	uint64_t bucket_seed;
	struct tayra__list flights; /* all that have memory */
	struct tayra__list ready;   /* whose turn has come, and whose loader is the user's */
	struct tayra_load *chores, **chores_end; /* to be done without the lock: turn.h */
	struct tayra__list queues;
	struct tayra__list writes;      /* flights that are, until all that follows is done */
	struct tayra__heap timers;      /* of waiters: soft timeouts and deadlines */
	struct tayra_strategy strategy; /* in force, defaults filled in */
	struct tayra__breaker breaker;
	uint64_t flight_count;
	uint64_t inflight; /* not finished */
	/* Calls that must be out before the handle may go.  Raised under handle.lock or a queue's
	 * lock, lowered under handle.lock. */
	_Atomic uint64_t calls;
	_Atomic bool closing;

	_Atomic uint64_t next_sweep_ns, next_pace_ns; /* of tick */
	pthread_t ticker_thread;
	_Atomic bool ticker_stop;
	/* The ticker dozes while nobody calls.  Set by it, relaxed: what it then looks at under the
	 * locks of the handle and its pools, and who wakes it has just held one, so that one of
	 * the two sees the other. */
	_Atomic bool dozing;
	pthread_mutex_t doze_lock; /* after handle.lock */
	pthread_cond_t doze_end;
};

#define TAYRA__BUCKETS 1024u

static inline uint64_t
tayra__add_sat(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static inline uint64_t
tayra__setting(const _Atomic uint64_t *setting)
{
	return atomic_load_explicit(setting, memory_order_relaxed);
}

/* The clock itself. */
uint64_t tayra__handle_now_ns(const struct tayra *t);
/* What the ticker published, at most half a millisecond ago when it gets to run; without a ticker
 * the clock itself. */
uint64_t tayra__handle_coarse_ns(const struct tayra *t);
bool tayra__handle_forked(const struct tayra *t);
/* tayra_cache_get(), with what is doubted stale or not there. */
static inline int
tayra__ram_get(struct tayra *t, const void *key, size_t key_len, uint64_t now_ms,
	       struct tayra_value *out)
{
	int status = tayra_cache_get(t->cache, key, key_len, now_ms, out);

	if (status != TAYRA_OK || tayra__doubts_judge(&t->doubts, key, key_len, out))
		return status;
	tayra_cache_unpin(t->cache, out);
	return TAYRA_E_NOT_FOUND;
}
/* A call that will take the lock begins and ends.  The lock is held.  => TAYRA_E_CLOSED. */
int tayra__handle_enter(struct tayra *t);
void tayra__handle_leave(struct tayra *t);

/* root: whose pool it will be, or NULL.  => as tayra_create(). */
int tayra__handle_create(const struct tayra_options *options, struct tayra *root,
			 struct tayra **out);
/* The same for a pool as tayra_destroy() is for its root. */
void tayra__handle_destroy(struct tayra *t);

/* How long a group of keys rests. */
struct tayra__breaker_rest tayra__handle_rest(const struct tayra *t);

/* There may be deadlines to keep from now on.  t->lock is held. */
void tayra__ticker_rouse(struct tayra *t);
/* tick.c: the opt-in thread.  => TAYRA_E_NOMEM, TAYRA_E_IO when there can be no more threads. */
int tayra__ticker_start(struct tayra *t);
void tayra__ticker_stop(struct tayra *t);

#endif
