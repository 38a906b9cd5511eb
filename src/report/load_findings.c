/* SPDX-License-Identifier: Apache-2.0
 *
 * load_findings.c: what a report of a load test shows, computed.
 */
#include "report/load_page.h"

#include <tayra/base.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "report/figure.h"
#include "report/spread_plot.h"

#define STEPS_MAX 40 /* drawn of a climb: of more, every so many */

static double
seconds(uint64_t ns)
{
	return (double)ns / 1e9;
}

static const char *
phase_label(const struct tayra__phase *phase, char text[24])
{
	char rate[16];

	snprintf(text, 24, "%s %s/s", tayra__phase_name(phase->kind),
		 tayra__figure_tick(phase->rate_per_s, rate));
	return text;
}

static bool
is_step(const struct tayra__phase *phase)
{
	return (phase->kind == TAYRA__PHASE_LOAD || phase->kind == TAYRA__PHASE_STRESS) &&
	       phase->figures.offered;
}

static void
set_capacity_point(const struct tayra__phase *phase, size_t point, struct tayra__plot *out)
{
	char label[24];

	out->at[point] = phase->rate_per_s;
	snprintf(out->label[point], sizeof(out->label[point]), "%s", phase_label(phase, label));
	tayra__plot_value(out, 0, point)->y = phase->figures.p50_ms;
	tayra__plot_value(out, 1, point)->y = phase->figures.p99_ms;
	tayra__plot_value(out, 2, point)->y = phase->figures.max_ms;
}

static void
rule_thresholds(const struct tayra__load_line *line, struct tayra__plot *out)
{
	for (int i = 0; i < TAYRA__LOAD_LATENCIES; i++)
		if (line->most_ns[i])
			tayra__plot_rule(out, (double)line->most_ns[i] / 1e6, false, "%s %g ms",
					 tayra__load_latency_name((enum tayra__load_latency)i),
					 (double)line->most_ns[i] / 1e6);
}

/* Latency by rate: the rates of load and stress, in the order in which they ran: ascending. */
static int
find_capacity(const struct tayra__load_report *r, struct tayra__plot *out)
{
	static const char *const names[] = { "p50", "p99", "slowest" };
	const struct tayra__phases *phases = r->phases;
	size_t steps = 0, each, point = 0, seen = 0;
	int status;

	for (size_t i = 0; i < phases->count; i++)
		steps += is_step(&phases->phase[i]);
	each = (steps + STEPS_MAX - 1) / STEPS_MAX;
	each = each ? each : 1;
	status = tayra__plot_init(out, 3, (steps + each - 1) / each);
	if (status != TAYRA_OK)
		return status;
	out->what = "latency by requests a second, with the thresholds";
	out->x.name = "requests a second";
	out->y.name = "ms";
	out->y.log = true;
	for (unsigned i = 0; i < 3; i++) {
		out->line[i].look = i;
		snprintf(out->line[i].name, sizeof(out->line[i].name), "%s", names[i]);
	}
	for (size_t i = 0; i < phases->count; i++)
		if (is_step(&phases->phase[i]) && seen++ % each == 0)
			set_capacity_point(&phases->phase[i], point++, out);
	rule_thresholds(r->line, out);
	if (phases->best_per_s > 0)
		tayra__plot_rule(out, phases->best_per_s, true, "met to %g/s", phases->best_per_s);
	return TAYRA_OK;
}

/* The phase whose generator was latest, by its own p99. */
static const struct tayra__phase *
latest(const struct tayra__phases *phases)
{
	const struct tayra__phase *worst = NULL;
	double most = -1;

	for (size_t i = 0; i < phases->count; i++) {
		const struct tayra__load_figures *f = &phases->phase[i].figures;

		if (!f->offered || f->lag_p99_ms / f->p99_ms <= most)
			continue;
		most = f->lag_p99_ms / f->p99_ms;
		worst = &phases->phase[i];
	}
	return worst;
}

static void
believe_phases(const struct tayra__load_report *r, struct tayra__beliefs *out)
{
	const struct tayra__phases *phases = r->phases;
	const struct tayra__phase *worst = latest(phases);
	size_t invalid = 0;
	char what[80], label[24];

	for (size_t i = 0; i < phases->count; i++)
		invalid += phases->phase[i].verdict == TAYRA__PHASE_INVALID;
	tayra__belief_add(out,
			  phases->steady    ? TAYRA__BELIEF_FINE
			  : phases->stopped ? TAYRA__BELIEF_UNKNOWN
					    : TAYRA__BELIEF_SPOILT,
			  "steady after the warm-up", "it settles", "%s",
			  phases->steady    ? "it settled"
			  : phases->stopped ? "it was stopped before"
					    : "it never did");
	tayra__belief_add(out, phases->stopped ? TAYRA__BELIEF_LOOK : TAYRA__BELIEF_FINE,
			  "all phases were run", "to the end", "%s",
			  phases->stopped ? "it was stopped" : "yes");
	tayra__belief_add(out, invalid ? TAYRA__BELIEF_SPOILT : TAYRA__BELIEF_FINE,
			  "phases that the generator spoilt", "none", "%zu of %zu", invalid,
			  phases->count);
	if (!worst)
		return;
	snprintf(what, sizeof(what), "send lag at its worst: %s", phase_label(worst, label));
	tayra__belief_lag(out, what, worst->figures.lag_p99_ms, worst->figures.p99_ms);
	snprintf(what, sizeof(what), "rate reached there");
	tayra__belief_add(out,
			  worst->figures.rate_per_s < 0.95 * worst->rate_per_s ? TAYRA__BELIEF_LOOK
									       : TAYRA__BELIEF_FINE,
			  what, "at least 95% of what was asked for", "%.0f%%",
			  100 * worst->figures.rate_per_s / worst->rate_per_s);
}

static int
find_beliefs(const struct tayra__load_report *r, struct tayra__beliefs *out)
{
	const struct tayra__phase_slice *slice;
	size_t count = 0;
	double *medians;
	int status;

	*out = (struct tayra__beliefs){ .count = 0 };
	believe_phases(r, out);
	tayra__belief_machine(out, &r->machine);
	slice = tayra__phase_log_of(&r->phases->log, 0, &count);
	medians = tayra__mem_array(count + 1, sizeof(*medians));
	if (!medians)
		return TAYRA_E_NOMEM;
	for (size_t i = 0; i < count; i++)
		medians[i] = slice[i].p50_ms;
	status = tayra__belief_steady(out, "steadiness of the warm-up's medians", medians, count,
				      TAYRA_BETTER_LOWER);
	tayra__mem_free(medians);
	return status;
}

/* What stands for its kind: the baseline, the highest rate that was met or else asked for, the last
 * of stress, recovery.  Returns how many. */
static size_t
pick(const struct tayra__phases *phases, size_t picked[4])
{
	size_t n = 0, of_kind[TAYRA__PHASE_RECOVERY + 1];
	bool some[TAYRA__PHASE_RECOVERY + 1] = { false };

	for (size_t i = 0; i < phases->count; i++) {
		const struct tayra__phase *phase = &phases->phase[i];
		bool before_met = some[phase->kind] &&
				  phases->phase[of_kind[phase->kind]].verdict == TAYRA__PHASE_MET;

		if (!phase->figures.offered)
			continue;
		if (phase->kind == TAYRA__PHASE_LOAD && before_met &&
		    phase->verdict != TAYRA__PHASE_MET)
			continue;
		some[phase->kind] = true;
		of_kind[phase->kind] = i;
	}
	for (int kind = TAYRA__PHASE_BASELINE; kind <= TAYRA__PHASE_RECOVERY; kind++)
		if (some[kind])
			picked[n++] = of_kind[kind];
	return n;
}

static int
find_latency(const struct tayra__load_report *r, struct tayra__plot *out)
{
	size_t picked[4], n = pick(r->phases, picked);
	int status = tayra__spread_plot_init(out, n);

	out->what = "time by share of requests, a phase a line, bands over slices";
	for (size_t i = 0; i < n && status == TAYRA_OK; i++) {
		const struct tayra__phase *phase = &r->phases->phase[picked[i]];
		const struct tayra__phase_slice *slice;
		size_t count;
		char label[24];

		snprintf(out->line[i].name, sizeof(out->line[i].name), "%s",
			 phase_label(phase, label));
		out->line[i].look = (unsigned)i;
		tayra__spread_plot_values(out, i, &phase->latency);
		slice = tayra__phase_log_of(&r->phases->log, (uint32_t)picked[i], &count);
		status = tayra__spread_plot_band(out, i, &slice->spread, count, sizeof(*slice));
	}
	return status;
}

static int
find_service(const struct tayra__load_report *r, struct tayra__plot *out)
{
	size_t picked[4], n = pick(r->phases, picked);
	int status = tayra__spread_plot_init(out, 2 * n);

	out->what = "time from when a request was due beside time from when it was sent";
	for (size_t i = 0; i < n && status == TAYRA_OK; i++) {
		const struct tayra__phase *phase = &r->phases->phase[picked[i]];
		char label[24];

		phase_label(phase, label);
		snprintf(out->line[2 * i].name, sizeof(out->line[0].name), "%s, from due", label);
		snprintf(out->line[2 * i + 1].name, sizeof(out->line[0].name), "%s, from sent",
			 label);
		out->line[2 * i].look = out->line[2 * i + 1].look = (unsigned)i;
		out->line[2 * i + 1].thin = true;
		tayra__spread_plot_values(out, 2 * i, &phase->latency);
		tayra__spread_plot_values(out, 2 * i + 1, &phase->service);
	}
	return status;
}

/* From its ramp to its last slice.  Steps beyond what there is room for belong to the last. */
static void
shade_phases(const struct tayra__phases *phases, struct tayra__plot *out)
{
	const struct tayra__phase_log *log = &phases->log;
	uint32_t last = UINT32_MAX;

	for (size_t i = 0; i < log->count; i++) {
		const struct tayra__phase_slice *slice = &log->slice[i];

		if (slice->phase != last && out->zones < TAYRA__PLOT_ZONES) {
			last = slice->phase;
			out->zone[out->zones].from = seconds(slice->start_ns);
			out->zone[out->zones++].name = tayra__phase_name(
				phases->phase[slice->phase].kind);
		}
		out->zone[out->zones - 1].to = seconds(slice->start_ns + slice->length_ns);
	}
}

static void
mark_recovery(const struct tayra__phases *phases, struct tayra__plot *out)
{
	const struct tayra__phase *last = phases->count ? &phases->phase[phases->count - 1] : NULL;

	if (!last || last->kind != TAYRA__PHASE_RECOVERY || phases->recovery_ns == UINT64_MAX)
		return;
	if (phases->recovery_ns)
		tayra__plot_rule(out, seconds(last->start_ns + phases->recovery_ns), true,
				 "recovered after %.3g s", seconds(phases->recovery_ns));
	else
		tayra__plot_rule(out, seconds(last->start_ns), true, "recovered at once");
}

/* The worst of each group of slices stands for it: a stall is not to vanish. */
static int
begin_time(const struct tayra__load_report *r, const char *unit, const char *const *names,
	   struct tayra__plot *out, size_t *step)
{
	const struct tayra__phase_log *log = &r->phases->log;
	int status;

	*step = log->count / (2 * TAYRA__PLOT_POINTS) + 1;
	status = tayra__plot_init(out, 2, (log->count + *step - 1) / *step);
	if (status != TAYRA_OK)
		return status;
	out->x.name = "seconds";
	out->y.name = unit;
	for (size_t i = 0; i < out->points; i++) {
		const struct tayra__phase_slice *slice = &log->slice[i * *step];

		out->at[i] = seconds(slice->start_ns + slice->length_ns / 2);
		snprintf(out->label[i], sizeof(out->label[i]), "%.2f %s", out->at[i],
			 tayra__phase_name(r->phases->phase[slice->phase].kind));
	}
	for (unsigned i = 0; i < 2; i++) {
		out->line[i].look = i;
		snprintf(out->line[i].name, sizeof(out->line[i].name), "%s", names[i]);
	}
	shade_phases(r->phases, out);
	mark_recovery(r->phases, out);
	return TAYRA_OK;
}

static int
find_time(const struct tayra__load_report *r, struct tayra__plot *out)
{
	static const char *const names[] = { "p50 of a slice", "p99 of a slice" };
	const struct tayra__phase_log *log = &r->phases->log;
	size_t step;
	int status = begin_time(r, "ms", names, out, &step);

	if (status != TAYRA_OK)
		return status;
	out->what = "latency slice by slice, phases shaded";
	out->y.log = true;
	for (size_t i = 0; i < log->count; i++) {
		struct tayra__plot_value *p50 = tayra__plot_value(out, 0, i / step);
		struct tayra__plot_value *p99 = tayra__plot_value(out, 1, i / step);

		p50->y = fmax(p50->y, log->slice[i].p50_ms);
		p99->y = fmax(p99->y, log->slice[i].p99_ms);
	}
	if (!isnan(r->phases->calm_ms))
		tayra__plot_rule(out, r->phases->calm_ms, false, "calm: p50 %.3g ms",
				 r->phases->calm_ms);
	return TAYRA_OK;
}

static int
find_rate(const struct tayra__load_report *r, struct tayra__plot *out)
{
	static const char *const names[] = { "asked", "answered well in time" };
	const struct tayra__phase_log *log = &r->phases->log;
	size_t step;
	int status = begin_time(r, "a second", names, out, &step);

	if (status != TAYRA_OK)
		return status;
	out->what = "requests asked and answered a second, slice by slice, phases shaded";
	for (size_t i = 0; i < log->count; i++) {
		struct tayra__plot_value *asked = tayra__plot_value(out, 0, i / step);
		struct tayra__plot_value *well = tayra__plot_value(out, 1, i / step);

		asked->y = fmax(asked->y, log->slice[i].offered_per_s);
		well->y = fmin(well->y, log->slice[i].ok_per_s);
	}
	return TAYRA_OK;
}

int
tayra__load_findings(const struct tayra__load_report *report, struct tayra__load_findings *out)
{
	int status;

	memset(out, 0, sizeof(*out));
	status = find_capacity(report, &out->capacity);
	if (status == TAYRA_OK)
		status = find_beliefs(report, &out->beliefs);
	if (status == TAYRA_OK)
		status = find_latency(report, &out->latency);
	if (status == TAYRA_OK)
		status = find_service(report, &out->service);
	if (status == TAYRA_OK)
		status = find_time(report, &out->time);
	if (status == TAYRA_OK)
		status = find_rate(report, &out->rate);
	if (status != TAYRA_OK)
		tayra__load_findings_fini(out);
	return status;
}

void
tayra__load_findings_fini(struct tayra__load_findings *findings)
{
	tayra__plot_fini(&findings->capacity);
	tayra__plot_fini(&findings->latency);
	tayra__plot_fini(&findings->service);
	tayra__plot_fini(&findings->time);
	tayra__plot_fini(&findings->rate);
}
