/* SPDX-License-Identifier: Apache-2.0
 *
 * executor.c: threads that run what pace lets in.  Order, shedding and the limit are pace's; here a
 * task only waits for its decision and then for a thread.
 *
 *   idle -> waiting -> ready -> running -> idle (ended)
 *              |         |
 *              +---------+--> idle (cancelled; shed)
 *
 * LOCK: executor.lock guards tasks' states and lists.  executor.lock -> a task queue's lock.  No
 * call into pace and no fn runs while it is held, and pace calls back without a lock of its own.
 * ENDING: whoever ends a task (its thread, pace's callback, or who cancels it) does so in one hold
 * of the lock and touches neither the task nor, once nothing is pending, the executor after it.
 * CANCELLING: the promise is made under the lock by setting `cancelled` while the task has not got
 * a thread.  Taking its ticket back needs the lock let go; meanwhile `cancelling` keeps the others
 * from ending it.
 */
#include "pace/executor.h"

#include <pthread.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/option.h"
#include "pace/pace.h"

#define DEFAULT_THREADS 4u
#define THREADS_MAX     1024u
#define TICK_NS         (10 * TAYRA_NS_PER_MS)
#define NEVER_CODEL_NS  (UINT64_MAX / 8) /* the longest that pace takes */

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
	uint64_t pending; /* submitted or being submitted, and not ended */
	uint32_t waiting, calls;
	bool closing, stop, timer_idle;
	struct tayra_executor_stats stats; /* what is counted */

	pthread_t timer;
	bool has_timer;
	uint32_t threads; /* that run */
	pthread_t thread[];
};

static _Thread_local struct tayra_executor *inside; /* whose task this thread is running */

static uint64_t
now_ns(const struct tayra_executor *ex)
{
	return tayra__clock_mono_ns(ex->clock);
}

static bool
forked(const struct tayra_executor *ex)
{
	return ex->process != getpid();
}

/* Ending. */

/* The lock is held; the task is in no list but `all`, and its ticket is out. */
static void
conclude(struct tayra_executor *ex, struct tayra__task *task, int status)
{
	tayra__list_remove(&task->in_all);
	tayra__task_handle(task)->status = status;
	task->state = TAYRA__TASK_IDLE;
	if (task->awaited || ex->pending == 1)
		pthread_cond_broadcast(&ex->ended);
	ex->pending--;
}

/* The same, and hand it to its queue, where it may be taken and freed at once. */
static void
end(struct tayra_executor *ex, struct tayra__task *task, int status)
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
			 now_ns(ex));
	pthread_mutex_lock(&ex->lock);
	ex->stats.cancelled++;
	end(ex, task, TAYRA_E_CANCELLED);
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
	ex->waiting--;
	cancelled = task->cancelled;
	if (!cancelled) {
		task->state = TAYRA__TASK_READY;
		tayra__list_push_back(&ex->ready, &task->link);
		pthread_cond_signal(&ex->work);
	}
	pthread_mutex_unlock(&ex->lock);
	if (cancelled)
		end_cancelled(ex, task);
}

/* Called by pace, without a lock, when a waiting task is decided. */
static void
decided(struct tayra_ticket *ticket, int status, void *arg)
{
	struct tayra__task *task = arg;
	struct tayra_executor *ex = task->executor;

	if (status == TAYRA_OK) {
		let_in(ex, task);
		return;
	}
	pthread_mutex_lock(&ex->lock);
	settle_cancelling(ex, task);
	ex->waiting--;
	if (task->cancelled)
		ex->stats.cancelled++;
	else
		ex->stats.shed++;
	end(ex, task, task->cancelled ? TAYRA_E_CANCELLED : status);
	pthread_mutex_unlock(&ex->lock);
}

/* Submitting. */

enum at_door { FORGET_REFUSED, END_REFUSED };

static int
begin(struct tayra_executor *ex, struct tayra_task *handle)
{
	struct tayra__task *task = tayra__task_of(handle);
	int status = TAYRA_OK;

	if (!handle->fn || (unsigned)handle->cls > TAYRA_BACKGROUND)
		return TAYRA_E_INVAL;
	pthread_mutex_lock(&ex->lock);
	if (task->state != TAYRA__TASK_IDLE)
		tayra__pace_bug("submitting a task that has not ended, or was never zeroed");
	if (ex->closing) {
		status = TAYRA_E_CLOSED;
	} else {
		*task = (struct tayra__task){ .executor = ex, .state = TAYRA__TASK_WAITING };
		tayra__list_init(&task->link);
		tayra__list_push_back(&ex->all, &task->in_all);
		handle->status = TAYRA_PENDING;
		handle->ticket = (struct tayra_ticket){ 0 };
		ex->pending++;
		ex->stats.submitted++;
		ex->waiting++;
		ex->calls++;
	}
	pthread_mutex_unlock(&ex->lock);
	return status;
}

/* Turned away at the door: as if it had never been submitted, or ended with that status. */
static void
refuse(struct tayra_executor *ex, struct tayra__task *task, int status, enum at_door refused)
{
	pthread_mutex_lock(&ex->lock);
	settle_cancelling(ex, task);
	ex->waiting--;
	ex->stats.submitted--;
	ex->stats.refused++;
	if (refused == END_REFUSED)
		end(ex, task, status);
	else
		conclude(ex, task, status);
	pthread_mutex_unlock(&ex->lock);
}

static void
leave_call(struct tayra_executor *ex)
{
	ex->calls--;
	if (ex->closing)
		pthread_cond_broadcast(&ex->changed);
}

static void
leave_submit(struct tayra_executor *ex)
{
	pthread_mutex_lock(&ex->lock);
	if (ex->waiting && ex->timer_idle)
		pthread_cond_signal(&ex->hurry);
	leave_call(ex);
	pthread_mutex_unlock(&ex->lock);
}

static int
submit(struct tayra_executor *ex, struct tayra_task *handle, enum at_door refused)
{
	struct tayra__task *task = tayra__task_of(handle);
	struct tayra_pace_request request = {
		.cls = handle->cls,
		.deadline_ns = handle->deadline_ns,
		.decided = decided,
		.arg = task,
	};
	int status = begin(ex, handle);

	if (status != TAYRA_OK)
		return status;
	status = tayra_pace_enter_start(ex->pace, &request, now_ns(ex), &handle->ticket);
	/* While it is pending it may end at any moment, and be gone. */
	if (status == TAYRA_OK)
		let_in(ex, task);
	else if (status != TAYRA_PENDING)
		refuse(ex, task, status, refused);
	leave_submit(ex);
	return status == TAYRA_PENDING ? TAYRA_OK : status;
}

int
tayra_submit(struct tayra_executor *ex, struct tayra_task *task)
{
	if (!ex || !task)
		return TAYRA_E_INVAL;
	return forked(ex) ? TAYRA_E_FORKED : submit(ex, task, FORGET_REFUSED);
}

int
tayra_submit_batch(struct tayra_executor *ex, struct tayra_task *tasks, size_t n)
{
	int first = TAYRA_OK;

	if (!ex || (!tasks && n > 0))
		return TAYRA_E_INVAL;
	if (forked(ex))
		return TAYRA_E_FORKED;
	for (size_t i = 0; i < n; i++) {
		struct tayra_task_queue *queue = tasks[i].queue;
		int status = submit(ex, &tasks[i], END_REFUSED);

		if (status == TAYRA_E_INVAL || status == TAYRA_E_CLOSED) { /* not even begun */
			tasks[i].status = status;
			if (queue)
				tayra__task_queue_push(queue, tayra__task_of(&tasks[i]));
		}
		if (first == TAYRA_OK)
			first = status;
	}
	return first;
}

/* Take its ticket back: waiting is cut short if it still waits in pace.  The lock is held, and let
 * go of meanwhile. */
static void
recall(struct tayra_executor *ex, struct tayra__task *task)
{
	int status;

	task->cancelling = true;
	pthread_mutex_unlock(&ex->lock);
	status = tayra_pace_cancel(ex->pace, &tayra__task_handle(task)->ticket, now_ns(ex));
	pthread_mutex_lock(&ex->lock);
	task->cancelling = false;
	pthread_cond_broadcast(&ex->changed);
	if (status != TAYRA_OK) /* decided this moment, or not queued yet: who is told ends it */
		return;
	ex->waiting--;
	ex->stats.cancelled++;
	end(ex, task, TAYRA_E_CANCELLED);
}

/* => whether fn will never run.  The lock is held, and may be let go of meanwhile. */
static bool
cancel(struct tayra_executor *ex, struct tayra__task *task)
{
	switch (task->state) {
	case TAYRA__TASK_IDLE:
	case TAYRA__TASK_RUNNING: return false;
	case TAYRA__TASK_WAITING:
		if (!task->cancelled) {
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

	if (forked(ex))
		return false;
	pthread_mutex_lock(&ex->lock);
	ex->calls++;
	never = cancel(ex, tayra__task_of(task));
	leave_call(ex);
	pthread_mutex_unlock(&ex->lock);
	return never;
}

/* Waiting. */

/* Until signalled, or that moment of the real monotonic clock.  => false: it has come. */
static bool
sleep_until(struct tayra_executor *ex, pthread_cond_t *cond, uint64_t until_ns)
{
	struct timespec ts;

	if (until_ns == UINT64_MAX)
		return pthread_cond_wait(cond, &ex->lock) == 0;
	ts.tv_sec = (time_t)(until_ns / TAYRA_NS_PER_S);
	ts.tv_nsec = (long)(until_ns % TAYRA_NS_PER_S);
	return pthread_cond_timedwait(cond, &ex->lock, &ts) == 0;
}

static uint64_t
real_until_ns(uint64_t timeout_ns)
{
	uint64_t until;

	return __builtin_add_overflow(tayra__clock_mono_ns(tayra_clock_real()), timeout_ns, &until)
		       ? UINT64_MAX
		       : until;
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
	uint64_t until_ns = real_until_ns(timeout_ns);
	size_t done = 0;
	bool time = true;

	if (!ex || (!tasks && n > 0))
		return TAYRA_E_INVAL;
	if (forked(ex))
		return TAYRA_E_FORKED;
	if (inside == ex)
		return TAYRA_E_WOULD_DEADLOCK;
	for (size_t i = 0; i < n; i++)
		if (tasks[i].queue)
			return TAYRA_E_INVAL;
	pthread_mutex_lock(&ex->lock);
	ex->calls++;
	while (done < n) {
		if (has_ended(tayra__task_of(&tasks[done])))
			done++;
		else if (!time)
			break;
		else
			time = sleep_until(ex, &ex->ended, until_ns);
	}
	leave_call(ex);
	pthread_mutex_unlock(&ex->lock);
	return done == n ? TAYRA_OK : TAYRA_E_TIMEOUT;
}

int
tayra_executor_drain(struct tayra_executor *ex, uint64_t timeout_ns)
{
	uint64_t until_ns = real_until_ns(timeout_ns);
	bool time = true;
	int status;

	if (!ex)
		return TAYRA_E_INVAL;
	if (forked(ex))
		return TAYRA_E_FORKED;
	if (inside == ex)
		return TAYRA_E_WOULD_DEADLOCK;
	pthread_mutex_lock(&ex->lock);
	ex->calls++;
	while (ex->pending && time)
		time = sleep_until(ex, &ex->ended, until_ns);
	status = ex->pending ? TAYRA_E_TIMEOUT : TAYRA_OK;
	leave_call(ex);
	pthread_mutex_unlock(&ex->lock);
	return status;
}

/* The threads. */

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

static void
run(struct tayra_executor *ex, struct tayra__task *task)
{
	struct tayra_task *handle = tayra__task_handle(task);
	int status;

	inside = ex;
	status = handle->fn(handle->arg);
	inside = NULL;
	/* The next one is let in here, before this one has ended for its owner. */
	tayra_pace_leave(ex->pace, &handle->ticket, outcome_of(status), now_ns(ex));
	pthread_mutex_lock(&ex->lock);
	ex->stats.ran++;
	ex->stats.running--;
	end(ex, task, status);
	pthread_mutex_unlock(&ex->lock);
}

static struct tayra__task *
next(struct tayra_executor *ex)
{
	struct tayra__task *task = NULL;
	struct tayra__list *node;

	pthread_mutex_lock(&ex->lock);
	while (tayra__list_empty(&ex->ready) && !ex->stop)
		pthread_cond_wait(&ex->work, &ex->lock);
	node = tayra__list_pop_front(&ex->ready);
	if (node) {
		task = TAYRA__LIST_ENTRY(node, struct tayra__task, link);
		task->state = TAYRA__TASK_RUNNING;
		ex->stats.running++;
	}
	pthread_mutex_unlock(&ex->lock);
	return task;
}

static void *
work(void *arg)
{
	struct tayra_executor *ex = arg;
	struct tayra__task *task;

	while ((task = next(ex)))
		run(ex, task);
	return NULL;
}

/* Sheds what has become hopeless while every thread is busy.  Sleeps while nothing waits. */
static void *
keep_time(void *arg)
{
	struct tayra_executor *ex = arg;

	pthread_mutex_lock(&ex->lock);
	while (!ex->stop) {
		if (ex->waiting == 0) {
			ex->timer_idle = true;
			pthread_cond_wait(&ex->hurry, &ex->lock);
			ex->timer_idle = false;
			continue;
		}
		pthread_mutex_unlock(&ex->lock);
		tayra_pace_tick(ex->pace, now_ns(ex));
		pthread_mutex_lock(&ex->lock);
		if (!ex->stop)
			sleep_until(ex, &ex->hurry, real_until_ns(TICK_NS));
	}
	pthread_mutex_unlock(&ex->lock);
	return NULL;
}

/* Beginning and end. */

static void
init_locks(struct tayra_executor *ex)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&ex->lock, NULL);
	pthread_cond_init(&ex->work, NULL);
	pthread_cond_init(&ex->ended, &attr);
	pthread_cond_init(&ex->changed, NULL);
	pthread_cond_init(&ex->hurry, &attr);
	pthread_condattr_destroy(&attr);
}

static void
dispose(struct tayra_executor *ex)
{
	pthread_mutex_lock(&ex->lock);
	ex->stop = true;
	pthread_cond_broadcast(&ex->work);
	pthread_cond_broadcast(&ex->hurry);
	pthread_mutex_unlock(&ex->lock);
	for (uint32_t i = 0; i < ex->threads; i++)
		pthread_join(ex->thread[i], NULL);
	if (ex->has_timer)
		pthread_join(ex->timer, NULL);
	if (ex->own_pace && ex->pace)
		tayra_pace_destroy(ex->pace);
	pthread_cond_destroy(&ex->hurry);
	pthread_cond_destroy(&ex->changed);
	pthread_cond_destroy(&ex->ended);
	pthread_cond_destroy(&ex->work);
	pthread_mutex_destroy(&ex->lock);
	tayra__mem_free(ex);
}

static int
make_pace(struct tayra_executor *ex, uint32_t threads, uint32_t queue_max)
{
	struct tayra_pace_options options = TAYRA_PACE_OPTIONS_INIT;

	options.limiter = TAYRA_LIMITER_FIXED;
	options.limit = options.limit_max = threads;
	options.queue_max = queue_max;
	options.codel_target_ns = NEVER_CODEL_NS;
	options.clock = ex->clock;
	ex->own_pace = true;
	return tayra_pace_create(&options, &ex->pace);
}

static int
start(struct tayra_executor *ex, uint32_t threads)
{
	for (; ex->threads < threads; ex->threads++)
		if (pthread_create(&ex->thread[ex->threads], NULL, work, ex) != 0)
			return TAYRA_E_NOMEM;
	ex->has_timer = pthread_create(&ex->timer, NULL, keep_time, ex) == 0;
	return ex->has_timer ? TAYRA_OK : TAYRA_E_NOMEM;
}

int
tayra_executor_create(const struct tayra_executor_options *given, struct tayra_executor **out)
{
	struct tayra_executor_options o;
	struct tayra_executor *ex;
	int status;

	if (!out)
		return TAYRA_E_INVAL;
	*out = NULL;
	status = tayra__option_struct(given, &o, sizeof(o));
	if (status != TAYRA_OK || o.threads > THREADS_MAX || (o.clock && !o.clock->mono_ns))
		return TAYRA_E_INVAL;
	if (o.threads == 0)
		o.threads = DEFAULT_THREADS;
	ex = tayra__mem_alloc(sizeof(*ex) + o.threads * sizeof(ex->thread[0]));
	if (!ex)
		return TAYRA_E_NOMEM;
	init_locks(ex);
	tayra__list_init(&ex->all);
	tayra__list_init(&ex->ready);
	ex->clock = o.clock ? o.clock : tayra_clock_real();
	ex->process = getpid();
	ex->pace = o.pace;
	if (!ex->pace)
		status = make_pace(ex, o.threads, o.queue_max);
	if (status == TAYRA_OK)
		status = start(ex, o.threads);
	if (status != TAYRA_OK) {
		dispose(ex);
		return status;
	}
	*out = ex;
	return TAYRA_OK;
}

/* One that can still be cancelled.  The lock is held. */
static struct tayra__task *
cancellable(const struct tayra_executor *ex)
{
	const struct tayra__list *head = &ex->all;

	for (struct tayra__list *node = head->next; node != head; node = node->next) {
		struct tayra__task *task = TAYRA__LIST_ENTRY(node, struct tayra__task, in_all);

		if (task->state != TAYRA__TASK_RUNNING && !task->cancelled)
			return task;
	}
	return NULL;
}

void
tayra_executor_destroy(struct tayra_executor *ex)
{
	struct tayra__task *task;

	/* In a forked child the threads are not there, and the locks may be held for ever. */
	if (!ex || forked(ex))
		return;
	pthread_mutex_lock(&ex->lock);
	ex->closing = true;
	while ((task = cancellable(ex)))
		cancel(ex, task);
	while (ex->pending)
		pthread_cond_wait(&ex->ended, &ex->lock);
	while (ex->calls)
		pthread_cond_wait(&ex->changed, &ex->lock);
	pthread_mutex_unlock(&ex->lock);
	dispose(ex);
}

void
tayra_executor_stats(struct tayra_executor *ex, struct tayra_executor_stats *out)
{
	struct tayra_executor_stats stats = { .size = out->size };
	size_t size = out->size < sizeof(stats) ? out->size : sizeof(stats);

	if (!forked(ex)) {
		pthread_mutex_lock(&ex->lock);
		stats = ex->stats;
		stats.size = out->size;
		stats.waiting = ex->waiting;
		stats.threads = ex->threads;
		pthread_mutex_unlock(&ex->lock);
	}
	__builtin_memcpy(out, &stats, size);
}
