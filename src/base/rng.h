/* SPDX-License-Identifier: Apache-2.0
 *
 * rng.h: xoshiro256** (Blackman and Vigna, 2018), seeded, deterministic on every machine.  Not for
 * secrets.  Not thread-safe: one generator a user.
 */
#ifndef TAYRA_BASE_RNG_H
#define TAYRA_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

struct tayra__rng {
	uint64_t state[4];
};

void tayra__rng_init(struct tayra__rng *rng, uint64_t seed);
uint64_t tayra__rng_next(struct tayra__rng *rng);
/* Uniform in [0, n), unbiased (Lemire 2019); 0 for n = 0. */
uint64_t tayra__rng_below(struct tayra__rng *rng, uint64_t n);
/* Uniform in [0, 1), 53 bits. */
double tayra__rng_unit(struct tayra__rng *rng);
/* Exponential with mean 1. */
double tayra__rng_exponential(struct tayra__rng *rng);
/* Standard normal. */
double tayra__rng_normal(struct tayra__rng *rng);
/* Fisher-Yates over n indices. */
void tayra__rng_shuffle(struct tayra__rng *rng, uint32_t *items, size_t n);

/*
 * Zipf-distributed ranks 0..n-1 with exponent s > 0, rank 0 the most popular, in O(1) a draw and no
 * table: rejection-inversion, Hormann and Derflinger, TOMACS 1996.
 */
struct tayra__zipf {
	uint64_t n;
	double s, h_half, h_n, threshold;
};
void tayra__zipf_init(struct tayra__zipf *zipf, uint64_t n, double s);
uint64_t tayra__zipf_next(const struct tayra__zipf *zipf, struct tayra__rng *rng);

#endif
