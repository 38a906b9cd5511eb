/* SPDX-License-Identifier: Apache-2.0
 *
 * executor.c: the life of a pool of threads that run what pace lets in.  Order, shedding and the
 * limit are pace's; here a task only waits for its decision and then for a thread.
 */
#include "pace/executor.h"

#include <stdatomic.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/option.h"
#include "pace/pace.h"

#define DEFAULT_THREADS 4u
#define THREADS_MAX     1024u
#define DEFAULT_SPIN_NS (50 * TAYRA_NS_PER_US)
#define SPIN_MAX_NS     TAYRA_NS_PER_MS
#define TICK_NS         (10 * TAYRA_NS_PER_MS)
#define NEVER_CODEL_NS  (UINT64_MAX / 8) /* the longest that pace takes */

uint64_t
tayra__executor_now_ns(const struct tayra_executor *ex)
{
	return tayra__clock_mono_ns(ex->clock);
}

bool
tayra__executor_forked(const struct tayra_executor *ex)
{
	return ex->process != getpid();
}

void
tayra__executor_leave_call(struct tayra_executor *ex)
{
	ex->calls--;
	if (ex->closing)
		pthread_cond_broadcast(&ex->changed);
}

bool
tayra__executor_sleep_until(struct tayra_executor *ex, pthread_cond_t *cond, uint64_t until_ns)
{
	struct timespec ts;

	if (until_ns == UINT64_MAX)
		return pthread_cond_wait(cond, &ex->lock) == 0;
	ts.tv_sec = (time_t)(until_ns / TAYRA_NS_PER_S);
	ts.tv_nsec = (long)(until_ns % TAYRA_NS_PER_S);
	return pthread_cond_timedwait(cond, &ex->lock, &ts) == 0;
}

uint64_t
tayra__executor_until_ns(uint64_t timeout_ns)
{
	uint64_t until;

	return __builtin_add_overflow(tayra__clock_real_ns(), timeout_ns, &until) ? UINT64_MAX
										  : until;
}

/* The threads. */

void
tayra__executor_give(struct tayra_executor *ex, struct tayra__task *task)
{
	const bool idle = tayra__list_empty(&ex->ready);

	task->state = TAYRA__TASK_READY;
	tayra__list_push_back(&ex->ready, &task->link);
	if (idle && ex->looking) {
		atomic_store_explicit(&ex->given, true, memory_order_relaxed);
		return;
	}
	if (idle && ex->spin_ns)
		ex->soon = tayra__clock_real_ns() - ex->idle_ns < ex->spin_ns;
	pthread_cond_signal(&ex->work);
}

static void
relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

/* The lock is held, and let go of meanwhile. */
static void
look_out(struct tayra_executor *ex)
{
	const uint64_t until_ns = tayra__clock_real_ns() + ex->spin_ns;

	ex->looking = true;
	atomic_store_explicit(&ex->given, false, memory_order_relaxed);
	pthread_mutex_unlock(&ex->lock);
	while (!atomic_load_explicit(&ex->given, memory_order_relaxed) &&
	       tayra__clock_real_ns() < until_ns)
		relax();
	pthread_mutex_lock(&ex->lock);
	ex->looking = false;
	ex->soon = atomic_load_explicit(&ex->given, memory_order_relaxed);
}

/* Until something is ready, or stop.  The lock is held. */
static void
await_work(struct tayra_executor *ex)
{
	while (tayra__list_empty(&ex->ready) && !ex->stop) {
		if (ex->soon && !ex->looking) {
			look_out(ex);
			continue;
		}
		if (ex->spin_ns)
			ex->idle_ns = tayra__clock_real_ns();
		pthread_cond_wait(&ex->work, &ex->lock);
	}
}

static struct tayra__task *
next(struct tayra_executor *ex)
{
	struct tayra__task *task = NULL;
	struct tayra__list *node;

	pthread_mutex_lock(&ex->lock);
	await_work(ex);
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

	tayra__task_belong(ex);
	while ((task = next(ex)))
		tayra__task_run(ex, task);
	return NULL;
}

/* Sheds what has become hopeless while every thread is busy.  Sleeps while nothing waits. */
static uint64_t
until_look_ns(const struct tayra_executor *ex)
{
	uint64_t now_ns = tayra__executor_now_ns(ex), ns;

	ns = ex->look_ns > now_ns ? ex->look_ns - now_ns : 0;
	return tayra__executor_until_ns(ns < TICK_NS ? ns : TICK_NS);
}

static void *
keep_time(void *arg)
{
	struct tayra_executor *ex = arg;

	tayra__task_belong(ex);
	pthread_mutex_lock(&ex->lock);
	while (!ex->stop) {
		if (ex->waiting == 0) {
			ex->timer_idle = true;
			pthread_cond_wait(&ex->hurry, &ex->lock);
			ex->timer_idle = false;
			continue;
		}
		ex->look_ns = UINT64_MAX;
		pthread_mutex_unlock(&ex->lock);
		tayra_pace_tick(ex->pace, tayra__executor_now_ns(ex));
		tayra__coalesce_tend(ex);
		pthread_mutex_lock(&ex->lock);
		if (ex->unrecalled)
			tayra__task_recall(ex);
		if (!ex->stop && ex->waiting)
			tayra__executor_sleep_until(ex, &ex->hurry, until_look_ns(ex));
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
	tayra__coalesce_free_kinds(ex);
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

static uint64_t
spin_ns_of(const struct tayra_executor_options *o)
{
	if (o->spin_ns == UINT64_MAX || sysconf(_SC_NPROCESSORS_ONLN) < 2)
		return 0;
	return o->spin_ns ? o->spin_ns : DEFAULT_SPIN_NS;
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
	if (status != TAYRA_OK || o.threads > THREADS_MAX || (o.clock && !o.clock->mono_ns) ||
	    (o.spin_ns > SPIN_MAX_NS && o.spin_ns != UINT64_MAX))
		return TAYRA_E_INVAL;
	if (o.threads == 0)
		o.threads = DEFAULT_THREADS;
	ex = tayra__mem_alloc(sizeof(*ex) + o.threads * sizeof(ex->thread[0]));
	if (!ex)
		return TAYRA_E_NOMEM;
	init_locks(ex);
	tayra__list_init(&ex->all);
	tayra__list_init(&ex->ready);
	tayra__list_init(&ex->kinds);
	ex->clock = o.clock ? o.clock : tayra_clock_real();
	ex->process = getpid();
	ex->spin_ns = spin_ns_of(&o);
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

int
tayra_executor_destroy(struct tayra_executor *ex)
{
	struct tayra__task *task;

	if (!ex)
		return TAYRA_OK;
	/* In a forked child the threads are not there, and the locks may be held for ever. */
	if (tayra__executor_forked(ex))
		return TAYRA_E_FORKED;
	if (tayra__task_inside(ex))
		return TAYRA_E_WOULD_DEADLOCK;
	pthread_mutex_lock(&ex->lock);
	ex->closing = true;
	while ((task = cancellable(ex)))
		tayra__task_cancel(ex, task);
	while (ex->pending)
		pthread_cond_wait(&ex->ended, &ex->lock);
	while (ex->calls)
		pthread_cond_wait(&ex->changed, &ex->lock);
	pthread_mutex_unlock(&ex->lock);
	dispose(ex);
	return TAYRA_OK;
}

void
tayra_executor_stats(struct tayra_executor *ex, struct tayra_executor_stats *out)
{
	struct tayra_executor_stats stats = { .size = out->size };
	size_t size = out->size < sizeof(stats) ? out->size : sizeof(stats);

	if (!tayra__executor_forked(ex)) {
		pthread_mutex_lock(&ex->lock);
		stats = ex->stats;
		stats.size = out->size;
		stats.waiting = ex->waiting - ex->carriers_waiting;
		stats.threads = ex->threads;
		pthread_mutex_unlock(&ex->lock);
	}
	__builtin_memcpy(out, &stats, size);
}
