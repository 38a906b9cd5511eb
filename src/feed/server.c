/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/server.h"

#include "base/clock.h"
#include "base/mem.h"
#include "feed/settings.h"

int
tayra__feed_server_init(struct tayra__feed_server *server, const struct tayra_feed_options *options,
			const char *conninfo, const struct tayra__feed_thread *thread,
			uint64_t *interval_ns, const struct tayra__complaint *why)
{
	int status;

	*server = (struct tayra__feed_server){ .thread = thread };
	status = tayra__feed_interval(options, TAYRA__FEED_SERVER_INTERVAL_NS, interval_ns, why);
	if (status == TAYRA_OK && !conninfo) {
		tayra__complain(why, "feed: the connection is missing");
		status = TAYRA_E_INVAL;
	}
	if (status == TAYRA_OK)
		status = tayra__pg_conninfo(conninfo, &server->connect_ns, why);
	if (status != TAYRA_OK)
		return status;
	server->conninfo = tayra__mem_strdup(conninfo);
	return server->conninfo ? TAYRA_OK : TAYRA_E_NOMEM;
}

void
tayra__feed_server_fini(struct tayra__feed_server *server)
{
	tayra__mem_free(server->conninfo);
	server->conninfo = NULL;
}

static bool
goes_on(void *arg)
{
	const struct tayra__feed_server *server = arg;

	return tayra__clock_real_ns() < server->until_ns &&
	       !tayra__feed_thread_stops(server->thread);
}

struct tayra__pg_patience
tayra__feed_server_within(struct tayra__feed_server *server, uint64_t within_ns)
{
	server->until_ns = tayra__clock_real_ns() + within_ns;
	return (struct tayra__pg_patience){ goes_on, server };
}

int
tayra__feed_server_outcome(int status, uint64_t within_ns, const struct tayra__complaint *why)
{
	const bool whole = within_ns % TAYRA_NS_PER_S == 0;

	if (status == TAYRA_E_CANCELLED)
		tayra__complain(why, "PostgreSQL: no answer within %llu %s",
				(unsigned long long)(within_ns /
						     (whole ? TAYRA_NS_PER_S : TAYRA_NS_PER_MS)),
				whole ? "s" : "ms");
	return status;
}
