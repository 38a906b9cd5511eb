/* SPDX-License-Identifier: Apache-2.0
 *
 * feeding.h: change feeds of a configuration: an origin says that it tells of changes, and its feed
 * then covers the keys that begin as those of its routes do.
 */
#ifndef TAYRA_SERVE_FEEDING_H
#define TAYRA_SERVE_FEEDING_H

#include <stdio.h>

#include "config/reader.h"
#include "serve/feeds.h"

struct tayra__origin_setting;
struct tayra__server_options;
struct tayra__settings;

struct tayra__feed_setting {
	const struct tayra__yaml *at; /* NULL: none */
	const char *changes, *channel, *replication;
	int forget; /* enum tayra_feed_forget */
	uint64_t blind_ttl_ms, interval_ns;
};

struct tayra__feeding {
	struct tayra__feed_source *sources;
	size_t count;
	struct tayra_feed_table *tables; /* of all sources, side by side; */
	const char **prefixes;           /* the same */
};

/* What an origin says of it; NULL: nothing.  => TAYRA_OK, TAYRA_E_INVAL, TAYRA_E_NOMEM. */
int tayra__feeding_read(const struct tayra__reader *r, const struct tayra__yaml *at,
			struct tayra__origin_setting *origin);
/* Once all routes are open: say it to a server.  => the same. */
int tayra__feeding_open(const struct tayra__reader *r, struct tayra__server_options *options);
void tayra__feeding_fini(struct tayra__feeding *feeding);
/* The SQL that makes the tables of an origin's routes tell, of a configuration that was read; NULL:
 * of the one origin that has such.  => TAYRA_OK; TAYRA_E_INVAL: there is none to write, there are
 * several, or none can be; TAYRA_E_IO. */
int tayra__feeding_sql(const struct tayra__reader *r, const char *origin, FILE *out);
/* A line each, once open. */
void tayra__feeding_describe(const struct tayra__feeding *feeding, FILE *out);

#endif
