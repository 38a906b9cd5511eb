/* SPDX-License-Identifier: Apache-2.0
 *
 * cluster.h: a PostgreSQL server of a test's own, made by initdb in a temporary folder, that
 * listens on a socket there and nowhere else.  initdb refuses root, so that root becomes nobody.
 */
#ifndef TESTS_ORIGIN_CLUSTER_H
#define TESTS_ORIGIN_CLUSTER_H

#include <fcntl.h>
#include <glob.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libpq-fe.h>

#ifndef CLUSTER_CONNECTIONS
#define CLUSTER_CONNECTIONS "20"
#define CLUSTER_BUFFERS     "1MB"
#endif
#ifndef CLUSTER_FSYNC
#define CLUSTER_FSYNC "off"
#endif
#ifndef CLUSTER_WAL_LEVEL
#define CLUSTER_WAL_LEVEL "replica"
#endif

struct cluster {
	char bin[256], folder[64], conninfo[200];
	pid_t server;
	bool running;
};

/* Run PROGRAM with the arguments, quietly, as nobody if we are root.  => the child. */
static inline pid_t
cluster_spawn(const struct cluster *c, const char *program, const char *const *arguments)
{
	char path[400];
	pid_t pid;

	snprintf(path, sizeof(path), "%s/%s", c->bin, program);
	pid = fork();
	if (pid == 0) {
		const struct passwd *nobody = getpwnam("nobody");
		int null = open("/dev/null", O_RDWR);

		if (geteuid() == 0 && (!nobody || setgid(nobody->pw_gid) || setuid(nobody->pw_uid)))
			_exit(126);
		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		if (chdir(c->folder) != 0)
			_exit(126);
		execv(path, (char *const *)(uintptr_t)arguments);
		_exit(127);
	}
	return pid;
}

static inline bool
cluster_wait(pid_t pid)
{
	int status;

	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

/* => whether it answers within 30 s. */
static inline bool
cluster_start(struct cluster *c)
{
	const char *const arguments[] = { "postgres",
					  "-D",
					  "data",
					  "-k",
					  c->folder,
					  "-c",
					  "listen_addresses=",
					  "-c",
					  "fsync=" CLUSTER_FSYNC,
					  "-c",
					  "max_connections=" CLUSTER_CONNECTIONS,
					  "-c",
					  "shared_buffers=" CLUSTER_BUFFERS,
					  "-c",
					  "wal_level=" CLUSTER_WAL_LEVEL,
					  NULL };

	c->server = cluster_spawn(c, "postgres", arguments);
	for (int i = 0; i < 3000; i++) {
		if (waitpid(c->server, NULL, WNOHANG) != 0)
			return false;
		if (PQping(c->conninfo) == PQPING_OK) {
			c->running = true;
			return true;
		}
		usleep(10000);
	}
	return false;
}

/* With what was running on it: SIGQUIT, as after a crash. */
static inline void
cluster_kill(struct cluster *c)
{
	kill(c->server, SIGQUIT);
	waitpid(c->server, NULL, 0);
	c->running = false;
}

/* The newest server that is installed.  => false: there is none, or it does not start. */
static inline bool
cluster_create(struct cluster *c)
{
	const char *const arguments[] = { "initdb", "-D", "data", "-U",   "tayra",      "-A",
					  "trust",  "-N", "-E",   "UTF8", "--locale=C", NULL };
	const struct passwd *nobody = getpwnam("nobody");
	glob_t found;

	memset(c, 0, sizeof(*c));
	if (glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &found) != 0)
		return false;
	snprintf(c->bin, sizeof(c->bin), "%.*s",
		 (int)strlen(found.gl_pathv[found.gl_pathc - 1]) - 7,
		 found.gl_pathv[found.gl_pathc - 1]);
	globfree(&found);
	snprintf(c->folder, sizeof(c->folder), "/tmp/tayra-pg-XXXXXX");
	if (!mkdtemp(c->folder))
		return false;
	if (geteuid() == 0 && (!nobody || chown(c->folder, nobody->pw_uid, nobody->pw_gid) != 0))
		return false;
	snprintf(c->conninfo, sizeof(c->conninfo), "host=%s user=tayra dbname=postgres", c->folder);
	if (!cluster_wait(cluster_spawn(c, "initdb", arguments)) || !cluster_start(c))
		return false;
	return true;
}

static inline void
cluster_destroy(struct cluster *c)
{
	pid_t pid;

	if (c->running)
		cluster_kill(c);
	if (!c->folder[0])
		return;
	pid = fork();
	if (pid == 0) {
		execlp("rm", "rm", "-rf", c->folder, (char *)NULL);
		_exit(127);
	}
	cluster_wait(pid);
}

#endif
