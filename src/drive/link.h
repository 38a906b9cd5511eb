/* SPDX-License-Identifier: Apache-2.0
 *
 * link.h: one connection of a load generator: opening it, writing the request, following the
 * answer.  It does what is possible without waiting and says what came of it; when, for whom and
 * what that means is the wire's business (wire.c).  Not thread-safe.
 */
#ifndef TAYRA_DRIVE_LINK_H
#define TAYRA_DRIVE_LINK_H

#include "base/list.h"
#include "drive/answer.h"
#include "drive/drive.h"
#include "drive/wire.h"
#include "net/dial.h"

struct tayra__errand;

#define TAYRA__LINK_READ (64u << 10) /* bytes of one read */

/* What all connections to one server share. */
struct tayra__link_shared {
	const struct tayra__errand *errand;
	const struct tayra__rows *rows; /* of a scenario; NULL: no data */
	const struct tayra__dial_address *address;
	int epoll;
	char *room;                   /* [TAYRA__LINK_READ] */
	enum tayra__wire_error error; /* the last failure */
	char why[TAYRA__WIRE_WHY];
};

enum tayra__link_state {
	TAYRA__LINK_DOWN,
	TAYRA__LINK_CONNECTING,
	TAYRA__LINK_SECURING, /* TLS shakes hands */
	TAYRA__LINK_GREETING,
	TAYRA__LINK_IDLE,
	TAYRA__LINK_BUSY, /* a request was begun and its answer is not complete */
};

struct tayra__link {
	enum tayra__link_state state;
	int fd;
	struct tayra__tls *tls; /* NULL: in the clear */
	bool wants_room;        /* epoll tells when more can be written */
	unsigned replies;       /* of the greeting, still to come */
	const char *request; /* what is written, request_len bytes: the greeting, or while BUSY */
	size_t request_len, written;
	char *room;        /* [errand->request_most], for a request of a scenario; the wire's */
	uint64_t until_ns; /* of what it is waiting for */
	struct tayra__call call; /* while `asked` */
	bool asked; /* BUSY, or being opened anew for the request that a closed one lost */
	bool used;  /* a request was answered on this connection */
	bool heard; /* a byte of this answer came */
	struct tayra__list place; /* in the wire's list for its state */
	struct tayra__answer answer;
};

enum tayra__link_event {
	TAYRA__LINK_NOTHING,
	TAYRA__LINK_UP,   /* open: IDLE */
	TAYRA__LINK_GOOD, /* answered: IDLE, or DOWN when the server wants no other request on it */
	TAYRA__LINK_BAD,  /* the same, and the answer says that the request failed: shared->why */
	TAYRA__LINK_LEFT, /* closed while nothing was asked: DOWN */
	TAYRA__LINK_AGAIN,  /* `asked`, and a step further to asking on a new connection */
	TAYRA__LINK_FAILED, /* DOWN; shared->error and ->why */
};

void tayra__link_init(struct tayra__link *link, const struct tayra__errand *errand);
void tayra__link_fini(struct tayra__link *link);
/* DOWN -> CONNECTING; false: failed at once. */
bool tayra__link_connect(struct tayra__link_shared *shared, struct tayra__link *link);
/*
 * IDLE -> BUSY, with link->call; false: failed.
 * => A server may close a connection that it has answered on whenever it likes, also while a
 * request is on the way (RFC 9112, 9.3.1).  One that may be asked twice, and of whose answer no
 * byte came, is then asked on a new connection: CONNECTING, and `asked`.  Once: the new one is not
 *    `used`.
 */
bool tayra__link_ask(struct tayra__link_shared *shared, struct tayra__link *link);
/* Something happened on it, as epoll says.  One that is DOWN ignores it. */
enum tayra__link_event tayra__link_react(struct tayra__link_shared *shared,
					 struct tayra__link *link, uint32_t events);
/* -> DOWN. */
void tayra__link_drop(struct tayra__link *link);

#endif
