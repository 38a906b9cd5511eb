/* SPDX-License-Identifier: Apache-2.0 */
#include "stat/rank_test.h"

#include <tayra/base.h>

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "stat/normal.h"

#define EXACT_BELOW 50 /* values on a side */

struct ranked {
	double value; /* what is ranked */
	bool counts;  /* belongs to the side whose ranks are summed */
};

static int
by_value(const void *left, const void *right)
{
	double a = ((const struct ranked *)left)->value, b = ((const struct ranked *)right)->value;

	return (a > b) - (a < b);
}

/* Sorts, and sums the ranks of those that count, ties sharing theirs.  *ties: the sum of t^3 - t.
 */
static double
sum_ranks(struct ranked *all, size_t n, double *ties)
{
	double sum = 0;

	*ties = 0;
	qsort(all, n, sizeof(*all), by_value);
	for (size_t i = 0, end; i < n; i = end) {
		size_t counting = 0;
		double t;

		for (end = i; end < n && all[end].value == all[i].value; end++)
			counting += all[end].counts ? 1 : 0;
		t = (double)(end - i);
		sum += (double)counting * ((double)i + (t + 1) / 2);
		*ties += t * t * t - t;
	}
	return sum;
}

/* Two-sided p of a statistic by its distribution: ways[k] of `total` have it at k. */
static double
exact_p(const double *ways, size_t values, double statistic, double centre)
{
	double total = 0, tail = 0;
	size_t at = (size_t)statistic;

	for (size_t k = 0; k < values; k++) {
		total += ways[k];
		if (statistic > centre ? k >= at : k <= at)
			tail += ways[k];
	}
	return fmin(1, 2 * tail / total);
}

static double
normal_p(double away, double sigma)
{
	double corrected = away - (away > 0 ? 0.5 : away < 0 ? -0.5 : 0);

	return sigma > 0 ? tayra__normal_two_sided(corrected / sigma) : nan("");
}

/* In how many ways of choosing m of m + n ranks is the statistic k: w(m, n, k) = w(m - 1, n, k - n)
 * + w(m, n - 1, k).  rows[j] is of the current m and n = j, `values` long. */
static void
count_mann_whitney(double *rows, size_t m, size_t n, size_t values)
{
	for (size_t j = 0; j <= n; j++)
		rows[j * values] = 1;
	for (size_t i = 1; i <= m; i++) {
		for (size_t j = 0; j <= n; j++) {
			double *row = rows + j * values;

			/* From the row of m - 1 to that of m, high k first, as it needs the old
			 * lower ones; then what one element less on the other side adds. */
			for (size_t k = i * j + 1; k-- > 0;) {
				row[k] = k >= j && k - j <= (i - 1) * j ? row[k - j] : 0;
				if (j > 0 && k <= i * (j - 1))
					row[k] += (row - values)[k];
			}
		}
	}
}

static int
exact_mann_whitney(size_t na, size_t nb, struct tayra__rank_test *out)
{
	size_t values = na * nb + 1;
	double *rows = tayra__mem_array((na + 1) * values, sizeof(*rows));

	if (!rows)
		return TAYRA_E_NOMEM;
	count_mann_whitney(rows, nb, na, values);
	out->p = exact_p(rows + na * values, values, out->statistic, (double)(na * nb) / 2);
	tayra__mem_free(rows);
	return TAYRA_OK;
}

int
tayra__rank_test_mann_whitney(const double *a, size_t na, const double *b, size_t nb,
			      struct tayra__rank_test *out)
{
	double n = (double)na + (double)nb, m = (double)na * (double)nb, ties, sigma;
	struct ranked *all;

	*out = (struct tayra__rank_test){ .statistic = nan(""), .p = nan("") };
	if (!na || !nb)
		return TAYRA_OK;
	all = tayra__mem_array(na + nb, sizeof(*all));
	if (!all)
		return TAYRA_E_NOMEM;
	for (size_t i = 0; i < na; i++)
		all[i] = (struct ranked){ a[i], false };
	for (size_t i = 0; i < nb; i++)
		all[na + i] = (struct ranked){ b[i], true };
	out->statistic = sum_ranks(all, na + nb, &ties) - (double)nb * ((double)nb + 1) / 2;
	tayra__mem_free(all);
	out->exact = na < EXACT_BELOW && nb < EXACT_BELOW && ties == 0;
	if (out->exact)
		return exact_mann_whitney(na, nb, out);
	sigma = sqrt(m / 12 * (n + 1 - ties / (n * (n - 1))));
	out->p = normal_p(out->statistic - m / 2, sigma);
	return TAYRA_OK;
}

static void
exact_wilcoxon(size_t n, struct tayra__rank_test *out)
{
	double ways[EXACT_BELOW * (EXACT_BELOW - 1) / 2 + 1] = { 1 };
	size_t most = 0;

	/* Each rank is in the sum or not. */
	for (size_t rank = 1; rank <= n; rank++) {
		most += rank;
		for (size_t k = most; k >= rank; k--)
			ways[k] += ways[k - rank];
	}
	out->p = exact_p(ways, most + 1, out->statistic, (double)most / 2);
}

int
tayra__rank_test_wilcoxon(const double *d, size_t n, struct tayra__rank_test *out)
{
	double m, ties, sigma;
	struct ranked *all;
	size_t used = 0;

	*out = (struct tayra__rank_test){ .statistic = 0, .p = nan("") };
	all = tayra__mem_array(n + 1, sizeof(*all));
	if (!all)
		return TAYRA_E_NOMEM;
	for (size_t i = 0; i < n; i++)
		if (d[i] != 0)
			all[used++] = (struct ranked){ fabs(d[i]), d[i] > 0 };
	out->statistic = sum_ranks(all, used, &ties);
	tayra__mem_free(all);
	if (!used)
		return TAYRA_OK;
	out->exact = used < EXACT_BELOW && used == n && ties == 0;
	if (out->exact) {
		exact_wilcoxon(used, out);
		return TAYRA_OK;
	}
	m = (double)used;
	sigma = sqrt(m * (m + 1) * (2 * m + 1) / 24 - ties / 48);
	out->p = normal_p(out->statistic - m * (m + 1) / 4, sigma);
	return TAYRA_OK;
}
