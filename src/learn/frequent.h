/* SPDX-License-Identifier: Apache-2.0
 *
 * frequent.h: the most frequent of a stream, in fixed room: SpaceSaving (Metwally, Agrawal and El
 * Abbadi, ICDT 2005), with weights.  With `room` counters over a stream of weight N, everything
 * that weighs more than N / room is in it, and count - error <= true weight <= count.
 *
 * Each counter carries a record, which begins when its thing was taken in: what came before that,
 * at most `error` of its weight, is not in the record.
 *
 * One block of memory, no pointers inside.  Not thread-safe.
 */
#ifndef TAYRA_LEARN_FREQUENT_H
#define TAYRA_LEARN_FREQUENT_H

#include <stddef.h>
#include <stdint.h>

#define TAYRA__FREQUENT_TEXT 64 /* bytes kept of a name; `text_len` says how long it is */

struct tayra__frequent_item {
	uint64_t hash; /* never 0 */
	uint64_t count, error;
	uint64_t hits, misses, loads;
	uint64_t reloads, same, changed; /* of a value that was known; the rest of them: unknown */
	uint64_t expired;                /* reloads because the time to live was over */
	double age_s;                    /* sum over same and changed */
	double cost_ns, bytes;           /* sums over loads */
	uint64_t costed, sized;          /* loads that had one */
	uint32_t text_len;
	uint32_t place; /* in the heap */
	char text[TAYRA__FREQUENT_TEXT];
};

struct tayra__frequent {
	uint32_t room, used;
	uint32_t slots; /* power of two, at least twice the room */
};

/* => room >= 1.  0 when it is too large. */
size_t tayra__frequent_bytes(uint32_t room);
/* => The memory is of tayra__frequent_bytes(room), aligned to 8. */
void tayra__frequent_init(struct tayra__frequent *frequent, uint32_t room);
/* So much more of it, >= 1; it may take the place of what is least frequent. */
struct tayra__frequent_item *tayra__frequent_count(struct tayra__frequent *frequent, uint64_t hash,
						   uint64_t weight, const void *text, size_t len);
/* NULL: not in it. */
struct tayra__frequent_item *tayra__frequent_find(struct tayra__frequent *frequent, uint64_t hash);
/* 0 .. used-1, in no order. */
const struct tayra__frequent_item *tayra__frequent_at(const struct tayra__frequent *frequent,
						      uint32_t i);

#endif
