/* SPDX-License-Identifier: Apache-2.0 */
#include "stat/student_t.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define STEPS_MAX 20000
#define TINY      1e-300
#define LARGE_DF  1e5

/* log B(a, 1/2).  For large a the difference of the two logarithms is a series: they are large and
 * nearly equal. */
static double
log_beta_half(double a)
{
	double b = 1 / a;

	if (a < 60)
		return lgamma(a) + lgamma(0.5) - lgamma(a + 0.5);
	return 0.5 * log(M_PI / a) +
	       b * (1.0 / 8 - b * b * (1.0 / 192 - b * b * (1.0 / 640 - b * b * 17.0 / 14336)));
}

/* The continued fraction of I_x(a, b), which converges quickly for x < (a + 1) / (a + b + 2). */
static double
fraction(double x, double a, double b)
{
	double c = 1, d = 1 - (a + b) * x / (a + 1), value;

	d = 1 / (fabs(d) < TINY ? TINY : d);
	value = d;
	for (int m = 1; m < STEPS_MAX; m++) {
		double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		double step;

		d = 1 + even * d;
		c = 1 + even / c;
		d = 1 / (fabs(d) < TINY ? TINY : d);
		c = fabs(c) < TINY ? TINY : c;
		value *= d * c;
		d = 1 + odd * d;
		c = 1 + odd / c;
		d = 1 / (fabs(d) < TINY ? TINY : d);
		c = fabs(c) < TINY ? TINY : c;
		step = d * c;
		value *= step;
		if (fabs(step - 1) < 1e-16)
			break;
	}
	return value;
}

/* P(T >= t) for t >= 0: half of I_x(df / 2, 1 / 2) with x = df / (df + t^2).  x and 1 - x are each
 * computed from t, so that neither loses digits to the other. */
static double
upper_tail(double t, double df)
{
	double a = df / 2, square = t * t;
	double x = df / (df + square), rest = square / (df + square);
	/* log of x^a (1 - x)^(1/2) / B(a, 1/2).  log x would lose digits near 1. */
	double log_x = square < df ? -log1p(square / df)
				   : -2 * log(t) + log(df) - log1p(df / square);
	double front = exp(a * log_x - log_beta_half(a)) * sqrt(rest);

	if (isinf(square))
		front = exp(a * (log(df) - 2 * log(t)) - log_beta_half(a));
	if (x < (a + 1) / (a + 2.5))
		return 0.5 * front * fraction(x, a, 0.5) / a;
	return 0.5 * (1 - front * fraction(rest, 0.5, a) / 0.5);
}

/* For many degrees of freedom, where x rounds to nearly 1: the normal deviate with the same tail.
 */
static double
nearly_normal_tail(double t, double df)
{
	double a = df - 0.5, b = 48 * a * a, z2 = a * log1p(t / df * t), z = sqrt(z2);

	z += ((-0.4 * z2 - 3.3) * z2 - 24) * z2 / (b + 0.8 * z2 * z2 + 100) * z / b -
	     85.5 * z / (b * (b + 0.8 * z2 * z2 + 100)) + (z2 + 3) * z / b;
	return 0.5 * erfc(z * M_SQRT1_2);
}

double
tayra__student_t_tail(double t, double df)
{
	if (isnan(t) || !(df > 0))
		return nan("");
	if (isinf(df))
		return 0.5 * erfc(t * M_SQRT1_2);
	if (isinf(t))
		return t > 0 ? 0 : 1;
	if (t < 0)
		return 1 - tayra__student_t_tail(-t, df);
	return df > LARGE_DF ? nearly_normal_tail(t, df) : upper_tail(t, df);
}

/* Doubles above zero are ordered as their bits are: halving the bits reaches every scale. */
static double
from_bits(uint64_t bits)
{
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

double
tayra__student_t_quantile(double p, double df)
{
	uint64_t below = 0, above = 0x7fefffffffffffff; /* the largest finite one */
	double tail = p < 0.5 ? p : 1 - p;

	if (isnan(p) || !(df > 0))
		return nan("");
	if (p <= 0 || p >= 1)
		return p <= 0 ? -HUGE_VAL : HUGE_VAL;
	if (p == 0.5)
		return 0;
	while (above - below > 1) {
		uint64_t middle = below + (above - below) / 2;

		if (tayra__student_t_tail(from_bits(middle), df) > tail)
			below = middle;
		else
			above = middle;
	}
	return p < 0.5 ? -from_bits(above) : from_bits(above);
}
