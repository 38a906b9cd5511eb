/* SPDX-License-Identifier: Apache-2.0 */
#include "report/scale.h"

#include <math.h>

struct tayra__scale
tayra__scale_of(bool log_scale, double least, double most, double from, double to)
{
	struct tayra__scale scale = { log_scale, least, most, from, to };

	if (log_scale) {
		double beyond = fmax(0.03 * log(most / least), 0.005);

		scale.least = least * exp(-beyond);
		scale.most = most * exp(beyond);
		return scale;
	}
	if (!(most > least)) {
		scale.least = least - fmax(fabs(least), 1) / 2;
		scale.most = most + fmax(fabs(most), 1) / 2;
	}
	return scale;
}

double
tayra__scale_place(const struct tayra__scale *s, double value)
{
	double share = s->log ? log(value / s->least) / log(s->most / s->least)
			      : (value - s->least) / (s->most - s->least);

	return s->from + (s->to - s->from) * fmin(fmax(share, 0), 1);
}

/* 1, 2, 5, 10 ..: the largest not above `value`. */
static double
round_down(double value)
{
	double decade = pow(10, floor(log10(value) + 1e-9));
	double digit = value / decade * (1 + 1e-9);

	return decade * (digit >= 5 ? 5 : digit >= 2 ? 2 : 1);
}

static double
next_round(double value)
{
	return round_down(value * 2.6);
}

/* Over several decades, every so many of them. */
static size_t
decades(const struct tayra__scale *s, double *ticks)
{
	double step = ceil(log10(s->most / s->least) / (TAYRA__SCALE_TICKS - 1));
	double tick = pow(10, ceil(log10(s->least) - 1e-9));
	size_t n = 0;

	for (; tick <= s->most * (1 + 1e-9) && n < TAYRA__SCALE_TICKS; tick *= pow(10, step))
		ticks[n++] = tick;
	return n;
}

static size_t
even(const struct tayra__scale *s, double *ticks)
{
	double step = next_round((s->most - s->least) / TAYRA__SCALE_TICKS);
	size_t n = 0;

	for (double tick = ceil(s->least / step - 1e-9) * step;
	     tick <= s->most + step * 1e-9 && n < TAYRA__SCALE_TICKS; tick += step)
		ticks[n++] = fabs(tick) < step * 1e-9 ? 0 : tick;
	return n;
}

size_t
tayra__scale_ticks(const struct tayra__scale *s, double ticks[TAYRA__SCALE_TICKS])
{
	size_t n = 0;

	if (!s->log || s->most / s->least < 3)
		return even(s, ticks);
	if (s->most / s->least > 200)
		return decades(s, ticks);
	for (double tick = round_down(s->least); tick <= s->most && n < TAYRA__SCALE_TICKS;
	     tick = next_round(tick))
		if (tick >= s->least)
			ticks[n++] = tick;
	return n;
}
