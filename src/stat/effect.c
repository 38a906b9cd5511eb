/* SPDX-License-Identifier: Apache-2.0 */
#include "stat/effect.h"

#include <math.h>

#include "base/hist.h"
#include "stat/normal.h"
#include "stat/quantile.h"

double
tayra__effect_cohen(const double *a, size_t na, const double *b, size_t nb)
{
	double squares = pow(tayra__quantile_stdev(a, na), 2) * ((double)na - 1) +
			 pow(tayra__quantile_stdev(b, nb), 2) * ((double)nb - 1);
	double deviation = sqrt(squares / ((double)na + (double)nb - 2));

	if (!(deviation > 0))
		return nan("");
	return (tayra__quantile_mean(b, nb) - tayra__quantile_mean(a, na)) / deviation;
}

void
tayra__effect_hedges(const double *a, size_t na, const double *b, size_t nb, double alpha,
		     struct tayra__effect *out)
{
	double n = (double)na + (double)nb, df = n - 2, d = tayra__effect_cohen(a, na, b, nb);
	double correction = exp(lgamma(df / 2) - lgamma((df - 1) / 2)) / sqrt(df / 2);
	double g, reach;

	/* Two degrees of freedom are the least with a mean. */
	g = df > 1 ? correction * d : nan("");
	reach = tayra__normal_quantile(1 - alpha / 2) *
		sqrt(n / ((double)na * (double)nb) + g * g / (2 * n));
	*out = (struct tayra__effect){ g, g - reach, g + reach };
}

/* What Cliff's variance is made of. */
struct dominance {
	double sum,
		squares; /* over one side's values, of the share of the other side they are over */
	double decided;  /* pairs that are no tie, over both sides */
};

/* For each of xs: how many of ys are below minus how many above.  Both ascend. */
static struct dominance
dominate(const double *xs, size_t nx, const double *ys, size_t ny)
{
	struct dominance out = { 0, 0, 0 };
	size_t below = 0, not_above = 0;

	for (size_t i = 0; i < nx; i++) {
		double share;

		while (below < ny && ys[below] < xs[i])
			below++;
		while (not_above < ny && ys[not_above] <= xs[i])
			not_above++;
		share = ((double)below - (double)(ny - not_above)) / (double)ny;
		out.sum += share;
		out.squares += share * share;
		out.decided += (double)(ny - (not_above - below));
	}
	return out;
}

void
tayra__effect_cliff(double *a, size_t na, double *b, size_t nb, double alpha,
		    struct tayra__effect *out)
{
	double m = (double)na, n = (double)nb, z = tayra__normal_quantile(1 - alpha / 2);
	struct dominance of_b, of_a;
	double d, by_b, by_a, each, variance, spread;

	*out = (struct tayra__effect){ nan(""), nan(""), nan("") };
	if (!na || !nb)
		return;
	tayra__quantile_sort(a, na);
	tayra__quantile_sort(b, nb);
	of_b = dominate(b, nb, a, na);
	of_a = dominate(a, na, b, nb);
	d = out->value = of_b.sum / n;
	if (na < 2 || nb < 2 || fabs(d) == 1)
		return;
	/* Sums of squares about d. */
	by_b = of_b.squares - n * d * d;
	by_a = of_a.squares - m * d * d;
	each = of_b.decided - m * n * d * d;
	variance = (m * m * by_b + n * n * by_a - each) / (m * n * (m - 1) * (n - 1));
	variance = fmax(variance, (1 - d * d) / (m * n - 1));
	spread = z * sqrt(variance) * sqrt(pow(1 - d * d, 2) + z * z * variance);
	out->lo = fmax(-1, (d - d * d * d - spread) / (1 - d * d + z * z * variance));
	out->hi = fmin(1, (d - d * d * d + spread) / (1 - d * d + z * z * variance));
}

double
tayra__effect_cliff_hist(const struct tayra__hist *a, const struct tayra__hist *b)
{
	double below = 0, sum = 0, all = (double)a->count;

	if (!a->count || !b->count)
		return nan("");
	for (size_t i = 0; i < TAYRA__HIST_BINS; i++) {
		double above = all - below - (double)a->bins[i];

		sum += (double)b->bins[i] * (below - above);
		below += (double)a->bins[i];
	}
	return sum / all / (double)b->count;
}

double
tayra__effect_cohen_hist(const struct tayra__hist *a, const struct tayra__hist *b)
{
	double na = (double)a->count, nb = (double)b->count;
	double squares = pow(tayra__hist_stdev(a), 2) * (na - 1) +
			 pow(tayra__hist_stdev(b), 2) * (nb - 1);
	double deviation = sqrt(squares / (na + nb - 2));

	if (!(deviation > 0) || !a->count || !b->count)
		return nan("");
	return (tayra__hist_mean(b) - tayra__hist_mean(a)) / deviation;
}
