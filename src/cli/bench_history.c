/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_history.c: `tayra bench history`, `report` and `cost`: what was found before, how it moves,
 * and what it means in money.
 */
#include "cli/bench.h"

#include <tayra/base.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/option.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "prove/history.h"
#include "prove/saving.h"
#include "report/figure.h"
#include "report/html.h"
#include "report/sheet.h"
#include "showcase/prices.h"
#include "stat/trend.h"

#define SHOWN   20   /* rows of a series, the newest */
#define TRENDED 1000 /* values of a series, the newest */

enum key { BENCH = 256, METRIC, JSON, PRICES, SEED, HTML };

/* A verdict without its pairs, and the pairs of the newest that has them. */
struct past {
	const char *command;
	const char *bench, *metric, *prices_path; /* what is wanted; NULL: all */
	const char *html_path;
	uint64_t seed;
	bool json;
	const char *files[64];
	size_t file_count;
	struct tayra__history_row *rows;
	size_t count, room;
	bool no_memory;
	/* Of the last row that was wanted, for its cost. */
	double *pairs; /* [2 * TAYRA__HISTORY_PAIRS] */
	struct tayra__history_row last;
};

static const struct argp_option history_table[] = {
	{ "bench", BENCH, "NAME", 0, "only what was recorded under that name", 0 },
	{ "metric", METRIC, "NAME", 0, "only that metric", 0 },
	{ "json", JSON, NULL, 0, "a JSON object a series", 0 },
	{ 0 },
};

static const struct argp_option report_table[] = {
	{ "bench", BENCH, "NAME", 0, "only what was recorded under that name", 0 },
	{ "metric", METRIC, "NAME", 0, "only that metric", 0 },
	{ "html", HTML, "FILE", 0, "a page, instead of Markdown on standard output", 0 },
	{ 0 },
};

static const struct argp_option cost_table[] = {
	{ "prices", PRICES, "FILE", 0, "your prices, as contrib/prices.json", 0 },
	{ "bench", BENCH, "NAME", 0, "the newest of that name (default: the newest of all)", 0 },
	{ "seed", SEED, "N", 0, "of the draws (default 1)", 0 },
	{ "json", JSON, NULL, 0, "the last line of output is a JSON object", 0 },
	{ 0 },
};

static error_t
take_option(int key, char *arg, struct argp_state *state)
{
	struct past *past = state->input;

	switch (key) {
	case BENCH: past->bench = arg; return 0;
	case METRIC: past->metric = arg; return 0;
	case PRICES: past->prices_path = arg; return 0;
	case JSON: past->json = true; return 0;
	case HTML: past->html_path = arg; return 0;
	case SEED:
		if (tayra__option_u64(arg, 0, UINT64_MAX / 2, &past->seed) == TAYRA_OK)
			return 0;
		tayra__cli_error(past->command, "--seed '%s' is not a whole number", arg);
		return EINVAL;
	case ARGP_KEY_ARG:
		if (past->file_count < sizeof(past->files) / sizeof(past->files[0])) {
			past->files[past->file_count++] = arg;
			return 0;
		}
		tayra__cli_error(past->command, "more than 64 files");
		return EINVAL;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static void
note(void *ctx, const char *text)
{
	const struct past *past = ctx;

	tayra__cli_error(past->command, "passed over: %s", text);
}

static bool
keep(void *ctx, const struct tayra__history_row *row)
{
	struct past *past = ctx;

	if ((past->bench && strcmp(past->bench, row->bench) != 0) ||
	    (past->metric && strcmp(past->metric, row->metric) != 0))
		return true;
	if (past->count == past->room) {
		size_t room = past->room ? 2 * past->room : 64;
		void *rows = tayra__mem_resize(past->rows, room * sizeof(*past->rows));

		if (!rows) {
			past->no_memory = true;
			return false;
		}
		past->rows = rows;
		past->room = room;
	}
	past->rows[past->count++] = *row;
	if (strcmp(row->time, past->last.time) >= 0) {
		past->last = *row;
		memcpy(past->pairs, row->a_pairs, row->pairs_kept * sizeof(double));
		memcpy(past->pairs + TAYRA__HISTORY_PAIRS, row->b_pairs,
		       row->pairs_kept * sizeof(double));
	}
	return true;
}

static int
read_file(struct past *past, const char *path)
{
	const struct tayra__history_reader reader = { keep, note, past };
	struct tayra__history_count count;
	bool standard = strcmp(path, "-") == 0;
	FILE *in = standard ? stdin : fopen(path, "re");
	int status;

	if (!in) {
		tayra__cli_error(past->command, "%s: %m", path);
		return TAYRA__EXIT_USAGE;
	}
	status = tayra__history_read(in, standard ? "stdin" : path, &reader, &count);
	if (status == TAYRA_E_IO)
		tayra__cli_error(past->command, "%s: %m", path);
	if (!standard)
		fclose(in);
	if (status == TAYRA_E_NOMEM || past->no_memory) {
		tayra__cli_error(past->command, "%s", tayra_status_text(TAYRA_E_NOMEM));
		return TAYRA__EXIT_FAILURE;
	}
	return status == TAYRA_OK ? TAYRA__EXIT_OK : TAYRA__EXIT_USAGE;
}

/* Rows of one series together, in order of time; what a merge doubled, side by side. */
static int
by_series(const void *left, const void *right)
{
	const struct tayra__history_row *a = left, *b = right;
	int order = strcmp(a->bench, b->bench);

	if (!order)
		order = strcmp(a->metric, b->metric);
	if (!order)
		order = strcmp(a->b, b->b);
	if (!order)
		order = strcmp(a->time, b->time);
	return order ? order : strcmp(a->run, b->run);
}

static bool
same_series(const struct tayra__history_row *a, const struct tayra__history_row *b)
{
	return strcmp(a->bench, b->bench) == 0 && strcmp(a->metric, b->metric) == 0 &&
	       strcmp(a->b, b->b) == 0;
}

static void
drop_doubles(struct past *past)
{
	size_t kept = 0;

	qsort(past->rows, past->count, sizeof(*past->rows), by_series);
	for (size_t i = 0; i < past->count; i++)
		if (!kept || by_series(&past->rows[kept - 1], &past->rows[i]) != 0)
			past->rows[kept++] = past->rows[i];
	past->count = kept;
}

/* The trend of b's figure, as a relative change a run. */
static int
trend_of(const struct tayra__history_row *rows, size_t n, struct tayra__trend *out)
{
	double logs[TRENDED];
	size_t first = n > TRENDED ? n - TRENDED : 0, count = 0;
	int status;

	for (size_t i = first; i < n; i++)
		if (rows[i].b_value > 0)
			logs[count++] = log(rows[i].b_value);
	status = tayra__trend(logs, count, 0.05, out);
	out->slope = expm1(out->slope);
	out->lo = expm1(out->lo);
	out->hi = expm1(out->hi);
	return status;
}

static void
put_spark(const struct tayra__history_row *rows, size_t n)
{
	static const char *const levels[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	size_t first = n > 60 ? n - 60 : 0;
	double least = HUGE_VAL, most = 0;

	for (size_t i = first; i < n; i++) {
		least = fmin(least, rows[i].b_value);
		most = fmax(most, rows[i].b_value);
	}
	fputs("  ", stdout);
	for (size_t i = first; i < n; i++) {
		double share = most > least ? (rows[i].b_value - least) / (most - least) : 0;

		fputs(isnan(rows[i].b_value) ? " " : levels[(int)(share * 7.99)], stdout);
	}
	putchar('\n');
}

static void
print_series(const struct tayra__history_row *rows, size_t n, const struct tayra__trend *trend)
{
	printf("\n%s, %s of %s\n", rows[0].bench, rows[0].metric, rows[0].b);
	printf("  %-21s %-12s %12s %8s  %-18s %s\n", "time", "revision", rows[0].b, "ratio",
	       "95% interval", "verdict");
	for (size_t i = n > SHOWN ? n - SHOWN : 0; i < n; i++) {
		char value[16], unit[40], ratio[16], bounds[40];

		snprintf(unit, sizeof(unit), "%s %s", tayra__figure_number(rows[i].b_value, value),
			 rows[i].unit);
		snprintf(ratio, sizeof(ratio), isnan(rows[i].ratio) ? "-" : "%.3f", rows[i].ratio);
		printf("  %-21s %-12.12s %12s %8s  %-18s %s\n", rows[i].time, rows[i].commit, unit,
		       ratio, tayra__figure_interval(rows[i].lo, rows[i].hi, bounds),
		       rows[i].verdict);
	}
	put_spark(rows, n);
	if (isnan(trend->slope))
		printf("  %zu runs: no trend can be told from fewer than four\n", n);
	else
		printf("  %zu runs: %+.2f%% a run (%+.2f .. %+.2f), p %.3g: %s\n", n,
		       100 * trend->slope, 100 * trend->lo, 100 * trend->hi, trend->p,
		       trend->p < 0.05 ? trend->slope > 0 ? "it rises" : "it falls" : "no trend");
}

static int
json_series(const struct tayra__history_row *rows, size_t n, const struct tayra__trend *trend)
{
	struct tayra__json json;

	tayra__json_init(&json, stdout, TAYRA__JSON_LINE);
	tayra__json_object(&json, NULL);
	tayra__json_string(&json, "bench", rows[0].bench);
	tayra__json_string(&json, "metric", rows[0].metric);
	tayra__json_string(&json, "b", rows[0].b);
	tayra__json_u64(&json, "runs", n);
	tayra__json_double(&json, "last", rows[n - 1].b_value, 9);
	tayra__json_string(&json, "unit", rows[0].unit);
	tayra__json_string(&json, "verdict", rows[n - 1].verdict);
	tayra__json_double(&json, "trend_per_run", trend->slope, 6);
	tayra__json_double(&json, "trend_lo", trend->lo, 6);
	tayra__json_double(&json, "trend_hi", trend->hi, 6);
	tayra__json_double(&json, "trend_p", trend->p, 6);
	tayra__json_end(&json);
	return tayra__json_finish(&json);
}

static int
print_all(const struct past *past)
{
	for (size_t from = 0, to; from < past->count; from = to) {
		const struct tayra__history_row *rows = past->rows + from;
		struct tayra__trend trend;

		for (to = from + 1; to < past->count && same_series(rows, past->rows + to); to++)
			continue;
		if (trend_of(rows, to - from, &trend) != TAYRA_OK)
			return TAYRA__EXIT_FAILURE;
		if (past->json && json_series(rows, to - from, &trend) < 0)
			return TAYRA__EXIT_FAILURE;
		if (!past->json)
			print_series(rows, to - from, &trend);
	}
	return fflush(stdout) == 0 ? TAYRA__EXIT_OK : TAYRA__EXIT_FAILURE;
}

/* Read options and files.  The rows are to be freed in any case. */
static int
load(struct past *past, int argc, char **argv, const struct argp_option *table, const char *doc)
{
	const struct argp argp = {
		.options = table, .parser = take_option, .args_doc = "FILE...", .doc = doc
	};
	int code;

	*past = (struct past){ .command = argv[0], .seed = 1 };
	/* Only a comparison of processor time has a price. */
	past->metric = table == cost_table ? "cpu" : NULL;
	code = tayra__cli_parse(&argp, argc, argv, past);
	if (code == TAYRA__EXIT_OK && !past->file_count) {
		tayra__cli_error(argv[0],
				 "no file of a history given (--history FILE of run and gate "
				 "writes one)");
		code = TAYRA__EXIT_USAGE;
	}
	past->pairs = tayra__mem_array(2 * TAYRA__HISTORY_PAIRS, sizeof(*past->pairs));
	if (code == TAYRA__EXIT_OK && !past->pairs)
		code = TAYRA__EXIT_FAILURE;
	for (size_t i = 0; i < past->file_count && code == TAYRA__EXIT_OK; i++)
		code = read_file(past, past->files[i]);
	if (code == TAYRA__EXIT_OK && !past->count) {
		tayra__cli_error(argv[0], "nothing of that name and metric in the history%s",
				 table == cost_table ? ": only --metric cpu has a price" : "");
		code = TAYRA__EXIT_USAGE;
	}
	return code;
}

static void
unload(struct past *past)
{
	tayra__mem_free(past->pairs);
	tayra__mem_free(past->rows);
}

int
tayra__bench_history(int argc, char **argv)
{
	static struct past past;
	int code = load(
		&past, argc, argv, history_table,
		"Shows verdicts that were kept, by what was measured, and whether it rises or "
		"falls.\vFigures of different days come from different machines and weather: a "
		"trend is a reason to look, not a verdict.");

	if (code == TAYRA__EXIT_OK) {
		drop_doubles(&past);
		code = print_all(&past);
	}
	unload(&past);
	return code;
}

/* A series as a row: its newest verdict and its trend. */
static int
report_series(const struct tayra__history_row *rows, size_t n, struct tayra__sheet *sheet)
{
	const struct tayra__history_row *last = &rows[n - 1];
	char ratio[32], bounds[40], runs[32], moves[80];
	const char *cells[] = { last->bench,   last->metric, ratio, bounds,
				last->verdict, last->time,   runs,  moves };
	struct tayra__trend trend;

	if (trend_of(rows, n, &trend) != TAYRA_OK)
		return TAYRA_E_NOMEM;
	snprintf(ratio, sizeof(ratio), isnan(last->ratio) ? "-" : "%.3f", last->ratio);
	tayra__figure_interval(last->lo, last->hi, bounds);
	snprintf(runs, sizeof(runs), "%zu", n);
	if (isnan(trend.slope))
		snprintf(moves, sizeof(moves), "-");
	else
		snprintf(moves, sizeof(moves), "%+.2f%% a run, p %.3g", 100 * trend.slope, trend.p);
	tayra__sheet_row(sheet, cells);
	return TAYRA_OK;
}

static int
report_all(const struct past *past, enum tayra__form form, FILE *out)
{
	static const char *const heads[] = { "what",    "metric", "ratio", "95% interval",
					     "verdict", "when",   "runs",  "trend" };
	struct tayra__sheet sheet = { .out = out, .form = form };
	int status = TAYRA_OK;

	if (form == TAYRA__FORM_HTML)
		tayra__html_head(out, "tayra bench: history");
	tayra__sheet_title(&sheet, "What was measured, newest verdicts");
	tayra__sheet_table(&sheet, heads, 8);
	for (size_t from = 0, to; from < past->count && status == TAYRA_OK; from = to) {
		for (to = from + 1;
		     to < past->count && same_series(past->rows + from, past->rows + to); to++)
			continue;
		status = report_series(past->rows + from, to - from, &sheet);
	}
	tayra__sheet_table_end(&sheet);
	tayra__sheet_text(
		&sheet, "A ratio compares two things that were run in turns, now. A trend compares "
			"days, and so machines and weather too: a reason to look, not a verdict.");
	if (form == TAYRA__FORM_HTML)
		fputs("</main></body></html>\n", out);
	return status;
}

static int
write_report(const struct past *past)
{
	FILE *out = past->html_path ? fopen(past->html_path, "we") : stdout;
	bool failed;

	if (!out) {
		tayra__cli_error(past->command, "%s: %m", past->html_path);
		return TAYRA__EXIT_USAGE;
	}
	failed = report_all(past, past->html_path ? TAYRA__FORM_HTML : TAYRA__FORM_MD, out) < 0;
	failed |= ferror(out) != 0 || (past->html_path ? fclose(out) : fflush(out)) != 0;
	if (!failed)
		return TAYRA__EXIT_OK;
	tayra__cli_error(past->command, "%s: cannot be written",
			 past->html_path ? past->html_path : "standard output");
	return TAYRA__EXIT_USAGE;
}

int
tayra__bench_report(int argc, char **argv)
{
	static struct past past;
	int code = load(
		&past, argc, argv, report_table,
		"Makes a summary of a history: what was measured, the newest verdict of each, "
		"and its trend, as Markdown or as a page. (--html of run and gate makes the "
		"page of one comparison.)");

	if (code == TAYRA__EXIT_OK) {
		drop_doubles(&past);
		code = write_report(&past);
	}
	unload(&past);
	return code;
}

static void
put_figure(const char *what, const struct tayra__saving_figure *f, const char *unit)
{
	char value[16], bounds[40];

	printf("  %-34s %9s %-8s (%s)\n", what, tayra__figure_number(f->value, value), unit,
	       tayra__figure_interval(f->lo, f->hi, bounds));
}

static void
print_saving(const struct tayra__history_row *row, const struct tayra__prices *prices,
	     const struct tayra__saving *s)
{
	printf("\n%s of %s: %s against %s, %s\n", row->bench, row->time, row->b, row->a,
	       row->verdict);
	put_figure("efficiency of the base", &s->efficiency_a, "/CPU s");
	put_figure("efficiency of the other", &s->efficiency_b, "/CPU s");
	put_figure("headroom of the same processors", &s->headroom, "times");
	if (s->why_not[0]) {
		printf("  no money: %s\n", s->why_not);
		return;
	}
	printf("  prices: %s\n", prices->label);
	put_figure("cost of the base, a month", &s->cost_a, prices->currency);
	put_figure("cost of the other, a month", &s->cost_b, prices->currency);
	put_figure("saving, a month", &s->saving, prices->currency);
	put_figure("gain over the months, all costs", &s->gain, prices->currency);
	printf("  %-34s %8.0f%%\n", "draws in which it pays", 100 * s->positive);
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

static int
json_saving(const struct tayra__history_row *row, const struct tayra__prices *prices,
	    const struct tayra__saving *s)
{
	struct tayra__json json;

	tayra__json_init(&json, stdout, TAYRA__JSON_LINE);
	tayra__json_object(&json, NULL);
	tayra__json_string(&json, "bench", row->bench);
	tayra__json_string(&json, "verdict", row->verdict);
	json_figure(&json, "efficiency_a", &s->efficiency_a);
	json_figure(&json, "efficiency_b", &s->efficiency_b);
	json_figure(&json, "headroom", &s->headroom);
	json_figure(&json, "cost_a", &s->cost_a);
	json_figure(&json, "cost_b", &s->cost_b);
	json_figure(&json, "saving", &s->saving);
	json_figure(&json, "gain", &s->gain);
	tayra__json_double(&json, "positive", s->positive, 6);
	tayra__json_string(&json, "currency", s->why_not[0] ? NULL : prices->currency);
	tayra__json_string(&json, "why_not", s->why_not[0] ? s->why_not : NULL);
	tayra__json_end(&json);
	return tayra__json_finish(&json);
}

static enum tayra_verdict
verdict_of(const char *name)
{
	if (strcmp(name, "FASTER") == 0)
		return TAYRA_BETTER;
	if (strcmp(name, "SLOWER") == 0)
		return TAYRA_WORSE;
	for (int v = TAYRA_INVALID; v <= TAYRA_UNDECIDED; v++)
		if (strcmp(name, tayra_verdict_name((enum tayra_verdict)v)) == 0)
			return (enum tayra_verdict)v;
	return TAYRA_INVALID;
}

static int
price(struct past *past, const struct tayra__prices *prices)
{
	const double *v = prices->value;
	const struct tayra__saving_terms terms = {
		.cpu_hour = v[TAYRA__PRICE_CPU_HOUR],
		.requests_per_month = v[TAYRA__PRICE_REQUESTS_PER_MONTH],
		.months = v[TAYRA__PRICE_MONTHS],
		.once = v[TAYRA__PRICE_ENGINEER_HOUR] * v[TAYRA__PRICE_ENGINEER_HOURS_TO_ADOPT],
		.per_month = v[TAYRA__PRICE_ENGINEER_HOUR] *
			     v[TAYRA__PRICE_ENGINEER_HOURS_PER_MONTH],
	};
	struct tayra__saving saving;
	int status = tayra__saving_compute(past->pairs, past->pairs + TAYRA__HISTORY_PAIRS,
					   past->last.pairs_kept, verdict_of(past->last.verdict),
					   prices->given ? &terms : NULL, past->seed, &saving);

	if (status != TAYRA_OK) {
		tayra__cli_error(past->command, "%s: its pairs: %s", past->last.bench,
				 tayra_status_text(status));
		return status == TAYRA_E_INVAL ? TAYRA__EXIT_USAGE : TAYRA__EXIT_FAILURE;
	}
	print_saving(&past->last, prices, &saving);
	if (past->json && json_saving(&past->last, prices, &saving) < 0)
		return TAYRA__EXIT_FAILURE;
	return fflush(stdout) == 0 ? TAYRA__EXIT_OK : TAYRA__EXIT_FAILURE;
}

int
tayra__bench_cost(int argc, char **argv)
{
	static struct past past;
	struct tayra__prices prices = { .given = false };
	char error[400];
	int code;

	code = load(
		&past, argc, argv, cost_table,
		"What the newest comparison of processor time (--metric cpu) in a history means: "
		"efficiency, headroom, and with your prices money, each with its interval.");
	if (code == TAYRA__EXIT_OK && past.prices_path &&
	    tayra__prices_read(past.prices_path, &prices, error, sizeof(error)) < 0) {
		tayra__cli_error(past.command, "%s", error);
		code = TAYRA__EXIT_USAGE;
	}
	if (code == TAYRA__EXIT_OK)
		code = price(&past, &prices);
	unload(&past);
	return code;
}
