/* SPDX-License-Identifier: Apache-2.0 */
#include "load/below.h"

#include <limits.h>
#include <string.h>

#include "base/hash.h"
#include "load/flight.h"
#include "load/handle.h"
#include "load/land.h"
#include "load/ref.h"
#include "load/store.h"
#include "load/turn.h"

#define TICK_NS     TAYRA_NS_PER_S
#define TICK_BUDGET 16 /* keys the remote is told of by a tick without a thread */

static uint32_t
stripe_of(const struct tayra *t, const void *key, size_t key_len)
{
	return (uint32_t)(tayra__hash_bytes(key, key_len, t->bucket_seed) >> 32) %
	       TAYRA__BELOW_STRIPES;
}

bool
tayra__below_is(const struct tayra *t)
{
	return t->below.file.tier || t->below.remote.tier;
}

bool
tayra__below_posts(const struct tayra *t)
{
	return t->below.writer;
}

void
tayra__below_enter(struct tayra *t, const void *key, size_t key_len)
{
	if (t->below.file.tier)
		pthread_mutex_lock(&t->below.order[stripe_of(t, key, key_len)]);
}

void
tayra__below_leave(struct tayra *t, const void *key, size_t key_len)
{
	if (t->below.file.tier)
		pthread_mutex_unlock(&t->below.order[stripe_of(t, key, key_len)]);
}

/* In one order, or two of these would wait for each other. */
void
tayra__below_enter_all(struct tayra *t)
{
	for (unsigned i = 0; t->below.file.tier && i < TAYRA__BELOW_STRIPES; i++)
		pthread_mutex_lock(&t->below.order[i]);
}

void
tayra__below_leave_all(struct tayra *t)
{
	for (unsigned i = 0; t->below.file.tier && i < TAYRA__BELOW_STRIPES; i++)
		pthread_mutex_unlock(&t->below.order[i]);
}

void
tayra__below_changed(struct tayra *t, const void *key, size_t key_len)
{
	if (tayra__below_is(t))
		t->below.changes[stripe_of(t, key, key_len)]++;
}

void
tayra__below_all_changed(struct tayra *t)
{
	for (unsigned i = 0; i < TAYRA__BELOW_STRIPES; i++)
		t->below.changes[i]++;
}

void
tayra__below_put(struct tayra *t, const void *key, size_t key_len, const void *value,
		 size_t value_len, const struct tayra_item_meta *meta)
{
	if (t->below.file.tier)
		tayra__level_put(t, &t->below.file, key, key_len, value, value_len, meta,
				 TAYRA__LEVEL_PUT);
}

int
tayra__below_remove(struct tayra *t, const void *key, size_t key_len)
{
	if (!t->below.file.tier)
		return TAYRA_E_NOT_FOUND;
	return tayra__level_remove(t, &t->below.file, key, key_len);
}

int
tayra__below_clear(struct tayra *t, const void *prefix, size_t prefix_len)
{
	if (!t->below.file.tier)
		return TAYRA_OK;
	return tayra__level_clear(t, &t->below.file, prefix, prefix_len);
}

/* What others changed. */

void
tayra__below_forget(struct tayra *t, const void *key, size_t key_len)
{
	tayra__below_enter(t, key, key_len);
	pthread_mutex_lock(&t->lock);
	tayra__flight_forget_told(t, key, key_len);
	tayra__due_drop(t, key, key_len);
	tayra_cache_delete(t->cache, key, key_len);
	pthread_mutex_unlock(&t->lock);
	tayra__below_remove(t, key, key_len);
	tayra__below_leave(t, key, key_len);
}

/* Told by the remote tier, maybe from inside a call of it: none is made with an order lock held. */
static void
changed_elsewhere(void *ctx, const void *key, size_t key_len)
{
	struct tayra *t = ctx;

	if (!key) {
		pthread_mutex_lock(&t->lock);
		tayra__flight_forget_all(t, NULL, 0);
		tayra__doubts_tell_any_tag(&t->doubts, tayra__handle_now_ns(t) / TAYRA_NS_PER_MS,
					   TAYRA__TAG_ERASE);
		t->below.trust = TAYRA__DISTRUSTED;
		pthread_cond_broadcast(&t->below.due.settled);
		pthread_mutex_unlock(&t->lock);
		tayra_cache_clear(t->cache);
		return;
	}
	tayra__below_forget(t, key, key_len);
}

static void
tag_told_elsewhere(void *ctx, uint64_t hash)
{
	tayra__store_tell_tag(ctx, hash);
}

int
tayra__below_tell_tag(struct tayra *t, uint64_t hash)
{
	struct tayra__tier *remote = t->below.remote.tier;

	return remote && remote->ops->tell_tag ? remote->ops->tell_tag(remote, hash) : TAYRA_OK;
}

/* The lock is held, let go of meanwhile. */
static void
empty_file(struct tayra *t)
{
	struct tayra__below *below = &t->below;

	if (below->trust != TAYRA__DISTRUSTED)
		return;
	below->trust = TAYRA__EMPTYING;
	pthread_mutex_unlock(&t->lock);
	if (below->file.tier)
		tayra__level_clear(t, &below->file, NULL, 0);
	pthread_mutex_lock(&t->lock);
	/* Unless it has been distrusted again. */
	if (below->trust == TAYRA__EMPTYING)
		below->trust = TAYRA__TRUSTED;
}

/* Looking. */

/* Who may be asked, and what outdates the answer. */
struct leave {
	bool file, remote;
	uint64_t changes;
};

static struct leave
ask_leave(struct tayra *t, const void *key, size_t key_len)
{
	struct tayra__below *below = &t->below;
	struct leave leave;

	pthread_mutex_lock(&t->lock);
	if (!below->writer)
		empty_file(t);
	leave = (struct leave){
		.file = below->file.tier && below->trust == TAYRA__TRUSTED,
		.remote = below->remote.tier && !tayra__due_blocks(t, key, key_len),
		.changes = below->changes[stripe_of(t, key, key_len)],
	};
	pthread_mutex_unlock(&t->lock);
	return leave;
}

static bool
outdated(const struct tayra *t, const void *key, size_t key_len, const struct leave *leave)
{
	return t->below.changes[stripe_of(t, key, key_len)] != leave->changes;
}

/* When what is in the cache was born; false: nothing is. */
static bool
born_above(struct tayra *t, const void *key, size_t key_len, uint64_t *born_ms)
{
	struct tayra_value value;

	if (tayra_cache_get(t->cache, key, key_len, tayra__handle_now_ns(t) / TAYRA_NS_PER_MS,
			    &value) != TAYRA_OK)
		return false;
	*born_ms = value.meta.born_ms;
	tayra_cache_unpin(t->cache, &value);
	return true;
}

static int
look_in_file(struct tayra *t, const void *key, size_t key_len, struct tayra__found *out)
{
	int status;

	tayra__below_enter(t, key, key_len);
	status = tayra__level_get(t, &t->below.file, key, key_len, out);
	tayra__below_leave(t, key, key_len);
	return status;
}

/* The remote may have something newer than what turned stale here: others load too.  *status and
 * *out are the file's. */
static void
look_in_remote(struct tayra *t, const void *key, size_t key_len, uint64_t newer_than_ms,
	       bool anything, struct tayra__tier_lease *lease, int *status,
	       struct tayra__found *out)
{
	struct tayra__found found;
	int got = tayra__lease_get(t, key, key_len, lease, &found);

	if (got == TAYRA_OK && anything && found.meta.born_ms <= newer_than_ms) {
		tayra__tier_value_free(&found.value);
		return;
	}
	if (got == TAYRA_OK) {
		if (*status == TAYRA_OK)
			tayra__tier_value_free(&out->value);
		*out = found;
		*status = TAYRA_OK;
	} else if (*status != TAYRA_OK && got == TAYRA_E_NOMEM) {
		*status = got;
	}
}

/* lease: NULL, or asked for where the remote is.  => TAYRA_OK, anything else: a miss, TAYRA_E_NOMEM
 * because nobody could look. */
static int
look(struct tayra *t, const void *key, size_t key_len, struct leave *leave,
     struct tayra__tier_lease *lease, struct tayra__found *out)
{
	uint64_t born_ms = 0;
	int status = TAYRA_E_NOT_FOUND;
	bool anything = born_above(t, key, key_len, &born_ms);

	*leave = ask_leave(t, key, key_len);
	/* The file is no newer than RAM. */
	if (leave->file && !anything)
		status = look_in_file(t, key, key_len, out);
	if (status == TAYRA_OK) {
		if (tayra__handle_now_ns(t) / TAYRA_NS_PER_MS < out->meta.fresh_ms)
			return status;
		anything = true;
		born_ms = out->meta.born_ms;
	}
	if (leave->remote)
		look_in_remote(t, key, key_len, born_ms, anything, lease, &status, out);
	return status;
}

/* What came from the remote is kept in the file too.  After those who wait were answered. */
static void
copy_down(struct tayra *t, const void *key, size_t key_len, const struct leave *leave,
	  const struct tayra__found *found)
{
	bool keep;

	if (found->tier != TAYRA_TIER_REMOTE || !t->below.file.tier)
		return;
	tayra__below_enter(t, key, key_len);
	pthread_mutex_lock(&t->lock);
	keep = !outdated(t, key, key_len, leave);
	pthread_mutex_unlock(&t->lock);
	if (keep && (found->meta.flags & TAYRA__ITEM_ABSENT))
		tayra__below_remove(t, key, key_len);
	else if (keep)
		tayra__below_put(t, key, key_len, found->value.data, found->value.len,
				 &found->meta);
	tayra__below_leave(t, key, key_len);
}

static int
copy_up(struct tayra__hold *hold, const void *key, size_t key_len, const struct tayra__found *found,
	uint64_t now_ms)
{
	const struct tayra__tier_value *value = &found->value;

	hold->tags = tayra__tags_read(value->data, value->len, found->meta.flags);
	return tayra__hold_copy(hold, key, key_len, value->data, value->len, now_ms);
}

/* A hold with a copy of the bytes, or NULL with *status. */
static struct tayra__hold *
hold_of(struct tayra *t, const void *key, size_t key_len, const struct tayra__found *found,
	int *status)
{
	struct tayra__hold *hold = tayra__hold_create(t->cache, t->budget, t->token);

	*status = hold ? copy_up(hold, key, key_len, found,
				 tayra__handle_now_ns(t) / TAYRA_NS_PER_MS)
		       : TAYRA_E_NOMEM;
	if (*status == TAYRA_OK)
		return hold;
	if (hold)
		tayra__hold_put(hold);
	return NULL;
}

int
tayra__below_fetch(struct tayra *t, const void *key, size_t key_len, struct tayra_ref *ref)
{
	struct tayra__found found;
	struct tayra__hold *hold;
	struct leave leave;
	uint64_t now_ms;
	int status;

	if (!tayra__below_is(t) || look(t, key, key_len, &leave, NULL, &found) != TAYRA_OK)
		return TAYRA_E_NOT_FOUND;
	if (found.meta.flags & TAYRA__ITEM_ABSENT) {
		tayra__tier_value_free(&found.value);
		return TAYRA_E_NOT_FOUND;
	}
	hold = hold_of(t, key, key_len, &found, &status);
	if (!hold) {
		tayra__tier_value_free(&found.value);
		return status;
	}
	now_ms = tayra__handle_now_ns(t) / TAYRA_NS_PER_MS;
	pthread_mutex_lock(&t->lock);
	if (hold->kind == TAYRA__HOLD_RESERVED && !outdated(t, key, key_len, &leave))
		status = tayra__hold_commit(hold, &found.meta, now_ms);
	pthread_mutex_unlock(&t->lock);
	copy_down(t, key, key_len, &leave, &found);
	tayra__tier_value_free(&found.value);
	if (status == TAYRA_OK && now_ms < found.meta.fresh_ms)
		tayra__ref_share(ref, hold, &found.meta, found.tier, now_ms);
	else if (status == TAYRA_OK)
		status = TAYRA_E_NOT_FOUND;
	tayra__hold_put(hold);
	return status;
}

/* What was put here while the flight was parked.  => whether it has landed. */
static bool
found_in_ram(struct tayra_load *flight)
{
	struct tayra *t = flight->t;
	uint64_t now_ms = tayra__handle_now_ns(t) / TAYRA_NS_PER_MS;
	struct tayra_item_meta meta;
	struct tayra_value value;

	if (!flight->looks ||
	    tayra__ram_get(t, flight->key, flight->key_len, now_ms, &value) != TAYRA_OK)
		return false;
	if (now_ms >= value.meta.fresh_ms || (value.meta.flags & TAYRA_ITEM_STALE)) {
		tayra_cache_unpin(t->cache, &value);
		return false;
	}
	meta = value.meta;
	tayra__hold_take(flight->hold, &value);
	return tayra__land_found(flight, &meta, TAYRA_TIER_RAM);
}

/* A flight with what was found for it.  => whether it has landed; else TAYRA_E_NOT_FOUND,
 * TAYRA_E_NOMEM, TAYRA_E_FULL. */
static int
land(struct tayra_load *flight, const struct tayra__found *found)
{
	int status;

	if (found->meta.flags & TAYRA__ITEM_ABSENT)
		return tayra__land_absent(flight, &found->meta) ? TAYRA_OK : TAYRA_E_NOT_FOUND;
	status = copy_up(flight->hold, flight->key, flight->key_len, found,
			 tayra__handle_now_ns(flight->t) / TAYRA_NS_PER_MS);
	if (status == TAYRA_OK && !tayra__land_found(flight, &found->meta, found->tier))
		status = TAYRA_E_NOT_FOUND;
	return status;
}

int
tayra__below_look(struct tayra_load *flight, uint64_t lease_ns)
{
	struct tayra *t = flight->t;
	struct tayra__tier_lease lease = { .ns = lease_ns };
	struct tayra__found found;
	struct leave leave;
	int status;

	if (found_in_ram(flight))
		return TAYRA_OK;
	status = look(t, flight->key, flight->key_len, &leave, lease_ns ? &lease : NULL, &found);
	flight->lease = lease.token;
	if (lease.token)
		flight->started_ns = tayra__handle_now_ns(t);
	if (status != TAYRA_OK && lease.held)
		return TAYRA_PENDING;
	if (status != TAYRA_OK)
		return status == TAYRA_E_NOMEM ? status : TAYRA_E_NOT_FOUND;
	status = land(flight, &found);
	if (status == TAYRA_E_NOT_FOUND && lease.held)
		status = TAYRA_PENDING;
	copy_down(t, flight->key, flight->key_len, &leave, &found);
	tayra__tier_value_free(&found.value);
	return status;
}

/* The threads. */

bool
tayra__below_look_aside(struct tayra_load *flight)
{
	struct tayra *t = flight->t;

	if (!t->below.lookers || !flight->look)
		return false;
	tayra__flight_ref(flight);
	tayra__list_push_back(&t->below.waiting, &flight->in_line);
	pthread_cond_signal(&t->below.wake);
	return true;
}

static void *
run_looker(void *arg)
{
	struct tayra *t = arg;
	struct tayra__below *below = &t->below;
	struct tayra__list *node;

	pthread_mutex_lock(&t->lock);
	for (;;) {
		struct tayra_load *flight;

		while (!(node = tayra__list_pop_front(&below->waiting)) && !below->stop)
			pthread_cond_wait(&below->wake, &t->lock);
		if (!node)
			break;
		flight = TAYRA__LIST_ENTRY(node, struct tayra_load, in_line);
		pthread_mutex_unlock(&t->lock);
		tayra__turn_enter(flight);
		pthread_mutex_lock(&t->lock);
		tayra__flight_unref(flight);
	}
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

/* The lock is held, let go of meanwhile. */
static void
tick_remote(struct tayra *t)
{
	pthread_mutex_unlock(&t->lock);
	tayra__level_tick(t, &t->below.remote);
	pthread_mutex_lock(&t->lock);
}

static bool
has_work(const struct tayra__below *below)
{
	return tayra__due_is_posted(&below->due) || below->trust == TAYRA__DISTRUSTED ||
	       below->pay || below->leases.renew || !tayra__list_empty(&below->leases.ended);
}

static void *
run_writer(void *arg)
{
	struct tayra *t = arg;
	struct tayra__below *below = &t->below;
	enum tayra__due_part part;

	pthread_mutex_lock(&t->lock);
	while (!below->stop) {
		if (!has_work(below)) {
			tayra__lease_await(t, &below->due.settled);
			continue;
		}
		part = below->pay ? TAYRA__DUE_ALL : TAYRA__DUE_POSTED;
		below->pay = false;
		empty_file(t);
		if (part == TAYRA__DUE_ALL)
			tick_remote(t);
		tayra__due_work(t, part, UINT_MAX);
		tayra__lease_give_back(t);
		if (below->leases.renew)
			tayra__lease_renew(t);
	}
	tayra__due_work(t, TAYRA__DUE_POSTED, UINT_MAX);
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

static int
start_threads(struct tayra *t)
{
	struct tayra__below *below = &t->below;
	const unsigned lookers = below->remote.tier ? TAYRA__BELOW_LOOKERS : 1;

	while (below->lookers < lookers) {
		if (pthread_create(&below->threads[below->lookers], NULL, run_looker, t) != 0)
			return TAYRA_E_NOMEM;
		below->lookers++;
	}
	if (!below->remote.tier)
		return TAYRA_OK;
	if (pthread_create(&below->threads[TAYRA__BELOW_LOOKERS], NULL, run_writer, t) != 0)
		return TAYRA_E_NOMEM;
	below->writer = true;
	return TAYRA_OK;
}

int
tayra__below_init(struct tayra *t, struct tayra__tier *file, struct tayra__tier *remote,
		  uint64_t lease_ns, enum tayra__below_threads threads)
{
	struct tayra__below *below = &t->below;
	int status;

	if (!file && !remote)
		return TAYRA_OK;
	if (!t->clock.wall_ms)
		return TAYRA_E_INVAL;
	/* What was said of tags before, nobody tells. */
	tayra__doubts_tell_any_tag(&t->doubts, tayra__handle_now_ns(t) / TAYRA_NS_PER_MS,
				   TAYRA__TAG_ERASE);
	for (unsigned i = 0; i < TAYRA__BELOW_STRIPES; i++)
		pthread_mutex_init(&below->order[i], NULL);
	pthread_cond_init(&below->wake, NULL);
	tayra__list_init(&below->waiting);
	below->leases.ns = lease_ns;
	tayra__heap_init(&below->leases.parked);
	tayra__list_init(&below->leases.ended);
	below->file = (struct tayra__level){ file, TAYRA_TIER_FILE };
	below->remote = (struct tayra__level){ remote, TAYRA_TIER_REMOTE };
	status = tayra__due_init(t);
	if (status != TAYRA_OK)
		return status;
	if (remote) {
		/* What others changed since the file was written nobody has told us. */
		below->trust = TAYRA__DISTRUSTED;
		tayra__tier_watch(remote, changed_elsewhere, t);
		tayra__tier_watch_tags(remote, tag_told_elsewhere);
	}
	return threads == TAYRA__BELOW_THREADED ? start_threads(t) : TAYRA_OK;
}

void
tayra__below_fini(struct tayra *t)
{
	struct tayra__below *below = &t->below;

	if (!tayra__below_is(t))
		return;
	if (below->remote.tier)
		tayra__tier_watch(below->remote.tier, NULL, NULL);
	pthread_mutex_lock(&t->lock);
	below->stop = true;
	pthread_cond_broadcast(&below->wake);
	if (below->writer)
		pthread_cond_broadcast(&below->due.settled);
	pthread_mutex_unlock(&t->lock);
	for (unsigned i = 0; i < below->lookers; i++)
		pthread_join(below->threads[i], NULL);
	if (below->writer)
		pthread_join(below->threads[TAYRA__BELOW_LOOKERS], NULL);
	tayra__due_fini(t);
	tayra__heap_fini(&below->leases.parked);
	pthread_cond_destroy(&below->wake);
	for (unsigned i = 0; i < TAYRA__BELOW_STRIPES; i++)
		pthread_mutex_destroy(&below->order[i]);
}

static void
tend_remote(struct tayra *t)
{
	struct tayra__below *below = &t->below;

	pthread_mutex_lock(&t->lock);
	if (below->writer) {
		below->pay = true;
		pthread_cond_broadcast(&below->due.settled);
	} else {
		empty_file(t);
		tick_remote(t);
		tayra__due_work(t, TAYRA__DUE_ALL, TICK_BUDGET);
	}
	pthread_mutex_unlock(&t->lock);
}

void
tayra__below_tick(struct tayra *t, uint64_t now_ns)
{
	struct tayra__below *below = &t->below;
	uint64_t next = atomic_load_explicit(&below->next_tick_ns, memory_order_relaxed);

	if (!tayra__below_is(t) || now_ns < next ||
	    !atomic_compare_exchange_strong_explicit(&below->next_tick_ns, &next, now_ns + TICK_NS,
						     memory_order_relaxed, memory_order_relaxed))
		return;
	/* A disk may take its time; meanwhile nobody may believe the coarse clock. */
	atomic_store_explicit(&t->coarse_ns, 0, memory_order_relaxed);
	if (below->file.tier)
		tayra__level_tick(t, &below->file);
	if (below->remote.tier)
		tend_remote(t);
}
