/* SPDX-License-Identifier: Apache-2.0 */
#include "report/series_plot.h"

#include <tayra/base.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "stat/quantile.h"

/* "11-26 12:15 a1b2c3d": what tells runs apart. */
static void
label(const struct tayra__history_row *row, char text[24])
{
	const bool timed = strlen(row->time) > 16;

	snprintf(text, 24, "%.5s %.5s%s%.9s", timed ? row->time + 5 : "",
		 timed ? row->time + 11 : "", row->commit[0] ? " " : "", row->commit);
}

/* Through the middle of the figures, at the slope of the trend. */
static int
draw_trend(struct tayra__plot *plot, const struct tayra__trend *trend)
{
	double *logs = tayra__mem_array(plot->points + 1, sizeof(*logs)), middle;
	size_t n = 0;

	if (!logs)
		return TAYRA_E_NOMEM;
	for (size_t i = 0; i < plot->points; i++) {
		double value = tayra__plot_value(plot, 1, i)->y;

		if (value > 0)
			logs[n++] = log(value) - (double)i * log1p(trend->slope);
	}
	middle = n ? tayra__quantile_median(logs, n) : nan("");
	for (size_t i = 0; i < plot->points && !isnan(trend->slope); i++)
		tayra__plot_value(plot, 2, i)->y = exp(middle + (double)i * log1p(trend->slope));
	tayra__mem_free(logs);
	return TAYRA_OK;
}

static void
name_line(struct tayra__plot *plot, size_t line, unsigned look, const char *name)
{
	plot->line[line].look = look;
	snprintf(plot->line[line].name, sizeof(plot->line[line].name), "%s", name);
}

static int
fill(struct tayra__series *s, const struct tayra__history_row *rows, size_t points)
{
	int status = tayra__plot_init(&s->figures, 3, points);

	if (status == TAYRA_OK)
		status = tayra__plot_init(&s->ratios, 1, points);
	if (status != TAYRA_OK)
		return status;
	s->figures.what = "the figure of each run, with its trend";
	s->figures.x.name = s->ratios.x.name = "run";
	s->figures.x.whole = s->ratios.x.whole = true;
	snprintf(s->unit, sizeof(s->unit), "%s", rows[0].unit[0] ? rows[0].unit : rows[0].metric);
	s->figures.y.name = s->unit;
	s->figures.y.log = s->ratios.y.log = true;
	name_line(&s->figures, 0, 0, rows[0].a);
	name_line(&s->figures, 1, 1, rows[0].b);
	name_line(&s->figures, 2, 3, "trend");
	s->ratios.what = "the ratio of each run to its base, with its interval";
	s->ratios.y.name = "ratio to the base of the same run";
	name_line(&s->ratios, 0, 1, "ratio");
	for (size_t i = 0; i < points; i++) {
		struct tayra__plot_value *ratio = tayra__plot_value(&s->ratios, 0, i);

		s->figures.at[i] = s->ratios.at[i] = (double)(s->runs - points + i + 1);
		label(&rows[i], s->figures.label[i]);
		label(&rows[i], s->ratios.label[i]);
		tayra__plot_value(&s->figures, 0, i)->y = rows[i].a_value;
		tayra__plot_value(&s->figures, 1, i)->y = rows[i].b_value;
		*ratio = (struct tayra__plot_value){ rows[i].ratio, rows[i].lo, rows[i].hi };
	}
	tayra__plot_rule(&s->ratios, 1, false, "equal");
	return draw_trend(&s->figures, &s->trend);
}

int
tayra__series_init(struct tayra__series *series, const struct tayra__history_row *rows, size_t n)
{
	size_t points = n < TAYRA__PLOT_POINTS ? n : TAYRA__PLOT_POINTS;
	int status;

	*series = (struct tayra__series){ .runs = n };
	status = tayra__past_trend(rows, n, &series->trend);
	if (status == TAYRA_OK)
		status = fill(series, rows + (n - points), points);
	if (status != TAYRA_OK)
		tayra__series_fini(series);
	return status;
}

void
tayra__series_fini(struct tayra__series *series)
{
	tayra__plot_fini(&series->figures);
	tayra__plot_fini(&series->ratios);
}

const char *
tayra__series_sentence(size_t runs, const struct tayra__trend *trend, char text[160])
{
	if (isnan(trend->slope))
		snprintf(text, 160, "%zu run%s: no trend can be told from fewer than four", runs,
			 runs == 1 ? "" : "s");
	else if (isnan(trend->p))
		snprintf(text, 160, "%zu runs: all alike", runs);
	else
		snprintf(text, 160, "%zu runs: %+.2f%% a run (%+.2f .. %+.2f), p %.3g: %s", runs,
			 100 * trend->slope, 100 * trend->lo, 100 * trend->hi, trend->p,
			 trend->p < 0.05 ? trend->slope > 0 ? "it rises" : "it falls" : "no trend");
	return text;
}

void
tayra__series_put(const struct tayra__series *series, struct tayra__sheet *sheet)
{
	char text[160];

	tayra__sheet_text(sheet, tayra__series_sentence(series->runs, &series->trend, text));
	tayra__plot_put(&series->figures, sheet);
	tayra__plot_put(&series->ratios, sheet);
}
