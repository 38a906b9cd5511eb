/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/guard.h"

#include "base/hash.h"

#include <math.h>
#include <string.h>

#define FADE         0.9 /* of a window, at each later one */
#define WINDOW_SHARE 2   /* a window: the residents of a store over this, in requests */
#define WINDOW_LEAST 512
#define SHRINK_BITS  3 /* start over with a larger sample when it could be so much larger */

static struct tayra__store *
store_of(struct tayra__guard *guard, int behaviour)
{
	return (struct tayra__store *)(void *)((char *)(guard + 1) +
					       (size_t)behaviour * guard->store_bytes);
}

size_t
tayra__guard_bytes(uint32_t objects)
{
	return sizeof(struct tayra__guard) + TAYRA__BEHAVIOURS * tayra__store_bytes(2 * objects);
}

void
tayra__guard_init(struct tayra__guard *guard, uint32_t objects, uint64_t seed)
{
	memset(guard, 0, sizeof(*guard));
	guard->objects = objects;
	guard->seed = seed;
	guard->store_bytes = tayra__store_bytes(2 * objects);
}

/* How rarely to sample so that the engine's residents would fit. */
static uint32_t
bits_for(const struct tayra__guard *guard, uint32_t residents)
{
	uint32_t bits = 0;

	while (bits < 31 && (residents >> bits) > guard->objects)
		bits++;
	return bits;
}

static void
scale(struct tayra__guard *guard, uint64_t capacity, uint32_t bits)
{
	guard->sample_bits = bits;
	guard->capacity = capacity;
	guard->store_capacity = capacity >> bits ? capacity >> bits : 1;
}

/* Start over with the sample the engine's size asks for. */
static void
begin(struct tayra__guard *guard, const struct tayra__guard_request *request, uint32_t bits)
{
	scale(guard, request->capacity, bits);
	guard->sampled = 0;
	guard->weight = guard->weight_squares = 0;
	guard->learned_s3fifo = guard->learned_lru = guard->s3fifo_lru = (struct tayra__guard_duel){
		0
	};
	for (int i = 0; i < TAYRA__BEHAVIOURS; i++) {
		tayra__store_init(store_of(guard, i), 2 * guard->objects, guard->store_capacity,
				  guard->seed);
	}
}

static bool
in_sample(const void *ctx, uint32_t key)
{
	const struct tayra__guard *guard = ctx;
	uint64_t mask = ((uint64_t)1 << guard->sample_bits) - 1;

	return (tayra__hash_mix64(key ^ guard->seed) >> 32 & mask) == 0;
}

/* The engine has grown, or has another capacity: keep a part of the sample.  Starting over instead
 * would forget what S3-FIFO has gathered in its main queue, and count that against it. */
static void
thin(struct tayra__guard *guard, const struct tayra__guard_request *request, uint32_t bits)
{
	scale(guard, request->capacity, bits);
	for (int i = 0; i < TAYRA__BEHAVIOURS; i++)
		tayra__store_thin(store_of(guard, i), guard->store_capacity, in_sample, guard);
}

static bool
missed(struct tayra__guard *guard, int behaviour, const struct tayra__guard_request *request)
{
	struct tayra__store *store = store_of(guard, behaviour);
	uint32_t slot = tayra__store_find(store, request->key);
	struct tayra__store_rule rule = {
		.behaviour = request->values ? (enum tayra__behaviour)behaviour
			     : behaviour == TAYRA__BEHAVE_LEARNED
				     ? TAYRA__BEHAVE_S3FIFO
				     : (enum tayra__behaviour)behaviour,
		.objective = request->objective,
		.values = request->values,
		.now = request->now,
	};

	if (slot == TAYRA__STORE_NONE) {
		tayra__store_admit(store, request->key, &request->worth, &rule);
		return true;
	}
	tayra__store_hit(store, slot);
	tayra__store_slot(store, slot)->worth.reuse = request->worth.reuse;
	return false;
}

static void
fight(struct tayra__guard_duel *duel, bool first, bool second, double weight)
{
	if (first == second)
		return;
	duel->lead += first ? weight : -weight;
	duel->square += weight * weight;
}

/* A window is over: it becomes one observation. */
static void
observe(struct tayra__guard_duel *duel)
{
	duel->sum = FADE * duel->sum + duel->lead;
	duel->sum_squares = FADE * duel->sum_squares + duel->lead * duel->lead;
	duel->within = FADE * duel->within + duel->square;
	duel->lead = duel->square = 0;
}

/* Student's t of the mean lead; 0 where it is within the 99% points, about: two windows never
 * decide, three must agree well. */
static double
verdict(const struct tayra__guard *guard, const struct tayra__guard_duel *duel)
{
	double n = guard->weight * guard->weight / guard->weight_squares, df = n - 1;
	double mean = duel->sum / guard->weight, between, within, t;

	if (df < 0.9)
		return 0;
	between = (duel->sum_squares / guard->weight - mean * mean) * n / df;
	within = duel->within / guard->weight;
	t = mean / sqrt(fmax(fmax(between, within), 1e-9) / n);
	return fabs(t) > 2.58 + 6 / df + 55 / (df * df * df) ? t : 0;
}

static void
decide(struct tayra__guard *guard)
{
	double t = verdict(guard, &guard->s3fifo_lru);

	if (t != 0)
		guard->simple = t > 0 ? TAYRA__BEHAVE_LRU : TAYRA__BEHAVE_S3FIFO;
	t = verdict(guard, guard->simple == TAYRA__BEHAVE_LRU ? &guard->learned_lru
							      : &guard->learned_s3fifo);
	if (t < 0)
		guard->behaviour = TAYRA__BEHAVE_LEARNED;
	else if (t > 0 || guard->behaviour != TAYRA__BEHAVE_LEARNED)
		guard->behaviour = guard->simple;
}

static void
close_window(struct tayra__guard *guard)
{
	observe(&guard->learned_s3fifo);
	observe(&guard->learned_lru);
	observe(&guard->s3fifo_lru);
	guard->weight = FADE * guard->weight + 1;
	guard->weight_squares = FADE * FADE * guard->weight_squares + 1;
	decide(guard);
	guard->sampled = 0;
}

static void
compare(struct tayra__guard *guard, const struct tayra__guard_request *request)
{
	double weight = tayra__worth_weight(request->objective, request->worth.charge,
					    request->worth.cost);
	bool s3fifo = missed(guard, TAYRA__BEHAVE_S3FIFO, request);
	bool lru = missed(guard, TAYRA__BEHAVE_LRU, request);
	bool learned = missed(guard, TAYRA__BEHAVE_LEARNED, request);

	fight(&guard->learned_s3fifo, learned, s3fifo, weight);
	fight(&guard->learned_lru, learned, lru, weight);
	fight(&guard->s3fifo_lru, s3fifo, lru, weight);
}

/* By more than an eighth. */
static bool
capacity_changed(const struct tayra__guard *guard, uint64_t capacity)
{
	uint64_t apart = capacity > guard->capacity ? capacity - guard->capacity
						    : guard->capacity - capacity;

	return apart > guard->capacity / 8;
}

/* Would a sample SHRINK_BITS larger fit? */
static bool
far_too_small(const struct tayra__guard *guard, uint32_t residents)
{
	return guard->sample_bits >= SHRINK_BITS &&
	       (residents >> (guard->sample_bits - SHRINK_BITS)) <= guard->objects;
}

void
tayra__guard_request(struct tayra__guard *guard, const struct tayra__guard_request *request)
{
	uint32_t window;

	if (guard->store_capacity == 0 || far_too_small(guard, request->residents))
		begin(guard, request, bits_for(guard, request->residents));
	else if ((request->residents >> guard->sample_bits) > guard->objects)
		thin(guard, request, bits_for(guard, request->residents));
	else if (capacity_changed(guard, request->capacity))
		thin(guard, request, guard->sample_bits);
	if (!in_sample(guard, request->key))
		return;
	compare(guard, request);
	if (!request->values) /* learned is S3-FIFO so far: nothing to decide */
		return;
	window = store_of(guard, TAYRA__BEHAVE_S3FIFO)->residents / WINDOW_SHARE;
	if (++guard->sampled >= (window < WINDOW_LEAST ? WINDOW_LEAST : window))
		close_window(guard);
}

bool
tayra__guard_sound(struct tayra__guard *guard)
{
	for (int i = 0; guard->store_capacity && i < TAYRA__BEHAVIOURS; i++)
		if (!tayra__store_sound(store_of(guard, i)))
			return false;
	return true;
}
