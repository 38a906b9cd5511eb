/* SPDX-License-Identifier: Apache-2.0 */
#include "report/forest.h"

#include <math.h>

#include "report/html.h"

#define INTERVAL_WIDTH 200.0
#define INTERVAL_MOST  20.0

static const double ticks[] = { 1 / INTERVAL_MOST, 0.2, 1, 5, INTERVAL_MOST };
#define TICKS (sizeof(ticks) / sizeof(ticks[0]))

static double
interval_place(double factor)
{
	double clamped = fmin(fmax(factor, 1 / INTERVAL_MOST), INTERVAL_MOST);

	return 6 + (INTERVAL_WIDTH - 12) * log(clamped * INTERVAL_MOST) /
			   log(INTERVAL_MOST * INTERVAL_MOST);
}

void
tayra__forest_interval(const struct tayra_comparison *c, enum tayra_better better, FILE *out)
{
	bool turned = better == TAYRA_BETTER_LOWER;
	double ratio = turned ? 1 / c->ratio : c->ratio;
	double lo = turned ? 1 / c->hi : c->lo, hi = turned ? 1 / c->lo : c->hi;

	fprintf(out, "<svg class=\"interval %s\" viewBox=\"0 0 200 16\" aria-hidden=\"true\">",
		tayra_verdict_name(c->verdict));
	for (size_t i = 0; i < TICKS; i++)
		fprintf(out, "<line class=\"%s\" x1=\"%.1f\" y1=\"-6\" x2=\"%.1f\" y2=\"22\"/>",
			ticks[i] == 1 ? "one" : "tick", interval_place(ticks[i]),
			interval_place(ticks[i]));
	if (!isnan(lo) && !isnan(hi))
		fprintf(out, "<line x1=\"%.1f\" y1=\"8\" x2=\"%.1f\" y2=\"8\"/>",
			interval_place(lo), interval_place(hi));
	if (!isnan(ratio))
		fprintf(out, "<circle cx=\"%.1f\" cy=\"8\" r=\"3.5\"/>", interval_place(ratio));
	fputs("</svg>", out);
}

void
tayra__forest_scale(FILE *out)
{
	static const char *const labels[TICKS] = { "20x", "5x", "1", "5x", "20x" };

	fputs("<svg class=\"interval scale\" viewBox=\"0 0 200 34\">", out);
	tayra__html_svg_text(out, 0, 13, "start", "worse");
	tayra__html_svg_text(out, INTERVAL_WIDTH, 13, "end", "better");
	for (size_t i = 0; i < TICKS; i++)
		tayra__html_svg_text(out,
				     fmin(fmax(interval_place(ticks[i]), 12), INTERVAL_WIDTH - 12),
				     30, "middle", labels[i]);
	fputs("</svg>", out);
}
