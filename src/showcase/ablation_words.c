/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/ablation_words.h"

#include "report/forest.h"
#include "report/html.h"
#include "showcase/words.h"

static const char explained[] =
	"Each row is tayra against tayra without that one mechanism, in a situation in which it "
	"matters, in pairs of slices of random order. BETTER means that tayra is better with it.";

/* A row's figures as text. */
struct cells {
	char without[32], with[32], ratio[16], interval[40];
	const char *verdict;
};

static void
fill(const struct tayra__ablation *ablation, const struct tayra__ablation_row *row, struct cells *c)
{
	tayra__words_value(ablation->metric, row->ab.a_value, c->without);
	tayra__words_value(ablation->metric, row->ab.b_value, c->with);
	tayra__figure_number(row->ab.ratio, c->ratio);
	tayra__figure_bounds(&row->ab, c->interval);
	c->verdict = tayra_verdict_name(row->ab.verdict);
}

void
tayra__ablation_words_print(const struct tayra__results *r, FILE *out)
{
	struct cells c;

	if (!r->ablations)
		return;
	fputs("\nEach mechanism by itself: tayra against tayra without it\n", out);
	fprintf(out, "  %-17s %-25s %9s %9s %7s  %-18s %s\n", "mechanism", "metric", "without",
		"with", "ratio", "95% interval", "verdict");
	for (uint32_t i = 0; i < r->ablations; i++) {
		const struct tayra__ablation *a = &tayra__ablations[i];
		const struct tayra__ablation_row *row = &r->ablation[i];

		fprintf(out, "  %-17s ", a->mechanism);
		if (row->why[0]) {
			fprintf(out, "not measured: %s\n", row->why);
			continue;
		}
		fill(a, row, &c);
		fprintf(out, "%-25s %9s %9s %7s  %-18s %s\n",
			tayra__stage_metric_info(a->metric)->name, c.without, c.with, c.ratio,
			c.interval, c.verdict);
	}
}

void
tayra__ablation_words_md(const struct tayra__results *r, FILE *out)
{
	struct cells c;

	if (!r->ablations)
		return;
	fprintf(out, "\n## Each mechanism by itself\n\n%s\n", explained);
	fputs("\n| mechanism | where | metric | without | with | ratio | 95% interval | verdict |\n"
	      "|---|---|---|---:|---:|---:|---|---|\n",
	      out);
	for (uint32_t i = 0; i < r->ablations; i++) {
		const struct tayra__ablation *a = &tayra__ablations[i];
		const struct tayra__ablation_row *row = &r->ablation[i];

		fprintf(out, "| %s: %s | %s | %s | ", a->mechanism, a->what, a->where,
			tayra__words_metric(a->metric));
		if (row->why[0]) {
			fprintf(out, "| | | | not measured: %s |\n", row->why);
			continue;
		}
		fill(a, row, &c);
		fprintf(out, "%s | %s | %s | %s | %s |\n", c.without, c.with, c.ratio, c.interval,
			c.verdict);
	}
}

static void
html_row(const struct tayra__ablation *a, const struct tayra__ablation_row *row, FILE *out)
{
	struct cells c;
	char ratio[64];

	fputs("<tr><td class=\"wrap\"><b>", out);
	tayra__html_text(out, a->mechanism);
	fputs("</b>: ", out);
	tayra__html_text(out, a->what);
	fputs(" <span class=\"soft\">(", out);
	tayra__html_text(out, a->where);
	fputs(")</span></td>", out);
	if (row->why[0]) {
		fputs("<td class=\"soft wrap\" colspan=\"6\">not measured: ", out);
		tayra__html_text(out, row->why);
		fputs("</td></tr>\n", out);
		return;
	}
	fill(a, row, &c);
	fprintf(out,
		"<td class=\"wrap\">%s</td><td class=\"n\">%s</td><td class=\"n\">%s</td>"
		"<td class=\"n\">%s</td><td>",
		tayra__words_metric(a->metric), c.without, c.with,
		tayra__figure_ratio(&row->ab, ratio));
	tayra__forest_interval(&row->ab, tayra__stage_metric_info(a->metric)->better, out);
	fprintf(out, "</td><td class=\"v %s\">%s</td></tr>\n", c.verdict, c.verdict);
}

void
tayra__ablation_words_html(const struct tayra__results *r, FILE *out)
{
	if (!r->ablations)
		return;
	fprintf(out, "<h2>Each mechanism by itself</h2>\n<p>%s</p>\n", explained);
	fputs("<div class=\"scroll\"><table><tr><th>mechanism</th><th>metric</th><th class=\"n\">"
	      "without</th><th class=\"n\">with</th><th class=\"n\">ratio (95% interval)</th><th>",
	      out);
	tayra__forest_scale(out);
	fputs("</th><th>verdict</th></tr>\n", out);
	for (uint32_t i = 0; i < r->ablations; i++)
		html_row(&tayra__ablations[i], &r->ablation[i], out);
	fputs("</table></div>\n", out);
}
