/* SPDX-License-Identifier: Apache-2.0
 *
 * worker.h: a few threads and a bounded queue of loads, taken one by one or several at once.
 * Origins that block share it as code: each has its own.
 */
#ifndef TAYRA_ORIGIN_WORKER_H
#define TAYRA_ORIGIN_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include <tayra/tayra.h>

struct tayra__workers;

/* Do one load to its end on the calling worker; `worker` counts from 0.  It must finish it. */
typedef void (*tayra__work_fn)(void *arg, uint32_t worker, struct tayra_load *load);
/* The same for several at once, n > 0; what it leaves in loads[] is nobody's. */
typedef void (*tayra__work_many_fn)(void *arg, uint32_t worker, struct tayra_load **loads,
				    uint32_t n);

struct tayra__batching {
	uint32_t loads_max; /* of one call, at most TAYRA__WORKERS_BATCH */
	uint64_t window_ns; /* how long a load waits for company while a thread is free */
	bool in_turn;       /* they are worked on one after the other: no thread takes more than its
			       share of what waits */
};

/* => TAYRA_E_INVAL for no or too many threads, TAYRA_E_NOMEM also when there can be no more
 * threads. */
int tayra__workers_create(uint32_t threads, tayra__work_fn work, void *arg,
			  struct tayra__workers **out);
int tayra__workers_create_many(uint32_t threads, const struct tayra__batching *batching,
			       tayra__work_many_fn work, void *arg, struct tayra__workers **out);
/* Queue a load, or fail it with TAYRA_E_OVERLOAD when TAYRA__WORKERS_QUEUE are waiting.  Loads that
 * nobody waits for any more, or past their deadline, are failed without being worked on. */
void tayra__workers_push(struct tayra__workers *workers, struct tayra_load *load);
/* No load may be queued or running. */
void tayra__workers_destroy(struct tayra__workers *workers);

#define TAYRA__WORKERS_MAX   1024u
#define TAYRA__WORKERS_QUEUE 1024u
#define TAYRA__WORKERS_BATCH 1024u

#endif
