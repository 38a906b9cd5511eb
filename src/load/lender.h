/* SPDX-License-Identifier: Apache-2.0
 *
 * lender.h: who would load a key that nobody asks for just now: the loader or origin, with times
 * and all, of the request that missed it last.  A few different ones are remembered whole, and for
 * each key which of them it was.
 *
 * Not thread-safe: of the learner, under its lock.
 */
#ifndef TAYRA_LOAD_LENDER_H
#define TAYRA_LOAD_LENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "load/request.h"

#define TAYRA__LENDERS 15u /* of more different ones the later are not remembered */

struct tayra__lender {
	uint32_t mask, count;
	struct {
		uint64_t mark;
		struct tayra__want want; /* without its key */
	} lent[TAYRA__LENDERS];
	uint32_t of_key[]; /* its lender's number, from 1, in 4 bits, and 28 of its hash; 0: none */
};

size_t tayra__lender_bytes(uint32_t keys);
/* `lender` is of so many bytes, all 0. */
void tayra__lender_init(struct tayra__lender *lender, uint32_t keys);
/* A number for who loads it, and how; equal for equal ones. */
uint64_t tayra__lender_mark(const struct tayra__want *want);
/* The key was missed by that request. */
void tayra__lender_note(struct tayra__lender *lender, uint64_t hash,
			const struct tayra__want *want);
/* => false: it is not known.  *out has no key. */
bool tayra__lender_find(const struct tayra__lender *lender, uint64_t hash, struct tayra__want *out);

#endif
