/* SPDX-License-Identifier: Apache-2.0 */
#include "net/socket.h"

#include <tayra/base.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/option.h"

#define BACKLOG   1024
#define HOST_MAX  48
#define LOCALHOST "127.0.0.1"

/* Cut "host:port" or "[host]:port"; the host is copied. */
static bool
split(const char *text, char host[HOST_MAX], const char **port)
{
	bool bracket = text[0] == '[';
	const char *end = bracket ? strchr(text, ']') : strrchr(text, ':');
	const char *begin = text + bracket;

	if (!end || end < begin || (size_t)(end - begin) >= HOST_MAX || (bracket && end[1] != ':'))
		return false;
	memcpy(host, begin, (size_t)(end - begin));
	host[end - begin] = '\0';
	*port = end + 1 + bracket;
	return bracket || !strchr(host, ':');
}

int
tayra__address_parse(const char *text, struct tayra__address *out)
{
	char host[HOST_MAX];
	const char *port_text;
	uint64_t port;

	if (!split(text, host, &port_text) ||
	    tayra__option_u64(port_text, 0, 65535, &port) != TAYRA_OK)
		return TAYRA_E_INVAL;
	memset(out, 0, sizeof(*out));
	if (strcmp(host, "localhost") == 0)
		memcpy(host, LOCALHOST, sizeof(LOCALHOST));
	if (text[0] != '[' && inet_pton(AF_INET, host, &out->v4.sin_addr) == 1) {
		out->v4.sin_family = AF_INET;
		out->v4.sin_port = htons((uint16_t)port);
		out->len = sizeof(struct sockaddr_in);
		return TAYRA_OK;
	}
	if (text[0] == '[' && inet_pton(AF_INET6, host, &out->v6.sin6_addr) == 1) {
		out->v6.sin6_family = AF_INET6;
		out->v6.sin6_port = htons((uint16_t)port);
		out->len = sizeof(struct sockaddr_in6);
		return TAYRA_OK;
	}
	return TAYRA_E_INVAL;
}

void
tayra__address_explain(const char *text, char *why, size_t size)
{
	char host[HOST_MAX];
	const char *port;
	uint64_t number;

	if (text[0] != '[' && !strchr(text, ':'))
		snprintf(why, size,
			 "'%s' is no address with a port: give 127.0.0.1:6379 or [::1]:6379", text);
	else if (text[0] != '[' && strchr(text, ':') != strrchr(text, ':'))
		snprintf(why, size, "'%s' is no address: IPv6 goes in brackets, as [::1]:6379",
			 text);
	else if (!split(text, host, &port))
		snprintf(why, size, "'%s' is no address: give 127.0.0.1:6379 or [::1]:6379", text);
	else if (tayra__option_u64(port, 0, 65535, &number) != TAYRA_OK)
		snprintf(why, size, "'%s' is no address: port '%s' is not a number from 0 to 65535",
			 text, port);
	else
		snprintf(why, size,
			 "'%s' is no address: '%s' is not one in figures, and names are not looked "
			 "up: give 127.0.0.1:6379 or [::1]:6379",
			 text, host);
}

bool
tayra__address_loopback(const struct tayra__address *address)
{
	if (address->any.sa_family == AF_INET)
		return ntohl(address->v4.sin_addr.s_addr) >> 24 == 127;
	return address->any.sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr);
}

void
tayra__address_text(const struct tayra__address *address, char out[TAYRA__ADDRESS_TEXT])
{
	char host[INET6_ADDRSTRLEN] = "?";

	if (address->any.sa_family == AF_INET) {
		inet_ntop(AF_INET, &address->v4.sin_addr, host, sizeof(host));
		snprintf(out, TAYRA__ADDRESS_TEXT, "%s:%u", host,
			 (unsigned)ntohs(address->v4.sin_port));
		return;
	}
	if (address->any.sa_family == AF_INET6)
		inet_ntop(AF_INET6, &address->v6.sin6_addr, host, sizeof(host));
	snprintf(out, TAYRA__ADDRESS_TEXT, "[%s]:%u", host, (unsigned)ntohs(address->v6.sin6_port));
}

int
tayra__socket_listen(struct tayra__address *address)
{
	int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	const int one = 1;
	int why;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, &address->any, address->len) == 0 && listen(fd, BACKLOG) == 0 &&
	    getsockname(fd, &address->any, &address->len) == 0)
		return fd;
	why = errno;
	close(fd);
	errno = why;
	return -1;
}

int
tayra__socket_accept(int listener, struct tayra__address *peer)
{
	const int one = 1;
	int fd;

	memset(peer, 0, sizeof(*peer));
	peer->len = sizeof(peer->v6);
	fd = accept4(listener, &peer->any, &peer->len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	}
	return fd;
}
