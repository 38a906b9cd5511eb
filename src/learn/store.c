/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/store.h"

#include "base/hash.h"

#include <string.h>

#define NONE     TAYRA__STORE_NONE
#define SMALL    TAYRA__STORE_SMALL
#define MAIN     TAYRA__STORE_MAIN
#define GHOST    TAYRA__STORE_GHOST
#define HITS_MAX 3
#define PROMOTE  2 /* hits in small that earn a place in main */

/* The block: the struct, the slots, the heads of the table's chains, the residents. */
size_t
tayra__store_bytes(uint32_t slots)
{
	if (slots > 1u << 30)
		return 0;
	return sizeof(struct tayra__store) + (size_t)slots * sizeof(struct tayra__store_slot) +
	       ((size_t)tayra__hash_table_size(slots) + slots + (slots & 1)) * sizeof(uint32_t);
}

struct tayra__store_slot *
tayra__store_slot(const struct tayra__store *store, uint32_t slot)
{
	return (struct tayra__store_slot *)(uintptr_t)(store + 1) + slot;
}

static uint32_t *
head_of(const struct tayra__store *store, uint32_t key)
{
	uint32_t *heads = (uint32_t *)(void *)tayra__store_slot(store, store->slots);

	return &heads[(uint32_t)tayra__hash_mix64(key) & (store->heads - 1)];
}

static uint32_t *
dense_of(const struct tayra__store *store)
{
	return (uint32_t *)(void *)tayra__store_slot(store, store->slots) + store->heads;
}

void
tayra__store_init(struct tayra__store *store, uint32_t slots, uint64_t capacity, uint64_t seed)
{
	memset(store, 0, tayra__store_bytes(slots));
	store->capacity = capacity;
	store->slots = slots;
	store->heads = tayra__hash_table_size(slots);
	tayra__rng_init(&store->rng, seed);
	for (int i = 0; i < 3; i++)
		store->queues[i].newest = store->queues[i].oldest = NONE;
	memset(tayra__store_slot(store, slots), 0xff, store->heads * sizeof(uint32_t));
	for (uint32_t slot = 0; slot < slots; slot++) {
		tayra__store_slot(store, slot)->chain = slot + 1 < slots ? slot + 1 : NONE;
		tayra__store_slot(store, slot)->place = TAYRA__STORE_FREE;
	}
}

static uint32_t
find_any(const struct tayra__store *store, uint32_t key)
{
	uint32_t slot = *head_of(store, key);

	while (slot != NONE && tayra__store_slot(store, slot)->key != key)
		slot = tayra__store_slot(store, slot)->chain;
	return slot;
}

uint32_t
tayra__store_find(const struct tayra__store *store, uint32_t key)
{
	uint32_t slot = find_any(store, key);

	return slot != NONE && tayra__store_slot(store, slot)->place == GHOST ? NONE : slot;
}

uint32_t
tayra__store_draw(struct tayra__store *store)
{
	if (store->residents == 0)
		return NONE;
	return dense_of(store)[tayra__rng_below(&store->rng, store->residents)];
}

static void
push(struct tayra__store *store, uint32_t at, enum tayra__store_place place)
{
	struct tayra__store_queue *queue = &store->queues[place];
	struct tayra__store_slot *slot = tayra__store_slot(store, at);

	slot->place = (uint8_t)place;
	slot->newer = NONE;
	slot->older = queue->newest;
	if (queue->newest != NONE)
		tayra__store_slot(store, queue->newest)->newer = at;
	else
		queue->oldest = at;
	queue->newest = at;
	queue->charge += slot->worth.charge;
}

static void
pull(struct tayra__store *store, uint32_t at)
{
	struct tayra__store_slot *slot = tayra__store_slot(store, at);
	struct tayra__store_queue *queue = &store->queues[slot->place];

	if (slot->newer != NONE)
		tayra__store_slot(store, slot->newer)->older = slot->older;
	else
		queue->newest = slot->older;
	if (slot->older != NONE)
		tayra__store_slot(store, slot->older)->newer = slot->newer;
	else
		queue->oldest = slot->newer;
	queue->charge -= slot->worth.charge;
}

/* Give a slot back: it is in no queue and not resident any more. */
static void
release(struct tayra__store *store, uint32_t at)
{
	struct tayra__store_slot *slot = tayra__store_slot(store, at);
	uint32_t *link = head_of(store, slot->key);

	while (*link != at)
		link = &tayra__store_slot(store, *link)->chain;
	*link = slot->chain;
	slot->place = TAYRA__STORE_FREE;
	slot->chain = store->free;
	store->free = at;
}

static void
drop_oldest_ghost(struct tayra__store *store)
{
	uint32_t at = store->queues[GHOST].oldest;

	pull(store, at);
	release(store, at);
	store->ghosts--;
}

static uint32_t
take_slot(struct tayra__store *store, uint32_t key)
{
	uint32_t at = store->free, *head = head_of(store, key);
	struct tayra__store_slot *slot = tayra__store_slot(store, at);

	store->free = slot->chain;
	slot->key = key;
	slot->chain = *head;
	*head = at;
	return at;
}

static void
settle(struct tayra__store *store, uint32_t at, enum tayra__store_place place)
{
	struct tayra__store_slot *slot = tayra__store_slot(store, at);

	slot->hits = 0;
	slot->dense = store->residents;
	dense_of(store)[store->residents++] = at;
	store->used += slot->worth.charge;
	push(store, at, place);
}

/* Out of its queue and out of the residents; its slot stays taken. */
static void
unsettle(struct tayra__store *store, uint32_t at)
{
	struct tayra__store_slot *slot = tayra__store_slot(store, at);
	uint32_t last = dense_of(store)[--store->residents];

	dense_of(store)[slot->dense] = last;
	tayra__store_slot(store, last)->dense = slot->dense;
	store->used -= slot->worth.charge;
	pull(store, at);
}

static uint64_t
ghosts_most(const struct tayra__store *store)
{
	return store->capacity - store->capacity / 10 - (store->capacity % 10 ? 1 : 0);
}

/* Its slot is taken and in no queue: keep it as a ghost of nine tenths of the capacity's worth. */
static void
haunt(struct tayra__store *store, uint32_t at)
{
	uint64_t charge = tayra__store_slot(store, at)->worth.charge;
	uint64_t most = ghosts_most(store);

	if (charge > most) {
		release(store, at);
		return;
	}
	while (store->queues[GHOST].charge + charge > most)
		drop_oldest_ghost(store);
	push(store, at, GHOST);
	if (++store->ghosts > store->ghosts_peak)
		store->ghosts_peak = store->ghosts;
}

static void
evict(struct tayra__store *store, uint32_t at, const struct tayra__store_rule *rule)
{
	struct tayra__store_slot *slot = tayra__store_slot(store, at);
	bool small = slot->place == SMALL;

	unsettle(store, at);
	if (rule->gone)
		rule->gone(rule->gone_ctx, slot->key, &slot->worth.reuse);
	if (small)
		haunt(store, at);
	else
		release(store, at);
}

/* The oldest of small that was not used enough; what was moves to main. */
static uint32_t
victim_small(struct tayra__store *store)
{
	uint32_t at;

	while ((at = store->queues[SMALL].oldest) != NONE) {
		struct tayra__store_slot *slot = tayra__store_slot(store, at);

		if (slot->hits < PROMOTE)
			return at;
		slot->hits = 0;
		pull(store, at);
		push(store, at, MAIN);
	}
	return NONE;
}

/* The oldest of main that was not used since it was last here. */
static uint32_t
victim_main(struct tayra__store *store)
{
	uint32_t at;

	while ((at = store->queues[MAIN].oldest) != NONE) {
		struct tayra__store_slot *slot = tayra__store_slot(store, at);

		if (slot->hits == 0)
			return at;
		slot->hits--;
		pull(store, at);
		push(store, at, MAIN);
	}
	return NONE;
}

static uint32_t
victim_by_queue(struct tayra__store *store)
{
	uint64_t main_max = store->capacity - store->capacity / 10;
	uint32_t at = NONE;

	if (store->queues[MAIN].charge <= main_max)
		at = victim_small(store);
	return at != NONE ? at : victim_main(store);
}

/* The lowest of the sample goes. */
static double
rank(const struct tayra__store_rule *rule, const struct tayra__worth *worth)
{
	if (rule->behaviour == TAYRA__BEHAVE_LRU)
		return -(double)(rule->now - worth->reuse.last);
	return (double)tayra__worth_of(rule->values, rule->objective, worth, rule->now);
}

/* NONE: the newcomer itself is worth least. */
static uint32_t
victim_by_sample(struct tayra__store *store, const struct tayra__worth *newcomer,
		 const struct tayra__store_rule *rule)
{
	uint32_t victim = NONE;
	double least = rule->behaviour == TAYRA__BEHAVE_LEARNED ? rank(rule, newcomer) : 1;
	uint32_t number = (uint32_t)tayra__rng_below(&store->rng, store->residents);
	uint32_t step = 1;

	/* A random step from a random place: a draw each costs more than all the rest.  Few are
	 * looked at one by one. */
	if (store->residents > TAYRA__WORTH_SAMPLES)
		step += (uint32_t)tayra__rng_below(&store->rng, store->residents - 1);
	for (int i = 0; i < TAYRA__WORTH_SAMPLES; i++) {
		uint32_t at = dense_of(store)[number];
		double worth = rank(rule, &tayra__store_slot(store, at)->worth);

		/* Of equals a resident goes: nothing known of either must not freeze the store. */
		if (worth < least || (worth == least && victim == NONE)) {
			least = worth;
			victim = at;
		}
		number = number < store->residents - step ? number + step
							  : number - (store->residents - step);
	}
	return victim;
}

void
tayra__store_hit(struct tayra__store *store, uint32_t slot)
{
	struct tayra__store_slot *used = tayra__store_slot(store, slot);

	if (used->hits < HITS_MAX)
		used->hits++;
}

/* A slot for a newcomer; it may take the last ghost, or a resident where all slots are. */
static uint32_t
slot_for(struct tayra__store *store, uint32_t key, const struct tayra__store_rule *rule)
{
	if (store->free == NONE && store->ghosts == 0)
		evict(store, victim_by_queue(store), rule);
	if (store->free == NONE)
		drop_oldest_ghost(store);
	return take_slot(store, key);
}

/* It passes through small, as it were: a ghost from the start. */
static bool
leave_out(struct tayra__store *store, uint32_t key, const struct tayra__worth *worth,
	  enum tayra__store_place place, const struct tayra__store_rule *rule)
{
	if (rule->gone)
		rule->gone(rule->gone_ctx, key, &worth->reuse);
	if (place == SMALL) {
		uint32_t at = slot_for(store, key, rule);

		tayra__store_slot(store, at)->worth = *worth;
		haunt(store, at);
	}
	return false;
}

/* S3-FIFO lets in what its small queue could not hold only where it comes back as a ghost.  At unit
 * sizes a store of few would hold nothing, and where bytes count such an object is worth its room:
 * there it does. */
static bool
too_large(const struct tayra__store *store, const struct tayra__worth *worth,
	  enum tayra__store_place place, const struct tayra__store_rule *rule)
{
	return rule->behaviour == TAYRA__BEHAVE_S3FIFO && place == SMALL &&
	       rule->objective != TAYRA__OBJECTIVE_BYTES && worth->charge > 1 &&
	       worth->charge >= store->capacity / 10;
}

bool
tayra__store_admit(struct tayra__store *store, uint32_t key, const struct tayra__worth *worth,
		   const struct tayra__store_rule *rule)
{
	uint32_t at = find_any(store, key);
	enum tayra__store_place place = at == NONE ? SMALL : MAIN;

	if (at != NONE) { /* a ghost */
		pull(store, at);
		release(store, at);
		store->ghosts--;
	}
	if (worth->charge > store->capacity || too_large(store, worth, place, rule))
		return false;
	while (store->used + worth->charge > store->capacity) {
		uint32_t victim = rule->behaviour == TAYRA__BEHAVE_S3FIFO
					  ? victim_by_queue(store)
					  : victim_by_sample(store, worth, rule);

		if (victim == NONE)
			return leave_out(store, key, worth, place, rule);
		evict(store, victim, rule);
	}
	at = slot_for(store, key, rule);
	tayra__store_slot(store, at)->worth = *worth;
	settle(store, at, place);
	return true;
}

void
tayra__store_remove(struct tayra__store *store, uint32_t slot)
{
	unsettle(store, slot);
	release(store, slot);
}

static void
drop_strangers(struct tayra__store *store, tayra__store_keep_fn *keep, const void *ctx)
{
	for (uint32_t at = 0; at < store->slots; at++) {
		const struct tayra__store_slot *slot = tayra__store_slot(store, at);

		if (slot->place == TAYRA__STORE_FREE || keep(ctx, slot->key))
			continue;
		if (slot->place != GHOST) {
			tayra__store_remove(store, at);
			continue;
		}
		pull(store, at);
		release(store, at);
		store->ghosts--;
	}
}

void
tayra__store_thin(struct tayra__store *store, uint64_t capacity, tayra__store_keep_fn *keep,
		  const void *ctx)
{
	const struct tayra__store_rule rule = { .behaviour = TAYRA__BEHAVE_S3FIFO };

	drop_strangers(store, keep, ctx);
	store->capacity = capacity;
	while (store->used > capacity)
		evict(store, victim_by_queue(store), &rule);
	while (store->queues[GHOST].charge > ghosts_most(store))
		drop_oldest_ghost(store);
}

/* Entries and charge of a queue, walked from its old end; UINT32_MAX when it is broken. */
static uint32_t
walk(const struct tayra__store *store, enum tayra__store_place place, uint64_t *charge)
{
	uint32_t count = 0, before = NONE;

	*charge = 0;
	for (uint32_t at = store->queues[place].oldest; at != NONE;) {
		const struct tayra__store_slot *slot = tayra__store_slot(store, at);

		if (slot->place != place || slot->older != before || count++ > store->slots)
			return UINT32_MAX;
		if (place != GHOST && dense_of(store)[slot->dense] != at)
			return UINT32_MAX;
		if (find_any(store, slot->key) != at)
			return UINT32_MAX;
		*charge += slot->worth.charge;
		before = at;
		at = slot->newer;
	}
	return before == store->queues[place].newest && *charge == store->queues[place].charge
		       ? count
		       : UINT32_MAX;
}

bool
tayra__store_sound(const struct tayra__store *store)
{
	uint64_t small_charge, main_charge, ghost_charge;
	uint64_t residents = (uint64_t)walk(store, SMALL, &small_charge) +
			     walk(store, MAIN, &main_charge);

	return residents == store->residents &&
	       walk(store, GHOST, &ghost_charge) == store->ghosts &&
	       small_charge + main_charge == store->used && store->used <= store->capacity;
}
