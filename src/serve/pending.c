/* SPDX-License-Identifier: Apache-2.0
 *
 * pending.c: who has one.  In line it belongs to the connection; when that closes, one that is done
 * is freed, and one that is not belongs to whoever will call done.
 */
#include "serve/pending.h"

#include "base/mem.h"
#include "serve/command.h"
#include "serve/connection.h"
#include "serve/state.h"

#include <assert.h>
#include <string.h>

static struct tayra__pending *
create(struct tayra__connection *connection, size_t size)
{
	struct tayra__pending *pending = tayra__mem_alloc(size);

	if (!pending)
		return NULL;
	tayra__list_init(&pending->node);
	pending->server = connection->server;
	pending->connection = connection;
	pending->version = connection->version;
	tayra__buffer_init(&pending->reply, connection->server->output_max_bytes);
	pending->bytes = size;
	return pending;
}

struct tayra__pending *
tayra__pending_create(const struct tayra__call *call, size_t size)
{
	return create(call->connection, size);
}

void
tayra__pending_free(struct tayra__pending *pending)
{
	tayra__buffer_fini(&pending->reply);
	tayra__mem_free(pending->args);
	tayra__mem_free(pending);
}

static void
stand_in_line(struct tayra__connection *connection, struct tayra__pending *pending,
	      enum tayra__aside aside)
{
	pending->aside = aside;
	tayra__list_push_back(&connection->owed, &pending->node);
	connection->owed_count++;
	connection->owed_bytes += pending->bytes;
}

static void
leave_line(struct tayra__pending *pending)
{
	struct tayra__connection *connection = pending->connection;

	tayra__list_remove(&pending->node);
	connection->owed_count--;
	connection->owed_bytes -= pending->bytes;
}

void
tayra__call_suspend(struct tayra__call *call, struct tayra__pending *pending,
		    enum tayra__aside aside)
{
	stand_in_line(call->connection, pending, aside);
}

/* The arguments and their bytes in one block, each behind a byte that may be overwritten. */
static struct tayra__resp_arg *
copy_args(const struct tayra__call *call, uint64_t *total)
{
	struct tayra__resp_arg *args;
	size_t bytes = call->count * (sizeof(*args) + 1);
	char *to;

	for (size_t i = 0; i < call->count; i++)
		if (__builtin_add_overflow(bytes, call->args[i].len, &bytes))
			return NULL;
	args = tayra__mem_alloc(bytes);
	if (!args)
		return NULL;
	to = (char *)(args + call->count);
	for (size_t i = 0; i < call->count; i++) {
		args[i] = call->args[i];
		args[i].bytes = ++to;
		if (args[i].len)
			memcpy(to, call->args[i].bytes, args[i].len);
		to += args[i].len;
	}
	*total += bytes;
	return args;
}

bool
tayra__call_put_off(struct tayra__call *call, struct tayra__pending *pending)
{
	pending->args = copy_args(call, &pending->bytes);
	if (!pending->args)
		return false;
	pending->count = call->count;
	stand_in_line(call->connection, pending, TAYRA__ASIDE_NONE);
	return true;
}

const struct tayra__pending *
tayra__call_again(const struct tayra__call *call)
{
	return call->connection->again;
}

void
tayra__pending_done(struct tayra__pending *pending)
{
	struct tayra__connection *connection = pending->connection;

	assert(!pending->done);
	if (!connection) {
		tayra__pending_free(pending);
		return;
	}
	pending->done = true;
	pending->bytes += pending->reply.room;
	connection->owed_bytes += pending->reply.room;
	/* Also when others are before it: what is held has grown. */
	tayra__loop_later(pending->server->loop, &connection->later);
}

static const struct tayra__pending *
last_in_line(const struct tayra__connection *connection)
{
	return TAYRA__LIST_ENTRY(connection->owed.prev, const struct tayra__pending, node);
}

bool
tayra__pending_line_up(struct tayra__connection *connection, struct tayra__buffer *reply)
{
	struct tayra__pending *pending = create(connection, sizeof(*pending));

	if (!pending)
		return false;
	pending->reply = *reply;
	tayra__buffer_init(reply, reply->max);
	pending->bytes += pending->reply.room;
	pending->done = true;
	stand_in_line(connection, pending, last_in_line(connection)->aside);
	return true;
}

struct tayra__pending *
tayra__pending_next(struct tayra__connection *connection)
{
	struct tayra__pending *pending;

	if (tayra__list_empty(&connection->owed))
		return NULL;
	pending = TAYRA__LIST_ENTRY(connection->owed.next, struct tayra__pending, node);
	if (!pending->done)
		return NULL;
	leave_line(pending);
	return pending;
}

void
tayra__pending_abandon(struct tayra__connection *connection)
{
	while (!tayra__list_empty(&connection->owed)) {
		struct tayra__pending *pending = TAYRA__LIST_ENTRY(connection->owed.next,
								   struct tayra__pending, node);

		leave_line(pending);
		pending->connection = NULL;
		if (pending->done)
			tayra__pending_free(pending);
	}
}
