/* SPDX-License-Identifier: Apache-2.0
 *
 * through.c: a value on its way to the origin.  A write is a flight like any other, so that it
 * waits in the same pace and for the same threads, but it is never in the table: nobody joins it,
 * and nothing it brings is kept.  What the cache is to know of it, who asked does when it has
 * landed.
 *
 * Two writes of a key that cross are not kept: which the origin took last, nobody has said.
 */
#include "load/through.h"

#include <string.h>

#include "base/mem.h"
#include "load/cq.h"
#include "load/flight.h"
#include "load/handle.h"
#include "load/inside.h"
#include "load/origin.h"
#include "load/ref.h"
#include "load/request.h"
#include "load/store.h"
#include "load/turn.h"
#include "load/waiter.h"

static int
check(const struct tayra *t, const struct tayra_request **request, struct tayra_request *copy,
      const void *value, size_t value_len)
{
	int status = tayra__request_check(t, request, copy);

	if (status != TAYRA_OK)
		return status;
	if ((!value && value_len > 0) ||
	    ((*request)->flags & (TAYRA_REQUEST_REFRESH | TAYRA_REQUEST_NO_LOAD)))
		return TAYRA_E_INVAL;
	return (*request)->origin && (*request)->origin->write ? TAYRA_OK : TAYRA_E_UNSUPPORTED;
}

/* It is only its own answer that a write is content with. */
static struct tayra__want
want_of(const struct tayra *t, const struct tayra_request *request, uint64_t now_ns)
{
	struct tayra__want want = tayra__want_of(t, request, now_ns);

	want.load = NULL;
	want.load_arg = NULL;
	want.refresh = true;
	want.store = false;
	want.at_once = false;
	want.stale_ms = 0;
	want.soft_ns = UINT64_MAX;
	return want;
}

static void
give_up(struct tayra_load *flight)
{
	tayra__flight_end(flight, TAYRA__FLIGHT_DROPPED);
	tayra__flight_unref(flight);
}

/* => TAYRA_OK: *made waits to be entered, with a reference for the caller, and w for it.  Lock
 * held, let go of meanwhile: nobody knows the flight yet. */
static int
make(struct tayra *t, const struct tayra__want *want, const void *value, size_t value_len,
     struct tayra__waiter *w, struct tayra_load **made)
{
	struct tayra_load *flight = tayra__flight_create(t, want);
	int status;

	if (!flight)
		return TAYRA_E_NOMEM;
	tayra__flight_write(flight);
	pthread_mutex_unlock(&t->lock);
	status = tayra__hold_copy(flight->hold, want->key, want->key_len, value, value_len,
				  tayra__handle_now_ns(t) / TAYRA_NS_PER_MS);
	pthread_mutex_lock(&t->lock);
	if (status == TAYRA_OK)
		status = tayra__waiter_join(w, flight, want);
	if (status != TAYRA_OK) {
		give_up(flight);
		return status;
	}
	tayra__flight_ref(flight);
	*made = flight;
	return TAYRA_OK;
}

/* It did what it was asked for, or nothing. */
static bool
is_known(int status)
{
	switch (status) {
	case TAYRA_OK:
	case TAYRA_E_INVAL:
	case TAYRA_E_NOT_FOUND:
	case TAYRA_E_OVERLOAD:
	case TAYRA_E_TOO_LARGE:
	case TAYRA_E_FULL:
	case TAYRA_E_NOMEM:
	case TAYRA_E_UNSUPPORTED: return true;
	}
	return false;
}

/* What follows from it here. */
static void
follow(struct tayra *t, const struct tayra_request *r, const void *value, size_t value_len,
       const struct tayra_load *flight, int status)
{
	/* Of one that was never begun started_ns is 0, and nobody writes it any more. */
	if (status != TAYRA_OK && (is_known(status) || !flight->started_ns))
		return;
	if (status == TAYRA_OK && !(r->flags & TAYRA_REQUEST_NO_STORE))
		tayra__store_put_written(t, r->key, r->key_len, value, value_len, flight->ttl_ms,
					 flight->stale_ms, tayra__flight_tags(flight),
					 &flight->crossed);
	else
		tayra__store_outdate(t, r->key, r->key_len, TAYRA__STORE_ERASE);
}

static int
write_through(struct tayra *t, const struct tayra_request *r, const void *value, size_t value_len,
	      uint64_t now_ns, struct tayra__waiter *w)
{
	const struct tayra__want want = want_of(t, r, now_ns);
	struct tayra_load *made = NULL;
	struct tayra_ref ref;
	int status;

	if (now_ns >= want.deadline_ns)
		return TAYRA_E_TIMEOUT;
	pthread_mutex_lock(&t->lock);
	status = tayra__handle_enter(t);
	if (status != TAYRA_OK) {
		pthread_mutex_unlock(&t->lock);
		return status;
	}
	status = make(t, &want, value, value_len, w, &made);
	if (made) {
		tayra__turn_lead(made);
		status = tayra__request_wait(t, w, made, &ref);
		tayra__turn_unlock(t);
		tayra_release(&ref);
		follow(t, r, value, value_len, made, status);
		pthread_mutex_lock(&t->lock);
		/* What begins from here on does not cross it, unless it is still out. */
		if (made->state != TAYRA__FLIGHT_RUNNING)
			tayra__list_remove(&made->in_bucket);
		tayra__flight_unref(made);
	}
	tayra__handle_leave(t);
	tayra__turn_unlock(t);
	return status;
}

void
tayra__through_landed(struct tayra_load *flight, int status)
{
	struct tayra *t = flight->t;
	const struct tayra_value *value = &flight->hold->value;

	if (status == TAYRA_OK && flight->keeps)
		tayra__store_put_written(t, flight->key, flight->key_len, value->data, value->len,
					 flight->ttl_ms, flight->stale_ms,
					 tayra__flight_tags(flight), &flight->crossed);
	else if (status == TAYRA_OK || !is_known(status))
		tayra__store_outdate(t, flight->key, flight->key_len, TAYRA__STORE_ERASE);
	pthread_mutex_lock(&t->lock);
	tayra__list_remove(&flight->in_bucket); /* what begins from here on does not cross it */
	pthread_mutex_unlock(&t->lock);
}

/* Who has given up does not know what has become of it. */
void
tayra__through_taken(struct tayra *t, const struct tayra__waiter *w)
{
	if (t && w->written->asked && w->status != TAYRA_OK && !is_known(w->status))
		tayra__store_outdate(t, w->written->key, w->written->key_len, TAYRA__STORE_ERASE);
}

/* => as tayra_put_through_start(); w is the queue's with TAYRA_PENDING. */
static int
start(struct tayra *t, const struct tayra__want *want, const struct tayra__want *keep,
      const void *value, size_t value_len, struct tayra__waiter *w)
{
	struct tayra_load *made = NULL;
	int status;

	pthread_mutex_lock(&t->lock);
	status = tayra__handle_enter(t);
	if (status != TAYRA_OK) {
		pthread_mutex_unlock(&t->lock);
		return status;
	}
	status = make(t, want, value, value_len, w, &made);
	if (made) {
		made->follows = true;
		made->keeps = keep->store;
		made->stale_ms = keep->stale_ms;
		tayra__turn_lead(made);
		tayra__flight_unref(made);
		status = TAYRA_PENDING;
	}
	tayra__handle_leave(t);
	tayra__turn_unlock(t);
	return status;
}

static struct tayra__waiter *
waiter_for(const struct tayra_request *r, struct tayra_cq *cq, void *cookie)
{
	struct tayra__waiter *w = tayra__mem_alloc(sizeof(*w));
	struct tayra__written *written = tayra__mem_alloc(sizeof(*written) + r->key_len);

	if (!w || !written) {
		tayra__mem_free(w);
		tayra__mem_free(written);
		return NULL;
	}
	written->key_len = r->key_len;
	if (r->key_len)
		memcpy(written->key, r->key, r->key_len);
	w->cq = cq;
	w->cookie = cookie;
	w->written = written;
	return w;
}

int
tayra_put_through_start(struct tayra *t, const struct tayra_request *request, const void *value,
			size_t value_len, struct tayra_cq *cq, void *cookie)
{
	struct tayra_request copy;
	struct tayra__waiter *w;
	struct tayra__want keep, want;
	uint64_t now_ns;
	int status = check(t, &request, &copy, value, value_len);

	if (status != TAYRA_OK)
		return status;
	if (!cq || !tayra__cq_is_of(cq, t))
		return TAYRA_E_INVAL;
	now_ns = tayra__handle_now_ns(t);
	keep = tayra__want_of(t, request, now_ns);
	want = want_of(t, request, now_ns);
	if (now_ns >= want.deadline_ns)
		return TAYRA_E_TIMEOUT;
	w = waiter_for(request, cq, cookie);
	if (!w)
		return TAYRA_E_NOMEM;
	status = start(t, &want, &keep, value, value_len, w);
	if (status != TAYRA_PENDING) {
		tayra__mem_free(w->written);
		tayra__mem_free(w);
	}
	return status;
}

int
tayra_put_through(struct tayra *t, const struct tayra_request *request, const void *value,
		  size_t value_len)
{
	struct tayra_request copy;
	struct tayra__waiter w = { 0 };
	pthread_cond_t wake;
	int status = check(t, &request, &copy, value, value_len);

	if (status != TAYRA_OK)
		return status;
	if (tayra__inside_is(t, TAYRA__INSIDE_LOADER))
		return TAYRA_E_WOULD_DEADLOCK;
	tayra__wake_init(&wake);
	w.wake = &wake;
	status = write_through(t, request, value, value_len, tayra__handle_now_ns(t), &w);
	pthread_cond_destroy(&wake);
	return status;
}
