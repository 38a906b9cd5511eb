/* SPDX-License-Identifier: Apache-2.0
 *
 * server.h: a server on a loopback port that does to its clients what a test says: answers, whole
 * or in pieces, late, wrong or not at all, and closes or resets.  One thread; a request is whatever
 * ends with an empty line (HTTP), or whatever arrives (Redis).
 */
#ifndef TESTS_DRIVE_SERVER_H
#define TESTS_DRIVE_SERVER_H

#include "base/clock.h"
#include "net/socket.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define SERVER_CLIENTS 1100

enum server_then { SERVER_KEEPS, SERVER_CLOSES, SERVER_RESETS };

struct server_reply {
	const char *bytes; /* NULL: silence */
	size_t piece;      /* bytes a write; 0: all in one */
	enum server_then then;
};

struct server {
	/* What to do about request `number`; may sleep. */
	struct server_reply (*reply)(struct server *server, unsigned number);
	void *ctx;
	bool redis;
	_Atomic unsigned asked, accepted;
	_Atomic bool quit, hang_up; /* hang_up: close all connections, once */
	char url[96];
	int listener;
	pthread_t thread;
	bool stopped; /* of who started it */
	struct pollfd fds[1 + SERVER_CLIENTS];
	size_t heard[1 + SERVER_CLIENTS]; /* how much of "\r\n\r\n" */
	nfds_t count;
};

static inline void
server_drop(struct server *s, nfds_t i, bool reset)
{
	const struct linger now = { 1, 0 };

	if (reset)
		setsockopt(s->fds[i].fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(s->fds[i].fd);
	s->fds[i].fd = -1;
}

static inline void
server_say(struct server *s, nfds_t i, const struct server_reply *reply)
{
	size_t len = reply->bytes ? strlen(reply->bytes) : 0, piece = reply->piece;

	for (size_t done = 0; done < len; done += piece) {
		if (!piece || piece > len - done)
			piece = len - done;
		if (send(s->fds[i].fd, reply->bytes + done, piece, MSG_NOSIGNAL) < 0)
			break;
		if (reply->piece)
			tayra__clock_sleep_until_ns(tayra__clock_real_ns() + 200 * TAYRA_NS_PER_US);
	}
	if (reply->then != SERVER_KEEPS)
		server_drop(s, i, reply->then == SERVER_RESETS);
}

static inline bool
server_whole(struct server *s, nfds_t i, const char *bytes, size_t len)
{
	static const char end[] = "\r\n\r\n";

	for (size_t b = 0; b < len; b++)
		s->heard[i] = bytes[b] == end[s->heard[i]] ? s->heard[i] + 1 : bytes[b] == '\r';
	if (s->heard[i] < 4 && !s->redis)
		return false;
	s->heard[i] = 0;
	return true;
}

static inline void
server_hear(struct server *s, nfds_t i)
{
	char bytes[4096];
	ssize_t n = recv(s->fds[i].fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (n <= 0) {
		server_drop(s, i, false);
	} else if (server_whole(s, i, bytes, (size_t)n)) {
		struct server_reply reply = s->reply(s, s->asked);

		s->asked++;
		server_say(s, i, &reply);
	}
}

static inline void
server_welcome(struct server *s)
{
	struct tayra__address peer;
	nfds_t i = 1;
	int fd = tayra__socket_accept(s->listener, &peer);

	while (i < s->count && s->fds[i].fd >= 0)
		i++;
	if (fd < 0 || i == 1 + SERVER_CLIENTS) {
		if (fd >= 0)
			close(fd);
		return;
	}
	s->count = i == s->count ? i + 1 : s->count;
	s->fds[i] = (struct pollfd){ .fd = fd, .events = POLLIN };
	s->heard[i] = 0;
	s->accepted++;
}

static inline void *
server_run(void *arg)
{
	struct server *s = arg;

	prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
	while (!s->quit) {
		if (poll(s->fds, s->count, 5) > 0) {
			for (nfds_t i = 1; i < s->count; i++)
				if (s->fds[i].fd >= 0 && s->fds[i].revents)
					server_hear(s, i);
			if (s->fds[0].revents)
				server_welcome(s);
		}
		for (nfds_t i = 1; s->hang_up && i < s->count; i++)
			if (s->fds[i].fd >= 0)
				server_drop(s, i, false);
		s->hang_up = false;
	}
	return NULL;
}

static inline struct server *
server_up(struct server_reply (*reply)(struct server *server, unsigned number), void *ctx)
{
	struct server *s = calloc(1, sizeof(*s));
	struct tayra__address address;
	char text[TAYRA__ADDRESS_TEXT];

	if (!s || tayra__address_parse("127.0.0.1:0", &address) != TAYRA_OK)
		abort();
	s->reply = reply;
	s->ctx = ctx;
	s->listener = tayra__socket_listen(&address);
	if (s->listener < 0)
		abort();
	tayra__address_text(&address, text);
	snprintf(s->url, sizeof(s->url), "http://%s/", text);
	s->fds[0] = (struct pollfd){ .fd = s->listener, .events = POLLIN };
	s->count = 1;
	if (pthread_create(&s->thread, NULL, server_run, s) != 0)
		abort();
	return s;
}

/* The port stays free: connections to it are refused from now on. */
static inline void
server_stop(struct server *s)
{
	s->stopped = true;
	s->quit = true;
	pthread_join(s->thread, NULL);
	for (nfds_t i = 0; i < s->count; i++)
		if (s->fds[i].fd >= 0)
			server_drop(s, i, false);
	s->count = 0;
}

static inline void
server_down(struct server *s)
{
	if (!s->stopped)
		server_stop(s);
	free(s);
}

#endif
