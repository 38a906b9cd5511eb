/* SPDX-License-Identifier: Apache-2.0
 *
 * remote_pool.h: the connections on which a remote tier reads.  Each is used by one caller at a
 * time, belongs to one session of the line, and is connected by the first who needs it.
 */
#ifndef TAYRA_TIER_REMOTE_POOL_H
#define TAYRA_TIER_REMOTE_POOL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "net/resp_client.h"

struct tayra__remote_session;
struct tayra__remote_settings;

#define TAYRA__REMOTE_CONNECTIONS_MAX 64u

struct tayra__remote_reader {
	struct tayra__resp_client client;
	uint64_t session; /* its number */
	bool busy;
	bool used; /* it has answered before: a server may have closed it since */
};

struct tayra__remote_pool {
	const struct tayra__remote_settings *settings;
	pthread_mutex_t lock;
	pthread_cond_t freed;                                               /* CLOCK_MONOTONIC */
	struct tayra__remote_reader readers[TAYRA__REMOTE_CONNECTIONS_MAX]; /* busy: lock */
};

void tayra__remote_pool_init(struct tayra__remote_pool *pool,
			     const struct tayra__remote_settings *settings);
/* Nobody has one.  `forked`: in a child. */
void tayra__remote_pool_fini(struct tayra__remote_pool *pool, bool forked);
/* A reader for the caller alone, connected for that session or not; NULL: none in time. */
struct tayra__remote_reader *tayra__remote_pool_take(struct tayra__remote_pool *pool,
						     uint64_t deadline_ns);
void tayra__remote_pool_give(struct tayra__remote_pool *pool, struct tayra__remote_reader *reader);
/*
 * Make sure that it is connected for the session.
 * => TAYRA_OK; TAYRA_E_CORRUPT: another server answers there than the line's; or why not.
 */
int tayra__remote_reader_connect(struct tayra__remote_reader *reader,
				 const struct tayra__remote_settings *settings,
				 const struct tayra__remote_session *session, uint64_t deadline_ns);

#endif
