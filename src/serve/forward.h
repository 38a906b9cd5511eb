/* SPDX-License-Identifier: Apache-2.0
 *
 * forward.h: tayra in front of a Redis that people have.  That Redis is the truth: it executes
 * everything but what concerns the connection, INFO and CONFIG; GET and MGET are answered from RAM
 * where that is known to be right, and read through where not.
 *
 * When RAM is right.  One connection to the Redis has CLIENT TRACKING on (BCAST): the Redis tells
 * of every key that changes, whoever changes it.  RAM is used only while that connection has
 * answered within TAYRA__FORWARD_STALE_NS; when it is lost, RAM is cleared.  A value is kept only
 * if nothing was said of its key between asking and keeping, and no longer than its TTL.  What a
 * client changes through us is forgotten before its command is sent and again before it is
 * answered, so that it reads what it has written.
 *
 * Connections.  Clients share a few for each protocol version and database, so that replies come
 * as the client's version has them.  Who says MULTI, WATCH or something that blocks gets one of
 * its own from then on, and is closed when that is lost.  The thread of the loop alone.
 */
#ifndef TAYRA_SERVE_FORWARD_H
#define TAYRA_SERVE_FORWARD_H

#include "serve/pending.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tayra__call;
struct tayra__connection;
struct tayra__forward;
struct tayra__server;

#define TAYRA__FORWARD_STALE_NS 1000000000ull

struct tayra__forward_stats {
	uint64_t requests; /* sent on, reading through included */
	uint64_t kept;     /* values */
	uint64_t failed;   /* answered with an error because there was no Redis */
	uint64_t changes;  /* keys it told of */
	uint64_t lost;     /* times the connection that tells was lost */
	uint64_t tracking; /* 1: it is known what changes */
	uint64_t connections;
};

/* => TAYRA_OK, also when there is nobody there now.  TAYRA_E_INVAL, TAYRA_E_IO (its name), and
 * `error` says what, without the password; TAYRA_E_NOMEM. */
int tayra__forward_create(struct tayra__server *server, const char *url, char *error,
			  size_t error_len, struct tayra__forward **out);
void tayra__forward_destroy(struct tayra__forward *forward);
/* Ten times a second. */
void tayra__forward_tick(struct tayra__forward *forward);

/* Answer, now or later.  => false: that is ours to execute. */
bool tayra__forward_run(struct tayra__call *call);
/* What pending.h wants to know of a request. */
enum tayra__aside tayra__forward_aside(const struct tayra__forward *forward,
				       const struct tayra__resp_arg *args);
/* The client has gone, or begins anew: its own connection goes. */
void tayra__forward_leave(struct tayra__connection *connection);

/* Where to: "redis://127.0.0.1:6379", without user and password. */
const char *tayra__forward_target(const struct tayra__forward *forward);
/* Why the connection that tells is not there, "" while it is. */
const char *tayra__forward_trouble(const struct tayra__forward *forward);
void tayra__forward_stats(const struct tayra__forward *forward, struct tayra__forward_stats *out);

#endif
