/* SPDX-License-Identifier: Apache-2.0
 *
 * observe.h: what a hit leaves behind for learning, without a lock and without being waited for:
 * one more in the count of its key, and a use of the key in a small ring that somebody else
 * empties.  Lossy: two threads that count the same key in the same moment may lose one, keys that
 * share a counter are counted together, and a ring that is full forgets its oldest.  When that
 * happens, fewer keys are told of from then on, chosen by hash, so that those that are have all
 * their uses; when there is room again, more.
 */
#ifndef TAYRA_LOAD_OBSERVE_H
#define TAYRA_LOAD_OBSERVE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define TAYRA__OBSERVE_STRIPES 8u
#define TAYRA__OBSERVE_RING    128u

/* The ring of some threads.  They write events and then head, release; who empties it reads head,
 * acquire, and then events.  Two threads in one stripe may write over each other. */
struct tayra__observe_stripe {
	_Alignas(64) _Atomic uint32_t head;
	uint32_t tail; /* of who empties */
	struct {
		_Atomic uint64_t hash, at_ms; /* relaxed */
	} events[TAYRA__OBSERVE_RING];
};

struct tayra__observe {
	_Atomic uint32_t *counts; /* relaxed: each a number on its own */
	uint32_t mask;
	_Atomic uint32_t skipped; /* relaxed: bits of a hash that must be 0 for it to be told of */
	uint32_t turn, idle;      /* of who empties */
	uint64_t told, lost;      /* the same */
	struct tayra__observe_stripe stripes[TAYRA__OBSERVE_STRIPES];
};

size_t tayra__observe_bytes(uint32_t keys); /* besides the struct */
/* => TAYRA_OK, TAYRA_E_NOMEM. */
int tayra__observe_init(struct tayra__observe *observe, uint32_t keys);
void tayra__observe_fini(struct tayra__observe *observe);
/* An answer was given from what is cached of that key.  => how many before it. */
uint32_t tayra__observe_answer(struct tayra__observe *observe, uint64_t hash);
/* How many since it was last asked; and the same, leaving them there. */
uint32_t tayra__observe_take(struct tayra__observe *observe, uint64_t hash);
uint32_t tayra__observe_count(const struct tayra__observe *observe, uint64_t hash);
/* The key was used. */
void tayra__observe_use(struct tayra__observe *observe, uint64_t hash, uint64_t now_ms);
/* Empty the rings, up to `budget` events.  One thread at a time. */
void tayra__observe_drain(struct tayra__observe *observe, uint32_t budget,
			  void (*use)(void *ctx, uint64_t hash, uint64_t at_ms), void *ctx);

#endif
