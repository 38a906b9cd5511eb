/* SPDX-License-Identifier: Apache-2.0
 *
 * task.c: the life of a task, from being submitted to having ended.
 *
 *   idle -> waiting -> ready -> running -> idle (ended)
 *              |         |
 *              +---------+--> idle (cancelled; shed)
 *
 * ENDING: whoever ends a task (its thread, pace's callback, or who cancels it) does so in one hold
 * of the lock and touches neither the task nor, once nothing is pending, the executor after it.
 * CANCELLING: the promise is made under the lock by setting `cancelled` while the task has not got
 * a thread.  Taking its ticket back needs the lock let go; meanwhile `cancelling` keeps the others
 * from ending it.
 */
#include "pace/executor.h"

#include "pace/pace.h"

static _Thread_local const struct tayra_executor *inside; /* whose thread this is */

void
tayra__task_belong(const struct tayra_executor *ex)
{
	inside = ex;
}

bool
tayra__task_inside(const struct tayra_executor *ex)
{
	return inside == ex;
}

/* Counting.  A carrier is not counted: those it carries are. */

static void
tally(const struct tayra__task *task, uint64_t *count)
{
	*count += !task->carrier;
}

static void
begin_waiting(struct tayra_executor *ex, const struct tayra__task *task)
{
	ex->waiting++;
	ex->carriers_waiting += task->carrier;
}

static void
stop_waiting(struct tayra_executor *ex, const struct tayra__task *task)
{
	ex->waiting--;
	ex->carriers_waiting -= task->carrier;
}

/* Ending. */

/* The lock is held; the task is in no list but `all`, and its ticket is out. */
static void
conclude(struct tayra_executor *ex, struct tayra__task *task, int status)
{
	if (task->carrier)
		tayra__coalesce_over(ex, task);
	tayra__list_remove(&task->in_all);
	tayra__task_handle(task)->status = status;
	task->state = TAYRA__TASK_IDLE;
	if (task->awaited || ex->pending == 1)
		pthread_cond_broadcast(&ex->ended);
	ex->pending--;
}

void
tayra__task_end(struct tayra_executor *ex, struct tayra__task *task, int status)
{
	struct tayra_task_queue *queue = tayra__task_handle(task)->queue;

	conclude(ex, task, status);
	if (queue)
		tayra__task_queue_push(queue, task);
}

/* The lock is held: nobody takes the ticket back from now on. */
static void
settle_cancelling(struct tayra_executor *ex, const struct tayra__task *task)
{
	while (task->cancelling)
		pthread_cond_wait(&ex->changed, &ex->lock);
}

/* Give the slot of a task back that will not run, and end it.  Lock not held. */
static void
end_cancelled(struct tayra_executor *ex, struct tayra__task *task)
{
	tayra_pace_leave(ex->pace, &tayra__task_handle(task)->ticket, TAYRA_OUTCOME_CANCELLED,
			 tayra__executor_now_ns(ex));
	pthread_mutex_lock(&ex->lock);
	tally(task, &ex->stats.cancelled);
	tayra__task_end(ex, task, TAYRA_E_CANCELLED);
	pthread_mutex_unlock(&ex->lock);
}

/* Deciding. */

/* Its slot is held: to a thread with it, or, if that was promised, not. */
static void
let_in(struct tayra_executor *ex, struct tayra__task *task)
{
	bool cancelled;

	pthread_mutex_lock(&ex->lock);
	settle_cancelling(ex, task);
	stop_waiting(ex, task);
	cancelled = task->cancelled;
	if (!cancelled)
		tayra__executor_give(ex, task);
	pthread_mutex_unlock(&ex->lock);
	if (cancelled)
		end_cancelled(ex, task);
}

/* It waited in vain. */
static void
shed(struct tayra_executor *ex, struct tayra__task *task, int status)
{
	struct tayra_task_kind *kind = task->carrier ? task->kind : NULL;

	pthread_mutex_lock(&ex->lock);
	settle_cancelling(ex, task);
	stop_waiting(ex, task);
	tally(task, task->cancelled ? &ex->stats.cancelled : &ex->stats.shed);
	if (kind && !task->cancelled)
		tayra__coalesce_turned_away(ex, task, status, TAYRA__OLDEST);
	ex->calls += kind != NULL; /* or it might be destroyed once the task has ended */
	tayra__task_end(ex, task, task->cancelled ? TAYRA_E_CANCELLED : status);
	pthread_mutex_unlock(&ex->lock);
	if (!kind)
		return;
	tayra__coalesce_launch(ex, kind); /* those who still wait need another one */
	tayra__executor_leave_submit(ex);
}

/* Called by pace, without a lock, when a waiting task is decided. */
static void
decided(struct tayra_ticket *ticket, int status, void *arg)
{
	struct tayra__task *task = arg;
	struct tayra_executor *ex = task->executor;

	if (status == TAYRA_OK)
		let_in(ex, task);
	else
		shed(ex, task, status);
}

/* Submitting. */

static struct tayra_pace_request
request_of(struct tayra_task *handle)
{
	return (struct tayra_pace_request){
		.cls = handle->cls,
		.deadline_ns = handle->deadline_ns,
		.decided = decided,
		.arg = tayra__task_of(handle),
		.tenant = handle->tenant,
		.level = handle->level,
		.cost = handle->cost,
	};
}

void
tayra__task_begin(struct tayra_executor *ex, struct tayra_task *handle,
		  struct tayra_task_kind *kind, enum tayra__task_role role)
{
	struct tayra__task *task = tayra__task_of(handle);

	*task = (struct tayra__task){
		.executor = ex,
		.kind = kind,
		.state = TAYRA__TASK_WAITING,
		.carrier = role == TAYRA__TASK_CARRIER,
	};
	tayra__list_init(&task->link);
	tayra__list_push_back(&ex->all, &task->in_all);
	handle->status = TAYRA_PENDING;
	ex->pending++;
	tally(task, &ex->stats.submitted);
	begin_waiting(ex, task);
}

/* The lock is held. */
static int
begin(struct tayra_executor *ex, struct tayra_task *handle)
{
	if (tayra__task_of(handle)->state != TAYRA__TASK_IDLE)
		tayra__pace_bug("submitting a task that has not ended, or was never zeroed");
	if (ex->closing)
		return TAYRA_E_CLOSED;
	handle->ticket = (struct tayra_ticket){ 0 };
	if (handle->kind)
		return tayra__coalesce_admit(ex, handle);
	tayra__task_begin(ex, handle, NULL, TAYRA__TASK_ALONE);
	return TAYRA_OK;
}

/* Turned away at the door: as if it had never been submitted, or ended with that status. */
static void
refuse(struct tayra_executor *ex, struct tayra__task *task, int status, enum tayra__at_door refused)
{
	pthread_mutex_lock(&ex->lock);
	settle_cancelling(ex, task);
	stop_waiting(ex, task);
	if (task->carrier) {
		tayra__coalesce_turned_away(ex, task, status, TAYRA__NEWEST);
	} else {
		ex->stats.submitted--;
		ex->stats.refused++;
	}
	if (refused == TAYRA__END_REFUSED)
		tayra__task_end(ex, task, status);
	else
		conclude(ex, task, status);
	pthread_mutex_unlock(&ex->lock);
}

void
tayra__executor_leave_submit(struct tayra_executor *ex)
{
	pthread_mutex_lock(&ex->lock);
	if (ex->waiting && ex->timer_idle)
		pthread_cond_signal(&ex->hurry);
	tayra__executor_leave_call(ex);
	pthread_mutex_unlock(&ex->lock);
}

int
tayra__task_enter(struct tayra_executor *ex, struct tayra_task *handle, enum tayra__at_door refused)
{
	const struct tayra_pace_request request = request_of(handle);
	struct tayra__task *task = tayra__task_of(handle);
	int status = tayra_pace_enter_start(ex->pace, &request, tayra__executor_now_ns(ex),
					    &handle->ticket);

	/* While it is pending it may end at any moment, and be gone. */
	if (status == TAYRA_OK)
		let_in(ex, task);
	else if (status != TAYRA_PENDING)
		refuse(ex, task, status, refused);
	return status == TAYRA_PENDING ? TAYRA_OK : status;
}

/* Of a batch, which wakes the timer when all are there: it would launch a part of them. */
static void
leave_member(struct tayra_executor *ex)
{
	pthread_mutex_lock(&ex->lock);
	tayra__executor_leave_call(ex);
	pthread_mutex_unlock(&ex->lock);
}

static bool
shed_at_door(int status)
{
	return status == TAYRA_E_OVERLOAD || status == TAYRA_E_TIMEOUT;
}

int
tayra__task_submit(struct tayra_executor *ex, struct tayra_task *handle,
		   enum tayra__at_door refused)
{
	const struct tayra_pace_request request = request_of(handle);
	struct tayra_task_kind *kind = handle->kind;
	int status;

	if ((kind ? tayra__coalesce_executor(kind) != ex : !handle->fn) ||
	    !tayra__pace_takes(&request))
		return TAYRA_E_INVAL;
	pthread_mutex_lock(&ex->lock);
	ex->calls++;
	status = begin(ex, handle);
	pthread_mutex_unlock(&ex->lock);
	if (status == TAYRA_OK && !kind)
		status = tayra__task_enter(ex, handle, refused);
	else if (status == TAYRA_OK && refused == TAYRA__FORGET_REFUSED)
		tayra__coalesce_launch(ex, kind); /* a batch launches when all are there */
	else if (kind && shed_at_door(status) && refused == TAYRA__END_REFUSED && handle->queue)
		tayra__task_queue_push(handle->queue, tayra__task_of(handle));
	if (refused == TAYRA__FORGET_REFUSED)
		tayra__executor_leave_submit(ex);
	else
		leave_member(ex);
	return status;
}

int
tayra_submit(struct tayra_executor *ex, struct tayra_task *task)
{
	if (!ex || !task)
		return TAYRA_E_INVAL;
	return tayra__executor_forked(ex) ? TAYRA_E_FORKED
					  : tayra__task_submit(ex, task, TAYRA__FORGET_REFUSED);
}

/* Cancelling. */

/* Take its ticket back: waiting is cut short if it still waits in pace.  The lock is held, and let
 * go of meanwhile. */
static void
recall(struct tayra_executor *ex, struct tayra__task *task)
{
	int status;

	task->cancelling = true;
	pthread_mutex_unlock(&ex->lock);
	status = tayra_pace_cancel(ex->pace, &tayra__task_handle(task)->ticket,
				   tayra__executor_now_ns(ex));
	pthread_mutex_lock(&ex->lock);
	task->cancelling = false;
	pthread_cond_broadcast(&ex->changed);
	if (status != TAYRA_OK) {
		/* Decided this moment: who is told ends it.  Or not queued yet, and it may be long
		 * until somebody is told: the timer tries again. */
		ex->unrecalled = true;
		return;
	}
	stop_waiting(ex, task);
	tally(task, &ex->stats.cancelled);
	tayra__task_end(ex, task, TAYRA_E_CANCELLED);
}

void
tayra__task_recall(struct tayra_executor *ex)
{
	const struct tayra__list *head = &ex->all;

	ex->unrecalled = false;
	for (struct tayra__list *node = head->next; node != head; node = node->next) {
		struct tayra__task *task = TAYRA__LIST_ENTRY(node, struct tayra__task, in_all);

		if (task->state == TAYRA__TASK_WAITING && task->cancelled && !task->cancelling) {
			recall(ex, task); /* and the list is another */
			ex->unrecalled = true;
			return;
		}
	}
}

bool
tayra__task_cancel(struct tayra_executor *ex, struct tayra__task *task)
{
	switch (task->state) {
	case TAYRA__TASK_IDLE:
	case TAYRA__TASK_RUNNING: return false;
	case TAYRA__TASK_WAITING:
		if (task->kind && !task->carrier) {
			tayra__coalesce_cancel(ex, task);
		} else if (!task->cancelled) {
			task->cancelled = true;
			recall(ex, task);
		}
		return true;
	case TAYRA__TASK_READY:
		task->cancelled = true;
		task->state = TAYRA__TASK_WAITING; /* until its slot is given back */
		tayra__list_remove(&task->link);
		pthread_mutex_unlock(&ex->lock);
		end_cancelled(ex, task);
		pthread_mutex_lock(&ex->lock);
		return true;
	}
	return false;
}

bool
tayra_task_cancel(struct tayra_executor *ex, struct tayra_task *task)
{
	bool never;

	if (tayra__executor_forked(ex))
		return false;
	pthread_mutex_lock(&ex->lock);
	ex->calls++;
	never = tayra__task_of(task)->executor == ex &&
		tayra__task_cancel(ex, tayra__task_of(task));
	tayra__executor_leave_call(ex);
	pthread_mutex_unlock(&ex->lock);
	return never;
}

/* Running. */

static enum tayra_outcome
outcome_of(int status)
{
	if (status >= 0)
		return TAYRA_OUTCOME_OK;
	switch (status) {
	case TAYRA_E_NOT_FOUND: return TAYRA_OUTCOME_OK;
	case TAYRA_E_TIMEOUT: return TAYRA_OUTCOME_TIMEOUT;
	case TAYRA_E_OVERLOAD: return TAYRA_OUTCOME_OVERLOAD;
	case TAYRA_E_CANCELLED: return TAYRA_OUTCOME_CANCELLED;
	}
	return TAYRA_OUTCOME_ERROR;
}

void
tayra__task_run(struct tayra_executor *ex, struct tayra__task *task)
{
	struct tayra_task *handle = tayra__task_handle(task);
	struct tayra_task_kind *kind = task->carrier ? task->kind : NULL;
	enum tayra_outcome outcome;
	int status;

	status = handle->fn(handle->arg);
	outcome = kind && tayra__coalesce_carries_nobody(task) ? TAYRA_OUTCOME_IGNORE
							       : outcome_of(status);
	/* The next one is let in here, before this one has ended for its owner. */
	tayra_pace_leave(ex->pace, &handle->ticket, outcome, tayra__executor_now_ns(ex));
	pthread_mutex_lock(&ex->lock);
	tally(task, &ex->stats.ran);
	ex->stats.running--;
	tayra__task_end(ex, task, status);
	pthread_mutex_unlock(&ex->lock);
	if (kind)
		tayra__coalesce_launch(ex, kind);
}
