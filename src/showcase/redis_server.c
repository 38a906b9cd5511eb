/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/redis_server.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#include <tayra/base.h>

#define START_NS (10 * TAYRA_NS_PER_S)

const char *
tayra__redis_server_missing(void)
{
	const char *path = getenv("PATH");
	char file[512];

	while (path && *path) {
		size_t len = strcspn(path, ":");

		snprintf(file, sizeof(file), "%.*s/redis-server", (int)len, path);
		if (access(file, X_OK) == 0)
			return NULL;
		path += len + (path[len] == ':');
	}
	return "redis-server is not installed";
}

/* In the child: nothing but what is safe after a fork of a process with threads. */
static void
become(const struct tayra__redis_server *server, const char *dir, pid_t parent)
{
	const char *argv[] = { "redis-server",
			       "--port",
			       "0",
			       "--unixsocket",
			       server->socket,
			       "--dir",
			       dir,
			       "--save",
			       "",
			       "--appendonly",
			       "no",
			       "--maxmemory",
			       "256mb",
			       NULL };
	int null = open("/dev/null", O_RDWR);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	execvp(argv[0], (char *const *)argv);
	_exit(1);
}

static int
answers(const struct tayra__redis_server *server)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), connected;

	snprintf(un.sun_path, sizeof(un.sun_path), "%.100s", server->socket);
	connected = fd >= 0 && connect(fd, (void *)&un, sizeof(un)) == 0;
	if (fd >= 0)
		close(fd);
	return connected;
}

int
tayra__redis_server_start(struct tayra__redis_server *server, const char *dir, char *error,
			  size_t error_len)
{
	uint64_t until_ns = tayra__clock_real_ns() + START_NS;
	pid_t parent = getpid();

	snprintf(server->socket, sizeof(server->socket), "%.80s/redis.socket", dir);
	snprintf(server->url, sizeof(server->url), "unix://%s", server->socket);
	server->pid = fork();
	if (server->pid == 0)
		become(server, dir, parent);
	while (server->pid > 0 && !answers(server)) {
		if (waitpid(server->pid, NULL, WNOHANG) != 0) {
			server->pid = 0;
			break;
		}
		if (tayra__clock_real_ns() > until_ns) {
			tayra__redis_server_stop(server);
			break;
		}
		tayra__clock_sleep_until_ns(tayra__clock_real_ns() + 5 * TAYRA_NS_PER_MS);
	}
	if (server->pid > 0)
		return TAYRA_OK;
	server->pid = 0;
	snprintf(error, error_len, "redis-server could not be started");
	return TAYRA_E_IO;
}

void
tayra__redis_server_stop(struct tayra__redis_server *server)
{
	if (server->pid <= 0)
		return;
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
	unlink(server->socket);
	server->pid = 0;
}
