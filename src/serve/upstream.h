/* SPDX-License-Identifier: Apache-2.0
 *
 * upstream.h: one connection of ours to somebody else's Redis, driven by the loop.  Requests leave
 * in order, replies come in order, each told element by element to who asked.
 *
 * It connects when the first request is sent, says who it is (AUTH, HELLO, SELECT), and only then
 * sends what was asked.  When it is lost, everything asked fails; it tries again with the first
 * request after a pause of 0.1 s, doubling to 2 s, and until then refuses at once.
 * The thread of the loop alone.
 */
#ifndef TAYRA_SERVE_UPSTREAM_H
#define TAYRA_SERVE_UPSTREAM_H

#include "base/list.h"
#include "net/buffer.h"
#include "net/dial.h"
#include "net/loop.h"
#include "net/redis_url.h"
#include "net/resp_reply.h"
#include "net/resp_request.h"
#include "net/resp_writer.h"

struct tayra__upstream_request {
	struct tayra__list node;
	uint64_t sent_ns; /* when it was asked for; 0 in failed(): nothing of it has left */
	/* An element of the reply and the bytes it came as; `last` ends the reply, and with it our
	 * interest in the request. */
	void (*element)(struct tayra__upstream_request *request,
			const struct tayra__resp_element *element, const char *raw, size_t len);
	/* Instead: there will be no reply, or no more of it. */
	void (*failed)(struct tayra__upstream_request *request, const char *why);
};

/* Where it is, shared by all connections to it.  Static while they live. */
struct tayra__upstream_target {
	struct tayra__redis_url url;
	struct tayra__dial_list addresses;
	struct tayra__resp_reply_limits limits; /* of replies */
	size_t out_max;                         /* bytes not yet taken by it */
};

enum tayra__upstream_state {
	TAYRA__UPSTREAM_CLOSED,
	TAYRA__UPSTREAM_CONNECTING,
	TAYRA__UPSTREAM_GREETING,
	TAYRA__UPSTREAM_READY,
};

struct tayra__upstream {
	const struct tayra__upstream_target *target;
	struct tayra__loop *loop;
	enum tayra__resp_version version; /* what is spoken */
	unsigned db;
	/* Told the elements of pushes; may be NULL. */
	void (*push)(struct tayra__upstream *upstream, const struct tayra__resp_element *element);
	/* Told when it is ready and when it is lost; may be NULL. */
	void (*changed)(struct tayra__upstream *upstream, bool ready);
	void *ctx;

	/* Read by all. */
	enum tayra__upstream_state state;
	struct tayra__list asked; /* requests whose replies are still to come */
	char why[160];            /* of the last loss */

	/* Private. */
	struct tayra__watch watch;
	struct tayra__later later; /* to send what was asked in this round, with one call */
	struct tayra__buffer in, out, greeting;
	struct tayra__resp_reply reply;
	unsigned greetings; /* replies to come of it */
	bool pushing;
	size_t address;    /* the one tried */
	uint64_t since_ns; /* the beginning of connecting; later, when it last said something */
	uint64_t retry_ns, pause_ns;
};

void tayra__upstream_init(struct tayra__upstream *upstream,
			  const struct tayra__upstream_target *target, struct tayra__loop *loop,
			  enum tayra__resp_version version, unsigned db);
/* Close and free; requests fail. */
void tayra__upstream_fini(struct tayra__upstream *upstream);

/* Connect unless it is connected, or was lost a moment ago. */
void tayra__upstream_open(struct tayra__upstream *upstream);
/*
 * Ask; the arguments are copied.  => TAYRA_OK: element or failed will be called, later.
 * TAYRA_E_ORIGIN: it cannot be reached, upstream->why says why.  TAYRA_E_OVERLOAD: it does not take
 * what was asked before.
 */
int tayra__upstream_send(struct tayra__upstream *upstream, const struct tayra__resp_arg *args,
			 size_t count, struct tayra__upstream_request *request);
/* End the connection; requests fail. */
void tayra__upstream_lose(struct tayra__upstream *upstream, const char *why);
/* Now and then: gives up what takes too long.  patience_ns: with replies to come and nothing heard;
 * 0: for ever. */
void tayra__upstream_tick(struct tayra__upstream *upstream, uint64_t patience_ns);

#endif
