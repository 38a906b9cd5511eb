/* SPDX-License-Identifier: Apache-2.0
 *
 * word.h: what the fast path must know, in one 64-bit word, so that entering is one
 * compare-and-swap and nobody is lost between "no room" and "I wait".
 *
 *   bits 0..30   in flight: what the tickets held cost
 *   bits 31..60  the limit in whole slots, at least 1
 *   bits 61..62  enum tayra_mode
 *   bit  63      waiting: somebody is queued.  Set and cleared under pace.lock only.
 *
 * In ENFORCE mode a word with `waiting` set has no room for the fast path, and a leave that sees it
 * takes the lock: so under the lock such a word changes only by our own hand.
 */
#ifndef TAYRA_PACE_WORD_H
#define TAYRA_PACE_WORD_H

#include <tayra/pace.h>

#define TAYRA__WORD_LIMIT_SHIFT 31
#define TAYRA__WORD_MODE_SHIFT  61
#define TAYRA__WORD_SLOTS       0x7fffffffull
#define TAYRA__WORD_LIMIT_MAX   0x3fffffffull
#define TAYRA__WORD_LIMIT_MASK  (TAYRA__WORD_LIMIT_MAX << TAYRA__WORD_LIMIT_SHIFT)
#define TAYRA__WORD_MODE_MASK   (3ull << TAYRA__WORD_MODE_SHIFT)
#define TAYRA__WORD_WAITING     (1ull << 63)

static inline uint32_t
tayra__word_inflight(uint64_t word)
{
	return (uint32_t)(word & TAYRA__WORD_SLOTS);
}

static inline uint32_t
tayra__word_limit(uint64_t word)
{
	return (uint32_t)((word & TAYRA__WORD_LIMIT_MASK) >> TAYRA__WORD_LIMIT_SHIFT);
}

static inline enum tayra_mode
tayra__word_mode(uint64_t word)
{
	return (enum tayra_mode)((word & TAYRA__WORD_MODE_MASK) >> TAYRA__WORD_MODE_SHIFT);
}

static inline bool
tayra__word_full(uint64_t word)
{
	return tayra__word_inflight(word) >= tayra__word_limit(word);
}

/* May who costs that much go in?  Not whether somebody is in line before.  One that costs more than
 * the limit goes in alone.  Where all are let in, the bits for them are an end too. */
static inline bool
tayra__word_open(uint64_t word, uint32_t cost)
{
	uint32_t inflight = tayra__word_inflight(word);

	return inflight + cost <= tayra__word_limit(word) || inflight == 0 ||
	       (tayra__word_mode(word) != TAYRA_MODE_ENFORCE &&
		inflight + cost <= TAYRA__WORD_SLOTS);
}

/* What may go in, at least 0: UINT32_MAX is anything. */
static inline uint32_t
tayra__word_room(uint64_t word)
{
	uint32_t inflight = tayra__word_inflight(word), limit = tayra__word_limit(word);

	if (inflight == 0 || tayra__word_mode(word) != TAYRA_MODE_ENFORCE)
		return UINT32_MAX;
	return inflight < limit ? limit - inflight : 0;
}

/* The word with another limit: whole slots, 1 .. TAYRA__WORD_LIMIT_MAX. */
static inline uint64_t
tayra__word_with_limit(uint64_t word, double limit)
{
	uint64_t slots = limit < 1 ? 1 : (uint64_t)limit;

	if (slots > TAYRA__WORD_LIMIT_MAX)
		slots = TAYRA__WORD_LIMIT_MAX;
	return (word & ~TAYRA__WORD_LIMIT_MASK) | slots << TAYRA__WORD_LIMIT_SHIFT;
}

static inline uint64_t
tayra__word_with_mode(uint64_t word, enum tayra_mode mode)
{
	return (word & ~TAYRA__WORD_MODE_MASK) | (uint64_t)mode << TAYRA__WORD_MODE_SHIFT;
}

#endif
