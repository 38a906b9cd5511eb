/* SPDX-License-Identifier: Apache-2.0
 *
 * input.h: bytes from a file, standard input or memory, zstd decoded on the way when its magic is
 * seen.  Memory is fixed: two buffers, however large or hostile the input.  Not thread-safe.
 *
 * What a call hands out points into the buffer and is valid until the next call.
 */
#ifndef TAYRA_SIM_INPUT_H
#define TAYRA_SIM_INPUT_H

#include <stddef.h>
#include <stdint.h>

#define TAYRA__INPUT_LINE_MAX 4096 /* bytes, without the newline */

struct tayra__input;

/* "-" is standard input.  => TAYRA_OK, TAYRA_E_NOMEM, TAYRA_E_IO with errno set. */
int tayra__input_open(const char *path, struct tayra__input **out);
/* The bytes are borrowed until close.  => TAYRA_OK, TAYRA_E_NOMEM. */
int tayra__input_open_memory(const void *bytes, size_t len, struct tayra__input **out);
void tayra__input_close(struct tayra__input *input);

/* How much of the file was read, before decoding; *total is 0 where nobody knows, as in a pipe. */
uint64_t tayra__input_position(const struct tayra__input *input, uint64_t *total);

/*
 * Common to the three below: => TAYRA_E_IO (errno says why), TAYRA_E_CANCELLED when a signal came
 * while waiting, TAYRA_E_CORRUPT for damaged or truncated zstd data, TAYRA_E_UNSUPPORTED for zstd
 * in a build without it, TAYRA_E_NOMEM.
 */

/* Look ahead without consuming: *len is `want` (at most TAYRA__INPUT_LINE_MAX), less at the end. */
int tayra__input_peek(struct tayra__input *input, size_t want, const unsigned char **bytes,
		      size_t *len);

/* The next line without "\n" or "\r\n", terminated by NUL; the last needs no newline.
 * => TAYRA_E_NOT_FOUND at the end, TAYRA_E_TOO_LARGE for a line over TAYRA__INPUT_LINE_MAX. */
int tayra__input_line(struct tayra__input *input, char **line, size_t *len);

/* The next `count` bytes, fewer at the end.  => TAYRA_E_NOT_FOUND when none are left. */
int tayra__input_take(struct tayra__input *input, size_t count, const unsigned char **bytes,
		      size_t *len);

#endif
