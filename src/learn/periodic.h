/* SPDX-License-Identifier: Apache-2.0
 *
 * periodic.h: which keys are wanted at regular times: every hour, every morning?  What counts is
 * when a key begins to be asked for after a quiet time; that it comes again while it is in use says
 * nothing.  Where the time from one beginning to the next was nearly the same, or twice or three
 * times as long, for two times in a row, the next is expected after the same time again, some
 * deviations early or late.
 *
 * Two tables.  In the first each key has 24 bytes: its last beginnings, and how regular they were;
 * it takes the place of one that is less regular.  Those that are get a place in the second, with
 * their bytes, until they have failed to come three times in a row.
 *
 * Keys longer than TAYRA__PERIODIC_KEY are not expected.  Time is the caller's, in ms, and does not
 * go back.  One block of memory, no pointers inside.  Not thread-safe.
 */
#ifndef TAYRA_LEARN_PERIODIC_H
#define TAYRA_LEARN_PERIODIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAYRA__PERIODIC_KEY      64 /* bytes */
#define TAYRA__PERIODIC_LEAST_MS 30000ull
#define TAYRA__PERIODIC_MOST_MS  (9 * 86400000ull)

/* Expected again. */
struct tayra__periodic_place {
	uint64_t hash;   /* 0: free */
	uint64_t at_ms;  /* the moment, within: */
	uint64_t off_ms; /* .. so much before or after */
	uint64_t period_ms;
	uint8_t came, failed; /* came: up to 15, in all; failed: in a row */
	bool told;            /* of at_ms */
	uint8_t key_len;
	unsigned char key[TAYRA__PERIODIC_KEY];
};

struct tayra__periodic_options {
	uint32_t keys;   /* in the first table; >= 4 */
	uint32_t places; /* in the second */
};

struct tayra__periodic {
	struct tayra__periodic_options options;
	uint32_t sets, sweep;
};

/* 0 when the numbers are too large. */
size_t tayra__periodic_bytes(const struct tayra__periodic_options *options);
void tayra__periodic_init(struct tayra__periodic *periodic,
			  const struct tayra__periodic_options *options);
/* The key was missed, or would have been; quiet_ms without that was a quiet time. */
void tayra__periodic_missed(struct tayra__periodic *periodic, uint64_t hash, const void *key,
			    size_t key_len, uint64_t now_ms, uint64_t quiet_ms);
/* Look at up to `budget` places.  => one whose time begins, told of once a time; NULL: none. */
const struct tayra__periodic_place *tayra__periodic_due(struct tayra__periodic *periodic,
							uint64_t now_ms, uint32_t budget);
/* How likely it is to come, as it has until now. */
double tayra__periodic_probability(const struct tayra__periodic_place *place);

#endif
