/* SPDX-License-Identifier: Apache-2.0
 *
 * executor.h: what is inside a struct tayra_task, and how a task that has ended reaches its queue.
 */
#ifndef TAYRA_PACE_EXECUTOR_H
#define TAYRA_PACE_EXECUTOR_H

#include "base/list.h"

#include <tayra/pace.h>

/* Words nobody leaves in memory by chance. */
enum tayra__task_state {
	TAYRA__TASK_IDLE = 0,
	TAYRA__TASK_WAITING = 0x77616974, /* pace has it, or is about to */
	TAYRA__TASK_READY = 0x72656164,   /* held, and in executor.ready */
	TAYRA__TASK_RUNNING = 0x72756e73,
};

/* All under executor.lock. */
struct tayra__task {
	struct tayra_executor *executor;
	struct tayra__list in_all;
	struct tayra__list link; /* in executor.ready, then in its queue */
	enum tayra__task_state state;
	bool cancelled;  /* promised: fn will not run */
	bool cancelling; /* a thread is taking its ticket back */
	bool awaited;    /* somebody sleeps until it has ended */
};
_Static_assert(sizeof(struct tayra__task) <= sizeof(((struct tayra_task *)0)->opaque),
	       "a task must fit into its opaque words");

static inline struct tayra__task *
tayra__task_of(struct tayra_task *task)
{
	return (struct tayra__task *)(void *)task->opaque;
}

static inline struct tayra_task *
tayra__task_handle(struct tayra__task *task)
{
	return TAYRA__LIST_ENTRY(task, struct tayra_task, opaque);
}

/* task_queue.c: an ended task, which nobody else touches any more. */
void tayra__task_queue_push(struct tayra_task_queue *queue, struct tayra__task *task);

#endif
