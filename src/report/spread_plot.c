/* SPDX-License-Identifier: Apache-2.0 */
#include "report/spread_plot.h"

#include <tayra/base.h>

#include <stdio.h>

#include "base/hist.h"

int
tayra__spread_plot_init(struct tayra__plot *plot, size_t lines)
{
	int status = tayra__plot_init(plot, lines, TAYRA__SPREAD_SHARES);

	if (status != TAYRA_OK)
		return status;
	plot->x.name = "share of requests";
	plot->y.name = "ms";
	plot->x.log = plot->y.log = true;
	for (size_t i = 0; i < TAYRA__SPREAD_SHARES; i++) {
		const double share = tayra__spread_share(i);

		plot->at[i] = 1 / (1 - share);
		snprintf(plot->label[i], sizeof(plot->label[i]), "%s", tayra__spread_name(i));
		if (plot->x.ticks == TAYRA__PLOT_TICKS)
			continue;
		plot->x.tick[plot->x.ticks].at = plot->at[i];
		plot->x.tick[plot->x.ticks++].label = tayra__spread_name(i);
	}
	return TAYRA_OK;
}

void
tayra__spread_plot_values(struct tayra__plot *plot, size_t line, const struct tayra__spread *spread)
{
	for (size_t i = 0; i < TAYRA__SPREAD_SHARES; i++)
		tayra__plot_value(plot, line, i)->y = (double)spread->ms[i];
}

void
tayra__spread_plot_line(struct tayra__plot *plot, size_t line, const struct tayra__hist *hist)
{
	struct tayra__spread spread;

	tayra__spread_of(hist, &spread);
	tayra__spread_plot_values(plot, line, &spread);
}

int
tayra__spread_plot_band(struct tayra__plot *plot, size_t line, const struct tayra__spread *first,
			size_t n, size_t stride)
{
	struct tayra__spread lo, hi;
	int status = tayra__spread_band(first, n, stride, &lo, &hi);

	for (size_t i = 0; i < TAYRA__SPREAD_SHARES && status == TAYRA_OK; i++) {
		tayra__plot_value(plot, line, i)->lo = (double)lo.ms[i];
		tayra__plot_value(plot, line, i)->hi = (double)hi.ms[i];
	}
	return status;
}
