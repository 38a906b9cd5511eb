/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/connection.h"

#include "base/clock.h"
#include "base/mem.h"
#include "serve/command.h"
#include "serve/forward.h"
#include "serve/monitor.h"
#include "serve/pending.h"
#include "serve/state.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define COMMANDS_A_TURN 1024         /* then it is the next connection's turn */
#define OUTPUT_A_SEND   (256u << 10) /* replies of a turn are sent when they are more than this */
#define READ_MIN        (16u << 10)
#define READ_MAX        (1u << 20)
#define SPARED          (64u << 10) /* bytes; a connection with no more is not to blame */
#define REQUEST_SLACK   (1u << 20)
#define OWED_MAX        1024 /* replies that one connection waits for */

static struct tayra__connection *
of_watch(struct tayra__watch *watch)
{
	return (struct tayra__connection *)(void *)((char *)watch -
						    offsetof(struct tayra__connection, watch));
}

static struct tayra__connection *
of_later(struct tayra__later *later)
{
	return (struct tayra__connection *)(void *)((char *)later -
						    offsetof(struct tayra__connection, later));
}

static const struct tayra__resp_limits *
limits_of(const struct tayra__connection *c)
{
	return c->authenticated ? &c->server->limits : &c->server->limits_stranger;
}

/* Hand bytes to the kernel.  Returns how many it took; `broken` when there is nobody to take them.
 */
static size_t
send_bytes(struct tayra__connection *c, const char *bytes, size_t len)
{
	ssize_t sent = len > 0 ? send(c->watch.fd, bytes, len, MSG_NOSIGNAL) : 0;

	if (sent < 0) {
		if (errno != EAGAIN && errno != EINTR)
			c->broken = true;
		return 0;
	}
	c->server->counters.output_bytes += (uint64_t)sent;
	return (size_t)sent;
}

/* What the kernel does not take now stays behind in the connection's own buffer. */
static void
flush(struct tayra__connection *c)
{
	struct tayra__buffer *fresh = &c->server->output;
	size_t sent;

	if (c->out.len > 0)
		tayra__buffer_consume(&c->out,
				      send_bytes(c, tayra__buffer_front(&c->out), c->out.len));
	if (c->out.len == 0 && fresh->len > 0) {
		sent = send_bytes(c, tayra__buffer_front(fresh), fresh->len);
		tayra__buffer_consume(fresh, sent);
	}
	if (fresh->len > 0 && !c->broken)
		tayra__buffer_append(&c->out, tayra__buffer_front(fresh), fresh->len);
	if (fresh->failed || c->out.failed) {
		c->server->counters.closed_for_buffers++;
		c->broken = true;
	}
	tayra__buffer_reset(fresh, OUTPUT_A_SEND * 2);
}

/* Replies are owed: a request that is executed now has its reply stand in line. */
static void
run_behind(struct tayra__connection *c)
{
	struct tayra__buffer *aside = &c->server->aside;
	uint32_t owed = c->owed_count;

	tayra__command_execute(c, c->request.args, c->request.count, aside);
	if (c->owed_count == owed && (aside->failed || !tayra__pending_line_up(c, aside)))
		c->broken = true;
	tayra__buffer_reset(aside, OUTPUT_A_SEND);
}

/* Whether a request that begins so must wait for what is owed.  Inline requests are parsed once, so
 * they are not looked at before. */
static bool
must_wait_unseen(const struct tayra__connection *c, char first)
{
	return !tayra__list_empty(&c->owed) && (first != '*' || c->owed_count >= OWED_MAX ||
						c->owed_bytes > c->server->output_max_bytes / 2);
}

/* The same, of one that is known. */
static bool
must_wait(const struct tayra__connection *c)
{
	const struct tayra__pending *last;

	if (tayra__list_empty(&c->owed) || c->request.count == 0)
		return false;
	last = TAYRA__LIST_ENTRY(c->owed.prev, const struct tayra__pending, node);
	return last->aside == TAYRA__ASIDE_NONE ||
	       last->aside != tayra__command_aside(c->server, c->request.args);
}

static void
refuse_stream(struct tayra__connection *c)
{
	struct tayra__buffer *out = tayra__list_empty(&c->owed) ? &c->server->output
								: &c->server->aside;

	tayra__resp_error(out, "ERR %s", c->request.error);
	c->server->counters.errors++;
	c->closing = true;
	if (out == &c->server->aside && !tayra__pending_line_up(c, out))
		c->broken = true;
}

/* Execute complete requests of bytes[0, len).  Returns how many bytes they were. */
static size_t
execute(struct tayra__connection *c, char *bytes, size_t len)
{
	struct tayra__buffer *out = &c->server->output;
	size_t done = 0, used;

	c->behind = c->held = false;
	for (int i = 0; done < len && !c->closing && !c->broken; i++) {
		enum tayra__resp_status status;

		if (i == COMMANDS_A_TURN) {
			c->behind = true;
			break;
		}
		c->held = must_wait_unseen(c, bytes[done]);
		if (c->held)
			break;
		status = tayra__resp_request_parse(&c->request, bytes + done, len - done,
						   limits_of(c), &used);
		if (status == TAYRA__RESP_MORE)
			break;
		if (status == TAYRA__RESP_NOMEM)
			c->broken = true;
		if (status == TAYRA__RESP_WRONG)
			refuse_stream(c);
		if (status != TAYRA__RESP_DONE)
			break;
		c->held = must_wait(c);
		if (c->held)
			break;
		done += used;
		if (c->request.count > 0 && tayra__list_empty(&c->owed))
			tayra__command_execute(c, c->request.args, c->request.count, out);
		else if (c->request.count > 0)
			run_behind(c);
		if (out->len > OUTPUT_A_SEND)
			flush(c);
	}
	return done;
}

/* Execute what is in `in`, or in the server's shared buffer, and keep the rest. */
static void
take(struct tayra__connection *c, size_t shared_len)
{
	size_t done;

	if (shared_len > 0) {
		char *bytes = c->server->input;

		done = execute(c, bytes, shared_len);
		if (!c->closing && !c->broken)
			tayra__buffer_append(&c->in, bytes + done, shared_len - done);
		return;
	}
	done = execute(c, tayra__buffer_front(&c->in), c->in.len);
	tayra__buffer_consume(&c->in, done);
}

/* The end of what the other side has to say, or an error. */
static void
meet_end(struct tayra__connection *c, ssize_t got)
{
	if (got == 0 && !c->lane)
		c->closing = true;
	else if (got == 0) /* what it waits for might come in hours, and be lost */
		c->broken = true;
	else if (errno != EAGAIN && errno != EINTR)
		c->broken = true;
}

static void
count_input(struct tayra__connection *c, size_t bytes)
{
	c->server->counters.input_bytes += bytes;
	c->arrived_ns = tayra__loop_now_ns(c->server->loop);
}

static void
read_shared(struct tayra__connection *c)
{
	ssize_t got = recv(c->watch.fd, c->server->input, TAYRA__SERVER_INPUT, 0);

	if (got <= 0) {
		meet_end(c, got);
		return;
	}
	count_input(c, (size_t)got);
	take(c, (size_t)got);
}

/* A request has begun before: go on behind it, with as much room as it is known to need. */
static void
read_own(struct tayra__connection *c)
{
	size_t room = READ_MIN;
	ssize_t got;
	char *to;

	if (c->request.wanted > c->in.len + READ_MIN)
		room = c->request.wanted - c->in.len;
	if (room > READ_MAX)
		room = READ_MAX;
	to = tayra__buffer_reserve(&c->in, room);
	if (!to)
		return;
	got = recv(c->watch.fd, to, room, 0);
	if (got <= 0) {
		meet_end(c, got);
		return;
	}
	tayra__buffer_grow(&c->in, (size_t)got);
	count_input(c, (size_t)got);
	take(c, 0);
}

/* Bring the account of buffers up to date.  Who has much when all is used up must go. */
static void
account(struct tayra__connection *c)
{
	struct tayra__server *server = c->server;
	uint64_t bytes = c->in.room + c->out.room + c->request.room * sizeof(*c->request.args) +
			 c->owed_bytes;

	server->buffer_bytes += bytes - c->buffer_bytes;
	c->buffer_bytes = bytes;
	if (c->in.failed || c->out.len + c->owed_bytes > server->output_max_bytes + SPARED ||
	    (server->buffer_bytes > server->buffer_bytes_max && bytes > SPARED)) {
		server->counters.closed_for_buffers++;
		c->broken = true;
	}
}

/* How long this turn took, for those who look: the one clock that is read outside the loop. */
static void
time_turn(struct tayra__connection *c)
{
	struct tayra__server *server = c->server;

	if (server->monitor && server->turn_groups)
		tayra__monitor_turn(server->monitor, server->turn_groups,
				    tayra__clock_mono_ns(server->clock) -
					    tayra__loop_now_ns(server->loop));
	server->turn_groups = 0;
}

/* The end of a turn: send, and wait for what comes next. */
static void
settle(struct tayra__connection *c)
{
	uint32_t events;

	if (!c->broken)
		flush(c);
	else
		tayra__buffer_reset(&c->server->output, OUTPUT_A_SEND * 2);
	time_turn(c);
	if (c->in.len == 0)
		tayra__buffer_reset(&c->in, 0);
	if (c->out.len == 0)
		tayra__buffer_reset(&c->out, 0);
	account(c);
	if (c->broken || (c->closing && c->out.len == 0 && tayra__list_empty(&c->owed))) {
		tayra__connection_close(c);
		return;
	}
	events = (c->closing || c->held ? 0 : TAYRA__LOOP_READ) |
		 (c->out.len ? TAYRA__LOOP_WRITE : 0);
	if (tayra__loop_change(c->server->loop, &c->watch, events) != TAYRA_OK)
		tayra__connection_close(c);
	else if (c->behind)
		tayra__loop_later(c->server->loop, &c->later);
}

void
tayra__connection_touch(struct tayra__connection *c)
{
	c->active_ns = tayra__loop_now_ns(c->server->loop);
	tayra__list_remove(&c->node);
	tayra__list_push_back(&c->server->connections, &c->node);
}

static void
on_ready(struct tayra__watch *watch, uint32_t events)
{
	struct tayra__connection *c = of_watch(watch);

	tayra__connection_touch(c);
	tayra__server_update_now(c->server);
	/* Not asked for, so nobody is there any more. */
	if ((events & TAYRA__LOOP_READ) && !(watch->events & TAYRA__LOOP_READ))
		c->broken = true;
	else if (!(events & TAYRA__LOOP_READ))
		flush(c);
	else if (c->behind)
		take(c, 0);
	else if (c->in.len > 0)
		read_own(c);
	else
		read_shared(c);
	settle(c);
}

/* Execute what was put off. */
static void
run_again(struct tayra__connection *c, const struct tayra__pending *pending)
{
	c->again = pending;
	tayra__command_execute(c, pending->args, pending->count, &c->server->output);
	c->again = NULL;
}

/* Send the replies whose turn has come. */
static void
answer(struct tayra__connection *c)
{
	struct tayra__buffer *out = &c->server->output;
	struct tayra__pending *pending;

	while (!c->broken && (pending = tayra__pending_next(c))) {
		const struct tayra__buffer *reply = &pending->reply;

		if (pending->args)
			run_again(c, pending);
		else if (reply->failed)
			c->broken = true;
		else
			tayra__buffer_append(out, tayra__buffer_front(reply), reply->len);
		tayra__pending_free(pending);
		if (out->len > OUTPUT_A_SEND)
			flush(c);
	}
}

static void
on_later(struct tayra__later *later)
{
	struct tayra__connection *c = of_later(later);

	tayra__server_update_now(c->server);
	answer(c);
	if (c->behind || (c->held && tayra__list_empty(&c->owed)))
		take(c, 0);
	settle(c);
}

void
tayra__connection_reset(struct tayra__connection *c)
{
	if (c->lane)
		tayra__forward_leave(c);
	c->db = 0;
	c->version = TAYRA__RESP2;
	c->authenticated = !c->server->protected;
	c->name[0] = '\0';
}

int
tayra__connection_open(struct tayra__server *server, int fd, const struct tayra__address *peer)
{
	struct tayra__connection *c = tayra__mem_alloc(sizeof(*c));

	if (!c) {
		close(fd);
		return TAYRA_E_NOMEM;
	}
	c->server = server;
	c->watch = (struct tayra__watch){ .fd = fd, .ready = on_ready };
	tayra__later_init(&c->later, on_later);
	tayra__list_init(&c->node);
	tayra__list_init(&c->owed);
	c->peer = *peer;
	tayra__resp_request_init(&c->request);
	tayra__buffer_init(&c->in, server->limits.bulk_bytes + REQUEST_SLACK);
	tayra__buffer_init(&c->out, server->output_max_bytes);
	tayra__connection_reset(c);
	c->last_command = "NULL";
	c->created_ns = tayra__loop_now_ns(server->loop);
	if (tayra__loop_add(server->loop, &c->watch, TAYRA__LOOP_READ) != TAYRA_OK) {
		close(fd);
		tayra__mem_free(c);
		return TAYRA_E_IO;
	}
	c->id = ++server->next_id;
	tayra__connection_touch(c);
	server->clients++;
	return TAYRA_OK;
}

void
tayra__connection_close(struct tayra__connection *c)
{
	struct tayra__server *server = c->server;

	tayra__loop_remove(server->loop, &c->watch);
	tayra__later_cancel(&c->later);
	tayra__list_remove(&c->node);
	close(c->watch.fd);
	tayra__pending_abandon(c);
	if (c->lane)
		tayra__forward_leave(c);
	server->buffer_bytes -= c->buffer_bytes;
	server->clients--;
	tayra__resp_request_fini(&c->request);
	tayra__buffer_fini(&c->in);
	tayra__buffer_fini(&c->out);
	tayra__mem_free(c);
}
