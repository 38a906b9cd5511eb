/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_report.c: `tayra bench report`: a history as Markdown or as a page.
 */
#include "cli/bench.h"

#include <tayra/base.h>

#include <math.h>
#include <stdio.h>

#include "cli/arguments.h"
#include "cli/bench_past.h"
#include "cli/command.h"
#include "report/figure.h"
#include "report/html.h"
#include "report/series_plot.h"

#define DRAWN 8 /* series; a page is to stay small */

static const struct argp_option report_table[] = {
	{ "bench", TAYRA__PAST_BENCH, "NAME", 0, "only what was recorded under that name", 0 },
	{ "metric", TAYRA__PAST_METRIC, "NAME", 0, "only that metric", 0 },
	{ "html", TAYRA__PAST_HTML, "FILE", 0, "a page, instead of Markdown on standard output",
	  0 },
	{ 0 },
};

/* A series as a row: its newest verdict and its trend. */
static int
report_series(const struct tayra__history_row *rows, size_t n, struct tayra__sheet *sheet)
{
	const struct tayra__history_row *last = &rows[n - 1];
	char ratio[32], bounds[40], runs[32], moves[80];
	const char *cells[] = { last->bench,   last->metric, ratio, bounds,
				last->verdict, last->time,   runs,  moves };
	struct tayra__trend trend;

	if (tayra__past_trend(rows, n, &trend) != TAYRA_OK)
		return TAYRA_E_NOMEM;
	snprintf(ratio, sizeof(ratio), isnan(last->ratio) ? "-" : "%.3f", last->ratio);
	tayra__figure_interval(last->lo, last->hi, bounds);
	snprintf(runs, sizeof(runs), "%zu", n);
	if (isnan(trend.slope))
		snprintf(moves, sizeof(moves), "-");
	else if (isnan(trend.p))
		snprintf(moves, sizeof(moves), "all alike");
	else
		snprintf(moves, sizeof(moves), "%+.2f%% a run, p %.3g", 100 * trend.slope, trend.p);
	tayra__sheet_row(sheet, cells);
	return TAYRA_OK;
}

static int
draw_series(const struct tayra__history_row *rows, size_t n, struct tayra__sheet *sheet)
{
	struct tayra__series series;
	char title[200];
	int status = tayra__series_init(&series, rows, n);

	if (status != TAYRA_OK)
		return status;
	snprintf(title, sizeof(title), "%s, %s of %s", rows[0].bench, rows[0].metric, rows[0].b);
	tayra__sheet_section(sheet, title);
	tayra__series_put(&series, sheet);
	tayra__series_fini(&series);
	return TAYRA_OK;
}

static int
report_all(const struct tayra__past *past, enum tayra__form form, FILE *out)
{
	static const char *const heads[] = { "what",    "metric", "ratio", "95% interval",
					     "verdict", "when",   "runs",  "trend" };
	struct tayra__sheet sheet = { .out = out, .form = form };
	int status = TAYRA_OK;
	size_t drawn = 0;

	if (form == TAYRA__FORM_HTML)
		tayra__html_head(out, "tayra bench: history");
	tayra__sheet_title(&sheet, "What was measured, newest verdicts");
	tayra__sheet_table(&sheet, heads, 8);
	for (size_t from = 0, to; from < past->count && status == TAYRA_OK; from = to) {
		to = tayra__past_series(past, from);
		status = report_series(past->rows + from, to - from, &sheet);
	}
	tayra__sheet_table_end(&sheet);
	tayra__sheet_text(
		&sheet, "A ratio compares two things that were run in turns, now. A trend compares "
			"days, and so machines and weather too: a reason to look, not a verdict.");
	for (size_t from = 0, to; from < past->count && status == TAYRA_OK; from = to, drawn++) {
		to = tayra__past_series(past, from);
		if (drawn < DRAWN)
			status = draw_series(past->rows + from, to - from, &sheet);
	}
	if (drawn > DRAWN)
		tayra__sheet_text(&sheet, "Further series are in the table only: --bench and "
					  "--metric choose among them.");
	if (form == TAYRA__FORM_HTML)
		fputs("</main></body></html>\n", out);
	return status;
}

static int
write_report(const struct tayra__bench_past *past)
{
	FILE *out = past->html_path ? fopen(past->html_path, "we") : stdout;
	bool failed;

	if (!out) {
		tayra__cli_error(past->command, "%s: %m", past->html_path);
		return TAYRA__EXIT_USAGE;
	}
	failed = report_all(&past->past, past->html_path ? TAYRA__FORM_HTML : TAYRA__FORM_MD, out) <
		 0;
	failed |= ferror(out) != 0 || (past->html_path ? fclose(out) : fflush(out)) != 0;
	if (!failed)
		return TAYRA__EXIT_OK;
	if (past->html_path)
		tayra__cli_error(past->command, "%s: cannot be written", past->html_path);
	return TAYRA__EXIT_USAGE;
}

int
tayra__bench_report(int argc, char **argv)
{
	static struct tayra__bench_past past;
	int code = tayra__bench_past_read(
		&past, argc, argv, report_table,
		"Makes a summary of a history: what was measured, the newest verdict of each, "
		"and its trend, as Markdown or as a page. (--html of run and gate makes the "
		"page of one comparison.)");

	if (code == TAYRA__EXIT_OK)
		code = write_report(&past);
	tayra__bench_past_fini(&past);
	return code;
}
