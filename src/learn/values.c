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
		out->at[bin] = here + prior > 0 ?
				       ((double)used[bin] + prior * guess) / (here + prior) :
				       0;
		if (out->at[bin] > 0.98)
			out->at[bin] = 0.98;
	}
}

static void
add(const float *from, float *to)
{
	for (unsigned bin = 0; bin < AGES; bin++)
		to[bin] += from[bin];
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

/* Both at an age within the bin, or past the last. */
static void
look_up(const struct curve *curve, unsigned bin, double age, double *survival, double *integral)
{
	double begin = age_begin(bin), width = age_begin(bin + 1) - begin;
	double share = bin < AGES ? (age - begin) / width : 0;
	unsigned next = bin < AGES ? bin + 1 : bin;

	if (share > 1)
		share = 1;
	*survival = curve->survival[bin] +
		    share * (curve->survival[next] - curve->survival[bin]);
	*integral = curve->integral[bin] +
		    share * width * (curve->survival[bin] + *survival) / 2;
}

static void
rate(const struct hazard *hazard, double horizon, float *out)
{
	struct curve curve;
	unsigned end = 0;

	integrate(hazard, &curve);
	for (unsigned bin = 0; bin < AGES; bin++) {
		double age = (age_begin(bin) + age_begin(bin + 1)) / 2, here, then, from, to;

		while (end < AGES && age_begin(end + 1) <= age + horizon)
			end++;
		look_up(&curve, bin, age, &here, &from);
		look_up(&curve, end, age + horizon, &then, &to);
		/* The chance and the time both are over `here`, which cancels. */
		out[bin] = to > from ? (float)((here - then) / (to - from)) : 0;
	}
}

static void
fade(float *bins)
{
	for (unsigned bin = 0; bin < AGES; bin++)
		bins[bin] *= FADE;
}

/* Sums of the rows [from, to) of both tables. */
static void
sum_rows(const struct tayra__values *values, unsigned from, unsigned to, float *used,
	 float *censored)
{
	memset(used, 0, AGES * sizeof(*used));
	memset(censored, 0, AGES * sizeof(*censored));
	for (unsigned row = from; row < to; row++) {
		add(values->used[row], used);
		add(values->censored[row], censored);
	}
}

void
tayra__values_rebuild(struct tayra__values *values, double horizon)
{
	struct hazard all, by_freq, by_class;
	float used[AGES], censored[AGES];

	sum_rows(values, 0, TAYRA__REUSE_CLASSES, used, censored);
	estimate(used, censored, NULL, &all);
	for (unsigned row = 0; row < TAYRA__REUSE_CLASSES; row++) {
		if (row % TAYRA__REUSE_DISTANCES == 0) {
			sum_rows(values, row, row + TAYRA__REUSE_DISTANCES, used, censored);
			estimate(used, censored, &all, &by_freq);
		}
		estimate(values->used[row], values->censored[row], &by_freq, &by_class);
		rate(&by_class, horizon, values->value[row]);
		fade(values->used[row]);
		fade(values->censored[row]);
	}
}
