/* SPDX-License-Identifier: Apache-2.0 */
#include "report/trial_report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "report/figure.h"
#include "report/kinds_table.h"

#define LINE_MAX_BYTES 500

bool
tayra__trial_report_has(const struct tayra__trial_report *report, const char *name)
{
	for (size_t i = 1; i < report->arms; i++)
		if (strcmp(report->name[i], name) == 0)
			return true;
	return false;
}

const char *
tayra__trial_report_verdict(const struct tayra__trial_report *report, enum tayra_verdict verdict)
{
	if (report->timed && verdict == TAYRA_BETTER)
		return "FASTER";
	if (report->timed && verdict == TAYRA_WORSE)
		return "SLOWER";
	return tayra_verdict_name(verdict);
}

/* Ratio, interval and p of a comparison, as cells of a table. */
struct found {
	char ratio[16], interval[40], p[16];
};

static void
found_of(const struct tayra_comparison *c, struct found *out)
{
	snprintf(out->ratio, sizeof(out->ratio), isnan(c->ratio) ? "-" : "%.3f", c->ratio);
	if (isnan(c->lo) || isnan(c->hi))
		snprintf(out->interval, sizeof(out->interval), "-");
	else
		snprintf(out->interval, sizeof(out->interval), "%.3f .. %.3f", c->lo, c->hi);
	snprintf(out->p, sizeof(out->p), isnan(c->p) ? "-" : c->p < 0.001 ? "%.4f" : "%.3f", c->p);
}

static void
put_row(const struct tayra__trial_report *r, struct tayra__sheet *sheet, const char *name,
	double value, const struct tayra_comparison *c, const char *verdict)
{
	char number[16], unit[32];
	struct found found;
	const char *cells[6] = { name, unit, "", "", "", verdict };

	snprintf(unit, sizeof(unit), "%s %s", tayra__figure_number(value, number), r->unit);
	if (c) {
		found_of(c, &found);
		cells[2] = found.ratio;
		cells[3] = found.interval;
		cells[4] = found.p;
	}
	tayra__sheet_row(sheet, cells);
}

static void
put_table(const struct tayra__trial_report *r, struct tayra__sheet *sheet)
{
	static const char *const heads[] = { "arm",          "median", "ratio",
					     "95% interval", "p",      "verdict" };
	const struct tayra__trial *trial = r->trial;
	char again[80];

	tayra__sheet_table(sheet, heads, 6);
	put_row(r, sheet, r->name[0], trial->ab[1].a_value, NULL, "base");
	for (size_t i = 1; i < r->arms; i++)
		put_row(r, sheet, r->name[i], trial->ab[i].b_value, &trial->ab[i],
			tayra__trial_report_verdict(r, trial->ab[i].verdict));
	snprintf(again, sizeof(again), "%s again", r->name[0]);
	put_row(r, sheet, again, trial->aa.b_value, &trial->aa, "A/A");
	tayra__sheet_table_end(sheet);
}

/* "4 more pairs, about 12 s". */
static void
missing(const struct tayra__trial_report *r, uint32_t pairs, char *text, size_t room)
{
	double each_s = r->trial->session.rounds ? r->took_s / r->trial->session.rounds : 0;
	double seconds = each_s * pairs;

	if (seconds < 120)
		snprintf(text, room, "%u more pairs, %.0f s", pairs, ceil(seconds));
	else
		snprintf(text, room, "%u more pairs, %.0f minutes", pairs, ceil(seconds / 60));
}

/* ": 24 s would do.", by what the pairs took that there are, with the pilot in it. */
static void
enough_time(const struct tayra__trial_report *r, uint32_t pairs, char *text, size_t room)
{
	uint32_t rounds = r->trial->session.rounds;

	snprintf(text, room, ".");
	if (rounds && !r->longer)
		snprintf(text, room, ": %.0f s would do.",
			 ceil(r->took_s + r->took_s / rounds * pairs));
}

static void
put_undecided(const struct tayra__trial_report *r, struct tayra__sheet *sheet, size_t arm)
{
	const struct tayra_comparison *c = &r->trial->ab[arm];
	char line[LINE_MAX_BYTES], more[80], among[40] = "", enough[60];

	enough_time(r, c->pairs_missing, enough, sizeof(enough));
	if (r->arms > 2)
		snprintf(among, sizeof(among), " among %zu arms", r->arms);
	/* Without an interval what is missing is what it takes to have one. */
	if (isnan(c->lo) && c->pairs_missing)
		snprintf(
			line, sizeof(line),
			"%s: UNDECIDED: %u pair%s run, and%s fewer than %u decide nothing.%s%s%s%s",
			r->name[arm], c->pairs, c->pairs == 1 ? " was" : "s were", among,
			c->pairs + c->pairs_missing, r->trial->stopped ? "" : " A larger ",
			r->trial->stopped ? ""
			: r->longer       ? r->longer
					  : "--budget",
			r->trial->stopped ? "" : " holds more", r->trial->stopped ? "" : enough);
	else if (c->pairs_missing) {
		missing(r, c->pairs_missing, more, sizeof(more));
		snprintf(line, sizeof(line),
			 "%s: UNDECIDED: a difference under %.1f%% could not have been seen in %u "
			 "pairs; about %s would settle it.",
			 r->name[arm], 100 * c->mde, c->pairs, more);
	} else {
		snprintf(line, sizeof(line),
			 "%s: UNDECIDED: a difference under %.1f%% could not have been seen in %u "
			 "pairs.",
			 r->name[arm], 100 * c->mde, c->pairs);
	}
	tayra__sheet_text(sheet, line);
}

/* Where some rounds are 0 the differences were judged, and no ratio has an interval. */
static void
put_difference(const struct tayra__trial_report *r, struct tayra__sheet *sheet, size_t arm)
{
	const struct tayra_comparison *c = &r->trial->ab[arm];
	const char *verdict = tayra__trial_report_verdict(r, c->verdict);
	char line[LINE_MAX_BYTES], a[16], b[16], bounds[40];

	if (isnan(c->ratio) || isnan(c->lo) || isnan(c->hi))
		snprintf(line, sizeof(line), "%s is %s: %s%s%s, and %s has %s (%s).", r->name[arm],
			 verdict, tayra__figure_number(c->b_value, b), r->unit[0] ? " " : "",
			 r->unit, r->name[0], tayra__figure_number(c->a_value, a),
			 tayra__figure_bounds(c, bounds));
	else
		snprintf(line, sizeof(line), "%s is %s: %.3f times %s (%.3f .. %.3f).",
			 r->name[arm], verdict, c->ratio, r->name[0], c->lo, c->hi);
	tayra__sheet_text(sheet, line);
}

static void
put_finding(const struct tayra__trial_report *r, struct tayra__sheet *sheet, size_t arm)
{
	const struct tayra_comparison *c = &r->trial->ab[arm];
	char line[LINE_MAX_BYTES];

	switch (c->verdict) {
	case TAYRA_INVALID:
		snprintf(line, sizeof(line), "%s: INVALID: %s.", r->name[arm], r->trial->spoilt);
		break;
	case TAYRA_SAME:
		snprintf(line, sizeof(line),
			 "%s: SAME: whatever difference there is to %s is smaller than the margin "
			 "of "
			 "%g%%.",
			 r->name[arm], r->name[0], 100 * r->margin);
		break;
	case TAYRA_BETTER:
	case TAYRA_WORSE: put_difference(r, sheet, arm); return;
	case TAYRA_UNDECIDED: put_undecided(r, sheet, arm); return;
	}
	tayra__sheet_text(sheet, line);
}

double
tayra__trial_report_failed(const struct tayra__trial_report *report, size_t arm)
{
	const struct tayra__session *s = &report->trial->session;
	double failed = 0, requests = 0;

	for (uint32_t round = 0; round < s->rounds; round++) {
		const struct tayra__measure *m = &s->measures[round * s->arms + arm];

		if (isnan(m->value[TAYRA__ERROR_RATIO]))
			continue;
		failed += m->value[TAYRA__ERROR_RATIO] * (double)m->requests;
		requests += (double)m->requests;
	}
	return requests > 0 ? failed / requests : nan("");
}

/* A server is quick to say that it cannot: no other metric shows that. */
static void
put_failed(const struct tayra__trial_report *r, struct tayra__sheet *sheet)
{
	char line[LINE_MAX_BYTES] = "requests failed: ";
	size_t used = strlen(line);
	bool any = false;

	for (size_t i = 0; i < r->arms; i++) {
		double failed = tayra__trial_report_failed(r, i);
		char number[16];

		any = any || failed > 0;
		used += (size_t)snprintf(line + used, sizeof(line) - used, "%s%s%% of %.30s",
					 i ? ", " : "", tayra__figure_number(100 * failed, number),
					 r->name[i]);
	}
	if (!any || r->of == TAYRA__ERROR_RATIO)
		return;
	snprintf(line + used, sizeof(line) - used,
		 "; the verdict is of %s and knows nothing of it.", r->metric);
	tayra__sheet_text(sheet, line);
}

static void
put_circumstances(const struct tayra__trial_report *r, struct tayra__sheet *sheet)
{
	const struct tayra__trial *trial = r->trial;
	char line[LINE_MAX_BYTES], ratio[64], machine[300];
	int used = snprintf(line, sizeof(line), "%u pair%s", trial->session.rounds,
			    trial->session.rounds == 1 ? "" : "s");

	if (trial->turns > 1)
		used += snprintf(line + used, sizeof(line) - (size_t)used, " of %u slices each",
				 trial->turns);
	used += snprintf(line + used, sizeof(line) - (size_t)used, " in random order, %.1f s",
			 r->took_s);
	if (trial->session.rounds < trial->planned)
		used += snprintf(line + used, sizeof(line) - (size_t)used, "; %u of %u planned: %s",
				 trial->session.rounds, trial->planned,
				 r->failure           ? "it failed"
				 : trial->out_of_time ? "the budget was over"
						      : "it was stopped");
	snprintf(line + used, sizeof(line) - (size_t)used, ".");
	tayra__sheet_text(sheet, line);
	snprintf(line, sizeof(line), "believed: A/A %s; %s.",
		 tayra__figure_ratio(&trial->aa, ratio),
		 tayra__machine_sentence(&r->machine, machine));
	tayra__sheet_text(sheet, line);
}

static bool
has_parts(const struct tayra__trial_report *r)
{
	return r->kinds[0] && r->parts && r->parts->parts == r->kinds[0]->scenario->kinds;
}

/* They are judged by a latency. */
static const char *
part_verdict(enum tayra_verdict verdict)
{
	return verdict == TAYRA_BETTER  ? "FASTER"
	       : verdict == TAYRA_WORSE ? "SLOWER"
					: tayra_verdict_name(verdict);
}

static void
put_part(const struct tayra__trial_report *r, struct tayra__sheet *sheet, uint32_t part, size_t arm)
{
	const struct tayra_comparison *c = &r->parts->ab[arm][part];
	struct found found;
	const char *cells[] = { r->kinds[0]->scenario->kind[part].name,
				r->name[arm],
				found.ratio,
				found.interval,
				found.p,
				part_verdict(c->verdict) };

	found_of(c, &found);
	tayra__sheet_row(sheet, cells);
}

static void
put_parts(const struct tayra__trial_report *r, struct tayra__sheet *sheet)
{
	static const char *const heads[] = {
		"kind", "arm", "ratio", "its interval", "p", "verdict"
	};
	char line[LINE_MAX_BYTES];

	snprintf(line, sizeof(line),
		 "Each kind by %s, in the same pairs, against %s. Alpha is shared out by Holm's "
		 "steps, which widens the intervals; what is found of a kind moves no verdict "
		 "above.",
		 tayra__metric_info(r->of_kinds)->name, r->name[0]);
	tayra__sheet_text(sheet, line);
	sheet->words = 2;
	tayra__sheet_table(sheet, heads, 6);
	for (uint32_t part = 0; part < r->parts->parts; part++)
		for (size_t arm = 1; arm < r->arms; arm++)
			put_part(r, sheet, part, arm);
	tayra__sheet_table_end(sheet);
	sheet->words = 0;
}

void
tayra__trial_report_kinds(const struct tayra__trial_report *report, struct tayra__sheet *sheet)
{
	if (!report->kinds[0])
		return;
	if (sheet->form != TAYRA__FORM_TERMINAL)
		tayra__sheet_section(sheet, "Kinds of requests");
	tayra__kinds_table_put_arms(report->kinds, report->name, report->arms, sheet);
	tayra__sheet_text(sheet, "All that was asked is in it: the pilot too, and of the first arm "
				 "its second instance.");
	if (has_parts(report))
		put_parts(report, sheet);
}

void
tayra__trial_report_print(const struct tayra__trial_report *report, enum tayra__form form,
			  FILE *out)
{
	struct tayra__sheet sheet = { .out = out, .form = form };
	char title[LINE_MAX_BYTES];

	snprintf(title, sizeof(title), "%s: %s%s", report->metric, report->sentence,
		 report->better == TAYRA_BETTER_LOWER ? ", lower is better" : ", higher is better");
	tayra__sheet_title(&sheet, title);
	put_table(report, &sheet);
	for (size_t i = 1; i < report->arms; i++)
		put_finding(report, &sheet, i);
	put_failed(report, &sheet);
	put_circumstances(report, &sheet);
	if (report->caution)
		tayra__sheet_text(&sheet, report->caution);
	if (form == TAYRA__FORM_TERMINAL) {
		tayra__alert_log_put(report->alerts, &sheet);
		tayra__trial_report_kinds(report, &sheet);
	}
}

/* The times that a session's histograms hold. */
static bool
is_time(enum tayra__metric metric)
{
	return metric <= TAYRA__MAX_MS;
}

static void
json_effects(const struct tayra__trial_report *r, size_t arm, struct tayra__json *json)
{
	struct tayra__trial_effects effects;

	if (tayra__trial_effects(r->trial, r->of, is_time(r->of), arm, &effects) != TAYRA_OK)
		return;
	tayra__json_double(json, "cliff_per_slice", effects.cliff, 6);
	tayra__json_double(json, "cliff_lo", effects.cliff_lo, 6);
	tayra__json_double(json, "cliff_hi", effects.cliff_hi, 6);
	tayra__json_double(json, "g_per_slice", effects.d_slice, 6);
	tayra__json_double(json, "cliff_per_request", effects.cliff_request, 6);
	tayra__json_double(json, "d_per_request", effects.d_request, 6);
}

static void
json_parts(const struct tayra__trial_report *r, size_t arm, struct tayra__json *json)
{
	tayra__json_array(json, "kinds");
	for (uint32_t part = 0; part < r->parts->parts; part++) {
		const struct tayra_comparison *c = &r->parts->ab[arm][part];

		tayra__json_object(json, NULL);
		tayra__json_string(json, "name", r->kinds[0]->scenario->kind[part].name);
		tayra__json_string(json, "metric", tayra__metric_info(r->of_kinds)->name);
		tayra__json_string(json, "verdict", part_verdict(c->verdict));
		tayra__json_double(json, "a_value", c->a_value, 9);
		tayra__json_double(json, "b_value", c->b_value, 9);
		tayra__json_double(json, "ratio", c->ratio, 9);
		tayra__json_double(json, "lo", c->lo, 9);
		tayra__json_double(json, "hi", c->hi, 9);
		tayra__json_double(json, "p", c->p, 9);
		tayra__json_u64(json, "pairs", c->pairs);
		tayra__json_u64(json, "pairs_missing", c->pairs_missing);
		tayra__json_end(json);
	}
	tayra__json_end(json);
}

static void
json_arm(const struct tayra__trial_report *r, size_t arm, const bool *pass,
	 struct tayra__json *json)
{
	const struct tayra_comparison *c = &r->trial->ab[arm];

	tayra__json_object(json, NULL);
	tayra__json_string(json, "verdict", tayra__trial_report_verdict(r, c->verdict));
	tayra__json_string(json, "metric", r->metric);
	tayra__json_double(json, "ratio", c->ratio, 9);
	tayra__json_double(json, "lo", c->lo, 9);
	tayra__json_double(json, "hi", c->hi, 9);
	tayra__json_double(json, "p", c->p, 9);
	tayra__json_u64(json, "pairs", c->pairs);
	tayra__json_double(json, "mde", c->mde, 9);
	tayra__json_double(json, "aa_ratio", r->trial->aa.ratio, 9);
	if (pass)
		tayra__json_bool(json, "pass", *pass);
	tayra__json_string(json, "a", r->name[0]);
	tayra__json_string(json, "b", r->name[arm]);
	tayra__json_double(json, "a_value", c->a_value, 9);
	tayra__json_double(json, "b_value", c->b_value, 9);
	tayra__json_string(json, "unit", r->unit);
	tayra__json_double(json, "a_failed_ratio", tayra__trial_report_failed(r, 0), 9);
	tayra__json_double(json, "b_failed_ratio", tayra__trial_report_failed(r, arm), 9);
	tayra__json_double(json, "margin", r->margin, 9);
	tayra__json_u64(json, "turns", r->trial->turns);
	tayra__json_u64(json, "pairs_missing", c->pairs_missing);
	tayra__machine_json(json, &r->machine);
	tayra__json_double(json, "took_s", r->took_s, 5);
	json_effects(r, arm, json);
	if (r->costs && r->costs[arm].prices) {
		tayra__json_object(json, "cost");
		tayra__cost_json(&r->costs[arm], json);
		tayra__json_end(json);
	}
	tayra__json_u64(json, "seed", r->seed);
	tayra__json_bool(json, "partial", r->failure || r->trial->stopped);
	tayra__json_string(json, "why",
			   r->failure            ? r->failure
			   : r->trial->spoilt[0] ? r->trial->spoilt
						 : NULL);
	tayra__alert_log_json(r->alerts, json);
	if (r->kinds[0]) {
		tayra__kinds_json(json, "a_kinds", r->kinds[0]);
		tayra__kinds_json(json, "b_kinds", r->kinds[arm]);
		if (has_parts(r))
			json_parts(r, arm, json);
	}
	tayra__json_end(json);
}

int
tayra__trial_report_json(const struct tayra__trial_report *report, const bool *pass, FILE *out)
{
	struct tayra__json json;
	int status = TAYRA_OK;

	tayra__json_init(&json, out, TAYRA__JSON_LINE);
	for (size_t i = report->arms - 1; i >= 1 && status == TAYRA_OK; i--) {
		json_arm(report, i, pass, &json);
		status = tayra__json_finish(&json);
	}
	return status;
}
