/* SPDX-License-Identifier: Apache-2.0
 *
 * warming.h: keys loaded when the server starts, before somebody asks for them: in class
 * BACKGROUND, by a thread for each route that has some, so that none waits for another's origin.
 */
#ifndef TAYRA_SERVE_WARMING_H
#define TAYRA_SERVE_WARMING_H

#include <tayra/tayra.h>

#include <stdbool.h>
#include <stddef.h>

struct tayra__routes;
struct tayra__warming;

/* So far, over all routes. */
struct tayra__warming_state {
	struct tayra_warm_progress progress; /* left_ns: of the route that needs longest */
	size_t unrouted;                     /* keys that no route is for */
	bool running;
};

/* Copies the keys, which are of database 0, and begins at once.  => TAYRA_E_NOMEM. */
int tayra__warming_create(struct tayra *handle, const struct tayra__routes *routes,
			  const struct tayra_warm_key *keys, size_t count,
			  struct tayra__warming **out);
void tayra__warming_state(struct tayra__warming *warming, struct tayra__warming_state *out);
/* Begins no more and waits for what is out.  Before the handle goes; NULL: nothing. */
void tayra__warming_destroy(struct tayra__warming *warming);

#endif
