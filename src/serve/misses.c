/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/misses.h"

#include "base/hash.h"

#include <string.h>

static uint64_t
hash_of(const struct tayra__misses *misses, uint64_t client, const char *key, size_t len)
{
	uint64_t hash = tayra__hash_bytes(key - 1, len + 1,
					  misses->seed ^ tayra__hash_mix64(client));

	return hash ? hash : 1;
}

static struct tayra__miss *
set_of(struct tayra__misses *misses, uint64_t hash)
{
	return misses->sets[hash % TAYRA__MISSES_SETS];
}

/* Where the hash is in its set, or the last place. */
static unsigned
find(const struct tayra__miss *set, uint64_t hash)
{
	unsigned i = 0;

	while (i < TAYRA__MISSES_WAYS - 1 && set[i].hash != hash)
		i++;
	return i;
}

void
tayra__misses_add(struct tayra__misses *misses, uint64_t client, const char *key, size_t len,
		  uint64_t now_ns)
{
	uint64_t hash = hash_of(misses, client, key, len);
	struct tayra__miss *set = set_of(misses, hash);
	unsigned at = find(set, hash);

	memmove(set + 1, set, at * sizeof(set[0]));
	set[0] = (struct tayra__miss){ hash, now_ns };
}

uint64_t
tayra__misses_take(struct tayra__misses *misses, uint64_t client, const char *key, size_t len,
		   uint64_t arrived_ns)
{
	uint64_t hash = hash_of(misses, client, key, len);
	struct tayra__miss *miss = set_of(misses, hash);

	miss += find(miss, hash);
	if (miss->hash != hash)
		return 0;
	miss->hash = 0;
	if (arrived_ns <= miss->at_ns || arrived_ns - miss->at_ns > TAYRA__MISSES_AGE)
		return 0;
	return arrived_ns - miss->at_ns;
}
