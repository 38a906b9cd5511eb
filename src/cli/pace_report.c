/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pace_report.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/pace_plots.h"
#include "report/figure.h"
#include "report/html.h"
#include "report/sheet.h"

#define CELL  40
#define CELLS 9

struct verdict_row {
	struct tayra__contender contender;
	struct tayra__goal_setting goal;
	struct tayra__verdict verdict;
};

struct tayra__pace_report {
	int fd;
	FILE *out; /* the page, in memory until it is whole */
	char *page;
	size_t len;
	struct tayra__pace_series series[TAYRA__CONTENDERS];
	char cells[TAYRA__CONTENDERS][CELLS][CELL];
	size_t runs;
	struct verdict_row *verdicts;
	size_t verdict_count, verdict_room;
};

static const char intro[] = "<p>The production pacer in virtual time, before a model of a backend; "
			    "the same seed gives the "
			    "same run. Goodput is what was answered by its deadline; latency is "
			    "from arrival to answer, of "
			    "what was answered. A retry is a request of its own.</p>\n";

int
tayra__pace_report_open(const char *path, struct tayra__pace_report **out)
{
	struct tayra__pace_report *report = tayra__mem_alloc(sizeof(*report));

	*out = NULL;
	if (!report)
		return TAYRA_E_NOMEM;
	report->fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (report->fd < 0) {
		tayra__mem_free(report);
		return TAYRA_E_IO;
	}
	report->out = open_memstream(&report->page, &report->len);
	if (!report->out) {
		tayra__pace_report_drop(report);
		return TAYRA_E_NOMEM;
	}
	tayra__html_head(report->out, "tayra pace sim");
	fputs("<p class=\"eyebrow\">tayra pace sim</p>\n<h1>Simulated overload</h1>\n",
	      report->out);
	fputs(intro, report->out);
	*out = report;
	return TAYRA_OK;
}

void
tayra__pace_report_run(struct tayra__pace_report *report, const struct tayra__pace_run *run)
{
	const struct tayra__pace_figures f = tayra__pace_figures(run);
	const double values[CELLS - 1] = { f.goodput_per_s,    f.p50_ms,
					   f.p99_ms,           f.sum.limit,
					   f.sum.limit_cv,     100 * f.shed_ratio,
					   100 * f.late_ratio, 100 * f.error_ratio };
	struct tayra__pace_series *series;
	char number[16];

	if (report->runs == TAYRA__CONTENDERS)
		return;
	series = &report->series[report->runs];
	snprintf(series->name, sizeof(series->name), "%s", run->contender->text);
	series->bucket_ns = run->result->meter.bucket_ns;
	memcpy(series->buckets, run->result->meter.buckets, sizeof(series->buckets));
	snprintf(report->cells[report->runs][0], CELL, "%s", run->contender->text);
	for (int i = 1; i < CELLS; i++)
		snprintf(report->cells[report->runs][i], CELL, "%s%s",
			 tayra__figure_number(values[i - 1], number), i >= 6 ? "%" : "");
	report->runs++;
}

int
tayra__pace_report_goal(struct tayra__pace_report *report, const struct tayra__contender *contender,
			const struct tayra__goal_setting *goal,
			const struct tayra__verdict *verdict)
{
	if (report->verdict_count == report->verdict_room) {
		size_t room = report->verdict_room ? report->verdict_room * 2 : 64;
		void *rows = tayra__mem_resize(report->verdicts, room * sizeof(*report->verdicts));

		if (!rows)
			return TAYRA_E_NOMEM;
		report->verdicts = rows;
		report->verdict_room = room;
	}
	report->verdicts[report->verdict_count++] = (struct verdict_row){ *contender, *goal,
									  *verdict };
	return TAYRA_OK;
}

static void
put_runs(struct tayra__pace_report *report, struct tayra__sheet *sheet)
{
	static const char *const heads[CELLS] = { "limiter", "goodput/s", "p50 ms",
						  "p99 ms",  "limit",     "its cv",
						  "shed",    "late",      "failed" };

	if (report->runs == 0)
		return;
	tayra__sheet_table(sheet, heads, CELLS);
	for (size_t i = 0; i < report->runs; i++) {
		const char *cells[CELLS];

		for (int c = 0; c < CELLS; c++)
			cells[c] = report->cells[i][c];
		tayra__sheet_row(sheet, cells);
	}
	tayra__sheet_table_end(sheet);
}

static void
put_verdicts(struct tayra__pace_report *report, struct tayra__sheet *sheet)
{
	static const char *const heads[] = { "goal", "limiter", "mean", "seeds", "bar", "" };

	if (report->verdict_count == 0)
		return;
	tayra__sheet_table(sheet, heads, 6);
	for (size_t i = 0; i < report->verdict_count; i++) {
		const struct verdict_row *row = &report->verdicts[i];
		char what[100], mean[16], seeds[40], bar[16], side[24];
		const char *cells[6] = { what, row->contender.text,
					 mean, seeds,
					 side, row->verdict.pass ? "reached" : "missed" };

		snprintf(what, sizeof(what), "%s %s%s%s", row->goal.id,
			 tayra__goal_figures[row->goal.figure], row->goal.load ? ", " : "",
			 row->goal.load ? row->goal.load : "");
		tayra__figure_number(row->verdict.figure, mean);
		tayra__figure_interval(row->verdict.lo, row->verdict.hi, seeds);
		snprintf(side, sizeof(side), "%s %s",
			 isnan(row->goal.least) ? "at most" : "at least",
			 tayra__figure_number(row->verdict.bar, bar));
		tayra__sheet_row(sheet, cells);
	}
	tayra__sheet_table_end(sheet);
}

int
tayra__pace_report_scenario(struct tayra__pace_report *report,
			    const struct tayra__scenario *scenario)
{
	struct tayra__sheet sheet = { .out = report->out, .form = TAYRA__FORM_HTML };
	int status;

	tayra__sheet_title(&sheet, scenario->name);
	if (scenario->sentence)
		tayra__sheet_text(&sheet, scenario->sentence);
	put_runs(report, &sheet);
	put_verdicts(report, &sheet);
	status = tayra__pace_plots(scenario, report->series, report->runs, &sheet);
	report->runs = report->verdict_count = 0;
	return status;
}

/* Instead of what is there. */
static bool
write_page(const struct tayra__pace_report *report)
{
	size_t done = 0;

	if (ftruncate(report->fd, 0) < 0 && errno != EINVAL) /* EINVAL: it is no regular file */
		return false;
	while (done < report->len) {
		ssize_t n = write(report->fd, report->page + done, report->len - done);

		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0)
			done += (size_t)n;
	}
	return true;
}

static int
dispose(struct tayra__pace_report *report)
{
	int closed = close(report->fd);

	free(report->page);
	tayra__mem_free(report->verdicts);
	tayra__mem_free(report);
	return closed < 0 ? TAYRA_E_IO : TAYRA_OK;
}

void
tayra__pace_report_drop(struct tayra__pace_report *report)
{
	if (!report)
		return;
	if (report->out)
		fclose(report->out);
	dispose(report);
}

int
tayra__pace_report_close(struct tayra__pace_report *report)
{
	bool written;
	int status;

	if (!report)
		return TAYRA_OK;
	fputs("</main></body></html>\n", report->out);
	written = fclose(report->out) == 0 && write_page(report);
	status = dispose(report);
	return written ? status : TAYRA_E_IO;
}
