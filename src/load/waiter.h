/* SPDX-License-Identifier: Apache-2.0
 *
 * waiter.h: one request waiting for a flight: a blocked thread (on its stack) or a completion to
 * come (on the heap).  It is answered exactly once, and then belongs to nobody but its owner.
 *
 * Everything here is called with handle.lock held.
 */
#ifndef TAYRA_LOAD_WAITER_H
#define TAYRA_LOAD_WAITER_H

#include <pthread.h>

#include <tayra/tayra.h>

#include "base/heap.h"
#include "base/list.h"

struct tayra__want;
struct tayra__written;

struct tayra__waiter {
	struct tayra__list in_flight, in_cq;
	struct tayra__heap_node timer; /* for the next of soft_ns and deadline_ns */
	struct tayra_load *flight;     /* NULL once answered */
	struct tayra_cq *cq;           /* NULL: blocked */
	void *cookie;
	pthread_cond_t *wake; /* of a blocked one: answered, or its flight is ready */
	uint64_t soft_ns, deadline_ns;
	bool stale_ok;
	uint64_t tag_number; /* of what had been said of tags when it came */
	int status;
	struct tayra__written *written; /* of a write on a queue, which owns it; else NULL */
	struct tayra_ref ref;
};

/* A condition whose timeouts are on CLOCK_MONOTONIC. */
void tayra__wake_init(pthread_cond_t *wake);
/* Wait for the flight.  w->cq, cookie and wake are set by the caller.  => TAYRA_OK, TAYRA_E_NOMEM.
 */
int tayra__waiter_join(struct tayra__waiter *w, struct tayra_load *flight,
		       const struct tayra__want *want);
/* Answer it with w->ref as it stands, and take it off its flight. */
void tayra__waiter_answer(struct tayra__waiter *w, int status);
/* Answer it with what is stale and allowed, else with that status. */
void tayra__waiter_fail(struct tayra__waiter *w, int status, uint64_t retry_after_ns,
			uint64_t now_ns);
/* Act on soft timeout and deadline if they are due. */
void tayra__waiter_due(struct tayra__waiter *w, uint64_t now_ns);
/* The same for up to `budget` of all waiters of the handle; 0: for all.  Returns how many were
 * due. */
uint64_t tayra__waiters_due(struct tayra *t, uint64_t now_ns, uint64_t budget);
/* When the next of them is due; UINT64_MAX: never. */
uint64_t tayra__waiters_next_ns(const struct tayra *t);

#endif
