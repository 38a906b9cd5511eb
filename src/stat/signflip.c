/* SPDX-License-Identifier: Apache-2.0
 *
 * Let the sum S be positive and let a signing turn the set K over: its sum is S - 2 T with T the
 * sum over K.  |S - 2 T| >= S says T <= 0 or S - T <= 0: K or its complement has a mean of at
 * most zero.  Two things follow:
 * 1. p is twice the share of subsets with a sum of at most 0: counted by meeting in the middle,
 *    two lists of 2^(n/2) sorted sums, in microseconds for 20 pairs.
 * 2. Moving the shift towards the mean only lets more subsets in, so p is monotone on either side
 *    and bisection finds the ends; with random signings they are order statistics of means.
 * Sums that differ by rounding only count as equal, which errs to the safe side.
 */
#include "stat/signflip.h"

#include "base/mem.h"
#include "base/rng.h"
#include "stat/quantile.h"

#include <tayra/base.h>

#include <math.h>
#include <string.h>

#define HALF_SUMS (1u << (TAYRA__SIGNFLIP_EXACT_MAX / 2))
#define ROUNDING  1e-12

/* All 2^n sums of subsets, ascending: each item merges the list with itself moved by the item. */
static size_t
subset_sums(const double *d, size_t n, double sums[HALF_SUMS])
{
	double old[HALF_SUMS / 2];
	size_t count = 1;

	sums[0] = 0;
	for (size_t k = 0; k < n; k++) {
		size_t stay = 0, moved = 0;

		memcpy(old, sums, count * sizeof(*old));
		for (size_t i = 0; i < 2 * count; i++) {
			if (moved == count || (stay < count && old[stay] <= old[moved] + d[k]))
				sums[i] = old[stay++];
			else
				sums[i] = old[moved++] + d[k];
		}
		count *= 2;
	}
	return count;
}

/* How many subsets of d have a sum of at most `limit`. */
static uint64_t
count_subsets(const double *d, size_t n, double limit)
{
	double left[HALF_SUMS], right[HALF_SUMS];
	size_t lefts = subset_sums(d, n / 2, left);
	size_t rights = subset_sums(d + n / 2, n - n / 2, right);
	uint64_t count = 0;

	for (size_t i = 0; i < lefts; i++) {
		while (rights && left[i] + right[rights - 1] > limit)
			rights--;
		count += rights;
	}
	return count;
}

/* p of d - shift * weight. */
static double
exact_p(const double *d, const double *weight, size_t n, double shift)
{
	double moved[TAYRA__SIGNFLIP_EXACT_MAX], sum = 0, size = 0, p;

	for (size_t i = 0; i < n; i++) {
		moved[i] = d[i] - shift * (weight ? weight[i] : 1);
		sum += moved[i];
		size += fabs(moved[i]);
	}
	if (fabs(sum) <= ROUNDING * size)
		return 1;
	if (sum < 0) {
		for (size_t i = 0; i < n; i++)
			moved[i] = -moved[i];
	}
	p = ldexp((double)count_subsets(moved, n, ROUNDING * size), 1 - (int)n);
	return p < 1 ? p : 1;
}

/* The smallest shift not refused: between one below all differences and the mean. */
static double
exact_lower(const double *d, const double *weight, size_t n, double alpha)
{
	double least = HUGE_VAL, most = -HUGE_VAL, sum = 0, weights = 0, refused, passes, probe = 0;

	if (ldexp(1, 1 - (int)n) >= alpha)
		return -HUGE_VAL;
	for (size_t i = 0; i < n; i++) {
		double w = weight ? weight[i] : 1;

		least = fmin(least, d[i] / w);
		most = fmax(most, d[i] / w);
		sum += d[i];
		weights += w;
	}
	passes = sum / weights;
	refused = least - (most - least);
	/* Probing 0 first makes the end fall on the side of 0 that p says, whatever the rounding.
	 */
	if (probe <= refused || probe >= passes)
		probe = refused + (passes - refused) / 2;
	for (int i = 0; i < 100 && probe > refused && probe < passes; i++) {
		if (exact_p(d, weight, n, probe) >= alpha)
			passes = probe;
		else
			refused = probe;
		if (passes - refused <= ROUNDING * fmax(fabs(passes), fabs(refused)))
			break;
		probe = refused + (passes - refused) / 2;
	}
	return passes;
}

static void
exact_test(const double *d, const double *weight, size_t n, double alpha,
	   struct tayra__signflip *out)
{
	double mirrored[TAYRA__SIGNFLIP_EXACT_MAX];

	for (size_t i = 0; i < n; i++)
		mirrored[i] = -d[i];
	out->p = exact_p(d, weight, n, 0);
	out->lo = exact_lower(d, weight, n, alpha);
	out->hi = -exact_lower(mirrored, weight, n, alpha);
}

/* Of one random signing: the smaller and the larger of the means of the turned and the rest. */
static void
random_means(const double *d, const double *weight, size_t n, struct tayra__rng *rng,
	     double *smaller, double *larger)
{
	double sum[2] = { 0, 0 }, weights[2] = { 0, 0 };
	uint64_t bits = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned turned;

		if (i % 64 == 0)
			bits = tayra__rng_next(rng);
		turned = bits & 1;
		bits >>= 1;
		sum[turned] += d[i];
		weights[turned] += weight ? weight[i] : 1;
	}
	if (weights[0] > 0 && weights[1] > 0) {
		double kept = sum[0] / weights[0], gone = sum[1] / weights[1];

		*smaller = fmin(kept, gone);
		*larger = fmax(kept, gone);
	} else {
		*smaller = -HUGE_VAL;
		*larger = HUGE_VAL;
	}
}

/* The first k for which 1 + k signings at least as extreme are not refused. */
static size_t
first_accepted(double alpha)
{
	size_t k = 0;

	while ((double)(k + 1) / (TAYRA__SIGNFLIP_FLIPS + 1) < alpha)
		k++;
	return k;
}

/* How many of the ascending means are at most `limit`. */
static size_t
count_up_to(const double *means, double limit)
{
	size_t count = 0;

	while (count < TAYRA__SIGNFLIP_FLIPS && means[count] <= limit)
		count++;
	return count;
}

static double
snapped(double value, double tie)
{
	return fabs(value) <= tie ? 0 : value;
}

/* `lower` and `upper` hold the means of every signing, ascending; upper ones with their sign
 * turned, so that one rule serves both ends. */
static void
random_answer(const double *lower, const double *upper, double mean, double tie, double alpha,
	      struct tayra__signflip *out)
{
	size_t k = first_accepted(alpha);
	size_t extreme = TAYRA__SIGNFLIP_FLIPS;

	if (fabs(mean) > tie)
		extreme = count_up_to(mean > 0 ? lower : upper, tie);
	out->p = (double)(extreme + 1) / (TAYRA__SIGNFLIP_FLIPS + 1);
	out->lo = k ? snapped(lower[k - 1], tie) : -HUGE_VAL;
	out->hi = k ? snapped(-upper[k - 1], tie) : HUGE_VAL;
}

static int
random_test(const double *d, const double *weight, size_t n, double alpha, uint64_t seed,
	    struct tayra__signflip *out)
{
	double *lower = tayra__mem_array(TAYRA__SIGNFLIP_FLIPS, 2 * sizeof(*lower));
	double *upper = lower + TAYRA__SIGNFLIP_FLIPS;
	double sum = 0, size = 0, weights = 0;
	struct tayra__rng rng;

	if (!lower)
		return TAYRA_E_NOMEM;
	tayra__rng_init(&rng, seed);
	for (size_t i = 0; i < TAYRA__SIGNFLIP_FLIPS; i++) {
		random_means(d, weight, n, &rng, &lower[i], &upper[i]);
		upper[i] = -upper[i];
	}
	for (size_t i = 0; i < n; i++) {
		sum += d[i];
		size += fabs(d[i]);
		weights += weight ? weight[i] : 1;
	}
	tayra__quantile_sort(lower, TAYRA__SIGNFLIP_FLIPS);
	tayra__quantile_sort(upper, TAYRA__SIGNFLIP_FLIPS);
	random_answer(lower, upper, sum / weights, ROUNDING * size / weights, alpha, out);
	tayra__mem_free(lower);
	return TAYRA_OK;
}

int
tayra__signflip_test(const double *d, const double *weight, size_t n, double alpha, uint64_t seed,
		     struct tayra__signflip *out)
{
	if (!n) {
		*out = (struct tayra__signflip){ .p = 1, .lo = -HUGE_VAL, .hi = HUGE_VAL };
		return TAYRA_OK;
	}
	if (n > TAYRA__SIGNFLIP_EXACT_MAX)
		return random_test(d, weight, n, alpha, seed, out);
	exact_test(d, weight, n, alpha, out);
	return TAYRA_OK;
}
