/* SPDX-License-Identifier: Apache-2.0
 *
 * remote_news.h: what others have changed, on its way from the line to whoever watches the tier.
 * It is told on a thread of its own: who is told may wait for locks that are held by callers who
 * wait for the line.  Bounded; when there is no more room, or no memory, everything is said to have
 * changed.
 */
#ifndef TAYRA_TIER_REMOTE_NEWS_H
#define TAYRA_TIER_REMOTE_NEWS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "net/buffer.h"
#include "tier/tier.h"

struct tayra__remote_news {
	struct tayra__tier *tier;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake, told;
	/* lock: */
	struct tayra__buffer waiting; /* length, key, length, key ..; no length, hash of a tag */
	bool everything, stop;
	bool telling;
};

/* Starts the thread.  => TAYRA_OK, TAYRA_E_NOMEM. */
int tayra__remote_news_init(struct tayra__remote_news *news, struct tayra__tier *tier);
/* Stops it; what is not told yet is not told. */
void tayra__remote_news_fini(struct tayra__remote_news *news);
/* Never waits for who is told. */
void tayra__remote_news_add(struct tayra__remote_news *news, const void *key, size_t key_len);
void tayra__remote_news_add_tag(struct tayra__remote_news *news, uint64_t hash);
void tayra__remote_news_everything(struct tayra__remote_news *news);
/* Wait until all that was added has been told. */
void tayra__remote_news_settle(struct tayra__remote_news *news);

#endif
