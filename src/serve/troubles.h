/* SPDX-License-Identifier: Apache-2.0
 *
 * troubles.h: why origins fail, for whoever runs the server: looked for by the tick, kept by the
 * name of the origin in the configuration, and said at most once a second for each.
 * Not thread-safe.
 */
#ifndef TAYRA_SERVE_TROUBLES_H
#define TAYRA_SERVE_TROUBLES_H

#include <stddef.h>
#include <stdint.h>

struct tayra__route;
struct tayra__troubles;

/* `left_out`: how many of this origin came since the last one that was said. */
typedef void (*tayra__trouble_fn)(void *arg, const char *origin, const char *text,
				  uint64_t left_out);

/* Of the routes whose origins have names; those and the names are borrowed.  `say` may be NULL.
 * => NULL: no memory. */
struct tayra__troubles *tayra__troubles_create(const struct tayra__route *routes, size_t count,
					       tayra__trouble_fn say, void *arg);
void tayra__troubles_destroy(struct tayra__troubles *troubles);
/* Look, and say what is new. */
void tayra__troubles_tick(struct tayra__troubles *troubles, uint64_t now_ns);

struct tayra__trouble_seen {
	const char *origin, *text; /* of the troubles', until the next call */
	uint64_t count;
	uint64_t age_ns; /* since it was seen */
};
/* Look, and tell of the nth origin that had any.  => NULL `origin`: there are no more. */
struct tayra__trouble_seen tayra__troubles_get(struct tayra__troubles *troubles, size_t n,
					       uint64_t now_ns);

#endif
