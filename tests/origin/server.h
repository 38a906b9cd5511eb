/* SPDX-License-Identifier: Apache-2.0
 *
 * server.h: a small HTTP server on loopback that behaves as the path says, well or badly.
 */
#ifndef TESTS_ORIGIN_SERVER_H
#define TESTS_ORIGIN_SERVER_H

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SERVER_THREADS 256 /* connections a server lives for */

struct server {
	int fd;
	unsigned port;
	pthread_t acceptor, threads[SERVER_THREADS];
	unsigned count;
	_Atomic bool stop;
	_Atomic unsigned connections, requests;
	_Atomic unsigned version, sent; /* of /tagged, /dated: what it is; how often it was sent */
	pthread_mutex_t lock;
	char last[8192];  /* the last request */
	char stored[256]; /* of /stored: what was brought there last */
};

/* Before the body, or all there is: path prefix, response. */
static const struct {
	const char *path, *response;
} server_answers[] = {
	{ "/chunked",
	  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n" },
	{ "/badchunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n" },
	{ "/broken", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf" },
	{ "/garbage", "220 this is no HTTP\r\n" },
	{ "/nothing", "" },
	{ "/huge", "HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n" },
	{ "/empty", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" },
	{ "/304", "HTTP/1.1 304 Not Modified\r\n\r\n" },
	{ "/moved", "HTTP/1.1 302 Found\r\nLocation: /tagged\r\nContent-Length: 0\r\n\r\n" },
	{ "/204", "HTTP/1.1 204 No Content\r\n\r\n" },
	{ "/302", "HTTP/1.1 302 Found\r\nLocation: /echo/moved\r\nContent-Length: 0\r\n\r\n" },
	{ "/fileurl",
	  "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n" },
	{ "/404", "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone" },
	{ "/410", "HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n" },
	{ "/201", "HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\ndone" },
	{ "/202", "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n" },
	{ "/408", "HTTP/1.1 408 Late\r\nContent-Length: 0\r\n\r\n" },
	{ "/409", "HTTP/1.1 409 Conflict\r\nContent-Length: 0\r\n\r\n" },
	{ "/413", "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n" },
	{ "/403", "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n" },
	{ "/429", "HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n" },
	{ "/500", "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n" },
	{ "/503", "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n" },
	{ "/maxage", "HTTP/1.1 200 OK\r\nCache-Control: max-age=5\r\nContent-Length: 1\r\n\r\nx" },
	{ "/nostore", "HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Length: 1\r\n\r\nx" },
};

struct server_guest {
	struct server *s;
	int fd;
};

static inline void
server_send(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		text += n;
		len -= (size_t)n;
	}
}

/* Nothing until the client leaves, the test ends, or two seconds are over. */
static inline void
server_hang(struct server *s, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	for (int i = 0; i < 200 && !atomic_load(&s->stop); i++)
		if (poll(&p, 1, 10) != 0)
			return;
}

/* A value of a version, and what it is recognised by: "/tagged" has an ETag, "/dated" a date. */
static inline void
server_answer_version(struct server *s, int fd, const char *path, const char *request)
{
	const unsigned version = atomic_load(&s->version);
	const bool tagged = strncmp(path, "/tagged", 7) == 0;
	char tag[100], condition[200], answer[700], body[100];

	if (tagged)
		snprintf(tag, sizeof(tag), "ETag: W/\"v%u\"\r\n", version);
	else
		snprintf(tag, sizeof(tag), "Last-Modified: Sun, 06 Nov 1994 08:49:%02u GMT\r\n",
			 version);
	snprintf(condition, sizeof(condition), "%s%s",
		 tagged ? "If-None-Match" : "If-Modified-Since", strchr(tag, ':'));
	if (strstr(request, condition)) {
		snprintf(answer, sizeof(answer),
			 "HTTP/1.1 304 Not Modified\r\n%sCache-Control: max-age=9\r\n\r\n", tag);
	} else {
		atomic_fetch_add(&s->sent, 1);
		snprintf(body, sizeof(body), "%.60s %u", path, version);
		snprintf(answer, sizeof(answer),
			 "HTTP/1.1 200 OK\r\n%sContent-Length: %zu\r\n\r\n%s", tag, strlen(body),
			 body);
	}
	server_send(fd, answer, strlen(answer));
}

/* Of version 0 it is here, with the ETag that the "/tagged" of version 1 has, to which it moves
 * then.
 */
static inline void
server_answer_moving(struct server *s, int fd)
{
	const char *answer =
		atomic_load(&s->version) == 0
			? "HTTP/1.1 200 OK\r\nETag: W/\"v1\"\r\nContent-Length: 4\r\n\r\nhere"
			: "HTTP/1.1 302 Found\r\nLocation: /tagged\r\nContent-Length: 0\r\n\r\n";

	atomic_fetch_add(&s->sent, atomic_load(&s->version) == 0);
	server_send(fd, answer, strlen(answer));
}

/* What comes is kept, and given to who asks without knowing it: its ETag is its length. */
static inline void
server_answer_stored(struct server *s, int fd, const char *request)
{
	char tag[64], answer[500];

	pthread_mutex_lock(&s->lock);
	if (strncmp(request, "GET", 3) != 0)
		snprintf(s->stored, sizeof(s->stored), "%s", strstr(request, "\r\n\r\n") + 4);
	snprintf(tag, sizeof(tag), "\"len%zu\"", strlen(s->stored));
	if (strstr(request, tag)) {
		snprintf(answer, sizeof(answer), "HTTP/1.1 304 Not Modified\r\n\r\n");
	} else {
		atomic_fetch_add(&s->sent, strncmp(request, "GET", 3) == 0);
		snprintf(answer, sizeof(answer),
			 "HTTP/1.1 200 OK\r\nETag: %s\r\nContent-Length: %zu\r\n\r\n%s", tag,
			 strlen(s->stored), s->stored);
	}
	pthread_mutex_unlock(&s->lock);
	server_send(fd, answer, strlen(answer));
}

/* A head without an end, as "/heads-.." says: one long line, many lines, one interim answer after
 * the other. */
static inline void
server_send_heads(struct server *s, int fd, const char *path)
{
	const char *again = strstr(path, "long")   ? "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
			    : strstr(path, "many") ? "X-More: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n"
						   : "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";

	if (!strstr(path, "interim"))
		server_send(fd, "HTTP/1.1 200 OK\r\nX-Long: ", 25);
	for (int i = 0; i < 100000 && !atomic_load(&s->stop); i++)
		server_send(fd, again, strlen(again));
}

/* => whether the connection goes on. */
static inline bool
server_answer(struct server *s, int fd, const char *request)
{
	char path[4096] = "", head[4200];
	static char block[65536];

	sscanf(request, "%*s %4095s", path);
	if (strncmp(path, "/stored", 7) == 0) {
		server_answer_stored(s, fd, request);
		return true;
	}
	if (strncmp(path, "/moving", 7) == 0) {
		server_answer_moving(s, fd);
		return true;
	}
	if (strncmp(path, "/slow", 5) == 0) {
		server_hang(s, fd);
		return false;
	}
	if (strncmp(path, "/tagged", 7) == 0 || strncmp(path, "/dated", 6) == 0) {
		server_answer_version(s, fd, path, request);
		return true;
	}
	if (strncmp(path, "/heads", 6) == 0) {
		server_send_heads(s, fd, path);
		return false;
	}
	if (strncmp(path, "/endless", 8) == 0) { /* a chunk of 64 KiB, 1,000 times at most */
		server_send(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 47);
		for (int i = 0; i < 1000 && !atomic_load(&s->stop); i++) {
			server_send(fd, "10000\r\n", 7);
			server_send(fd, block, sizeof(block));
			server_send(fd, "\r\n", 2);
		}
		return false;
	}
	for (size_t i = 0; i < sizeof(server_answers) / sizeof(server_answers[0]); i++)
		if (strncmp(path, server_answers[i].path, strlen(server_answers[i].path)) == 0) {
			const char *r = server_answers[i].response;

			server_send(fd, r, strlen(r));
			return strstr(r, "Content-Length: 100") == NULL && strstr(r, "HTTP/");
		}
	snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
		 strlen(path), path); /* at once: else the body waits for an acknowledgement */
	server_send(fd, head, strlen(head));
	return true;
}

/* Head and body have arrived. */
static inline bool
server_is_whole(const char *request, size_t len)
{
	const char *end = strstr(request, "\r\n\r\n"), *says = strstr(request, "Content-Length: ");
	const size_t body = says && says < end ? strtoul(says + 16, NULL, 10) : 0;

	return end && len >= (size_t)(end + 4 - request) + body;
}

/* One request at a time; what is sent ahead is not supported. */
static inline void *
server_serve(void *arg)
{
	struct server_guest g = *(struct server_guest *)arg;
	char request[8192];
	size_t len = 0;
	ssize_t n;
	bool more = true;

	free(arg);
	while (more && len < sizeof(request) - 1 && !atomic_load(&g.s->stop)) {
		n = recv(g.fd, request + len, sizeof(request) - 1 - len, 0);
		if (n < 0 && errno == EAGAIN)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
		request[len] = '\0';
		if (!server_is_whole(request, len))
			continue;
		atomic_fetch_add(&g.s->requests, 1);
		pthread_mutex_lock(&g.s->lock);
		memcpy(g.s->last, request, len + 1);
		pthread_mutex_unlock(&g.s->lock);
		more = server_answer(g.s, g.fd, request);
		len = 0;
	}
	close(g.fd);
	return NULL;
}

static inline void *
server_accept(void *arg)
{
	struct server *s = arg;

	while (s->count < SERVER_THREADS) {
		struct server_guest *g = malloc(sizeof(*g));
		struct timeval look = { .tv_usec = 10000 }, patience = { .tv_sec = 5 };

		g->s = s;
		g->fd = accept(s->fd, NULL, NULL);
		if (g->fd < 0 || atomic_load(&s->stop)) {
			if (g->fd >= 0)
				close(g->fd);
			free(g);
			break;
		}
		setsockopt(g->fd, SOL_SOCKET, SO_RCVTIMEO, &look, sizeof(look));
		setsockopt(g->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
		atomic_fetch_add(&s->connections, 1);
		assert_int_equal(pthread_create(&s->threads[s->count], NULL, server_serve, g), 0);
		s->count++;
	}
	return NULL;
}

/* A socket on loopback that listens at *port; 0: any, which is then told. */
static inline int
server_listen(unsigned *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)*port) };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (void *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 64), 0);
	getsockname(fd, (void *)&a, &len);
	*port = ntohs(a.sin_port);
	return fd;
}

static inline void
server_open_at(struct server *s, unsigned port)
{
	memset(s, 0, sizeof(*s));
	pthread_mutex_init(&s->lock, NULL);
	s->port = port;
	s->fd = server_listen(&s->port);
	assert_int_equal(pthread_create(&s->acceptor, NULL, server_accept, s), 0);
}

static inline void
server_open(struct server *s)
{
	server_open_at(s, 0);
}

/* After its clients have gone. */
static inline void
server_close(struct server *s)
{
	atomic_store(&s->stop, true);
	shutdown(s->fd, SHUT_RDWR);
	pthread_join(s->acceptor, NULL);
	for (unsigned i = 0; i < s->count; i++)
		pthread_join(s->threads[i], NULL);
	close(s->fd);
	pthread_mutex_destroy(&s->lock);
}

#endif
