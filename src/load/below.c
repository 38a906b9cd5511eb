/* SPDX-License-Identifier: Apache-2.0 */
#include "load/below.h"

#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "load/flight.h"
#include "load/handle.h"
#include "load/land.h"
#include "load/ref.h"
#include "load/turn.h"

#define TICK_NS TAYRA_NS_PER_S

static uint32_t
stripe_of(const struct tayra *t, const void *key, size_t key_len)
{
	return (uint32_t)(tayra__hash_bytes(key, key_len, t->bucket_seed) >> 32) %
	       TAYRA__BELOW_STRIPES;
}

bool
tayra__below_is(const struct tayra *t)
{
	return t->below.file != NULL;
}

void
tayra__below_enter(struct tayra *t, const void *key, size_t key_len)
{
	if (t->below.file)
		pthread_mutex_lock(&t->below.order[stripe_of(t, key, key_len)]);
}

void
tayra__below_leave(struct tayra *t, const void *key, size_t key_len)
{
	if (t->below.file)
		pthread_mutex_unlock(&t->below.order[stripe_of(t, key, key_len)]);
}

void
tayra__below_changed(struct tayra *t, const void *key, size_t key_len)
{
	if (t->below.file)
		t->below.changes[stripe_of(t, key, key_len)]++;
}

void
tayra__below_all_changed(struct tayra *t)
{
	for (unsigned i = 0; t->below.file && i < TAYRA__BELOW_STRIPES; i++)
		t->below.changes[i]++;
}

/* In one order, or two of these would wait for each other. */
void
tayra__below_enter_all(struct tayra *t)
{
	for (unsigned i = 0; t->below.file && i < TAYRA__BELOW_STRIPES; i++)
		pthread_mutex_lock(&t->below.order[i]);
}

void
tayra__below_leave_all(struct tayra *t)
{
	for (unsigned i = 0; t->below.file && i < TAYRA__BELOW_STRIPES; i++)
		pthread_mutex_unlock(&t->below.order[i]);
}

/* A moment of one clock on the other, given what both say now.  What lies before the other's
 * beginning is 0. */
static uint64_t
carry_over(uint64_t moment, uint64_t from_now, uint64_t to_now)
{
	if (moment == UINT64_MAX)
		return moment;
	if (moment >= from_now)
		return tayra__add_sat(to_now, moment - from_now);
	return to_now > from_now - moment ? to_now - (from_now - moment) : 0;
}

static uint64_t
wall_ms(const struct tayra *t)
{
	return tayra__clock_wall_ms(&t->clock);
}

void
tayra__below_put(struct tayra *t, const void *key, size_t key_len, const void *value,
		 size_t value_len, const struct tayra_item_meta *meta, uint64_t now_ns)
{
	struct tayra__tier *file = t->below.file;
	uint64_t now_ms = now_ns / TAYRA_NS_PER_MS, began_ns, wall;
	struct tayra__tier_meta m;

	if (!file)
		return;
	wall = wall_ms(t);
	m = (struct tayra__tier_meta){
		.born_ms = carry_over(meta->born_ms, now_ms, wall),
		.fresh_ms = carry_over(meta->fresh_ms, now_ms, wall),
		.expire_ms = carry_over(meta->expire_ms, now_ms, wall),
		.version = meta->version,
		.cost_ns = meta->cost_ns,
	};
	began_ns = tayra__handle_now_ns(t);
	file->ops->put(file, key, key_len, value, value_len, &m, wall);
	tayra__counters_add(&t->counters, TAYRA__COUNT_FILE_WRITE_NS,
			    tayra__handle_now_ns(t) - began_ns);
}

int
tayra__below_remove(struct tayra *t, const void *key, size_t key_len)
{
	struct tayra__tier *file = t->below.file;

	return file ? file->ops->remove(file, key, key_len, wall_ms(t)) : TAYRA_E_NOT_FOUND;
}

int
tayra__below_clear(struct tayra *t, const void *prefix, size_t prefix_len)
{
	struct tayra__tier *file = t->below.file;

	return file ? file->ops->clear(file, prefix, prefix_len, wall_ms(t)) : TAYRA_OK;
}

/* => TAYRA_E_NOT_FOUND when it is older than the handle's clock, whose age could not be told. */
static int
date(const struct tayra *t, struct tayra__found *found)
{
	const struct tayra__tier_meta *m = &found->value.meta;
	uint64_t wall = wall_ms(t), now_ms = tayra__handle_now_ns(t) / TAYRA_NS_PER_MS;

	if (m->born_ms > wall || wall - m->born_ms > now_ms || m->expire_ms <= wall)
		return TAYRA_E_NOT_FOUND;
	found->meta = (struct tayra_item_meta){
		.born_ms = carry_over(m->born_ms, wall, now_ms),
		.fresh_ms = carry_over(m->fresh_ms, wall, now_ms),
		.expire_ms = carry_over(m->expire_ms, wall, now_ms),
		.cost_ns = m->cost_ns,
		.version = m->version,
	};
	return TAYRA_OK;
}

int
tayra__below_get(struct tayra *t, const void *key, size_t key_len, struct tayra__found *out)
{
	struct tayra__tier *file = t->below.file;
	uint64_t began_ns = tayra__handle_now_ns(t);
	int status;

	tayra__below_enter(t, key, key_len);
	status = file->ops->get(file, key, key_len, wall_ms(t), &out->value);
	tayra__below_leave(t, key, key_len);
	tayra__counters_add(&t->counters, TAYRA__COUNT_FILE_READ_NS,
			    tayra__handle_now_ns(t) - began_ns);
	if (status == TAYRA_OK)
		status = date(t, out);
	if (status != TAYRA_OK)
		tayra__tier_value_free(&out->value);
	return status;
}

/* Something of it is in the cache, fresh or not: what is below is no newer. */
static bool
is_above(struct tayra *t, const void *key, size_t key_len)
{
	struct tayra_value value;

	if (tayra_cache_get(t->cache, key, key_len, tayra__handle_now_ns(t) / TAYRA_NS_PER_MS,
			    &value) != TAYRA_OK)
		return false;
	tayra_cache_unpin(t->cache, &value);
	return true;
}

/* A hold with a copy of the bytes, or NULL with *status. */
static struct tayra__hold *
hold_of(struct tayra *t, const void *key, size_t key_len, const struct tayra__tier_value *value,
	int *status)
{
	struct tayra__hold *hold = tayra__hold_create(t->cache, t->budget, t->token);

	*status = hold ? tayra__hold_copy(hold, key, key_len, value->data, value->len,
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
	const uint64_t *changes = &t->below.changes[stripe_of(t, key, key_len)];
	uint64_t before, now_ms;
	int status;

	if (!t->below.file)
		return TAYRA_E_NOT_FOUND;
	pthread_mutex_lock(&t->lock);
	before = *changes;
	pthread_mutex_unlock(&t->lock);
	if (is_above(t, key, key_len) || tayra__below_get(t, key, key_len, &found) != TAYRA_OK)
		return TAYRA_E_NOT_FOUND;
	hold = hold_of(t, key, key_len, &found.value, &status);
	tayra__tier_value_free(&found.value);
	if (!hold)
		return status;
	now_ms = tayra__handle_now_ns(t) / TAYRA_NS_PER_MS;
	pthread_mutex_lock(&t->lock);
	if (hold->kind == TAYRA__HOLD_RESERVED && before == *changes)
		status = tayra__hold_commit(hold, &found.meta, now_ms);
	pthread_mutex_unlock(&t->lock);
	if (status == TAYRA_OK && now_ms < found.meta.fresh_ms)
		tayra__ref_share(ref, hold, &found.meta, TAYRA_TIER_FILE, now_ms);
	else if (status == TAYRA_OK)
		status = TAYRA_E_NOT_FOUND;
	tayra__hold_put(hold);
	return status;
}

int
tayra__below_look(struct tayra_load *flight)
{
	struct tayra *t = flight->t;
	struct tayra__found found;
	int status;

	if (is_above(t, flight->key, flight->key_len))
		return TAYRA_E_NOT_FOUND;
	status = tayra__below_get(t, flight->key, flight->key_len, &found);
	if (status != TAYRA_OK)
		return status == TAYRA_E_NOMEM ? status : TAYRA_E_NOT_FOUND;
	status = tayra__hold_copy(flight->hold, flight->key, flight->key_len, found.value.data,
				  found.value.len, tayra__handle_now_ns(t) / TAYRA_NS_PER_MS);
	tayra__tier_value_free(&found.value);
	if (status == TAYRA_OK && !tayra__land_found(flight, &found.meta))
		status = TAYRA_E_NOT_FOUND;
	return status;
}

bool
tayra__below_look_aside(struct tayra_load *flight)
{
	struct tayra *t = flight->t;

	if (!t->below.threaded || !flight->look)
		return false;
	tayra__flight_ref(flight);
	tayra__list_push_back(&t->below.waiting, &flight->in_below);
	pthread_cond_signal(&t->below.wake);
	return true;
}

static void *
look_aside(void *arg)
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
		flight = TAYRA__LIST_ENTRY(node, struct tayra_load, in_below);
		pthread_mutex_unlock(&t->lock);
		tayra__turn_enter(flight);
		pthread_mutex_lock(&t->lock);
		tayra__flight_unref(flight);
	}
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

int
tayra__below_init(struct tayra *t, struct tayra__tier *file, bool threaded)
{
	struct tayra__below *below = &t->below;

	if (!file)
		return TAYRA_OK;
	if (!t->clock.wall_ms)
		return TAYRA_E_INVAL;
	for (unsigned i = 0; i < TAYRA__BELOW_STRIPES; i++)
		pthread_mutex_init(&below->order[i], NULL);
	pthread_cond_init(&below->wake, NULL);
	tayra__list_init(&below->waiting);
	below->file = file;
	if (threaded && pthread_create(&below->thread, NULL, look_aside, t) != 0)
		return TAYRA_E_NOMEM;
	below->threaded = threaded;
	return TAYRA_OK;
}

void
tayra__below_fini(struct tayra *t)
{
	struct tayra__below *below = &t->below;

	if (!below->file)
		return;
	pthread_mutex_lock(&t->lock);
	below->stop = true;
	pthread_cond_broadcast(&below->wake);
	pthread_mutex_unlock(&t->lock);
	if (below->threaded)
		pthread_join(below->thread, NULL);
	pthread_cond_destroy(&below->wake);
	for (unsigned i = 0; i < TAYRA__BELOW_STRIPES; i++)
		pthread_mutex_destroy(&below->order[i]);
}

void
tayra__below_tick(struct tayra *t, uint64_t now_ns)
{
	struct tayra__tier *file = t->below.file;
	uint64_t next = atomic_load_explicit(&t->below.next_tick_ns, memory_order_relaxed);

	if (!file || now_ns < next ||
	    !atomic_compare_exchange_strong_explicit(&t->below.next_tick_ns, &next,
						     now_ns + TICK_NS, memory_order_relaxed,
						     memory_order_relaxed))
		return;
	/* A disk may take its time; meanwhile nobody may believe the coarse clock. */
	atomic_store_explicit(&t->coarse_ns, 0, memory_order_relaxed);
	file->ops->tick(file, wall_ms(t));
}

void
tayra__below_stats(struct tayra *t, struct tayra_tier_stats *out)
{
	struct tayra__tier_stats s;

	if (!t->below.file)
		return;
	t->below.file->ops->stats(t->below.file, &s);
	*out = (struct tayra_tier_stats){
		.hits = s.hits,
		.misses = s.misses,
		.puts = s.puts,
		.deletes = s.deletes,
		.refused = s.refused,
		.items = s.items,
		.bytes = s.bytes,
		.limit_bytes = s.limit_bytes,
		.index_bytes = s.index_bytes,
		.read_ns = tayra__counters_sum(&t->counters, TAYRA__COUNT_FILE_READ_NS),
		.write_ns = tayra__counters_sum(&t->counters, TAYRA__COUNT_FILE_WRITE_NS),
		.read_bytes = s.read_bytes,
		.written_bytes = s.written_bytes,
		.corrupt = s.corrupt,
		.io_errors = s.io_errors,
		.out = s.out,
	};
}
