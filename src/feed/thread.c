/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/thread.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <tayra/base.h>

#include "base/clock.h"

int
tayra__feed_thread_init(struct tayra__feed_thread *thread)
{
	thread->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return thread->wake_fd >= 0 ? TAYRA_OK : TAYRA_E_NOMEM;
}

int
tayra__feed_thread_start(struct tayra__feed_thread *thread, void *(*run)(void *), void *arg)
{
	if (pthread_create(&thread->thread, NULL, run, arg) != 0)
		return TAYRA_E_NOMEM;
	thread->running = true;
	return TAYRA_OK;
}

void
tayra__feed_thread_fini(struct tayra__feed_thread *thread)
{
	atomic_store_explicit(&thread->stop, true, memory_order_relaxed);
	if (thread->running) {
		eventfd_write(thread->wake_fd, 1);
		pthread_join(thread->thread, NULL);
	}
	if (thread->wake_fd >= 0)
		close(thread->wake_fd);
}

bool
tayra__feed_thread_stops(const struct tayra__feed_thread *thread)
{
	return atomic_load_explicit(&thread->stop, memory_order_relaxed);
}

void
tayra__feed_thread_wait(const struct tayra__feed_thread *thread, int fd, uint64_t until_ns)
{
	struct pollfd fds[] = { { .fd = thread->wake_fd, .events = POLLIN },
				{ .fd = fd, .events = POLLIN } };
	uint64_t now_ns = tayra__clock_real_ns(),
		 left_ns = until_ns > now_ns ? until_ns - now_ns : 0;
	const struct timespec left = { .tv_sec = (time_t)(left_ns / TAYRA_NS_PER_S),
				       .tv_nsec = (long)(left_ns % TAYRA_NS_PER_S) };

	ppoll(fds, 2, &left, NULL);
}
