/* SPDX-License-Identifier: Apache-2.0
 *
 * redis.h: a redis-server of a test's own, in a temporary folder, that listens on a socket there
 * and nowhere else, and goes with the test's process.
 */
#ifndef TESTS_NET_REDIS_H
#define TESTS_NET_REDIS_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

struct redis {
	char folder[64], path[96], url[128];
	pid_t pid;            /* 0: not running */
	const char *extra[8]; /* options and their values, NULL at the end */
};

/* In /usr/bin or wherever PATH says. */
static inline bool
redis_is_installed(void)
{
	const char *path = getenv("PATH");
	char file[512];

	while (path && *path) {
		size_t len = strcspn(path, ":");

		snprintf(file, sizeof(file), "%.*s/redis-server", (int)len, path);
		if (access(file, X_OK) == 0)
			return true;
		path += len + (path[len] == ':');
	}
	return false;
}

static inline void
redis_exec(const struct redis *r, pid_t parent)
{
	const char *argv[32] = { "redis-server", "--port", "0",
				 "--unixsocket", r->path,  "--dir",
				 r->folder,      "--save", "",
				 "--appendonly", "no",     "--loglevel",
				 "warning",      NULL };
	int null = open("/dev/null", O_WRONLY), n = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	while (argv[n])
		n++;
	for (int i = 0; r->extra[i]; i++)
		argv[n++] = r->extra[i];
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	execvp(argv[0], (char *const *)argv);
	_exit(1);
}

/* A plain connection, blocking, for a test to say something behind our back; -1: none. */
static inline int
redis_connect(const struct redis *r)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", r->path);
	if (connect(fd, (void *)&un, sizeof(un)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* An inline command; the first line of its answer without its end. */
static inline const char *
redis_say_on(int fd, const char *command)
{
	static _Thread_local char answer[512];
	size_t len = 0;

	if (write(fd, command, strlen(command)) < 0 || write(fd, "\r\n", 2) < 0)
		return "";
	while (len < sizeof(answer) - 1 && (len == 0 || answer[len - 1] != '\n'))
		if (read(fd, &answer[len++], 1) != 1)
			return "";
	answer[len > 2 ? len - 2 : 0] = '\0';
	return answer;
}

static inline const char *
redis_say(const struct redis *r, const char *command)
{
	int fd = redis_connect(r);
	const char *answer = fd >= 0 ? redis_say_on(fd, command) : "";

	if (fd >= 0)
		close(fd);
	return answer;
}

/* => whether it answers. */
static inline bool
redis_start(struct redis *r)
{
	pid_t parent = getpid();

	r->pid = fork();
	if (r->pid == 0)
		redis_exec(r, parent);
	for (int i = 0; i < 3000; i++) {
		const char *answer = redis_say(r, "PING");

		if (strcmp(answer, "+PONG") == 0 || strncmp(answer, "-NOAUTH", 7) == 0)
			return true;
		poll(NULL, 0, 10);
	}
	return false;
}

/* kill -9, as nobody warns of. */
static inline void
redis_kill(struct redis *r)
{
	if (r->pid <= 0)
		return;
	kill(r->pid, SIGKILL);
	waitpid(r->pid, NULL, 0);
	r->pid = 0;
	unlink(r->path);
}

/* `root`: of the folder.  extra may be set before. */
static inline bool
redis_up(struct redis *r)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(r->folder, sizeof(r->folder), "%.40s/tayra-redis.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(r->folder))
		return false;
	snprintf(r->path, sizeof(r->path), "%s/socket", r->folder);
	snprintf(r->url, sizeof(r->url), "unix://%s", r->path);
	return redis_start(r);
}

static inline void
redis_down(struct redis *r)
{
	char file[128];

	redis_kill(r);
	snprintf(file, sizeof(file), "%s/dump.rdb", r->folder);
	unlink(file);
	rmdir(r->folder);
}

#endif
