/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/source.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tayra/base.h>

extern char **environ;

static int
open_file(struct tayra__source *source, const char *path, char *error, size_t error_len)
{
	struct stat st;

	source->what = path;
	source->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (source->fd < 0) {
		snprintf(error, error_len, "%s: %m", path);
		return TAYRA_E_IO;
	}
	if (fstat(source->fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		snprintf(error, error_len, "%s: is a directory", path);
		close(source->fd);
		return TAYRA_E_IO;
	}
	return TAYRA_OK;
}

static int
open_command(struct tayra__source *source, char *error, size_t error_len)
{
	static const char *const argv[] = { "apt-cache", "dumpavail", NULL };
	posix_spawn_file_actions_t actions;
	int ends[2], failed;

	source->what = "apt-cache dumpavail";
	if (pipe2(ends, O_CLOEXEC) < 0) {
		snprintf(error, error_len, "a pipe: %m");
		return TAYRA_E_IO;
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	failed = posix_spawnp(&source->child, argv[0], &actions, NULL, (char *const *)argv,
			      environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (failed) {
		errno = failed;
		snprintf(error, error_len,
			 "apt-cache cannot be run (%m): give a Packages file with --data");
		close(ends[0]);
		return TAYRA_E_IO;
	}
	source->fd = ends[0];
	return TAYRA_OK;
}

int
tayra__source_open(struct tayra__source *source, const char *path, char *error, size_t error_len)
{
	*source = (struct tayra__source){ .fd = -1 };
	return path ? open_file(source, path, error, error_len)
		    : open_command(source, error, error_len);
}

ssize_t
tayra__source_read(struct tayra__source *source, void *buffer, size_t room)
{
	ssize_t got;

	do
		got = read(source->fd, buffer, room);
	while (got < 0 && errno == EINTR);
	return got;
}

int
tayra__source_close(struct tayra__source *source)
{
	int how = 0;

	close(source->fd);
	if (!source->child)
		return TAYRA_OK;
	/* A child that still writes is ended by its next write into the closed pipe. */
	while (waitpid(source->child, &how, 0) < 0 && errno == EINTR)
		continue;
	return WIFEXITED(how) && WEXITSTATUS(how) != 0 ? TAYRA_E_IO : TAYRA_OK;
}
