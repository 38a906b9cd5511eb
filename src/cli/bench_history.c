/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_history.c: `tayra bench history`: what was found before, and how it moves.
 */
#include "cli/bench.h"

#include <tayra/base.h>

#include <math.h>
#include <stdio.h>

#include "base/json.h"
#include "cli/bench_past.h"
#include "cli/command.h"
#include "report/figure.h"
#include "report/series_plot.h"

#define SHOWN 20 /* rows of a series, the newest */

static const struct argp_option history_table[] = {
	{ "bench", TAYRA__PAST_BENCH, "NAME", 0, "only what was recorded under that name", 0 },
	{ "metric", TAYRA__PAST_METRIC, "NAME", 0, "only that metric", 0 },
	{ "json", TAYRA__PAST_JSON, NULL, 0, "a JSON object a series", 0 },
	{ 0 },
};

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
	char sentence[160];

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
	printf("  %s\n", tayra__series_sentence(n, trend, sentence));
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
print_all(const struct tayra__bench_past *all)
{
	const struct tayra__past *past = &all->past;

	for (size_t from = 0, to; from < past->count; from = to) {
		const struct tayra__history_row *rows = past->rows + from;
		struct tayra__trend trend;

		to = tayra__past_series(past, from);
		if (tayra__past_trend(rows, to - from, &trend) != TAYRA_OK)
			return TAYRA__EXIT_FAILURE;
		if (all->json && json_series(rows, to - from, &trend) < 0)
			return TAYRA__EXIT_FAILURE;
		if (!all->json)
			print_series(rows, to - from, &trend);
	}
	return TAYRA__EXIT_OK;
}

int
tayra__bench_history(int argc, char **argv)
{
	static struct tayra__bench_past past;
	int code = tayra__bench_past_read(
		&past, argc, argv, history_table,
		"Shows verdicts that were kept, by what was measured, and whether it rises or "
		"falls.\vFigures of different days come from different machines and weather: a "
		"trend is a reason to look, not a verdict.");

	if (code == TAYRA__EXIT_OK)
		code = print_all(&past);
	tayra__bench_past_fini(&past);
	return code;
}
