/* SPDX-License-Identifier: Apache-2.0
 *
 * syscalls.h: what a client connection asks of the operating system, as a table, so that a test can
 * fail the n-th call or let it do less than asked.  Each returns -1 with errno set when it fails.
 */
#ifndef TAYRA_NET_SYSCALLS_H
#define TAYRA_NET_SYSCALLS_H

#include <poll.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

struct tayra__syscalls {
	/* Non-blocking, close on exec. */
	int (*socket)(void *ctx, int family);
	int (*connect)(void *ctx, int fd, const struct sockaddr *to, socklen_t len);
	ssize_t (*send)(void *ctx, int fd, const void *bytes, size_t len, int flags);
	ssize_t (*recv)(void *ctx, int fd, void *bytes, size_t len);
	int (*poll)(void *ctx, struct pollfd *fds, nfds_t count, int timeout_ms);
	void *ctx;
};

const struct tayra__syscalls *tayra__syscalls_real(void); /* static */

/*
 * Wait until fd has one of `events`, or an error.
 * => TAYRA_OK, TAYRA_E_TIMEOUT at `deadline_ns` of the real monotonic clock, TAYRA_E_IO.
 */
int tayra__syscalls_wait(const struct tayra__syscalls *syscalls, int fd, short events,
			 uint64_t deadline_ns);

#endif
