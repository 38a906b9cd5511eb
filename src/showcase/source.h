/* SPDX-License-Identifier: Apache-2.0
 *
 * source.h: where the bytes of the data set come from: a file, or a child process that runs
 * `apt-cache dumpavail` without a shell.
 */
#ifndef TAYRA_SHOWCASE_SOURCE_H
#define TAYRA_SHOWCASE_SOURCE_H

#include <stddef.h>
#include <sys/types.h>

struct tayra__source {
	int fd;
	pid_t child;      /* 0: a file */
	const char *what; /* for messages: the file's name, or the command */
};

/* NULL path: apt-cache.  => TAYRA_OK; TAYRA_E_IO with one line in `error`. */
int tayra__source_open(struct tayra__source *source, const char *path, char *error,
		       size_t error_len);
/* Bytes read, 0 at the end, -1 with errno. */
ssize_t tayra__source_read(struct tayra__source *source, void *buffer, size_t room);
/* => TAYRA_OK; TAYRA_E_IO: the child failed.  A child that still runs is ended. */
int tayra__source_close(struct tayra__source *source);

#endif
