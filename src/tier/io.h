/* SPDX-License-Identifier: Apache-2.0
 *
 * io.h: what the file tier asks of the operating system, as a table, so that a test can fail the
 * n-th call, tear a write or fill the disk.  Each returns -1 with errno set when it fails.
 */
#ifndef TAYRA_TIER_IO_H
#define TAYRA_TIER_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct tayra__io {
	int (*mkdir)(void *ctx, const char *path);
	/* `dir` is a directory's descriptor, or AT_FDCWD.  Close on exec.  => a descriptor. */
	int (*open)(void *ctx, int dir, const char *name, int flags);
	int (*close)(void *ctx, int fd);
	int (*lock)(void *ctx, int fd); /* exclusively, not waiting: EWOULDBLOCK */
	/* May do less than asked; a read of 0 bytes is the end of the file. */
	ssize_t (*read)(void *ctx, int fd, void *to, size_t len, uint64_t at);
	ssize_t (*write)(void *ctx, int fd, const void *from, size_t len, uint64_t at);
	int (*sync)(void *ctx, int fd);
	int (*truncate)(void *ctx, int fd, uint64_t size);
	int64_t (*size)(void *ctx, int fd);
	int (*rename)(void *ctx, int dir, const char *from, const char *to);
	int (*unlink)(void *ctx, int dir, const char *name);
	/* Every name in the directory but "." and "..", until `each` returns false. */
	int (*list)(void *ctx, int dir, bool (*each)(void *arg, const char *name), void *arg);
	void *ctx;
};

/* pread, pwrite and friends.  Static. */
const struct tayra__io *tayra__io_real(void);

/* All of it, however often it takes.  => TAYRA_OK, TAYRA_E_IO; read: TAYRA_E_CORRUPT when the file
 * ends before. */
int tayra__io_read_all(const struct tayra__io *io, int fd, void *to, size_t len, uint64_t at);
int tayra__io_write_all(const struct tayra__io *io, int fd, const void *from, size_t len,
			uint64_t at);

#endif
