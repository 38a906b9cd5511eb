/* SPDX-License-Identifier: Apache-2.0 */
#include "pace/psi.h"

#include <tayra/base.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/option.h"

/* As in linux/magic.h, which musl has not. */
#define PROC_MAGIC    0x9fa0
#define CGROUP2_MAGIC 0x63677270

#define APART_NS (100 * TAYRA_NS_PER_MS) /* readings nearer than that say the same */
#define CALM_NS  (2 * TAYRA_NS_PER_S)    /* while no trigger fires */
#define HOT_NS   (10 * TAYRA_NS_PER_S)   /* after one fired */
#define TEXT_MAX 256

static const char *const words[TAYRA__PSI_KINDS] = { "some", "some", "full" };

/* Microseconds of two seconds: a tenth, and a fifth.  Processors are always short at saturation. */
static const char *const triggers[TAYRA__PSI_KINDS] = {
	NULL,
	"some 200000 2000000",
	"full 400000 2000000",
};

static int
open_file(int folder, const char *name, int flags)
{
	return openat(folder, name, flags);
}

static bool
is_kernels(int fd)
{
	struct statfs of;

	return fstatfs(fd, &of) == 0 && (of.f_type == PROC_MAGIC || of.f_type == CGROUP2_MAGIC);
}

static const struct tayra__psi_calls real_calls = { open_file, write, poll, is_kernels };

/* "name=" and what stands behind it up to a space or the end of the line, terminated. */
static bool
find_value(const char *line, size_t len, const char *name, char *out, size_t out_len)
{
	const size_t name_len = strlen(name);
	const char *at = len ? memmem(line, len, name, name_len) : NULL;
	size_t used = 0;

	if (!at)
		return false;
	at += name_len;
	while (at < line + len && *at != ' ' && used + 1 < out_len)
		out[used++] = *at++;
	out[used] = '\0';
	return at == line + len || *at == ' ';
}

int
tayra__psi_parse(const char *text, size_t len, const char *word, struct tayra__psi_line *out)
{
	const size_t word_len = strlen(word);
	const char *end = text + len;
	char value[32];

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *line_end = newline ? newline : end;
		const size_t line_len = (size_t)(line_end - text);
		struct tayra__psi_line line;

		if (line_len > word_len && memcmp(text, word, word_len) == 0 &&
		    text[word_len] == ' ') {
			if (!find_value(text, line_len, " avg10=", value, sizeof(value)) ||
			    tayra__option_double(value, 0, 100, &line.avg10) != TAYRA_OK ||
			    !find_value(text, line_len, " total=", value, sizeof(value)) ||
			    tayra__option_u64(value, 0, UINT64_MAX, &line.total_us) != TAYRA_OK)
				return TAYRA_E_CORRUPT;
			line.avg10 /= 100;
			*out = line;
			return TAYRA_OK;
		}
		text = newline ? newline + 1 : end;
	}
	return TAYRA_E_CORRUPT;
}

size_t
tayra__psi_file_start(int fd, char *text, size_t max)
{
	ssize_t got;

	do
		got = pread(fd, text, max, 0);
	while (got < 0 && errno == EINTR);
	return got > 0 ? (size_t)got : 0;
}

static bool
read_line(const struct tayra__psi_source *source, const char *word, struct tayra__psi_line *out)
{
	char text[TEXT_MAX];
	size_t got = tayra__psi_file_start(source->fd, text, sizeof(text));

	return got > 0 && tayra__psi_parse(text, got, word, out) == TAYRA_OK;
}

static void
open_source(struct tayra__psi *psi, enum tayra__psi_kind kind, int folder, const char *name)
{
	const struct tayra__psi_calls *calls = psi->calls;
	struct tayra__psi_source *source = &psi->sources[kind];
	const char *trigger = triggers[kind];
	struct tayra__psi_line line;

	*source = (struct tayra__psi_source){ .fd = -1 };
	if (trigger) {
		source->fd = calls->open(folder, name, O_RDWR | O_NONBLOCK | O_CLOEXEC);
		source->triggers = source->fd >= 0 && calls->is_kernels(source->fd) &&
				   calls->write(source->fd, trigger, strlen(trigger) + 1) >= 0;
	}
	if (source->fd < 0)
		source->fd = calls->open(folder, name, O_RDONLY | O_CLOEXEC);
	if (source->fd >= 0 && !read_line(source, words[kind], &line)) {
		close(source->fd);
		*source = (struct tayra__psi_source){ .fd = -1 };
	}
}

void
tayra__psi_open(struct tayra__psi *psi, int folder, const char *const names[TAYRA__PSI_KINDS],
		const struct tayra__psi_calls *calls)
{
	psi->calls = calls ? calls : &real_calls;
	for (int kind = 0; kind < TAYRA__PSI_KINDS; kind++)
		open_source(psi, (enum tayra__psi_kind)kind, folder, names[kind]);
}

void
tayra__psi_close(struct tayra__psi *psi)
{
	for (int kind = 0; kind < TAYRA__PSI_KINDS; kind++) {
		if (psi->sources[kind].fd >= 0)
			close(psi->sources[kind].fd);
		psi->sources[kind].fd = -1;
	}
}

/* A trigger that is no more (its group was removed) polls as an error: then it is read only. */
static void
look_at_triggers(struct tayra__psi *psi, uint64_t now_ns)
{
	struct pollfd fds[TAYRA__PSI_KINDS];
	bool any = false;

	for (int kind = 0; kind < TAYRA__PSI_KINDS; kind++) {
		const struct tayra__psi_source *source = &psi->sources[kind];

		fds[kind] = (struct pollfd){ source->triggers ? source->fd : -1, POLLPRI, 0 };
		any |= source->triggers;
	}
	if (!any || psi->calls->poll(fds, TAYRA__PSI_KINDS, 0) <= 0)
		return;
	for (int kind = 0; kind < TAYRA__PSI_KINDS; kind++) {
		if (fds[kind].revents & (POLLERR | POLLNVAL))
			psi->sources[kind].triggers = false;
		else if (fds[kind].revents & POLLPRI)
			psi->sources[kind].hot_ns = now_ns + HOT_NS;
	}
}

static bool
is_due(const struct tayra__psi_source *source, uint64_t now_ns)
{
	if (source->at_ns == 0)
		return true;
	if (now_ns < source->at_ns + APART_NS)
		return false;
	return !source->triggers || now_ns < source->hot_ns || now_ns >= source->at_ns + CALM_NS;
}

static void
read_source(struct tayra__psi_source *source, const char *word, uint64_t now_ns)
{
	struct tayra__psi_line line;

	if (!read_line(source, word, &line)) {
		source->share = (double)NAN;
		source->at_ns = 0;
		return;
	}
	if (source->at_ns && line.total_us >= source->total_us)
		source->share = fmin((double)(line.total_us - source->total_us) * 1e3 /
					     (double)(now_ns - source->at_ns),
				     1);
	else
		source->share = line.avg10;
	source->total_us = line.total_us;
	source->at_ns = now_ns;
}

void
tayra__psi_read(struct tayra__psi *psi, uint64_t now_ns, double shares[TAYRA__PSI_KINDS])
{
	look_at_triggers(psi, now_ns);
	for (int kind = 0; kind < TAYRA__PSI_KINDS; kind++) {
		struct tayra__psi_source *source = &psi->sources[kind];

		shares[kind] = (double)NAN;
		if (source->fd < 0)
			continue;
		if (is_due(source, now_ns))
			read_source(source, words[kind], now_ns);
		shares[kind] = source->share;
	}
}
