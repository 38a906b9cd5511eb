/* SPDX-License-Identifier: Apache-2.0 */
#include "tier/remote_pool.h"

#include <string.h>
#include <time.h>

#include <tayra/base.h>

#include "tier/remote_greet.h"
#include "tier/remote_record.h"
#include "tier/remote_settings.h"

#define INFO_BYTES 65536u

void
tayra__remote_pool_init(struct tayra__remote_pool *pool,
			const struct tayra__remote_settings *settings)
{
	pthread_condattr_t attr;

	*pool = (struct tayra__remote_pool){ .settings = settings };
	pthread_mutex_init(&pool->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&pool->freed, &attr);
	pthread_condattr_destroy(&attr);
	for (uint32_t i = 0; i < TAYRA__REMOTE_CONNECTIONS_MAX; i++)
		tayra__resp_client_init(&pool->readers[i].client);
}

void
tayra__remote_pool_fini(struct tayra__remote_pool *pool, bool forked)
{
	for (uint32_t i = 0; i < TAYRA__REMOTE_CONNECTIONS_MAX; i++)
		tayra__resp_client_close(&pool->readers[i].client);
	if (forked) /* whoever holds the lock or waits is not here */
		return;
	pthread_cond_destroy(&pool->freed);
	pthread_mutex_destroy(&pool->lock);
}

/* The one that is free, preferably with a connection. */
static struct tayra__remote_reader *
find(struct tayra__remote_pool *pool)
{
	struct tayra__remote_reader *found = NULL;

	for (uint32_t i = 0; i < pool->settings->connections; i++) {
		struct tayra__remote_reader *r = &pool->readers[i];

		if (!r->busy && (!found || (found->client.fd < 0 && r->client.fd >= 0)))
			found = r;
	}
	return found;
}

struct tayra__remote_reader *
tayra__remote_pool_take(struct tayra__remote_pool *pool, uint64_t deadline_ns)
{
	const struct timespec ts = {
		.tv_sec = (time_t)(deadline_ns / TAYRA_NS_PER_S),
		.tv_nsec = (long)(deadline_ns % TAYRA_NS_PER_S),
	};
	struct tayra__remote_reader *reader;
	int why = 0;

	pthread_mutex_lock(&pool->lock);
	while (!(reader = find(pool)) && why == 0)
		why = pthread_cond_timedwait(&pool->freed, &pool->lock, &ts);
	if (reader)
		reader->busy = true;
	pthread_mutex_unlock(&pool->lock);
	return reader;
}

void
tayra__remote_pool_give(struct tayra__remote_pool *pool, struct tayra__remote_reader *reader)
{
	pthread_mutex_lock(&pool->lock);
	reader->busy = false;
	pthread_cond_signal(&pool->freed);
	pthread_mutex_unlock(&pool->lock);
}

int
tayra__remote_reader_connect(struct tayra__remote_reader *reader,
			     const struct tayra__remote_settings *settings,
			     const struct tayra__remote_session *session, uint64_t deadline_ns)
{
	const struct tayra__resp_client_options options = {
		.url = &settings->url,
		.name = "tayra",
		.bulk_bytes = settings->value_bytes + TAYRA__REMOTE_RECORD_HEADER + INFO_BYTES,
		.version = session->version,
		.syscalls = settings->syscalls,
	};
	char run_id[TAYRA__REMOTE_RUN_ID];
	int status;

	if (reader->client.fd >= 0 && reader->session == session->number)
		return TAYRA_OK;
	tayra__resp_client_close(&reader->client);
	reader->used = false;
	status = tayra__resp_client_open(&reader->client, &options, &session->address, deadline_ns,
					 NULL, 0);
	if (status != TAYRA_OK)
		return status == TAYRA_E_TIMEOUT ? status : TAYRA_E_IO;
	status = tayra__remote_run_id(&reader->client, deadline_ns, run_id);
	if (status == TAYRA_OK && strcmp(run_id, session->run_id) != 0)
		status = TAYRA_E_CORRUPT;
	if (status == TAYRA_OK)
		reader->session = session->number;
	else
		tayra__resp_client_close(&reader->client);
	return status;
}
