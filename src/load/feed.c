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
	tayra__flight_forget_all(t, feed->doubt->prefix, feed->doubt->prefix_len);
	tayra__doubt_mark(&t->doubts, feed->doubt, tayra__handle_now_ns(t) / TAYRA_NS_PER_MS,
			  sound || sight == CLOSED ? UINT64_MAX : feed->blind_ttl_ms);
	if (sight == CLOSED)
		tayra__doubt_give_back(&t->doubts, feed->doubt);
	pthread_mutex_unlock(&t->lock);
	return true;
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

int
tayra__feed_init(struct tayra_feed *feed, struct tayra *t, const struct tayra_feed_options *given)
{
	struct tayra_feed_options o;
	struct whole prefix;
	int status;

	if (!t || tayra__option_struct(given, &o, sizeof(o)) != TAYRA_OK ||
	    (unsigned)o.forget > TAYRA_FEED_DELETE)
		return TAYRA_E_INVAL;
	status = make_whole(t, o.key_prefix, o.key_prefix_len, o.prefix,
			    o.prefix ? strlen(o.prefix) : 0, &prefix);
	if (status != TAYRA_OK)
		return status;
	*feed = (struct tayra_feed){ .close = feed->close, .t = t, .front_len = o.key_prefix_len };
	feed->blind_ttl_ms = o.blind_ttl_ms == TAYRA_OFF ? ANY_TTL
			     : o.blind_ttl_ms            ? o.blind_ttl_ms
							 : DEFAULT_BLIND_TTL_MS;
	pthread_mutex_lock(&t->lock);
	feed->doubt = tayra__doubt_take(&t->doubts, prefix.key, prefix.len,
					o.forget == TAYRA_FEED_DELETE);
	pthread_mutex_unlock(&t->lock);
	tayra__mem_free(prefix.block);
	if (!feed->doubt)
		return TAYRA_E_NOMEM;
	tayra__trouble_init(&feed->trouble);
	distrust(feed, AS_BEFORE);
	return TAYRA_OK;
}

void
tayra__feed_fini(struct tayra_feed *feed)
{
	distrust(feed, CLOSED);
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
overlap(const struct tayra_feed *feed, const void *bytes, size_t len)
{
	const struct tayra__doubt *cover = feed->doubt;
	size_t common = len < cover->prefix_len ? len : cover->prefix_len;

	return common == 0 || memcmp(bytes, cover->prefix, common) == 0;
}

/* => as tayra_feed_changed(). */
static int
key_changed(struct tayra_feed *feed, const void *key, size_t key_len)
{
	if (key_len < feed->doubt->prefix_len || !overlap(feed, key, key_len)) {
		count(&feed->ignored);
		return TAYRA_E_NOT_FOUND;
	}
	count(&feed->keys);
	tayra__store_outdate(feed->t, key, key_len,
			     feed->doubt->erases ? TAYRA__STORE_ERASE : TAYRA__STORE_AGE);
	return TAYRA_OK;
}

/* The same for a prefix. */
static int
prefix_changed(struct tayra_feed *feed, const void *prefix, size_t prefix_len)
{
	if (!overlap(feed, prefix, prefix_len)) {
		count(&feed->ignored);
		return TAYRA_E_NOT_FOUND;
	}
	count(&feed->prefixes);
	/* What the tiers could not be told of they keep in mind themselves. */
	if (prefix_len <= feed->doubt->prefix_len ||
	    tayra__store_clear(feed->t, prefix, prefix_len) == TAYRA_E_NOMEM)
		distrust(feed, AS_BEFORE);
	return TAYRA_OK;
}

static int
changed(struct tayra_feed *feed, const void *bytes, size_t len,
	int (*tell)(struct tayra_feed *feed, const void *bytes, size_t len))
{
	struct whole whole;
	int status;

	if (!feed)
		return TAYRA_E_INVAL;
	status = make_whole(feed->t, feed->doubt->prefix, feed->front_len, bytes, len, &whole);
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
	}
	memcpy(out, &stats, size < sizeof(stats) ? size : sizeof(stats));
	out->size = size;
}
