/* SPDX-License-Identifier: Apache-2.0 */
#include "stat/resample.h"

#include <tayra/base.h>

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "stat/normal.h"
#include "stat/quantile.h"

#define EXACT_WAYS 20000
#define SHUFFLES   9999
#define ROUNDING   1e-9 /* of the spread: sums that differ by less are equal */

/* n choose k, or more than `most`. */
static double
ways_to_choose(size_t n, size_t k, double most)
{
	double ways = 1;

	for (size_t i = 1; i <= k && ways <= most; i++)
		ways = ways * (double)(n - k + i) / (double)i;
	return ways;
}

/* The next choice of k of n in lexical order; false after the last. */
static bool
next_choice(size_t *choice, size_t k, size_t n)
{
	size_t i = k;

	while (i > 0 && choice[i - 1] == n - k + i - 1)
		i--;
	if (i == 0)
		return false;
	choice[i - 1]++;
	for (; i < k; i++)
		choice[i] = choice[i - 1] + 1;
	return true;
}

/* What the sum of k of them must be to count as far as the one seen. */
struct far {
	double centre, distance;
};

static bool
is_far(const struct far *far, double sum)
{
	return fabs(sum - far->centre) >= far->distance;
}

static double
exact_permutation(const double *all, size_t n, size_t k, const struct far *far, size_t *choice)
{
	double count = 0, ways = 0;

	for (size_t i = 0; i < k; i++)
		choice[i] = i;
	do {
		double sum = 0;

		for (size_t i = 0; i < k; i++)
			sum += all[choice[i]];
		count += is_far(far, sum);
		ways++;
	} while (next_choice(choice, k, n));
	return count / ways;
}

static double
random_permutation(double *all, size_t n, size_t k, const struct far *far, uint64_t seed)
{
	struct tayra__rng rng;
	double count = 0;

	tayra__rng_init(&rng, seed);
	for (int shuffle = 0; shuffle < SHUFFLES; shuffle++) {
		double sum = 0;

		/* The first k places of a shuffle are enough. */
		for (size_t i = 0; i < k; i++) {
			size_t j = i + (size_t)tayra__rng_below(&rng, n - i);
			double moved = all[i];

			all[i] = all[j];
			all[j] = moved;
			sum += all[i];
		}
		count += is_far(far, sum);
	}
	return (count + 1) / (SHUFFLES + 1);
}

int
tayra__resample_permutation(const double *a, size_t na, const double *b, size_t nb, uint64_t seed,
			    double *p)
{
	size_t n = na + nb;
	double *all, mean, sum_b, size = 0;
	size_t *choice;
	struct far far;

	*p = nan("");
	if (!na || !nb)
		return TAYRA_OK;
	all = tayra__mem_array(n, sizeof(*all));
	choice = tayra__mem_array(nb, sizeof(*choice));
	if (!all || !choice) {
		tayra__mem_free(all);
		tayra__mem_free(choice);
		return TAYRA_E_NOMEM;
	}
	memcpy(all, a, na * sizeof(*a));
	memcpy(all + na, b, nb * sizeof(*b));
	mean = tayra__quantile_mean(all, n);
	sum_b = tayra__quantile_mean(b, nb) * (double)nb;
	for (size_t i = 0; i < n; i++)
		size += fabs(all[i] - mean);
	far = (struct far){ mean * (double)nb, fabs(sum_b - mean * (double)nb) - ROUNDING * size };
	*p = ways_to_choose(n, nb, EXACT_WAYS) <= EXACT_WAYS
		     ? exact_permutation(all, n, nb, &far, choice)
		     : random_permutation(all, n, nb, &far, seed);
	tayra__mem_free(all);
	tayra__mem_free(choice);
	return TAYRA_OK;
}

/* A statistic being drawn again. */
struct course {
	const double *values;
	size_t n;
	double (*statistic)(double *values, size_t n, void *ctx);
	void *ctx;
	double *room;  /* [n] */
	double *draws; /* [count], ascending once sorted */
	size_t count;
};

static void
draw_all(struct course *c, uint64_t seed)
{
	struct tayra__rng rng;

	tayra__rng_init(&rng, seed);
	for (size_t i = 0; i < c->count; i++) {
		for (size_t j = 0; j < c->n; j++)
			c->room[j] = c->values[tayra__rng_below(&rng, c->n)];
		c->draws[i] = c->statistic(c->room, c->n, c->ctx);
	}
}

/* How skewed the statistic is, by leaving out each value in turn. */
static double
acceleration(struct course *c, double *left_out)
{
	double mean, squares = 0, cubes = 0;

	for (size_t i = 0; i < c->n; i++) {
		memcpy(c->room, c->values, i * sizeof(*c->room));
		memcpy(c->room + i, c->values + i + 1, (c->n - i - 1) * sizeof(*c->room));
		left_out[i] = c->statistic(c->room, c->n - 1, c->ctx);
	}
	mean = tayra__quantile_mean(left_out, c->n);
	for (size_t i = 0; i < c->n; i++) {
		squares += pow(mean - left_out[i], 2);
		cubes += pow(mean - left_out[i], 3);
	}
	return squares > 0 ? cubes / (6 * pow(squares, 1.5)) : nan("");
}

static double
adjusted(const struct course *c, double bias, double a, double z)
{
	double level = tayra__normal_cdf(bias + (bias + z) / (1 - a * (bias + z)));

	return tayra__quantile_sorted(c->draws, c->count, level);
}

static void
set_interval(struct course *c, double *left_out, double alpha, struct tayra__bootstrap *out)
{
	double z = tayra__normal_quantile(1 - alpha / 2), a = acceleration(c, left_out), below = 0,
	       bias;

	for (size_t i = 0; i < c->count; i++) {
		if (!isfinite(c->draws[i]))
			return;
		below += c->draws[i] < out->estimate ? 1 : c->draws[i] == out->estimate ? 0.5 : 0;
	}
	bias = tayra__normal_quantile(below / (double)c->count);
	if (!isfinite(a) || !isfinite(bias))
		return;
	tayra__quantile_sort(c->draws, c->count);
	out->lo = adjusted(c, bias, a, -z);
	out->hi = adjusted(c, bias, a, z);
}

int
tayra__resample_bca(const double *values, size_t n,
		    double (*statistic)(double *values, size_t n, void *ctx), void *ctx,
		    size_t draws, double alpha, uint64_t seed, struct tayra__bootstrap *out)
{
	struct course c = {
		.values = values, .n = n, .statistic = statistic, .ctx = ctx, .count = draws
	};
	double *left_out;

	*out = (struct tayra__bootstrap){ nan(""), nan(""), nan("") };
	if (!n)
		return TAYRA_OK;
	c.room = tayra__mem_array(n, sizeof(*c.room));
	c.draws = tayra__mem_array(draws + 1, sizeof(*c.draws));
	left_out = tayra__mem_array(n, sizeof(*left_out));
	if (c.room && c.draws && left_out) {
		memcpy(c.room, values, n * sizeof(*values));
		out->estimate = statistic(c.room, n, ctx);
		if (n > 1 && draws > 0 && isfinite(out->estimate)) {
			draw_all(&c, seed);
			set_interval(&c, left_out, alpha, out);
		}
	}
	tayra__mem_free(left_out);
	tayra__mem_free(c.draws);
	tayra__mem_free(c.room);
	return c.room && c.draws && left_out ? TAYRA_OK : TAYRA_E_NOMEM;
}
