/* SPDX-License-Identifier: Apache-2.0
 *
 * number.h: numbers as Redis reads and writes them in values and arguments.
 */
#ifndef TAYRA_SERVE_NUMBER_H
#define TAYRA_SERVE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAYRA__INTEGER_TEXT 21   /* bytes that any integer fits in, with a terminator */
#define TAYRA__FLOAT_TEXT   5120 /* the same for any finite long double */

/* Only the one way to write it: no blank, no plus, no leading zero, no "-0". */
bool tayra__integer_read(const char *text, size_t len, int64_t *out);
/* Unsigned, for cursors: digits only. */
bool tayra__unsigned_read(const char *text, size_t len, uint64_t *out);
/* Returns the length. */
size_t tayra__integer_write(int64_t value, char out[TAYRA__INTEGER_TEXT]);

/* What strtold reads, all of it, without leading blanks; infinite is a number, nan is not. */
bool tayra__float_read(const char *text, size_t len, long double *out);
/* 17 digits behind the point, without trailing zeros, never an exponent.  Returns the length. */
size_t tayra__float_write(long double value, char out[TAYRA__FLOAT_TEXT]);

#endif
