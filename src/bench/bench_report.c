/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_report.c: the figures of a run of functions, and their forms.
 */
#include "bench/bench.h"

#include <string.h>

#include "base/mem.h"
#include "report/trial_report.h"
#include "stat/quantile.h"

/* The figures of an arm, in ascending order; returns how many. */
static size_t
gather(const struct tayra__session *s, size_t arm, enum tayra__metric metric, double *out)
{
	size_t n = 0;

	for (uint32_t i = 0; i < s->rounds; i++) {
		double value = s->measures[i * s->arms + arm].value[metric];

		if (value >= 0)
			out[n++] = value;
	}
	tayra__quantile_sort(out, n);
	return n;
}

static void
take_figures(const struct tayra_bench *b, uint32_t i, double *room, struct tayra_bench_figures *f)
{
	const struct tayra__session *s = &b->trial.session;
	size_t n = gather(s, i, TAYRA__OUTPUT, room);

	memcpy(f->name, b->name[i], sizeof(f->name));
	f->calls = b->arm[i].calls;
	f->parts = b->arm[i].parts;
	f->rel = i ? b->trial.ab[i] : b->trial.aa;
	f->ns = tayra__quantile_sorted(room, n, 0.5);
	f->q1_ns = tayra__quantile_sorted(room, n, 0.25);
	f->q3_ns = tayra__quantile_sorted(room, n, 0.75);
	n = gather(s, i, TAYRA__CPU_MS_PER_REQUEST, room);
	f->cpu_ns = 1e6 * tayra__quantile_sorted(room, n, 0.5);
	n = gather(s, i, TAYRA__MEAN_MS, room);
	f->wall_ns = 1e6 * tayra__quantile_sorted(room, n, 0.5);
}

int
tayra__bench_figures(struct tayra_bench *b)
{
	struct tayra_bench_result *r = &b->result;
	const struct tayra_comparison *last = &b->trial.ab[b->arms - 1];
	double *room = tayra__mem_array((size_t)b->trial.session.rounds + 1, sizeof(*room));

	if (!room)
		return TAYRA_E_NOMEM;
	r->arms = b->arms;
	for (uint32_t i = 0; i < b->arms; i++)
		take_figures(b, i, room, &r->arm[i]);
	tayra__mem_free(room);
	r->valid = !b->trial.spoilt[0];
	r->verdict = last->verdict;
	r->ratio = last->ratio;
	r->lo = last->lo;
	r->hi = last->hi;
	r->p = last->p;
	r->mde = last->mde;
	r->pairs = last->pairs;
	r->aa_ratio = b->trial.aa.ratio;
	r->stopped = b->trial.stopped;
	return TAYRA_OK;
}

/* People read 1.23 ms, and programs 1230000 ns. */
static const char *
rescale(struct tayra__trial *trial, uint32_t arms)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	double base = trial->ab[1].a_value, factor = 1;
	size_t unit = 0;

	for (; base >= 1000 && unit < 3; base /= 1000, factor /= 1000)
		unit++;
	for (uint32_t i = 1; i < arms; i++) {
		trial->ab[i].a_value *= factor;
		trial->ab[i].b_value *= factor;
	}
	trial->aa.a_value *= factor;
	trial->aa.b_value *= factor;
	return units[unit];
}

/* What the report of a trial cannot know. */
static void
put_caution(const struct tayra_bench *b, struct tayra__sheet *sheet)
{
	char line[sizeof(b->result.why) + 1];

	if (!b->result.why[0] || !b->result.valid || b->trial.session.rounds < b->trial.planned ||
	    b->trial.planned == 0)
		return;
	snprintf(line, sizeof(line), "%s.", b->result.why);
	tayra__sheet_text(sheet, line);
}

int
tayra_bench_report(const struct tayra_bench *bench, FILE *out, enum tayra_bench_form form)
{
	struct tayra__trial_report report = { .of = TAYRA__OUTPUT,
					      .unit = "ns",
					      .better = TAYRA_BETTER_LOWER,
					      .timed = true,
					      .longer = "budget_ns" };
	struct tayra__sheet sheet = { .out = out,
				      .form = form == TAYRA_BENCH_TEXT ? TAYRA__FORM_TERMINAL
								       : TAYRA__FORM_MD };
	struct tayra__trial shown;

	if (!bench || !out || !bench->done)
		return TAYRA_E_INVAL;
	shown = bench->trial;
	report.trial = &shown;
	report.arms = bench->arms;
	for (uint32_t i = 0; i < bench->arms; i++)
		report.name[i] = bench->name[i];
	report.metric = bench->options.metric == TAYRA_BENCH_WALL ? "wall" : "cpu";
	report.sentence = bench->options.metric == TAYRA_BENCH_WALL ? "time of a call on the clock"
								    : "processor time of a call";
	report.margin = bench->options.margin;
	report.machine = bench->machine;
	report.took_s = bench->result.took_s;
	report.seed = bench->options.seed;
	if (!bench->trial.planned && !bench->trial.spoilt[0])
		report.failure = bench->result.why;
	switch (form) {
	case TAYRA_BENCH_JSON: return tayra__trial_report_json(&report, NULL, out);
	case TAYRA_BENCH_MARKDOWN:
	case TAYRA_BENCH_TEXT:
		report.unit = rescale(&shown, bench->arms);
		tayra__trial_report_print(
			&report, form == TAYRA_BENCH_TEXT ? TAYRA__FORM_TERMINAL : TAYRA__FORM_MD,
			out);
		put_caution(bench, &sheet);
		return fflush(out) == 0 && !ferror(out) ? TAYRA_OK : TAYRA_E_IO;
	}
	return TAYRA_E_INVAL;
}
