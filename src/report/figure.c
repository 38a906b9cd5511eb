/* SPDX-License-Identifier: Apache-2.0 */
#include "report/figure.h"

#include <math.h>
#include <stdio.h>

const char *
tayra__figure_number(double value, char text[16])
{
	double size = fabs(value);

	if (isnan(value))
		snprintf(text, 16, "-");
	else if (value == 0)
		snprintf(text, 16, "0");
	else if (size >= 1e10 || size < 1e-4)
		snprintf(text, 16, "%.3g", value);
	else if (size >= 1e6)
		snprintf(text, 16, "%.1fM", value / 1e6);
	else if (size >= 1e4)
		snprintf(text, 16, "%.1fk", value / 1e3);
	else
		snprintf(text, 16, "%.*f",
			 size < .01   ? 5
			 : size < .1  ? 4
			 : size < 1   ? 3
			 : size < 10  ? 2
			 : size < 100 ? 1
				      : 0,
			 value);
	return text;
}

const char *
tayra__figure_digits(double value, char text[24])
{
	double size = fabs(value);

	if (isnan(value))
		snprintf(text, 24, "-");
	else if (size >= 1000 && size < 1e15)
		snprintf(text, 24, "%.0f", value);
	else
		snprintf(text, 24, "%.4g", value);
	return text;
}

const char *
tayra__figure_tick(double value, char text[16])
{
	if (fabs(value) >= 1e6)
		snprintf(text, 16, "%.4gM", value / 1e6);
	else if (fabs(value) >= 1e4)
		snprintf(text, 16, "%.4gk", value / 1e3);
	else
		snprintf(text, 16, "%.4g", value);
	return text;
}

const char *
tayra__figure_interval(double lo, double hi, char text[40])
{
	char low[16], high[16];

	if (isnan(lo) || isnan(hi))
		snprintf(text, 40, "-");
	else
		snprintf(text, 40, "%s .. %s", tayra__figure_number(lo, low),
			 tayra__figure_number(hi, high));
	return text;
}

/* A round with a zero has no ratio: the whole sample is then judged on differences, by p. */
const char *
tayra__figure_bounds(const struct tayra_comparison *c, char text[40])
{
	char p[16];

	if (!isnan(c->lo) && !isnan(c->hi))
		return tayra__figure_interval(c->lo, c->hi, text);
	if (isnan(c->ratio) && c->a_value == 0 && c->b_value == 0)
		snprintf(text, 40, c->verdict == TAYRA_SAME ? "all 0" : "0 in most rounds");
	else if (isnan(c->p))
		snprintf(text, 40, "-");
	else
		snprintf(text, 40, "p %s", tayra__figure_number(c->p, p));
	return text;
}

const char *
tayra__figure_ratio(const struct tayra_comparison *c, char text[64])
{
	char ratio[16], bounds[40];

	snprintf(text, 64, "%s (%s)", tayra__figure_number(c->ratio, ratio),
		 tayra__figure_bounds(c, bounds));
	return text;
}
