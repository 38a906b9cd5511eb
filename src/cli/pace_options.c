/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pace.h"

#include <tayra/base.h>

#include <errno.h>
#include <string.h>

#include "base/option.h"
#include "cli/arguments.h"

/* Past the characters: there are no short options. */
enum key { LIMITER = 256, SEED, SEEDS, LIST, SETTINGS, ALL, GOALS, REPORT, JSON };

static const struct argp_option options[] = {
	{ "limiter", LIMITER, "L[,L...]", 0,
	  "which limiters; fixed:8 stays at 8, others begin at N with NAME:N, none lets everything "
	  "in; default: the pacer's, and with goals elasticity and all others beside it",
	  0 },
	{ "all", ALL, NULL, 0, "all named scenarios, by their goals; exit code 1 if one is missed",
	  0 },
	{ "goals", GOALS, NULL, 0, "instead of figures: the scenarios' goals, over several seeds",
	  0 },
	{ "seed", SEED, "N", 0, "of arrivals and work (default 1)", 0 },
	{ "seeds", SEEDS, "N", 0, "goals: how many seeds, from --seed on (default 10)", 0 },
	{ "list", LIST, NULL, 0, "instead: the scenarios that have a name", 0 },
	{ "settings", SETTINGS, NULL, 0, "instead: all that can stand in a scenario file", 0 },
	{ "report", REPORT, "FILE", 0, "also write a page with what happened over time", 0 },
	{ "json", JSON, NULL, 0, "one JSON object a line instead of a table", 0 },
	{ 0 },
};

static int
read_limiters(struct tayra__pace_options *o, const char *text)
{
	const char *item;
	size_t len;

	o->contender_count = 0;
	while (tayra__option_list_next(&text, &item, &len)) {
		char name[32] = "", why[400];

		if (o->contender_count == TAYRA__CONTENDERS) {
			tayra__cli_error(o->command, "--limiter takes at most %d",
					 TAYRA__CONTENDERS);
			return EINVAL;
		}
		if (len == 0 || len >= sizeof(name)) {
			tayra__cli_error(o->command, "--limiter has an element that is %s",
					 len ? "too long" : "empty");
			return EINVAL;
		}
		memcpy(name, item, len);
		if (tayra__contender_read(name, &o->contenders[o->contender_count++], why,
					  sizeof(why)) != TAYRA_OK) {
			tayra__cli_error(o->command, "--limiter '%s' %s", name, why);
			return EINVAL;
		}
	}
	return 0;
}

static error_t
parse(int key, char *text, struct argp_state *state)
{
	struct tayra__pace_options *o = state->input;
	uint64_t seeds;

	switch (key) {
	case LIMITER: return read_limiters(o, text);
	case LIST: o->list = true; return 0;
	case SETTINGS: o->settings = true; return 0;
	case ALL: o->all = o->goals = true; return 0;
	case GOALS: o->goals = true; return 0;
	case JSON: o->json = true; return 0;
	case REPORT: o->report = text; return 0;
	case SEED:
		if (tayra__option_u64(text, 0, UINT64_MAX, &o->seed) == TAYRA_OK)
			return 0;
		tayra__cli_error(o->command, "--seed '%s' is no number", text);
		return EINVAL;
	case SEEDS:
		if (tayra__option_u64(text, 1, TAYRA__JUDGE_SEEDS, &seeds) != TAYRA_OK) {
			tayra__cli_error(o->command, "--seeds '%s' is no number from 1 to %d", text,
					 TAYRA__JUDGE_SEEDS);
			return EINVAL;
		}
		o->seeds = (uint32_t)seeds;
		return 0;
	case ARGP_KEY_ARG:
		if (o->scenario_count == TAYRA__PACE_SCENARIOS) {
			tayra__cli_error(o->command, "at most %d scenarios at once",
					 TAYRA__PACE_SCENARIOS);
			return EINVAL;
		}
		o->scenarios[o->scenario_count++] = text;
		return 0;
	case ARGP_KEY_END:
		if (o->scenario_count > 0 && (o->all || o->list || o->settings)) {
			tayra__cli_error(o->command, "--%s takes no scenario",
					 o->all    ? "all"
					 : o->list ? "list"
						   : "settings");
			return EINVAL;
		}
		if (o->scenario_count > 0 || o->list || o->settings || o->all)
			return 0;
		tayra__cli_error(o->command, "no scenario given (see %s --list)", o->command);
		return EINVAL;
	default: return ARGP_ERR_UNKNOWN;
	}
}

int
tayra__pace_options_parse(int argc, char **argv, struct tayra__pace_options *out)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "SCENARIO...",
		.doc = "Put the pacer's limiters through simulated overload: the production code "
		       "in "
		       "virtual time, before a model backend, with the same requests for all."
		       "\vSCENARIO is a name of --list, or a YAML file (with a / or a . in it); "
		       "contrib/scenarios has the named ones to read and change.",
	};

	*out = (struct tayra__pace_options){ .command = argv[0], .seed = 1, .seeds = 10 };
	return tayra__cli_parse(&argp, argc, argv, out);
}
