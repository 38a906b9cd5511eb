/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/report_md.h"

#include <math.h>

#include "showcase/ablation_words.h"
#include "showcase/results.h"
#include "showcase/sections.h"
#include "showcase/words.h"

#include <tayra/base.h>

static void
write_table(FILE *out, const struct tayra__results *r, const struct tayra__stage *stage,
	    enum tayra__showcase_arm_index a)
{
	fprintf(out, "\n| | %s | tayra | ratio | 95%% interval | verdict | tuned v itself |\n",
		tayra__arm_names[a]);
	fputs("|---|---:|---:|---:|---|---|---:|\n", out);
	for (uint32_t i = 0; i < r->comparisons; i++) {
		const struct tayra__showcase_comparison *c = &r->comparison[i];
		char before[32], after[32], ratio[16], interval[40], again[16];

		if (c->stage != stage || c->a != a)
			continue;
		fprintf(out, "| %s | %s | %s | %s | %s | %s | %s |\n",
			tayra__words_metric(c->metric),
			tayra__words_value(c->metric, c->ab.a_value, before),
			tayra__words_value(c->metric, c->ab.b_value, after),
			tayra__figure_number(c->ab.ratio, ratio),
			tayra__figure_bounds(&c->ab, interval), tayra_verdict_name(c->ab.verdict),
			tayra__figure_number(c->aa.ratio, again));
	}
}

static void
write_paragraph(FILE *out, const char *text)
{
	if (text[0])
		fprintf(out, "\n%s\n", text);
}

static void
write_stage(FILE *out, const struct tayra__results *r, uint32_t number)
{
	const struct tayra__stage *stage = &tayra__stages[number];
	char line[TAYRA__WORDS_MAX];

	fprintf(out, "\n## %s (%s, %s)\n\n%s\n", stage->title, stage->scene, stage->phase,
		stage->what);
	tayra__words_loads(r, number, line);
	write_paragraph(out, line);
	tayra__words_stage(r, number, TAYRA__ARM_TUNED, line);
	write_paragraph(out, line);
	write_table(out, r, stage, TAYRA__ARM_TUNED);
	if (tayra__words_price(r, number))
		write_paragraph(out, tayra__words_price(r, number));
	tayra__words_stage(r, number, TAYRA__ARM_PLAIN, line);
	write_paragraph(out, line);
	write_table(out, r, stage, TAYRA__ARM_PLAIN);
}

static void
write_belief(FILE *out, const struct tayra__results *r)
{
	char line[TAYRA__WORDS_MAX];

	fputs("\n## Can this be believed?\n\n", out);
	for (uint32_t i = 0; tayra__words_belief(r, i, line); i++)
		fprintf(out, "- %s\n", line);
	fputs("\nThe values below are medians over the rounds; a ratio is tayra's by the other's "
	      "round by round, so it is not that of the two medians. Where a round has a 0 there "
	      "is no "
	      "ratio of it, and so no interval: then p, the chance of such differences by luck, "
	      "decides.\n",
	      out);
}

static void
write_method(FILE *out, const struct tayra__results *r)
{
	fputs("\n## How it was measured\n\n", out);
	for (int i = 0; i < 3; i++)
		fprintf(out, "- %s: %s\n", tayra__arm_names[i], r->arm_text[i]);
	fprintf(out,
		"\n%s, %u cores, %.0f GiB, %s. %llu packages, %llu dependencies from %s, SHA-256 "
		"%s. Capacity %.0f requests a second, by processor time.\n\nRepeat: `tayra "
		"showcase%s --seed %llu`\n",
		r->cpu, r->cores, r->memory_gib, r->kernel, (unsigned long long)r->packages,
		(unsigned long long)r->dependencies, r->source, r->sha256, r->capacity_per_s,
		r->quick ? " --quick" : "", (unsigned long long)r->seed);
}

int
tayra__report_md_write(const struct tayra__results *results, FILE *out)
{
	char line[TAYRA__WORDS_MAX];

	fprintf(out, "# tayra showcase, %s\n", results->started);
	for (uint32_t i = 0; tayra__words_summary(results, i, line); i++)
		fprintf(out, i == 0 ? "\n**%s**\n\n" : "- %s\n", line);
	write_belief(out, results);
	for (uint32_t i = 0; i < tayra__stage_count; i++)
		if (tayra__stages[i].compared && results->stage[i].rounds)
			write_stage(out, results, i);
	tayra__ablation_words_md(results, out);
	tayra__sections_write(results, TAYRA__FORM_MD, out);
	write_method(out, results);
	return fflush(out) || ferror(out) ? TAYRA_E_IO : TAYRA_OK;
}
