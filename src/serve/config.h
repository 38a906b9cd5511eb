/* SPDX-License-Identifier: Apache-2.0
 *
 * config.h: CONFIG GET and CONFIG SET: rows of a table, by Redis's names where there is one.
 */
#ifndef TAYRA_SERVE_CONFIG_H
#define TAYRA_SERVE_CONFIG_H

#include "serve/command.h"

#define TAYRA__CONFIG_TEXT 1024 /* bytes of a value */
#define TAYRA__CONFIG_NAME 128  /* and of a name that is made up of others */

/* The n-th row's name, which may be put into `room`; NULL after the last. */
const char *tayra__config_name(const struct tayra__server *server, size_t n,
			       char room[TAYRA__CONFIG_NAME]);
/* Its value; returns the length. */
size_t tayra__config_read(const struct tayra__server *server, size_t n,
			  char out[TAYRA__CONFIG_TEXT]);
/* Set a parameter by name.  Returns NULL, or why not, until the next call. */
const char *tayra__config_set(struct tayra__server *server, const struct tayra__resp_arg *name,
			      const struct tayra__resp_arg *value);

#endif
