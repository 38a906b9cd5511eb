/* SPDX-License-Identifier: Apache-2.0 */
#include "report/trial_page.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/hist.h"
#include "report/figure.h"
#include "report/html.h"

#define WIDTH   640.0
#define LEFT    110.0 /* of a drawing's field */
#define RIGHT   (WIDTH - 14)
#define TOP     12.0
#define HEIGHT  230.0
#define BOTTOM  (HEIGHT - 34)
#define CLASSES 3 /* of colours and dashes; further arms are told by their mark */
#define MARK    3.2

/* A logarithmic scale. */
struct scale {
	double least, most; /* above 0 */
	double from, to;    /* where they are drawn */
};

static double
place(const struct scale *s, double value)
{
	double share = log(value / s->least) / log(s->most / s->least);

	return s->from + (s->to - s->from) * fmin(fmax(share, 0), 1);
}

/* At least a hundredth wide, and a little beyond what it holds. */
static struct scale
scale_of(double least, double most, double from, double to)
{
	double beyond = fmax(0.04 * log(most / least), 0.005);

	return (struct scale){ least * exp(-beyond), most * exp(beyond), from, to };
}

static void
open_drawing(FILE *out, double height, const char *what)
{
	fprintf(out, "<svg class=\"chart\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"",
		WIDTH, height);
	tayra__html_text(out, what);
	fputs("\">", out);
}

/* An arm's mark: a circle, a square, a triangle, then the same again. */
static void
put_mark(FILE *out, size_t arm, double x, double y)
{
	static const char *const colours[CLASSES] = { "var(--a0)", "var(--a2)", "var(--a1)" };
	const char *colour = colours[arm % CLASSES];

	switch (arm % 3) {
	case 0:
		fprintf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" fill=\"%s\"/>", x, y, MARK,
			colour);
		break;
	case 1:
		fprintf(out,
			"<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>",
			x - MARK, y - MARK, 2 * MARK, 2 * MARK, colour);
		break;
	default:
		fprintf(out, "<path d=\"M%.1f %.1fl%.1f %.1fh%.1fz\" fill=\"%s\"/>", x,
			y - MARK - 1, MARK + 1, 2 * MARK + 1, -2 * (MARK + 1), colour);
	}
}

static const char *
name_of(const struct tayra__trial_report *r, size_t arm, char text[64])
{
	if (arm < r->arms)
		snprintf(text, 64, "%s", r->name[arm]);
	else
		snprintf(text, 64, "%s again", r->name[0]);
	return text;
}

static const struct tayra_comparison *
comparison_of(const struct tayra__trial_report *r, size_t arm)
{
	return arm < r->arms ? &r->trial->ab[arm] : &r->trial->aa;
}

/* What all intervals and the margin need. */
static struct scale
forest_scale(const struct tayra__trial_report *r)
{
	double least = 1 - r->margin, most = 1 + r->margin;

	for (size_t i = 1; i <= r->arms; i++) {
		const struct tayra_comparison *c = comparison_of(r, i);
		const double values[] = { c->lo, c->hi, c->ratio };

		for (size_t j = 0; j < 3; j++) {
			if (!(values[j] > 0) || isinf(values[j]))
				continue;
			least = fmin(least, values[j]);
			most = fmax(most, values[j]);
		}
	}
	return scale_of(least, most, LEFT + 20, RIGHT - 20);
}

static void
put_interval(const struct tayra__trial_report *r, const struct scale *s, size_t arm, double y,
	     FILE *out)
{
	const struct tayra_comparison *c = comparison_of(r, arm);
	char name[64];

	tayra__html_svg_text(out, LEFT, y + 4, "end", name_of(r, arm, name));
	if (c->lo > 0 && c->hi > 0)
		fprintf(out,
			"<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" "
			"stroke=\"var(--fg)\" stroke-width=\"2\"/>",
			place(s, c->lo), y, place(s, c->hi), y);
	if (c->ratio > 0)
		put_mark(out, arm < r->arms ? arm : 0, place(s, c->ratio), y);
}

static void
put_forest(const struct tayra__trial_report *r, FILE *out)
{
	const struct scale s = forest_scale(r);
	double height = 40 + 26 * (double)r->arms, low = height - 26;
	const double ticks[] = { s.least, 1 - r->margin, 1, 1 + r->margin, s.most };
	double last = -100;

	open_drawing(out, height, "ratios to the base with their intervals");
	fprintf(out,
		"<rect x=\"%.1f\" y=\"4\" width=\"%.1f\" height=\"%.1f\" fill=\"var(--line)\" "
		"opacity=\".6\"/>",
		place(&s, 1 - r->margin), place(&s, 1 + r->margin) - place(&s, 1 - r->margin),
		low - 4);
	fprintf(out, "<line class=\"limit\" x1=\"%.1f\" y1=\"4\" x2=\"%.1f\" y2=\"%.1f\"/>",
		place(&s, 1), place(&s, 1), low);
	for (size_t i = 1; i <= r->arms; i++)
		put_interval(r, &s, i, 20 + 26 * (double)(i - 1), out);
	for (size_t i = 0; i < 5; i++) {
		char text[16];

		if (place(&s, ticks[i]) - last < 46)
			continue;
		last = place(&s, ticks[i]);
		snprintf(text, sizeof(text), "%.3g", ticks[i]);
		tayra__html_svg_text(out, last, height - 8, "middle", text);
	}
	fputs("</svg>\n<p class=\"legend\">The mark is the ratio to the base, the line its 95% "
	      "interval; the band is the margin.</p>\n",
	      out);
}

static void
put_verdicts(const struct tayra__trial_report *r, FILE *out)
{
	for (size_t i = 1; i < r->arms; i++) {
		const struct tayra_comparison *c = &r->trial->ab[i];

		fprintf(out, "<h1%s>", c->verdict == TAYRA_INVALID ? " class=\"invalid\"" : "");
		if (c->verdict == TAYRA_WORSE || c->verdict == TAYRA_BETTER)
			tayra__html_printf(out, "%s is %s: %.3f times %s (%.3f to %.3f)",
					   r->name[i], tayra__trial_report_verdict(r, c->verdict),
					   c->ratio, r->name[0], c->lo, c->hi);
		else if (c->verdict == TAYRA_SAME)
			tayra__html_printf(out, "%s is the SAME as %s, within %g%%", r->name[i],
					   r->name[0], 100 * r->margin);
		else if (c->verdict == TAYRA_INVALID)
			tayra__html_printf(out, "INVALID: %s", r->trial->spoilt);
		else
			tayra__html_printf(out, "UNDECIDED: %s might be %s or not", r->name[i],
					   r->name[0]);
		fputs("</h1>\n", out);
	}
}

/* Slices that counted for nothing, of all. */
static void
count_spoilt(const struct tayra__session *s, uint32_t *spoilt, uint64_t *lag_ns)
{
	*spoilt = 0;
	*lag_ns = 0;
	for (size_t i = 0; i < s->rounds * s->arms; i++) {
		*spoilt += s->measures[i].invalid ? 1 : 0;
		if (s->measures[i].lag_p99_ns > *lag_ns)
			*lag_ns = s->measures[i].lag_p99_ns;
	}
}

static void
put_belief(const struct tayra__trial_report *r, FILE *out)
{
	struct tayra__sheet sheet = { .out = out, .form = TAYRA__FORM_HTML };
	const struct tayra__trial *trial = r->trial;
	char line[300], bounds[64];
	uint32_t spoilt;
	uint64_t lag_ns;

	count_spoilt(&trial->session, &spoilt, &lag_ns);
	tayra__sheet_title(&sheet, "Is it to be believed?");
	tayra__sheet_list(&sheet);
	snprintf(line, sizeof(line),
		 "%s against itself, measured in the same rounds: %s. It is equal by construction: "
		 "what it is off from 1 is what chance does here.",
		 r->name[0], tayra__figure_ratio(&trial->aa, bounds));
	tayra__sheet_item(&sheet, line);
	snprintf(line, sizeof(line), "%u of %u rounds were run%s.", trial->session.rounds,
		 trial->planned,
		 r->failure           ? ": it failed"
		 : trial->stopped     ? ": it was stopped"
		 : trial->out_of_time ? ": the budget was over"
				      : "");
	tayra__sheet_item(&sheet, line);
	snprintf(line, sizeof(line), "%u of %zu slices were spoilt by the generator.", spoilt,
		 (size_t)trial->session.rounds * trial->session.arms);
	tayra__sheet_item(&sheet, line);
	if (lag_ns) {
		snprintf(line, sizeof(line),
			 "The generator's lag p99 was %.3g ms in the worst slice.",
			 (double)lag_ns / 1e6);
		tayra__sheet_item(&sheet, line);
	}
	if (!isnan(r->machine.foreign)) {
		snprintf(line, sizeof(line),
			 "Others used %.0f%% of the machine meanwhile. That falls on all arms "
			 "alike, "
			 "for their order is random: it widens intervals and does not move them.",
			 100 * r->machine.foreign);
		tayra__sheet_item(&sheet, line);
	}
	if (r->failure)
		tayra__sheet_item(&sheet, r->failure);
	tayra__sheet_list_end(&sheet);
}

static double
figure_at(const struct tayra__session *s, enum tayra__metric metric, uint32_t round, size_t arm)
{
	const struct tayra__measure *m = &s->measures[round * s->arms + arm];

	return m->invalid ? nan("") : m->value[metric];
}

static void
put_legend(const struct tayra__trial_report *r, FILE *out)
{
	fputs("<p class=\"legend\">", out);
	for (size_t i = 0; i < r->arms; i++) {
		fprintf(out, "<svg width=\"16\" height=\"12\" viewBox=\"0 0 16 12\">");
		put_mark(out, i, 8, 6);
		fputs("</svg>", out);
		tayra__html_printf(out, "%s ", r->name[i]);
	}
	fputs("</p>\n", out);
}

/* A frame with the least, the middle and the most of a vertical scale. */
static void
put_frame(const struct scale *y, const char *unit, FILE *out)
{
	const double ticks[] = { y->least, sqrt(y->least * y->most), y->most };

	for (size_t i = 0; i < 3; i++) {
		char number[16], text[40];

		fprintf(out,
			"<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>",
			LEFT, place(y, ticks[i]), RIGHT, place(y, ticks[i]));
		snprintf(text, sizeof(text), "%s %s", tayra__figure_number(ticks[i], number), unit);
		tayra__html_svg_text(out, LEFT - 8, place(y, ticks[i]) + 4, "end", text);
	}
}

static void
put_rounds_table(const struct tayra__trial_report *r, enum tayra__metric metric, FILE *out)
{
	const struct tayra__session *s = &r->trial->session;

	fputs("<details><summary>as a table</summary><div class=\"scroll\"><table><tr><th "
	      "class=\"n\">round</th>",
	      out);
	for (size_t i = 0; i < s->arms; i++) {
		char name[64];

		fputs("<th class=\"n\">", out);
		tayra__html_text(out, name_of(r, i, name));
		fputs("</th>", out);
	}
	fputs("</tr>\n", out);
	for (uint32_t round = 0; round < s->rounds; round++) {
		fprintf(out, "<tr><td class=\"n\">%u</td>", round + 1);
		for (size_t i = 0; i < s->arms; i++) {
			char number[16];

			fprintf(out, "<td class=\"n\">%s</td>",
				tayra__figure_number(figure_at(s, metric, round, i), number));
		}
		fputs("</tr>\n", out);
	}
	fputs("</table></div></details>\n", out);
}

static void
put_rounds(const struct tayra__trial_report *r, enum tayra__metric metric, FILE *out)
{
	const struct tayra__session *s = &r->trial->session;
	double least = HUGE_VAL, most = 0, step;
	struct scale y;

	for (uint32_t round = 0; round < s->rounds; round++)
		for (size_t i = 0; i < r->arms; i++) {
			double value = figure_at(s, metric, round, i);

			if (value > 0) {
				least = fmin(least, value);
				most = fmax(most, value);
			}
		}
	if (!(most > 0))
		return;
	fputs("<h2>Round by round</h2>\n", out);
	put_legend(r, out);
	y = scale_of(least, most, BOTTOM, TOP);
	open_drawing(out, HEIGHT, "the figure of each arm by round");
	put_frame(&y, r->unit, out);
	step = (RIGHT - LEFT - 16) / (s->rounds > 1 ? s->rounds - 1 : 1);
	for (uint32_t round = 0; round < s->rounds; round++)
		for (size_t i = 0; i < r->arms; i++) {
			double value = figure_at(s, metric, round, i);

			if (value > 0)
				put_mark(out, i, LEFT + 8 + step * round, place(&y, value));
		}
	tayra__html_svg_text(out, LEFT, HEIGHT - 8, "start", "first round");
	tayra__html_svg_text(out, RIGHT, HEIGHT - 8, "end", "last");
	fputs("</svg>\n", out);
	put_rounds_table(r, metric, out);
}

static const struct {
	double q;
	const char *name;
} quantiles[] = { { 0, "least" },     { 0.1, "10%" }, { 0.25, "25%" }, { 0.5, "half" },
		  { 0.75, "75%" },    { 0.9, "90%" }, { 0.95, "95%" }, { 0.99, "99%" },
		  { 0.999, "99.9%" }, { 1, "most" } };
#define QUANTILES (sizeof(quantiles) / sizeof(quantiles[0]))

static double
quantile_ms(const struct tayra__hist *hist, size_t i)
{
	return (double)tayra__hist_quantile(hist, quantiles[i].q) / 1e6;
}

static void
put_quantile_table(const struct tayra__trial_report *r, FILE *out)
{
	struct tayra__sheet sheet = { .out = out, .form = TAYRA__FORM_HTML };
	char numbers[TAYRA__TRIAL_ARMS_MAX][16];
	const char *cells[TAYRA__TRIAL_ARMS_MAX + 1] = { "ms" };

	for (size_t i = 0; i < r->arms; i++)
		cells[i + 1] = r->name[i];
	fputs("<details><summary>as a table</summary>", out);
	tayra__sheet_table(&sheet, cells, (uint32_t)r->arms + 1);
	for (size_t q = 0; q < QUANTILES; q++) {
		cells[0] = quantiles[q].name;
		for (size_t i = 0; i < r->arms; i++)
			cells[i + 1] = tayra__figure_number(
				quantile_ms(&r->trial->session.latency[i], q), numbers[i]);
		tayra__sheet_row(&sheet, cells);
	}
	tayra__sheet_table_end(&sheet);
	fputs("</details>\n", out);
}

static void
put_distribution(const struct tayra__trial_report *r, FILE *out)
{
	static const char *const classes[CLASSES] = { "a0", "a2", "a1" };
	const struct tayra__hist *latency = r->trial->session.latency;
	double least = HUGE_VAL, most = 0, step = (RIGHT - LEFT - 40) / (QUANTILES - 1);
	struct scale y;

	for (size_t i = 0; latency && i < r->arms; i++) {
		if (!latency[i].count || !latency[i].min)
			return;
		least = fmin(least, (double)latency[i].min / 1e6);
		most = fmax(most, (double)latency[i].max / 1e6);
	}
	if (!(most > 0))
		return;
	fputs("<h2>How it is spread</h2>\n<p>All runs of a command from start to end, or all "
	      "requests "
	      "from when they were due to their answer: the time that a share of them stays "
	      "within.</p>\n",
	      out);
	put_legend(r, out);
	y = scale_of(least, most, BOTTOM, TOP);
	open_drawing(out, HEIGHT, "time by share, an arm a line");
	put_frame(&y, "ms", out);
	for (size_t q = 0; q < QUANTILES; q++)
		tayra__html_svg_text(out, LEFT + 20 + step * (double)q, HEIGHT - 8, "middle",
				     quantiles[q].name);
	for (size_t i = 0; i < r->arms; i++) {
		fprintf(out, "<polyline class=\"line %s\" points=\"", classes[i % CLASSES]);
		for (size_t q = 0; q < QUANTILES; q++)
			fprintf(out, "%.1f,%.1f ", LEFT + 20 + step * (double)q,
				place(&y, quantile_ms(&latency[i], q)));
		fputs("\"/>", out);
		for (size_t q = 0; q < QUANTILES; q++)
			put_mark(out, i, LEFT + 20 + step * (double)q,
				 place(&y, quantile_ms(&latency[i], q)));
	}
	fputs("</svg>\n", out);
	put_quantile_table(r, out);
}

static void
put_method(const struct tayra__trial_report *r, const char *const *what, FILE *out)
{
	struct tayra__sheet sheet = { .out = out, .form = TAYRA__FORM_HTML };
	char line[500];

	tayra__sheet_title(&sheet, "How it was measured");
	fputs("<ul>\n", out);
	for (size_t i = 0; i < r->arms; i++) {
		fputs("<li>", out);
		tayra__html_printf(out, "%s: ", r->name[i]);
		fputs("<code>", out);
		tayra__html_text(out, what[i]);
		fputs("</code></li>\n", out);
	}
	fputs("</ul>\n", out);
	tayra__sheet_text(
		&sheet,
		"The arms took turns in short slices; in each round a coin decided their order, "
		"and "
		"the base ran twice. How many rounds there are was fixed by a pilot before the "
		"first of them. The ratio is the Hodges-Lehmann estimate over the rounds; its "
		"interval and p are those of the sign-flip test, which asks nothing of the noise "
		"but that the order was random.");
	snprintf(line, sizeof(line),
		 "Margin %g%%, seed %llu, %.1f s in all. SAME: the whole interval lies within the "
		 "margin. UNDECIDED: it neither does nor excludes 1.",
		 100 * r->margin, (unsigned long long)r->seed, r->took_s);
	tayra__sheet_text(&sheet, line);
	if (r->trial->pilot.rounds) {
		snprintf(line, sizeof(line),
			 "The pilot: %u rounds of %.3g s, in which a pair differed by %.1f%% "
			 "(standard "
			 "deviation).",
			 r->trial->pilot.rounds, (double)r->trial->pilot.round_ns / 1e9,
			 100 * r->trial->pilot.sd);
		tayra__sheet_text(&sheet, line);
	}
}

void
tayra__trial_page(const struct tayra__trial_report *report, const char *const *what,
		  enum tayra__metric metric, FILE *out)
{
	tayra__html_head(out, "tayra bench");
	fputs("<p class=\"eyebrow\">tayra bench: ", out);
	tayra__html_printf(out, "%s, %s, %s is better", report->metric, report->sentence,
			   report->better == TAYRA_BETTER_LOWER ? "lower" : "higher");
	fputs("</p>\n", out);
	if (report->trial->stopped || report->failure)
		fputs("<p class=\"alarm\">This run ended before its time: what follows is of a "
		      "part.</p>\n",
		      out);
	put_verdicts(report, out);
	put_forest(report, out);
	tayra__trial_report_print(report, TAYRA__FORM_HTML, out);
	put_belief(report, out);
	put_rounds(report, metric, out);
	put_distribution(report, out);
	put_method(report, what, out);
	fputs("</main></body></html>\n", out);
}
