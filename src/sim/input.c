/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/input.h"

#include <tayra/base.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "sim/unzstd.h"

#define BUFFER_BYTES (256u << 10)

struct input_source {
	int fd;                     /* -1: memory */
	const unsigned char *bytes; /* of memory */
	uint64_t len;               /* of memory or a regular file, else 0 */
	uint64_t at;
};

struct tayra__input {
	struct input_source source;
	struct tayra__unzstd *zstd; /* NULL: plain */
	bool probed;                /* the magic was looked for */
	bool source_ended;
	bool frame_open; /* the zstd data may not end here */
	bool ended;
	size_t raw_at, raw_len;   /* of raw, compressed input only */
	size_t text_at, text_len; /* of text: not yet handed out */
	unsigned char raw[BUFFER_BYTES];
	unsigned char text[BUFFER_BYTES + 1]; /* room for the NUL after a last line */
};

/* 0 for what is not a regular file. */
static uint64_t
file_size(int fd)
{
	struct stat info;

	return fstat(fd, &info) == 0 && S_ISREG(info.st_mode) ? (uint64_t)info.st_size : 0;
}

static int
open_source(struct input_source source, struct tayra__input **out)
{
	struct tayra__input *input = tayra__mem_alloc(sizeof(*input));

	*out = input;
	if (!input)
		return TAYRA_E_NOMEM;
	input->source = source;
	return TAYRA_OK;
}

int
tayra__input_open(const char *path, struct tayra__input **out)
{
	struct input_source source = { .fd = STDIN_FILENO };
	int status;

	*out = NULL;
	if (strcmp(path, "-") != 0)
		source.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (source.fd < 0)
		return TAYRA_E_IO;
	source.len = file_size(source.fd);
	status = open_source(source, out);
	if (status && source.fd != STDIN_FILENO)
		close(source.fd);
	return status;
}

int
tayra__input_open_memory(const void *bytes, size_t len, struct tayra__input **out)
{
	return open_source((struct input_source){ .fd = -1, .bytes = bytes, .len = len }, out);
}

void
tayra__input_close(struct tayra__input *input)
{
	if (!input)
		return;
	if (input->source.fd > STDIN_FILENO)
		close(input->source.fd);
	tayra__unzstd_destroy(input->zstd);
	tayra__mem_free(input);
}

uint64_t
tayra__input_position(const struct tayra__input *input, uint64_t *total)
{
	*total = input->source.len;
	return input->source.at;
}

/* Read once from the source; *got is 0 at its end. */
static int
source_read(struct input_source *source, void *into, size_t room, size_t *got)
{
	ssize_t n;

	*got = 0;
	if (source->fd < 0) {
		*got = source->len - source->at < room ? (size_t)(source->len - source->at) : room;
		if (*got > 0)
			memcpy(into, source->bytes + source->at, *got);
		source->at += *got;
		return TAYRA_OK;
	}
	n = read(source->fd, into, room);
	if (n < 0)
		return errno == EINTR ? TAYRA_E_CANCELLED : TAYRA_E_IO;
	*got = (size_t)n;
	source->at += *got;
	return TAYRA_OK;
}

/* Decide between plain and zstd by the first four bytes, which are left in raw. */
static int
probe(struct tayra__input *input)
{
	static const unsigned char magic[4] = { 0x28, 0xb5, 0x2f, 0xfd };

	while (input->raw_len < sizeof(magic)) {
		size_t got;
		int status = source_read(&input->source, input->raw + input->raw_len,
					 sizeof(magic) - input->raw_len, &got);

		if (status)
			return status;
		if (got == 0)
			break;
		input->raw_len += got;
	}
	input->probed = true;
	if (input->raw_len == sizeof(magic) && memcmp(input->raw, magic, sizeof(magic)) == 0) {
		input->frame_open = true;
		return tayra__unzstd_create(&input->zstd);
	}
	memcpy(input->text, input->raw, input->raw_len);
	input->text_len = input->raw_len;
	return TAYRA_OK;
}

static int
read_plain(struct tayra__input *input)
{
	size_t got;
	int status = source_read(&input->source, input->text + input->text_len,
				 BUFFER_BYTES - input->text_len, &got);

	input->text_len += got;
	input->ended = status == TAYRA_OK && got == 0;
	return status;
}

static int
read_zstd(struct tayra__input *input)
{
	size_t written;
	int status;

	if (input->raw_at == input->raw_len && !input->source_ended) {
		input->raw_at = input->raw_len = 0;
		status = source_read(&input->source, input->raw, BUFFER_BYTES, &input->raw_len);
		if (status)
			return status;
		input->source_ended = input->raw_len == 0;
	}
	/* Between frames with nothing left the decoder would ask for a next frame: that is the end,
	 * not a truncation. */
	if (input->source_ended && !input->frame_open) {
		input->ended = true;
		return TAYRA_OK;
	}
	status = tayra__unzstd_decode(input->zstd, input->raw, input->raw_len, &input->raw_at,
				      input->text + input->text_len, BUFFER_BYTES - input->text_len,
				      &written);
	if (status < 0)
		return status;
	input->text_len += written;
	input->frame_open = status == TAYRA_PENDING;
	return input->source_ended && written == 0 && input->frame_open ? TAYRA_E_CORRUPT
									: TAYRA_OK;
}

/* Add to text, moving what is left to its front first.  There must be room. */
static int
fill(struct tayra__input *input)
{
	if (!input->probed) {
		int status = probe(input);

		if (status)
			return status;
	}
	if (input->text_at > 0) {
		memmove(input->text, input->text + input->text_at,
			input->text_len - input->text_at);
		input->text_len -= input->text_at;
		input->text_at = 0;
	}
	return input->zstd ? read_zstd(input) : read_plain(input);
}

int
tayra__input_peek(struct tayra__input *input, size_t want, const unsigned char **bytes, size_t *len)
{
	*bytes = NULL;
	*len = 0;
	while (!input->ended && input->text_len - input->text_at < want) {
		int status = fill(input);

		if (status)
			return status;
	}
	*bytes = input->text + input->text_at;
	*len = input->text_len - input->text_at < want ? input->text_len - input->text_at : want;
	return TAYRA_OK;
}

/* The newline that ends the line at text_at, reading on as needed; NULL when the input ends or the
 * line is too long first. */
static int
find_newline(struct tayra__input *input, unsigned char **newline)
{
	size_t searched = 0;

	for (;;) {
		unsigned char *from = input->text + input->text_at;
		size_t have = input->text_len - input->text_at;
		int status;

		*newline = memchr(from + searched, '\n', have - searched);
		searched = have;
		if (*newline || input->ended || have > TAYRA__INPUT_LINE_MAX + 1)
			return TAYRA_OK;
		status = fill(input);
		if (status)
			return status;
	}
}

int
tayra__input_line(struct tayra__input *input, char **line, size_t *len)
{
	unsigned char *newline;
	size_t bytes, used;
	int status = find_newline(input, &newline);

	*line = NULL;
	*len = 0;
	if (status)
		return status;
	bytes = newline ? (size_t)(newline - (input->text + input->text_at))
			: input->text_len - input->text_at;
	used = bytes + (newline != NULL);
	if (used == 0)
		return TAYRA_E_NOT_FOUND;
	*line = (char *)input->text + input->text_at;
	if (bytes > 0 && (*line)[bytes - 1] == '\r')
		bytes--;
	if (bytes > TAYRA__INPUT_LINE_MAX) {
		*line = NULL;
		return TAYRA_E_TOO_LARGE;
	}
	(*line)[bytes] = '\0';
	input->text_at += used;
	*len = bytes;
	return TAYRA_OK;
}

int
tayra__input_take(struct tayra__input *input, size_t count, const unsigned char **bytes,
		  size_t *len)
{
	int status = tayra__input_peek(input, count, bytes, len);

	if (status)
		return status;
	input->text_at += *len;
	return *len ? TAYRA_OK : TAYRA_E_NOT_FOUND;
}
