/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/survey.h"

#include <tayra/base.h>

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/hash.h"
#include "base/mem.h"
#include "learn/patterns.h"
#include "sim/trace.h"

#define SLOTS_FIRST 1024
#define NS_MAX      0x1p62 /* what time is not beyond */

/* What the cache without limits knows of a key. */
struct slot {
	uint64_t key;
	uint64_t size_bytes;
	double loaded_s, expires_s; /* expires_s 0: does not */
	bool taken, there;
};

/* Open addressing, linear probing, never over 3/4 full; never shrinks. */
struct tayra__survey {
	struct slot *slots;
	size_t slot_count, used;
	uint64_t secret; /* a trace cannot aim at the table */
	uint64_t seed;
	struct tayra__patterns *patterns;
	bool begun;
};

int
tayra__survey_create(uint64_t seed, struct tayra__survey **out)
{
	const struct tayra__patterns_options options = { 0 };
	struct tayra__survey *survey = tayra__mem_alloc(sizeof(*survey));

	*out = NULL;
	if (!survey)
		return TAYRA_E_NOMEM;
	survey->slot_count = SLOTS_FIRST;
	survey->slots = tayra__mem_array(SLOTS_FIRST, sizeof(*survey->slots));
	survey->patterns = tayra__mem_alloc(tayra__patterns_bytes(&options));
	survey->secret = tayra__hash_random_seed();
	survey->seed = seed;
	if (!survey->slots || !survey->patterns) {
		tayra__survey_destroy(survey);
		return TAYRA_E_NOMEM;
	}
	*out = survey;
	return TAYRA_OK;
}

void
tayra__survey_destroy(struct tayra__survey *survey)
{
	if (!survey)
		return;
	tayra__mem_free(survey->patterns);
	tayra__mem_free(survey->slots);
	tayra__mem_free(survey);
}

static struct slot *
find(const struct tayra__survey *survey, uint64_t key)
{
	size_t mask = survey->slot_count - 1;
	size_t at = tayra__hash_mix64(key ^ survey->secret) & mask;

	while (survey->slots[at].taken && survey->slots[at].key != key)
		at = (at + 1) & mask;
	return &survey->slots[at];
}

static int
grow(struct tayra__survey *survey)
{
	struct tayra__survey larger = *survey;

	larger.slot_count *= 2;
	larger.slots = tayra__mem_array(larger.slot_count, sizeof(*larger.slots));
	if (!larger.slots)
		return TAYRA_E_NOMEM;
	for (size_t i = 0; i < survey->slot_count; i++)
		if (survey->slots[i].taken)
			*find(&larger, survey->slots[i].key) = survey->slots[i];
	tayra__mem_free(survey->slots);
	*survey = larger;
	return TAYRA_OK;
}

static uint64_t
ns_of(double seconds)
{
	return (uint64_t)fmin(fmax(seconds, 0) * 1e9, NS_MAX);
}

static void
load(struct tayra__survey *survey, struct slot *slot, const struct tayra__trace_request *row,
     const struct tayra__patterns_event *event, bool expired)
{
	uint64_t age_ns = expired ? ns_of(row->time_s - slot->loaded_s) : 0;

	tayra__patterns_load(
		survey->patterns, event, expired ? TAYRA__PATTERNS_EXPIRED : TAYRA__PATTERNS_NEW,
		expired && slot->size_bytes != row->size_bytes ? TAYRA__PATTERNS_CHANGED
							       : TAYRA__PATTERNS_UNKNOWN,
		age_ns);
	slot->there = true;
	slot->size_bytes = row->size_bytes;
	slot->loaded_s = row->time_s;
	slot->expires_s = row->ttl_s > 0 ? row->time_s + row->ttl_s : 0;
}

static void
use(struct tayra__survey *survey, struct slot *slot, const struct tayra__trace_request *row,
    const struct tayra__patterns_event *event)
{
	bool expired = slot->there && slot->expires_s > 0 && row->time_s >= slot->expires_s;
	bool hit = slot->there && !expired;

	if (expired)
		tayra__patterns_gone(survey->patterns, event, TAYRA__PATTERNS_EXPIRED);
	tayra__patterns_use(survey->patterns, event,
			    hit ? TAYRA__PATTERNS_HIT : TAYRA__PATTERNS_MISS);
	if (!hit)
		load(survey, slot, row, event, expired);
}

int
tayra__survey_row(struct tayra__survey *survey, const struct tayra__trace_request *row)
{
	char text[24];
	struct tayra__patterns_event event = {
		.hash = tayra__hash_mix64(row->key ^ tayra__hash_mix64(survey->seed)),
		.key = text,
		.key_len = (size_t)snprintf(text, sizeof(text), "%" PRIu64, row->key),
		.now_ns = ns_of(row->time_s),
		.bytes = row->size_bytes > 1 ? row->size_bytes : 0,
		.cost_ns = ns_of(row->cost_ms / 1000),
	};
	struct slot *slot;

	if (survey->used * 4 >= survey->slot_count * 3 && grow(survey))
		return TAYRA_E_NOMEM;
	if (!survey->begun)
		tayra__patterns_init(survey->patterns, &(struct tayra__patterns_options){ 0 },
				     event.now_ns);
	survey->begun = true;
	slot = find(survey, row->key);
	survey->used += !slot->taken;
	slot->taken = true;
	slot->key = row->key;
	if (row->op != TAYRA__TRACE_DELETE) {
		use(survey, slot, row, &event);
		return TAYRA_OK;
	}
	if (slot->there)
		tayra__patterns_gone(survey->patterns, &event, TAYRA__PATTERNS_REMOVED);
	slot->there = false;
	return TAYRA_OK;
}

const struct tayra__patterns *
tayra__survey_patterns(const struct tayra__survey *survey)
{
	return survey->begun ? survey->patterns : NULL;
}
