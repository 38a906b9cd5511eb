/* SPDX-License-Identifier: Apache-2.0
 *
 * hash.h: keyed hashing of untrusted bytes (XXH3 with a secret seed) and an integer mixer.
 */
#ifndef TAYRA_BASE_HASH_H
#define TAYRA_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t tayra__hash_bytes(const void *bytes, size_t len, uint64_t seed);
/* A seed nobody outside can guess, never 0; from getrandom(2), from time and address where that
 * fails. */
uint64_t tayra__hash_random_seed(void);

/* splitmix64's finaliser: bijective, for ids that are already unique.  Steele et al., OOPSLA'14. */
static inline uint64_t
tayra__hash_mix64(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ull;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

/* The smallest power of two that is not less: the size of a table whose places are masked bits of a
 * hash.  => least <= 2^31. */
static inline uint32_t
tayra__hash_table_size(uint32_t least)
{
	uint32_t size = 1;

	while (size < least)
		size *= 2;
	return size;
}

#endif
