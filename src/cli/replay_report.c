/* SPDX-License-Identifier: Apache-2.0
 *
 * replay_report.c: a page with one chart a trace, miss ratio over capacity, a line a policy; and
 * the numbers.  Nothing is loaded from anywhere and no script runs.
 */
#include "cli/replay_cell.h"

#include <tayra/base.h>

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "report/html.h"

#define WIDTH  720.0
#define HEIGHT 320.0
#define LEFT   56.0
#define RIGHT  140.0
#define TOP    16.0
#define BOTTOM 40.0

static const char *const colours[] = { "#4269d0", "#d97706", "#dc2626", "#16a34a", "#7c3aed" };

static const char *
colour(size_t policy)
{
	return colours[policy % (sizeof(colours) / sizeof(colours[0]))];
}

/* What of a trace is drawn, and how far the axes go; capacity on a log scale. */
struct chart {
	const struct tayra__replay_cell *cells;
	size_t count;
	double least, most, ceiling;
};

static struct chart
measure(const struct tayra__replay_cell *cells, size_t count)
{
	struct chart chart = { cells, count, HUGE_VAL, 0, 0 };

	for (size_t i = 0; i < count; i++) {
		chart.least = fmin(chart.least, log((double)cells[i].capacity));
		chart.most = fmax(chart.most, log((double)cells[i].capacity));
		chart.ceiling = fmax(chart.ceiling, tayra__replay_miss_ratio(&cells[i]));
	}
	chart.ceiling = fmin(1, ceil(chart.ceiling * 10 + 1e-9) / 10);
	return chart;
}

static double
x_of(const struct chart *chart, double capacity)
{
	double span = chart->most - chart->least;

	return LEFT +
	       (WIDTH - LEFT - RIGHT) * (span > 0 ? (log(capacity) - chart->least) / span : 0.5);
}

static double
y_of(const struct chart *chart, double ratio)
{
	return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * ratio / chart->ceiling;
}

static void
draw_axes(FILE *out, const struct chart *chart)
{
	for (int i = 0; i <= 4; i++) {
		double ratio = chart->ceiling * i / 4, y = y_of(chart, ratio);
		char label[16];

		fprintf(out, "<line x1=\"%g\" y1=\"%.1f\" x2=\"%g\" y2=\"%.1f\" stroke=\"#ddd\"/>",
			LEFT, y, WIDTH - RIGHT, y);
		snprintf(label, sizeof(label), "%.1f%%", ratio * 100);
		tayra__html_svg_text(out, LEFT - 6, y + 4, "end", label);
		fputc('\n', out);
	}
	for (size_t i = 0; i < chart->count; i++) {
		const struct tayra__replay_cell *cell = &chart->cells[i];

		if (strcmp(cell->policy, chart->cells[0].policy) != 0)
			break;
		tayra__html_svg_text(out, x_of(chart, (double)cell->capacity), HEIGHT - BOTTOM + 18,
				     "middle", cell->capacity_text);
		fputc('\n', out);
	}
}

/* The cells of a policy follow one another; capacities in the order they were asked for. */
static void
draw_lines(FILE *out, const struct chart *chart)
{
	size_t policy = 0;

	for (size_t i = 0; i < chart->count; policy++) {
		const char *name = chart->cells[i].policy;
		size_t first = i;

		fprintf(out, "<polyline fill=\"none\" stroke-width=\"2\" stroke=\"%s\" points=\"",
			colour(policy));
		for (; i < chart->count && strcmp(chart->cells[i].policy, name) == 0; i++)
			fprintf(out, "%.1f,%.1f ", x_of(chart, (double)chart->cells[i].capacity),
				y_of(chart, tayra__replay_miss_ratio(&chart->cells[i])));
		fputs("\"/>\n", out);
		for (size_t j = first; j < i; j++)
			fprintf(out, "<circle r=\"3\" fill=\"%s\" cx=\"%.1f\" cy=\"%.1f\"/>",
				colour(policy), x_of(chart, (double)chart->cells[j].capacity),
				y_of(chart, tayra__replay_miss_ratio(&chart->cells[j])));
		fprintf(out, "<g fill=\"%s\">", colour(policy));
		tayra__html_svg_text(out, WIDTH - RIGHT + 12, TOP + 12 + 18 * (double)policy,
				     "start", name);
		fputs("</g>\n", out);
	}
}

static void
print_rows(FILE *out, const struct chart *chart)
{
	fputs("<table><tr><th>policy<th>capacity<th><th>misses<th>of bytes<th>fewer than lru"
	      "<th>ns/request</tr>\n",
	      out);
	for (size_t i = 0; i < chart->count; i++) {
		const struct tayra__replay_cell *cell = &chart->cells[i];
		double bytes = tayra__replay_byte_miss_ratio(cell);
		double less = tayra__replay_reduction(chart->cells, chart->count, cell);

		fprintf(out, "<tr><td>%s<td>", cell->policy);
		tayra__html_text(out, cell->capacity_text);
		fprintf(out, "<td>%" PRIu64 "<td>%.4f%%<td>", cell->capacity,
			tayra__replay_miss_ratio(cell) * 100);
		if (!isnan(bytes))
			fprintf(out, "%.4f%%", bytes * 100);
		fputs("<td>", out);
		if (!isnan(less) && strcmp(cell->policy, "lru") != 0)
			fprintf(out, "%+.2f%%", less * 100);
		fprintf(out, "<td>%.1f</tr>\n", tayra__replay_ns_per_request(cell));
	}
	fputs("</table>\n", out);
}

static void
print_trace(FILE *out, const struct tayra__replay_cell *cells, size_t count)
{
	const struct tayra__replay_trace *trace = cells[0].trace;
	struct chart chart = measure(cells, count);

	fputs("<h2>", out);
	tayra__html_text(out, trace->name);
	fprintf(out, "</h2>\n<p>%" PRIu64 " requests, %" PRIu64 " keys, capacity in %s</p>\n",
		trace->requests, trace->keys,
		trace->sizes == TAYRA__SIZES_REAL ? "bytes" : "objects");
	fprintf(out,
		"<svg viewBox=\"0 0 %g %g\" role=\"img\" aria-label=\"miss ratio over "
		"capacity\">\n",
		WIDTH, HEIGHT);
	draw_axes(out, &chart);
	draw_lines(out, &chart);
	fputs("</svg>\n", out);
	print_rows(out, &chart);
}

int
tayra__replay_print_report(FILE *out, const struct tayra__replay_cell *cells, size_t count)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>tayra replay"
	      "</title>\n<style>body{font:15px sans-serif;max-width:780px;margin:2em auto;"
	      "padding:0 1em}svg text{font-size:12px}table{border-collapse:collapse}"
	      "td,th{padding:.2em .8em;text-align:right;border-bottom:1px solid #ddd}"
	      "td:first-child,th:first-child{text-align:left}</style>\n"
	      "<h1>Miss ratios</h1>\n<p>Cold misses count. Capacity on a logarithmic scale.</p>\n",
	      out);
	if (count == 0)
		fputs("<p>Stopped before the first result.</p>\n", out);
	for (size_t i = 0; i < count;) {
		size_t first = i;

		while (i < count && cells[i].trace == cells[first].trace)
			i++;
		print_trace(out, cells + first, i - first);
	}
	fputs("</html>\n", out);
	return fflush(out) || ferror(out) ? TAYRA_E_IO : TAYRA_OK;
}
