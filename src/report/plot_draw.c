/* SPDX-License-Identifier: Apache-2.0 */
#include "report/plot_draw.h"

#include <math.h>
#include <string.h>

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
#define COLOURS 5
#define MARKS   3
#define DASHES  4

static bool
has_band(const struct tayra__plot *p, const struct tayra__plot_value *v)
{
	return tayra__plot_drawable(&p->y, v->lo) && tayra__plot_drawable(&p->y, v->hi);
}

static void
widen(const struct tayra__plot_axis *axis, double value, double *least, double *most)
{
	if (!tayra__plot_drawable(axis, value))
		return;
	*least = fmin(*least, value);
	*most = fmax(*most, value);
}

static struct tayra__scale
scale_x(const struct tayra__plot *p)
{
	double least = HUGE_VAL, most = -HUGE_VAL;

	for (size_t i = 0; i < p->points; i++)
		for (size_t line = 0; line < p->lines; line++)
			if (tayra__plot_drawable(&p->y, tayra__plot_at(p, line, i)->y))
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

		if (p->x.whole && fabs(ticks[i] - round(ticks[i])) > 1e-9)
			continue;
		put_tick_x(tayra__scale_place(x, ticks[i]), tayra__figure_tick(ticks[i], number),
			   &last, out);
	}
	tayra__html_svg_text(out, (LEFT + RIGHT) / 2, HEIGHT - 5, "middle", p->x.name);
}

/* Where names stand already. */
struct names {
	struct {
		double left, right, base;
	} box[TAYRA__PLOT_ZONES + TAYRA__PLOT_RULES];
	size_t count;
	bool left_out[TAYRA__PLOT_RULES]; /* no room for it: the legend has it */
};

/* Put a name where it touches no other and does not stick out, or not at all. */
static bool
put_name(struct names *names, double x, double y, const char *anchor, const char *name, FILE *out)
{
	double width = (double)strlen(name) * LETTER * 1.2; /* on a narrow screen */
	double left = anchor[0] == 's' ? x : anchor[0] == 'e' ? x - width : x - width / 2;

	if (left < LEFT || left + width > WIDTH || y - 12 < 0)
		return false;
	for (size_t i = 0; i < names->count; i++)
		if (left < names->box[i].right && left + width > names->box[i].left &&
		    fabs(y - names->box[i].base) < 14)
			return false;
	if (names->count == sizeof(names->box) / sizeof(names->box[0]))
		return false;
	names->box[names->count].left = left;
	names->box[names->count].right = left + width;
	names->box[names->count++].base = y;
	tayra__html_svg_text(out, x, y, anchor, name);
	return true;
}

/* Every other one is darker; those of one name that follow each other are named once, in the
 * middle, if they are wide enough. */
static void
put_zones(const struct tayra__plot *p, const struct tayra__scale *x, struct names *names, FILE *out)
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
			put_name(names, (from + until) / 2, TOP + 6, "middle", p->zone[i].name,
				 out);
	}
}

/* Beside it, from the bottom up. */
static bool
name_upright(struct names *names, double at, const char *name, FILE *out)
{
	for (double y = BOTTOM - 6; y > TOP + 20; y -= 14)
		if (put_name(names, at - 4, y, "end", name, out) ||
		    put_name(names, at + 4, y, "start", name, out))
			return true;
	return false;
}

/* Above it or below, from the right. */
static bool
name_level(struct names *names, double at, const char *name, FILE *out)
{
	for (double x = RIGHT; x > LEFT + 60; x -= 60)
		if (put_name(names, x, at - 4, "end", name, out) ||
		    (at + 14 < BOTTOM && put_name(names, x, at + 13, "end", name, out)))
			return true;
	return false;
}

static void
put_rules(const struct tayra__plot *p, const struct tayra__scale *x, const struct tayra__scale *y,
	  struct names *names, FILE *out)
{
	for (size_t i = 0; i < p->rules; i++) {
		bool upright = p->rule[i].upright;
		double at = tayra__scale_place(upright ? x : y, p->rule[i].at);

		fprintf(out,
			"<line class=\"limit\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>",
			upright ? at : LEFT, upright ? TOP - 6 : at, upright ? at : RIGHT,
			upright ? BOTTOM : at);
		names->left_out[i] = !(upright ? name_upright : name_level)(names, at,
									    p->rule[i].name, out);
	}
}

/* Where there is one, from its upper edge there and its lower edge back. */
static void
put_band(const struct tayra__plot *p, size_t line, const struct tayra__scale *x,
	 const struct tayra__scale *y, FILE *out)
{
	for (size_t from = 0, to; from < p->points; from = to + 1) {
		for (to = from; to < p->points && has_band(p, tayra__plot_at(p, line, to)); to++)
			continue;
		if (to < from + 2)
			continue;
		fprintf(out, "<polygon class=\"band s%u\" points=\"", p->line[line].look % COLOURS);
		for (size_t i = from; i < to; i++)
			fprintf(out, "%.1f,%.1f ", tayra__scale_place(x, p->at[i]),
				tayra__scale_place(y, tayra__plot_at(p, line, i)->hi));
		for (size_t i = to; i-- > from;)
			fprintf(out, "%.1f,%.1f ", tayra__scale_place(x, p->at[i]),
				tayra__scale_place(y, tayra__plot_at(p, line, i)->lo));
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
		const struct tayra__plot_value *v = tayra__plot_at(p, line, i);

		if (tayra__plot_drawable(&p->y, v->y) && tayra__plot_drawable(&p->x, p->at[i]))
			fprintf(out, "%c%.1f %.1f", open ? 'L' : 'M',
				tayra__scale_place(x, p->at[i]), tayra__scale_place(y, v->y));
		open = tayra__plot_drawable(&p->y, v->y) && tayra__plot_drawable(&p->x, p->at[i]);
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
		if (tayra__plot_drawable(&p->y, tayra__plot_at(p, line, i)->y) &&
		    tayra__plot_drawable(&p->x, p->at[i]))
			tayra__plot_mark(out, p->line[line].look, tayra__scale_place(x, p->at[i]),
					 tayra__scale_place(y, tayra__plot_at(p, line, i)->y));
}

/* Some of it is there to be seen. */
static bool
is_drawn(const struct tayra__plot *p, size_t line)
{
	for (size_t i = 0; i < p->points; i++)
		if (tayra__plot_drawable(&p->y, tayra__plot_at(p, line, i)->y))
			return true;
	return false;
}

static void
put_legend(const struct tayra__plot *p, const struct names *names, FILE *out)
{
	fputs("<p class=\"legend\">", out);
	for (size_t i = 0; i < p->lines; i++) {
		const struct tayra__plot_line *l = &p->line[i];

		if (!is_drawn(p, i))
			continue;
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
	for (size_t i = 0; i < p->rules; i++) {
		if (!names->left_out[i])
			continue;
		fputs("<span><svg width=\"34\" height=\"12\" viewBox=\"0 0 34 12\" "
		      "aria-hidden=\"true\"><line class=\"limit\" x1=\"1\" y1=\"6\" x2=\"33\" "
		      "y2=\"6\"/></svg>",
		      out);
		tayra__html_text(out, p->rule[i].name);
		fputs("</span> ", out);
	}
	fputs("</p>\n", out);
}

void
tayra__plot_draw(const struct tayra__plot *p, FILE *out)
{
	const struct tayra__scale x = scale_x(p), y = scale_y(p);
	struct names names = { .count = 0 };

	fprintf(out, "<svg class=\"plot\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"",
		WIDTH, HEIGHT);
	tayra__html_text(out, p->what);
	fputs("\">", out);
	put_zones(p, &x, &names, out);
	put_ticks_y(p, &y, out);
	put_ticks_x(p, &x, out);
	for (size_t i = 0; i < p->lines; i++)
		put_line(p, i, &x, &y, out);
	put_rules(p, &x, &y, &names, out); /* their names stay readable over lines */
	fputs("</svg>\n", out);
	put_legend(p, &names, out);
}
