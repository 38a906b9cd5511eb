/* SPDX-License-Identifier: Apache-2.0
 *
 * store.c: the calls that change a key.  They detach the key's flight and change the cache in one
 * hold of handle.lock, so that what a load began to read before can never come back after.  (A
 * clear detaches all that is meant first, and then takes its time.)
 */
#include "load/store.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/option.h"
#include "cache/handle.h"
#include "load/below.h"
#include "load/eager.h"
#include "load/flight.h"
#include "load/handle.h"
#include "load/land.h"
#include "load/learner.h"
#include "load/prefetch.h"
#include "load/request.h"

/* The bytes, with the tags behind them, are copied into the cache before the lock is taken. */
static int
reserve_copy(struct tayra *t, const void *key, size_t key_len, const void *value, size_t bytes,
	     uint64_t now_ms, struct tayra_reservation *reservation)
{
	int status = tayra_cache_reserve(t->cache, key, key_len, bytes, now_ms, reservation);

	if (status == TAYRA_OK && bytes > 0)
		memcpy(reservation->data, value, bytes);
	return status;
}

/* All but the remote tier, which is due: *number.  With *unless, which handle.lock guards, the key
 * is forgotten instead: TAYRA_E_CANCELLED. */
static int
put_here(struct tayra *t, const void *key, size_t key_len, const void *value, size_t value_len,
	 const struct tayra_item_meta *meta, const bool *unless, uint64_t *number)
{
	struct tayra_reservation reservation = { 0 };
	uint64_t now_ms = tayra__handle_now_ns(t) / TAYRA_NS_PER_MS;
	int status = reserve_copy(t, key, key_len, value,
				  value_len + tayra__item_tag_bytes(meta->flags), now_ms,
				  &reservation);

	tayra__below_enter(t, key, key_len);
	pthread_mutex_lock(&t->lock);
	tayra__flight_forget(t, key, key_len);
	tayra__learner_forget(t, key, key_len);
	if (status == TAYRA_OK && *unless) {
		tayra_cache_abandon(t->cache, &reservation);
		status = TAYRA_E_CANCELLED;
	}
	if (status == TAYRA_OK)
		status = tayra_cache_commit(t->cache, &reservation, meta, now_ms, NULL);
	if (status != TAYRA_OK)
		tayra_cache_delete(t->cache, key, key_len);
	*number = tayra__due_note(t, key, key_len);
	pthread_mutex_unlock(&t->lock);
	if (status == TAYRA_OK)
		tayra__below_put(t, key, key_len, value, value_len, meta);
	else
		tayra__below_remove(t, key, key_len);
	tayra__below_leave(t, key, key_len);
	return status;
}

static int
put(struct tayra *t, const void *key, size_t key_len, const void *value, size_t value_len,
    const struct tayra_item_meta *meta, const bool *unless)
{
	struct tayra__news news = { .value = value, .len = value_len };
	uint64_t number;
	int status = put_here(t, key, key_len, value, value_len, meta, unless, &number);

	news.meta = status == TAYRA_OK ? meta : NULL;
	tayra__due_deliver(t, key, key_len, number, &news);
	return status;
}

static int
check(const struct tayra *t, const void *key, size_t key_len, const void *value, size_t value_len)
{
	int status = tayra__key_check(t, key, key_len);

	return status == TAYRA_OK && !value && value_len > 0 ? TAYRA_E_INVAL : status;
}

static const bool always = false; /* unless nothing */

static struct tayra_item_meta
meta_now(const struct tayra *t, const void *key, size_t key_len, uint64_t ttl_ms, uint64_t stale_ms)
{
	uint64_t now_ms = tayra__handle_now_ns(t) / TAYRA_NS_PER_MS;

	ttl_ms = ttl_ms ? ttl_ms : tayra__setting(&t->settings.ttl_ms);
	return tayra__meta_for(now_ms, tayra__ttl_shortened(t, key, key_len, ttl_ms, now_ms),
			       stale_ms ? stale_ms : tayra__setting(&t->settings.stale_ms));
}

/* A copy with the tags behind it, for RAM and the tiers alike. */
static int
put_tagged(struct tayra *t, const void *key, size_t key_len, const void *value, size_t value_len,
	   struct tayra_item_meta *meta, const struct tayra__tags *tags, const bool *unless)
{
	size_t bytes;
	char *copy = NULL;
	int status;

	if (!__builtin_add_overflow(value_len, tayra__tags_bytes(tags), &bytes))
		copy = tayra__mem_alloc(bytes);
	if (!copy) {
		tayra_delete(t, key, key_len); /* what is there is older */
		return TAYRA_E_NOMEM;
	}
	if (value_len)
		memcpy(copy, value, value_len);
	tayra__tags_write(tags, copy, value_len);
	meta->flags = tayra__tags_flags(tags);
	pthread_mutex_lock(&t->lock);
	meta->born_ms = tayra__tag_birth(&t->doubts.tags, tags, meta->born_ms);
	pthread_mutex_unlock(&t->lock);
	status = put(t, key, key_len, copy, value_len, meta, unless);
	tayra__mem_free(copy);
	return status;
}

int
tayra__store_put_written(struct tayra *t, const void *key, size_t key_len, const void *value,
			 size_t value_len, uint64_t ttl_ms, uint64_t stale_ms,
			 const struct tayra__tags *tags, const bool *unless)
{
	uint64_t now_ms = tayra__handle_now_ns(t) / TAYRA_NS_PER_MS;
	struct tayra_item_meta meta = tayra__meta_for(
		now_ms, tayra__ttl_shortened(t, key, key_len, ttl_ms, now_ms), stale_ms);

	if (!tags->count)
		return put(t, key, key_len, value, value_len, &meta, unless);
	return put_tagged(t, key, key_len, value, value_len, &meta, tags, unless);
}

/* The options were checked. */
static int
put_with(struct tayra *t, const void *key, size_t key_len, const void *value, size_t value_len,
	 const struct tayra_put_options *o)
{
	struct tayra_item_meta meta;
	struct tayra__tags tags;
	int status = check(t, key, key_len, value, value_len);

	if (status != TAYRA_OK)
		return status;
	meta = meta_now(t, key, key_len, o->ttl_ms, o->stale_ms);
	meta.version = o->version;
	if (!o->tag_count)
		return put(t, key, key_len, value, value_len, &meta, &always);
	tags = tayra__tags_of(o->tags, o->tag_count);
	return put_tagged(t, key, key_len, value, value_len, &meta, &tags, &always);
}

int
tayra_put(struct tayra *t, const void *key, size_t key_len, const void *value, size_t value_len,
	  uint64_t ttl_ms, uint64_t stale_ms)
{
	const struct tayra_put_options o = { .ttl_ms = ttl_ms, .stale_ms = stale_ms };

	return put_with(t, key, key_len, value, value_len, &o);
}

int
tayra_put_with(struct tayra *t, const void *key, size_t key_len, const void *value,
	       size_t value_len, const struct tayra_put_options *given)
{
	struct tayra_put_options o;
	int status = tayra__option_struct(given, &o, sizeof(o));

	if (status == TAYRA_OK)
		status = tayra__tags_check(o.tags, o.tag_count);
	if (status != TAYRA_OK)
		return status;
	return put_with(t, key, key_len, value, value_len, &o);
}

/* They may be those of a value that was got, and the bytes have become others. */
static struct tayra_item_meta
without_tags(const struct tayra_item_meta *meta)
{
	struct tayra_item_meta untagged = *meta;

	untagged.flags &= ~TAYRA__ITEM_TAGS;
	return untagged;
}

int
tayra__store_put(struct tayra *t, const void *key, size_t key_len, const void *value,
		 size_t value_len, const struct tayra_item_meta *meta)
{
	const struct tayra_item_meta untagged = without_tags(meta);
	int status = check(t, key, key_len, value, value_len);

	return status == TAYRA_OK ? put(t, key, key_len, value, value_len, &untagged, &always)
				  : status;
}

/* Of two places a key was removed from: what could not be made sure of, else where it was. */
static int
worse(int a, int b)
{
	if (a == TAYRA_E_NOT_FOUND || a == b)
		return b;
	return b == TAYRA_E_NOT_FOUND || b == TAYRA_OK ? a : b;
}

static int
delete_here(struct tayra *t, const void *key, size_t key_len, uint64_t *number)
{
	int status, file;

	tayra__below_enter(t, key, key_len);
	pthread_mutex_lock(&t->lock);
	tayra__flight_forget(t, key, key_len);
	tayra__learner_forget(t, key, key_len);
	status = tayra_cache_delete(t->cache, key, key_len);
	*number = tayra__due_note(t, key, key_len);
	pthread_mutex_unlock(&t->lock);
	file = tayra__below_remove(t, key, key_len);
	tayra__below_leave(t, key, key_len);
	return worse(status, file);
}

int
tayra_delete(struct tayra *t, const void *key, size_t key_len)
{
	const struct tayra__news removed = { .meta = NULL };
	int status = tayra__key_check(t, key, key_len);
	uint64_t number;

	if (status != TAYRA_OK)
		return status;
	status = delete_here(t, key, key_len, &number);
	status = worse(status, tayra__due_deliver(t, key, key_len, number, &removed));
	tayra__prefetch_changed(t, key, key_len);
	return status;
}

void
tayra__store_outdate(struct tayra *t, const void *key, size_t key_len,
		     enum tayra__store_outdated how)
{
	const struct tayra__news removed = { .meta = NULL };
	uint64_t number;

	tayra__below_enter(t, key, key_len);
	pthread_mutex_lock(&t->lock);
	tayra__flight_forget(t, key, key_len);
	tayra__learner_forget(t, key, key_len);
	if (how == TAYRA__STORE_ERASE)
		tayra_cache_delete(t->cache, key, key_len);
	else
		tayra__cache_age(t->cache, key, key_len);
	number = tayra__due_note(t, key, key_len);
	if (tayra__below_posts(t))
		tayra__due_post(t, key, key_len, number, NULL, NULL);
	pthread_mutex_unlock(&t->lock);
	tayra__below_remove(t, key, key_len);
	tayra__below_leave(t, key, key_len);
	if (!tayra__below_posts(t))
		tayra__due_deliver(t, key, key_len, number, &removed);
	tayra__prefetch_changed(t, key, key_len);
}

int
tayra__store_change(struct tayra *t, const void *key, size_t key_len, const void *value,
		    size_t value_len, const struct tayra_item_meta *meta, uint64_t *number)
{
	int status = check(t, key, key_len, value, value_len);
	struct tayra_item_meta untagged;

	*number = 0;
	if (status != TAYRA_OK)
		return status;
	if (meta) {
		untagged = without_tags(meta);
		return put_here(t, key, key_len, value, value_len, &untagged, &always, number);
	}
	status = delete_here(t, key, key_len, number);
	tayra__prefetch_changed(t, key, key_len);
	return status;
}

int
tayra__store_deliver(struct tayra *t, const void *key, size_t key_len, const void *value,
		     size_t value_len, const struct tayra_item_meta *meta, uint64_t number)
{
	const struct tayra_item_meta untagged = meta ? without_tags(meta)
						     : (struct tayra_item_meta){ 0 };
	const struct tayra__news news = {
		.value = value,
		.len = value_len,
		.meta = meta ? &untagged : NULL,
		.may_skip = true,
	};

	return tayra__due_deliver(t, key, key_len, number, &news);
}

#define SCAN_BUDGET 256

/* Keys a scan has found, one behind the other, each behind its length. */
struct finds {
	const void *prefix;
	size_t prefix_len;
	size_t used;
	bool more; /* there was no room for all */
	unsigned char bytes[sizeof(size_t) + TAYRA_KEY_MAX];
};

static void
note_find(void *arg, const void *key, size_t key_len, const struct tayra_item_meta *meta)
{
	struct finds *finds = arg;

	(void)meta;
	if (key_len < finds->prefix_len || memcmp(key, finds->prefix, finds->prefix_len) != 0)
		return;
	if (finds->used + sizeof(key_len) + key_len > sizeof(finds->bytes)) {
		finds->more = true;
		return;
	}
	memcpy(finds->bytes + finds->used, &key_len, sizeof(key_len));
	if (key_len)
		memcpy(finds->bytes + finds->used + sizeof(key_len), key, key_len);
	finds->used += sizeof(key_len) + key_len;
}

static void
delete_finds(struct tayra *t, const struct finds *finds)
{
	size_t at = 0;

	while (at < finds->used) {
		size_t key_len;

		memcpy(&key_len, finds->bytes + at, sizeof(key_len));
		tayra_cache_delete(t->cache, finds->bytes + at + sizeof(key_len), key_len);
		at += sizeof(key_len) + key_len;
	}
}

static void
clear_cache(struct tayra *t, struct finds *finds)
{
	uint64_t cursor = 0, next;

	do {
		/* At moment 0 nothing has expired, so that nothing is passed over that a touch
		 * could bring back. */
		finds->used = 0;
		finds->more = false;
		next = tayra_cache_scan(t->cache, cursor, SCAN_BUDGET, 0, note_find, finds);
		delete_finds(t, finds);
		if (!finds->more)
			cursor = next;
	} while (cursor || finds->more);
}

int
tayra__store_clear(struct tayra *t, const void *prefix, size_t prefix_len)
{
	struct finds *finds = NULL;
	int status = tayra__key_check(t, prefix, prefix_len), remote;

	if (status != TAYRA_OK)
		return status;
	if (prefix_len) {
		finds = tayra__mem_alloc(sizeof(*finds));
		if (!finds)
			return TAYRA_E_NOMEM;
		finds->prefix = prefix;
		finds->prefix_len = prefix_len;
	}
	tayra__below_enter_all(t);
	pthread_mutex_lock(&t->lock);
	tayra__flight_forget_all(t, prefix, prefix_len);
	tayra__due_begin_clear(t, prefix, prefix_len);
	pthread_mutex_unlock(&t->lock);
	if (finds)
		clear_cache(t, finds);
	else
		tayra_cache_clear(t->cache);
	status = tayra__below_clear(t, prefix, prefix_len);
	tayra__below_leave_all(t);
	tayra__mem_free(finds);
	remote = tayra__due_clear(t, prefix, prefix_len);
	return status == TAYRA_OK ? remote : status;
}

int
tayra_delete_prefix(struct tayra *t, const void *prefix, size_t prefix_len)
{
	return tayra__store_clear(t, prefix, prefix_len);
}

void
tayra__store_tell_tag(struct tayra *t, uint64_t hash)
{
	pthread_mutex_lock(&t->lock);
	tayra__doubts_tell_tag(&t->doubts, hash, tayra__handle_now_ns(t) / TAYRA_NS_PER_MS,
			       TAYRA__TAG_ERASE);
	pthread_mutex_unlock(&t->lock);
}

int
tayra_delete_tag(struct tayra *t, const void *tag, size_t tag_len)
{
	int status = tayra__key_check(t, tag, tag_len);
	uint64_t hash;

	if (status != TAYRA_OK)
		return status;
	hash = tayra__tag_hash(tag, tag_len);
	tayra__store_tell_tag(t, hash);
	return tayra__below_tell_tag(t, hash);
}

struct tayra_cache *
tayra__handle_cache(const struct tayra *t)
{
	return t->cache;
}

const struct tayra__doubts *
tayra__handle_doubts(const struct tayra *t)
{
	return &t->doubts;
}

bool
tayra__store_follows(struct tayra *t, const struct tayra_request *request,
		     const struct tayra_item_meta *meta, uint64_t now_ms)
{
	struct tayra__learner *learner = tayra__learner_of(t);

	if (tayra__eager_asks(t, request, meta, now_ms))
		return true;
	return learner && ((meta->flags & TAYRA__ITEM_AHEAD) ||
			   (tayra__learner_watches(learner, TAYRA__WATCH_ENDS) &&
			    tayra__learner_near_end(meta, now_ms)) ||
			   tayra__learner_draws(learner, &(struct tayra__learner_use){
								 .key = request->key,
								 .key_len = request->key_len,
								 .meta = meta,
								 .now_ms = now_ms }));
}

void
tayra__store_used(struct tayra *t, const struct tayra_request *request,
		  const struct tayra_item_meta *meta, uint64_t now_ms)
{
	struct tayra__learner *learner = tayra__learner_of(t);

	if (learner)
		tayra__learner_hit(
			t, learner,
			&(struct tayra__learner_use){ .key = request->key,
						      .key_len = request->key_len,
						      .prefix_len = request->key_prefix_len,
						      .request = request->origin ? request : NULL,
						      .meta = meta,
						      .now_ms = now_ms });
	if (request->origin && tayra__eager_asks(t, request, meta, now_ms))
		tayra__eager_begin(t, request, meta, now_ms);
}

void
tayra__store_missed(struct tayra *t, const struct tayra_request *request, uint64_t now_ms)
{
	struct tayra__learner *learner = tayra__learner_of(t);
	uint64_t hash;

	if (!learner)
		return;
	hash = tayra__hash_bytes(request->key, request->key_len, learner->seed);
	pthread_mutex_lock(&learner->lock);
	tayra__learner_missed(learner, request->key, request->key_len, request->key_prefix_len,
			      hash, now_ms * TAYRA_NS_PER_MS);
	pthread_mutex_unlock(&learner->lock);
}
