/* SPDX-License-Identifier: Apache-2.0
 *
 * feed.c: what is told goes to store (a key, a prefix) or becomes a doubt (all it covers).
 */
#include "load/feed.h"

#include <string.h>

#include "base/mem.h"
#include "base/option.h"
#include "load/doubt.h"
#include "load/flight.h"
#include "load/handle.h"
#include "load/request.h"
#include "load/store.h"

#define DEFAULT_BLIND_TTL_MS 1000u
/* So long that nothing is cut short by it, and still not "it sees". */
#define ANY_TTL (UINT64_MAX - 1)

static void
count(_Atomic uint64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* Under the lock. */
static void
mark(struct tayra_feed *feed, struct tayra__doubt *cover, uint64_t blind_ttl_ms)
{
	struct tayra *t = feed->t;

	tayra__flight_forget_all(t, cover->prefix, cover->prefix_len);
	tayra__doubt_mark(&t->doubts, cover, tayra__handle_now_ns(t) / TAYRA_NS_PER_MS,
			  blind_ttl_ms);
}

enum sight { AS_BEFORE, SOUND, BLIND, CLOSED };

/* All that it covers may have changed; and whether it sees from now on.  A feed that is blind
 * already is not lost again: what was loaded since is known to be that young.  => false: so it was.
 */
static bool
distrust(struct tayra_feed *feed, enum sight sight)
{
	struct tayra *t = feed->t;
	bool sound;

	pthread_mutex_lock(&t->lock);
	sound = atomic_load_explicit(&feed->sound, memory_order_relaxed);
	if (sight == BLIND && !sound) {
		pthread_mutex_unlock(&t->lock);
		return false;
	}
	sound = sight == SOUND || (sight == AS_BEFORE && sound);
	atomic_store_explicit(&feed->sound, sound, memory_order_relaxed);
	for (size_t i = 0; i < feed->cover_count; i++) {
		mark(feed, feed->covers[i],
		     sound || sight == CLOSED ? UINT64_MAX : feed->blind_ttl_ms);
		if (sight == CLOSED)
			tayra__doubt_give_back(&t->doubts, feed->covers[i]);
	}
	pthread_mutex_unlock(&t->lock);
	return true;
}

/* All with one of its prefixes may have changed. */
static void
distrust_one(struct tayra_feed *feed, struct tayra__doubt *cover)
{
	bool sound;

	pthread_mutex_lock(&feed->t->lock);
	sound = atomic_load_explicit(&feed->sound, memory_order_relaxed);
	mark(feed, cover, sound ? UINT64_MAX : feed->blind_ttl_ms);
	pthread_mutex_unlock(&feed->t->lock);
}

/* A key as the handle has it: `rest` behind the namespace. */
struct whole {
	const void *key;
	size_t len;
	unsigned char *block; /* of the heap, or NULL */
	unsigned char room[256];
};

/* => TAYRA_OK, TAYRA_E_NOMEM, and as tayra__key_check(), of the whole. */
static int
make_whole(struct tayra *t, const void *front, size_t front_len, const void *rest, size_t rest_len,
	   struct whole *out)
{
	unsigned char *to = out->room;
	int status = tayra__key_check(t, rest, rest_len);

	out->key = rest;
	out->len = rest_len;
	out->block = NULL;
	if (status != TAYRA_OK || front_len == 0)
		return status;
	if (!front)
		return TAYRA_E_INVAL;
	if (front_len > TAYRA_KEY_MAX - rest_len)
		return TAYRA_E_TOO_LARGE;
	out->len = front_len + rest_len;
	if (out->len > sizeof(out->room)) {
		to = out->block = tayra__mem_alloc(out->len);
		if (!to)
			return TAYRA_E_NOMEM;
	}
	memcpy(to, front, front_len);
	if (rest_len)
		memcpy(to + front_len, rest, rest_len);
	out->key = to;
	return TAYRA_OK;
}

static bool
begins_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* One prefix, or several of which none begins with another. */
static bool
makes_sense(const struct tayra_feed_options *o)
{
	if ((unsigned)o->forget > TAYRA_FEED_DELETE || (o->prefix && o->prefix_count) ||
	    (o->prefix_count && !o->prefixes))
		return false;
	for (size_t i = 0; i < o->prefix_count; i++)
		for (size_t k = 0; k < o->prefix_count; k++)
			if (!o->prefixes[i] || !o->prefixes[k] ||
			    (i != k && begins_with(o->prefixes[i], o->prefixes[k])))
				return false;
	return true;
}

static int
add_cover(struct tayra_feed *feed, const struct tayra_feed_options *o, const char *rest)
{
	struct tayra *t = feed->t;
	struct tayra__doubt *cover;
	struct whole prefix;
	int status = make_whole(t, o->key_prefix, o->key_prefix_len, rest, rest ? strlen(rest) : 0,
				&prefix);

	if (status != TAYRA_OK)
		return status;
	pthread_mutex_lock(&t->lock);
	cover = tayra__doubt_take(&t->doubts, prefix.key, prefix.len,
				  o->forget == TAYRA_FEED_DELETE);
	pthread_mutex_unlock(&t->lock);
	tayra__mem_free(prefix.block);
	if (!cover)
		return TAYRA_E_NOMEM;
	feed->covers[feed->cover_count++] = cover;
	return TAYRA_OK;
}

static int
add_covers(struct tayra_feed *feed, const struct tayra_feed_options *o)
{
	const size_t count = o->prefix_count ? o->prefix_count : 1;
	int status = TAYRA_OK;

	feed->covers = tayra__mem_array(count, sizeof(*feed->covers));
	if (!feed->covers)
		return TAYRA_E_NOMEM;
	for (size_t i = 0; i < count && status == TAYRA_OK; i++)
		status = add_cover(feed, o, o->prefix_count ? o->prefixes[i] : o->prefix);
	if (status == TAYRA_OK)
		return status;
	pthread_mutex_lock(&feed->t->lock);
	while (feed->cover_count > 0)
		tayra__doubt_give_back(&feed->t->doubts, feed->covers[--feed->cover_count]);
	pthread_mutex_unlock(&feed->t->lock);
	tayra__mem_free(feed->covers);
	return status;
}

int
tayra__feed_init(struct tayra_feed *feed, struct tayra *t, const struct tayra_feed_options *given)
{
	struct tayra_feed_options o;
	int status;

	if (!t || tayra__option_struct(given, &o, sizeof(o)) != TAYRA_OK || !makes_sense(&o))
		return TAYRA_E_INVAL;
	*feed = (struct tayra_feed){ .close = feed->close, .t = t, .front_len = o.key_prefix_len };
	feed->blind_ttl_ms = o.blind_ttl_ms == TAYRA_OFF ? ANY_TTL
			     : o.blind_ttl_ms            ? o.blind_ttl_ms
							 : DEFAULT_BLIND_TTL_MS;
	status = add_covers(feed, &o);
	if (status != TAYRA_OK)
		return status;
	tayra__trouble_init(&feed->trouble);
	distrust(feed, AS_BEFORE);
	return TAYRA_OK;
}

void
tayra__feed_fini(struct tayra_feed *feed)
{
	distrust(feed, CLOSED);
	tayra__mem_free(feed->covers);
	tayra__trouble_fini(&feed->trouble);
}

int
tayra_feed_open(struct tayra *t, const struct tayra_feed_options *options, struct tayra_feed **out)
{
	struct tayra_feed *feed;
	int status;

	if (!out)
		return TAYRA_E_INVAL;
	*out = NULL;
	feed = tayra__mem_alloc(sizeof(*feed));
	if (!feed)
		return TAYRA_E_NOMEM;
	status = tayra__feed_init(feed, t, options);
	if (status != TAYRA_OK) {
		tayra__mem_free(feed);
		return status;
	}
	*out = feed;
	return TAYRA_OK;
}

void
tayra_feed_close(struct tayra_feed *feed)
{
	/* A forked child has neither its thread nor a right to its connection. */
	if (!feed || tayra__handle_forked(feed->t))
		return;
	if (feed->close) {
		feed->close(feed);
		return;
	}
	tayra__feed_fini(feed);
	tayra__mem_free(feed);
}

/* The two begin alike, as far as the shorter one goes. */
static bool
overlap(const struct tayra__doubt *cover, const void *bytes, size_t len)
{
	size_t common = len < cover->prefix_len ? len : cover->prefix_len;

	return common == 0 || memcmp(bytes, cover->prefix, common) == 0;
}

static const struct tayra__doubt *
cover_of(const struct tayra_feed *feed, const void *key, size_t key_len)
{
	for (size_t i = 0; i < feed->cover_count; i++)
		if (key_len >= feed->covers[i]->prefix_len &&
		    overlap(feed->covers[i], key, key_len))
			return feed->covers[i];
	return NULL;
}

/* => as tayra_feed_changed(). */
static int
key_changed(struct tayra_feed *feed, const void *key, size_t key_len)
{
	const struct tayra__doubt *cover = cover_of(feed, key, key_len);

	if (!cover) {
		count(&feed->ignored);
		return TAYRA_E_NOT_FOUND;
	}
	count(&feed->keys);
	tayra__store_outdate(feed->t, key, key_len,
			     cover->erases ? TAYRA__STORE_ERASE : TAYRA__STORE_AGE);
	return TAYRA_OK;
}

/* The same for a prefix. */
static int
prefix_changed(struct tayra_feed *feed, const void *prefix, size_t prefix_len)
{
	bool ours = false;

	for (size_t i = 0; i < feed->cover_count; i++) {
		struct tayra__doubt *cover = feed->covers[i];

		if (!overlap(cover, prefix, prefix_len))
			continue;
		ours = true;
		/* What the tiers could not be told of they keep in mind themselves. */
		if (prefix_len <= cover->prefix_len ||
		    tayra__store_clear(feed->t, prefix, prefix_len) == TAYRA_E_NOMEM)
			distrust_one(feed, cover);
	}
	count(ours ? &feed->prefixes : &feed->ignored);
	return ours ? TAYRA_OK : TAYRA_E_NOT_FOUND;
}

static int
changed(struct tayra_feed *feed, const void *bytes, size_t len,
	int (*tell)(struct tayra_feed *feed, const void *bytes, size_t len))
{
	struct whole whole;
	int status;

	if (!feed)
		return TAYRA_E_INVAL;
	status = make_whole(feed->t, feed->covers[0]->prefix, feed->front_len, bytes, len, &whole);
	if (status == TAYRA_E_NOMEM) { /* then it may be any */
		count(&feed->prefixes);
		distrust(feed, AS_BEFORE);
		return TAYRA_OK;
	}
	if (status != TAYRA_OK)
		return status;
	status = tell(feed, whole.key, whole.len);
	tayra__mem_free(whole.block);
	return status;
}

int
tayra_feed_changed(struct tayra_feed *feed, const void *key, size_t key_len)
{
	return changed(feed, key, key_len, key_changed);
}

int
tayra_feed_changed_prefix(struct tayra_feed *feed, const void *prefix, size_t prefix_len)
{
	return changed(feed, prefix, prefix_len, prefix_changed);
}

void
tayra_feed_sound(struct tayra_feed *feed)
{
	if (!tayra__handle_forked(feed->t))
		distrust(feed, SOUND);
}

void
tayra_feed_lost(struct tayra_feed *feed)
{
	tayra__feed_lost(feed, "");
}

void
tayra__feed_lost(struct tayra_feed *feed, const char *why)
{
	if (tayra__handle_forked(feed->t))
		return;
	tayra__trouble_note(&feed->trouble, TAYRA_E_ORIGIN, why);
	if (distrust(feed, BLIND))
		count(&feed->gaps);
}

void
tayra__feed_untold(struct tayra_feed *feed, const char *table)
{
	pthread_mutex_lock(&feed->trouble.lock);
	snprintf(feed->untold, sizeof(feed->untold), "%s", table);
	pthread_mutex_unlock(&feed->trouble.lock);
}

void
tayra_feed_stats(struct tayra_feed *feed, struct tayra_feed_stats *out)
{
	struct tayra_feed_stats stats = TAYRA_FEED_STATS_INIT;
	size_t size = out->size;

	if (!tayra__handle_forked(feed->t)) {
		stats.keys = atomic_load_explicit(&feed->keys, memory_order_relaxed);
		stats.prefixes = atomic_load_explicit(&feed->prefixes, memory_order_relaxed);
		stats.ignored = atomic_load_explicit(&feed->ignored, memory_order_relaxed);
		stats.gaps = atomic_load_explicit(&feed->gaps, memory_order_relaxed);
		stats.sound = atomic_load_explicit(&feed->sound, memory_order_relaxed);
		tayra__trouble_read(&feed->trouble, stats.trouble);
		pthread_mutex_lock(&feed->trouble.lock);
		memcpy(stats.untold, feed->untold, sizeof(stats.untold));
		pthread_mutex_unlock(&feed->trouble.lock);
	}
	memcpy(out, &stats, size < sizeof(stats) ? size : sizeof(stats));
	out->size = size;
}
