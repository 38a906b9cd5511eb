/* SPDX-License-Identifier: Apache-2.0
 *
 * due.c: an entry is with its maker, posted, or owed.  While a delivery of it runs it is busy, and
 * not freed; a change noted meanwhile gets a later number, so that the delivery that ends leaves
 * the entry alone.
 */
#include "load/due.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "load/handle.h"
#include "load/level.h"
#include "load/ref.h"
#include "load/waiter.h"

#define BYTES_SHARE 32u /* of the cache's memory, for what is posted */

struct entry {
	struct tayra__list in_bucket, in_line; /* in_line: posted or owed */
	uint64_t number, delivered;            /* of changes: the latest; the latest told */
	/* The latest that failed, or that a later one overtook before it was told: what is there
	 * may be older than any of ours since.  0: none. */
	uint64_t behind;
	bool busy, owed;
	bool failed;              /* owed because telling it failed, not because of a clear */
	struct tayra__hold *hold; /* of a posted put */
	struct tayra_item_meta meta;
	size_t key_len;
	unsigned char key[];
};

static const struct tayra__level *
remote_of(const struct tayra *t)
{
	return &t->below.remote;
}

static struct tayra__list *
bucket_of(const struct tayra *t, const void *key, size_t key_len)
{
	uint64_t hash = tayra__hash_bytes(key, key_len, t->bucket_seed);

	return &t->below.due.buckets[hash % TAYRA__DUE_BUCKETS];
}

static struct entry *
find(const struct tayra *t, const void *key, size_t key_len)
{
	struct tayra__list *bucket = bucket_of(t, key, key_len);

	for (struct tayra__list *node = bucket->next; node != bucket; node = node->next) {
		struct entry *e = TAYRA__LIST_ENTRY(node, struct entry, in_bucket);

		if (e->key_len == key_len && (key_len == 0 || memcmp(e->key, key, key_len) == 0))
			return e;
	}
	return NULL;
}

int
tayra__due_init(struct tayra *t)
{
	struct tayra__due *due = &t->below.due;
	struct tayra_cache_stats cache = TAYRA_CACHE_STATS_INIT;

	if (!remote_of(t)->tier)
		return TAYRA_OK;
	due->buckets = tayra__mem_array(TAYRA__DUE_BUCKETS, sizeof(*due->buckets));
	if (!due->buckets)
		return TAYRA_E_NOMEM;
	for (unsigned i = 0; i < TAYRA__DUE_BUCKETS; i++)
		tayra__list_init(&due->buckets[i]);
	tayra__list_init(&due->posted);
	tayra__list_init(&due->owed);
	tayra__wake_init(&due->settled);
	tayra_cache_stats(t->cache, &cache);
	due->bytes_max = cache.memory_bytes / BYTES_SHARE;
	return TAYRA_OK;
}

/* There is nothing to tell but that it was removed. */
static void
let_go_of_news(struct tayra__due *due, struct entry *e)
{
	e->meta.flags = 0;
	if (!e->hold)
		return;
	due->posted_bytes -= e->hold->value.len;
	tayra__hold_put(e->hold);
	e->hold = NULL;
}

static void
forget(struct tayra__due *due, struct entry *e)
{
	let_go_of_news(due, e);
	tayra__list_remove(&e->in_bucket);
	tayra__list_remove(&e->in_line);
	tayra__mem_free(e);
	due->count--;
}

void
tayra__due_fini(struct tayra *t)
{
	struct tayra__due *due = &t->below.due;

	if (!due->buckets)
		return;
	for (unsigned i = 0; i < TAYRA__DUE_BUCKETS; i++)
		while (!tayra__list_empty(&due->buckets[i]))
			forget(due,
			       TAYRA__LIST_ENTRY(due->buckets[i].next, struct entry, in_bucket));
	pthread_cond_destroy(&due->settled);
	tayra__mem_free(due->buckets);
}

bool
tayra__due_blocks(const struct tayra *t, const void *key, size_t key_len)
{
	const struct tayra__due *due = &t->below.due;

	return due->unsure || due->clears || (due->count && find(t, key, key_len));
}

static struct entry *
create(struct tayra *t, const void *key, size_t key_len)
{
	struct tayra__due *due = &t->below.due;
	struct entry *e = due->count < TAYRA__DUE_MAX ? tayra__mem_alloc(sizeof(*e) + key_len)
						      : NULL;

	if (!e)
		return NULL;
	e->key_len = key_len;
	if (key_len)
		memcpy(e->key, key, key_len);
	tayra__list_init(&e->in_line);
	tayra__list_push_back(bucket_of(t, key, key_len), &e->in_bucket);
	due->count++;
	return e;
}

/* A later change: whatever was to be told is not any more. */
static void
renew(struct tayra__due *due, struct entry *e)
{
	let_go_of_news(due, e);
	tayra__list_remove(&e->in_line);
	e->owed = e->failed = false;
	e->number = ++due->last;
}

uint64_t
tayra__due_note(struct tayra *t, const void *key, size_t key_len)
{
	struct tayra__due *due = &t->below.due;
	struct entry *e;

	if (!remote_of(t)->tier)
		return 0;
	e = find(t, key, key_len);
	if (e) /* it may be skipped for this one, which may be an offer and refused */
		e->behind = e->delivered < e->number ? e->number : e->behind;
	else
		e = create(t, key, key_len);
	if (!e) {
		due->unsure = true;
		return 0;
	}
	renew(due, e);
	return e->number;
}

void
tayra__due_post(struct tayra *t, const void *key, size_t key_len, uint64_t number,
		struct tayra__hold *hold, const struct tayra_item_meta *meta)
{
	struct tayra__due *due = &t->below.due;
	struct entry *e = number ? find(t, key, key_len) : NULL;

	if (!e || e->number != number)
		return;
	if (meta)
		e->meta = *meta;
	/* Rather than to pin more of the cache, what is there is only removed. */
	if (hold && due->posted_bytes + hold->value.len <= due->bytes_max) {
		atomic_fetch_add_explicit(&hold->refs, 1, memory_order_relaxed);
		e->hold = hold;
		due->posted_bytes += hold->value.len;
	}
	tayra__list_push_back(&due->posted, &e->in_line);
	pthread_cond_broadcast(&due->settled);
}

void
tayra__due_drop(struct tayra *t, const void *key, size_t key_len)
{
	struct entry *e = t->below.due.count ? find(t, key, key_len) : NULL;

	/* Its maker may be about to deliver it; and one that is busy settles itself. */
	if (e && !e->busy && !tayra__list_empty(&e->in_line))
		forget(&t->below.due, e);
}

static int
tell(struct tayra *t, const void *key, size_t key_len, const struct tayra__news *news)
{
	int status;

	if (!news->meta)
		return tayra__level_remove(t, remote_of(t), key, key_len);
	status = tayra__level_put(t, remote_of(t), key, key_len, news->value, news->len, news->meta,
				  news->loaded ? TAYRA__LEVEL_OFFER : TAYRA__LEVEL_PUT);
	/* What was loaded is outdated, and nobody may say so again: the tier has not served it. */
	if (status == TAYRA_E_NOT_FOUND)
		tayra__below_forget(t, key, key_len);
	return status;
}

/* An entry's, which is busy.  An offer that was refused has told what others changed, but may have
 * been refused for what we failed to replace, or did not come to: then that has to go.
 * *refused: it was, and nothing was removed. */
static int
tell_entry(struct tayra *t, struct entry *e, const struct tayra__news *news, bool *refused)
{
	int status = tell(t, e->key, e->key_len, news);
	bool behind;

	*refused = status == TAYRA_E_NOT_FOUND && news->loaded && news->meta;
	if (!*refused)
		return status;
	pthread_mutex_lock(&t->lock);
	behind = e->behind;
	pthread_mutex_unlock(&t->lock);
	if (!behind)
		return status;
	*refused = false;
	return tayra__level_remove(t, remote_of(t), e->key, e->key_len);
}

static bool
told(int status)
{
	return status == TAYRA_OK || status == TAYRA_E_NOT_FOUND;
}

/* A delivery of that change has ended.  The lock is held. */
static void
settle(struct tayra__due *due, struct entry *e, uint64_t number, int status, bool refused)
{
	bool replaced = told(status) && !refused;

	e->busy = false;
	if (told(status))
		e->delivered = number;
	if (!told(status) && e->behind < number)
		e->behind = number;
	else if (replaced && e->behind <= number)
		e->behind = 0;
	pthread_cond_broadcast(&due->settled);
	if (e->number != number)
		return;
	if (!e->behind) {
		forget(due, e);
		return;
	}
	let_go_of_news(due, e);
	tayra__list_remove(&e->in_line);
	tayra__list_push_back(&due->owed, &e->in_line);
	e->owed = e->failed = true;
}

int
tayra__due_deliver(struct tayra *t, const void *key, size_t key_len, uint64_t number,
		   const struct tayra__news *news)
{
	struct tayra__due *due = &t->below.due;
	int status = TAYRA_E_NOT_FOUND;
	struct entry *e;
	bool refused;

	if (!remote_of(t)->tier)
		return TAYRA_E_NOT_FOUND;
	if (!number) /* in no order with others: a put might come after a later delete */
		return tayra__level_remove(t, remote_of(t), key, key_len);
	pthread_mutex_lock(&t->lock);
	for (;;) {
		e = find(t, key, key_len);
		if (!e || e->delivered >= number || (news->may_skip && e->number > number)) {
			pthread_mutex_unlock(&t->lock);
			return TAYRA_E_NOT_FOUND;
		}
		if (!e->busy && e->number == number)
			break;
		if (!e->busy && e->owed) {
			status = e->failed ? TAYRA_E_IO : TAYRA_E_NOT_FOUND;
			pthread_mutex_unlock(&t->lock);
			return status;
		}
		pthread_cond_wait(&due->settled, &t->lock);
	}
	e->busy = true;
	pthread_mutex_unlock(&t->lock);
	status = tell_entry(t, e, news, &refused);
	pthread_mutex_lock(&t->lock);
	settle(due, e, number, status, refused);
	pthread_mutex_unlock(&t->lock);
	return status;
}

/* Deliver an entry that is in a line and not busy.  The lock is held, let go of meanwhile. */
static int
deliver_entry(struct tayra *t, struct entry *e)
{
	struct tayra__due *due = &t->below.due;
	const uint64_t number = e->number;
	const struct tayra_item_meta meta = e->meta;
	struct tayra__hold *hold = e->hold;
	struct tayra__news news = { .loaded = true };
	bool refused;
	int status;

	tayra__list_remove(&e->in_line);
	e->busy = true;
	if (hold) { /* one of our own: a later change may let go of the entry's */
		atomic_fetch_add_explicit(&hold->refs, 1, memory_order_relaxed);
		news.value = hold->value.data;
		news.len = hold->value.len;
	}
	if (hold || (meta.flags & TAYRA__ITEM_ABSENT))
		news.meta = &meta;
	pthread_mutex_unlock(&t->lock);
	status = tell_entry(t, e, &news, &refused);
	if (hold)
		tayra__hold_put(hold);
	pthread_mutex_lock(&t->lock);
	settle(due, e, number, status, refused);
	return status;
}

static struct entry *
first_idle(const struct tayra__list *line)
{
	for (struct tayra__list *node = line->next; node != line; node = node->next) {
		struct entry *e = TAYRA__LIST_ENTRY(node, struct entry, in_line);

		if (!e->busy)
			return e;
	}
	return NULL;
}

bool
tayra__due_is_posted(const struct tayra__due *due)
{
	return first_idle(&due->posted) != NULL;
}

/* Too much was forgotten to know what is owed: all of it goes.  The lock is held, let go of
 * meanwhile. */
static bool
remove_all(struct tayra *t)
{
	struct tayra__due *due = &t->below.due;
	int status;

	/* What becomes unsure from now on is not what this removes. */
	due->unsure = false;
	due->clears++;
	pthread_mutex_unlock(&t->lock);
	status = tayra__level_clear(t, remote_of(t), NULL, 0);
	pthread_mutex_lock(&t->lock);
	due->clears--;
	due->unsure |= status != TAYRA_OK;
	return status == TAYRA_OK;
}

bool
tayra__due_work(struct tayra *t, enum tayra__due_part part, unsigned budget)
{
	struct tayra__due *due = &t->below.due;
	struct entry *e = NULL;
	bool paid = true;

	if (!due->buckets)
		return true;
	for (; budget && (e = first_idle(&due->posted)); budget--)
		if (!told(deliver_entry(t, e)))
			return false;
	if (part == TAYRA__DUE_POSTED || due->paying)
		return true;
	due->paying = true;
	e = NULL;
	for (; budget && (e = first_idle(&due->owed)); budget--)
		if (!told(deliver_entry(t, e)))
			break;
	if (budget && !e && due->unsure)
		paid = remove_all(t);
	due->paying = false;
	return paid && (!e || !budget);
}

void
tayra__due_begin_clear(struct tayra *t, const void *prefix, size_t prefix_len)
{
	struct tayra__due *due = &t->below.due;

	if (!due->buckets)
		return;
	due->clears++;
	for (unsigned i = 0; i < TAYRA__DUE_BUCKETS; i++) {
		struct tayra__list *bucket = &due->buckets[i];

		/* A put that is posted, or on its way, would come after the clear. */
		for (struct tayra__list *node = bucket->next; node != bucket; node = node->next) {
			struct entry *e = TAYRA__LIST_ENTRY(node, struct entry, in_bucket);

			if (e->key_len < prefix_len ||
			    (prefix_len && memcmp(e->key, prefix, prefix_len) != 0))
				continue;
			renew(due, e);
			e->owed = true;
			tayra__list_push_back(&due->owed, &e->in_line);
		}
	}
	pthread_cond_broadcast(&due->settled);
}

int
tayra__due_clear(struct tayra *t, const void *prefix, size_t prefix_len)
{
	struct tayra__due *due = &t->below.due;
	int status;

	if (!due->buckets)
		return TAYRA_OK;
	status = tayra__level_clear(t, remote_of(t), prefix, prefix_len);
	pthread_mutex_lock(&t->lock);
	due->clears--;
	due->unsure |= status != TAYRA_OK;
	pthread_mutex_unlock(&t->lock);
	return status;
}
