/* SPDX-License-Identifier: Apache-2.0 */
#include "tier/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tayra/base.h>

static int
real_mkdir(void *ctx, const char *path)
{
	return mkdir(path, 0700);
}

static int
real_open(void *ctx, int dir, const char *name, int flags)
{
	return openat(dir, name, flags | O_CLOEXEC, 0600);
}

static int
real_close(void *ctx, int fd)
{
	return close(fd);
}

static int
real_lock(void *ctx, int fd)
{
	return flock(fd, LOCK_EX | LOCK_NB);
}

static ssize_t
real_read(void *ctx, int fd, void *to, size_t len, uint64_t at)
{
	return pread(fd, to, len, (off_t)at);
}

static ssize_t
real_write(void *ctx, int fd, const void *from, size_t len, uint64_t at)
{
	return pwrite(fd, from, len, (off_t)at);
}

static int
real_sync(void *ctx, int fd)
{
	return fsync(fd);
}

static int
real_truncate(void *ctx, int fd, uint64_t size)
{
	return ftruncate(fd, (off_t)size);
}

static int64_t
real_size(void *ctx, int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? (int64_t)st.st_size : -1;
}

static int
real_rename(void *ctx, int dir, const char *from, const char *to)
{
	return renameat(dir, from, dir, to);
}

static int
real_unlink(void *ctx, int dir, const char *name)
{
	return unlinkat(dir, name, 0);
}

static int
real_list(void *ctx, int dir, bool (*each)(void *arg, const char *name), void *arg)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!stream) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	errno = 0;
	while ((entry = readdir(stream))) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    !each(arg, entry->d_name))
			break;
		errno = 0;
	}
	if (!entry && errno) {
		closedir(stream);
		return -1;
	}
	return closedir(stream);
}

static const struct tayra__io real = {
	.mkdir = real_mkdir,
	.open = real_open,
	.close = real_close,
	.lock = real_lock,
	.read = real_read,
	.write = real_write,
	.sync = real_sync,
	.truncate = real_truncate,
	.size = real_size,
	.rename = real_rename,
	.unlink = real_unlink,
	.list = real_list,
};

const struct tayra__io *
tayra__io_real(void)
{
	return &real;
}

int
tayra__io_read_all(const struct tayra__io *io, int fd, void *to, size_t len, uint64_t at)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = io->read(io->ctx, fd, (char *)to + done, len - done, at + done);

		if (n == 0)
			return TAYRA_E_CORRUPT;
		if (n < 0 && errno != EINTR)
			return TAYRA_E_IO;
		if (n > 0)
			done += (size_t)n;
	}
	return TAYRA_OK;
}

int
tayra__io_write_all(const struct tayra__io *io, int fd, const void *from, size_t len, uint64_t at)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = io->write(io->ctx, fd, (const char *)from + done, len - done,
				      at + done);

		if (n == 0)
			errno = ENOSPC;
		if (n == 0 || (n < 0 && errno != EINTR))
			return TAYRA_E_IO;
		if (n > 0)
			done += (size_t)n;
	}
	return TAYRA_OK;
}
