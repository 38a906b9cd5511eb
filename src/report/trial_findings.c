/* SPDX-License-Identifier: Apache-2.0 */
#include "report/trial_findings.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/hist.h"
#include "base/mem.h"
#include "report/figure.h"
#include "report/spread_plot.h"
#include "stat/quantile.h"

static const struct tayra__measure *
measure_at(const struct tayra__trial_report *r, uint32_t round, size_t arm)
{
	const struct tayra__session *s = &r->trial->session;

	return &s->measures[round * s->arms + arm];
}

static double
figure_at(const struct tayra__trial_report *r, uint32_t round, size_t arm)
{
	const struct tayra__measure *m = measure_at(r, round, arm);

	return m->invalid ? nan("") : m->value[r->of];
}

static void
find_forest(const struct tayra__trial_report *r, struct tayra__ranges *out)
{
	*out = (struct tayra__ranges){
		.what = "ratios to the base with their intervals, and the margin as a band",
		.name = "arm",
		.unit = "ratio",
		.words = "The mark is the ratio to the base, the line its 95% interval, the band "
			 "the margin.",
		.log = true,
		.centre = 1,
		.band_lo = 1 - r->margin,
		.band_hi = 1 + r->margin,
	};
	for (size_t i = 1; i <= r->arms; i++) {
		const struct tayra_comparison *c = i < r->arms ? &r->trial->ab[i] : &r->trial->aa;
		struct tayra__range *row = &out->row[out->count++];

		*row = (struct tayra__range){ .value = c->ratio,
					      .lo = c->lo,
					      .hi = c->hi,
					      .look = i < r->arms ? (unsigned)i : 0 };
		if (i < r->arms)
			snprintf(row->name, sizeof(row->name), "%s: %s", r->name[i],
				 tayra__trial_report_verdict(r, c->verdict));
		else
			snprintf(row->name, sizeof(row->name), "%s again (A/A)", r->name[0]);
	}
}

static void
believe_rounds(const struct tayra__trial_report *r, struct tayra__beliefs *out)
{
	const struct tayra__trial *t = r->trial;
	const struct tayra__session *s = &t->session;
	bool short_of = s->rounds < t->planned || r->failure;
	bool spoilt = t->spoilt[0] != '\0';
	size_t bad = 0;

	tayra__belief_add(out, short_of ? TAYRA__BELIEF_LOOK : TAYRA__BELIEF_FINE, "rounds",
			  "all that were planned", "%u of %u%s", s->rounds, t->planned,
			  r->failure       ? ": it failed"
			  : t->stopped     ? ": it was stopped"
			  : t->out_of_time ? ": the budget was over"
					   : "");
	for (size_t i = 0; i < s->rounds * s->arms; i++)
		bad += s->measures[i].invalid ? 1 : 0;
	tayra__belief_add(out,
			  spoilt ? TAYRA__BELIEF_SPOILT
			  : bad  ? TAYRA__BELIEF_LOOK
				 : TAYRA__BELIEF_FINE,
			  "slices that the generator spoilt",
			  "none; at half the verdict is INVALID", "%zu of %zu", bad,
			  (size_t)s->rounds * s->arms);
}

/* Of the arm that most failed of. */
static void
believe_failed(const struct tayra__trial_report *r, struct tayra__beliefs *out)
{
	double base = tayra__trial_report_failed(r, 0), most = base;
	size_t worst = 0;

	for (size_t i = 1; i < r->arms; i++)
		if (tayra__trial_report_failed(r, i) > most) {
			most = tayra__trial_report_failed(r, i);
			worst = i;
		}
	if (!r->servers)
		return;
	if (isnan(most))
		tayra__belief_add(out, TAYRA__BELIEF_UNKNOWN, "requests that failed",
				  "none, of any arm", "not known");
	else if (most > 0)
		tayra__belief_add(out, TAYRA__BELIEF_LOOK, "requests that failed",
				  "none, of any arm", "%.3g%% of %.30s", 100 * most,
				  r->name[worst]);
	else
		tayra__belief_add(out, TAYRA__BELIEF_FINE, "requests that failed",
				  "none, of any arm", "none");
}

/* The median over the rounds; NaN: it is not known of any. */
static double
median_of(const struct tayra__trial_report *r, size_t arm, enum tayra__metric metric, double *room)
{
	size_t n = 0;

	for (uint32_t i = 0; i < r->trial->session.rounds; i++) {
		double value = measure_at(r, i, arm)->value[metric];

		if (!isnan(value))
			room[n++] = value;
	}
	return n ? tayra__quantile_median(room, n) : nan("");
}

/* Spoilt rounds count too: it is they that a lag is to explain. */
static double
lag_of(const struct tayra__trial_report *r, size_t arm, double *room)
{
	uint32_t rounds = r->trial->session.rounds;

	for (uint32_t i = 0; i < rounds; i++)
		room[i] = (double)measure_at(r, i, arm)->lag_p99_ns / 1e6;
	return rounds ? tayra__quantile_median(room, rounds) : nan("");
}

/* The p99 that a lag is to be small beside. */
static double
p99_of(const struct tayra__trial_report *r, size_t arm, double *room)
{
	const struct tayra__hist *latency = r->trial->session.latency;
	double p99_ms = median_of(r, arm, TAYRA__P99_MS, room);

	if (isnan(p99_ms) && latency && latency[arm].count)
		return (double)tayra__hist_quantile(&latency[arm], 0.99) / 1e6;
	return p99_ms;
}

/* One that differs between arms is a difference of its own. */
static void
believe_lag(const struct tayra__trial_report *r, double *room, struct tayra__beliefs *out)
{
	double least = HUGE_VAL, most = 0, p99_ms = HUGE_VAL;

	for (size_t arm = 0; arm < r->arms && r->open_loop; arm++) {
		double p99 = p99_of(r, arm, room), lag = lag_of(r, arm, room);
		char what[80];

		snprintf(what, sizeof(what), "send lag of %.40s, median of rounds", r->name[arm]);
		tayra__belief_lag(out, what, lag, p99);
		least = fmin(least, lag);
		most = fmax(most, lag);
		p99_ms = fmin(p99_ms, p99);
	}
	if (r->open_loop && most >= least)
		tayra__belief_lag(out, "and how far it differs between arms", most - least, p99_ms);
}

static int
believe_steady(const struct tayra__trial_report *r, double *room, struct tayra__beliefs *out)
{
	int status = TAYRA_OK;

	for (size_t arm = 0; arm < r->arms && status == TAYRA_OK; arm++) {
		char what[80];

		for (uint32_t i = 0; i < r->trial->session.rounds; i++)
			room[i] = figure_at(r, i, arm);
		snprintf(what, sizeof(what), "steadiness of %.40s over the rounds", r->name[arm]);
		status = tayra__belief_steady(out, what, room, r->trial->session.rounds, r->better);
	}
	return status;
}

static int
find_beliefs(const struct tayra__trial_report *r, struct tayra__beliefs *out)
{
	const struct tayra_comparison *aa = &r->trial->aa;
	double *room = tayra__mem_array((size_t)r->trial->session.rounds + 1, sizeof(*room));
	char ratio[64];
	int status;

	*out = (struct tayra__beliefs){ .count = 0 };
	if (!room)
		return TAYRA_E_NOMEM;
	tayra__belief_add(out,
			  isnan(aa->p)   ? TAYRA__BELIEF_UNKNOWN
			  : aa->p < 0.05 ? TAYRA__BELIEF_LOOK
					 : TAYRA__BELIEF_FINE,
			  "A/A: the base against itself", "holds 1, in 19 of 20 runs", "%s",
			  tayra__figure_ratio(aa, ratio));
	believe_rounds(r, out);
	believe_failed(r, out);
	believe_lag(r, room, out);
	tayra__belief_machine(out, &r->machine);
	status = believe_steady(r, room, out);
	tayra__mem_free(room);
	return status;
}

static int
find_latency(const struct tayra__trial_report *r, struct tayra__plot *out)
{
	const struct tayra__session *s = &r->trial->session;
	int status = tayra__spread_plot_init(out, r->arms);

	if (status != TAYRA_OK || !s->latency)
		return status;
	out->what = "time by share of requests, an arm a line, bands over rounds";
	out->x.name = r->servers ? "share of requests" : "share of runs";
	for (size_t i = 0; i < r->arms && status == TAYRA_OK; i++) {
		snprintf(out->line[i].name, sizeof(out->line[i].name), "%s", r->name[i]);
		out->line[i].look = (unsigned)i;
		tayra__spread_plot_line(out, i, &s->latency[i]);
		if (s->rounds)
			status = tayra__spread_plot_band(out, i, &s->measures[i].spread, s->rounds,
							 s->arms * sizeof(s->measures[0]));
	}
	return status;
}

/* Where a request can wait before it is sent. */
static int
find_service(const struct tayra__trial_report *r, struct tayra__plot *out)
{
	const struct tayra__session *s = &r->trial->session;
	size_t arms = r->open_loop ? r->arms : 0;
	int status;

	if (2 * arms > TAYRA__PLOT_LINES)
		arms = TAYRA__PLOT_LINES / 2;
	status = tayra__spread_plot_init(out, 2 * arms);
	if (status != TAYRA_OK || !s->service)
		return status;
	out->what = "time from when a request was due beside time from when it was sent";
	for (size_t i = 0; i < arms; i++) {
		snprintf(out->line[2 * i].name, sizeof(out->line[0].name), "%s, from due",
			 r->name[i]);
		snprintf(out->line[2 * i + 1].name, sizeof(out->line[0].name), "%s, from sent",
			 r->name[i]);
		out->line[2 * i].look = out->line[2 * i + 1].look = (unsigned)i;
		out->line[2 * i + 1].thin = true;
		tayra__spread_plot_line(out, 2 * i, &s->latency[i]);
		tayra__spread_plot_line(out, 2 * i + 1, &s->service[i]);
	}
	return TAYRA_OK;
}

/* The median of each group of `step` rounds, and between what they lay. */
static void
fill_rounds(const struct tayra__trial_report *r, size_t arm, uint32_t step, struct tayra__plot *out)
{
	for (size_t i = 0; i < out->points; i++) {
		struct tayra__plot_value *v = tayra__plot_value(out, arm, i);
		double group[64];
		size_t n = 0;

		for (uint32_t round = (uint32_t)i * step;
		     round < (i + 1) * step && round < r->trial->session.rounds; round++)
			if (!isnan(figure_at(r, round, arm)))
				group[n++] = figure_at(r, round, arm);
		if (!n)
			continue;
		tayra__quantile_sort(group, n);
		v->y = tayra__quantile_sorted(group, n, 0.5);
		if (n > 1) {
			v->lo = group[0];
			v->hi = group[n - 1];
		}
	}
}

static int
find_rounds(const struct tayra__trial_report *r, struct tayra__plot *out)
{
	uint32_t rounds = r->trial->session.rounds;
	uint32_t most = TAYRA__PLOT_POINTS / (r->arms > 4 ? 2 : 1);
	uint32_t step = (rounds + most - 1) / most;
	int status;

	step = step ? step : 1;
	status = tayra__plot_init(out, r->arms, (rounds + step - 1) / step);
	if (status != TAYRA_OK)
		return status;
	out->what = "the figure of each arm, round by round";
	out->x.name = "round";
	out->x.whole = true;
	out->y.name = r->unit[0] ? r->unit : r->metric;
	out->y.log = true;
	for (size_t i = 0; i < out->points; i++)
		out->at[i] = (double)(i * step + 1);
	for (size_t arm = 0; arm < r->arms; arm++) {
		out->line[arm].look = (unsigned)arm;
		out->line[arm].loose = true;
		snprintf(out->line[arm].name, sizeof(out->line[arm].name), "%s", r->name[arm]);
		fill_rounds(r, arm, step, out);
	}
	return TAYRA_OK;
}

int
tayra__trial_findings(const struct tayra__trial_report *report, struct tayra__trial_findings *out)
{
	int status;

	memset(out, 0, sizeof(*out));
	find_forest(report, &out->forest);
	status = find_beliefs(report, &out->beliefs);
	if (status == TAYRA_OK)
		status = find_latency(report, &out->latency);
	if (status == TAYRA_OK)
		status = find_service(report, &out->service);
	if (status == TAYRA_OK)
		status = find_rounds(report, &out->rounds);
	if (status != TAYRA_OK)
		tayra__trial_findings_fini(out);
	return status;
}

void
tayra__trial_findings_fini(struct tayra__trial_findings *findings)
{
	tayra__plot_fini(&findings->latency);
	tayra__plot_fini(&findings->service);
	tayra__plot_fini(&findings->rounds);
}
