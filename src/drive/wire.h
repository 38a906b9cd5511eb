/* SPDX-License-Identifier: Apache-2.0
 *
 * wire.h: load on a server over the network: HTTP/1.1 with keep-alive and the Redis protocol, with
 * TLS or without.  One thread, the caller's, looks after thousands of connections; one request at a
 * time on each.  The plans, the results and what latency means are those of drive.h.  Not
 * thread-safe.
 */
#ifndef TAYRA_DRIVE_WIRE_H
#define TAYRA_DRIVE_WIRE_H

#include "drive/drive.h"

#include <stddef.h>

#define TAYRA__WIRE_CONNECTIONS_MAX 65536
#define TAYRA__WIRE_REQUEST_MAX     (64u << 20) /* bytes of a request */
#define TAYRA__WIRE_REPLY_MAX                                                                      \
	(16u << 20) /* bytes of one Redis reply; of HTTP there is no bound                         \
		     */
#define TAYRA__WIRE_WHY 256

/* Why requests failed.  Each error of a result is of exactly one kind. */
enum tayra__wire_error {
	TAYRA__WIRE_CONNECT,   /* no connection came about */
	TAYRA__WIRE_TIMEOUT,   /* no answer in time */
	TAYRA__WIRE_RESET,     /* the connection ended before the answer did */
	TAYRA__WIRE_MALFORMED, /* what came is not an answer */
	TAYRA__WIRE_STATUS,    /* HTTP 400 or above, a Redis error */
	TAYRA__WIRE_ERRORS,    /* how many kinds there are */
};

struct tayra__wire_errors {
	uint64_t count[TAYRA__WIRE_ERRORS];
	char first[TAYRA__WIRE_WHY]; /* what the first one was, in one line; "" without any */
};

struct tayra__kinds;
struct tayra__scenario;

/* All but the scenario is copied.  Zero or NULL is the default. */
struct tayra__wire_options {
	/* http[s]://host[:port][/path][?query]
	 * redis[s]://[user[:password]@]host[:port][/database][/key], unix:///path for Redis: GET of
	 * the key, PING without one. */
	const char *url;
	uint32_t connections; /* at most; 0: 1 */
	uint32_t ready; /* of an open loop: so many are open before a slice, others when one has to
			   wait for them; 0: all */
	uint64_t timeout_ns;        /* of a request, from when it is written; 0: 5 s */
	const char *method;         /* HTTP; NULL: GET, or POST with a body */
	const char *const *headers; /* HTTP: "Name: value" */
	size_t header_count;
	const void *body; /* HTTP */
	size_t body_len;
	const char *const *words; /* Redis: a command instead of the default one */
	size_t word_count;
	/* Requests of several kinds instead of one, with `headers` besides their own.  It stays
	 * while the wire is open. */
	const struct tayra__scenario *scenario;
	const char *cacert; /* with TLS: a file of who may have signed the server's certificate;
			       NULL: whom the system trusts */
	bool insecure;      /* with TLS: any certificate will do */
	bool busy_poll;     /* an open loop never sleeps: it takes a processor of its own */
	bool any_status;    /* an answer that says it failed is an answer */
};

/* Connections to one server.  They are kept between slices; closed ones are opened again. */
struct tayra__wire;
/*
 * Understand the options, look the host up and make one connection, to see that the server is
 * there; takes at most timeout_ns and what the system's resolver takes.
 * => TAYRA_OK; TAYRA_E_INVAL for options, TAYRA_E_IO for a server that cannot be reached,
 *    TAYRA_E_NOMEM; `why`, if not NULL, then gets one line: "http://127.0.0.1:1/: connection
 *    refused".  It never quotes a password.
 */
int tayra__wire_open(const struct tayra__wire_options *options, struct tayra__wire **out, char *why,
		     size_t why_size);
void tayra__wire_close(struct tayra__wire *wire);
/* The URL as messages show it, without user and password.  As long as the wire. */
const char *tayra__wire_name(const struct tayra__wire *wire);

/*
 * Run one slice.  All connections (or `ready`) are open before it begins, if the server lets them.
 * => Open: a request goes out on the connection that has been idle longest; with none it waits, and
 *    counts from when it was due.  Lag is from due to noticed: the generator's own lateness.  What
 *    was due but not written drain_ns after the end is abandoned; what was written is waited for
 *    until it times out.
 * => Closed: at most as many clients as connections; what is in flight at the end is waited for.
 * => An error counts as in drive.h.  While no connection can be made, requests that become due fail
 *    at once; attempts are 10 ms to 1 s apart.
 * => plan->stop is seen within 20 ms: what has no answer then is abandoned, its connections closed.
 * => result->latency is added to, not reset; the rest is set.
 * => TAYRA_OK; TAYRA_E_INVAL as in drive.h.
 */
int tayra__wire_drive_open(struct tayra__wire *wire, const struct tayra__open_plan *plan,
			   uint64_t drain_ns, struct tayra__drive_result *result);
int tayra__wire_drive_closed(struct tayra__wire *wire, const struct tayra__closed_plan *plan,
			     struct tayra__drive_result *result);

/* What the kinds of the scenario amounted to since it was opened; NULL: no scenario. */
const struct tayra__kinds *tayra__wire_kinds(const struct tayra__wire *wire);
/* Rows that are taken in order go on from slice to slice, or from this one. */
void tayra__wire_set_row(struct tayra__wire *wire, uint64_t row);
/* The errors of the slice that ran last: their sum is its result's `errors`. */
const struct tayra__wire_errors *tayra__wire_errors(const struct tayra__wire *wire);
/* "connect", "timeout", "reset", "malformed", "status". */
const char *tayra__wire_error_name(enum tayra__wire_error kind);

#endif
