/* SPDX-License-Identifier: Apache-2.0
 *
 * house.h: a stage above tiers in memory.
 */
#ifndef TESTS_LOAD_HOUSE_H
#define TESTS_LOAD_HOUSE_H

#include "stage.h"

#include <sched.h>

#include "load/store.h"
#include "ram_tier.h"

enum rooms { ROOM_FILE = 1, ROOM_REMOTE = 2, ROOM_BOTH = 3, ROOM_TICKER = 4, ROOM_LEASES = 8 };

struct house {
	struct stage s;
	struct ram_tier file, remote;
};

static inline void
move_in(struct house *h, unsigned rooms)
{
	struct tayra_options o = TAYRA_OPTIONS_INIT;

	ram_tier_open(&h->file);
	ram_tier_open(&h->remote);
	if (rooms & ROOM_FILE)
		o.file_tier = (struct tayra_tier_file *)&h->file;
	if (rooms & ROOM_LEASES)
		h->remote.tier.ops = &ram_tier_lease_ops;
	if (rooms & ROOM_REMOTE)
		o.remote_tier = (struct tayra_tier_remote *)&h->remote;
	o.ttl_ms = 1000;
	o.stale_ms = 9000;
	o.ticker = rooms & ROOM_TICKER;
	stage_open(&h->s, &o);
	if (!(rooms & ROOM_TICKER))
		tayra_tick(h->s.t, 0);
	else if ((rooms & ROOM_BOTH) == ROOM_BOTH) /* the file is emptied first */
		while (!ram_tier_clears(&h->file))
			sched_yield();
}

static inline void
move_out(struct house *h)
{
	stage_close(&h->s);
	h->file.tier.ops->close(&h->file.tier);
	h->remote.tier.ops->close(&h->remote.tier);
}

static inline struct tayra_request
ask_below(const char *key)
{
	struct tayra_request r = TAYRA_REQUEST_INIT;

	r.key = key;
	r.key_len = strlen(key);
	r.flags = TAYRA_REQUEST_NO_LOAD;
	return r;
}

/* Somebody else's put: born so long after the start, fresh for a second. */
static inline void
put_in_at(struct ram_tier *tier, const char *key, const char *value, uint64_t after_ms)
{
	const uint64_t born_ms = STAGE_START_NS / TAYRA_NS_PER_MS + after_ms;
	struct tayra__tier_meta meta = {
		.born_ms = born_ms,
		.fresh_ms = born_ms + 1000,
		.expire_ms = UINT64_MAX,
		.version = 3,
	};

	assert_int_equal(
		tier->tier.ops->put(&tier->tier, key, strlen(key), value, strlen(value), &meta, 0),
		TAYRA_OK);
}

static inline void
put_in(struct ram_tier *tier, const char *key, const char *value)
{
	put_in_at(tier, key, value, 0);
}

static inline bool
is_in(struct ram_tier *tier, const char *key, const char *value)
{
	struct ram_tier_item *item;
	bool is;

	pthread_mutex_lock(&tier->lock);
	item = ram_tier_find(tier, key, strlen(key));
	is = value ? item && item->len == strlen(value) &&
			     memcmp(item->value, value, item->len) == 0
		   : !item;
	pthread_mutex_unlock(&tier->lock);
	return is;
}

/* What a request without a load finds, and where; NULL: nothing. */
static inline void
finds_at(struct house *h, const char *key, const char *value, enum tayra_tier tier)
{
	struct tayra_request r = ask_below(key);
	struct tayra_ref ref;
	int status = tayra_get_or_load(h->s.t, &r, &ref);

	if (!value) {
		assert_int_equal(status, TAYRA_E_NOT_FOUND);
		return;
	}
	assert_int_equal(status, TAYRA_OK);
	holds(&ref, value);
	assert_int_equal(ref.tier, tier);
	tayra_release(&ref);
}

static inline void
lose_from_ram(struct house *h, const char *key)
{
	tayra_cache_delete(tayra__handle_cache(h->s.t), key, strlen(key));
}

/* One that others wait at: closed, then with somebody before it, then open. */
enum gate { GATE_OPEN, GATE_CLOSED, GATE_HELD };

static _Atomic int gate;

static inline void
stand_at_gate(void *arg)
{
	int closed = GATE_CLOSED;

	(void)arg;
	if (atomic_compare_exchange_strong(&gate, &closed, GATE_HELD))
		while (atomic_load(&gate) != GATE_OPEN)
			sched_yield();
}

static inline void
wait_until_held(void)
{
	while (atomic_load(&gate) != GATE_HELD)
		sched_yield();
}

#endif
