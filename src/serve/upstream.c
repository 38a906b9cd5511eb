/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/upstream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECT_NS   (2 * TAYRA_NS_PER_S) /* to connect, and to be greeted */
#define PAUSE_MIN_NS (100 * TAYRA_NS_PER_MS)
#define PAUSE_MAX_NS (2 * TAYRA_NS_PER_S)
#define READ_BYTES   (64u << 10)
#define READS_A_TURN 8
#define GREETING_MAX 4096
#define SLACK        (1u << 20)

static struct tayra__upstream *
of_watch(struct tayra__watch *watch)
{
	return (struct tayra__upstream *)(void *)((char *)watch -
						  offsetof(struct tayra__upstream, watch));
}

static struct tayra__upstream_request *
first_asked(const struct tayra__upstream *u)
{
	return TAYRA__LIST_ENTRY(u->asked.next, struct tayra__upstream_request, node);
}

static void
disconnect(struct tayra__upstream *u)
{
	if (u->watch.fd >= 0) {
		tayra__loop_remove(u->loop, &u->watch);
		close(u->watch.fd);
	}
	u->watch.fd = -1;
	tayra__later_cancel(&u->later);
	tayra__buffer_reset(&u->in, 0);
	tayra__buffer_reset(&u->out, 0);
	if (u->greeting.bytes) /* the password is in it */
		explicit_bzero(u->greeting.bytes, u->greeting.room);
	tayra__buffer_reset(&u->greeting, 0);
	tayra__resp_reply_init(&u->reply);
	u->greetings = 0;
	u->pushing = false;
}

void
tayra__upstream_lose(struct tayra__upstream *u, const char *why)
{
	struct tayra__list lost;
	struct tayra__list *node;
	bool was_ready = u->state == TAYRA__UPSTREAM_READY;

	if (u->state == TAYRA__UPSTREAM_CLOSED)
		return;
	snprintf(u->why, sizeof(u->why), "%s", why);
	disconnect(u);
	u->state = TAYRA__UPSTREAM_CLOSED;
	u->pause_ns = was_ready                        ? PAUSE_MIN_NS
		      : u->pause_ns == 0               ? PAUSE_MIN_NS
		      : u->pause_ns * 2 < PAUSE_MAX_NS ? u->pause_ns * 2
						       : PAUSE_MAX_NS;
	u->retry_ns = tayra__loop_now_ns(u->loop) + u->pause_ns;
	if (u->changed)
		u->changed(u, false);
	/* What they ask now is refused, so this comes to an end. */
	tayra__list_init(&lost);
	while ((node = tayra__list_pop_front(&u->asked)))
		tayra__list_push_back(&lost, node);
	while ((node = tayra__list_pop_front(&lost))) {
		struct tayra__upstream_request *request = TAYRA__LIST_ENTRY(
			node, struct tayra__upstream_request, node);

		/* Until then all that is asked waits in u->out. */
		if (!was_ready)
			request->sent_ns = 0;
		request->failed(request, u->why);
	}
}

void
tayra__upstream_fini(struct tayra__upstream *u)
{
	u->changed = NULL;
	tayra__upstream_lose(u, "the server stops");
	tayra__buffer_fini(&u->in);
	tayra__buffer_fini(&u->out);
	tayra__buffer_fini(&u->greeting);
}

static void
lose_by_errno(struct tayra__upstream *u, const char *what, int why)
{
	char text[128];

	errno = why;
	snprintf(text, sizeof(text), "%s: %m", what);
	tayra__upstream_lose(u, text);
}

static void
write_args(struct tayra__buffer *out, const struct tayra__resp_arg *args, size_t count)
{
	tayra__resp_array(out, count);
	for (size_t i = 0; i < count; i++)
		tayra__resp_bulk(out, args[i].bytes, args[i].len);
}

static void
greet_with(struct tayra__upstream *u, const char *const *words)
{
	size_t count = 0;

	while (words[count])
		count++;
	tayra__resp_array(&u->greeting, count);
	for (size_t i = 0; i < count; i++)
		tayra__resp_text(&u->greeting, words[i]);
	u->greetings++;
}

/* Who we are; nothing else is sent before all of it has been answered well. */
static void
greet(struct tayra__upstream *u)
{
	const struct tayra__redis_url *url = &u->target->url;
	const char *user = url->user[0] ? url->user : "default";
	char db[16];

	snprintf(db, sizeof(db), "%u", u->db);
	if (url->password[0] && url->user[0])
		greet_with(u, (const char *const[]){ "AUTH", user, url->password, NULL });
	else if (url->password[0])
		greet_with(u, (const char *const[]){ "AUTH", url->password, NULL });
	if (u->version == TAYRA__RESP3)
		greet_with(u, (const char *const[]){ "HELLO", "3", NULL });
	greet_with(u, (const char *const[]){ "CLIENT", "SETNAME", "tayra", NULL });
	if (u->db)
		greet_with(u, (const char *const[]){ "SELECT", db, NULL });
	u->state = TAYRA__UPSTREAM_GREETING;
}

static void
send_buffer(struct tayra__upstream *u, struct tayra__buffer *buffer)
{
	while (buffer->len > 0) {
		ssize_t sent = send(u->watch.fd, tayra__buffer_front(buffer), buffer->len,
				    MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && errno == EAGAIN)
			return;
		if (sent < 0) {
			lose_by_errno(u, "the connection was lost", errno);
			return;
		}
		tayra__buffer_consume(buffer, (size_t)sent);
	}
	tayra__buffer_reset(buffer, READ_BYTES);
}

/* Send what may be sent in this state, and watch for what comes next. */
static void
settle(struct tayra__upstream *u)
{
	struct tayra__buffer *buffer = u->state == TAYRA__UPSTREAM_READY ? &u->out : &u->greeting;
	uint32_t events = TAYRA__LOOP_READ;

	if (u->state == TAYRA__UPSTREAM_CLOSED)
		return;
	if (u->state == TAYRA__UPSTREAM_CONNECTING) {
		events = TAYRA__LOOP_WRITE;
	} else {
		send_buffer(u, buffer);
		if (u->state == TAYRA__UPSTREAM_CLOSED)
			return;
		events |= buffer->len ? TAYRA__LOOP_WRITE : 0;
	}
	if (tayra__loop_change(u->loop, &u->watch, events) != TAYRA_OK)
		lose_by_errno(u, "waiting failed", errno);
}

/* An element of the answer to our greeting. */
static void
take_greeting(struct tayra__upstream *u, const struct tayra__resp_element *element)
{
	char text[128];

	if (element->depth == 0 &&
	    (element->type == TAYRA__RESP_ERROR || element->type == TAYRA__RESP_BULK_ERROR)) {
		snprintf(text, sizeof(text), "it says: %.*s",
			 (int)(element->len < 100 ? element->len : 100), element->text);
		tayra__upstream_lose(u, text);
		return;
	}
	if (!element->last || --u->greetings > 0)
		return;
	u->state = TAYRA__UPSTREAM_READY;
	u->pause_ns = 0;
	if (u->changed)
		u->changed(u, true);
}

static void
take_element(struct tayra__upstream *u, const struct tayra__resp_element *element, const char *raw,
	     size_t len)
{
	struct tayra__upstream_request *request;

	if (element->depth == 0 && element->type == TAYRA__RESP_PUSH)
		u->pushing = true;
	if (u->pushing) {
		u->pushing = !element->last;
		if (u->push)
			u->push(u, element);
	} else if (u->state == TAYRA__UPSTREAM_GREETING) {
		take_greeting(u, element);
	} else if (tayra__list_empty(&u->asked)) {
		tayra__upstream_lose(u, "it answers what nobody asked");
	} else {
		request = first_asked(u);
		if (element->last)
			tayra__list_remove(&request->node);
		request->element(request, element, raw, len);
	}
}

/* All elements that are complete. */
static void
take_elements(struct tayra__upstream *u)
{
	while (u->state != TAYRA__UPSTREAM_CLOSED && u->in.len > 0) {
		struct tayra__resp_element element;
		const char *raw = tayra__buffer_front(&u->in);
		size_t used;

		switch (tayra__resp_reply_next(&u->reply, raw, u->in.len, &u->target->limits,
					       &element, &used)) {
		case TAYRA__RESP_REPLY_MORE: return;
		case TAYRA__RESP_REPLY_WRONG: tayra__upstream_lose(u, u->reply.error); return;
		case TAYRA__RESP_REPLY_ELEMENT: break;
		}
		take_element(u, &element, raw, used);
		if (u->state != TAYRA__UPSTREAM_CLOSED)
			tayra__buffer_consume(&u->in, used);
	}
}

static void
receive(struct tayra__upstream *u)
{
	for (int i = 0; i < READS_A_TURN && u->state != TAYRA__UPSTREAM_CLOSED; i++) {
		char *to = tayra__buffer_reserve(&u->in, READ_BYTES);
		ssize_t got;

		if (!to) {
			tayra__upstream_lose(u, "a reply is longer than there is room for");
			return;
		}
		got = recv(u->watch.fd, to, READ_BYTES, 0);
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (got < 0) {
			lose_by_errno(u, "the connection was lost", errno);
			return;
		}
		if (got == 0) {
			tayra__upstream_lose(u, "it closed the connection");
			return;
		}
		u->since_ns = tayra__loop_now_ns(u->loop);
		tayra__buffer_grow(&u->in, (size_t)got);
		take_elements(u);
		if (u->in.len == 0)
			tayra__buffer_reset(&u->in, READ_BYTES);
		if ((size_t)got < READ_BYTES)
			return;
	}
}

static void
meet_connected(struct tayra__upstream *u)
{
	const int one = 1;
	int why = 0;
	socklen_t len = sizeof(why);

	if (getsockopt(u->watch.fd, SOL_SOCKET, SO_ERROR, &why, &len) < 0)
		why = errno;
	if (why != 0) {
		u->address = (u->address + 1) % u->target->addresses.count;
		lose_by_errno(u, "it cannot be reached", why);
		return;
	}
	if (!u->target->url.path[0])
		setsockopt(u->watch.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	greet(u);
}

static void
on_ready(struct tayra__watch *watch, uint32_t events)
{
	struct tayra__upstream *u = of_watch(watch);

	if (u->state == TAYRA__UPSTREAM_CONNECTING)
		meet_connected(u);
	else if (events & TAYRA__LOOP_READ)
		receive(u);
	settle(u);
}

static void
on_later(struct tayra__later *later)
{
	settle((struct tayra__upstream *)(void *)((char *)later -
						  offsetof(struct tayra__upstream, later)));
}

void
tayra__upstream_init(struct tayra__upstream *u, const struct tayra__upstream_target *target,
		     struct tayra__loop *loop, enum tayra__resp_version version, unsigned db)
{
	memset(u, 0, sizeof(*u));
	u->target = target;
	u->loop = loop;
	u->version = version;
	u->db = db;
	u->watch.fd = -1;
	tayra__later_init(&u->later, on_later);
	tayra__list_init(&u->asked);
	tayra__buffer_init(&u->in, target->limits.bulk_bytes + SLACK);
	tayra__buffer_init(&u->out, target->out_max);
	tayra__buffer_init(&u->greeting, GREETING_MAX);
	snprintf(u->why, sizeof(u->why), "not connected yet");
}

/* Fails later, by the loop, where it can. */
void
tayra__upstream_open(struct tayra__upstream *u)
{
	const struct tayra__dial_address *to = &u->target->addresses.at[u->address];
	uint64_t now_ns = tayra__loop_now_ns(u->loop);
	int fd;

	if (u->state != TAYRA__UPSTREAM_CLOSED || now_ns < u->retry_ns)
		return;
	fd = socket(to->to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	u->watch = (struct tayra__watch){ .fd = fd, .ready = on_ready };
	u->since_ns = now_ns;
	if (fd < 0 || tayra__loop_add(u->loop, &u->watch, TAYRA__LOOP_WRITE) != TAYRA_OK) {
		int why = errno;

		if (fd >= 0)
			close(fd);
		u->watch.fd = -1;
		errno = why;
		snprintf(u->why, sizeof(u->why), "no connection can be made: %m");
		u->retry_ns = now_ns + PAUSE_MIN_NS;
		return;
	}
	u->state = TAYRA__UPSTREAM_CONNECTING;
	if (connect(fd, (const struct sockaddr *)&to->to, to->len) == 0) {
		greet(u);
		settle(u);
	} else if (errno != EINPROGRESS && errno != EINTR) {
		u->address = (u->address + 1) % u->target->addresses.count;
		lose_by_errno(u, "it cannot be reached", errno);
	}
}

/* Bytes of a request on the wire, at most. */
static size_t
size_of(const struct tayra__resp_arg *args, size_t count)
{
	size_t bytes = 32;

	for (size_t i = 0; i < count; i++)
		bytes += args[i].len + 32;
	return bytes;
}

int
tayra__upstream_send(struct tayra__upstream *u, const struct tayra__resp_arg *args, size_t count,
		     struct tayra__upstream_request *request)
{
	tayra__upstream_open(u);
	if (u->state == TAYRA__UPSTREAM_CLOSED)
		return TAYRA_E_ORIGIN;
	/* Refused whole: half a request would put the rest out of step. */
	if (u->out.len + size_of(args, count) > u->out.max ||
	    !tayra__buffer_reserve(&u->out, size_of(args, count))) {
		u->out.failed = false;
		return TAYRA_E_OVERLOAD;
	}
	write_args(&u->out, args, count);
	request->sent_ns = tayra__loop_now_ns(u->loop);
	tayra__list_push_back(&u->asked, &request->node);
	tayra__loop_later(u->loop, &u->later);
	return TAYRA_OK;
}

void
tayra__upstream_tick(struct tayra__upstream *u, uint64_t patience_ns)
{
	uint64_t now_ns = tayra__loop_now_ns(u->loop);

	if (u->state == TAYRA__UPSTREAM_CLOSED)
		return;
	if (u->state != TAYRA__UPSTREAM_READY && now_ns - u->since_ns > CONNECT_NS)
		tayra__upstream_lose(u, u->state == TAYRA__UPSTREAM_CONNECTING
						? "it cannot be reached: no answer"
						: "it accepts connections and does not answer");
	else if (patience_ns && !tayra__list_empty(&u->asked) &&
		 now_ns - first_asked(u)->sent_ns > patience_ns &&
		 now_ns - u->since_ns > patience_ns)
		tayra__upstream_lose(u, "it does not answer");
}
