/* SPDX-License-Identifier: Apache-2.0
 *
 * batch.c: tasks as a set: submitted together, awaited together.
 */
#include "pace/executor.h"

int
tayra_submit_batch(struct tayra_executor *ex, struct tayra_task *tasks, size_t n)
{
	int first = TAYRA_OK;

	if (!ex || (!tasks && n > 0))
		return TAYRA_E_INVAL;
	if (tayra__executor_forked(ex))
		return TAYRA_E_FORKED;
	pthread_mutex_lock(&ex->lock);
	ex->calls++; /* all of it is one call: destroy waits for its end */
	pthread_mutex_unlock(&ex->lock);
	for (size_t i = 0; i < n; i++) {
		struct tayra_task_queue *queue = tasks[i].queue;
		int status = tayra__task_submit(ex, &tasks[i], TAYRA__END_REFUSED);

		if (status == TAYRA_E_INVAL || status == TAYRA_E_CLOSED) { /* not even begun */
			tasks[i].status = status;
			if (queue)
				tayra__task_queue_push(queue, tayra__task_of(&tasks[i]));
		}
		if (first == TAYRA_OK)
			first = status;
	}
	tayra__coalesce_launch_all(ex);
	tayra__executor_leave_submit(ex);
	return first;
}

/* Another one's lock guards it, and nobody would wake who waits here. */
static bool
is_elsewhere(const struct tayra_executor *ex, const struct tayra__task *task)
{
	return task->state != TAYRA__TASK_IDLE && task->executor != ex;
}

static bool
has_ended(struct tayra__task *task)
{
	if (task->state == TAYRA__TASK_IDLE)
		return true;
	task->awaited = true;
	return false;
}

int
tayra_task_wait(struct tayra_executor *ex, struct tayra_task *tasks, size_t n, uint64_t timeout_ns)
{
	uint64_t until_ns = tayra__executor_until_ns(timeout_ns);
	int status = TAYRA_OK;
	size_t done = 0;
	bool time = true;

	if (!ex || (!tasks && n > 0))
		return TAYRA_E_INVAL;
	if (tayra__executor_forked(ex))
		return TAYRA_E_FORKED;
	if (tayra__task_inside(ex))
		return TAYRA_E_WOULD_DEADLOCK;
	for (size_t i = 0; i < n; i++)
		if (tasks[i].queue)
			return TAYRA_E_INVAL;
	pthread_mutex_lock(&ex->lock);
	ex->calls++;
	while (done < n && status == TAYRA_OK) {
		struct tayra__task *task = tayra__task_of(&tasks[done]);

		if (is_elsewhere(ex, task))
			status = TAYRA_E_INVAL;
		else if (has_ended(task))
			done++;
		else if (!time)
			status = TAYRA_E_TIMEOUT;
		else
			time = tayra__executor_sleep_until(ex, &ex->ended, until_ns);
	}
	tayra__executor_leave_call(ex);
	pthread_mutex_unlock(&ex->lock);
	return status;
}

int
tayra_executor_drain(struct tayra_executor *ex, uint64_t timeout_ns)
{
	uint64_t until_ns = tayra__executor_until_ns(timeout_ns);
	bool time = true;
	int status;

	if (!ex)
		return TAYRA_E_INVAL;
	if (tayra__executor_forked(ex))
		return TAYRA_E_FORKED;
	if (tayra__task_inside(ex))
		return TAYRA_E_WOULD_DEADLOCK;
	pthread_mutex_lock(&ex->lock);
	ex->calls++;
	while (ex->pending && time)
		time = tayra__executor_sleep_until(ex, &ex->ended, until_ns);
	status = ex->pending ? TAYRA_E_TIMEOUT : TAYRA_OK;
	tayra__executor_leave_call(ex);
	pthread_mutex_unlock(&ex->lock);
	return status;
}
