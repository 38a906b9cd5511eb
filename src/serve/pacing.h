/* SPDX-License-Identifier: Apache-2.0
 *
 * pacing.h: the limits of origins as parameters of CONFIG: pace.NAME.KNOB of the origin of that
 * name, and pace.KNOB of all of them at once, by the names of tayra_pace_set().
 */
#ifndef TAYRA_SERVE_PACING_H
#define TAYRA_SERVE_PACING_H

#include <stddef.h>

struct tayra__server;

/* The n-th parameter's name, put into `room`; NULL after the last. */
const char *tayra__pacing_name(const struct tayra__server *server, size_t n, char *room,
			       size_t len);
/* Its value, "mixed" where that differs between origins; returns the length. */
size_t tayra__pacing_read(const struct tayra__server *server, size_t n, char *out, size_t len);
/* Set it; of all, or of none.  The text is not terminated.  Returns NULL, or why not, until the
 * next call. */
const char *tayra__pacing_set(struct tayra__server *server, size_t n, const char *text, size_t len);

#endif
