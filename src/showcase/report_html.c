/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/report_html.h"

#include <math.h>
#include <string.h>

#include "report/forest.h"
#include "report/html.h"
#include "showcase/ablation_words.h"
#include "showcase/results.h"
#include "showcase/sections.h"
#include "showcase/svg.h"
#include "showcase/words.h"

#include <tayra/base.h>

static const char legend[] =
	"<p class=\"legend\"><i class=\"a0\"></i>plain<i class=\"a1\"></i>tuned<i class=\"a2\"></i>"
	"tayra</p>\n";
static const char outage_legend[] =
	"<p class=\"legend\"><i class=\"box fresh\"></i>fresh answers<i class=\"box stale\"></i>"
	"stale answers<i class=\"box failed\"></i>not answered</p>\n";

static void
card(FILE *out, const char *figure, const char *text)
{
	fputs("<div class=\"card\"><b>", out);
	tayra__html_text(out, figure);
	fputs("</b>", out);
	tayra__html_text(out, text);
	fputs("</div>\n", out);
}

static void
average_card(FILE *out, const struct tayra__results *r, int which)
{
	const struct tayra_comparison *c = &r->average[which];
	const char *against = which == 0 ? "the tuned service" : "the plain service";
	char figure[32], text[240], number[16], lo[16], hi[16];

	if (isnan(c->ratio)) {
		card(out, "not known",
		     which == 0 ? "against the tuned service" : "against the plain service");
		return;
	}
	snprintf(figure, sizeof(figure), "x %s", tayra__figure_number(c->ratio, number));
	snprintf(text, sizeof(text),
		 "as well as %s on average: %s, 95%% interval %s to %s, over %u metrics", against,
		 tayra_verdict_name(c->verdict), tayra__figure_number(c->lo, lo),
		 tayra__figure_number(c->hi, hi), r->averaged);
	card(out, figure, text);
}

static void
write_cards(FILE *out, const struct tayra__results *r)
{
	uint32_t called, of;
	char figure[32], text[200];

	fputs("<div class=\"cards\">\n", out);
	average_card(out, r, 0);
	average_card(out, r, 1);
	snprintf(figure, sizeof(figure), "%u / %u / %u",
		 tayra__words_count(r, TAYRA__ARM_TUNED, TAYRA_BETTER),
		 tayra__words_count(r, TAYRA__ARM_TUNED, TAYRA_WORSE),
		 tayra__words_count(r, TAYRA__ARM_TUNED, TAYRA_SAME) +
			 tayra__words_count(r, TAYRA__ARM_TUNED, TAYRA_UNDECIDED));
	card(out, figure,
	     "comparisons with the tuned service that came out better / worse / neither");
	tayra__words_again(r, &called, &of);
	snprintf(figure, sizeof(figure), "%u of %u", called, of);
	snprintf(text, sizeof(text),
		 "comparisons of the tuned service with itself came out different; chance allows "
		 "about %.0f",
		 of * 0.05);
	card(out, figure, text);
	fputs("</div>\n", out);
}

static bool
item(FILE *out, const char *text)
{
	fputs("<li>", out);
	tayra__html_text(out, text);
	fputs("</li>\n", out);
	return true;
}

/* Each scene's gains and losses, once each, before anything else. */
static void
write_findings(FILE *out, const struct tayra__results *r)
{
	char line[TAYRA__WORDS_MAX];
	bool better = false, worse = false;

	fputs("<h3>Where it helped</h3>\n<ul>\n", out);
	for (uint32_t i = 0; i < tayra__stage_count; i++)
		if (tayra__words_better(r, i, line))
			better = item(out, line);
	if (!better)
		item(out, "No comparison with tuned came out better.");
	fputs("</ul>\n<h3>Where it did not help</h3>\n<ul>\n", out);
	for (uint32_t i = 0; i < tayra__stage_count; i++)
		for (int a = TAYRA__ARM_TUNED; a >= TAYRA__ARM_PLAIN; a--)
			if (tayra__words_worse(r, i, (enum tayra__showcase_arm_index)a, line))
				worse = item(out, line);
	if (!worse)
		item(out, "No comparison came out worse.");
	fputs("</ul>\n", out);
}

static void
write_verdict(FILE *out, const struct tayra__results *r)
{
	char line[TAYRA__WORDS_MAX];

	tayra__words_headline(r, line);
	fputs("<p class=\"eyebrow\">", out);
	tayra__html_printf(out, "tayra showcase%s, %s", r->quick ? " (quick)" : "", r->started);
	fprintf(out, "</p>\n<h1%s>", r->valid ? "" : " class=\"invalid\"");
	tayra__html_text(out, line);
	fputs("</h1>\n", out);
	if (r->sabotage[0]) {
		fputs("<p class=\"alarm\">", out);
		tayra__html_printf(out,
				   "This run was sabotaged on purpose (%s): it tests the "
				   "report, not tayra.",
				   r->sabotage);
		fputs("</p>\n", out);
	}
	if (r->interrupted)
		fputs("<p class=\"alarm\">The run was interrupted; what follows is what had been "
		      "measured until then.</p>\n",
		      out);
	fputs("<p>", out);
	tayra__html_printf(out,
			   "tayra is a library that stands between a program and whatever is slow "
			   "behind it. It remembers answers, and it decides how much may be asked "
			   "at once. To see what that is worth, this run put a real service under "
			   "load on this machine: a catalogue of %llu Debian packages in SQLite, "
			   "which users look up, walk through and search.",
			   (unsigned long long)r->packages);
	fputs("</p>\n<p>The same requests went to three copies of it. <b>Plain</b> is a cache as "
	      "most people write it. <b>Tuned</b> is what a good engineer sets by hand, its pool "
	      "found by trying. <b>tayra</b> found its own limits. They took turns in short "
	      "slices, in random order, so that whatever this machine did fell on all of them "
	      "alike.</p>\n",
	      out);
	if (!r->valid)
		return;
	write_cards(out, r);
	write_findings(out, r);
}

static void
belief_row(FILE *out, const char *what, bool good, const char *text)
{
	fputs("<tr><td>", out);
	tayra__html_text(out, what);
	fprintf(out, "</td><td class=\"v %s\">%s</td><td class=\"wrap\">",
		good ? "BETTER" : "WORSE", good ? "yes" : "NO");
	tayra__html_text(out, text);
	fputs("</td></tr>\n", out);
}

static void
write_belief(FILE *out, const struct tayra__results *r)
{
	uint32_t called, of;
	char text[400];

	tayra__words_again(r, &called, &of);
	fputs("<h2>Can this be believed?</h2>\n<div class=\"scroll\"><table>\n", out);
	snprintf(text, sizeof(text),
		 "A second copy of the tuned service ran as a fourth contestant. Nothing differs, "
		 "so "
		 "a difference is a false alarm: %u of %u comparisons, at a level of 5%%.",
		 called, of);
	belief_row(out, "Is no difference found where there is none?",
		   called <= of * 0.05 + 2 * sqrt(of * 0.05 * 0.95), text);
	snprintf(text, sizeof(text),
		 "Requests were sent late by at most %.1f ms (99%% of a slice, worst slice). The "
		 "budget is %.0f ms in 9 of 10 slices; %.1f%% of the slices were over it.",
		 r->lag_p99_ms, r->lag_budget_ms, r->lag_share * 100);
	belief_row(out, "Did the load generator keep up?", r->lag_share <= 0.1, text);
	snprintf(text, sizeof(text),
		 "Other programs used %.0f%% of the machine; its host took %.1f%%. From 20%% on it "
		 "is not quiet, which widens the intervals and favours no arm; over 80%% the run "
		 "is not believed.",
		 r->foreign_cpu * 100, r->steal_cpu * 100);
	belief_row(out, "Was the machine quiet?", tayra__words_quiet(r), text);
	snprintf(text, sizeof(text),
		 "Answers that were certainly older than they claimed, or than their limit allows: "
		 "plain %llu, tuned %llu, tayra %llu.",
		 (unsigned long long)tayra__words_wrong_ages(r, TAYRA__ARM_PLAIN),
		 (unsigned long long)tayra__words_wrong_ages(r, TAYRA__ARM_TUNED),
		 (unsigned long long)tayra__words_wrong_ages(r, TAYRA__ARM_TAYRA));
	belief_row(out, "Was nothing served that is not what it claims?",
		   tayra__words_wrong_ages(r, TAYRA__ARM_TAYRA) == 0, text);
	fputs("</table></div>\n", out);
}

static void
paragraph(FILE *out, const char *text)
{
	if (!text[0])
		return;
	fputs("<p>", out);
	tayra__html_text(out, text);
	fputs("</p>\n", out);
}

static void
comparison_row(FILE *out, const struct tayra__showcase_comparison *c)
{
	enum tayra_better better = tayra__stage_metric_info(c->metric)->better;
	char text[40];

	fputs("<tr><td class=\"wrap\">", out);
	tayra__html_text(out, tayra__words_metric(c->metric));
	fprintf(out, "</td><td class=\"n\">%s</td>",
		tayra__words_value(c->metric, c->ab.a_value, text));
	fprintf(out, "<td class=\"n\">%s</td>", tayra__words_value(c->metric, c->ab.b_value, text));
	fprintf(out, "<td class=\"n\">%s", tayra__figure_number(c->ab.ratio, text));
	fprintf(out, " <small>(%s)</small></td><td>", tayra__figure_bounds(&c->ab, text));
	tayra__forest_interval(&c->ab, better, out);
	fprintf(out, "</td><td class=\"v %s\">%s</td>", tayra_verdict_name(c->ab.verdict),
		tayra_verdict_name(c->ab.verdict));
	fprintf(out, "<td class=\"n soft\">%s</td></tr>\n",
		tayra__figure_number(c->aa.ratio, text));
}

static void
comparison_table(FILE *out, const struct tayra__results *r, const struct tayra__stage *stage,
		 enum tayra__showcase_arm_index a)
{
	fprintf(out,
		"<div class=\"scroll\"><table><tr><th></th><th class=\"n\">%s</th><th "
		"class=\"n\">tayra</th><th class=\"n\">ratio (95%% interval)</th><th>",
		tayra__arm_names[a]);
	tayra__forest_scale(out);
	fputs("</th><th>verdict</th><th class=\"n\">A/A</th></tr>\n", out);
	for (uint32_t i = 0; i < r->comparisons; i++)
		if (r->comparison[i].stage == stage && r->comparison[i].a == a)
			comparison_row(out, &r->comparison[i]);
	fputs("</table></div>\n", out);
}

static void
stage_facts(FILE *out, const struct tayra__results *r, uint32_t stage)
{
	const struct tayra__stage_figures *f = &r->stage[stage];
	char number[16];

	fputs("<p class=\"soft\">", out);
	if (f->rate_per_s > 0)
		tayra__html_printf(out, "%.0f requests a second for each, deadline %llu ms; ",
				   f->rate_per_s, (unsigned long long)r->deadline_ms);
	else
		tayra__html_printf(out, "%u clients; ", tayra__stages[stage].clients);
	tayra__html_printf(out, "%u rounds of %.2f s for each arm, %llu requests in all.",
			   f->rounds, f->slice_s,
			   (unsigned long long)(f->requests[0] + f->requests[1] + f->requests[2] +
						f->requests[3]));
	if (tayra__stages[stage].kind == TAYRA__STAGE_BURST)
		tayra__html_printf(out,
				   " The key: who comes to need %s (%u packages), %s ms to "
				   "compute on the idle machine.",
				   r->hot_package, r->hot_users,
				   tayra__figure_number(r->hot_ms, number));
	fputs("</p>\n", out);
}

static void
write_stage(FILE *out, const struct tayra__results *r, uint32_t number)
{
	const struct tayra__stage *stage = &tayra__stages[number];
	bool open = stage->kind == TAYRA__STAGE_OPEN;
	char line[TAYRA__WORDS_MAX];

	fputs("<h3>", out);
	tayra__html_text(out, stage->title);
	fprintf(out, " <small>%s, %s</small></h3>\n<p>", stage->scene, stage->phase);
	tayra__html_text(out, stage->what);
	fputs("</p>\n", out);
	stage_facts(out, r, number);
	tayra__words_loads(r, number, line);
	paragraph(out, line);
	if (stage->fault == TAYRA__DATABASE_HANGS && r->outage[0].steps) {
		fputs(outage_legend, out);
		tayra__svg_outage(r->outage, out);
	}
	fputs(legend, out);
	tayra__svg_curves(&r->stage[number], open ? (double)r->deadline_ms : 0, out);
	comparison_table(out, r, stage, TAYRA__ARM_TUNED);
	if (tayra__words_price(r, number))
		fprintf(out, "<p class=\"soft\">%s</p>\n", tayra__words_price(r, number));
	tayra__words_stage(r, number, TAYRA__ARM_PLAIN, line);
	paragraph(out, line);
	fputs("<details><summary>Against plain, in figures</summary>\n", out);
	comparison_table(out, r, stage, TAYRA__ARM_PLAIN);
	fputs("</details>\n", out);
}

static void
write_recovery(FILE *out, const struct tayra__results *r)
{
	if (!r->outage[0].steps)
		return;
	fputs("<p>", out);
	tayra__html_printf(
		out,
		"From the database's return to the last request that failed: plain %.2f s, "
		"tuned %.2f s, tayra %.2f s. One outage each, so no interval.",
		r->outage[TAYRA__ARM_PLAIN].recovery_s, r->outage[TAYRA__ARM_TUNED].recovery_s,
		r->outage[TAYRA__ARM_TAYRA].recovery_s);
	fputs("</p>\n", out);
}

static void
write_arms(FILE *out, const struct tayra__results *r)
{
	fputs("<div class=\"scroll\"><table>\n", out);
	for (int i = 0; i < 3; i++) {
		fprintf(out, "<tr><td>%s</td><td class=\"wrap\">", tayra__arm_names[i]);
		tayra__html_text(out, r->arm_text[i]);
		fputs("</td></tr>\n", out);
	}
	fputs("</table></div>\n<details><summary>What the sweep found</summary><div "
	      "class=\"scroll\"><table><tr><th>pool</th><th class=\"n\">answers/s</th></tr>\n",
	      out);
	for (uint32_t i = 0; i < r->pools; i++)
		fprintf(out, "<tr><td>%.0f</td><td class=\"n\">%.0f</td></tr>\n", r->pool_sizes[i],
			r->pool_per_s[i]);
	fputs("<tr><th>writers</th><th class=\"n\">changes/s</th></tr>\n", out);
	for (uint32_t i = 0; i < r->writer_rules; i++)
		fprintf(out, "<tr><td>%s</td><td class=\"n\">%.0f</td></tr>\n", r->writer_names[i],
			r->writer_per_s[i]);
	fputs("</table></div></details>\n", out);
}

static const char method[] =
	"<p>Every comparison above was written down before the run. A latency counts from when a "
	"request was due, not from when it was sent; one that was refused, failed or came too late "
	"counts at its deadline at least, never as missing. <b>Not answered in time</b> is all of "
	"these together; <b>answers in time</b> leaves late ones out.</p>\n"
	"<p>The arms of a round get the same requests at the same moments; the order of the arms "
	"is "
	"drawn anew each round. A ratio is tayra's figure by the other's, round by round, and so "
	"not that of "
	"the two medians shown; the "
	"verdict is a sign-flip test on them, the interval the same test turned round (95%). "
	"Where a round has a 0 there is no ratio of it: the test is then on the differences, and "
	"its p "
	"(the chance of such differences by luck) stands where the interval would. "
	"BETTER "
	"and WORSE mean that the interval excludes 1, SAME that it lies within 2% of it, UNDECIDED "
	"neither. A/A is the tuned arm against its second copy. The average is the geometric mean "
	"of the improvements marked for it beforehand; "
	"none counts more than tenfold, and a count of zero counts as one.</p>\n"
	"<p>All arms have the same memory, TTL, requests and statement timeout; each has its own "
	"copy of the database, and a clock that stands still while it is not its turn. Changes are "
	"written through and the keys they touch are forgotten by all. SQLite does not wait for "
	"the "
	"disk, because the copies live no longer than the run: what is slow here is computing and "
	"waiting for locks. Generator, service and database share the machine's processors.</p>\n";

static void
write_method(FILE *out, const struct tayra__results *r)
{
	fputs("<h2>How it was measured</h2>\n", out);
	write_arms(out, r);
	fputs(method, out);
	fputs("<p>", out);
	tayra__html_printf(out,
			   "Machine: %s, %u cores, %.0f GiB, %s. Data: %llu packages and %llu "
			   "dependencies from %s, %llu bytes, SHA-256 ",
			   r->cpu, r->cores, r->memory_gib, r->kernel,
			   (unsigned long long)r->packages, (unsigned long long)r->dependencies,
			   r->source, (unsigned long long)r->data_bytes);
	fprintf(out, "<code>%s</code>. ", r->sha256);
	tayra__html_printf(out,
			   "Cache %llu MiB for each arm; TTL %.1f s. Capacity, by processor time: "
			   "%.0f requests a second. The run took %.0f s.",
			   (unsigned long long)r->memory_bytes >> 20, (double)r->ttl_ms / 1e3,
			   r->capacity_per_s, r->took_s);
	fputs("</p>\n<p>To repeat it: <code>", out);
	tayra__html_printf(out, "tayra showcase%s --seed %llu", r->quick ? " --quick" : "",
			   (unsigned long long)r->seed);
	fputs("</code>. All figures: <code>results.json</code>, beside this page.</p>\n", out);
	if (r->quick)
		fputs("<p>This was the quick run: short slices and few rounds, and an outage of "
		      "about two seconds instead of ten. Small differences stay undecided in it; "
		      "the full run takes about eight minutes.</p>\n",
		      out);
}

int
tayra__report_html_write(const struct tayra__results *results, FILE *out)
{
	tayra__html_head(out, "tayra showcase");
	write_verdict(out, results);
	write_belief(out, results);
	fputs("<h2>The scenes</h2>\n", out);
	for (uint32_t i = 0; i < tayra__stage_count; i++)
		if (tayra__stages[i].compared && results->stage[i].rounds)
			write_stage(out, results, i);
	write_recovery(out, results);
	tayra__ablation_words_html(results, out);
	tayra__sections_write(results, TAYRA__FORM_HTML, out);
	write_method(out, results);
	fputs("</main></body></html>\n", out);
	return fflush(out) || ferror(out) ? TAYRA_E_IO : TAYRA_OK;
}
