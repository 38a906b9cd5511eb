/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/periodic.h"

#include <string.h>

#include "base/hash.h"

#define WAYS       4
#define SECOND_MS  1000
#define REGULAR    2  /* times in a row */
#define SKIPS      3  /* a period may pass so many times, less one, without it */
#define OFF_PART   24 /* an hour of a day is still regular */
#define LEAD_PART  100
#define FAILED_MAX 3
#define CAME_MAX   15

/* In seconds, from 1 on: 0 is never. */
struct beginnings {
	uint32_t tag; /* of its hash; 0: free */
	uint32_t seen, began, period, deviation;
	uint32_t regular; /* times in a row */
};

/* The block: the struct, then the first table, then the second. */
static uint32_t
sets_for(uint32_t keys)
{
	return tayra__hash_table_size((keys + WAYS - 1) / WAYS);
}

size_t
tayra__periodic_bytes(const struct tayra__periodic_options *options)
{
	if (options->keys > 1u << 26 || options->places > 1u << 20)
		return 0;
	return sizeof(struct tayra__periodic) +
	       (size_t)sets_for(options->keys) * WAYS * sizeof(struct beginnings) +
	       options->places * sizeof(struct tayra__periodic_place);
}

void
tayra__periodic_init(struct tayra__periodic *periodic,
		     const struct tayra__periodic_options *options)
{
	memset(periodic, 0, tayra__periodic_bytes(options));
	periodic->options = *options;
	periodic->sets = sets_for(options->keys);
}

static struct beginnings *
first_table(const struct tayra__periodic *periodic)
{
	return (struct beginnings *)(uintptr_t)(periodic + 1);
}

static struct tayra__periodic_place *
second_table(const struct tayra__periodic *periodic)
{
	return (struct tayra__periodic_place *)(void *)(first_table(periodic) +
							(size_t)periodic->sets * WAYS);
}

/* Known, or in the place of what is less regular, and of such what was seen longest ago. */
static struct beginnings *
take(struct tayra__periodic *periodic, uint64_t hash, uint32_t now)
{
	struct beginnings *set = &first_table(periodic)[(hash & (periodic->sets - 1)) * WAYS];
	uint32_t tag = (uint32_t)(hash >> 32) | 1u;
	struct beginnings *out = set;

	for (int way = 0; way < WAYS; way++) {
		struct beginnings *key = &set[way];

		if (key->tag == tag)
			return key;
		/* What has not come for so long is not regular any more. */
		if (key->regular && now - key->seen > (SKIPS + 1) * key->period)
			key->regular = 0;
		if (key->regular < out->regular ||
		    (key->regular == out->regular && key->seen < out->seen))
			out = key;
	}
	*out = (struct beginnings){ .tag = tag };
	return out;
}

static struct tayra__periodic_place *
find(const struct tayra__periodic *periodic, uint64_t hash)
{
	struct tayra__periodic_place *places = second_table(periodic);

	for (uint32_t i = 0; i < periodic->options.places; i++)
		if (places[i].hash == hash)
			return &places[i];
	return NULL;
}

static void
expect(struct tayra__periodic *periodic, const struct beginnings *begun, uint64_t hash,
       const void *key, size_t key_len, uint64_t now_ms)
{
	struct tayra__periodic_place *place = find(periodic, hash);

	if (!place) {
		place = find(periodic, 0);
		if (!place || key_len > TAYRA__PERIODIC_KEY)
			return;
		*place = (struct tayra__periodic_place){ .hash = hash,
							 .came = REGULAR,
							 .key_len = (uint8_t)key_len };
		if (key_len)
			memcpy(place->key, key, key_len);
	}
	place->period_ms = (uint64_t)begun->period * SECOND_MS;
	place->at_ms = now_ms + place->period_ms;
	place->off_ms = 2 * (uint64_t)begun->deviation * SECOND_MS + place->period_ms / LEAD_PART;
	place->came += place->came < CAME_MAX;
	place->failed = 0;
	place->told = false;
}

static uint32_t
distance(uint32_t a, uint32_t b)
{
	return a > b ? a - b : b - a;
}

/* It has begun `passed` seconds after it began before.  => whether that was to be expected. */
static bool
is_regular(struct beginnings *key, uint32_t passed)
{
	for (uint32_t times = 1; key->period && times <= SKIPS; times++) {
		uint32_t once = passed / times, off = distance(once, key->period);

		if (off > key->period / OFF_PART + 1)
			continue;
		key->deviation = (3 * key->deviation + off + 3) / 4;
		key->period = (3 * key->period + once + 2) / 4;
		return true;
	}
	return false;
}

void
tayra__periodic_missed(struct tayra__periodic *periodic, uint64_t hash, const void *key,
		       size_t key_len, uint64_t now_ms, uint64_t quiet_ms)
{
	uint32_t now = (uint32_t)(now_ms / SECOND_MS) + 1, passed;
	struct beginnings *known;

	if (hash == 0)
		return;
	known = take(periodic, hash, now);
	if (known->seen && (uint64_t)(now - known->seen) * SECOND_MS <= quiet_ms) {
		known->seen = now;
		return;
	}
	passed = now - known->began;
	if (known->began && is_regular(known, passed)) {
		known->regular++;
	} else {
		uint64_t passed_ms = (uint64_t)passed * SECOND_MS;
		bool may_be = known->began && passed_ms >= TAYRA__PERIODIC_LEAST_MS &&
			      passed_ms <= TAYRA__PERIODIC_MOST_MS;

		known->period = may_be ? passed : 0;
		known->deviation = 0;
		known->regular = 0;
	}
	known->began = known->seen = now;
	if (known->regular >= REGULAR)
		expect(periodic, known, hash, key, key_len, now_ms);
}

double
tayra__periodic_probability(const struct tayra__periodic_place *place)
{
	return (place->came + 0.5) / (place->came + 1.0 + 2.0 * place->failed);
}

/* Its time has passed without it. */
static void
give_up(struct tayra__periodic_place *place)
{
	if (++place->failed >= FAILED_MAX) {
		*place = (struct tayra__periodic_place){ 0 };
		return;
	}
	place->at_ms += place->period_ms;
	place->told = false;
}

const struct tayra__periodic_place *
tayra__periodic_due(struct tayra__periodic *periodic, uint64_t now_ms, uint32_t budget)
{
	struct tayra__periodic_place *places = second_table(periodic);

	while (periodic->options.places > 0 && budget-- > 0) {
		struct tayra__periodic_place *place =
			&places[periodic->sweep++ % periodic->options.places];

		if (!place->hash)
			continue;
		if (now_ms > place->at_ms + place->off_ms) {
			give_up(place);
		} else if (!place->told && now_ms + place->off_ms >= place->at_ms) {
			place->told = true;
			return place;
		}
	}
	return NULL;
}
