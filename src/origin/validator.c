/* SPDX-License-Identifier: Apache-2.0
 *
 * validator.c: an entry is the hash and the length of the bytes, then both texts with their ends.
 * It is looked for by key and believed for those bytes alone: what the handle's cache or a tier has
 * may be older or newer than what this origin saw last, and a validator of other bytes would
 * confirm wrong ones.
 */
#include "origin/validator.h"

#include <string.h>
#include <strings.h>

#include <tayra/cache.h>

#include "base/hash.h"

static bool
is_named(const char *line, const char *colon, const char *name)
{
	return (size_t)(colon - line) == strlen(name) && strncasecmp(line, name, strlen(name)) == 0;
}

/* An entity-tag: "..", or W/"..", of what may stand in one. */
static bool
is_etag(const char *text, size_t len)
{
	if (len >= 2 && memcmp(text, "W/", 2) == 0) {
		text += 2;
		len -= 2;
	}
	if (len < 2 || text[0] != '"' || text[len - 1] != '"')
		return false;
	for (size_t i = 1; i < len - 1; i++)
		if ((unsigned char)text[i] < 0x21 || text[i] == '"' || text[i] == 0x7f)
			return false;
	return true;
}

/* What a date is written with; whether it is one the server will say, for it gets it back. */
static bool
is_date(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] >= 0x7f)
			return false;
	return len > 0;
}

static void
keep(char *to, size_t room, const char *text, size_t len, bool good)
{
	if (!good || len >= room)
		len = 0;
	memcpy(to, text, len);
	to[len] = '\0';
}

void
tayra__validator_read(struct tayra__validator *validator, const char *line, size_t len)
{
	const char *end = line + len, *colon, *text;

	while (end > line && strchr("\r\n \t", end[-1]) && end[-1])
		end--;
	if (end - line >= 5 && memcmp(line, "HTTP/", 5) == 0) {
		*validator = (struct tayra__validator){ 0 };
		return;
	}
	colon = end > line ? memchr(line, ':', (size_t)(end - line)) : NULL;
	if (!colon)
		return;
	text = colon + 1;
	while (text < end && (*text == ' ' || *text == '\t'))
		text++;
	len = (size_t)(end - text);
	if (is_named(line, colon, "etag"))
		keep(validator->etag, sizeof(validator->etag), text, len, is_etag(text, len));
	else if (is_named(line, colon, "last-modified"))
		keep(validator->modified, sizeof(validator->modified), text, len,
		     is_date(text, len));
}

void
tayra__validators_init(struct tayra__validators *validators, uint64_t memory_bytes)
{
	*validators = (struct tayra__validators){
		.memory_bytes = memory_bytes,
		.seed = tayra__hash_random_seed(),
	};
}

void
tayra__validators_fini(struct tayra__validators *validators)
{
	if (validators->cache)
		tayra_cache_destroy(validators->cache);
}

static struct tayra_cache *
make(struct tayra__validators *validators)
{
	struct tayra_cache_options options = TAYRA_CACHE_OPTIONS_INIT;

	options.memory_bytes = validators->memory_bytes;
	options.shards = 1;
	if (!validators->cache && validators->memory_bytes &&
	    tayra_cache_create(&options, &validators->cache) != TAYRA_OK)
		validators->cache = NULL;
	return validators->cache;
}

#define FRONT        (2 * sizeof(uint64_t))
#define PACKED_BYTES (FRONT + sizeof(struct tayra__validator))

void
tayra__validators_put(struct tayra__validators *validators, const void *key, size_t key_len,
		      const void *bytes, size_t len, const struct tayra__validator *validator)
{
	const size_t etag = strlen(validator->etag) + 1, date = strlen(validator->modified) + 1;
	uint64_t of[2] = { 0, len };
	unsigned char packed[PACKED_BYTES];

	if (etag == 1 && date == 1) {
		if (validators->cache)
			tayra_cache_delete(validators->cache, key, key_len);
		return;
	}
	if (!make(validators))
		return;
	of[0] = tayra__hash_bytes(bytes, len, validators->seed);
	memcpy(packed, of, FRONT);
	memcpy(packed + FRONT, validator->etag, etag);
	memcpy(packed + FRONT + etag, validator->modified, date);
	tayra_cache_put(validators->cache, key, key_len, packed, FRONT + etag + date, NULL, 0);
}

bool
tayra__validators_get(struct tayra__validators *validators, const void *key, size_t key_len,
		      const void *bytes, size_t len, struct tayra__validator *out)
{
	struct tayra_value value;
	const char *texts;
	uint64_t of[2];
	bool same;

	*out = (struct tayra__validator){ 0 };
	if (!validators->cache ||
	    tayra_cache_get(validators->cache, key, key_len, 0, &value) != TAYRA_OK)
		return false;
	memcpy(of, value.data, FRONT);
	texts = (const char *)value.data + FRONT;
	same = of[1] == len && of[0] == tayra__hash_bytes(bytes, len, validators->seed);
	if (same) {
		const size_t etag = strlen(texts) + 1;

		memcpy(out->etag, texts, etag);
		memcpy(out->modified, texts + etag, value.len - FRONT - etag);
	}
	tayra_cache_unpin(validators->cache, &value);
	return same;
}
