/* SPDX-License-Identifier: Apache-2.0 */
#include "report/plot.h"

#include <tayra/base.h>

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "report/figure.h"
#include "report/plot_draw.h"

#define ROWS 200 /* of a table */

int
tayra__plot_init(struct tayra__plot *plot, size_t lines, size_t points)
{
	*plot = (struct tayra__plot){ .lines = lines, .points = points };
	if (lines > TAYRA__PLOT_LINES)
		return TAYRA_E_TOO_LARGE;
	plot->at = tayra__mem_array(points + 1, sizeof(*plot->at));
	plot->label = tayra__mem_array(points + 1, sizeof(*plot->label));
	plot->value = tayra__mem_array(lines * points + 1, sizeof(*plot->value));
	if (!plot->at || !plot->label || !plot->value) {
		tayra__plot_fini(plot);
		return TAYRA_E_NOMEM;
	}
	for (size_t i = 0; i < lines * points; i++)
		plot->value[i] = (struct tayra__plot_value){ nan(""), nan(""), nan("") };
	return TAYRA_OK;
}

void
tayra__plot_fini(struct tayra__plot *plot)
{
	tayra__mem_free(plot->at);
	tayra__mem_free(plot->label);
	tayra__mem_free(plot->value);
	*plot = (struct tayra__plot){ .what = NULL };
}

struct tayra__plot_value *
tayra__plot_value(struct tayra__plot *plot, size_t line, size_t point)
{
	return &plot->value[line * plot->points + point];
}

void
tayra__plot_rule(struct tayra__plot *plot, double at, bool upright, const char *name, ...)
{
	va_list args;

	if (plot->rules == TAYRA__PLOT_RULES)
		return;
	plot->rule[plot->rules].at = at;
	plot->rule[plot->rules].upright = upright;
	va_start(args, name);
	vsnprintf(plot->rule[plot->rules++].name, sizeof(plot->rule[0].name), name, args);
	va_end(args);
}

bool
tayra__plot_empty(const struct tayra__plot *p)
{
	for (size_t i = 0; i < p->lines * p->points; i++)
		if (tayra__plot_drawable(&p->y, p->value[i].y))
			return false;
	return true;
}

static void
put_row(const struct tayra__plot *p, size_t point, struct tayra__sheet *sheet)
{
	char text[TAYRA__PLOT_LINES + 1][64], number[16], bounds[40];
	const char *cells[TAYRA__PLOT_LINES + 1];

	snprintf(text[0], sizeof(text[0]), "%s",
		 p->label[point][0] ? p->label[point] : tayra__figure_tick(p->at[point], number));
	for (size_t i = 0; i < p->lines; i++) {
		const struct tayra__plot_value *v = tayra__plot_at(p, i, point);

		tayra__figure_number(v->y, number);
		if (isnan(v->lo) || isnan(v->hi))
			snprintf(text[i + 1], sizeof(text[0]), "%s", number);
		else
			snprintf(text[i + 1], sizeof(text[0]), "%s (%s)", number,
				 tayra__figure_interval(v->lo, v->hi, bounds));
	}
	for (size_t i = 0; i <= p->lines; i++)
		cells[i] = text[i];
	tayra__sheet_row(sheet, cells);
}

static void
put_table(const struct tayra__plot *p, struct tayra__sheet *sheet)
{
	const char *heads[TAYRA__PLOT_LINES + 1] = { p->x.name };
	size_t step = p->points / ROWS + 1;
	char summary[80];

	for (size_t i = 0; i < p->lines; i++)
		heads[i + 1] = p->line[i].name;
	snprintf(summary, sizeof(summary), "as a table (%s)", p->y.name);
	if (step > 1)
		snprintf(summary, sizeof(summary), "as a table (%s), one of %zu", p->y.name, step);
	tayra__sheet_details(sheet, summary);
	tayra__sheet_table(sheet, heads, (uint32_t)p->lines + 1);
	for (size_t i = 0; i < p->points; i += step)
		put_row(p, i, sheet);
	tayra__sheet_table_end(sheet);
	tayra__sheet_details_end(sheet);
}

void
tayra__plot_put(const struct tayra__plot *plot, struct tayra__sheet *sheet)
{
	if (sheet->form == TAYRA__FORM_TERMINAL || tayra__plot_empty(plot))
		return;
	if (sheet->form == TAYRA__FORM_HTML)
		tayra__plot_draw(plot, sheet->out);
	put_table(plot, sheet);
}
