/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_outcome.c: where the outcome of a trial goes: the terminal, a history, a page, Markdown,
 * JSON.
 */
#include "cli/bench.h"

#include <tayra/base.h>

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cli/arguments.h"
#include "cli/bench_files.h"
#include "cli/bench_past.h"
#include "cli/command.h"
#include "report/trial_cost.h"
#include "report/trial_page.h"

/* An outcome on its way. */
struct outcome {
	const struct tayra__bench_options *options;
	struct tayra__trial_report report;
	struct tayra__cost costs[TAYRA__TRIAL_ARMS_MAX];
	struct tayra__series series[TAYRA__TRIAL_ARMS_MAX];
	struct tayra__trial_findings findings;
};

static int
no_memory(const struct outcome *out)
{
	tayra__cli_error(out->options->command, "%s", tayra_status_text(TAYRA_E_NOMEM));
	return TAYRA__EXIT_FAILURE;
}

static int
find_costs(struct outcome *out)
{
	const struct tayra__bench_options *o = out->options;

	if (o->metric->metric != TAYRA__CPU_MS_PER_REQUEST)
		return TAYRA__EXIT_OK;
	if (tayra__trial_cost(&out->report, o->prices.given ? &o->prices : NULL, out->costs) !=
	    TAYRA_OK)
		return no_memory(out);
	out->report.costs = out->costs;
	return TAYRA__EXIT_OK;
}

/* The series in the history that this trial has just been added to. */
static int
find_series(struct outcome *out)
{
	const struct tayra__bench_options *o = out->options;
	struct tayra__past past;
	char name[sizeof(past.last.bench)];
	int code = TAYRA__EXIT_OK;

	if (!o->history_path || !(o->md_path || o->html_path))
		return TAYRA__EXIT_OK;
	/* As it is cut in the history. */
	snprintf(name, sizeof(name), "%s", tayra__bench_name(o, &out->report));
	if (tayra__past_init(&past, name, o->metric->name) != TAYRA_OK)
		return no_memory(out);
	code = tayra__bench_past_add(&past, o->command, o->history_path);
	tayra__past_sort(&past);
	out->report.series = out->series;
	for (size_t from = 0, to; from < past.count && code == TAYRA__EXIT_OK; from = to) {
		size_t *n = &out->report.series_count;

		to = tayra__past_series(&past, from);
		if (*n < TAYRA__TRIAL_ARMS_MAX &&
		    tayra__trial_report_has(&out->report, past.rows[from].b) &&
		    tayra__series_init(&out->series[(*n)++], past.rows + from, to - from) !=
			    TAYRA_OK)
			code = no_memory(out);
	}
	tayra__past_fini(&past);
	return code;
}

static void
write_form(const void *ctx, enum tayra__form form, FILE *file)
{
	const struct outcome *out = ctx;

	tayra__trial_page(&out->report, &out->findings, form, file);
}

static int
write_files(struct outcome *out)
{
	const struct tayra__bench_options *o = out->options;
	const struct tayra__bench_files files = { o->command, o->md_path, o->html_path,
						  write_form };
	int code;

	if (!o->md_path && !o->html_path)
		return TAYRA__EXIT_OK;
	if (tayra__trial_findings(&out->report, &out->findings) != TAYRA_OK)
		return no_memory(out);
	code = tayra__bench_files_write(&files, out);
	tayra__trial_findings_fini(&out->findings);
	return code;
}

static void
print_costs(const struct outcome *out)
{
	struct tayra__sheet sheet = { .out = stdout, .form = TAYRA__FORM_TERMINAL };

	if (out->report.costs && out->options->prices.given)
		for (size_t i = 1; i < out->report.arms; i++)
			tayra__cost_put(&out->costs[i], &sheet);
}

/* => 0 or an exit code after saying why. */
static int
put_all(struct outcome *out, const bool *pass)
{
	const struct tayra__bench_options *o = out->options;
	int code = find_costs(out), other;

	tayra__trial_report_print(&out->report, TAYRA__FORM_TERMINAL, stdout);
	print_costs(out);
	if (code == TAYRA__EXIT_OK && o->history_path && out->report.trial->session.rounds)
		code = tayra__bench_keep(o, &out->report);
	other = code == TAYRA__EXIT_OK ? find_series(out) : code;
	if (code == TAYRA__EXIT_OK)
		code = other;
	other = write_files(out);
	if (code == TAYRA__EXIT_OK)
		code = other;
	if (o->json && tayra__trial_report_json(&out->report, pass, stdout) < 0)
		code = TAYRA__EXIT_FAILURE;
	return code;
}

int
tayra__bench_outcome(const struct tayra__bench_options *o, const struct tayra__trial_report *report,
		     const bool *pass)
{
	struct outcome *out = tayra__mem_alloc(sizeof(*out));
	int code;

	if (!out) {
		tayra__cli_error(o->command, "%s", tayra_status_text(TAYRA_E_NOMEM));
		return TAYRA__EXIT_FAILURE;
	}
	out->options = o;
	out->report = *report;
	code = put_all(out, pass);
	for (size_t i = 0; i < out->report.series_count; i++)
		tayra__series_fini(&out->series[i]);
	tayra__mem_free(out);
	return code;
}
