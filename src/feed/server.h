/* SPDX-License-Identifier: Apache-2.0
 *
 * server.h: the PostgreSQL server that a feed hears, and the patience it has with it.
 */
#ifndef TAYRA_FEED_SERVER_H
#define TAYRA_FEED_SERVER_H

#include <tayra/tayra.h>

#include "feed/thread.h"
#include "origin/pg_connection.h"

#define TAYRA__FEED_SERVER_INTERVAL_NS TAYRA_NS_PER_S

struct tayra__feed_server {
	char *conninfo;
	uint64_t connect_ns; /* as long may connecting take */
	const struct tayra__feed_thread *thread;
	uint64_t until_ns; /* of what is being waited for */
};

/* The thread is the line's.  => TAYRA_OK; TAYRA_E_INVAL with a complaint, TAYRA_E_NOMEM: there is
 * nothing to be ended. */
int tayra__feed_server_init(struct tayra__feed_server *server,
			    const struct tayra_feed_options *options, const char *conninfo,
			    const struct tayra__feed_thread *thread, uint64_t *interval_ns,
			    const struct tayra__complaint *why);
void tayra__feed_server_fini(struct tayra__feed_server *server);
/* To wait so long, or until the thread is to stop. */
struct tayra__pg_patience tayra__feed_server_within(struct tayra__feed_server *server,
						    uint64_t within_ns);
/* What was given up for want of an answer.  => status */
int tayra__feed_server_outcome(int status, uint64_t within_ns, const struct tayra__complaint *why);

#endif
