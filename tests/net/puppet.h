/* SPDX-License-Identifier: Apache-2.0
 *
 * puppet.h: a server of one connection that says what it is told to, whatever it is asked: to each
 * piece that arrives it answers with the next line of its script.  At the end of the script it
 * keeps quiet until the client leaves.
 */
#ifndef TESTS_NET_PUPPET_H
#define TESTS_NET_PUPPET_H

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct puppet {
	char folder[64], path[96], url[128];
	int listener;
	pthread_t thread;
	const char *const *script; /* NULL at the end; "": close */
	char heard[4096];          /* after puppet_down() */
	size_t heard_len;
};

static inline void *
puppet_serve(void *arg)
{
	struct puppet *p = arg;
	int fd = accept(p->listener, NULL, NULL);
	const char *const *line = p->script;
	ssize_t n;

	while (fd >= 0 &&
	       (n = read(fd, p->heard + p->heard_len, sizeof(p->heard) - 1 - p->heard_len)) > 0) {
		p->heard_len += (size_t)n;
		if (!*line)
			continue;
		if (!**line)
			break;
		if (send(fd, *line, strlen(*line), MSG_NOSIGNAL) < 0)
			break;
		line++;
	}
	if (fd >= 0)
		close(fd);
	return NULL;
}

static inline int
puppet_up(struct puppet *p, const char *const *script)
{
	const char *tmp = getenv("TMPDIR");
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	memset(p, 0, sizeof(*p));
	p->script = script;
	snprintf(p->folder, sizeof(p->folder), "%.40s/tayra-puppet.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(p->folder))
		return -1;
	snprintf(p->path, sizeof(p->path), "%s/socket", p->folder);
	snprintf(p->url, sizeof(p->url), "unix://:secret@%s", p->path);
	snprintf(un.sun_path, sizeof(un.sun_path), "%s", p->path);
	p->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(p->listener, (void *)&un, sizeof(un)) < 0 || listen(p->listener, 4) < 0)
		return -1;
	return pthread_create(&p->thread, NULL, puppet_serve, p);
}

/* After the client has left. */
static inline void
puppet_down(struct puppet *p)
{
	shutdown(p->listener, SHUT_RDWR);
	pthread_join(p->thread, NULL);
	close(p->listener);
	unlink(p->path);
	rmdir(p->folder);
}

#endif
