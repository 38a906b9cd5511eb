/* SPDX-License-Identifier: Apache-2.0
 *
 * info.h: the text of INFO.
 */
#ifndef TAYRA_SERVE_INFO_H
#define TAYRA_SERVE_INFO_H

#include "net/buffer.h"

#include <stddef.h>

struct tayra__server;

/* Append a section ("memory", any case), or all for "all", "everything" and "default"; nothing for
 * what is no section. */
void tayra__info_write(struct tayra__server *server, const char *section, size_t len,
		       struct tayra__buffer *out);

#endif
