/* SPDX-License-Identifier: Apache-2.0
 *
 * load.c: a load as its loader sees it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/option.h"
#include "load/flight.h"
#include "load/handle.h"
#include "load/land.h"
#include "load/origin.h"
#include "load/ref.h"

const void *
tayra_load_key(const struct tayra_load *load, size_t *key_len)
{
	if (key_len)
		*key_len = load->key_len - load->key_prefix_len;
	return load->key + load->key_prefix_len;
}

uint64_t
tayra_load_deadline_ns(const struct tayra_load *load)
{
	return atomic_load_explicit(&load->deadline_ns, memory_order_relaxed);
}

enum tayra_class
tayra_load_class(const struct tayra_load *load)
{
	return load->cls;
}

bool
tayra_load_cancelled(const struct tayra_load *load)
{
	return atomic_load_explicit(&load->cancelled, memory_order_relaxed);
}

uint64_t
tayra__load_now_ns(const struct tayra_load *load)
{
	return tayra__handle_now_ns(load->t);
}

int
tayra__load_over(const struct tayra_load *load)
{
	if (tayra_load_cancelled(load))
		return TAYRA_E_CANCELLED;
	return tayra__load_now_ns(load) >= tayra_load_deadline_ns(load) ? TAYRA_E_TIMEOUT
									: TAYRA_OK;
}

void
tayra__load_waited(struct tayra_load *load)
{
	load->waited = true;
}

void
tayra__load_inside(const struct tayra_load *load, struct tayra__inside *frame)
{
	tayra__inside_enter(frame, load->t, TAYRA__INSIDE_LOADER);
}

static uint64_t
now_ms(const struct tayra_load *load)
{
	return tayra__handle_now_ns(load->t) / TAYRA_NS_PER_MS;
}

void *
tayra_load_alloc(struct tayra_load *load, size_t len)
{
	struct tayra__hold *hold = load->hold;

	if (load->roomed)
		return NULL;
	hold->tags = *tayra__flight_tags(load);
	if (tayra__hold_room(hold, load->key, load->key_len, len, now_ms(load)) != TAYRA_OK)
		return NULL;
	load->roomed = true;
	/* Room for nothing is room too, and NULL would say that there is none. */
	return len > 0 ? (void *)hold->value.data : hold;
}

static bool
lies_in_room(const struct tayra_load *load, const void *value)
{
	uintptr_t at = (uintptr_t)value, room = (uintptr_t)load->hold->value.data;

	return load->roomed && at >= room && at - room < load->hold->value.len;
}

/* The one who finishes it.  A second finish is a use of memory that may be gone already: it is
 * seen while the loader's call, a waiter's thread or a chore still keeps the load. */
static void
claim(struct tayra_load *load)
{
	if (!atomic_exchange_explicit(&load->finished, true, memory_order_acq_rel))
		return;
	fputs("tayra: a load was finished twice\n", stderr);
	abort();
}

/* Bring the value into the hold.  => TAYRA_OK, TAYRA_E_INVAL for a misused call, as
 * tayra__hold_room(). */
static int
take_value(struct tayra_load *load, const void *value, size_t len,
	   const struct tayra_load_result *result)
{
	const struct tayra__tags tags = result->tag_count
						? tayra__tags_of(result->tags, result->tag_count)
						: *tayra__flight_tags(load);
	struct tayra__hold *hold = load->hold;

	hold->tags = tags;
	if (load->roomed && !value)
		return tayra__hold_trim(hold, load->key, load->key_len, len, now_ms(load));
	if (!value && len > 0)
		return TAYRA_E_INVAL;
	/* What was read behind a header, say, is copied out of the room before that goes. */
	if (!lies_in_room(load, value))
		tayra__hold_empty(hold);
	hold->tags = tags;
	return tayra__hold_copy(hold, load->key, load->key_len, value, len, now_ms(load));
}

static int
find_cached(struct tayra_load *load)
{
	struct tayra *t = load->t;
	struct tayra_value *value = tayra__mem_alloc(sizeof(*value));
	int status;

	if (!value)
		return TAYRA_E_NOMEM;
	pthread_mutex_lock(&t->lock);
	/* What overtook it is nothing that its loader could have known. */
	status = load->attached ? tayra__ram_get(t, load->key, load->key_len, now_ms(load), value)
				: TAYRA_E_NOT_FOUND;
	pthread_mutex_unlock(&t->lock);
	if (status == TAYRA_OK)
		load->cached = value;
	else
		tayra__mem_free(value);
	return status;
}

int
tayra_load_cached(struct tayra_load *load, struct tayra_ref *ref)
{
	struct tayra *t = load->t;
	struct tayra_value value;
	int status;

	if (!ref)
		return TAYRA_E_INVAL;
	*ref = (struct tayra_ref){ 0 };
	status = load->cached ? TAYRA_OK : find_cached(load);
	if (status != TAYRA_OK)
		return status;
	value = *load->cached;
	tayra__ref_take(ref, t->cache, t->token, &value, now_ms(load));
	memset(ref->pin, 0, sizeof(ref->pin)); /* the load's, not the ref's */
	return TAYRA_OK;
}

bool
tayra__load_writes(const struct tayra_load *load)
{
	return load->writes;
}

const void *
tayra__load_value(const struct tayra_load *load, size_t *len)
{
	*len = load->hold->value.len;
	return *len ? load->hold->value.data : "";
}

void
tayra__load_written(struct tayra_load *load)
{
	const struct tayra__landing landing = {
		.outcome = load->waited ? TAYRA_OUTCOME_IGNORE : TAYRA_OUTCOME_OK,
	};

	claim(load);
	tayra__land(load, &landing);
}

/* => TAYRA_OK, TAYRA_E_INVAL, TAYRA_E_TOO_LARGE. */
static int
take_result(const struct tayra_load_result *given, struct tayra_load_result *out)
{
	int status = tayra__option_struct(given, out, sizeof(*out));

	if (status == TAYRA_OK && out->flags)
		status = TAYRA_E_INVAL;
	return status == TAYRA_OK ? tayra__tags_check(out->tags, out->tag_count) : status;
}

static void
stop_comparing(struct tayra_load *load)
{
	if (!load->cached)
		return;
	if (load->cached->pin) /* nobody has taken it over */
		tayra_cache_unpin(load->t->cache, load->cached);
	tayra__mem_free(load->cached);
	load->cached = NULL;
}

void
tayra_load_done(struct tayra_load *load, const void *value, size_t len,
		const struct tayra_load_result *result)
{
	/* Whatever we make of its answer: the backend did its work. */
	struct tayra__landing landing = {
		.outcome = load->waited ? TAYRA_OUTCOME_IGNORE : TAYRA_OUTCOME_OK,
	};

	claim(load);
	landing.status = take_result(result, &landing.result);
	if (landing.status == TAYRA_OK)
		landing.status = take_value(load, value, len, &landing.result);
	stop_comparing(load);
	tayra__land(load, &landing);
}

void
tayra_load_unchanged(struct tayra_load *load, const struct tayra_load_result *result)
{
	const struct tayra_item_meta before = load->cached ? load->cached->meta
							   : (struct tayra_item_meta){ 0 };
	struct tayra__landing landing = {
		.outcome = load->waited ? TAYRA_OUTCOME_IGNORE : TAYRA_OUTCOME_OK,
	};

	claim(load);
	landing.status = take_result(result, &landing.result);
	if (landing.status == TAYRA_OK &&
	    (!load->cached || landing.result.tag_count ||
	     (landing.result.version && landing.result.version != before.version)))
		landing.status = TAYRA_E_INVAL;
	if (landing.status == TAYRA_OK) {
		tayra__hold_take(load->hold, load->cached);
		landing.result.version = before.version;
		landing.unchanged = &before;
	}
	stop_comparing(load);
	tayra__land(load, &landing);
}

static enum tayra_outcome
outcome_of(int status)
{
	switch (status) {
	case TAYRA_E_NOT_FOUND: return TAYRA_OUTCOME_OK;
	case TAYRA_E_TIMEOUT: return TAYRA_OUTCOME_TIMEOUT;
	case TAYRA_E_OVERLOAD: return TAYRA_OUTCOME_OVERLOAD;
	case TAYRA_E_CANCELLED: return TAYRA_OUTCOME_CANCELLED;
	case TAYRA_E_INVAL: /* the key cannot be asked for, and nobody was asked */
	case TAYRA_E_FULL:  /* our own trouble, not the backend's */
	case TAYRA_E_TOO_LARGE:
	case TAYRA_E_NOMEM: return TAYRA_OUTCOME_IGNORE;
	}
	return TAYRA_OUTCOME_ERROR;
}

void
tayra_load_fail(struct tayra_load *load, int status, uint64_t retry_after_ns)
{
	struct tayra__landing landing = {
		.status = status < 0 ? status : TAYRA_E_ORIGIN,
		.retry_after_ns = retry_after_ns,
	};

	claim(load);
	stop_comparing(load);
	landing.outcome = load->waited ? TAYRA_OUTCOME_IGNORE : outcome_of(landing.status);
	tayra__land(load, &landing);
}
