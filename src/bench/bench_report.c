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

/* What the report of a trial cannot know; "": nothing. */
static void
find_caution(const struct tayra_bench *b, char text[sizeof(b->result.why) + 1])
{
	text[0] = '\0';
	if (b->result.why[0] && b->result.valid && b->trial.planned != 0 &&
	    b->trial.session.rounds >= b->trial.planned)
		snprintf(text, sizeof(b->result.why) + 1, "%s.", b->result.why);
}

static void
fill(const struct tayra_bench *b, const struct tayra__trial *shown,
     struct tayra__trial_report *report)
{
	const bool wall = b->options.metric == TAYRA_BENCH_WALL;

	*report = (struct tayra__trial_report){ .trial = shown,
						.arms = b->arms,
						.of = TAYRA__OUTPUT,
						.metric = wall ? "wall" : "cpu",
						.unit = "ns",
						.sentence = wall ? "time of a call on the clock"
								 : "processor time of a call",
						.better = TAYRA_BETTER_LOWER,
						.timed = true,
						.margin = b->options.margin,
						.machine = b->machine,
						.took_s = b->result.took_s,
						.seed = b->options.seed,
						.longer = "budget_ns" };
	for (uint32_t i = 0; i < b->arms; i++)
		report->name[i] = b->name[i];
	if (!b->trial.planned && !b->trial.spoilt[0])
		report->failure = b->result.why;
}

int
tayra_bench_report(const struct tayra_bench *bench, FILE *out, enum tayra_bench_form form)
{
	char caution[sizeof(bench->result.why) + 1];
	struct tayra__trial_report report;
	struct tayra__trial shown;

	if (!bench || !out || !bench->done)
		return TAYRA_E_INVAL;
	shown = bench->trial;
	fill(bench, &shown, &report);
	find_caution(bench, caution);
	report.caution = caution[0] ? caution : NULL;
	switch (form) {
	case TAYRA_BENCH_JSON: return tayra__trial_report_json(&report, NULL, out);
	case TAYRA_BENCH_HTML: return tayra__bench_page(bench, &report, out);
	case TAYRA_BENCH_MARKDOWN:
	case TAYRA_BENCH_TEXT:
		report.unit = rescale(&shown, bench->arms);
		tayra__trial_report_print(
			&report, form == TAYRA_BENCH_TEXT ? TAYRA__FORM_TERMINAL : TAYRA__FORM_MD,
			out);
		return fflush(out) == 0 && !ferror(out) ? TAYRA_OK : TAYRA_E_IO;
	}
	return TAYRA_E_INVAL;
}
