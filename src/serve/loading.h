/* SPDX-License-Identifier: Apache-2.0
 *
 * loading.h: how all routes of a server load, where they do not say it themselves: times of the
 * handle, given at the start and turned by CONFIG SET load.NAME.  The loop's thread.
 */
#ifndef TAYRA_SERVE_LOADING_H
#define TAYRA_SERVE_LOADING_H

#include <stddef.h>

#include "base/knob.h"

struct tayra__server;
struct tayra__server_options;
struct tayra_options;

/* Of struct tayra_strategy, each of 8 bytes. */
extern const struct tayra__knob tayra__loads_knobs[];

/* What the options say. */
void tayra__loading_settle(const struct tayra__server_options *from, struct tayra_options *to);

/* The n-th that CONFIG knows, "load.NAME" in `room`; NULL after the last, or without routes. */
const char *tayra__loading_name(const struct tayra__server *server, size_t n, char *room,
				size_t len);
/* Its value; returns the length. */
size_t tayra__loading_read(const struct tayra__server *server, size_t n, char *out, size_t size);
/* => NULL, or why not, until the next call. */
const char *tayra__loading_set(struct tayra__server *server, size_t n, const char *text,
			       size_t len);

#endif
