/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/values.h"

#include <string.h>

#define FADE  0.9f
#define PRIOR 16.0 /* events of the wider class that a class is taken to have seen */

#define AGES TAYRA__VALUE_AGES

/* Chance to be used in an age, having come to it. */
struct hazard {
	double at[AGES];
};

void
tayra__values_init(struct tayra__values *values)
{
	memset(values, 0, sizeof(*values));
}

void
tayra__values_used(struct tayra__values *values, const struct tayra__reuse *reuse, uint32_t age)
{
	values->used[tayra__reuse_class(reuse)][tayra__value_age(age)] += 1;
	values->events += 1;
}

void
tayra__values_censored(struct tayra__values *values, const struct tayra__reuse *reuse, uint32_t age)
{
	values->censored[tayra__reuse_class(reuse)][tayra__value_age(age)] += 1;
	values->events += 1;
}

void
tayra__values_alive(struct tayra__values *values, enum tayra__alive kind,
		    const struct tayra__reuse *reuse, uint32_t age)
{
	values->alive[kind][tayra__reuse_class(reuse)][tayra__value_age(age)] += 1;
	values->alive_count[kind] += 1;
}

/* Where a half octave begins. */
static double
age_begin(unsigned bin)
{
	return (double)(2 + (bin & 1)) * (double)(1ull << (bin / 2)) / 2;
}

/* What is censored within an age was at risk for half of it.  `wider` NULL: there is none. */
static void
estimate(const float *used, const float *censored, const struct hazard *wider, struct hazard *out)
{
	double later = 0;

	for (unsigned bin = AGES; bin-- > 0;) {
		double here = later + (double)used[bin] + (double)censored[bin] / 2;
		double prior = wider ? PRIOR : 0;
		double guess = wider ? wider->at[bin] : 0;

		later += (double)used[bin] + (double)censored[bin];
		out->at[bin] = here + prior > 0
				       ? ((double)used[bin] + prior * guess) / (here + prior)
				       : 0;
		if (out->at[bin] > 0.98)
			out->at[bin] = 0.98;
	}
}

/* Survival at the begin of each age, and its integral so far. */
struct curve {
	double survival[AGES + 1], integral[AGES + 1];
};

static void
integrate(const struct hazard *hazard, struct curve *curve)
{
	curve->survival[0] = 1;
	curve->integral[0] = 0;
	for (unsigned bin = 0; bin < AGES; bin++) {
		double width = age_begin(bin + 1) - age_begin(bin);
		double before = curve->survival[bin], after = before * (1 - hazard->at[bin]);

		curve->survival[bin + 1] = after;
		curve->integral[bin + 1] = curve->integral[bin] + width * (before + after) / 2;
	}
}

/* Uses per request of residency between two ages. */
static double
slope(const struct curve *curve, unsigned from, unsigned to)
{
	double residency = curve->integral[to] - curve->integral[from];

	return residency > 0 ? (curve->survival[from] - curve->survival[to]) / residency : 0;
}

/*
 * For each age the most used per request of residency that some time to wait brings: Gittins'
 * index.  The steepest slope from the age to a later point of (residency, used) is that of their
 * concave hull, which is built from the old end.
 */
static void
rate(const struct hazard *hazard, float *out)
{
	struct curve curve;
	unsigned hull[AGES + 1], top = 0;

	integrate(hazard, &curve);
	hull[0] = AGES;
	for (unsigned bin = AGES; bin-- > 0;) {
		while (top > 0 &&
		       slope(&curve, bin, hull[top]) <= slope(&curve, bin, hull[top - 1]))
			top--;
		out[bin] = (float)slope(&curve, bin, hull[top]);
		hull[++top] = bin;
	}
}

/* A row of what went out of sight, with those in sight now. */
static void
censored_row(const struct tayra__values *values, unsigned row, const float scale[2], float *out)
{
	for (unsigned bin = 0; bin < AGES; bin++)
		out[bin] = values->censored[row][bin] + scale[0] * values->alive[0][row][bin] +
			   scale[1] * values->alive[1][row][bin];
}

/* Sums of the rows [from, to). */
static void
sum_rows(const struct tayra__values *values, unsigned from, unsigned to, const float scale[2],
	 float *used, float *censored)
{
	float row_censored[AGES];

	memset(used, 0, AGES * sizeof(*used));
	memset(censored, 0, AGES * sizeof(*censored));
	for (unsigned row = from; row < to; row++) {
		censored_row(values, row, scale, row_censored);
		for (unsigned bin = 0; bin < AGES; bin++) {
			used[bin] += values->used[row][bin];
			censored[bin] += row_censored[bin];
		}
	}
}

static void
rate_all(struct tayra__values *values, const float scale[2])
{
	struct hazard all, by_freq, by_class;
	float used[AGES], censored[AGES];
	unsigned next = 0; /* row of the next frequency */

	sum_rows(values, 0, TAYRA__REUSE_CLASSES, scale, used, censored);
	estimate(used, censored, NULL, &all);
	for (unsigned row = 0; row < TAYRA__REUSE_CLASSES; row++) {
		if (row == next) {
			next += row == 0 ? TAYRA__REUSE_SIZES : TAYRA__REUSE_DISTANCES - 1;
			sum_rows(values, row, next, scale, used, censored);
			estimate(used, censored, &all, &by_freq);
		}
		censored_row(values, row, scale, censored);
		estimate(values->used[row], censored, &by_freq, &by_class);
		rate(&by_class, values->value[row]);
	}
}

void
tayra__values_rebuild(struct tayra__values *values, uint32_t residents, uint32_t left)
{
	const float count[2] = { (float)residents, (float)left };
	float scale[2];

	for (int kind = 0; kind < 2; kind++)
		scale[kind] = values->alive_count[kind] > 0
				      ? count[kind] / values->alive_count[kind]
				      : 0;
	rate_all(values, scale);
	for (unsigned row = 0; row < TAYRA__REUSE_CLASSES; row++) {
		for (unsigned bin = 0; bin < AGES; bin++) {
			values->used[row][bin] *= FADE;
			values->censored[row][bin] *= FADE;
		}
	}
	memset(values->alive, 0, sizeof(values->alive));
	memset(values->alive_count, 0, sizeof(values->alive_count));
}
