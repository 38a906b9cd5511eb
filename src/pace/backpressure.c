/* SPDX-License-Identifier: Apache-2.0
 *
 * backpressure.c: how much is too much, for those upstream: read without a lock, or told by
 * descriptor from tick, so not more often than that.
 */
#include "pace/backpressure.h"

#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

void
tayra__backpressure_publish(struct tayra_pace *pace)
{
	enum tayra_backpressure level = TAYRA_BACKPRESSURE_NONE;

	if (pace->queue.count)
		level = TAYRA_BACKPRESSURE_WAITING;
	for (int i = 0; i < TAYRA_CLASSES; i++)
		if (pace->queue.lines[i].count && pace->queue.lines[i].overloaded)
			level = TAYRA_BACKPRESSURE_SHEDDING;
	atomic_store_explicit(&pace->backpressure, level, memory_order_relaxed);
}

enum tayra_backpressure
tayra_pace_backpressure(const struct tayra_pace *pace)
{
	return (enum tayra_backpressure)atomic_load_explicit(&pace->backpressure,
							     memory_order_relaxed);
}

int
tayra_pace_watch(struct tayra_pace *pace, int fd)
{
	int status = TAYRA_E_FULL;

	if (fd < 0)
		return TAYRA_E_INVAL;
	pthread_mutex_lock(&pace->lock);
	if (pace->watcher_count < TAYRA__BACKPRESSURE_WATCHERS) {
		pace->watchers[pace->watcher_count++] = fd;
		status = TAYRA_OK;
	}
	pthread_mutex_unlock(&pace->lock);
	return status;
}

int
tayra_pace_unwatch(struct tayra_pace *pace, int fd)
{
	int status = TAYRA_E_NOT_FOUND;

	pthread_mutex_lock(&pace->lock);
	for (uint32_t i = pace->watcher_count; i-- > 0;)
		if (pace->watchers[i] == fd) { /* it may be there twice */
			pace->watchers[i] = pace->watchers[--pace->watcher_count];
			status = TAYRA_OK;
		}
	pthread_mutex_unlock(&pace->lock);
	return status;
}

/* A pipe or a socket at whose other end nobody is any more is no reason to end the process: the
 * signal goes to the thread that writes, and is taken back there. */
static void
tell_all(const int *fds, uint32_t count)
{
	const struct timespec at_once = { 0 };
	const uint64_t one = 1;
	sigset_t pipe, before, pending;
	bool broken = false;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, &before);
	sigpending(&pending);
	for (uint32_t i = 0; i < count; i++) /* what is full is readable already */
		broken |= write(fds[i], &one, sizeof(one)) < 0 && errno == EPIPE;
	if (broken && !sigismember(&pending, SIGPIPE))
		sigtimedwait(&pipe, NULL, &at_once);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void
tayra__backpressure_tell(struct tayra_pace *pace)
{
	const int level = atomic_load_explicit(&pace->backpressure, memory_order_relaxed);

	if (level == atomic_load_explicit(&pace->told_backpressure, memory_order_relaxed))
		return;
	pthread_mutex_lock(&pace->lock);
	atomic_store_explicit(&pace->told_backpressure, level, memory_order_relaxed);
	if (pace->watcher_count)
		tell_all(pace->watchers, pace->watcher_count);
	pthread_mutex_unlock(&pace->lock);
}
