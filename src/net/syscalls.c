/* SPDX-License-Identifier: Apache-2.0 */
#include "net/syscalls.h"

#include <errno.h>
#include <limits.h>

#include "base/clock.h"

static int
real_socket(void *ctx, int family)
{
	return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static int
real_connect(void *ctx, int fd, const struct sockaddr *to, socklen_t len)
{
	return connect(fd, to, len);
}

static ssize_t
real_send(void *ctx, int fd, const void *bytes, size_t len, int flags)
{
	return send(fd, bytes, len, flags);
}

static ssize_t
real_recv(void *ctx, int fd, void *bytes, size_t len)
{
	return recv(fd, bytes, len, 0);
}

static int
real_poll(void *ctx, struct pollfd *fds, nfds_t count, int timeout_ms)
{
	return poll(fds, count, timeout_ms);
}

const struct tayra__syscalls *
tayra__syscalls_real(void)
{
	static const struct tayra__syscalls real = {
		real_socket, real_connect, real_send, real_recv, real_poll, NULL,
	};

	return &real;
}

int
tayra__syscalls_wait(const struct tayra__syscalls *syscalls, int fd, short events,
		     uint64_t deadline_ns)
{
	struct pollfd p = { .fd = fd, .events = events };

	for (;;) {
		uint64_t now_ns = tayra__clock_mono_ns(tayra_clock_real());
		uint64_t left_ms;
		int n;

		if (now_ns >= deadline_ns)
			return TAYRA_E_TIMEOUT;
		left_ms = (deadline_ns - now_ns + TAYRA_NS_PER_MS - 1) / TAYRA_NS_PER_MS;
		n = syscalls->poll(syscalls->ctx, &p, 1,
				   left_ms < INT_MAX ? (int)left_ms : INT_MAX);
		if (n > 0)
			return TAYRA_OK;
		if (n < 0 && errno != EINTR)
			return TAYRA_E_IO;
	}
}
