/* SPDX-License-Identifier: Apache-2.0
 *
 * connection.h: one client: reads what has arrived, executes the requests that are complete, at
 * most so many a turn, and sends all their replies with one call.  A connection that has nothing
 * half-read or unsent owns no buffer.
 */
#ifndef TAYRA_SERVE_CONNECTION_H
#define TAYRA_SERVE_CONNECTION_H

#include "base/list.h"
#include "net/buffer.h"
#include "net/loop.h"
#include "net/resp_request.h"
#include "net/resp_writer.h"
#include "net/socket.h"

#include <stdbool.h>
#include <stdint.h>

struct tayra__pending;
struct tayra__server;
struct tayra__upstream;

#define TAYRA__CONNECTION_NAME_MAX 64

struct tayra__connection {
	struct tayra__watch watch;
	struct tayra__later later; /* to go on with what was left when a turn was over */
	struct tayra__list node;   /* in server->connections */
	struct tayra__server *server;
	uint64_t id, created_ns, active_ns;
	uint64_t arrived_ns; /* the last bytes read */
	struct tayra__address peer;

	struct tayra__resp_request request;
	struct tayra__buffer in;  /* a request's beginning, or requests for the next turn */
	struct tayra__buffer out; /* replies the kernel would not take */
	uint64_t buffer_bytes;    /* as counted in server->buffer_bytes */

	/* Replies that come later, the oldest first: pending.h. */
	struct tayra__list owed;
	uint32_t owed_count;
	uint64_t owed_bytes;

	/* Of forward.h: this client's own connection to the other Redis, what it has begun there,
	 * and how many changes have been sent on and not been answered. */
	struct tayra__upstream *lane;
	bool multi, watching;
	bool multi_wrong; /* something in it was refused here */
	bool multi_all;   /* it may change every key */
	uint32_t forwarded_writes;

	unsigned db;
	enum tayra__resp_version version;
	bool authenticated;
	bool closing;                       /* reads no more; is closed when `out` is sent */
	bool broken;                        /* is closed at the end of this turn */
	bool behind;                        /* `in` may hold complete requests */
	bool held;                          /* so it may, and they wait until nothing is owed */
	const struct tayra__pending *again; /* what is being executed was put off for this before */
	char name[TAYRA__CONNECTION_NAME_MAX];
	char lib_name[TAYRA__CONNECTION_NAME_MAX], lib_version[TAYRA__CONNECTION_NAME_MAX];
	const char *last_command; /* static text */
};

/* Takes fd over, also when it fails.  => TAYRA_OK, TAYRA_E_NOMEM, TAYRA_E_IO. */
int tayra__connection_open(struct tayra__server *server, int fd, const struct tayra__address *peer);
/* Close at once; the connection is freed. */
void tayra__connection_close(struct tayra__connection *connection);
/* It is not silent: for the idle timeout. */
void tayra__connection_touch(struct tayra__connection *connection);
/* As it was when it connected: RESET. */
void tayra__connection_reset(struct tayra__connection *connection);

#endif
