/* SPDX-License-Identifier: Apache-2.0
 *
 * executor.h: the inside of an executor and of a task, shared by executor.c (the threads), task.c
 * (one task) and batch.c (sets of them).
 *
 * LOCK: executor.lock guards tasks' states and lists.  executor.lock -> a task queue's lock.  No
 * fn runs while it is held and no call into pace is made, but for those that call nobody back
 * (executor.lock -> pace.lock: tayra__pace_revise(), tayra__pace_turn_away()); pace calls back
 * without a lock of its own.
 */
#ifndef TAYRA_PACE_EXECUTOR_H
#define TAYRA_PACE_EXECUTOR_H

#include "base/list.h"

#include <tayra/pace.h>

#include <pthread.h>
#include <sys/types.h>

struct tayra_executor {
	struct tayra_pace *pace;
	bool own_pace;
	const struct tayra_clock *clock;
	pid_t process;

	pthread_mutex_t lock;
	pthread_cond_t work;    /* ready is not empty, or stop */
	pthread_cond_t ended;   /* a task somebody awaits has, or nothing is pending */
	pthread_cond_t changed; /* a task is not being cancelled any more; a call is over */
	pthread_cond_t hurry;   /* the timer has something to do, or stop */
	struct tayra__list all, ready;
	/* One thread may look out for the next task before it sleeps: */
	uint64_t spin_ns;   /* for so long; 0: none does */
	uint64_t idle_ns;   /* when one last went to sleep, on the real clock */
	bool looking, soon; /* one does; it is worth while */
	_Atomic bool given; /* something was put into ready meanwhile */
	uint64_t pending;   /* submitted or being submitted, and not ended */
	uint32_t waiting, calls;
	uint64_t look_ns;          /* the timer has to look then, if not before; UINT64_MAX: no */
	uint32_t carriers_waiting; /* of `waiting` */
	struct tayra__list kinds;  /* see coalesce.c */
	bool closing, stop, timer_idle;
	bool unrecalled; /* a cancelled task may have been queued in pace since: the timer looks */
	struct tayra_executor_stats stats; /* what is counted */

	pthread_t timer;
	bool has_timer;
	uint32_t threads; /* that run */
	pthread_t thread[];
};

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
	struct tayra__list link; /* in executor.ready, or with its carrier; then in its queue */
	struct tayra_task_kind *kind; /* NULL: it is alone */
	enum tayra__task_state state;
	int said;        /* of one that was carried: what will be its status */
	bool cancelled;  /* promised: fn will not run */
	bool cancelling; /* a thread is taking its ticket back */
	bool awaited;    /* somebody sleeps until it has ended */
	bool carrier;    /* not the user's: see coalesce.c */
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

/* executor.c */
/* The lock is held: to whichever thread is free. */
void tayra__executor_give(struct tayra_executor *ex, struct tayra__task *task);
uint64_t tayra__executor_now_ns(const struct tayra_executor *ex);
/* A call that was counted in `calls` is over, and may have left something to the timer. */
void tayra__executor_leave_submit(struct tayra_executor *ex);
/* Is this a child of the process it was made in? */
bool tayra__executor_forked(const struct tayra_executor *ex);
/* The lock is held: a call that was counted in `calls` is over. */
void tayra__executor_leave_call(struct tayra_executor *ex);
/* The lock is held.  Until signalled, or that moment of the real monotonic clock.  => false: it has
 * come. */
bool tayra__executor_sleep_until(struct tayra_executor *ex, pthread_cond_t *cond,
				 uint64_t until_ns);
/* So much later than now on the real clock; UINT64_MAX: never. */
uint64_t tayra__executor_until_ns(uint64_t timeout_ns);

/* task.c */
/* This thread is one of that executor's, for good. */
void tayra__task_belong(const struct tayra_executor *ex);
/* Is it?  It runs a task, or tells somebody that pace has decided. */
bool tayra__task_inside(const struct tayra_executor *ex);
/* What becomes of a task that is turned away at the door. */
enum tayra__at_door {
	TAYRA__FORGET_REFUSED, /* it is as if it had never been submitted */
	TAYRA__END_REFUSED,    /* it has ended */
};
enum tayra__task_role { TAYRA__TASK_ALONE, TAYRA__TASK_CARRIED, TAYRA__TASK_CARRIER };
/* The lock is held: it is pending, and waits.  Its ticket is the caller's. */
void tayra__task_begin(struct tayra_executor *ex, struct tayra_task *handle,
		       struct tayra_task_kind *kind, enum tayra__task_role role);
/* One that has begun goes into pace.  Not afterwards to be touched. */
int tayra__task_enter(struct tayra_executor *ex, struct tayra_task *handle,
		      enum tayra__at_door refused);
/* The lock is held, the task is in no list but `all`, and its ticket is out: it has ended, and is
 * in its queue if it has one, where it may be taken and freed at once. */
void tayra__task_end(struct tayra_executor *ex, struct tayra__task *task, int status);
/* => as tayra_submit(). */
int tayra__task_submit(struct tayra_executor *ex, struct tayra_task *handle,
		       enum tayra__at_door refused);
/* => whether fn will never run.  The lock is held, and may be let go of meanwhile. */
bool tayra__task_cancel(struct tayra_executor *ex, struct tayra__task *task);
/* By the timer: take the ticket of one cancelled task back that was not queued yet when it was
 * cancelled.  The lock is held, and may be let go of meanwhile. */
void tayra__task_recall(struct tayra_executor *ex);
/* On a thread of the pool: run it and end it. */
void tayra__task_run(struct tayra_executor *ex, struct tayra__task *task);

/* coalesce.c */
struct tayra_executor *tayra__coalesce_executor(const struct tayra_task_kind *kind);
/* The lock is held: a task with a kind begins to wait.  => TAYRA_OK, or why not. */
int tayra__coalesce_admit(struct tayra_executor *ex, struct tayra_task *handle);
/* The lock is held: a task with a kind that waits is taken back, and ends. */
void tayra__coalesce_cancel(struct tayra_executor *ex, struct tayra__task *task);
/* Send as many carriers of that kind into pace as those who wait need.  No lock may be held; the
 * executor must not go away. */
void tayra__coalesce_launch(struct tayra_executor *ex, struct tayra_task_kind *kind);
/* The same for all kinds. */
void tayra__coalesce_launch_all(struct tayra_executor *ex);
/* The lock is held: a carrier will carry nobody, and this many fewer will be carried. */
enum tayra__victim { TAYRA__OLDEST, TAYRA__NEWEST };
void tayra__coalesce_turned_away(struct tayra_executor *ex, struct tayra__task *carrier, int status,
				 enum tayra__victim victim);
/* The lock is held: a carrier ends, and with it those it carried. */
void tayra__coalesce_over(struct tayra_executor *ex, struct tayra__task *carrier);
/* By the thread that has run a carrier: it found nobody to carry. */
bool tayra__coalesce_carries_nobody(struct tayra__task *carrier);
/* By the timer: end what has become hopeless, launch what has waited long enough. */
void tayra__coalesce_tend(struct tayra_executor *ex);
/* Nobody else is there any more. */
void tayra__coalesce_free_kinds(struct tayra_executor *ex);

/* task_queue.c: an ended task, which nobody else touches any more. */
void tayra__task_queue_push(struct tayra_task_queue *queue, struct tayra__task *task);

#endif
