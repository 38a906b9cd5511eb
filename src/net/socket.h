/* SPDX-License-Identifier: Apache-2.0
 *
 * socket.h: TCP sockets as the loop wants them: non-blocking, close-on-exec, without Nagle's delay.
 */
#ifndef TAYRA_NET_SOCKET_H
#define TAYRA_NET_SOCKET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct tayra__address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	};
	socklen_t len;
};

#define TAYRA__ADDRESS_TEXT 64 /* bytes for "[ipv6]:port" */

/* "127.0.0.1:6379", "[::1]:6379", "localhost:6379"; port 0..65535.  No name is looked up.
 * => TAYRA_E_INVAL. */
int tayra__address_parse(const char *text, struct tayra__address *out);
/* One line on what is wrong with a text that tayra__address_parse() refused. */
void tayra__address_explain(const char *text, char *why, size_t size);
/* Only processes of this machine can reach it. */
bool tayra__address_loopback(const struct tayra__address *address);
void tayra__address_text(const struct tayra__address *address, char out[TAYRA__ADDRESS_TEXT]);

/* Bind and listen; *address becomes what was bound, with the port that port 0 got.  Returns the
 * socket, or -1 (errno). */
int tayra__socket_listen(struct tayra__address *address);
/* The next connection, or -1 (errno; EAGAIN when there is none). */
int tayra__socket_accept(int listener, struct tayra__address *peer);

#endif
