/* SPDX-License-Identifier: Apache-2.0
 *
 * resp_client.h: a connection to a Redis or Valkey server.  Nothing waits past its deadline, on the
 * real monotonic clock, however slowly the server trickles; memory grows with what has arrived,
 * never with what was announced, and has a bound.
 *
 * After anything but TAYRA_OK the stream cannot be trusted to be in step: close it.
 *
 * Threads.  One may send while another receives; each side is one thread's at a time, and so is
 * everything else.
 */
#ifndef TAYRA_NET_RESP_CLIENT_H
#define TAYRA_NET_RESP_CLIENT_H

#include "net/buffer.h"
#include "net/redis_url.h"
#include "net/resp_reply.h"
#include "net/resp_writer.h"
#include "net/syscalls.h"

struct tayra__dial_address;

/* Told the elements of a push, or of an aggregate, in order.  Text is valid for the call. */
typedef void (*tayra__resp_each_fn)(void *ctx, const struct tayra__resp_element *element);

struct tayra__resp_client_options {
	const struct tayra__redis_url *url;     /* who to be and which database.  For the call */
	const char *name;                       /* CLIENT SETNAME */
	uint64_t bulk_bytes;                    /* the largest bulk taken */
	enum tayra__resp_version version;       /* RESP2: do not ask for RESP3 */
	const struct tayra__syscalls *syscalls; /* NULL: the real one.  Borrowed */
	/* Told each element of each push (depth 0 begins one), inside receive and next. */
	tayra__resp_each_fn push;
	void *ctx;
};

struct tayra__resp_client {
	int fd; /* -1: closed */
	/* RESP2: the server does not know HELLO 3, so it will not push anything: who needs to be
	 * told of changes is not, on this connection. */
	enum tayra__resp_version version;
	int64_t id; /* the server's number for this connection; 0: not known */
	/* Private. */
	const struct tayra__syscalls *syscalls;
	tayra__resp_each_fn push;
	void *ctx;
	struct tayra__buffer in, out;
	struct tayra__resp_reply reply;
	struct tayra__resp_reply_limits limits;
	size_t used;  /* bytes of `in` that the last reply still points into */
	bool pushing; /* inside a push */
	bool open;    /* inside an aggregate, of which this is the first: */
	struct tayra__resp_element top;
};

struct tayra__resp_argument {
	const void *bytes;
	size_t len;
};
#define TAYRA__RESP_TEXT(text) ((struct tayra__resp_argument){ (text), sizeof(text) - 1 })

void tayra__resp_client_init(struct tayra__resp_client *client);
/*
 * Connect; AUTH; HELLO 3, or RESP2 where that is refused; SETNAME; SELECT.  The client is closed.
 * => TAYRA_OK.  TAYRA_E_TIMEOUT, TAYRA_E_IO (no connection), TAYRA_E_INVAL (the server says no:
 *    user, password, database), TAYRA_E_CORRUPT (it does not speak RESP), TAYRA_E_NOMEM.  `error`,
 *    if not NULL, gets one line saying what, without the password.
 */
int tayra__resp_client_open(struct tayra__resp_client *client,
			    const struct tayra__resp_client_options *options,
			    const struct tayra__dial_address *address, uint64_t deadline_ns,
			    char *error, size_t error_len);
/* At once; what was sent and not yet taken by the system is dropped.  A closed one: nothing. */
void tayra__resp_client_close(struct tayra__resp_client *client);

/* A command, as an array of bulks.  => TAYRA_OK, TAYRA_E_TIMEOUT, TAYRA_E_IO, TAYRA_E_NOMEM. */
int tayra__resp_client_send(struct tayra__resp_client *client,
			    const struct tayra__resp_argument *arguments, size_t count,
			    uint64_t deadline_ns);
/*
 * The next reply's first element; text is valid until the next call.  What follows in an aggregate
 * is told to `each` (which may be NULL) before this returns.
 * => TAYRA_OK, TAYRA_E_TIMEOUT, TAYRA_E_IO (errno 0: the server closed), TAYRA_E_CORRUPT,
 *    TAYRA_E_NOMEM.
 */
int tayra__resp_client_receive(struct tayra__resp_client *client, uint64_t deadline_ns,
			       tayra__resp_each_fn each, void *ctx,
			       struct tayra__resp_element *out);
/* The same without waiting, for who polls fd.  => TAYRA_PENDING: not all of it is here. */
int tayra__resp_client_next(struct tayra__resp_client *client, tayra__resp_each_fn each, void *ctx,
			    struct tayra__resp_element *out);
/* Take what can be read now, at most 64 KiB.  => TAYRA_OK, TAYRA_PENDING: nothing, TAYRA_E_IO,
 * TAYRA_E_NOMEM. */
int tayra__resp_client_fill(struct tayra__resp_client *client);
/* Something lies behind the last reply: where nothing was asked, the server says what nobody wants
 * to know, or takes one question for two. */
bool tayra__resp_client_is_ahead(const struct tayra__resp_client *client);
/* Send and receive. */
int tayra__resp_client_call(struct tayra__resp_client *client,
			    const struct tayra__resp_argument *arguments, size_t count,
			    uint64_t deadline_ns, struct tayra__resp_element *out);

/* An error reply that begins with that word: "NOPROTO". */
bool tayra__resp_is_error(const struct tayra__resp_element *element, const char *word);

#endif
