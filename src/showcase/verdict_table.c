/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/verdict_table.h"

#include <math.h>
#include <string.h>

#include "showcase/ablation_words.h"
#include "showcase/results.h"
#include "showcase/sections.h"
#include "showcase/words.h"

static void
print_row(const struct tayra__showcase_comparison *c, FILE *out)
{
	const struct tayra__metric_info *info = tayra__stage_metric_info(c->metric);
	char a[16], b[16], ratio[16], interval[40];

	tayra__figure_bounds(&c->ab, interval);
	fprintf(out, "  %-25s %8s %8s %7s  %-18s %s\n", info->name,
		tayra__figure_number(c->ab.a_value, a), tayra__figure_number(c->ab.b_value, b),
		tayra__figure_number(c->ab.ratio, ratio), interval,
		tayra_verdict_name(c->ab.verdict));
}

/* How far two instances of tuned were apart in this stage: the smallest and the largest ratio. */
static void
print_again(const struct tayra__results *r, const struct tayra__stage *stage, FILE *out)
{
	double least = (double)INFINITY, most = 0;
	uint32_t called = 0, rows = 0;
	char lo[16], hi[16];

	for (uint32_t i = 0; i < r->comparisons; i++) {
		const struct tayra__showcase_comparison *c = &r->comparison[i];

		if (c->stage != stage || c->a != TAYRA__ARM_TUNED || isnan(c->aa.ratio))
			continue;
		least = fmin(least, c->aa.ratio);
		most = fmax(most, c->aa.ratio);
		called += c->aa.verdict == TAYRA_BETTER || c->aa.verdict == TAYRA_WORSE;
		rows++;
	}
	if (rows)
		fprintf(out,
			"  A/A: tuned against itself: ratios %s to %s, %u of %u called different\n",
			tayra__figure_number(least, lo), tayra__figure_number(most, hi), called,
			rows);
}

static void
print_stage(const struct tayra__results *r, uint32_t number, enum tayra__showcase_arm_index a,
	    FILE *out)
{
	const struct tayra__stage *stage = &tayra__stages[number];
	char line[TAYRA__WORDS_MAX];

	fprintf(out, "\n%s (%s, %s)\n", stage->title, stage->scene, stage->phase);
	fprintf(out, "  %-25s %8s %8s %7s  %-18s %s\n", "metric", tayra__arm_names[a], "tayra",
		"ratio", "95% interval", "verdict");
	for (uint32_t i = 0; i < r->comparisons; i++)
		if (r->comparison[i].stage == stage && r->comparison[i].a == a)
			print_row(&r->comparison[i], out);
	print_again(r, stage, out);
	tayra__words_loads(r, number, line);
	if (line[0])
		fprintf(out, "  %s\n", line);
	if (tayra__words_price(r, number))
		fprintf(out, "  %s\n", tayra__words_price(r, number));
}

static const char legend[] =
	"\nHow to read it: the values are medians over the rounds; the ratio is tayra's by tuned's "
	"round by\nround, so it is not that of the two medians. A latency counts from when a "
	"request was due; what failed\nor was refused counts at its deadline. goodput: answers in "
	"time, late ones do not count. error: not\nanswered in time, shed: refused at once, which "
	"is part of it. jain: how equally clients were served,\n1 is all alike. A/A: tuned against "
	"a second copy of itself, where any difference is chance. Where a\nround has a 0 there is "
	"no "
	"ratio of it: then p, the chance of such differences by luck, decides.\n";

void
tayra__verdict_table_print(const struct tayra__results *results, FILE *out)
{
	char line[TAYRA__WORDS_MAX];

	fputs(legend, out);
	for (uint32_t i = 0; i < tayra__stage_count; i++)
		if (tayra__stages[i].compared && results->stage[i].rounds)
			print_stage(results, i, TAYRA__ARM_TUNED, out);
	tayra__ablation_words_print(results, out);
	tayra__sections_write(results, TAYRA__FORM_TERMINAL, out);
	fputc('\n', out);
	for (uint32_t i = 0; tayra__words_summary(results, i, line); i++)
		fprintf(out, "%s\n", line);
	for (uint32_t i = 0; tayra__words_belief(results, i, line); i++)
		fprintf(out, "%s\n", line);
}
