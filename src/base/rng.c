/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"

#include "base/hash.h"

#include <math.h>

void
tayra__rng_init(struct tayra__rng *rng, uint64_t seed)
{
	for (int i = 0; i < 4; i++) {
		rng->state[i] = tayra__hash_mix64(seed);
		seed += 0x9e3779b97f4a7c15ull;
	}
}

static uint64_t
rotl(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

uint64_t
tayra__rng_next(struct tayra__rng *rng)
{
	uint64_t *s = rng->state;
	uint64_t result = rotl(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}

uint64_t
tayra__rng_below(struct tayra__rng *rng, uint64_t n)
{
	unsigned __int128 m = (unsigned __int128)tayra__rng_next(rng) * n;
	uint64_t low = (uint64_t)m;

	if (low < n) {
		uint64_t floor = (0 - n) % n;

		while (low < floor) {
			m = (unsigned __int128)tayra__rng_next(rng) * n;
			low = (uint64_t)m;
		}
	}
	return (uint64_t)(m >> 64);
}

double
tayra__rng_unit(struct tayra__rng *rng)
{
	return (double)(tayra__rng_next(rng) >> 11) * 0x1p-53;
}

double
tayra__rng_exponential(struct tayra__rng *rng)
{
	return -log1p(-tayra__rng_unit(rng));
}

double
tayra__rng_normal(struct tayra__rng *rng)
{
	double radius = sqrt(2 * tayra__rng_exponential(rng));

	return radius * cos(2 * M_PI * tayra__rng_unit(rng));
}

void
tayra__rng_shuffle(struct tayra__rng *rng, uint32_t *items, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t j = (size_t)tayra__rng_below(rng, i);
		uint32_t swap = items[i - 1];

		items[i - 1] = items[j];
		items[j] = swap;
	}
}

/* The integral of x^-s, and its inverse; written with expm1/log1p so that s near 1 stays exact. */
static double
zipf_h(double x, double s)
{
	double t = (1 - s) * log(x);

	return (fabs(t) > 1e-8 ? expm1(t) / t : 1 + t / 2) * log(x);
}

static double
zipf_h_inverse(double y, double s)
{
	double t = y * (1 - s);

	if (t < -1)
		t = -1;
	return exp((fabs(t) > 1e-8 ? log1p(t) / t : 1 - t / 2) * y);
}

void
tayra__zipf_init(struct tayra__zipf *zipf, uint64_t n, double s)
{
	zipf->n = n ? n : 1;
	zipf->s = s;
	zipf->h_half = zipf_h(1.5, s) - 1;
	zipf->h_n = zipf_h((double)zipf->n + 0.5, s);
	zipf->threshold = 2 - zipf_h_inverse(zipf_h(2.5, s) - pow(2, -s), s);
}

uint64_t
tayra__zipf_next(const struct tayra__zipf *zipf, struct tayra__rng *rng)
{
	for (;;) {
		double u = zipf->h_n + tayra__rng_unit(rng) * (zipf->h_half - zipf->h_n);
		double x = zipf_h_inverse(u, zipf->s);
		double k = floor(x + 0.5);

		if (k < 1)
			k = 1;
		else if (k > (double)zipf->n)
			k = (double)zipf->n;
		if (k - x <= zipf->threshold || u >= zipf_h(k + 0.5, zipf->s) - pow(k, -zipf->s))
			return (uint64_t)k - 1;
	}
}
