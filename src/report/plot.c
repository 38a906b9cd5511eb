/* SPDX-License-Identifier: Apache-2.0 */
#include "report/plot.h"

#include <tayra/base.h>

#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "base/mem.h"
#include "report/figure.h"
#include "report/html.h"
#include "report/scale.h"

#define WIDTH   480.0
#define HEIGHT  250.0
#define LEFT    52.0
#define RIGHT   (WIDTH - 12)
#define TOP     22.0
#define BOTTOM  (HEIGHT - 40)
#define MARK    2.9
#define LETTER  6.6 /* width of one, about */
#define ROWS    200 /* of a table */
#define COLOURS 5
#define MARKS   3
#define DASHES  4

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

static bool
drawable(const struct tayra__plot_axis *axis, double value)
{
	return isfinite(value) && (!axis->log || value > 0);
}

static const struct tayra__plot_value *
value_at(const struct tayra__plot *p, size_t line, size_t point)
{
	return &p->value[line * p->points + point];
}

static bool
has_band(const struct tayra__plot *p, const struct tayra__plot_value *v)
{
	return drawable(&p->y, v->lo) && drawable(&p->y, v->hi);
}

static void
widen(const struct tayra__plot_axis *axis, double value, double *least, double *most)
{
	if (!drawable(axis, value))
		return;
	*least = fmin(*least, value);
	*most = fmax(*most, value);
}

bool
tayra__plot_empty(const struct tayra__plot *p)
{
	for (size_t i = 0; i < p->lines * p->points; i++)
		if (drawable(&p->y, p->value[i].y))
			return false;
	return true;
}

static struct tayra__scale
scale_x(const struct tayra__plot *p)
{
	double least = HUGE_VAL, most = -HUGE_VAL;

	for (size_t i = 0; i < p->points; i++)
		for (size_t line = 0; line < p->lines; line++)
			if (drawable(&p->y, value_at(p, line, i)->y))
				widen(&p->x, p->at[i], &least, &most);
	for (size_t i = 0; i < p->zones; i++) {
		widen(&p->x, p->zone[i].from, &least, &most);
		widen(&p->x, p->zone[i].to, &least, &most);
	}
	return tayra__scale_of(p->x.log, least, most, LEFT + 6, RIGHT - 6);
}

/* From 0 where it is even: a height is then an amount. */
static struct tayra__scale
scale_y(const struct tayra__plot *p)
{
	double least = p->y.log ? HUGE_VAL : 0, most = -HUGE_VAL;

	for (size_t i = 0; i < p->lines * p->points; i++) {
		widen(&p->y, p->value[i].y, &least, &most);
		widen(&p->y, p->value[i].lo, &least, &most);
		widen(&p->y, p->value[i].hi, &least, &most);
	}
	for (size_t i = 0; i < p->rules; i++)
		if (!p->rule[i].upright)
			widen(&p->y, p->rule[i].at, &least, &most);
	return tayra__scale_of(p->y.log, least, most, BOTTOM, TOP);
}

static void
put_ticks_y(const struct tayra__plot *p, const struct tayra__scale *y, FILE *out)
{
	double ticks[TAYRA__SCALE_TICKS];
	size_t n = tayra__scale_ticks(y, ticks);

	for (size_t i = 0; i < n; i++) {
		double at = tayra__scale_place(y, ticks[i]);
		char number[16];

		fprintf(out,
			"<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>",
			LEFT, at, RIGHT, at);
		tayra__html_svg_text(out, LEFT - 5, at + 4, "end",
				     tayra__figure_tick(ticks[i], number));
	}
	tayra__html_svg_text(out, 2, 12, "start", p->y.name);
}

static void
put_tick_x(double at, const char *label, double *last, FILE *out)
{
	double half = (double)strlen(label) * LETTER / 2;

	fprintf(out, "<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>", at,
		BOTTOM, at, BOTTOM + 4);
	/* One that would touch the one before is left out. */
	if (at - half < *last + 4)
		return;
	*last = at + half;
	if (at + half > WIDTH)
		tayra__html_svg_text(out, WIDTH, BOTTOM + 17, "end", label);
	else
		tayra__html_svg_text(out, at, BOTTOM + 17, "middle", label);
}

static void
put_ticks_x(const struct tayra__plot *p, const struct tayra__scale *x, FILE *out)
{
	double ticks[TAYRA__SCALE_TICKS], last = -100;
	size_t n = p->x.ticks ? 0 : tayra__scale_ticks(x, ticks);

	for (size_t i = 0; i < p->x.ticks; i++)
		if (p->x.tick[i].at >= x->least && p->x.tick[i].at <= x->most)
			put_tick_x(tayra__scale_place(x, p->x.tick[i].at), p->x.tick[i].label,
				   &last, out);
	for (size_t i = 0; i < n; i++) {
		char number[16];

		put_tick_x(tayra__scale_place(x, ticks[i]), tayra__figure_tick(ticks[i], number),
			   &last, out);
	}
	tayra__html_svg_text(out, (LEFT + RIGHT) / 2, HEIGHT - 5, "middle", p->x.name);
}

/* Every other one is darker; those of one name that follow each other are named once. */
static void
put_zones(const struct tayra__plot *p, const struct tayra__scale *x, FILE *out)
{
	for (size_t i = 0, to; i < p->zones; i = to) {
		double from, until;

		for (to = i; to < p->zones && strcmp(p->zone[to].name, p->zone[i].name) == 0;
		     to++) {
			double left = tayra__scale_place(x, p->zone[to].from);

			fprintf(out,
				"<rect class=\"zone z%zu\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
				"height=\"%.1f\"/>",
				to % 2, left, TOP - 6,
				fmax(0, tayra__scale_place(x, p->zone[to].to) - left),
				BOTTOM - TOP + 6);
		}
		from = tayra__scale_place(x, p->zone[i].from);
		until = tayra__scale_place(x, p->zone[to - 1].to);
		if (until - from > (double)strlen(p->zone[i].name) * LETTER)
			tayra__html_svg_text(out, (from + until) / 2, TOP + 6, "middle",
					     p->zone[i].name);
	}
}

static void
put_rules(const struct tayra__plot *p, const struct tayra__scale *x, const struct tayra__scale *y,
	  FILE *out)
{
	for (size_t i = 0; i < p->rules; i++) {
		double at = tayra__scale_place(p->rule[i].upright ? x : y, p->rule[i].at);
		bool late = at > (LEFT + RIGHT) / 2;

		if (p->rule[i].upright) {
			fprintf(out,
				"<line class=\"limit\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" "
				"y2=\"%.1f\"/>",
				at, TOP - 6, at, BOTTOM);
			tayra__html_svg_text(out, late ? at - 4 : at + 4,
					     BOTTOM - 6 - 14 * (double)(i % 3),
					     late ? "end" : "start", p->rule[i].name);
			continue;
		}
		fprintf(out,
			"<line class=\"limit\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>",
			LEFT, at, RIGHT, at);
		tayra__html_svg_text(out, RIGHT, at - 4, "end", p->rule[i].name);
	}
}

/* Where there is one, from its upper edge there and its lower edge back. */
static void
put_band(const struct tayra__plot *p, size_t line, const struct tayra__scale *x,
	 const struct tayra__scale *y, FILE *out)
{
	for (size_t from = 0, to; from < p->points; from = to + 1) {
		for (to = from; to < p->points && has_band(p, value_at(p, line, to)); to++)
			continue;
		if (to < from + 2)
			continue;
		fprintf(out, "<polygon class=\"band s%u\" points=\"", p->line[line].look % COLOURS);
		for (size_t i = from; i < to; i++)
			fprintf(out, "%.1f,%.1f ", tayra__scale_place(x, p->at[i]),
				tayra__scale_place(y, value_at(p, line, i)->hi));
		for (size_t i = to; i-- > from;)
			fprintf(out, "%.1f,%.1f ", tayra__scale_place(x, p->at[i]),
				tayra__scale_place(y, value_at(p, line, i)->lo));
		fputs("\"/>", out);
	}
}

void
tayra__plot_mark(FILE *out, unsigned look, double x, double y)
{
	unsigned colour = look % COLOURS;

	switch (look % MARKS) {
	case 0:
		fprintf(out, "<circle class=\"m s%u\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"/>", colour,
			x, y, MARK);
		break;
	case 1:
		fprintf(out,
			"<rect class=\"m s%u\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
			"height=\"%.1f\"/>",
			colour, x - MARK, y - MARK, 2 * MARK, 2 * MARK);
		break;
	default:
		fprintf(out, "<path class=\"m s%u\" d=\"M%.1f %.1fl%.1f %.1fh%.1fz\"/>", colour, x,
			y - MARK - 1, MARK + 1, 2 * MARK + 1, -2 * (MARK + 1));
	}
}

static void
put_joined(const struct tayra__plot *p, size_t line, const struct tayra__scale *x,
	   const struct tayra__scale *y, FILE *out)
{
	const struct tayra__plot_line *l = &p->line[line];
	bool open = false;

	fprintf(out, "<path class=\"line s%u d%u%s\" d=\"", l->look % COLOURS, l->look % DASHES,
		l->thin ? " thin" : "");
	for (size_t i = 0; i < p->points; i++) {
		const struct tayra__plot_value *v = value_at(p, line, i);

		if (drawable(&p->y, v->y) && drawable(&p->x, p->at[i]))
			fprintf(out, "%c%.1f %.1f", open ? 'L' : 'M',
				tayra__scale_place(x, p->at[i]), tayra__scale_place(y, v->y));
		open = drawable(&p->y, v->y) && drawable(&p->x, p->at[i]);
	}
	fputs("\"/>", out);
}

static void
put_line(const struct tayra__plot *p, size_t line, const struct tayra__scale *x,
	 const struct tayra__scale *y, FILE *out)
{
	put_band(p, line, x, y, out);
	if (!p->line[line].loose)
		put_joined(p, line, x, y, out);
	if (p->points > 60 && !p->line[line].loose)
		return; /* its dashes tell it */
	for (size_t i = 0; i < p->points; i++)
		if (drawable(&p->y, value_at(p, line, i)->y) && drawable(&p->x, p->at[i]))
			tayra__plot_mark(out, p->line[line].look, tayra__scale_place(x, p->at[i]),
					 tayra__scale_place(y, value_at(p, line, i)->y));
}

static void
put_legend(const struct tayra__plot *p, FILE *out)
{
	fputs("<p class=\"legend\">", out);
	for (size_t i = 0; i < p->lines; i++) {
		const struct tayra__plot_line *l = &p->line[i];

		fputs("<span><svg width=\"34\" height=\"12\" viewBox=\"0 0 34 12\" "
		      "aria-hidden=\"true\">",
		      out);
		if (!l->loose)
			fprintf(out, "<path class=\"line s%u d%u%s\" d=\"M1 6H33\"/>",
				l->look % COLOURS, l->look % DASHES, l->thin ? " thin" : "");
		tayra__plot_mark(out, l->look, 17, 6);
		fputs("</svg>", out);
		tayra__html_text(out, l->name);
		fputs("</span> ", out);
	}
	fputs("</p>\n", out);
}

static void
draw(const struct tayra__plot *p, FILE *out)
{
	const struct tayra__scale x = scale_x(p), y = scale_y(p);

	fprintf(out, "<svg class=\"plot\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"",
		WIDTH, HEIGHT);
	tayra__html_text(out, p->what);
	fputs("\">", out);
	put_zones(p, &x, out);
	put_ticks_y(p, &y, out);
	put_ticks_x(p, &x, out);
	for (size_t i = 0; i < p->lines; i++)
		put_line(p, i, &x, &y, out);
	put_rules(p, &x, &y, out); /* their names stay readable over lines */
	fputs("</svg>\n", out);
	put_legend(p, out);
}

static void
put_row(const struct tayra__plot *p, size_t point, struct tayra__sheet *sheet)
{
	char text[TAYRA__PLOT_LINES + 1][64], number[16], bounds[40];
	const char *cells[TAYRA__PLOT_LINES + 1];

	snprintf(text[0], sizeof(text[0]), "%s",
		 p->label[point][0] ? p->label[point] : tayra__figure_tick(p->at[point], number));
	for (size_t i = 0; i < p->lines; i++) {
		const struct tayra__plot_value *v = value_at(p, i, point);

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
		draw(plot, sheet->out);
	put_table(plot, sheet);
}
