/* SPDX-License-Identifier: Apache-2.0 */
#include "load/doubt.h"

#include <string.h>

#include "base/mem.h"

static bool
begins_with(const void *key, size_t key_len, const void *prefix, size_t prefix_len)
{
	return key_len >= prefix_len && (prefix_len == 0 || memcmp(key, prefix, prefix_len) == 0);
}

static uint64_t
earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t
later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* What its tags say.  => false: it is gone. */
static bool
ask_tags(const struct tayra__doubts *doubts, const struct tayra__suspect *suspect, uint64_t born_ms,
	 struct tayra_item_meta *meta)
{
	const struct tayra__tags tags = tayra__tags_read(suspect->value, suspect->value_len,
							 meta->flags);
	const struct tayra__tag_moments moments = tayra__tag_ask(&doubts->tags, &tags);

	if (born_ms < moments.aged_ms && !(meta->flags & TAYRA_ITEM_STALE))
		meta->fresh_ms = 0;
	return born_ms >= moments.erased_ms;
}

bool
tayra__doubts_ask(const struct tayra__doubts *doubts, const struct tayra__suspect *suspect,
		  uint64_t margin_ms, struct tayra_item_meta *meta)
{
	const uint64_t born_ms = meta->born_ms > margin_ms ? meta->born_ms - margin_ms : 0;
	const struct tayra__doubt *d = atomic_load_explicit(&doubts->first, memory_order_acquire);
	uint64_t fresh_ms = UINT64_MAX, until_ms;

	for (; d; d = d->next) {
		uint64_t blind_ttl_ms, before_ms;

		if (!begins_with(suspect->key, suspect->key_len, d->prefix, d->prefix_len))
			continue;
		blind_ttl_ms = atomic_load_explicit(&d->blind_ttl_ms, memory_order_acquire);
		before_ms = atomic_load_explicit(
			meta->flags & TAYRA__ITEM_TAGS ? &d->tagged_before_ms : &d->before_ms,
			memory_order_acquire);
		if (born_ms < before_ms && d->erases)
			return false;
		if (born_ms < before_ms)
			fresh_ms = 0; /* who asks may know the time from a moment ago */
		if (!__builtin_add_overflow(born_ms, blind_ttl_ms, &until_ms))
			fresh_ms = earlier(fresh_ms, until_ms);
	}
	/* What is marked is stale already, and its fresh_ms the end of the mark. */
	if (!(meta->flags & TAYRA_ITEM_STALE))
		meta->fresh_ms = earlier(meta->fresh_ms, fresh_ms);
	return !(meta->flags & TAYRA__ITEM_TAGS) || ask_tags(doubts, suspect, born_ms, meta);
}

void
tayra__doubts_fini(struct tayra__doubts *doubts)
{
	struct tayra__doubt *d = atomic_load_explicit(&doubts->first, memory_order_relaxed), *next;

	for (; d; d = next) {
		next = d->next;
		tayra__mem_free(d);
	}
	tayra__tag_table_fini(&doubts->tags);
}

struct tayra__doubt *
tayra__doubt_take(struct tayra__doubts *doubts, const void *prefix, size_t prefix_len, bool erases)
{
	struct tayra__doubt *d = atomic_load_explicit(&doubts->first, memory_order_relaxed);

	for (; d; d = d->next)
		if (!d->taken && d->erases == erases && d->prefix_len == prefix_len &&
		    begins_with(d->prefix, d->prefix_len, prefix, prefix_len))
			break;
	if (!d) {
		d = tayra__mem_alloc(sizeof(*d) + prefix_len);
		if (!d)
			return NULL;
		d->erases = erases;
		d->prefix_len = prefix_len;
		if (prefix_len)
			memcpy(d->prefix, prefix, prefix_len);
		atomic_init(&d->blind_ttl_ms, UINT64_MAX);
		d->next = atomic_load_explicit(&doubts->first, memory_order_relaxed);
		atomic_store_explicit(&doubts->first, d, memory_order_release);
	}
	d->taken = true;
	return d;
}

static void
sum_up(struct tayra__doubts *doubts)
{
	const struct tayra__doubt *d = atomic_load_explicit(&doubts->first, memory_order_relaxed);
	uint64_t before_ms = doubts->tags.latest_ms, one_ms;

	for (; d; d = d->next) { /* what has tags is never doubted for shorter */
		one_ms = atomic_load_explicit(&d->tagged_before_ms, memory_order_relaxed);
		if (atomic_load_explicit(&d->blind_ttl_ms, memory_order_relaxed) != UINT64_MAX)
			one_ms = UINT64_MAX;
		before_ms = later(before_ms, one_ms);
	}
	atomic_store_explicit(&doubts->before_ms, before_ms, memory_order_release);
}

void
tayra__doubt_give_back(struct tayra__doubts *doubts, struct tayra__doubt *doubt)
{
	atomic_store_explicit(&doubt->blind_ttl_ms, UINT64_MAX, memory_order_release);
	doubt->taken = false;
	sum_up(doubts);
}

void
tayra__doubt_mark(struct tayra__doubts *doubts, struct tayra__doubt *doubt, uint64_t now_ms,
		  uint64_t blind_ttl_ms)
{
	/* Births are whole milliseconds: what was born in this one may have been before now. */
	atomic_store_explicit(&doubt->before_ms, now_ms + 1, memory_order_release);
	atomic_store_explicit(&doubt->tagged_before_ms, later(now_ms, doubts->tags.latest_ms) + 1,
			      memory_order_release);
	atomic_store_explicit(&doubt->blind_ttl_ms, blind_ttl_ms, memory_order_release);
	sum_up(doubts);
}

void
tayra__doubts_tell_tag(struct tayra__doubts *doubts, uint64_t hash, uint64_t now_ms,
		       enum tayra__tag_how how)
{
	tayra__tag_tell(&doubts->tags, hash, now_ms, how);
	sum_up(doubts);
}

void
tayra__doubts_tell_any_tag(struct tayra__doubts *doubts, uint64_t now_ms, enum tayra__tag_how how)
{
	tayra__tag_tell_any(&doubts->tags, now_ms, how);
	sum_up(doubts);
}
