/* SPDX-License-Identifier: Apache-2.0
 *
 * pending.h: a reply that comes later.  A command that cannot answer yet creates one, suspends its
 * call with it and returns without having replied; whoever learns the answer, in a later call of
 * the loop, writes it to `reply` and says done.  Replies leave in the order of their requests, and
 * other connections go on meanwhile.
 *
 * Behind a reply that is owed a connection executes only requests of the same side-by-side kind;
 * anything else waits until nothing is owed.  So nothing a client said changes between suspend and
 * done: neither database, protocol version nor authentication.  The thread of the loop alone.
 */
#ifndef TAYRA_SERVE_PENDING_H
#define TAYRA_SERVE_PENDING_H

#include "base/list.h"
#include "net/buffer.h"
#include "net/resp_request.h"
#include "net/resp_writer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tayra__call;
struct tayra__connection;
struct tayra__server;

/* Which requests may be executed side by side. */
enum tayra__aside {
	TAYRA__ASIDE_NONE,     /* alone */
	TAYRA__ASIDE_READS,    /* commands with TAYRA__COMMAND_ASIDE, which change nothing */
	TAYRA__ASIDE_FORWARDS, /* what goes to one other server, in order */
};

/* At the beginning of whatever its maker needs besides. */
struct tayra__pending {
	struct tayra__list node; /* in connection->owed, the oldest first */
	struct tayra__server *server;
	struct tayra__connection *connection; /* NULL: it has closed; done() is due all the same */
	enum tayra__resp_version version;
	enum tayra__aside aside;
	bool done;
	struct tayra__buffer reply;
	uint64_t bytes; /* as counted in connection->owed_bytes */
	/* What is to be executed again instead of replying; NULL: nothing. */
	struct tayra__resp_arg *args;
	size_t count;
};

/* Of `size` bytes, all zero behind the struct.  => NULL: no memory. */
struct tayra__pending *tayra__pending_create(const struct tayra__call *call, size_t size);
/* One that no call was suspended with. */
void tayra__pending_free(struct tayra__pending *pending);

/* The call is answered by `pending`.  Afterwards the command must not reply. */
void tayra__call_suspend(struct tayra__call *call, struct tayra__pending *pending,
			 enum tayra__aside aside);
/*
 * The call is executed once more, from its beginning, when `pending` is done, whose reply is then
 * not looked at; tayra__call_again() is that `pending` then, else NULL.  Its arguments are copied.
 * => false: no memory, and the command has to reply.
 */
bool tayra__call_put_off(struct tayra__call *call, struct tayra__pending *pending);
const struct tayra__pending *tayra__call_again(const struct tayra__call *call);

/* Once, after suspend or put_off; `pending` may be gone afterwards, with what is behind the struct,
 * so that the maker lets go of that before. */
void tayra__pending_done(struct tayra__pending *pending);

/* For connection.c: */

/* A reply that is there already has to stand in line; `reply` is taken over and left empty.
 * => false: no memory. */
bool tayra__pending_line_up(struct tayra__connection *connection, struct tayra__buffer *reply);
/* The first in line if it is done, and then no longer in line; NULL. */
struct tayra__pending *tayra__pending_next(struct tayra__connection *connection);
/* The connection closes: nobody waits for what it is owed. */
void tayra__pending_abandon(struct tayra__connection *connection);

#endif
