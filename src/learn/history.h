/* SPDX-License-Identifier: Apache-2.0
 *
 * history.h: what is remembered of objects that left: so that one that returns is known, and one
 * that does not is counted.  A set-associative table of 8 bytes an object, known by its place and
 * 16 bits of hash: about one in 8,000 strangers is taken for somebody else.
 *
 * Fixed size, no pointers inside.  Not thread-safe.
 */
#ifndef TAYRA_LEARN_HISTORY_H
#define TAYRA_LEARN_HISTORY_H

#include "learn/values.h"

#include <stdbool.h>
#include <stddef.h>

#define TAYRA__HISTORY_WAYS 8

struct tayra__past {
	uint32_t last;
	uint16_t tag;
	uint8_t freq_distance; /* freq << 4 | distance; 0: free */
	uint8_t size;
};

struct tayra__history {
	uint32_t buckets; /* power of two */
	uint32_t count;
	struct tayra__past pasts[];
};

/* Bytes for at least so many objects; 0 on overflow of 2^30 objects. */
size_t tayra__history_bytes(uint32_t objects);
/* In memory of that many bytes, aligned to 8. */
void tayra__history_init(struct tayra__history *history, uint32_t objects);

/* Remember.  Where its bucket is full the one used longest ago is forgotten, and counted as
 * censored; one of the bucket is counted as alive. */
void tayra__history_add(struct tayra__history *history, uint32_t hash,
			const struct tayra__reuse *reuse, uint32_t now,
			struct tayra__values *values);
/* Is it remembered?  If so *out is its past. */
bool tayra__history_find(const struct tayra__history *history, uint32_t hash,
			 struct tayra__reuse *out);
/* Was it remembered?  If so it no longer is, and *out is its past. */
bool tayra__history_take(struct tayra__history *history, uint32_t hash, struct tayra__reuse *out);
/* Is `count` right?  For tests; walks everything. */
bool tayra__history_sound(const struct tayra__history *history);

#endif
