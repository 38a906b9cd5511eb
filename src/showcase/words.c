/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/words.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *
tayra__words_value(int metric, double value, char text[32])
{
	const char *unit = tayra__stage_metric_info(metric)->unit;
	char number[16];

	if (isnan(value))
		snprintf(text, 32, "-");
	else if (strcmp(unit, "ratio") == 0)
		snprintf(text, 32, "%s%%", tayra__figure_number(value * 100, number));
	else if (strcmp(unit, "1/s") == 0)
		snprintf(text, 32, "%s/s", tayra__figure_number(value, number));
	else if (strcmp(unit, "ms") == 0 && value >= 10000)
		snprintf(text, 32, "%s s", tayra__figure_number(value / 1000, number));
	else if (strcmp(unit, "ms") == 0)
		snprintf(text, 32, "%s ms", tayra__figure_number(value, number));
	else
		snprintf(text, 32, "%s", tayra__figure_number(value, number));
	return text;
}

const char *
tayra__words_metric(int metric)
{
	switch (metric) {
	case TAYRA__P50_MS: return "median latency";
	case TAYRA__P95_MS: return "95% of answers within";
	case TAYRA__P99_MS: return "99% of answers within";
	case TAYRA__P999_MS: return "99.9% of answers within";
	case TAYRA__MEAN_MS: return "mean latency";
	case TAYRA__MAX_MS: return "slowest answer";
	case TAYRA__THROUGHPUT_PER_S: return "answers";
	case TAYRA__GOODPUT_PER_S: return "answers in time";
	case TAYRA__ERROR_RATIO: return "not answered in time";
	case TAYRA__SHED_RATIO: return "refused at once";
	case TAYRA__HIT_RATIO: return "answered from the cache";
	case TAYRA__STALE_RATIO: return "answers past their TTL";
	case TAYRA__AGE_P99_MS: return "age of 99% of answers within";
	case TAYRA__ORIGIN_CALLS_PER_REQUEST: return "queries for each request";
	case TAYRA__CPU_MS_PER_REQUEST: return "processor time for each request";
	case TAYRA__SHOWCASE_JAIN: return "fairness between clients (Jain)";
	default: return tayra__stage_metric_info(metric)->sentence;
	}
}

uint32_t
tayra__words_count(const struct tayra__results *results, enum tayra__showcase_arm_index a,
		   enum tayra_verdict verdict)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < results->comparisons; i++)
		count += results->comparison[i].a == a &&
			 results->comparison[i].ab.verdict == verdict;
	return count;
}

static void
say_average(const struct tayra__results *r, int which, char out[TAYRA__WORDS_MAX])
{
	const struct tayra_comparison *c = &r->average[which];
	const char *against = which == 0 ? "the tuned arm" : "the plain arm";
	char ratio[16], lo[16], hi[16];

	if (isnan(c->ratio))
		snprintf(out, TAYRA__WORDS_MAX, "Average improvement over %s: not known.", against);
	else
		snprintf(out, TAYRA__WORDS_MAX,
			 "Average improvement over %s: x%s [%s, %s], the geometric mean over %u "
			 "metrics registered before the run; %s.",
			 against, tayra__figure_number(c->ratio, ratio),
			 tayra__figure_number(c->lo, lo), tayra__figure_number(c->hi, hi),
			 r->averaged, tayra_verdict_name(c->verdict));
}

static void
say_counts(const struct tayra__results *r, enum tayra__showcase_arm_index a,
	   char out[TAYRA__WORDS_MAX])
{
	snprintf(out, TAYRA__WORDS_MAX,
		 "Against %s, tayra was better in %u comparisons, worse in %u, the same in %u, and "
		 "%u are undecided.",
		 tayra__arm_names[a], tayra__words_count(r, a, TAYRA_BETTER),
		 tayra__words_count(r, a, TAYRA_WORSE), tayra__words_count(r, a, TAYRA_SAME),
		 tayra__words_count(r, a, TAYRA_UNDECIDED));
}

void
tayra__words_headline(const struct tayra__results *r, char out[TAYRA__WORDS_MAX])
{
	const struct tayra_comparison *c = &r->average[0];
	uint32_t better = tayra__words_count(r, TAYRA__ARM_TUNED, TAYRA_BETTER);
	uint32_t worse = tayra__words_count(r, TAYRA__ARM_TUNED, TAYRA_WORSE);
	char ratio[16];

	if (!r->valid)
		snprintf(out, TAYRA__WORDS_MAX,
			 "This run cannot be believed, so nothing was compared: %s.",
			 r->why_invalid);
	else if (c->verdict == TAYRA_BETTER)
		snprintf(out, TAYRA__WORDS_MAX,
			 "Over all scenes, tayra did %s times as well as the same service tuned by "
			 "hand.",
			 tayra__figure_number(c->ratio, ratio));
	else if (c->verdict == TAYRA_WORSE)
		snprintf(
			out, TAYRA__WORDS_MAX,
			"tayra did WORSE than the same service tuned by hand: x%s as well over all "
			"scenes.",
			tayra__figure_number(c->ratio, ratio));
	else if (c->verdict == TAYRA_SAME)
		snprintf(out, TAYRA__WORDS_MAX, "tayra did the same as the service tuned by hand.");
	else
		snprintf(out, TAYRA__WORDS_MAX,
			 "On average it is undecided whether tayra does better than the same "
			 "service "
			 "tuned by hand: %s in %u comparisons, %s in %u.",
			 worse > better ? "WORSE" : "better", worse > better ? worse : better,
			 worse > better ? "better" : "worse", worse > better ? better : worse);
}

/* Append what fits; a sentence that does not fit loses its end, not its beginning. */
__attribute__((format(printf, 3, 4))) static size_t
add(char *out, size_t used, const char *format, ...)
{
	va_list args;
	int more;

	va_start(args, format);
	more = vsnprintf(out + used, TAYRA__WORDS_MAX - used, format, args);
	va_end(args);
	used += more > 0 ? (size_t)more : 0;
	return used < TAYRA__WORDS_MAX ? used : TAYRA__WORDS_MAX - 1;
}

/* Whether the comparison says the same against the tuned arm, so that it need not be said twice. */
static bool
said_of_tuned(const struct tayra__results *r, const struct tayra__showcase_comparison *c)
{
	const struct tayra__showcase_comparison *tuned = tayra__results_find(
		r, c->stage->scene, c->stage->phase, c->metric, TAYRA__ARM_TUNED);

	return c->a != TAYRA__ARM_TUNED && tuned && tuned->ab.verdict == c->ab.verdict;
}

enum repeats { REPEATS_SAID, REPEATS_LEFT_OUT };

/* "better in median latency (3 ms against 1 ms), ...", for the metrics that came out so. */
static size_t
add_verdict(const struct tayra__results *r, const struct tayra__stage *stage,
	    enum tayra__showcase_arm_index a, enum tayra_verdict verdict, enum repeats repeats,
	    const char *word, char *out, size_t used)
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < r->comparisons; i++) {
		const struct tayra__showcase_comparison *c = &r->comparison[i];
		char before[32], after[32];

		if (c->stage != stage || c->a != a || c->ab.verdict != verdict ||
		    (repeats == REPEATS_LEFT_OUT && said_of_tuned(r, c)))
			continue;
		used = add(out, used, "%s%s (%s against %s)", found ? ", " : word,
			   tayra__words_metric(c->metric),
			   tayra__words_value(c->metric, c->ab.b_value, after),
			   tayra__words_value(c->metric, c->ab.a_value, before));
		found++;
	}
	return found ? add(out, used, ".") : used;
}

void
tayra__words_stage(const struct tayra__results *r, uint32_t stage, enum tayra__showcase_arm_index a,
		   char out[TAYRA__WORDS_MAX])
{
	const struct tayra__stage *s = &tayra__stages[stage];
	size_t begun = add(out, 0, "Against %s: ", tayra__arm_names[a]), used = begun;

	if (!r->valid) {
		out[0] = 0;
		return;
	}
	used = add_verdict(r, s, a, TAYRA_BETTER, REPEATS_SAID, "better in ", out, used);
	used = add_verdict(r, s, a, TAYRA_WORSE, REPEATS_SAID,
			   used == begun ? "worse in " : " Worse in ", out, used);
	if (used == begun)
		add(out, used, "no difference that this run can tell.");
}

void
tayra__words_loads(const struct tayra__results *r, uint32_t stage, char out[TAYRA__WORDS_MAX])
{
	size_t used = 0;

	out[0] = 0;
	if (tayra__stages[stage].kind != TAYRA__STAGE_BURST)
		return;
	for (uint32_t arm = TAYRA__ARM_PLAIN; arm <= TAYRA__ARM_TAYRA; arm++) {
		double each = tayra__results_median(r, stage, arm, TAYRA__ORIGIN_CALLS_PER_REQUEST);

		used = add(out, used, "%s%s %.0f",
			   arm ? ", " : "Computed, each time it expired: ", tayra__arm_names[arm],
			   each * tayra__stages[stage].clients);
	}
	add(out, used, " (medians).");
}

bool
tayra__words_better(const struct tayra__results *r, uint32_t stage, char out[TAYRA__WORDS_MAX])
{
	size_t begun = add(out, 0, "%s: ", tayra__stages[stage].title);
	size_t used = add_verdict(r, &tayra__stages[stage], TAYRA__ARM_TUNED, TAYRA_BETTER,
				  REPEATS_SAID, "better than tuned in ", out, begun);

	if (used == begun)
		out[0] = 0;
	return used > begun;
}

bool
tayra__words_worse(const struct tayra__results *r, uint32_t stage, enum tayra__showcase_arm_index a,
		   char out[TAYRA__WORDS_MAX])
{
	size_t begun = add(out, 0, "%s: worse than %s in ", tayra__stages[stage].title,
			   tayra__arm_names[a]);
	size_t used = add_verdict(r, &tayra__stages[stage], a, TAYRA_WORSE, REPEATS_LEFT_OUT, "",
				  out, begun);

	if (used == begun)
		out[0] = 0;
	return used > begun;
}

const char *
tayra__words_price(const struct tayra__results *r, uint32_t stage)
{
	for (uint32_t i = 0; i < r->comparisons; i++) {
		const struct tayra__showcase_comparison *c = &r->comparison[i];

		if (c->stage == &tayra__stages[stage] && c->metric == TAYRA__STALE_RATIO &&
		    c->ab.verdict == TAYRA_WORSE)
			return "Answers past their TTL, and older ones, are the price of serving "
			       "stale: plain and tuned never do.";
	}
	return NULL;
}

bool
tayra__words_belief(const struct tayra__results *r, uint32_t i, char out[TAYRA__WORDS_MAX])
{
	uint32_t called, of;

	tayra__words_again(r, &called, &of);
	switch (i) {
	case 0:
		snprintf(out, TAYRA__WORDS_MAX,
			 "A/A: tuned against a second copy of itself was called different in %u of "
			 "%u comparisons; chance allows about %.0f.",
			 called, of, of * 0.05);
		return true;
	case 1:
		snprintf(out, TAYRA__WORDS_MAX,
			 "The machine was %s: other programs used %.0f%% of it (20%% is not quiet, "
			 "over 80%% is not believed).",
			 tayra__words_quiet(r) ? "quiet" : "NOT quiet", r->foreign_cpu * 100);
		return true;
	case 2:
		snprintf(out, TAYRA__WORDS_MAX,
			 "Requests were sent late by at most %.1f ms; %.1f%% of the slices were "
			 "over the budget of %.0f ms (over 10%% is not believed).",
			 r->lag_p99_ms, r->lag_share * 100, r->lag_budget_ms);
		return true;
	case 3:
		snprintf(out, TAYRA__WORDS_MAX,
			 "Answers of the wrong age: plain %llu, tuned %llu, tayra %llu.",
			 (unsigned long long)tayra__words_wrong_ages(r, TAYRA__ARM_PLAIN),
			 (unsigned long long)tayra__words_wrong_ages(r, TAYRA__ARM_TUNED),
			 (unsigned long long)tayra__words_wrong_ages(r, TAYRA__ARM_TAYRA));
		return true;
	default: return false;
	}
}

bool
tayra__words_quiet(const struct tayra__results *r)
{
	return r->foreign_cpu < 0.2;
}

void
tayra__words_again(const struct tayra__results *r, uint32_t *called, uint32_t *of)
{
	*called = *of = 0;
	for (uint32_t i = 0; i < r->comparisons; i++) {
		const struct tayra__showcase_comparison *c = &r->comparison[i];

		if (c->a != TAYRA__ARM_TUNED || c->aa.pairs == 0)
			continue;
		++*of;
		*called += c->aa.verdict == TAYRA_BETTER || c->aa.verdict == TAYRA_WORSE;
	}
}

uint64_t
tayra__words_wrong_ages(const struct tayra__results *r, uint32_t arm)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < tayra__stage_count; i++)
		for (uint32_t round = 0; round < r->stage[i].rounds; round++)
			sum += r->stage[i].slice[round][arm].wrong_age;
	return sum;
}

/* The n-th stage in which tayra came out worse than tuned, as a sentence. */
static bool
say_nth_worse(const struct tayra__results *r, uint32_t n, char out[TAYRA__WORDS_MAX])
{
	for (uint32_t i = 0; i < tayra__stage_count; i++)
		if (tayra__words_worse(r, i, TAYRA__ARM_TUNED, out) && n-- == 0)
			return true;
	return false;
}

bool
tayra__words_summary(const struct tayra__results *r, uint32_t i, char out[TAYRA__WORDS_MAX])
{
	if (i > 0 && !r->valid)
		return false;
	switch (i) {
	case 0: tayra__words_headline(r, out); return true;
	case 1: say_counts(r, TAYRA__ARM_TUNED, out); return true;
	case 2: say_counts(r, TAYRA__ARM_PLAIN, out); return true;
	case 3: say_average(r, 0, out); return true;
	case 4: say_average(r, 1, out); return true;
	default: break;
	}
	i -= 5;
	if (say_nth_worse(r, i, out))
		return true;
	snprintf(out, TAYRA__WORDS_MAX, "No comparison with tuned came out worse.");
	return i == 0;
}
