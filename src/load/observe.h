/* SPDX-License-Identifier: Apache-2.0
 *
 * observe.h: what a hit leaves behind for learning: one more in the count of its key, without a
 * lock and without being waited for.  Lossy: two threads that count the same key in the same moment
 * may lose one, and keys that share a counter are counted together.
 */
#ifndef TAYRA_LOAD_OBSERVE_H
#define TAYRA_LOAD_OBSERVE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct tayra__observe {
	_Atomic uint32_t *counts; /* relaxed: each a number on its own */
	uint32_t mask;
};

size_t tayra__observe_bytes(uint32_t keys);
/* => TAYRA_OK, TAYRA_E_NOMEM. */
int tayra__observe_init(struct tayra__observe *observe, uint32_t keys);
void tayra__observe_fini(struct tayra__observe *observe);
/* An answer was given from what is cached of that key. */
void tayra__observe_answer(struct tayra__observe *observe, uint64_t hash);
/* How many since it was last asked. */
uint32_t tayra__observe_take(struct tayra__observe *observe, uint64_t hash);

#endif
