/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/scorecard.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "showcase/words.h"

/* Append to a line what fits. */
__attribute__((format(printf, 3, 4))) static void
append(char *line, size_t room, const char *format, ...)
{
	size_t used = strlen(line);
	va_list args;

	va_start(args, format);
	vsnprintf(line + used, room - used, format, args);
	va_end(args);
}

static void
score_complexity(const struct tayra__results *r, struct tayra__score *s)
{
	uint32_t scenes = 0, scenes_run = 0, measured = 0;

	for (uint32_t i = 0; i < tayra__stage_count; i++) {
		scenes += tayra__stages[i].compared;
		scenes_run += tayra__stages[i].compared && r->stage[i].rounds > 0;
	}
	for (uint32_t i = 0; i < r->ablations; i++)
		measured += r->ablation[i].rounds > 0;
	s->value = TAYRA__SCORE_MOST * (scenes_run + measured) / (scenes + tayra__ablation_count);
	snprintf(s->evidence[0], sizeof(s->evidence[0]), "%u of %u scenes were run and compared",
		 scenes_run, scenes);
	snprintf(s->evidence[1], sizeof(s->evidence[1]),
		 "%u of %u mechanisms were measured one by one", measured, tayra__ablation_count);
	snprintf(s->evidence[2], sizeof(s->evidence[2]),
		 "%u comparisons, all registered before the run", r->comparisons);
}

/* "x1.2 (1.1 .. 1.3)"; a ratio without an interval would say more than is known: the values then.
 */
static void
append_gain(char *line, size_t room, int metric, const struct tayra_comparison *c)
{
	char with[64], without[32];

	if (!isnan(c->lo) && !isnan(c->hi)) {
		append(line, room, "x%s", tayra__figure_ratio(c, with));
		return;
	}
	append(line, room, "%s instead of %s", tayra__words_value(metric, c->b_value, with),
	       tayra__words_value(metric, c->a_value, without));
	append(line, room, " (%s)", tayra__figure_bounds(c, with));
}

/* Which mechanisms came out so, into a line; how many. */
static uint32_t
list_mechanisms(const struct tayra__results *r, enum tayra_verdict verdict, char *line, size_t room)
{
	uint32_t found = 0;

	snprintf(line, room, "%s: ", tayra_verdict_name(verdict));
	for (uint32_t i = 0; i < r->ablations; i++) {
		const struct tayra__ablation_row *row = &r->ablation[i];

		if (!row->rounds || row->ab.verdict != verdict)
			continue;
		append(line, room, "%s%s ", found ? ", " : "", tayra__ablations[i].mechanism);
		append_gain(line, room, tayra__ablations[i].metric, &row->ab);
		found++;
	}
	if (!found)
		append(line, room, "none");
	return found;
}

static void
score_innovation(const struct tayra__results *r, struct tayra__score *s)
{
	size_t room = sizeof(s->evidence[0]);
	double better = list_mechanisms(r, TAYRA_BETTER, s->evidence[0], room);
	double worse = list_mechanisms(r, TAYRA_WORSE, s->evidence[1], room);

	s->value = TAYRA__SCORE_MOST * fmax(0, better - worse) / tayra__ablation_count;
	snprintf(s->evidence[2], room, "%u mechanisms are in the table", tayra__ablation_count);
}

/* How many times as well tayra did, at the end of the interval that is nearest to 1; 1: it is not
 * decided, or the interval is not known. */
static double
cautious_gain(const struct tayra__showcase_comparison *c)
{
	bool lower = tayra__stage_metric_info(c->metric)->better == TAYRA_BETTER_LOWER;
	bool better = c->ab.verdict == TAYRA_BETTER;
	double end = lower == better ? c->ab.hi : c->ab.lo;

	if ((c->ab.verdict != TAYRA_BETTER && c->ab.verdict != TAYRA_WORSE) || isnan(end) ||
	    end <= 0)
		return 1;
	return lower ? 1 / end : end;
}

static void
score_impact(const struct tayra__results *r, struct tayra__score *s)
{
	const struct tayra__showcase_comparison *best = NULL;
	double sum = 0, most = 1;
	uint32_t n = 0, gained = 0, lost = 0;
	char number[16];

	for (uint32_t i = 0; i < r->comparisons; i++) {
		const struct tayra__showcase_comparison *c = &r->comparison[i];
		double gain = cautious_gain(c);

		if (!c->averaged || c->a != TAYRA__ARM_TUNED)
			continue;
		n++;
		gained += gain > 1;
		lost += gain < 1;
		sum += gain >= 1 ? 1 - 1 / gain : gain - 1;
		if (gain > most) {
			most = gain;
			best = c;
		}
	}
	s->value = n ? TAYRA__SCORE_MOST * fmax(0, sum / n) : 0;
	snprintf(s->evidence[0], sizeof(s->evidence[0]),
		 "against tuned, %u of %u averaged metrics are decided better, %u worse", gained, n,
		 lost);
	if (best)
		snprintf(s->evidence[1], sizeof(s->evidence[1]),
			 "the largest: %s of %s, at least x%s", tayra__words_metric(best->metric),
			 best->stage->scene, tayra__figure_number(most, number));
}

void
tayra__scorecard(const struct tayra__results *r, struct tayra__score out[TAYRA__SCORES])
{
	static const struct tayra__score blank[TAYRA__SCORES] = {
		[TAYRA__SCORE_COMPLEXITY] = { .name = "complexity",
					      .formula = "10 x (scenes compared + mechanisms "
							 "measured) / (all scenes + all "
							 "mechanisms)" },
		[TAYRA__SCORE_INNOVATION] = { .name = "innovation",
					      .formula = "10 x (mechanisms decided BETTER - "
							 "mechanisms decided WORSE) / all "
							 "mechanisms, at least 0" },
		[TAYRA__SCORE_BUSINESS_IMPACT] = { .name = "business impact",
						   .formula = "10 x the mean over the averaged "
							      "metrics against tuned of 1 - 1/g "
							      "(g: decided gain, cautious end of "
							      "its interval; a loss counts "
							      "negative, undecided 0), at least "
							      "0" },
	};

	memcpy(out, blank, sizeof(blank));
	score_complexity(r, &out[TAYRA__SCORE_COMPLEXITY]);
	score_innovation(r, &out[TAYRA__SCORE_INNOVATION]);
	score_impact(r, &out[TAYRA__SCORE_BUSINESS_IMPACT]);
	for (int i = 0; i < TAYRA__SCORES && !r->valid; i++) {
		out[i].value = (double)NAN;
		memset(out[i].evidence, 0, sizeof(out[i].evidence));
		snprintf(out[i].evidence[0], sizeof(out[i].evidence[0]),
			 "nothing was compared, the run cannot be believed");
	}
}
