/* SPDX-License-Identifier: Apache-2.0
 *
 * pace_goals.c: goals and what became of them, as rows of a table or lines of JSON.
 */
#include "cli/pace.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>

#include "base/json.h"
#include "base/line.h"
#include "report/figure.h"

void
tayra__pace_goals_head(FILE *out)
{
	fprintf(out, "%-5s %-24s %-20s %-12s %8s %18s %10s  %s\n", "goal", "scenario", "figure",
		"limiter", "mean", "seeds", "bar", "");
}

static void
print_row(FILE *out, const struct tayra__scenario *scenario,
	  const struct tayra__contender *contender, const struct tayra__goal_setting *goal,
	  const struct tayra__verdict *verdict)
{
	char mean[16], seeds[40], bar[16], limit[24], names[110];

	snprintf(limit, sizeof(limit), "%s %s",
		 isnan(goal->least) ? "<=" : ">=", tayra__figure_number(verdict->bar, bar));
	snprintf(names, sizeof(names), "%-5s %-24s", goal->id, scenario->name);
	tayra__line_flatten(names, '?');
	fprintf(out, "%s %-20s %-12s %8s %18s %10s  %s\n", names, tayra__goal_figures[goal->figure],
		contender->text, tayra__figure_number(verdict->figure, mean),
		tayra__figure_interval(verdict->lo, verdict->hi, seeds), limit,
		verdict->pass ? "ok" : "MISSED");
}

static int
print_json(FILE *out, const struct tayra__pace_options *o, const struct tayra__scenario *scenario,
	   const struct tayra__contender *contender, const struct tayra__goal_setting *goal,
	   const struct tayra__verdict *verdict)
{
	char repeat[PATH_MAX + 200];
	struct tayra__json json;

	snprintf(repeat, sizeof(repeat),
		 "tayra pace sim %s --goals --limiter %s --seed %" PRIu64 " --seeds %" PRIu32
		 " --json",
		 scenario->document.file, contender->text, o->seed, o->seeds);
	tayra__json_init(&json, out, TAYRA__JSON_LINE);
	tayra__json_object(&json, NULL);
	tayra__json_string(&json, "goal", goal->id);
	tayra__json_string(&json, "scenario", scenario->name);
	tayra__json_string(&json, "limiter", contender->text);
	tayra__json_string(&json, "what", tayra__goal_figures[goal->figure]);
	tayra__json_double(&json, "figure", verdict->figure, 6);
	tayra__json_double(&json, "oracle", verdict->oracle, 6);
	tayra__json_double(&json, "bar", verdict->bar, 6);
	tayra__json_string(&json, "side", isnan(goal->least) ? "most" : "least");
	tayra__json_double(&json, "lo", verdict->lo, 6);
	tayra__json_double(&json, "hi", verdict->hi, 6);
	tayra__json_bool(&json, "pass", verdict->pass);
	tayra__json_u64(&json, "seeds", o->seeds);
	tayra__json_string(&json, "repeat", repeat);
	tayra__json_end(&json);
	return tayra__json_finish(&json);
}

int
tayra__pace_goal_print(FILE *out, const struct tayra__pace_options *options,
		       const struct tayra__scenario *scenario,
		       const struct tayra__contender *contender,
		       const struct tayra__goal_setting *goal, const struct tayra__verdict *verdict)
{
	if (options->json)
		return print_json(out, options, scenario, contender, goal, verdict);
	print_row(out, scenario, contender, goal, verdict);
	return ferror(out) ? TAYRA_E_IO : TAYRA_OK;
}
