/* SPDX-License-Identifier: Apache-2.0
 *
 * cq.h: a completion queue as the rest of load sees it.  Its own lock is taken under handle.lock.
 * It may outlive the handle: then it gives out what it holds, and nothing more comes.
 */
#ifndef TAYRA_LOAD_CQ_H
#define TAYRA_LOAD_CQ_H

#include <stdbool.h>

struct tayra;
struct tayra_cq;
struct tayra__list;
struct tayra__waiter;

/* A waiter is answered.  It belongs to the queue from here on.  Any thread. */
void tayra__cq_push(struct tayra_cq *cq, struct tayra__waiter *w);
/* A loader's turn has come: wake who polls or waits. */
void tayra__cq_poke(struct tayra_cq *cq);
/* A timer was set that is due before all others: let who waits look again. */
void tayra__cq_nudge(struct tayra_cq *cq);
bool tayra__cq_is_of(const struct tayra_cq *cq, const struct tayra *t);
/* The handle goes.  The node is the queue's place in handle.queues. */
void tayra__cq_orphan(struct tayra__list *node);

#endif
