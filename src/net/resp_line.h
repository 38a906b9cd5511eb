/* SPDX-License-Identifier: Apache-2.0
 *
 * resp_line.h: what requests and replies are made of: header lines with a number, and the words of
 * an inline request.
 */
#ifndef TAYRA_NET_RESP_LINE_H
#define TAYRA_NET_RESP_LINE_H

#include <stddef.h>
#include <stdint.h>

enum tayra__resp_line {
	TAYRA__RESP_LINE_OK,
	TAYRA__RESP_LINE_MORE, /* it may become one */
	TAYRA__RESP_LINE_WRONG,
};

/* "-12\r\n" from *at on: no sign but '-', at least one digit, fits.  OK moves *at past it. */
enum tayra__resp_line tayra__resp_line_integer(const char *bytes, size_t len, size_t *at,
					       int64_t *out);

enum tayra__resp_word {
	TAYRA__RESP_WORD,
	TAYRA__RESP_WORD_NONE, /* only blanks are left */
	TAYRA__RESP_WORD_UNBALANCED,
};

/*
 * The next word of a line, from *at on: bare, "quoted" with \n \r \t \b \a \\ \" \xHH, or 'quoted'
 * with \'; after a closing quote comes a blank or the end.  Quotes are resolved in place.
 */
enum tayra__resp_word tayra__resp_line_word(char *line, size_t len, size_t *at, size_t *word,
					    size_t *word_len);

#endif
