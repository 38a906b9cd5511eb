/* SPDX-License-Identifier: Apache-2.0
 *
 * dial.h: from where a server is to a connected socket.
 */
#ifndef TAYRA_NET_DIAL_H
#define TAYRA_NET_DIAL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct tayra__redis_url;
struct tayra__syscalls;

#define TAYRA__DIAL_ADDRESSES 8

struct tayra__dial_address {
	struct sockaddr_storage to;
	socklen_t len;
};

/* The places one name stands for, in the order in which they should be tried. */
struct tayra__dial_list {
	struct tayra__dial_address at[TAYRA__DIAL_ADDRESSES];
	size_t count;
};

/* Looks the host up, which takes as long as the system's resolver does: not on a hot path.
 * => TAYRA_OK, TAYRA_E_IO: `error`, if not NULL, says why in one line. */
int tayra__dial_resolve(const struct tayra__redis_url *url, struct tayra__dial_list *out,
			char *error, size_t error_len);
/* Non-blocking, close on exec, without Nagle's delay.
 * => TAYRA_OK with *fd; TAYRA_E_TIMEOUT, TAYRA_E_IO (errno) with -1. */
int tayra__dial(const struct tayra__syscalls *syscalls, const struct tayra__dial_address *address,
		uint64_t deadline_ns, int *fd);

#endif
