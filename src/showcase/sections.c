/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/sections.h"

#include <math.h>
#include <string.h>

#include "showcase/advice.h"
#include "showcase/scorecard.h"
#include "showcase/svg_time.h"
#include "showcase/words.h"

const char *
tayra__sections_estimate(const struct tayra__estimate *e, char text[64])
{
	char value[16], interval[40];

	tayra__figure_number(e->value, value);
	if (isnan(e->lo) || isnan(e->hi))
		snprintf(text, 64, "%s", value);
	else
		snprintf(text, 64, "%s (%s)", value,
			 tayra__figure_interval(e->lo, e->hi, interval));
	return text;
}

/* ---- where time goes ---- */

static void
time_row(struct tayra__sheet *sheet, const struct tayra__results *r, uint32_t stage, uint32_t arm)
{
	const char *cells[TAYRA__PARTS + 3];
	char text[TAYRA__PARTS + 3][40];

	snprintf(text[0], sizeof(text[0]), "%s %s, %s", tayra__stages[stage].scene,
		 tayra__stages[stage].phase, tayra__arm_names[arm]);
	for (int i = 0; i < TAYRA__PARTS; i++)
		tayra__figure_number(tayra__advice_part(r, stage, arm, (enum tayra__part)i),
				     text[1 + i]);
	tayra__figure_number(tayra__results_median(r, stage, arm, TAYRA__ORIGIN_CPU_MS_PER_REQUEST),
			     text[TAYRA__PARTS + 1]);
	tayra__figure_number(tayra__advice_other_cpu(r, stage, arm), text[TAYRA__PARTS + 2]);
	for (int i = 0; i < TAYRA__PARTS + 3; i++)
		cells[i] = text[i];
	tayra__sheet_row(sheet, cells);
}

static bool
shown(const struct tayra__results *r, uint32_t stage, enum tayra__form form)
{
	const struct tayra__stage *s = &tayra__stages[stage];

	if (!s->compared || s->kind != TAYRA__STAGE_OPEN || !r->stage[stage].rounds)
		return false;
	return form != TAYRA__FORM_TERMINAL || strcmp(s->phase, "load") == 0;
}

static void
write_time(struct tayra__sheet *sheet, const struct tayra__results *r)
{
	const char *heads[TAYRA__PARTS + 3] = { "ms a request" };
	char line[200];

	tayra__sheet_title(sheet, "Where the time of a request goes, before and after");
	if (sheet->form == TAYRA__FORM_HTML) {
		tayra__sheet_text(sheet, "On the busy day, on average:");
		tayra__svg_time(r, tayra__advice_busy(), sheet->out);
	}
	for (int i = 0; i < TAYRA__PARTS; i++)
		heads[1 + i] = tayra__part_name((enum tayra__part)i);
	heads[TAYRA__PARTS + 1] = "db CPU";
	heads[TAYRA__PARTS + 2] = "other CPU";
	tayra__sheet_table(sheet, heads, TAYRA__PARTS + 3);
	for (uint32_t i = 0; i < tayra__stage_count; i++)
		for (uint32_t arm = TAYRA__ARM_PLAIN; arm <= TAYRA__ARM_TAYRA; arm++)
			if (shown(r, i, sheet->form))
				time_row(sheet, r, i, arm);
	tayra__sheet_table_end(sheet);
	if (sheet->form == TAYRA__FORM_TERMINAL)
		return;
	tayra__sheet_list(sheet);
	for (int i = 0; i < TAYRA__PARTS; i++) {
		snprintf(line, sizeof(line), "%s: %s", tayra__part_name((enum tayra__part)i),
			 tayra__part_text((enum tayra__part)i));
		tayra__sheet_item(sheet, line);
	}
	tayra__sheet_item(sheet, "processor time is counted besides: it is part of the other "
				 "columns, and of what the load generator took");
	tayra__sheet_list_end(sheet);
}

/* ---- efficiency and capacity ---- */

/* Outside of what was measured there is no interval worth the name. */
static const char *
capacity_text(const struct tayra__capacity *c, char text[80])
{
	char number[64];

	if (c->bound == TAYRA__BOUND_BELOW_ALL || c->bound == TAYRA__BOUND_ABOVE_ALL) {
		tayra__figure_number(c->per_s.value, number);
		snprintf(text, 80, "%s %s",
			 c->bound == TAYRA__BOUND_BELOW_ALL ? "below" : "at least", number);
		return text;
	}
	return tayra__sections_estimate(&c->per_s, text);
}

static void
write_efficiency(struct tayra__sheet *sheet, const struct tayra__results *r)
{
	static const char *const heads[] = { "", "plain", "tuned", "tayra" };
	static const char *const names[] = { "answers / CPU second", "answers/s / MiB of cache",
					     "capacity, requests/s" };
	const struct tayra__economy *e = &r->economy;
	char text[3][TAYRA__ECONOMY_ARMS][80], line[400];

	tayra__sheet_title(sheet, "Efficiency and capacity");
	for (int i = 0; i < TAYRA__ECONOMY_ARMS; i++) {
		tayra__sections_estimate(&e->per_cpu_s[i], text[0][i]);
		tayra__sections_estimate(&e->per_mib[i], text[1][i]);
		capacity_text(&e->capacity[i], text[2][i]);
	}
	tayra__sheet_table(sheet, heads, 4);
	for (int i = 0; i < 3; i++) {
		const char *cells[] = { names[i], text[i][0], text[i][1], text[i][2] };

		tayra__sheet_row(sheet, cells);
	}
	tayra__sheet_table_end(sheet);
	snprintf(line, sizeof(line),
		 "Capacity is the highest rate at which 99%% of requests end within %.0f ms and at "
		 "most %.1f%% are not answered in time, read off between the measured rates. In "
		 "brackets 95%% intervals, by drawing the rounds anew.",
		 e->level_p99_ms, e->level_errors * 100);
	tayra__sheet_text(sheet, line);
}

/* ---- money ---- */

static void
money_lines(struct tayra__sheet *sheet, const struct tayra__money *m, const char *against,
	    const struct tayra__prices *p)
{
	char line[400], a[64], b[64], saving[64], roi[64];

	if (m->why_not[0]) {
		snprintf(line, sizeof(line), "Against %s: %s: no figure.", against, m->why_not);
		tayra__sheet_item(sheet, line);
		return;
	}
	snprintf(line, sizeof(line),
		 "Against %s: a million requests cost %s %s, with tayra %s; tayra saves %s %s a "
		 "month.",
		 against, tayra__sections_estimate(&m->cost_a, a), p->currency,
		 tayra__sections_estimate(&m->cost_b, b),
		 tayra__sections_estimate(&m->saving, saving), p->currency);
	tayra__sheet_item(sheet, line);
	snprintf(line, sizeof(line),
		 "Return over %.0f months: %s times the price of putting it in, which is got back "
		 "in %.0f%% of the draws.",
		 p->value[TAYRA__PRICE_MONTHS], tayra__sections_estimate(&m->roi, roi),
		 m->positive * 100);
	tayra__sheet_item(sheet, line);
}

static void
write_money(struct tayra__sheet *sheet, const struct tayra__results *r)
{
	const struct tayra__economy *e = &r->economy;
	char line[300];

	tayra__sheet_title(sheet, "Money");
	if (!e->prices.given) {
		tayra__sheet_text(sheet,
				  "No prices were given, so nothing is said of money: tayra "
				  "showcase --prices FILE; contrib/prices.json is a sample.");
		return;
	}
	snprintf(line, sizeof(line), "Prices: %s (%s).",
		 e->prices.label[0] ? e->prices.label : "not labelled", e->prices.currency);
	tayra__sheet_text(sheet, line);
	tayra__sheet_list(sheet);
	money_lines(sheet, &e->money[0], tayra__arm_names[TAYRA__ARM_TUNED], &e->prices);
	money_lines(sheet, &e->money[1], tayra__arm_names[TAYRA__ARM_PLAIN], &e->prices);
	tayra__sheet_list_end(sheet);
}

/* ---- advice and scores ---- */

static void
write_advice(struct tayra__sheet *sheet, const struct tayra__results *r)
{
	struct tayra__advice advice;
	char line[400];

	tayra__sheet_title(sheet, "What follows from it");
	tayra__sheet_list(sheet);
	for (uint32_t i = 0; tayra__advice_next(r, i, &advice); i++) {
		snprintf(line, sizeof(line), "%s (rule: %s)", advice.text, advice.rule);
		tayra__sheet_item(sheet, line);
	}
	tayra__sheet_list_end(sheet);
}

static void
write_scores(struct tayra__sheet *sheet, const struct tayra__results *r)
{
	struct tayra__score scores[TAYRA__SCORES];
	char line[600], number[16];

	tayra__scorecard(r, scores);
	tayra__sheet_title(sheet, "Scorecard");
	tayra__sheet_list(sheet);
	for (int i = 0; i < TAYRA__SCORES; i++) {
		snprintf(line, sizeof(line), "%s: %s of 10. %s", scores[i].name,
			 tayra__figure_number(scores[i].value, number), scores[i].formula);
		tayra__sheet_item(sheet, line);
		for (int j = 0; j < TAYRA__SCORE_EVIDENCE; j++) {
			if (!scores[i].evidence[j][0] || sheet->form == TAYRA__FORM_TERMINAL)
				continue;
			snprintf(line, sizeof(line), "evidence for %s: %s", scores[i].name,
				 scores[i].evidence[j]);
			tayra__sheet_item(sheet, line);
		}
	}
	tayra__sheet_list_end(sheet);
}

void
tayra__sections_write(const struct tayra__results *r, enum tayra__form form, FILE *out)
{
	struct tayra__sheet sheet = { .out = out, .form = form };

	write_time(&sheet, r);
	write_efficiency(&sheet, r);
	write_money(&sheet, r);
	write_advice(&sheet, r);
	write_scores(&sheet, r);
}
