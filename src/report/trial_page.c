/* SPDX-License-Identifier: Apache-2.0 */
#include "report/trial_page.h"

#include <math.h>
#include <stdio.h>

#include "report/html.h"
#include "report/method.h"

#define LINE_MAX_BYTES 500

static void
put_verdict(const struct tayra__trial_report *r, size_t arm, struct tayra__sheet *sheet)
{
	const struct tayra_comparison *c = &r->trial->ab[arm];
	char line[LINE_MAX_BYTES];

	switch (c->verdict) {
	case TAYRA_BETTER:
	case TAYRA_WORSE:
		snprintf(line, sizeof(line), "%s is %s: %.3f times %s (%.3f to %.3f)", r->name[arm],
			 tayra__trial_report_verdict(r, c->verdict), c->ratio, r->name[0], c->lo,
			 c->hi);
		break;
	case TAYRA_SAME:
		snprintf(line, sizeof(line), "%s is the SAME as %s, within %g%%", r->name[arm],
			 r->name[0], 100 * r->margin);
		break;
	case TAYRA_INVALID: snprintf(line, sizeof(line), "INVALID: %s", r->trial->spoilt); break;
	case TAYRA_UNDECIDED:
		snprintf(line, sizeof(line), "UNDECIDED: %s might be as %s or not", r->name[arm],
			 r->name[0]);
		break;
	}
	tayra__sheet_headline(sheet, c->verdict == TAYRA_INVALID, line);
}

static void
put_belief(const struct tayra__trial_report *r, const struct tayra__trial_findings *f,
	   struct tayra__sheet *sheet)
{
	tayra__sheet_section(sheet, "Is it to be believed?");
	tayra__belief_put(&f->beliefs, sheet);
	tayra__sheet_text(sheet, "What others do on the machine falls on all arms alike, for their "
				 "order is random: beyond a bar it widens intervals and does not "
				 "move them. What the generator spoils is not what was to be "
				 "measured.");
	if (r->failure)
		tayra__sheet_text(sheet, r->failure);
}

static void
put_latency(const struct tayra__trial_report *r, const struct tayra__trial_findings *f,
	    struct tayra__sheet *sheet)
{
	if (tayra__plot_empty(&f->latency))
		return;
	tayra__sheet_section(sheet, "Latency");
	tayra__sheet_text(sheet,
			  r->servers ? "The time that a share of the requests stays within, from "
				       "when they were due; the band holds the middle 80% of the "
				       "rounds."
				     : "The time that a share of the runs stays within, from start "
				       "to end; the band holds the middle 80% of the rounds.");
	tayra__plot_put(&f->latency, sheet);
	if (tayra__plot_empty(&f->service))
		return;
	tayra__sheet_text(sheet, "And from when they were sent (thin): what lies between the two "
				 "is the wait for a connection, which a generator that counts from "
				 "the send does not show.");
	tayra__plot_put(&f->service, sheet);
}

static void
put_time(const struct tayra__trial_findings *f, struct tayra__sheet *sheet)
{
	if (tayra__plot_empty(&f->rounds))
		return;
	tayra__sheet_section(sheet, "Round by round");
	tayra__plot_put(&f->rounds, sheet);
}

static void
put_cost(const struct tayra__trial_report *r, struct tayra__sheet *sheet)
{
	char line[LINE_MAX_BYTES];

	if (!r->costs)
		return;
	tayra__sheet_section(sheet, "Cost");
	for (size_t i = 1; i < r->arms; i++) {
		snprintf(line, sizeof(line), "%s against %s:", r->name[i], r->name[0]);
		if (r->arms > 2)
			tayra__sheet_text(sheet, line);
		tayra__cost_put(&r->costs[i], sheet);
	}
}

static void
put_history(const struct tayra__trial_report *r, struct tayra__sheet *sheet)
{
	char line[LINE_MAX_BYTES];

	if (!r->series_count)
		return;
	tayra__sheet_section(sheet, "History");
	tayra__sheet_text(sheet,
			  "Figures of different days come from different machines and weather: a "
			  "trend is a reason to look, not a verdict.");
	for (size_t i = 0; i < r->series_count; i++) {
		snprintf(line, sizeof(line), "%s:", r->series[i].figures.line[1].name);
		if (r->series_count > 1)
			tayra__sheet_text(sheet, line);
		tayra__series_put(&r->series[i], sheet);
	}
}

static void
put_method(const struct tayra__trial_report *r, struct tayra__sheet *sheet)
{
	const struct tayra__trial_pilot *pilot = &r->trial->pilot;
	char line[LINE_MAX_BYTES];

	tayra__sheet_section(sheet, "How it was measured");
	tayra__sheet_list(sheet);
	for (size_t i = 0; i < r->arms; i++)
		tayra__sheet_item_code(sheet, r->name[i], r->what[i]);
	tayra__sheet_list_end(sheet);
	tayra__sheet_text(
		sheet, "The arms took turns in short slices; in each turn a coin decided their "
		       "order, and the base ran twice. How many rounds there are was fixed by a "
		       "pilot before the first of them. The ratio is the Hodges-Lehmann estimate "
		       "over the rounds; its interval and p are those of the sign-flip test, "
		       "which asks nothing of the noise but that the order was random.");
	tayra__sheet_text(sheet, "SAME: the whole interval lies within the margin. UNDECIDED: it "
				 "neither does nor excludes 1. docs/statistics.md of the source "
				 "tells more.");
	if (pilot->rounds) {
		snprintf(line, sizeof(line),
			 "The pilot: %u rounds of %.3g s, in which a pair differed by %.1f%% "
			 "(standard deviation).",
			 pilot->rounds, (double)pilot->round_ns / 1e9, 100 * pilot->sd);
		tayra__sheet_text(sheet, line);
	}
	tayra__method_put(&r->method, sheet);
}

void
tayra__trial_page(const struct tayra__trial_report *report,
		  const struct tayra__trial_findings *findings, enum tayra__form form, FILE *out)
{
	struct tayra__sheet sheet = { .out = out, .form = form };

	if (form == TAYRA__FORM_HTML) {
		tayra__html_head(out, "tayra bench");
		fputs("<p class=\"eyebrow\">tayra bench: ", out);
		tayra__html_printf(out, "%s, %s", report->metric, report->sentence);
		fputs("</p>\n", out);
	}
	if (form == TAYRA__FORM_HTML && (report->trial->stopped || report->failure))
		fputs("<p class=\"alarm\">This run ended before its time: what follows is of a "
		      "part.</p>\n",
		      out);
	if (form == TAYRA__FORM_HTML)
		for (size_t i = 1; i < report->arms; i++)
			put_verdict(report, i, &sheet);
	if (form == TAYRA__FORM_HTML)
		tayra__ranges_put(&findings->forest, &sheet);
	tayra__trial_report_print(report, form, out);
	if (form == TAYRA__FORM_MD)
		tayra__ranges_put(&findings->forest, &sheet);
	put_belief(report, findings, &sheet);
	put_latency(report, findings, &sheet);
	put_time(findings, &sheet);
	tayra__alert_log_put(report->alerts, &sheet);
	tayra__trial_report_kinds(report, &sheet);
	put_cost(report, &sheet);
	put_history(report, &sheet);
	put_method(report, &sheet);
	if (form == TAYRA__FORM_HTML)
		fputs("</main></body></html>\n", out);
}
