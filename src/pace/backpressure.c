/* SPDX-License-Identifier: Apache-2.0
 *
 * backpressure.c: how much is too much, for those upstream: read without a lock, or told by
 * descriptor from tick, so not more often than that.
 */
#include "pace/backpressure.h"

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

void
tayra__backpressure_tell(struct tayra_pace *pace)
{
	const int level = atomic_load_explicit(&pace->backpressure, memory_order_relaxed);
	const uint64_t one = 1;

	if (level == atomic_load_explicit(&pace->told_backpressure, memory_order_relaxed))
		return;
	pthread_mutex_lock(&pace->lock);
	atomic_store_explicit(&pace->told_backpressure, level, memory_order_relaxed);
	for (uint32_t i = 0; i < pace->watcher_count; i++) {
		ssize_t n = write(pace->watchers[i], &one, sizeof(one));

		(void)n; /* full: it is readable already */
	}
	pthread_mutex_unlock(&pace->lock);
}
