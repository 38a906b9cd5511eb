/* SPDX-License-Identifier: Apache-2.0
 *
 * complaint.h: the one line in which an origin that cannot be opened says why.
 */
#ifndef TAYRA_ORIGIN_COMPLAINT_H
#define TAYRA_ORIGIN_COMPLAINT_H

#include <stddef.h>

/* Where the caller wants it; a NULL text or a length of 0: nowhere. */
struct tayra__complaint {
	char *text;
	size_t len;
};

/* Replaces what was there; ends of lines become blanks, those at the end go, and what is too long
 * is cut. */
void __attribute__((format(printf, 2, 3)))
tayra__complain(const struct tayra__complaint *complaint, const char *format, ...);
/* Of a statement that takes another number of parameters than the key has parts. */
void tayra__complain_parameters(const struct tayra__complaint *complaint, int takes,
				unsigned parts);

#endif
