/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pace_plots.h"

#include <math.h>
#include <string.h>

#include "report/html.h"
#include "report/plot.h"

#define GROUP  5 /* buckets are one point */
#define POINTS (TAYRA__METER_BUCKETS / GROUP)

/* Of one point; NaN: nothing to draw. */
typedef double (*measure_fn)(const struct tayra__meter_bucket *buckets, double seconds);

static double
per_look(const struct tayra__meter_bucket *buckets,
	 double (*of)(const struct tayra__meter_bucket *bucket))
{
	double sum = 0, looks = 0;

	for (int i = 0; i < GROUP; i++) {
		sum += of(&buckets[i]);
		looks += buckets[i].looks;
	}
	return looks > 0 ? sum / looks : nan("");
}

static double
limit_of(const struct tayra__meter_bucket *bucket)
{
	return bucket->limit;
}

static double
inflight_of(const struct tayra__meter_bucket *bucket)
{
	return bucket->inflight;
}

static double
queued_of(const struct tayra__meter_bucket *bucket)
{
	return bucket->queued;
}

static double
measure_limit(const struct tayra__meter_bucket *buckets, double seconds)
{
	return per_look(buckets, limit_of);
}

static double
measure_inflight(const struct tayra__meter_bucket *buckets, double seconds)
{
	return per_look(buckets, inflight_of);
}

static double
measure_queue(const struct tayra__meter_bucket *buckets, double seconds)
{
	return per_look(buckets, queued_of);
}

static double
measure_goodput(const struct tayra__meter_bucket *buckets, double seconds)
{
	double good = 0;

	for (int i = 0; i < GROUP; i++)
		good += buckets[i].fates[TAYRA__FATE_GOOD];
	return good / seconds;
}

/* The longest of its buckets' p99. */
static double
measure_latency(const struct tayra__meter_bucket *buckets, double seconds)
{
	double most = nan("");

	for (int i = 0; i < GROUP; i++)
		if (buckets[i].p99_ns)
			most = fmax(most, (double)buckets[i].p99_ns / 1e6);
	return most;
}

static void
fill_line(struct tayra__plot *plot, size_t line, const struct tayra__pace_series *series,
	  measure_fn measure)
{
	const double seconds = GROUP * (double)series->bucket_ns / 1e9;

	for (size_t i = 0; i < POINTS; i++) {
		plot->at[i] = ((double)i + 0.5) * seconds;
		tayra__plot_value(plot, line, i)->y = measure(&series->buckets[i * GROUP], seconds);
	}
}

static void
mark_changes(struct tayra__plot *plot, const struct tayra__scenario *scenario)
{
	static const char *const states[] = { "", " well", " hung", " dead" };

	for (size_t i = 0; i < scenario->change_count; i++) {
		const struct tayra__change_setting *change = &scenario->changes[i];
		char speed[24] = "", load[24] = "", errors[24] = "";

		if (change->speed >= 0)
			snprintf(speed, sizeof(speed), " speed %.3g", change->speed);
		if (change->load >= 0)
			snprintf(load, sizeof(load), " load x %.3g", change->load);
		if (change->errors >= 0)
			snprintf(errors, sizeof(errors), " errors %.3g%%", 100 * change->errors);
		tayra__plot_rule(plot, (double)change->at_ns / 1e9, true, "%s%s%s%s",
				 states[change->state], speed, load, errors);
	}
}

/* What is in use says more than the limit, of one that moves. */
static bool
has_thin(const struct tayra__pace_series *series, measure_fn thin)
{
	return thin && strncmp(series->name, "fixed:", 6) != 0;
}

static void
add_line(struct tayra__plot *plot, size_t *line, const struct tayra__pace_series *series,
	 unsigned look, measure_fn measure)
{
	snprintf(plot->line[*line].name, sizeof(plot->line[0].name), "%s", series->name);
	plot->line[*line].look = look;
	fill_line(plot, (*line)++, series, measure);
}

/* One plot of a measure; with a second one, that is drawn thin beside the first. */
static int
begin_plot(struct tayra__plot *plot, const struct tayra__pace_series *series, size_t count,
	   measure_fn measure, measure_fn thin)
{
	size_t lines = count, line = 0;
	int status;

	for (size_t i = 0; i < count; i++)
		lines += has_thin(&series[i], thin);
	status = tayra__plot_init(plot, lines, POINTS);
	if (status != TAYRA_OK)
		return status;
	plot->x.name = "s";
	for (size_t i = 0; i < count; i++)
		add_line(plot, &line, &series[i], (unsigned)i, measure);
	for (size_t i = 0; i < count; i++) {
		if (!has_thin(&series[i], thin))
			continue;
		plot->line[line].thin = true;
		add_line(plot, &line, &series[i], (unsigned)i, thin);
		snprintf(plot->line[line - 1].name, sizeof(plot->line[0].name), "%s, in use",
			 series[i].name);
	}
	return TAYRA_OK;
}

static void
end_plot(struct tayra__plot *plot, const char *title, struct tayra__sheet *sheet)
{
	fputs("<div><h3>", sheet->out);
	tayra__html_text(sheet->out, title);
	fputs("</h3>\n", sheet->out);
	plot->what = title;
	tayra__plot_put(plot, sheet);
	tayra__plot_fini(plot);
	fputs("</div>\n", sheet->out);
}

static double
deadline_ms(const struct tayra__scenario *scenario)
{
	double least = nan("");

	for (size_t i = 0; i < scenario->load_count; i++)
		if (scenario->loads[i].deadline_ns)
			least = fmin(least, (double)scenario->loads[i].deadline_ns / 1e6);
	return least;
}

int
tayra__pace_plots(const struct tayra__scenario *scenario, const struct tayra__pace_series *series,
		  size_t count, struct tayra__sheet *sheet)
{
	/* In use only where there is room for it. */
	const struct {
		const char *title, *unit;
		measure_fn measure, thin;
	} rows[] = {
		{ "Limit", "at once", measure_limit, count <= 3 ? measure_inflight : NULL },
		{ "Goodput", "answers a second", measure_goodput, NULL },
		{ "Latency, p99", "ms", measure_latency, NULL },
		{ "Queue", "waiting", measure_queue, NULL },
	};
	double capacity, deadline = deadline_ms(scenario);
	size_t knee;

	if (count == 0)
		return TAYRA_OK;
	if (count > TAYRA__PLOT_LINES)
		count = TAYRA__PLOT_LINES;
	capacity = tayra__backend_law_capacity(&scenario->backend, &knee);
	fputs("<div class=\"plots\">\n", sheet->out);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct tayra__plot plot;
		int status = begin_plot(&plot, series, count, rows[i].measure, rows[i].thin);

		if (status != TAYRA_OK)
			return status;
		plot.y.name = rows[i].unit;
		plot.y.log = rows[i].measure == measure_latency;
		if (rows[i].measure == measure_limit)
			tayra__plot_rule(&plot, (double)knee, false, "best at once: %zu", knee);
		if (rows[i].measure == measure_goodput)
			tayra__plot_rule(&plot, capacity, false, "capacity as built");
		if (rows[i].measure == measure_latency && !isnan(deadline))
			tayra__plot_rule(&plot, deadline, false, "deadline");
		mark_changes(&plot, scenario);
		end_plot(&plot, rows[i].title, sheet);
	}
	fputs("</div>\n", sheet->out);
	return TAYRA_OK;
}
