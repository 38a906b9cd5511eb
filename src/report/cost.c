/* SPDX-License-Identifier: Apache-2.0 */
#include "report/cost.h"

#include <math.h>
#include <stdio.h>

#include "report/figure.h"
#include "report/ranges.h"

static void
put_row(struct tayra__sheet *sheet, const char *what, const struct tayra__saving_figure *f,
	const char *unit)
{
	char value[24], lo[24], hi[24], text[60], bounds[60];
	const char *cells[] = { what, text, bounds };

	snprintf(text, sizeof(text), "%s %s", tayra__figure_digits(f->value, value), unit);
	snprintf(bounds, sizeof(bounds), isnan(f->lo) ? "-" : "%s .. %s",
		 tayra__figure_digits(f->lo, lo), tayra__figure_digits(f->hi, hi));
	tayra__sheet_row(sheet, cells);
}

static void
put_money(const struct tayra__cost *c, struct tayra__sheet *sheet)
{
	const struct tayra__saving *s = &c->saving;
	const char *unit = c->prices->currency;

	put_row(sheet, "cost of the base, a month", &s->cost_a, unit);
	put_row(sheet, "cost of the other, a month", &s->cost_b, unit);
	put_row(sheet, "saving, a month", &s->saving, unit);
	put_row(sheet, "gain over the months", &s->gain, unit);
}

static void
put_tornado(const struct tayra__cost *c, struct tayra__sheet *sheet)
{
	static const char *const heads[] = { "what moves the gain", "from", "to" };
	const struct tayra__saving *s = &c->saving;
	struct tayra__ranges ranges = {
		.what = "how far each input alone moves the gain, the widest first",
		.name = "input",
		.unit = c->prices->currency,
		.words =
			"How far each input alone moves the gain, the others at their middle: what "
			"was measured over its 95% interval, a price that is a range over all of "
			"it.",
		.centre = 0,
		.band_lo = nan(""),
		.band_hi = nan(""),
	};

	for (size_t i = 0; i < s->inputs; i++) {
		struct tayra__range *row = &ranges.row[ranges.count++];

		*row = (struct tayra__range){ .value = s->gain.value,
					      .lo = s->tornado[i].lo,
					      .hi = s->tornado[i].hi,
					      .look = 2 };
		snprintf(row->name, sizeof(row->name), "%s", s->tornado[i].input);
	}
	tayra__ranges_put(&ranges, sheet);
	if (sheet->form != TAYRA__FORM_TERMINAL)
		return;
	tayra__sheet_table(sheet, heads, 3);
	for (size_t i = 0; i < s->inputs; i++) {
		char lo[24], hi[24];
		const char *cells[] = { s->tornado[i].input,
					tayra__figure_digits(s->tornado[i].lo, lo),
					tayra__figure_digits(s->tornado[i].hi, hi) };

		tayra__sheet_row(sheet, cells);
	}
	tayra__sheet_table_end(sheet);
}

void
tayra__cost_put(const struct tayra__cost *c, struct tayra__sheet *sheet)
{
	static const char *const heads[] = { "figure", "", "95% interval" };
	const struct tayra__saving *s = &c->saving;
	char line[400];

	tayra__sheet_table(sheet, heads, 3);
	snprintf(line, sizeof(line), "efficiency of %.40s", c->a);
	put_row(sheet, line, &s->efficiency_a, "/CPU s");
	snprintf(line, sizeof(line), "efficiency of %.40s", c->b);
	put_row(sheet, line, &s->efficiency_b, "/CPU s");
	put_row(sheet, "headroom", &s->headroom, "times");
	if (!s->why_not[0])
		put_money(c, sheet);
	tayra__sheet_table_end(sheet);
	if (s->why_not[0]) {
		snprintf(line, sizeof(line), "no money: %s", s->why_not);
		tayra__sheet_text(sheet, line);
		return;
	}
	snprintf(line, sizeof(line), "prices: %s. It pays in %.0f%% of the draws.",
		 c->prices->label[0] ? c->prices->label : "not labelled", 100 * s->positive);
	tayra__sheet_text(sheet, line);
	put_tornado(c, sheet);
}

static void
json_figure(struct tayra__json *json, const char *key, const struct tayra__saving_figure *f)
{
	tayra__json_object(json, key);
	tayra__json_double(json, "value", f->value, 9);
	tayra__json_double(json, "lo", f->lo, 9);
	tayra__json_double(json, "hi", f->hi, 9);
	tayra__json_end(json);
}

void
tayra__cost_json(const struct tayra__cost *c, struct tayra__json *json)
{
	const struct tayra__saving *s = &c->saving;

	json_figure(json, "efficiency_a", &s->efficiency_a);
	json_figure(json, "efficiency_b", &s->efficiency_b);
	json_figure(json, "headroom", &s->headroom);
	json_figure(json, "cost_a", &s->cost_a);
	json_figure(json, "cost_b", &s->cost_b);
	json_figure(json, "saving", &s->saving);
	json_figure(json, "gain", &s->gain);
	tayra__json_double(json, "positive", s->positive, 6);
	tayra__json_string(json, "currency", s->why_not[0] ? NULL : c->prices->currency);
	tayra__json_string(json, "why_not", s->why_not[0] ? s->why_not : NULL);
	tayra__json_array(json, "tornado");
	for (size_t i = 0; i < s->inputs; i++) {
		tayra__json_object(json, NULL);
		tayra__json_string(json, "input", s->tornado[i].input);
		tayra__json_double(json, "lo", s->tornado[i].lo, 9);
		tayra__json_double(json, "hi", s->tornado[i].hi, 9);
		tayra__json_end(json);
	}
	tayra__json_end(json);
}
