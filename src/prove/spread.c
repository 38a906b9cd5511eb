/* SPDX-License-Identifier: Apache-2.0 */
#include "prove/spread.h"

#include <tayra/base.h>

#include <math.h>

#include "base/hist.h"
#include "base/mem.h"
#include "stat/quantile.h"
#include "stat/quantile_interval.h"

#define LEAST_SLICES 5
#define BAND         0.8

static const struct {
	double share;
	const char *name;
} row[TAYRA__SPREAD_SHARES] = { { 0.1, "10%" },        { 0.25, "25%" },    { 0.5, "50%" },
				{ 0.75, "75%" },       { 0.9, "90%" },     { 0.95, "95%" },
				{ 0.99, "99%" },       { 0.999, "99.9%" }, { 0.9999, "99.99%" },
				{ 0.99999, "99.999%" } };

double
tayra__spread_share(size_t i)
{
	return row[i].share;
}

const char *
tayra__spread_name(size_t i)
{
	return row[i].name;
}

void
tayra__spread_of(const struct tayra__hist *hist, struct tayra__spread *out)
{
	for (size_t i = 0; i < TAYRA__SPREAD_SHARES; i++)
		out->ms[i] = tayra__quantile_is_held(row[i].share, (double)hist->count)
				     ? (float)((double)tayra__hist_quantile(hist, row[i].share) /
					       1e6)
				     : (float)nan("");
}

int
tayra__spread_band(const struct tayra__spread *first, size_t n, size_t stride,
		   struct tayra__spread *lo, struct tayra__spread *hi)
{
	double *values = tayra__mem_array(n + 1, sizeof(*values));

	if (!values)
		return TAYRA_E_NOMEM;
	for (size_t q = 0; q < TAYRA__SPREAD_SHARES; q++) {
		size_t held = 0;

		for (size_t i = 0; i < n; i++) {
			const struct tayra__spread *slice = (const void *)((const char *)first +
									   i * stride);

			if (!isnan(slice->ms[q]))
				values[held++] = (double)slice->ms[q];
		}
		lo->ms[q] = hi->ms[q] = (float)nan("");
		if (held < LEAST_SLICES)
			continue;
		tayra__quantile_sort(values, held);
		lo->ms[q] = (float)tayra__quantile_sorted(values, held, (1 - BAND) / 2);
		hi->ms[q] = (float)tayra__quantile_sorted(values, held, (1 + BAND) / 2);
	}
	tayra__mem_free(values);
	return TAYRA_OK;
}
