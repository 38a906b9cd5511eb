/* SPDX-License-Identifier: Apache-2.0
 *
 * puppet.h: as much of a Redis as a server that forwards needs, that never says what has changed.
 * A SET of a value that begins with 'h' holds its connection up, not yet executed, until somebody
 * gets "release"; meanwhile GET "held" replies 1.  One thread; keys are one letter.
 */
#ifndef TAYRA_TESTS_SERVE_PUPPET_H
#define TAYRA_TESTS_SERVE_PUPPET_H

#include "client.h"

#include <poll.h>

#define PUPPET_CLIENTS 16

struct puppet {
	pthread_t thread;
	int listens, stop[2];
	uint16_t port;
	char values[128][32];
	struct puppet_client {
		int fd;
		bool held;
		char in[8192];
		size_t len;
	} clients[PUPPET_CLIENTS];
	size_t count;
};

static inline void
puppet_reply(int fd, const char *text)
{
	if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		return;
}

static inline void
puppet_reply_value(int fd, const char *value)
{
	char text[64];

	if (value[0])
		snprintf(text, sizeof(text), "$%zu\r\n%s\r\n", strlen(value), value);
	puppet_reply(fd, value[0] ? text : "$-1\r\n");
}

static inline void
puppet_get(struct puppet *puppet, int fd, const char *key)
{
	bool held = false;

	for (size_t i = 0; i < puppet->count; i++)
		held |= puppet->clients[i].held;
	if (strcmp(key, "held") == 0) {
		puppet_reply_value(fd, held ? "1" : "");
		return;
	}
	puppet_reply_value(fd, puppet->values[key[0] & 127]);
	for (size_t i = 0; strcmp(key, "release") == 0 && i < puppet->count; i++)
		if (puppet->clients[i].held)
			puppet->clients[i].held = false;
}

/* What a command of these words does. => false: it is held up. */
static inline bool
puppet_execute(struct puppet *puppet, struct puppet_client *c, char words[4][32], bool was_held)
{
	static const char grammar[] =
		"*2\r\n*6\r\n$3\r\nget\r\n:2\r\n*1\r\n+readonly\r\n:1\r\n:1\r\n"
		":1\r\n*6\r\n$3\r\nset\r\n:-3\r\n*1\r\n+write\r\n:1\r\n:1\r\n"
		":1\r\n";

	if (strcasecmp(words[0], "command") == 0) {
		puppet_reply(c->fd, grammar);
	} else if (strcasecmp(words[0], "get") == 0) {
		puppet_get(puppet, c->fd, words[1]);
	} else if (strcasecmp(words[0], "pttl") == 0) {
		puppet_reply(c->fd, ":-1\r\n");
	} else if (strcasecmp(words[0], "set") == 0) {
		if (words[2][0] == 'h' && !was_held)
			return false;
		snprintf(puppet->values[words[1][0] & 127], 32, "%s", words[2]);
		puppet_reply(c->fd, "+OK\r\n");
	} else {
		puppet_reply(c->fd, "+OK\r\n");
	}
	return true;
}

/* The first request of what was read. => its bytes, 0: not all of it is here. */
static inline size_t
puppet_parse(const struct puppet_client *c, char words[4][32])
{
	const char *at = c->in, *end = c->in + c->len;
	long count, len;
	char *next;

	memset(words, 0, 4 * sizeof(words[0]));
	if (!memchr(at, '\n', (size_t)(end - at)))
		return 0;
	count = strtol(at + 1, &next, 10);
	at = next + 2;
	for (long i = 0; i < count; i++) {
		if (at >= end || !memchr(at, '\n', (size_t)(end - at)))
			return 0;
		len = strtol(at + 1, &next, 10);
		at = next + 2;
		if (end - at < len + 2)
			return 0;
		if (i < 4)
			snprintf(words[i], 32, "%.*s", (int)len, at);
		at += len + 2;
	}
	return (size_t)(at - c->in);
}

static inline void
puppet_serve(struct puppet *puppet, struct puppet_client *c, bool was_held)
{
	char words[4][32];
	size_t used;

	while (!c->held && (used = puppet_parse(c, words)) > 0) {
		c->held = !puppet_execute(puppet, c, words, was_held);
		was_held = false;
		if (c->held)
			return;
		memmove(c->in, c->in + used, c->len - used);
		c->len -= used;
		c->in[c->len] = '\0';
	}
}

static inline void
puppet_read(struct puppet *puppet, struct puppet_client *c)
{
	bool before[PUPPET_CLIENTS];
	ssize_t n = recv(c->fd, c->in + c->len, sizeof(c->in) - 1 - c->len, 0);

	if (n <= 0) {
		close(c->fd);
		c->fd = -1;
		return;
	}
	c->len += (size_t)n;
	c->in[c->len] = '\0';
	for (size_t i = 0; i < puppet->count; i++)
		before[i] = puppet->clients[i].held;
	puppet_serve(puppet, c, false);
	for (size_t i = 0; i < puppet->count; i++)
		if (before[i] && !puppet->clients[i].held)
			puppet_serve(puppet, &puppet->clients[i], true);
}

static void *
puppet_run(void *arg)
{
	struct puppet *puppet = arg;

	for (;;) {
		struct pollfd fds[PUPPET_CLIENTS + 2] = {
			{ .fd = puppet->stop[0], .events = POLLIN },
			{ .fd = puppet->listens, .events = POLLIN }
		};
		size_t count = puppet->count;

		for (size_t i = 0; i < count; i++)
			fds[i + 2] = (struct pollfd){ .fd = puppet->clients[i].fd,
						      .events = POLLIN };
		if (poll(fds, count + 2, -1) < 0)
			continue;
		if (fds[0].revents)
			return NULL;
		if (fds[1].revents && count < PUPPET_CLIENTS)
			puppet->clients[puppet->count++].fd = accept(puppet->listens, NULL, NULL);
		for (size_t i = 0; i < count; i++)
			if (fds[i + 2].revents)
				puppet_read(puppet, &puppet->clients[i]);
	}
}

static inline void
puppet_start(struct puppet *puppet)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	socklen_t len = sizeof(to);

	memset(puppet, 0, sizeof(*puppet));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	puppet->listens = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(puppet->listens, (struct sockaddr *)&to, len), 0);
	assert_int_equal(listen(puppet->listens, 16), 0);
	assert_int_equal(getsockname(puppet->listens, (struct sockaddr *)&to, &len), 0);
	puppet->port = ntohs(to.sin_port);
	assert_int_equal(pipe(puppet->stop), 0);
	assert_int_equal(pthread_create(&puppet->thread, NULL, puppet_run, puppet), 0);
}

static inline void
puppet_stop(struct puppet *puppet)
{
	assert_int_equal(write(puppet->stop[1], "x", 1), 1);
	pthread_join(puppet->thread, NULL);
	for (size_t i = 0; i < puppet->count; i++)
		if (puppet->clients[i].fd >= 0)
			close(puppet->clients[i].fd);
	close(puppet->listens);
	close(puppet->stop[0]);
	close(puppet->stop[1]);
}

#endif
