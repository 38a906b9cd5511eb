/* SPDX-License-Identifier: Apache-2.0
 *
 * guard.h: is the learned behaviour worth having?  Three small stores take the same sample of keys
 * (by hash, hence each key wholly or not at all), one a behaviour, with the sample's share of the
 * capacity: miniature simulations, as Waldspurger, Saemundsson, Ahmad and Park, "Cache modeling and
 * optimization using miniature simulations", ATC'17.  All three see the same keys in the same
 * room, so that their misses can be compared pairwise, whatever the sample.
 *
 * Requests sampled come in windows, and a window is one observation: what is in a window hangs
 * together, so that noise is what differs between windows.  Learned is taken up when it has missed
 * less than the better of the others by more than noise, and given up when it has missed more, by
 * Student's test over recent windows.
 *
 * One block of memory, no pointers inside.  Not thread-safe.
 */
#ifndef TAYRA_LEARN_GUARD_H
#define TAYRA_LEARN_GUARD_H

#include "learn/store.h"

/* What one missed that another did not, weighted by the objective. */
struct tayra__guard_duel {
	double lead;                     /* in this window: positive when the first lost */
	double square;                   /* its variance, if nothing is between them but chance */
	double sum, sum_squares, within; /* of lead, lead squared and square of windows, fading */
};

struct tayra__guard {
	uint32_t objects;        /* residents a store has room for */
	uint32_t sample_bits;    /* one key in 2^sample_bits */
	uint64_t store_capacity; /* of each; 0 before the first request */
	uint64_t capacity;       /* of the engine, as the stores have their part of it */
	enum tayra__behaviour behaviour;
	enum tayra__behaviour simple;  /* the better of the two that learn nothing */
	uint32_t sampled;              /* requests in this window */
	double weight, weight_squares; /* of the windows, fading */
	struct tayra__guard_duel learned_s3fifo, learned_lru, s3fifo_lru;
	uint64_t seed;
	size_t store_bytes;
};

/* A request, as the engine knows it. */
struct tayra__guard_request {
	uint32_t key;              /* a hash, all bits of it good */
	struct tayra__worth worth; /* with this use */
	uint32_t now;
	uint64_t capacity; /* of the engine, in charges */
	uint32_t residents;
	enum tayra__objective objective;
	const struct tayra__values *values; /* NULL: nothing is learned yet */
};

size_t tayra__guard_bytes(uint32_t objects);
/* In memory of that many bytes, aligned to 8.  Begins with S3-FIFO.  => objects >= 16. */
void tayra__guard_init(struct tayra__guard *guard, uint32_t objects, uint64_t seed);
/* guard->behaviour is what the engine should do from now on. */
void tayra__guard_request(struct tayra__guard *guard, const struct tayra__guard_request *request);
/* Are its stores?  For tests; walks everything. */
bool tayra__guard_sound(struct tayra__guard *guard);

#endif
