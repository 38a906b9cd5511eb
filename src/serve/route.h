/* SPDX-License-Identifier: Apache-2.0
 *
 * route.h: which keys of database 0 are loaded when they are asked for, from where and how.  The
 * first route whose pattern matches a key is its route; the other databases have none.
 * Not thread-safe.
 */
#ifndef TAYRA_SERVE_ROUTE_H
#define TAYRA_SERVE_ROUTE_H

#include <tayra/tayra.h>

#include "serve/keyspace.h"

#include <stdbool.h>
#include <stddef.h>

struct tayra__route {
	const char *keys;            /* "pkg:{name}": origin/pattern.h.  Borrowed for create */
	struct tayra_origin *origin; /* borrowed, as long as there are routes */
	const char *name;            /* the origin's, for people; NULL: none.  Borrowed as long */
	uint64_t ttl_ms, stale_ms;   /* 0: 60 s; none */
	uint64_t soft_timeout_ns, timeout_ns; /* 0: none, or what all have; 5 s */
	uint64_t absent_ttl_ms, error_ttl_ms; /* 0: what all have */
	double refresh_at;                    /* the same; below 0: not at all */
	enum tayra_class cls;
	uint32_t cost; /* 0: 1 */
};

struct tayra__routes;

/* => TAYRA_E_NOMEM, TAYRA_E_INVAL: a pattern will not do, or stands there twice; `error` gets one
 * line.  No routes are NULL. */
int tayra__routes_create(const struct tayra__route *routes, size_t count, char *error,
			 size_t error_len, struct tayra__routes **out);
/* The first route in front of routes[n] whose pattern matches all keys of it, so that it is never
 * reached; n when there is none, or when a pattern will not do. */
size_t tayra__routes_hiding(const struct tayra__route *routes, size_t n);
/* Some have a refresh_at of their own. */
bool tayra__routes_refresh(const struct tayra__routes *routes);
void tayra__routes_destroy(struct tayra__routes *routes);

/* The route of that key; NULL: none, or `routes` is. */
const struct tayra__route *tayra__route_find(const struct tayra__routes *routes,
					     const struct tayra__key_in *key);

#endif
