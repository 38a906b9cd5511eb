/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/history.h"

#include <string.h>

#include "base/hash.h"

static uint32_t
buckets_for(uint32_t objects)
{
	return tayra__hash_table_size((objects + TAYRA__HISTORY_WAYS - 1) / TAYRA__HISTORY_WAYS);
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

static size_t
bucket_at(const struct tayra__history *history, uint32_t hash)
{
	return (size_t)(hash & (history->buckets - 1)) * TAYRA__HISTORY_WAYS;
}

static struct tayra__reuse
unpack(const struct tayra__past *past)
{
	return (struct tayra__reuse){
		.last = past->last,
		.freq = past->freq_distance >> 4,
		.distance = past->freq_distance & 15,
		.size = past->size,
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
meet(const struct tayra__past *pasts, uint32_t now, struct tayra__values *values)
{
	for (uint32_t i = 0; i < TAYRA__HISTORY_WAYS; i++) {
		struct tayra__reuse reuse = unpack(&pasts[(now + i) % TAYRA__HISTORY_WAYS]);

		if (reuse.freq == 0)
			continue;
		tayra__values_alive(values, TAYRA__ALIVE_LEFT, &reuse, now - reuse.last);
		return;
	}
}

void
tayra__history_add(struct tayra__history *history, uint32_t hash, const struct tayra__reuse *reuse,
		   uint32_t now, struct tayra__values *values)
{
	struct tayra__past *pasts = &history->pasts[bucket_at(history, hash)];
	struct tayra__past *oldest = pasts, *room = NULL;

	for (int way = 0; way < TAYRA__HISTORY_WAYS; way++) {
		struct tayra__past *past = &pasts[way];

		if (past->freq_distance == 0)
			room = past;
		else if (now - past->last > now - oldest->last)
			oldest = past;
	}
	meet(pasts, now, values);
	if (!room) {
		forget(history, oldest, now, values);
		room = oldest;
	}
	*room = (struct tayra__past){
		.last = reuse->last,
		.tag = (uint16_t)(hash >> 16),
		.freq_distance = (uint8_t)(reuse->freq << 4 | reuse->distance),
		.size = reuse->size,
	};
	history->count++;
}

/* Where in `pasts` it is, SIZE_MAX when it is not. */
static size_t
place_of(const struct tayra__history *history, uint32_t hash)
{
	size_t first = bucket_at(history, hash);

	for (size_t at = first; at < first + TAYRA__HISTORY_WAYS; at++) {
		const struct tayra__past *past = &history->pasts[at];

		if (past->freq_distance && past->tag == (uint16_t)(hash >> 16))
			return at;
	}
	return SIZE_MAX;
}

bool
tayra__history_find(const struct tayra__history *history, uint32_t hash, struct tayra__reuse *out)
{
	size_t at = place_of(history, hash);

	if (at == SIZE_MAX)
		return false;
	*out = unpack(&history->pasts[at]);
	return true;
}

bool
tayra__history_take(struct tayra__history *history, uint32_t hash, struct tayra__reuse *out)
{
	size_t at = place_of(history, hash);

	if (at == SIZE_MAX)
		return false;
	*out = unpack(&history->pasts[at]);
	history->pasts[at].freq_distance = 0;
	history->count--;
	return true;
}

bool
tayra__history_sound(const struct tayra__history *history)
{
	uint32_t count = 0;

	for (size_t at = 0; at < (size_t)history->buckets * TAYRA__HISTORY_WAYS; at++)
		count += history->pasts[at].freq_distance != 0;
	return count == history->count;
}
