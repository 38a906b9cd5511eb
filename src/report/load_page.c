/* SPDX-License-Identifier: Apache-2.0 */
#include "report/load_page.h"

#include <math.h>
#include <stdio.h>

#include "report/figure.h"
#include "report/html.h"
#include "report/kinds_table.h"

#define LINE_MAX_BYTES 400

/* The phase that decides a test that failed: the first that did, stress aside. */
static const struct tayra__phase *
first_of(const struct tayra__phases *phases, enum tayra__phase_verdict verdict)
{
	for (size_t i = 0; i < phases->count; i++)
		if (phases->phase[i].verdict == verdict &&
		    phases->phase[i].kind != TAYRA__PHASE_STRESS)
			return &phases->phase[i];
	return NULL;
}

static void
put_verdict(const struct tayra__load_report *r, struct tayra__sheet *sheet)
{
	const struct tayra__phases *phases = r->phases;
	const enum tayra__phase_verdict verdict = tayra__phases_verdict(phases);
	const struct tayra__phase *phase = first_of(phases, verdict);
	char line[LINE_MAX_BYTES];

	switch (verdict) {
	case TAYRA__PHASE_MET:
		snprintf(line, sizeof(line), "Met: every threshold held up to %g requests a second",
			 phases->best_per_s);
		break;
	case TAYRA__PHASE_FAILED:
		snprintf(line, sizeof(line), "Failed: %s in %s at %g requests a second",
			 phase ? phase->failed : "a threshold",
			 phase ? tayra__phase_name(phase->kind) : "it",
			 phase ? phase->rate_per_s : nan(""));
		break;
	case TAYRA__PHASE_INVALID:
		snprintf(line, sizeof(line), "Invalid: %s",
			 !phases->steady ? "the warm-up never settled"
			 : phase         ? "the generator was the bottleneck"
					 : "it cannot be believed");
		break;
	case TAYRA__PHASE_STOPPED:
		snprintf(line, sizeof(line), "Stopped before its end: what follows is of a part");
		break;
	}
	tayra__sheet_headline(sheet, verdict == TAYRA__PHASE_INVALID, line);
	if (verdict != TAYRA__PHASE_MET && phases->best_per_s > 0) {
		snprintf(line, sizeof(line), "The thresholds were met up to %g requests a second.",
			 phases->best_per_s);
		tayra__sheet_text(sheet, line);
	}
	if (phases->recovery_ns != UINT64_MAX) {
		if (phases->recovery_ns)
			snprintf(line, sizeof(line), "It recovered after %.3g s.",
				 (double)phases->recovery_ns / 1e9);
		else
			snprintf(line, sizeof(line), "It recovered at once.");
		tayra__sheet_text(sheet, line);
	}
}

static void
put_phase(const struct tayra__phase *phase, struct tayra__sheet *sheet)
{
	const struct tayra__load_figures *f = &phase->figures;
	const double values[] = { phase->rate_per_s, f->throughput_per_s, 100 * f->error_ratio,
				  f->p50_ms,         f->p99_ms,           f->p999_ms,
				  f->max_ms,         f->lag_p99_ms,       f->cpu_mean };
	const size_t n = sizeof(values) / sizeof(values[0]);
	char numbers[sizeof(values) / sizeof(values[0])][16], verdict[60];
	const char *cells[sizeof(values) / sizeof(values[0]) + 2] = { tayra__phase_name(
		phase->kind) };

	for (size_t i = 0; i < n; i++)
		cells[i + 1] = tayra__figure_number(values[i], numbers[i]);
	snprintf(verdict, sizeof(verdict), "%s%s%s", tayra__phase_verdict_name(phase->verdict),
		 phase->failed ? ": " : "", phase->failed ? phase->failed : "");
	cells[n + 1] = verdict;
	tayra__sheet_row(sheet, cells);
}

static void
put_phases(const struct tayra__load_report *r, struct tayra__sheet *sheet)
{
	static const char *const heads[] = { "phase",   "asked/s", "ok/s",     "errors %",
					     "p50 ms",  "p99 ms",  "p99.9 ms", "max ms",
					     "lag p99", "cpus",    "verdict" };

	tayra__sheet_section(sheet, "Phases");
	tayra__sheet_table(sheet, heads, 11);
	for (size_t i = 0; i < r->phases->count; i++)
		put_phase(&r->phases->phase[i], sheet);
	tayra__sheet_table_end(sheet);
	tayra__alert_log_put(r->alerts, sheet);
	tayra__kinds_table_put(r->kinds, sheet);
}

static void
put_belief(const struct tayra__load_findings *f, struct tayra__sheet *sheet)
{
	tayra__sheet_section(sheet, "Is it to be believed?");
	tayra__belief_put(&f->beliefs, sheet);
}

static void
put_latency(const struct tayra__load_findings *f, struct tayra__sheet *sheet)
{
	if (tayra__plot_empty(&f->latency))
		return;
	tayra__sheet_section(sheet, "Latency");
	tayra__sheet_text(sheet,
			  "The time that a share of the requests stays within, from when they were "
			  "due; the band holds the middle 80% of the slices.");
	tayra__plot_put(&f->latency, sheet);
	if (tayra__plot_empty(&f->service))
		return;
	tayra__sheet_text(sheet, "And from when they were sent (thin): what lies between the two "
				 "is the wait for a connection.");
	tayra__plot_put(&f->service, sheet);
}

static void
put_time(const struct tayra__load_findings *f, struct tayra__sheet *sheet)
{
	if (tayra__plot_empty(&f->rate))
		return;
	tayra__sheet_section(sheet, "Time");
	tayra__plot_put(&f->time, sheet);
	tayra__plot_put(&f->rate, sheet);
}

static void
put_method(const struct tayra__load_report *r, struct tayra__sheet *sheet)
{
	tayra__sheet_section(sheet, "How it was measured");
	tayra__sheet_list(sheet);
	tayra__sheet_item_code(sheet, "server", r->what);
	tayra__sheet_item_code(sheet, "load", r->text);
	tayra__sheet_list_end(sheet);
	tayra__sheet_text(
		sheet, "Requests became due by chance at the rate, whether or not earlier ones "
		       "were answered, and count from then; one that failed counts to the end of "
		       "its slice. Warm-up until the slices' medians settle, a baseline at 20% of "
		       "the maximum, each rate of the line, stress at 110, 120 and 130%, then the "
		       "baseline again: recovered is where five calm slices in a row begin. Ramps "
		       "belong to no phase's figures.");
	tayra__method_put(&r->method, sheet);
}

void
tayra__load_page(const struct tayra__load_report *report,
		 const struct tayra__load_findings *findings, enum tayra__form form, FILE *out)
{
	struct tayra__sheet sheet = { .out = out, .form = form };

	if (form == TAYRA__FORM_HTML) {
		tayra__html_head(out, "tayra bench: load test");
		fputs("<p class=\"eyebrow\">tayra bench: load on ", out);
		tayra__html_text(out, report->what);
		fputs("</p>\n", out);
	} else {
		tayra__sheet_title(&sheet, "Load test");
	}
	put_verdict(report, &sheet);
	tayra__plot_put(&findings->capacity, &sheet);
	put_belief(findings, &sheet);
	put_phases(report, &sheet);
	put_latency(findings, &sheet);
	put_time(findings, &sheet);
	put_method(report, &sheet);
	if (form == TAYRA__FORM_HTML)
		fputs("</main></body></html>\n", out);
}
