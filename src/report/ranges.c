/* SPDX-License-Identifier: Apache-2.0 */
#include "report/ranges.h"

#include <math.h>
#include <string.h>

#include "report/figure.h"
#include "report/html.h"
#include "report/plot_draw.h"
#include "report/scale.h"

#define WIDTH  480.0
#define LEFT   8.0
#define RIGHT  (WIDTH - 8)
#define ROW    34.0
#define LETTER 6.6

static bool
drawable(const struct tayra__ranges *r, double value)
{
	return isfinite(value) && (!r->log || value > 0);
}

static void
widen(const struct tayra__ranges *r, double value, double *least, double *most)
{
	if (!drawable(r, value))
		return;
	*least = fmin(*least, value);
	*most = fmax(*most, value);
}

static struct tayra__scale
scale_of(const struct tayra__ranges *r)
{
	double least = HUGE_VAL, most = -HUGE_VAL, beyond;

	widen(r, r->centre, &least, &most);
	widen(r, r->band_lo, &least, &most);
	widen(r, r->band_hi, &least, &most);
	for (size_t i = 0; i < r->count; i++) {
		widen(r, r->row[i].value, &least, &most);
		widen(r, r->row[i].lo, &least, &most);
		widen(r, r->row[i].hi, &least, &most);
	}
	beyond = r->log ? 0 : 0.04 * (most - least);
	return tayra__scale_of(r->log, least - beyond, most + beyond, LEFT, RIGHT);
}

static void
put_scale(const struct tayra__scale *s, double low, FILE *out)
{
	double ticks[TAYRA__SCALE_TICKS], last = -100;
	size_t n = tayra__scale_ticks(s, ticks);

	for (size_t i = 0; i < n; i++) {
		double at = tayra__scale_place(s, ticks[i]), half;
		char text[24];

		snprintf(text, sizeof(text), "%.4g", ticks[i]);
		half = (double)strlen(text) * LETTER / 2;
		fprintf(out, "<line class=\"grid\" x1=\"%.1f\" y1=\"4\" x2=\"%.1f\" y2=\"%.1f\"/>",
			at, at, low);
		if (at - half < fmax(last + 6, 0) || at + half > WIDTH)
			continue;
		last = at + half;
		tayra__html_svg_text(out, at, low + 15, "middle", text);
	}
}

/* The name stands above its interval: it may be as long as it likes. */
static void
put_range(const struct tayra__ranges *r, const struct tayra__scale *s, size_t i, FILE *out)
{
	const struct tayra__range *row = &r->row[i];
	double y = 26 + ROW * (double)i;

	tayra__html_svg_text(out, LEFT, y - 9, "start", row->name);
	if (drawable(r, row->lo) && drawable(r, row->hi))
		fprintf(out, "<path class=\"range\" d=\"M%.1f %.1fv8m0 -4H%.1fm0 -4v8\"/>",
			tayra__scale_place(s, row->lo), y - 4, tayra__scale_place(s, row->hi));
	if (drawable(r, row->value))
		tayra__plot_mark(out, row->look, tayra__scale_place(s, row->value), y);
}

static void
draw(const struct tayra__ranges *r, FILE *out)
{
	const struct tayra__scale s = scale_of(r);
	double low = 8 + ROW * (double)r->count;

	fprintf(out, "<svg class=\"plot\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"",
		WIDTH, low + 20);
	tayra__html_text(out, r->what);
	fputs("\">", out);
	if (drawable(r, r->band_lo) && drawable(r, r->band_hi))
		fprintf(out,
			"<rect class=\"margin\" x=\"%.1f\" y=\"4\" width=\"%.1f\" "
			"height=\"%.1f\"/>",
			tayra__scale_place(&s, r->band_lo),
			tayra__scale_place(&s, r->band_hi) - tayra__scale_place(&s, r->band_lo),
			low - 4);
	put_scale(&s, low, out);
	if (drawable(r, r->centre))
		fprintf(out, "<line class=\"limit\" x1=\"%.1f\" y1=\"4\" x2=\"%.1f\" y2=\"%.1f\"/>",
			tayra__scale_place(&s, r->centre), tayra__scale_place(&s, r->centre), low);
	for (size_t i = 0; i < r->count; i++)
		put_range(r, &s, i, out);
	fputs("</svg>\n", out);
	if (r->words) {
		fputs("<p class=\"legend\">", out);
		tayra__html_text(out, r->words);
		fputs("</p>\n", out);
	}
}

static void
put_table(const struct tayra__ranges *r, struct tayra__sheet *sheet)
{
	const char *heads[] = { r->name, r->unit, "from", "to" };

	tayra__sheet_details(sheet, "as a table");
	tayra__sheet_table(sheet, heads, 4);
	for (size_t i = 0; i < r->count; i++) {
		char value[24], lo[24], hi[24];
		const char *cells[] = { r->row[i].name, value, lo, hi };

		tayra__figure_digits(r->row[i].value, value);
		tayra__figure_digits(r->row[i].lo, lo);
		tayra__figure_digits(r->row[i].hi, hi);
		tayra__sheet_row(sheet, cells);
	}
	tayra__sheet_table_end(sheet);
	tayra__sheet_details_end(sheet);
}

void
tayra__ranges_put(const struct tayra__ranges *ranges, struct tayra__sheet *sheet)
{
	bool any = false;

	for (size_t i = 0; i < ranges->count; i++)
		any |= drawable(ranges, ranges->row[i].value);
	if (sheet->form == TAYRA__FORM_TERMINAL || !any)
		return;
	if (sheet->form == TAYRA__FORM_HTML)
		draw(ranges, sheet->out);
	put_table(ranges, sheet);
}
