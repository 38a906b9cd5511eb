/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/keyspace.h"

#include "base/mem.h"
#include "load/doubt.h"
#include "load/store.h"
#include "net/buffer.h"
#include "serve/posts.h"

#include <string.h>

#define STEP_MS     500        /* of the wall clock; less is drift that nobody sees */
#define TICK_BUDGET 20000      /* items; about a millisecond */
#define SCAN_BUDGET 4096       /* of a call, in walks over everything */
#define DOOMED_MAX  (4u << 20) /* bytes of keys collected before they are deleted */

void
tayra__keyspace_set_wall(struct tayra__keyspace *keyspace, uint64_t wall_ms)
{
	int64_t offset = (int64_t)wall_ms - (int64_t)keyspace->now_ms;
	int64_t step = offset - keyspace->wall_offset_ms;

	if (step > STEP_MS || step < -STEP_MS)
		keyspace->wall_offset_ms = offset;
}

int64_t
tayra__keyspace_wall_ms(const struct tayra__keyspace *keyspace)
{
	return (int64_t)keyspace->now_ms + keyspace->wall_offset_ms;
}

static bool
passed(const struct tayra__keyspace *keyspace, int64_t deadline_ms)
{
	return deadline_ms <= tayra__keyspace_wall_ms(keyspace);
}

/* => the deadline has not passed. */
static uint64_t
to_cache(const struct tayra__keyspace *keyspace, int64_t deadline_ms)
{
	if (deadline_ms == TAYRA__NO_EXPIRY)
		return UINT64_MAX;
	return keyspace->now_ms + (uint64_t)(deadline_ms - tayra__keyspace_wall_ms(keyspace));
}

/* It is old enough to be doubted, or past its time: not there unless it turns out to be fresh. */
static __attribute__((noinline)) int
look_closer(struct tayra__keyspace *keyspace, const struct tayra__key_in *key,
	    struct tayra_value *out)
{
	struct tayra_item_meta *meta = &out->meta;

	if (tayra__doubts_judge(keyspace->doubts, tayra__key_stored(key), key->len + 1, out) &&
	    keyspace->now_ms < meta->fresh_ms && !(meta->flags & TAYRA_ITEM_STALE))
		return TAYRA_OK;
	tayra_cache_unpin(keyspace->cache, out);
	*out = (struct tayra_value){ 0 };
	return TAYRA_E_NOT_FOUND;
}

int
tayra__keyspace_get(struct tayra__keyspace *keyspace, const struct tayra__key_in *key,
		    struct tayra_value *out)
{
	int status = tayra_cache_get(keyspace->cache, tayra__key_stored(key), key->len + 1,
				     keyspace->now_ms, out);

	if (status != TAYRA_OK ||
	    (keyspace->now_ms < out->meta.fresh_ms && !(out->meta.flags & TAYRA_ITEM_STALE) &&
	     !tayra__doubts_any(keyspace->doubts, &out->meta)))
		return status;
	return look_closer(keyspace, key, out);
}

bool
tayra__keyspace_has(struct tayra__keyspace *keyspace, const struct tayra__key_in *key)
{
	struct tayra_value value;

	if (tayra__keyspace_get(keyspace, key, &value) != TAYRA_OK)
		return false;
	tayra_cache_unpin(keyspace->cache, &value);
	return true;
}

int64_t
tayra__keyspace_deadline(const struct tayra__keyspace *keyspace, const struct tayra_value *value)
{
	const struct tayra_item_meta *meta = &value->meta;
	uint64_t end_ms = meta->fresh_ms < meta->expire_ms ? meta->fresh_ms : meta->expire_ms;

	return end_ms == UINT64_MAX ? TAYRA__NO_EXPIRY : (int64_t)end_ms + keyspace->wall_offset_ms;
}

static struct tayra_item_meta
meta_for(struct tayra__keyspace *keyspace, const struct tayra__key_in *key, int64_t deadline_ms,
	 uint64_t cost_ns)
{
	keyspace->used |= 1u << key->db;
	if (deadline_ms != TAYRA__NO_EXPIRY)
		keyspace->volatile_keys = true;
	return (struct tayra_item_meta){
		.born_ms = keyspace->now_ms,
		.fresh_ms = UINT64_MAX,
		.expire_ms = to_cache(keyspace, deadline_ms),
		.cost_ns = cost_ns,
	};
}

/* With what is below RAM in step. */
static int
put_through(struct tayra__keyspace *keyspace, const void *key, size_t key_len, const void *value,
	    size_t len, const struct tayra_item_meta *meta)
{
	if (keyspace->posts)
		return tayra__posts_change(keyspace->posts, key, key_len, value, len, meta);
	return tayra__store_put(keyspace->handle, key, key_len, value, len, meta);
}

static int
clear_through(struct tayra__keyspace *keyspace, const void *prefix, size_t len)
{
	if (keyspace->posts)
		return tayra__posts_clear(keyspace->posts, prefix, len);
	return tayra__store_clear(keyspace->handle, prefix, len);
}

int
tayra__keyspace_put(struct tayra__keyspace *keyspace, const struct tayra__key_in *key,
		    const void *value, size_t len, int64_t deadline_ms, uint64_t cost_ns)
{
	struct tayra_item_meta meta;

	if (passed(keyspace, deadline_ms)) {
		tayra__keyspace_delete(keyspace, key);
		return TAYRA_OK;
	}
	meta = meta_for(keyspace, key, deadline_ms, cost_ns);
	if (keyspace->shared)
		return put_through(keyspace, tayra__key_stored(key), key->len + 1, value, len,
				   &meta);
	return tayra_cache_put(keyspace->cache, tayra__key_stored(key), key->len + 1, value, len,
			       &meta, keyspace->now_ms);
}

int
tayra__keyspace_reserve(struct tayra__keyspace *keyspace, const struct tayra__key_in *key,
			size_t len, struct tayra_reservation *out)
{
	return tayra_cache_reserve(keyspace->cache, tayra__key_stored(key), key->len + 1, len,
				   keyspace->now_ms, out);
}

int
tayra__keyspace_commit(struct tayra__keyspace *keyspace, const struct tayra__key_in *key,
		       struct tayra_reservation *reservation, int64_t deadline_ms, uint64_t cost_ns)
{
	const struct tayra_item_meta meta = meta_for(keyspace, key, deadline_ms, cost_ns);
	int status;

	if (keyspace->shared) {
		status = put_through(keyspace, tayra__key_stored(key), key->len + 1,
				     reservation->data, reservation->len, &meta);
		tayra_cache_abandon(keyspace->cache, reservation);
		return status;
	}
	return tayra_cache_commit(keyspace->cache, reservation, &meta, keyspace->now_ms, NULL);
}

static int
forget(struct tayra__keyspace *keyspace, const struct tayra__key_in *key)
{
	int status;

	if (!keyspace->shared)
		return tayra_cache_delete(keyspace->cache, tayra__key_stored(key), key->len + 1);
	if (keyspace->posts)
		status = tayra__posts_change(keyspace->posts, tayra__key_stored(key), key->len + 1,
					     NULL, 0, NULL);
	else
		status = tayra_delete(keyspace->handle, tayra__key_stored(key), key->len + 1);
	keyspace->unsure |= status == TAYRA_E_IO;
	return status;
}

int
tayra__keyspace_delete(struct tayra__keyspace *keyspace, const struct tayra__key_in *key)
{
	bool there = tayra__keyspace_has(keyspace, key);
	int status = forget(keyspace, key);

	return there ? status : TAYRA_E_NOT_FOUND;
}

/* Store what is there once more, so that loads and tiers know. */
static int
put_again(struct tayra__keyspace *keyspace, const struct tayra__key_in *key, uint64_t expire_ms)
{
	struct tayra_item_meta meta;
	struct tayra_value value;
	int status = tayra__keyspace_get(keyspace, key, &value);

	if (status != TAYRA_OK)
		return status;
	meta = value.meta;
	meta.fresh_ms = UINT64_MAX;
	meta.expire_ms = expire_ms;
	status = put_through(keyspace, tayra__key_stored(key), key->len + 1, value.data, value.len,
			     &meta);
	tayra_cache_unpin(keyspace->cache, &value);
	return status;
}

int
tayra__keyspace_expire(struct tayra__keyspace *keyspace, const struct tayra__key_in *key,
		       int64_t deadline_ms)
{
	uint64_t expire_ms;

	/* Looking first: touch would bring back what has expired. */
	if (!tayra__keyspace_has(keyspace, key))
		return TAYRA_E_NOT_FOUND;
	if (passed(keyspace, deadline_ms))
		return forget(keyspace, key);
	expire_ms = to_cache(keyspace, deadline_ms);
	keyspace->volatile_keys |= expire_ms != UINT64_MAX;
	if (keyspace->shared)
		return put_again(keyspace, key, expire_ms);
	return tayra_cache_touch(keyspace->cache, tayra__key_stored(key), key->len + 1, 0,
				 UINT64_MAX, expire_ms, 0);
}

struct scan {
	unsigned db;
	tayra__key_visit_fn visit;
	void *arg;
};

static void
visit_of_db(void *arg, const void *key, size_t key_len, const struct tayra_item_meta *meta)
{
	const struct scan *scan = arg;
	const char *bytes = key;

	(void)meta;
	if (key_len > 0 && (unsigned char)bytes[0] == scan->db)
		scan->visit(scan->arg, bytes + 1, key_len - 1);
}

uint64_t
tayra__keyspace_scan(struct tayra__keyspace *keyspace, unsigned db, uint64_t cursor,
		     uint64_t budget, tayra__key_visit_fn visit, void *arg)
{
	struct scan scan = { db, visit, arg };

	return tayra_cache_scan(keyspace->cache, cursor, budget, keyspace->now_ms, visit_of_db,
				&scan);
}

static void
visit_census(void *arg, const void *key, size_t key_len, const struct tayra_item_meta *meta)
{
	struct tayra__keyspace_census *census = arg;
	unsigned db = key_len > 0 ? *(const unsigned char *)key : TAYRA__DATABASES;

	if (db >= TAYRA__DATABASES)
		return;
	census->keys[db]++;
	census->expires[db] += meta->expire_ms != UINT64_MAX;
}

void
tayra__keyspace_census(struct tayra__keyspace *keyspace, struct tayra__keyspace_census *out)
{
	uint64_t cursor = 0;

	memset(out, 0, sizeof(*out));
	do
		cursor = tayra_cache_scan(keyspace->cache, cursor, SCAN_BUDGET, keyspace->now_ms,
					  visit_census, out);
	while (cursor);
}

uint64_t
tayra__keyspace_count(struct tayra__keyspace *keyspace, unsigned db)
{
	struct tayra_cache_stats stats = TAYRA_CACHE_STATS_INIT;
	struct tayra__keyspace_census census;

	/* Almost everybody uses one database: then no walk is needed. */
	if ((keyspace->used & ~(1u << db)) == 0) {
		tayra_cache_stats(keyspace->cache, &stats);
		return stats.items;
	}
	if (!(keyspace->used & 1u << db))
		return 0;
	tayra__keyspace_census(keyspace, &census);
	return census.keys[db];
}

int
tayra__keyspace_flush_all(struct tayra__keyspace *keyspace)
{
	int status = TAYRA_OK;

	if (keyspace->shared)
		status = clear_through(keyspace, NULL, 0);
	else
		tayra_cache_clear(keyspace->cache);
	/* Of loads in progress nothing is kept. */
	keyspace->used = 0;
	keyspace->volatile_keys = keyspace->shared;
	return status;
}

/* Keys are collected as length and bytes, since a scan's visitor must not delete. */
struct doomed {
	struct tayra__buffer keys;
	const void *prefix;
	size_t prefix_len;
};

static void
collect(void *arg, const char *key, size_t len)
{
	struct doomed *doomed = arg;

	if (len < doomed->prefix_len ||
	    (doomed->prefix_len && memcmp(key, doomed->prefix, doomed->prefix_len) != 0))
		return;
	tayra__buffer_append(&doomed->keys, &len, sizeof(len));
	tayra__buffer_append(&doomed->keys, key - 1, len + 1);
}

static void
delete_collected(struct tayra__keyspace *keyspace, struct tayra__buffer *doomed)
{
	const char *at;

	while (doomed->len > 0 && (at = tayra__buffer_front(doomed))) {
		size_t len;

		memcpy(&len, at, sizeof(len));
		tayra_cache_delete(keyspace->cache, at + sizeof(len), len + 1);
		tayra__buffer_consume(doomed, sizeof(len) + len + 1);
	}
}

/* Only RAM has any. */
static int
delete_walking(struct tayra__keyspace *keyspace, unsigned db, const void *prefix, size_t len)
{
	struct doomed doomed = { .prefix = prefix, .prefix_len = len };
	uint64_t cursor = 0, next;
	int status = TAYRA_OK;

	/* A slice of one bucket has at most 32 keys of 64 KiB. */
	tayra__buffer_init(&doomed.keys, DOOMED_MAX);
	do {
		next = tayra__keyspace_scan(keyspace, db, cursor, 1, collect, &doomed);
		if (doomed.keys.failed)
			status = TAYRA_E_NOMEM;
		else
			delete_collected(keyspace, &doomed.keys);
		cursor = next;
	} while (cursor && status == TAYRA_OK);
	tayra__buffer_fini(&doomed.keys);
	return status;
}

/* => TAYRA_E_NOMEM, TAYRA_E_TOO_LARGE; as clear_through(). */
static int
clear_below(struct tayra__keyspace *keyspace, unsigned db, const void *prefix, size_t len)
{
	char *stored;
	int status;

	if (len >= TAYRA_KEY_MAX)
		return TAYRA_E_TOO_LARGE;
	stored = tayra__mem_alloc(len + 1);
	if (!stored)
		return TAYRA_E_NOMEM;
	stored[0] = (char)db;
	memcpy(stored + 1, prefix, len);
	status = clear_through(keyspace, stored, len + 1);
	tayra__mem_free(stored);
	return status;
}

int
tayra__keyspace_forget(struct tayra__keyspace *keyspace, unsigned db, const void *prefix,
		       size_t len)
{
	if (keyspace->shared)
		return clear_below(keyspace, db, prefix, len);
	return delete_walking(keyspace, db, prefix, len);
}

int
tayra__keyspace_forget_tag(struct tayra__keyspace *keyspace, const void *tag, size_t len)
{
	if (len > TAYRA_KEY_MAX)
		return TAYRA_E_TOO_LARGE;
	if (!keyspace->shared)
		return TAYRA_OK; /* nothing is loaded */
	if (keyspace->posts)
		return tayra__posts_tag(keyspace->posts, tag, len);
	return tayra_delete_tag(keyspace->handle, tag, len);
}

int
tayra__keyspace_flush(struct tayra__keyspace *keyspace, unsigned db)
{
	int status;

	const char prefix = (char)db;

	if (keyspace->shared)
		return clear_through(keyspace, &prefix, 1);
	if ((keyspace->used & ~(1u << db)) == 0)
		return tayra__keyspace_flush_all(keyspace);
	status = delete_walking(keyspace, db, NULL, 0);
	if (status == TAYRA_OK)
		keyspace->used &= ~(1u << db);
	return status;
}

void
tayra__keyspace_tick(struct tayra__keyspace *keyspace)
{
	if (keyspace->volatile_keys)
		tayra_cache_tick(keyspace->cache, keyspace->now_ms, TICK_BUDGET);
}
