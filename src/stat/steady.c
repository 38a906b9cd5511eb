/* SPDX-License-Identifier: Apache-2.0 */
#include "stat/steady.h"

#include <tayra/base.h>

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "stat/quantile.h"
#include "stat/trend.h"

#define LEAST        20
#define N_MOST       3000
#define SHORTEST     5    /* slices of a stretch */
#define PRICE        4.0  /* of a cut, in variances of the noise times log n */
#define SETTLED      10   /* slices at least */
#define SETTLED_PART 3    /* and one in that many of all */
#define SAME_LEVEL   0.01 /* levels that differ by less are one */
#define TREND_P      0.01
#define WILD         3.5 /* noises beyond which a value is pulled in */

/* A series being cut. */
struct cuts {
	const double *x; /* logarithms, wild ones pulled in */
	size_t n;
	double *sum, *squares; /* of the first i */
	double *cost;          /* of the best way to cut the first i */
	size_t *from;          /* where its last stretch begins */
	double price;
};

const char *
tayra__steadiness_name(enum tayra__steadiness kind)
{
	static const char *const names[] = { "flat", "warmup", "slowdown", "no steady state" };

	return (unsigned)kind < 4 ? names[kind] : names[TAYRA__STEADY_NONE];
}

/* The noise, from what neighbours differ by. */
static double
noise_of(const double *x, size_t n, double *room)
{
	for (size_t i = 0; i + 1 < n; i++)
		room[i] = fabs(x[i + 1] - x[i]);
	/* The median of |difference of two normals|, as their deviation. */
	return tayra__quantile_median(room, n - 1) / (0.67449 * M_SQRT2);
}

/* A spike is no level: pull each value to within reach of the median of its neighbours. */
static void
pull_in(const double *x, size_t n, double noise, double *out)
{
	for (size_t i = 0; i < n; i++) {
		double near[5];
		size_t first = i < 2 ? 0 : i - 2, count = 0;
		double middle;

		for (size_t j = first; j < n && j < first + 5; j++)
			near[count++] = x[j];
		middle = tayra__quantile_median(near, count);
		out[i] = fmin(fmax(x[i], middle - WILD * noise), middle + WILD * noise);
	}
}

static double
cost_of(const struct cuts *c, size_t from, size_t to)
{
	double sum = c->sum[to] - c->sum[from], count = (double)(to - from);

	return c->squares[to] - c->squares[from] - sum * sum / count;
}

static void
find_cuts(struct cuts *c)
{
	for (size_t i = 0; i < c->n; i++) {
		c->sum[i + 1] = c->sum[i] + c->x[i];
		c->squares[i + 1] = c->squares[i] + c->x[i] * c->x[i];
	}
	c->cost[0] = -c->price;
	for (size_t to = 1; to <= c->n; to++) {
		c->cost[to] = HUGE_VAL;
		for (size_t from = 0; from + SHORTEST <= to; from++) {
			double cost = c->cost[from] + cost_of(c, from, to) + c->price;

			if (cost < c->cost[to]) {
				c->cost[to] = cost;
				c->from[to] = from;
			}
		}
	}
}

static double
level_of(const struct cuts *c, size_t from, size_t to)
{
	return (c->sum[to] - c->sum[from]) / (double)(to - from);
}

/* The beginning of the last stretch, with those before it whose level is the same. */
static size_t
last_stretch(const struct cuts *c, double noise)
{
	size_t from = c->from[c->n];
	double level = level_of(c, from, c->n);

	while (from > 0) {
		size_t before = c->from[from];
		double off = fabs(level_of(c, before, from) - level);

		if (off > SAME_LEVEL && off > noise / 2)
			break;
		from = before;
	}
	return from;
}

static int
judge(const struct cuts *c, double noise, struct tayra__steady *out)
{
	size_t from = last_stretch(c, noise), length = c->n - from;
	struct tayra__trend trend;
	double before;
	int status;

	if (length < SETTLED || length * SETTLED_PART < c->n)
		return TAYRA_OK;
	status = tayra__trend(c->x + from, length, 0.05, &trend);
	if (status != TAYRA_OK)
		return status;
	if (trend.p < TREND_P && fabs(trend.slope) * (double)length > fmax(noise, SAME_LEVEL))
		return TAYRA_OK;
	out->from = from;
	out->kind = TAYRA__STEADY_FLAT;
	if (from > 0) {
		before = level_of(c, c->from[from], from);
		out->kind = before > level_of(c, from, c->n) ? TAYRA__STEADY_WARMUP
							     : TAYRA__STEADY_SLOWDOWN;
	}
	return TAYRA_OK;
}

/* room: 6 n + 4 doubles. */
static int
classify(const double *values, size_t n, double *room, size_t *from, struct tayra__steady *out)
{
	double *x = room, *pulled = x + n;
	struct cuts c = { .x = pulled,
			  .n = n,
			  .sum = pulled + n,
			  .squares = pulled + 2 * n + 1,
			  .cost = pulled + 3 * n + 2,
			  .from = from };
	double noise;
	int status;

	for (size_t i = 0; i < n; i++) {
		if (!(values[i] > 0) || isinf(values[i]))
			return TAYRA_E_INVAL;
		x[i] = log(values[i]);
	}
	noise = fmax(noise_of(x, n, pulled), 1e-9);
	pull_in(x, n, noise, pulled);
	c.price = PRICE * noise * noise * log((double)n);
	find_cuts(&c);
	status = judge(&c, noise, out);
	if (status == TAYRA_OK && out->kind != TAYRA__STEADY_NONE) {
		memcpy(x, values + out->from, (n - out->from) * sizeof(*x));
		out->level = tayra__quantile_median(x, n - out->from);
	}
	return status;
}

int
tayra__steady(const double *values, size_t n, struct tayra__steady *out)
{
	double *room;
	size_t *from;
	int status = TAYRA_E_NOMEM;

	*out = (struct tayra__steady){ TAYRA__STEADY_NONE, n, nan("") };
	if (n > N_MOST)
		return TAYRA_E_TOO_LARGE;
	if (n < LEAST)
		return TAYRA_OK;
	room = tayra__mem_array(6 * n + 4, sizeof(*room));
	from = tayra__mem_array(n + 1, sizeof(*from));
	if (room && from)
		status = classify(values, n, room, from, out);
	tayra__mem_free(from);
	tayra__mem_free(room);
	return status;
}
