/* SPDX-License-Identifier: Apache-2.0
 *
 * reuse.h: what is remembered of how one object is used.  Eight bytes, in the object's own
 * metadata.  Time is counted in requests and wraps at 2^32: only differences are meant.
 */
#ifndef TAYRA_LEARN_REUSE_H
#define TAYRA_LEARN_REUSE_H

#include <stdint.h>

struct tayra__reuse {
	uint32_t last;    /* request number of the last use */
	uint8_t freq;     /* uses, saturating at TAYRA__REUSE_FREQ_MAX; 0: nothing known */
	uint8_t distance; /* class of the distance between the last two uses; 0: used once */
	uint8_t size;     /* class of its charge: tayra__reuse_size */
	uint8_t spare;    /* the owner's */
};

#define TAYRA__REUSE_FREQ_MAX  15
#define TAYRA__REUSE_DISTANCES 16
#define TAYRA__REUSE_FREQS     5
#define TAYRA__REUSE_SIZES     12
/* Used once, by size; else by frequency, by distance from 1 on. */
#define TAYRA__REUSE_CLASSES                                                                       \
	(TAYRA__REUSE_SIZES + (TAYRA__REUSE_FREQS - 1) * (TAYRA__REUSE_DISTANCES - 1))

/* Charges by two octaves, 0: under 4, up to 11: 2^22 and more.  It is all that is known of what was
 * used once, and what is large is often used otherwise than what is small. */
static inline uint8_t
tayra__reuse_size(uint64_t charge)
{
	unsigned octaves = (63 - (unsigned)__builtin_clzll(charge | 1)) / 2;

	return (uint8_t)(octaves < TAYRA__REUSE_SIZES ? octaves : TAYRA__REUSE_SIZES - 1);
}

/* Distances by octave, 1: under 64, up to 15: 2^19 and more. */
static inline uint8_t
tayra__reuse_distance(uint32_t requests)
{
	int log = 31 - __builtin_clz(requests | 1);

	return (uint8_t)(log < 6 ? 1 : log > 19 ? 15 : log - 4);
}

/* Used 1, 2, 3, 4 to 7, 8 or more times. */
static inline unsigned
tayra__reuse_freq_class(uint8_t freq)
{
	return freq < 4 ? freq - (freq > 0) : freq < 8 ? 3 : 4;
}

static inline unsigned
tayra__reuse_class(const struct tayra__reuse *reuse)
{
	unsigned freq = tayra__reuse_freq_class(reuse->freq);

	if (freq == 0)
		return reuse->size;
	return TAYRA__REUSE_SIZES + (freq - 1) * (TAYRA__REUSE_DISTANCES - 1) + reuse->distance -
	       (reuse->distance > 0);
}

/* Another use, now. */
static inline void
tayra__reuse_again(struct tayra__reuse *reuse, uint32_t now)
{
	if (reuse->freq)
		reuse->distance = tayra__reuse_distance(now - reuse->last);
	if (reuse->freq < TAYRA__REUSE_FREQ_MAX)
		reuse->freq++;
	reuse->last = now;
}

#endif
