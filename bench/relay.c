/* SPDX-License-Identifier: Apache-2.0
 *
 * relay.c: what is read is noted with the moment it is due, and written then.  Looks every 20 us
 * while something is due, so that no delay is longer by more.
 */
#include "relay.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define RING     ((uint32_t)sizeof(((struct relay_pipe *)0)->bytes))
#define CHUNKS   64u
#define LOOK_NS  20000
#define IDLE_NS  TAYRA_NS_PER_MS
#define READ_MAX 16384u

static void
copy_in(struct relay_pipe *p, uint64_t delay_ns)
{
	char bytes[READ_MAX];
	ssize_t n;

	if (p->count == CHUNKS || RING - (p->head - p->tail) < READ_MAX)
		return;
	n = recv(p->from, bytes, sizeof(bytes), MSG_DONTWAIT);
	p->ended = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
	if (n <= 0)
		return;
	for (ssize_t i = 0; i < n; i++)
		p->bytes[p->head++ % RING] = bytes[i];
	p->chunks[(p->first + p->count) % CHUNKS].due_ns = tayra__clock_real_ns() + delay_ns;
	p->chunks[(p->first + p->count++) % CHUNKS].len = (uint32_t)n;
}

static void
copy_out(struct relay_pipe *p)
{
	char bytes[READ_MAX];

	while (p->count > 0 && p->chunks[p->first].due_ns <= tayra__clock_real_ns()) {
		uint32_t len = p->chunks[p->first].len;

		for (uint32_t i = 0; i < len; i++)
			bytes[i] = p->bytes[p->tail++ % RING];
		if (send(p->to, bytes, len, MSG_NOSIGNAL) != (ssize_t)len)
			return; /* closed: nobody wants it */
		p->first = (p->first + 1) % CHUNKS;
		p->count--;
	}
}

static void
add_pair(struct relay *r, int client)
{
	int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct relay_pipe *out = calloc(1, sizeof(*out)), *back = calloc(1, sizeof(*back));

	if (!out || !back || r->pairs == RELAY_PAIRS ||
	    connect(server, (const struct sockaddr *)&r->server, sizeof(r->server)) != 0)
		exit(1);
	out->from = back->to = client;
	out->to = back->from = server;
	r->pipes[r->pairs][0] = out;
	r->pipes[r->pairs++][1] = back;
}

static void
drop_pair(struct relay *r, uint32_t i)
{
	close(r->pipes[i][0]->from);
	close(r->pipes[i][0]->to);
	free(r->pipes[i][0]);
	free(r->pipes[i][1]);
	r->pairs--;
	r->pipes[i][0] = r->pipes[r->pairs][0];
	r->pipes[i][1] = r->pipes[r->pairs][1];
}

static void *
run(void *arg)
{
	struct relay *r = arg;

	while (!r->stop) {
		struct pollfd fds[1 + 2 * RELAY_PAIRS] = { { r->listening, POLLIN, 0 } };
		struct timespec wait = { 0, IDLE_NS };
		nfds_t n = 1;

		for (uint32_t i = 0; i < r->pairs; i++)
			for (int k = 0; k < 2; k++) {
				fds[n++] = (struct pollfd){ r->pipes[i][k]->from, POLLIN, 0 };
				if (r->pipes[i][k]->count > 0)
					wait.tv_nsec = LOOK_NS;
			}
		if (ppoll(fds, n, &wait, NULL) < 0 && errno != EINTR)
			exit(1);
		if (fds[0].revents)
			add_pair(r, accept(r->listening, NULL, NULL));
		for (uint32_t i = 0; i < r->pairs; i++)
			for (int k = 0; k < 2; k++) {
				copy_in(r->pipes[i][k], r->delay_ns);
				copy_out(r->pipes[i][k]);
			}
		for (uint32_t i = r->pairs; i-- > 0;)
			if (r->pipes[i][0]->ended || r->pipes[i][1]->ended)
				drop_pair(r, i);
	}
	return NULL;
}

static void
name(struct sockaddr_un *address, const char *path)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(address->sun_path, sizeof(address->sun_path), "%s", path);
}

bool
relay_open(struct relay *r, const char *here, const char *server, uint64_t delay_ns)
{
	*r = (struct relay){ .delay_ns = delay_ns };
	name(&r->here, here);
	name(&r->server, server);
	r->listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return r->listening >= 0 &&
	       bind(r->listening, (const struct sockaddr *)&r->here, sizeof(r->here)) == 0 &&
	       listen(r->listening, RELAY_PAIRS) == 0 &&
	       pthread_create(&r->thread, NULL, run, r) == 0;
}

void
relay_close(struct relay *r)
{
	r->stop = true;
	pthread_join(r->thread, NULL);
	while (r->pairs > 0)
		drop_pair(r, 0);
	close(r->listening);
	unlink(r->here.sun_path);
}
