/* SPDX-License-Identifier: Apache-2.0
 *
 * client.h: a server on a thread of its own and blocking clients of it, for tests.
 */
#ifndef TAYRA_TESTS_SERVE_CLIENT_H
#define TAYRA_TESTS_SERVE_CLIENT_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "serve/server.h"

#define CLIENT_PATIENCE_S 20

struct running {
	struct tayra__server *server;
	pthread_t thread;
	uint16_t port;
};

static void *
client_run_server(void *arg)
{
	struct running *running = arg;
	int status = tayra__server_run(running->server);

	return status == TAYRA_OK ? NULL : running;
}

static inline void
client_start(struct running *running, struct tayra__server_options options)
{
	char error[256];

	options.listen = "127.0.0.1:0";
	if (tayra__server_create(&options, error, sizeof(error), &running->server) != TAYRA_OK)
		fail_msg("%s", error);
	running->port = (uint16_t)strtoul(strrchr(tayra__server_address(running->server), ':') + 1,
					  NULL, 10);
	assert_int_equal(pthread_create(&running->thread, NULL, client_run_server, running), 0);
}

static inline void
client_stop(struct running *running)
{
	void *result;

	tayra__server_stop(running->server);
	pthread_join(running->thread, &result);
	assert_null(result);
	tayra__server_destroy(running->server);
}

static inline int
client_connect(const struct running *running)
{
	const struct timeval patience = { .tv_sec = CLIENT_PATIENCE_S };
	const struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(running->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	const int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	/* A command goes out in pieces: with Nagle's algorithm each would wait 40 ms for an ack. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static inline void
client_send(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);

		assert_true(sent > 0);
		bytes += sent;
		len -= (size_t)sent;
	}
}

/* Exactly these bytes come next. */
static inline void
client_expect(int fd, const char *expected, size_t len)
{
	char *got = calloc(1, len + 1);
	size_t have = 0;

	while (have < len) {
		ssize_t n = recv(fd, got + have, len - have, 0);

		if (n <= 0)
			fail_msg("the reply '%s' should be '%.*s'", got, (int)len, expected);
		have += (size_t)n;
	}
	if (memcmp(got, expected, len) != 0)
		fail_msg("the reply '%s' should be '%.*s'", got, (int)len, expected);
	free(got);
}

/* Send an inline command and expect its reply. */
static inline void
client_say(int fd, const char *command, const char *reply)
{
	client_send(fd, command, strlen(command));
	client_send(fd, "\r\n", 2);
	client_expect(fd, reply, strlen(reply));
}

/* Ask until that is the reply: what others change is told a moment later. */
static inline void
client_ask_until(int fd, const char *command, const char *reply)
{
	for (int i = 0; i < CLIENT_PATIENCE_S * 100; i++) {
		char text[128] = "";

		client_send(fd, command, strlen(command));
		client_send(fd, "\r\n", 2);
		assert_true(recv(fd, text, sizeof(text) - 1, 0) > 0);
		if (strcmp(text, reply) == 0)
			return;
		usleep(10000);
	}
	fail_msg("%s was never answered with %s", command, reply);
}

/* The other side has closed; what it sent before is read and dropped. */
static inline void
client_expect_end(int fd)
{
	char rest[4096];
	ssize_t n;

	do
		n = recv(fd, rest, sizeof(rest), 0);
	while (n > 0);
	/* Reset is an end too: we may have sent what was not read any more. */
	assert_true(n == 0 || errno == ECONNRESET);
	close(fd);
}

#endif
