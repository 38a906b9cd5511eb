/* SPDX-License-Identifier: Apache-2.0
 *
 * thread.h: the thread of a source: it can be told to stop while it naps or polls.
 */
#ifndef TAYRA_FEED_THREAD_H
#define TAYRA_FEED_THREAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct tayra__feed_thread {
	pthread_t thread;
	int wake_fd;       /* readable once it is to stop */
	bool running;      /* of who starts and stops it */
	_Atomic bool stop; /* relaxed: nothing else hangs on it */
};

/* => TAYRA_OK, TAYRA_E_NOMEM: no descriptor is left. */
int tayra__feed_thread_init(struct tayra__feed_thread *thread);
/* => TAYRA_OK, TAYRA_E_NOMEM: there can be no more threads. */
int tayra__feed_thread_start(struct tayra__feed_thread *thread, void *(*run)(void *), void *arg);
/* Tell it to stop, wait until it has.  Also when it was never started. */
void tayra__feed_thread_fini(struct tayra__feed_thread *thread);
bool tayra__feed_thread_stops(const struct tayra__feed_thread *thread);
/* Until that moment of the real clock, or fd (-1: none) can be read, or it is to stop. */
void tayra__feed_thread_wait(const struct tayra__feed_thread *thread, int fd, uint64_t until_ns);

#endif
