/* SPDX-License-Identifier: Apache-2.0 */
#include "net/dial.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include <tayra/base.h>

#include "net/redis_url.h"
#include "net/syscalls.h"

static void
take_path(const char *path, struct tayra__dial_list *out)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	memcpy(&out->at[0].to, &un, sizeof(un));
	out->at[0].len = sizeof(un);
	out->count = 1;
}

static int
refuse(char *error, size_t error_len, const char *host, const char *why)
{
	if (error && error_len)
		snprintf(error, error_len, "host %s: %s", host, why);
	return TAYRA_E_IO;
}

int
tayra__dial_resolve(const struct tayra__redis_url *url, struct tayra__dial_list *out, char *error,
		    size_t error_len)
{
	const struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV,
	};
	struct addrinfo *found = NULL;
	char port[8];
	int why;

	memset(out, 0, sizeof(*out));
	if (url->path[0]) {
		take_path(url->path, out);
		return TAYRA_OK;
	}
	snprintf(port, sizeof(port), "%u", (unsigned)url->port);
	why = getaddrinfo(url->host, port, &hints, &found);
	if (why != 0)
		return refuse(error, error_len, url->host, gai_strerror(why));
	for (const struct addrinfo *a = found; a && out->count < TAYRA__DIAL_ADDRESSES;
	     a = a->ai_next) {
		if (a->ai_addrlen > sizeof(out->at[0].to))
			continue;
		memcpy(&out->at[out->count].to, a->ai_addr, a->ai_addrlen);
		out->at[out->count++].len = a->ai_addrlen;
	}
	freeaddrinfo(found);
	return out->count ? TAYRA_OK : refuse(error, error_len, url->host, "has no address");
}

/* => TAYRA_OK: connected. */
static int
connect_within(const struct tayra__syscalls *syscalls, int fd,
	       const struct tayra__dial_address *address, uint64_t deadline_ns)
{
	int why = 0, status;
	socklen_t len = sizeof(why);

	if (syscalls->connect(syscalls->ctx, fd, (const struct sockaddr *)&address->to,
			      address->len) == 0)
		return TAYRA_OK;
	if (errno != EINPROGRESS && errno != EINTR)
		return TAYRA_E_IO;
	status = tayra__syscalls_wait(syscalls, fd, POLLOUT, deadline_ns);
	if (status != TAYRA_OK)
		return status;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &len) < 0)
		return TAYRA_E_IO;
	errno = why;
	return why == 0 ? TAYRA_OK : TAYRA_E_IO;
}

int
tayra__dial(const struct tayra__syscalls *syscalls, const struct tayra__dial_address *address,
	    uint64_t deadline_ns, int *fd)
{
	const int one = 1;
	int status, why;

	*fd = syscalls->socket(syscalls->ctx, address->to.ss_family);
	if (*fd < 0)
		return TAYRA_E_IO;
	status = connect_within(syscalls, *fd, address, deadline_ns);
	if (status == TAYRA_OK) {
		if (address->to.ss_family != AF_UNIX) {
			setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
			setsockopt(*fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
		}
		return TAYRA_OK;
	}
	why = errno;
	close(*fd);
	*fd = -1;
	errno = why;
	return status;
}
