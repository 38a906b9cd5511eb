/* SPDX-License-Identifier: Apache-2.0
 *
 * stage.h: a directory that goes away again, values that say what they are, and a disk that fails
 * when told to.
 */
#ifndef TESTS_TIER_STAGE_H
#define TESTS_TIER_STAGE_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "tier/file.h"
#include "tier/io.h"

#define STAGE_NOW   1700000000000ull /* wall_ms */
#define STAGE_NEVER UINT64_MAX
#define STAGE_MIB   (1ull << 20)

static char stage_dir[128];

static inline void
stage_path(const char *name, char out[256])
{
	snprintf(out, 256, "%s/%s", stage_dir, name);
}

static inline void
stage_clear(void)
{
	DIR *dir = opendir(stage_dir);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
}

static inline int
stage_up_in(const char *root)
{
	snprintf(stage_dir, sizeof(stage_dir), "%s/tayra-tier.XXXXXX", root);
	return mkdtemp(stage_dir) ? 0 : -1;
}

/* Where files are many and small: in memory, if there is room, for a disk makes such tests slow. */
static inline int
stage_up(void **state)
{
	struct statvfs fs;
	const char *tmp = getenv("TMPDIR");

	if (access("/dev/shm", W_OK) == 0 && statvfs("/dev/shm", &fs) == 0 &&
	    (uint64_t)fs.f_bavail * fs.f_frsize >= 48 * STAGE_MIB)
		return stage_up_in("/dev/shm");
	return stage_up_in(tmp ? tmp : "/tmp");
}

static inline int
stage_up_on_disk(void **state)
{
	const char *tmp = getenv("TMPDIR");

	return stage_up_in(tmp ? tmp : "/tmp");
}

static inline int
stage_down(void **state)
{
	stage_clear();
	return rmdir(stage_dir);
}

static inline int
stage_open_with(struct tayra__file_options options, struct tayra__tier **out)
{
	options.path = stage_dir;
	if (!options.limit_bytes)
		options.limit_bytes = 8 * STAGE_MIB;
	return tayra__file_open(&options, NULL, 0, out);
}

static inline struct tayra__tier *
stage_open(void)
{
	struct tayra__tier *tier;

	if (stage_open_with((struct tayra__file_options){ 0 }, &tier) != TAYRA_OK)
		abort();
	return tier;
}

static inline struct tayra__tier_meta
stage_meta(uint64_t version)
{
	return (struct tayra__tier_meta){
		.born_ms = STAGE_NOW,
		.fresh_ms = STAGE_NOW + 1000,
		.expire_ms = STAGE_NEVER,
		.version = version,
		.cost_ns = 5000000,
	};
}

/* A value of `len` bytes that follows from key and version, so that a reader can check it. */
static inline void
stage_fill(unsigned char *out, size_t len, uint64_t key, uint64_t version)
{
	uint64_t x = key * 0x9e3779b97f4a7c15ull + version * 0xd1342543de82ef95ull + 1;

	for (size_t i = 0; i < len; i += sizeof(x)) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		memcpy(out + i, &x, len - i < sizeof(x) ? len - i : sizeof(x));
	}
}

static inline int
stage_put(struct tayra__tier *tier, uint64_t key, uint64_t version, size_t len)
{
	struct tayra__tier_meta meta = stage_meta(version);
	unsigned char *bytes = malloc(len + 1);
	int status;

	stage_fill(bytes, len, key, version);
	status = tier->ops->put(tier, &key, sizeof(key), bytes, len, &meta, STAGE_NOW);
	free(bytes);
	return status;
}

/* => the version found, 0: none, UINT64_MAX: what was found is not what was put. */
static inline uint64_t
stage_get(struct tayra__tier *tier, uint64_t key)
{
	struct tayra__tier_value value;
	uint64_t version = 0;
	unsigned char *expected;

	if (tier->ops->get(tier, &key, sizeof(key), STAGE_NOW, &value) != TAYRA_OK)
		return 0;
	expected = malloc(value.len + 1);
	stage_fill(expected, value.len, key, value.meta.version);
	version = memcmp(expected, value.data, value.len) == 0 ? value.meta.version : UINT64_MAX;
	free(expected);
	tayra__tier_value_free(&value);
	return version;
}

static inline int
stage_remove(struct tayra__tier *tier, uint64_t key)
{
	return tier->ops->remove(tier, &key, sizeof(key), STAGE_NOW);
}

/* Every key whose number has that low byte. */
static inline int
stage_clear_some(struct tayra__tier *tier, uint8_t low)
{
	return tier->ops->clear(tier, &low, sizeof(low), STAGE_NOW);
}

static inline struct tayra__tier_stats
stage_stats(struct tayra__tier *tier)
{
	struct tayra__tier_stats stats;

	tier->ops->stats(tier, &stats);
	return stats;
}

/* What the files in the directory add up to; counts segments. */
static inline uint64_t
stage_disk(unsigned *segments)
{
	DIR *dir = opendir(stage_dir);
	struct dirent *entry;
	struct stat st;
	uint64_t bytes = 0;

	*segments = 0;
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || fstatat(dirfd(dir), entry->d_name, &st, 0) < 0)
			continue;
		bytes += (uint64_t)st.st_size;
		*segments += strncmp(entry->d_name, "segment-", 8) == 0;
	}
	if (dir)
		closedir(dir);
	return bytes;
}

struct disk {
	struct tayra__io io;
	_Atomic uint64_t calls; /* that can fail */
	uint64_t fail_from, fail_count;
	int error;
	void (*before_read)(void);
	bool half;        /* a failing write does half of its work */
	bool whole;       /* a failing write does all of its work, and says it failed */
	bool dead;        /* nothing works any more, not even closing says so */
	bool only_writes; /* removing and cutting still work */
	uint64_t space;   /* bytes that can be written in all; UINT64_MAX: no end */
};

static inline bool
disk_fails(struct disk *d)
{
	uint64_t call = atomic_fetch_add(&d->calls, 1) + 1;

	if (!d->dead &&
	    !(d->fail_from && call >= d->fail_from && call - d->fail_from < d->fail_count))
		return false;
	errno = d->error ? d->error : EIO;
	return true;
}

static inline int
disk_mkdir(void *ctx, const char *path)
{
	return disk_fails(ctx) ? -1 : tayra__io_real()->mkdir(NULL, path);
}

static inline int
disk_open(void *ctx, int dir, const char *name, int flags)
{
	return disk_fails(ctx) ? -1 : tayra__io_real()->open(NULL, dir, name, flags);
}

static inline int
disk_close(void *ctx, int fd)
{
	return tayra__io_real()->close(NULL, fd);
}

static inline int
disk_lock(void *ctx, int fd)
{
	return disk_fails(ctx) ? -1 : tayra__io_real()->lock(NULL, fd);
}

static inline ssize_t
disk_read(void *ctx, int fd, void *to, size_t len, uint64_t at)
{
	struct disk *d = ctx;

	if (d->before_read)
		d->before_read();
	return disk_fails(d) ? -1 : tayra__io_real()->read(NULL, fd, to, len, at);
}

static inline ssize_t
disk_write(void *ctx, int fd, const void *from, size_t len, uint64_t at)
{
	struct disk *d = ctx;

	if (disk_fails(d)) {
		int why = errno;

		if ((d->half || d->whole) && !d->dead &&
		    tayra__io_real()->write(NULL, fd, from, d->whole ? len : len / 2, at) < 0)
			return -1;
		errno = why;
		return -1;
	}
	if (d->space < len) {
		ssize_t some = d->space ? tayra__io_real()->write(NULL, fd, from, d->space, at)
					: -1;

		d->space = 0;
		errno = ENOSPC;
		return some;
	}
	if (d->space != UINT64_MAX)
		d->space -= len;
	return tayra__io_real()->write(NULL, fd, from, len, at);
}

/* Tests end before the machine does: nothing is really synced. */
static inline int
disk_sync(void *ctx, int fd)
{
	return disk_fails(ctx) ? -1 : 0;
}

static inline int
disk_truncate(void *ctx, int fd, uint64_t size)
{
	struct disk *d = ctx;

	return !d->only_writes && disk_fails(d) ? -1 : tayra__io_real()->truncate(NULL, fd, size);
}

static inline int64_t
disk_size(void *ctx, int fd)
{
	return disk_fails(ctx) ? -1 : tayra__io_real()->size(NULL, fd);
}

static inline int
disk_rename(void *ctx, int dir, const char *from, const char *to)
{
	return disk_fails(ctx) ? -1 : tayra__io_real()->rename(NULL, dir, from, to);
}

static inline int
disk_unlink(void *ctx, int dir, const char *name)
{
	struct disk *d = ctx;

	return !d->only_writes && disk_fails(d) ? -1 : tayra__io_real()->unlink(NULL, dir, name);
}

static inline int
disk_list(void *ctx, int dir, bool (*each)(void *arg, const char *name), void *arg)
{
	return disk_fails(ctx) ? -1 : tayra__io_real()->list(NULL, dir, each, arg);
}

static inline void
disk_init(struct disk *d)
{
	*d = (struct disk){
		.io = { disk_mkdir, disk_open, disk_close, disk_lock, disk_read, disk_write,
			disk_sync, disk_truncate, disk_size, disk_rename, disk_unlink, disk_list,
			d },
		.space = UINT64_MAX,
	};
}

/* Leave as kill -9 would: closed without a word.  What was written stays. */
static inline void
disk_kill(struct disk *d, struct tayra__tier *tier)
{
	d->dead = true;
	tier->ops->close(tier);
	d->dead = false;
}

#endif
