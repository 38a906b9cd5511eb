/* SPDX-License-Identifier: Apache-2.0 */
#include "tier/remote_news.h"

#include <stdint.h>
#include <string.h>

#define WAITING_MAX (1u << 20)
#define KEEP        65536u
#define TAG         UINT32_MAX /* in place of a key's length */

/* Tell all of a batch, no lock held. */
static void
tell(struct tayra__tier *tier, struct tayra__buffer *batch)
{
	while (batch->len > 0) {
		const char *at = batch->bytes + batch->start;
		uint64_t hash;
		uint32_t len;

		memcpy(&len, at, sizeof(len));
		if (len == TAG) {
			memcpy(&hash, at + sizeof(len), sizeof(hash));
			tayra__tier_tagged(tier, hash);
			len = sizeof(hash);
		} else {
			tayra__tier_changed(tier, at + sizeof(len), len);
		}
		tayra__buffer_consume(batch, sizeof(len) + len);
	}
	tayra__buffer_reset(batch, KEEP);
}

static void *
run(void *arg)
{
	struct tayra__remote_news *news = arg;
	struct tayra__buffer batch, swap;
	bool everything;

	tayra__buffer_init(&batch, WAITING_MAX);
	pthread_mutex_lock(&news->lock);
	while (!news->stop) {
		if (news->waiting.len == 0 && !news->everything) {
			news->telling = false;
			pthread_cond_broadcast(&news->told);
			pthread_cond_wait(&news->wake, &news->lock);
			continue;
		}
		swap = batch;
		batch = news->waiting;
		news->waiting = swap;
		everything = news->everything;
		news->everything = false;
		news->telling = true;
		pthread_mutex_unlock(&news->lock);
		if (everything)
			tayra__tier_changed(news->tier, NULL, 0);
		tell(news->tier, &batch);
		pthread_mutex_lock(&news->lock);
	}
	pthread_mutex_unlock(&news->lock);
	tayra__buffer_fini(&batch);
	return NULL;
}

int
tayra__remote_news_init(struct tayra__remote_news *news, struct tayra__tier *tier)
{
	*news = (struct tayra__remote_news){ .tier = tier };
	pthread_mutex_init(&news->lock, NULL);
	pthread_cond_init(&news->wake, NULL);
	pthread_cond_init(&news->told, NULL);
	tayra__buffer_init(&news->waiting, WAITING_MAX);
	if (pthread_create(&news->thread, NULL, run, news) == 0)
		return TAYRA_OK;
	pthread_cond_destroy(&news->told);
	pthread_cond_destroy(&news->wake);
	pthread_mutex_destroy(&news->lock);
	return TAYRA_E_NOMEM;
}

void
tayra__remote_news_fini(struct tayra__remote_news *news)
{
	pthread_mutex_lock(&news->lock);
	news->stop = true;
	pthread_cond_signal(&news->wake);
	pthread_mutex_unlock(&news->lock);
	pthread_join(news->thread, NULL);
	tayra__buffer_fini(&news->waiting);
	pthread_cond_destroy(&news->told);
	pthread_cond_destroy(&news->wake);
	pthread_mutex_destroy(&news->lock);
}

static void
say_everything(struct tayra__remote_news *news)
{
	tayra__buffer_reset(&news->waiting, KEEP);
	news->everything = true;
}

static void
add(struct tayra__remote_news *news, uint32_t head, const void *bytes, size_t len)
{
	pthread_mutex_lock(&news->lock);
	tayra__buffer_append(&news->waiting, &head, sizeof(head));
	tayra__buffer_append(&news->waiting, bytes, len);
	if (news->waiting.failed)
		say_everything(news);
	pthread_cond_signal(&news->wake);
	pthread_mutex_unlock(&news->lock);
}

void
tayra__remote_news_add(struct tayra__remote_news *news, const void *key, size_t key_len)
{
	add(news, (uint32_t)key_len, key, key_len);
}

void
tayra__remote_news_add_tag(struct tayra__remote_news *news, uint64_t hash)
{
	add(news, TAG, &hash, sizeof(hash));
}

void
tayra__remote_news_everything(struct tayra__remote_news *news)
{
	pthread_mutex_lock(&news->lock);
	say_everything(news);
	pthread_cond_signal(&news->wake);
	pthread_mutex_unlock(&news->lock);
}

void
tayra__remote_news_settle(struct tayra__remote_news *news)
{
	pthread_mutex_lock(&news->lock);
	while (news->telling || news->everything || news->waiting.len > 0)
		pthread_cond_wait(&news->told, &news->lock);
	pthread_mutex_unlock(&news->lock);
}
