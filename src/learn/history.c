/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/history.h"

#include <string.h>

static uint32_t
buckets_for(uint32_t objects)
{
	uint32_t buckets = 1;

	while (buckets < (objects + TAYRA__HISTORY_WAYS - 1) / TAYRA__HISTORY_WAYS)
		buckets *= 2;
	return buckets;
}

size_t
tayra__history_bytes(uint32_t objects)
{
	if (objects > 1u << 30)
		return 0;
	return sizeof(struct tayra__history) +
	       (size_t)buckets_for(objects) * TAYRA__HISTORY_WAYS * sizeof(struct tayra__past);
}

void
tayra__history_init(struct tayra__history *history, uint32_t objects)
{
	memset(history, 0, tayra__history_bytes(objects));
	history->buckets = buckets_for(objects);
}

static struct tayra__past *
bucket(struct tayra__history *history, uint32_t hash)
{
	return &history->pasts[(size_t)(hash & (history->buckets - 1)) * TAYRA__HISTORY_WAYS];
}

static struct tayra__reuse
unpack(const struct tayra__past *past)
{
	return (struct tayra__reuse){
		.last = past->last,
		.freq = past->freq_distance >> 4,
		.distance = past->freq_distance & 15,
	};
}

static void
forget(struct tayra__history *history, struct tayra__past *past, uint32_t now,
       struct tayra__values *values)
{
	struct tayra__reuse reuse = unpack(past);

	tayra__values_censored(values, &reuse, now - reuse.last);
	past->freq_distance = 0;
	history->count--;
}

/* One drawn at random: the bucket is as good as random already. */
static void
meet(const struct tayra__past *past, uint32_t now, struct tayra__values *values)
{
	struct tayra__reuse reuse = unpack(past);

	if (reuse.freq)
		tayra__values_alive(values, TAYRA__ALIVE_LEFT, &reuse, now - reuse.last);
}

void
tayra__history_add(struct tayra__history *history, uint32_t hash, const struct tayra__reuse *reuse,
		   uint32_t now, struct tayra__values *values)
{
	struct tayra__past *pasts = bucket(history, hash), *oldest = pasts, *room = NULL;

	for (int way = 0; way < TAYRA__HISTORY_WAYS; way++) {
		struct tayra__past *past = &pasts[way];

		if (past->freq_distance == 0)
			room = past;
		else if (now - past->last > now - oldest->last)
			oldest = past;
	}
	meet(&pasts[now % TAYRA__HISTORY_WAYS], now, values);
	if (!room) {
		forget(history, oldest, now, values);
		room = oldest;
	}
	*room = (struct tayra__past){
		.last = reuse->last,
		.tag = (uint16_t)(hash >> 16),
		.freq_distance = (uint8_t)(reuse->freq << 4 | reuse->distance),
	};
	history->count++;
}

bool
tayra__history_take(struct tayra__history *history, uint32_t hash, struct tayra__reuse *out)
{
	struct tayra__past *pasts = bucket(history, hash);

	for (int way = 0; way < TAYRA__HISTORY_WAYS; way++) {
		struct tayra__past *past = &pasts[way];

		if (past->freq_distance == 0 || past->tag != (uint16_t)(hash >> 16))
			continue;
		*out = unpack(past);
		past->freq_distance = 0;
		history->count--;
		return true;
	}
	return false;
}
