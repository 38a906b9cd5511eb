/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/link.h"

#include "drive/errand.h"

#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

void
tayra__link_init(struct tayra__link *link, const struct tayra__errand *errand)
{
	memset(link, 0, sizeof(*link));
	link->fd = -1;
	tayra__answer_init(&link->answer, errand);
	tayra__list_init(&link->place);
}

void
tayra__link_drop(struct tayra__link *link)
{
	tayra__tls_destroy(link->tls);
	link->tls = NULL;
	if (link->fd >= 0)
		close(link->fd);
	link->fd = -1;
	link->state = TAYRA__LINK_DOWN;
	link->asked = false;
}

void
tayra__link_fini(struct tayra__link *link)
{
	tayra__link_drop(link);
	tayra__answer_fini(&link->answer);
}

static enum tayra__link_event
fail(struct tayra__link_shared *shared, struct tayra__link *link, enum tayra__wire_error error)
{
	tayra__link_drop(link);
	shared->error = error;
	return TAYRA__LINK_FAILED;
}

/* "connection refused": what the system says, as part of a line; TLS has said it itself. */
static enum tayra__link_event
fail_errno(struct tayra__link_shared *shared, struct tayra__link *link,
	   enum tayra__wire_error error, int number)
{
	char text[128];

	if (link->tls && number == EPROTO)
		return fail(shared, link, error);
	snprintf(shared->why, sizeof(shared->why), "%s", strerror_r(number, text, sizeof(text)));
	if (shared->why[0] && islower((unsigned char)shared->why[1]))
		shared->why[0] = (char)tolower((unsigned char)shared->why[0]);
	return fail(shared, link, error);
}

static bool
watch(struct tayra__link_shared *shared, struct tayra__link *link, int op, bool wants_room)
{
	struct epoll_event event = { .events = wants_room ? EPOLLIN | EPOLLOUT : EPOLLIN,
				     .data.ptr = link };

	link->wants_room = wants_room;
	return epoll_ctl(shared->epoll, op, link->fd, &event) == 0;
}

bool
tayra__link_connect(struct tayra__link_shared *shared, struct tayra__link *link)
{
	const struct tayra__dial_address *to = shared->address;
	const int one = 1;

	link->fd = socket(to->to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (link->fd >= 0 && to->to.ss_family != AF_UNIX)
		setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (link->fd < 0 ||
	    (connect(link->fd, (const struct sockaddr *)&to->to, to->len) != 0 &&
	     errno != EINPROGRESS && errno != EINTR) ||
	    !watch(shared, link, EPOLL_CTL_ADD, true)) {
		fail_errno(shared, link, TAYRA__WIRE_CONNECT, errno);
		return false;
	}
	link->state = TAYRA__LINK_CONNECTING;
	link->used = false;
	return true;
}

static ssize_t
put(struct tayra__link_shared *shared, struct tayra__link *link, const void *bytes, size_t len)
{
	if (link->tls)
		return tayra__tls_send(link->tls, bytes, len, shared->why, sizeof(shared->why));
	return send(link->fd, bytes, len, MSG_NOSIGNAL);
}

static ssize_t
take(struct tayra__link_shared *shared, struct tayra__link *link)
{
	if (link->tls)
		return tayra__tls_recv(link->tls, shared->room, TAYRA__LINK_READ, shared->why,
				       sizeof(shared->why));
	return recv(link->fd, shared->room, TAYRA__LINK_READ, 0);
}

/* Write what is left of the request; more room is waited for when there is none. */
static bool
push(struct tayra__link_shared *shared, struct tayra__link *link)
{
	size_t left = link->request_len - link->written;
	ssize_t n = put(shared, link, link->request + link->written, left);

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return false;
	if (n > 0)
		link->written += (size_t)n;
	if ((link->written < link->request_len) != link->wants_room)
		return watch(shared, link, EPOLL_CTL_MOD, !link->wants_room);
	return true;
}

static void
say(struct tayra__link *link, const struct tayra__buffer *bytes)
{
	link->request = tayra__buffer_front(bytes);
	link->request_len = bytes->len;
}

static bool
may_ask_twice(const struct tayra__link_shared *shared, const struct tayra__link *link)
{
	const struct tayra__errand *errand = shared->errand;

	return errand->kinds ? errand->kinds[link->call.kind].again : errand->again;
}

/* The server had closed the connection before it saw the request: a new one for it. */
static bool
ask_again(struct tayra__link_shared *shared, struct tayra__link *link)
{
	if (link->state != TAYRA__LINK_BUSY || !link->used || link->heard ||
	    !may_ask_twice(shared, link))
		return false;
	tayra__link_drop(link);
	if (!tayra__link_connect(shared, link))
		return false;
	link->asked = true;
	return true;
}

bool
tayra__link_ask(struct tayra__link_shared *shared, struct tayra__link *link)
{
	const struct tayra__errand *errand = shared->errand;

	if (errand->kinds) {
		const struct tayra__errand_kind *kind = &errand->kinds[link->call.kind];

		tayra__answer_begin(&link->answer, kind->head);
		link->request = link->room;
		link->request_len = tayra__template_fill(&kind->request, shared->rows,
							 link->call.row, link->room);
	} else {
		tayra__answer_begin(&link->answer, errand->head);
		say(link, &errand->request);
	}
	link->written = 0;
	link->state = TAYRA__LINK_BUSY;
	link->asked = true;
	link->heard = false;
	if (push(shared, link) || (errno != EPROTO && ask_again(shared, link)))
		return true;
	fail_errno(shared, link, TAYRA__WIRE_RESET, errno);
	return false;
}

static enum tayra__link_event
up(struct tayra__link_shared *shared, struct tayra__link *link)
{
	link->state = TAYRA__LINK_IDLE;
	if (!link->asked)
		return TAYRA__LINK_UP;
	return tayra__link_ask(shared, link) ? TAYRA__LINK_AGAIN : TAYRA__LINK_FAILED;
}

/* Bytes pass: say what has to be said first. */
static enum tayra__link_event
greet(struct tayra__link_shared *shared, struct tayra__link *link)
{
	link->written = 0;
	link->replies = shared->errand->greeting_replies;
	if (!link->replies) {
		if (!watch(shared, link, EPOLL_CTL_MOD, false))
			return fail_errno(shared, link, TAYRA__WIRE_CONNECT, errno);
		return up(shared, link);
	}
	link->state = TAYRA__LINK_GREETING;
	tayra__answer_begin(&link->answer, false);
	say(link, &shared->errand->greeting);
	if (!push(shared, link))
		return fail_errno(shared, link, TAYRA__WIRE_CONNECT, errno);
	return TAYRA__LINK_NOTHING;
}

static enum tayra__link_event
shake(struct tayra__link_shared *shared, struct tayra__link *link)
{
	enum tayra__tls_step step = tayra__tls_shake(link->tls, shared->why, sizeof(shared->why));

	if (step == TAYRA__TLS_FAILED)
		return fail(shared, link, TAYRA__WIRE_CONNECT);
	if (step == TAYRA__TLS_DONE)
		return greet(shared, link);
	if (link->wants_room != (step == TAYRA__TLS_WANTS_WRITE) &&
	    !watch(shared, link, EPOLL_CTL_MOD, !link->wants_room))
		return fail_errno(shared, link, TAYRA__WIRE_CONNECT, errno);
	return TAYRA__LINK_NOTHING;
}

static enum tayra__link_event
connected(struct tayra__link_shared *shared, struct tayra__link *link)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(int), peer_len = sizeof(peer);
	int why = 0;

	if (getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &why, &len) < 0)
		why = errno;
	if (why)
		return fail_errno(shared, link, TAYRA__WIRE_CONNECT, why);
	/* What epoll told of the connection before this one. */
	if (getpeername(link->fd, (struct sockaddr *)&peer, &peer_len) < 0 && errno == ENOTCONN)
		return TAYRA__LINK_NOTHING;
	if (!shared->errand->tls)
		return greet(shared, link);
	link->tls = tayra__tls_create(shared->errand->tls, link->fd);
	if (!link->tls)
		return fail_errno(shared, link, TAYRA__WIRE_CONNECT, ENOMEM);
	link->state = TAYRA__LINK_SECURING;
	return shake(shared, link);
}

/* An answer that cannot be one, or whose connection ended. */
static enum tayra__link_event
fail_answer(struct tayra__link_shared *shared, struct tayra__link *link,
	    enum tayra__wire_error error)
{
	tayra__answer_explain(&link->answer, TAYRA__ANSWER_WRONG, shared->why, sizeof(shared->why));
	return fail(shared, link,
		    link->state == TAYRA__LINK_GREETING ? TAYRA__WIRE_CONNECT : error);
}

static enum tayra__link_event
fail_surplus(struct tayra__link_shared *shared, struct tayra__link *link)
{
	snprintf(shared->why, sizeof(shared->why), "more came than was asked for");
	return fail(shared, link,
		    link->state == TAYRA__LINK_GREETING ? TAYRA__WIRE_CONNECT
							: TAYRA__WIRE_MALFORMED);
}

/* Whole answers to the greeting. */
static enum tayra__link_event
greeted(struct tayra__link_shared *shared, struct tayra__link *link, const char *bytes, size_t len)
{
	while (len > 0 && link->replies > 0) {
		size_t used;
		enum tayra__answer_state state = tayra__answer_feed(&link->answer, bytes, len,
								    &used);

		if (state == TAYRA__ANSWER_WRONG)
			return fail_answer(shared, link, TAYRA__WIRE_CONNECT);
		if (state == TAYRA__ANSWER_BAD) {
			tayra__answer_explain(&link->answer, state, shared->why,
					      sizeof(shared->why));
			return fail(shared, link, TAYRA__WIRE_CONNECT);
		}
		if (state == TAYRA__ANSWER_MORE)
			break;
		bytes += used;
		len -= used;
		link->replies--;
		tayra__answer_begin(&link->answer, false);
	}
	if (link->replies)
		return TAYRA__LINK_NOTHING;
	return len ? fail_surplus(shared, link) : up(shared, link);
}

static enum tayra__link_event
answered(struct tayra__link_shared *shared, struct tayra__link *link,
	 enum tayra__answer_state state)
{
	/* A request that is not written to its end cannot be followed by another one. */
	bool keeps = tayra__answer_keeps(&link->answer) && link->written == link->request_len;

	if (state == TAYRA__ANSWER_BAD)
		tayra__answer_explain(&link->answer, state, shared->why, sizeof(shared->why));
	if (keeps)
		link->state = TAYRA__LINK_IDLE;
	else
		tayra__link_drop(link);
	link->used = true;
	link->asked = false;
	return state == TAYRA__ANSWER_GOOD ? TAYRA__LINK_GOOD : TAYRA__LINK_BAD;
}

static enum tayra__link_event
heard(struct tayra__link_shared *shared, struct tayra__link *link, size_t len)
{
	enum tayra__answer_state state;
	size_t used;

	if (link->state == TAYRA__LINK_GREETING)
		return greeted(shared, link, shared->room, len);
	link->heard = true;
	state = tayra__answer_feed(&link->answer, shared->room, len, &used);
	if (state == TAYRA__ANSWER_MORE)
		return TAYRA__LINK_NOTHING;
	if (state == TAYRA__ANSWER_WRONG)
		return fail_answer(shared, link, TAYRA__WIRE_MALFORMED);
	if (used < len)
		return fail_surplus(shared, link);
	return answered(shared, link, state);
}

static enum tayra__link_event
ended(struct tayra__link_shared *shared, struct tayra__link *link)
{
	enum tayra__answer_state state = tayra__answer_end(&link->answer);

	if (state == TAYRA__ANSWER_WRONG)
		return fail_answer(shared, link, TAYRA__WIRE_RESET);
	return answered(shared, link, state);
}

static enum tayra__link_event
hear(struct tayra__link_shared *shared, struct tayra__link *link)
{
	ssize_t n = take(shared, link);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return TAYRA__LINK_NOTHING;
	if (link->state == TAYRA__LINK_IDLE) {
		/* It leaves, or says why it is about to: nothing was asked. */
		tayra__link_drop(link);
		return TAYRA__LINK_LEFT;
	}
	if (n > 0)
		return heard(shared, link, (size_t)n);
	if ((n == 0 || errno != EPROTO) && ask_again(shared, link))
		return TAYRA__LINK_AGAIN;
	if (n == 0)
		return ended(shared, link);
	return fail_errno(shared, link,
			  link->state == TAYRA__LINK_GREETING ? TAYRA__WIRE_CONNECT
							      : TAYRA__WIRE_RESET,
			  errno);
}

enum tayra__link_event
tayra__link_react(struct tayra__link_shared *shared, struct tayra__link *link, uint32_t events)
{
	if (link->state == TAYRA__LINK_DOWN)
		return TAYRA__LINK_NOTHING;
	if (link->state == TAYRA__LINK_CONNECTING)
		return connected(shared, link);
	if (link->state == TAYRA__LINK_SECURING)
		return shake(shared, link);
	/* A server may answer before it has read everything, and close: what it said counts. */
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		return hear(shared, link);
	if (events & EPOLLOUT && link->wants_room && !push(shared, link)) {
		if (errno != EPROTO && ask_again(shared, link))
			return TAYRA__LINK_AGAIN;
		return fail_errno(shared, link, TAYRA__WIRE_RESET, errno);
	}
	return TAYRA__LINK_NOTHING;
}
