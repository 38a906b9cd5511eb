/* SPDX-License-Identifier: Apache-2.0
 *
 * ram_tier.h: a tier that keeps its values in memory: the second implementation of
 * struct tayra__tier_ops the tests have.  It fails when told to, and calls back from the middle of
 * a call, so that races happen when a test wants them.
 */
#ifndef TESTS_LOAD_RAM_TIER_H
#define TESTS_LOAD_RAM_TIER_H

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "tier/tier.h"

#define RAM_TIER_ITEMS 256
#define RAM_TIER_KEY   64

struct ram_tier_item {
	unsigned char key[RAM_TIER_KEY];
	size_t key_len;
	void *value;
	size_t len;
	struct tayra__tier_meta meta;
};

struct ram_tier {
	struct tayra__tier tier;
	pthread_mutex_t lock; /* all below */
	struct ram_tier_item items[RAM_TIER_ITEMS];
	unsigned count;
	struct tayra__tier_stats stats;
	unsigned clears;
	bool fails; /* every call, before it does anything */
	/* With ram_tier_lease_ops: of all keys; 0: nobody has it. */
	uint64_t lease, lease_until_ms;
	unsigned leases, releases, renewals; /* given; given back; made longer */
	/* Called without the lock.  In a get: after the value was read, before it is given. */
	void (*in_get)(void *arg), (*in_put)(void *arg), (*in_remove)(void *arg),
		(*in_clear)(void *arg);
	void *arg;
};

static inline struct ram_tier *
ram_tier_of(struct tayra__tier *tier)
{
	return (struct ram_tier *)tier;
}

static inline struct ram_tier_item *
ram_tier_find(struct ram_tier *r, const void *key, size_t key_len)
{
	for (unsigned i = 0; i < r->count; i++)
		if (r->items[i].key_len == key_len && memcmp(r->items[i].key, key, key_len) == 0)
			return &r->items[i];
	return NULL;
}

static inline void
ram_tier_drop(struct ram_tier *r, struct ram_tier_item *item)
{
	free(item->value);
	*item = r->items[--r->count];
}

static inline void
ram_tier_call(struct ram_tier *r, void (*hook)(void *))
{
	if (hook)
		hook(r->arg);
}

static inline int
ram_tier_get(struct tayra__tier *tier, const void *key, size_t key_len, uint64_t wall_ms,
	     struct tayra__tier_value *out)
{
	struct ram_tier *r = ram_tier_of(tier);
	struct ram_tier_item *item;
	int status = TAYRA_E_NOT_FOUND;

	*out = (struct tayra__tier_value){ 0 };
	pthread_mutex_lock(&r->lock);
	item = ram_tier_find(r, key, key_len);
	if (r->fails) {
		status = TAYRA_E_IO;
	} else if (item && item->meta.born_ms <= wall_ms && wall_ms < item->meta.expire_ms) {
		out->block = malloc(item->len + 1);
		memcpy(out->block, item->value, item->len);
		out->data = out->block;
		out->len = item->len;
		out->meta = item->meta;
		status = TAYRA_OK;
	}
	r->stats.hits += status == TAYRA_OK;
	r->stats.misses += status != TAYRA_OK;
	r->stats.io_errors += status == TAYRA_E_IO;
	r->stats.read_bytes += out->len;
	pthread_mutex_unlock(&r->lock);
	ram_tier_call(r, r->in_get);
	return status;
}

static inline int
ram_tier_put(struct tayra__tier *tier, const void *key, size_t key_len, const void *value,
	     size_t value_len, const struct tayra__tier_meta *meta, uint64_t wall_ms)
{
	struct ram_tier *r = ram_tier_of(tier);
	struct ram_tier_item *item;
	int status = TAYRA_OK;

	(void)wall_ms;
	ram_tier_call(r, r->in_put);
	pthread_mutex_lock(&r->lock);
	r->stats.puts++;
	item = ram_tier_find(r, key, key_len);
	if (r->fails) {
		status = TAYRA_E_IO;
	} else {
		if (item)
			ram_tier_drop(r, item);
		if (r->count == RAM_TIER_ITEMS || key_len > RAM_TIER_KEY)
			abort();
		item = &r->items[r->count++];
		*item = (struct ram_tier_item){ .key_len = key_len,
						.value = malloc(value_len + 1),
						.len = value_len,
						.meta = *meta };
		memcpy(item->key, key, key_len);
		if (value_len)
			memcpy(item->value, value, value_len);
		r->stats.written_bytes += value_len;
	}
	r->stats.refused += status != TAYRA_OK;
	r->stats.io_errors += status != TAYRA_OK;
	pthread_mutex_unlock(&r->lock);
	return status;
}

static inline int
ram_tier_remove(struct tayra__tier *tier, const void *key, size_t key_len, uint64_t wall_ms)
{
	struct ram_tier *r = ram_tier_of(tier);
	struct ram_tier_item *item;
	int status = TAYRA_E_NOT_FOUND;

	(void)wall_ms;
	ram_tier_call(r, r->in_remove);
	pthread_mutex_lock(&r->lock);
	r->stats.deletes++;
	item = ram_tier_find(r, key, key_len);
	if (r->fails) {
		status = TAYRA_E_IO;
	} else if (item) {
		ram_tier_drop(r, item);
		status = TAYRA_OK;
	}
	pthread_mutex_unlock(&r->lock);
	return status;
}

static inline int
ram_tier_clear(struct tayra__tier *tier, const void *prefix, size_t prefix_len, uint64_t wall_ms)
{
	struct ram_tier *r = ram_tier_of(tier);
	unsigned i = 0;
	int status;

	(void)wall_ms;
	ram_tier_call(r, r->in_clear);
	pthread_mutex_lock(&r->lock);
	while (!r->fails && i < r->count) {
		struct ram_tier_item *item = &r->items[i];

		if (item->key_len >= prefix_len &&
		    (prefix_len == 0 || memcmp(item->key, prefix, prefix_len) == 0))
			ram_tier_drop(r, item);
		else
			i++;
	}
	r->clears++;
	status = r->fails ? TAYRA_E_IO : TAYRA_OK;
	pthread_mutex_unlock(&r->lock);
	return status;
}

static inline uint64_t
ram_tier_tick(struct tayra__tier *tier, uint64_t wall_ms)
{
	(void)tier;
	return wall_ms + 1000;
}

static inline void
ram_tier_stats(struct tayra__tier *tier, struct tayra__tier_stats *out)
{
	struct ram_tier *r = ram_tier_of(tier);

	pthread_mutex_lock(&r->lock);
	*out = r->stats;
	out->items = r->count;
	out->out = r->fails;
	pthread_mutex_unlock(&r->lock);
}

static inline int
ram_tier_close(struct tayra__tier *tier)
{
	struct ram_tier *r = ram_tier_of(tier);

	while (r->count)
		ram_tier_drop(r, &r->items[0]);
	pthread_mutex_destroy(&r->lock);
	tayra__tier_fini(tier);
	return TAYRA_OK;
}

static const struct tayra__tier_ops ram_tier_ops = {
	.get = ram_tier_get,
	.put = ram_tier_put,
	.remove = ram_tier_remove,
	.clear = ram_tier_clear,
	.tick = ram_tier_tick,
	.stats = ram_tier_stats,
	.close = ram_tier_close,
};

static inline int
ram_tier_lease(struct tayra__tier *tier, const void *key, size_t key_len, uint64_t wall_ms,
	       struct tayra__tier_lease *lease, struct tayra__tier_value *out)
{
	struct ram_tier *r = ram_tier_of(tier);

	pthread_mutex_lock(&r->lock);
	lease->token = 0;
	lease->held = !r->fails && r->lease && wall_ms < r->lease_until_ms;
	if (!r->fails && !lease->held) {
		lease->token = r->lease = ++r->leases;
		r->lease_until_ms = wall_ms + lease->ns / TAYRA_NS_PER_MS;
	}
	pthread_mutex_unlock(&r->lock);
	return ram_tier_get(tier, key, key_len, wall_ms, out);
}

static inline void
ram_tier_release(struct tayra__tier *tier, const struct tayra__tier_leased *leases, size_t count)
{
	struct ram_tier *r = ram_tier_of(tier);

	pthread_mutex_lock(&r->lock);
	for (size_t i = 0; i < count && !r->fails; i++)
		if (r->lease == leases[i].token) {
			r->lease = 0;
			r->releases++;
		}
	pthread_mutex_unlock(&r->lock);
}

static inline void
ram_tier_renew(struct tayra__tier *tier, const struct tayra__tier_leased *leases, size_t count,
	       uint64_t ns)
{
	struct ram_tier *r = ram_tier_of(tier);

	pthread_mutex_lock(&r->lock);
	for (size_t i = 0; i < count && !r->fails; i++)
		if (r->lease == leases[i].token) {
			r->lease_until_ms += ns / TAYRA_NS_PER_MS;
			r->renewals++;
		}
	pthread_mutex_unlock(&r->lock);
}

/* One that others load from too. */
static const struct tayra__tier_ops ram_tier_lease_ops = {
	.get = ram_tier_get,
	.put = ram_tier_put,
	.remove = ram_tier_remove,
	.clear = ram_tier_clear,
	.tick = ram_tier_tick,
	.stats = ram_tier_stats,
	.close = ram_tier_close,
	.lease = ram_tier_lease,
	.release = ram_tier_release,
	.renew = ram_tier_renew,
};

static inline void
ram_tier_open(struct ram_tier *r)
{
	memset(r, 0, sizeof(*r));
	tayra__tier_init(&r->tier, "ram", &ram_tier_ops);
	pthread_mutex_init(&r->lock, NULL);
}

static inline unsigned
ram_tier_clears(struct ram_tier *r)
{
	unsigned clears;

	pthread_mutex_lock(&r->lock);
	clears = r->clears;
	pthread_mutex_unlock(&r->lock);
	return clears;
}

static inline uint64_t
ram_tier_puts(struct ram_tier *r)
{
	uint64_t puts;

	pthread_mutex_lock(&r->lock);
	puts = r->stats.puts;
	pthread_mutex_unlock(&r->lock);
	return puts;
}

static inline void
ram_tier_fail(struct ram_tier *r, bool fails)
{
	pthread_mutex_lock(&r->lock);
	r->fails = fails;
	pthread_mutex_unlock(&r->lock);
}

#endif
