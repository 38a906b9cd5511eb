/* SPDX-License-Identifier: Apache-2.0 */
#include "load/flight.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "learn/keygroup.h"
#include "load/absent.h"
#include "load/below.h"
#include "load/handle.h"
#include "load/lease.h"
#include "load/prefetch.h"
#include "load/sample.h"
#include "load/ref.h"
#include "load/request.h"

static struct tayra__list *
bucket_of(struct tayra *t, const void *key, size_t key_len)
{
	uint64_t hash = tayra__hash_bytes(key, key_len, t->bucket_seed);

	return &t->buckets[hash % TAYRA__BUCKETS];
}

static uint32_t
narrow(uint64_t ms)
{
	return ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

/* Of the request, or else of its origin; of one that loads nothing none.  => TAYRA_OK,
 * TAYRA_E_NOMEM. */
static int
tags_for(const struct tayra__want *want, struct tayra__tags *out)
{
	const struct tayra_origin *origin = want->origin;

	out->count = 0;
	if (!want->loads)
		return TAYRA_OK;
	if (want->tag_count > 0)
		*out = tayra__tags_of(want->tags, want->tag_count);
	else if (origin && origin->tags_of)
		return origin->tags_of(origin, (const char *)want->key + want->key_prefix_len,
				       want->key_len - want->key_prefix_len, out);
	return TAYRA_OK;
}

/* => false: no memory. */
static bool
take_tags(struct tayra_load *flight, const struct tayra__want *want)
{
	struct tayra__tags tags;

	if (tags_for(want, &tags) != TAYRA_OK)
		return false;
	if (tags.count == 0)
		return true;
	flight->tags = tayra__mem_alloc(sizeof(*flight->tags));
	if (flight->tags)
		*flight->tags = tags;
	return flight->tags;
}

const struct tayra__tags *
tayra__flight_tags(const struct tayra_load *flight)
{
	static const struct tayra__tags none;

	return flight->tags ? flight->tags : &none;
}

static void
equip(struct tayra_load *flight, const struct tayra__want *want)
{
	flight->loads = true;
	flight->origin = want->origin;
	flight->load = want->load;
	flight->load_arg = want->load_arg;
	flight->cost = want->cost;
	flight->key_prefix_len = (uint16_t)want->key_prefix_len;
	flight->ttl_ms = want->ttl_ms;
	flight->stale_ms = want->stale_ms;
	flight->absent_ttl_ms = narrow(want->absent_ttl_ms);
	flight->error_ttl_ms = narrow(want->error_ttl_ms);
	flight->pace = want->origin && want->origin->pace ? want->origin->pace : flight->t->pace;
}

void
tayra__flight_equip(struct tayra_load *flight, const struct tayra__want *want)
{
	equip(flight, want);
	if (!take_tags(flight, want))
		tayra__flight_detach(flight);
}

static void
fill(struct tayra_load *flight, const struct tayra__want *want)
{
	flight->cls = want->cls;
	flight->store = want->store;
	flight->look = tayra__below_is(flight->t) && !want->refresh;
	flight->missed = TAYRA_E_NOT_FOUND;
	if (want->loads)
		equip(flight, want);
	atomic_init(&flight->deadline_ns, want->deadline_ns);
	flight->key_len = (uint16_t)want->key_len;
	if (want->key_len)
		memcpy(flight->key, want->key, want->key_len);
}

struct tayra_load *
tayra__flight_create(struct tayra *t, const struct tayra__want *want)
{
	struct tayra_load *flight = tayra__mem_alloc(sizeof(*flight) + want->key_len);

	if (!flight)
		return NULL;
	flight->hold = tayra__hold_create(t->cache, t->budget, t->token);
	if (!flight->hold || !take_tags(flight, want)) {
		if (flight->hold)
			tayra__hold_put(flight->hold);
		tayra__mem_free(flight);
		return NULL;
	}
	flight->t = t;
	fill(flight, want);
	flight->refs = 1;
	flight->attached = true;
	tayra__list_init(&flight->waiters);
	tayra__list_init(&flight->in_line);
	tayra__list_push_back(bucket_of(t, flight->key, flight->key_len), &flight->in_bucket);
	tayra__list_push_back(&t->flights, &flight->in_flights);
	t->flight_count++;
	t->inflight++;
	return flight;
}

uint64_t
tayra__flight_group(const struct tayra_load *flight)
{
	char text[TAYRA__KEYGROUP_MAX];
	size_t len = tayra__keygroup(flight->key + flight->key_prefix_len,
				     flight->key_len - flight->key_prefix_len, text);
	uint64_t h = tayra__hash_bytes(text, len, flight->t->bucket_seed);

	h = tayra__hash_mix64(h ^ (uint64_t)(uintptr_t)flight->origin);
	return tayra__hash_mix64(h ^ (uint64_t)(uintptr_t)flight->load) | 1;
}

void
tayra__flight_ref(struct tayra_load *flight)
{
	flight->refs++;
}

void
tayra__flight_unref(struct tayra_load *flight)
{
	struct tayra *t = flight->t;

	if (--flight->refs)
		return;
	if (flight->ahead)
		tayra__prefetch_dropped(flight);
	if (flight->sampled)
		tayra__sample_dropped(flight);
	tayra__list_remove(&flight->in_flights);
	tayra__list_remove(&flight->in_bucket);
	if (flight->hold)
		tayra__hold_put(flight->hold);
	tayra__mem_free(flight->tags);
	if (flight->ticketed)
		tayra__mem_free(flight->ticket);
	tayra__mem_free(flight);
	if (--t->flight_count == 0 && atomic_load_explicit(&t->closing, memory_order_relaxed))
		pthread_cond_broadcast(&t->idle);
}

static bool
is_of(const struct tayra_load *flight, const void *key, size_t key_len)
{
	return flight->key_len == key_len &&
	       (key_len == 0 || memcmp(flight->key, key, key_len) == 0);
}

struct tayra_load *
tayra__flight_find(struct tayra *t, const void *key, size_t key_len)
{
	struct tayra__list *bucket = bucket_of(t, key, key_len);

	for (struct tayra__list *node = bucket->next; node != bucket; node = node->next) {
		struct tayra_load *flight = TAYRA__LIST_ENTRY(node, struct tayra_load, in_bucket);

		if (is_of(flight, key, key_len))
			return flight;
	}
	return NULL;
}

void
tayra__flight_write(struct tayra_load *flight)
{
	struct tayra *t = flight->t;

	flight->writes = true;
	tayra__flight_detach(flight);
	for (struct tayra__list *node = t->writes.next; node != &t->writes; node = node->next) {
		struct tayra_load *other = TAYRA__LIST_ENTRY(node, struct tayra_load, in_bucket);

		if (is_of(other, flight->key, flight->key_len))
			other->crossed = flight->crossed = true;
	}
	tayra__list_push_back(&t->writes, &flight->in_bucket);
}

void
tayra__flight_detach(struct tayra_load *flight)
{
	flight->attached = false;
	tayra__list_remove(&flight->in_bucket);
	tayra__lease_wake(flight);
}

void
tayra__flight_forget(struct tayra *t, const void *key, size_t key_len)
{
	struct tayra_load *flight;

	tayra__below_changed(t, key, key_len);
	tayra__absent_forget(t, key, key_len);
	while ((flight = tayra__flight_find(t, key, key_len)))
		tayra__flight_detach(flight);
}

void
tayra__flight_forget_told(struct tayra *t, const void *key, size_t key_len)
{
	struct tayra_load *flight = tayra__flight_find(t, key, key_len);

	if (!flight || flight->state != TAYRA__FLIGHT_PARKED) {
		tayra__flight_forget(t, key, key_len);
		return;
	}
	tayra__below_changed(t, key, key_len);
	tayra__absent_forget(t, key, key_len);
	tayra__lease_wake(flight);
}

void
tayra__flight_forget_all(struct tayra *t, const void *prefix, size_t prefix_len)
{
	tayra__below_all_changed(t);
	tayra__absent_forget_all(t);
	for (struct tayra__list *node = t->flights.next; node != &t->flights; node = node->next) {
		struct tayra_load *flight = TAYRA__LIST_ENTRY(node, struct tayra_load, in_flights);

		if (flight->attached && flight->key_len >= prefix_len &&
		    (prefix_len == 0 || memcmp(flight->key, prefix, prefix_len) == 0))
			tayra__flight_detach(flight);
	}
}

void
tayra__flight_reenter(struct tayra_load *flight)
{
	flight->state = TAYRA__FLIGHT_ENTERING;
	flight->entries++;
	flight->waited = false;
}

void
tayra__flight_end(struct tayra_load *flight, enum tayra__flight_state last)
{
	tayra__lease_unpark(flight);
	if (flight->state == TAYRA__FLIGHT_READY)
		tayra__list_remove(&flight->in_line);
	flight->state = last;
	if (flight->attached)
		tayra__flight_detach(flight);
	flight->t->inflight--;
}

void
tayra__flight_count_on(struct tayra_load *flight, const struct tayra__want *want)
{
	flight->behind = true;
	flight->store |= want->store;
	if (want->deadline_ns > atomic_load_explicit(&flight->deadline_ns, memory_order_relaxed))
		atomic_store_explicit(&flight->deadline_ns, want->deadline_ns,
				      memory_order_relaxed);
	if (tayra__flight_wanted(flight))
		atomic_store_explicit(&flight->cancelled, false, memory_order_relaxed);
}

bool
tayra__flight_wanted(const struct tayra_load *flight)
{
	if (!tayra__list_empty(&flight->waiters))
		return true;
	return flight->behind && (flight->state == TAYRA__FLIGHT_RUNNING || flight->origin ||
				  flight->cq || flight->t->ticker);
}
