/* SPDX-License-Identifier: Apache-2.0
 *
 * history_plain.h: a verdict of a history that stands there just as it was written, read without a
 * JSON library: several times as fast.  Whatever else a line holds is for the library.
 */
#ifndef TAYRA_PROVE_HISTORY_PLAIN_H
#define TAYRA_PROVE_HISTORY_PLAIN_H

#include "prove/history.h"

#include <stddef.h>

/* The fields of a line but its version, kind and pairs, in the order in which they are written. */
struct tayra__history_field {
	const char *name;
	size_t offset, room; /* in a row; room: of a text; 0: a double */
};
extern const struct tayra__history_field tayra__history_fields[];
#define TAYRA__HISTORY_FIELDS 18

/*
 * pairs: room for 2 * TAYRA__HISTORY_PAIRS, which the row then points to.
 * => false: not of that form, or with an escape, a letter beyond ASCII or a number that needs more
 *    care; *row is then anything.  What is true here the library says too, to the last bit.
 */
bool tayra__history_plain(const char *text, size_t len, struct tayra__history_row *row,
			  double *pairs);

#endif
