/* SPDX-License-Identifier: Apache-2.0 */
#include "origin/tagging.h"

#include "base/mem.h"
#include "load/origin.h"
#include "load/tag.h"
#include "origin/settings.h"
#include "origin/words.h"

#define ROOM_MAX (64u << 20) /* eight tags, each with eight parts of the longest key */

struct tayra__tagging {
	struct tayra__pattern keys;
	struct tayra__words words;
};

/* Any thread. */
static int
tags_of(const struct tayra_origin *origin, const void *key, size_t key_len, struct tayra__tags *out)
{
	const struct tayra__tagging *tagging = origin->tagging;
	struct tayra__part parts[TAYRA__PATTERN_PARTS], tags[TAYRA__WORDS_MAX];
	struct tayra__buffer room;
	int status;

	out->count = 0;
	if (!tayra__pattern_match(&tagging->keys, key, key_len, parts))
		return TAYRA_OK; /* nothing will come of it */
	tayra__buffer_init(&room, ROOM_MAX);
	status = tayra__words_fill(&tagging->words, parts, &room, tags);
	for (uint32_t i = 0; status == TAYRA_OK && i < tagging->words.count; i++)
		out->hash[out->count++] = tayra__tag_hash(tags[i].bytes, tags[i].len);
	tayra__buffer_fini(&room);
	return status;
}

int
tayra__tagging_attach(struct tayra_origin *origin, const struct tayra__origin_settings *settings,
		      const struct tayra__complaint *why, struct tayra_origin **out)
{
	static const struct tayra__words_kind kind = { "tags", TAYRA_TAGS_MAX, false };
	struct tayra__tagging *tagging;
	int status;

	if (!settings->tags) {
		*out = origin;
		return TAYRA_OK;
	}
	tagging = tayra__mem_alloc(sizeof(*tagging));
	if (!tagging) {
		tayra_origin_close(origin);
		return TAYRA_E_NOMEM;
	}
	tagging->keys = settings->keys;
	origin->tagging = tagging;
	origin->tags_of = tags_of;
	status = tayra__words_parse(settings->tags, &tagging->keys, &kind, &tagging->words, why);
	if (status == TAYRA_OK)
		*out = origin;
	else
		tayra_origin_close(origin);
	return status;
}

void
tayra__tagging_free(struct tayra__tagging *tagging)
{
	tayra__mem_free(tagging);
}
