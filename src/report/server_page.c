/* SPDX-License-Identifier: Apache-2.0 */
#include "report/server_page.h"

#include <tayra/base.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/figure.h"
#include "report/html.h"
#include "report/kinds_table.h"
#include "report/spread_plot.h"

static void
find_beliefs(const struct tayra__server_report *r, struct tayra__beliefs *out)
{
	const struct tayra__load_figures *f = r->figures;

	*out = (struct tayra__beliefs){ .count = 0 };
	tayra__belief_add(out, r->spoilt ? TAYRA__BELIEF_SPOILT : TAYRA__BELIEF_FINE,
			  "the generator was not the bottleneck", "it was not", "%s",
			  r->spoilt ? r->spoilt : "it was not");
	if (r->planned_per_s > 0) {
		tayra__belief_lag(out, "send lag", f->lag_p99_ms, f->p99_ms);
		tayra__belief_add(out,
				  f->rate_per_s < 0.95 * r->planned_per_s ? TAYRA__BELIEF_LOOK
									  : TAYRA__BELIEF_FINE,
				  "rate reached", "at least 95% of what was asked for", "%.0f%%",
				  100 * f->rate_per_s / r->planned_per_s);
	}
	tayra__belief_add(out, r->stopped ? TAYRA__BELIEF_LOOK : TAYRA__BELIEF_FINE,
			  "all of the time planned", "to the end",
			  r->stopped ? "%.1f s of %g s" : "yes", (double)r->result->length_ns / 1e9,
			  r->planned_s);
	tayra__belief_machine(out, &r->machine);
}

static int
find_latency(const struct tayra__server_report *r, struct tayra__plot *out)
{
	bool open_loop = r->planned_per_s > 0;
	int status = tayra__spread_plot_init(out, open_loop ? 2 : 1);

	if (status != TAYRA_OK)
		return status;
	out->what = "time by share of requests";
	snprintf(out->line[0].name, sizeof(out->line[0].name), "%s",
		 open_loop ? "from when it was due" : "from when it was sent");
	tayra__spread_plot_line(out, 0, &r->result->latency);
	if (!open_loop)
		return TAYRA_OK;
	snprintf(out->line[1].name, sizeof(out->line[1].name), "from when it was sent");
	out->line[1].look = 1;
	tayra__spread_plot_line(out, 1, &r->result->service);
	return TAYRA_OK;
}

static int
begin_moments(const struct tayra__server_report *r, const char *unit, const char *const *names,
	      struct tayra__plot *out)
{
	int status = tayra__plot_init(out, 2, TAYRA__DRIVE_MOMENTS);

	if (status != TAYRA_OK)
		return status;
	out->x.name = "seconds";
	out->y.name = unit;
	for (unsigned i = 0; i < 2; i++) {
		out->line[i].look = i;
		snprintf(out->line[i].name, sizeof(out->line[i].name), "%s", names[i]);
	}
	for (size_t i = 0; i < TAYRA__DRIVE_MOMENTS; i++)
		out->at[i] = ((double)i + 0.5) * (double)r->result->moment_ns / 1e9;
	return TAYRA_OK;
}

static int
find_time(const struct tayra__server_report *r, struct tayra__plot *out)
{
	static const char *const names[] = { "mean", "slowest" };
	int status = begin_moments(r, "ms", names, out);

	if (status != TAYRA_OK)
		return status;
	out->what = "mean and slowest over the time, by when requests were due";
	out->y.log = true;
	for (size_t i = 0; i < TAYRA__DRIVE_MOMENTS; i++) {
		const struct tayra__drive_moment *m = &r->result->moment[i];

		if (!m->requests)
			continue;
		tayra__plot_value(out, 0, i)->y = m->sum_ns / m->requests / 1e6;
		tayra__plot_value(out, 1, i)->y = (double)m->max_ns / 1e6;
	}
	return TAYRA_OK;
}

static int
find_bad(const struct tayra__server_report *r, struct tayra__plot *out)
{
	static const char *const names[] = { "due", "not answered well" };
	bool any = false;
	int status = begin_moments(r, "requests", names, out);

	if (status != TAYRA_OK)
		return status;
	out->what = "requests that became due and that were not answered well, over the time";
	for (size_t i = 0; i < TAYRA__DRIVE_MOMENTS; i++)
		any |= r->result->moment[i].bad > 0;
	for (size_t i = 0; i < TAYRA__DRIVE_MOMENTS && any; i++) {
		tayra__plot_value(out, 0, i)->y = r->result->moment[i].requests;
		tayra__plot_value(out, 1, i)->y = r->result->moment[i].bad;
	}
	return TAYRA_OK;
}

int
tayra__server_findings(const struct tayra__server_report *report,
		       struct tayra__server_findings *out)
{
	int status;

	memset(out, 0, sizeof(*out));
	find_beliefs(report, &out->beliefs);
	status = find_latency(report, &out->latency);
	if (status == TAYRA_OK)
		status = find_time(report, &out->time);
	if (status == TAYRA_OK)
		status = find_bad(report, &out->bad);
	if (status != TAYRA_OK)
		tayra__server_findings_fini(out);
	return status;
}

void
tayra__server_findings_fini(struct tayra__server_findings *findings)
{
	tayra__plot_fini(&findings->latency);
	tayra__plot_fini(&findings->time);
	tayra__plot_fini(&findings->bad);
}

static void
put_row(struct tayra__sheet *sheet, const char *name, double value, const char *unit)
{
	char number[16], text[40];
	const char *cells[] = { name, text };

	if (isnan(value))
		return;
	snprintf(text, sizeof(text), "%s %s", tayra__figure_number(value, number), unit);
	tayra__sheet_row(sheet, cells);
}

static void
put_figures(const struct tayra__server_report *r, struct tayra__sheet *sheet)
{
	static const char *const heads[] = { "figure", "" };
	const struct tayra__load_figures *f = r->figures;

	tayra__sheet_section(sheet, "Figures");
	sheet->words = 2;
	tayra__sheet_table(sheet, heads, 2);
	put_row(sheet, "asked", f->rate_per_s, "/s");
	put_row(sheet, "answered well in time", f->throughput_per_s, "/s");
	put_row(sheet, "errors", 100 * f->error_ratio, "%");
	put_row(sheet, "mean", f->mean_ms, "ms");
	put_row(sheet, "p50", f->p50_ms, "ms");
	put_row(sheet, "p95", f->p95_ms, "ms");
	put_row(sheet, "p99", f->p99_ms, "ms");
	put_row(sheet, "p99.9", f->p999_ms, "ms");
	put_row(sheet, "slowest", f->max_ms, "ms");
	put_row(sheet, "p99 from when it was sent", f->service_p99_ms, "ms");
	put_row(sheet, "the server's processors", f->cpu_mean, "busy");
	put_row(sheet, "the server's memory at most", f->memory_peak_mib, "MiB");
	put_row(sheet, "efficiency", f->efficiency, "requests per CPU s");
	put_row(sheet, "reliability", f->reliability, "");
	tayra__sheet_table_end(sheet);
	sheet->words = 0;
	if (r->error[0])
		tayra__sheet_text(sheet, r->error);
}

static void
put_headline(const struct tayra__server_report *r, struct tayra__sheet *sheet)
{
	char line[400], rate[16], p50[16], p99[16];

	if (r->spoilt)
		snprintf(line, sizeof(line), "INVALID: %s", r->spoilt);
	else
		snprintf(line, sizeof(line),
			 "%s requests a second: half within %s ms, 99%% within "
			 "%s ms",
			 tayra__figure_number(r->figures->throughput_per_s, rate),
			 tayra__figure_number(r->figures->p50_ms, p50),
			 tayra__figure_number(r->figures->p99_ms, p99));
	tayra__sheet_headline(sheet, r->spoilt != NULL, line);
}

static void
put_plots(const struct tayra__server_report *r, const struct tayra__server_findings *f,
	  struct tayra__sheet *sheet)
{
	if (!tayra__plot_empty(&f->latency)) {
		tayra__sheet_section(sheet, "Latency");
		tayra__sheet_text(sheet, r->planned_per_s > 0
						 ? "The time that a share of the requests stays "
						   "within. What lies between the two lines is the "
						   "wait for a connection."
						 : "The time that a share of the requests stays "
						   "within. Clients ask again when answered: what "
						   "was not asked in the meantime is not seen.");
		tayra__plot_put(&f->latency, sheet);
	}
	if (tayra__plot_empty(&f->time))
		return;
	tayra__sheet_section(sheet, "Time");
	tayra__plot_put(&f->time, sheet);
	tayra__plot_put(&f->bad, sheet);
}

void
tayra__server_page(const struct tayra__server_report *report,
		   const struct tayra__server_findings *findings, enum tayra__form form, FILE *out)
{
	struct tayra__sheet sheet = { .out = out, .form = form };

	if (form == TAYRA__FORM_HTML) {
		tayra__html_head(out, "tayra bench: one server");
		fputs("<p class=\"eyebrow\">tayra bench: load on ", out);
		tayra__html_text(out, report->what);
		fputs("</p>\n", out);
	} else {
		tayra__sheet_title(&sheet, "One server under load");
	}
	put_headline(report, &sheet);
	tayra__sheet_section(&sheet, "Is it to be believed?");
	tayra__belief_put(&findings->beliefs, &sheet);
	put_figures(report, &sheet);
	tayra__alert_log_put(report->alerts, &sheet);
	tayra__kinds_table_put(report->kinds, &sheet);
	put_plots(report, findings, &sheet);
	tayra__sheet_section(&sheet, "How it was measured");
	tayra__sheet_list(&sheet);
	tayra__sheet_item_code(&sheet, "server", report->what);
	tayra__sheet_list_end(&sheet);
	tayra__method_put(&report->method, &sheet);
	if (form == TAYRA__FORM_HTML)
		fputs("</main></body></html>\n", out);
}
